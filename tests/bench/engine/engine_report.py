#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the engine benches and reports: a table, engine.json and engine.svg.

    engine_report.py OUT_DIR BENCH...

BENCH is a program named engine_DIRECTION_LANES that prints JSON objects. The exit status is 1 when a bench fails, or when a size needs
more than 1.5 times the bus limit."""
import json
import os
import subprocess
import sys

FIELDS = ("direction", "lanes", "sas", "inner_bytes", "packets", "cycles_per_packet", "bus_limit", "latency_cycles", "mix")
WORST = 1.5
CLOCK_MHZ = 250


def run(bench):
    direction = os.path.basename(bench).split("_")[1]
    done = subprocess.run([bench, direction], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        print(done.stdout)
        raise SystemExit(f"{bench} failed")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def table(rows):
    print(f"Engine throughput, stream in to stream out, the SA changing with every packet (but where there is 1); at {CLOCK_MHZ} MHz in Gbit/s of inner packets\n")
    print(f"{'direction':9} {'lanes':>5} {'SAs':>4} {'inner bytes':>11} {'packets':>7} {'cycles/packet':>13} {'bus limit':>9} {'ratio':>6} {'Gbit/s':>7} {'latency':>7}")
    for row in rows:
        size = f"mix {row['inner_bytes']}" if row["mix"] else str(row["inner_bytes"])
        rate = row["inner_bytes"] * 8 * CLOCK_MHZ / row["cycles_per_packet"] / 1000
        print(f"{row['direction']:9} {row['lanes']:5} {row['sas']:4} {size:>11} {row['packets']:7} {row['cycles_per_packet']:13.3f} "
              f"{row['bus_limit']:9.3f} {row['cycles_per_packet'] / row['bus_limit']:6.3f} {rate:7.1f} {row['latency_cycles']:7}")
    print("\nlatency: cycles from the first beat in to the first beat out, of a packet alone; mix: sizes from 40 to 9000, their mean")


def plot(rows, path):
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    figure, panes = pyplot.subplots(1, 2, figsize=(10, 4), sharey=True)
    for pane, direction in zip(panes, ("encap", "decap")):
        for lanes in (4, 2, 1):
            points = [(r["inner_bytes"], r["cycles_per_packet"], r["bus_limit"]) for r in rows
                      if (r["direction"], r["lanes"], r["sas"], r["mix"]) == (direction, lanes, 64, False)]
            if not points:
                continue
            sizes, cycles, limits = zip(*points)
            line, = pane.plot(sizes, cycles, "o", label=f"{lanes} lanes")
            pane.plot(sizes, limits, "-", color=line.get_color(), linewidth=1)
        pane.set(title=direction, xlabel="inner packet, bytes", xscale="log", yscale="log")
        pane.grid(True, which="both", linewidth=0.3)
        if pane.lines:
            pane.legend()
    panes[0].set_ylabel("cycles a packet (line: bus limit)")
    figure.tight_layout()
    figure.savefig(path)


def main(out, benches):
    rows = [{field: row[field] for field in FIELDS} for bench in benches for row in run(bench)]
    os.makedirs(out, exist_ok=True)
    with open(os.path.join(out, "engine.json"), "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
    table(rows)
    plot(rows, os.path.join(out, "engine.svg"))
    return any(row["cycles_per_packet"] > WORST * row["bus_limit"] for row in rows)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
