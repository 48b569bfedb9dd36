#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The simulated card as PCI tools see it: lspci decodes the published tree, espalier list and info find the card."""
import json
import os
import re
import signal
import subprocess
import tempfile
import time
import unittest

import espalier
from espalier import Simulator, run_command


def lspci(simulator, *arguments):
    command = ["lspci", "-O", f"sysfs.path={simulator.directory.name}/sysfs", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout, done.stderr


def wait_for(condition):
    end = time.monotonic() + 60
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("it does not come")
        time.sleep(0.05)


class Pci(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.simulator = Simulator("--link", "gen3x8", "--mps", "256", "--mrrs", "1024", "--rcb", "128")

    @classmethod
    def tearDownClass(cls):
        cls.simulator.close()

    def test_lspci(self):
        out, err = lspci(self.simulator, "-vvv", "-nn")
        print(out, flush=True)
        # A machine without kernel modules is no matter of the card's.
        self.assertEqual([line for line in err.splitlines() if "libkmod" not in line], [])
        self.assertEqual(len(re.findall(r"^\S+ .*\[10ee:e5b0\]", out, re.M)), 1)
        for pattern in (r"Capabilities: \[\w+\] Express \(v2\) Endpoint", r"Capabilities: \[\w+\] MSI-X: Enable[-+] Count=4 ", r"Vector table: BAR=0 offset=00008000",
                        r"PBA: BAR=0 offset=0000c000", r"LnkSta:\s+Speed 8GT/s.*, Width x8", r"MaxPayload 256 bytes, MaxReadReq 1024 bytes", r"RCB 128 bytes",
                        r"Region 0: Memory at \w+ \(64-bit, .*\[size=64K\]", r"^\S+ .*\[(0b|12|02|10)[0-9a-f]{2}\]"):
            self.assertRegex(out, re.compile(pattern, re.M))
        self.assertNotIn("<chain looped>", out)
        self.assertNotIn("rev ff", out)

    def test_configuration_space(self):
        """All 4096 bytes are there, capabilities in the first 256 are linked by their pointers."""
        out, _ = lspci(self.simulator, "-xxxx")
        data = bytes(int(byte, 16) for line in out.splitlines() if re.match(r"^[0-9a-f]+: ", line) for byte in line.split(": ")[1].split())
        self.assertIn(len(data), (256, 4096))
        kinds, at = [], data[0x34]
        while at:
            kinds.append(data[at])
            self.assertLess(len(kinds), 10)
            at = data[at + 1]
        self.assertLessEqual({0x10, 0x11}, set(kinds))  # PCI Express, MSI-X

    def test_list(self):
        environment = {**os.environ, "ESPALIER_RUN_DIR": os.path.dirname(self.simulator.directory.name)}
        done = subprocess.run([espalier.COMMAND, "list", "--json"], capture_output=True, text=True, timeout=60, check=True, env=environment)
        cards = [card for card in json.loads(done.stdout) if card["name"] == self.simulator.device]
        self.assertEqual(len(cards), 1)
        self.assertEqual((cards[0]["vendor"], cards[0]["device"], cards[0]["simulated"]), (0x10EE, 0xE5B0, True))
        self.assertEqual((cards[0]["link_speed"], cards[0]["link_width"]), (3, 8))

    def test_nothing_left(self):
        """A run on a card of its own that a signal ends: card and directory go with it."""
        sa = espalier.SA(0x1000, bytes(16), b"salt")
        for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGPIPE):
            with tempfile.TemporaryDirectory(prefix="es-") as home, self.subTest(signal=number):
                with open(f"{home}/states", "w", encoding="ascii") as file:
                    file.write(sa.line() + "\n")
                espalier.write_pcap(f"{home}/in", [espalier.ipv4("10.1.0.1", "10.2.0.1", bytes(1000))] * 1000)
                os.mkdir(f"{home}/run")
                run = subprocess.Popen([espalier.COMMAND, "encap", "-x", f"{home}/states", "-r", f"{home}/in", "-w", "-"], stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, env={**os.environ, "XDG_RUNTIME_DIR": f"{home}/run"})
                run.stdout.read(24)
                self.assertEqual(len(os.listdir(f"{home}/run")), 1)
                if number == signal.SIGPIPE:
                    run.stdout.close()
                else:
                    run.send_signal(number)
                run.communicate()
                wait_for(lambda home=home: not os.listdir(f"{home}/run"))

    def test_lacking(self):
        """What the driver's interface has and the card has not is refused by name, before anything is written."""
        with tempfile.TemporaryDirectory() as home:
            espalier.write_pcap(f"{home}/in", [espalier.ipv4("10.1.0.1", "10.2.0.1", b"x")])
            for words, lacking in (("mode transport", "transport mode"), ("mode tunnel encap espinudp 4500 4500 0.0.0.0", "UDP encapsulation"),
                                   ("mode tunnel tfcpad 100", "TFC padding"), ("mode tunnel limit packet-hard 5", "limits of packets and bytes"),
                                   ("mode tunnel replay-window 129", "replay-window 129 is above the device's 128")):
                with open(f"{home}/states", "w", encoding="ascii") as file:
                    file.write(f"xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x1000 {words} aead 'rfc4106(gcm(aes))' 0x{bytes(20).hex()} 128\n")
                _, err, code = run_command("encap", "-d", self.simulator.device, "-x", f"{home}/states", "-r", f"{home}/in", "-w", f"{home}/out")
                self.assertEqual(code, 1)
                self.assertIn(lacking, err)
                self.assertFalse(os.path.exists(f"{home}/out"))

    def test_info(self):
        out, err, code = run_command("info", "-d", self.simulator.device, "--json")
        self.assertEqual((code, err), (0, ""))
        info = json.loads(out)
        self.assertEqual((info["lanes"], info["queues"], info["sa_capacity"], info["max_packet"], info["max_window"], info["clock_khz"]),
                         (4, 4, 4096, 9600, 128, 250000))
        self.assertEqual((info["link_width"], info["link_speed"]), (8, "8 GT/s"))


if __name__ == "__main__":
    espalier.main()
