# SPDX-License-Identifier: Apache-2.0
"""The network of tests/interop with a guest as its left end: a gateway of its own with the kernel's ESP, and behind it the namespace `left`.

    left namespace 172.16.0.2 -- 172.16.0.1 guest 192.0.2.1 -- router -- 198.51.100.1 right: side under test
    10.1.0.1 to 10.1.3.1                                                               10.2.0.1 to 10.2.3.1

So programs that make or take packets of the inner networks are the same as without a guest; what the guest does is ESP and routing.
"""
from guest import NAMES, Guest
from net import Network

RESET = """
killall -9 charon pluto
until ! pidof charon pluto; do sleep 0.05; done
ip xfrm state flush; ip xfrm policy flush
while ip rule del lookup 220; do :; done
while ip -6 rule del lookup 220; do :; done
ip route flush table 220; ip -6 route flush table 220
for device in eth0 eth1; do
  ip addr flush dev $device; ip -6 route flush dev $device; ip link set $device down; ip link set $device mtu MTU up
  echo 0 >/proc/sys/net/ipv4/conf/$device/rp_filter
done
echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter
echo 0 >/proc/sys/net/ipv4/icmp_ratelimit
echo 1 >/proc/sys/net/ipv4/ip_forward
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
"""
LAN = {4: ("172.16.0.1", "172.16.0.2"), 6: ("2001:db8:16::1", "2001:db8:16::2")}


class GuestNetwork(Network):
    def __init__(self, mtu=1500):
        self.guest = Guest.get()
        super().__init__(mtu)
        addresses = [f"addr add {self.OUTER['left', 4]}/24 dev eth0", f"addr add {self.OUTER['left', 6]}/64 dev eth0 nodad",
                     f"addr add {LAN[4][0]}/24 dev eth1", f"addr add {LAN[6][0]}/64 dev eth1 nodad"]
        routes = [f"route add default via {self.ROUTER['left', family]}" for family in (4, 6)]
        routes += [f"route add {inner} via {LAN[family][1]}" for family, inner in ((4, "10.1.0.0/16"), (6, "fd01::/64"))]
        self.guest.run("(" + RESET.replace("MTU", str(mtu)) + ") >/dev/null 2>&1; set -e\n" + "\n".join(f"ip {line}" for line in addresses + routes))

    def join(self, side, namespace):
        if side == "right":
            super().join(side, namespace)
            return
        wan, lan = NAMES
        # Their queues are long: a guest that gets no processor for a second loses nothing.
        self.guest.home.ip(f"link set {wan} netns {self.middle.name} name left txqueuelen 10000")
        self.guest.home.ip(f"link set {lan} netns {namespace.name} name eth0 txqueuelen 10000")

    def outside(self, side):
        if side == "right":
            return super().outside(side)
        return (f"addr add {LAN[4][1]}/24 dev eth0", f"addr add {LAN[6][1]}/64 dev eth0 nodad", f"route add 10.2.0.0/16 via {LAN[4][0]}",
                f"route add fd02::/64 via {LAN[6][0]}")

    def mtu(self, value):
        super().mtu(value)
        self.guest.run(f"ip link set eth0 mtu {value}; ip link set eth1 mtu {value}")

    def close(self):
        """The guest's devices go home before their namespaces go."""
        if len(self.namespaces) >= 3:
            for namespace, device, name in ((self.middle, "left", NAMES[0]), (self.left, "eth0", NAMES[1])):
                namespace.ip(f"link set {device} netns {self.guest.home.name} name {name}", check=False)
        super().close()
