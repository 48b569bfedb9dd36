#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the compiler's hardening costs: two builds in turn, handshakes between two agents and TCP through two gateways on the software reference.
Needs root. Figures of processor time, which hold on a busy machine: of both agents for a handshake, of both gateways for a gigabyte.

    hardening.py [--turns N] PLAIN_BUILD HARDENED_BUILD      (make hardening-bench builds both)
    hardening.py --one                                       one measurement of $ESPALIER_BUILD, as JSON
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.join(HERE, "../../system"), os.path.join(HERE, "../ike"), os.path.join(HERE, "../../interop")]
HANDSHAKES, BYTES = 400, 250_000_000


def gateways():
    """(processor seconds of both gateways for a gigabyte, Mbit/s)"""
    from gwnet import INNER, Gateway, Net, Tunnel, run
    from sink import Sink
    net = Net()
    pair = [Gateway(name, "software") for name in (net.a, net.b)]
    sinks = [Sink(gateway.path) for gateway in pair]
    server = None
    try:
        Tunnel(net, sinks)
        server = subprocess.Popen(["ip", "netns", "exec", net.b, "iperf3", "-s", "-1", "--forceflush"], stdout=subprocess.PIPE, text=True)
        while "Server listening" not in server.stdout.readline():
            pass
        before = sum(gateway.cpu_seconds() for gateway in pair)
        result = json.loads(run("ip", "netns", "exec", net.a, "iperf3", "-J", "-c", INNER[1], "-n", BYTES))["end"]["sum_received"]
        return (sum(gateway.cpu_seconds() for gateway in pair) - before) / result["bytes"] * 1e9, result["bits_per_second"] / 1e6
    finally:
        if server:
            server.kill()
            server.wait()
            server.stdout.close()
        for each in sinks + pair + [net]:
            each.close()


def agents():
    """(ms of processor time of both agents for a handshake, handshakes a second)"""
    from handshakes import measure
    with tempfile.TemporaryDirectory(prefix="bench-hardening-") as directory:
        row = measure("espalier-espalier", "psk", HANDSHAKES, directory)
    return row["initiator_ike_cpu_ms"] + row["responder_ike_cpu_ms"], row["handshakes_per_second"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("builds", nargs="*")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--one", action="store_true")
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps([*agents(), *gateways()]))
        return
    found = {build: [] for build in arguments.builds}
    for _ in range(arguments.turns):
        for build in arguments.builds:
            done = subprocess.run([sys.executable, __file__, "--one"], env={**os.environ, "ESPALIER_BUILD": build}, stdout=subprocess.PIPE, text=True, check=True)
            found[build].append(json.loads(done.stdout.splitlines()[-1]))
    print(f"{'':16} {'ms a handshake':>15} {'a second':>9} {'s a gigabyte':>13} {'Mbit/s':>7}   median of {arguments.turns} each, in turn")
    for build in arguments.builds:
        row = [statistics.median(column) for column in zip(*found[build])]
        print(f"{build:16} {row[0]:15.3f} {row[1]:9.0f} {row[2]:13.2f} {row[3]:7.0f}")
    ratios = [statistics.median(b / a for a, b in zip(*(list(zip(*found[build]))[i] for build in arguments.builds))) for i in range(4)]
    print(f"{'ratio, by pairs':16} {ratios[0]:15.2f} {ratios[1]:9.2f} {ratios[2]:13.2f} {ratios[3]:7.2f}")


if __name__ == "__main__":
    main()
