#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares what the benches measured with the figures that are committed; a loss fails.

    check.py BUILD BASELINE.json            compare
    check.py BUILD BASELINE.json --update   write the figures measured as the new baseline

Only counts are compared: cycles, latencies in cycles, LUTs, LUT levels. They are the same in every run, so any rise is a change of the card (or, for
area and levels, of Yosys' version, which is committed too). A figure that fell is told, and the new one should be committed."""
import importlib.metadata
import json
import os
import sys

# Bench: its file, what names a row, what is compared (less is better).
BENCHES = {
    "engine": ("bench/engine.json", ("lanes", "sas", "mix", "inner_bytes", "sa_commands", "direction"),
               ("cycles_per_packet", "latency_idle", "latency_load_max", "beyond_packet_idle", "beyond_packet_load")),
    "rings": ("bench/rings.json", ("link", "direction", "inner_bytes", "mix"), ("cycles_per_packet",)),
    "area": ("synth/card-area.json", ("block", "within", "lanes", "sas"), ("lut", "ff", "bram36", "uram")),
    "classifier area": ("synth/spd-256-area.json", ("block", "within"), ("lut", "ff", "bram36", "uram")),
    "classifier levels": ("synth/spd-256-levels.json", ("block",), ("reg2reg",)),
    "levels": ("synth/card-levels.json", ("block", "lanes"), ("reg2reg",)),
}


def name_of(row, keys):
    return " ".join(f"{key}={row[key]}" for key in keys if row.get(key) not in (None, ""))


def measured(build):
    """{bench: {row name: {figure: value}}}"""
    result = {}
    for bench, (path, keys, figures) in BENCHES.items():
        with open(os.path.join(build, path), encoding="utf-8") as f:
            rows = json.load(f)
        result[bench] = {name_of(row, keys): {k: row[k] for k in figures if row.get(k) is not None} for row in rows}
        if len(result[bench]) != len(rows):
            sys.exit(f"bench-check: {path}: two rows have one name")
    result["yosys"] = "pyosys " + importlib.metadata.version("pyosys")
    return result


def compare(now, then):
    figures = worse = better = missing = added = 0
    for bench in BENCHES:
        for name, old in then[bench].items():
            new = now[bench].get(name)
            if new is None:
                print(f"{bench}: {name}: not measured any more")
                missing += 1
                continue
            for figure, value in old.items():
                figures += 1
                if figure not in new:
                    print(f"{bench}: {name}: {figure} is not measured any more")
                    missing += 1
                elif new[figure] > value:
                    print(f"{bench}: {name}: {figure} {new[figure]}, was {value}")
                    worse += 1
                elif new[figure] < value:
                    print(f"{bench}: {name}: {figure} {new[figure]}, was {value}: better; make bench-baseline")
                    better += 1
        added += len(set(now[bench]) - set(then[bench]))
    if now["yosys"] != then["yosys"]:
        print(f"areas were measured with {then['yosys']}, this is {now['yosys']}")
    print(f"bench-check: {figures} figures compared, {worse} worse, {better} better, {missing} missing, {added} rows without a baseline")
    return worse or missing


def main(build, path, update):
    now = measured(build)
    if update:
        with open(path, "w", encoding="utf-8") as f:
            json.dump(now, f, indent=1)
            f.write("\n")
        print(f"bench-check: {path} written")
        return 0
    with open(path, encoding="utf-8") as f:
        return 1 if compare(now, json.load(f)) else 0


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4) or sys.argv[3:] not in ([], ["--update"]):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2], len(sys.argv) == 4))
