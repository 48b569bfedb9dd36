#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""AUTH payloads made and checked by python3-cryptography and hashlib (RFC 7296, 2.15; RFC 7427; RFC 4754; RFC 8420).
Usage: oracle_auth.py make SEED: cases as "NAME = VALUE" lines, cases apart by an empty line.
       oracle_auth.py check: reads such cases, AUTH payloads of others; status 0 if all are right, and says how many."""
import functools
import hashlib
import hmac
import random
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from pki import DER, Entity

PRFS = {5: "sha256", 6: "sha384", 7: "sha512"}
HASHES = {"sha1": hashes.SHA1, "sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512}
HASH_OIDS = {"sha1": (1, 3, 14, 3, 2, 26), "sha256": (2, 16, 840, 1, 101, 3, 4, 2, 1), "sha384": (2, 16, 840, 1, 101, 3, 4, 2, 2),
             "sha512": (2, 16, 840, 1, 101, 3, 4, 2, 3)}
PKCS1_OIDS = {"sha1": 5, "sha256": 11, "sha384": 12, "sha512": 13}
ECDSA_OIDS = {"sha256": (1, 2, 840, 10045, 4, 3, 2), "sha384": (1, 2, 840, 10045, 4, 3, 3), "sha512": (1, 2, 840, 10045, 4, 3, 4),
              "sha1": (1, 2, 840, 10045, 4, 1)}
BITS = {("pkcs1", "sha256"): 0, ("pkcs1", "sha384"): 1, ("pkcs1", "sha512"): 2, ("pss", "sha256"): 3, ("pss", "sha384"): 4, ("pss", "sha512"): 5,
        ("ecdsa", "sha256"): 6, ("ecdsa", "sha384"): 7, ("ecdsa", "sha512"): 8, ("ed25519", None): 9}
CLASSIC = {256: (9, "sha256", 32), 384: (10, "sha384", 48), 521: (11, "sha512", 66)}


# ---- DER, by hand ------------------------------------------------------------------------------------------------------------
def tlv(tag, *parts):
    body = b"".join(parts)
    assert len(body) < 128
    return bytes([tag, len(body)]) + body


def oid(numbers):
    out = bytes([numbers[0] * 40 + numbers[1]])
    for n in numbers[2:]:
        septets = [n & 0x7f]
        while n := n >> 7:
            septets.append(0x80 | n & 0x7f)
        out += bytes(reversed(septets))
    return tlv(6, out)


NULL = tlv(5)


def hash_alg(name, null=True):
    return tlv(0x30, oid(HASH_OIDS[name]), NULL if null else b"")


def pkcs1(name, params=NULL):
    return tlv(0x30, oid((1, 2, 840, 113549, 1, 1, PKCS1_OIDS[name])), params)


def pss(name, salt=None, mgf=None, trailer=None, null=True, generator=8):
    salt = hashlib.new(name).digest_size if salt is None else salt
    mgf = tlv(0x30, oid((1, 2, 840, 113549, 1, 1, generator)), hash_alg(mgf or name, null))
    params = tlv(0x30, tlv(0xa0, hash_alg(name, null)), tlv(0xa1, mgf), tlv(0xa2, tlv(2, bytes([salt]))),
                 b"" if trailer is None else tlv(0xa3, tlv(2, bytes([trailer]))))
    return tlv(0x30, oid((1, 2, 840, 113549, 1, 1, 10)), params)


def ecdsa(name, params=b""):
    return tlv(0x30, oid(ECDSA_OIDS[name]), params)


ED25519 = tlv(0x30, oid((1, 3, 101, 112)))


# ---- what is signed --------------------------------------------------------------------------------------------------------------
def rnd(n):
    return bytes(random.getrandbits(8) for _ in range(n))


def context():
    prf = random.choice(tuple(PRFS))
    return {"MESSAGE": rnd(random.randrange(100, 1500)), "NONCE": rnd(random.randrange(16, 257)), "PRF": prf,
            "SK_P": rnd(hashlib.new(PRFS[prf]).digest_size), "ID": rnd(random.randrange(5, 60))}


def mac(c, key, data):
    return hmac.new(key, data, PRFS[c["PRF"]]).digest()


def octets(c):
    return c["MESSAGE"] + c["NONCE"] + mac(c, c["SK_P"], c["ID"])


def psk_auth(c, psk):
    return mac(c, mac(c, psk, b"Key Pad for IKEv2"), octets(c))


def sign(key, kind, name, data, salt=None):
    if kind == "ed25519":
        return key.sign(data)
    h = HASHES[name]()
    if kind == "ecdsa":
        return key.sign(data, ec.ECDSA(h))
    if kind == "pkcs1":
        return key.sign(data, padding.PKCS1v15(), h)
    return key.sign(data, padding.PSS(padding.MGF1(h), h.digest_size if salt is None else salt), h)


def case(**items):
    for name, value in items.items():
        print(name, "=", value.hex() if isinstance(value, bytes) else value)
    print()


def make():
    keys = {k: Entity(k, kind=k) for k in ("rsa2048", "rsa3072", "p256", "p384", "p521", "ed25519")}
    private = {k: e.key.private_bytes(DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()) for k, e in keys.items()}

    def emit(name, key, method, algorithm, signature, result, c, scheme=-1):
        case(NAME=name, **c, CERT=keys[key].der(), KEY=private[key], METHOD=method, ALGORITHM=algorithm, SIGNATURE=signature, RESULT=result,
             SCHEME=scheme)

    def ds(name, key, kind, hash_name, algorithm, result=0, salt=None, spoil=False):
        c = context()
        signature = sign(keys[key].key, kind, hash_name, octets(c), salt)
        if spoil:
            signature = signature[:-1] + bytes([signature[-1] ^ 1])
        emit(name, key, 14, algorithm, signature, result, c, BITS.get((kind, hash_name), -1))

    for psk in (b"x", b"secret", rnd(200)):
        c = context()
        case(NAME="PSK", **c, PSK=psk, AUTH=psk_auth(c, psk))
    for h in ("sha256", "sha384", "sha512"):
        for key in ("rsa2048", "rsa3072"):
            ds("PKCS #1", key, "pkcs1", h, pkcs1(h))
            ds("PSS", key, "pss", h, pss(h))
        ds("PSS with the trailer field", "rsa2048", "pss", h, pss(h, trailer=1))
        ds("PSS without NULLs", "rsa2048", "pss", h, pss(h, null=False))
        for key in ("p256", "p384", "p521"):
            ds("ECDSA", key, "ecdsa", h, ecdsa(h))
    ds("Ed25519", "ed25519", "ed25519", None, ED25519)
    for key, (method, h, size) in (("p256", CLASSIC[256]), ("p384", CLASSIC[384]), ("p521", CLASSIC[521])):
        for wrong in ("", "short", "long", "zero", "curve"):
            c = context()
            r, s = decode_dss_signature(sign(keys[key].key, "ecdsa", h, octets(c)))
            raw = r.to_bytes(size, "big") + s.to_bytes(size, "big")
            raw = {"": raw, "short": raw[:-1], "long": raw + b"\0", "zero": bytes(2 * size), "curve": raw}[wrong]
            on = {"p256": "p384", "p384": "p521", "p521": "p256"}[key] if wrong == "curve" else key
            emit("RFC 4754 " + wrong, on, method, b"", raw, {"": 0, "short": "EBADMSG", "long": "EBADMSG"}.get(wrong, "EACCES"), c,
                 BITS["ecdsa", h] if not wrong else -1)
    # wrong signatures
    for key, kind, h, algorithm in (("rsa2048", "pkcs1", "sha256", pkcs1("sha256")), ("rsa2048", "pss", "sha256", pss("sha256")),
                                    ("p256", "ecdsa", "sha256", ecdsa("sha256")), ("ed25519", "ed25519", None, ED25519)):
        ds("spoilt signature", key, kind, h, algorithm, "EACCES", spoil=True)
        for size in (0, 1, 64, 256):
            emit("signature of zeros", key, 14, algorithm, bytes(size), "EACCES", context())
    # right signatures under another name
    ds("PSS said, PKCS #1 made", "rsa2048", "pkcs1", "sha256", pss("sha256"), "EACCES")
    ds("PKCS #1 said, PSS made", "rsa2048", "pss", "sha256", pkcs1("sha256"), "EACCES")
    ds("another hash said", "rsa2048", "pkcs1", "sha256", pkcs1("sha512"), "EACCES")
    ds("ECDSA said, RSA key", "rsa2048", "pkcs1", "sha256", ecdsa("sha256"), "EACCES")
    ds("RSA said, ECDSA key", "p256", "ecdsa", "sha256", pkcs1("sha256"), "EACCES")
    ds("Ed25519 said, ECDSA key", "p256", "ecdsa", "sha256", ED25519, "EACCES")
    ds("ECDSA said, Ed25519 key", "ed25519", "ed25519", None, ecdsa("sha256"), "EACCES")
    ds("salt of another length made", "rsa2048", "pss", "sha256", pss("sha256"), "EACCES", salt=20)
    # algorithms and parameters that are not accepted
    ds("SHA-1, PKCS #1", "rsa2048", "pkcs1", "sha1", pkcs1("sha1"), "ENOTSUP")
    ds("SHA-1, PSS", "rsa2048", "pss", "sha1", pss("sha1"), "ENOTSUP")
    ds("SHA-1, PSS by default parameters", "rsa2048", "pss", "sha1", tlv(0x30, oid((1, 2, 840, 113549, 1, 1, 10)), tlv(0x30)), "ENOTSUP", salt=20)
    ds("SHA-1, ECDSA", "p256", "ecdsa", "sha1", ecdsa("sha1"), "ENOTSUP")
    ds("salt of another length", "rsa2048", "pss", "sha256", pss("sha256", salt=20), "ENOTSUP", salt=20)
    ds("another hash in MGF1", "rsa2048", "pss", "sha256", pss("sha256", mgf="sha512"), "ENOTSUP")
    ds("SHA-1 in MGF1", "rsa2048", "pss", "sha256", pss("sha256", mgf="sha1"), "ENOTSUP")
    ds("no MGF1", "rsa2048", "pss", "sha256", pss("sha256", generator=1), "ENOTSUP")
    ds("another trailer", "rsa2048", "pss", "sha256", pss("sha256", trailer=2), "ENOTSUP")
    ds("PSS without parameters", "rsa2048", "pss", "sha256", tlv(0x30, oid((1, 2, 840, 113549, 1, 1, 10))), "ENOTSUP")
    ds("PKCS #1 without NULL", "rsa2048", "pkcs1", "sha256", pkcs1("sha256", b""), "ENOTSUP")
    ds("PKCS #1 with other parameters", "rsa2048", "pkcs1", "sha256", pkcs1("sha256", tlv(4, b"x")), "ENOTSUP")
    ds("ECDSA with parameters", "p256", "ecdsa", "sha256", ecdsa("sha256", NULL), "ENOTSUP")
    ds("RSA encryption as algorithm", "rsa2048", "pkcs1", "sha256", tlv(0x30, oid((1, 2, 840, 113549, 1, 1, 1)), NULL), "ENOTSUP")
    ds("bytes behind the algorithm", "rsa2048", "pkcs1", "sha256", pkcs1("sha256") + b"\0", "ENOTSUP")
    ds("bytes behind PSS", "rsa2048", "pss", "sha256", pss("sha256") + NULL, "ENOTSUP")
    ds("no algorithm", "rsa2048", "pkcs1", "sha256", b"", "ENOTSUP")
    ds("half an algorithm", "rsa2048", "pss", "sha256", pss("sha256")[:20], "ENOTSUP")
    c = context()
    emit("method 1", "rsa2048", 1, b"", sign(keys["rsa2048"].key, "pkcs1", "sha1", octets(c)), "ENOTSUP", c)
    emit("method 1 with SHA-256", "rsa2048", 1, b"", sign(keys["rsa2048"].key, "pkcs1", "sha256", octets(c)), "ENOTSUP", c)
    for method in (0, 2, 3, 13, 255):
        emit("method", "p256", method, b"", bytes(64), "ENOTSUP", c)


def verify(key, c, method, data):
    if method in (9, 10, 11):
        bits = key.curve.key_size
        assert CLASSIC[bits][0] == method and len(data) == 2 * CLASSIC[bits][2]
        half = len(data) // 2
        return key.verify(encode_dss_signature(int.from_bytes(data[:half], "big"), int.from_bytes(data[half:], "big")), octets(c),
                          ec.ECDSA(HASHES[CLASSIC[bits][1]]()))
    assert method == 14
    algorithm, signature = data[1:1 + data[0]], data[1 + data[0]:]
    if isinstance(key, ed25519.Ed25519PublicKey):
        assert algorithm == ED25519
        return key.verify(signature, octets(c))
    for h in ("sha256", "sha384", "sha512"):
        if isinstance(key, ec.EllipticCurvePublicKey) and algorithm == ecdsa(h):
            return key.verify(signature, octets(c), ec.ECDSA(HASHES[h]()))
        if isinstance(key, rsa.RSAPublicKey) and algorithm == pkcs1(h):
            return key.verify(signature, octets(c), padding.PKCS1v15(), HASHES[h]())
        if isinstance(key, rsa.RSAPublicKey) and algorithm == pss(h):
            return key.verify(signature, octets(c), padding.PSS(padding.MGF1(HASHES[h]()), HASHES[h]().digest_size), HASHES[h]())
    raise ValueError("algorithm " + algorithm.hex())


@functools.lru_cache
def public_key(der):
    return serialization.load_der_private_key(der, None).public_key()


def check():
    right = 0
    for text in sys.stdin.read().strip().split("\n\n"):
        c = dict(line.split(" = ") for line in text.splitlines())
        c = {k: int(v) if k in ("PRF", "METHOD") else bytes.fromhex(v) for k, v in c.items()}
        try:
            verify(public_key(c["KEY"]), c, c["METHOD"], c["AUTH"])
            right += 1
        except (InvalidSignature, ValueError, AssertionError) as e:
            print("wrong:", repr(e), text[:60])
            sys.exit(1)
    print(right, "signatures are right")


random.seed(int(sys.argv[2]) if len(sys.argv) > 2 else 0)
make() if sys.argv[1] == "make" else check()
