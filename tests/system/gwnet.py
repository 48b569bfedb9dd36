# SPDX-License-Identifier: Apache-2.0
"""What the gateway's tests share: two gateways in network namespaces with a router between them, SAs by hand, eyes on the wire.

    A (10.1.0.1) 192.0.2.1 ---- 192.0.2.254 router 198.51.100.254 ---- 198.51.100.2 B (10.2.0.1), and IPv6 beside it
"""
import contextlib
import ctypes
import json
import os
import pwd
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from scapy.layers.inet import IP
from scapy.layers.inet6 import IPv6
from scapy.layers.ipsec import ESP, SecurityAssociation
from scapy.packet import raw

import sink
from espalier import BUILD

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import as_unit  # noqa: E402  pylint: disable=wrong-import-position

GATEWAY = os.path.abspath(os.path.join(BUILD, "bin/espalier-gw"))
OUTER = {4: ("192.0.2.1", "198.51.100.2"), 6: ("2001:db8:1::1", "2001:db8:2::2")}
INNER = ("10.1.0.1", "10.2.0.1")
NETS = ("10.1.0.0/24", "10.2.0.0/24")
NAT_PORT = 4500
GATEWAY_USER = next(user.pw_name for name in ("espalier-gw", "nobody") for user in pwd.getpwall() if user.pw_name == name)
WAIT = 20  # seconds for what must come, on any machine


def run(*command, check=True, timeout=120):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=timeout, check=False)
    if check and done.returncode:
        raise AssertionError(f"{' '.join(map(str, command))}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def give(*paths):
    """To the user that the gateway becomes: what it makes, replaces or opens again when it is not root any more."""
    for path in paths:
        shutil.chown(path, GATEWAY_USER)


def _setns(fd):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(fd, 0x40000000):
        raise OSError(ctypes.get_errno(), "setns")


@contextlib.contextmanager
def inside(namespace):
    """Sockets made here belong to the namespace."""
    here = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    try:
        _setns(there)
        yield
    finally:
        _setns(here)
        os.close(here)
        os.close(there)


def wait_for(condition, what, timeout=WAIT):
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {timeout} s")
        time.sleep(0.02)


def own_rules(namespace):
    """The gateway's routing rules as ip prints them."""
    return [line for line in run("ip", "-n", namespace, "rule").splitlines() if "proto 43" in line]


class Net:
    """Namespaces a, r, b; close() removes them."""

    def __init__(self):
        self.prefix = f"gw{os.getpid()}"
        self.a, self.r, self.b = (self.prefix + x for x in "arb")
        self.close()
        for name in (self.a, self.r, self.b):
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        run("ip", "netns", "exec", self.r, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        for side, ours, theirs, ours6, theirs6, inner in (("a", "192.0.2.1/24", "192.0.2.254", "2001:db8:1::1/64", "2001:db8:1::fe", INNER[0]),
                                                          ("b", "198.51.100.2/24", "198.51.100.254", "2001:db8:2::2/64", "2001:db8:2::fe", INNER[1])):
            name = self.prefix + side
            run("ip", "link", "add", "eth0", "netns", name, "type", "veth", "peer", "name", "to-" + side, "netns", self.r)
            for namespace, device, address, address6 in ((name, "eth0", ours, ours6), (self.r, "to-" + side, theirs + "/24", theirs6 + "/64")):
                run("ip", "-n", namespace, "addr", "add", address, "dev", device)
                run("ip", "-n", namespace, "addr", "add", address6, "dev", device, "nodad")
                run("ip", "-n", namespace, "link", "set", device, "up")
            run("ip", "-n", name, "route", "add", "default", "via", theirs)
            run("ip", "-n", name, "-6", "route", "add", "default", "via", theirs6)
            run("ip", "-n", name, "addr", "add", inner + "/24", "dev", "lo")

    def close(self):
        for name in (self.a, self.r, self.b):
            run("ip", "netns", "del", name, check=False)

    def set_mtu(self, mtu):
        """Of the router's link to B."""
        run("ip", "-n", self.r, "link", "set", "to-b", "mtu", mtu)
        run("ip", "-n", self.b, "link", "set", "eth0", "mtu", mtu)


class Wire:
    """Packets on the router's link to a side, both ways, as IP bytes without Ethernet header."""

    def __init__(self, net, side="a"):
        with inside(net.r):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
            self.socket.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
            self.socket.bind(("to-" + side, 3))

    def packets(self):
        """What has come since the last call: IPv4 and IPv6 only."""
        found = []
        while select.select([self.socket], [], [], 0)[0]:
            packet = self.socket.recv(65536)
            if packet[0] >> 4 in (4, 6):
                found.append(packet)
        return found

    def esp(self):
        """The ESP packets among them: (outer header as scapy's layer, ESP bytes)."""
        found = []
        for packet in self.packets():
            outer = IP(packet) if packet[0] >> 4 == 4 else IPv6(packet)
            payload = raw(outer.payload)
            proto = outer.proto if outer.version == 4 else outer.nh
            if proto == 50:
                found.append((outer, payload))
            elif proto == 17 and NAT_PORT in (outer.sport, outer.dport) and payload[8:12] != bytes(4):
                found.append((outer, payload[8:]))
        return found

    def close(self):
        self.socket.close()


class Gateway:
    program = GATEWAY

    def __init__(self, namespace, device, *arguments):
        self.namespace, self.device, self.arguments = namespace, device, arguments
        self.directory = tempfile.TemporaryDirectory(prefix="espalier-gw-")
        give(self.directory.name)
        self.path, self.stats_path = (os.path.join(self.directory.name, name) for name in ("sink.sock", "stats.json"))
        self.log_path = os.path.join(self.directory.name, "log")
        self.process = None
        self.start()

    def start(self):
        with open(self.log_path, "a", encoding="utf-8") as log:
            words = [GATEWAY, "-d", self.device, "--sink", self.path, "--json-stats", self.stats_path, *map(str, self.arguments)]
            self.process = subprocess.Popen(["ip", "netns", "exec", self.namespace, *as_unit.command("espalier-gw", words)],
                                            stdout=subprocess.PIPE, stderr=log, text=True)
        line = self.process.stdout.readline()
        if line != "ready\n":
            raise AssertionError(f"espalier-gw does not start: {self.log()}")

    def log(self):
        with open(self.log_path, encoding="utf-8") as file:
            return file.read()

    def stats(self):
        if os.path.exists(self.stats_path):
            os.unlink(self.stats_path)
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGUSR1)
        wait_for(lambda: os.path.exists(self.stats_path), "the gateway's counters")
        with open(self.stats_path, encoding="utf-8") as file:
            return json.load(file)

    def drops(self):
        stats = self.stats()
        return {**stats["drops"], **stats["card_out"], **stats["card_in"]}

    def mtu(self, remote=r"\S+"):
        """What the route of a remote selector takes."""
        found = re.search(rf"^{remote} dev esp0 .*mtu (\d+)", run("ip", "-n", self.namespace, "route", "show", "table", "4303", check=False), re.M)
        return int(found[1]) if found else None

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def end(self):
        """SIGTERM; the exit status must be 0."""
        self.process.terminate()
        code = self.process.wait(timeout=WAIT)
        self.process.stdout.close()
        if code:
            raise AssertionError(f"espalier-gw ended with {code}: {self.log()}")

    def close(self):
        """The end, and nothing left of it."""
        if not self.process.stdout.closed:
            self.end()
        run("ip", "netns", "exec", self.namespace, self.program, "--release")
        self.directory.cleanup()


class Tunnel:
    """SAs and policies for both gateways, as key management would install them. sinks[i] is the sink of side i (0: A, 1: B)."""

    def __init__(self, net, sinks, family=4, udp=False, esn=False, key_len=16, reqid=1, nets=NETS, limits=(0, 0, 0, 0)):
        self.sinks, self.esn, self.reqid, self.nets, self.limits = sinks, esn, reqid, nets, limits
        self.addresses = OUTER[family]
        self.key_len = key_len
        self.ports = (NAT_PORT, NAT_PORT) if udp else None
        self.sockets = []
        self.spis = self.keys = None
        if udp:
            for i, namespace in enumerate((net.a, net.b)):
                with inside(namespace):
                    made = socket.socket(socket.AF_INET6 if family == 6 else socket.AF_INET, socket.SOCK_DGRAM)
                    made.bind((self.addresses[i], NAT_PORT))
                sinks[i].give_esp_socket(made, self.addresses[i], NAT_PORT)
                self.sockets.append(made)  # the giver keeps it, as an agent may
        self.rekey()

    def close_sockets(self):
        for made in self.sockets:
            made.close()

    def add_inbound(self, side):
        self.sinks[side].sa_add(sink.IN, self.spis[side], self.addresses[1 - side], self.addresses[side], self.keys[1 - side], self.reqid, self.ports, self.esn,
                                limits=self.limits)

    def rekey(self, early=None):
        """New SAs: inbound first on both sides, then outbound and the policy, as RFC 7296 2.8 has it. early(): called when side A sends by its new SA
        already and side B has only given out the SPI. Returns what delete() takes."""
        old = self.spis
        self.keys = [os.urandom(self.key_len + 4) for _ in range(2)]  # of the packets that side i sends
        self.spis = [s.get_spi(self.addresses[i]) for i, s in enumerate(self.sinks)]  # that side i receives
        self.add_inbound(0)
        if not early:
            self.add_inbound(1)
        for i, s in enumerate(self.sinks):
            s.sa_add(sink.OUT, self.spis[1 - i], self.addresses[i], self.addresses[1 - i], self.keys[i], self.reqid, self.ports, self.esn,
                     limits=self.limits)
            self.set_policy(i, self.spis[1 - i])
            if early and i == 0:
                early()
                self.add_inbound(1)
        return old

    def set_policy(self, side, spi):
        self.sinks[side].policy_set(self.reqid, self.nets[side], self.nets[1 - side], spi, self.addresses[1 - side] if spi else "")

    def delete(self, spis):
        for i, s in enumerate(self.sinks):
            s.sa_delete(sink.OUT, spis[1 - i], self.addresses[1 - i])
            s.sa_delete(sink.IN, spis[i], self.addresses[i])

    def query(self, side, direction):
        receiver = side if direction == sink.IN else 1 - side
        return self.sinks[side].sa_query(direction, self.spis[receiver], self.addresses[receiver])

    def scapy(self, sender, number=0):
        """scapy's SA of what side sender sends."""
        header = IP(src=OUTER[4][sender], dst=OUTER[4][1 - sender])
        return SecurityAssociation(ESP, self.spis[1 - sender], seq_num=number & 0xFFFFFFFF, crypt_algo="AES-GCM", crypt_key=self.keys[sender],
                                   tunnel_header=header, esn_en=self.esn, esn=number >> 32)

    def open(self, sender, esp):
        """The inner packet of ESP that side sender sent, by scapy; raises if the ICV is wrong."""
        outer = IP(src=OUTER[4][sender], dst=OUTER[4][1 - sender], proto=50) / ESP(esp)
        return self.scapy(sender).decrypt(IP(raw(outer)))

    def seal(self, sender, inner, number, tos=0):
        """A packet as side sender would send it, outer IPv4 header and all: ESP, or ESP in UDP."""
        outer = self.scapy(sender, number).encrypt(inner, iv=number.to_bytes(8, "big"))
        esp = raw(outer.payload)
        return IP(src=OUTER[4][sender], dst=OUTER[4][1 - sender], tos=tos, proto=50) / esp


class Echo:
    """A UDP echo server in a namespace: a process of its own."""

    def __init__(self, namespace, ip, port):
        program = ("import socket,sys\ns=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\ns.bind((sys.argv[1],int(sys.argv[2])))\n"
                   "print('ready',flush=True)\nwhile True:\n d,a=s.recvfrom(65536)\n s.sendto(d,a)")
        self.process = subprocess.Popen(["ip", "netns", "exec", namespace, "/usr/bin/python3", "-c", program, ip, str(port)],
                                        stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
