# SPDX-License-Identifier: Apache-2.0
"""What an adversary sends: initiations from addresses that are not its own, replays, cut and random messages."""
import ipaddress
import os
import random
import socket
import struct
import time

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from traffic import checksum

SA, KE, NONCE, NOTIFY = 33, 34, 40, 41


def payload(following, body):
    return struct.pack("!BBH", following, 0, 4 + len(body)) + body


def transform(last, kind, number, bits=0):
    attribute = struct.pack("!HH", 0x800E, bits) if bits else b""
    return struct.pack("!BBHBBH", 0 if last else 3, 0, 8 + len(attribute), kind, 0, number) + attribute


def proposal():
    """aes256gcm16-prfsha384-ecp256 (RFC 7296, 3.3)."""
    transforms = transform(False, 1, 20, 256) + transform(False, 2, 6) + transform(True, 4, 19)
    return struct.pack("!BBHBBBB", 0, 0, 8 + len(transforms), 1, 1, 0, 3) + transforms


POINT = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)[1:]


def ike_sa_init(spi=None):
    """A right IKE_SA_INIT request for ecp256, with a public value on the curve."""
    body = payload(KE, proposal()) + payload(NONCE, struct.pack("!HH", 19, 0) + POINT) + payload(0, os.urandom(32))
    return (spi or os.urandom(8)) + bytes(8) + struct.pack("!BBBBII", SA, 0x20, 34, 0x08, 0, 28 + len(body)) + body


def udp4(source, destination, source_port, destination_port, data, ident=0):
    """An IPv4 packet with this datagram, as a raw socket with IP_HDRINCL takes it."""
    a, b = ipaddress.IPv4Address(source).packed, ipaddress.IPv4Address(destination).packed
    length = 8 + len(data)
    udp = struct.pack("!HHHH", source_port, destination_port, length, 0) + data
    total = checksum(a + b + struct.pack("!BBH", 0, 17, length) + udp) or 0xFFFF
    udp = udp[:6] + struct.pack("!H", total) + udp[8:]
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + length, ident, 0, 64, 17, 0, a, b)
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + udp


class Forger:
    """Sends packets with any source address from a namespace."""

    def __init__(self, namespace):
        self.socket = namespace.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        self.random = random.Random(1)
        self.sent = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def packet(self, packet):
        """A whole IPv4 packet; at most some 5000 a second, as more than a socket's buffer at once harms any daemon."""
        self.socket.sendto(packet, (".".join(map(str, packet[16:20])), 0))
        self.sent += 1
        if self.sent % 25 == 0:
            time.sleep(0.005)

    def send(self, source, destination, source_port, destination_port, data):
        self.packet(udp4(source, destination, source_port, destination_port, data))

    def initiations(self, destination, count, rate=5000):
        """IKE_SA_INITs, each from an address of its own in 100.64.0.0/10, `rate` a second."""
        start = time.monotonic()
        base = int(ipaddress.IPv4Address("100.64.0.1"))
        for i in range(count):
            self.send(str(ipaddress.IPv4Address(base + i * 37)), destination, 500, 500, ike_sa_init())
            if i % 50 == 0:
                time.sleep(max(0, start + i / rate - time.monotonic()))

    def garbage(self, source, destination, count):
        """Random bytes to both ports, some behind a right IKE header, some behind the non-ESP marker, some like ESP."""
        for _ in range(count):
            data = self.random.randbytes(self.random.choice((0, 1, 3, 4, 8, 27, 28, 29, 32, 64, 200, 600, 1400)))
            kind = self.random.randrange(4)
            if kind == 0:
                data = self.random.randbytes(16) + struct.pack("!BBBBII", self.random.randrange(256), 0x20, self.random.choice((34, 35, 36, 37, 99)),
                                                               self.random.randrange(256), self.random.randrange(4), 28 + len(data)) + data
            port = self.random.choice((500, 4500))
            if port == 4500 and kind < 3:
                data = bytes(4) + data
            self.send(source, destination, port, port, data)
