#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The card against software: the same packets through the simulated card, OpenSSL and intel-ipsec-mb, compared and timed.

    software_report.py OUT_DIR BENCH_SOFTWARE

Writes software.json and software.svg, prints tables. The software's figures are measured seconds of this machine; the card's are clock cycles,
counted in simulation, and their projection at 250 MHz. The exit status is 1 when a byte differs; nothing depends on time."""
import json
import os
import subprocess
import sys

CLOCK_MHZ = 250
ROUNDS = 5  # of all timings; the best counts: a neighbour may take half of a core for seconds
SIZES = ("40", "64", "128", "256", "512", "1024", "1446", "9000", "IMIX")
DIRECTIONS = ("encap", "decap")
KEYS = (128, 256)
BURSTS = (1, 8, 32, 128)
NAMES = {"software": "openssl"}  # the device name of the reference


def run(bench, *arguments):
    """Rows of a run, and whether it ended well."""
    done = subprocess.run([bench, *arguments], capture_output=True, text=True, check=False)
    if done.returncode and not done.stdout:
        raise SystemExit(f"{bench} {' '.join(arguments)}: {done.stderr}")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    for row in rows:
        if "what" in row:
            row["what"] = NAMES.get(row["what"], row["what"])
    sys.stderr.write(done.stderr)
    return rows, done.returncode == 0


def time_rows(bench):
    """The best of some rounds, each on a quiet moment if there is one."""
    best = {}
    for _ in range(ROUNDS):
        for row in run(bench, "time")[0]:
            key = tuple(row[name] for name in ("what", "direction", "key_bits", "size", "sas", "burst", "cores"))
            if key not in best or row["gbit_s"] > best[key]["gbit_s"]:
                best[key] = row
    return list(best.values())


def engine_cycles(out):
    """{(direction, size): cycles a packet} of the engine alone, if `make bench` has measured it."""
    path = os.path.join(out, "engine.json")
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as file:
        rows = [row for row in json.load(file) if (row["lanes"], row["sas"], row["sa_commands"]) == (4, 64, 0)]
    return {(row["direction"], row["mix"].upper() or f"{row['inner_bytes']:.0f}"): row["cycles_per_packet"] for row in rows}


def one(rows, **keys):
    """The row with these values, or None."""
    return next((row for row in rows if all(row.get(name) == value for name, value in keys.items())), None)


def project(row, cycles):
    return round(row["inner_bytes"] * 8 * CLOCK_MHZ / 1000 / cycles, 2)


def complete_card_rows(compared, times, out):
    engine = engine_cycles(out)
    for row in compared:
        if "card_cycles_per_packet" not in row:
            continue
        row["projected_gbit_s_250mhz"] = project(row, row["card_cycles_per_packet"])
        cycles = engine.get((row["direction"], row["size"]))
        if cycles:
            row["engine_cycles_per_packet"] = cycles
            row["engine_projected_gbit_s_250mhz"] = project(row, cycles)
        for what in ("openssl", "ipsec-mb"):
            core = one(times, what=what, direction=row["direction"], key_bits=row["key_bits"], size=row["size"], sas=64, burst=32, cores=1)
            row[f"projected_to_{what}_core"] = round(row["projected_gbit_s_250mhz"] / core["gbit_s"], 2)


def number(row, field, digits=1):
    return "-" if row is None or row.get(field) is None else f"{row[field]:.{digits}f}"


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        return next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "unknown processor")


def main_table(compared, times):
    for key in KEYS:
        print(f"\nAES-GCM-{key}: Gbit/s of inner packets and million packets/s of one core, its TSC cycles a byte; the card's cycles a packet, measured in "
              f"simulation, and\ntheir projection at {CLOCK_MHZ} MHz in Gbit/s; the projection through the rings over one core\n")
        print(f"{'':5} {'':>6} | {'OpenSSL':^20} | {'ipsec-mb':^20} | {'cipher':>6} | {'card, rings':^15} | {'engine':^15} | {'card/core':^13}")
        print(f"{'':5} {'inner':>6} | {'Gbit/s':>6} {'Mpps':>6} {'cyc/B':>6} | {'Gbit/s':>6} {'Mpps':>6} {'cyc/B':>6} | {'Gbit/s':>6} | "
              f"{'cycles':>7} {'Gbit/s':>7} | {'cycles':>7} {'Gbit/s':>7} | {'OpenSSL':>7} {'mb':>5}")
        for direction in DIRECTIONS:
            for size in SIZES:
                keys = {"direction": direction, "key_bits": key, "size": size}
                openssl, mb = (one(times, what=what, sas=64, burst=32, cores=1, **keys) for what in ("openssl", "ipsec-mb"))
                cipher, card = one(times, what="ipsec-mb cipher only", **keys), one(compared, what="card", **keys)
                print(f"{direction:5} {size:>6} | {number(openssl, 'gbit_s'):>6} {number(openssl, 'mpps', 2):>6} {number(openssl, 'tsc_cycles_per_byte', 2):>6} | "
                      f"{number(mb, 'gbit_s'):>6} {number(mb, 'mpps', 2):>6} {number(mb, 'tsc_cycles_per_byte', 2):>6} | {number(cipher, 'gbit_s'):>6} | "
                      f"{number(card, 'card_cycles_per_packet', 2):>7} {number(card, 'projected_gbit_s_250mhz'):>7} | "
                      f"{number(card, 'engine_cycles_per_packet', 2):>7} {number(card, 'engine_projected_gbit_s_250mhz'):>7} | "
                      f"{number(card, 'projected_to_openssl_core'):>7} {number(card, 'projected_to_ipsec-mb_core'):>5}")


def variant_table(times):
    print("\nAES-GCM-128, Gbit/s of inner packets: operations in a burst (64 SAs, one core); one SA in place of 64; two cores, each with a device of its own\n")
    for what in ("openssl", "ipsec-mb"):
        print(f"{what:5}\n{'':5} {'inner':>6} " + "".join(f"{f'burst {burst}':>10}" for burst in BURSTS) + f" {'1 SA':>9} {'2 cores':>9}")
        for direction in DIRECTIONS:
            for size in SIZES:
                keys = {"what": what, "direction": direction, "key_bits": 128, "size": size}
                bursts = "".join(f"{number(one(times, sas=64, burst=burst, cores=1, **keys), 'gbit_s', 2):>10}" for burst in BURSTS)
                print(f"{direction:5} {size:>6} {bursts} {number(one(times, sas=1, burst=32, cores=1, **keys), 'gbit_s', 2):>9} "
                      f"{number(one(times, cores=2, **keys), 'gbit_s', 2):>9}")


def plot(compared, times, path):
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    sizes = [size for size in SIZES if size.isdigit()]
    figure, panes = pyplot.subplots(1, 2, figsize=(11, 5), sharey=True)
    for pane, direction in zip(panes, DIRECTIONS):
        def line(rows, field, style, label, **keys):
            found = [one(rows, direction=direction, size=size, **keys) for size in sizes]
            points = [(row["inner_bytes"], row[field]) for row in found if row and field in row]
            if points:
                pane.plot(*zip(*points), style, label=label)
        for key, style in zip(KEYS, ("o-", "o--")):
            for what, colour in (("openssl", "C0"), ("ipsec-mb", "C1")):
                line(times, "gbit_s", colour + style, f"{what}, one core, {key}-bit key", what=what, key_bits=key, sas=64, burst=32, cores=1)
        line(times, "gbit_s", "C1.:", "ipsec-mb, cipher only, 128-bit key", what="ipsec-mb cipher only", key_bits=128)
        line(compared, "projected_gbit_s_250mhz", "C2s-", "card through the rings, projected at 250 MHz", what="card", key_bits=128)
        line(compared, "engine_projected_gbit_s_250mhz", "C2s:", "card's engine alone, projected at 250 MHz", what="card", key_bits=128)
        pane.set(title=direction, xlabel="inner packet, bytes", xscale="log", yscale="log")
        pane.grid(True, which="both", linewidth=0.3)
    panes[0].set_ylabel("Gbit/s of inner packets")
    panes[0].legend(fontsize="small")
    figure.tight_layout()
    figure.savefig(path)


def main(out, bench):
    versions = run(bench, "versions")[0][0]
    compared, same = run(bench, "compare", "software", "ipsec-mb", "sim")
    times = time_rows(bench)
    for row in times:
        row["version"] = versions[row["what"].split()[0]]
    complete_card_rows(compared, times, out)
    os.makedirs(out, exist_ok=True)
    with open(os.path.join(out, "software.json"), "w", encoding="ascii") as file:
        file.write("[\n" + ",\n".join(json.dumps(row) for row in compared + times) + "\n]\n")
    packets, wrong = sum(row["packets"] for row in compared), sum(row["differences"] for row in compared)
    print(f"The card against software: {machine()}, TSC {times[0]['tsc_mhz']:.0f} MHz; OpenSSL {versions['openssl']}, intel-ipsec-mb {versions['ipsec-mb']}")
    print(f"ESP tunnel mode, 64 SAs taken in turn, bursts of 32. {packets} results of card, OpenSSL and ipsec-mb compared, whole packets: {wrong} differ")
    main_table(compared, times)
    variant_table(times)
    plot(compared, times, os.path.join(out, "software.svg"))
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
