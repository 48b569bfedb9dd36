# SPDX-License-Identifier: Apache-2.0
"""What the tests of the command espalier share: states, packets, captures, and the command on the software reference.
The first argument of each is the program."""
import json
import logging
import os
import subprocess
import sys
import tempfile
import unittest

logging.getLogger("scapy").setLevel(logging.ERROR)
from scapy.layers.inet import IP  # noqa: E402
from scapy.layers.ipsec import ESP, SecurityAssociation  # noqa: E402
from scapy.packet import Raw  # noqa: E402
from scapy.utils import PcapWriter  # noqa: E402

ESPALIER = os.path.abspath(sys.argv.pop(1))
KEY = bytes(range(32))
COUNTERS = {"command", "device", "transport", "lanes", "clock_khz", "states", "packets_in", "packets_out", "bytes_in", "bytes_out",
            "dropped", "drops", "cycles"}


def salt(spi):
    """Each SPI has its own: two SAs of one key and salt are refused."""
    return spi.to_bytes(4, "big")


def state(spi=0x1000, more=""):
    return (f"xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi {spi:#x} mode tunnel "
            f"aead 'rfc4106(gcm(aes))' 0x{(KEY + salt(spi)).hex()} 128 replay-window 64 {more}\n")


def inner(length=100, **fields):
    p = IP(src="10.1.0.1", dst="10.2.0.1", proto=17, **fields)
    return bytes(p / Raw(bytes(i & 255 for i in range(length - 20))))


def open_esp(packet, seq, spi=0x1000):
    sa = SecurityAssociation(ESP, spi=spi, crypt_algo="AES-GCM", crypt_key=KEY + salt(spi), auth_algo="NULL", auth_key=None,
                             tunnel_header=IP(src="192.0.2.1", dst="192.0.2.2"))
    packet = IP(packet)
    assert packet[ESP].seq == seq, (packet[ESP].seq, seq)
    return bytes(sa.decrypt(packet))


class Command(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)
        self.write("states", state())

    def path(self, name):
        return os.path.join(self.dir.name, name)

    def write(self, name, text):
        with open(self.path(name), "w") as f:
            f.write(text)

    def pcap(self, name, packets, linktype=101, nano=False, cut=None):
        with PcapWriter(self.path(name), linktype=linktype, nano=nano) as w:
            w.write_header(None)
            for i, p in enumerate(packets):
                w.write_packet(bytes(p)[:cut], sec=1700000000 + i, usec=i * 7, wirelen=len(p))

    def read(self, name):
        with open(self.path(name), "rb") as f:
            data = f.read()
        at, out = 24, []
        while at < len(data):
            n = int.from_bytes(data[at + 8:at + 12], "little")
            out.append((data[at:at + 8], data[at + 16:at + 16 + n]))
            at += 16 + n
        return int.from_bytes(data[20:24], "little"), out

    def run_it(self, *args, status=0):
        r = subprocess.run([ESPALIER, *args], capture_output=True, text=True, cwd=self.dir.name, timeout=60)
        self.assertEqual(r.returncode, status, r.stderr)
        self.assertNotIn(KEY.hex(), r.stdout + r.stderr)
        return r

    def pump(self, command="encap", status=0, *more):
        r = self.run_it(command, "-d", "software", "-x", "states", "-r", "in", "-w", "out", "--json", *more, status=status)
        result = json.loads(r.stdout)
        self.assertEqual(set(result), COUNTERS)
        self.assertEqual(result["dropped"], sum(result["drops"].values()))
        self.assertEqual(result["packets_in"], result["packets_out"] + result["dropped"])
        return result
