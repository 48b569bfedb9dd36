#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints ESP packets made by scapy, one a line, for test_encap: hexadecimal fields
    key salt esn spi src dst ttl seq inner outer
Tunnel mode, AES-GCM with a 16-byte ICV; outer TOS, DF and ID by the card's rules, given to scapy as the tunnel header.
The IV is the 64-bit sequence number, which scapy takes as it is."""
import random
import sys

from scapy.layers.inet import IP, UDP
from scapy.layers.ipsec import ESP, SecurityAssociation
from scapy.packet import Raw


def main(count, seed):
    rng = random.Random(seed)
    for number in range(count):
        esn = rng.random() < 0.5
        high = rng.choice([0, 1, 0xFFFFFFFE, rng.getrandbits(32)]) if esn else 0
        low = rng.choice([1, 2, 0xFFFFFFFF, 0xFFFFFFFE, rng.getrandbits(32) or 1])
        key, salt = rng.randbytes(rng.choice([16, 24, 32])), rng.randbytes(4)
        spi, src, dst = rng.randrange(1, 2**32), rng.getrandbits(32), rng.getrandbits(32)
        size = rng.choice([number % 160, rng.randrange(0, 1500), rng.randrange(0, 8900)])
        inner = IP(src="10.1.2.3", dst="10.4.5.6", tos=rng.getrandbits(8), flags=rng.choice([0, "DF"]), id=rng.getrandbits(16)) \
            / UDP(sport=rng.getrandbits(16), dport=4500 + number % 7) / Raw(rng.randbytes(size))
        inner = IP(bytes(inner))
        df = int(inner.flags) & 2
        address = lambda a: ".".join(str(b) for b in a.to_bytes(4, "big"))
        tunnel = IP(src=address(src), dst=address(dst), ttl=rng.randrange(1, 256), tos=inner.tos,
                    flags="DF" if df else 0, id=0 if df else low & 0xFFFF)
        sa = SecurityAssociation(ESP, spi=spi, crypt_algo="AES-GCM", crypt_key=key + salt, tunnel_header=tunnel, esn_en=esn, esn=high)
        iv = (high << 32 | low).to_bytes(8, "big")
        outer = sa.encrypt(inner, seq_num=low, iv=iv, esn_en=esn, esn=high)
        print(key.hex(), salt.hex(), int(esn), f"{spi:08x}", f"{src:08x}", f"{dst:08x}", f"{tunnel.ttl:02x}",
              f"{high << 32 | low:016x}", bytes(inner).hex(), bytes(outer).hex())


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
