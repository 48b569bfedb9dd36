#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Espalier at both ends, each with a device of its own: what strongSwan with kernel-libipsec cannot do (ESN, raw ESP, traps), and all rekeyings
without any loss. test_pair.py espalier [TEST]
"""
import csv
import os

import test_liveness
import test_nat
import test_rekey
import traffic
import wireshark
from case import InteropTest, config, connection, main, wait
from espalier_side import Espalier
from scapy.layers.inet import IP
from scapy.layers.ipsec import ESP, SecurityAssociation
from test_adversary import packets_of


class Pair(InteropTest):
    peer_kind = Espalier
    ESN = {"children": {"net": {"esp_proposals": "aes256gcm16-esn"}}}

    def test_psk(self):
        self.start()
        for initiator, _ in self.roles():
            initiator.up("net")
            self.assert_tunnel()
            self.clear()

    def test_raw_esp_with_esn(self):
        """Protocol 50 on the wire, numbers of 64 bits; scapy opens each packet, which it can only with the right upper half in the ICV."""
        self.dut.keylog = True
        self.start(config(connection("left", **self.ESN)), config(connection("right", **self.ESN)))
        capture = self.capture()
        for initiator, _ in self.roles():
            initiator.up("net")
            self.assert_tunnel()
            for side in (self.peer, self.dut):
                sa, = side.children()
                self.assertEqual((sa["esn"], sa["udp_encap"]), (True, False))
            flood = self.flood()
            before = self.dut.children()[0]["spi_in"]
            initiator.rekey(child="net")
            wait(lambda before=before: [c for c in self.dut.children() if c["spi_in"] != before], 10, "the CHILD SA is rekeyed")
            flood.more(100)
            self.assert_no_loss(flood)
            self.clear()
        packets = packets_of(capture.stop())
        esp = [packet for packet in packets if packet[9] == 50]
        self.assertGreater(len(esp), 400)
        self.assertEqual([packet for packet in packets if packet[9] == 17 and b"\x11\x94" in packet[20:24] and packet[28:32] != bytes(4)], [])
        keys = self.keys_of(self.dut)
        for packet in esp:
            inner = self.opened(packet, keys)
            self.assertIn(inner.src, ("10.1.0.1", "10.2.0.1"))
        self.note(f"scapy opens {len(esp)} packets of {len(keys)} SAs with ESN")

    def keys_of(self, side):
        with open(os.path.join(side.keylog_directory(), "esp_sa"), encoding="ascii") as file:
            return {int(row[3], 16): bytes.fromhex(row[5][2:]) for row in csv.reader(file)}

    def opened(self, packet, keys):
        """The inner packet; raises if the ICV is not that of a packet with number 0 in the upper half."""
        packet = IP(packet)
        key = keys[packet[ESP].spi]
        sa = SecurityAssociation(ESP, packet[ESP].spi, crypt_algo="AES-GCM", crypt_key=key, tunnel_header=IP(src=packet.src, dst=packet.dst),
                                 esn_en=True, esn=0)
        return sa.decrypt(packet)

    def test_encap(self):
        """UDP encapsulation where one end wants it; tshark confirms the ICVs."""
        self.dut.keylog = True
        plain = {"esp_proposals": "aes128gcm16"}
        self.start(config(connection("left", encap=True, children={"net": plain})), config(connection("right", children={"net": plain})))
        capture = self.capture()
        for initiator, _ in self.roles():
            initiator.up("net")
            self.assertTrue(self.dut.children()[0]["udp_encap"])
            self.assert_tunnel()
            self.clear()
        ike, esp = wireshark.verify(capture.stop(), self.dut.keylog_directory())
        self.assertGreaterEqual(ike, 8)
        self.assertGreaterEqual(esp, 24)

    def test_traffic(self):
        self.start(config(connection("left", **self.ESN)), config(connection("right", **self.ESN)))
        self.dut.up("net")
        for source, other in ((self.dut, self.peer), (self.peer, self.dut)):
            end = traffic.iperf(source.namespace, other.namespace, self.inner(source), self.inner(other), seconds=2)
            self.note(f"TCP from {source.name}: {end['sum_received']['bits_per_second'] / 1e6:.1f} Mbit/s")
            traffic.download(source.namespace, other.namespace, self.inner(source), self.inner(other), 1 << 20, self.directory)
        self.assert_tunnel()
        self.assertEqual(self.net.clear_packets(), 0)

    def test_transport_refused(self):
        """The devices have no transport mode: it is not agreed to, and does not come up as a tunnel either."""
        mode = {"children": {"net": {"mode": "transport", "local_ts": "dynamic", "remote_ts": "dynamic"}}}
        self.peer.configure(config(connection("left")))
        self.dut.configure(config(connection("right", **mode)))
        self.peer.start()
        try:
            self.dut.start()
        except Exception:  # pylint: disable=broad-except
            self.assertIn("transport", self.dut.log())
            self.dut.close()
            return
        ok, _ = self.dut.try_up("net", 5)
        self.assertFalse(ok)


class PairRekey(test_rekey.Rekey):
    peer_kind = Espalier


class PairRestart(test_liveness.Restart):
    peer_kind = Espalier


class PairNat(test_nat.Nat):
    peer_kind = Espalier


if __name__ == "__main__":
    main()
