#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A tunnel by preshared key, and what must be refused. test_psk.py charon|espalier [TEST]"""
from case import InteropTest, config, connection, main, psk_secrets
from net import wait


class Psk(InteropTest):
    def test_psk(self):
        self.start()
        for initiator, responder in self.roles():
            initiator.up("net")
            self.assert_tunnel()
            self.assertEqual([sa["role"] for sa in (*initiator.sas(), *responder.sas())], ["initiator", "responder"])
            self.clear()

    def test_wrong_psk(self):
        self.start(left=config(connection("left"), psk_secrets("something else")))
        for initiator, responder in self.roles():
            self.assert_refused(initiator)
            self.assertEqual((initiator.established(), responder.established()), ([], []))
        self.assert_no_ping()
        # Both still serve.
        self.peer.configure(config(connection("left")))
        self.peer.reload()
        self.dut.up("net")
        self.assert_tunnel()

    def test_defaults(self):
        """Nothing configured that has a default: proposals of both daemons, MOBIKE offered by strongSwan."""
        plain = {"mobike": None, "proposals": None, "version": None, "children": {"net": {"esp_proposals": None}}}
        self.start(config(connection("left", **plain)), config(connection("right", **plain)))
        for initiator, _ in self.roles():
            initiator.up("net")
            self.assert_tunnel()
            self.assertIn("GCM", self.peer.children()[0]["proposal"])
            for side in initiator, self.peer, self.dut:
                before = wait(lambda: [child["spi_in"] for child in self.peer.children()], 10, "a CHILD SA")
                side.rekey(child="net")
                wait(lambda: (now := [child["spi_in"] for child in self.peer.children()]) and not set(now) & set(before), 10, "a new CHILD SA")
                self.assert_tunnel()
            self.clear()

    def test_identities(self):
        """Addresses, user names and key ids as identities; a remote end that may be anybody."""
        for left, right in (("192.0.2.1", "198.51.100.1"), ("one@left.test", "two@right.test"), ("keyid:0x01020304", "keyid:0x05060708")):
            with self.case(left=left, right=right):
                self.peer.configure(config(connection("left", local={"id": left}, remote={"id": right}), {"ike-t": {"secret": '"one"', "id-1": left, "id-2": right}}))
                self.dut.configure(config(connection("right", remote_addrs="%any", local={"id": right}, remote={"id": "%any"}),
                                          {"ike-t": {"secret": '"one"', "id-1": left, "id-2": right}}))
                self.peer.start()
                self.dut.start()
                self.peer.up("net")
                self.assert_tunnel()
                self.clear()
                self.dut.configure(config(connection("right", local={"id": right}, remote={"id": left}), {"ike-t": {"secret": '"one"', "id-1": left}}))
                self.dut.reload()
                self.dut.up("net")
                self.assert_tunnel()
                self.peer.stop()
                self.dut.stop()


if __name__ == "__main__":
    main()
