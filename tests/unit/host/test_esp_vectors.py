#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Published ESP packets: tests/vectors/mcgrew-gcm-esp.txt (draft-mcgrew-gcm-test-01), opened in transport mode, where nothing of a plaintext is hidden; and each
with one bit of its ICV changed."""
from scapy.layers.inet import IP
from scapy.packet import Raw

import esp_device
from esp_device import ADDRESSES, GCM, GMAC, SA, TRANSPORT


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


if __name__ == "__main__":
    esp_device.main()
