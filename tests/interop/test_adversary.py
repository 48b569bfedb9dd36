#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Bad input while a tunnel carries a numbered flood of pings: none of them is lost, memory stays bounded, and a new peer comes in.

    test_adversary.py charon|espalier [TEST]
"""
import random
import socket
import threading

import flood as forged
import wireshark
from case import SCALE, InteropTest, Network, child, config, connection, main, wait

INITIATIONS = 10000
AGENT = {"charon": "charon", "espalier": "ike"}
GATEWAY = {"charon": "charon", "espalier": "gw"}


def packets_of(path):
    """The IPv4 packets of a capture of an Ethernet interface."""
    with open(path, "rb") as file:
        data = file.read()
    at, out = 24, []
    while at + 16 <= len(data):
        length = int.from_bytes(data[at + 8:at + 12], "little")
        frame = data[at + 16:at + 16 + length]
        if frame[12:14] == b"\x08\x00":
            out.append(frame[14:])
        at += 16 + length
    return out


class Adversary(InteropTest):
    def configuration(self, side):
        other = "right" if side == "left" else "left"
        second = connection(side, local={"id": f"second-{side}.test"}, remote={"id": f"second-{other}.test"},
                            remote_addrs="%any" if side == "right" else Network.OUTER["right", 4],
                            children={"net": None, "net1": child(side, local_ts=f"{Network.INNER[side][0]}.1.0/24", remote_ts=f"{Network.INNER[other][0]}.1.0/24")})
        secrets = {f"ike-{name}": {"secret": '"interop-psk"', "id-1": f"{name}left.test", "id-2": f"{name}right.test"} for name in ("", "second-")}
        return config({"t": connection(side), "second": second}, secrets)

    def under_attack(self, attack, dut=()):
        """Tunnel, ping floods both ways, the attack, and then: no ping lost, the same SAs, memory bounded, a new peer comes up."""
        self.start(self.configuration("left"), self.configuration("right"), dut=dut)
        capture = self.capture("before", "right", expression="udp or esp")
        self.dut.up("net")
        self.assert_tunnel()
        before = [(sa["spi_i"], sa["spi_r"], sa["children"][0]["spi_in"]) for sa in self.dut.established()]
        floods = [self.flood(side, rate=200) for side in (self.dut, self.peer)]
        for flood in floods:
            flood.more(50)
        recorded = packets_of(capture.stop())
        memory = {key: self.dut.memory(key) for key in {AGENT[self.kind], GATEWAY[self.kind]}}
        with forged.Forger(self.net.middle) as forger:
            attack(forger, recorded)
            for flood in floods:
                flood.more(50)
        self.dut.alive()
        self.assertEqual([(sa["spi_i"], sa["spi_r"], sa["children"][0]["spi_in"]) for sa in self.dut.established() if sa["name"] == "t"], before)
        self.peer.up("net1", 40)
        wait(lambda: self.dut.children("net1"), 10, "the new peer's tunnel is up")
        for flood in floods:
            self.assert_no_loss(flood)
        self.assert_ping(network=1)
        self.assert_tunnel()
        for key, kib in memory.items():
            grown = self.dut.memory(key) - kib
            self.note(f"{key}: {kib} KiB before, {grown:+} KiB")
            self.assertLess(grown, 64 << 10)
        # And still rekeys.
        spi = self.dut.children("net")[0]["spi_in"]
        self.dut.rekey(child="net")
        wait(lambda: [c for c in self.dut.children("net") if c["spi_in"] != spi], 10, "the CHILD SA is rekeyed")
        self.assert_ping()

    def test_replay(self):
        """All that was on the wire again: in order, backwards, shuffled, cut, with bits turned."""
        rng = random.Random(1)

        def with_header(packet, data):
            """The datagram with other contents."""
            source, destination = (".".join(map(str, packet[i:i + 4])) for i in (12, 16))
            ports = [int.from_bytes(packet[i:i + 2], "big") for i in (20, 22)]
            return forged.udp4(source, destination, *ports, data)

        def attack(forger, recorded):
            recorded = [packet for packet in recorded if packet[9] == socket.IPPROTO_UDP][:300]
            self.assertGreater(len(recorded), 20)
            for _ in range(max(1, int(SCALE))):
                damaged = []
                for packet in recorded:
                    data = packet[28:]
                    damaged.append(with_header(packet, data[:rng.randrange(len(data) + 1)]))
                    turned = bytearray(data)
                    for _ in range(rng.randrange(1, 9)):
                        turned[rng.randrange(len(turned))] ^= 1 << rng.randrange(8)
                    damaged.append(with_header(packet, bytes(turned)))
                shuffled = rng.sample(recorded, len(recorded))
                for packet in (*recorded, *reversed(recorded), *shuffled, *damaged):
                    forger.packet(packet)
        self.under_attack(attack)

    def test_garbage(self):
        """Random bytes to ports 500 and 4500, from the peer's address and from strangers."""
        def attack(forger, _):
            for _ in range(int(2000 * SCALE)):
                for source in (Network.OUTER["left", 4], f"100.64.{forger.random.randrange(256)}.{forger.random.randrange(256)}"):
                    forger.garbage(source, Network.OUTER["right", 4], 1)
        self.under_attack(attack)

    def test_half_open_flood(self):
        """10,000 initiations from as many addresses. The side under test asks for cookies; a peer comes in during the flood."""
        def attack(forger, _):
            capture = self.capture("flood", "right", expression="udp port 500")
            thread = threading.Thread(target=forger.initiations, args=(Network.OUTER["right", 4], INITIATIONS, 2500))
            thread.start()
            self.peer.up("net1", 40)
            self.peer.down(ike="second")
            thread.join()
            capture.stop()
            source = Network.OUTER["right", 4]
            asked = len(wireshark.rows(capture.path, None, ["frame.number"], f"ip.src == {source} && isakmp.notify.msgtype == 16390"))
            answered = len(wireshark.rows(capture.path, None, ["frame.number"], f"ip.src == {source} && isakmp.exchangetype == 34"))
            self.note(f"{answered} answers to {INITIATIONS} initiations, {asked} of them cookies")
            self.assertGreater(asked, INITIATIONS // 20)
            self.assertLessEqual(answered - asked, 1100, "initiations that were taken without a cookie")
        self.net.middle.ip("route add blackhole 100.64.0.0/10")
        self.under_attack(attack)


if __name__ == "__main__":
    main()
