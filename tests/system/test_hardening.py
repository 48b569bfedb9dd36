#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How the host's programs are compiled and linked, as readelf shows it: position-independent, all addresses bound at start and then
read-only, no stack that runs, stack protector, checked string functions, CET's notes; and no core dumps. Of the daemons as they run, under
their units' rules: rights, what they tell a service manager, and what is left of keys in their memory; needs root. test_hardening.py [TEST]"""
import ctypes
import os
import platform
import pwd
import random
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

import espalier
from gwnet import GATEWAY_USER, Gateway, Net, wait_for

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../interop"))
# pylint: disable=wrong-import-position
from case import InteropTest, as_root, config, connection  # noqa: E402
from espalier_side import Espalier  # noqa: E402

BUILD = os.environ.get("ESPALIER_BUILD", "build")
LIBRARIES = ("libespalier", "libespalier-software", "libcmd", "libfile", "libgw", "libike", "libnet", "libsink")
PROGRAMS = ("espalier", "espalier-gw", "espalier-ike")
NOTHING, NET_ADMIN = f"{0:016x}", f"{1 << 12:016x}"
CAPABILITY_SETS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")


def readelf(program, *options):
    return subprocess.run(["readelf", "--wide", *options, os.path.join(BUILD, "bin", program)], capture_output=True, text=True, check=True).stdout


def status_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def memory_of(pid):
    """The bytes of each region that can be written."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            span, rights = line.split()[:2]
            first, last = (int(x, 16) for x in span.split("-"))
            if "rw" not in rights:
                continue
            memory.seek(first)
            try:
                yield line.split()[-1], memory.read(last - first)
            except OSError:
                pass  # of a device


def found_in(pid, needles):
    """Which of the needles are in a process' memory: {name: where}. Searched as bytes and as hexadecimal digits."""
    found = {}
    for where, data in memory_of(pid):
        for name, needle in needles.items():
            if needle in data or needle.hex().encode() in data:
                found[name] = where
    return found


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


class Manager:
    """A service manager's end of sd_notify's protocol."""

    def __init__(self, watchdog_ms):
        self.directory = tempfile.TemporaryDirectory()
        self.name = os.path.join(self.directory.name, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.name)
        self.socket.settimeout(60)
        self.environment = {"NOTIFY_SOCKET": self.name, "WATCHDOG_USEC": str(1000 * watchdog_ms)}

    def heard(self):
        return self.socket.recv(4096).decode()

    def close(self):
        self.socket.close()
        self.directory.cleanup()


@unittest.skipIf(os.geteuid(), "network namespaces need root")
class Daemons(InteropTest):
    kind = "espalier"
    peer_kind = Espalier

    def rights(self, pid, user, capabilities, log):
        status = status_of(pid)
        self.assertEqual([set(status[name].split()) for name in ("Uid", "Gid")], [{str(x)} for x in user])
        self.assertEqual([status[name] for name in CAPABILITY_SETS], [NOTHING, capabilities, capabilities, NOTHING, NOTHING])
        self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))
        with open(f"/proc/{pid}/limits", encoding="ascii") as limits:
            text = limits.read()
        self.assertRegex(text, r"Max core file size +0 +0 ")
        # Memory is locked where no limit stands against it; else the log says so.
        if re.search(r"Max locked memory +unlimited +unlimited ", text):
            self.assertGreater(int(status["VmLck"].split()[0]), 0)
        else:
            self.assertEqual(status["VmLck"].split()[0], "0")
            self.assertRegex(log, r"keys may get into swap space: only \d+ KiB of memory can be locked")
            with self.assertRaises((ValueError, OSError)):  # and it could not be lifted
                resource.setrlimit(resource.RLIMIT_MEMLOCK, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def configure_both(self):
        self.peer.configure(config(connection("left")))
        self.dut.configure(config(connection("right")))

    def test_rights(self):
        self.start()
        for name, user, capabilities in (("gw", GATEWAY_USER, NET_ADMIN), ("ike", "nobody", NOTHING)):
            entry = pwd.getpwnam(user)
            with open(os.path.join(self.dut.directory, name + ".log"), encoding="utf-8") as log:
                self.rights(self.dut.processes[name].pid, (entry.pw_uid, entry.pw_gid), capabilities, log.read())
        self.dut.up("net")
        self.assert_tunnel()

    def test_service_manager(self):
        managers = {}
        self.configure_both()
        for name, start in (("gw", self.dut.start_gateway), ("ike", self.dut.start_agent)):
            managers[name] = manager = Manager(600)
            self.addCleanup(manager.close)
            self.dut.environment = manager.environment
            start()
            self.assertEqual(manager.heard(), "READY=1")
            for _ in range(3):
                self.assertEqual(manager.heard(), "WATCHDOG=1")
        for name in ("ike", "gw"):
            self.assertEqual(self.dut.end(name, signal.SIGTERM), 0)
            heard = "WATCHDOG=1"
            while heard == "WATCHDOG=1":
                heard = managers[name].heard()
            self.assertEqual(heard, "STOPPING=1")

    def keys(self):
        """Of IKE and ESP SAs so far, from the agent's key log: the first 16 bytes of each."""
        found = {}
        for name in ("ikev2_decryption_table", "esp_sa"):
            with open(os.path.join(self.dut.keys, name), encoding="ascii") as file:
                text = file.read()
            for key in re.findall(r"\b(?:0x)?([0-9a-f]{40,})", text):
                found[f"{name} {key[:8]}"] = bytes.fromhex(key)[:16]
        return found

    def test_keys_are_wiped(self):
        """What a core image would have: nothing of SAs that are gone, in no daemon."""
        self.dut.keylog = True
        self.start()
        self.dut.up("net")
        self.assert_tunnel()
        alive = self.keys()
        self.assertEqual(len(alive), 4)
        processes = {f"{side.name} {name}": side.processes[name].pid for side in (self.dut, self.peer) for name in ("ike", "gw")}
        # The search finds them where they must be.
        for name, pid in processes.items():
            found = found_in(pid, {key: value for key, value in alive.items() if key.startswith("esp" if name.endswith("gw") else "ikev2")})
            self.assertEqual(len(found), 2, f"{name}: {found}")
        self.dut.rekey(child="net")
        self.assert_tunnel()
        self.dut.rekey(ike="t")
        self.assert_tunnel()
        self.dut.down(ike="t")
        self.peer.wait_down()
        gone = self.keys()
        self.assertEqual(len(gone), 8)
        for name, pid in processes.items():
            # A responder keeps an SA for a while to answer what is repeated.
            wait_for(lambda pid=pid: not found_in(pid, gone), f"{name} has no key left", 120)


TRACEME, CONTINUE, SETOPTIONS, TRACEEXIT, EXIT_STOP = 0, 7, 0x4200, 0x40, signal.SIGTRAP | 6 << 8
LIBC = ctypes.CDLL(None, use_errno=True)


def ptrace(request, pid, data=0):
    if LIBC.ptrace(ctypes.c_long(request), ctypes.c_int(pid), None, ctypes.c_void_p(data)) < 0:
        raise OSError(ctypes.get_errno(), "ptrace")


@unittest.skipIf(os.geteuid(), "looks into a process that nobody else may look into")
class Command(unittest.TestCase):
    def test_keys_are_wiped(self):
        """Stopped at its very end, the command has no key left; while it runs, it has."""
        sa = espalier.random_sa(random.Random(1), 0x1000)
        key = {"key": sa.key[:16]}
        with tempfile.TemporaryDirectory() as home:
            states, out = f"{home}/states", f"{home}/out"
            for more in ([], ["--save-states", states]):
                with open(states, "w", encoding="ascii") as file:
                    file.write(sa.line() + "\n")
                run = subprocess.Popen([espalier.COMMAND, "encap", "-d", "software", "-x", states, "-r", "-", "-w", out, *more], stdin=subprocess.PIPE,
                                       stdout=subprocess.DEVNULL, preexec_fn=lambda: ptrace(TRACEME, 0))
                os.waitpid(run.pid, 0)  # at its first instruction
                ptrace(SETOPTIONS, run.pid, TRACEEXIT)
                ptrace(CONTINUE, run.pid)
                wait_for(lambda pid=run.pid: found_in(pid, key), "the key is there")
                with open("tests/data/real-traffic.pcap", "rb") as capture:
                    run.stdin.write(capture.read())
                run.stdin.close()
                _, status = os.waitpid(run.pid, 0)
                self.assertEqual(status >> 8, EXIT_STOP)
                self.assertEqual(found_in(run.pid, key), {})
                ptrace(CONTINUE, run.pid)
                self.assertEqual(run.wait(), 0)


@unittest.skipIf(os.geteuid(), "network namespaces need root")
class Gateways(unittest.TestCase):
    def test_its_user_has_no_control(self):
        """Other processes of the user that the gateway became may not use its sink."""
        net = Net()
        self.addCleanup(net.close)
        gateway = Gateway(net.a, "software")
        self.addCleanup(gateway.close)
        connect = "import socket, sys; socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).connect(sys.argv[1])"
        for user, words in ((GATEWAY_USER, "PermissionError"), ("root", "")):
            done = subprocess.run(["/usr/bin/python3", "-IS", "-c", connect, gateway.path], user=user, capture_output=True, text=True, check=False)
            self.assertIn(words, done.stderr)
            self.assertEqual(done.returncode == 0, user == "root", done.stderr)

    def test_rights_of_the_simulator(self):
        """The simulated card that a gateway starts is no more than the gateway's user."""
        net = Net()
        self.addCleanup(net.close)
        gateway = Gateway(net.a, "sim")
        self.addCleanup(gateway.close)
        with open(f"/proc/{gateway.process.pid}/task/{gateway.process.pid}/children", encoding="ascii") as file:
            child, = file.read().split()
        status = status_of(child)
        self.assertEqual([status[name] for name in CAPABILITY_SETS], [NOTHING] * 5)
        self.assertEqual(set(status["Uid"].split()), {str(pwd.getpwnam(GATEWAY_USER).pw_uid)})
        # Killed, it comes back, and is no more then.
        os.kill(int(child), signal.SIGKILL)
        wait_for(lambda: len(re.findall(r"card sim: ", gateway.log())) == 2, "the card is back")


if __name__ == "__main__":
    as_root.become_root()
    unittest.main()
