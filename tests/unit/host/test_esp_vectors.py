#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Published ESP packets: tests/vectors/mcgrew-gcm-esp.txt (draft-mcgrew-gcm-test-01), opened in transport mode, where nothing of a plaintext is hidden, and RFC 7634,
appendix A; and each with one bit of its ICV changed."""
from scapy.layers.inet import IP
from scapy.packet import Raw

import esp_device
from esp_device import ADDRESSES, CHACHA, GCM, GMAC, SA, TRANSPORT


class Vectors(esp_device.DeviceTest):
    def test_mcgrew(self):
        count = 0
        with open("tests/vectors/mcgrew-gcm-esp.txt", encoding="ascii") as file:
            cases = [line.split() for line in file if not line.startswith("#")]
        for algorithm, key, salt, number, esp, plain in cases:
            esp, plain = bytes.fromhex(esp), bytes.fromhex(plain)
            sa = SA(spi=int.from_bytes(esp[:4], "big"), mode=TRANSPORT, algorithm=GMAC if algorithm == "gmac" else GCM, key=bytes.fromhex(key),
                    salt=bytes.fromhex(salt), esn=len(number) == 16)
            src, dst = ADDRESSES[4]
            packet = bytes(IP(src=src, dst=dst, proto=50, id=7) / Raw(esp))
            payload = plain[:len(plain) - 2 - plain[-2]]
            index = self.device.add("in", **sa.members(seq=int(number, 16) - 1, replay_window=64))
            self.assertEqual(self.device.decap(packet[:-1] + bytes((packet[-1] ^ 1,)))[0], "icv_mismatch")
            self.assertEqual(self.device.decap(packet), ("ok", bytes(IP(src=src, dst=dst, proto=plain[-1], id=7) / Raw(payload))))
            self.assertEqual(self.device.delete("in", index), int(number, 16))
            count += 1
        self.assertEqual(count, 14)


    def test_chacha(self):
        """RFC 7634, appendix A: an ESP packet in tunnel mode."""
        key, salt = bytes(range(0x80, 0xA0)), bytes(range(0xA0, 0xA4))
        sealed = ("24039428b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c614ee8099d52844eb61aa95dfab4c02f72aa71e7c4c4f64c9befe2facc638e8f3"
                  "cbec163fac469b502773f6fb94e664da9165b82829f641e076aaa8266b7fb0f7b11b369907e1ad43")
        inner = bytes.fromhex("45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec100007362708090a0b0c0d0e0f1011121314151617"
                              "18191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637")
        esp = bytes.fromhex("01020304000000051011121314151617" + sealed)
        sa = SA(spi=0x01020304, algorithm=CHACHA, key=key, salt=salt)
        self.device.add("in", **sa.members(seq=4, replay_window=64))
        self.assertEqual(self.device.decap(sa.outer(esp[:-1] + bytes((esp[-1] ^ 1,))))[0], "icv_mismatch")
        self.assertEqual(self.device.decap(sa.outer(esp)), ("ok", inner))


if __name__ == "__main__":
    esp_device.main()
