#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How messages travel: fragments, cookies, loss. test_messages.py charon|espalier [TEST]"""
import socket

import flood
import pki
import wireshark
from case import IDS, InteropTest, config, connection, main


class Fragments(InteropTest):
    """RFC 7383, with certificates of some kilobytes."""

    def large(self, **options):
        root = pki.Authority("Root")
        for side in (self.peer, self.dut):
            certificate, key, _ = root.issue(IDS[side.where], "p384", extra=5000)
            side.install("x509", "own.pem", certificate)
            side.install("private", "own.pem", key)
            side.install("x509ca", "ca.pem", root.pem())
        return [config(connection(side, local={"auth": "pubkey", "certs": "own.pem"}, remote={"auth": "pubkey"}, **options), {}) for side in ("left", "right")]

    def check(self, peer=(), dut=(), least=4):
        """Both roles; at least this many fragments each way, no IP fragment, no packet longer than the path takes."""
        for initiator, _ in self.roles():
            capture = self.capture(f"fragments-{initiator.name}")
            initiator.up("net")
            self.assert_tunnel()
            self.clear()
            capture.stop()
            for side in (self.peer, self.dut):
                source = self.net.OUTER[side.where, 4]
                fragments = wireshark.rows(capture.path, None, ["ip.len"], f"ip.src == {source} && isakmp.typepayload == 53")
                self.assertGreaterEqual(len(fragments), least, f"IKE fragments of {side.name}")
                size = dict(peer if side is self.peer else dut).get("fragment_size", 1280)
                self.assertLessEqual(max(int(row[0]) for row in fragments), size)
            self.assertEqual(wireshark.rows(capture.path, None, ["frame.number"], "ip.flags.mf == 1 || ip.frag_offset > 0"), [])

    def test_fragments(self):
        self.start(*self.large(fragmentation=True))
        self.check()

    def test_small_fragments(self):
        small = {"fragment_size": 576}
        self.start(*self.large(), small, small)
        self.check(small, small, 8)

    def test_fragments_and_loss(self):
        """A tenth of all packets is lost."""
        self.start(*self.large())
        self.net.lose(10)
        for initiator, _ in self.roles():
            initiator.up("net", 40)
            self.assertEqual(len(initiator.wait_up()), 1)
            self.clear()

    def test_no_fragmentation(self):
        """Where one end does not want it, IP fragments do the work."""
        left, right = self.large()
        self.start(left.copy(), right)
        self.peer.configure(self.large(fragmentation=False)[0])
        self.dut.stop()
        self.peer.stop()
        self.peer.start()
        self.dut.start()
        for initiator, _ in self.roles():
            initiator.up("net")
            self.assert_tunnel()
            self.clear()


class Cookies(InteropTest):
    def test_cookie_answered(self):
        """charon asks every initiator for a cookie."""
        self.start(left=config(connection("left", remote_addrs="%any")), peer={"cookie_threshold": 1, "cookie_threshold_ip": 1, "block_threshold": 0, "half_open_timeout": 30})
        capture = self.capture()
        # An initiation that goes no further makes charon ask the next one.
        self.half_open(self.peer)
        self.dut.up("net")
        self.assert_tunnel()
        capture.stop()
        cookies = wireshark.rows(capture.path, None, ["ip.src"], "isakmp.notify.msgtype == 16390")
        self.assertIn([self.net.OUTER["left", 4]], cookies)
        self.assertIn([self.net.OUTER["right", 4]], cookies)

    def test_cookie_asked(self):
        """The side under test asks, when half-open IKE SAs are many."""
        self.start(right=config(connection("right", remote_addrs="%any")),
                   dut={"cookie_threshold": 1, **({"cookie_threshold_ip": 1} if self.kind == "charon" else {}), "block_threshold": 0})
        capture = self.capture()
        self.half_open(self.dut)
        self.peer.up("net")
        self.assert_tunnel()
        capture.stop()
        cookies = wireshark.rows(capture.path, None, ["ip.src"], "isakmp.notify.msgtype == 16390")
        self.assertIn([self.net.OUTER["right", 4]], cookies)
        self.assertIn([self.net.OUTER["left", 4]], cookies)

    def half_open(self, side, count=2):
        """IKE_SA_INITs from the router's address, with no IKE_AUTH to follow."""
        address = self.net.OUTER[side.where, 4]
        source = self.net.ROUTER[side.where, 4]
        with self.net.middle.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.bind((source, 0))
            sender.settimeout(5)
            for _ in range(count):
                sender.sendto(flood.ike_sa_init(), (address, 500))
                sender.recv(4096)


class Loss(InteropTest):
    def test_loss(self):
        """Every fifth packet is lost: tunnels come up and go down all the same."""
        self.start(peer={"retransmit_tries": 8, "retransmit_timeout": 0.3, "retransmit_base": 1.3},
                   dut={"retransmit_tries": 8, "retransmit_timeout": 0.3, "retransmit_base": 1.3})
        self.net.lose(20)
        for initiator, responder in self.roles():
            for side in (initiator, responder):
                initiator.up("net", 40)
                initiator.wait_up()
                side.down(ike="t")
                self.peer.wait_down(30)
                self.dut.wait_down(30)


if __name__ == "__main__":
    main()
