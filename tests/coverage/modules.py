# SPDX-License-Identifier: Apache-2.0
"""What of each module of rtl/ ran: its lines, branches, expressions, toggles, states and transitions, and the reasons for what did not."""
import collections
import dataclasses
import os
import tomllib

import fsm

KINDS = ("lines", "branches", "expressions", "toggles", "FSM")


@dataclasses.dataclass
class Item:
    line: int
    column: int
    what: str
    count: int
    reason: str | None = None  # why it does not run


class Module:
    def __init__(self, path, coverage, points):
        self.path, self.name = path, os.path.splitext(os.path.basename(path))[0]
        self.source = open(path, encoding="utf-8").read()
        self.text = self.source.split("\n")
        runs = [(p, coverage.lines_of[p]) for p in points if p.kind in ("line", "branch")]
        self.items = {kind: [] for kind in KINDS}
        counts = coverage.counts

        of_line = {}
        for point, lines in runs:
            if not point.what.startswith("cond_"):
                for line in lines:
                    of_line[line] = max(of_line.get(line, 0), counts[point])
        self.items["lines"] = [Item(line, 0, "", count) for line, count in sorted(of_line.items())]
        self.lines_of = {(p.line, p.column): lines for p, lines in runs}
        for kind, found in (("branches", [p for p, _ in runs if p.what != "block"]), ("expressions", [p for p in points if p.kind == "expr"]),
                            ("toggles", [p for p in points if p.kind == "toggle"])):
            self.items[kind] = [Item(p.line, p.column, p.what, counts[p]) for p in sorted(found, key=lambda p: (p.line, p.column, p.what))]
        for name, point in fsm.machine(self.source, runs):
            self.items["FSM"].append(Item(point.line if point else 0, 0, name, counts[point] if point else 0))

    def ran(self, kind):
        """(of which so many ran, all) of a kind."""
        return sum(item.count > 0 for item in self.items[kind]), len(self.items[kind])

    def percent(self, kind):
        """Rounded down: 100 is all. None where the module has none."""
        ran, all_ = self.ran(kind)
        return 100 * ran // all_ if all_ else None

    def unexplained(self):
        return [(kind, item) for kind in ("lines", "branches") for item in self.items[kind] if not item.count and not item.reason]


def modules(coverage):
    """A Module of each file of rtl/ that has points, by name."""
    by_file = collections.defaultdict(list)
    for point in coverage.counts:
        if point.file.startswith("rtl/"):
            by_file[point.file].append(point)
    return [Module(path, coverage, points) for path, points in sorted(by_file.items())]


def words(text):
    return " ".join(text.partition("//")[0].split())


def places(module, waiver):
    """The lines that a waiver names, by their words; empty when they are not there."""
    text = [words(line) for line in module.text]
    first = [n for n, line in enumerate(text, 1) if line == words(waiver["line"])]
    if "to" not in waiver:
        return set(first)
    last = [n for n, line in enumerate(text, 1) if line == words(waiver["to"]) and first and n > first[0]]
    return set(range(first[0], last[0] + 1)) if last else set()


def explain(found, path):
    """Gives what did not run the reasons of the file of waivers; returns what is wrong with that file: reasons that nothing needs any more.

    A waiver is a module, a line by its words (comment and blanks apart; `to`: up to another) and a reason. It holds for the lines and for what runs with
    their branches. `not_hardware = true`: they are not counted at all.
    """
    stale = []
    by_name = {module.name: module for module in found}
    for waiver in tomllib.load(open(path, "rb")).get("waiver", []):
        module = by_name.get(waiver["module"])
        lines = places(module, waiver) if module else set()
        branches = [i for i in module.items["branches"] if i.line in lines and not i.count] if module else []
        reach = lines.union(*(module.lines_of[(i.line, i.column)] for i in branches)) if module else set()
        used = False
        for kind in KINDS if module else ():
            for item in module.items[kind]:
                if item.line in (reach if kind in ("lines", "branches") else lines) and not item.count:
                    item.reason = waiver["reason"]
                    used |= kind in ("lines", "branches")
            if waiver.get("not_hardware"):
                module.items[kind] = [item for item in module.items[kind] if item.line not in lines]
        if not used:
            stale.append(f"{waiver['module']}: {waiver['line']}: " + ("runs: the reason is not needed" if lines else "no such line"))
    return stale
