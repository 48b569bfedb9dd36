# SPDX-License-Identifier: Apache-2.0
"""Coverage points as Verilator's models write them (verilated_cov.cpp: a line a point, `C 'KEYS' COUNT`), merged by the source they stand for.

A key is \\001 NAME \\002 VALUE: f file, l line, n column, t kind (line, branch, expr, toggle), o what it is, S the lines that run with it.
Instances, parameters and models of one module meet at one point; its count is their sum.
"""
import collections
import dataclasses
import glob
import os
import re


@dataclasses.dataclass(frozen=True)
class Point:
    file: str
    line: int
    column: int
    kind: str  # line, branch, expr or toggle
    what: str  # "if", "case", "cond_then", a term of an expression, "signal[3]:0->1"


class Coverage:
    """counts: of each point. lines_of: the lines that run with it."""

    def __init__(self, raw):
        self.counts = collections.Counter()
        self.lines_of = collections.defaultdict(set)
        for keys, count in raw.items():
            fields = dict(part.split("\2", 1) for part in keys.split("\1")[1:])
            point = Point(fields["f"], int(fields["l"]), int(fields["n"]), fields["t"], fields["o"])
            self.counts[point] += count
            self.lines_of[point] |= lines(fields.get("S", ""))


def read(path, raw):
    """Adds the counts of one file to those of the same keys. ValueError: it is none of Verilator's, or cut."""
    with open(path, encoding="latin-1") as file:
        if not file.readline().startswith("# SystemC::Coverage-3"):
            raise ValueError(f"{path}: no coverage of Verilator")
        for line in file:
            keys, quote, count = line.rpartition("' ")
            if not keys.startswith("C '") or not quote or not line.endswith("\n"):
                raise ValueError(f"{path}: not understood: {line[:80]}")
            raw[keys] += int(count)


def lines(text):
    """{54, 55, 56, 60} of "54-56,60"."""
    found = set()
    for first, last in re.findall(r"(\d+)(?:-(\d+))?", text):
        found |= set(range(int(first), int(last or first) + 1))
    return found


def merged(folder):
    """All that the models wrote into a folder; the keys are taken apart last, for files of one top have the same."""
    raw = collections.Counter()
    for path in sorted(glob.glob(os.path.join(folder, "*.dat"))):
        read(path, raw)
    return Coverage(raw)
