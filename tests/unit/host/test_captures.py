#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Captures that espalier reads: cut at any byte, from a pipe, with bytes that are no part of a packet, with several interfaces; and text
files as editors leave them. Usage: test_captures.py ESPALIER."""
import fcntl
import json
import os
import signal
import struct
import subprocess
import termios
import unittest

from command import ESPALIER, Command, inner, open_esp, state
from scapy.layers.l2 import Ether

LINK = bytes(Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02", type=0x800))


def block(kind, body):
    body += bytes(-len(body) % 4)
    size = struct.pack("<I", 12 + len(body))
    return struct.pack("<I", kind) + size + body + size


def section(order="<"):
    body = struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1)
    size = struct.pack(order + "I", 28)
    return struct.pack(order + "I", 0x0A0D0D0A) + size + body + size


def interface(link_type, snaplen=262144):
    return block(1, struct.pack("<HHI", link_type, 0, snaplen))


def packet(data, number=0):
    return block(6, struct.pack("<IIIII", number, 0, 0, len(data), len(data)) + data)


class Captures(Command):
    def put(self, data, name="in"):
        with open(self.path(name), "wb") as f:
            f.write(data)

    def whole(self, name="in"):
        with open(self.path(name), "rb") as f:
            return f.read()

    def convert(self, command="encap", **fields):
        done = subprocess.run([ESPALIER, command, "-d", "software", "-x", "states", "-r", "in", "-w", "out", "--json"], cwd=self.dir.name,
                              capture_output=True, text=True, timeout=60, check=False, **fields)
        return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr

    def test_cut_anywhere(self):
        """What is whole is processed and counted; then comes the error."""
        self.pcap("in", [inner(n) for n in (40, 50, 60)])
        data = self.whole()
        ends = [24]
        for n in (40, 50, 60):
            ends.append(ends[-1] + 16 + n)
        for cut in range(24, len(data) + 1):
            self.put(data[:cut])
            count = sum(end <= cut for end in ends) - 1
            status, result, err = self.convert()
            self.assertEqual((status, result["packets_in"], result["packets_out"]), (0 if cut in ends else 1, count, count), err)
            self.assertEqual(len(self.read("out")[1]), count)
            if cut not in ends:
                self.assertIn(f"in is damaged behind packet {count}", err)
        for cut in (0, 1, 3, 4, 23):
            self.put(data[:cut])
            status, result, err = self.convert()
            self.assertEqual((status, result), (1, None))
            self.assertIn("espalier: in: ", err)

    def test_bytes_behind(self):
        """Padding and trailers are no part of the inner packet, whatever the link type, in both directions."""
        for linktype, link in ((101, b""), (228, b""), (1, LINK)):
            self.pcap("in", [link + inner(28) + bytes(range(n)) for n in (0, 1, 6, 18, 200)], linktype)
            self.assertEqual(self.pump()["packets_out"], 5)
            sealed = [p for _, p in self.read("out")[1]]
            for i, p in enumerate(sealed):
                self.assertEqual(open_esp(p[len(link):], i + 1), inner(28))
            self.pcap("in", [p + bytes(9) for p in sealed], linktype)
            self.assertEqual(self.pump("decap")["packets_out"], 5)
            self.assertEqual([p for _, p in self.read("out")[1]], [link + inner(28)] * 5)

    def test_only_padding_is_missing(self):
        """A snapshot length that cuts nothing of the IP packet."""
        frame = LINK + inner(28) + bytes(18)
        for cut, drops in ((60, {}), (59, {}), (42, {}), (41, {"truncated_capture": 1}), (20, {"truncated_capture": 1})):
            self.pcap("in", [frame], 1, cut=cut)
            result = self.pump()
            self.assertEqual(result["drops"], drops)
            if not drops:
                self.assertEqual(open_esp(self.read("out")[1][0][1][14:], 1), inner(28))

    def test_standard_input(self):
        self.pcap("in", [inner(n) for n in (40, 50, 60)])
        self.pump()
        want, data = self.read("out"), self.whole()
        command = [ESPALIER, "encap", "-d", "software", "-x", "states", "-r", "-", "-w", "out"]
        with open(self.path("in"), "rb") as file:
            subprocess.run(command, cwd=self.dir.name, stdin=file, check=True, capture_output=True)
        self.assertEqual(self.read("out"), want)
        run = subprocess.Popen(command, cwd=self.dir.name, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
        for byte in data:  # byte by byte: none is lost where the format is looked at
            run.stdin.write(bytes([byte]))
        run.communicate()
        self.assertEqual(run.returncode, 0)
        self.assertEqual(self.read("out"), want)
        done = subprocess.run(command, cwd=self.dir.name, stdin=subprocess.DEVNULL, check=False, capture_output=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"espalier: -: ", done.stderr)
        with open(self.path("in"), "rb") as file:
            done = subprocess.run([*command[:-1], "in"], cwd=self.dir.name, stdin=file, check=False, capture_output=True)
        self.assertIn(b"the same file", done.stderr)
        self.assertEqual(self.whole(), data)

    def test_interrupted(self):
        """While it waits for input: as at a cut."""
        self.pcap("in", [inner(n) for n in (40, 50, 60)])
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            run = subprocess.Popen([ESPALIER, "encap", "-d", "software", "-x", "states", "-r", "-", "-w", "out", "--json", "--save-states", "states"],
                                   cwd=self.dir.name, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            run.stdin.write(self.whole())
            run.stdin.flush()
            self.wait_until_read(run)
            run.send_signal(number)
            with run.stdout, run.stderr:
                result, err = json.loads(run.stdout.read()), run.stderr.read()
            run.stdin.close()
            self.assertEqual((run.wait(), err), (1, b"espalier: Interrupted.\n"))
            self.assertEqual((result["packets_in"], result["packets_out"]), (3, 3))
            self.assertEqual(len(self.read("out")[1]), 3)

    @staticmethod
    def wait_until_read(run):
        """It has taken all there was and waits for more: the pipe is empty, and it sleeps."""
        while run.poll() is None:
            left = struct.unpack("i", fcntl.ioctl(run.stdin, termios.FIONREAD, bytes(4)))[0]
            with open(f"/proc/{run.pid}/stat", encoding="ascii") as file:
                if not left and file.read().rsplit(")", 1)[1].split()[0] == "S":
                    return
        raise AssertionError("it ended")

    def test_interfaces_and_sections(self):
        """What libpcap joins works; what it does not is said, behind the packets before it."""
        works = {
            "two interfaces": section() + interface(1) + interface(1) + packet(LINK + inner(40)) + packet(LINK + inner(50), 1),
            "two sections": (section() + interface(1) + packet(LINK + inner(40))) + (section() + interface(1) + packet(LINK + inner(50))),
        }
        for name, data in works.items():
            with self.subTest(works=name):
                self.put(data)
                status, result, err = self.convert()
                self.assertEqual((status, result["packets_out"]), (0, 2), err)
        for name, second in {"raw twice": section() + interface(101), "another type": interface(1), "another length": interface(101, 100)}.items():
            with self.subTest(refused=name):
                self.put(section() + interface(101) + packet(inner(40)) + second + packet(inner(50)))
                status, result, err = self.convert()
                self.assertEqual((status, result["packets_in"], result["packets_out"]), (1, 1, 1), err)
                self.assertIn("in: behind packet 1 begins an interface or section", err)
                self.assertIn("not supported", err)
        self.put(section() + interface(101) + packet(inner(40)) + section(">"))
        status, result, err = self.convert()
        self.assertEqual((status, result["packets_out"]), (1, 1), err)
        self.assertIn("in is damaged behind packet 1", err)

    def test_text_of_other_editors(self):
        self.pcap("in", [inner()])
        self.assertEqual(self.pump()["packets_out"], 1)
        want = self.read("out")
        line = state().replace(" mode", " \\\n mode").replace(" 128", " 128 \\\n")
        for text in (line, "\ufeff" + line, line.replace("\n", "\r\n"), "\ufeff# first\r\n\r\n" + line.replace("\n", "\r\n"), line[:-1] + "\r"):
            with self.subTest(text=text), open(self.path("states"), "w", encoding="utf-8", newline="") as file:
                file.write(text)
            self.assertEqual(self.pump("encap", 0)["packets_out"], 1)
            self.assertEqual(self.read("out"), want)
            self.pump("encap", 0, "--save-states", "states")
            os.truncate(self.path("states"), 0)


if __name__ == "__main__":
    unittest.main()
