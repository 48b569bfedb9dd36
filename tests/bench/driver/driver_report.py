#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the driver itself costs: a packet on a card that answers at once, beside DPDK's crypto_null; an SA on several devices.

    driver_report.py OUT_DIR BENCH_DRIVER

Writes driver.json and driver.svg, prints tables. Rounds of both take turns and the best of each counts. Instructions are counted by callgrind:
the difference between two runs, so they are exact. What is not installed is left out and said."""
import json
import os
import shutil
import subprocess
import sys

BURSTS = (1, 8, 32)
DEPTHS = (256, 2048)
ROUNDS = 6
CLOCK_MHZ = 250
COUNTED = 4096  # packets of the shorter counted run: twice the queue's depth
DPDK = "dpdk-test-crypto-perf"
# DPDK's test of the same pattern: its name, and the columns that add up to a packet's cycles.
DPDK_TESTS = {"built": ("throughput", ("Cycles/Buf",)), "filled": ("pmd-cyclecount", ("Cycles/Enq", "Cycles/Deq"))}
PATTERNS = {"ready": "submit and poll, operations ready", "built": "write operations, submit, poll", "filled": "fill the queue, then empty it"}


def run(command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def rows_of(bench, *arguments):
    """JSON rows of a run on the last core."""
    done = run([bench, *arguments], preexec_fn=lambda: os.sched_setaffinity(0, {max(os.sched_getaffinity(0))}))
    if done.returncode:
        raise SystemExit(f"{bench} {' '.join(arguments)}: {done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def dpdk_command(test, depth):
    cores = sorted(os.sched_getaffinity(0))[:2]  # the first controls, the second works
    return [DPDK, "-l", ",".join(map(str, cores)), "--no-huge", "-m", "512", "--no-pci", "--no-telemetry", "--no-shconf", "--log-level", "4",
            "--vdev", "crypto_null0", "--", "--ptest", test, "--devtype", "crypto_null", "--optype", "cipher-only", "--cipher-algo", "null",
            "--cipher-op", "encrypt", "--cipher-key-sz", "0", "--cipher-iv-sz", "0", "--burst-sz", ",".join(map(str, BURSTS)),
            "--buffer-sz", "64", "--desc-nb", str(depth), "--total-ops", "2000000", "--silent", "--csv-friendly"]


def dpdk_round(pattern, depth):
    """{burst: (cycles, parts)} of one run, or None."""
    test, columns = DPDK_TESTS[pattern]
    done = run(dpdk_command(test, depth))
    names, found = [], {}
    for line in done.stdout.splitlines():
        fields = [field.strip() for field in line.lstrip("# ").split(",")]
        if "Burst Size" in fields:
            names = fields
        elif names and len(fields) == len(names):
            row = dict(zip(names, fields))
            parts = tuple(float(row[column]) for column in columns)
            found[int(row["Burst Size"])] = (sum(parts), parts)
    return found or None


def keep_best(best, key, value):
    best[key] = min(best.get(key, value), value)


def measure(bench):
    """({(pattern, burst, depth): row of the best round}, {(pattern, burst, depth): (cycles, parts)} of DPDK)"""
    ours, dpdk = {}, {}
    for _ in range(ROUNDS):
        for row in rows_of(bench, "rings"):
            key = row["pattern"], row["burst"], row["depth"]
            if key not in ours or row["tsc_cycles"] < ours[key]["tsc_cycles"]:
                ours[key] = row
        for pattern in DPDK_TESTS:
            for depth in DEPTHS:
                for burst, value in ((shutil.which(DPDK) and dpdk_round(pattern, depth)) or {}).items():
                    keep_best(dpdk, (pattern, burst, depth), value)
    return ours, dpdk


def instructions(bench, pattern, burst):
    """A packet's, or None."""
    if not shutil.which("valgrind"):
        return None
    totals = []
    for packets in (COUNTED, 2 * COUNTED):
        done = run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", bench, "count", pattern, str(burst), str(packets)])
        found = [line.split()[-1] for line in done.stderr.splitlines() if "Collected" in line]
        if done.returncode or not found:
            return None
        totals.append(int(found[0]))
    return (totals[1] - totals[0]) / COUNTED


def minus(a, b):
    return None if a is None or b is None else round(a - b, 2)


def packet_rows(bench):
    ours, dpdk = measure(bench)
    counts = {(pattern, burst): instructions(bench, pattern, burst) for pattern, burst in sorted({key[:2] for key in ours})}
    rows = []
    for (pattern, burst, depth), row in ours.items():
        if pattern == "device":
            continue
        device, device_count = ours["device", burst, depth]["tsc_cycles"], counts["device", burst]
        rows.append({"bench": "packet", "what": "espalier", "pattern": pattern, "burst": burst, "depth": depth, "tsc_mhz": row["tsc_mhz"],
                     "tsc_cycles": row["tsc_cycles"], "submit_tsc_cycles": row["submit_tsc_cycles"], "poll_tsc_cycles": row["poll_tsc_cycles"],
                     "null_card_tsc_cycles": device, "driver_tsc_cycles": minus(row["tsc_cycles"], device),
                     "ns": round(row["tsc_cycles"] / row["tsc_mhz"] * 1000, 2), "instructions": counts[pattern, burst],
                     "null_card_instructions": device_count, "driver_instructions": minus(counts[pattern, burst], device_count)})
        if (pattern, burst, depth) in dpdk:
            cycles, parts = dpdk[pattern, burst, depth]
            split = {"submit_tsc_cycles": parts[0], "poll_tsc_cycles": parts[1]} if len(parts) == 2 else {}
            rows.append({"bench": "packet", "what": "dpdk crypto_null", "pattern": pattern, "burst": burst, "depth": depth,
                         "tsc_mhz": row["tsc_mhz"], "tsc_cycles": round(cycles, 2), **split, "ns": round(cycles / row["tsc_mhz"] * 1000, 2)})
    return rows


def sa_rows(bench):
    rows = []
    for device in ("null", "software", "sim"):
        for row in rows_of(bench, "sas", device):
            if "card_cycles" in row:
                row["projected_us_250mhz"] = round(row["card_cycles"] / CLOCK_MHZ, 3)
            rows.append({"bench": "sa", **row})
    return rows


def number(value, digits=1):
    return "-" if value is None else f"{value:.{digits}f}"


def packet_table(rows):
    print(f"Driver, one core: TSC cycles a packet ({rows[0]['tsc_mhz']:.0f} MHz), best of {ROUNDS} rounds. The null card completes at once in the same "
          "thread;\nits share is measured alone. Instructions by callgrind (hardware counters are not used).\n")
    print(f"{'queue':>5} {'pattern':8} {'burst':>5} {'cycles':>7} {'null card':>9} {'driver':>7} {'ns':>6} {'instr':>6} {'driver':>7} {'DPDK crypto_null':>17}")
    for row in rows:
        if row["what"] != "espalier":
            continue
        dpdk = [r["tsc_cycles"] for r in rows if r["what"] != "espalier" and all(r[name] == row[name] for name in ("pattern", "burst", "depth"))]
        print(f"{row['depth']:5} {row['pattern']:8} {row['burst']:5} {row['tsc_cycles']:7.1f} {row['null_card_tsc_cycles']:9.1f} {row['driver_tsc_cycles']:7.1f} "
              f"{row['ns']:6.1f} {number(row['instructions']):>6} {number(row['driver_instructions']):>7} {number(min(dpdk, default=None)):>17}")
    for pattern, text in PATTERNS.items():
        print(f"  {pattern}: {text}" + (f"; DPDK: --ptest {DPDK_TESTS[pattern][0]}, {' + '.join(DPDK_TESTS[pattern][1])}" if pattern in DPDK_TESTS else ""))
    if shutil.which(DPDK):
        print("  " + " ".join(dpdk_command("...", "...")))
    else:
        print(f"  {DPDK} is not installed: nothing to compare with")


def sa_table(rows):
    print(f"\nSAs: time of a call; of the simulated card its clock cycles, register accesses over PCIe included, and their projection at {CLOCK_MHZ} MHz\n")
    print(f"{'device':9} {'call':7} {'direction':9} {'key':>4} {'SAs':>5} {'us':>8} {'SAs/s':>11} {'cycles':>7} {'projected us':>12}")
    for row in rows:
        print(f"{row['device']:9} {row['call']:7} {row['direction']:9} {row['key_bits']:4} {row['sas']:5} {number(row.get('us'), 3):>8} "
              f"{number(row.get('per_second'), 0):>11} {number(row.get('card_cycles')):>7} {number(row.get('projected_us_250mhz'), 2):>12}")


def plot(rows, path):
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    figure, panes = pyplot.subplots(1, len(DPDK_TESTS), figsize=(10, 4), sharey=True)
    for pane, pattern in zip(panes, DPDK_TESTS):
        for offset, what in ((-0.2, "espalier"), (0.2, "dpdk crypto_null")):
            points = [r for r in rows if (r["what"], r["pattern"], r["depth"]) == (what, pattern, DEPTHS[0])]
            places = [BURSTS.index(r["burst"]) + offset for r in points]
            shares = [r.get("null_card_tsc_cycles", 0) for r in points]
            pane.bar(places, [r["tsc_cycles"] - share for r, share in zip(points, shares)], 0.38,
                     label="espalier's driver" if what == "espalier" else "DPDK crypto_null")
            if any(shares):
                pane.bar(places, shares, 0.38, bottom=[r["tsc_cycles"] - share for r, share in zip(points, shares)], color="lightgray", label="null card")
        pane.set(title=f"{PATTERNS[pattern]} ({DEPTHS[0]} entries)", xlabel="burst", xticks=range(len(BURSTS)), xticklabels=BURSTS)
        pane.legend()
    panes[0].set_ylabel("TSC cycles a packet")
    figure.tight_layout()
    figure.savefig(path)


def main(out, bench):
    packets, sas = packet_rows(bench), sa_rows(bench)
    os.makedirs(out, exist_ok=True)
    with open(os.path.join(out, "driver.json"), "w", encoding="ascii") as file:
        file.write("[\n" + ",\n".join(json.dumps(row) for row in packets + sas) + "\n]\n")
    packet_table(packets)
    sa_table(sas)
    plot(packets, os.path.join(out, "driver.svg"))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
