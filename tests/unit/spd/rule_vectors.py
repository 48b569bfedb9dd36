#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Rules of RFC 4301 and packets at their borders, judged by Python's ipaddress and ranges.

usage: rule_vectors.py COUNT SEED

A line a case: directions families proto_kind proto src len dst len sport_lo sport_hi dport_lo dport_hi, then the packet: inbound v6 proto_known
ports_known proto src dst sport dport, then 1 if the rule matches. Addresses are 32 hexadecimal digits, IPv4 in the first 8; all else is decimal.
"""
import ipaddress
import random
import sys

ANY, OPAQUE = (0, 65535), (65535, 0)


def address(rng, v6):
    """An address as a number; few bases, and the ends of the space."""
    bits = 128 if v6 else 32
    return rng.choice((0, (1 << bits) - 1, rng.getrandbits(bits), 0x20010db8 << 96 >> (0 if v6 else 96)))


def network(rng, v6):
    kind = ipaddress.IPv6Network if v6 else ipaddress.IPv4Network
    return kind((address(rng, v6), rng.choice((0, 1, rng.randint(0, 128 if v6 else 32), rng.randint(0, 128 if v6 else 32), 128 if v6 else 32))), strict=False)


def near(rng, net):
    """An address within the network, or next to it."""
    first, last = int(net.network_address), int(net.broadcast_address)
    inside = rng.randint(first, last)
    value = rng.choice((first, last, inside, inside, inside, inside, first - 1, last + 1, first ^ (last - first + 1)))
    value %= 1 << net.max_prefixlen
    return ipaddress.IPv6Address(value) if net.version == 6 else ipaddress.IPv4Address(value)


def ports(rng):
    low = rng.randint(0, 65535)
    return rng.choice((ANY, ANY, ANY, OPAQUE, (low, low), (low, rng.randint(low, 65535)), (low, low | 255), (0, low), (low, 65535)))


def near_port(rng, span):
    return rng.choice((span[0], span[1], (span[0] + span[1]) // 2, span[0] - 1, span[1] + 1, rng.randint(0, 65535))) % 65536


def ports_match(span, known, port):
    return span == ANY or (span == OPAQUE and not known) or (known and port in range(span[0], span[1] + 1))


def hexadecimal(value, v6):
    return f"{int(value):032x}" if v6 else f"{int(value):08x}" + 24 * "0"


def case(rng):
    v6, rule_v6 = rng.random() < 0.5, rng.random() < 0.5
    if rng.random() < 0.8:
        rule_v6 = v6
    nets = [network(rng, rule_v6) for _ in range(2)]
    families = 2 if rule_v6 else 1
    if rng.random() < 0.1:
        families, nets = 3, [ipaddress.IPv6Network("::/0") if v6 else ipaddress.IPv4Network("0.0.0.0/0")] * 2
    addresses = [near(rng, n) if families == 3 or rule_v6 == v6 else near(rng, network(rng, v6)) for n in nets]
    directions, inbound = rng.choice((0, 1, 2, 3, 3, 3)), rng.randint(0, 1)
    kind, proto = rng.choice((0, 0, 1, 1, 2)), rng.choice((1, 6, 17, 58, rng.randint(0, 255)))
    spans = [ports(rng) for _ in range(2)]
    known = [rng.random() < 0.75 for _ in range(2)]
    packet_proto = rng.choice((proto, proto, proto ^ 1, rng.randint(0, 255)))
    packet_ports = [near_port(rng, s) for s in spans]
    fits = (bool(directions >> inbound & 1) and bool(families >> v6 & 1)
            and all(a in n for a, n in zip(addresses, nets) if families != 3 and rule_v6 == v6)
            and (kind == 0 or (kind == 1 and known[0] and packet_proto == proto) or (kind == 2 and not known[0]))
            and all(ports_match(s, known[1], p) for s, p in zip(spans, packet_ports)))
    rule = [directions, families, kind, proto]
    for net in nets:
        rule += [hexadecimal(net.network_address, net.version == 6), net.prefixlen]
    rule += [*spans[0], *spans[1]]
    key = [inbound, int(v6), int(known[0]), int(known[1]), packet_proto, *(hexadecimal(a, v6) for a in addresses), *packet_ports]
    return rule + key + [int(fits)]


def main():
    rng = random.Random(int(sys.argv[2]))
    for _ in range(int(sys.argv[1])):
        print(*case(rng))


if __name__ == "__main__":
    main()
