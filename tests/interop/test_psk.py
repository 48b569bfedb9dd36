#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A tunnel by preshared key, and what must be refused. test_psk.py charon|espalier [TEST]"""
from case import InteropTest, config, connection, main, psk_secrets


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


if __name__ == "__main__":
    main()
