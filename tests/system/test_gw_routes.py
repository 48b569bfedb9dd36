#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Which packets the gateway takes and which it leaves alone: hosts behind it, networks of its own inside the peer's, policies that pass in clear,
packets that come in clear though they must not.

First argument: software or sim, as in test_gw.py, whose gateways these are. Needs root.
"""
import os
import socket
import sys

from scapy.layers.inet import IP, UDP
from scapy.packet import raw

import espalier
import sink
from gwnet import INNER, NETS, OUTER, WAIT, Tunnel, inside, own_rules, run, wait_for
from test_gw import GatewayTest

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import as_root  # noqa: E402 pylint: disable=wrong-import-position

LAN_HOST, ADMIN_HOST, FAR = "10.1.0.5", "172.16.0.5", "203.0.113.9"
HUB = (("10.1.0.0/24", "10.0.0.0/8"), ("10.0.0.0/8", "10.1.0.0/24"))
EVERYTHING = (("10.1.0.0/24", "0.0.0.0/0"), ("0.0.0.0/0", "10.1.0.0/24"))


class Routed(GatewayTest):
    """A has a LAN with a host, and another network with an administrator's; B has an address far away."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        net = cls.net
        cls.hosts = {}
        run("ip", "-n", net.a, "addr", "del", INNER[0] + "/24", "dev", "lo")
        for name, host, ours in (("lan", LAN_HOST, INNER[0]), ("adm", ADMIN_HOST, "172.16.0.1")):
            cls.hosts[name] = namespace = net.prefix + name
            run("ip", "netns", "add", namespace)
            run("ip", "-n", namespace, "link", "set", "lo", "up")
            run("ip", "link", "add", "eth0", "netns", namespace, "type", "veth", "peer", "name", name, "netns", net.a)
            for where, device, address in ((namespace, "eth0", host), (net.a, name, ours)):
                run("ip", "-n", where, "addr", "add", address + "/24", "dev", device)
                run("ip", "-n", where, "link", "set", device, "up")
            run("ip", "-n", namespace, "route", "add", "default", "via", ours)
        for namespace in (net.a, net.b):
            run("ip", "netns", "exec", namespace, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0",
                "net.ipv4.conf.eth0.rp_filter=0", "net.ipv4.conf.all.send_redirects=0")
        run("ip", "-n", net.b, "addr", "add", FAR + "/32", "dev", "lo")
        run("ip", "-n", net.r, "route", "add", "10.1.0.0/24", "via", OUTER[4][0])
        run("ip", "-n", net.r, "addr", "add", "10.2.9.1/24", "dev", "lo")

    @classmethod
    def tearDownClass(cls):
        for namespace in cls.hosts.values():
            run("ip", "netns", "del", namespace, check=False)
        super().tearDownClass()

    def asymmetric(self, selectors):
        """SAs and policies whose two ends do not mirror each other."""
        tunnel = Tunnel(self.net, self.sinks)
        for i, s in enumerate(self.sinks):
            s.policy_set(1, *selectors[i], tunnel.spis[1 - i], OUTER[4][1 - i], priority=9)
        return tunnel

    def reaches(self, namespace, target, source=None, count=2):
        source = ("-I", source) if source else ()
        return f"{count} received" in run("ip", "netns", "exec", namespace, "ping", "-c", count, "-i", "0.05", "-W", 2, *source, target, check=False)

    def fails(self, namespace, target, *arguments):
        return " 0 received" in run("ip", "netns", "exec", namespace, "ping", "-c", 2, "-i", "0.05", "-W", 1, *arguments, target, check=False)

    def rules(self):
        """What is there of policies: rules by addresses, and routes."""
        rules = [line for line in run("ip", "-n", self.net.a, "rule").splitlines() if line.split(":")[0] in ("4301", "5507", "6713", "6714")]
        tables = ("4303", "4304", *{line.split("lookup")[1].split()[0] for line in rules if "4303000" in line})
        return rules, [run("ip", "-n", self.net.a, "route", "show", "table", table, check=False) for table in tables]

    def assert_own_networks(self):
        """Everybody around A still reaches it, and it them."""
        a, lan, admin = self.net.a, self.hosts["lan"], self.hosts["adm"]
        for namespace, target, source in ((lan, INNER[0], None), (a, LAN_HOST, None), (a, LAN_HOST, INNER[0]), (admin, "172.16.0.1", None),
                                          (a, ADMIN_HOST, "172.16.0.1"), (self.net.r, OUTER[4][0], None), (a, "192.0.2.254", OUTER[4][0])):
            self.assertTrue(self.reaches(namespace, target, source), (namespace, target, source))


class OwnNetworks(Routed):
    def test_hub_and_spoke(self):
        """10.0.0.0/8 is the hub's, 10.1.0.0/24 within it our own."""
        tunnel = self.asymmetric(HUB)
        self.assert_own_networks()
        self.assertEqual(tunnel.query(0, sink.OUT).packets, 0)
        self.assertTrue(self.reaches(self.hosts["lan"], INNER[1]))
        self.assertTrue(self.reaches(self.net.b, LAN_HOST, INNER[1]))
        self.assertTrue(self.reaches(self.net.a, INNER[1]))
        self.assertEqual(tunnel.query(0, sink.OUT).packets, 6)
        self.assert_no_clear()

    def test_everything_else(self):
        """All traffic of the LAN goes to the peer, but what stays in the LAN."""
        tunnel = self.asymmetric(EVERYTHING)
        self.assert_own_networks()
        self.assertEqual(tunnel.query(0, sink.OUT).packets, 0)
        self.assertTrue(self.reaches(self.hosts["lan"], FAR))
        self.assertEqual(tunnel.query(0, sink.OUT).packets, 2)
        self.assert_no_clear()

    def test_part_of_local_network(self):
        """Addresses of the local selector that no route but the default one leads to are the peer's: they never leave in clear."""
        s = self.sinks[0]
        s.policy_set(1, "10.1.0.0/16", "10.0.0.0/8")
        self.assertTrue(self.reaches(self.hosts["lan"], INNER[0]))
        self.assertTrue(self.fails(self.hosts["lan"], "10.1.77.1"))
        self.assertEqual(s.event(kind="acquire").remote[0], "10.1.77.1")
        self.assertEqual([p for p in self.wire.packets() if p[0] >> 4 == 4 and "10.1." in IP(p).dst], [])

    def test_other_sources(self):
        """A network that no local selector has is none of the gateway's business, wherever its packets go."""
        self.sinks[0].policy_set(1, "10.1.0.0/24", "0.0.0.0/0")
        self.sinks[0].policy_set(2, "10.9.0.0/24", "172.16.0.0/12")
        run("ip", "-n", self.net.r, "route", "add", "172.16.0.0/24", "via", OUTER[4][0])
        self.addCleanup(run, "ip", "-n", self.net.r, "route", "del", "172.16.0.0/24")
        self.assertTrue(self.reaches(self.hosts["adm"], OUTER[4][1]) or self.reaches(self.hosts["adm"], "192.0.2.254"))
        self.assert_own_networks()

    def test_nothing_is_left(self):
        """Policies of many shapes come, change and go: rules and routes with the last of them."""
        s = self.sinks[0]
        before = self.rules()
        shapes = (("10.1.0.0/24", "10.0.0.0/8"), ("10.1.0.0/24", "0.0.0.0/0"), ("0.0.0.0/0", "0.0.0.0/0"), ("10.1.0.3-10.1.0.77", "10.1.0.0-10.9.1.2"),
                  ("10.1.0.0/24", "10.1.0.0/24"), (["10.1.0.0/24", "10.1.1.0/24"], ["10.0.0.0/8", "10.1.0.0/25"]), ("10.1.0.0/24", ("10.0.0.0/8", 6, 80, 80)))
        for round_number in range(3):
            for i in range(40):
                local, remote = self.rng.choice(shapes)
                s.policy_set(self.rng.randrange(1, 9), local, remote, action=self.rng.choice((sink.PROTECT, sink.DISCARD, sink.BYPASS)),
                             priority=self.rng.randrange(3))
            for reqid in range(1, 9):
                try:
                    s.policy_delete(reqid)
                except sink.SinkError:
                    pass  # none by this reqid
            self.assertEqual(self.rules(), before, round_number)


class Passed(Routed):
    """BYPASS, as shunts of the agent are: mode = pass."""

    def test_network(self):
        """A network inside the remote selector, in clear both ways, past the gateway; and still so when the gateway is gone."""
        tunnel = self.asymmetric(HUB)
        self.assertTrue(self.fails(self.hosts["lan"], "10.2.9.1"))
        self.sinks[0].policy_set(2, "10.1.0.0/24", "10.2.9.0/24", action=sink.BYPASS, priority=1)
        sent = tunnel.query(0, sink.OUT).packets
        run("ip", "-n", self.net.r, "route", "add", "10.2.0.0/24", "via", OUTER[4][1])
        self.addCleanup(run, "ip", "-n", self.net.r, "route", "del", "10.2.0.0/24")
        wait_for(lambda: self.reaches(self.hosts["lan"], "10.2.9.1"), "the network in clear")
        self.assertTrue(self.reaches(self.net.r, LAN_HOST, "10.2.9.1"))
        self.assertEqual((tunnel.query(0, sink.OUT).packets, self.gateways[0].stats()["bypassed"]), (sent, 0))
        self.assertTrue(self.reaches(self.hosts["lan"], INNER[1]))
        self.gateways[0].kill()
        self.assertTrue(self.reaches(self.hosts["lan"], "10.2.9.1"))
        self.assertTrue(self.fails(self.hosts["lan"], INNER[1]))
        self.gateways[0].start()
        self.assertTrue(self.reaches(self.hosts["lan"], "10.2.9.1"))
        self.assert_no_clear()

    def test_order(self):
        """A narrower or equal policy that is asked first protects; one that is asked later does not."""
        s = self.sinks[0]
        s.policy_set(2, "10.1.0.0/24", "10.2.9.0/24", action=sink.BYPASS, priority=5)
        self.assertTrue(self.reaches(self.hosts["lan"], "10.2.9.1"))
        for remote in ("10.2.9.1/32", "10.2.9.0/24", "10.0.0.0/8"):
            with self.subTest(remote=remote):
                s.policy_set(1, "10.1.0.0/24", remote, action=sink.DISCARD, priority=4)
                self.assertTrue(self.fails(self.hosts["lan"], "10.2.9.1"))
                s.policy_set(1, "10.1.0.0/24", remote, action=sink.DISCARD, priority=6)
                wait_for(lambda: self.reaches(self.hosts["lan"], "10.2.9.1"), "the other order")

    def test_ports(self):
        """One port in clear, within what is protected, both ways; other ports are not."""
        tunnel = self.asymmetric(HUB)
        self.sinks[0].policy_set(2, "10.1.0.0/24", ("10.2.9.0/24", 17, 53, 53), action=sink.BYPASS, priority=1)
        client, server = self._socket(self.hosts["lan"], socket.SOCK_DGRAM), self._socket(self.net.r, socket.SOCK_DGRAM)
        other = self._socket(self.net.r, socket.SOCK_DGRAM)
        server.bind(("10.2.9.1", 53))
        other.bind(("10.2.9.1", 54))

        def answered():
            client.sendto(b"question", ("10.2.9.1", 53))
            question, where = server.recvfrom(100)
            for s in (other, server):
                s.sendto(b"answer from " + str(s.getsockname()[1]).encode(), where)
            client.settimeout(1)
            try:
                return client.recv(100)
            except TimeoutError:
                return None

        self.assertEqual(wait_for(answered, "an answer"), b"answer from 53")
        self.assertEqual(tunnel.query(0, sink.OUT).packets, 0)
        client.sendto(b"to another port", ("10.2.9.1", 54))
        wait_for(lambda: tunnel.query(0, sink.OUT).packets == 1, "the protected packet")


class Fragments(Routed):
    """Datagrams larger than a packet, where policies ask for ports: fragments behind the first have none (RFC 4301, 7)."""

    def exchange(self, port, length):
        client, server = self._socket(self.hosts["lan"], socket.SOCK_DGRAM), self._socket(self.net.b, socket.SOCK_DGRAM)
        for s in (client, server):
            s.setsockopt(socket.IPPROTO_IP, 10, 0)  # IP_PMTUDISC_DONT
        client.bind((LAN_HOST, 5000))
        server.bind((INNER[1], port))
        data = self.rng.randbytes(length)
        client.sendto(data, (INNER[1], port))
        got, where = server.recvfrom(65536)
        self.assertEqual(got, data)
        server.sendto(got[::-1], where)
        self.assertEqual(client.recv(65536), data[::-1])
        client.close()
        server.close()

    def test_ports(self):
        """Two tunnels by port between the same networks: each datagram goes whole by its own, in both directions."""
        nets = [((NETS[0], 17, 0, 65535), (NETS[1], 17, port, port)) for port in (7, 9)]
        tunnels = [Tunnel(self.net, self.sinks, reqid=1 + i) for i in range(2)]
        for tunnel, (local, remote) in zip(tunnels, nets):
            self.sinks[0].policy_set(tunnel.reqid, local, remote, tunnel.spis[1], OUTER[4][1])
            self.sinks[1].policy_set(tunnel.reqid, remote, local, tunnel.spis[0], OUTER[4][0])
        counts = [[0, 0], [0, 0]]
        for which, port in ((0, 7), (1, 9), (0, 7)):
            for length in (1000, 3000, 9000, 60000):
                self.exchange(port, length)
            for i, tunnel in enumerate(tunnels):
                now = [tunnel.query(side, sink.OUT).packets for side in (0, 1)]
                self.assertEqual([n > before for n, before in zip(now, counts[i])], [i == which] * 2)
                counts[i] = now
        self.assertEqual([gateway.stats()["dropped"] for gateway in self.gateways], [0, 0])
        self.assert_no_clear()

    def test_never_in_clear(self):
        """One port protected, the rest passes: a fragment whose first one nobody saw goes nowhere, though the rest would let it out."""
        self.sinks[0].policy_set(1, (NETS[0], 17, 0, 65535), (NETS[1], 17, 7, 7), priority=1)
        self.sinks[0].policy_set(2, NETS[0], NETS[1], action=sink.BYPASS, priority=2)
        later = raw(IP(src=LAN_HOST, dst=INNER[1], id=77, frag=10, proto=17) / (b"x" * 100))
        with inside(self.hosts["lan"]):
            sender = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self.addCleanup(sender.close)
        sender.sendto(later, (INNER[1], 0))
        wait_for(lambda: self.gateways[0].drops().get("fragment") == 1, "the drop")
        self.assert_no_clear()

    def test_inbound(self):
        """Of a peer: a fragment without its first one, and one of another policy's packet, do not come in."""
        remote = (NETS[0], 17, 7, 7)
        tunnel = Tunnel(self.net, self.sinks)
        self.sinks[1].policy_set(1, (NETS[1], 17, 9, 9), remote, tunnel.spis[0], OUTER[4][0])
        first = IP(src=LAN_HOST, dst=INNER[1], id=78, flags="MF", proto=17) / (bytes([0, 7, 0, 9, 0, 108, 0, 0]) + b"x" * 48)
        wrong = IP(src=LAN_HOST, dst=INNER[1], id=79, flags="MF", proto=17) / (bytes([0, 7, 0, 10, 0, 108, 0, 0]) + b"x" * 48)
        for number, (packet, good) in enumerate(((first, True), (wrong, False)), 1):
            later = IP(src=LAN_HOST, dst=INNER[1], id=packet.id, frag=7, proto=17) / (b"y" * 52)
            for place, (piece, fits) in enumerate(((later, False), (packet, good), (later, good))):
                before = tunnel.query(1, sink.IN)
                self.inject(tunnel.seal(0, piece, number * 10 + place))
                after = wait_for(lambda: (now := tunnel.query(1, sink.IN)) != before and now, "the fragment")  # noqa: B023
                self.assertEqual(after.packets - before.packets, int(fits), (number, place))


class InClear(Routed):
    """Packets from outside that say they come from the peer's network."""

    def setUp(self):
        super().setUp()
        self.listener = self._socket(self.net.a, socket.SOCK_DGRAM)
        self.listener.bind((INNER[0], 9))
        self.lan_listener = self._socket(self.hosts["lan"], socket.SOCK_DGRAM)
        self.lan_listener.bind((LAN_HOST, 9))

    def forge(self):
        """To the gateway, to the host behind it; then one that may pass, to know when both have had their chance."""
        for target in (INNER[0], LAN_HOST):
            self.inject(IP(src=INNER[1], dst=target) / UDP(sport=9, dport=9) / b"forged")
            self.inject(IP(src="192.0.2.254", dst=target) / UDP(sport=9, dport=9) / b"end")

    def heard(self):
        found = []
        for listener in (self.listener, self.lan_listener):
            while True:
                data = listener.recv(100)
                found.append(data)
                if data == b"end":
                    break
        return found

    def test_dropped(self):
        """With an SA, without, with the gateway killed, ended, and back: never in. Once it is released they come as on any host."""
        self.tunnel()
        gateway = self.gateways[0]
        steps = ((lambda: None, "up"), (lambda: self.sinks[0].policy_set(1, *NETS), "without an SA"), (gateway.kill, "killed"),
                 (gateway.start, "back"), (gateway.end, "ended"))
        for step, what in steps:
            step()
            self.forge()
            self.assertEqual(self.heard(), [b"end", b"end"], what)
        run("ip", "netns", "exec", self.net.a, gateway.program, "--release")
        self.assertNotIn("espalier", run("ip", "netns", "exec", self.net.a, "nft", "list", "ruleset"))
        self.assertEqual(own_rules(self.net.a), [])
        self.forge()
        self.assertEqual(sorted(self.heard()), [b"end", b"end", b"forged", b"forged"])
        gateway.start()

    def test_own_ends(self):
        """Where the tunnel's ends are themselves protected: ESP comes in, so do ICMP errors about it, and nothing else."""
        nets = (OUTER[4][0] + "/32", OUTER[4][1] + "/32")
        tunnel = self.tunnel(nets=nets)
        listener = self._socket(self.net.a, socket.SOCK_DGRAM)
        listener.bind((OUTER[4][0], 9))
        self.inject(IP(src=OUTER[4][1], dst=OUTER[4][0]) / UDP(sport=9, dport=9) / b"forged")
        inner = IP(src=OUTER[4][1], dst=OUTER[4][0]) / UDP(sport=9, dport=9) / b"sealed"
        self.inject(tunnel.seal(1, inner, 10))
        self.assertEqual(listener.recv(100), b"sealed")

    def test_broadcast(self):
        """Packets to many are nobody's tunnel: they come in, whatever is protected."""
        self.asymmetric(EVERYTHING)
        listener = self._socket(self.net.a, socket.SOCK_DGRAM)
        group = socket.inet_aton("224.0.0.77") + socket.inet_aton(OUTER[4][0])
        listener.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
        listener.bind(("", 10))
        with inside(self.net.r):
            sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.addCleanup(sender.close)
            sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("192.0.2.254"))
            sender.sendto(b"to all", ("224.0.0.77", 10))
        self.assertEqual(listener.recv(100), b"to all")


if __name__ == "__main__":
    as_root.become_root()
    espalier.main()
