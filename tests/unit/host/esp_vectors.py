#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Random ESP tunnel packets made by scapy, for the software reference: one a line,
spi key salt esn seq inner outer
(hexadecimal but for esn), where outer is what encapsulation with sequence number seq must give, byte for byte.
Usage: esp_vectors.py COUNT SEED"""
import logging
import random
import struct
import sys

logging.getLogger("scapy").setLevel(logging.ERROR)
from scapy.layers.inet import IP  # noqa: E402
from scapy.layers.ipsec import ESP, SecurityAssociation  # noqa: E402
from scapy.packet import Raw  # noqa: E402

count, seed = int(sys.argv[1]), int(sys.argv[2])
random.seed(seed)


def bits(n):
    return bytes(random.getrandbits(8) for _ in range(n))


for i in range(count):
    key, salt = bits(random.choice((16, 24, 32))), bits(4)
    spi = random.randrange(1, 1 << 32)
    esn = random.randrange(2)
    edge = random.choice((1, 2, 0xFFFF, 0xFFFFFFFE, 0xFFFFFFFF, random.randrange(1, 1 << 32)))
    seq = edge + (random.choice((0, 1, 1 << 31)) << 32) * esn
    df = random.choice((0, 2))
    inner = IP(src="10.1.0.1", dst="10.2.0.1", tos=random.randrange(256), id=i, flags=df, proto=17, ttl=7)
    inner /= Raw(bits(random.choice((0, 1, 2, 3, 4, 5, 500, 1426, 8980))))
    inner = IP(bytes(inner))
    sa = SecurityAssociation(ESP, spi=spi, crypt_algo="AES-GCM", crypt_key=key + salt, auth_algo="NULL", auth_key=None,
                             tunnel_header=IP(src="192.0.2.1", dst="192.0.2.2", ttl=64), esn_en=bool(esn), esn=seq >> 32)
    outer = sa.encrypt(inner, seq_num=seq & 0xFFFFFFFF, iv=struct.pack(">Q", seq), esn_en=bool(esn), esn=seq >> 32)
    # the outer header's fields that are a choice of the sender
    ip = IP(bytes(outer))
    ip.tos, ip.flags, ip.id = inner.tos, df, 0 if df else seq & 0xFFFF
    del ip.chksum
    print(f"{spi:08x} {key.hex()} {salt.hex()} {esn} {seq:x} {bytes(inner).hex()} {bytes(ip).hex()}")
