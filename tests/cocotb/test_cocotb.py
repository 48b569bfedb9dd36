#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the tests of card_tests.py in the simulated card build/tests/cocotb-card and sums up.

    tests/cocotb/test_cocotb.py [NAME...]     without names: all; a name is a regular expression

ESPALIER_TEST_SEED, ESPALIER_TEST_SCALE as everywhere (docs/testing.md); ESPALIER_BUILD is the folder that holds the simulator. The simulator's Python is the
system's, with the packages of build/venv in front of its own.
"""
import glob
import os
import subprocess
import sys
import xml.etree.ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


def main():
    build = os.path.join(ROOT, os.environ.get("ESPALIER_BUILD", "build"))
    packages = glob.glob(os.path.join(ROOT, "build", "venv", "lib", "python3*", "site-packages"))[0]
    sys.path.insert(0, packages)
    import cocotb_tools.config
    import find_libpython
    results = os.path.join(build, "cocotb", "results.xml")
    os.makedirs(os.path.dirname(results), exist_ok=True)
    if os.path.exists(results):
        os.remove(results)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((HERE, packages)), "PYTHONDONTWRITEBYTECODE": "1", "PYGPI_PYTHON_BIN": sys.executable,
        "GPI_USERS": f"{find_libpython.find_libpython()};{cocotb_tools.config.pygpi_entry_point()}",
        "COCOTB_TOPLEVEL": "top", "COCOTB_TEST_MODULES": "card_tests", "COCOTB_RESULTS_FILE": results,
        "COCOTB_RANDOM_SEED": os.environ.get("ESPALIER_TEST_SEED", "1"), "COCOTB_ANSI_OUTPUT": "0",
        "PYTHONWARNINGS": "ignore::DeprecationWarning",
    }
    if sys.argv[1:]:
        environment["COCOTB_TEST_FILTER"] = "|".join(sys.argv[1:])
    code = subprocess.run([os.path.join(build, "tests", "cocotb-card")], env=environment, stdin=subprocess.DEVNULL, check=False).returncode
    cases = list(xml.etree.ElementTree.parse(results).iter("testcase")) if os.path.exists(results) else []
    failed = sum(case.find("failure") is not None or case.find("error") is not None for case in cases)
    skipped = sum(case.find("skipped") is not None for case in cases)
    ran = len(cases) - skipped
    if code and not failed:
        print(f"the simulator ended with status {code}")
        ran, failed = ran + 1, 1
    # In unittest's words, for tests/run.py; then our own.
    print(f"\nRan {ran} tests in 0s\n\n{f'FAILED (failures={failed})' if failed else 'OK'}")
    print(f"{ran - failed} passed, {failed} failed")
    return 1 if failed or not ran else 0


if __name__ == "__main__":
    sys.exit(main())
