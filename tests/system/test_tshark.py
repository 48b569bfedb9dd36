#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""tshark as another oracle: with the keys in its esp_sa table it decrypts what the device made of real traffic and confirms every ICV.

tshark 4.0 knows no extended sequence numbers, so these SAs have none.
    test_tshark.py software|sim
"""
import os
import subprocess
import tempfile

import espalier
from espalier import convert, random_sa, read_pcap, write_pcap

CAPTURE = "tests/data/real-traffic.pcap"


def tshark(path, sas, *fields):
    """Rows of the fields of each packet; sas decrypt."""
    with tempfile.TemporaryDirectory() as config:
        with open(os.path.join(config, "esp_sa"), "w", encoding="ascii") as table:
            for sa in sas:
                table.write(f'"IPv4","{sa.src}","{sa.dst}","0x{sa.spi:08x}","AES-GCM with 16 octet ICV [RFC4106]",'
                            f'"0x{(sa.key + sa.salt).hex()}","NULL",""\n')
        command = ["tshark", "-n", "-r", path, "-o", "esp.enable_encryption_decode:TRUE", "-o", "esp.enable_authentication_check:TRUE",
                   "-T", "fields", *(word for field in fields for word in ("-e", field))]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False,
                              env={**os.environ, "WIRESHARK_CONFIG_DIR": config, "HOME": config})
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return [line.split("\t") for line in done.stdout.splitlines()]


class Tshark(espalier.DeviceTest):
    def test_real_traffic(self):
        sas = [random_sa(self.rng, 0x1000 + i, src=f"192.0.2.{i + 1}", dst=f"198.51.100.{i + 1}", selector=selector)
               for i, selector in enumerate(("src 10.1.0.0/16 dst 10.2.0.53/32", "src 10.1.0.0/16 dst 10.2.0.0/16", "src 10.2.0.0/16 dst 10.1.0.0/16"))]
        link_type, packets = read_pcap(CAPTURE)
        frames = [frame for _, frame in packets]
        sealed, _ = convert("encap", self.device, sas, frames, link_type)
        self.assertEqual(len(sealed), len(frames))
        with tempfile.TemporaryDirectory() as work:
            path = os.path.join(work, "esp.pcap")
            write_pcap(path, sealed, link_type)
            rows = tshark(path, sas, "esp.icv_good", "esp.icv_bad", "esp.sequence", "ip.len")
            inner = tshark(path, sas, "ip.src", "ip.dst")
            broken = [frame[:-1] + bytes((frame[-1] ^ 1,)) for frame in sealed]
            write_pcap(path, broken, link_type)
            self.assertTrue(all(row[0] in ("", "0", "False") for row in tshark(path, sas, "esp.icv_good")), "tshark does not check ICVs")
        self.assertEqual(len(rows), len(frames))
        for row, addresses, frame in zip(rows, inner, frames):
            self.assertIn(row[0], ("1", "True"), f"tshark finds no good ICV: {row}")
            self.assertEqual(row[1], "0" if row[1] else "")
            # Outer and inner header of one packet, as tshark decrypted it.
            lengths = row[3].split(",")
            self.assertEqual(int(lengths[1]), int.from_bytes(frame[16:18], "big"))
            self.assertEqual(addresses[0].split(",")[1], ".".join(map(str, frame[26:30])))
            self.assertEqual(addresses[1].split(",")[1], ".".join(map(str, frame[30:34])))
        self.note(f"tshark confirms {len(rows)} ICVs")


if __name__ == "__main__":
    espalier.main()
