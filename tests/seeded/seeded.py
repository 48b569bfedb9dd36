# SPDX-License-Identifier: Apache-2.0
"""Makes the faults of seeds.toml, one at a time, in a copy of the sources, and expects its proof, or its unit test, to fail.

usage: seeded.py [--only NAME]

The last line is N passed, N failed: passed are the faults that were caught.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tomllib

HERE = os.path.dirname(__file__)
COPY = "build/seeded"
CYCLES = 30  # in which a fault shows at the latest
PYTHON = os.path.abspath("build/venv/bin/python")


def copy_sources():
    """The sources as they are, with a link to what is installed."""
    shutil.rmtree(COPY, ignore_errors=True)
    files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], stdout=subprocess.PIPE, text=True, check=True).stdout.split("\n")
    for path in filter(os.path.isfile, files):
        os.makedirs(os.path.join(COPY, os.path.dirname(path)), exist_ok=True)
        shutil.copy2(path, os.path.join(COPY, path))
    os.makedirs(os.path.join(COPY, "build"))
    os.symlink(os.path.realpath("build/venv"), os.path.join(COPY, "build", "venv"))


def wrong(seed):
    """The text of the seed's file with its fault."""
    text = open(seed["file"]).read()
    pattern = r"\s+".join(re.escape(word) for word in seed["from"].split())
    if len(re.findall(pattern, text)) != 1:
        raise ValueError(f"{seed['file']}: the line of the fault does not stand there once: {seed['from']}")
    return re.sub(pattern, lambda _: seed["to"], text)


def proof_fails(seed):
    """Whether the seed's proof, made in the copy, finds an assertion that fails, and what it said. That it does not build is no catch."""
    found = [p for p in os.listdir("tests/formal") if p.startswith("p_") and f"// proof {seed['proof']}:" in open(f"tests/formal/{p}").read()]
    command = [PYTHON, "tests/formal/prove.py", "--refute", str(CYCLES), "--only", seed["proof"], f"tests/formal/{found[0]}"]
    said = subprocess.run(command, cwd=COPY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
    return " fails, in cycle " in said, said


def test_fails(seed):
    """Whether the seed's program, built in the copy, fails in the test, or with the words, that the seed expects; and what it said."""
    program = f"build/tests/{seed['test']}"
    open(os.path.join(COPY, "build/.bootstrap.mk"), "w").close()  # what the machine needs is installed
    built = subprocess.run(["make", program, *(["CIPHER_IN_C=1"] if seed.get("cipher_in_c") else [])], cwd=COPY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if built.returncode:
        return False, built.stdout
    said = subprocess.run([program], cwd=COPY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    if "fails" in seed:  # ERROR: the test failed, and then its teardown found what it left
        words = re.search(rf"^\[  (?:FAILED |ERROR  ) \] {seed['fails']}$", said.stdout, re.M)
    else:
        words = seed["says"] in said.stdout
    return said.returncode != 0 and bool(words), said.stdout


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only")
    args = parser.parse_args()
    seeds = tomllib.load(open(os.path.join(HERE, "seeds.toml"), "rb"))["seed"]
    seeds = [s for s in seeds if args.only in (None, s["name"])]
    copy_sources()
    caught = 0
    for seed in seeds:
        try:
            text = wrong(seed)
        except ValueError as error:
            print(f"FAILED {seed['name']}: {error}", flush=True)
            continue
        with open(os.path.join(COPY, seed["file"]), "w") as file:
            file.write(text)
        good, said = test_fails(seed) if "test" in seed else proof_fails(seed)
        by = seed.get("test") or seed["proof"]
        shutil.copy(seed["file"], os.path.join(COPY, seed["file"]))
        caught += good
        print(f"caught {seed['name']} by {by}" if good else f"FAILED {seed['name']}: {by} does not notice that {seed['fault']}\n{said[-600:]}", flush=True)
    print(f"{caught} passed, {len(seeds) - caught} failed")
    return 0 if seeds and caught == len(seeds) else 1


if __name__ == "__main__":
    sys.exit(main())
