#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the installed `ip xfrm state` prints, pasted into a file of states. ip prints netlink messages that this test makes (struct xfrm_usersa_info and attributes,
<linux/xfrm.h>) from a file, so that no kernel with these algorithms is needed; with `ip xfrm monitor file`, whose states are printed by the same code.
The packets of the command are opened by scapy."""
import ipaddress
import os
import socket
import struct
import subprocess

from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.ipsec import ESP, SecurityAssociation
from scapy.packet import Raw

import command

NEWSA = 0x10
ALG_AEAD, ENCAP, REPLAY_VAL, REPLAY_ESN_VAL, EXTRA_FLAGS, OFFLOAD = 18, 4, 10, 23, 24, 28
NOECN, DECAP_DSCP, NOPMTUDISC, AF_UNSPEC, ESN = 1, 2, 4, 0x20, 0x80
INFINITE = 2**64 - 1
KEY = bytes(range(16)) + b"salt"


def packed(address):
    return ipaddress.ip_address(address).packed.ljust(16, b"\0")


def attribute(kind, data):
    length = 4 + len(data)
    return struct.pack("=HH", length, kind) + data + bytes(-length % 4)


def newsa(src, dst, spi, mode, *attributes, flags=0, window=0, reqid=1, sel=None, limits=(INFINITE,) * 4):
    """An XFRM_MSG_NEWSA: mode 0 transport, 1 tunnel. sel: (src, plen, dst, plen, proto, sport, dport)."""
    family = socket.AF_INET6 if ":" in src else socket.AF_INET
    if sel:
        inner = socket.AF_INET6 if ":" in sel[0] else socket.AF_INET
        selector = struct.pack("=16s16sHHHHHBBBxxxiI", packed(sel[2]), packed(sel[0]), socket.htons(sel[6]), 0xFFFF * bool(sel[6]), socket.htons(sel[5]),
                               0xFFFF * bool(sel[5]), inner, sel[3], sel[1], sel[4], 0, 0)
    else:
        selector = bytes(56)
    info = selector + packed(dst) + struct.pack(">I", spi) + struct.pack("=Bxxx", 50) + packed(src)
    info += struct.pack("=8Q", *limits, 0, 0, 0, 0) + struct.pack("=4Q", 84, 1, 1700000000, 0)  # configured and current lifetimes
    info += struct.pack("=3I", 0, 0, 0) + struct.pack("=IIHBBB", 0, reqid, family, mode, window, flags)
    info += bytes(-len(info) % 8)
    body = info + b"".join(attributes)
    return struct.pack("=IHHII", 16 + len(body), NEWSA, 0, 0, 0) + body


def aead(name, key, bits):
    return attribute(ALG_AEAD, name.encode().ljust(64, b"\0") + struct.pack("=II", len(key) * 8, bits) + key)


def espinudp(sport, dport):
    return attribute(ENCAP, struct.pack("=H", 2) + struct.pack(">HHxx", sport, dport) + bytes(16))


def esn(window, oseq=0, seq=0):
    words = (window + 31) // 32
    return attribute(REPLAY_ESN_VAL, struct.pack("=6I", words, oseq & 0xFFFFFFFF, seq & 0xFFFFFFFF, oseq >> 32, seq >> 32, window) + bytes(4 * words))


class Pasted(command.Command):
    def printed(self, *messages, statistics=False):
        with open(self.path("messages"), "wb") as file:
            file.write(b"".join(messages))
        done = subprocess.run(["ip", *(["-s"] if statistics else []), "xfrm", "monitor", "file", self.path("messages")], capture_output=True, text=True, check=True)
        self.assertIn("spi 0x", done.stdout)
        self.write("states", done.stdout)

    def encapsulated(self, *packets):
        """From the numbers of the printed states."""
        if os.path.exists(self.path("saved")):
            os.remove(self.path("saved"))
        self.pcap("in", packets)
        self.run_it("encap", "-d", "software", "-x", "states", "-r", "in", "-w", "out", "--json", "--save-states", "saved")
        return [packet for _, packet in self.read("out")[1]]

    def test_tunnel(self):
        for statistics in (False, True):
            self.printed(newsa("192.0.2.1", "192.0.2.2", 0x1000, 1, aead("rfc4106(gcm(aes))", KEY, 128), espinudp(4500, 4501),
                               attribute(REPLAY_VAL, struct.pack("=III", 8, 7, 1)), flags=AF_UNSPEC, window=32),
                         statistics=statistics)
            inner = IPv6(src="2001:db8::1", dst="2001:db8::2") / UDP(sport=1, dport=2) / Raw(b"hello")
            made = IP(self.encapsulated(bytes(inner))[0])
            self.assertEqual((made.src, made.dst, made.proto, made[UDP].sport, made[UDP].dport, made[UDP].chksum), ("192.0.2.1", "192.0.2.2", 17, 4500, 4501, 0))
            self.assertEqual(bytes(made[UDP])[12:16], b"\0\0\0\x09")
            sa = SecurityAssociation(ESP, 0x1000, crypt_algo="AES-GCM", crypt_key=KEY, tunnel_header=IP(), nat_t_header=UDP())
            made[UDP].dport = 4500
            self.assertEqual(bytes(sa.decrypt(IP(bytes(made)))), bytes(inner))

    def test_transport(self):
        """ESN, windows, limits, selectors; the numbers go on from those of the kernel, and --save-states keeps them."""
        for statistics in (False, True):
            self.printed(newsa("2001:db8::1", "2001:db8::2", 0x2000, 0, aead("rfc4106(gcm(aes))", KEY, 128), esn(128, oseq=0x300000004), flags=ESN,
                               sel=("2001:db8::1", 128, "2001:db8::2", 128, 6, 5, 6)), statistics=statistics)
            other = IPv6(src="2001:db8::1", dst="2001:db8::2") / TCP(sport=5, dport=7)
            inner = IPv6(src="2001:db8::1", dst="2001:db8::2") / TCP(sport=5, dport=6) / Raw(b"hello")
            made = self.encapsulated(bytes(other), bytes(inner))
            self.assertEqual(len(made), 1)
            sa = SecurityAssociation(ESP, 0x2000, crypt_algo="AES-GCM", crypt_key=KEY, esn_en=True, esn=3)
            self.assertEqual(bytes(sa.decrypt(IPv6(made[0]))), bytes(inner))
            with open(self.path("saved"), encoding="ascii") as file:
                saved = file.read()
            self.assertIn("replay-oseq 0x5 replay-seq-hi 0x0 replay-oseq-hi 0x3", saved)
            self.assertIn("xfrm state add src 2001:db8::1 dst 2001:db8::2 proto esp spi 0x00002000", saved)

    def test_chacha(self):
        """A name with a comma."""
        key = bytes(range(32)) + b"salt"
        self.printed(newsa("192.0.2.1", "192.0.2.2", 0x1000, 1, aead("rfc7539esp(chacha20,poly1305)", key, 128), window=32))
        inner = IP(src="10.1.0.1", dst="10.2.0.1") / UDP() / Raw(b"hello")
        sa = SecurityAssociation(ESP, 0x1000, crypt_algo="CHACHA20-POLY1305", crypt_key=key, tunnel_header=IP())
        self.assertEqual(bytes(sa.decrypt(IP(self.encapsulated(bytes(inner))[0]))), bytes(inner))

    def test_options(self):
        """Two states of one dump; with -s extra flags, and limits, which end the SA. ip 6.1 does not print tfcpad."""
        self.printed(newsa("192.0.2.1", "192.0.2.2", 0x3000, 1, aead("rfc4543(gcm(aes))", KEY, 128), attribute(EXTRA_FLAGS, struct.pack("=I", 1)),
                           attribute(OFFLOAD, struct.pack("=iBxxx", 1, 0)), flags=NOECN | DECAP_DSCP | NOPMTUDISC, sel=("10.1.0.0", 16, "0.0.0.0", 0, 0, 0, 0)),
                     newsa("192.0.2.1", "192.0.2.3", 0x4000, 1, aead("rfc4106(gcm(aes))", KEY[::-1], 64), sel=("10.2.0.0", 16, "0.0.0.0", 0, 0, 0, 0),
                           limits=(INFINITE, INFINITE, INFINITE, 2)), statistics=True)
        packets = [bytes(IP(src=f"10.{net}.0.1", dst="10.9.0.1", tos=0xBB, flags="DF", proto=253)) for net in (1, 2, 2, 2)]
        made = [IP(packet) for packet in self.encapsulated(*packets)]
        self.assertEqual([(p.dst, p.tos, int(p.flags)) for p in made], [("192.0.2.2", 0, 0), ("192.0.2.3", 0xBB, 2), ("192.0.2.3", 0xBB, 2)])
        self.assertEqual(len(made[0]), 20 + 16 + 24 + 16)
        self.assertEqual(len(made[1]), 20 + 16 + 24 + 8)


if __name__ == "__main__":
    command.unittest.main()
