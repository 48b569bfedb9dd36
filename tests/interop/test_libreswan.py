#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Key management against libreswan, which does no ESP here: defaults, PFS, one SA a subnet, certificates. test_libreswan.py espalier [TEST]"""
import libreswan
import libreswan_certificates
import traffic
from case import PSK, InteropTest, Network, config, connection, main
from net import wait

SECRETS = f'@left.test @right.test : PSK "{PSK}"\n'


def conn(**options):
    return {"left": Network.OUTER["left", 4], "leftid": "@left.test", "leftsubnet": "10.1.0.0/24", "leftupdown": "/bin/true",
            "right": Network.OUTER["right", 4], "rightid": "@right.test", "rightsubnet": "10.2.0.0/24", "authby": "secret", "auto": "add", **options}


class Libreswan(InteropTest):
    peer_kind = libreswan.Libreswan

    def start_with(self, conns, **child_options):
        self.start({**conns, "secrets": SECRETS}, config(connection("right", proposals=None, children={"net": child_options})))

    def spis(self):
        return [sa["spi_in"] for sa in self.dut.children()]

    def ike_spis(self):
        return [sa["spi_i"] for sa in self.dut.established()]

    def renewed(self, what, before):
        return wait(lambda: (now := what()) and not set(now) & set(before) and len(now) == len(before) and now, 15, "new SAs in place of the old")

    def test_defaults(self):
        """Nothing configured that has a default; both kinds of SA rekeyed from both ends. libreswan insists on a group at each rekeying."""
        self.start_with({"net": conn()}, esp_proposals=None)
        for initiator, _ in self.roles():
            initiator.up("net")
            self.dut.wait_up()
            for side in (self.dut, self.peer):
                before = self.spis()
                side.rekey(child="net")
                self.renewed(self.spis, before)
                self.assertIn("MODP_2048", self.dut.children()[0]["proposal"])
                before = self.ike_spis()
                side.rekey(ike="t" if side is self.dut else "net")
                self.renewed(self.ike_spis, before)
            # It begins anew what it has begun, when this end deletes it.
            initiator.down(ike="t" if initiator is self.dut else "net")
            self.dut.wait_down()
            wait(lambda: not self.peer.sas(), 10, "libreswan has no SA")
        self.assertNotIn("refuses", self.dut.log())

    def test_no_group(self):
        """A group on its side alone: each rekeying is refused, a new IKE SA takes over, and the log says why."""
        self.start_with({"net": conn()}, esp_proposals="aes256gcm16", rekey_time="2s", life_time="3s", rand_time=0)
        self.dut.up("net")
        for _ in range(3):
            before, children = self.ike_spis(), self.spis()
            self.renewed(self.ike_spis, before)
            self.renewed(self.spis, children)
        self.assertIn("NO_PROPOSAL_CHOSEN; offered: aes256gcm16-noesn; a peer that insists on PFS wants a Diffie-Hellman group", self.dut.log())
        self.assertIn("the peer does not rekey net: a new IKE_SA is made", self.dut.log())

    def test_no_pfs(self):
        """pfs=no: no group at its rekeyings."""
        self.start_with({"net": conn(pfs="no")}, esp_proposals=None)
        self.dut.up("net")
        for side in (self.dut, self.peer):
            before = self.spis()
            side.rekey(child="net")
            self.renewed(self.spis, before)

    def test_subnets(self):
        """It has one SA a subnet; a trap here for all of them gets each when a packet wants it."""
        self.start_with({"a": conn(), "b": conn(leftsubnet="10.1.1.0/24")}, remote_ts="10.1.0.0/24, 10.1.1.0/24", esp_proposals=None, start_action="trap")
        for network in (1, 0):
            flood = traffic.Flood(self.dut.namespace, "10.2.0.1", f"10.1.{network}.1", rate=20, patience=0.1)
            wait(lambda network=network: [f"10.1.{network}.0/24"] in [sa["remote_ts"] for sa in self.dut.children()], 10, f"an SA for 10.1.{network}.0/24")
            flood.stop()
        self.assertEqual(len(self.dut.children()), 2)
        self.assertEqual(self.net.clear_packets(), 0)


class Signatures(libreswan_certificates.Certificates, InteropTest):
    """By certificates, with a rekeying."""
    peer_kind = libreswan.Libreswan

    def conn(self, **options):
        return conn(**options)

    def assert_serves(self):
        before = [sa["spi_in"] for sa in self.dut.children()]
        self.peer.rekey(child="net")
        wait(lambda: (now := self.dut.children()) and [sa["spi_in"] for sa in now] != before, 15, "a new CHILD SA")


if __name__ == "__main__":
    main()
