#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A NAT between the ends: float to port 4500, keepalives, mappings that change. test_nat.py charon|espalier [TEST]"""
import wireshark
from case import InteropTest, Network, config, connection, main, wait


class Nat(InteropTest):
    def behind(self, hidden, hidden_settings=(), other_settings=(), **options):
        """Start both ends with `hidden` behind the NAT; its address there is what the other end sees."""
        other = self.peer if hidden is self.dut else self.dut
        address = self.net.nat(hidden.where)
        hidden.configure(config(connection(hidden.where, **options)))
        other.configure(config(connection(other.where, remote_addrs="%any", **options)))
        hidden.start(**dict(hidden_settings))
        other.start(**dict(other_settings))
        return other, address

    def test_float(self):
        """IKE_SA_INIT on 500, all else on 4500; tunnel and rekeying from either side."""
        for hidden in (self.dut, self.peer):
            with self.case(hidden=hidden.name):
                capture = self.capture(f"nat-{hidden.name}", "right" if hidden.where == "left" else "left")
                other, address = self.behind(hidden)
                hidden.up("net")
                self.assert_tunnel()
                self.assertEqual(other.established()[0]["remote"].rsplit(":", 1)[0], address)
                self.assertTrue(40000 <= int(other.established()[0]["remote"].rsplit(":", 1)[1]) < 50000, other.established()[0]["remote"])
                self.assertTrue(all(side.established()[0]["nat"] and side.children()[0]["udp_encap"] for side in (hidden, other)))
                flood = self.flood()
                for side in (hidden, other):
                    before = self.dut.children()[0]["spi_in"]
                    side.rekey(child="net")
                    wait(lambda before=before: [c for c in self.dut.children() if c["spi_in"] != before], 10, "the CHILD SA is rekeyed")
                    flood.more(20)
                self.assert_no_loss(flood)
                self.dut.down(ike="t")
                self.peer.wait_down()
                capture.stop()
                floated = wireshark.rows(capture.path, None, ["udp.srcport", "udp.dstport"], "isakmp.exchangetype != 34")
                self.assertTrue(floated and all("4500" in row for row in floated), floated)
                for side in (hidden, other):
                    side.stop()

    def test_keepalive(self):
        """The hidden end keeps its mapping open when nothing else does; the other does not answer."""
        for hidden in (self.dut, self.peer):
            with self.case(hidden=hidden.name):
                capture = self.capture(f"keepalive-{hidden.name}", hidden.where, expression="udp port 4500")
                other, _ = self.behind(hidden, {"keep_alive": 1})
                hidden.up("net")
                capture.wait_for("udp.length == 9 && udpencap.nat_keepalive", 2)
                self.assert_tunnel()
                self.dut.down(ike="t")
                self.peer.wait_down()
                capture.stop()
                sources = {row[0] for row in wireshark.rows(capture.path, None, ["ip.src"], "udp.length == 9")}
                self.assertEqual(sources, {Network.OUTER[hidden.where, 4]})
                for side in (hidden, other):
                    side.stop()

    def test_new_mapping(self):
        """The NAT forgets, as after a reboot, and gives the hidden end another port: the tunnel goes on."""
        for hidden in (self.dut, self.peer):
            with self.case(hidden=hidden.name):
                other, _ = self.behind(hidden, dpd_delay="1s")
                hidden.up("net")
                self.assert_tunnel()
                flood = self.flood(hidden, patience=1)
                flood.more()
                before = hidden.established()[0]["spi_i"]
                self.net.nat(hidden.where, "50000-59999")
                flood.more(100)
                sent, lost = flood.stop()
                self.note(f"{len(lost)} of {sent} pings lost at the new mapping")
                wait(lambda: other.established() and 50000 <= int(other.established()[0]["remote"].rsplit(":", 1)[1]) < 60000, 10,
                     f"{other.name} knows the new port")
                self.assertEqual(hidden.established()[0]["spi_i"], before)
                self.assert_tunnel()
                for side in (hidden, other):
                    side.stop()

    def test_encap_without_nat(self):
        """encap = yes asks for UDP encapsulation where no NAT is."""
        self.start(right=config(connection("right", encap=True)))
        for initiator, _ in self.roles():
            initiator.up("net")
            self.assertTrue(self.dut.children()[0]["udp_encap"])
            self.assert_tunnel()
            self.clear()


if __name__ == "__main__":
    main()
