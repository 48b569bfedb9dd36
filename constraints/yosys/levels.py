#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Longest paths, in LUT levels, of the card and every block, from the mapped netlists, into a JSON file and a table.

levels.py [--most LEVELS] OUT.json NETLIST ...      NETLIST as of netlist.cards

Each block is flattened with all that is below it. Four figures a block, each with the names of start and end:
  reg2reg  between registers of the block      in2reg   from an input of the block to a register
  reg2out  from a register to an output        in2out   through the block without a register
The card's reg2reg has the paths across all blocks, the engines' those across theirs. What counts: a LUT or inverter 1; MUXF7, MUXF8 0 (they share the slice of their
LUTs); a carry chain 1 at its entry, however long (65 bits at most here); a read of LUT RAM 1; a block RAM or UltraRAM without its output
register starts a path at 2, as its clock-to-output takes about the time of two levels; every other register starts at 0. Data, enable and
reset inputs of registers and memories end paths. Wires are not counted: these are levels, not nanoseconds.
A block with several sets of parameters has one row, its worst. Fails if a reg2reg path exceeds
--most, and on a loop of combinational cells.
"""
import argparse
import json
import re
import sys

import netlist

KINDS = ('reg2reg', 'in2reg', 'reg2out', 'in2out')
RAM_START = 2
CLOCKS = {'C', 'CLK', 'WCLK', 'CLKARDCLK', 'CLKBWRCLK'}
CELLS = (('lut', r'LUT\d|INV$'), ('mux', r'MUXF\d'), ('carry', r'CARRY'), ('ff', r'FD[RSCP]E$'), ('srl', r'SRL'),
         ('lutram', r'RAM\d+[MX]'), ('ram', r'RAMB|URAM'))
COST = {'lut': 1, 'mux': 0, 'carry': 1, 'srl': 1, 'lutram': 1}
# A read address is no end: it leads to the output. The last letter of RAM32M (D) and RAM64M8 (H) is the write address.
READ_ADDRESS = {'lutram': r'ADDR[A-CE-G]|DPRA', 'srl': r'A'}


def kind_of(cell):
    for kind, pattern in CELLS:
        if re.match(pattern, cell):
            return kind
    sys.exit(f'levels: cell {cell} is not known')


def ram_registered(cell):
    return any(cell['parameters'].get(p, '0').strip('0') in ('1', 'TRUE') for p in ('DOA_REG', 'DOB_REG', 'OREG_A', 'OREG_B'))


def arcs_of(kind, outs, ins):
    """(input bits, output bit) of the combinational paths through a cell."""
    if kind in ('lut', 'mux'):
        sources = [b for bits in ins.values() for b in bits]
        return [(sources, bit) for bits in outs.values() for bit in bits]
    if kind == 'carry':
        arcs = []
        for i, s in enumerate(ins['S']):
            below = ins['S'][:i] + ins['DI'][:i] + ins.get('CYINIT', []) + ins.get('CI', []) + [s]
            arcs += [(below, outs['O'][i])] if 'O' in outs else []
            arcs += [(below + [ins['DI'][i]], outs['CO'][i])] if 'CO' in outs else []
        return arcs
    arcs = []
    for port, bits in outs.items():
        address = 'A' if kind == 'srl' or port == 'SPO' else 'DPRA' if port == 'DPO' else 'ADDR' + port[-1]
        sources = [b for p, v in ins.items() if re.fullmatch(address + r'\d*', p) for b in v]
        arcs += [(sources, bit) for bit in bits]
    return arcs


class Flat:
    """A module with everything below it. Nets are numbers."""

    def __init__(self, modules, top):
        self.modules = modules
        self.count = 0
        self.names = {}
        self.drivers = {}  # net: (input nets, kind of the cell), combinational
        self.starts = {}   # net: level at which a register's output starts
        self.ends = []     # (net, output of the register, cell and port)
        self.inputs, self.outputs = {}, []
        nets = {}
        for port, info in modules[top]['ports'].items():
            for i, bit in enumerate(info['bits']):
                if isinstance(bit, int):
                    net = nets.setdefault(bit, self.new())
                    if info['direction'] == 'input':
                        self.inputs[net] = f'{port}[{i}]'
                    else:
                        self.outputs.append((net, f'{port}[{i}]'))
        self.add(top, '', nets)

    def new(self):
        self.count += 1
        return self.count

    def add(self, module, path, nets):
        for name, wire in self.modules[module]['netnames'].items():
            for i, bit in enumerate(wire['bits']):
                if isinstance(bit, int) and not wire.get('hide_name'):
                    self.names.setdefault(nets.setdefault(bit, self.new()), path + name + (f'[{i}]' if len(wire['bits']) > 1 else ''))
        for name, cell in self.modules[module]['cells'].items():
            bits = {port: [nets.setdefault(b, self.new()) if isinstance(b, int) else None for b in connection]
                    for port, connection in cell['connections'].items()}
            if cell['type'] in self.modules:
                inner = {bit: outer for port, info in self.modules[cell['type']]['ports'].items()
                         for outer, bit in zip(bits.get(port, []), info['bits']) if isinstance(bit, int) and outer is not None}
                self.add(cell['type'], f'{path}{name}.', inner)
            else:
                self.leaf(path + name, cell, bits)

    def leaf(self, path, cell, bits):
        kind = kind_of(cell['type'])
        ins = {p: b for p, b in bits.items() if cell['port_directions'][p] == 'input' and p not in CLOCKS}
        outs = {p: b for p, b in bits.items() if cell['port_directions'][p] == 'output'}
        out_nets = [b for v in outs.values() for b in v if b is not None]
        for net in out_nets:
            self.names.setdefault(net, path)
        if kind in COST:
            for sources, bit in arcs_of(kind, outs, ins):
                if bit is not None:
                    self.drivers[bit] = ([s for s in sources if s is not None], kind)
        if kind in ('ff', 'ram'):
            self.starts.update(dict.fromkeys(out_nets, RAM_START if kind == 'ram' and not ram_registered(cell) else 0))
        if kind in ('ff', 'ram', 'srl', 'lutram'):
            for port, sources in ins.items():
                if kind not in READ_ADDRESS or not re.match(READ_ADDRESS[kind], port):
                    self.ends += [(net, out_nets[0] if out_nets else None, f'{cell["type"]} {port}') for net in sources if net is not None]

    def name(self, net):
        return self.inputs.get(net) or self.names.get(net, '?')


def order(flat):
    """The nets that cells drive, each behind those it depends on. Ends the program if one depends on itself."""
    done, result = set(), []
    for root in flat.drivers:
        stack = [] if root in done else [(root, iter(flat.drivers[root][0]))]
        busy = {root}
        while stack:
            net, rest = stack[-1]
            for source in rest:
                if source in busy:
                    sys.exit(f'levels: a loop of combinational cells through {flat.name(source)}')
                if source in flat.drivers and source not in done:
                    busy.add(source)
                    stack.append((source, iter(flat.drivers[source][0])))
                    break
            else:
                stack.pop()
                done.add(net)
                busy.discard(net)
                result.append(net)
    return result


def longest(flat, sequence, starts, memories):
    """{net: level}, {net: the net before it on its longest path}; with memories, what LUT RAM holds starts paths too."""
    level, before = dict(starts), {}
    for net in sequence:
        sources, kind = flat.drivers[net]
        if memories and kind in ('lutram', 'srl'):
            level[net] = COST[kind]
        for source in sources:
            if source in level:
                inside = kind == 'carry' and source in flat.drivers and flat.drivers[source][1] == 'carry'
                total = level[source] + (0 if inside else COST[kind])
                if total > level.get(net, -1):
                    level[net], before[net] = total, source
    return level, before


def trace(net, before):
    while net in before:
        net = before[net]
    return net


def measure(modules, top):
    flat = Flat(modules, top)
    sequence = order(flat)
    row = {}
    outputs = [(net, net, port) for net, port in flat.outputs]
    for starts, memories, kinds in ((flat.starts, True, ('reg2reg', 'reg2out')), (dict.fromkeys(flat.inputs, 0), False, ('in2reg', 'in2out'))):
        level, before = longest(flat, sequence, starts, memories)
        for kind, ends in zip(kinds, (flat.ends, outputs)):
            reached = [(level[net], net, out, what) for net, out, what in ends if net in level]
            row[kind] = None
            if reached:
                row[kind], net, out, what = max(reached, key=lambda r: r[0])
                row[kind + '_from'] = flat.name(trace(net, before))
                row[kind + '_to'] = what if ends is outputs else f'{flat.name(out)} ({what})'
    return row


def rows_of(net):
    """The worst of each block outside rtl/lib, with the most SAs there are."""
    lanes, modules, tops = netlist.cards(net)
    worst = {}
    names = {tops[0][1]}
    todo = list(names)
    while todo:
        below = set(netlist.blocks(todo.pop(), modules)) - names
        names |= below
        todo += below
    for name in sorted(names):
        row = measure(modules, name)
        key = netlist.plain(name)
        if key not in worst or (row['reg2reg'] or 0) > (worst[key]['reg2reg'] or 0):
            worst[key] = {'block': key, 'folder': netlist.source(modules[name]).rsplit('/', 1)[0], 'lanes': lanes, **row}
    return sorted(worst.values(), key=lambda r: (r['folder'], r['block']))


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('--most', type=int, default=0)
    parser.add_argument('out')
    parser.add_argument('netlists', nargs='+')
    args = parser.parse_args()
    rows = []
    for net in args.netlists:
        rows += rows_of(net)
    with open(args.out, 'w', encoding='utf-8') as f:
        json.dump(rows, f, indent=1)
        f.write('\n')
    print(f'{"block":<18}{"lanes":>6}' + ''.join(f'{k:>9}' for k in KINDS) + '  longest between registers')
    for row in rows:
        print(f'{row["block"]:<18}{row["lanes"] or "-":>6}' + ''.join(f'{"-" if row[k] is None else row[k]:>9}' for k in KINDS)
              + (f'  {row["reg2reg_from"]} -> {row["reg2reg_to"]}' if row['reg2reg'] is not None else ''))
    over = [r for r in rows if args.most and (r['reg2reg'] or 0) > args.most]
    if over:
        sys.exit('levels: more than ' + str(args.most) + ': ' + ', '.join(f'{r["block"]} ({r["lanes"]} lanes) {r["reg2reg"]}' for r in over))


if __name__ == '__main__':
    main()
