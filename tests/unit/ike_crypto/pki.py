# SPDX-License-Identifier: Apache-2.0
"""A small PKI of python3-cryptography: keys and certificates in few words, as of a fixed day."""
import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID, ObjectIdentifier

NOW = datetime.datetime(2026, 1, 1)
DAY = datetime.timedelta(days=1)
PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER
SHA256 = hashes.SHA256()
EKU = {"server": "1.3.6.1.5.5.7.3.1", "client": "1.3.6.1.5.5.7.3.2", "code": "1.3.6.1.5.5.7.3.3", "ike": "1.3.6.1.5.5.7.3.17", "any": "2.5.29.37.0"}
USAGES = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign",
          "encipher_only", "decipher_only")


def new_key(kind="p256"):
    curves = {"p256": ec.SECP256R1, "p384": ec.SECP384R1, "p521": ec.SECP521R1, "k256": ec.SECP256K1, "p224": ec.SECP224R1}
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind in curves:
        return ec.generate_private_key(curves[kind]())
    return rsa.generate_private_key(65537, int(kind[3:]))


def name_of(text):
    return x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "CH"), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Espalier Test"),
                      x509.NameAttribute(NameOID.COMMON_NAME, text)])


def usage(*wanted):
    return x509.KeyUsage(**{u: u in wanted for u in USAGES})


def alt(text):
    kind, value = text.split(":", 1)
    return {"dns": lambda: x509.DNSName(value), "email": lambda: x509.RFC822Name(value),
            "ip": lambda: x509.IPAddress(ipaddress.ip_address(value)), "uri": lambda: x509.UniformResourceIdentifier(value)}[kind]()


class Entity:
    """A key and its certificate."""

    def __init__(self, name, issuer=None, kind="p256", ca=False, start=-10, days=100, key=None, hash=SHA256, alts=(), key_usage=None, eku=(),
                 crl_uri=None, path_length=None, basic=True, critical=None, permitted=None, subject=None,
                 access=None):
        self.key = key or new_key(kind)
        self.name = name_of(name) if subject is None else subject
        signer = issuer or self
        if isinstance(signer.key, ed25519.Ed25519PrivateKey):
            hash = None
        b = x509.CertificateBuilder(signer.name, self.name, self.key.public_key(), x509.random_serial_number(), NOW + start * DAY,
                                    NOW + (start + days) * DAY)
        if basic:
            b = b.add_extension(x509.BasicConstraints(ca, path_length), True)
        if key_usage or ca:
            b = b.add_extension(usage(*(key_usage or ("key_cert_sign", "crl_sign"))), True)
        if eku:
            b = b.add_extension(x509.ExtendedKeyUsage([ObjectIdentifier(EKU[e]) for e in eku]), False)
        if alts:
            b = b.add_extension(x509.SubjectAlternativeName([alt(a) for a in alts]), False)
        if crl_uri:
            point = x509.DistributionPoint([x509.UniformResourceIdentifier(crl_uri)], None, None, None)
            b = b.add_extension(x509.CRLDistributionPoints([point]), False)
        if access:
            method = getattr(AuthorityInformationAccessOID, access)
            where = x509.AccessDescription(method, x509.UniformResourceIdentifier("http://a.example.org/"))
            b = b.add_extension(x509.AuthorityInformationAccess([where]), False)
        if critical:
            b = b.add_extension(x509.UnrecognizedExtension(ObjectIdentifier(critical), b"\x05\x00"), True)
        if permitted:
            b = b.add_extension(x509.NameConstraints([x509.DNSName(permitted)], None), True)
        b = b.add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), False)
        b = b.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key()), False)
        self.cert = b.sign(signer.key, hash)

    def pem(self):
        return self.cert.public_bytes(PEM)

    def der(self):
        return self.cert.public_bytes(DER)

    def crl(self, revoked=(), start=-1, days=7, key=None, hash=SHA256):
        b = x509.CertificateRevocationListBuilder(self.name, NOW + start * DAY, NOW + (start + days) * DAY)
        for entity in revoked:
            b = b.add_revoked_certificate(x509.RevokedCertificateBuilder(entity.cert.serial_number, NOW - 2 * DAY).build())
        b = b.add_extension(x509.CRLNumber(1), False)
        b = b.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False)
        return b.sign(key or self.key, hash)
