# SPDX-License-Identifier: Apache-2.0
"""What the system tests share: captures, SAs, the command espalier, simulated cards, and scapy as the independent ESP.

Paths are those of a build in the current directory; $ESPALIER_BUILD names another build directory (for the sanitizers' one).
"""
import dataclasses
import ipaddress
import json
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

from scapy.config import conf
from scapy.layers.inet import IP
from scapy.layers.ipsec import ESP, SecurityAssociation
from scapy.packet import raw

conf.verb = 0

BUILD = os.environ.get("ESPALIER_BUILD", "build")
COMMAND = os.path.join(BUILD, "bin/espalier")
SIMULATOR = os.environ.get("ESPALIER_SIM", "build/bin/espalier-sim")
SCALE = float(os.environ.get("ESPALIER_TEST_SCALE", "1"))  # `make verify` runs more of everything

ETHERNET, RAW, IPV4 = 1, 101, 228  # LINKTYPE values of tcpdump.org
ETHERNET_HEADER = bytes.fromhex("0200000000020200000000010800")
FIRST_IOVA = 1 << 32  # where the driver puts its first DMA memory, which for the command is the source packets

NOT_ECT, ECT1, ECT0, CE = range(4)


# ---- captures ----------------------------------------------------------------------------------------------------------
def write_pcap(path, packets, link_type=RAW):
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, link_type))
        for i, packet in enumerate(packets):
            out.write(struct.pack("<IIII", 1700000000 + i // 1000, i % 1000, len(packet), len(packet)) + packet)


def read_pcap(path):
    """(link type, [(time, packet bytes)]); the time as it stands in the file."""
    with open(path, "rb") as file:
        data = file.read()
    magic, = struct.unpack_from("<I", data)
    order = "<" if magic in (0xA1B2C3D4, 0xA1B23C4D) else ">"
    link_type, = struct.unpack_from(order + "I", data, 20)
    packets, at = [], 24
    while at < len(data):
        seconds, fraction, captured, _ = struct.unpack_from(order + "IIII", data, at)
        packets.append(((seconds, fraction), data[at + 16:at + 16 + captured]))
        at += 16 + captured
    return link_type, packets


# ---- SAs -----------------------------------------------------------------------------------------------------------------
@dataclasses.dataclass
class SA:
    spi: int
    key: bytes
    salt: bytes
    src: str = "192.0.2.1"
    dst: str = "192.0.2.2"
    esn: bool = False
    window: int = 64
    seq: int = 0   # inbound: highest received
    oseq: int = 0  # outbound: last sent
    selector: str = ""

    def line(self):
        """The SA as `ip -batch` takes it."""
        text = (f"xfrm state add src {self.src} dst {self.dst} proto esp spi 0x{self.spi:x} mode tunnel "
                f"aead 'rfc4106(gcm(aes))' 0x{(self.key + self.salt).hex()} 128 replay-window {self.window}")
        if self.esn:
            text += " flag esn"
        text += f" replay-seq 0x{self.seq & 0xFFFFFFFF:x} replay-oseq 0x{self.oseq & 0xFFFFFFFF:x}"
        if self.esn:
            text += f" replay-seq-hi 0x{self.seq >> 32:x} replay-oseq-hi 0x{self.oseq >> 32:x}"
        return text + (f" sel {self.selector}" if self.selector else "")

    def scapy(self, number, tos=0, flags=0, ident=0, ttl=64):
        """scapy's SA for one packet with this 64-bit sequence number."""
        header = IP(src=self.src, dst=self.dst, tos=tos, flags=flags, id=ident, ttl=ttl)
        return SecurityAssociation(ESP, self.spi, seq_num=number & 0xFFFFFFFF, crypt_algo="AES-GCM", crypt_key=self.key + self.salt,
                                   tunnel_header=header, esn_en=self.esn, esn=number >> 32)


def random_sa(rng, spi, **fields):
    return SA(spi, rng.randbytes(rng.choice((16, 24, 32))), rng.randbytes(4), **fields)


def scapy_encap(sa, inner, number, iv=None):
    """The packet that RFC 4303 tunnel mode makes of inner: outer TOS and DF from inner; ID 0 with DF, else from the number."""
    dont_fragment = inner[6] & 0x40
    reference = sa.scapy(number, tos=inner[1], flags="DF" if dont_fragment else 0, ident=0 if dont_fragment else number & 0xFFFF)
    return raw(reference.encrypt(IP(inner), iv=struct.pack("!Q", number) if iv is None else iv))


def scapy_decap(sa, outer, number):
    return raw(sa.scapy(number).decrypt(IP(outer)))


# ---- packets -------------------------------------------------------------------------------------------------------------
def checksum(header):
    total = sum(struct.unpack(f"!{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4(src, dst, payload, proto=253, tos=0, flags=0, ident=0, ttl=64, options=b""):
    """An IPv4 packet with right length and checksum. flags: the 16 bits of flags and fragment offset."""
    header = struct.pack("!BBHHHBBH4s4s", 0x40 | (5 + len(options) // 4), tos, 20 + len(options) + len(payload), ident, flags, ttl,
                         proto, 0, ipaddress.IPv4Address(src).packed, ipaddress.IPv4Address(dst).packed) + options
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + payload


def fix_header(packet, set_length=True):
    """The packet with total length and checksum of its 20-byte header made right."""
    length = struct.pack("!H", len(packet)) if set_length else packet[2:4]
    header = packet[:2] + length + packet[4:10] + b"\0\0" + packet[12:20]
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + packet[20:]


def random_inner(rng, length, src="10.1.0.1", dst="10.2.0.1"):
    """An inner packet of this length with random TOS, DF, ID, options and payload."""
    options = b"\x01" * (4 * rng.randint(1, 10)) if length >= 60 and rng.random() < 0.1 else b""
    return ipv4(src, dst, rng.randbytes(length - 20 - len(options)), tos=rng.randrange(256), flags=rng.choice((0, 0x4000)),
                ident=rng.randrange(65536), ttl=rng.randint(1, 255), options=options)


def random_length(rng, largest=9000):
    """Short, medium and long packets, and lengths around multiples of the bus width."""
    kind = rng.random()
    if kind < 0.4:
        return rng.randint(20, 150)
    if kind < 0.6:
        return min(largest, max(20, 64 * rng.randint(1, 24) + rng.randint(-22, 22)))
    if kind < 0.95:
        return rng.randint(20, 1500)
    return rng.randint(1500, largest)


# ---- the command -----------------------------------------------------------------------------------------------------------
class CommandFailed(Exception):
    pass


def run_command(*arguments, timeout=600):
    """Standard output and error of build/bin/espalier and its exit status."""
    done = subprocess.run([COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=timeout, check=False)
    return done.stdout, done.stderr, done.returncode


def convert(command, device, states, packets, link_type=RAW, directory=None, timeout=600):
    """Run packets through espalier encap or decap. Returns (packets out, the JSON report)."""
    with tempfile.TemporaryDirectory(dir=directory) as work:
        states_path, in_path, out_path = (os.path.join(work, name) for name in ("states", "in.pcap", "out.pcap"))
        with open(states_path, "w", encoding="ascii") as file:
            file.writelines(sa.line() + "\n" for sa in states)
        write_pcap(in_path, packets, link_type)
        out, err, code = run_command(command, "-d", device, "-x", states_path, "-r", in_path, "-w", out_path, "--json",
                                     "--timeout", min(timeout, 300), timeout=timeout)
        if code != 0:
            raise CommandFailed(f"espalier {command} -d {device}: exit status {code}: {err.strip()}")
        out_type, result = read_pcap(out_path)
        if out_type != link_type:
            raise CommandFailed(f"link type {out_type} came out of {link_type}")
        return [packet for _, packet in result], json.loads(out)


class Simulator:
    """An espalier-sim; .device names it to the command. close() raises when the card broke a rule of its interfaces."""

    def __init__(self, *arguments):
        self.directory = tempfile.TemporaryDirectory(prefix="espalier-test-")
        self.device = f"vfio-user:{self.directory.name}/vfio-user.sock"
        self.stats_path = os.path.join(self.directory.name, "stats.json")
        self.stats = None
        self.process = subprocess.Popen([SIMULATOR, "--dir", self.directory.name, "--stats", self.stats_path, "--parent-death",
                                         *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if "ready" not in line:
            self.process.kill()
            raise CommandFailed(f"espalier-sim does not start: {line}{self.process.stderr.read()}")

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        self.close(check=kind is None)

    def close(self, check=True):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        _, err = self.process.communicate(timeout=60)
        if os.path.exists(self.stats_path):
            with open(self.stats_path, encoding="utf-8") as file:
                self.stats = json.load(file)
        self.directory.cleanup()
        if check and self.process.returncode != 0:
            raise CommandFailed(f"espalier-sim ended with {self.process.returncode}: {err}")


class DeviceTest(unittest.TestCase):
    """A test case with one device for all its tests: self.device. The program's first argument is software or sim."""
    kind = "software"
    sim_arguments = ()
    simulator = None

    @classmethod
    def setUpClass(cls):
        cls.device = cls.kind
        if cls.kind == "sim":
            cls.simulator = Simulator(*cls.sim_arguments)
            cls.device = cls.simulator.device

    @classmethod
    def tearDownClass(cls):
        if cls.simulator:
            simulator, cls.simulator = cls.simulator, None
            simulator.close()

    def setUp(self):
        self.rng = random.Random(f"{SEED}/{self.id()}")
        self.started = time.monotonic()

    def note(self, text):
        """A line of progress with the figures of the check, for the log."""
        print(f"  {self._testMethodName} on {self.kind}: {text}, {time.monotonic() - self.started:.1f} s", flush=True)

    def assert_packets(self, got, expected):
        for i, (a, b) in enumerate(zip(got, expected)):
            if a != b:
                at = next((j for j, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
                self.fail(f"packet {i} differs from byte {at}: length {len(a)}, expected {len(b)}\n got {a.hex()}\nwant {b.hex()}")
        self.assertEqual(len(got), len(expected), "number of packets")

    def assert_drops(self, report, expected):
        self.assertEqual(report["drops"], {reason: count for reason, count in expected.items() if count})
        self.assertEqual(report["dropped"], sum(expected.values()))
        self.assertEqual(report["packets_in"], report["packets_out"] + report["dropped"])


SEED = os.environ.get("ESPALIER_TEST_SEED", "1")


def main():
    """Run the tests of the calling module on the device that the first argument names."""
    if len(sys.argv) > 1 and sys.argv[1] in ("software", "sim"):
        DeviceTest.kind = sys.argv.pop(1)
    print(f"device {DeviceTest.kind}, seed {SEED} (ESPALIER_TEST_SEED), scale {SCALE:g} (ESPALIER_TEST_SCALE)", flush=True)
    unittest.main(verbosity=2)
