# SPDX-License-Identifier: Apache-2.0
"""Runs Yosys from PyPI (pyosys): one process a call, as it ends its process on an error. For Python of build/venv.

A design is read by slang, which checks it against IEEE 1800; what it makes of each instance is merged (merge.py).
"""
import os
import subprocess
import sys

import merge

RUN = """
import sys
from pyosys import libyosys
design = libyosys.Design()
for line in sys.stdin.read().splitlines():
    libyosys.run_pass(line, design)
"""
LATCHES = r"t:$dlatch t:$adlatch t:$dlatchsr t:$_DLATCH* t:$_DLATCHSR*"


def run(passes, log):
    """The passes, one a line of Yosys' script language, on an empty design; what Yosys says goes to the file log. Ends this program on an error."""
    if subprocess.run([sys.executable, '-c', RUN], input='\n'.join(passes), text=True, stdout=log, stderr=subprocess.STDOUT, check=False).returncode:
        with open(log.name, encoding='utf-8') as text:
            sys.exit(''.join(text.readlines()[-20:]) + f'yosys: failed, see {log.name}')


def slang(top, parameters, files):
    return ' '.join(['read_slang --ignore-assertions', f'--top {top}', *(f'-G {p}' for p in parameters), *files])


def check(top, parameters, files, log):
    """Ends the run if the module, flat, has a latch, a net with several drivers, or a loop."""
    run([slang(top, parameters, files), 'hierarchy -check', f'select -assert-none {LATCHES}', 'check -assert', 'scc -expect 0'], log)


def read(top, parameters, files, out, log):
    """The design of module top with NAME=VALUE parameters as OUT.il, hierarchy kept, each kind of module once."""
    run([slang(top, parameters, files) + ' --keep-hierarchy', f'write_rtlil {out}.il'], log)
    with open(f'{out}.il', encoding='utf-8') as file:
        merged = merge.merge(file.read())
    with open(f'{out}.il', 'w', encoding='utf-8') as file:
        file.write(merged)


def begin(out):
    """The folder of OUT and an empty log OUT.log."""
    os.makedirs(os.path.dirname(out), exist_ok=True)
    return open(f'{out}.log', 'w', encoding='utf-8')  # pylint: disable=consider-using-with
