# SPDX-License-Identifier: Apache-2.0
"""States and transitions of the state machines: registers of an enumeration, `case (state_q)`, assignments of members to state_q or state_d.

Verilator 5.048 has --coverage-fsm, which ends with an internal error at `assign x = record.member == CONSTANT`, and the RTL has many. But each
state is an item of a case and each transition an assignment, and both have points of lines and branches of their own: this finds the
point of each. A transition `s <= a ? B : C` has those of the conditional operator.
"""
import re

CASE = re.compile(r"\bcase \((state_\w+)\)")
ENUM = re.compile(r"typedef enum logic[^{]*\{([^}]*)\}", re.S)
LABEL = re.compile(r"^\s*([A-Z][A-Z_0-9]*(?:\s*,\s*[A-Z][A-Z_0-9]*)*|default)\s*:(?!:)")
ASSIGNMENT = re.compile(r"\bstate_[qd]\s*(?:<=|=)([^=;][^;]*);")
TOKEN = re.compile(r"\b[A-Za-z_](?:[\w.]|::)*|[?:]")


def members(source):
    """Names of the members of the module's enumerations."""
    without = re.sub(r"//[^\n]*", "", source)
    return {name for body in ENUM.findall(without) for name in re.findall(r"\b([A-Z][A-Z_0-9]*)\b(?=\s*(?:=|,|$))", body.strip() + "\n")}


def innermost(points, line, column, kinds=None):
    """Of the points that run with the line and begin before the column, the last; kinds: of those alone."""
    found = [p for p, run in points if line in run and (p.line, p.column) <= (line, column) and (kinds is None or p.what in kinds)]
    return max(found, key=lambda p: (p.line, p.column), default=None)


def targets(text, column, states):
    """(state, None or the column of its ? and whether it stands behind the ? or the :) of each state that an assignment can give."""
    open_at, way = [], None
    for token in TOKEN.finditer(text):
        if token[0] == "?":
            open_at.append(column + token.start())
            way = (open_at[-1], "cond_then")
        elif token[0] == ":":
            way = (open_at.pop(), "cond_else")
        elif token[0] in states:
            yield token[0], way


def machine(source, coverage_points):
    """[(name, point or None)] of each state and each transition; empty where the module has no state machine. coverage_points: [(point, lines)] of lines and branches."""
    states = members(source)
    found, current, depth = [], None, False
    branches = [(p, run) for p, run in coverage_points if not p.what.startswith("cond_")]
    for number, text in enumerate(source.split("\n"), 1):
        text = text.partition("//")[0]
        if CASE.search(text):
            depth = True
        if "endcase" in text:
            depth, current = False, None
        label = LABEL.match(text) if depth else None
        if label and (label[1] == "default" or all(name.strip() in states for name in label[1].split(","))):
            current = label[1]
            item = [p for p, run in branches if p.line == number and p.what == "case"]
            named = [(f"{name.strip()}", item[0] if item else None) for name in current.split(",")]
            found += [entry for entry in named if entry[0] not in {name for name, _ in found}]
        for assignment in ASSIGNMENT.finditer(text):
            begin = assignment.start(1) + 1
            for target, way in targets(assignment[1], begin, states):
                if way is None:
                    point = innermost(branches, number, assignment.start() + 1)
                else:
                    near = [p for p, _ in coverage_points if p.line == number and p.what == way[1]]
                    point = min(near, key=lambda p: abs(p.column - way[0]), default=None)
                found.append((f"{current or 'rst'} -> {target}, line {number}", point))
    return found
