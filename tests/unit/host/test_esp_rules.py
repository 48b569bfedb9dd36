#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the software reference does with packets that are not for it, too large, at the end of an SA's life; UDP encapsulation's rules, TFC, counters, events; and that
nothing a packet may hold breaks the parser. Sources stand at each test."""
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, IPv6ExtHdrRouting, PadN
from scapy.packet import Raw

import esp_device
from esp_device import ADDRESSES, GCM, GMAC, SA, TRANSPORT, TUNNEL, trailer

INNER4 = bytes(IP(src="10.1.0.1", dst="10.2.0.1", proto=253) / Raw(b"hello, world"))
INNER6 = bytes(IPv6(src="2001:db8:1::1", dst="2001:db8:2::1", nh=253) / Raw(b"hello, world"))
STATUSES_OF_DECAP = {"ok", "outer_malformed", "not_esp", "fragment", "esp_truncated", "no_sa", "icv_mismatch", "unsupported", "nat_keepalive", "non_esp", "replay_old",
                     "replay_duplicate"}


def v6(*headers, nh=50, esp=b""):
    src, dst = ADDRESSES[6]
    packet = IPv6(src=src, dst=dst)
    for header in headers:
        packet /= header
    packet.lastlayer().nh = nh
    return bytes(packet / Raw(esp))


class Rules(esp_device.DeviceTest):
    def esp(self, sa, number, packet=INNER4):
        return sa.outer(sa.seal(number, trailer(packet, 41 if packet[0] >> 4 == 6 else 4)))

    # ---- UDP (RFC 3948; RFC 1122, 4.1.3.4; RFC 8200, 8.1; RFC 7296, 2.23) ----
    def test_udp_not_esp(self):
        self.device.add("in", **SA(ports=(4500, 4500)).members())
        self.device.add("in", **SA(family=6, ports=(61000, 10000)).members())
        for family in (4, 6):
            src, dst = ADDRESSES[family]
            header = IP(src=src, dst=dst) if family == 4 else IPv6(src=src, dst=dst)
            for dport in (4500, 10000):
                def made(payload, **fields):
                    return bytes(header / UDP(sport=4500, dport=dport, **fields) / Raw(payload))

                for payload, status in ((b"\xff", "nat_keepalive"), (bytes(4), "non_esp"), (bytes(4) + b"x" * 40, "non_esp"), (b"\xfe", "esp_truncated"),
                                        (b"", "esp_truncated"), (bytes(3), "esp_truncated"), (b"\0\0\0\1" + bytes(60), "no_sa"), (b"\xff\xff", "esp_truncated")):
                    self.assertEqual(self.device.decap(made(payload))[0], status, (family, payload))
                self.assertEqual(self.device.decap(made(b"\xff", chksum=0))[0], "nat_keepalive" if family == 4 else "outer_malformed")
                self.assertEqual(self.device.decap(made(b"\xff", chksum=1))[0], "outer_malformed")
                self.assertEqual(self.device.decap(made(b"\xff", len=7, chksum=0))[0], "outer_malformed")
                self.assertEqual(self.device.decap(made(b"\xff", len=10, chksum=0))[0], "outer_malformed")
                self.assertEqual(self.device.decap(bytes(header / UDP(sport=1, dport=4501) / Raw(b"\xff")))[0], "not_esp")
            cut = header.copy()
            cut.payload = Raw(b"\x11\x94\x11\x94\0\x04")
            setattr(cut, "proto" if family == 4 else "nh", 17)
            self.assertEqual(self.device.decap(bytes(cut))[0], "not_esp")

    def test_udp_ports(self):
        """An SA's own port, and 4500 always; a port goes with its last SA; raw ESP is taken as well."""
        sa = SA(ports=(1234, 10000))
        index = self.device.add("in", **sa.members(replay_window=64))
        other = self.device.add("in", **SA(spi=0x2000).members(replay_window=64))
        self.assertEqual(self.device.decap(self.esp(sa, 1)), ("ok", INNER4))
        self.assertEqual(self.device.decap(self.esp(SA(ports=(1234, 4500)), 2)), ("ok", INNER4))
        self.assertEqual(self.device.decap(self.esp(SA(), 3)), ("ok", INNER4))
        self.assertEqual(self.device.decap(self.esp(SA(spi=0x2000, ports=(1234, 10000)), 1))[0], "no_sa")  # another SA's port
        self.assertEqual(self.device.decap(self.esp(SA(spi=0x2000, ports=(1234, 4500)), 2)), ("ok", INNER4))
        self.device.delete("in", index)
        self.assertEqual(self.device.decap(self.esp(sa, 4))[0], "not_esp")
        self.device.delete("in", other)

    def test_peer_moved(self):
        """One event for each new place, only of authentic packets; nothing else changes."""
        sa = SA(ports=(4500, 4500))
        self.device.add("in", **sa.members(replay_window=64))
        self.assertEqual(self.device.decap(self.esp(sa, 1))[0], "ok")
        self.assertEqual(self.device.events(), [])
        moved = sa.outer(sa.seal(2, trailer(INNER4, 4)), src="198.51.100.7")
        forged = bytearray(sa.outer(sa.seal(3, trailer(INNER4, 4)), src="198.51.100.8"))
        forged[-1] ^= 1
        self.assertEqual(self.device.decap(bytes(forged))[0], "icv_mismatch")
        self.assertEqual(self.device.events(), [])
        self.assertEqual(self.device.decap(moved)[0], "ok")
        self.assertEqual(self.device.decap(sa.outer(sa.seal(4, trailer(INNER4, 4)), src="198.51.100.7"))[0], "ok")
        self.assertEqual(self.device.events(), ["moved/in/0/0x1000/198.51.100.7/4500"])
        sa.ports = (50000, 4500)
        self.assertEqual(self.device.decap(sa.outer(sa.seal(5, trailer(INNER4, 4)), src="198.51.100.7"))[0], "ok")
        self.assertEqual(self.device.decap(self.esp(sa, 6))[0], "ok")
        self.assertEqual(self.device.events(), ["moved/in/0/0x1000/192.0.2.1/50000"])  # the newest
        self.assertEqual(self.device.decap(moved)[0], "replay_duplicate")
        self.assertEqual(self.device.events(), [])

    def test_nat_transport(self):
        """RFC 3948, 3.1.2: addresses changed under the transport checksum."""
        for family, kind, odd in ((f, k, o) for f in (4, 6) for k in (TCP, UDP) for o in (b"", b"x")):
            src, dst = ADDRESSES[family]
            header = IP(src="10.9.9.9", dst=dst) if family == 4 else IPv6(src="2001:db8:9::9", dst=dst)
            before = bytes(header / kind(sport=7, dport=8) / Raw(b"abcd" + odd))
            sa = SA(mode=TRANSPORT, family=family, ports=(4500, 4500))
            out = self.device.add("out", **sa.members())
            back = self.device.add("in", **sa.members())
            made = esp_device.parse(self.device.encap(out, before)[1])
            made.src = src  # the NAT
            if family == 4:
                del made.chksum
            else:
                del made[UDP].chksum
            want = header.copy()
            want.src = src
            want = want / kind(sport=7, dport=8) / Raw(b"abcd" + odd)
            if family == 4 and kind is UDP:
                want[UDP].chksum = 0
            self.assertEqual(self.device.decap(bytes(made)), ("ok", bytes(want)))
            self.device.delete("out", out)
            self.device.delete("in", back)

    # ---- what is not parsed is for the host (RFC 4303, 3.3.4 and 3.4.1) ----
    def test_outer_v6(self):
        sa = SA(family=6)
        self.device.add("in", **sa.members(replay_window=64))
        good = sa.seal(1, trailer(INNER6, 41))
        long_options = IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(84))])
        cases = [
            (v6(IPv6ExtHdrFragment(), esp=good), "fragment"), (v6(IPv6ExtHdrFragment(offset=8), esp=good), "fragment"),
            (v6(IPv6ExtHdrHopByHop(options=[PadN(optdata=bytes(4))]), IPv6ExtHdrFragment(m=1), esp=good), "fragment"),
            (v6(nh=6, esp=good), "not_esp"), (v6(nh=59, esp=good), "not_esp"), (v6(nh=51, esp=good), "not_esp"),
            (v6(IPv6ExtHdrRouting(type=2, segleft=1, addresses=["2001:db8::9"]), esp=good), "unsupported"),
            (v6(IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(100))]), esp=good), "unsupported"),
            (v6(long_options, IPv6ExtHdrHopByHop(options=[PadN(optdata=bytes(4))]), esp=good), "outer_malformed"),  # not in front of all others
            (v6(esp=good[:6]), "esp_truncated"), (v6(esp=good[:-1]), "esp_truncated"), (v6(esp=good[:32]), "esp_truncated"), (v6(), "outer_malformed"),
            (v6(esp=good)[:-1], "outer_malformed"), (v6(esp=good)[:39], "outer_malformed"), (v6(IPv6ExtHdrDestOpt(), esp=b"")[:44], "outer_malformed"),
        ]
        for packet, status in cases:
            self.assertEqual(self.device.decap(packet)[0], status, packet.hex())
        cut = bytearray(v6(IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(4))]), esp=b""))
        cut[41] = 1  # an extension header that goes beyond the packet
        self.assertEqual(self.device.decap(bytes(cut))[0], "outer_malformed")
        chain = v6(IPv6ExtHdrHopByHop(options=[PadN(optdata=bytes(4))]), IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(68))]), esp=good)
        self.assertEqual(self.device.decap(chain), ("ok", INNER6))  # exactly 128 bytes of headers
        self.assertEqual(self.device.decap(v6(esp=sa.seal(2, trailer(INNER6, 41))) + b"padding"), ("ok", INNER6))

    def test_encap_refused(self):
        four = self.device.add("out", **SA(mode=TRANSPORT).members())
        six = self.device.add("out", **SA(mode=TRANSPORT, family=6).members())
        nat = self.device.add("out", **SA(mode=TRANSPORT, family=6, ports=(4500, 4500)).members())
        routed = v6(IPv6ExtHdrRouting(type=2, segleft=1, addresses=["2001:db8::9"]), nh=253)
        cases = [
            (four, bytes(IP(frag=1, proto=253) / Raw(b"12345678")), "fragment"), (four, bytes(IP(flags=1, proto=253) / Raw(b"12345678")), "fragment"),
            (six, v6(IPv6ExtHdrFragment(m=1), nh=253), "fragment"), (four, INNER6, "inner_malformed"), (six, INNER4, "inner_malformed"),
            (six, v6(IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(100))]), nh=253), "unsupported"), (nat, routed, "unsupported"), (six, routed, "ok"),
            (six, v6(nh=60, esp=b"\xfd\xff\0\0\0\0\0\0"), "inner_malformed"), (six, v6(nh=0, esp=b"\xfd"), "inner_malformed"), (four, INNER4[:-1], "inner_malformed"),
            (six, INNER6[:-1], "inner_malformed"), (six, INNER6 + b"x", "inner_malformed"), (six, INNER6[:39], "inner_malformed"),
        ]
        for index, packet, status in cases:
            self.assertEqual(self.device.encap(index, packet)[0], status, packet.hex())
        self.assertEqual([self.device.delete("out", index) for index in (four, six, nat)], [0, 1, 0])  # numbers are drawn by what is sent

    def test_check_outer(self):
        for family, inner in ((4, INNER4), (6, INNER6)):
            sa = SA(family=family)
            index = self.device.add("in", **sa.members(check_outer=True))
            elsewhere = sa.outer(sa.seal(1, trailer(inner, 4 if family == 4 else 41)), src="192.0.2.99" if family == 4 else "2001:db8::99")
            self.assertEqual(self.device.decap(elsewhere)[0], "outer_address")
            self.assertEqual(self.device.decap(self.esp(sa, 1, inner)), ("ok", inner))
            self.assertEqual(self.device.counters("in", index)["other"], 1)

    def test_inner(self):
        """Next header and packet must fit together; both families in one SA."""
        sa = SA()
        self.device.add("in", **sa.members(replay_window=64))
        cases = [(INNER4, 4, "ok"), (INNER6, 41, "ok"), (INNER4, 41, "bad_next_header"), (INNER6, 4, "inner_malformed"), (INNER6[:39], 41, "inner_malformed"),
                 (b"", 41, "bad_next_header"), (b"", 4, "inner_malformed"), (INNER6[:5] + b"\xff" + INNER6[6:], 41, "inner_malformed"), (INNER6 + bytes(99), 41, "ok"),
                 (INNER4, 6, "bad_next_header"), (INNER6, 59, "dummy"), (b"", 59, "dummy")]
        for number, (payload, next_header, status) in enumerate(cases, 1):
            got = self.device.decap(sa.outer(sa.seal(number, trailer(payload, next_header))))
            self.assertEqual(got, (status, {4: INNER4, 41: INNER6}[next_header] if status == "ok" else None), (payload, next_header))
        counters = self.device.counters("in", 0)
        self.assertEqual((counters["packets"], counters["malformed"], counters["dummy"]), (len(cases), 7, 2))

    def test_dummy(self):
        """RFC 4303, 2.6: in transport mode too."""
        sa = SA(mode=TRANSPORT)
        self.device.add("in", **sa.members())
        self.assertEqual(self.device.decap(sa.outer(sa.seal(1, trailer(bytes(100), 59))))[0], "dummy")

    # ---- sizes ----
    def test_mtu(self):
        """The MTU that comes back is the largest packet that is sent, in every format."""
        for mode, family, ports, (algorithm, icv, implicit) in ((m, f, p, a) for m in (TUNNEL, TRANSPORT) for f in (4, 6) for p in ((), (4500, 4500))
                                                                for a in ((GCM, 16, False), (GCM, 8, False), (GCM, 16, True), (GMAC, 16, False))):
            for mtu in (300, 301, 302, 303):
                sa = SA(mode=mode, family=family, ports=ports, algorithm=algorithm, icv=icv, implicit_iv=implicit)
                index = self.device.add("out", **sa.members(mtu=mtu))

                def packet(length):
                    header = IP(src="192.0.2.1", dst="192.0.2.2", proto=253) if family == 4 else IPv6(src="2001:db8::1", dst="2001:db8::2", nh=253)
                    return bytes(header / Raw(bytes(length - len(header))))

                status, most = self.device.encap(index, packet(299))
                self.assertEqual(status, "packet_too_big")
                self.assertEqual(self.device.encap(index, packet(most + 1)), ("packet_too_big", most))
                status, made = self.device.encap(index, packet(most))
                self.assertEqual(status, "ok")
                self.assertTrue(mtu - 4 < len(made) <= mtu, (len(made), mtu))
                self.assertEqual(self.device.want_ok(f"size {most}")[0], str(len(made)))
                self.assertEqual(self.device.counters("out", index)["too_big"], 2)
                self.device.delete("out", index)

    def test_tfc(self):
        """RFC 4303, 2.7: shorter packets are padded with zeros, which the inner length does not count."""
        for family, ports in ((4, ()), (6, (4500, 4500))):
            for pad, mtu, want in ((100, 0, 100), (1000, 0, 1000), (1000, 500, None), (0xFFFF, 500, None)):
                sa = SA(family=family, ports=ports)
                index = self.device.add("out", **sa.members(tfc_pad=pad, mtu=mtu))
                back = self.device.add("in", **sa.members())
                sizes = set()
                for packet in (INNER4, INNER6, bytes(IP(proto=253) / Raw(bytes(70)))):
                    made = self.device.encap(index, packet)[1]
                    sizes.add(len(made))
                    self.assertEqual(self.device.decap(made), ("ok", packet))
                    plain = made[(20 if family == 4 else 40) + (8 if ports else 0) + 16:]
                    self.assertEqual(len(plain) % 4, 0)
                self.assertEqual(len(sizes), 1)
                if want:
                    self.assertEqual(sizes, {(20 if family == 4 else 40) + (8 if ports else 0) + 16 + (want + 5) // 4 * 4 + 16})
                else:
                    self.assertTrue(496 < sizes.pop() <= 500)
                self.device.delete("out", index)
                self.device.delete("in", back)

    # ---- lifetimes and counters (RFC 4301, 4.4.2.1) ----
    def body(self, packet):
        return (len(packet) + 5) // 4 * 4

    def test_limits_out(self):
        index = self.device.add("out", **SA().members(limits__soft_packets=3, limits__hard_packets=5))
        for count in range(1, 6):
            self.assertEqual(self.device.encap(index, INNER4)[0], "ok")
            self.assertEqual(self.device.events(), ["soft/out/0/0x1000/-/0"] if count == 3 else [])
        self.assertEqual([self.device.encap(index, INNER4)[0] for _ in range(3)], ["sa_expired"] * 3)
        self.assertEqual(self.device.events(), ["hard/out/0/0x1000/-/0"])
        self.assertEqual(self.device.counters("out", index)["expired"], 3)
        self.assertEqual(self.device.delete("out", index), 5)
        size = self.body(INNER4)
        for limit, passes in ((size - 1, 0), (size, 1), (3 * size - 1, 2), (3 * size, 3)):
            index = self.device.add("out", **SA().members(limits__hard_bytes=limit, limits__soft_bytes=1))
            statuses = [self.device.encap(index, INNER4)[0] for _ in range(4)]
            self.assertEqual(statuses, ["ok"] * passes + ["sa_expired"] * (4 - passes))
            self.assertEqual(self.device.counters("out", index)["bytes"], passes * size)
            self.assertEqual(sorted(event[:4] for event in self.device.events()), ["hard"] + ["soft"] * (passes > 0))
            small = bytes(IP(proto=253))
            self.assertEqual(self.device.encap(index, small)[0], "sa_expired")  # what would still fit does not pass: the SA has ended
            self.device.delete("out", index)

    def test_limits_in(self):
        """Only authentic packets count; what has ended passes nothing, not even a window's rest."""
        sa = SA()
        index = self.device.add("in", **sa.members(replay_window=64, limits__hard_packets=2, limits__soft_bytes=self.body(INNER4) + 1))
        forged = bytearray(self.esp(sa, 1))
        forged[-1] ^= 1
        self.assertEqual([self.device.decap(bytes(forged))[0] for _ in range(5)], ["icv_mismatch"] * 5)
        self.assertEqual(self.device.decap(self.esp(sa, 2)), ("ok", INNER4))
        self.assertEqual(self.device.events(), [])
        self.assertEqual(self.device.decap(self.esp(sa, 1)), ("ok", INNER4))
        self.assertEqual(self.device.events(), ["soft/in/0/0x1000/-/0"])
        self.assertEqual(self.device.decap(self.esp(sa, 3))[0], "sa_expired")
        self.assertEqual(self.device.decap(self.esp(sa, 2))[0], "sa_expired")
        self.assertEqual(self.device.events(), ["hard/in/0/0x1000/-/0"])
        counters = self.device.counters("in", index)
        self.assertEqual({k: v for k, v in counters.items() if k != "idle_ms"},
                         {"packets": 2, "bytes": 2 * self.body(INNER4), "replay": 0, "integrity": 5, "malformed": 0, "dummy": 0, "expired": 2, "too_big": 0, "other": 0})

    def test_events_of_many(self):
        """In a row, none lost; those of an SA that goes, go with it."""
        indices = [self.device.add("out", **SA(spi=0x3000 + i).members(limits__hard_packets=1, limits__soft_packets=1)) for i in range(200)]
        for index in indices + indices:
            self.device.encap(index, INNER4)
        for index in indices[50:60] + indices[-1:] + indices[:1]:
            self.device.delete("out", index)
        left = [i for i in indices if i not in indices[50:60] + indices[-1:] + indices[:1]]
        self.assertEqual(self.device.events(), [f"{kind}/out/{i}/{0x3000 + i:#x}/-/0" for i in left for kind in ("soft", "hard")])
        index = self.device.add("out", **SA(spi=0x9999).members(limits__soft_packets=1))
        self.device.encap(index, INNER4)
        self.assertEqual(len(self.device.events()), 1)

    def test_idle(self):
        index = self.device.add("out", **SA().members())
        self.assertEqual(self.device.counters("out", index)["idle_ms"], 2**64 - 1)
        self.device.encap(index, INNER4)
        self.assertLess(self.device.counters("out", index)["idle_ms"], 2**32)

    # ---- whatever a packet holds ----
    def test_any_bytes(self):
        """Changed, cut and random packets of every format: a status of decapsulation, never plaintext that is not the peer's (the sanitizers watch, too)."""
        made = []
        for i, (mode, family, ports) in enumerate((m, f, p) for m in (TUNNEL, TRANSPORT) for f in (4, 6) for p in ((), (4500, 4500))):
            sa = SA(spi=0x5000 + i, mode=mode, family=family, ports=ports)
            self.device.add("in", **sa.members(replay_window=64))
            made.append(self.esp(sa, 5))
            if family == 6:
                made.append(v6(IPv6ExtHdrHopByHop(options=[PadN(optdata=bytes(4))]), IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(4))]), esp=sa.seal(6, trailer(INNER6, 41))))
        seen = set()
        for _ in range(int(2500 * esp_device.SCALE)):
            packet = bytearray(self.rng.choice(made))
            for _ in range(self.rng.choice((0, 1, 1, 2, 5))):
                at = self.rng.randrange(min(len(packet), self.rng.choice((8, 60, 2000))))
                packet[at] = self.rng.choice((0, 1, 0x45, 0x46, 0x60, 0xFF, 17, 44, 50, 60, self.rng.randrange(256)))
            if self.rng.random() < 0.2:
                del packet[self.rng.randrange(1, len(packet)):]
            if self.rng.random() < 0.5 and packet[0] >> 4 == 4 and len(packet) >= 20:
                header = bytes(packet[:10]) + b"\0\0" + bytes(packet[12:4 * (packet[0] & 15)])
                total = sum(int.from_bytes(header[i:i + 2], "big") for i in range(0, len(header) - 1, 2))
                while total >> 16:
                    total = (total & 0xFFFF) + (total >> 16)
                packet[10:12] = (~total & 0xFFFF).to_bytes(2, "big")
            status, _ = self.device.decap(bytes(packet))
            self.assertIn(status, STATUSES_OF_DECAP)
            seen.add(status)
        self.assertTrue({"ok", "outer_malformed", "icv_mismatch", "no_sa", "fragment", "replay_duplicate"} <= seen, seen)


if __name__ == "__main__":
    esp_device.main()
