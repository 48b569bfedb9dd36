#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the load bench on simulators and reports: a table and sim.json.

    sim_report.py OUT_DIR BENCH SECONDS SIMULATOR...

Each simulator is started afresh and gets every load for SECONDS of its CPU time. Rates are per second of that CPU time, so other work on the
machine disturbs them little; "wall" shows how much there was."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../system"))
import espalier  # noqa: E402


def run(bench, seconds, simulator):
    espalier.SIMULATOR = simulator
    with espalier.Simulator() as sim:
        done = subprocess.run([bench, sim.device, str(sim.process.pid), seconds], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{bench} on {simulator} failed")
    return [{"simulator": os.path.basename(simulator), **json.loads(line)} for line in done.stdout.splitlines()]


def table(rows):
    print("The simulator under load, 4 lanes, 64 SAs a direction, every packet checked against OpenSSL; per second of its CPU time\n")
    print(f"{'simulator':18} {'load':9} {'inner bytes':>11} {'packets':>8} {'cycles/s':>9} {'packets/s':>9} {'cycles/packet':>13} {'cpu s':>6} {'wall s':>6}")
    for row in rows:
        print(f"{row['simulator']:18} {row['load']:9} {row['inner_bytes']:11} {row['packets']:8} {row['cycles_per_cpu_second']:9} "
              f"{row['packets_per_cpu_second']:9} {row['cycles_per_packet']:13.2f} {row['cpu_seconds']:6.2f} {row['wall_seconds']:6.2f}")


def main(out, bench, seconds, *simulators):
    rows = [row for simulator in simulators for row in run(bench, seconds, simulator)]
    os.makedirs(out, exist_ok=True)
    with open(os.path.join(out, "sim.json"), "w", encoding="ascii") as file:
        file.write("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
    table(rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
