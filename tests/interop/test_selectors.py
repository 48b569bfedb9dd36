#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Traffic selectors: narrowing, several CHILD SAs, several selectors, IPv6 outside. test_selectors.py charon|espalier [TEST]"""
import traffic
from case import InteropTest, child, config, connection, main, wait


def one_child(side, **options):
    return config(connection(side, children={"net": options}))


class Narrowing(InteropTest):
    def selectors(self, side):
        sa, = side.children()
        return sa["local_ts"], sa["remote_ts"]

    def test_narrowing(self):
        """The initiator asks for more than the responder gives."""
        wide = {"left": {"local_ts": "10.1.0.0/16", "remote_ts": "10.2.0.0/16"}, "right": {"local_ts": "10.2.0.0/16", "remote_ts": "10.1.0.0/16"}}
        for initiator, responder in ((self.dut, self.peer), (self.peer, self.dut)):
            with self.case(initiator=initiator.name):
                initiator.configure(one_child(initiator.where, **wide[initiator.where]))
                responder.configure(one_child(responder.where))
                for side in (initiator, responder):
                    side.start()
                initiator.up("net")
                self.assertEqual(self.selectors(self.peer), (["10.1.0.0/24"], ["10.2.0.0/24"]))
                self.assertEqual(self.selectors(self.dut), (["10.2.0.0/24"], ["10.1.0.0/24"]))
                self.assert_tunnel()
                # Out of the selectors: not through this tunnel.
                flood = self.flood(network=1, patience=0.2)
                flood.stop()
                self.assertEqual(flood.received, 0)
                initiator.stop()
                responder.stop()

    def test_narrowing_to_range(self):
        """What both have is no prefix."""
        for initiator, responder in ((self.dut, self.peer), (self.peer, self.dut)):
            with self.case(initiator=initiator.name):
                mine, theirs = ("10.1", "10.2") if initiator is self.peer else ("10.2", "10.1")
                initiator.configure(one_child(initiator.where, local_ts=f"{mine}.0.0-{mine}.0.9", remote_ts=f"{theirs}.0.0/24"))
                responder.configure(one_child(responder.where, local_ts=f"{theirs}.0.0/24", remote_ts=f"{mine}.0.1-{mine}.0.200"))
                for side in (initiator, responder):
                    side.start()
                initiator.up("net")
                self.assertEqual(self.selectors(initiator)[0], [f"{mine}.0.1..{mine}.0.9"] if initiator.kind == "charon" else [f"{mine}.0.1-{mine}.0.9"])
                self.assert_tunnel()
                initiator.stop()
                responder.stop()

    def test_unacceptable(self):
        """Nothing in common."""
        self.start(right=one_child("right", local_ts="10.9.0.0/24"))
        for initiator, _ in self.roles():
            self.assert_refused(initiator)
            self.assertEqual((self.peer.children(), self.dut.children()), ([], []))
            for sa in initiator.established():
                initiator.down(ike=sa["name"])
            self.peer.wait_down()
            self.dut.wait_down()

    def test_trap_for_several(self):
        """A trap for three networks, of which the peer has one an SA: packets for each get their own, and the first of each waits for it."""
        if self.dut.kind == "charon":
            self.skipTest("kernel-libipsec has no ACQUIRE")
        networks = range(3)
        self.start(config(connection("left", children={"net": None, **{f"net{n}": child("left", local_ts=f"10.1.{n}.0/24") for n in networks}})),
                   one_child("right", remote_ts=[f"10.1.{n}.0/24" for n in networks], start_action="trap"))
        for network in (1, 2, 0):
            self.assertTrue(traffic.ping(self.dut.namespace, "10.2.0.1", f"10.1.{network}.1", count=1, timeout=3), f"network {network}: no answer")
            self.assertIn([f"10.1.{network}.0/24"], [sa["remote_ts"] for sa in self.dut.children()])
        wait(lambda: sorted(sa["name"] for sa in self.peer.children()) == ["net0", "net1", "net2"], 5, "one CHILD SA a network")
        self.assertEqual(self.net.clear_packets(), 0)

    def test_several_selectors(self):
        """Two networks a side in one CHILD SA."""
        two = {"left": {"local_ts": "10.1.0.0/24, 10.1.1.0/24", "remote_ts": "10.2.0.0/24, 10.2.1.0/24"},
               "right": {"local_ts": "10.2.0.0/24, 10.2.1.0/24", "remote_ts": "10.1.0.0/24, 10.1.1.0/24"}}
        self.start(one_child("left", **two["left"]), one_child("right", **two["right"]))
        for initiator, _ in self.roles():
            initiator.up("net")
            self.assertEqual(len(self.dut.children()[0]["local_ts"]), 2)
            for network in (0, 1):
                self.assert_tunnel(network=network)
            self.clear()

    def test_protocol(self):
        """A selector of one protocol: ICMP passes."""
        self.start(one_child("left", local_ts="10.1.0.0/24[icmp]", remote_ts="10.2.0.0/24[icmp]"),
                   one_child("right", local_ts="10.2.0.0/24[icmp]", remote_ts="10.1.0.0/24[icmp]"))
        for initiator, _ in self.roles():
            initiator.up("net")
            for side in (self.peer, self.dut):
                self.assertTrue(all("icmp" in ts or "[1" in ts for ts in sum(self.selectors(side), [])), self.selectors(side))
            self.assert_tunnel()
            self.clear()


class Children(InteropTest):
    def test_several(self):
        """Four CHILD SAs in one IKE SA, made by either end, used at once, rekeyed and deleted one by one."""
        def many(side):
            children = {"net": None, **{f"net{i}": child(side, local_ts=f"{self.net.INNER[side][0]}.{i}.0/24",
                                                        remote_ts=f"{self.net.INNER['right' if side == 'left' else 'left'][0]}.{i}.0/24") for i in range(4)}}
            return config(connection(side, children=children))
        self.start(many("left"), many("right"))
        for initiator, responder in self.roles():
            for i in range(4):
                (initiator if i % 2 == 0 else responder).up(f"net{i}")
            self.assertEqual((len(self.peer.established()), len(self.dut.established())), (1, 1))
            floods = [self.flood(network=i, rate=100) for i in range(4)]
            for flood in floods:
                flood.more(5)
            initiator.rekey(child="net1")
            responder.rekey(child="net2")
            for flood in floods:
                flood.more(30)
                self.assert_no_loss(flood)
            initiator.down(child="net3")
            self.assertEqual(sorted(c["name"] for c in self.dut.wait_up(3)), ["net0", "net1", "net2"])
            self.assert_tunnel("net0", 0)
            self.clear()

    def test_childless(self):
        """RFC 6023: the IKE SA first, its CHILD SA after."""
        force = {"childless": "force"}
        self.start(config(connection("left", **force)), config(connection("right", **force)))
        for initiator, _ in self.roles():
            initiator.up("net")
            self.assert_tunnel()
            self.clear()
        # Forced at one end, forbidden at the other: refused whoever begins.
        self.dut.configure(config(connection("right", childless="never")))
        self.dut.reload()
        for initiator, _ in self.roles():
            self.assert_refused(initiator)
            self.assertEqual((self.peer.children(), self.dut.children()), ([], []))

    def test_several_connections(self):
        """Two connections between the same ends, told apart by identity."""
        def two(side):
            other = "right" if side == "left" else "left"
            return config({name: connection(side, local={"id": f"{name}-{side}.test"}, remote={"id": f"{name}-{other}.test"},
                                            children={"net": None, f"net{i}": child(side, local_ts=f"{self.net.INNER[side][0]}.{i}.0/24",
                                                                                   remote_ts=f"{self.net.INNER[other][0]}.{i}.0/24")})
                           for i, name in enumerate(("one", "two"))},
                          {f"ike-{name}": {"secret": f'"secret of {name}"', "id-1": f"{name}-left.test", "id-2": f"{name}-right.test"} for name in ("one", "two")})
        self.start(two("left"), two("right"))
        for initiator, _ in self.roles():
            for i in (1, 0):
                initiator.up(f"net{i}")
                self.assert_tunnel(f"net{i}", i)
            self.assertEqual(sorted(sa["name"] for sa in self.dut.established()), ["one", "two"])
            for name in ("one", "two"):
                self.dut.down(ike=name)
            self.peer.wait_down()
            self.dut.wait_down()


class Outer6(InteropTest):
    def test_ipv6_outside(self):
        """The tunnel's ends have IPv6 addresses."""
        self.start(config(connection("left", 6)), config(connection("right", 6)))
        for initiator, _ in self.roles():
            initiator.up("net")
            self.assertIn("2001:db8:", self.dut.established()[0]["remote"])
            self.assert_tunnel()
            flood = self.flood()
            before = self.dut.children()[0]["spi_in"]
            initiator.rekey(child="net")
            self.wait_for_rekeying(before)
            flood.more()
            self.assert_no_loss(flood)
            self.clear()

    def wait_for_rekeying(self, spi):
        wait(lambda: [c for c in self.dut.children() if c["spi_in"] != spi], 10, "the CHILD SA is rekeyed")


if __name__ == "__main__":
    main()
