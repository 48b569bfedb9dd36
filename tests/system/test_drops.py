#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What must not pass: tampered at each byte, truncated at each length, replayed, too old, unknown, badly padded packets.

Each is dropped with its own reason, nothing of it is in the output, and the good packets between and behind come out unharmed.
    test_drops.py software|sim
"""
import struct

import espalier
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from espalier import CE, ECT0, ECT1, IPV4, NOT_ECT, convert, fix_header, ipv4, random_inner, random_sa, scapy_encap

HEADER = 20    # outer IPv4
ESP_HEADER = 8
IV = 8
ICV = 16


def seal(sa, number, plaintext, iv=b"\1\2\3\4\5\6\7\x08", tos=0):
    """An ESP packet around any plaintext, trailer included: what a sender that breaks the rules would make."""
    spi, low = struct.pack("!I", sa.spi), struct.pack("!I", number & 0xFFFFFFFF)
    aad = spi + (struct.pack("!I", number >> 32) if sa.esn else b"") + low
    sealed = AESGCM(sa.key).encrypt(sa.salt + iv, plaintext, aad)
    return ipv4(sa.src, sa.dst, spi + low + iv + sealed, proto=50, tos=tos)


def trailer(payload, next_header=4, pad=None):
    if pad is None:
        pad = bytes(range(1, 1 + -(len(payload) + 2) % 4))
    return payload + pad + bytes((len(pad), next_header))


def esn_number(top, window, low):
    """RFC 4303 appendix A2.2: the 64-bit number inferred from its low half, or None when it would be negative."""
    high, bottom = top >> 32, (top & 0xFFFFFFFF) - window + 1
    if bottom >= 0:
        high += low < bottom
    else:
        high -= low >= bottom + 2**32
    return None if high < 0 else high << 32 | low


class Drops(espalier.DeviceTest):
    def drop_between(self, sa, bad, reasons, others=()):
        """Bad packets, a good one after every eighth and at the end; numbers of the good ones rise from sa.seq + 1000."""
        packets, inners, number = [], [], sa.seq + 1000
        for i, packet in enumerate(bad):
            packets.append(packet)
            if i % 8 == 7 or i == len(bad) - 1:
                number += 1
                inners.append(random_inner(self.rng, self.rng.randint(20, 300)))
                packets.append(scapy_encap(sa, inners[-1], number))
        got, report = convert("decap", self.device, [sa, *others], packets, IPV4)
        self.assert_packets(got, inners)
        self.assert_drops(report, reasons)
        return report

    def tamper(self, esn):
        sa = random_sa(self.rng, 0x1234, esn=esn, seq=2**32 + 2**31 if esn else 5000)
        number = sa.seq + 900
        good = scapy_encap(sa, random_inner(self.rng, 101), number)
        bad, reasons = [], {}
        for at in range(len(good)):
            packet = bytearray(good)
            packet[at] ^= self.rng.randint(1, 255)
            bad.append(bytes(packet))
            if at < HEADER:
                reason = "outer_malformed"
            elif at < HEADER + 4:
                reason = "no_sa"
            elif at < HEADER + ESP_HEADER:
                # Before the ICV the inferred number decides; no forgery moves the window, so its top stays where the SA began.
                low = int.from_bytes(packet[24:28], "big")
                seen = esn_number(sa.seq, sa.window, low) if esn else low
                reason = "replay_old" if seen is None or seen <= sa.seq else "icv_mismatch"
            else:
                reason = "icv_mismatch"
            reasons[reason] = reasons.get(reason, 0) + 1
        inner = random_inner(self.rng, 60)
        late = [scapy_encap(sa, inner, sa.seq + 2000 + i) for i in range(3)]
        got, report = convert("decap", self.device, [sa], bad + [good] + late, IPV4)
        self.assert_packets(got[1:], [inner] * 3)
        self.assertEqual(len(got), 4, "the packet itself passes after all its forgeries")
        self.assert_drops(report, reasons)
        self.note(f"{len(bad)} positions: {reasons}")

    def test_tampered(self):
        self.tamper(esn=False)

    def test_tampered_esn(self):
        self.tamper(esn=True)

    def test_tampered_long(self):
        """One bit anywhere in long packets, good ones between."""
        sa = random_sa(self.rng, 0x4321, window=128)
        bad = []
        for i in range(int(150 * espalier.SCALE)):
            packet = bytearray(scapy_encap(sa, random_inner(self.rng, self.rng.choice((64, 577, 1446, 4000, 8999))), 2000000 + i))
            packet[self.rng.randrange(HEADER + ESP_HEADER, len(packet))] ^= 1 << self.rng.randrange(8)
            bad.append(bytes(packet))
        self.drop_between(sa, bad, {"icv_mismatch": len(bad)})
        self.note(f"{len(bad)} packets")

    def test_truncated(self):
        """At each length: as a cut datagram, and with the IP header telling the cut length."""
        sa = random_sa(self.rng, 0x1055)
        good = scapy_encap(sa, random_inner(self.rng, 90), 2000)
        cut = [good[:n] for n in range(1, len(good))]
        honest = [fix_header(good[:n]) for n in range(HEADER, len(good))]
        short = sum(1 for packet in honest if len(packet) - HEADER < 36 or len(packet) % 4)
        self.drop_between(sa, cut + honest, {"outer_malformed": len(cut), "esp_truncated": short, "icv_mismatch": len(honest) - short})
        self.note(f"{len(cut)} cut, {len(honest)} with a right header")

    def test_outer(self):
        sa = random_sa(self.rng, 0x1056)
        good = scapy_encap(sa, random_inner(self.rng, 90), 2000)

        def with_bytes(at, new):
            return fix_header(good[:at] + new + good[at + len(new):], set_length=at != 2)

        options = good[:1] + good[1:HEADER] + b"\1\1\1\1" + good[HEADER:]
        malformed = [with_bytes(0, b"\x65"), with_bytes(0, b"\x44"), fix_header(b"\x46" + options[1:]), with_bytes(2, b"\0\x13"),
                     with_bytes(2, struct.pack("!H", len(good) + 1))]
        not_esp = [with_bytes(9, bytes((proto,))) for proto in (0, 4, 17, 51, 255)]
        fragments = [with_bytes(6, b"\x20\0"), with_bytes(6, b"\0\1"), with_bytes(6, b"\x1f\xff")]
        no_sa = [with_bytes(16, b"\xc0\0\2\x63"), fix_header(good[:HEADER] + b"\0\0\0\x57" + good[24:])]
        self.drop_between(sa, malformed + not_esp + fragments + no_sa,
                          {"outer_malformed": len(malformed), "not_esp": len(not_esp), "fragment": len(fragments), "no_sa": len(no_sa)})

    def test_same_spi_other_destination(self):
        """SPI and destination together name the SA."""
        a = random_sa(self.rng, 0x1099, dst="192.0.2.2")
        b = random_sa(self.rng, 0x1099, dst="192.0.2.3")
        inners = [random_inner(self.rng, 200) for _ in range(6)]
        packets = [scapy_encap((a, b)[i % 2], inner, 1 + i // 2) for i, inner in enumerate(inners)]
        got, _ = convert("decap", self.device, [a, b], packets)
        self.assert_packets(got, inners)

    def replay(self, window, esn):
        """A model of RFC 4303, 3.4.3 and appendix A beside the device: numbers in, out of, left of and far right of the window."""
        top = 2**33 - 40 if esn else 5000
        sa = random_sa(self.rng, 0x700 + window, window=window, esn=esn, seq=top)
        seen, packets, inners, reasons, either = set(), [], [], {"replay_old": 0, "replay_duplicate": 0}, 0
        inner = random_inner(self.rng, 60)
        for i in range(int(300 * espalier.SCALE)):
            number = top + self.rng.choice((1, 1, 1, 2, 5, 200 if i % 50 == 0 else 1, 0, -1, -2, -self.rng.randrange(window), 1 - window, -window,
                                            -window - 1, -self.rng.randrange(3 * window)))
            packets.append(scapy_encap(sa, inner, number, iv=struct.pack("!Q", i)))
            if number > top or (number > top - window and number > sa.seq and number not in seen):
                seen.add(number)
                top = max(top, number)
                inners.append(inner)
            else:
                reasons["replay_old" if number <= top - window else "replay_duplicate"] += 1
                either += number <= top - window and (number in seen or number <= sa.seq)
        got, report = convert("decap", self.device, [sa], packets)
        if esn:
            # A low half left of the window is read as a number of the next 2^32, so the ICV fails; but a card that has the packet which
            # moves the window still inside reads it rightly, and drops it as old when that one has left.
            report["drops"]["replay_old"] = report["drops"].pop("icv_mismatch", 0) + report["drops"].get("replay_old", 0)
        # Likewise a number that was seen and has since fallen out of the window is a duplicate while the packet that moved it is inside.
        early = reasons["replay_old"] - report["drops"].get("replay_old", 0)
        self.assertLessEqual(0, early)
        self.assertLessEqual(early, either if self.kind == "sim" else 0)
        reasons["replay_old"] -= early
        reasons["replay_duplicate"] += early
        self.assert_drops(report, reasons)
        self.assert_packets(got, inners)
        self.note(f"window {window}: {len(packets)} packets, {reasons}")

    def test_replay_32(self):
        self.replay(32, False)

    def test_replay_64(self):
        self.replay(64, False)

    def test_replay_128(self):
        self.replay(128, False)

    def test_replay_esn(self):
        self.replay(64, True)

    def test_replay_off(self):
        """Window 0 checks nothing: a duplicate passes."""
        sa = random_sa(self.rng, 0x800, window=0)
        inner = random_inner(self.rng, 100)
        packet = scapy_encap(sa, inner, 9)
        got, report = convert("decap", self.device, [sa], [packet] * 5)
        self.assert_packets(got, [inner] * 5)
        self.assert_drops(report, {})

    def test_replay_all(self):
        """Everything sent once more is dropped, in the window or left of it."""
        sa = random_sa(self.rng, 0x801, window=64)
        inners = [random_inner(self.rng, 80) for _ in range(200)]
        packets = [scapy_encap(sa, inner, i + 1) for i, inner in enumerate(inners)]
        got, report = convert("decap", self.device, [sa], packets + packets)
        self.assert_packets(got, inners)
        self.assert_drops(report, {"replay_old": 136, "replay_duplicate": 64})

    def test_number_zero(self):
        sa = random_sa(self.rng, 0x802)
        good = random_inner(self.rng, 40)
        zero = seal(sa, 0, trailer(good))
        got, report = convert("decap", self.device, [sa], [zero, scapy_encap(sa, good, 1)])
        self.assert_packets(got, [good])
        self.assert_drops(report, {"replay_old": 1})

    def test_forgery_moves_no_window(self):
        """A forged packet far ahead must not make honest ones too old (RFC 4303, 3.4.3: update after the ICV)."""
        sa = random_sa(self.rng, 0x803)
        inners = [random_inner(self.rng, 70) for _ in range(40)]
        packets = []
        for i, inner in enumerate(inners):
            forged = bytearray(scapy_encap(sa, inner, 1000000 + i))
            forged[-1] ^= 1
            packets += [bytes(forged), scapy_encap(sa, inner, i + 1)]
        got, report = convert("decap", self.device, [sa], packets)
        self.assert_packets(got, inners)
        self.assert_drops(report, {"icv_mismatch": 40})

    def test_padding(self):
        sa = random_sa(self.rng, 0x900, seq=0)
        inner = random_inner(self.rng, 61)
        number = iter(range(1, 1000))
        bad_padding = [seal(sa, next(number), trailer(inner, pad=pad)) for pad in (b"\0", b"\2", b"\1\2\3\4\6", b"\2\3\4\5\6", bytes(253))]
        too_long = [seal(sa, next(number), bytes(range(1, 63)) + bytes((n, 4))) for n in (63, 64, 255)]
        good = [seal(sa, next(number), trailer(inner, pad=bytes(range(1, 1 + n)))) for n in (1, 5, 9, 61, 129, 253)]
        dummy = [seal(sa, next(number), trailer(payload, next_header=59)) for payload in (b"\0\0", bytes(1000), inner)]
        other = [seal(sa, next(number), trailer(inner, next_header=n)) for n in (0, 6, 17, 41, 58, 255)]
        bad = bad_padding + too_long + dummy + other
        got, report = convert("decap", self.device, [sa], bad + good, IPV4)
        self.assert_packets(got, [inner] * len(good))
        self.assert_drops(report, {"bad_padding": len(bad_padding) + len(too_long), "dummy": len(dummy), "bad_next_header": len(other)})

    def test_every_padding_byte(self):
        """255 bytes of padding, each wrong once, and the length right up to the payload's start."""
        sa = random_sa(self.rng, 0x901)
        inner = random_inner(self.rng, 27)
        right = bytes(range(1, 256))
        bad = []
        for at in range(255):
            pad = bytearray(right)
            pad[at] ^= self.rng.randint(1, 255)
            bad.append(seal(sa, 10000 + at, trailer(inner, pad=bytes(pad))))
        got, report = convert("decap", self.device, [sa], bad + [seal(sa, 20000, trailer(inner, pad=right))])
        self.assert_packets(got, [inner])
        self.assert_drops(report, {"bad_padding": 255})

    def test_inner(self):
        sa = random_sa(self.rng, 0x902)
        inner = random_inner(self.rng, 82)
        number = iter(range(1, 1000))
        bad = [b"\x65" + inner[1:], b"\x44" + inner[1:], inner[:2] + b"\0\x13" + inner[4:], inner[:2] + b"\0\x53" + inner[4:], b"\x4f" + inner[1:2] +
               b"\0\x38" + inner[4:], inner[:18], b""]
        packets = [seal(sa, next(number), trailer(payload)) for payload in bad]
        # Bytes behind the inner packet (traffic flow confidentiality padding, RFC 4303, 2.7) are cut off.
        packets += [seal(sa, next(number), trailer(inner + bytes(n))) for n in (1, 2, 64, 1000)]
        got, report = convert("decap", self.device, [sa], packets)
        self.assert_packets(got, [inner] * 4)
        self.assert_drops(report, {"inner_malformed": len(bad)})

    def test_inner_of_encap(self):
        sa = random_sa(self.rng, 0x903)
        inner = random_inner(self.rng, 82)
        bad = [b"\x65" + inner[1:], b"\x44" + inner[1:], inner[:2] + b"\0\x13" + inner[4:], inner[:2] + b"\0\x53" + inner[4:], inner[:81], inner[:19]]
        packets = [packet for one in bad for packet in (one, inner)]
        got, report = convert("encap", self.device, [sa], packets, IPV4)
        self.assert_packets(got, [scapy_encap(sa, inner, i + 1) for i in range(len(bad))])  # no number is used by a packet not sent
        self.assert_drops(report, {"inner_malformed": len(bad)})

    def test_congestion(self):
        """RFC 6040, figure 4, for every pair of inner and outer marks, but that ECT(0) stays under ECT(1)."""
        sa = random_sa(self.rng, 0x904)
        packets, expected, invalid, number = [], [], 0, 0
        for outer in range(4):
            for inner in range(4):
                for _ in range(8):
                    number += 1
                    dscp = self.rng.randrange(64) << 2
                    fields = {"payload": self.rng.randbytes(50), "flags": 0x4000, "ident": self.rng.randrange(65536), "ttl": self.rng.randint(1, 255)}
                    packets.append(seal(sa, number, trailer(ipv4("10.1.0.1", "10.2.0.1", tos=dscp | inner, **fields)), tos=dscp | outer))
                    if outer == CE and inner == NOT_ECT:
                        invalid += 1
                        continue
                    mark = CE if outer == CE and inner in (ECT0, ECT1) else inner
                    expected.append(ipv4("10.1.0.1", "10.2.0.1", tos=dscp | mark, **fields))
        got, report = convert("decap", self.device, [sa], packets)
        self.assert_packets(got, expected)
        self.assert_drops(report, {"ecn_invalid": invalid})

    def test_numbers_end(self):
        """The last number is used, the next packet is refused, and so is every other (RFC 4303, 3.3.3)."""
        for esn, last in ((False, 2**32 - 1), (True, 2**64 - 1)):
            sa = random_sa(self.rng, 0x905, esn=esn, oseq=last - 3)
            inner = random_inner(self.rng, 64)
            got, report = convert("encap", self.device, [sa], [inner] * 10)
            self.assert_packets(got, [scapy_encap(sa, inner, last - 2 + i) for i in range(3)])
            self.assert_drops(report, {"seq_exhausted": 7})

    def test_garbage(self):
        """Random bytes, and random bytes with a right outer header: every one dropped, good packets between unharmed."""
        sa = random_sa(self.rng, 0x906)
        bad = [b"\x45" + self.rng.randbytes(self.rng.randint(0, 400)) for _ in range(200)]
        shaped = [ipv4(sa.src, sa.dst, struct.pack("!II", sa.spi, 5000 + i) + self.rng.randbytes(4 * self.rng.randint(7, 200)), proto=50)
                  for i in range(200)]
        self.drop_between(sa, bad + shaped, {"outer_malformed": 200, "icv_mismatch": 200})


if __name__ == "__main__":
    espalier.main()
