#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Each group, cipher and PRF of the IKE SA, each cipher and PFS group of the CHILD SA. test_algorithms.py charon|espalier [TEST]

The responder takes everything, the initiator offers one proposal a connection. With ESPALIER_TEST_SCALE of 2 or more, groups are
crossed with ciphers.
"""
import itertools

from case import SCALE, InteropTest, child, config, connection, main, wait

GROUPS = {"modp2048": "MODP_2048", "modp3072": "MODP_3072", "modp4096": "MODP_4096", "modp6144": "MODP_6144", "modp8192": "MODP_8192",
          "ecp256": "ECP_256", "ecp384": "ECP_384", "ecp521": "ECP_521", "x25519": "CURVE_25519"}
AEADS = ["aes128gcm16", "aes192gcm16", "aes256gcm16"]
CBC = [f"aes{bits}-sha{sha}" for bits in (128, 192, 256) for sha in (256, 384, 512)]
PRFS = ["prfsha256", "prfsha384", "prfsha512"]
ESP = ["aes128gcm16", "aes192gcm16", "aes256gcm16"]
ALL_GROUPS = "-".join(GROUPS)
EVERYTHING = [f"{'-'.join(AEADS)}-{'-'.join(PRFS)}-{ALL_GROUPS}", f"aes128-aes192-aes256-sha256-sha384-sha512-{ALL_GROUPS}"]
ESP_EVERYTHING = [f"{'-'.join(ESP)}-{ALL_GROUPS}", "-".join(ESP)]


class Algorithms(InteropTest):
    def check(self, proposals, esp_proposals=("aes256gcm16",), rekey=False):
        """A connection with each, both roles; rekey: the CHILD SA too, which is where PFS happens."""
        pairs = list(itertools.product(proposals, esp_proposals))
        names = [f"c{i}" for i in range(len(pairs))]

        def many(side):
            return config({name: connection(side, proposals=ike, children={"net": None, name: child(side, esp_proposals=esp)})
                           for name, (ike, esp) in zip(names, pairs)})

        def any_(side):
            return config(connection(side, proposals=EVERYTHING, children={"net": child(side, esp_proposals=ESP_EVERYTHING)}))
        self.start()
        for initiator, responder in self.roles():
            initiator.configure(many(initiator.where))
            responder.configure(any_(responder.where))
            for side in (initiator, responder):
                side.reload()
            for name, (ike, esp) in zip(names, pairs):
                with self.case(ike=ike, esp=esp):
                    initiator.up(name)
                    self.agreed(initiator, responder, ike, esp)
                    self.assert_ping(initiator, count=2)
                    if rekey:
                        before = responder.children()[0]["spi_in"]
                        initiator.rekey(child=name)
                        self.wait_rekeyed(responder, before)
                        self.assert_ping(responder, count=2)
                    initiator.down(number=initiator.established()[0]["id"])
                    responder.wait_down()
                    initiator.wait_down()

    def wait_rekeyed(self, side, spi):
        wait(lambda: [c for c in side.children() if c["spi_in"] != spi], 10, "the CHILD SA is rekeyed")

    def agreed(self, initiator, responder, ike, esp):
        """charon names what was agreed; so must we, in its way."""
        for side in (initiator, responder):
            if side.kind != "charon":
                continue
            sa, = side.established()
            words = sa["proposal"].upper()
            for part in ike.split("-"):
                expected = {**GROUPS, **{prf: f"PRF_HMAC_SHA2_{prf[6:]}" for prf in PRFS}, "sha256": "HMAC_SHA2_256_128", "sha384": "HMAC_SHA2_384_192",
                            "sha512": "HMAC_SHA2_512_256", **{f"aes{bits}gcm16": f"AES_GCM_16_{bits}" for bits in (128, 192, 256)},
                            **{f"aes{bits}": f"AES_CBC_{bits}" for bits in (128, 192, 256)}}[part]
                self.assertIn(expected, words)
            self.assertIn(f"AES_GCM_16_{esp[3:6]}", sa["children"][0]["proposal"])

    def test_groups(self):
        self.check([f"aes256gcm16-prfsha256-{group}" for group in GROUPS])

    def test_ciphers_and_prfs(self):
        self.check([f"{aead}-{prf}-x25519" for aead, prf in zip(AEADS, PRFS)] + [f"aes128gcm16-prfsha512-x25519", "aes256gcm16-prfsha256-x25519"]
                   + [f"{cbc}-ecp256" for cbc in CBC])

    def test_esp(self):
        self.check(["aes128gcm16-prfsha256-x25519"], ESP)

    def test_pfs(self):
        self.check(["aes128gcm16-prfsha256-x25519"], [f"aes256gcm16-{group}" for group in GROUPS], rekey=True)

    def test_cross(self):
        if SCALE < 2:
            self.skipTest("ESPALIER_TEST_SCALE below 2")
        self.check([f"{cipher}-{group}" for group in GROUPS for cipher in [f"{a}-{p}" for a in AEADS for p in PRFS] + CBC])

    def test_no_proposal(self):
        """Nothing in common: refused at once, for the IKE SA and for the CHILD SA."""
        self.start(left=config(connection("left", proposals="aes128gcm16-prfsha256-ecp384")))
        for initiator, _ in self.roles():
            self.assert_refused(initiator)
        for side in (self.peer, self.dut):
            side.configure(config(connection(side.where, children={"net": {"esp_proposals": "aes128gcm16" if side is self.peer else "aes256gcm16"}})))
            side.reload()
        for initiator, _ in self.roles():
            self.assert_refused(initiator)
            self.assertEqual((self.peer.children(), self.dut.children()), ([], []))
            for sa in initiator.sas():
                initiator.down(ike=sa["name"])
            self.peer.wait_down()
            self.dut.wait_down()

    def test_esn_offered(self):
        """kernel-libipsec has no ESN: whoever offers both gets numbers of 32 bits."""
        both, none = ({"children": {"net": {"esp_proposals": f"aes256gcm16{esn}"}}} for esn in ("-esn-noesn", "-noesn"))
        self.start(config(connection("left", **none)), config(connection("right", **both)))
        for initiator, _ in self.roles():
            initiator.up("net")
            self.assertEqual([side.children()[0]["esn"] for side in (self.peer, self.dut)], [False, False])
            self.assert_tunnel()
            self.clear()

    def test_invalid_ke(self):
        """The first group of the initiator is not the responder's: one round more. The same for PFS."""
        for wrong, right in (("ecp256", "x25519"), ("modp2048", "ecp521")):
            for initiator, responder in ((self.dut, self.peer), (self.peer, self.dut)):
                with self.case(initiator=initiator.name, wrong=wrong, right=right):
                    initiator.configure(config(connection(initiator.where, proposals=f"aes256gcm16-prfsha256-{wrong}-{right}",
                                                          children={"net": {"esp_proposals": f"aes256gcm16-{wrong}-{right}"}})))
                    responder.configure(config(connection(responder.where, proposals=f"aes256gcm16-prfsha256-{right}",
                                                          children={"net": {"esp_proposals": f"aes256gcm16-{right}"}})))
                    for side in (initiator, responder):
                        side.start()
                    initiator.up("net")
                    self.assert_tunnel()
                    before = responder.children()[0]["spi_in"]
                    initiator.rekey(child="net")
                    self.wait_rekeyed(responder, before)
                    self.assert_ping()
                    initiator.stop()
                    responder.stop()


if __name__ == "__main__":
    main()
