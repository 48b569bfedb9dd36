#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Authentication by certificates and by post-quantum preshared keys. test_certs.py charon|espalier [TEST]"""
import os

import pki
from case import IDS, PSK, InteropTest, config, connection, main, psk_secrets

# Key type of the certificate, and the `auth` that makes it sign as wanted (RFC 7427).
SIGNATURES = [("rsa2048", "pubkey"), ("rsa2048", "rsa-sha256"), ("rsa3072", "rsa-sha384"), ("rsa3072", "rsa-sha512"), ("rsa2048", "rsa/pss-sha256"),
              ("rsa3072", "rsa/pss-sha384"), ("rsa3072", "rsa/pss-sha512"), ("p256", "ecdsa-sha256"), ("p384", "ecdsa-sha384"),
              ("p521", "ecdsa-sha512"), ("ed25519", "pubkey")]


def pubkey(side, certificate="own.pem", auth="pubkey", remote="pubkey", **options):
    return connection(side, local={"auth": auth, "certs": certificate}, remote={"auth": remote}, **options)


class Certificates(InteropTest):
    def setUp(self):
        super().setUp()
        self.root = pki.Authority("Root")
        self.middle_ca = pki.Authority("Intermediate", issuer=self.root)

    def give(self, side, authority, kind, name="own", **options):
        """An end-entity certificate and key to a side; returns the certificate."""
        certificate, key, x509 = authority.issue(IDS[side.where], kind, serial=f"{side.where}-{name}", **options)
        side.install("x509", f"{name}.pem", certificate)
        side.install("private", f"{name}.pem", key)
        return x509

    def trust(self, *authorities):
        for side in (self.peer, self.dut):
            for i, authority in enumerate(authorities):
                side.install("x509ca", f"ca{i}.pem", authority.pem())

    def test_signatures(self):
        self.trust(self.root)
        for kind, _ in SIGNATURES:
            for side in (self.peer, self.dut):
                self.give(side, self.root, kind, kind)
        self.start(left=config(pubkey("left", "rsa2048.pem"), {}), right=config(pubkey("right", "rsa2048.pem"), {}))
        for kind, auth in SIGNATURES:
            with self.case(kind=kind, auth=auth):
                for side in (self.peer, self.dut):
                    side.configure(config(pubkey(side.where, f"{kind}.pem", auth), {}))
                    side.reload()
                for initiator, _ in self.roles():
                    initiator.up("net")
                    self.assert_tunnel()
                    self.clear()

    def test_constraint_of_signature(self):
        """A side that wants SHA-512 of its peer refuses SHA-256."""
        self.trust(self.root)
        for side in (self.peer, self.dut):
            self.give(side, self.root, "rsa3072")
        wanted = "ike:rsa-sha512"
        self.start(left=config(pubkey("left", auth="rsa-sha256"), {}), right=config(pubkey("right", remote=wanted), {}))
        for initiator, _ in self.roles():
            self.assert_refused(initiator)

    def test_intermediate(self):
        """The end entity comes with its intermediate CA, which the other end does not have."""
        self.trust(self.root)
        for side in (self.peer, self.dut):
            self.give(side, self.middle_ca, "p256")
            side.install("x509", "intermediate.pem", self.middle_ca.pem())
        # charon sends the intermediates that it knows; the receiver has them from the wire only if it lacks the file.
        for initiator, responder in ((self.dut, self.peer), (self.peer, self.dut)):
            with self.case(initiator=initiator.name):
                for side in (self.peer, self.dut):
                    side.configure(config(pubkey(side.where), {}))
                    side.start()
                initiator.up("net")
                self.assert_tunnel()
                self.clear()
                for side in (initiator, responder):
                    side.stop()

    def test_untrusted(self):
        stranger = pki.Authority("Stranger")
        self.trust(self.root)
        for bad, good in ((self.peer, self.dut), (self.dut, self.peer)):
            with self.case(untrusted=bad.name):
                self.give(bad, stranger, "p256")
                self.give(good, self.root, "p256")
                for side in (bad, good):
                    side.configure(config(pubkey(side.where), {}))
                    side.start()
                for initiator in (bad, good):
                    self.assert_refused(initiator)
                self.assertEqual(good.established(), [])
                for side in (bad, good):
                    side.stop()

    def test_expired_and_identity(self):
        """An expired certificate, one not yet valid, and one of another name."""
        self.trust(self.root)
        self.give(self.peer, self.root, "p256", "good")
        self.give(self.peer, self.root, "p256", "expired", start=pki.NOW - 20 * pki.DAY, end=pki.NOW - pki.DAY)
        self.give(self.peer, self.root, "p256", "early", start=pki.NOW + pki.DAY)
        certificate, key, _ = self.root.issue("someone.test", "p256")
        self.peer.install("x509", "other.pem", certificate)
        self.peer.install("private", "other.pem", key)
        self.give(self.dut, self.root, "p256")
        # The peer claims right's wish, left.test, with each certificate; charon itself refuses to load an id that a certificate does not have,
        # so for the last the other end is told to expect one it will not see.
        self.start(left=config(pubkey("left", "good.pem"), {}), right=config(pubkey("right"), {}))
        self.dut.up("net")
        self.clear()
        for name in ("expired", "early"):
            with self.case(certificate=name):
                self.peer.configure(config(pubkey("left", f"{name}.pem"), {}))
                self.peer.reload()
                self.assert_refused(self.dut)
                self.assert_refused(self.peer)
        self.peer.configure(config(connection("left", local={"auth": "pubkey", "certs": "other.pem", "id": "someone.test"}, remote={"auth": "pubkey"}), {}))
        self.peer.reload()
        self.assert_refused(self.dut)
        self.assert_refused(self.peer)

    def test_revoked(self):
        self.trust(self.root)
        certificates = {side: self.give(side, self.root, "p256") for side in (self.peer, self.dut)}
        strict = {"remote": {"auth": "pubkey", "revocation": "strict"}}
        for bad, good in ((self.peer, self.dut), (self.dut, self.peer)):
            with self.case(revoked=bad.name):
                bad.configure(config(pubkey(bad.where), {}))
                good.configure(config(connection(good.where, local={"auth": "pubkey", "certs": "own.pem"}, **strict), {}))
                # First a CRL without it, then one with it.
                good.install("x509crl", "crl.pem", self.root.crl())
                for side in (bad, good):
                    side.start()
                good.up("net")
                self.assert_tunnel()
                self.clear()
                good.stop()
                good.install("x509crl", "crl.pem", self.root.crl(certificates[bad]))
                good.start()
                for initiator in (bad, good):
                    self.assert_refused(initiator)
                for side in (bad, good):
                    side.stop()
                os.remove(os.path.join(good.swanctl, "x509crl", "crl.pem"))

    def test_no_crl_strict(self):
        """Where a CRL must be there and is not, nobody comes in."""
        self.trust(self.root)
        for side in (self.peer, self.dut):
            self.give(side, self.root, "p256")
        self.start(left=config(pubkey("left"), {}),
                   right=config(connection("right", local={"auth": "pubkey", "certs": "own.pem"}, remote={"auth": "pubkey", "revocation": "strict"}), {}))
        for initiator, _ in self.roles():
            self.assert_refused(initiator)

    def test_distinguished_names(self):
        """Identities are the certificates' subjects; the other end may say which with wildcards."""
        self.trust(self.root)
        for side in (self.peer, self.dut):
            self.give(side, self.root, "p256")
        subjects = {side: f"O=Espalier interop, CN={IDS[side]}" for side in IDS}
        for expected in (subjects, {side: "O=Espalier interop, CN=*" for side in IDS}):
            with self.case(expected=expected["left"]):
                for side, other in ((self.peer, self.dut), (self.dut, self.peer)):
                    side.configure(config(connection(side.where, local={"auth": "pubkey", "certs": "own.pem", "id": f'"{subjects[side.where]}"'},
                                                     remote={"auth": "pubkey", "id": f'"{expected[other.where]}"'}), {}))
                    side.start()
                for initiator, _ in self.roles():
                    initiator.up("net")
                    self.assert_tunnel()
                    self.assertIn("CN=left.test", self.dut.established()[0]["remote_id"])
                    self.clear()
                for side in (self.peer, self.dut):
                    side.stop()

    def test_certificate_and_psk(self):
        """The sides authenticate differently."""
        self.trust(self.root)
        self.give(self.peer, self.root, "p256")
        self.start(left=config(connection("left", local={"auth": "pubkey", "certs": "own.pem"})), right=config(connection("right", remote={"auth": "pubkey"})))
        for initiator, _ in self.roles():
            initiator.up("net")
            self.assert_tunnel()
            self.clear()


class Ppk(InteropTest):
    """RFC 8784."""
    ID, KEY = "ppk.test", "0x" + "6b" * 32

    def configuration(self, side, key=KEY, **options):
        secrets = {**psk_secrets(PSK), **({"ppk-one": {"secret": key, "id": self.ID}} if key else {})}
        return config(connection(side, **options), secrets)

    def set(self, left, right):
        for side, text in ((self.peer, left), (self.dut, right)):
            side.configure(text)
            side.reload()

    def test_ppk(self):
        required = {"ppk_id": self.ID, "ppk_required": True}
        self.start(left=self.configuration("left", **required), right=self.configuration("right", **required))
        for initiator, _ in self.roles():
            initiator.up("net")
            self.assert_tunnel()
            self.clear()

    def test_other_ppk(self):
        required = {"ppk_id": self.ID, "ppk_required": True}
        self.start(left=self.configuration("left", "0x" + "6c" * 32, **required), right=self.configuration("right", **required))
        for initiator, _ in self.roles():
            self.assert_refused(initiator)

    def test_optional(self):
        """One end has none: without it if it may be, refused if it must not."""
        self.start(left=self.configuration("left", None), right=self.configuration("right", ppk_id=self.ID, ppk_required=False))
        for initiator, _ in self.roles():
            initiator.up("net")
            self.assert_tunnel()
            self.clear()
        self.set(self.configuration("left", None), self.configuration("right", ppk_id=self.ID, ppk_required=True))
        for initiator, _ in self.roles():
            self.assert_refused(initiator)
        self.set(self.configuration("left", ppk_id=self.ID, ppk_required=True), self.configuration("right", None))
        for initiator, _ in self.roles():
            self.assert_refused(initiator)


if __name__ == "__main__":
    main()
