#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The command with all that a file of states may say, on the software reference: modes, families, NAT-T, ICVs, algorithms, there and back through captures of each link
type, opened by scapy where it can; what comes of packets that are not ESP; numbers kept for packets in UDP and IPv6."""
import itertools
import struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrHopByHop, PadN
from scapy.layers.l2 import Ether
from scapy.packet import Raw

import command

ENDS = {4: ("192.0.2.1", "192.0.2.2"), 6: ("2001:db8::1", "2001:db8::2")}
KEY = bytes(range(32)) + b"salt"


def state(family, mode, more="", spi=0x1000, aead="rfc4106(gcm(aes))", icv=128):
    src, dst = ENDS[family]
    return (f"xfrm state add src {src} dst {dst} proto esp spi {spi:#x} mode {mode} aead '{aead}' 0x{KEY.hex()} {icv} replay-window 128 {more}\n")


def packet(family, ends, payload=b"hello"):
    src, dst = ends
    return bytes((IP(src=src, dst=dst) if family == 4 else IPv6(src=src, dst=dst)) / UDP(sport=7, dport=9) / Raw(payload))


def link(family, version):
    return b"" if family != 1 else bytes(Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02", type=0x800 if version == 4 else 0x86DD))


class Modes(command.Command):
    def test_there_and_back(self):
        for mode, outer, inner, nat, (aead, icv), linktype in itertools.product(("tunnel", "transport"), (4, 6), (4, 6), (False, True),
                                                                                (("rfc4106(gcm(aes))", 64), ("rfc4106(gcm(aes))", 128), ("rfc4543(gcm(aes))", 128), ("rfc7539esp(chacha20,poly1305)", 128)), (1, 101)):
            if mode == "transport" and outer != inner or linktype == 1 and icv == 64:
                continue
            with self.subTest(mode=mode, outer=outer, inner=inner, nat=nat, aead=aead, icv=icv, link=linktype):
                plain = [packet(inner, ENDS[outer] if mode == "transport" else ("10.1.0.1", "10.2.0.1") if inner == 4 else ("2001:db8:1::1", "2001:db8:2::1"), bytes(n))
                         for n in (0, 1, 1300)]
                self.write("states", state(outer, mode, "encap espinudp 4500 4500 0.0.0.0" * nat, aead=aead, icv=icv))
                self.pcap("in", [link(linktype, inner) + p for p in plain], linktype)
                self.assertEqual(self.pump()["packets_out"], 3)
                kind, made = self.read("out")
                for i, (_, outside) in enumerate(made):
                    self.assertEqual(outside[:len(link(linktype, outer))], link(linktype, outer))
                    outside = outside[len(link(linktype, outer)):]
                    self.assertEqual(outside[0] >> 4, outer)
                    esp = outside[(20 if outer == 4 else 40) + 8 * nat:]
                    self.assertEqual(esp[:8], struct.pack("!II", 0x1000, i + 1))
                    if icv == 128 and aead == "rfc4106(gcm(aes))":
                        text = AESGCM(KEY[:32]).decrypt(KEY[32:] + esp[8:16], esp[16:], esp[:8])
                        self.assertIn(plain[i][-8:] if mode == "tunnel" else plain[i][40 if inner == 6 else 20:], text)
                self.pcap("in", [p for _, p in made], linktype)
                self.assertEqual(self.pump("decap")["packets_out"], 3)
                back = [p for _, p in self.read("out")[1]]
                if mode == "transport" and nat and inner == 4:  # RFC 3948, 3.1.2
                    plain = [p[:26] + b"\0\0" + p[28:] for p in plain]
                self.assertEqual(back, [link(linktype, inner) + p for p in plain])

    def test_link_types(self):
        """IPv6 captures (229), and those of one version that what comes out does not fit into."""
        self.write("states", state(6, "tunnel"))
        inner = packet(6, ("2001:db8:1::1", "2001:db8:2::1"))
        self.pcap("in", [inner], 229)
        self.assertEqual(self.pump()["packets_out"], 1)
        self.assertEqual(self.read("out")[0], 229)
        self.write("states", state(4, "tunnel"))
        done = self.run_it("encap", "-d", "software", "-x", "states", "-r", "in", "-w", "out", status=1)
        self.assertIn("raw IP (101) is for both", done.stderr)
        self.write("states", state(6, "tunnel"))
        self.pcap("in", [packet(4, ("10.1.0.1", "10.2.0.1"))], 228)
        self.assertIn("raw IP (101) is for both", self.run_it("encap", "-d", "software", "-x", "states", "-r", "in", "-w", "out", status=1).stderr)

    def test_not_for_esp(self):
        self.write("states", state(4, "tunnel", "encap espinudp 4500 4500 0.0.0.0"))
        header = IP(src="192.0.2.1", dst="192.0.2.2")
        self.pcap("in", [bytes(header / UDP(sport=4500, dport=4500) / Raw(b"\xff")), bytes(header / UDP(sport=4500, dport=4500) / Raw(bytes(60))),
                         bytes(header / UDP(sport=4500, dport=500) / Raw(bytes(60))), bytes(header / Raw(b"x"))])
        self.assertEqual(self.pump("decap")["drops"], {"nat_keepalive": 1, "non_esp": 1, "not_esp": 2})

    def test_transport_ends(self):
        """In transport mode a state is for the packets between its ends alone; dir says for which direction a state is."""
        self.write("states", state(4, "transport", "dir in", spi=0x999).replace("73616c74", "73616c75") + state(4, "transport", "dir out"))
        self.pcap("in", [packet(4, ("192.0.2.1", "192.0.2.2")), packet(4, ("192.0.2.2", "192.0.2.1")), packet(4, ("192.0.2.1", "192.0.2.3")), packet(6, ENDS[6])])
        result = self.pump()
        self.assertEqual((result["packets_out"], result["drops"]), (1, {"no_state": 3}))
        self.assertEqual(self.read("out")[1][0][1][20:24], struct.pack("!I", 0x1000))
        self.pcap("in", [p for _, p in self.read("out")[1]])
        self.assertEqual(self.pump("decap")["drops"], {"no_sa": 1})

    def test_numbers_in_udp(self):
        """What --save-states keeps of received numbers comes from behind UDP, IPv6 and its options."""
        for family, nat in ((4, True), (6, False), (6, True)):
            more = "encap espinudp 4500 4500 0.0.0.0" * nat
            self.write("states", state(family, "transport", f"{more} replay-oseq 500"))
            front = IP(src=ENDS[4][0], dst=ENDS[4][1], options=b"\x01\x01\x01\x00") if family == 4 else \
                IPv6(src=ENDS[6][0], dst=ENDS[6][1]) / IPv6ExtHdrHopByHop(options=[PadN(optdata=bytes(4))])
            self.pcap("in", [bytes(front / UDP(sport=7, dport=9) / Raw(bytes(n))) for n in range(5)])
            self.assertEqual(self.pump()["packets_out"], 5)
            self.pcap("in", [p for _, p in self.read("out")[1]])
            self.assertEqual(self.pump("decap", 0, "--save-states", "states")["packets_out"], 5)
            with open(self.path("states"), encoding="ascii") as file:
                self.assertIn(f"replay-seq {505:#x} ", file.read())
            self.assertEqual(self.pump("decap", 0, "--save-states", "states")["drops"], {"replay_duplicate": 5})

    def test_limit(self):
        self.write("states", state(4, "tunnel", "limit packet-hard 2"))
        self.pcap("in", [packet(4, ("10.1.0.1", "10.2.0.1"))] * 5)
        result = self.pump()
        self.assertEqual((result["packets_out"], result["drops"]), (2, {"sa_expired": 3}))


if __name__ == "__main__":
    command.unittest.main()
