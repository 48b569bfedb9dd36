# SPDX-License-Identifier: Apache-2.0
"""Merges modules that are alike. Yosys' reader of SystemVerilog, slang, makes a module of each instance, named MODULE$PATH; a netlist of the card
has its S-box some 3000 times. What differs in nothing but names that Yosys made, and in where it stands, is kept once."""
import hashlib
import re

MADE_NAME = re.compile(r'\$[^\s"]+')        # $auto$proc_rom.cc:154:do_switch$1
CELL = re.compile(r'^  cell (\S+) ', re.M)
WHERE = re.compile(r'^ *attribute \\(?:src|hdlname) .*\n', re.M)


def shape(text):
    """A hash of what a module does: its RTLIL without sources, Yosys' own names numbered as they come."""
    numbers = {}

    def plain(line):
        if not line.startswith('  cell '):
            return MADE_NAME.sub(lambda name: f'${numbers.setdefault(name[0], len(numbers))}', line)
        word, kind, name = line.split()
        return f'{word} {kind} {plain(name)}'

    body = WHERE.sub('', text).split('\n', 1)[1]
    return hashlib.sha256('\n'.join(plain(line) for line in body.split('\n')).encode()).digest()


def merge(rtlil):
    """The text of a design as write_rtlil makes it, each kind of module once: \\MODULE, or \\MODULE$NUMBER where parameters make several."""
    head, *parts = re.split(r'^((?:attribute .*\n)*module \S+\n)', rtlil, flags=re.M)
    modules = {begin.split()[-1]: begin + body for begin, body in zip(parts[::2], parts[1::2])}
    merged, known, counts, kept = {}, {}, {}, []

    def visit(name):
        if name in merged or name not in modules:
            return merged.get(name, name)
        text = CELL.sub(lambda cell: f'  cell {visit(cell[1])} ', modules[name])
        begin, body = re.match(r'((?:attribute .*\n)*)module \S+\n((?:.*\n)*)', text).groups()
        base = name.split('$')[0]
        key = base, shape('\n' + begin + body)
        if key not in known:
            number = counts[base] = counts.get(base, 0) + 1
            known[key] = base if number == 1 else f'{base}${number}'
            kept.append(f'{begin}module {known[key]}\n{body}')
        merged[name] = known[key]
        return merged[name]

    for name in modules:
        visit(name)
    return head + ''.join(kept)
