#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""libreswan with the kernel's own ESP, in a guest, against the side under test: rekeying of both kinds of SA under floods, certificates, transport mode.
test_guest_libreswan.py espalier [TEST]
"""
# pylint: disable=wrong-import-order
import guest_case  # tests/interop is on the path by it
import libreswan_certificates
import traffic
from case import SCALE, config, connection, main, wait
from ends import GuestLibreswan
from test_libreswan import SECRETS, conn

TIMES = max(2, int(SCALE))


class GuestCase(guest_case.GuestCase):
    peer_kind = GuestLibreswan

    def start_with(self, conns, dut=(), **child_options):
        self.start({**conns, "secrets": SECRETS}, config(connection("right", proposals=None, children={"net": {"esp_proposals": None, **child_options}})), dut=dut)

    def up(self, initiator):
        initiator.up("net")
        self.dut.wait_up()
        self.assert_flows()

    def assert_flows(self):
        for source in (self.dut, self.peer):
            self.assert_ping(source)
        self.assertEqual(self.net.clear_packets(), 0)

    def ike_spis(self):
        return [sa["spi_i"] for sa in self.dut.established()]

    def ike_renewed(self, before):
        wait(lambda: (now := self.ike_spis()) and not set(now) & set(before), 20, "a new IKE SA in place of the old")

    def down(self, initiator):
        """It begins anew what it has begun, when this end deletes it: so the end that began ends it."""
        initiator.down(ike="t" if initiator is self.dut else "net")
        self.dut.wait_down()
        wait(lambda: not self.peer.sas(), 10, "libreswan has no SA")

    def with_floods(self, action, **conn_options):
        """Tunnel and floods both ways, action by each side, TIMES; no ping is lost."""
        self.start_with({"net": conn(**conn_options)})
        for initiator, _ in self.roles():
            self.up(initiator)
            floods = [self.flood(side, rate=100) for side in (self.peer, self.dut)]
            for side in (self.dut, self.peer):
                for _ in range(TIMES):
                    action(side)
                    for flood in floods:
                        flood.more(20)
            for flood in floods:
                self.assert_no_loss(flood)
            self.down(initiator)


class Rekey(GuestCase):
    def test_child(self):
        """Default against default: with PFS."""
        self.with_floods(self.rekeyed)
        self.assertNotIn("refuses", self.dut.log())

    def test_child_no_pfs(self):
        self.with_floods(self.rekeyed, pfs="no")

    def test_ike(self):
        def rekey(side):
            before, child = self.ike_spis(), self.one_child()
            side.rekey(ike="t" if side is self.dut else "net")
            self.ike_renewed(before)
            self.assertEqual(self.one_child(), child)
        self.with_floods(rekey)

    def test_by_time(self):
        """Both ends by their clocks, this one's in seconds."""
        self.start_with({"net": conn()}, rekey_time="3s", rand_time="1s", life_time="30s")
        self.up(self.peer)
        floods = [self.flood(side, rate=100) for side in (self.peer, self.dut)]
        for _ in range(3):
            before = self.one_child()
            wait(lambda before=before: self.one_child() != before, 20, "a rekeying by time")
        for flood in floods:
            self.assert_no_loss(flood)


class Esp(GuestCase):
    def test_esn(self):
        """Raw ESP, ESN where both have it; key sizes; pings of all sizes, TCP both ways."""
        for esp, esn, bits in (("aes_gcm128", "no", 128), ("aes_gcm256", "yes", 256)):
            with self.case(esp=esp, esn=esn):
                self.start_with({"net": conn(esp=esp, esn=esn)}, esp_proposals=f"aes{bits}gcm16-modp2048-esn-noesn")
                for initiator, _ in self.roles():
                    self.up(initiator)
                    sa, = self.dut.children()
                    self.assertEqual((sa["esn"], sa["udp_encap"]), (esn == "yes", False))
                    self.assertIn(f"AES_GCM_16-{bits}", sa["proposal"])
                    for size in (8, 512, 1400, 9000):
                        self.assert_ping(self.dut, size=size)
                        self.assert_ping(self.peer, size=size)
                    self.down(initiator)
                for side in (self.dut, self.peer):
                    side.stop()

    def test_encap(self):
        self.start_with({"net": conn(encapsulation="yes")})
        for initiator, _ in self.roles():
            self.up(initiator)
            self.assertTrue(self.dut.children()[0]["udp_encap"])
            self.down(initiator)

    def test_traffic(self):
        self.start_with({"net": conn()})
        self.up(self.dut)
        for source, other in ((self.dut, self.peer), (self.peer, self.dut)):
            end = traffic.iperf(source.namespace, other.namespace, self.inner(source), self.inner(other), seconds=2)
            self.note(f"TCP from {source.name}: {end['sum_received']['bits_per_second'] / 1e6:.1f} Mbit/s")
            traffic.download(source.namespace, other.namespace, self.inner(source), self.inner(other), 1 << 20, self.directory)

    def test_restart(self):
        """Killed and started again, it has no SA; its new one takes over (it says INITIAL_CONTACT only where it is told to)."""
        self.start_with({"net": conn(**{"initial-contact": "yes"})})
        self.up(self.peer)
        self.peer.kill()
        self.peer.start()
        self.peer.up("net")
        wait(lambda: len(self.dut.established()) == 1 and len(self.dut.children()) == 1, 10, "one SA")
        self.assert_flows()

    def test_dead_peer(self):
        """A cut cable: this end notices, by its own liveness checks, and the trap brings the tunnel back when it is mended."""
        self.peer.configure({"net": conn(), "secrets": SECRETS})
        self.dut.configure(config(connection("right", proposals=None, dpd_delay="1s", children={"net": {"esp_proposals": None, "start_action": "trap", "dpd_action": "trap"}})))
        self.peer.start()
        self.dut.start(retransmit_timeout=0.5, retransmit_tries=3)
        self.up(self.dut)
        self.net.cable("drop")
        wait(lambda: not self.dut.established(), 40, "the peer is given up")
        self.net.cable()
        flood = self.flood(self.dut)
        flood.more(20, 40)
        flood.stop()
        self.assert_flows()


class Certificates(libreswan_certificates.Certificates, GuestCase):
    def conn(self, **options):
        return conn(**options)

    def assert_serves(self):
        self.assert_flows()


class Transport(GuestCase):
    def test_transport(self):
        """type=transport: it insists, and we do not have it: no CHILD SA stays, its log and ours say why, and the IKE SA serves on."""
        hosts = conn(type="transport")
        hosts = {key: value for key, value in hosts.items() if not key.endswith("subnet")}
        self.peer.configure({"net": hosts, "secrets": SECRETS})
        self.dut.configure(config(connection("right", proposals=None, children={"net": {"esp_proposals": None, "local_ts": "dynamic", "remote_ts": "dynamic"}})))
        self.peer.start()
        self.dut.start()
        _, said = self.peer.try_up("net")
        self.assertIn("local policy requires Transport Mode but peer requires required Tunnel Mode", said)
        wait(lambda: self.dut.established() and not self.dut.children(), 10, "the CHILD SA is deleted")
        self.assertIn("the peer asks for transport mode for net and gets tunnel mode: its mode is tunnel here", self.dut.log())


if __name__ == "__main__":
    main()
