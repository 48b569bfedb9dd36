# SPDX-License-Identifier: Apache-2.0
"""Certificates for the tests, made on the spot: a root, an intermediate CA, end entities of each key type, CRLs."""
import datetime
import functools

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
DAY = datetime.timedelta(days=1)
KINDS = {"rsa2048": 2048, "rsa3072": 3072, "rsa4096": 4096, "p256": ec.SECP256R1, "p384": ec.SECP384R1, "p521": ec.SECP521R1, "ed25519": None}


@functools.lru_cache(None)
def key(kind, serial=0):  # serial tells keys of one kind apart
    if kind.startswith("rsa"):
        return rsa.generate_private_key(65537, KINDS[kind])
    return ed25519.Ed25519PrivateKey.generate() if kind == "ed25519" else ec.generate_private_key(KINDS[kind]())


def digest(signer):
    if isinstance(signer, ed25519.Ed25519PrivateKey):
        return None
    if isinstance(signer, ec.EllipticCurvePrivateKey):
        return {256: hashes.SHA256(), 384: hashes.SHA384(), 521: hashes.SHA512()}[signer.curve.key_size]
    return hashes.SHA256()


def name(text, extra=0):
    """extra: bytes of organisational units to make the certificate large."""
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Espalier interop"), x509.NameAttribute(NameOID.COMMON_NAME, text)]
    return x509.Name(parts + [x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, f"{i:03}-" + "x" * 56) for i in range(extra // 60)])


class Authority:
    def __init__(self, common_name, kind="p256", issuer=None):
        self.key, self.name, self.issuer, self.serial, self.revoked = key(kind, common_name), name(common_name), issuer, 0, []
        signer = issuer or self
        builder = (x509.CertificateBuilder().subject_name(self.name).issuer_name(signer.name).public_key(self.key.public_key())
                   .serial_number(x509.random_serial_number()).not_valid_before(NOW - DAY).not_valid_after(NOW + 30 * DAY)
                   .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
                   .add_extension(x509.KeyUsage(False, False, False, False, False, True, True, False, False), critical=True)
                   .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
                   .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key()), critical=False))
        self.certificate = builder.sign(signer.key, digest(signer.key))

    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def issue(self, identity, kind, start=NOW - DAY, end=NOW + 30 * DAY, extra=0, serial=0):
        """(certificate, key, x509 object) for this FQDN; certificate and key as PEM."""
        mine = key(kind, serial or identity)
        builder = (x509.CertificateBuilder().subject_name(name(identity, extra)).issuer_name(self.name).public_key(mine.public_key())
                   .serial_number(x509.random_serial_number()).not_valid_before(start).not_valid_after(end)
                   .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
                   .add_extension(x509.SubjectAlternativeName([x509.DNSName(identity)]), critical=False)
                   .add_extension(x509.KeyUsage(True, False, False, False, False, False, False, False, False), critical=True)
                   .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
                   .add_extension(x509.SubjectKeyIdentifier.from_public_key(mine.public_key()), critical=False)
                   .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False))
        certificate = builder.sign(self.key, digest(self.key))
        pem = mine.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return certificate.public_bytes(serialization.Encoding.PEM), pem, certificate

    def crl(self, *revoked):
        """A CRL with these certificates in it, as PEM."""
        self.serial += 1
        builder = (x509.CertificateRevocationListBuilder().issuer_name(self.name).last_update(NOW - DAY).next_update(NOW + 30 * DAY)
                   .add_extension(x509.CRLNumber(self.serial), critical=False)
                   .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False))
        for certificate in revoked:
            builder = builder.add_revoked_certificate(x509.RevokedCertificateBuilder().serial_number(certificate.serial_number)
                                                      .revocation_date(NOW - DAY / 2).build())
        return builder.sign(self.key, digest(self.key)).public_bytes(serialization.Encoding.PEM)


def pkcs12(nickname, certificate, private, password):
    """One file of certificate and key, both PEM (RFC 7292)."""
    return serialize_key_and_certificates(nickname.encode(), serialization.load_pem_private_key(private, None), x509.load_pem_x509_certificate(certificate), None,
                                          serialization.BestAvailableEncryption(password.encode()))
