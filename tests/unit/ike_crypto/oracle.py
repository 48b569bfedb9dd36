#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Cases for the tests of host/ike/crypto, made by Python's hashlib, its integers and python3-cryptography alone.
Usage: oracle.py kdf|cipher|modp SEED COUNT. Prints "NAME = VALUE" lines, cases apart by an empty line."""
import hashlib
import hmac
import random
import struct
import sys

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

HASHES = {5: "sha256", 6: "sha384", 7: "sha512"}
INTEGS = {12: ("sha256", 32, 16), 13: ("sha384", 48, 24), 14: ("sha512", 64, 32)}
GCM, CBC = 20, 12


def rnd(n):
    return bytes(random.getrandbits(8) for _ in range(n))


def case(**items):
    for name, value in items.items():
        print(name, "=", value.hex() if isinstance(value, bytes) else value)
    print()


def prf(number, key, data):
    return hmac.new(key, data, HASHES[number]).digest()


def prf_plus(number, key, seed, length):
    out = t = b""
    for i in range(1, 256):
        t = prf(number, key, t + seed + bytes([i]))
        out += t
        if len(out) >= length:
            return out[:length]
    raise ValueError(length)


def suite():
    encr = random.choice((GCM, CBC))
    return encr, random.choice((128, 192, 256)), 0 if encr == GCM else random.choice(tuple(INTEGS)), random.choice(tuple(HASHES))


def split(number, encr, bits, integ, skeyseed, seed):
    """RFC 7296, 2.14"""
    p, a, e = hashlib.new(HASHES[number]).digest_size, INTEGS[integ][1] if integ else 0, bits // 8 + (4 if encr == GCM else 0)
    stream = prf_plus(number, skeyseed, seed, 3 * p + 2 * a + 2 * e)
    keys = {}
    for name, length in (("D", p), ("AI", a), ("AR", a), ("EI", e), ("ER", e), ("PI", p), ("PR", p)):
        keys[name], stream = stream[:length], stream[length:]
    return keys


def kdf():
    encr, bits, integ, number = suite()
    new_encr, new_bits, new_integ, new_number = suite()
    ni, nr, gir = rnd(random.randrange(16, 257)), rnd(random.randrange(16, 257)), rnd(random.choice((32, 66, 256)))
    spii, spir, new_gir = rnd(8), rnd(8), rnd(32)
    ppk, length = rnd(random.randrange(1, 100)), random.choice((36, 40, 72, 8, 255 * 32))
    keys = split(number, encr, bits, integ, prf(number, ni + nr, gir), ni + nr + spii + spir)
    new = split(new_number, new_encr, new_bits, new_integ, prf(number, keys["D"], new_gir + ni + nr), ni + nr + spii + spir)
    mixed = {"PPK_" + k: prf_plus(number, ppk, keys[k], len(keys[k])) for k in ("D", "PI", "PR")}
    case(PRF=number, ENCR=encr, BITS=bits, INTEG=integ, NI=ni, NR=nr, GIR=gir, SPII=spii, SPIR=spir, **keys,
         NEW_PRF=new_number, NEW_ENCR=new_encr, NEW_BITS=new_bits, NEW_INTEG=new_integ, GIR_NEW=new_gir, **{"NEW_" + k: v for k, v in new.items()},
         PPK=ppk, **mixed, CHILD=prf_plus(number, keys["D"], ni + nr, length), CHILD_DH=prf_plus(number, keys["D"], new_gir + ni + nr, length))


def cipher():
    """A protected message: content of an SK payload, padded by the least or by more."""
    encr, bits, integ, _ = suite()
    block = 1 if encr == GCM else 16
    aad, plain = rnd(random.randrange(32, 200)), rnd(random.choice((0, 1, 15, 16, 17, 100, 1000, 5000)))
    least = -(len(plain) + 1) % block
    pad = random.choice([least] + [n for n in range(least, 256, block)])
    text = plain + rnd(pad) + bytes([pad])
    if encr == GCM:
        key, iv, integ_key = rnd(bits // 8 + 4), rnd(8), b""
        body = iv + AESGCM(key[:-4]).encrypt(key[-4:] + iv, text, aad)
        sealed = struct.pack(">Q", 7) + AESGCM(key[:-4]).encrypt(key[-4:] + struct.pack(">Q", 7), plain + b"\0", aad)
    else:
        name, length, icv = INTEGS[integ]
        key, iv, integ_key = rnd(bits // 8), rnd(16), rnd(length)
        encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
        body = iv + encryptor.update(text) + encryptor.finalize()
        body += hmac.new(integ_key, aad + body, name).digest()[:icv]
        sealed = b""
    case(ENCR=encr, BITS=bits, INTEG=integ, KEY=key, INTEG_KEY=integ_key, AAD=aad, PLAIN=plain, BODY=body, SEALED=sealed)


def pi_bits(bits):
    """floor(pi * 2**bits), by Machin's formula."""
    one = 1 << (bits + 64)

    def arctan(x):
        total = term = one // x
        n, sign = 3, -1
        while term:
            term //= x * x
            total += sign * (term // n)
            n, sign = n + 2, -sign
        return total
    return (4 * (4 * arctan(5) - arctan(239))) >> 64


def modp(index):
    """RFC 3526: p = 2^n - 2^(n-64) - 1 + 2^64 (floor(2^(n-130) pi) + k), g = 2."""
    group, n, k = ((14, 2048, 124476), (15, 3072, 1690314), (16, 4096, 240904), (17, 6144, 929484), (18, 8192, 4743158))[index % 5]
    p = 2 ** n - 2 ** (n - 64) - 1 + 2 ** 64 * (pi_bits(n - 130) + k)
    x, y = random.getrandbits(320) | 1, random.getrandbits(320) | 1
    if index >= 5:  # a shared secret with a leading zero byte
        while pow(2, x * y, p) >> (n - 8):
            y += 1
    size = n // 8
    case(GROUP=group, PRIVATE=x.to_bytes(41, "big"), PUBLIC=pow(2, x, p).to_bytes(size, "big"), PEER=pow(2, y, p).to_bytes(size, "big"),
         SHARED=pow(2, x * y, p).to_bytes(size, "big"), P=p.to_bytes(size, "big"), NONRESIDUE=(p - pow(2, y, p)).to_bytes(size, "big"),
         ABOVE=(p + 4).to_bytes(size, "big"))  # a square that is not reduced


what, count = sys.argv[1], int(sys.argv[3])
random.seed(int(sys.argv[2]))
for i in range(count):
    {"kdf": kdf, "cipher": cipher, "modp": lambda: modp(i)}[what]()
