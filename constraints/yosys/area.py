#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Areas of the card and of its blocks, from the mapped netlists, into a JSON file and a table.

area.py [--least GBIT_S_PER_KLUT] [--svg FILE] OUT.json NETLIST ...      NETLIST as of netlist.cards; the card with most lanes and SAs first

A block's area is that of its module and everything below it; as the hierarchy is kept, a sum of modules is what Yosys makes of the whole.
Units: lut counts LUT1 to LUT6, and the LUTs that LUT RAM and shift registers occupy; ff flip-flops; bram36 36 Kbit block RAMs (an 18 Kbit
one is half); uram UltraRAMs. projected_gbit_s_per_klut is 128 LANES bits a cycle at 250 MHz by thousand LUTs: a projection.
A row with `within` is a part of that engine or block; aes_pipe and ghash are in gcm_engine too, esp_encap_seq in esp_encap_front, sa_lookup in
esp_decap_admit. What does not depend on lanes or SAs has rows of the first card only; of a part with several sets of parameters, the largest. Fails when a cell is unknown, when one module holds so much LUT RAM or so many flip-flops
that a table must have ended there, or when a direction at full size, the most lanes and SAs, gives less
than --least.
"""
import argparse
import json
import sys

import netlist

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
CLOCK = 250e6
BY_SAS = ('sa_manager',)
DIRECTIONS = ('engine_encap', 'engine_decap')
# Parts of an engine's parts that get a row too.
PARTS = {'gcm_engine': ('aes_pipe', 'ghash'), 'esp_encap_front': ('esp_encap_seq',), 'esp_decap_admit': ('sa_lookup',)}


def own_area(name, module, modules):
    area = dict.fromkeys(COUNTED, 0)
    lut_ram = 0
    for cell in (c['type'] for c in module['cells'].values()):
        if cell in modules or cell in FREE:
            continue
        lut_ram += LUT_RAM.get(cell, 0)
        for key, table in zip(COUNTED, ({**LUT, **LUT_RAM}, FF, BRAM, URAM)):
            area[key] += table.get(cell, 0)
        if not any(cell in t for t in (LUT, LUT_RAM, FF, BRAM, URAM)):
            sys.exit(f'area: {netlist.plain(name)}: {cell} is a latch, or a cell that this script does not know')
    if lut_ram > MAX_LUT_RAM or area['ff'] > MAX_FF:
        sys.exit(f'area: {netlist.plain(name)}: {lut_ram} LUTs of LUT RAM, {area["ff"]} flip-flops: a table that should be in block RAM')
    return area


def total_area(name, modules, known):
    if name not in known:
        area = own_area(name, modules[name], modules)
        for cell in (c['type'] for c in modules[name]['cells'].values()):
            if cell in modules:
                below = total_area(cell, modules, known)
                area = {key: area[key] + below[key] for key in area}
        known[name] = area
    return known[name]


def rows_of(net, first):
    lanes, modules, tops = netlist.cards(net)
    known, rows = {}, []

    def row(module, within, lanes, sas):
        block = netlist.plain(module)
        area = total_area(module, modules, known)
        rows.append({'block': block, **({'within': within} if within else {}), 'lanes': lanes, 'sas': sas, **area})
        if block in DIRECTIONS or within in DIRECTIONS and area['lut']:
            rows[-1]['projected_gbit_s_per_klut'] = round(128 * lanes * CLOCK / 1e9 / (area['lut'] / 1000), 3)

    def parts(module, within, lanes, sas):
        block = netlist.plain(module)
        for part in netlist.blocks(module, modules):
            if netlist.plain(part) in PARTS.get(block, ()) or block == within:
                row(part, within, lanes, sas)
                parts(part, within, lanes, sas)

    for sas, card in tops:
        row(card, None, lanes, sas)
        for module in netlist.blocks(card, modules):
            block = netlist.plain(module)
            if block in DIRECTIONS:
                row(module, None, lanes, sas)
                parts(module, block, lanes, sas)
            elif first and block in BY_SAS:
                row(module, None, None, sas)
            elif first and sas == tops[0][0]:
                row(module, None, None, None)
                parts(module, block, None, None)
    largest = {}
    for r in sorted(rows, key=lambda r: r['lut']):
        largest[r['block'], r.get('within'), r['lanes'], r['sas']] = r
    return [r for r in rows if any(r is kept for kept in largest.values())]


def print_table(rows):
    print(f'{"block":<22}{"lanes":>6}{"sas":>7}' + ''.join(f'{key:>9}' for key in COUNTED) + '  projected Gbit/s per 1000 LUTs, 250 MHz')
    for row in rows:
        name = ('  ' if 'within' in row else '') + row['block']
        print(f'{name:<22}{row["lanes"] or "-":>6}{row["sas"] or "-":>7}' + ''.join(f'{row[key]:>9g}' for key in COUNTED)
              + (f'{row["projected_gbit_s_per_klut"]:>7.2f}' if row['block'] in DIRECTIONS else ''))


def draw(rows, path):
    """Stacked LUTs of a direction by block, for each number of lanes, with the most SAs there are."""
    import matplotlib
    matplotlib.use('Agg')
    import matplotlib.pyplot as plt
    sas = max(r['sas'] for r in rows if r['block'] in DIRECTIONS)
    bars = sorted({(r['block'], r['lanes']) for r in rows if r['block'] in DIRECTIONS}, key=lambda b: (b[1], b[0]))
    stacks = {}
    for i, (engine, lanes) in enumerate(bars):
        lut = {r['block']: r['lut'] for r in rows if (r['lanes'], r['sas']) == (lanes, sas) and engine in (r['block'], r.get('within'))}
        for block, inner in PARTS.items():
            lut[block] = lut.get(block, 0) - sum(lut.get(i, 0) for i in inner)
        direct = {b: n for b, n in lut.items() if b != engine}
        direct['rest'] = lut[engine] - sum(direct.values())
        for block, n in direct.items():
            stacks.setdefault(block, [0] * len(bars))[i] += n
    order = sorted(stacks, key=lambda b: (b == 'rest', -sum(stacks[b])))
    fig, ax = plt.subplots(figsize=(8, 5))
    base = [0] * len(bars)
    colors = plt.get_cmap('tab20')
    for n, block in enumerate(order):
        ax.bar(range(len(bars)), stacks[block], bottom=base, label=block, color=colors(n % 20), width=0.7)
        base = [b + s for b, s in zip(base, stacks[block])]
    for i, height in enumerate(base):
        ax.text(i, height, f'{height:,}', ha='center', va='bottom', fontsize=8)
    ax.set_xticks(range(len(bars)), [f'{d.removeprefix("engine_")}\n{l} lane{"s" if l > 1 else ""}' for d, l in bars])
    ax.set_ylabel('LUTs (Yosys, UltraScale+)')
    ax.set_title(f'Area of a direction, {sas} SAs')
    handles, labels = ax.get_legend_handles_labels()
    ax.legend(handles[::-1], labels[::-1], fontsize=7)  # in the order of the stack
    fig.tight_layout()
    fig.savefig(path)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('--least', type=float, default=0)
    parser.add_argument('--svg')
    parser.add_argument('out')
    parser.add_argument('netlists', nargs='+')
    args = parser.parse_args()
    rows = []
    for net in args.netlists:
        rows += rows_of(net, net.split(':')[0] == args.netlists[0].split(':')[0])
    with open(args.out, 'w', encoding='utf-8') as f:
        json.dump(rows, f, indent=1)
        f.write('\n')
    print_table(rows)
    if args.svg:
        draw(rows, args.svg)
    directions = [r for r in rows if r['block'] in DIRECTIONS]
    full = max(((r['lanes'], r['sas']) for r in directions), default=None)
    for row in directions:
        if (row['lanes'], row['sas']) == full and row['projected_gbit_s_per_klut'] < args.least:
            sys.exit(f'area: {row["block"]}, {row["lanes"]} lanes, {row["sas"]} SAs: {row["projected_gbit_s_per_klut"]} Gbit/s per 1000 LUTs, '
                     f'less than {args.least}')


if __name__ == '__main__':
    main()
