#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs libFuzzer harnesses one after the other, FUZZ_SECONDS (default 30) each, and sums up.

    tests/fuzz/fuzz.py BUILD_DIR [NAME...]       without names: every tests/fuzz/fuzz_NAME.c

BUILD_DIR/NAME is the program; tests/fuzz/corpus/NAME/ holds the seeds, which are committed; tests/fuzz/NAME.dict, if there is one, words to try.
What it finds worth keeping goes to BUILD_DIR/corpus/NAME/, and its output to BUILD_DIR/NAME.log. An input that ends the program goes to
BUILD_DIR/crashes/NAME-*; run BUILD_DIR/NAME with it to see it again, and commit it as a seed when it is repaired.
FUZZ_SECONDS=0 runs the seeds alone.

What costs much and finds little in each input is left out while new inputs are tried: the search for leaks, which stops the process each time,
and a schedule of inputs (-entropic) that is computed from all paths. Leaks are searched for afterwards, in all inputs that were kept.
"""
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TAIL_LINES = 30
FAST = {**os.environ, "ASAN_OPTIONS": "malloc_context_size=0:quarantine_size_mb=1:max_malloc_fill_size=0"}


def end_of(command, log, seconds, environment=None):
    """Run, append to the log; the exit status, -1 if it does not end."""
    with open(log, "a", encoding="utf-8") as file:
        try:
            return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, check=False, timeout=seconds,
                                  env=environment).returncode
        except (OSError, subprocess.TimeoutExpired) as error:
            file.write(f"{error}\n")
            return -1


def number(pattern, text):
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


def run(build, name, seconds):
    """True if no input made it fail."""
    seeds, grown, crashes = os.path.join(HERE, "corpus", name), os.path.join(build, "corpus", name), os.path.join(build, "crashes")
    os.makedirs(grown, exist_ok=True)
    os.makedirs(crashes, exist_ok=True)
    if not os.path.isdir(seeds) or not os.listdir(seeds):
        print(f"{name:12} FAIL: no seeds in {os.path.relpath(seeds)}", flush=True)
        return False
    words = os.path.join(HERE, name + ".dict")
    command = [os.path.join(build, name), f"-artifact_prefix={crashes}/{name}-", "-timeout=20", "-rss_limit_mb=2048", "-print_final_stats=1"]
    command += [f"-dict={words}"] if os.path.exists(words) else []
    log = os.path.join(build, name + ".log")
    with open(log, "w", encoding="utf-8"):
        pass
    start, code = time.monotonic(), 0
    if seconds:
        code = end_of([*command, f"-max_total_time={seconds}", "-entropic=0", "-detect_leaks=0", grown, seeds], log, seconds + 300, FAST)
    with open(log, encoding="utf-8", errors="replace") as file:
        text = file.read()
    took = time.monotonic() - start
    if not code:
        code = end_of([*command, "-runs=0", *([grown] if seconds else []), seeds], log, 600)
        with open(log, encoding="utf-8", errors="replace") as file:
            text = file.read() if code or not seconds else text
    took = took if seconds else time.monotonic() - start
    inputs = number(r"stat::number_of_executed_units:\s*(\d+)", text) or number(r"^#(\d+)", text)
    edges, kept = number(r" cov: (\d+)", text), len(os.listdir(grown))
    print(f"{name:12} {'ok  ' if code == 0 else 'FAIL'} {inputs:>10} inputs in {took:3.0f} s, {edges} edges of the code reached, "
          f"{len(os.listdir(seeds))} seeds, {kept} inputs kept", flush=True)
    if code:
        print("".join(f"    | {line}\n" for line in text.splitlines()[-TAIL_LINES:]), end="", flush=True)
    return code == 0


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    build, names = sys.argv[1], sys.argv[2:]
    names = names or sorted(file[5:-2] for file in os.listdir(HERE) if re.fullmatch(r"fuzz_\w+\.c", file))
    seconds = int(os.environ.get("FUZZ_SECONDS", "30"))
    start = time.monotonic()
    failed = sum(not run(build, name, seconds) for name in names)
    # In unittest's words, for tests/run.py; then our own.
    print(f"\nRan {len(names)} tests in {time.monotonic() - start:.0f}s\n\n{f'FAILED (failures={failed})' if failed else 'OK'}")
    print(f"{len(names) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
