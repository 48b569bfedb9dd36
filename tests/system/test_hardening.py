#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How the host's programs are compiled and linked, as readelf shows it: position-independent, all addresses bound at start and then
read-only, no stack that runs, stack protector, checked string functions, CET's notes; and no core dumps. test_hardening.py [TEST]"""
import os
import platform
import re
import subprocess
import tempfile
import unittest

import espalier

BUILD = os.environ.get("ESPALIER_BUILD", "build")
LIBRARIES = ("libespalier", "libespalier-software", "libcmd", "libfile", "libgw", "libike", "libnet", "libsink")
PROGRAMS = ("espalier", "espalier-gw", "espalier-ike")


def readelf(program, *options):
    return subprocess.run(["readelf", "--wide", *options, os.path.join(BUILD, "bin", program)], capture_output=True, text=True, check=True).stdout


class Hardening(unittest.TestCase):
    def test_programs(self):
        for program in PROGRAMS:
            with self.subTest(program=program):
                self.assertRegex(readelf(program, "--file-header"), r"Type: +DYN \(Position-Independent Executable")
                segments = readelf(program, "--program-headers")
                self.assertIn("GNU_RELRO", segments)
                self.assertRegex(segments, r"GNU_STACK .* RW +0x")
                self.assertNotRegex(segments, r"LOAD .* RWE ")
                dynamic = readelf(program, "--dynamic")
                self.assertIn("BIND_NOW", dynamic)
                self.assertNotRegex(dynamic, "RPATH|RUNPATH|TEXTREL")
                symbols = readelf(program, "--dyn-syms")
                self.assertIn("__stack_chk_fail", symbols)
                checked = set(re.findall(r"__(\w+)_chk@", symbols))
                self.assertLessEqual({"snprintf", "memcpy"}, checked)

    @unittest.skipUnless(platform.machine() == "x86_64", "CET is Intel's and AMD's")
    def test_control_flow(self):
        """Of each object of ours: the C library's start files may lack it, and then the linker drops the note."""
        for library in LIBRARIES:
            objects = readelf(f"../lib/{library}.a", "--notes").split("\nFile: ")[1:]
            self.assertTrue(objects)
            for text in objects:
                with self.subTest(object=text.split("\n")[0]):
                    self.assertIn("x86 feature: IBT, SHSTK", text)

    def test_no_core_dumps(self):
        """Of a program that holds keys: while it waits for packets."""
        with tempfile.TemporaryDirectory() as home:
            with open(f"{home}/states", "w", encoding="ascii") as file:
                file.write(espalier.SA(0x1000, bytes(16), b"salt").line())
            run = subprocess.Popen([espalier.COMMAND, "encap", "-d", "software", "-x", f"{home}/states", "-r", "-", "-w", f"{home}/out"], stdin=subprocess.PIPE)
            with open(f"/proc/{run.pid}/limits", encoding="ascii") as limits:
                while not re.search(r"Max core file size +0 +0 ", limits.read()):
                    limits.seek(0)
                    self.assertIsNone(run.poll())
            run.stdin.close()
            run.wait()


if __name__ == "__main__":
    unittest.main()
