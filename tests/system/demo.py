#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""make demo: a capture of real traffic through the simulated card and back, every step checked by someone else.

Encapsulate with three SAs; scapy decrypts each packet, tshark confirms each ICV; decapsulate and compare with the capture, byte for byte; send
forged and replayed packets along and see them dropped; measure cycles per packet through the rings. Then a tunnel to strongSwan with keys by
IKEv2 (tunnel_demo.py). Files stay in build/demo.
    demo.py [DEVICE] [--no-tunnel]    DEVICE: sim (default) or software
"""
import json
import os
import subprocess
import sys
import time

import espalier
import tunnel_demo
from espalier import ETHERNET, RAW, SA, Simulator, ipv4, read_pcap, scapy_decap, write_pcap
from test_tshark import CAPTURE, tshark

WORK = os.path.join(espalier.BUILD, "demo")
SIZES = ((64, 2048), (128, 2048), (256, 2048), (512, 1024), (1446, 1024), (9000, 256))  # inner bytes, packets
LINK = 14  # bytes of an Ethernet header
started = time.monotonic()


def say(text):
    print(f"[{time.monotonic() - started:5.1f} s] {text}", flush=True)


def path(name):
    return os.path.join(WORK, name)


def run(command, device, source, result, states="states"):
    """One espalier command on files of the demo; its JSON report."""
    arguments = [espalier.COMMAND, command, "-d", device, "-x", path(states), "-r", source, "-w", path(result), "--json"]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(arguments)}: exit status {done.returncode}\n{done.stderr}")
    return json.loads(done.stdout)


def write_states(sas, name="states"):
    with open(os.open(path(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.writelines(sa.line() + "\n" for sa in sas)


def make_sas():
    """Three SAs with fresh keys: DNS, the rest to the servers, and everything back."""
    selectors = ("src 10.1.0.0/16 dst 10.2.0.53/32", "src 10.1.0.0/16 dst 10.2.0.0/16", "src 10.2.0.0/16 dst 10.1.0.0/16")
    return [SA(0x1000 + i, os.urandom((16, 24, 32)[i]), os.urandom(4), src=f"192.0.2.{i + 1}", dst=f"198.51.100.{i + 1}", selector=selector)
            for i, selector in enumerate(selectors)]


def different(got, expected):
    """Packets that differ, or are missing or too many."""
    return sum(a != b for a, b in zip(got, expected)) + abs(len(got) - len(expected))


def check_sealed(sas, frames, sealed):
    """Mismatches that scapy and tshark find in what encapsulation made."""
    by_spi, wrong = {sa.spi: sa for sa in sas}, abs(len(sealed) - len(frames))
    for frame, outer in zip(frames, sealed):
        spi, number = (int.from_bytes(outer[LINK + at:LINK + at + 4], "big") for at in (20, 24))
        try:
            wrong += scapy_decap(by_spi[spi], outer[LINK:], number) != frame[LINK:] or outer[:LINK] != frame[:LINK]
        except Exception as error:  # a packet that scapy cannot decrypt is a mismatch, whatever it says
            say(f"scapy: SPI 0x{spi:x}, number {number}: {error!r}")
            wrong += 1
    say(f"scapy decrypts {len(sealed)} packets to the originals: {wrong} mismatches")
    good = sum(row[0] in ("1", "True") for row in tshark(path("esp.pcap"), sas, "esp.icv_good"))
    say(f"tshark confirms the ICV of {good} of {len(sealed)} packets")
    return wrong + len(sealed) - good


def attack(sealed):
    """The sealed packets with, behind each, a forgery of it (one bit), itself again, and every tenth time an unknown SPI."""
    mixed, expected = [], {"icv_mismatch": 0, "replay_duplicate": 0, "no_sa": 0}
    for i, frame in enumerate(sealed):
        forged = bytearray(frame)
        at = LINK + 28 + i * 7919 % (len(frame) - LINK - 28)
        forged[at] ^= 1 << i % 8
        mixed += [bytes(forged), frame, frame]
        expected["icv_mismatch"] += 1
        expected["replay_duplicate"] += 1
        if i % 10 == 0:
            mixed.append(frame[:LINK + 20] + b"\0\0\x77\x77" + frame[LINK + 24:])
            expected["no_sa"] += 1
    return mixed, expected


def measure(device):
    """Rows of inner bytes, packets, cycles per packet out and in, with the SA changing on every packet."""
    rows = []
    for size, count in SIZES:
        write_states(make_sas())  # numbers begin at 1 again, and a key and a number must never meet twice
        inners = [ipv4("10.1.0.1", ("10.2.0.53", "10.2.0.1")[i % 2], os.urandom(size - 20)) for i in range(count)]
        write_pcap(path("size.pcap"), inners, RAW)
        out = run("encap", device, path("size.pcap"), "size-esp.pcap")
        back = run("decap", device, path("size-esp.pcap"), "size-back.pcap")
        wrong = different([packet for _, packet in read_pcap(path("size-back.pcap"))[1]], inners)
        rows.append((size, count, *(report["cycles"] / count if report["cycles"] else None for report in (out, back)), wrong))
        say(f"{count} packets of {size} bytes out and back")
    return rows


def report(title, packets_in, result):
    print(f"  {title:34} {packets_in:8} {result['bytes_in']:10} {result['packets_out']:8} {result['bytes_out']:10} {result['dropped']:8}")


def number(value):
    return "-" if value is None else f"{value:.1f}"


def demo(device):
    sas = make_sas()
    write_states(sas)
    link_type, capture = read_pcap(CAPTURE)
    assert link_type == ETHERNET
    frames = [frame for _, frame in capture]

    say(f"{len(frames)} recorded packets of ping, DNS and HTTP into the card: encapsulation with three SAs")
    out = run("encap", device, CAPTURE, "esp.pcap")
    sealed = [frame for _, frame in read_pcap(path("esp.pcap"))[1]]
    wrong = check_sealed(sas, frames, sealed)

    say("back through the card: decapsulation")
    back = run("decap", device, path("esp.pcap"), "back.pcap")
    changed = different(read_pcap(path("back.pcap"))[1], capture)
    say(f"compared with the recording, times and link headers included: {changed} mismatches")

    mixed, expected = attack(sealed)
    write_pcap(path("attack.pcap"), mixed, ETHERNET)
    say(f"the same packets among {len(mixed) - len(sealed)} forged, replayed and unknown ones")
    attacked = run("decap", device, path("attack.pcap"), "attack-back.pcap")
    changed += different([frame for _, frame in read_pcap(path("attack-back.pcap"))[1]], frames)
    changed += attacked["drops"] != expected

    rows = measure(device)
    wrong += changed + sum(row[4] for row in rows)

    print(f"\n  {'step':34} {'packets':>8} {'bytes':>10} {'out':>8} {'bytes':>10} {'dropped':>8}")
    report("encapsulation", len(frames), out)
    report("decapsulation", len(sealed), back)
    report("decapsulation under attack", len(mixed), attacked)
    print("\n  drops by reason")
    for reason, count in attacked["drops"].items():
        print(f"    {reason:32} {count:8}   expected {expected.get(reason, 0)}")
    print("\n  through the rings, SA changing on every packet: cycles per packet (bus limit ceil(ESP bytes / 64))")
    print(f"    {'inner bytes':>11} {'packets':>8} {'encap':>8} {'decap':>8} {'limit':>8}")
    for size, count, encap, decap, _ in rows:
        limit = -(-(52 + (size + 2 + 3) // 4 * 4) // 64)
        print(f"    {size:11} {count:8} {number(encap):>8} {number(decap):>8} {limit:8}")
    print(f"\n  mismatches {wrong}", flush=True)
    return 1 if wrong else 0


def packets(kind):
    if kind != "sim":
        return demo(kind)
    say("starting the simulated card")
    with Simulator() as simulator:
        return demo(simulator.device)


def main():
    os.makedirs(WORK, exist_ok=True)
    words = [word for word in sys.argv[1:] if word != "--no-tunnel"]
    kind = words[0] if words else "sim"
    status = packets(kind)
    if "--no-tunnel" in sys.argv:
        return status
    print()
    return tunnel_demo.show(kind) or status


if __name__ == "__main__":
    sys.exit(main())
