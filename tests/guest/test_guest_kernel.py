#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The kernel's own ESP, in a guest, against the gateway, with states by hand at both ends: ip xfrm there, the SA sink here. test_guest_kernel.py espalier [TEST]"""
import contextlib
import os
import random
import socket
import struct
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../system"))
# pylint: disable=wrong-import-position,wrong-import-order
from guest_case import GuestCase  # noqa: E402 tests/interop is on the path by it
import flood as forged  # noqa: E402
import sink  # noqa: E402
from case import Network, main, wait  # noqa: E402
from ends import GuestCharon, GuestKernel  # noqa: E402
from espalier_side import BUILD  # noqa: E402
from net import run  # noqa: E402
from test_adversary import packets_of  # noqa: E402

LEFT, RIGHT = "10.1.0.0/16", "10.2.0.0/16"
PORT = 4500
REQID = 1


class Pair:
    """An SA each way and the policies over them. Keys are random; `window` is that of the guest's receiver, ours is 64; oseq: the number after which the guest begins."""

    def __init__(self, test, esn=False, key_len=16, window=64, family=4, udp=False, oseq=0, esp_mode="tunnel"):
        self.guest, self.sink = test.peer.guest, test.sink
        self.ends = [Network.OUTER[side, family] for side in ("left", "right")]
        self.to_right, self.to_left = self.sink.get_spi(self.ends[1]), random.randrange(0x1000, 1 << 32)
        self.keys = [os.urandom(key_len + 4) for _ in range(2)]  # of the guest's packets, of ours
        left, right = self.ends
        ports = (PORT, PORT) if udp else None
        self.sink.sa_add(sink.IN, self.to_right, left, right, self.keys[0], REQID, ports, esn)
        flags = ["esn"] * esn + ["af-unspec"] * (family == 6)  # the latter: IPv4 inside IPv6
        words = f"mode {esp_mode} " + (f"flag {' '.join(flags)} " if flags else "") + (f"encap espinudp {PORT} {PORT} 0.0.0.0 " if udp else "")
        self.states = []
        for source, destination, spi, key, options in ((right, left, self.to_left, self.keys[1], f"replay-window {window}"),
                                                       (left, right, self.to_right, self.keys[0], f"replay-window {max(1, window)} replay-oseq {oseq}")):
            self.states.append(f"src {source} dst {destination} proto esp spi {spi}")
            self.guest.run(f"ip xfrm state add {self.states[-1]} reqid {REQID} {words} aead 'rfc4106(gcm(aes))' 0x{key.hex()} 128 {options}")
        self.sink.sa_add(sink.OUT, self.to_left, right, left, self.keys[1], REQID, ports, esn)
        self.sink.policy_set(REQID, RIGHT, LEFT, self.to_left, left)
        if esp_mode == "tunnel":
            template = f"reqid {REQID} mode tunnel"
            lines = [f"ip xfrm policy update src {LEFT} dst {RIGHT} dir out tmpl src {left} dst {right} proto esp spi {self.to_right} {template}"]
            lines += [f"ip xfrm policy update src {RIGHT} dst {LEFT} dir {way} tmpl src {right} dst {left} proto esp {template}" for way in ("in", "fwd")]
        else:
            lines = [f"ip xfrm policy update src {left} dst {right} dir out tmpl src {left} dst {right} proto esp spi {self.to_right} reqid {REQID} mode transport"]
        self.guest.run("set -e\n" + "\n".join(lines))

    def delete(self):
        for state in self.states:
            self.guest.run(f"ip xfrm state delete {state}")
        self.sink.sa_delete(sink.OUT, self.to_left, self.ends[0])
        self.sink.sa_delete(sink.IN, self.to_right, self.ends[1])

    def ours(self):
        """What the gateway counts of its two SAs: out, in."""
        return self.sink.sa_query(sink.OUT, self.to_left, self.ends[0]), self.sink.sa_query(sink.IN, self.to_right, self.ends[1])

    def refused(self):
        """What the guest's receiver refused: (replayed, of a bad ICV), and ours."""
        text = self.guest.run(f"ip -s xfrm state get {self.states[0]}")
        fields = text.split("stats:")[1].split()
        found = {name: int(fields[fields.index(name) + 1]) for name in ("replay-window", "replay", "failed")}
        _, received = self.ours()
        return (found["replay"] + found["replay-window"], found["failed"]), (received.replay, received.integrity)


class Manual(GuestCase):
    peer_kind = GuestKernel

    def refused(self):
        """Each case looks at its own states: assert_clean()."""
        return {}

    def setUp(self):
        super().setUp()
        self.dut.start_card()
        self.dut.start_gateway()
        self.sink = sink.Sink(self.dut.sink)
        self.addCleanup(self.sink.close)

    def assert_clean(self, pair):
        """Nothing was refused, nothing was in clear."""
        self.assertEqual(pair.refused(), ((0, 0), (0, 0)))
        self.assertEqual(self.net.clear_packets(), 0)

    def assert_pings(self, **options):
        for source in (self.peer, self.dut):
            self.assert_ping(source, **options)


class States(Manual):
    def test_raw_esp_with_esn(self):
        pair = Pair(self, esn=True, key_len=32)
        capture = self.capture(expression="ip")
        self.assert_pings()
        self.assert_clean(pair)
        self.assertEqual({packet[9] for packet in packets_of(capture.stop())}, {50})
        self.assertEqual([stats.seq for stats in pair.ours()], [6, 6])

    def test_kinds(self):
        """Keys, ESN, the guest's windows from none to 2048, IPv4 and IPv6 outside; pings of all sizes."""
        for esn, key_len, window, family in ((False, 16, 0, 4), (False, 24, 32, 4), (False, 32, 128, 6), (True, 16, 2048, 4), (True, 24, 32, 6), (True, 32, 1024, 6)):
            with self.subTest(esn=esn, key_len=key_len, window=window, family=family):
                pair = Pair(self, esn, key_len, window, family)
                for size in (8, 72, 512, 1384, 3000, 9000, 30000):
                    self.assert_pings(size=size)
                self.assert_clean(pair)
                pair.delete()

    def test_path_mtu(self):
        """Both ends tell a sender that sets DF what fits. A packet of exactly that size goes through whole."""
        pair = Pair(self)
        for side, mtu in ((self.dut, 1446), (self.peer, None)):
            destination = self.inner(self.peer if side is self.dut else self.dut)
            done = side.namespace.run("ping", "-M", "do", "-s", 1472, "-c", 1, "-W", 5, "-I", self.inner(side), destination, check=False)
            told = int(done.stdout.split("mtu = ")[1].split(")")[0]) if "mtu = " in done.stdout else int(done.stderr.split("mtu=")[1].split()[0])
            if mtu:
                self.assertEqual(told, mtu)
            self.note(f"{side.name}: {told} bytes fit")
            before = pair.ours()[0 if side is self.dut else 1].packets
            self.assertIn(" 1 received", side.namespace.run("ping", "-M", "do", "-s", told - 28, "-c", 1, "-W", 10, "-I", self.inner(side), destination, check=False).stdout)
            self.assertEqual(pair.ours()[0 if side is self.dut else 1].packets - before, 1)
        self.assert_clean(pair)

    def test_rekey(self):
        """New states in place of the old, in floods both ways: inbound first, then outbound; none is lost."""
        for esn in (False, True):
            with self.subTest(esn=esn):
                pair = Pair(self, esn)
                floods = [self.flood(side) for side in (self.peer, self.dut)]
                for _ in range(5):
                    old, pair = pair, Pair(self, esn)
                    # What was sent before may be on its way by the old states, and answered by them.
                    for flood in floods:
                        self.wait_answered(flood, flood.sent)
                        flood.more(20)
                    self.assertEqual(old.refused(), ((0, 0), (0, 0)))
                    old.delete()
                for flood in floods:
                    self.assert_no_loss(flood)
                self.assert_clean(pair)
                pair.delete()

    def wait_answered(self, flood, number):
        wait(lambda: all(missing >= number for missing in flood.missing.copy()), 60, f"answers to all pings before the {number}th")

    def test_replay(self):
        """Everything on the wire again, as it was and with bits turned: each end counts each, and neither releases any of it."""
        for esn in (False, True):
            with self.subTest(esn=esn):
                pair = Pair(self, esn)
                capture = self.capture(f"wire-{esn}", expression="esp")
                self.assert_pings(count=20)
                packets = packets_of(capture.stop())
                self.assertEqual(len(packets), 80)
                released = [stats.packets for stats in pair.ours()]
                turned = [packet[:-1] + bytes([packet[-1] ^ 1]) for packet in packets]
                # A number that is new, or the window would refuse it first: the kernel looks there before it looks at the ICV.
                turned = [packet[:24] + struct.pack("!I", 1000 + number) + packet[28:] for number, packet in enumerate(turned)]
                with forged.Forger(self.net.middle) as forger:
                    for packet in packets + turned:
                        forger.packet(packet)
                wait(lambda pair=pair: pair.refused() == ((40, 40), (40, 40)), 20, f"40 replays and 40 bad ICVs at each end, not {pair.refused()}")
                self.assertEqual([stats.packets for stats in pair.ours()], released)
                self.assert_pings()
                pair.delete()


class Numbers(Manual):
    """Sequence numbers around 2^32."""

    def test_to_us(self):
        """The guest begins at 2^32 - 256; its receiver and ours infer the upper half."""
        pair = Pair(self, esn=True, oseq=0xFFFFFF00)
        flood = self.flood(self.peer)
        flood.more(600, 60)
        self.assert_no_loss(flood, 600)
        self.assertGreater(pair.ours()[1].seq, 1 << 32)
        self.assert_clean(pair)

    def test_no_esn(self):
        """Without ESN the guest's kernel stops at 2^32 - 1, and nothing comes in clear."""
        pair = Pair(self, oseq=0xFFFFFF00)
        flood = self.flood(self.peer, patience=1)
        wait(lambda: pair.ours()[1].packets == 255, 20, "255 packets")
        before = flood.sent
        wait(lambda: flood.sent > before + 50, 10, "more are sent")
        self.assertEqual(len(flood.stop()[1]), flood.sent - 255)
        self.assertEqual(pair.ours()[1].seq, (1 << 32) - 1)
        self.assert_clean(pair)

    def test_from_us(self):
        """`espalier encap` from 2^32 - 100 on, and again with another upper half: the kernel takes all 400."""
        for high in (0, 7):
            with self.subTest(high=high):
                self.encapsulated(high, 0xFFFFFFFF - 100)

    def encapsulated(self, high, low, count=400):
        left, right = Network.OUTER["left", 4], Network.OUTER["right", 4]
        spi, key = random.randrange(0x1000, 1 << 32), os.urandom(20).hex()
        state = f"src {right} dst {left} proto esp spi {spi} mode tunnel flag esn aead 'rfc4106(gcm(aes))' 0x{key} 128 replay-window 64"
        self.peer.configure((f"xfrm state add {state} reqid 9 replay-seq {low} replay-seq-hi {high}",
                             *(f"xfrm policy update src {RIGHT} dst {LEFT} dir {way} tmpl src {right} dst {left} proto esp reqid 9 mode tunnel" for way in ("in", "fwd"))))
        names = {name: os.path.join(self.directory, f"{name}-{high}") for name in ("states", "plain.pcap", "esp.pcap")}
        with open(names["states"], "w", encoding="ascii") as file:
            file.write(f"xfrm state add {state} replay-oseq {low} replay-oseq-hi {high}\n")
        plain = [forged.udp4("10.2.0.1", "10.1.0.1", 9, 9, struct.pack("!I", number) * (1 + number % 300)) for number in range(count)]
        with open(names["plain.pcap"], "wb") as file:
            file.write(struct.pack("=IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
            for packet in plain:
                file.write(struct.pack("=IIII", 0, 0, len(packet), len(packet)) + packet)
        run(f"{BUILD}/bin/espalier", "encap", "-d", self.dut.device, "-x", names["states"], "-r", names["plain.pcap"], "-w", names["esp.pcap"])
        with open(names["esp.pcap"], "rb") as file:
            data = file.read()
        receiver = self.net.left.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with contextlib.closing(receiver), forged.Forger(self.net.middle) as forger:
            receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
            receiver.bind(("10.1.0.1", 9))
            receiver.settimeout(20)
            at = 24
            while at < len(data):
                length, = struct.unpack_from("=I", data, at + 8)
                forger.packet(data[at + 16:at + 16 + length])
                at += 16 + length
            self.assertEqual(forger.sent, count)
            self.assertEqual([receiver.recv(65536) for _ in plain], [packet[28:] for packet in plain])
        seen = self.peer.guest.run(f"ip xfrm state get src {right} dst {left} proto esp spi {spi}")
        self.assertIn(f"seq-hi {high + 1:#x}, seq {(low + count) & 0xFFFFFFFF:#x}, ", seen)


class Udp(Manual):
    """ESP in UDP. charon is there for its socket on port 4500 alone, which the kernel takes ESP from."""
    peer_kind = GuestCharon

    def test_udp(self):
        self.peer.configure("")
        self.peer.start()
        end = self.net.right.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with contextlib.closing(end):
            end.bind((Network.OUTER["right", 4], PORT))
            self.sink.give_esp_socket(end, Network.OUTER["right", 4], PORT)
            for esn, key_len in ((False, 16), (True, 32)):
                with self.subTest(esn=esn, key_len=key_len):
                    pair = Pair(self, esn, key_len, udp=True)
                    capture = self.capture(f"wire-{esn}", expression="ip")
                    for size in (64, 1400, 9000):
                        self.assert_pings(size=size)
                    self.assert_clean(pair)
                    self.assertEqual({packet[9] for packet in packets_of(capture.stop())}, {17})
                    pair.delete()


class Transport(Manual):
    def test_no_transport_mode(self):
        """The gateway refuses such an SA; what the kernel sends so by the key of a tunnel is dropped and counted."""
        with self.assertRaisesRegex(sink.SinkError, "tunnel mode only"):
            self.sink.sa_add(sink.OUT, 0x1234, Network.OUTER["right", 4], Network.OUTER["left", 4], os.urandom(20), mode=1)
        pair = Pair(self, esp_mode="transport")
        self.peer.guest.run(f"ping -c 5 -i 0.1 -W 1 {Network.OUTER['right', 4]}", check=False)
        wait(lambda: '"bad_next_header": 5' in self.dut.counters(), 10, "five drops for their next header")
        self.assertEqual(pair.ours()[1].packets, 0)


if __name__ == "__main__":
    main()
