#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Real traffic through the tunnel, and tshark as the witness of what was on the wire. test_traffic.py charon|espalier [TEST]

On a simulated card (ESPALIER_TEST_DEVICE=sim) the card does the ESP.
"""
import os
import random
import shutil

import espalier_side
import traffic
import wireshark
from case import InteropTest, Failed, config, connection, main, wait

SIMULATED = espalier_side.DEVICE == "sim"
MEGABYTE = 1 << 20


class Traffic(InteropTest):
    def tunnel(self, **options):
        self.start(config(connection("left", **options)), config(connection("right", **options)))
        self.dut.up("net")
        self.assert_tunnel()

    def ends(self, source):
        """Namespaces and addresses of a transfer: from, to."""
        other = self.peer if source is self.dut else self.dut
        return source.namespace, other.namespace, self.inner(source), self.inner(other)

    def test_iperf_tcp(self):
        self.tunnel()
        for source in (self.dut, self.peer):
            end = traffic.iperf(*self.ends(source), seconds=3)
            self.note(f"TCP from {source.name}: {end['sum_received']['bits_per_second'] / 1e6:.0f} Mbit/s, {end['sum_sent'].get('retransmits')} retransmissions")
            self.assertGreater(end["sum_received"]["bytes"], 100000)
        self.assert_tunnel()
        self.assertEqual(self.net.clear_packets(), 0)

    def test_iperf_udp(self):
        self.tunnel()
        rate = "2M"
        for source in (self.dut, self.peer):
            end = traffic.iperf(*self.ends(source), "-u", "-b", rate, "-l", "1300", seconds=2)
            self.note(f"UDP {rate}bit/s from {source.name}: {end['sum']['lost_packets']} of {end['sum']['packets']} lost")
            self.assertLess(end["sum"]["lost_percent"], 20)

    def test_download(self):
        self.tunnel()
        size = 2 * MEGABYTE if SIMULATED and self.kind == "espalier" else 16 * MEGABYTE
        for client in (self.dut, self.peer):
            seconds = traffic.download(*self.ends(client), size, self.directory)
            self.note(f"{size / MEGABYTE:.0f} MiB to {client.name} in {seconds:.1f} s")
        self.assertEqual(self.net.clear_packets(), 0)

    def test_sizes(self):
        """Pings of every size up to what the tunnel takes whole, and of sizes that need fragments inside."""
        self.tunnel()
        for size in (16, 56, 64, 504, 1000, 1200, 1320, 1400, 1472, 2000, 4000, 8000):
            for source in (self.dut, self.peer):
                with self.case(size=size, source=source.name):
                    self.assert_ping(source, count=2, size=size)

    def test_path_mtu(self):
        """A packet that is too long and must not be fragmented is answered with what fits (RFC 4301, 8.2.1), so that TCP finds its way."""
        self.tunnel()
        done = self.dut.namespace.run("ping", "-c", "2", "-i", "0.2", "-W", "1", "-M", "do", "-s", "1472", "-I", self.inner(self.dut), self.inner(self.peer), check=False)
        self.assertRegex(done.stdout + done.stderr, r"(?i)message too long|frag needed")
        if self.kind == "espalier":
            self.net.mtu(1300)
            traffic.download(*self.ends(self.peer), MEGABYTE // 4, self.directory)


class Witness(InteropTest):
    """tshark decrypts with the key log of the side under test."""

    def test_witness(self):
        self.dut.keylog = True
        self.start()
        capture = self.capture()
        for initiator, _ in self.roles():
            initiator.up("net")
            self.assert_tunnel()
            flood = self.flood(rate=200, size=400)
            flood.more(50)
            if self.kind == "espalier":  # what charon logs does not tell the keys of rekeyed SAs apart
                for action in ({"child": "net"}, {"ike": "t"}):
                    before = self.dut.children()[0]["spi_in"], self.dut.established()[0]["spi_i"]
                    initiator.rekey(**action)
                    wait(lambda: len(self.dut.children()) == 1 and (self.dut.children()[0]["spi_in"], self.dut.established()[0]["spi_i"]) != before, 10, "rekeyed")
                    flood.more(50)
            self.assert_no_loss(flood)
            self.clear()
        path = capture.stop()
        keys = self.dut.keylog_directory()
        ike, esp = wireshark.verify(path, keys)
        self.note(f"tshark confirms {ike} IKE messages and {esp} ESP packets")
        self.assertGreaterEqual(ike, 8 if self.kind == "charon" else 20)
        self.assertGreaterEqual(esp, 200)
        inner = wireshark.rows(path, keys, ["ip.src", "ip.dst"], "icmp && esp")
        self.assertEqual(len(inner), esp)
        self.assertTrue(all(row[0].split(",")[1].startswith("10.") for row in inner))
        self.doubt(path, keys)

    def doubt(self, path, keys):
        """The witness would see it: a bit turned in an ESP packet, and a wrong key."""
        with open(path, "rb") as file:
            data = bytearray(file.read())
        number, = (int(row[0]) for row in wireshark.rows(path, keys, ["frame.number"], "esp")[:1])
        at = 24
        for _ in range(number - 1):
            at += 16 + int.from_bytes(data[at + 8:at + 12], "little")
        data[at + 16 + int.from_bytes(data[at + 8:at + 12], "little") - 20] ^= 1
        broken = os.path.join(self.directory, "broken.pcap")
        with open(broken, "wb") as file:
            file.write(data)
        with self.assertRaises(Failed):
            wireshark.verify(broken, keys)
        wrong = os.path.join(self.directory, "wrong-keys")
        shutil.copytree(keys, wrong)
        table = os.path.join(wrong, "ikev2_decryption_table")
        with open(table, encoding="ascii") as file:
            text = file.read()
        fields = text.split(",")
        fields[2] = random.Random(1).randbytes(len(fields[2]) // 2).hex()
        with open(table, "w", encoding="ascii") as file:
            file.write(",".join(fields))
        with self.assertRaises(Failed):
            wireshark.verify(path, wrong)


if __name__ == "__main__":
    main()
