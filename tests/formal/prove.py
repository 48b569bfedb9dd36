# SPDX-License-Identifier: Apache-2.0
"""Proves the properties in SystemVerilog files: Yosys (pyosys, with slang) makes an and-inverter graph of each, ABC proves it.

usage: prove.py [--out DIR] [--jobs N] [--only NAME] [--refute CYCLES] FILE.sv...

A file holds one module of its own name: the cell, free inputs, assumptions and assertions. Comment lines say what is proved of it:

    // proof NAME: pdr [PARAMETER=VALUE...]             for all time (property directed reachability)
    // proof NAME: induction CYCLES [PARAMETER=VALUE...]   for all time: it holds in so many cycles, and so many that hold make one more
    // proof NAME: bmc CYCLES [PARAMETER=VALUE...]      for that many cycles from any state that reset leaves

The word zero behind pdr or CYCLES: memories and registers begin with zeros, for properties that compare two copies of a cell.
--refute: instead of all this, only whether an assertion fails within that many cycles (or those of a bmc): soon where one does, and nothing is proved where none does.
The assertions of the RTL itself are proved with them. Memories and registers begin with any content. Of a proof that fails
the assertion and the cycle are said; DIR/NAME.txt shows how it comes about. The last line is N passed, N failed.
"""
import argparse
import concurrent.futures
import glob
import json
import os
import re
import signal
import subprocess
import sys
import time

import witness

PACKAGES = ["rtl/csr/espalier_regs_pkg.sv", "rtl/espalier_pkg.sv"]
YOSYS = """
import sys
from pyosys import libyosys
design = libyosys.Design()
for line in sys.stdin.read().splitlines():
    libyosys.run_pass(line, design)
"""
PATIENCE = 900  # seconds of processor time of one tool: a busy machine fails no proof


def rtl_files():
    """Packages by name, modules by their folders."""
    packages = PACKAGES + sorted(set(glob.glob("rtl/*/*_pkg.sv")) - set(PACKAGES))
    return packages, sorted({os.path.dirname(path) for path in glob.glob("rtl/*.sv") + glob.glob("rtl/*/*.sv") + glob.glob("tests/formal/lib/*.sv")})


def proofs_of(path):
    """(name, engine, cycles, parameters, file) of each proof line."""
    found = []
    for name, engine, words in re.findall(r"^// proof ([\w-]+): (pdr|induction|bmc)\b(.*)$", open(path).read(), re.M):
        words = words.split()
        cycles = int(words.pop(0)) if engine != "pdr" else None
        found.append((name, engine, cycles, words, path))
    if not found:
        sys.exit(f"{path}: no proof line")
    return found


def tool(command, log, text=None):
    """Runs a tool; what it says goes to the log and is returned."""
    limited = ["prlimit", f"--cpu={PATIENCE}"] + command
    done = subprocess.run(limited, input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    log.write(done.stdout)
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        log.write(f"stopped after {PATIENCE} s\n")
    log.flush()
    return done.returncode, done.stdout


def yosys(passes, log):
    return tool([sys.executable, "-c", YOSYS], log, "\n".join(passes))[0] == 0


def model(out, parameters, path, log):
    """The property module as OUT.aig."""
    top = os.path.splitext(os.path.basename(path))[0]
    packages, folders = rtl_files()
    begin = ["setundef -zero -init", "formalff -clk2ff"] if "zero" in parameters else ["formalff -clk2ff -ff2anyinit"]
    read = ["read_slang --no-synthesis-define", f"--top {top}"] + [f"-G {p}" for p in parameters if p != "zero"] + [f"-y {f}" for f in folders] + packages + [path]
    return yosys([" ".join(read), f"hierarchy -check -top {top}", "proc", "flatten", "check -assert", "opt_clean", "async2sync", "chformal -lower",
                  "delete -output"] + (["memory_map"] if "zero" in parameters else ["memory_map -formal"]) + begin + ["opt_clean", "techmap",
                  "setundef -undriven -anyseq", "opt -full", "aigmap", "opt_clean", f"write_aiger -symbols -zinit -ywmap {out}.ywmap -map {out}.map {out}.aig"], log)


def prove(out, engine, cycles, compares, log):
    """True when ABC says that no assertion can fail (bmc: in that many cycles)."""
    abc = os.path.join(os.path.dirname(__import__("pyosys").__file__), "yosys-abc")

    def says(run, pattern):
        return re.search(pattern, tool([abc, "-c", f"read {out}.aig; print_stats; fold; {run}; write_cex -a {out}.aiw"], log)[1], re.M)

    if engine == "pdr":
        return says("scorr; pdr" if compares else "pdr", r"^Property proved")
    frames = cycles if engine == "bmc" else 2 * cycles  # from reset it takes longer to go wrong than from anywhere
    if not says(f"bmc3 -F {frames}", rf"^No output asserted in {frames} frames|^Property proved"):
        return False
    return engine == "bmc" or says(f"orpos; ind -F {cycles}", r"^Networks are equivalent")


def why(out):
    """The assertion that fails and when, or the end of the log."""
    text = open(out + ".log").read()
    found = re.search(r"^Output (\d+) of miter .* was asserted in frame (\d+)", text, re.M)
    if not found:
        return text[-1500:]
    with open(out + ".txt", "w") as file:
        file.write("\n".join(witness.readable(out + ".aiw", out + ".ywmap")) + "\n")
    assertion = json.load(open(out + ".ywmap"))["asserts"][int(found[1])]
    return f"       {'.'.join(part.strip(chr(92)) for part in assertion)} fails, in cycle {found[2]}: {out}.txt"


def one(proof, directory):
    name, engine, cycles, parameters, path = proof
    out, began = os.path.join(directory, name), time.monotonic()
    for suffix in (".aig", ".aiw"):
        if os.path.exists(out + suffix):
            os.remove(out + suffix)
    with open(out + ".log", "w") as log:
        good = bool(model(out, parameters, path, log) and prove(out, engine, cycles, "zero" in parameters, log))
    return name, good, time.monotonic() - began


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default="build/formal")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", help="the proof of this name alone")
    parser.add_argument("--refute", type=int, metavar="CYCLES")
    parser.add_argument("files", nargs="+")
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    proofs = [p for path in args.files for p in proofs_of(path) if args.only in (None, p[0])]
    if args.refute:
        proofs = [(name, "bmc", cycles if engine == "bmc" else args.refute, parameters, path) for name, engine, cycles, parameters, path in proofs]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for name, good, seconds in pool.map(lambda p: one(p, args.out), proofs):
            print(f"{'ok    ' if good else 'FAILED'} {name} ({seconds:.1f} s)", flush=True)
            if not good:
                failed += 1
                print(why(os.path.join(args.out, name)))
    print(f"{len(proofs) - failed} passed, {failed} failed")
    return 1 if failed or not proofs else 0


if __name__ == "__main__":
    sys.exit(main())
