#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Checks docs/conformance.md, and keeps its table of counts.

    tests/testplan/conformance.py [--write]

Read are its tables with the columns card, reference and host (or agent). Fails when

- a test that the page names, in the form of testplan.py, is not in the tree;
- a verdict is none of kept, not kept, n/a;
- something is kept of which the row names no test that runs on it (RUNS_ON), and the row does not say "no test";
- the table between the counts marks is not that of the rows; --write replaces it.
"""
import argparse
import collections
import re
import sys

import testplan

DOC = "docs/conformance.md"
MARKS = re.compile(r"(<!-- counts -->\n).*?(<!-- /counts -->)", re.S)
VERDICTS = ("kept", "not kept", "n/a")
PARTS = ("card", "reference", "host")
NAMED = re.compile(r"`((?:(?:unit|system|interop)/[\w/.]+|formal|seeded):[\w-]+)`")
BOTH = r"system/test_(random|drops|tshark)\.py|system/test_(rings|sas)\.c|unit/driver/test_sa_config\.c"
RUNS_ON = {
    "card": re.compile(BOTH + r"|unit/(encap|decap|replay|sa|lookup|esp|gcm|card)/|formal|seeded"),
    "reference": re.compile(BOTH + r"|unit/host/"),
    "host": re.compile(r"system/test_(gw\w*|ike)\.py|unit/(gw|sink|net|ike_\w+|host)/|interop/"),
}


def tables(text):
    """(heading, first line's cells, rows' cells) of each table of verdicts."""
    heading, rows = "", []
    for line in text.splitlines() + [""]:
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
            continue
        if rows and "card" in rows[0] and "counts" not in rows[0]:
            yield heading, [{"agent": "host"}.get(cell, cell) for cell in rows[0]], rows[2:]
        rows = []
        heading = line.lstrip("# ") if line.startswith("#") else heading


def faults(columns, row):
    """What is wrong with a row."""
    if len(row) != len(columns):
        return ["has another number of cells than its table"]
    cells = dict(zip(columns, row))
    tests = NAMED.findall(row[-1])
    wrong = [f"names {test}, which is not there" for test in tests if not testplan.exists(test)]
    for part in PARTS:
        if cells[part] not in VERDICTS:
            wrong.append(f"says {cells[part]!r} of the {part}")
        elif cells[part] == "kept" and "no test" not in row[-1] and not any(RUNS_ON[part].match(test) for test in tests):
            wrong.append(f"names no test that shows it of the {part}, and does not say so")
    return wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true")
    write = parser.parse_args().write
    text = testplan.text_of(DOC)
    wrong, total = [], 0
    counted = ["| counts | " + " | ".join(f"{part}: {verdict}" for part in PARTS for verdict in VERDICTS) + " |", "|---" * (1 + len(PARTS) * len(VERDICTS)) + "|"]
    for heading, columns, rows in tables(text):
        total += len(rows)
        for row in rows:
            wrong += [f"{heading}: {' | '.join(row[:3])}: {fault}" for fault in faults(columns, row)]
        count = collections.Counter((part, dict(zip(columns, row)).get(part)) for row in rows for part in PARTS)
        counted.append(f"| {heading} | " + " | ".join(str(count[part, verdict]) for part in PARTS for verdict in VERDICTS) + " |")
    wanted = MARKS.sub(lambda found: found[1] + "\n".join(counted) + "\n" + found[2], text)
    if write and wanted != text:
        with open(DOC, "w", encoding="utf-8") as file:
            file.write(wanted)
    elif wanted != text:
        wrong.append("the table of counts is not that of the rows: tests/testplan/conformance.py --write")
    if not total:
        wrong.append("there are no rows")
    for fault in wrong:
        print(f"conformance: {fault}", file=sys.stderr)
    print(f"{total} requirements, {len(set(NAMED.findall(text)))} tests named")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
