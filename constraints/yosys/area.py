#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns Yosys' `stat` of a design that kept its hierarchy into area.json and a table.

area.py OUT.json LANES:SAS:STAT-FILE:BLOCK[+BLOCK...] ...

A block's area is that of its module and everything below it. Units: lut counts LUT1 to LUT6, and the LUTs that LUT RAM and shift
registers occupy; ff flip-flops; bram36 36 Kbit block RAMs (an 18 Kbit one is half); uram UltraRAMs.
Fails when a block is missing, when a latch or an unmapped memory is left, when a cell is unknown, or when one module holds so much
LUT RAM or so many flip-flops that a table must have ended there.
"""
import json
import re
import sys

LUT = {**{f'LUT{i}': 1 for i in range(1, 7)}, 'INV': 1, 'SRL16E': 1, 'SRLC32E': 1}
# LUTs of a LUT RAM (AMD UG974): the quad and octal forms fill half a slice or a slice.
LUT_RAM = {'RAM32M': 4, 'RAM32M16': 8, 'RAM64M': 4, 'RAM64M8': 8, 'RAM32X1D': 2, 'RAM64X1D': 2, 'RAM128X1D': 4, 'RAM256X1D': 8,
           'RAM32X1S': 1, 'RAM64X1S': 1, 'RAM128X1S': 2, 'RAM256X1S': 4, 'RAM512X1S': 8}
FF = {'FDRE': 1, 'FDSE': 1, 'FDCE': 1, 'FDPE': 1}
BRAM = {'RAMB36E2': 1, 'RAMB18E2': 0.5}
URAM = {'URAM288': 1}
FREE = {'CARRY4', 'CARRY8', 'MUXF7', 'MUXF8', 'MUXF9', 'BUFG'}
COUNTED = ('lut', 'ff', 'bram36', 'uram')
MAX_LUT_RAM = 1024  # LUTs of LUT RAM in one module
MAX_FF = 16384      # flip-flops in one module


def parse(path):
    """{module: {cell or submodule: count}}, module names as Yosys writes them."""
    modules, cells = {}, None
    with open(path, encoding='utf-8') as f:
        for line in f:
            if m := re.match(r'=== (.*) ===', line):
                cells = None if m[1] == 'design hierarchy' else modules.setdefault(m[1], {})
            elif cells is not None and 'Number of' not in line and (m := re.match(r'\s+(\S+)\s+(\d+)$', line)):
                cells[m[1]] = int(m[2])
    return modules


def plain(name):
    """gcm_engine of $paramod$...\\gcm_engine and $paramod\\gcm_engine\\LANES=s32'..."""
    return name.split('\\')[1] if name.startswith('$paramod') else name


def own_area(module, cells, modules):
    area = dict.fromkeys(COUNTED, 0)
    lut_ram = 0
    for cell, n in cells.items():
        if cell in modules or cell in FREE:
            continue
        if cell in LUT_RAM:
            lut_ram += n * LUT_RAM[cell]
        for key, table in zip(COUNTED, ({**LUT, **LUT_RAM}, FF, BRAM, URAM)):
            area[key] += n * table.get(cell, 0)
        if not any(cell in t for t in (LUT, LUT_RAM, FF, BRAM, URAM)):
            sys.exit(f'area: {plain(module)}: {cell} is a latch, or a cell that this script does not know')
    if lut_ram > MAX_LUT_RAM or area['ff'] > MAX_FF:
        sys.exit(f'area: {plain(module)}: {lut_ram} LUTs of LUT RAM, {area["ff"]} flip-flops: a table that should be in block RAM')
    return area


def total_area(module, modules, known):
    if module not in known:
        area = own_area(module, modules[module], modules)
        for cell, n in modules[module].items():
            if cell in modules:
                below = total_area(cell, modules, known)
                area = {key: area[key] + n * below[key] for key in area}
        known[module] = area
    return known[module]


def main(out, runs):
    rows = []
    for run in runs:
        lanes, sas, path, blocks = run.split(':')
        modules, known = parse(path), {}
        for block in blocks.split('+'):
            found = [m for m in modules if plain(m) == block]
            if len(found) != 1:
                sys.exit(f'area: {path}: {len(found)} modules {block}')
            rows.append({'block': block, 'lanes': int(lanes), 'sas': int(sas), **total_area(found[0], modules, known)})
    with open(out, 'w', encoding='utf-8') as f:
        json.dump(rows, f, indent=1)
        f.write('\n')
    print(f'{"block":<14}{"lanes":>6}{"sas":>7}' + ''.join(f'{key:>9}' for key in COUNTED))
    for row in rows:
        print(f'{row["block"]:<14}{row["lanes"]:>6}{row["sas"]:>7}' + ''.join(f'{row[key]:>9g}' for key in COUNTED))


if __name__ == '__main__':
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2:])
