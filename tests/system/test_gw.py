#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The gateway: two of them in network namespaces, SAs by hand through the SA sink, a router that sees and forges what is between them.

First argument: software or sim, the device behind both gateways. Needs root. scapy opens every ESP packet that counts.
"""
import errno
import itertools
import json
import os
import pwd
import re
import socket
import struct
import subprocess
import sys
import threading
import time
import unittest

from scapy.layers.inet import ICMP, IP, UDP
from scapy.packet import Raw, raw

import espalier
import sink
from gwnet import GATEWAY, INNER, NAT_PORT, NETS, OUTER, WAIT, Echo, Gateway, Net, Tunnel, Wire, give, inside, run, wait_for
from sink import Sink, SinkError

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import as_root  # noqa: E402 pylint: disable=wrong-import-position

CLEAR = {INNER[0], INNER[1]}
LARGEST = 9600  # bytes: docs/registers.md, LIMITS


def inner_addresses(packet):
    """Is this a packet of the protected networks, in clear?"""
    return packet[0] >> 4 == 4 and {IP(packet).src, IP(packet).dst} & CLEAR


@unittest.skipUnless(os.geteuid() == 0, "needs root: network namespaces and TUN devices")
class GatewayTest(espalier.DeviceTest):
    mtu = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.second = espalier.Simulator() if cls.kind == "sim" else None
        cls.net = Net()
        cls.devices = (cls.device, cls.second.device if cls.second else cls.device)

    @classmethod
    def tearDownClass(cls):
        cls.net.close()
        if cls.second:
            cls.second.close()
        super().tearDownClass()

    def setUp(self):
        super().setUp()
        arguments = ("--mtu", self.mtu) if self.mtu else ()
        self.gateways = []
        for namespace, device in zip((self.net.a, self.net.b), self.devices):
            self.gateways.append(Gateway(namespace, device, "--log", "debug", "--grace", 2, *arguments))
            self.addCleanup(self.gateways[-1].close)
        self.sinks = [Sink(gateway.path) for gateway in self.gateways]
        for s in self.sinks:
            self.addCleanup(s.close)
        self.wire = Wire(self.net)
        self.addCleanup(self.wire.close)
        self.injector = self._socket(self.net.r, socket.SOCK_RAW, socket.IPPROTO_RAW)

    def _socket(self, namespace, kind, protocol=0):
        with inside(namespace):
            made = socket.socket(socket.AF_INET, kind, protocol)
        made.settimeout(WAIT)
        self.addCleanup(made.close)
        return made

    def tunnel(self, **options):
        tunnel = Tunnel(self.net, self.sinks, **options)
        self.addCleanup(tunnel.close_sockets)
        return tunnel

    def inject(self, packet):
        """From the router to where its outer header says."""
        self.injector.sendto(raw(packet), (packet.dst, 0))

    def ping(self, *arguments, side=0, check=True):
        return run("ip", "netns", "exec", (self.net.a, self.net.b)[side], "ping", *arguments, INNER[1 - side], check=check)

    def assert_pings(self, count=3, side=0, *arguments):
        for _ in range(count):  # one at a time: after an answer ping waits for the others two round trips only
            self.assertIn("1 received", self.ping("-c", 1, "-W", WAIT, *arguments, side=side, check=False))

    def assert_no_ping(self, side=0):
        self.assertIn(" 0 received", self.ping("-c", 2, "-i", "0.1", "-W", 1, side=side, check=False))

    def flood(self, count):
        return subprocess.Popen(["ip", "netns", "exec", self.net.a, "ping", "-q", "-f", "-c", str(count), "-W", str(WAIT), INNER[1]],
                                stdout=subprocess.PIPE, text=True)

    def assert_flood(self, process, count):
        text = process.communicate(timeout=300)[0]
        self.assertIn(f"{count} packets transmitted, {count} received, 0% packet loss", text)
        return re.search(r"rtt .*", text)[0]

    def assert_no_clear(self, wire=None):
        clear = [packet.hex() for packet in (wire or self.wire).packets() if inner_addresses(packet)]
        self.assertEqual(clear, [], "cleartext on the wire")

    def drop(self, side, reason):
        return self.gateways[side].drops().get(reason, 0)

    def wait_drop(self, side, reason, count):
        wait_for(lambda: self.drop(side, reason) >= count, f"{count} drops for {reason}")
        self.assertEqual(self.drop(side, reason), count)


class Carries(GatewayTest):
    """What goes through."""

    def test_transports(self):
        """Raw ESP and UDP, over IPv4 and IPv6, with ESN and without: pings pass, and scapy opens each packet on the wire."""
        for number, (family, udp, esn, key_len) in enumerate(((4, False, False, 16), (4, True, True, 24), (6, False, True, 32), (6, True, False, 16))):
            with self.subTest(family=family, udp=udp, esn=esn, key_len=key_len):
                tunnel = self.tunnel(family=family, udp=udp, esn=esn, key_len=key_len)
                self.wire.packets()
                self.assert_pings(5, 0, "-s", 100 + number)
                packets = self.wire.esp()
                self.assertEqual(len(packets), 10)
                for outer, esp in packets:
                    sender = tunnel.addresses.index(outer.src)
                    self.assertEqual(outer.dst, tunnel.addresses[1 - sender])
                    self.assertEqual(outer.version, family)
                    self.assertEqual(UDP in outer, udp)
                    inner = tunnel.open(sender, esp)
                    self.assertEqual((inner.src, inner.dst), (INNER[sender], INNER[1 - sender]))
                    self.assertEqual(inner[ICMP].type, 8 if sender == 0 else 0)
                    if family == 4:
                        self.assertEqual(outer.flags.DF, inner.flags.DF)
                sent, received = tunnel.query(0, sink.OUT), tunnel.query(1, sink.IN)
                self.assertEqual((sent.packets, sent.bytes, sent.seq), (5, 5 * (128 + number), 5))
                self.assertEqual((received.packets, received.bytes, received.seq), (5, 5 * (128 + number), 5))
                for s in self.sinks:
                    s.flush()
                tunnel.close_sockets()
        self.assertEqual([gateway.stats()["dropped"] for gateway in self.gateways], [0, 0])

    def test_every_length(self):
        """A datagram of each length that fits goes there and back unharmed, in its own ESP packet."""
        tunnel = self.tunnel(udp=True)
        wait_for(lambda: self.gateways[0].mtu() == 1438, "the MTU of ESP in UDP")
        echo = Echo(self.net.b, INNER[1], 7007)
        self.addCleanup(echo.close)
        client = self._socket(self.net.a, socket.SOCK_DGRAM)
        client.setsockopt(socket.IPPROTO_IP, 10, 2)  # IP_MTU_DISCOVER, IP_PMTUDISC_DO
        client.bind((INNER[0], 0))
        step = 1 if self.kind == "software" else 7
        lengths = sorted({*range(0, 1438 - 28 + 1, step), 1438 - 28})
        for length in lengths:
            data = self.rng.randbytes(length)
            client.sendto(data, (INNER[1], 7007))
            self.assertEqual(client.recv(65536), data)
        with self.assertRaises(OSError) as caught:
            client.sendto(bytes(1438 - 27), (INNER[1], 7007))
        self.assertEqual(caught.exception.errno, errno.EMSGSIZE)
        largest = max(len(outer) for outer, _ in self.wire.esp())
        self.assertLessEqual(largest, 1500)
        self.assertGreater(largest, 1496)
        self.assertEqual(tunnel.query(0, sink.OUT).packets, len(lengths))
        self.note(f"{len(lengths)} lengths")

    def test_flood(self):
        self.tunnel(udp=True)
        count = int((3000 if self.kind == "software" else 600) * espalier.SCALE)
        self.note(self.assert_flood(self.flood(count), count))
        self.assertEqual([gateway.stats()["dropped"] for gateway in self.gateways], [0, 0])

    def test_iperf(self):
        """TCP both ways; what it reaches goes to the log."""
        self.tunnel(udp=True)
        for reverse in ((), ("-R",)):
            server = subprocess.Popen(["ip", "netns", "exec", self.net.b, "iperf3", "-s", "-1", "--forceflush"], stdout=subprocess.PIPE, text=True)
            try:
                wait_for(lambda s=server: "Server listening" in s.stdout.readline(), "iperf3")
                text = run("ip", "netns", "exec", self.net.a, "iperf3", "-J", "-c", INNER[1], "-t", 2, *reverse)
            finally:
                server.kill()
                server.wait()
                server.stdout.close()
            result = json.loads(text)
            self.assertNotIn("error", result)
            self.assertGreater(result["end"]["sum_received"]["bytes"], 0)
            self.note(f"iperf3 {' '.join(reverse)} {result['end']['sum_received']['bits_per_second'] / 1e6:.0f} Mbit/s")
        self.assert_no_clear()

    def test_rekey_under_flood(self):
        """New SAs and a swapped policy again and again under a flood of pings: none is lost. An old SA goes, as an agent does it, when the new one is used."""
        tunnel = self.tunnel()
        count = 20000 if self.kind == "software" else 600
        process = self.flood(count)
        rekeys = 0
        while process.poll() is None:
            old = tunnel.rekey()
            # Packets keep their order: what came on the new SAs came behind the last on the old ones.
            wait_for(lambda: process.poll() is not None or all(tunnel.query(side, sink.IN).seq for side in range(2)), "packets on both new SAs")
            tunnel.delete(old)
            rekeys += 1
        self.assertGreater(rekeys, 1)
        rtt = self.assert_flood(process, count)
        self.assertEqual([gateway.stats()["dropped"] for gateway in self.gateways], [0, 0])
        self.note(f"{rekeys} rekeys, {rtt}")

    def test_peer_that_sends_early(self):
        """A peer sends by the new SA before this end has installed it, at each rekeying: what comes waits, and no ping of a flood is lost."""
        tunnel = self.tunnel()
        count = 5000 if self.kind == "software" else 400
        process = self.flood(count)
        rekeys = 0

        def came():
            wait_for(lambda: process.poll() is not None or tunnel.query(0, sink.OUT).packets, "a packet before its SA")

        while process.poll() is None:
            old = tunnel.rekey(came)
            wait_for(lambda: process.poll() is not None or all(tunnel.query(side, sink.IN).seq for side in range(2)), "packets on both new SAs")
            tunnel.delete(old)
            rekeys += 1
        self.assertGreater(rekeys, 1)
        self.assert_flood(process, count)
        self.assertEqual([gateway.stats()["dropped"] for gateway in self.gateways], [0, 0])
        self.note(f"{rekeys} rekeys, {self.gateways[1].stats()['early']} packets before their SA")
        self.assertGreater(self.gateways[1].stats()["early"], 0)

    def test_more_early_than_slots(self):
        """More packets come early than the card's queue has places: all go in, in their order, and in front of what comes then."""
        tunnel = self.tunnel()
        count = 400
        sender, receiver = (self._socket(namespace, socket.SOCK_DGRAM) for namespace in (self.net.a, self.net.b))
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        for made, address in ((sender, INNER[0]), (receiver, INNER[1])):
            made.bind((address, 9))

        def send():
            for number in range(count):
                sender.sendto(number.to_bytes(4, "big"), (INNER[1], 9))
            wait_for(lambda: self.gateways[1].stats()["early"] == count, "all are early")
            for number in range(count, count + 100):
                sender.sendto(number.to_bytes(4, "big"), (INNER[1], 9))
        tunnel.rekey(send)
        self.assertEqual([int.from_bytes(receiver.recv(64), "big") for _ in range(count + 100)], list(range(count + 100)))
        self.assertEqual([gateway.stats()["dropped"] for gateway in self.gateways], [0, 0])

    def test_tos_and_ecn(self):
        """DSCP goes to the outer header; congestion marked on the way goes to the inner one (RFC 6040)."""
        tunnel = self.tunnel()
        listener = self._socket(self.net.b, socket.SOCK_DGRAM)
        listener.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
        listener.bind((INNER[1], 9))
        client = self._socket(self.net.a, socket.SOCK_DGRAM)
        client.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 0xB8 | 2)
        client.bind((INNER[0], 9))
        client.sendto(b"x", (INNER[1], 9))
        self.assertEqual(listener.recvmsg(100, 100)[1][0][2][0], 0xB8 | 2)
        outer, = [outer for outer, _ in self.wire.esp() if outer.src == OUTER[4][0]]
        self.assertEqual(outer.tos, 0xB8 | 2)
        inner = IP(src=INNER[0], dst=INNER[1], tos=0xB8 | 2) / UDP(sport=9, dport=9) / b"y"
        self.inject(tunnel.seal(0, inner, 10, tos=3))
        self.assertEqual(listener.recvmsg(100, 100)[1][0][2][0], 0xB8 | 3)
        self.assertEqual(tunnel.query(1, sink.IN).seq, 10)

    def test_peer_inside_selector(self):
        """The tunnel's own ends are what it protects: its ESP does not go into it again."""
        self.tunnel(nets=(OUTER[4][0] + "/32", OUTER[4][1] + "/32"), udp=True)
        text = run("ip", "netns", "exec", self.net.a, "ping", "-c", 3, "-i", "0.1", "-W", WAIT, OUTER[4][1])
        self.assertIn("3 received", text)
        packets = self.wire.packets()
        self.assertEqual([IP(p).proto for p in packets if p[0] >> 4 == 4], [17] * 6)


class Sizes(GatewayTest):
    """MTU: answers, fragments, and paths that are smaller than they look. The TUN device takes more than the path carries."""
    mtu = 1500

    def test_too_big_is_answered(self):
        self.tunnel()
        text = self.ping("-c", 1, "-W", 2, "-I", INNER[0], "-M", "do", "-s", 1472, check=False)
        self.assertIn("Frag needed and DF set (mtu = 1446)", text)
        self.assertEqual(self.gateways[0].stats()["too_big_answers"], 1)
        self.assertEqual(self.wire.esp(), [])
        self.assert_pings(2, 0, "-M", "do", "-s", 1446 - 28)
        self.ping("-c", 1, "-W", 1, "-I", INNER[0], "-M", "do", "-s", 1446 - 27, check=False)
        self.assertEqual(self.drop(0, "too_big"), 1)  # the kernel learned from the first answer

    def test_fragments_before_encapsulation(self):
        tunnel = self.tunnel()
        listener, client = self._socket(self.net.b, socket.SOCK_DGRAM), self._socket(self.net.a, socket.SOCK_DGRAM)
        listener.bind((INNER[1], 7007))
        client.setsockopt(socket.IPPROTO_IP, 10, 0)  # IP_PMTUDISC_DONT
        client.bind((INNER[0], 0))
        data = self.rng.randbytes(1472)
        client.sendto(data, (INNER[1], 7007))
        self.assertEqual(listener.recv(65536), data)
        pieces = [tunnel.open(0, esp) for outer, esp in self.wire.esp() if outer.src == OUTER[4][0]]
        self.assertEqual([(piece.frag, int(piece.flags.MF)) for piece in pieces], [(0, 1), (1424 // 8, 0)])
        self.assertEqual(b"".join(raw(piece.payload) for piece in pieces)[8:], data)
        self.assertEqual(self.gateways[0].stats()["fragmented"], 1)


class Paths(GatewayTest):
    def test_interface_mtu(self):
        """Routes take what fits the way to the peer, of each transport."""
        run("ip", "-n", self.net.a, "link", "set", "eth0", "mtu", 1400)
        try:
            for family, udp, mtu in ((4, False, 1346), (4, True, 1338), (6, False, 1326), (6, True, 1318)):
                tunnel = self.tunnel(family=family, udp=udp)
                wait_for(lambda want=mtu: self.gateways[0].mtu() == want, f"the MTU {mtu}")
                self.assert_pings(1, 0, "-M", "do", "-s", mtu - 28)
                for s in self.sinks:
                    s.flush()
                tunnel.close_sockets()
        finally:
            run("ip", "-n", self.net.a, "link", "set", "eth0", "mtu", 1500)

    def test_largest(self):
        """The largest packet of the card, there and back, over each transport; what comes larger is dropped."""
        def set_mtu(mtu):
            for namespace, device in ((self.net.a, "eth0"), (self.net.r, "to-a"), (self.net.r, "to-b"), (self.net.b, "eth0")):
                run("ip", "-n", namespace, "link", "set", device, "mtu", mtu)
        set_mtu(LARGEST + 200)
        try:
            for family, udp in ((4, False), (4, True), (6, False), (6, True)):
                with self.subTest(family=family, udp=udp):
                    tunnel = self.tunnel(family=family, udp=udp)
                    for gateway in self.gateways:
                        wait_for(lambda gateway=gateway: gateway.mtu() == LARGEST, "the largest MTU")
                    for side in (0, 1):
                        self.assert_pings(2, side, "-M", "do", "-s", LARGEST - 28)
                    if family == 4 and not udp:
                        self.inject(tunnel.seal(0, IP(src=INNER[0], dst=INNER[1]) / UDP(sport=1, dport=2) / Raw(bytes(LARGEST - 28 + 8)), 1000))
                        wait_for(lambda: self.drop(1, "truncated") == 1, "the drop of a larger one")
                    for s in self.sinks:
                        s.flush()
                    tunnel.close_sockets()
        finally:
            set_mtu(1500)

    def test_path_mtu_is_learned(self):
        """A router says "fragmentation needed" to ESP: the SA, then its routes take the smaller size."""
        for udp in (False, True):
            with self.subTest(udp=udp):
                try:
                    self.tunnel(udp=udp)
                    before = 1438 if udp else 1446
                    wait_for(lambda: self.gateways[0].mtu() == before, "the MTU of Ethernet")
                    self.net.set_mtu(1400)
                    self.ping("-c", 1, "-W", 1, "-M", "do", "-s", before - 28, check=False)
                    wait_for(lambda: self.gateways[0].mtu() == before - 100, "the smaller MTU")
                    self.assert_pings(2, 0, "-M", "do", "-s", before - 100 - 28)
                    self.assertEqual(self.gateways[0].stats()["pmtu_changes"], 2 if udp else 1)
                finally:
                    self.net.set_mtu(1500)
                    run("ip", "-n", self.net.a, "route", "flush", "cache")
                for s in self.sinks:
                    s.flush()

    def test_one_peer_of_two(self):
        """An error on the way to one peer makes packets to that one smaller, and no others; nor the TUN device."""
        first = self.tunnel()
        self.tunnel(family=6, udp=True, reqid=2, nets=(NETS[0], "10.7.0.0/24"))
        self.tunnel(udp=True, reqid=3, nets=(NETS[0], "10.8.0.0/24"))
        gateway = self.gateways[0]
        mtus = lambda: [gateway.mtu(f"10.{n}.0.0/24") for n in (2, 7, 8)]  # noqa: E731
        self.assertEqual(mtus(), [1446, 1418, 1438])
        quoted = IP(src=OUTER[4][0], dst=OUTER[4][1], proto=50) / struct.pack("!II", first.spis[1], 1)
        self.inject(IP(src="192.0.2.254", dst=OUTER[4][0]) / ICMP(type=3, code=4, nexthopmtu=1000) / Raw(raw(quoted) + bytes(60)))
        wait_for(lambda: mtus()[0] == 946, "the smaller MTU")
        self.assertEqual(mtus(), [946, 1418, 938])  # the third has the same peer as the first
        self.assertIn("mtu 9600", run("ip", "-n", self.net.a, "link", "show", "esp0"))
        first.rekey()
        self.assertEqual(mtus()[1], 1418)
        run("ip", "-n", self.net.a, "route", "flush", "cache")

    def test_forged_path_mtu(self):
        """An ICMP error about no SA of ours changes nothing, and an absurd MTU is not taken below 576."""
        tunnel = self.tunnel()
        wait_for(lambda: self.gateways[0].mtu() == 1446, "the MTU of Ethernet")
        for spi, mtu in ((0x12345678, 800), (tunnel.spis[1], 68)):
            quoted = IP(src=OUTER[4][0], dst=OUTER[4][1], proto=50) / struct.pack("!II", spi, 1)
            self.inject(IP(src="192.0.2.254", dst=OUTER[4][0]) / ICMP(type=3, code=4, nexthopmtu=mtu) / Raw(raw(quoted) + bytes(60)))
            if spi != tunnel.spis[1]:
                self.assert_pings(2)
                time.sleep(0.6)  # the gateway asks for paths again each quarter of a second
                self.assertEqual(self.gateways[0].mtu(), 1446)
        wait_for(lambda: self.gateways[0].mtu() == (576 - 20 - 32 & ~3) - 2, "the least MTU")
        run("ip", "-n", self.net.a, "route", "flush", "cache")


class Refuses(GatewayTest):
    """What does not go through, in either direction."""

    def test_replayed_forged_unknown(self):
        tunnel = self.tunnel()
        self.assert_pings(3)
        packets = [raw(outer) for outer, _ in self.wire.esp() if outer.src == OUTER[4][0]]
        with inside(self.net.b):
            tun = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
            tun.bind(("esp0", 0x0800))
        self.addCleanup(tun.close)
        for packet in packets:
            self.inject(IP(packet))
        self.wait_drop(1, "replay_duplicate", 3)
        forged = bytearray(packets[0])
        forged[24:28] = (100).to_bytes(4, "big")  # a number not seen, so that it gets to the ICV
        self.inject(IP(bytes(forged)))
        self.wait_drop(1, "icv_mismatch", 1)
        self.inject(IP(src=OUTER[4][0], dst=OUTER[4][1], proto=50) / struct.pack("!II", 0x7777, 1) / bytes(60))
        self.wait_drop(1, "unknown_spi", 1)
        self.inject(IP(src=OUTER[4][0], dst=OUTER[4][1], proto=50) / struct.pack("!I", tunnel.spis[1]))
        self.wait_drop(1, "truncated", 1)
        self.inject(IP(src=OUTER[4][0], dst=OUTER[4][1], proto=50) / packets[0][20:70])
        wait_for(lambda: self.drop(1, "esp_truncated") + self.drop(1, "icv_mismatch") + self.drop(1, "replay_duplicate") == 5, "the cut packet")
        tun.setblocking(False)
        self.assertRaises(BlockingIOError, tun.recv, 2000)
        counters = tunnel.query(1, sink.IN)
        self.assertEqual((counters.packets, counters.replay + counters.integrity + counters.other), (3, 5))
        self.assert_pings(3)

    def test_early_is_bounded(self):
        """An SPI that never gets its SA holds 512 packets for a moment, whatever comes; one that nobody gave out none."""
        tunnel = self.tunnel()
        spi = self.sinks[1].get_spi(OUTER[4][1])
        packet = IP(src=OUTER[4][0], dst=OUTER[4][1], proto=50) / (spi.to_bytes(4, "big") + bytes([0, 0, 0, 1]) + bytes(56))
        for _ in range(520):
            self.inject(packet)
        self.inject(IP(src=OUTER[4][0], dst=OUTER[4][1], proto=50) / ((spi ^ 1).to_bytes(4, "big") + bytes(60)))
        self.wait_drop(1, "unknown_spi", 521)
        self.assertEqual(self.gateways[1].stats()["early"], 512)
        # Forged ones are dropped by the card, like any.
        self.inject(packet)
        self.sinks[1].sa_add(sink.IN, spi, OUTER[4][0], OUTER[4][1], bytes(20), 1)
        wait_for(lambda: self.sinks[1].sa_query(sink.IN, spi, OUTER[4][1]).integrity == 1, "its ICV is looked at")
        self.assert_pings()
        tunnel.rekey()
        self.assert_pings()

    def test_inner_addresses(self):
        """A peer that seals what its policy does not cover (RFC 4301, 5.2, step 4)."""
        tunnel = self.tunnel()
        bad = (("10.3.0.1", INNER[1]), (INNER[0], "10.9.0.1"), (INNER[1], INNER[0]), ("198.51.100.2", INNER[1]))
        for number, (src, dst) in enumerate(bad, 1):
            self.inject(tunnel.seal(0, IP(src=src, dst=dst) / ICMP(), number))
        self.wait_drop(1, "policy_mismatch", len(bad))
        self.assertEqual(tunnel.query(1, sink.IN).packets, 0)
        self.inject(tunnel.seal(0, IP(src=INNER[0], dst=INNER[1]) / ICMP(), 50))
        wait_for(lambda: tunnel.query(1, sink.IN).packets == 1, "the good packet")

    def test_encapsulation_mismatch(self):
        tunnel = self.tunnel(udp=True)
        self.inject(tunnel.seal(0, IP(src=INNER[0], dst=INNER[1]) / ICMP(), 1))
        self.wait_drop(1, "encap_mismatch", 1)
        self.inject(IP(src=OUTER[4][0], dst=OUTER[4][1]) / UDP(sport=NAT_PORT, dport=NAT_PORT) / b"\xff")
        wait_for(lambda: self.gateways[1].stats()["keepalives"] == 1, "the keepalive")

    def test_discard_and_bypass(self):
        tunnel = self.tunnel()
        for s, i in zip(self.sinks, (0, 1)):
            s.policy_set(2, NETS[i], (NETS[1 - i], 17, 9, 9), action=sink.DISCARD)
            s.policy_set(3, NETS[i], (NETS[1 - i], 17, 10, 10), action=sink.BYPASS)
        client = self._socket(self.net.a, socket.SOCK_DGRAM)
        client.bind((INNER[0], 5000))
        for port in (9, 10, 11):
            client.sendto(b"x", (INNER[1], port))
        wait_for(lambda: tunnel.query(0, sink.OUT).packets == 1 and self.gateways[0].stats()["bypassed"] == 1, "two packets")
        self.assertEqual(self.drop(0, "discard"), 1)
        clear = [IP(packet) for packet in self.wire.packets() if inner_addresses(packet)]
        self.assertEqual({packet[UDP].dport for packet in clear if UDP in packet and packet.src == INNER[0]}, {10})
        for s in self.sinks:
            s.policy_set(1, NETS[s is self.sinks[1]], ("10.77.0.0/24", 0, 0, 65535))  # the policy moves away
        client.sendto(b"x", ("10.77.0.1", 1))
        wait_for(lambda: self.sinks[0].event(0.1, "acquire"), "the moved policy")

    def test_no_sa_asks_for_one(self):
        """Traffic without an SA: one event, nothing in clear, and the packet goes when the SA comes."""
        for i, s in enumerate(self.sinks):
            s.policy_set(1, NETS[i], NETS[1 - i])
        process = subprocess.Popen(["ip", "netns", "exec", self.net.a, "ping", "-c", "1", "-W", str(WAIT), INNER[1]],
                                   stdout=subprocess.PIPE, text=True)
        event = self.sinks[0].event()
        self.assertEqual((event.kind, event.reqid), ("acquire", 1))
        self.assertEqual(event.local[:3], (INNER[0], INNER[0], 1))
        self.assertEqual(event.remote[:3], (INNER[1], INNER[1], 1))
        self.assertEqual(event.remote[3], 8 << 8)
        self.tunnel()
        self.assertIn("1 received", process.communicate(timeout=60)[0])
        self.assert_no_clear()

    def test_no_sa_ever(self):
        """Sixteen packets are held for two seconds, more are dropped; the event comes again while nobody answers it."""
        self.sinks[0].policy_set(1, NETS[0], NETS[1])
        client = self._socket(self.net.a, socket.SOCK_DGRAM)
        client.bind((INNER[0], 0))
        for _ in range(20):
            client.sendto(b"x", (INNER[1], 9))
        self.assertEqual(self.sinks[0].event().kind, "acquire")
        self.assertIsNone(self.sinks[0].event(0.3))
        wait_for(lambda: self.drop(0, "hold_expired") == 16, "the end of what was held")
        self.assertEqual(self.drop(0, "no_sa"), 4)
        client.sendto(b"x", (INNER[1], 9))
        self.assertEqual(self.sinks[0].event().kind, "acquire")
        self.assert_no_clear()

    def test_no_policy(self):
        self.tunnel(nets=((NETS[0], 17, 0, 65535), (NETS[1], 17, 0, 65535)))
        self.assert_no_ping()
        self.assertEqual(self.drop(0, "no_policy"), 2)
        self.assert_no_clear()

    def test_limits(self):
        """Packets and bytes: a soft event, a hard event, and not one packet more."""
        for limits in ((3, 5, 0, 0), (0, 0, 84 * 3, 84 * 5)):
            with self.subTest(limits=limits):
                tunnel = self.tunnel(limits=limits)
                self.wire.packets()
                self.ping("-c", 8, "-i", "0.05", "-W", 1, check=False)
                sent = [outer for outer, _ in self.wire.esp() if outer.src == OUTER[4][0]]
                self.assertEqual(len(sent), 5)
                for side, s in enumerate(self.sinks):
                    seen = []
                    for _ in range(4):
                        event = s.event(kind="expire")
                        seen.append((event.direction, event.hard, event.spi))
                    self.assertEqual(sorted(seen), sorted([(d, hard, tunnel.spis[side if d == sink.IN else 1 - side])
                                                           for d in (sink.OUT, sink.IN) for hard in (False, True)]))
                for s in self.sinks:
                    s.flush()

    def test_moved_peer(self):
        """Authenticated packets from another port: an event; answers go there after SA_UPDATE."""
        tunnel = self.tunnel(udp=True)
        self.assert_pings(3)

        def from_port(number, port, harm=b""):
            esp = raw(tunnel.seal(0, IP(src=INNER[0], dst=INNER[1]) / ICMP(id=7, seq=number), number).payload)
            self.inject(IP(src=OUTER[4][0], dst=OUTER[4][1]) / UDP(sport=port, dport=NAT_PORT) / Raw(esp[:len(esp) - len(harm)] + harm))

        from_port(20, 5555, b"bad!")
        self.wait_drop(1, "icv_mismatch", 1)
        from_port(2, 5555)  # replayed
        self.wait_drop(1, "replay_duplicate", 1)
        self.assertIsNone(self.sinks[1].event(0.3))
        from_port(30, 5555)
        event = self.sinks[1].event()
        self.assertEqual((event.kind, event.endpoint, event.spi), ("mapping", (OUTER[4][0], 5555), tunnel.spis[1]))
        from_port(25, 6666)  # good but older than the newest: it says nothing about now
        self.assertIsNone(self.sinks[1].event(0.3))
        self.wire.packets()
        self.sinks[1].sa_update(sink.OUT, tunnel.spis[0], OUTER[4][0], OUTER[4][1], OUTER[4][0], (NAT_PORT, 5555))
        self.sinks[1].sa_update(sink.IN, tunnel.spis[1], OUTER[4][1], OUTER[4][0], OUTER[4][1], (5555, NAT_PORT))
        from_port(31, 5555)
        answers = wait_for(lambda: [outer for outer, _ in self.wire.esp() if outer.src == OUTER[4][1] and outer[UDP].dport == 5555], "an answer")
        self.assertEqual(answers[0][UDP].sport, NAT_PORT)
        self.assertIsNone(self.sinks[1].event(0.3))


class Ends(GatewayTest):
    """Things that go away, and come back. Nothing leaves in clear meanwhile."""

    def test_clean_end(self):
        """SIGTERM leaves what blocks; --release takes everything away, at the end or later."""
        self.tunnel()
        self.assertIn("10.2.0.0/24 dev esp0", run("ip", "-n", self.net.a, "route", "show", "table", "4303"))
        self.assertIn("src 10.1.0.1", run("ip", "-n", self.net.a, "route", "show", "table", "4303"))
        gateway = self.gateways[0]
        gateway.end()
        self.assertNotIn("1 received", self.ping("-c", 1, "-W", 1, check=False))
        self.assert_no_clear()
        gateway.arguments += ("--release",)
        gateway.start()
        self.assertIn("unreachable 10.2.0.0/24", run("ip", "-n", self.net.a, "route", "show", "table", "4304"))
        gateway.end()
        for table in ("4303", "4304"):
            self.assertEqual(run("ip", "-n", self.net.a, "route", "show", "table", table, check=False), "")
        self.assertNotRegex(run("ip", "-n", self.net.a, "rule"), "(?m)^43")
        self.assertEqual(run("ip", "netns", "exec", self.net.a, "nft", "list", "tables"), "")

    def test_gateway_is_killed(self):
        self.tunnel()
        process = subprocess.Popen(["ip", "netns", "exec", self.net.a, "ping", "-i", "0.01", "-c", "150", "-W", "1", INNER[1]], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        wait_for(lambda: self.gateways[0].stats()["packets_out"] > 10, "some pings")
        self.gateways[0].kill()
        process.wait(timeout=60)
        self.assertIn("unreachable 10.2.0.0/24", run("ip", "-n", self.net.a, "route", "show", "table", "4304"))
        self.gateways[0].start()
        self.assertNotIn("1 received", self.ping("-c", 1, "-W", 1, check=False))  # still blocked before anybody said anything
        self.assert_no_clear()
        self.sinks[0].close()
        self.sinks[0] = Sink(self.gateways[0].path)
        self.addCleanup(self.sinks[0].close)
        for s in self.sinks:
            s.flush()
        self.tunnel()
        self.assert_pings(3)
        self.assert_no_clear()

    def test_tun_device_is_deleted(self):
        """By somebody else: there is another one at once, and nothing left in clear meanwhile."""
        self.tunnel()
        run("ip", "-n", self.net.a, "link", "del", "esp0")
        wait_for(lambda: "10.2.0.0/24 dev esp0" in run("ip", "-n", self.net.a, "route", "show", "table", "4303"), "another TUN device")
        self.assert_pings(2)
        self.assert_no_clear()

    def test_agent_goes(self):
        """SAs without UDP serve on for the time of grace (2 s here); policies block after it. A new agent begins anew."""
        self.tunnel()
        self.assert_pings(2)
        self.sinks[0].close()
        self.assert_pings(2)
        wait_for(lambda: "its SAs are deleted" in self.gateways[0].log(), "the end of grace")
        self.assert_no_ping()
        self.assert_no_clear()
        self.sinks[0] = Sink(self.gateways[0].path)
        self.addCleanup(self.sinks[0].close)
        for s in self.sinks:
            s.flush()
        self.tunnel(udp=True)
        self.assert_pings(2)
        self.sinks[0].close()  # its UDP socket is closed at once, though the agent has it still
        self.assert_no_ping()
        self.assertGreater(self.drop(0, "no_socket"), 0)
        self.assert_no_clear()
        before = self.gateways[0].cpu_seconds()
        self.ping("-c", 2, "-W", 1, side=1, check=False)  # packets wait in a socket that is not the gateway's any more
        self.assertLess(self.gateways[0].cpu_seconds() - before, 1)

    def test_agent_comes_back(self):
        """One that only lost its connection: no SA is left that nobody knows of, and policies block."""
        tunnel = self.tunnel()
        self.assert_pings(2)
        self.sinks[0].close()
        self.sinks[0] = Sink(self.gateways[0].path)
        self.addCleanup(self.sinks[0].close)
        tunnel.sinks = self.sinks
        for direction in (sink.IN, sink.OUT):
            with self.assertRaises(SinkError) as caught:
                tunnel.query(0, direction)
            self.assertEqual(caught.exception.errno, errno.ENOENT)
        self.assert_no_ping()
        self.assert_no_clear()
        wait_for(lambda: self.drop(0, "hold_expired"), "pings that were held")

    def state(self):
        """Of the namespace: routes, rules, filter, devices."""
        inside_a = ("ip", "netns", "exec", self.net.a)
        return [run("ip", "-n", self.net.a, *words) for words in (("route", "show", "table", "all"), ("rule",), ("-o", "link", "show"), ("address",))] + \
            [run(*inside_a, "nft", "list", "ruleset")]

    def test_mere_connection(self):
        """Key management is gone for a moment; somebody connects, asks for nothing and leaves: SAs serve on."""
        self.gateways[0].end()
        self.gateways[0].arguments += ("--grace", 600)
        self.gateways[0].start()
        self.sinks[0] = Sink(self.gateways[0].path)
        self.tunnel()
        self.assert_pings(2)
        self.sinks[0].close()
        for _ in range(3):
            Sink(self.gateways[0].path).close()
            self.assert_pings(1)
        self.assertEqual(self.gateways[0].log().count("key management is there"), 1)

    def test_second_gateway(self):
        """Started by mistake beside a living one, at its socket, with its TUN device, or with all of its own, also with a /run of its own as in a container; or only to
        release: it says so, and nothing has changed."""
        self.tunnel()
        self.assert_pings(2)
        before = self.state()
        first = self.gateways[0]
        own = ("-d", "software", "--sink", first.path + "-2")
        container = ("unshare", "-m", "sh", "-c", 'mount -t tmpfs none /run && exec "$@"', "sh")
        for around, words in itertools.product(((), container), (("-d", "software", "--sink", first.path), own, (*own, "--tun", "esp9"), ("--release",))):
            with self.subTest(around=around, words=words):
                done = subprocess.run(["ip", "netns", "exec", self.net.a, *around, GATEWAY, *words], capture_output=True, text=True, timeout=WAIT, check=False)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertRegex(done.stderr, "in use")
                self.assertEqual(self.state(), before)
                self.assert_pings(2)

    def test_name_of_somebody(self):
        """A user without rights who has taken the gateway's name in the network namespace keeps nobody from starting it."""
        with inside(self.net.r):
            name = socket.socket(socket.AF_UNIX)
        self.addCleanup(name.close)
        os.seteuid(pwd.getpwnam("nobody").pw_uid)
        try:
            name.bind("\0espalier-gw".ljust(108, "\0"))
            name.listen()
        finally:
            os.seteuid(0)
        Gateway(self.net.r, "software").close()

    def test_control(self):
        """A second client; requests that make no sense; the first goes on."""
        with self.assertRaises(SinkError) as caught:
            Sink(self.gateways[0].path)
        self.assertEqual(caught.exception.errno, errno.EBUSY)
        s, key = self.sinks[0], bytes(20)
        src, dst = OUTER[4]
        refused = ((errno.EINVAL, lambda: s.sa_add(sink.OUT, 255, src, dst, key)), (errno.EINVAL, lambda: s.sa_add(sink.OUT, 256, src, dst, key, reqid=0)),
                   (errno.ENOTSUP, lambda: s.sa_add(sink.OUT, 256, src, dst, key, mode=1)), (errno.ENOTSUP, lambda: s.sa_add(sink.OUT, 256, src, dst, key, aead=3)),
                   (errno.EINVAL, lambda: s.sa_add(sink.OUT, 256, src, dst, key, aead=2)), (errno.EINVAL, lambda: s.sa_add(sink.OUT, 256, src, OUTER[6][1], key)),
                   (errno.EINVAL, lambda: s.sa_add(sink.OUT, 256, src, dst, key, ports=(0, 4500))), (errno.ENOENT, lambda: s.sa_delete(sink.IN, 256, dst)),
                   (errno.ENOENT, lambda: s.sa_query(sink.OUT, 256, dst)), (errno.ENOENT, lambda: s.policy_set(1, *NETS, 256, dst)),
                   (errno.EINVAL, lambda: s.policy_set(0, *NETS)), (errno.EINVAL, lambda: s.policy_set(1, "2001:db8::/64", "2001:db8::/64")),
                   (errno.EINVAL, lambda: s.policy_set(1, "10.0.0.9-10.0.0.1", NETS[1])), (errno.ENOENT, lambda: s.policy_delete(1)),
                   (errno.EINVAL, lambda: s.give_esp_socket(self.injector, src, 4500)),
                   (errno.EINVAL, lambda: s.sa_add(sink.OUT, 256, src, dst, key, seq=1 << 32)), (errno.ENOENT, lambda: s.sa_delete_last(sink.OUT, 256, dst)))
        for i, (code, call) in enumerate(refused):
            with self.subTest(i=i), self.assertRaises(SinkError) as caught:
                call()
            self.assertEqual(caught.exception.errno, code, (i, caught.exception))
            self.assertGreater(len(caught.exception.strerror), 10)
        s.sa_add(sink.IN, 0x1000, dst, src, key)
        with self.assertRaises(SinkError) as caught:
            s.sa_add(sink.IN, 0x1000, "203.0.113.1", src, key)
        self.assertEqual(caught.exception.errno, errno.EEXIST)
        caps = s.caps()
        self.assertEqual((caps["tunnel"], caps["transport"], caps["aeads"], caps["inner_v6"], caps["esn"]), (True, False, 7, False, True))

    def test_moved_sas(self):
        """SAs taken out under traffic and put in again, with the numbers they had: none comes twice on the wire, what was received before is not taken again."""
        for esn in (False, True):
            with self.subTest(esn=esn):
                self.move(self.tunnel(esn=esn), start=0xfffffff0 if esn else 0)

    def move(self, tunnel, start):
        s = self.sinks[0]
        if start:  # on both sides, so that the low half turns while it moves
            for side in range(2):
                self.put_in(tunnel, side, start, start)
        self.assert_pings(3)
        self.wire.packets()
        flood = subprocess.Popen(["ip", "netns", "exec", self.net.a, "ping", "-q", "-f", INNER[1]], stdout=subprocess.DEVNULL)
        self.addCleanup(flood.wait)
        self.addCleanup(flood.kill)
        for _ in range(5):
            sent = tunnel.query(0, sink.OUT).seq
            wait_for(lambda before=sent: tunnel.query(0, sink.OUT).seq > before + 5, "packets between two moves")
            last = [s.sa_delete_last(*self.names(tunnel, direction)) for direction in (sink.OUT, sink.IN)]
            self.assertGreaterEqual(last[0].seq, start + last[0].packets)
            self.assertGreater(last[0].packets, 0)
            self.put_in(tunnel, 0, last[0].seq, last[1].seq, gone=True)
        flood.kill()
        flood.wait()
        self.assert_pings(3)
        ours = [esp for outer, esp in self.wire.esp() if outer.src == OUTER[4][0] and int.from_bytes(esp[:4], "big") == tunnel.spis[1]]
        numbers = [int.from_bytes(esp[8:16], "big") for esp in ours]
        self.assertEqual(sorted(set(numbers)), numbers)
        self.assertEqual([number & 0xFFFFFFFF for number in numbers], [int.from_bytes(esp[4:8], "big") for esp in ours])
        tops = [tunnel.query(0, sink.IN), tunnel.query(1, sink.OUT)]
        self.assertLessEqual(tops[0].seq, tops[1].seq)
        for number in (tops[0].seq, tops[0].seq - 1):
            self.inject(tunnel.seal(1, IP(src=INNER[1], dst=INNER[0]) / UDP(dport=9), number))
        wait_for(lambda: tunnel.query(0, sink.IN).replay >= 2, "replayed packets counted")
        self.assertEqual(tunnel.query(0, sink.IN).integrity, 0)

    @staticmethod
    def names(tunnel, direction, side=0):
        receiver = side if direction == sink.IN else 1 - side
        return direction, tunnel.spis[receiver], tunnel.addresses[receiver]

    def put_in(self, tunnel, side, out_seq, in_seq, gone=False):
        s, (here, there) = self.sinks[side], (tunnel.addresses[side], tunnel.addresses[1 - side])
        if not gone:
            for direction in (sink.OUT, sink.IN):
                self.assertEqual(s.sa_delete_last(*self.names(tunnel, direction, side)).seq, 0)
        s.sa_add(sink.IN, tunnel.spis[side], there, here, tunnel.keys[1 - side], tunnel.reqid, esn=tunnel.esn, seq=in_seq)
        s.sa_add(sink.OUT, tunnel.spis[1 - side], here, there, tunnel.keys[side], tunnel.reqid, esn=tunnel.esn, seq=out_seq)
        self.assertEqual(tunnel.query(side, sink.OUT).seq, out_seq)
        taken = tunnel.query(side, sink.IN).seq
        self.assertTrue(taken >= in_seq if gone else taken == in_seq, (taken, in_seq))  # the peer's answers are still coming
        tunnel.set_policy(side, tunnel.spis[1 - side])

    def test_end_of_numbers(self):
        """An SA that goes on near its end: a soft event, the last numbers, a hard event, nothing more."""
        tunnel = self.tunnel()
        self.put_in(tunnel, 0, 0xfffffffd, 0)
        self.wire.packets()
        with inside(self.net.a):
            sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(sender.close)
        for _ in range(6):
            sender.sendto(b"x", (INNER[1], 9))
        events = [self.sinks[0].event(kind="expire") for _ in range(2)]
        self.assertEqual([event.hard for event in events], [False, True])
        numbers = []

        def sent():
            numbers.extend(int.from_bytes(esp[8:16], "big") for outer, esp in self.wire.esp() if outer.src == OUTER[4][0])
            return len(numbers) >= 2
        wait_for(sent, "the last packet, which may be on its way when the event comes")
        self.assertEqual(self.sinks[0].sa_delete_last(*self.names(tunnel, sink.OUT)).seq, 0xffffffff)
        sent()
        self.assertEqual(numbers, [0xfffffffe, 0xffffffff])
        self.assert_no_clear()

    def test_card_dies(self):
        """kill -9 of the simulated card under a flood: DOWN, nothing in clear; a new card at its place: UP, and it works again."""
        if self.kind != "sim":
            self.skipTest("the software reference does not die")
        device = espalier.Simulator()
        give(device.directory.name, device.device.split(":", 1)[1])
        self.addCleanup(device.close, check=False)
        self.sinks[0].close()
        self.gateways[0].close()
        self.gateways[0] = gateway = Gateway(self.net.a, device.device, "--log", "debug")
        self.addCleanup(gateway.close)
        self.sinks[0] = Sink(gateway.path)
        self.addCleanup(self.sinks[0].close)
        tunnel = self.tunnel()
        flood = subprocess.Popen(["ip", "netns", "exec", self.net.a, "ping", "-q", "-f", INNER[1]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(flood.wait)
        self.addCleanup(flood.kill)
        wait_for(lambda: gateway.stats()["packets_in"] > 50, "some pings")
        device.process.kill()
        self.assertEqual(self.sinks[0].event(kind="down").kind, "down")
        with self.assertRaises(SinkError) as caught:
            self.sinks[0].get_spi(OUTER[4][0])
        self.assertEqual(caught.exception.errno, errno.ENODEV)
        wait_for(lambda: self.drop(0, "device_down") > 10, "drops")
        os.unlink(device.device.split(":", 1)[1])
        again = subprocess.Popen([espalier.SIMULATOR, "--dir", device.directory.name, "--parent-death"], stdout=subprocess.PIPE, text=True)
        self.addCleanup(again.stdout.close)
        self.addCleanup(again.wait)
        self.addCleanup(again.kill)
        self.assertIn("ready", again.stdout.readline())
        give(device.device.split(":", 1)[1])
        self.assertEqual(self.sinks[0].event(kind="up").kind, "up")
        self.assert_no_clear()
        tunnel.rekey()
        self.assert_pings(3)
        self.assert_no_clear()
        self.assertEqual(gateway.stats()["device_losses"], 1)

    def test_card_hangs(self):
        """The simulated host takes no more reads of the card, which then answers registers and completes nothing: DOWN, nothing in clear; reset, UP."""
        if self.kind != "sim":
            self.skipTest("the software reference does not hang")
        device = espalier.Simulator("--fault", "nocredits:nth=60")
        give(device.directory.name, device.device.split(":", 1)[1])
        self.addCleanup(device.close)
        self.sinks[0].close()
        self.gateways[0].close()
        self.gateways[0] = gateway = Gateway(self.net.a, device.device, "--log", "debug")
        self.addCleanup(gateway.close)
        self.sinks[0] = Sink(gateway.path, timeout=300)  # the card is judged by its own clock
        self.addCleanup(self.sinks[0].close)
        tunnel = self.tunnel()
        flood = subprocess.Popen(["ip", "netns", "exec", self.net.a, "ping", "-q", "-f", INNER[1]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(flood.wait)
        self.addCleanup(flood.kill)
        start = time.monotonic()
        event = self.sinks[0].event(kind="down")
        self.assertIsNotNone(event, "no event DOWN")
        self.note(f"DOWN after {time.monotonic() - start:.1f} s: {event.text}")
        self.assertIsNotNone(self.sinks[0].event(kind="up"), "no event UP")
        tunnel.rekey()
        self.assert_pings(3)
        self.assert_no_clear()
        self.assertEqual(gateway.stats()["device_losses"], 1)

    def test_flush_goes_on_beside_others(self):
        """A flush of thousands of policies, in slices: whoever asked waits, the loop serves others meanwhile."""
        if self.kind != "software":
            self.skipTest("the card has no part in it")
        for i in range(8000):
            self.sinks[0].policy_set(i + 1, NETS[0], f"10.{100 + i // 250}.{i % 250}.0/24")
        thread = threading.Thread(target=self.sinks[0].flush)
        thread.start()
        answers = 0
        while thread.is_alive():
            self.gateways[0].stats()
            answers += 1
        thread.join()
        self.note(f"{answers} reports written while the flush went on")
        self.assertGreater(answers, 1)
        self.assertEqual(run("ip", "-n", self.net.a, "route", "show", "table", "4303", check=False), "")

    def test_many_sas(self):
        """As many SAs as the device has; one more is refused; all go with a flush."""
        if self.kind != "software":
            self.skipTest("the card's own table is tested by test_sas.c")
        self.sinks[0].close()
        self.gateways[0].close()
        self.gateways[0] = Gateway(self.net.a, "software:2000")
        self.addCleanup(self.gateways[0].close)
        with Sink(self.gateways[0].path) as s:
            spis = [s.get_spi(OUTER[4][0]) for _ in range(2000)]
            self.assertEqual(len(set(spis)), 2000)
            with self.assertRaises(SinkError) as caught:
                s.get_spi(OUTER[4][0])
            self.assertEqual(caught.exception.errno, errno.ENOSPC)
            for i, spi in enumerate(spis):
                s.sa_add(sink.IN, spi, OUTER[4][1], OUTER[4][0], bytes(20), reqid=i + 1)
                s.sa_add(sink.OUT, spi, OUTER[4][0], OUTER[4][1], bytes(20), reqid=i + 1)
                s.policy_set(i + 1, NETS[0], f"10.{100 + i // 250}.{i % 250}.0/24", spi, OUTER[4][1])
            with self.assertRaises(SinkError) as caught:
                s.sa_add(sink.OUT, 0x300, OUTER[4][0], OUTER[4][1], bytes(20))
            self.assertEqual(caught.exception.errno, errno.ENOSPC)
            s.flush()
            self.assertEqual(run("ip", "-n", self.net.a, "route", "show", "table", "4303", check=False), "")
            s.sa_add(sink.OUT, 0x300, OUTER[4][0], OUTER[4][1], bytes(20))


if __name__ == "__main__":
    as_root.become_root()
    espalier.main()
