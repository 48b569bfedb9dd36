# SPDX-License-Identifier: Apache-2.0
"""Makes a counterexample readable: the free inputs in each cycle, and what registers and memories begin with where it is not zero."""
import json


def readable(aiw, ywmap):
    """Lines of text for ABC's counterexample AIW, whose inputs the map YWMAP names."""
    names = {}
    described = json.load(open(ywmap))
    for kind in ("inputs", "seqs", "inits"):
        for entry in described[kind]:
            names[entry["input"]] = (kind, ".".join(part.strip("\\") for part in entry["path"]), entry["offset"])
    cycles = [line for line in open(aiw).read().split() if len(line) == described["input_count"]]
    values = {}
    for cycle, line in enumerate(cycles):
        for index, bit in enumerate(line):
            if index in names:
                kind, name, offset = names[index]
                row = values.setdefault((kind, name), [0] * len(cycles))
                row[cycle] |= int(bit == "1") << offset
    lines = [f"begins  {name} = {row[0]:x}" for (kind, name), row in sorted(values.items()) if kind == "inits" and row[0]]
    return lines + [f"{name}: " + " ".join(f"{v:x}" for v in row) for (kind, name), row in sorted(values.items()) if kind == "inputs"]
