#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Does anything that takes long stop the gateway's packets, or the agent's answers?

    stall.py [OUT_DIR] [--policies 8000] [--routes 1000000] [--sas 2000]

A gateway on the software reference, with a packet a millisecond that it sends on in clear (a policy of ports, so each one passes its loop), and an agent that is
asked something each 5 ms and answers (an IKE_SA_INIT that it must refuse). While this goes on: reloads by which thousands of traps come, stay and go, a start of the
agent with them, its restart, a gateway that restarts, FLUSH and SWEEP, a million routes that come and are shown, rules that are put back, and `espalier ike list` of
thousands of SAs. Prints the longest time between two packets, and the longest wait for an answer, in milliseconds, beside those of the same time at rest; one of them
alone where the other's daemon is not there all the time. Writes stall.json. Measured on this
machine, with whatever else runs on it. Needs root. Ends with `N passed, N failed`: one for each event after which both went on.
"""
import argparse
import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
for folder in ("system", "interop", "bench/ike", "lib"):
    sys.path.insert(0, os.path.join(HERE, "../..", folder))
import as_root  # noqa: E402  pylint: disable=wrong-import-position
import espalier  # noqa: E402  pylint: disable=wrong-import-position
import gwnet  # noqa: E402  pylint: disable=wrong-import-position
import sink  # noqa: E402  pylint: disable=wrong-import-position
import storm  # noqa: E402  pylint: disable=wrong-import-position
from gwnet import INNER, OUTER, run, wait_for  # noqa: E402  pylint: disable=wrong-import-position
from net import Network  # noqa: E402  pylint: disable=wrong-import-position

PORT, PERIOD, ASK_PERIOD = 7777, 0.001, 0.005
FAR, FAR_NET = "10.200.0.1", "10.200.0.0/24"
CLEAR = "172.16.2.1"  # whence the router of Network lets packets in clear pass
PASS = "pass {{ remote_addrs = 127.0.0.1\n children {{ pass {{ mode = pass\n start_action = trap\n local_ts = 10.1.0.0/24\n remote_ts = {net}[udp/{port}] }} }} }}\n"
ASK = "ask { proposals = aes256gcm16-prfsha256-x25519\n local { auth = psk }\n remote { auth = psk\n id = %any }\n children { net { local_ts = 10.1.0.1/32 } } }\n"
TRAP = "c{i} {{ remote_addrs = {remote}\n local_addrs = {local}\n local {{ auth = psk }}\n remote {{ auth = psk }}\n children {{ net {{ start_action = trap\n local_ts = 10.1.0.0/24\n remote_ts = {net} }} }} }}\n"


class Probe(threading.Thread):
    """Something that should come at once, all the time: the longest time that it did not, since the last call of longest()."""

    def __init__(self):
        super().__init__(daemon=True)
        self.worst, self.stopping, self.count = 0.0, False, 0
        self.last = time.monotonic()

    def came(self):
        now = time.monotonic()
        self.worst = max(self.worst, now - self.last)
        self.last, self.count = now, self.count + 1

    def longest(self):
        """In milliseconds; the time since the last one counts, too."""
        worst, self.worst = max(self.worst, time.monotonic() - self.last), 0.0
        return worst * 1000

    def goes_on(self, count):
        """More than so many have come."""
        end = time.monotonic() + gwnet.WAIT
        while self.count <= count and time.monotonic() < end:
            time.sleep(0.02)
        return self.count > count

    def end(self):
        self.stopping = True
        self.join()


class Packets(Probe):
    """A sender and this receiver. They are processes of their own for the kernel: namespaces belong to sockets."""

    name = "packets"

    def __init__(self, here, source, there):
        super().__init__()
        with gwnet.inside(here):
            self.out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.out.bind((source, 0))
        with gwnet.inside(there):
            self.back = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.back.bind((FAR, PORT))
            self.back.settimeout(0.2)
        self.sender = threading.Thread(target=self.send, daemon=True)
        self.sender.start()
        self.start()

    def send(self):
        while not self.stopping:
            with contextlib.suppress(OSError):
                self.out.sendto(b"probe", (FAR, PORT))
            time.sleep(PERIOD)

    def run(self):
        while not self.stopping:
            with contextlib.suppress(TimeoutError):
                self.back.recv(64)
                self.came()


class Answers(Probe):
    """IKE_SA_INIT with a key of another group than the proposal's, each with an SPI of its own: INVALID_KE_PAYLOAD comes back (RFC 7296, 1.3), or a cookie."""

    name = "answers"

    def __init__(self, namespace, address):
        super().__init__()
        self.address = (address, 500)
        with gwnet.inside(namespace):
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(0.2)
        self.start()

    @staticmethod
    def request():
        transforms = struct.pack("!BxHBxHHH", 3, 12, 1, 20, 0x800E, 256) + struct.pack("!BxHBxH", 3, 8, 2, 5) + struct.pack("!BxHBxH", 0, 8, 4, 31)
        proposal = struct.pack("!BxHBBBB", 0, 8 + len(transforms), 1, 1, 0, 3) + transforms
        payloads = [(33, proposal), (34, struct.pack("!HH", 19, 0) + os.urandom(64)), (40, os.urandom(32))]
        body = b"".join(struct.pack("!BxH", payloads[i + 1][0] if i + 1 < len(payloads) else 0, 4 + len(data)) + data for i, (_, data) in enumerate(payloads))
        return os.urandom(8) + bytes(8) + struct.pack("!BBBBII", 33, 0x20, 34, 8, 0, 28 + len(body)) + body

    def run(self):
        while not self.stopping:
            with contextlib.suppress(OSError):
                self.socket.sendto(self.request(), self.address)
                self.socket.recv(4096)
                self.came()
            time.sleep(ASK_PERIOD)


class Bench:
    def __init__(self):
        self.rows, self.probes, self.failed = [], [], 0

    @contextlib.contextmanager
    def event(self, what):
        """An event, beside as much time at rest behind it."""
        for probe in self.probes:
            probe.longest()
        begun = time.monotonic()
        yield
        seconds = time.monotonic() - begun
        gaps = {probe.name: round(probe.longest(), 1) for probe in self.probes}
        after = [probe.count for probe in self.probes]
        time.sleep(min(max(seconds, 1), 5))
        good = all(probe.goes_on(count) for probe, count in zip(self.probes, after))
        rest = {probe.name: round(probe.longest(), 1) for probe in self.probes}
        self.failed += not good
        self.rows.append({"what": what, "seconds": round(seconds, 2), "longest_ms": gaps, "at_rest_ms": rest})
        figures = " ".join(f"{each.get(name, '-'):>9}" for each in (gaps, rest) for name in ("packets", "answers"))
        print(f"{what:40} {seconds:8.2f} {figures}{'' if good else '  something came no more'}", flush=True)


def net_of(index):
    return f"10.{2 + index // 250}.{index % 250}.0/24"


class Agent:
    """espalier-ike beside the gateway: a policy that passes the probe's packets, and as many traps as it is told."""

    def __init__(self, namespace, gateway):
        self.namespace, self.gateway, self.process = namespace, gateway, None
        self.directory = tempfile.TemporaryDirectory(prefix="stall-")
        os.chmod(self.directory.name, 0o755)
        self.configure(0)

    def path(self, name):
        return os.path.join(self.directory.name, name)

    def configure(self, traps):
        with open(self.path("swanctl.conf"), "w", encoding="ascii") as file:
            connections = (TRAP.format(i=i, local=OUTER[4][0], remote=OUTER[4][1], net=net_of(i)) for i in range(traps))
            file.write("connections {\n" + PASS.format(net=FAR_NET, port=PORT) + ASK + "".join(connections) + "}\nsecrets { ike-x { secret = \"x\" } }\n")

    def start(self):
        with open(self.path("log"), "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(["ip", "netns", "exec", self.namespace, os.path.join(espalier.BUILD, "bin/espalier-ike"), "--config",
                                             self.path("swanctl.conf"), "--sink", self.gateway.path, "--control", self.path("ike.sock"), "--user",
                                             "nobody", "--log", "info"], stdout=subprocess.PIPE, stderr=log, text=True)
        if self.process.stdout.readline() != "ready\n":
            raise AssertionError("espalier-ike does not start")

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        self.process.wait()
        self.process.stdout.close()

    def command(self, *words):
        run(os.path.join(espalier.BUILD, "bin/espalier"), "ike", "--control", self.path("ike.sock"), *words, timeout=120)

    def logged(self, what):
        with open(self.path("log"), encoding="utf-8") as file:
            return file.read().count(what)


def reloads(bench, agent, count):
    """While the agent runs: its configuration grows, stays, meets an empty data plane, shrinks."""
    agent.configure(count)
    with bench.event(f"reload, {count} traps come"):
        agent.command("reload")
    with bench.event(f"reload, {count} traps stay"):
        agent.command("reload")
    packets, bench.probes = bench.probes, bench.probes[1:]  # no packet passes a gateway that is not there
    before = agent.logged("data plane: ")
    with bench.event(f"the gateway restarts, {count} traps"):
        agent.gateway.end()
        agent.gateway.start()
        wait_for(lambda: agent.logged("data plane: ") > before, "the agent at its data plane")
        agent.command("list")
    bench.probes = packets
    agent.configure(0)
    with bench.event(f"reload, {count} traps go"):
        agent.command("reload")


def policies(bench, agent, count):
    """Of the agent, then by the sink itself."""
    agent.configure(count)
    with bench.event(f"start with {count} traps"):
        agent.start()
    with bench.event("the agent killed and back"):
        agent.end(signal.SIGKILL)
        agent.start()
    agent.end()
    with sink.Sink(agent.gateway.path, timeout=120) as client:
        set_probe(client)
        with bench.event(f"SWEEP of {count} policies"):
            client.sweep()
        for i in range(count):
            client.policy_set(i + 2, "10.1.0.0/24", net_of(i), priority=9)
            client.sa_add(sink.OUT, 0x1000 + i, *OUTER[4], bytes(20), reqid=i + 2)
        with bench.event(f"FLUSH of {count} policies and SAs"):
            client.flush()
        set_probe(client)


def set_probe(client):
    client.policy_set(1, "10.1.0.0/24", (FAR_NET, 17, PORT, PORT), action=sink.BYPASS, priority=0)


def routes(bench, net, count):
    with tempfile.NamedTemporaryFile("w", prefix="stall-", encoding="ascii") as file:
        for i in range(count):
            file.write(f"route add {100 + (i >> 16)}.{i >> 8 & 255}.{i & 255}.1/32 via 192.0.2.254\n")
        file.flush()
        with bench.event(f"{count} routes added"):
            run("ip", "-n", net.a, "-batch", file.name, timeout=600)
    with bench.event("all routes shown"):
        subprocess.run(["ip", "-n", net.a, "route", "show", "table", "all"], stdout=subprocess.DEVNULL, check=True)
    with bench.event("a rule deleted and put back"):
        run("ip", "-n", net.a, "rule", "del", "pref", "6716")
        wait_for(lambda: "6716:" in run("ip", "-n", net.a, "rule"), "the rule")
    with bench.event("an address comes and goes"):
        for verb in ("add", "del"):
            run("ip", "-n", net.a, "addr", verb, "10.77.0.1/24", "dev", "lo")
    with bench.event("the TUN device deleted and put back"):
        run("ip", "-n", net.a, "link", "del", "esp0")
        wait_for(lambda: "esp0" in run("ip", "-n", net.a, "link"), "the device")


def listing(bench, count):
    """Two agents with so many SAs, as storm.py makes them."""
    with tempfile.TemporaryDirectory(prefix="stall-") as directory, tempfile.TemporaryDirectory(prefix="stall-") as sockets:
        os.chmod(sockets, 0o755)
        net, sides = Network(), []
        try:
            passing = {"pass": {"remote_addrs": "127.0.0.1", "children": {"pass": {"mode": "pass", "start_action": "trap", "local_ts": f"{CLEAR}/32",
                                                                                   "remote_ts": f"{FAR_NET}[udp/{PORT}]"}}}}
            net.middle.ip(f"addr add {FAR}/32 dev lo")
            net.right.ip(f"addr add {CLEAR}/32 dev lo")
            left, right = sides = storm.connect(net, count, directory, sockets, passing)
            right.start()
            left.start_gateway()
            begun = time.monotonic()
            left.start_agent()
            storm.until_up(sides, count, begun, 600)
            bench.probes = [Packets(net.right.name, CLEAR, net.middle.name), Answers(net.middle.name, Network.OUTER["right", 4])]
            wait_for(lambda: all(probe.count > 10 for probe in bench.probes), "packets and answers")
            with tempfile.TemporaryFile() as file:
                with bench.event(f"list of {count} SAs"):  # to a file: what this process would do with it holds up the probe
                    subprocess.run([os.path.join(espalier.BUILD, "bin/espalier"), "ike", "--control", right.control, "list", "--json"], stdout=file, check=True)
                file.seek(0)
                found = json.load(file)["ike_sas"]
            if len(found) < count:
                raise AssertionError(f"{len(found)} of {count} SAs are listed")
            for probe in bench.probes:
                probe.end()
        finally:
            for side in sides:
                side.close()
            net.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", nargs="?", default=os.path.join(espalier.BUILD, "bench"))
    parser.add_argument("--policies", type=int, default=8000)
    parser.add_argument("--routes", type=int, default=1000000)
    parser.add_argument("--sas", type=int, default=2000)
    arguments = parser.parse_args()
    bench = Bench()
    print(f"{'':40} {'':8} {'longest, ms':>19} {'at rest, ms':>19}\n{'':40} {'seconds':>8}" + f" {'packets':>9} {'answers':>9}" * 2)
    if arguments.policies or arguments.routes:
        net = gwnet.Net()
        try:
            run("ip", "-n", net.r, "addr", "add", f"{FAR}/32", "dev", "lo")
            gateway = gwnet.Gateway(net.a, "software:65535", "--sink-user", "nobody")
            os.chmod(gateway.directory.name, 0o755)
            agent = Agent(net.a, gateway)
            agent.start()
            packets, answers = Packets(net.a, INNER[0], net.r), Answers(net.r, OUTER[4][0])
            wait_for(lambda: packets.count > 100 and answers.count > 10, "packets and answers")
            bench.probes = [packets, answers]
            reloads(bench, agent, arguments.policies)
            agent.end()
            bench.probes = [packets]
            policies(bench, agent, arguments.policies)
            agent.configure(0)
            agent.start()
            bench.probes = [packets, answers]
            if not all(probe.goes_on(probe.count) for probe in bench.probes):
                raise AssertionError("the agent is back, but does not answer")
            routes(bench, net, arguments.routes)
            for probe in bench.probes:
                probe.end()
            agent.end()
            gateway.close()
        finally:
            net.close()
    if arguments.sas:
        listing(bench, arguments.sas)
    os.makedirs(arguments.out, exist_ok=True)
    with open(os.path.join(arguments.out, "stall.json"), "w", encoding="ascii") as file:
        file.write("[\n" + ",\n".join(map(json.dumps, bench.rows)) + "\n]\n")
    print(f"{len(bench.rows) - bench.failed} passed, {bench.failed} failed")
    return 1 if bench.failed or not bench.rows else 0


if __name__ == "__main__":
    as_root.become_root()
    sys.exit(main())
