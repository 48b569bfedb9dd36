#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs test programs, one line of progress each, and ends with a line `N passed, N failed`.

    tests/run.py [--jobs N] [--timeout SECONDS] [--logs DIR] TEST...

TEST is a program or a .py file, with arguments behind colons: build/tests/gcm, tests/system/test_drops.py:software. Variables for its
environment stand in front, with commas: ESPALIER_BUILD=build/asan,tests/system/test_drops.py:software.
What a test says goes to DIR/NAME.log; of a failed one the tail is shown. The counts are those of cmocka and unittest; a program
that ends badly without a failed test of its own counts as one failed test, and so does one that ran no test at all.
A test above the timeout (seconds, each) is killed with all it started.
"""
import argparse
import concurrent.futures
import os
import re
import signal
import subprocess
import sys
import threading
import time

TAIL_LINES = 40
print_lock = threading.Lock()


def say(text):
    with print_lock:
        print(text, flush=True)


def counts(text):
    """(passed, failed, skipped) by the summaries of cmocka and unittest found in a log."""
    passed = failed = skipped = 0
    for count in re.findall(r"^\[  PASSED  \] (\d+) test\(s\)\.", text, re.M):
        passed += int(count)
    for count in re.findall(r"^\[  FAILED  \] (?:\S+: )?(\d+) test\(s\), listed below", text, re.M):
        failed += int(count)
    for count in re.findall(r"^\[  SKIPPED \] (?:\S+: )?(\d+) test\(s\), listed below", text, re.M):
        skipped += int(count)
    for match in re.finditer(r"^Ran (\d+) tests? in .*\n\n(OK|FAILED)(?: \((.*)\))?$", text, re.M):
        details = dict(item.split("=") for item in (match[3] or "").split(", ") if "=" in item)
        bad = sum(int(details.get(key, 0)) for key in ("failures", "errors", "unexpected successes"))
        skip = int(details.get("skipped", 0))
        # An error in a class fixture is an error without a test: the sum may exceed what ran.
        passed += max(0, int(match[1]) - bad - skip)
        failed += bad
        skipped += skip
    return passed, failed, skipped


class Test:
    def __init__(self, spec, logs):
        *variables, command = spec.split(",")
        path, *self.arguments = command.split(":")
        self.path = path
        self.environment = dict(variable.split("=", 1) for variable in variables)
        base = os.path.basename(path)
        values = [os.path.basename(value) for value in self.environment.values()]
        self.name = "-".join([base[:-3] if base.endswith(".py") else base, *self.arguments, *values])
        self.log = os.path.join(logs, self.name + ".log")

    def run(self, timeout):
        command = ["/usr/bin/python3"] if self.path.endswith(".py") else []
        command += [self.path, *self.arguments]
        start = time.monotonic()
        note = ""
        with open(self.log, "w", encoding="utf-8") as log:
            try:
                process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                           start_new_session=True, env={**os.environ, **self.environment})
            except OSError as error:
                log.write(f"{error}\n")
                return 0, 1, 0, 0.0, str(error)
            try:
                code = process.wait(timeout)
            except subprocess.TimeoutExpired:
                code, note = -1, f"no end after {timeout:.0f} s"
            # The test's own session: what it left running ends with it.
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
        with open(self.log, encoding="utf-8", errors="replace") as log:
            passed, failed, skipped = counts(log.read())
        if code != 0 and failed == 0:
            failed = 1
            note = note or (f"signal {-code}" if code < 0 else f"exit status {code}")
        if passed + failed + skipped == 0:
            failed, note = 1, "ran no test"
        return passed, failed, skipped, time.monotonic() - start, note

    def tail(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return "".join("    | " + line for line in log.readlines()[-TAIL_LINES:])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--timeout", type=float, default=900)
    parser.add_argument("--logs", default="build/test-logs")
    parser.add_argument("tests", nargs="+")
    args = parser.parse_args()
    os.makedirs(args.logs, exist_ok=True)

    total_passed = total_failed = total_skipped = 0
    start = time.monotonic()
    tests = [Test(spec, args.logs) for spec in args.tests]
    say(f"{len(tests)} test programs, {args.jobs} at a time; logs in {args.logs}/")
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        running = {pool.submit(test.run, args.timeout): test for test in tests}
        for done, future in enumerate(concurrent.futures.as_completed(running), 1):
            test = running[future]
            passed, failed, skipped, seconds, note = future.result()
            total_passed += passed
            total_failed += failed
            total_skipped += skipped
            word = "FAIL" if failed else "ok  "
            extra = f", {skipped} skipped" if skipped else ""
            extra += f" ({note})" if note else ""
            say(f"[{done:3}/{len(tests)}] {word} {test.name:32} {passed:5} passed, {failed} failed{extra}  {seconds:.1f} s")
            if failed:
                say(f"    last lines of {test.log}:\n{test.tail()}")
    say(f"{time.monotonic() - start:.0f} s" + (f", {total_skipped} tests skipped" if total_skipped else ""))
    say(f"{total_passed} passed, {total_failed} failed")
    return 1 if total_failed else 0


if __name__ == "__main__":
    sys.exit(main())
