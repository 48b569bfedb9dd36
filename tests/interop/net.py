# SPDX-License-Identifier: Apache-2.0
"""Networks to test in: two ends and a router between them, each a network namespace.

    left (192.0.2.1, 2001:db8:1::1) -- left  middle  right -- right (198.51.100.1, 2001:db8:2::1)

Behind the ends, on their loopback, are the networks that tunnels connect: 10.1.0.1 to 10.1.3.1 and fd01::1 on the left, 10.2.0.1 to 10.2.3.1
and fd02::1 on the right. The router cuts, loses and translates by nftables.
"""
import contextlib
import ctypes
import os
import re
import signal
import socket
import struct
import subprocess
import time

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
PREFIX = "interop"


class Failed(Exception):
    """Something that the test wanted did not happen; the text says what."""


def wait(condition, timeout=10, what="the condition", interval=0.02):
    """The condition's first true value; raises Failed with this description after the timeout (seconds)."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f"not within {timeout:g} s: {what}")
        time.sleep(interval)


def run(*command, check=True, timeout=60, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=timeout, check=False, **options)
    if check and done.returncode:
        raise Failed(f"{' '.join(map(str, command))}: exit status {done.returncode}: {done.stdout}{done.stderr}")
    return done


def in_test_run(pid):
    """Whether this process still lives (its namespaces are in use)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def remove_stale():
    """Namespaces that killed test runs left."""
    for name in os.listdir("/run/netns") if os.path.isdir("/run/netns") else []:
        match = re.fullmatch(PREFIX + r"-(\d+)-\w+", name)
        if match and not in_test_run(int(match[1])):
            for pid in run("ip", "netns", "pids", name, check=False).stdout.split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            run("ip", "netns", "del", name, check=False)


class Namespace:
    def __init__(self, name):
        self.name = f"{PREFIX}-{os.getpid()}-{name}"
        run("ip", "netns", "add", self.name)
        self.ip("link set lo up")

    def ip(self, arguments, check=True):
        return run("ip", "-n", self.name, *arguments.split(), check=check).stdout

    def batch(self, *lines):
        run("ip", "-n", self.name, "-batch", "-", input="\n".join(lines))

    def command(self, *command):
        """The command to run in this namespace, as a list."""
        return ["ip", "netns", "exec", self.name, *map(str, command)]

    def run(self, *command, check=True, timeout=60, **options):
        return run(*self.command(*command), check=check, timeout=timeout, **options)

    def popen(self, *command, **options):
        return subprocess.Popen(self.command(*command), **options)

    def sysctl(self, **settings):
        """net.ipv4.… by keyword: dots written as double underscores."""
        self.run("sysctl", "-qw", *(f"net.{key.replace('__', '.')}={value}" for key, value in settings.items()))

    def nft(self, rules):
        self.run("nft", "-f", "-", input=rules)

    @contextlib.contextmanager
    def entered(self):
        """Sockets that this thread opens here belong to the namespace, whoever uses them later."""
        with open("/proc/thread-self/ns/net", encoding="ascii") as home, open(f"/run/netns/{self.name}", encoding="ascii") as there:
            if LIBC.setns(there.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
            try:
                yield
            finally:
                LIBC.setns(home.fileno(), CLONE_NEWNET)

    def socket(self, *arguments):
        with self.entered():
            return socket.socket(*arguments)

    def close(self):
        for pid in run("ip", "netns", "pids", self.name, check=False).stdout.split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        run("ip", "netns", "del", self.name, check=False)


class Network:
    """The three namespaces; outer addresses of the ends and the router by side and IP version, inner networks by side."""
    OUTER = {("left", 4): "192.0.2.1", ("right", 4): "198.51.100.1", ("left", 6): "2001:db8:1::1", ("right", 6): "2001:db8:2::1"}
    ROUTER = {("left", 4): "192.0.2.254", ("right", 4): "198.51.100.254", ("left", 6): "2001:db8:1::fe", ("right", 6): "2001:db8:2::fe"}
    INNER = {"left": ("10.1", "fd01"), "right": ("10.2", "fd02")}

    def __init__(self, mtu=1500):
        remove_stale()
        self.namespaces = []
        try:
            self._build(mtu)
        except BaseException:
            self.close()
            raise

    def namespace(self, name):
        """One more, which close() removes."""
        self.namespaces.append(Namespace(name))
        return self.namespaces[-1]

    def _build(self, mtu):
        self.left, self.right, self.middle = map(self.namespace, ("l", "r", "m"))
        self.ends = {"left": self.left, "right": self.right}
        for side, namespace in self.ends.items():
            self.join(side, namespace)
            self.middle.batch(f"link set {side} up mtu {mtu}", *(f"addr add {self.ROUTER[side, v]}/{24 if v == 4 else '64 nodad'} dev {side}" for v in (4, 6)))
            v4, v6 = self.INNER[side]
            namespace.batch(f"link set eth0 up mtu {mtu}", *(f"addr add {v4}.{i}.1/32 dev lo" for i in range(4)), f"addr add {v6}::1/128 dev lo",
                            *self.outside(side))
            namespace.sysctl(ipv4__conf__all__rp_filter=0, ipv4__conf__eth0__rp_filter=0, ipv4__icmp_ratelimit=0)
        self.middle.sysctl(ipv4__ip_forward=1, ipv6__conf__all__forwarding=1, ipv4__conf__all__rp_filter=0, ipv4__conf__left__rp_filter=0,
                           ipv4__conf__right__rp_filter=0)
        # Inner networks are nobody's on the outside: what leaves an end in clear is lost, and counted.
        self.middle.nft("""table inet espalier {
            counter clear { }
            chain leaks { type filter hook prerouting priority -10
                ip saddr 10.0.0.0/8 counter name clear drop
                ip6 saddr fc00::/7 counter name clear drop
            }
            chain cable { type filter hook forward priority 0; }
            chain nat { type nat hook postrouting priority 100; }
        }""")

    def join(self, side, namespace):
        """The cable: the router's device `left` or `right`, and eth0 of that end."""
        self.middle.ip(f"link add name {side} type veth peer name eth0 netns {namespace.name}")

    def outside(self, side):
        """Addresses and routes of that end's eth0."""
        return (f"addr add {self.OUTER[side, 4]}/24 dev eth0", f"addr add {self.OUTER[side, 6]}/64 dev eth0 nodad",
                f"route add default via {self.ROUTER[side, 4]}", f"route add default via {self.ROUTER[side, 6]}")

    def clear_packets(self):
        """How many packets between inner networks the router saw in clear."""
        return int(re.search(r"packets (\d+)", self.middle.run("nft", "list", "counter", "inet", "espalier", "clear").stdout)[1])

    def cable(self, *rules):
        """The rules of the cable between the ends, in place of those before: cable("drop") cuts it, cable() mends it."""
        lines = ["flush chain inet espalier cable"] + [f"add rule inet espalier cable {rule}" for rule in rules]
        self.middle.nft("\n".join(lines) + "\n")

    def lose(self, percent):
        self.cable(f"numgen random mod 100 < {percent} drop")

    def nat(self, side="left", ports="40000-49999"):
        """From now on this end is hidden behind the router's address on the other side: its UDP comes from one of these ports. Mappings there
        were are forgotten. Returns the address."""
        other = "right" if side == "left" else "left"
        self.middle.nft(f"""flush chain inet espalier nat
            add rule inet espalier nat oifname "{other}" ip saddr {self.OUTER[side, 4]} meta l4proto udp masquerade to :{ports}
            add rule inet espalier nat oifname "{other}" ip saddr {self.OUTER[side, 4]} masquerade
            """)
        self.forget_mappings()
        return self.ROUTER[other, 4]

    def forget_mappings(self):
        """Flush the connection table: a CTNETLINK delete of everything (linux/netfilter/nfnetlink_conntrack.h)."""
        with self.middle.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as netlink:
            # IPCTNL_MSG_CT_DELETE of subsystem 1, NLM_F_REQUEST | NLM_F_ACK; family unspecified, version 0.
            netlink.send(struct.pack("=IHHII", 20, 1 << 8 | 2, 5, 1, 0) + bytes(4))
            error, = struct.unpack_from("=i", netlink.recv(4096), 16)
            if error:
                raise OSError(-error, "flush of the connection table")

    def mtu(self, value):
        for namespace, port in ((self.left, "eth0"), (self.right, "eth0"), (self.middle, "left"), (self.middle, "right")):
            namespace.ip(f"link set {port} mtu {value}")

    def close(self):
        for namespace in self.namespaces:
            namespace.close()
