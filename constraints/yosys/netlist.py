# SPDX-License-Identifier: Apache-2.0
"""A netlist as Yosys' json command writes it, hierarchy kept: what area.py and levels.py both need of it."""
import json
import re
import sys


def load(path):
    """{module: description} of the modules that are no library cells."""
    with open(path, encoding='utf-8') as f:
        modules = json.load(f)['modules']
    return {name: m for name, m in modules.items() if not {'blackbox', 'whitebox', 'abc9_lut'} & m['attributes'].keys()}


def plain(name):
    """gcm_engine of $paramod$...\\gcm_engine and $paramod\\gcm_engine\\LANES=s32'..."""
    return name.split('\\')[1] if name.startswith('$paramod') else name


def source(module):
    """The file a module comes from."""
    return module['attributes']['src'].split(':')[0]


def instances(modules, top):
    """[(name, SAs or None, module)] of what stands in synth_top; the number is the end of the instance's name."""
    found = []
    for name, cell in modules[top]['cells'].items():
        sas = re.search(r'_(\d+)$', name)
        found.append((name, int(sas[1]) if sas else None, cell['type']))
    if not found:
        sys.exit(f'netlist: {top} is empty')
    return sorted(found, key=lambda f: (f[1] or 0, f[0]), reverse=True)
