#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Which bench drives each module of rtl/ at its ports, and which proof: the table of docs/verification.md between the benches marks.

    tests/testplan/benches.py [--write]

Read from the sources: a bench drives a module when its top (tests/**/*_tb.sv, tests/cocotb/top.sv) has an instance of it, or when the module is the top of a
model (rtl_test, card_sim); a proof when p_*.sv has an instance. A module that no bench drives itself is told with the nearest modules around it that one does.
Fails when the table in the documentation is another one; --write replaces it.
"""
import argparse
import glob
import os
import re
import sys

DOC = "docs/verification.md"
MARKS = re.compile(r"(<!-- benches -->\n).*?(<!-- /benches -->)", re.S)


def text_of(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def module_files():
    return {os.path.splitext(os.path.basename(p))[0]: p for p in sorted(glob.glob("rtl/*/*.sv")) + sorted(glob.glob("rtl/*.sv")) if not p.endswith("_pkg.sv")}


def instances(path, modules):
    """The modules of which a source has an instance."""
    code = re.sub(r"//[^\n]*", "", text_of(path))
    return {name for name in re.findall(r"^\s*(?:end else begin[^;]*?|begin[^;]*?)?(\w+)\s+(?:#\s*\(|\w+\s*\()", code, re.M) if name in modules}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true")
    write = parser.parse_args().write
    modules = module_files()
    benches = {name: set() for name in modules}
    proofs = {name: set() for name in modules}
    parents = {name: set() for name in modules}
    for name, path in modules.items():
        for child in instances(path, modules) - {name}:
            parents[child].add(name)
    for path in sorted(glob.glob("tests/**/*_tb.sv", recursive=True)) + ["tests/cocotb/top.sv"]:
        for name in instances(path, modules):
            benches[name].add(os.path.relpath(path, "tests").removesuffix(".sv"))
    for path in sorted(glob.glob("tests/unit/*/*.mk")):
        for program, top in re.findall(r"rtl_test,([\w$()]+),(\w+),", text_of(path)):
            if top in modules:
                benches[top].add(f"{os.path.relpath(os.path.dirname(path), 'tests')}/{program}")
    for path in sorted(glob.glob("tests/formal/p_*.sv")):
        for name in instances(path, modules):
            proofs[name].add(os.path.basename(path)[2:-3])

    def around(name):
        found, todo, seen = set(), set(parents[name]), set()
        while todo:
            above = todo.pop()
            seen.add(above)
            if benches[above]:
                found.add(above)
            else:
                todo |= parents[above] - seen
        return found

    rows = ["| module | bench | proof |", "|---|---|---|"]
    for name in modules:
        own = ", ".join(f"`{b}`" for b in sorted(benches[name])) or "in that of " + ", ".join(f"`{a}`" for a in sorted(around(name)))
        rows.append(f"| `{name}` | {own} | {', '.join(f'`{p}`' for p in sorted(proofs[name]))} |")
    text = text_of(DOC)
    wanted = MARKS.sub(lambda found: found[1] + "\n".join(rows) + "\n" + found[2], text)
    if write and wanted != text:
        with open(DOC, "w", encoding="utf-8") as file:
            file.write(wanted)
    elif wanted != text:
        print(f"benches: the table of {DOC} is not that of the sources: tests/testplan/benches.py --write", file=sys.stderr)
        return 1
    alone = sum(bool(benches[name]) for name in modules)
    print(f"{alone} of {len(modules)} modules have a bench of their own")
    return 0


if __name__ == "__main__":
    sys.exit(main())
