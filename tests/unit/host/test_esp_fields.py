#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Header fields of tunnels by SA: RFC 6040's tables written out, DSCP, DF, TTL, flow label, MSS, over both families inside and outside. scapy makes and reads the
packets and their checksums."""
import itertools

from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.packet import Raw

import esp_device
from esp_device import ECN_CE, ECN_NONE, ECN_NORMAL, SA, TRANSPORT, parse, trailer

NOT_ECT, ECT1, ECT0, CE, DROP = 0, 1, 2, 3, None
# RFC 6040, figure 4: rows are the inner mark, columns the outer one: Not-ECT, ECT(0), ECT(1), CE.
FIGURE_4 = {NOT_ECT: (NOT_ECT, NOT_ECT, NOT_ECT, DROP), ECT0: (ECT0, ECT0, ECT1, CE), ECT1: (ECT1, ECT1, ECT1, CE), CE: (CE, CE, CE, CE)}
COLUMNS = (NOT_ECT, ECT0, ECT1, CE)
FAMILIES = tuple(itertools.product((4, 6), (4, 6)))


def inner(family, tos=0, ttl=33, flow=0x12345, df=True, upper=None):
    upper = UDP(sport=1, dport=2) / Raw(b"payload") if upper is None else upper
    if family == 4:
        return bytes(IP(src="10.1.0.1", dst="10.2.0.1", tos=tos, ttl=ttl, flags=2 * df, id=77) / upper)
    return bytes(IPv6(src="2001:db8:1::1", dst="2001:db8:2::1", tc=tos, hlim=ttl, fl=flow) / upper)


def tos_of(packet):
    packet = parse(packet)
    return packet.tos if packet.version == 4 else packet.tc


class Fields(esp_device.DeviceTest):
    def make(self, outer, packet, **members):
        """The outer packet that an SA of this family makes, parsed; its checksum is right."""
        index = self.device.add("out", **SA(family=outer).members(**members))
        status, made = self.device.encap(index, packet)
        self.assertEqual(status, "ok")
        self.device.delete("out", index)
        header = parse(made)
        if outer == 4:
            again = IP(made)
            del again.chksum
            self.assert_bytes(bytes(again), made, "checksum")
        return header

    def open(self, outer, packet, next_header, tos, number=1, **members):
        sa = SA(family=outer)
        index = self.device.add("in", **sa.members(**members))
        status, got = self.device.decap(sa.outer(sa.seal(number, trailer(packet, next_header)), tos=tos))
        self.device.delete("in", index)
        return status, got

    def test_decapsulation_marks(self):
        for (outer, family), mode, mark, dscp in itertools.product(FAMILIES, range(4), range(4), (0, 0x2E)):
            for column, outer_mark in enumerate(COLUMNS):
                want = FIGURE_4[mark][column]
                if mode == ECN_NONE or mode == ECN_CE and outer_mark != CE:
                    want = mark
                packet = inner(family, tos=dscp << 2 | mark)
                status, got = self.open(outer, packet, 4 if family == 4 else 41, 0xFC ^ dscp << 2 | outer_mark, ecn=mode)
                if want is DROP:
                    self.assertEqual(status, "ecn_invalid")
                else:
                    self.assertEqual((status, got), ("ok", inner(family, tos=dscp << 2 | want)), (outer, family, mode, mark, outer_mark))

    def test_encapsulation_marks(self):
        """RFC 6040, figure 3: normal mode copies, compatibility mode clears."""
        for (outer, family), mode, mark in itertools.product(FAMILIES, range(4), range(4)):
            made = self.make(outer, inner(family, tos=0xB8 | mark), ecn=mode)
            self.assertEqual(tos_of(bytes(made)), 0xB8 | (mark if mode in (ECN_CE, ECN_NORMAL) else 0), (mode, mark))

    def test_dscp(self):
        for outer, family in FAMILIES:
            self.assertEqual(tos_of(bytes(self.make(outer, inner(family, tos=0xB9)))), 0xB9)
            self.assertEqual(tos_of(bytes(self.make(outer, inner(family, tos=0xB9), set_dscp=True, dscp=10))), 10 << 2 | 1)
            self.assertEqual(tos_of(bytes(self.make(outer, inner(family, tos=0xB9), set_dscp=True))), 1)
            next_header = 4 if family == 4 else 41
            self.assertEqual(self.open(outer, inner(family, tos=0xB9), next_header, 0x28), ("ok", inner(family, tos=0xB9)))
            self.assertEqual(self.open(outer, inner(family, tos=0xB9), next_header, 0x2B, copy_dscp=True), ("ok", inner(family, tos=0x2B)))

    def test_df(self):
        for family, inner_df, (df, want) in itertools.product((4, 6), (False, True), ((0, None), (1, True), (2, False))):
            made = self.make(4, inner(family, df=inner_df), df=df, seq=0x54320)
            want_df = (inner_df or family == 6) if want is None else want
            self.assertEqual((int(made.flags), made.id), (2, 0) if want_df else (0, 0x4321), (family, inner_df, df))

    def test_ttl(self):
        for (outer, family), ttl, copy, less in itertools.product(FAMILIES, (1, 2, 33, 255), (False, True), (False, True)):
            packet = inner(family, ttl=ttl)
            members = {"copy_ttl": copy, "decrement_ttl": less, "ttl": 7}
            if less and ttl == 1:
                index = self.device.add("out", **SA(family=outer).members(**members))
                self.assertEqual(self.device.encap(index, packet)[0], "ttl_expired")
                self.assertEqual(self.device.delete("out", index), 0)  # no number was drawn
                continue
            made = self.make(outer, packet, **members)
            self.assertEqual(made.ttl if outer == 4 else made.hlim, ttl if copy else 7)
            index = self.device.add("in", **SA(family=outer).members())
            self.assertEqual(self.device.decap(bytes(made)), ("ok", inner(family, ttl=ttl - less)))
            self.device.delete("in", index)
        self.assertEqual(self.make(4, inner(4)).ttl, 64)

    def test_flow_label(self):
        self.assertEqual(self.make(6, inner(6)).fl, 0x12345)
        self.assertEqual(self.make(6, inner(6), zero_flow_label=True).fl, 0)
        self.assertEqual(self.make(6, inner(4)).fl, 0)

    def test_mss(self):
        """Both directions, both modes and families; odd places of the option; other segments and smaller values stay."""
        nop, stamps = ("NOP", None), ("Timestamp", (1, 2))
        for options in ([("MSS", 1460)], [nop, ("MSS", 1460)], [nop, nop, nop, ("MSS", 9000), nop], [stamps, ("MSS", 1460)], [nop, stamps, ("MSS", 1301)]):
            for (outer, family), flags, mode, payload in itertools.product(FAMILIES, ("S", "SA", "A", "R"), (0, TRANSPORT), (b"", b"odd")):
                if mode == TRANSPORT and outer != family:
                    continue
                lowered = [(name, 1300) if name == "MSS" and "S" in flags else (name, value) for name, value in options]
                packet, want = (inner(family, upper=TCP(flags=flags, options=some) / Raw(payload)) for some in (options, lowered))
                for clamp_out in (True, False):
                    members = SA(family=outer, mode=mode).members()
                    a = self.device.add("out", **members, mss=1300 if clamp_out else 0)
                    if mode == TRANSPORT:
                        members["dst"] = parse(packet).dst
                    b = self.device.add("in", **members, mss=0 if clamp_out else 1300)
                    self.assertEqual(self.device.decap(self.device.encap(a, packet)[1]), ("ok", want), (options, flags))
                    self.device.delete("out", a)
                    self.device.delete("in", b)
        broken = [b"\x01\x02\x04\x05", b"\x02\x03\x05\x01", b"\x05\x00\x02\x04", b"\x00\x02\x04\x05\xb4", b"\x05\x01\x02\x04\x05\xb4\x01\x01", b"\x02\x04\x05\xb4"]
        a = self.device.add("out", **SA().members(mss=100))
        self.device.add("in", **SA().members())
        for some in broken:  # options that do not parse, an end in front, a header longer than the packet: untouched or the one that is there lowered
            options = some + bytes(-len(some) % 4)
            tcp = bytes(TCP(flags="S", dataofs=5 + len(options) // 4)) + options
            packet = bytes(IP(src="10.1.0.1", dst="10.2.0.1", proto=6) / Raw(tcp))
            status, back = self.device.decap(self.device.encap(a, packet)[1])
            self.assertEqual(status, "ok")
            self.assertEqual(back == packet, some != b"\x02\x04\x05\xb4", some)
        short = bytes(IP(src="10.1.0.1", dst="10.2.0.1", proto=6) / Raw(bytes(TCP(flags="S", dataofs=15))))
        self.assertEqual(self.device.decap(self.device.encap(a, short)[1]), ("ok", short))
        fragment = bytes(IP(src="10.1.0.1", dst="10.2.0.1", proto=6, frag=3) / Raw(bytes(TCP(flags="S", options=[("MSS", 1460)]))))
        self.assertEqual(self.device.decap(self.device.encap(a, fragment)[1]), ("ok", fragment))


if __name__ == "__main__":
    esp_device.main()
