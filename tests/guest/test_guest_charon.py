#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""strongSwan with the kernel's own ESP, in a guest, against the side under test: what it cannot do with kernel-libipsec (raw ESP, ESN, transport mode, traps),
and rekeying without any loss. test_guest_charon.py espalier [TEST]
"""
# pylint: disable=wrong-import-order
import guest_case  # tests/interop is on the path by it
import test_liveness
import test_nat
import test_rekey
import traffic
from case import Network, config, connection, main, wait
from ends import GuestCharon


class GuestCase(guest_case.GuestCase):
    peer_kind = GuestCharon

    def both(self, **options):
        return [config(connection(side, **options)) for side in ("left", "right")]


class Esp(GuestCase):
    def test_raw_esp_with_esn(self):
        """Protocol 50 on the wire and numbers of 64 bits, either end first; a rekeying from each end in a flood."""
        self.start(*self.both(children={"net": {"esp_proposals": "aes256gcm16-esn"}}))
        for initiator, _ in self.roles():
            initiator.up("net")
            self.assert_tunnel()
            for side in (self.peer, self.dut):
                sa, = side.children()
                self.assertEqual((sa["esn"], sa["udp_encap"]), (True, False))
            floods = [self.flood(side) for side in (self.peer, self.dut)]
            for side in (self.peer, self.dut):
                self.rekeyed(side)
                floods[0].more(20)
            for flood in floods:
                self.assert_no_loss(flood)
            self.clear()

    def test_proposals(self):
        """Key sizes; ESN where both have it, and only there; a group."""
        cases = (("aes128gcm16-esn-noesn", "aes128gcm16", False, "AES_GCM_16-128"), ("aes192gcm16", "aes192gcm16-esn-noesn", False, "AES_GCM_16-192"),
                 ("aes256gcm16-esn-noesn", "aes256gcm16-esn-noesn", True, "AES_GCM_16-256"),
                 ("aes256gcm16-x25519-esn", "aes256gcm16-x25519-esn", True, "CURVE_25519"))
        for number, (left, right, esn, words) in enumerate(cases):
            with self.case(left=left, right=right):
                self.start(config(connection("left", children={"net": {"esp_proposals": left}})), config(connection("right", children={"net": {"esp_proposals": right}})))
                (self.dut, self.peer)[number % 2].up("net")
                self.rekeyed(self.dut)
                self.assert_tunnel()
                self.assertEqual((self.dut.children()[0]["esn"], self.peer.children()[0]["esn"]), (esn, esn))
                self.assertIn(words, self.dut.children()[0]["proposal"])
                for side in (self.peer, self.dut):
                    side.stop()

    def test_defaults(self):
        """The defaults of both."""
        self.start(*self.both(proposals=None, children={"net": {"esp_proposals": None}}))
        for initiator, _ in self.roles():
            initiator.up("net")
            self.rekeyed(self.peer)
            self.rekeyed(self.dut)
            self.assert_tunnel()
            self.clear()

    def test_encap(self):
        """ESP in UDP where one end wants it, with ESN."""
        for who in ("left", "right"):
            with self.case(encap=who):
                self.start(*(config(connection(side, encap=side == who, children={"net": {"esp_proposals": "aes128gcm16-esn"}})) for side in ("left", "right")))
                (self.peer if who == "left" else self.dut).up("net")
                self.assertTrue(self.dut.children()[0]["udp_encap"] and self.peer.children()[0]["udp_encap"])
                flood = self.flood()
                self.rekeyed(self.peer)
                flood.more(20)
                self.assert_no_loss(flood)
                self.assert_tunnel()
                for side in (self.peer, self.dut):
                    side.stop()

    def test_ipv6_outside(self):
        self.start(*(config(connection(side, 6)) for side in ("left", "right")))
        for initiator, _ in self.roles():
            initiator.up("net")
            self.assert_tunnel()
            self.rekeyed(self.peer)
            self.assert_tunnel()
            self.clear()

    def test_traffic(self):
        """TCP both ways, a download with checksum, pings of all sizes, the larger ones in fragments."""
        self.start(*self.both(children={"net": {"esp_proposals": "aes256gcm16-esn"}}))
        self.dut.up("net")
        for size in (8, 64, 512, 1024, 1400, 3000, 9000, 30000):
            for source in (self.dut, self.peer):
                self.assert_ping(source, size=size)
        for source, other in ((self.dut, self.peer), (self.peer, self.dut)):
            end = traffic.iperf(source.namespace, other.namespace, self.inner(source), self.inner(other), seconds=2)
            self.note(f"TCP from {source.name}: {end['sum_received']['bits_per_second'] / 1e6:.1f} Mbit/s")
            traffic.download(source.namespace, other.namespace, self.inner(source), self.inner(other), 1 << 20, self.directory)
        self.assert_tunnel()
        self.assertEqual(self.net.clear_packets(), 0)

    def test_traps(self):
        """Traps at both ends: the first packet from either side brings the tunnel up, and again after its deletion."""
        self.start(*self.both(children={"net": {"start_action": "trap"}}))
        for source in (self.peer, self.dut, self.peer):
            flood = self.flood(source)
            flood.more(20)
            flood.stop()
            self.assert_tunnel()
            self.assertEqual(self.net.clear_packets(), 0)
            self.clear()


class Transport(GuestCase):
    """Neither card nor software has transport mode. Between the ends' own addresses."""
    BETWEEN = {"mode": "transport", "local_ts": "dynamic", "remote_ts": "dynamic"}

    def assert_hosts(self):
        """The ends reach each other by a tunnel; the guest's own stack on one side."""
        for side in (self.peer, self.dut):
            self.assertEqual([sa["mode"] for sa in side.children()], ["tunnel"])
        left, right = Network.OUTER["left", 4], Network.OUTER["right", 4]
        before = self.dut.children()[0]["packets_in"]
        self.peer.guest.run(f"ping -c 3 -W 10 -I {left} {right}")
        self.assertTrue(traffic.ping(self.dut.namespace, right, left))
        self.assertGreaterEqual(self.dut.children()[0]["packets_in"] - before, 6)

    def test_declined(self):
        """USE_TRANSPORT_MODE of the peer is not answered with one (RFC 7296, 1.3.1): it takes tunnel mode."""
        self.start(*(config(connection(side, children={"net": {**self.BETWEEN, **({"mode": "tunnel"} if side == "right" else {})}})) for side in ("left", "right")))
        self.peer.up("net")
        self.assert_hosts()
        self.assertIn("USE_TRANSP", self.peer.log())
        self.assertIn("the peer asks for transport mode for net and gets tunnel mode: its mode is tunnel here", self.dut.log())

    def test_not_asked_for(self):
        """Where it is configured on our side the log says at load what there will be, and so it is, with either end first."""
        self.start(*self.both(children={"net": self.BETWEEN}))
        self.assertIn("the data plane has no transport mode: it will be tunnel mode", self.dut.log())
        for initiator, _ in self.roles():
            initiator.up("net")
            self.assert_hosts()
            self.clear()


class GuestRekey(GuestCase, test_rekey.Rekey):
    def test_by_time(self):
        """CHILD SAs by the clocks of both ends. Not IKE SAs with them: charon agrees to that while it rekeys a CHILD SA, and forgets the latter (RFC 7296, 2.25.2)."""
        quick = {"rekey_time": "4s", "rand_time": "2s", "life_time": "60s"}
        self.start(*self.both(children={"net": quick}))
        self.dut.up("net")
        flood, seen = self.flood(), set()
        wait(lambda: (pair := self.spis()) and (seen.add(pair) or len(seen) >= 4), 60, "three rekeyings in time", 0.1)
        self.assert_no_loss(flood)


class GuestNat(GuestCase, test_nat.Nat):
    pass


class GuestDelete(GuestCase, test_liveness.Delete):
    pass


class GuestRestart(GuestCase, test_liveness.Restart):
    pass


class GuestCable(GuestCase, test_liveness.Cable):
    pass


if __name__ == "__main__":
    main()
