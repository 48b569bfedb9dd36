#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Certificates, CRLs and private keys in DIR, and on standard output the cases that they make, with what must come of each.
Usage: oracle_certs.py DIR. As of 1 January 2026."""
import hashlib
import os
import sys
import warnings

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from pki import DER, PEM, Entity, new_key

warnings.simplefilter("ignore")  # that SHA-1 is old
DIR = sys.argv[1]
os.makedirs(DIR, exist_ok=True)


def write(file, data):
    with open(os.path.join(DIR, file), "wb") as f:
        f.write(data)
    return file


def save(file, thing):
    """A certificate or CRL as PEM or, by its name, as DER; returns the name."""
    thing = thing.cert if isinstance(thing, Entity) else thing
    return write(file, thing.public_bytes(DER if file.endswith(".der") else PEM))


def case(name, chain, result, why="", cas="root.pem", crls="", **more):
    """result: 0 or the errno value's name; why: a part of the sentence."""
    print("NAME =", name)
    print("CHAIN =", chain)
    print("CAS =", cas)
    print("CRLS =", crls)
    print("RESULT =", result)
    print("WHY =", why)
    for key, value in more.items():
        print(key, "=", value)
    print()


root = Entity("Root", ca=True)
other = Entity("Root", ca=True)  # of the same name
inter = Entity("Intermediate", root, ca=True)
save("root.pem", root)
save("other.pem", other)
save("inter.pem", inter)
save("inter.der", inter)
leaf = Entity("leaf", root, alts=("dns:leaf.example.org",))
save("leaf.pem", leaf)
save("leaf.der", leaf)
deep = Entity("deep", inter)
save("deep.pem", deep)

case("direct", "leaf.pem", 0)
case("direct, DER", "leaf.der", 0)
case("by an intermediate", "deep.pem inter.der", 0)
case("missing intermediate", "deep.pem", "EACCES", "issuer")
case("intermediate of the configuration alone", "deep.pem", 0, cas="inter.pem")
case("intermediate is trusted, too", "deep.pem", 0, cas="root.pem inter.pem")
case("wrong CA of the same name", "leaf.pem", "EACCES", "", cas="other.pem")
case("right CA beside a wrong one of the same name", "leaf.pem", 0, cas="other.pem root.pem")
case("no CA at all", "leaf.pem", "EACCES", "", cas="")
case("peer sends the root", "deep.pem inter.pem root.pem", 0)
case("peer sends a root that nobody trusts", "leaf.pem root.pem", "EACCES", "self-signed", cas="other.pem")
case("peer sends what does not belong there", "deep.pem other.pem leaf.pem inter.pem", 0)
case("no certificate", "", "EINVAL", "no certificate")

# ---- validity ---------------------------------------------------------------------------------------------------------------
save("expired.pem", Entity("expired", root, start=-10, days=9))
save("early.pem", Entity("early", root, start=1, days=9))
old_inter = Entity("Old Intermediate", root, ca=True, start=-50, days=49)
save("old_inter.pem", old_inter)
save("under_old.pem", Entity("under", old_inter))
old_root = Entity("Old Root", ca=True, start=-50, days=49)
save("old_root.pem", old_root)
save("under_old_root.pem", Entity("under", old_root))
case("expired", "expired.pem", "EACCES", "expired")
case("not yet valid", "early.pem", "EACCES", "not yet valid")
case("expired, looked at earlier", "expired.pem", 0, TIME=1767225600 - 3 * 86400)
case("not yet valid, looked at later", "early.pem", 0, TIME=1767225600 + 2 * 86400)
case("expired intermediate", "under_old.pem old_inter.pem", "EACCES", "expired")
case("expired root", "under_old_root.pem", "EACCES", "expired", cas="old_root.pem")

# ---- who may be a CA ----------------------------------------------------------------------------------------------------------
for file, title, fake in (
        ("notca", "basic constraints say that it is no CA", Entity("Not CA", root, key_usage=("digital_signature",))),
        ("nosign", "CA without the right to sign certificates", Entity("No Sign", root, ca=True, key_usage=("crl_sign",))),
        ("nobasic", "no basic constraints", Entity("No Basic", root, basic=False)),
        ("nobasic_sign", "no basic constraints, but the right to sign certificates",
         Entity("No Basic Sign", root, basic=False, key_usage=("key_cert_sign",)))):
    save(file + ".pem", fake)
    save("under_" + file + ".pem", Entity("under", fake))
    case(title, f"under_{file}.pem {file}.pem", "EACCES", "")
case("leaf as its own issuer's issuer", "under_notca.pem notca.pem", "EACCES", "", cas="root.pem inter.pem")
short = Entity("Path Length 0", root, ca=True, path_length=0)
below = Entity("Below", short, ca=True)
save("short.pem", short)
save("below.pem", below)
save("under_below.pem", Entity("under", below))
save("under_short.pem", Entity("under", short))
case("within the path length", "under_short.pem short.pem", 0)
case("beyond the path length", "under_below.pem below.pem short.pem", "EACCES", "path length")
permitted = Entity("Permitted", root, ca=True, permitted="example.org")
save("permitted.pem", permitted)
save("inside.pem", Entity("inside", permitted, alts=("dns:gw.example.org",)))
save("outside.pem", Entity("outside", permitted, alts=("dns:gw.example.com",)))
case("within the name constraints", "inside.pem permitted.pem", 0)
case("outside the name constraints", "outside.pem permitted.pem", "EACCES", "permitted subtree")
save("self.pem", Entity("self"))
case("self-signed, not trusted", "self.pem", "EACCES", "self-signed")

# ---- what the key may be used for, extensions ------------------------------------------------------------------------------------
for file, result, why, more in (
        ("ku_sign", 0, "", {"key_usage": ("digital_signature",)}),
        ("ku_repudiation", 0, "", {"key_usage": ("content_commitment",)}),
        ("ku_encipher", "EACCES", "key usage", {"key_usage": ("key_encipherment",)}),
        ("eku_server", 0, "", {"eku": ("server",)}),
        ("eku_client", 0, "", {"eku": ("code", "client")}),
        ("eku_ike", 0, "", {"eku": ("ike",)}),
        ("eku_any", 0, "", {"eku": ("any",)}),
        ("eku_code", "EACCES", "extended key usage", {"eku": ("code",)}),
        ("critical", "EACCES", "critical extension", {"critical": "1.3.6.1.4.1.55555.1"})):
    save(file + ".pem", Entity(file, root, **more))
    case(file, file + ".pem", result, why)

# ---- keys and signatures -----------------------------------------------------------------------------------------------------------
for kind, result in (("p384", 0), ("p521", 0), ("ed25519", 0), ("rsa2048", 0), ("rsa3072", 0), ("rsa1024", "EACCES"), ("k256", "EACCES"),
                     ("p224", "EACCES")):
    save(kind + ".pem", Entity(kind, root, kind=kind))
    case(kind, kind + ".pem", result)
rsa_root = Entity("RSA Root", ca=True, kind="rsa2048")
save("rsa_root.pem", rsa_root)
small_root = Entity("Small Root", ca=True, kind="rsa1024")
save("small_root.pem", small_root)
save("under_small.pem", Entity("under", small_root))
ed_root = Entity("Ed25519 Root", ca=True, kind="ed25519")
save("ed_root.pem", ed_root)
save("under_ed.pem", Entity("under", ed_root))
case("Ed25519 CA", "under_ed.pem", 0, cas="ed_root.pem")
case("CA of 1024 bits", "under_small.pem", "EACCES", "", cas="small_root.pem")
save("sha1.pem", Entity("sha1", root, hash=hashes.SHA1()))
save("rsa_sha1.pem", Entity("sha1", rsa_root, hash=hashes.SHA1()))
save("sha384.pem", Entity("sha384", root, hash=hashes.SHA384()))
save("rsa_sha512.pem", Entity("sha512", rsa_root, hash=hashes.SHA512()))
case("SHA-1 by ECDSA", "sha1.pem", "EACCES", "")
case("SHA-1 by RSA", "rsa_sha1.pem", "EACCES", "", cas="rsa_root.pem")
case("SHA-384", "sha384.pem", 0)
case("RSA with SHA-512", "rsa_sha512.pem", 0, cas="rsa_root.pem")
case("schemes: allowed", "sha384.pem", 0, SCHEMES=1 << 7)
case("schemes: another", "leaf.pem", "EACCES", "signature algorithm", SCHEMES=1 << 7)
case("schemes: hold for the intermediate too", "deep.pem inter.pem", "EACCES", "signature algorithm", SCHEMES=1 << 7)
case("least RSA size: reached", "rsa3072.pem", 0, RSA_BITS=3072)
case("least RSA size: not reached", "rsa2048.pem", "EACCES", "too small", RSA_BITS=3072)
case("least EC size: reached", "deep.pem inter.pem", 0, EC_BITS=256)
case("least EC size: not reached", "p384.pem", "EACCES", "too small", EC_BITS=384)  # the root has 256
tampered = bytearray(leaf.der())
tampered[-4] ^= 1
write("tampered.der", bytes(tampered))
case("tampered signature", "tampered.der", "EACCES", "signature")
tampered = bytearray(leaf.der())
tampered[tampered.index(b"leaf.example")] ^= 1
write("renamed.der", bytes(tampered))
case("tampered name", "renamed.der", "EACCES", "signature")

# ---- demanded CAs --------------------------------------------------------------------------------------------------------------------
case("demanded root", "deep.pem inter.pem", 0, DEMAND="root.pem")
case("demanded intermediate", "deep.pem inter.pem", 0, DEMAND="other.pem inter.pem")
case("demanded CA is not above it", "leaf.pem", "EACCES", "demands", DEMAND="inter.pem")
case("demanded CA is another of the same name", "leaf.pem", "EACCES", "demands", cas="root.pem other.pem", DEMAND="other.pem")
case("the certificate itself is no CA above it", "leaf.pem", "EACCES", "demands", DEMAND="leaf.pem")

# ---- revocation -------------------------------------------------------------------------------------------------------------------------
revoked = Entity("revoked", root)
uri_leaf = Entity("uri", root, crl_uri="http://crl.example.org/root.crl")
revoked_inter = Entity("Revoked Intermediate", root, ca=True)
save("revoked.pem", revoked)
save("uri.pem", uri_leaf)
save("revoked_inter.pem", revoked_inter)
save("under_revoked.pem", Entity("under", revoked_inter))
bad = (revoked, revoked_inter)
save("root.crl", root.crl(bad))
save("root_crl.der", root.crl(bad))
save("inter.crl", inter.crl())
save("revoked_inter.crl", revoked_inter.crl())
save("stale.crl", root.crl(bad, start=-30, days=7))
save("future.crl", root.crl(bad, start=5, days=7))
save("forged.crl", root.crl((), key=other.key))
save("clean.crl", root.crl())
write("both.crl", root.crl(bad).public_bytes(PEM) + inter.crl().public_bytes(PEM))
save("ocsp.pem", Entity("ocsp", root, access="OCSP"))
save("issuers.pem", Entity("issuers", root, access="CA_ISSUERS"))
unsigning = Entity("No CRL Sign", ca=True, key_usage=("key_cert_sign",))
save("unsigning.pem", unsigning)
save("unsigning.crl", unsigning.crl())
save("under_unsigning.pem", Entity("under", unsigning))
RELAXED, IFURI, STRICT = 0, 1, 2
for mode, text in ((RELAXED, "relaxed"), (IFURI, "ifuri"), (STRICT, "strict")):
    case(text + ": good", "leaf.pem", 0, crls="root.crl", REVOCATION=mode)
    case(text + ": revoked", "revoked.pem", "EACCES", "revoked", crls="root.crl", REVOCATION=mode)
    case(text + ": revoked, CRL as DER", "revoked.pem", "EACCES", "revoked", crls="root_crl.der", REVOCATION=mode)
    case(text + ": revoked intermediate", "under_revoked.pem revoked_inter.pem", "EACCES", "revoked", crls="root.crl revoked_inter.crl",
         REVOCATION=mode)
    case(text + ": good, both CRLs in one file", "deep.pem inter.pem", 0, crls="both.crl", REVOCATION=mode)
    case(text + ": revoked, says an expired CRL", "revoked.pem", "EACCES", "", crls="stale.crl", REVOCATION=mode)
    strict = "EACCES" if mode == STRICT else 0
    uri = 0 if mode == RELAXED else "EACCES"
    case(text + ": no CRL", "leaf.pem", strict, "CRL" if strict else "", REVOCATION=mode)
    case(text + ": no CRL, but an address of one", "uri.pem", uri, "CRL" if uri else "", REVOCATION=mode)
    case(text + ": no CRL of the intermediate", "deep.pem inter.pem", strict, crls="root.crl", REVOCATION=mode)
    case(text + ": expired CRL", "leaf.pem", strict, crls="stale.crl", REVOCATION=mode)
    case(text + ": expired CRL, and an address of one", "uri.pem", uri, crls="stale.crl", REVOCATION=mode)
    case(text + ": no CRL, but an OCSP responder", "ocsp.pem", uri, REVOCATION=mode)
    case(text + ": no CRL, but an address of the CA", "issuers.pem", strict, REVOCATION=mode)
    case(text + ": CRL of a CA that may sign none", "under_unsigning.pem", strict, cas="unsigning.pem", crls="unsigning.crl", REVOCATION=mode)
    case(text + ": CRL of the future", "leaf.pem", strict, crls="future.crl", REVOCATION=mode)
    case(text + ": CRL by another key", "leaf.pem", strict, crls="forged.crl", REVOCATION=mode)
    case(text + ": intermediate is the anchor", "deep.pem", 0, cas="inter.pem", crls="inter.crl", REVOCATION=mode)
save("sha1.crl", root.crl(bad, hash=hashes.SHA1()))

# ---- identities: a certificate with names of all kinds ---------------------------------------------------------------------------------------
names = Entity("cn-only.example.org", root,
               alts=("dns:gw.example.org", "dns:*.wild.example.org", "dns:nul.example.org\0.evil.example", "email:joe@example.org", "ip:192.0.2.7",
                     "ip:2001:db8::7", "uri:urn:x", "dns:ends.example.org."))
save("names.pem", names)
public = names.key.public_key()
spki = public.public_bytes(DER, serialization.PublicFormat.SubjectPublicKeyInfo)
write("names.spki.sha1", hashlib.sha1(spki).digest())
write("names.key.sha1", x509.SubjectKeyIdentifier.from_public_key(public).digest)
write("root.spki.sha1", hashlib.sha1(root.key.public_key().public_bytes(DER, serialization.PublicFormat.SubjectPublicKeyInfo)).digest())
write("names.subject.der", names.name.public_bytes())
empty = Entity("", root, subject=x509.Name([]), alts=("dns:only-san.example.org",))
save("empty_subject.pem", empty)

# ---- private keys in their forms ----------------------------------------------------------------------------------------------------------------
rsa_key, ec_key, ed_key = rsa.generate_private_key(65537, 2048), new_key("p256"), new_key("ed25519")
PKCS8, OLD = serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL
CLEAR, LOCKED = serialization.NoEncryption(), serialization.BestAvailableEncryption(b"sesame")
for key, text in ((rsa_key, "rsa"), (ec_key, "ec"), (ed_key, "ed")):
    save(f"key_{text}.pem", Entity("key", root, key=key))
    for form, form_text in ((PKCS8, "pkcs8"), (OLD, "old")):
        if text == "ed" and form == OLD:
            continue
        write(f"{text}_{form_text}.key", key.private_bytes(PEM, form, CLEAR))
        write(f"{text}_{form_text}.der", key.private_bytes(DER, form, CLEAR))
        write(f"{text}_{form_text}_locked.key", key.private_bytes(PEM, form, LOCKED))
    write(f"{text}_pkcs8_locked.der", key.private_bytes(DER, PKCS8, LOCKED))
# As openssl ecparam -genkey writes it: the curve's name (OID 1.2.840.10045.3.1.7) in a block of its own.
PARAMETERS = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
write("parameters.key", PARAMETERS)
write("ec_parameters.key", PARAMETERS + ec_key.private_bytes(PEM, OLD, CLEAR))
write("ec_parameters_locked.key", PARAMETERS + ec_key.private_bytes(PEM, OLD, LOCKED))
write("ec_behind_cert.key", leaf.pem() + ec_key.private_bytes(PEM, PKCS8, CLEAR))
write("small.key", rsa.generate_private_key(65537, 1024).private_bytes(PEM, PKCS8, CLEAR))
write("k256.key", new_key("k256").private_bytes(PEM, PKCS8, CLEAR))
write("garbage.pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
write("empty.pem", b"")
write("two.pem", b"some text\n" + leaf.pem() + inter.pem())
write("broken_second.pem", leaf.pem() + b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
write("trailing.der", leaf.der() + b"\0")
