#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Nothing leaves in clear at any event: a flood from the gateway's host and through it, a router behind that counts every packet of the protected
networks, and things that happen: gateway and agent end, die and come back, with few and with thousands of policies; somebody deletes rules, routes,
addresses, the TUN device, the nftables table. Each event: 0.

First argument: software or sim, as in test_gw.py. Needs root. ESPALIER_TEST_SCALE above 1: 5000 traps instead of 1000.
"""
import json
import os
import re
import signal
import subprocess
import sys
import tempfile

import espalier
import sink
from gwnet import INNER, NETS, OUTER, inside, own_rules, run, wait_for  # noqa: F401 pylint: disable=unused-import
from test_gw_routes import FAR, LAN_HOST, Routed

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import as_root  # noqa: E402 pylint: disable=wrong-import-position

AGENT, COMMAND = (os.path.join(espalier.BUILD, "bin", name) for name in ("espalier-ike", "espalier"))
TRAPS = 1000 if espalier.SCALE <= 1 else 5000
COUNTER = """
table ip count {
    counter clear { }
    counter total { }
    chain passing {
        type filter hook prerouting priority -400
        ip saddr 10.1.0.0/24 counter name clear
        ip daddr 10.1.0.0/24 counter name clear
        counter name total
    }
}"""
FLOOD = """
import socket, sys, time
bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); bound.bind((sys.argv[1], 0))
count = 0
while True:
    for target in sys.argv[2:]:
        for s in (bound, socket.socket(socket.AF_INET, socket.SOCK_DGRAM)):
            try:
                s.sendto(b"secret", (target, 9))
            except OSError:
                pass
            if s is not bound:
                s.close()
    count += 1
    if count == 20:
        print("flooding", flush=True)
    time.sleep(0.0005)
"""


class Clear(Routed):
    def setUp(self):
        super().setUp()
        run("ip", "netns", "exec", self.net.r, "nft", COUNTER)
        self.addCleanup(run, "ip", "netns", "exec", self.net.r, "nft", "delete", "table", "ip", "count")

    def count(self, name="clear"):
        listing = json.loads(run("ip", "netns", "exec", self.net.r, "nft", "-j", "list", "counter", "ip", "count", name))
        return [x["counter"]["packets"] for x in listing["nftables"] if "counter" in x][0]

    def flood(self, *targets):
        """From the gateway's host, by sockets that are bound and that are not, and from the host behind it."""
        for namespace, source in ((self.net.a, INNER[0]), (self.hosts["lan"], LAN_HOST)):
            process = subprocess.Popen(["ip", "netns", "exec", namespace, "/usr/bin/python3", "-c", FLOOD, source, *targets], stdout=subprocess.PIPE, text=True)
            self.addCleanup(process.stdout.close)
            self.addCleanup(process.wait)
            self.addCleanup(process.kill)
            self.assertEqual(process.stdout.readline(), "flooding\n")

    def assert_none(self, what):
        self.assertEqual(self.count(), 0, f"in clear: {what}")


class Gateways(Clear):
    def test_counter(self):
        """The count itself: without a gateway the flood is in clear, and seen."""
        self.flood(INNER[1])
        wait_for(lambda: self.count() > 100, "packets in clear")

    def settled(self):
        """Packets go by the SA again."""
        before = self.tunnel_now.query(0, sink.OUT).packets
        wait_for(lambda: self.tunnel_now.query(0, sink.OUT).packets > before + 20, "protected packets")

    def up(self):
        self.tunnel_now = self.tunnel()
        self.flood(INNER[1])
        self.settled()

    def again(self):
        """Key management comes back to a gateway that knows nothing."""
        self.sinks[0].close()
        self.sinks[0] = sink.Sink(self.gateways[0].path)
        self.addCleanup(self.sinks[0].close)
        self.tunnel_now = self.tunnel(reqid=self.tunnel_now.reqid + 1)
        self.sinks[0].sweep()
        self.settled()

    def test_ends(self):
        """SIGTERM, kill, a new key management; no SA any more."""
        self.up()
        gateway = self.gateways[0]
        for end in (gateway.end, gateway.kill):
            end()
            self.assert_none("ended")
            gateway.start()
            self.assert_none("started again")
            self.again()
            self.assert_none("as before")
        self.sinks[0].close()
        wait_for(lambda: "its SAs are deleted" in gateway.log(), "the end of grace")
        self.again()
        self.sinks[0].policy_set(self.tunnel_now.reqid, *NETS)
        wait_for(lambda: self.gateways[0].drops().get("no_sa", 0) > 20, "blocked packets")
        self.assert_none("without an SA")

    def meddle(self, things):
        """What ip does to the gateway's things."""
        a, state = self.net.a, self.state()
        for thing in things:
            with self.subTest(thing=thing):
                run("ip", "-n", a, *thing)
                if thing[0] != "addr":
                    wait_for(lambda: self.state() == state, f"everything as it was: {' '.join(thing)}")
                self.settled()
                self.assert_none(" ".join(thing))

    def test_others_meddle(self):
        """Rules, routes, addresses, the TUN device and nftables, by ip and nft: put back, and no packet went past meanwhile."""
        self.up()
        a = self.net.a
        rules = [line.split(":") for line in own_rules(a)]
        tables = sorted({rest.split("lookup")[1].split()[0] for _, rest in rules} - {"main"})
        address = [INNER[0] + "/24", "dev", "lan"]
        things = [("rule", "del", "pref", pref) for pref, _ in rules] + [("route", "flush", "table", table) for table in tables] + [
            ("link", "set", "esp0", "down"), ("link", "del", "esp0"), ("link", "set", "esp0", "mtu", "600"), ("addr", "add", "10.1.0.9/24", "dev", "lo")]
        state = self.state()
        self.meddle(things)
        run("ip", "-n", a, "addr", "del", *address)
        run("ip", "-n", a, "addr", "del", "10.1.0.9/24", "dev", "lo")
        self.assert_none("without addresses")
        run("ip", "-n", a, "addr", "add", *address)
        wait_for(lambda: self.state() == state, "the address again")
        self.settled()
        run("ip", "netns", "exec", a, "nft", "flush", "ruleset")
        wait_for(lambda: "fib saddr" in run("ip", "netns", "exec", a, "nft", "list", "ruleset"), "the filter")
        self.assertRegex(self.gateways[0].log(), "put back")
        self.assert_none("everything")
        cpu = self.gateways[0].cpu_seconds
        self.assertEqual(self.state(), state)
        self.note(f"{cpu():.2f} s of CPU")

    def test_groups(self):
        """More local networks than have rules of their own at the top: this one's stand in a group (docs/gateway.md). Each rule of the way there deleted by
        somebody, a gateway that dies, and one that has to know the groups it finds."""
        for i in range(64):
            self.sinks[0].policy_set(100 + i, f"10.60.{i}.0/24", "10.61.0.0/24")
        self.up()
        ways = [line for line in own_rules(self.net.a) if "10.60." not in line]
        self.assertEqual(len([line for line in ways if "goto" in line]), 6)
        self.assertEqual(len([line for line in ways if "from 10.1.0.0/16 goto" in line]), 2)
        self.meddle([("rule", "del", "pref", pref) for pref in sorted({line.split(":")[0] for line in ways} - {"4301"})])
        state = self.state()
        self.gateways[0].kill()
        self.assert_none("without a gateway")
        self.gateways[0].start()
        self.assert_none("with the next one")
        self.again()  # and the others' policies are swept
        rules, routes, link = self.state()
        self.assertEqual([line for line in rules.splitlines() if "proto 43" in line], ways)
        self.assertEqual(link, state[2])
        self.assertTrue(any("10.2.0.0/24" in table for table in routes))
        self.assert_none("as before")
        self.sinks[0].flush()
        self.assertEqual([line for line in own_rules(self.net.a) if "goto" in line or "nop" in line], [])

    def state(self):
        a = self.net.a
        rules = run("ip", "-n", a, "rule")
        tables = sorted({line.split("lookup")[1].split()[0] for line in rules.splitlines() if "proto 43" in line and "lookup" in line} - {"main"})
        routes = [run("ip", "-n", a, "route", "show", "table", table, check=False) for table in tables]
        return rules, routes, re.sub(r"^\d+: ", "", run("ip", "-n", a, "-o", "link", "show", "esp0", check=False))


CONNECTION = """
    c{i} {{
        local_addrs = {local}
        remote_addrs = {remote}
        local {{ auth = psk
                 id = a.test }}
        remote {{ auth = psk
                  id = c{i}.test }}
        children {{ net {{ local_ts = 10.1.0.0/24
                           remote_ts = {net}
                           start_action = {action} }} }}
    }}"""


SHUNTS = """
connections { local { remote_addrs = 127.0.0.1
    children { printers { mode = pass
                          local_ts = 10.1.0.0/24
                          remote_ts = 10.2.9.0/24
                          start_action = trap }
               rest { mode = drop
                      local_ts = 10.1.0.0/24
                      remote_ts = 0.0.0.0/0
                      start_action = trap } } } }
"""


class Agents(Clear):
    """The agent dies and comes back under the flood; nobody answers it."""

    def setUp(self):
        super().setUp()
        self.sinks[0].close()
        os.chmod(self.gateways[0].directory.name, 0o755)
        self.gateways[0].arguments += ("--sink-user", "nobody")
        self.directory = tempfile.TemporaryDirectory(prefix="espalier-clear-")
        self.addCleanup(self.directory.cleanup)
        self.control = os.path.join(self.directory.name, "ike.sock")
        self.process = None
        self.addCleanup(self.stop)

    def configure(self, count, action="trap"):
        nets = [f"10.{2 + i // 250}.{i % 250}.0/24" for i in range(count)]
        connections = "".join(CONNECTION.format(i=i, local=OUTER[4][0], remote=OUTER[4][1], net=net, action=action) for i, net in enumerate(nets))
        with open(os.path.join(self.directory.name, "swanctl.conf"), "w", encoding="ascii") as file:
            file.write("connections {" + connections + "\n}\nsecrets { ike-x { secret = \"only a test\" } }\n")
        return [net.replace(".0/24", ".1") for net in (nets[0], nets[count // 2], nets[-1])]

    def start(self):
        log_path = os.path.join(self.directory.name, "log")
        with open(log_path, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(["ip", "netns", "exec", self.net.a, AGENT, "--config", os.path.join(self.directory.name, "swanctl.conf"), "--sink",
                                             self.gateways[0].path, "--control", self.control, "--user", "nobody", "--log", "error"], stdout=subprocess.PIPE, stderr=log, text=True)
        if self.process.stdout.readline() != "ready\n":
            with open(log_path, encoding="utf-8") as log:
                raise AssertionError(f"espalier-ike does not start: {log.read()[-2000:]}")

    def stop(self, how=signal.SIGTERM):
        if self.process:
            self.process.send_signal(how)
            self.process.wait()
            self.process.stdout.close()
        self.process = None

    def policies(self):
        return len(run("ip", "-n", self.net.a, "route", "show", "table", "4304").splitlines())

    def check(self, count, action="trap"):
        targets = self.configure(count, action)
        self.start()
        self.flood(*targets)
        self.assertEqual(self.policies(), count)
        for how in (signal.SIGKILL, signal.SIGTERM):
            self.stop(how)
            self.assert_none("without an agent")
            self.start()
            self.assertEqual(self.policies(), count)
            self.assert_none("with the next agent")
        self.gateways[0].kill()
        self.assert_none("without a gateway")
        self.gateways[0].start()
        wait_for(lambda: self.gateways[0].drops().get("hold_expired"), "policies in the new gateway", 60)
        self.assert_none("with the next gateway")
        self.stop()
        self.gateways[0].end()
        self.assert_none("without both")
        self.gateways[0].start()
        self.start()
        self.assert_none("with both")
        self.assertGreater(self.count("total"), 0)
        # One that is not wanted any more goes, the others stay.
        self.configure(count - 1 if count > 1 else 1, action)
        self.stop(signal.SIGKILL)
        self.start()
        self.assertEqual(self.policies(), max(count - 1, 1))

    def test_one(self):
        self.check(1)

    def test_one_that_starts(self):
        """start_action = start is blocked like a trap while it is not up."""
        self.check(1, "start")

    def test_shunts(self):
        """mode = pass and drop, from a file: a network in clear through the agent's death and the gateway's, the rest of the world nowhere."""
        self.configure(1)
        with open(os.path.join(self.directory.name, "swanctl.conf"), "a", encoding="ascii") as file:
            file.write(SHUNTS)
        self.start()
        run("ip", "-n", self.net.r, "route", "add", FAR, "via", OUTER[4][1])
        self.addCleanup(run, "ip", "-n", self.net.r, "route", "del", FAR)
        lan = self.hosts["lan"]
        for step in (lambda: None, lambda: self.stop(signal.SIGKILL), self.gateways[0].kill, self.gateways[0].start, self.start):
            step()
            wait_for(lambda: self.reaches(lan, "10.2.9.1"), "what passes")
            self.assertTrue(self.fails(lan, FAR))
            self.assertTrue(self.reaches(lan, INNER[0]))

    def test_many(self):
        self.check(TRAPS)


if __name__ == "__main__":
    as_root.become_root()
    espalier.main()
