#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What of the card's RTL ran in the tests, from what the models wrote (`make coverage`).

    tests/coverage/coverage.py [--least PERCENT] [--docs FILE] DATA OUT

DATA: the folder of the models' files (*.dat). OUT: the folder of the report: index.html and a page a module. --docs: writes the table into FILE, between its
two comments `coverage`. Ends with 1 when a module has less than PERCENT (90) of its lines or branches, when a line or branch that never ran
has no reason in waivers.toml, or when a reason there is stale. The last line is N passed, N failed: modules.
"""
import argparse
import os
import re
import sys

import modules
import page
import points

HERE = os.path.dirname(__file__)
GATED = ("lines", "branches")


def table(found):
    def row(module):
        cells = ["" if module.percent(kind) is None else str(module.percent(kind)) for kind in modules.KINDS]
        return f"| `{module.name}` | " + " | ".join(cells) + " |"

    return "\n".join(["| module | lines | branches | expressions | toggles | FSM |", "|---|---|---|---|---|---|"] + [row(m) for m in found])


def write_docs(path, text):
    """Puts the table between the comments. ValueError: they are not there."""
    old = open(path, encoding="utf-8").read()
    new, count = re.subn(r"(<!-- coverage -->\n).*?(<!-- /coverage -->)", lambda m: f"{m[1]}{text}\n{m[2]}", old, flags=re.S)
    if count != 1:
        raise ValueError(f"{path}: no place for the table")
    with open(path, "w", encoding="utf-8") as file:
        file.write(new)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--least", type=int, default=90)
    parser.add_argument("--docs")
    parser.add_argument("data")
    parser.add_argument("out")
    args = parser.parse_args()
    found = modules.modules(points.merged(args.data))
    stale = modules.explain(found, os.path.join(HERE, "waivers.toml"))
    page.write(found, args.out)
    if args.docs:
        write_docs(args.docs, table(found))

    failed = 0
    for module in found:
        low = [f"{module.percent(kind)} % of {kind}" for kind in GATED if (module.percent(kind) or 0) < args.least and module.items[kind]]
        bad = [f"    line {item.line}: {kind}: {item.what or 'never runs'}, and no reason: {module.text[item.line - 1].strip()}" for kind, item in module.unexplained()]
        failed += bool(low or bad)
        figures = ", ".join(f"{module.percent(kind)} % {kind}" for kind in modules.KINDS if module.items[kind])
        print(f"{'FAILED' if low or bad else 'ok    '} {module.name}: {figures}")
        print("\n".join(([f"    only {', '.join(low)}"] if low else []) + bad), end="\n" if low or bad else "")
    for text in stale:
        print(f"stale waiver: {text}")
    print(f"{len(found) - failed} passed, {failed + len(stale)} failed")
    return 1 if failed or stale or not found else 0


if __name__ == "__main__":
    sys.exit(main())
