#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the engine benches and reports: a table, engine.json, engine.svg (throughput) and latency.svg.

    engine_report.py OUT_DIR BENCH...

BENCH prints JSON objects, a row each. The exit status is 1 when a row is more than 2 % off the bus limit, a packet was late or wrong, or a
latency at idle is above its aim. Cycles are counted, not timed: every run gives the same figures."""
import concurrent.futures
import json
import os
import subprocess
import sys

TOLERANCE = 0.02
AIM = {"encap": 64, "decap": 80}  # encapsulation: first beat in to first beat out; decapsulation: beyond the packet's own beats
SAS = (1, 64, 4096)
CLOCK_MHZ = 250
COLOURS = {4: "tab:blue", 2: "tab:orange", 1: "tab:green"}


def run(bench):
    done = subprocess.run([bench], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        print(done.stdout)
        raise SystemExit(f"{bench} failed")
    return [json.loads(line) for line in done.stdout.splitlines()]


def faults(row):
    what = []
    if abs(row["ratio"] - 1) > TOLERANCE:
        what.append(f"{row['cycles_per_packet']} cycles a packet, limit {row['bus_limit']}")
    own = "latency_idle" if row["direction"] == "encap" else "beyond_packet_idle"
    if row[own] > AIM[row["direction"]] or row["late"]:
        what.append(f"{row['late']} packets late (aim {AIM[row['direction']]}), {row[own]} cycles at idle, up to {row['latency_load_max']} under load")
    if row["wrong"]:
        what.append(f"{row['wrong']} beats or packets wrong")
    return what


def size_of(row):
    return row["mix"] or str(round(row["inner_bytes"]))


def group(rows):
    """Rows of one width and size, over all numbers of SAs."""
    groups = {}
    for row in rows:
        groups.setdefault((row["lanes"], size_of(row)), []).append(row)
    return groups


def span(values):
    low, high = min(values), max(values)
    return str(low) if low == high else f"{low} to {high}"


def table(rows):
    print("Both engines at once on one SA manager, stream in to stream out, another SA with every packet (where there are several)\n")
    print("                       cycles a packet, worst of 1, 64, 4096 SAs    encapsulation, first beat   decapsulation: packet's beats")
    print("lanes  inner    limit   encap   decap  with SA commands  Gbit/s*    in to out: idle  load        plus: idle      load")
    for (lanes, size), some in sorted(group(rows).items(), key=lambda item: (-item[0][0], item[1][0]["mix"], item[1][0]["inner_bytes"])):
        enc = [row for row in some if row["direction"] == "encap"]
        dec = [row for row in some if row["direction"] == "decap"]
        busy = [row["cycles_per_packet"] for row in some if row["sa_commands"]]
        worst = max(row["cycles_per_packet"] for row in some)
        print(f"{lanes:5}  {size:>5} {some[0]['bus_limit']:8.3f} {max(r['cycles_per_packet'] for r in enc):7.3f} {max(r['cycles_per_packet'] for r in dec):7.3f}"
              f" {f'{max(busy):.3f}' if busy else '':>17} {some[0]['inner_bytes'] * 8 * CLOCK_MHZ / worst / 1000:8.1f}"
              f" {max(r['latency_idle'] for r in enc):18} {span([r['latency_load_min'] for r in enc] + [r['latency_load_max'] for r in enc]):>10}"
              f" {max(r['beyond_packet_idle'] for r in dec):20} {max(r['beyond_packet_load'] for r in dec):9}")
    print(f"\n* projection: inner packets in each direction at {CLOCK_MHZ} MHz")
    print("imix: 7 x 40, 4 x 576, 1 x 1500 bytes; jumbo: from 40 to 9000. Packets leave in order: in these a short one also waits while a longer one in")
    print("front of it, which left in time, goes out; at full load that may be longer than the aim of 80 cycles.")
    ratio = max(rows, key=lambda row: row["ratio"])
    print(f"worst ratio to the bus limit: {ratio['ratio']:.4f} ({ratio['direction']}, {ratio['lanes']} lanes, {ratio['sas']} SAs, {size_of(ratio)} bytes)")
    print(f"packets: {sum(row['verified'] for row in rows)}, each compared byte for byte with OpenSSL's; SA commands during the flood: "
          f"{sum(row['sa_commands'] for row in rows) // 2}")


def panes(rows, path, draw, ylabels, aims=False, **axes):
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    figure, both = pyplot.subplots(1, 2, figsize=(11, 4.5), sharey=True)
    sizes = sorted({row["inner_bytes"] for row in rows if not row["mix"] and row["sas"] == SAS[-1]})
    for pane, direction, title, ylabel in zip(both, AIM, ("encapsulation", "decapsulation"), ylabels):
        for lanes, colour in COLOURS.items():
            draw(pane, [r for r in rows if r["direction"] == direction and r["lanes"] == lanes and not r["mix"] and not r["sa_commands"]], lanes, colour)
        pane.set(title=title, xlabel="inner packet, bytes", ylabel=ylabel, xscale="log", **axes)
        pane.set_xticks(sizes, [str(round(size)) for size in sizes], fontsize=7)
        pane.minorticks_off()
        pane.grid(True, linewidth=0.3)
        if aims:
            pane.axhline(AIM[direction], color="black", linestyle=":", linewidth=1, label="aim")
        pane.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path)


def draw_rate(pane, rows, lanes, colour):
    limit = sorted({(r["inner_bytes"], r["bus_limit"]) for r in rows})
    pane.plot(*zip(*limit), "-", color=colour, linewidth=1, label=f"LANES = {lanes}: bus limit")
    for sas, marker in zip(SAS, ("o", "+", "x")):
        points = sorted((r["inner_bytes"], r["cycles_per_packet"]) for r in rows if r["sas"] == sas)
        pane.plot(*zip(*points), marker, color=colour, fillstyle="none", label=f"{sas} SA{'s' if sas > 1 else ''}")


def draw_latency(pane, rows, lanes, colour):
    """Encapsulation: first beat in to first beat out. Decapsulation: less the packet's own beats, which are its bus limit."""
    rows = sorted((r for r in rows if r["sas"] == SAS[-1]), key=lambda r: r["inner_bytes"])
    sizes = [r["inner_bytes"] for r in rows]
    own = [0 if r["direction"] == "encap" else r["bus_limit"] for r in rows]

    def less_own(name):
        return [row[name] - beats for row, beats in zip(rows, own)]

    pane.plot(sizes, less_own("latency_idle"), "--", color=colour, linewidth=1, label=f"LANES = {lanes}: idle")
    pane.fill_between(sizes, less_own("latency_load_min"), less_own("latency_load_max"), color=colour, alpha=0.2)
    pane.plot(sizes, less_own("latency_load_mean"), "o-", color=colour, markersize=3, linewidth=1, label="full load: mean, min to max")


def main(out, benches):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        rows = [row for some in pool.map(run, benches) for row in some]
    os.makedirs(out, exist_ok=True)
    with open(os.path.join(out, "engine.json"), "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
    table(rows)
    panes(rows, os.path.join(out, "engine.svg"), draw_rate, ("cycles a packet", None), yscale="log")
    panes(rows, os.path.join(out, "latency.svg"), draw_latency,
          ("first beat in to first beat out, cycles", "the same less the packet's beats"), aims=True, ylim=(0, 90))
    bad = [(row, what) for row in rows for what in faults(row)]
    for row, what in bad:
        print(f"FAILED: {row['direction']}, {row['lanes']} lanes, {row['sas']} SAs, {size_of(row)} bytes: {what}")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
