#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Files and sockets of the daemons: what is there and is not theirs stays, what cannot be written is an error at start that names it, and
at the end, too. Needs root. test_outputs.py [TEST]
"""
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import unittest

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import as_root  # noqa: E402  pylint: disable=wrong-import-position
from gwnet import GATEWAY_USER, give  # noqa: E402  pylint: disable=wrong-import-position

BUILD = os.path.abspath(os.environ.get("ESPALIER_BUILD", "build"))


@unittest.skipIf(os.geteuid(), "TUN devices and raw sockets need root")
class Outputs(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.dir = directory.name
        give(self.dir)
        self.sink = self.path("sink.sock")
        for name in ("file", "conf"):
            self.write(name, "precious" if name == "file" else "")

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="ascii") as file:
            file.write(text)

    def start(self, program, *arguments):
        """In a network namespace of its own."""
        run = subprocess.Popen(["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", f"{BUILD}/bin/{program}", *arguments],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(run.stdout.close)
        self.addCleanup(run.stderr.close)
        self.addCleanup(run.wait)
        self.addCleanup(run.kill)
        return run

    def gateway(self, *more):
        return self.start("espalier-gw", "-d", "software", "--sink", self.sink, *more)

    def assert_refused(self, run, *texts):
        _, err = run.communicate(timeout=60)
        self.assertEqual(run.returncode, 1, err)
        for text in texts:
            self.assertIn(text, err)
        with open(self.path("file"), encoding="ascii") as file:
            self.assertEqual(file.read(), "precious")

    def ready(self, run):
        self.assertEqual(run.stdout.readline(), "ready\n", "" if run.poll() is None else run.stderr.read())
        return run

    def end(self, run, status=0):
        run.send_signal(signal.SIGTERM)
        _, err = run.communicate(timeout=60)
        self.assertEqual(run.returncode, status, err)
        return err

    def test_sink_socket(self):
        os.symlink("file", self.path("link"))
        for name in ("file", "link"):
            self.sink = self.path(name)
            self.assert_refused(self.gateway(), name, "not a socket")
        self.sink = self.path("sink.sock")
        stale = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        stale.bind(self.sink)
        stale.close()
        first = self.ready(self.gateway())
        self.assert_refused(self.gateway("--tun", "esp1"), "sink.sock", "in use")
        self.end(first)
        self.assertFalse(os.path.exists(self.sink))
        shutil.chown(self.dir, "root")  # where it may not remove the socket, that stays behind, and harms nobody
        for _ in range(2):
            self.end(self.ready(self.gateway()))
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as late, self.assertRaises(ConnectionRefusedError):
                late.connect(self.sink)

    def test_counters(self):
        os.mkfifo(self.path("fifo"))
        give(self.path("fifo"))
        for name in ("missing/gw.json", "sink.sock", "."):
            self.assert_refused(self.gateway("--json-stats", self.path(name)), self.path(name))
        os.mkdir(self.path("sub"))
        self.assert_refused(self.gateway("--json-stats", self.path("sub/gw.json")), self.path("sub/gw.json"), f"cannot be written by {GATEWAY_USER}")
        give(self.path("sub"))
        os.symlink("sub/gw.json", self.path("gw.json"))
        run = self.ready(self.gateway("--json-stats", self.path("gw.json")))
        self.assert_refused(self.gateway("--tun", "esp1", "--json-stats", self.path("file")), "in use")  # and the file is as it was
        self.end(run)
        self.assertTrue(os.path.islink(self.path("gw.json")))
        with open(self.path("sub/gw.json"), encoding="ascii") as file:
            self.assertEqual(json.load(file)["dropped"], 0)
        run = self.ready(self.gateway("--json-stats", self.path("gw.json")))
        os.rename(self.path("sub"), self.path("gone"))
        self.assertIn("gw.json: No such file or directory", self.end(run, 1))
        run = self.ready(self.gateway("--json-stats", self.path("fifo")))
        reader = os.open(self.path("fifo"), os.O_RDONLY | os.O_NONBLOCK)
        self.end(run)
        self.assertEqual(json.loads(os.read(reader, 65536))["dropped"], 0)
        os.close(reader)
        self.assertTrue(stat.S_ISFIFO(os.stat(self.path("fifo")).st_mode))
        run = self.ready(self.gateway("--json-stats", "/dev/full"))
        self.assertIn("/dev/full: No space left", self.end(run, 1))
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/full").st_mode))

    def test_control_socket(self):
        gateway = self.ready(self.gateway())
        common = ("--config", self.path("conf"), "--sink", self.sink, "--user", "nobody")
        # In the gateway's namespace there is nothing to bind to but the loopback, which is enough to get to its sockets.
        self.assert_refused(self.start("espalier-ike", *common, "--control", self.path("file")), "file", "not a socket")
        self.assert_refused(self.start("espalier-ike", *common, "--control", self.sink), "sink.sock", "in use")
        self.assert_refused(self.start("espalier-ike", *common, "--control", self.path("ike.sock"), "--keylog", self.path("file")), "Not a directory")
        self.end(gateway)


if __name__ == "__main__":
    as_root.become_root()
    unittest.main()
