# SPDX-License-Identifier: Apache-2.0
"""ESP in tunnel mode as python3-cryptography makes it (RFC 4303, RFC 4106): what the card must give and what it must open.

Addresses are numbers (192.0.2.1 = 0xC0000201), packets bytes in network order.
"""
import dataclasses
import struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ESP = 50
IPV4_IN_ESP = 4


def checksum(header):
    total = sum(struct.unpack(f">{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def ipv4(tos, payload_length, ident, df, ttl, protocol, src, dst):
    """A header without options, 20 bytes."""
    header = struct.pack(">BBHHHBBHII", 0x45, tos, 20 + payload_length, ident, 0x4000 if df else 0, ttl, protocol, 0, src, dst)
    return header[:10] + struct.pack(">H", checksum(header)) + header[12:]


def inner_packet(rng, length):
    """A random IPv4 packet of length bytes, 20 or more."""
    return ipv4(rng.randrange(256), length - 20, rng.randrange(65536), rng.randrange(2), rng.randrange(1, 256), 17,
                0x0A010000 | rng.randrange(65536), 0x0A020000 | rng.randrange(65536)) + rng.randbytes(length - 20)


@dataclasses.dataclass
class Sa:
    """One direction. index: place in the card's table; seq: the last number used (outbound) or seen (inbound)."""
    index: int
    inbound: bool
    spi: int
    key: bytes
    salt: bytes
    esn: bool = False
    src: int = 0xC0000201
    dst: int = 0xC0000202
    ttl: int = 64
    window: int = 64
    seq: int = 0

    def encapsulate(self, inner):
        """The ESP packet with the next sequence number."""
        self.seq += 1
        low, high = self.seq & 0xFFFFFFFF, self.seq >> 32
        pad = -(len(inner) + 2) % 4
        plain = inner + bytes(range(1, pad + 1)) + bytes((pad, IPV4_IN_ESP))
        iv = struct.pack(">Q", self.seq)
        aad = struct.pack(">III", self.spi, high, low) if self.esn else struct.pack(">II", self.spi, low)
        body = struct.pack(">II", self.spi, low) + iv + AESGCM(self.key).encrypt(self.salt + iv, plain, aad)
        df = bool(inner[6] & 0x40)
        return ipv4(inner[1], len(body), 0 if df else low & 0xFFFF, df, self.ttl, ESP, self.src, self.dst) + body
