#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The software reference against scapy, over modes, families, NAT-T, ESN, ICV, key, algorithm and header chains, both ways: what it makes scapy opens
and would have made so byte for byte, what scapy makes it opens. AES-GMAC, which scapy has not, is sealed by python3-cryptography. A pruned matrix; with
ESPALIER_TEST_SCALE of 10 the whole."""
import itertools

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrHopByHop, IPv6ExtHdrRouting, PadN
from scapy.layers.ipsec import ESP
from scapy.packet import Raw

import esp_device
from esp_device import CHACHA, GCM, GMAC, SA, TRANSPORT, TUNNEL, is_v6, parse, trailer, with_udp

INNER = {4: ("10.1.0.1", "10.2.0.1"), 6: ("2001:db8:1::1", "2001:db8:2::1")}
OPTIONS = b"\x01\x01\x01\x00" * 3


def headers(rng, family, transport):
    """Headers of a random packet, and those of them that stay in front of ESP in transport mode (RFC 4303, 3.1.1)."""
    src, dst = esp_device.ADDRESSES[family] if transport else INNER[family]
    if family == 4:
        options = OPTIONS[:4 * rng.choice((0, 0, 1, 3))]
        header = IP(src=src, dst=dst, tos=rng.randrange(256), id=rng.randrange(65536), flags=rng.choice((0, 2)), ttl=rng.randint(2, 255), options=options)
        return header, header
    front = IPv6(src=src, dst=dst, tc=rng.randrange(256), fl=rng.randrange(1 << 20), hlim=rng.randint(2, 255))
    kind = rng.randrange(8)
    if kind in (1, 3, 5):
        front /= IPv6ExtHdrHopByHop(options=[PadN(optdata=bytes(rng.choice((4, 12))))])
    if kind in (2, 3):
        front /= IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(4))])
    if kind in (2, 3, 4):
        front /= IPv6ExtHdrRouting(type=2, segleft=0, addresses=["2001:db8::9"])
    if kind in (4, 6):  # behind all others: protected
        return front / IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(12))]), front
    return front, front


def random_packet(rng, family, transport, length):
    """(packet, bytes of it in front of ESP in transport mode)."""
    header, front = headers(rng, family, transport)
    payload = rng.randbytes(length)
    upper = rng.choice((UDP(sport=7, dport=9), TCP(sport=7, dport=9, flags=rng.choice("SA")), ICMP(), None))
    if upper is None or (isinstance(upper, ICMP) and family == 6):
        last = header.lastlayer()
        setattr(last, "proto" if isinstance(last, IP) else "nh", 253)
        packet = header / Raw(payload)
    else:
        packet = header / upper / Raw(payload)
    return bytes(packet), len(bytes(front))


class Matrix(esp_device.DeviceTest):
    def expected(self, sa, packet, front, number):
        """What encapsulation must make, and whether by scapy."""
        df = is_v6(packet) or bool(packet[6] & 0x40)
        tos = parse(packet).tc if is_v6(packet) else packet[1]
        flow = parse(packet).fl if is_v6(packet) else 0
        if sa.mode == TUNNEL:
            fields = {"tc": tos, "fl": flow, "hlim": 64} if sa.family == 6 else {"tos": tos, "flags": 2 * df, "id": 0 if df else number & 0xFFFF, "ttl": 64}
            if sa.algorithm == GMAC:
                esp = sa.seal(number, trailer(packet, 41 if is_v6(packet) else 4))
                return sa.outer(esp, tos=tos, ttl=64, ident=0 if df else number & 0xFFFF, flags=2 * df, flow=flow)
            made = bytes(sa.scapy(number, **fields).encrypt(parse(packet), iv=sa.scapy_iv(number)))
            return with_udp(made) if sa.ports else made
        scapy_agrees = sa.algorithm != GMAC and not (is_v6(packet) and (sa.ports or self.protected_options(packet, front)))
        if scapy_agrees:
            made = bytes(sa.scapy(number).encrypt(parse(packet), iv=sa.scapy_iv(number)))
            return with_udp(made) if sa.ports else made
        return self.by_hand(sa, packet, front, number)

    @staticmethod
    def protected_options(packet, front):
        """scapy has destination options in front wherever no routing header came before, as Linux; RFC 4303 prefers them behind."""
        return packet[6] == 60 and front == 40 or front > 40 and packet[Matrix.next_at(packet, front)] == 60

    @staticmethod
    def next_at(packet, front):
        """The byte that names what is behind the headers in front."""
        if not is_v6(packet):
            return 9
        at, next_at = 40, 6
        while at < front:
            next_at = at
            at += 8 * (packet[at + 1] + 1)
        return next_at

    def by_hand(self, sa, packet, front, number):
        at = self.next_at(packet, front)
        esp = sa.seal(number, trailer(packet[front:], packet[at]))
        udp = bytes(UDP(sport=sa.ports[0], dport=sa.ports[1], len=8 + len(esp), chksum=0)) if sa.ports else b""
        made = bytearray(packet[:front] + udp + esp)
        made[at] = 17 if udp else 50
        if is_v6(packet):
            made[4:6] = (len(made) - 40).to_bytes(2, "big")
            return with_udp(bytes(made)) if udp else bytes(made)
        made[2:4] = len(made).to_bytes(2, "big")
        made[10:12] = b"\0\0"
        header = IP(bytes(made[:front]))
        del header.chksum
        return bytes(header)[:front] + bytes(made[front:])

    def one(self, sa, inner_family, length):
        number = self.rng.choice((1, 77, 0xFFFFFFFF)) + (self.rng.choice((0, 1, 1 << 31)) << 32) * sa.esn
        packet, front = random_packet(self.rng, inner_family, sa.mode == TRANSPORT, length)
        what = f"{sa} {packet.hex()}"
        index = self.device.add("out", **sa.members(seq=number - 1, ecn=1 if sa.mode == TUNNEL else 0))
        status, made = self.device.encap(index, packet)
        self.assertEqual(status, "ok", what)
        self.assertEqual(self.device.delete("out", index), number)
        self.assert_bytes(made, self.expected(sa, packet, front, number), what)
        if sa.algorithm != GMAC:
            self.opened_by_scapy(sa, made, packet, front, number, what)
        index = self.device.add("in", **sa.members(seq=number - 1, replay_window=self.rng.choice((32, 64, 4096))))
        self.back(sa, made, packet, what)
        self.device.delete("in", index)
        if sa.algorithm != GMAC and not (sa.ports and sa.mode == TRANSPORT and is_v6(packet)):  # and we theirs, destination options wherever they have them
            index = self.device.add("in", **sa.members(seq=number - 1, replay_window=64))
            theirs = bytes(sa.scapy(number).encrypt(parse(packet), iv=sa.scapy_iv(number)))
            theirs = with_udp(theirs) if sa.ports else theirs
            self.back(sa, theirs, packet, what)
            self.device.delete("in", index)

    def opened_by_scapy(self, sa, made, packet, front, number, what):
        scapy = sa.scapy(number)
        if sa.mode == TUNNEL or not is_v6(packet):
            self.assertEqual(bytes(scapy.decrypt(parse(made))), packet, what)
            return
        # In IPv6 with more headers scapy decrypts, but puts the packet together wrongly.
        esp = ESP(made[front + (8 if sa.ports else 0):])
        plain = scapy.crypt_algo.decrypt(scapy, esp, scapy.crypt_key, esn_en=sa.esn, esn=number >> 32)
        self.assertEqual((plain.data, plain.nh), (packet[front:], packet[self.next_at(packet, front)]), what)

    def back(self, sa, made, packet, what):
        status, got = self.device.decap(made)
        self.assertEqual(status, "ok", what)
        if sa.ports and sa.mode == TRANSPORT:
            packet = self.as_through_nat(packet)
        self.assert_bytes(got, packet, what)
        self.assertEqual(self.device.decap(made)[0], "replay_duplicate", what)

    @staticmethod
    def as_through_nat(packet):
        """Directly behind the headers in front: UDP over IPv4 without a checksum, others with a right one (RFC 3948, 3.1.2), which scapy's are already."""
        packet = bytearray(packet)
        if not is_v6(packet) and packet[9] == 17:
            header = 4 * (packet[0] & 15)
            packet[header + 6:header + 8] = b"\0\0"
        return bytes(packet)

    def test_matrix(self):
        cases = list(itertools.product((TUNNEL, TRANSPORT), (4, 6), (4, 6), ((), (4500, 4500), (61000, 4500)), (False, True), (16, 24, 32),
                                       ((GCM, 16, False), (GCM, 12, False), (GCM, 8, False), (GCM, 16, True), (GMAC, 16, False), (CHACHA, 16, False))))
        cases = [case for case in cases if (case[0] == TUNNEL or case[1] == case[2]) and (case[6][0] != CHACHA or case[5] == 32)]
        whole = esp_device.SCALE >= 10
        count = 0
        for i, (mode, family, inner, ports, esn, key, (algorithm, icv, implicit)) in enumerate(cases):
            if not whole and (i * 7 + i // 30) % 3:
                continue
            sa = SA(spi=self.rng.randrange(256, 1 << 32), mode=mode, family=family, algorithm=algorithm, key=self.rng.randbytes(key),
                    salt=self.rng.randbytes(4), icv=icv, implicit_iv=implicit, esn=esn, ports=ports)
            for length in (0, 1, 2, 3, 50, 1400) if whole else (self.rng.choice((0, 1, 2, 3)), self.rng.choice((50, 51, 52, 53, 1400))):
                self.one(sa, inner, length)
                count += 1
        print(f"  {count} packets of {len(cases)} combinations", flush=True)

    def test_long(self):
        """The largest packets, and the smallest."""
        for mode, family, inner in ((TUNNEL, 4, 4), (TUNNEL, 6, 6), (TRANSPORT, 4, 4), (TRANSPORT, 6, 6)):
            sa = SA(mode=mode, family=family, ports=(4500, 4500))
            index = self.device.add("out", **sa.members())
            self.device.add("in", **sa.members())
            header = IP(src="192.0.2.1", dst="192.0.2.2", proto=253) if inner == 4 else IPv6(src="2001:db8::1", dst="2001:db8::2", nh=253)
            for length in (0, 9600 - len(header)):
                packet = bytes(header / Raw(bytes(length)))
                status, made = self.device.encap(index, packet)
                self.assertEqual(status, "ok")
                self.assertEqual(self.device.decap(made), ("ok", packet))
            self.assertEqual(self.device.encap(index, bytes(header / Raw(bytes(9601 - len(header)))))[0], "bad_length")
            self.device.delete("out", index)
            self.device.delete("in", 0)


if __name__ == "__main__":
    esp_device.main()
