#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The testplans, one a block of the card: BLOCK.toml beside this file.

    tests/testplan/testplan.py [--logs DIR] [--formal DIR] [--out FILE]

A plan names its block, the modules of rtl/ that make it, and testpoints: name, stage, means (one sentence) and the tests that show it. Stages are OpenTitan's:
V1 it works at all; V2 all of its features and errors; V2S what must never break; V3 what is rarer than that. Tests are named

    unit/FOLDER/test_X.c:NAME, system/test_X.c:NAME   a test in the table of that program
    system/test_X.py:NAME                             a method of a test class
    formal:NAME, seeded:NAME                          a proof (tests/formal), a fault on purpose (tests/seeded)

Fails when a named test does not exist, a module of rtl/ is in no plan or in two, or a plan is not as above. --logs and --formal: the folders of the logs of the
last runs (build/test-logs, build/formal), from which the results are taken; a test that did not run is said to be that. --out: all testpoints as HTML.
The last line is N passed, N failed: testpoints with a test that failed.
"""
import argparse
import collections
import functools
import glob
import html
import os
import re
import sys
import tomllib

HERE = os.path.dirname(__file__)
TESTS = os.path.dirname(HERE)
STAGES = ("V1", "V2", "V2S", "V3")
ABC_SAYS = re.compile(r"^Property proved|^No output asserted in \d+ frames|^Networks are equivalent", re.M)


@functools.cache
def text_of(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


@functools.cache
def proofs():
    return set(re.findall(r"^// proof ([\w-]+):", "\n".join(text_of(p) for p in glob.glob(f"{TESTS}/formal/p_*.sv")), re.M))


@functools.cache
def seeds():
    return {seed["name"] for seed in tomllib.loads(text_of(f"{TESTS}/seeded/seeds.toml"))["seed"]}


@functools.cache
def in_table(path):
    """The names in a cmocka program's table of tests."""
    text = text_of(path)
    table = "".join(re.findall(r"CMUnitTest tests\[\] = \{(.*?)\n?\s*\};", text, re.S))
    table += "".join(re.findall(r"^#define \w+_TEST (.*)$", text, re.M))
    return set(re.findall(r"\b\w+\((\w+)", table))


def exists(test):
    place, _, name = test.rpartition(":")
    if place == "formal":
        return name in proofs()
    if place == "seeded":
        return name in seeds()
    path = os.path.join(TESTS, place)
    if not os.path.isfile(path):
        return False
    return name in in_table(path) if path.endswith(".c") else bool(re.search(rf"^    def {name}\(self", text_of(path), re.M))


# ---- results -----------------------------------------------------------------------------------------------------------------
def logs_of(place, folder):
    """The logs of a test file's programs: test_gcm_cavp.c runs as gcm_cavp_1, gcm_cavp_2...; test_drops.py as test_drops-sim."""
    base, suffix = os.path.splitext(os.path.basename(place))
    base = base if suffix == ".py" else base.removeprefix("test_").removesuffix("_rtl")
    return [p for p in glob.glob(f"{folder}/{base}*.log") if re.fullmatch(re.escape(base) + r"([-_].*)?\.log", os.path.basename(p))]


def result(test, logs, formal):
    """True: passed wherever it ran; False: failed somewhere; None: did not run, or its log does not say."""
    place, _, name = test.rpartition(":")
    if place == "seeded":
        return None
    if place == "formal":
        path = os.path.join(formal, name + ".log")
        return bool(ABC_SAYS.search(text_of(path))) if os.path.isfile(path) else None
    said = []
    for path in logs_of(place, logs):
        said += re.findall(rf"^\[ +(OK|FAILED) +\] {name}$", text_of(path), re.M)
        said += re.findall(rf"^{name} \(.*?\.\.\. (ok|FAIL|ERROR)", text_of(path), re.M | re.S)
    return all(word.lower() == "ok" for word in said) if said else None


# ---- plans -------------------------------------------------------------------------------------------------------------------
def read_plans():
    """The plans, and what is wrong with them."""
    plans, wrong = [], []
    for path in sorted(glob.glob(f"{HERE}/*.toml")):
        plan = tomllib.loads(text_of(path))
        plans.append(plan)
        block = plan.get("block")
        if os.path.basename(path) != f"{block}.toml" or not plan.get("rtl") or not plan.get("testpoint"):
            wrong.append(f"{path}: needs block (its name), rtl and testpoints")
        for point in plan.get("testpoint", []):
            if set(point) != {"name", "stage", "means", "tests"} or point["stage"] not in STAGES or not point["tests"]:
                wrong.append(f"{path}: {point.get('name')}: needs name, stage, means and tests")
            wrong += [f"{path}: {point.get('name')}: there is no test {test}" for test in point.get("tests", []) if not exists(test)]
    planned = collections.Counter(module for plan in plans for module in plan.get("rtl", []))
    modules = {os.path.splitext(os.path.basename(p))[0] for p in glob.glob("rtl/*.sv") + glob.glob("rtl/*/*.sv") if not p.endswith("_pkg.sv")}
    wrong += [f"module {module} is in no plan" for module in sorted(modules - set(planned))]
    wrong += [f"module {module} is in {count} plans" if module in modules else f"there is no module {module}"
              for module, count in sorted(planned.items()) if count > 1 or module not in modules]
    return plans, wrong


def page(plans, results):
    word = {True: ("ok", "#d4efd4"), False: ("failed", "#f8c8c8"), None: ("not run", "#eee")}
    rows = []
    for plan in plans:
        rows.append(f'<tr><th colspan=4 align=left>{html.escape(plan["block"])}: {html.escape(" ".join(plan["rtl"]))}')
        for point in plan["testpoint"]:
            tests = "".join(f'<div style="background:{word[results[t]][1]}">{html.escape(t)} {word[results[t]][0]}</div>' for t in point["tests"])
            rows.append(f'<tr valign=top><td>{html.escape(point["name"])}<td>{point["stage"]}<td>{html.escape(point["means"])}<td>{tests}')
    return "<!doctype html><meta charset=utf-8><title>Testplans</title><style>body{font:14px sans-serif}td,th{padding:3px 8px}</style><h1>Testplans</h1><table>" + "\n".join(rows) + "</table>\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--logs", default="build/test-logs")
    parser.add_argument("--formal", default="build/formal")
    parser.add_argument("--out")
    args = parser.parse_args()
    plans, wrong = read_plans()
    for text in wrong:
        print(f"testplan: {text}", file=sys.stderr)
    if wrong:
        return 1
    results = {test: result(test, args.logs, args.formal) for plan in plans for point in plan["testpoint"] for test in point["tests"]}
    if args.out:
        os.makedirs(os.path.dirname(args.out), exist_ok=True)
        with open(args.out, "w", encoding="utf-8") as file:
            file.write(page(plans, results))
    print(f"{'block':8}{'testpoints':>12}{'V1':>5}{'V2':>5}{'V2S':>5}{'V3':>5}{'tests':>7}{'ok':>6}{'failed':>8}{'not run':>9}")
    failed = total = 0
    for plan in plans:
        points = plan["testpoint"]
        tests = {test for point in points for test in point["tests"]}
        count = collections.Counter(results[test] for test in tests)
        stages = collections.Counter(point["stage"] for point in points)
        total += len(points)
        failed += sum(any(results[test] is False for test in point["tests"]) for point in points)
        print(f"{plan['block']:8}{len(points):12}" + "".join(f"{stages[s]:5}" for s in STAGES) + f"{len(tests):7}{count[True]:6}{count[False]:8}{count[None]:9}")
    print(f"{total - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
