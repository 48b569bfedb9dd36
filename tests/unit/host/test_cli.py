#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The command espalier on the software reference: link types, drops by name, exit status, JSON, sequence numbers saved and used on.
Usage: test_cli.py ESPALIER. Exit status 0 when all passes."""
import json
import os
import stat
import subprocess
import unittest

from command import ESPALIER, Command, inner, open_esp, state
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.ipsec import ESP
from scapy.layers.l2 import Dot1Q, Ether
from scapy.packet import Raw


class Cli(Command):
    def test_link_types(self):
        ether = bytes(Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02", type=0x800))
        for linktype, link in ((101, b""), (228, b""), (1, ether)):
            plain = [inner(n) for n in (20, 21, 22, 23, 500, 9000)]
            self.pcap("in", [link + p for p in plain], linktype)
            self.assertEqual(self.pump()["packets_out"], 6)
            kind, out = self.read("out")
            self.assertEqual(kind, linktype)
            for i, (time, p) in enumerate(out):
                self.assertEqual(time, (1700000000 + i).to_bytes(4, "little") + (i * 7).to_bytes(4, "little"))
                self.assertEqual(p[:len(link)], link)
                self.assertEqual(open_esp(p[len(link):], i + 1), plain[i])
            os.rename(self.path("out"), self.path("in"))
            result = self.pump("decap")
            self.assertEqual(result["packets_out"], 6)
            self.assertEqual(result["bytes_out"], sum(map(len, plain)))
            self.assertEqual(self.read("out"), (linktype, [(t, link + p) for (t, _), p in zip(out, plain)]))

    def test_ethernet_frames(self):
        short = bytes(Ether(type=0x800)) + inner(28)
        frames = [short + bytes(18), bytes(Ether() / Dot1Q(vlan=5) / IP()), bytes(Ether() / IPv6()), bytes(Ether(type=0x806)) + bytes(28),
                  bytes(13), bytes(Ether(type=0x800)) + inner(60)[:40]]
        self.pcap("in", frames, 1)
        result = self.pump()
        self.assertEqual(result["drops"], {"vlan": 1, "not_ipv4": 1, "short_frame": 1, "inner_malformed": 1})
        self.assertEqual(open_esp(self.read("out")[1][0][1][14:], 1), inner(28))
        self.pcap("in", [self.read("out")[1][0][1] + bytes(5)], 1)  # padding behind ESP
        self.assertEqual(self.pump("decap")["packets_out"], 1)
        self.assertEqual(self.read("out")[1][0][1], short)

    def test_raw_drops(self):
        self.pcap("in", [bytes(IPv6() / UDP()), b"", inner(100)[:99], inner(9601), inner()])
        self.assertEqual(self.pump()["drops"], {"bad_length": 1, "inner_malformed": 1, "too_long": 1})
        self.pcap("in", [inner(), inner()], cut=60)
        self.assertEqual(self.pump()["drops"], {"truncated_capture": 2})

    def test_decap_drops(self):
        self.pcap("in", [inner(n) for n in range(60, 160)])
        self.pump()
        good = [p for _, p in self.read("out")[1]]
        bad = bytearray(good[50])
        bad[60] ^= 1
        other = IP(good[60])
        other.dst = "192.0.2.9"
        del other.chksum
        plain = bytes(IP(src="192.0.2.1", dst="192.0.2.2") / UDP())
        self.pcap("in", good[:50] + [bytes(bad), good[49], good[51], bytes(other), plain, good[52][:40], good[99], good[30]])
        result = self.pump("decap")
        self.assertEqual(result["drops"], {"icv_mismatch": 1, "replay_duplicate": 1, "no_sa": 1, "not_esp": 1, "outer_malformed": 1,
                                           "replay_old": 1})
        self.assertEqual([p for _, p in self.read("out")[1]], [inner(n) for n in range(60, 110)] + [inner(111), inner(159)])

    def test_selectors(self):
        self.write("states", state(0x101, "sel src 10.1.0.0/16 dst 10.2.0.0/16 proto tcp dport 80") + state(0x102, "sel src 10.1.0.0/16 proto icmp")
                   + state(0x103, "sel dst 10.3.0.0/16"))
        hosts = {"src": "10.1.0.1", "dst": "10.2.0.1"}
        self.pcap("in", [IP(**hosts) / TCP(dport=80), IP(**hosts) / ICMP(), IP(src="1.1.1.1", dst="10.3.4.5") / UDP(), IP(**hosts) / UDP(),
                         IP(**hosts) / TCP(dport=81), IP(**hosts) / TCP(dport=80)])
        self.assertEqual(self.pump()["drops"], {"no_state": 2})
        self.assertEqual([IP(p)[ESP].spi for _, p in self.read("out")[1]], [0x101, 0x102, 0x103, 0x101])

    def test_sequence_goes_on(self):
        self.pcap("in", [inner() for _ in range(5)])
        self.pump("encap", 0, "--save-states", "states")
        self.assertEqual(stat.S_IMODE(os.stat(self.path("states")).st_mode), 0o600)
        self.pump("encap", 0, "--save-states", "states")
        first = self.read("out")[1]
        for i, (_, p) in enumerate(first):
            open_esp(p, 6 + i)
        os.rename(self.path("out"), self.path("in"))
        self.assertEqual(self.pump("decap", 0, "--save-states", "states")["packets_out"], 5)
        self.assertEqual(self.pump("decap")["drops"], {"replay_duplicate": 5})

    def test_exhausted(self):
        self.write("states", state(more="replay-oseq 0xfffffffd"))
        self.pcap("in", [inner() for _ in range(5)])
        self.assertEqual(self.pump("encap", 0, "--save-states", "states")["drops"], {"seq_exhausted": 3})
        self.assertEqual(self.pump()["drops"], {"seq_exhausted": 5})

    def test_many(self):
        self.write("states", "".join(state(0x1000 + i, f"sel src 10.1.{i}.0/24") for i in range(200)))
        plain = [bytes(IP(src=f"10.1.{i * 7 % 200}.1", dst="10.2.0.1", proto=17, id=i) / Raw(bytes(i % 1400))) for i in range(3000)]
        self.pcap("in", plain)
        self.assertEqual(self.pump()["packets_out"], 3000)
        os.rename(self.path("out"), self.path("in"))
        self.assertEqual(self.pump("decap")["packets_out"], 3000)
        self.assertEqual([p for _, p in self.read("out")[1]], plain)

    def test_errors(self):
        self.pcap("in", [inner()])
        args = ["encap", "-d", "software", "-x", "states", "-r", "in", "-w", "out"]

        def error(text, *argv):
            self.assertIn(text, self.run_it(*argv, status=1).stderr)

        error("-x STATES", "encap", "-d", "software")
        error("unknown command", "frobnicate")
        error("nowhere", *args[:5], "-r", "nowhere", "-w", "out", "-x", "states")
        self.write("bad", "\nxfrm state flush\n")
        error("bad:2: ", *args, "-x", "bad")
        self.write("bad", state(9))
        error("State of line 1: SA 0x00000009: SPIs 0 to 255 are reserved", *args, "-x", "bad")
        error("overwrite", *args[:-1], "in")
        error("no device", *args, "-d", "eth7")
        error("No simulated card", *args, "-d", "vfio-user:/nonexistent")
        error("could not be written", *args[:-1], "/dev/full")
        error("--timeout", *args, "--timeout", "x")
        error("unexpected argument", *args, "more")
        with open(self.path("in"), "ab") as f:
            f.write(b"rubbish")
        error("damaged", *args)

    def test_texts(self):
        self.assertIn("Never encapsulate twice", self.run_it("help").stdout)
        self.run_it(status=1)
        info = json.loads(self.run_it("info", "-d", "software", "--json").stdout)
        self.assertEqual((info["sa_capacity"], info["max_packet"], info["max_window"]), (4096, 9600, 4096))
        self.assertIn("transport mode", info["features"])
        self.assertIn("AES-GCM", self.run_it("info", "-d", "software").stdout)
        self.assertIsInstance(json.loads(self.run_it("list", "--json").stdout), list)
        self.run_it("list")
        self.pcap("in", [inner(), bytes(40)])
        text = self.run_it("encap", "-d", "software", "-x", "states", "-r", "in", "-w", "out").stdout
        self.assertIn("packets in                        2              140 bytes", text)
        self.assertIn("inner_malformed                 1", text)
        r = subprocess.run([ESPALIER, "encap", "-d", "software", "-x", "states", "-r", "in", "-w", "-"], capture_output=True,
                           cwd=self.dir.name, check=True)
        with open(self.path("out"), "rb") as f:
            self.assertEqual(r.stdout, f.read())
        self.assertIn(b"packets in", r.stderr)


if __name__ == "__main__":
    unittest.main()
