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
    """fifo_sync of fifo_sync$2"""
    return name.split('$')[0]


def source(module):
    """The file a module comes from."""
    return module['attributes']['src'].split(':')[0]


def cards(net):
    """LANES:SAS:NETLIST.json or LANES:NETLIST.json as (lanes, modules, [(SAs, module)], most SAs first): the card at the top, or those that stand in
    synth_top, which are named card_SAS. MODULE:NETLIST.json is a block by itself: lanes and SAs are None."""
    lanes, *sas, path = net.split(':')
    modules = load(path)
    if lanes in modules:
        return None, modules, [(None, lanes)]
    found = [(int(sas[0]), 'card')] if sas else [(int(re.search(r'_(\d+)$', name)[1]), cell['type'])
                                               for name, cell in modules['synth_top']['cells'].items()]
    if not found or not all(module in modules for _, module in found):
        sys.exit(f'netlist: {path} has no card')
    return int(lanes), modules, sorted(found, reverse=True)


def blocks(module, modules):
    """The kinds of module that stand in a module, by name; the small cells of rtl/lib are none."""
    inside = {c['type'] for c in modules[module]['cells'].values() if c['type'] in modules}
    return sorted((m for m in inside if '/lib/' not in source(modules[m])), key=plain)
