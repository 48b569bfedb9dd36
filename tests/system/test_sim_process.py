#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""espalier-sim as a process, seen by a client that knows only the vfio-user specification and by lspci.

The client here is written from the specification, not from driver/vfio_user_proto.h. The program under test is the argument --sim, or
$ESPALIER_SIM, or build/bin/espalier-sim; the tests need only registers ID and SCRATCH of the card.
"""
import array
import errno
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

SIM = os.environ.get("ESPALIER_SIM", "build/bin/espalier-sim")
SLOT = "01:00.0"
(VERSION, DMA_MAP, DMA_UNMAP, GET_INFO, GET_REGION_INFO, _, GET_IRQ_INFO, SET_IRQS, REGION_READ, REGION_WRITE) = range(1, 11)
DEVICE_RESET = 13
BAR0, CONFIG = 0, 7


class Refused(Exception):
    pass


class Client:
    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(path)
        self.id = 0

    def receive(self, count):
        data = b""
        while len(data) < count:
            part = self.sock.recv(count - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    def call(self, command, body=b"", fds=(), reply=True):
        self.id = (self.id + 1) & 0xFFFF
        message = struct.pack("<HHIII", self.id, command, 16 + len(body), 0 if reply else 0x10, 0) + body
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        self.sock.sendmsg([message], rights)
        if not reply:
            return None
        ident, got, size, flags, error = struct.unpack("<HHIII", self.receive(16))
        assert (ident, got, flags & 15) == (self.id, command, 1), "a reply to something else"
        data = self.receive(size - 16)
        if flags & 0x20:
            raise Refused(error)
        return data

    def negotiate(self):
        reply = self.call(VERSION, struct.pack("<HH", 0, 1) + b'{"capabilities":{"max_msg_fds":8}}\0')
        major, minor = struct.unpack("<HH", reply[:4])
        assert major == 0 and minor <= 1 and reply.endswith(b"\0")
        return json.loads(reply[4:-1])

    def read(self, region, offset, count):
        reply = self.call(REGION_READ, struct.pack("<QII", offset, region, count))
        assert struct.unpack("<QII", reply[:16]) == (offset, region, count)
        return reply[16:]

    def write(self, region, offset, data, reply=True):
        self.call(REGION_WRITE, struct.pack("<QII", offset, region, len(data)) + data, reply=reply)

    def get(self, offset):
        return struct.unpack("<I", self.read(BAR0, offset, 4))[0]

    def put(self, offset, value, reply=True):
        self.write(BAR0, offset, struct.pack("<I", value), reply)

    def enable(self):
        self.write(CONFIG, 4, struct.pack("<H", 6))

    def close(self):
        self.sock.close()


class Sim:
    def __init__(self, *options):
        self.clients = []
        self.home = tempfile.TemporaryDirectory()
        self.dir = os.path.join(self.home.name, "sim")
        self.stats = os.path.join(self.home.name, "stats.json")
        self.process = subprocess.Popen([SIM, "--dir", self.dir, "--stats", self.stats, *options], stdout=subprocess.PIPE, text=True)
        ready = select.select([self.process.stdout], [], [], 60)[0]
        assert ready and self.process.stdout.readline() == "ready\n", "the simulator did not get ready"

    def client(self):
        client = Client(os.path.join(self.dir, "vfio-user.sock"))
        self.clients.append(client)
        client.negotiate()
        return client

    def lspci(self):
        return subprocess.run(["lspci", "-O", f"sysfs.path={self.dir}/sysfs", "-vv", "-s", SLOT], capture_output=True, text=True,
                              check=True).stdout

    def ticks(self):
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def end(self):
        for client in self.clients:
            client.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(30)
        self.process.stdout.close()
        return status


class SimProcess(unittest.TestCase):
    def start(self, *options):
        sim = Sim(*options)
        self.addCleanup(sim.home.cleanup)
        self.addCleanup(sim.end)
        return sim

    def test_protocol(self):
        sim = self.start()
        client = Client(os.path.join(sim.dir, "vfio-user.sock"))
        self.addCleanup(client.close)
        capabilities = client.negotiate()["capabilities"]
        self.assertGreaterEqual(capabilities["max_msg_fds"], 4)
        _, flags, regions, irqs = struct.unpack("<IIII", client.call(GET_INFO, struct.pack("<IIII", 16, 0, 0, 0)))
        self.assertEqual((flags, regions, irqs), (3, 9, 5))
        for index, size in ((0, 65536), (1, 0), (6, 0), (7, 4096), (8, 0)):
            info = client.call(GET_REGION_INFO, struct.pack("<IIIIQQ", 32, 0, index, 0, 0, 0))
            self.assertEqual(struct.unpack("<IIIIQQ", info)[4], size)
        for index, count in ((0, 0), (1, 0), (2, 4), (3, 0), (4, 0)):
            info = client.call(GET_IRQ_INFO, struct.pack("<IIII", 16, 0, index, 0))
            self.assertEqual(struct.unpack("<IIII", info)[3], count)
        with self.assertRaises(Refused):
            client.call(12, b"\0" * 32)
        with self.assertRaises(Refused):
            client.read(BAR0, 65536, 4)

    def test_registers(self):
        sim = self.start("--stall", "30", "--latency", "2000")
        client = sim.client()
        self.assertEqual(client.get(0), 0xFFFFFFFF)  # memory decoding is off
        client.enable()
        self.assertEqual(client.read(BAR0, 0, 4), b"ESPL")
        for value in (0x12345678, 0, 0xFFFFFFFF, 0xA5A5A5A5):
            client.put(0x18, value, reply=value != 0)
            self.assertEqual(client.get(0x18), value)
        client.call(DEVICE_RESET)
        self.assertEqual(client.get(0x18), 0)
        self.assertEqual(client.get(0), 0x4C505345)

    def test_configuration(self):
        client = self.start("--bar", "0x380000000000").client()
        self.assertEqual(struct.unpack("<HH", client.read(CONFIG, 0, 4)), (0x10EE, 0xE5B0))
        client.write(CONFIG, 0x10, b"\xff" * 8)
        self.assertEqual(struct.unpack("<Q", client.read(CONFIG, 0x10, 8))[0], 0xFFFFFFFFFFFF0004)
        client.write(CONFIG, 0x10, struct.pack("<Q", 0x4000000000))
        client.enable()
        self.assertEqual(client.get(0), 0x4C505345)
        client.put(0x18, 77)
        client.write(CONFIG, 0x78, struct.pack("<H", 0x8000))  # function level reset
        self.assertEqual(client.get(0x18), 0)

    def test_lspci(self):
        sim = self.start("--link", "gen4x8", "--mps", "256", "--mrrs", "1024", "--rcb", "128")
        text = sim.lspci()
        for part in ("MSI-X: Enable- Count=4", "Express (v2) Endpoint", "LnkSta:\tSpeed 16GT/s, Width x8", "BusMaster-",
                     "Region 0: Memory at f0000000 (64-bit, non-prefetchable) [disabled] [size=64K]", "RCB 128 bytes",
                     "MaxPayload 256 bytes, MaxReadReq 1024 bytes", "Advanced Error Reporting", "Power Management version 3"):
            self.assertIn(part, text)
        client = sim.client()
        client.enable()
        event = os.eventfd(0)
        self.addCleanup(os.close, event)
        client.call(SET_IRQS, struct.pack("<IIIII", 20, 0x24, 2, 0, 1), [event])
        text = sim.lspci()
        self.assertIn("BusMaster+", text)
        self.assertIn("MSI-X: Enable+ Count=4 Masked-", text)
        client.close()
        for _ in range(100):
            if "BusMaster-" in sim.lspci():
                break
            time.sleep(0.05)
        self.assertIn("MSI-X: Enable-", sim.lspci())

    def test_memory(self):
        client = self.start().client()
        fd = os.memfd_create("test")
        self.addCleanup(os.close, fd)
        os.ftruncate(fd, 8192)
        unmap = struct.pack("<IIQQ", 24, 0, 0x100000, 8192)
        client.call(DMA_UNMAP, unmap)  # nothing there: fine
        client.call(DMA_MAP, struct.pack("<IIQQQ", 32, 3, 0, 0x100000, 8192), [fd])
        with self.assertRaises(Refused):
            client.call(DMA_MAP, struct.pack("<IIQQQ", 32, 3, 0, 0x101000, 4096), [fd])
        client.call(DMA_MAP, struct.pack("<IIQQQ", 32, 3, 0, 0x200000, 4096))  # without memory: accepted, nothing answers there
        client.call(DMA_UNMAP, unmap)
        client.call(DMA_UNMAP, struct.pack("<IIQQ", 24, 0, 0x200000, 4096))

    def test_clients_come_and_go(self):
        sim = self.start()
        first = sim.client()
        with self.assertRaises(Refused) as refused:
            sim.client()
        self.assertEqual(refused.exception.args, (errno.EBUSY,))
        first.enable()
        first.put(0x18, 5)
        self.assertEqual(first.get(0x18), 5)
        first.close()
        second = sim.client()
        self.assertEqual(second.read(CONFIG, 4, 2), b"\0\0")
        second.enable()
        self.assertEqual(second.get(0x18), 0)
        # Broken framing costs this client its connection, and nobody else anything.
        second.sock.sendall(struct.pack("<HHIII", 1, GET_INFO, 3, 0, 0))
        with self.assertRaises((EOFError, ConnectionError)):
            second.receive(1)
        third = sim.client()
        third.enable()
        self.assertEqual(third.get(0), 0x4C505345)

    def test_idle(self):
        sim = self.start()
        client = sim.client()
        client.enable()
        client.get(0)
        last = -1
        for _ in range(200):  # until the cycles after the last access have run
            now = sim.ticks()
            if now == last:
                break
            last = now
            time.sleep(0.5)
        before = sim.ticks()
        time.sleep(2)
        self.assertLessEqual(sim.ticks() - before, 2)  # of 200

    def test_end(self):
        sim = self.start()
        other = subprocess.run([SIM, "--dir", sim.dir], capture_output=True, text=True)
        self.assertEqual(other.returncode, 1)
        self.assertIn("another simulator", other.stderr)
        client = sim.client()
        client.enable()
        client.get(0)
        self.assertEqual(sim.end(), 0)
        self.assertEqual(os.listdir(sim.dir), [])
        with open(sim.stats) as stats:
            counts = json.load(stats)
        self.assertEqual(counts["mmio_reads"], 1)
        self.assertIsNone(counts["violation"])

    def test_end_with_client(self):
        sim = self.start("--exit-with-client")
        sim.client().close()
        self.assertEqual(sim.process.wait(30), 0)

    def test_end_with_parent(self):
        with tempfile.TemporaryDirectory() as home:
            script = f"'{SIM}' --dir '{home}/sim' --parent-death & echo $!; sleep 1; exec kill -9 $$"
            out = subprocess.run(["bash", "-c", script], stdout=subprocess.PIPE, text=True).stdout
            pid = int(out.split()[0])
            for _ in range(100):
                if not os.path.exists(f"/proc/{pid}") or not os.path.exists(f"{home}/sim/lock"):
                    break
                time.sleep(0.1)
            self.assertFalse(os.path.exists(f"{home}/sim/lock"))

    def test_files(self):
        """What stands in the way is kept; what cannot be written is said at the start."""
        with tempfile.TemporaryDirectory() as home:
            def refused(text, *options):
                done = subprocess.run([SIM, "--dir", f"{home}/sim", *options], capture_output=True, text=True, timeout=60)
                self.assertEqual(done.returncode, 1)
                self.assertIn(text, done.stderr)

            os.mkdir(f"{home}/sim")
            with open(f"{home}/sim/vfio-user.sock", "w") as file:
                file.write("precious")
            refused("vfio-user.sock: is there and is not a socket")
            with open(f"{home}/sim/vfio-user.sock") as file:
                self.assertEqual(file.read(), "precious")
            self.assertEqual(os.listdir(f"{home}/sim"), ["vfio-user.sock"])
            refused(f"{home}/no/stats: No such file", "--stats", f"{home}/no/stats")
            refused("the same file", "--stats", f"{home}/x", "--trace", f"{home}/./x")
            refused("Is a directory", "--stats", home)

    def test_remove_dir(self):
        with tempfile.TemporaryDirectory() as home:
            for name, left in (("sim", False), ("full", True)):
                os.mkdir(f"{home}/{name}")
                if left:
                    os.mkdir(f"{home}/{name}/mine")
                run = subprocess.Popen([SIM, "--dir", f"{home}/{name}", "--remove-dir"], stdout=subprocess.PIPE, text=True)
                self.assertEqual(run.stdout.readline(), "ready\n")
                run.terminate()
                self.assertEqual(run.wait(30), 0)
                run.stdout.close()
                self.assertEqual(os.path.exists(f"{home}/{name}"), left)

    def test_usage(self):
        for options in (["--mps", "7"], ["--fault", "no"], ["--nothing"], ["word"]):
            self.assertEqual(subprocess.run([SIM, *options], capture_output=True).returncode, 1)
        self.assertEqual(subprocess.run([SIM, "--help"], capture_output=True).returncode, 0)


if __name__ == "__main__":
    if len(sys.argv) > 2 and sys.argv[1] == "--sim":
        SIM = sys.argv[2]
        del sys.argv[1:3]
    unittest.main(verbosity=2)
