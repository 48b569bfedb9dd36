#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Random packets, both directions, through the rings, against scapy's ESP: every byte of every packet.

All key sizes, ESN on and off, numbers that cross 2^32 or end at the SA's last one, inner packets of 20 to 9000 bytes. What the card makes is
compared with scapy and, as files, with what the software reference makes.
    test_random.py software|sim
"""
import espalier
from espalier import SA, SCALE, convert, ipv4, random_inner, random_length, random_sa, scapy_decap, scapy_encap

SAS = 48
PACKETS = int(4000 * SCALE)
LAST32, LAST64 = 2**32 - 1, 2**64 - 1


def first_number(rng, esn):
    """Last number sent before the test: anywhere, or so that the test crosses or reaches a boundary."""
    if esn:
        return rng.choice((0, 5, 2**32 - rng.randint(1, 20), 2**33 - rng.randint(1, 20), rng.randrange(2**63), LAST64 - rng.randint(5, 20)))
    return rng.choice((0, 7, rng.randrange(2**32 - 10000), 2**31 - 10, LAST32 - rng.randint(5, 20)))


class RandomPackets(espalier.DeviceTest):
    def make_sas(self):
        sas = []
        for i in range(SAS):
            esn = bool(self.rng.randrange(2))
            number = first_number(self.rng, esn)
            sas.append(random_sa(self.rng, self.rng.randint(256, 2**32 - 1), src=f"192.0.2.{self.rng.randint(1, 254)}",
                                 dst=f"198.51.100.{self.rng.randint(1, 254)}", esn=esn, window=self.rng.choice((32, 64, 128)),
                                 seq=number, oseq=number, selector=f"src 10.1.0.0/16 dst 10.2.{i}.0/24"))
        return sas

    def test_encap(self):
        sas = self.make_sas()
        last = [sa.oseq for sa in sas]
        inners, expected, exhausted = [], [], 0
        for _ in range(PACKETS):
            i = self.rng.randrange(SAS)
            inner = random_inner(self.rng, random_length(self.rng), f"10.1.{self.rng.randrange(256)}.9", f"10.2.{i}.{self.rng.randrange(256)}")
            inners.append(inner)
            if last[i] == (LAST64 if sas[i].esn else LAST32):
                exhausted += 1
                continue
            last[i] += 1
            expected.append(scapy_encap(sas[i], inner, last[i]))
        got, report = convert("encap", self.device, sas, inners)
        self.assert_packets(got, expected)
        self.assert_drops(report, {"seq_exhausted": exhausted})
        self.assertGreater(exhausted, 0)
        if self.kind == "sim":
            self.assert_packets(convert("encap", "software", sas, inners)[0], got)
        self.note(f"{len(got)} packets as scapy makes them, {exhausted} refused at the end of the numbers, cycles {report['cycles']}")

    def numbers(self, sa, count):
        """Numbers a receiver accepts: rising with gaps, locally out of order within half a window, none twice."""
        step = 1 if sa.seq > (LAST64 if sa.esn else LAST32) - 1000 else 3
        number, rising = sa.seq, []
        for _ in range(count):
            number += self.rng.randint(1, step)
            if number > (LAST64 if sa.esn else LAST32):
                break
            rising.append(number)
        for i in range(0, len(rising) - 4, 4):
            block = rising[i:i + 4]
            self.rng.shuffle(block)
            rising[i:i + 4] = block
        return rising

    def test_decap(self):
        sas = self.make_sas()
        pending = [self.numbers(sa, PACKETS) for sa in sas]
        outers, expected = [], []
        while len(outers) < PACKETS:
            i = self.rng.randrange(SAS)
            if not pending[i]:
                continue
            inner = random_inner(self.rng, random_length(self.rng))
            outers.append(scapy_encap(sas[i], inner, pending[i].pop(0), iv=self.rng.randbytes(8)))
            expected.append(inner)
        got, report = convert("decap", self.device, sas, outers)
        self.assert_packets(got, expected)
        self.assert_drops(report, {})
        if self.kind == "sim":
            self.assert_packets(convert("decap", "software", sas, outers)[0], got)
        self.note(f"{len(got)} packets of scapy's come out as they went in, cycles {report['cycles']}")

    def test_every_length(self):
        """Every inner length from 20 to 400 bytes and around 1500, 4096 and 9000, and up to the largest, 9600, one SA a key size, encap then decap."""
        sas = [SA(0x100 + n, self.rng.randbytes(n), self.rng.randbytes(4), selector=f"dst 10.2.{n}.0/24") for n in (16, 24, 32)]
        lengths = [*range(20, 401), *range(1490, 1511), *range(4060, 4110, 3), *range(8990, 9001), *range(9590, 9601)]
        inners = [random_inner(self.rng, n, dst=f"10.2.{(16, 24, 32)[i % 3]}.1") for i, n in enumerate(lengths)]
        count, expected = {}, []
        for i, inner in enumerate(inners):
            count[i % 3] = count.get(i % 3, 0) + 1
            expected.append(scapy_encap(sas[i % 3], inner, count[i % 3]))
        got, _ = convert("encap", self.device, sas, inners)
        self.assert_packets(got, expected)
        back, _ = convert("decap", self.device, sas, got)
        self.assert_packets(back, inners)
        self.assertEqual(scapy_decap(sas[0], got[0], 1), inners[0])
        self.note(f"{len(lengths)} lengths")

    def test_ethernet(self):
        """Ethernet frames keep their header; padding behind a short packet is not carried into the tunnel and is ignored out of it."""
        sa = random_sa(self.rng, 0x1077)
        inners = [random_inner(self.rng, n) for n in (*range(20, 64), 100, 1500)]
        frames = [espalier.ETHERNET_HEADER + inner + b"\xee" * max(0, 46 - len(inner)) for inner in inners]
        got, _ = convert("encap", self.device, [sa], frames, espalier.ETHERNET)
        self.assert_packets(got, [espalier.ETHERNET_HEADER + scapy_encap(sa, inner, i + 1) for i, inner in enumerate(inners)])
        back, _ = convert("decap", self.device, [sa], [frame + b"\0" * 7 for frame in got], espalier.ETHERNET)
        self.assert_packets(back, [espalier.ETHERNET_HEADER + inner for inner in inners])

    def test_selectors(self):
        """The first state whose selector matches takes the packet; no match is a counted drop."""
        sas = [random_sa(self.rng, 0x101, selector="src 10.1.0.0/16 dst 10.2.0.0/24"), random_sa(self.rng, 0x102, selector="dst 10.2.0.0/16 proto udp dport 53"),
               random_sa(self.rng, 0x103, selector="src 10.1.2.3/32")]
        udp = bytes.fromhex("c000003500080000")
        inners = [ipv4("10.1.2.3", "10.2.0.9", b"a"), ipv4("10.9.9.9", "10.2.1.1", udp, proto=17), ipv4("10.1.2.3", "10.3.0.1", b"b"),
                  ipv4("10.1.2.4", "10.3.0.1", b"c"), ipv4("10.9.9.9", "10.2.1.1", udp, proto=6)]
        got, report = convert("encap", self.device, sas, inners)
        self.assert_packets(got, [scapy_encap(sas[i], inners[i], 1) for i in range(3)])
        self.assert_drops(report, {"no_state": 2})


if __name__ == "__main__":
    espalier.main()
