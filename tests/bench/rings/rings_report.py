#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the rings bench and reports: a table, OUT_DIR/NAME.json and NAME.svg.

    rings_report.py OUT_DIR NAME BENCH COMPLETIONS

COMPLETIONS: that the hard block's buffer holds; BENCH is built for as many.

BENCH prints JSON objects, a row each, and ends badly when a packet was wrong. Cycles are counted, not timed: every run gives the same figures.
The bound is the busiest of link up, link down, RQ and RC (pcie_bound.h); the share of the bound is bound / measured."""
import json
import os
import subprocess
import sys

CLOCK_MHZ = 250
WAYS = {"up": "link up", "down": "link down", "rq": "RQ", "rc": "RC"}
NAMES = {"encap": "encapsulation", "decap": "decapsulation", "both": "both at once"}


def run(bench, completions):
    done = subprocess.run([bench, completions], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        print(done.stdout)
        raise SystemExit(f"{bench} failed")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def table(rows, completions):
    print("Through the rings: host memory to card to host memory, 64 SAs, another with every packet; 1 us read latency, MPS 256, MRRS 512,"
          f" {completions} completions in the block\n")
    print("link     direction       inner    cycles a   bound   set by     share of   share of    inner bytes   Mpackets/s*")
    print("                         bytes    packet                        the bound  the link's  a cycle")
    for row in rows:
        print(f"{row['link']}  {NAMES[row['direction']]:<14} {row['mix'] or row['inner_bytes']:>6} {row['cycles_per_packet']:10.2f} {row['bound']:8.2f}"
              f"   {WAYS[row['bound_by']]:<9} {row['of_bound']:8.1%} {row['of_link_bound']:10.1%} {row['inner_bytes_per_cycle']:12.2f}"
              f" {CLOCK_MHZ / row['cycles_per_packet']:13.1f}")
    worst = min(rows, key=lambda row: row["of_bound"])
    print(f"\n* projection at {CLOCK_MHZ} MHz, the block's user clock. imix: 7 x 40, 4 x 576, 1 x 1500 bytes. Packets: "
          f"{sum(row['packets'] for row in rows)}, each compared byte for byte with OpenSSL's.")
    print(f"smallest share of the bound: {worst['of_bound']:.1%} ({worst['link']}, {NAMES[worst['direction']]}, {worst['mix'] or worst['inner_bytes']} bytes)")


def plot(rows, path):
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    links = sorted({row["link"] for row in rows})
    figure, panes = pyplot.subplots(1, len(links), figsize=(11, 4.5), sharey=True)
    for pane, link in zip(panes, links):
        for direction, colour in zip(NAMES, ("tab:blue", "tab:orange", "tab:green")):
            some = sorted((r for r in rows if r["link"] == link and r["direction"] == direction and not r["mix"]), key=lambda r: r["inner_bytes"])
            sizes = [r["inner_bytes"] for r in some]
            pane.plot(sizes, [r["inner_bytes"] / r["bound"] for r in some], "-", color=colour, linewidth=1, label=f"{NAMES[direction]}: bound")
            pane.plot(sizes, [r["inner_bytes_per_cycle"] for r in some], "o", color=colour, fillstyle="none", label="measured")
        pane.set(title=link, xlabel="inner packet, bytes", ylabel="inner bytes a cycle", xscale="log", ylim=(0, 64))
        pane.set_xticks(sizes, [str(size) for size in sizes], fontsize=7)
        pane.minorticks_off()
        pane.grid(True, linewidth=0.3)
        pane.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path)


def main(out_dir, name, bench, completions):
    rows = run(bench, completions)
    os.makedirs(out_dir, exist_ok=True)
    with open(os.path.join(out_dir, f"{name}.json"), "w", encoding="utf-8") as out:
        json.dump(rows, out, indent=1)
        out.write("\n")
    table(rows, completions)
    plot(rows, os.path.join(out_dir, f"{name}.svg"))


if __name__ == "__main__":
    if len(sys.argv) != 5:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
