#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Generate the card's constants, the C header and the documentation from the SystemRDL register map.

usage: gen_regs.py MAP.rdl OUT.sv OUT.h OUT.md
Needs the systemrdl-compiler package (a parser of SystemRDL 2.0). A bad map ends in its message and a nonzero exit status.
"""
import sys

from systemrdl import RDLCompileError, RDLCompiler
from systemrdl.node import AddressableNode, RegfileNode, RegNode

NOTE = "Generated from rtl/csr/espalier.rdl by `make regs`. Do not edit."
ENUMS = {"status": 8, "opcode": 8, "sa_op": 8, "sa_result": 8, "key_size": 2}  # name: bits of the enum in the card


def registers(node, names=()):
    """Yield (names, node) for every register below node; an array is visited once, as its first element."""
    for child in node.children(unroll=False):
        if not isinstance(child, AddressableNode):
            continue
        path = names + (child.inst_name,)
        if isinstance(child, RegNode):
            yield path, child
        elif isinstance(child, RegfileNode):
            yield from registers(child, path)


def first_address(node):
    """Byte offset of a register in BAR 0, with index 0 in every array above it."""
    offset = 0
    while node.parent is not None and isinstance(node, AddressableNode):
        offset += node.raw_address_offset
        node = node.parent
    return offset


def arrays(node):
    """(count, stride) of the register or of the regfile around it; None outside of arrays."""
    while isinstance(node, AddressableNode):
        if node.is_array:
            return node.array_dimensions[0], node.array_stride
        node = node.parent
    return None


def ident(path, *more):
    return "_".join(path + more).upper()


def constants(top):
    """The list of (name, value, width, comment) that both languages define.

    A register has its offset; an array its count and stride, after its first register; a field narrower than its register its lowest
    bit and width; a field with a reset value other than 0 that value.
    """
    out, seen = [], set()
    for path, reg in registers(top):
        out.append((ident(path), first_address(reg), 16, reg.get_property("name")))
        dim = arrays(reg)
        array = path[0].upper()
        if dim and array not in seen:
            seen.add(array)
            out.append((array + "_COUNT_MAX", dim[0], 16, "elements in the map"))
            out.append((array + "_STRIDE", dim[1], 16, "bytes from one element to the next"))
        for field in reg.fields():
            whole = field.width == reg.get_property("regwidth")
            name = path if whole else path + (field.inst_name,)
            if not whole:
                out.append((ident(name, "lsb"), field.lsb, 5, ""))
                out.append((ident(name, "width"), field.width, 6, field.get_property("desc") or ""))
            reset = field.get_property("reset")
            if reset:
                out.append((ident(name, "reset"), reset, field.width, "reset value"))
    return out


def emit_sv(top, enums, f):
    f.write(f"// SPDX-License-Identifier: Apache-2.0\n// {NOTE}\n`default_nettype none\n\npackage espalier_regs_pkg;\n")
    for name, members in enums:
        width = ENUMS[name]
        f.write(f"\n  typedef enum logic [{width - 1}:0] {{\n")
        f.write(",\n".join(f"    {name.upper()}_{m.name} = {width}'d{m.value}" for m in members))
        f.write(f"\n  }} {name}_e;\n")
    f.write("\n")
    for name, value, width, comment in constants(top):
        tail = f"  // {comment}" if comment else ""
        f.write(f"  localparam logic [{width - 1}:0] REG_{name} = {width}'h{value:x};{tail}\n")
    f.write("\nendpackage\n\n`default_nettype wire\n")


def emit_c(top, enums, f):
    f.write(f"/* SPDX-License-Identifier: Apache-2.0 */\n/* {NOTE} */\n#ifndef ESPALIER_REGS_H\n#define ESPALIER_REGS_H\n")
    for name, members in enums:
        f.write(f"\nenum esp_{name} {{\n")
        for m in members:
            f.write(f"\tESP_{name.upper()}_{m.name} = {m.value}, /* {m.rdl_desc} */\n")
        f.write("};\n")
        f.write(f"#define ESP_{name.upper()}_NAMES \\\n\t{{ " + ", ".join(f'[{m.value}] = "{m.name.lower()}"' for m in members) + " }\n")
    f.write("\n")
    for name, value, _, comment in constants(top):
        tail = f" /* {comment} */" if comment else ""
        f.write(f"#define ESP_REG_{name} 0x{value:x}u{tail}\n")
    f.write("\n#endif\n")


def emit_md(top, enums, f):
    f.write(f"# Registers\n\n{NOTE}\n\nBAR 0, 64 KiB, little endian; registers are 32 bits wide and take 32-bit accesses (64-bit accesses are\n"
            "split by the card). `R` read-only, `RW` read and write, `W` write-only (reads as 0).\n")
    f.write("\n| offset | register | bits | field | access | meaning |\n|---|---|---|---|---|---|\n")
    for path, reg in registers(top):
        dim = arrays(reg)
        where = f"0x{first_address(reg):04X}" + (f" + {dim[1]} i, i < {dim[0]}" if dim else "")
        for field in reg.fields():
            access = {"r": "R", "w": "W", "rw": "RW"}[field.get_property("sw").name]
            text = field.get_property("desc") or ""
            f.write(f"| {where} | {'.'.join(path)}: {reg.get_property('name')} | {field.msb}:{field.lsb} | "
                    f"{field.inst_name} | {access} | {text} |\n")
    for name, members in enums:
        f.write(f"\n## {name}\n\n| value | name | meaning |\n|---|---|---|\n")
        for m in members:
            f.write(f"| {m.value} | {m.name} | {m.rdl_desc} |\n")


def main(argv):
    if len(argv) != 5:
        sys.exit(__doc__)
    rdl = RDLCompiler()
    try:
        rdl.compile_file(argv[1])
        top = rdl.elaborate().top
    except RDLCompileError:
        return 1
    enums = [(n, list(rdl.namespace.lookup_type(n))) for n in ENUMS]
    for path, emit in zip(argv[2:], (emit_sv, emit_c, emit_md)):
        with open(path, "w", encoding="ascii") as f:
            emit(top, enums, f)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
