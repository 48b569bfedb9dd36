#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Nothing in clear while configurations follow each other at random, under a flood, with daemons that die meanwhile.

    reloads.py [--seed 4] [--seconds 120]

An agent and its gateway (software reference, or $ESPALIER_TEST_DEVICE) protect everything between 10.2.0.0/22 and 10.1.0.0/22, and a router counts what leaves them between these
networks in clear. Each configuration divides the networks among CHILD SAs in another way: other names for the same selectors, other selectors for the same names, numbers of their own (reqid) or
not, traps and starts, priorities, one connection or two, exceptions that pass in clear beside the flood. The peer gives a part of it at times. Events follow each other after 0 to 1 s: reloads,
`up`, `down` and `rekey`, agent, gateway or both killed or ended and started with another configuration, the peer's reload, deletion, death. The seed, which is printed, decides what
happens; when packets come to it the machine decides, so a run is not exactly another's.

Needs root. Prints one line for each event after which a packet was in clear, and ends with `N passed, N failed`: one for each event, the counter itself, and the tunnel at the end.
"""
import argparse
import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
for folder in ("interop", "lib"):
    sys.path.insert(0, os.path.join(HERE, "../..", folder))
# pylint: disable=wrong-import-position
import as_root  # noqa: E402
import traffic  # noqa: E402
from case import IDS, IKE, Network, config, merge, psk_secrets  # noqa: E402
from espalier_side import Espalier  # noqa: E402
from net import Failed, wait  # noqa: E402

TARGETS = [f"10.1.{i}.1" for i in range(4)]
SOURCES = [f"10.2.{i}.1" for i in range(4)]
# Each the whole network in parts, one for a CHILD SA.
PARTS = (("{n}.0.0/22",), ("{n}.0.0/23", "{n}.2.0/23"), ("{n}.0.0/24, {n}.3.0/24", "{n}.1.0-{n}.2.255"), ("{n}.0.0/24", "{n}.1.0/24", "{n}.2.0/24", "{n}.3.0/24"),
         ("{n}.0.0/25", "{n}.0.128/25, {n}.1.0/24", "{n}.2.0/23"))
ACTIONS = ("trap", "trap", "start", "trap|start")
# What passes in clear or nowhere beside the flood, which is UDP.
SHUNTS = ({}, {"mode": "pass", "local_ts": "10.2.0.0/22", "remote_ts": "10.1.0.0/22[tcp/22]"}, {"mode": "pass", "local_ts": "10.2.0.0/22", "remote_ts": "10.1.2.77/32"},
          {"mode": "drop", "local_ts": "10.2.0.0/16", "remote_ts": "10.1.0.0/16"})
FLOOD = """
import contextlib, socket, sys, time
sources, targets = sys.argv[1].split(","), sys.argv[2].split(",")
bound = []
for source in sources:
    bound.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    bound[-1].bind((source, 0))
while True:
    for target in targets:
        for each in bound:
            with contextlib.suppress(OSError):
                each.sendto(b"secret", (target, 9))
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.sendto(b"secret", (target, 9))
    time.sleep(0.001)
"""
COUNTERS = """table ip flood {
    counter clear { }
    counter sealed { }
    chain passing {
        type filter hook prerouting priority -20
        iifname "right" ip saddr 10.0.0.0/8 counter name clear
        iifname "right" ip saddr != 10.0.0.0/8 ip daddr 10.0.0.0/8 counter name clear
        iifname "right" ip protocol esp counter name sealed
    }
}"""


def connection(side, children):
    other = "left" if side == "right" else "right"
    return {"local_addrs": Network.OUTER[side, 4], "remote_addrs": Network.OUTER[other, 4], "proposals": IKE, "unique": "never", "local": {"auth": "psk", "id": IDS[side]},
            "remote": {"auth": "psk", "id": IDS[other]}, "children": children}


def secured(connections):
    return config(connections, psk_secrets())


class Reloads:
    def __init__(self, seed, directory, sockets):
        self.random, self.net, self.failed, self.events, self.flooding = random.Random(seed), Network(), 0, 0, None
        self.peer, self.dut = (Espalier(name, self.net.ends[name], os.path.join(directory, name), sockets) for name in ("left", "right"))
        for side in (self.peer, self.dut):
            side.quiet = True
        self.net.middle.nft(COUNTERS)

    def count(self, name):
        return int(re.search(r"packets (\d+)", self.net.middle.run("nft", "list", "counter", "ip", "flood", name).stdout)[1])

    def flood(self):
        self.flooding = self.net.right.popen("/usr/bin/python3", "-c", FLOOD, ",".join(SOURCES), ",".join(TARGETS))

    # ---- configurations
    def children(self):
        """By name, with everything covered."""
        choose = self.random
        split_local = choose.random() < 0.3
        parts = choose.choice(PARTS)
        names, numbers = choose.sample("abcdef", len(parts)), choose.sample(range(1, 10), len(parts))
        children = {}
        for part, name, number in zip(parts, names, numbers):
            local, remote = ("{n}.0.0/22", part)[::-1 if split_local else 1]
            child = {"local_ts": local.format(n="10.2"), "remote_ts": remote.format(n="10.1"), "esp_proposals": "aes256gcm16", "start_action": choose.choice(ACTIONS)}
            if choose.random() < 0.4:
                child["reqid"] = number
            if choose.random() < 0.3:
                child["priority"] = choose.choice((100, 200, 300000))
            if choose.random() < 0.3:
                child["rekey_time"] = "2s"
            if choose.random() < 0.4:
                child["close_action"] = choose.choice(("trap", "start"))
            children[name] = child
        return children

    def configure(self):
        choose, children = self.random, self.children()
        first = set(choose.sample(sorted(children), choose.randrange(1, len(children) + 1)))
        names = choose.sample(("x", "y", "z"), 2)
        connections = {names[0]: connection("right", {name: child for name, child in children.items() if name in first})}
        if first != set(children):
            connections[names[1]] = connection("right", {name: child for name, child in children.items() if name not in first})
        shunt = choose.choice(SHUNTS)
        if shunt:
            connections["shunts"] = {"remote_addrs": "127.0.0.1", "children": {choose.choice("st"): merge(shunt, {"start_action": "trap"})}}
        self.dut.configure(secured(connections))

    def configure_peer(self):
        remote = self.random.choice(("10.2.0.0/22", "10.2.0.0/22", "10.2.0.0/23"))
        local = self.random.choice(("10.1.0.0/22", "10.1.0.0/22", "10.1.0.0/24", "10.1.1.0/24, 10.1.3.0/24"))
        self.peer.configure(secured({"p": connection("left", {"net": {"local_ts": local, "remote_ts": remote, "esp_proposals": "aes256gcm16"}})}))

    # ---- events
    def reload(self):
        self.configure()
        self.dut.reload()

    def reload_in_passing(self):
        """The next event does not wait for it. What is written over before it was read may be refused, which changes nothing."""
        self.configure()
        self.dut.processes["ike"].send_signal(signal.SIGHUP)

    def command(self):
        children = [(sa, child) for sa in self.dut.sas() for child in sa["children"]]
        if not children:
            return
        sa, child = self.random.choice(children)
        number = f"{{{child['id']}}}"
        self.dut.ike(*self.random.choice((("down", number), ("down", f"#{sa['id']}"), ("rekey", number), ("rekey", f"#{sa['id']}", "--ike"), ("rekey", f"#{sa['id']}", "--reauth"))),
                     check=False)

    def up(self):
        sas = self.dut.sas()
        name = self.random.choice([child["name"] for sa in sas for child in sa["children"]] or list("abcdef"))
        self.dut.ike("up", name, "--timeout", "1", check=False)

    def agent_dies(self):
        self.dut.end("ike", self.random.choice((signal.SIGKILL, signal.SIGTERM)))
        self.pause()
        self.configure()
        self.dut.start_agent()

    def gateway_dies(self):
        self.dut.end("gw", self.random.choice((signal.SIGKILL, signal.SIGTERM)))
        self.pause()
        self.dut.start_gateway()

    def both_die(self):
        self.dut.kill()
        self.pause()
        self.configure()
        self.dut.restart_killed()

    def peer_changes(self):
        self.configure_peer()
        self.peer.reload()

    def peer_deletes(self):
        for sa in self.peer.sas():
            self.peer.ike("down", f"#{sa['id']}", check=False)

    def peer_dies(self):
        self.peer.kill()
        self.pause()
        self.configure_peer()
        self.peer.restart_killed()

    EVENTS = (*(reload,) * 8, *(reload_in_passing,) * 6, *(command,) * 4, *(up,) * 2, *(agent_dies,) * 2, gateway_dies, both_die, *(peer_changes,) * 2, peer_deletes, peer_dies)

    def pause(self):
        time.sleep(self.random.choice((0, 0.02, 0.1, 0.3, 1)))

    # ---- a run
    def judge(self, what, good, found=""):
        self.events += 1
        if not good:
            self.failed += 1
            print(f"{what}: {found}", flush=True)

    def run(self, seconds):
        self.flood()
        with contextlib.suppress(Failed):
            wait(lambda: self.count("clear") > 10, 20, "the flood")
        self.judge("the counter", self.count("clear") > 10, "without a gateway the router saw nothing")
        self.flooding.kill()
        self.flooding.wait()
        self.configure_peer()
        self.configure()
        self.peer.start()
        self.dut.start()
        self.net.middle.run("nft", "reset", "counters", "table", "ip", "flood")
        self.flood()
        before, end = 0, time.monotonic() + seconds
        while time.monotonic() < end:
            event = self.random.choice(self.EVENTS)
            event(self)
            self.pause()
            self.dut.alive()
            self.peer.alive()
            clear = self.count("clear")
            self.judge(f"event {self.events}, {event.__name__}", clear == before, f"{clear - before} packets in clear")
            before = clear
        self.judge("packets in ESP", self.count("sealed") > 0, "none")
        self.still_works()
        self.judge("at the end", self.count("clear") == before, "packets in clear")

    def still_works(self):
        for side, local, remote in ((self.peer, "10.1", "10.2"), (self.dut, "10.2", "10.1")):
            side.configure(secured({"end": connection(side.name, {"end": {"local_ts": f"{local}.0.0/22", "remote_ts": f"{remote}.0.0/22", "esp_proposals": "aes256gcm16",
                                                                            "start_action": "trap" if side is self.dut else "none"}})}))
            side.reload()
        self.peer_deletes()
        for target in TARGETS:
            with contextlib.suppress(Failed):
                wait(lambda target=target: traffic.ping(self.net.right, SOURCES[0], target, count=1, timeout=1), 30, target)
                self.judge(target, True)
                continue
            self.judge(target, False, "no answer through the tunnel\n" + self.dut.ike("list").stdout)

    def close(self):
        if self.flooding:
            self.flooding.kill()
            self.flooding.wait()
        for side in (self.peer, self.dut):
            side.close()
        self.net.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=120)
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}, {arguments.seconds:g} s", flush=True)
    with tempfile.TemporaryDirectory(prefix="reloads-") as sockets:
        os.chmod(sockets, 0o755)
        directory = os.path.join(sockets, "files")
        os.mkdir(directory)
        reloads = Reloads(arguments.seed, directory, sockets)
        try:
            reloads.run(arguments.seconds)
            print(f"{reloads.events} events, {reloads.count('sealed')} packets in ESP, {reloads.count('clear')} in clear", flush=True)
            if reloads.failed:
                for side in (reloads.dut, reloads.peer):
                    print(side.tails())
        except (Failed, subprocess.SubprocessError) as error:
            print(f"{error}\n{reloads.dut.tails()}{reloads.peer.tails()}", flush=True)
            reloads.failed += 1
        finally:
            reloads.close()
    print(f"{reloads.events - reloads.failed} passed, {reloads.failed} failed", flush=True)
    return 1 if reloads.failed else 0


if __name__ == "__main__":
    as_root.become_root()
    sys.exit(main())
