#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Policies in a file of states: order, templates, what is dropped and why, both directions; and as the installed ip prints them, from netlink messages (struct
xfrm_userpolicy_info, <linux/xfrm.h>) in a file."""
import socket
import struct
import subprocess

from scapy.layers.inet import IP, TCP, UDP
from scapy.packet import Raw

import command
from test_pasted import attribute, packed

KEYS = [bytes([i]) * 16 + b"salt" for i in range(4)]
ENDS = "src 192.0.2.1 dst 192.0.2.2"


def state(number, mode="tunnel", more=""):
    return f"xfrm state add {ENDS} proto esp spi {0x1000 + number:#x} reqid {number} mode {mode} aead 'rfc4106(gcm(aes))' 0x{KEYS[number].hex()} 128 replay-window 64 {more}\n"


def tmpl(reqid=0, mode="tunnel"):
    return f"tmpl {ENDS} proto esp reqid {reqid} mode {mode}"


def packet(net, dport=9, kind=UDP):
    return bytes(IP(src="10.1.0.1", dst=f"10.{net}.0.1") / kind(sport=7, dport=dport) / Raw(b"hello"))


class Policies(command.Command):
    def spis(self):
        return [int.from_bytes(made[20:24], "big") - 0x1000 for _, made in self.read("out")[1]]

    def test_outbound(self):
        """The lowest priority wins, then the line; block, none, and a policy whose state is not there; the state is the template's, not the first."""
        self.write("states", state(1) + state(2) + state(3, "transport") +
                   f"xfrm policy add src 10.1.0.0/16 dst 10.2.0.0/16 dir out priority 10 {tmpl(2)}\n"
                   f"xfrm policy add dst 10.2.0.0/16 proto udp dport 53 dir out priority 5 action block\n"
                   f"xfrm policy add dst 10.0.0.0/8 proto tcp dir out priority 20 {tmpl(1)}\n"
                   f"xfrm policy add dst 10.0.0.0/8 proto tcp dir out priority 20 {tmpl(2)}\n"
                   f"xfrm policy add dst 10.4.0.0/16 dir out {tmpl(9)}\n"
                   f"xfrm policy add dst 10.5.0.0/16 dir out {tmpl(1, 'transport')}\n")
        self.pcap("in", [packet(2), packet(2, 53), packet(3, kind=TCP), packet(2, 53, TCP), packet(3), packet(4), packet(5)])
        result = self.pump()
        self.assertEqual(result["drops"], {"policy_block": 1, "no_policy": 1, "no_state": 2})
        self.assertEqual(self.spis(), [2, 1, 2])

    def test_inbound(self):
        """RFC 4301, 5.2: what comes out of a state is what a policy wants to come out of it."""
        self.write("states", state(1) + state(2))
        self.pcap("in", [packet(2), packet(3), packet(4), packet(5)])
        self.assertEqual(self.pump()["packets_out"], 4)
        self.assertEqual(self.spis(), [1, 1, 1, 1])
        self.pcap("in", [made for _, made in self.read("out")[1]])
        self.write("states", state(1) + state(2) + f"xfrm policy add dst 10.2.0.0/16 dir in {tmpl(1)}\nxfrm policy add dst 10.3.0.0/16 dir fwd {tmpl(2)}\n"
                   "xfrm policy add dst 10.4.0.0/16 dir in action block\n")
        result = self.pump("decap")
        self.assertEqual(result["drops"], {"policy_mismatch": 1, "policy_block": 1, "no_policy": 1})
        self.assertEqual([p for _, p in self.read("out")[1]], [packet(2)])

    def test_transport(self):
        """A template of transport mode has no ends, as ip prints it: the state is the one between the packet's."""
        own = bytes(IP(src="192.0.2.1", dst="192.0.2.2") / UDP(sport=7, dport=9) / Raw(b"hello"))
        other = bytes(IP(src="192.0.2.1", dst="192.0.2.3") / UDP(sport=7, dport=9) / Raw(b"hello"))
        policies = "".join(f"xfrm policy add src 192.0.2.0/24 dst 192.0.2.0/24 dir {direction} tmpl src 0.0.0.0 dst 0.0.0.0 proto esp reqid 3 mode transport\n"
                           for direction in ("out", "in"))
        self.write("states", state(1) + state(3, "transport") + policies)
        self.pcap("in", [own, other])
        self.assertEqual(self.pump()["drops"], {"no_state": 1})
        self.assertEqual(self.spis(), [3])
        self.pcap("in", [made for _, made in self.read("out")[1]])
        self.write("states", state(1) + state(3, "transport") + policies)
        self.assertEqual(self.pump("decap")["drops"], {})

    def test_saved(self):
        policy = f"xfrm policy add src 10.1.0.0/16 dir out priority 7 {tmpl(2)}"
        self.write("states", state(1) + state(2) + policy + "\n")
        self.pcap("in", [packet(2)])
        for number in (1, 2):
            self.pump("encap", 0, "--save-states", "states")
            self.assertEqual(self.read("out")[1][0][1][24:28], struct.pack("!I", number))
        with open(self.path("states"), encoding="ascii") as file:
            self.assertIn(policy, file.read().splitlines())

    def test_printed(self):
        """Pasted, with -s and without."""
        def newpolicy(src, plen, direction, action, priority, *attributes, proto=0, dport=0):
            selector = struct.pack("=16s16sHHHHHBBBxxxiI", packed("10.2.0.0"), packed(src), socket.htons(dport), 0xFFFF * bool(dport), 0, 0, socket.AF_INET, 16, plen, proto, 0, 0)
            body = selector + struct.pack("=8Q", *(2**64 - 1,) * 4, 0, 0, 0, 0) + struct.pack("=4Q", 0, 0, 1700000000, 0)
            body += struct.pack("=IIBBBBxxxx", priority, 8, direction, action, 0, 0) + b"".join(attributes)
            return struct.pack("=IHHII", 16 + len(body), 0x13, 0, 0, 0) + body

        template = attribute(5, packed("192.0.2.2") + struct.pack(">I", 0) + struct.pack("=Bxxx", 50) + struct.pack("=Hxx", socket.AF_INET) + packed("192.0.2.1") +
                             struct.pack("=IBBBxIII", 2, 1, 0, 0, *(0xFFFFFFFF,) * 3))
        for statistics in ([], ["-s"]):
            with open(self.path("messages"), "wb") as file:
                file.write(newpolicy("10.1.0.0", 16, 1, 0, 10, template) + newpolicy("10.1.0.0", 16, 1, 1, 5, proto=17, dport=53) + newpolicy("10.1.0.0", 16, 2, 0, 5, template))
            printed = subprocess.run(["ip", *statistics, "xfrm", "monitor", "file", self.path("messages")], capture_output=True, text=True, check=True).stdout
            self.assertIn("tmpl src 192.0.2.1", printed)
            self.write("states", state(1) + state(2) + printed)
            self.pcap("in", [packet(2), packet(2, 53), packet(3)])
            self.assertEqual(self.pump()["drops"], {"policy_block": 1, "no_policy": 1})
            self.assertEqual(self.spis(), [2])


if __name__ == "__main__":
    command.unittest.main()
