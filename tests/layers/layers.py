#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Layers of the C code: who may include and call whom, as layers.txt declares it; what is so, by the sources and the object files.

    tests/layers/layers.py [--circles] BUILD

Edges are includes ("X.h", as the compiler finds them) and symbols: what nm says that one object file lacks and another has. Rules:

- a file uses files of its own layer and of layers declared before, never of later ones; a folder likewise folders;
- no files form a circle by calls, no headers one by includes, no folders one by either;
- every source is declared in exactly one layer, if its folder has layers, and every folder is declared.

A name in layers.txt stands for NAME.c and NAME.h; NAME.h for the header alone: an interface, whose functions stand in a later layer. What breaks a
rule and is known stands there as `known:`; it is reported when it breaks no rule any more, so the list can only shrink.

--circles prints the circles of files, without judging. Ends with `N passed, N failed`: one for each rule and folder; status 1 if one failed.
"""
import collections
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


class Layers:
    """layers.txt: `folders: A B` and `layer FOLDER: a b c`, from the bottom up, and `known circle: FILE...`, `known use: FILE FILE`."""

    def __init__(self, text):
        self.folders, self.files, self.circles, self.uses = {}, collections.defaultdict(dict), [], []
        for number, line in enumerate(text.splitlines(), 1):
            kind, _, rest = line.split("#")[0].partition(":")
            kind, names = kind.split(), rest.split()
            if not kind:
                continue
            if kind == ["folders"]:
                self._enter(self.folders, names, number, max(self.folders.values(), default=0) + 1)
            elif kind[0] == "layer" and len(kind) == 2:
                files = self.files[kind[1]]
                self._enter(files, names, number, max(files.values(), default=0) + 1)
            elif kind == ["known", "circle"]:
                self.circles.append(set(names))
            elif kind == ["known", "use"] and len(names) == 2:
                self.uses.append(tuple(names))
            else:
                raise ValueError(f"layers.txt:{number}: not understood: {line}")

    @staticmethod
    def _enter(table, names, number, layer):
        for name in names:
            if name in table:
                raise ValueError(f"layers.txt:{number}: {name} is declared twice")
            table[name] = layer

    def layer_of(self, path):
        """Of a file in its folder; None: not declared."""
        folder, name = os.path.split(path)
        stem, suffix = os.path.splitext(name)
        files = self.files[folder]
        return files.get(name, files.get(stem)) if suffix == ".h" else files.get(stem)


def circles(edges):
    """The strongly connected components of more than one node, each as a set (Tarjan)."""
    index, low, stack, on_stack, found = {}, {}, [], set(), []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        on_stack.add(node)
        for to in sorted(edges.get(node, ())):
            if to not in index:
                visit(to)
                low[node] = min(low[node], low[to])
            elif to in on_stack:
                low[node] = min(low[node], index[to])
        if low[node] == index[node]:
            component = set()
            while node not in component:
                component.add(stack.pop())
            on_stack.difference_update(component)
            if len(component) > 1:
                found.append(component)

    sys.setrecursionlimit(max(sys.getrecursionlimit(), 10 * len(edges) + 1000))
    for node in sorted(edges):
        if node not in index:
            visit(node)
    return found


def shortest(edges, component):
    """A shortest circle through one of the component's nodes, as a list that ends where it begins."""
    best = None
    for start in sorted(component):
        before, queue = {start: None}, collections.deque([start])
        while queue:
            node = queue.popleft()
            for to in sorted(edges.get(node, set()) & component):
                if to == start:
                    path = [start]
                    while node != start:
                        path.insert(0, node)
                        node = before[node]
                    if not best or len(path) + 1 < len(best):
                        best = [start] + path
                    queue.clear()
                    break
                if to not in before:
                    before[to] = node
                    queue.append(to)
    return best


class Judge:
    """Problems of a tree: files, and uses {(from, to): what}, what being symbols or "#include"."""

    def __init__(self, layers, files, uses):
        self.layers, self.files, self.uses = layers, sorted(files), uses
        self.problems = collections.defaultdict(list)  # by rule
        self.rules = ["declarations", "known", "folders"] + sorted({os.path.dirname(f) for f in files})
        self._declared()
        self._upwards()
        self._circles()

    def say(self, rule, text):
        self.problems[rule].append(text)

    def _declared(self):
        folders = {os.path.dirname(f) for f in self.files}
        for folder in sorted(folders - set(self.layers.folders)):
            self.say("declarations", f"{folder}: in no line `folders`")
        for folder in sorted(set(self.layers.folders) - folders):
            self.say("declarations", f"{folder}: declared, and there is no such folder")
        for path in self.files:
            if os.path.dirname(path) in self.layers.files and self.layers.layer_of(path) is None:
                self.say("declarations", f"{path}: in no layer of its folder")
        for folder, names in self.layers.files.items():
            for name in names:
                have = [name] if name.endswith(".h") else [name + ".c", name + ".h"]
                if not any(f"{folder}/{n}" in self.files for n in have):
                    self.say("declarations", f"{folder}/{name}: declared, and there is no such file")

    def _upwards(self):
        known = set(self.layers.uses)
        for (user, used), what in sorted(self.uses.items()):
            text = f"{user} uses {used}: {', '.join(sorted(what)[:4])}"
            a, b = os.path.dirname(user), os.path.dirname(used)
            if a != b:
                rule, up = "folders", self.layers.folders.get(a, 0) < self.layers.folders.get(b, 0)
            else:
                rule, up = a, (self.layers.layer_of(user) or 0) < (self.layers.layer_of(used) or 0)
            if up and (user, used) in known:
                known.discard((user, used))
            elif up:
                self.say(rule, f"upwards: {text}")
        for user, used in sorted(known):
            self.say("known", f"{user} does not use {used} any more, or may: take the line from layers.txt")

    def _circles(self):
        edges, folders = collections.defaultdict(set), collections.defaultdict(set)
        for user, used in self.uses:
            edges[user].add(used)
            if os.path.dirname(user) != os.path.dirname(used):
                folders[os.path.dirname(user)].add(os.path.dirname(used))
        in_circle = set()
        for found in circles(edges):
            in_circle |= found
            if any(found <= known for known in self.layers.circles):
                continue
            rule = os.path.dirname(min(found))
            new = found.difference(*self.layers.circles)
            self.say(rule, f"circle of {len(found)} files ({' '.join(sorted(new)[:6])}): {' -> '.join(shortest(edges, found))}")
        for found in circles(folders):
            self.say("folders", f"circle: {' -> '.join(shortest(folders, found))}")
        for known in self.layers.circles:
            for path in sorted(known - in_circle):
                self.say("known", f"{path} is in no circle any more: take it from layers.txt")


# ---- what is so ---------------------------------------------------------------------------------------------------------------------------


def sources(folders):
    """All .c and .h of the folders, as paths from ROOT."""
    return {f"{folder}/{name}" for folder in folders if os.path.isdir(os.path.join(ROOT, folder))
            for name in os.listdir(os.path.join(ROOT, folder)) if name.endswith((".c", ".h"))}


def all_folders():
    """Those with C sources under host, driver and sim."""
    return {os.path.relpath(path, ROOT) for top in ("host", "driver", "sim") for path, _, names in os.walk(os.path.join(ROOT, top))
            if any(name.endswith((".c", ".h")) for name in names)}


def includes(files):
    """{(file, header): {"#include"}} of quoted includes that name one of the files."""
    uses = collections.defaultdict(set)
    for path in files:
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            names = re.findall(r'^\s*#\s*include\s+"([^"]+)"', file.read(), re.M)
        for name in names:
            for base in (os.path.dirname(path), "host", "host/ike", "driver", "sim", ""):
                header = os.path.normpath(os.path.join(base, name))
                if header in files:
                    uses[path, header].add("#include")
                    break
    return uses


def symbols(files, build):
    """{(file, file): symbols} by nm; every .c must have its object file, no older than it."""
    defined, wanted = {}, {}
    for path in sorted(f for f in files if f.endswith(".c")):
        obj = os.path.join(build, "obj", path[:-2] + ".o")
        if not os.path.exists(obj):
            raise FileNotFoundError(f"{obj} is not built")
        wanted[path] = set()
        out = subprocess.run(["nm", "-P", obj], check=True, capture_output=True, text=True).stdout
        for name, kind in (line.split()[:2] for line in out.splitlines()):
            if kind == "U":
                wanted[path].add(name)
            elif kind.isupper():
                defined.setdefault(name, []).append(path)
    uses = collections.defaultdict(set)
    for path, names in wanted.items():
        for name in names:
            # Several have one symbol (main, variants of which one is linked): that of the same folder is meant, or there is no telling.
            owners = defined.get(name, [])
            if len(owners) > 1:
                owners = [o for o in owners if os.path.dirname(o) == os.path.dirname(path)]
            for owner in owners:
                uses[path, owner].add(name)
    return uses


def measure(build):
    """(files, uses) of the tree."""
    files = sources(all_folders())
    uses = includes(files)
    for pair, names in symbols(files, build).items():
        uses[pair] |= names
    return files, {pair: what for pair, what in uses.items() if pair[0] != pair[1]}


def main(args):
    """Status for the shell."""
    show = "--circles" in args
    build = os.path.join(ROOT, [a for a in args if not a.startswith("--")][0])
    files, uses = measure(build)
    if show:
        edges = collections.defaultdict(set)
        for user, used in uses:
            edges[user].add(used)
        for found in circles(edges):
            print(len(found), *sorted(found))
        return 0
    with open(os.path.join(HERE, "layers.txt"), encoding="utf-8") as file:
        judge = Judge(Layers(file.read()), files, uses)
    failed = [rule for rule in judge.rules if judge.problems[rule]]
    for rule in failed:
        for text in judge.problems[rule]:
            print(f"{rule}: {text}", file=sys.stderr)
    print(f"{len(judge.rules) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
