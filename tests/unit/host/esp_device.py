# SPDX-License-Identifier: Apache-2.0
"""The software reference for tests in Python, behind esp_pipe, and ESP by others: scapy and python3-cryptography.
The first argument of a test is the program esp_pipe."""
import dataclasses
import ipaddress
import logging
import os
import random
import struct
import subprocess
import sys
import unittest

logging.getLogger("scapy").setLevel(logging.ERROR)
from cryptography.hazmat.primitives.ciphers import algorithms, modes  # noqa: E402
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305  # noqa: E402
from scapy.layers.inet import IP, UDP  # noqa: E402
from scapy.layers.inet6 import IPv6  # noqa: E402
from scapy.layers.ipsec import CRYPT_ALGOS, ESP, CryptAlgo, SecurityAssociation  # noqa: E402

PIPE = sys.argv.pop(1)
SCALE = float(os.environ.get("ESPALIER_TEST_SCALE", "1"))
SEED = os.environ.get("ESPALIER_TEST_SEED", "1")

TUNNEL, TRANSPORT = 0, 1
GCM, GMAC, CHACHA = range(3)
ECN_CE, ECN_NORMAL, ECN_COMPATIBLE, ECN_NONE = range(4)
ADDRESSES = {4: ("192.0.2.1", "192.0.2.2"), 6: ("2001:db8::1", "2001:db8::2")}

# scapy's AES-GCM cannot shorten the ICV where it seals.
for _icv in (8, 12):
    CRYPT_ALGOS[f"AES-GCM-{_icv}"] = CryptAlgo(f"AES-GCM-{_icv}", cipher=algorithms.AES, mode=modes.GCM, block_size=1, salt_size=4, iv_size=8, icv_size=_icv,
                                               format_mode_iv=lambda sa, iv, **_: sa.crypt_salt + iv)
# RFC 8750: no IV in the packet; scapy asks for the nonce, and the SA knows the number.
CRYPT_ALGOS["AES-GCM-IIV"] = CryptAlgo("AES-GCM-IIV", cipher=algorithms.AES, mode=modes.GCM, block_size=1, salt_size=4, iv_size=0, icv_size=16,
                                       format_mode_iv=lambda sa, iv, **_: sa.crypt_salt + sa.implicit_iv)


class Device:
    def __init__(self):
        self.process = subprocess.Popen([PIPE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        if self.process.wait(60):
            raise RuntimeError(f"esp_pipe ended with {self.process.returncode}")

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().rstrip("\n")

    def want_ok(self, line):
        answer = self.ask(line)
        if not answer.startswith("ok"):
            raise AssertionError(f"{line}: {answer}")
        return answer.split()[1:]

    def add(self, direction, **members):
        """Index of the SA."""
        members["direction"] = int(direction == "in")
        return int(self.want_ok("add " + " ".join(f"{k.replace('__', '.')}={v.hex() if isinstance(v, bytes) else int(v) if isinstance(v, bool) else v}"
                                                  for k, v in members.items()))[0])

    def delete(self, direction, index):
        return int(self.want_ok(f"del {direction} {index}")[0])

    def encap(self, index, packet):
        """(status, packet); with packet_too_big (status, MTU)."""
        status, _, length, out = self.ask(f"encap {index} {packet.hex()}").split()
        return status, bytes.fromhex(out) if status == "ok" else int(length)

    def decap(self, packet):
        status, _, length, out = self.ask(f"decap {packet.hex()}").split()
        assert status == "ok" or length == "0", (status, length)
        return status, bytes.fromhex(out) if status == "ok" else None

    def counters(self, direction, index):
        names = ("packets", "bytes", "replay", "integrity", "malformed", "dummy", "expired", "too_big", "other", "idle_ms")
        return dict(zip(names, map(int, self.want_ok(f"counters {direction} {index}"))))

    def events(self):
        return self.want_ok("events")


@dataclasses.dataclass
class SA:
    """One SA, as the device is told (members) and as scapy or cryptography do it."""
    spi: int = 0x1000
    mode: int = TUNNEL
    family: int = 4  # of the outer addresses
    algorithm: int = GCM
    key: bytes = bytes(range(16))
    salt: bytes = b"\xaa\xbb\xcc\xdd"
    icv: int = 16
    implicit_iv: bool = False
    esn: bool = False
    ports: tuple = ()  # of UDP encapsulation

    def members(self, **more):
        src, dst = ADDRESSES[self.family]
        members = {"spi": self.spi, "mode": self.mode, "src": src, "dst": dst, "algorithm": self.algorithm, "key": self.key, "salt": self.salt,
                   "icv_len": self.icv, "implicit_iv": self.implicit_iv, "esn": self.esn}
        if self.ports:
            members.update(udp_encap__sport=self.ports[0], udp_encap__dport=self.ports[1])
        return {**members, **more}

    def seal(self, number, plaintext, iv=None):
        """SPI to ICV around a plaintext with its trailer, by python3-cryptography alone (RFC 4106, 4543, 8750)."""
        iv = struct.pack("!Q", number) if iv is None or self.implicit_iv else iv
        header = struct.pack("!II", self.spi, number & 0xFFFFFFFF)
        aad = struct.pack("!IQ", self.spi, number) if self.esn else header
        shown = b"" if self.implicit_iv else iv
        if self.algorithm == GMAC:
            return header + iv + plaintext + AESGCM(self.key).encrypt(self.salt + iv, b"", aad + iv + plaintext)
        sealed = (ChaCha20Poly1305 if self.algorithm == CHACHA else AESGCM)(self.key).encrypt(self.salt + iv, plaintext, aad)
        return header + shown + sealed[:len(plaintext) + self.icv]  # a shorter ICV is the beginning of the longer (RFC 4106, 6)

    def outer(self, esp, tos=0, ttl=64, ident=0, flags=0, flow=0, src=None, dst=None):
        """The ESP packet in an outer header (and UDP) by scapy."""
        a, b = ADDRESSES[self.family]
        if self.family == 4:
            header = IP(src=src or a, dst=dst or b, tos=tos, ttl=ttl, id=ident, flags=flags, proto=17 if self.ports else 50)
        else:
            header = IPv6(src=src or a, dst=dst or b, tc=tos, hlim=ttl, fl=flow, nh=17 if self.ports else 50)
        if self.ports:
            udp = UDP(sport=self.ports[0], dport=self.ports[1])
            if self.family == 4:
                udp.chksum = 0
            header /= udp
        return bytes(header / esp)

    def scapy(self, number, **fields):
        """scapy's SA for one packet; fields of its tunnel header."""
        src, dst = ADDRESSES[self.family]
        header = None
        if self.mode == TUNNEL:
            header = IP(src=src, dst=dst, **fields) if self.family == 4 else IPv6(src=src, dst=dst, **fields)
        name = "CHACHA20-POLY1305" if self.algorithm == CHACHA else "AES-GCM-IIV" if self.implicit_iv else "AES-GCM" if self.icv == 16 else f"AES-GCM-{self.icv}"
        sa = SecurityAssociation(ESP, self.spi, seq_num=number & 0xFFFFFFFF, crypt_algo=name,
                                 crypt_key=self.key + self.salt, tunnel_header=header,
                                 nat_t_header=UDP(sport=self.ports[0], dport=self.ports[1]) if self.ports else None,
                                 esn_en=self.esn, esn=number >> 32)
        sa.implicit_iv = struct.pack("!Q", number)
        return sa

    def scapy_iv(self, number):
        return b"" if self.implicit_iv else struct.pack("!Q", number)


def trailer(payload, next_header, pad=None):
    if pad is None:
        pad = bytes(range(1, 1 + -(len(payload) + 2) % 4))
    return payload + pad + bytes((len(pad), next_header))


def is_v6(packet):
    return packet[0] >> 4 == 6


def parse(packet):
    return IPv6(packet) if is_v6(packet) else IP(packet)


def udp_at(packet):
    """Where the UDP header of an ESP packet begins: behind the IPv4 header, or the IPv6 headers."""
    if not is_v6(packet):
        return 4 * (packet[0] & 15)
    at, proto = 40, packet[6]
    while proto in (0, 43, 60):
        proto, at = packet[at], at + 8 * (packet[at + 1] + 1)
    return at


def with_udp(packet):
    """scapy's ESP in UDP has the length of an empty datagram over IPv4, and over IPv6 a checksum of 0: make both right, the checksum by scapy."""
    at = udp_at(packet)
    packet = packet[:at + 4] + struct.pack("!H", len(packet) - at) + packet[at + 6:]
    if is_v6(packet):
        packet = IPv6(packet)
        del packet[UDP].chksum
    return bytes(packet)


def packed(address):
    return ipaddress.ip_address(address).packed


class DeviceTest(unittest.TestCase):
    def setUp(self):
        self.device = Device()
        self.rng = random.Random(f"{SEED}/{self.id()}")

    def tearDown(self):
        self.device.close()

    def assert_bytes(self, got, want, what=""):
        if got != want:
            at = next((i for i, (a, b) in enumerate(zip(got, want)) if a != b), min(len(got), len(want)))
            self.fail(f"{what}: differs from byte {at}\n got {got.hex()}\nwant {want.hex()}")


def main():
    unittest.main(verbosity=2)
