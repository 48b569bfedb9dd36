# SPDX-License-Identifier: Apache-2.0
"""Cases of authentication by certificates against libreswan, for a test case whose peer is one: which of its `authby` goes with which `auth` of ours, and what
`rightca` says. The case has `conn(**options)`, and `assert_serves()` for a tunnel that is up."""
import pki
from case import IDS, config, connection, wait

# Keys of both ends; its authby, None for its default; our local.auth and remote.auth. RSA is PSS here (RFC 7427, 8247), unless it says otherwise.
SIGNATURES = (("rsa2048", "rsa-sha2", "rsa/pss", "ike:rsa/pss"), ("rsa3072", "rsa-sha2_384", "rsa/pss-sha384", "ike:rsa/pss-sha384"),
              ("rsa3072", "rsa-sha2_512", "rsa/pss-sha512", "ike:rsa/pss-sha512"), ("rsa2048", "rsasig", "rsa/pss", "pubkey"), ("rsa2048", None, "rsa/pss", "ike:rsa"),
              ("p256", "ecdsa", "pubkey", "pubkey"), ("p384", "ecdsa", "ecdsa", "ike:ecdsa"), ("p521", "ecdsa", "ecdsa-sha512", "ike:ecdsa"))
# What is refused: PKCS#1 from us, where it wants PSS; another kind of key than the other end takes; SHA-512 wanted of what signs with SHA-256.
REFUSED = (("rsa2048", "rsa-sha2", "rsa-sha256", "pubkey"), ("rsa2048", "ecdsa", "rsa/pss", "pubkey"), ("p256", "rsa-sha2", "ecdsa", "pubkey"),
           ("p256", "ecdsa", "ecdsa", "ike:rsa"), ("rsa2048", "rsa-sha2", "rsa/pss", "ike:rsa/pss-sha512"))
NAMED = "O=Espalier interop, CN="


class Certificates:
    def begin(self, kind, authby, auth, remote, own=None, other=None, trusted=None, rightca="%same", send_cert=None):
        """Both ends start, each with a certificate: of the authority `own` for libreswan's, of `other` for ours. What both trust: these, or `trusted`."""
        own = own or pki.Authority("Root")
        other = other or own
        self.peer.forget()
        for number, authority in enumerate(trusted or {own, other}):
            self.peer.trust(f"ca{number}", authority.pem())
            self.dut.install("x509ca", f"ca{number}.pem", authority.pem())
        self.peer.give("own", *own.issue(IDS["left"], kind)[:2])
        certificate, key, _ = other.issue(IDS["right"], kind)
        self.dut.install("x509", "own.pem", certificate)
        self.dut.install("private", "own.pem", key)
        words = self.conn(leftcert="own", leftsendcert="always", authby=authby, rightca=rightca and f'"{rightca}"')
        self.peer.configure({"net": {key: value for key, value in words.items() if value is not None}, "secrets": ""})
        self.dut.configure(config(connection("right", proposals=None, send_cert=send_cert, local={"auth": auth, "certs": "own.pem"}, remote={"auth": remote},
                                             children={"net": {"esp_proposals": None}}), {}))
        self.peer.start()
        self.dut.start()

    def end_both(self):
        for side in (self.dut, self.peer):
            side.stop()

    def assert_comes_up(self):
        """Either end first."""
        for initiator, _ in self.roles():
            initiator.up("net")
            self.dut.wait_up()
            self.assert_serves()
            initiator.down(ike="t" if initiator is self.dut else "net")
            self.dut.wait_down()
            wait(lambda: not self.peer.sas(), 10, "libreswan has no SA")

    def assert_does_not(self):
        """The one that refuses has no SA; the other may have had one for a moment, and libreswan tries again and again."""
        for initiator, _ in self.roles():
            initiator.try_up("net", 5)
            wait(lambda: not self.dut.children() or not self.peer.sas(), 10, "one end has no SA")

    def test_signatures(self):
        for kind, authby, auth, remote in SIGNATURES:
            with self.case(kind=kind, authby=authby, auth=auth, remote=remote):
                self.begin(kind, authby, auth, remote)
                self.assert_comes_up()
                self.end_both()

    def test_signatures_refused(self):
        for kind, authby, auth, remote in REFUSED:
            with self.case(kind=kind, authby=authby, auth=auth, remote=remote):
                self.begin(kind, authby, auth, remote)
                self.assert_does_not()
                self.end_both()

    def test_authorities(self):
        """The peer's CA: %same as its own, or by its name."""
        one, two = pki.Authority("One"), pki.Authority("Two")
        for rightca, own, other, works in (("%same", one, one, True), (NAMED + "One", one, one, True), (NAMED + "Two", one, two, True),
                                           ("%same", one, two, False), (NAMED + "Two", one, one, False)):
            with self.case(rightca=rightca, own=own.name.rfc4514_string(), other=other.name.rfc4514_string()):
                self.begin("p256", "ecdsa", "pubkey", "pubkey", own, other, rightca=rightca)
                (self.assert_comes_up if works else self.assert_does_not)()
                self.end_both()

    def test_untrusted(self):
        """Nobody whose CA is not trusted, at either end."""
        one, two = pki.Authority("One"), pki.Authority("Two")
        for own, other in ((one, two), (two, one)):
            with self.case(untrusted="ours" if own is one else "its"):
                self.begin("p256", "ecdsa", "pubkey", "pubkey", own, other, (one,), rightca=NAMED + ("Two" if own is one else "One"))
                self.assert_does_not()
                self.end_both()

    def test_no_authority(self):
        """Without `rightca` it does not ask for our certificate, which then goes with `send_cert = always` only."""
        for send_cert, works in (("always", True), ("ifasked", False)):
            with self.case(send_cert=send_cert):
                self.begin("p256", "ecdsa", "pubkey", "pubkey", rightca=None, send_cert=send_cert)
                if works:
                    self.assert_comes_up()
                else:
                    self.peer.try_up("net", 5)
                    self.assertIn("no certificate matched", self.peer.log())
                    self.assertEqual(self.peer.sas(), [])
                self.end_both()
