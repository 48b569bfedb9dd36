#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Files that espalier writes: no two of a command line are one file, by whatever name; what stands there is kept until the device has
taken the states; links are followed, nodes written through or refused; what cannot be written is an error that names the file.
Usage: test_files.py ESPALIER."""
import os
import stat
import subprocess
import threading
import unittest

from command import ESPALIER, Command, inner, state


class Files(Command):
    def setUp(self):
        super().setUp()
        self.pcap("in", [inner()] * 5)

    def run_with(self, *more, status=0, **options):
        values = {"-x": "states", "-r": "in", "-w": "out", **dict(zip(more[::2], more[1::2]))}
        words = [word for pair in values.items() for word in pair]
        done = subprocess.run([ESPALIER, "encap", "-d", "software", *words], cwd=self.dir.name, capture_output=True, check=False, timeout=60, **options)
        self.assertEqual(done.returncode, status, done.stderr)
        return done

    def whole(self, name):
        with open(self.path(name), "rb") as f:
            return f.read()

    def content(self):
        """Every regular file by name."""
        out = {}
        for name in os.listdir(self.dir.name):
            if os.path.isfile(self.path(name)):
                with open(self.path(name), "rb") as f:
                    out[name] = f.read()
        return out

    def packets(self, data):
        at, count = 24, 0
        while at < len(data):
            at += 16 + int.from_bytes(data[at + 8:at + 12], "little")
            count += 1
        self.assertEqual(at, len(data))
        return count

    def test_collisions(self):
        os.symlink("in", self.path("in.link"))
        os.link(self.path("in"), self.path("in.hard"))
        os.symlink("states", self.path("states.link"))
        os.symlink(".", self.path("here"))
        os.symlink("new", self.path("new.link"))
        before = self.content()
        for more in (("-w", "in"), ("-w", "in.link"), ("-w", "in.hard"), ("-w", "./here/in"), ("-w", "states"), ("-w", "states.link"),
                     ("--save-states", "in"), ("--save-states", "in.link"), ("-w", "new", "--save-states", "new"),
                     ("-w", "new", "--save-states", "here/new"), ("-w", "new.link", "--save-states", "new")):
            with self.subTest(options=more):
                self.assertIn(b"the same file", self.run_with(*more, status=1).stderr)
                self.assertEqual(self.content(), before)

    def test_kept_until_the_device_agrees(self):
        """Whatever fails before the first packet: the old output is as it was, and a new one is not there."""
        self.write("out", "precious")
        self.write("bad", state(9))  # a reserved SPI: the device refuses it
        self.write("worse", "xfrm state flush\n")
        before = self.content()
        for more in (("-x", "bad"), ("-x", "worse"), ("-x", "missing"), ("-r", "missing"), ("-r", "states"), ("-d", "eth7"),
                     ("--save-states", "missing/s"), ("--save-states", "."), ("--save-states", "bad", "-x", "bad")):
            for out in ("out", "new"):
                with self.subTest(options=more, out=out):
                    self.run_with("-w", out, *more, status=1)
                    self.assertEqual(self.content(), before)

    def test_kinds(self):
        os.mkdir(self.path("dir"))
        os.symlink("target", self.path("link"))
        os.symlink("link", self.path("link2"))
        self.run_with("-w", "link2")  # a link to a link to nothing
        self.assertEqual(self.packets(self.content()["target"]), 5)
        self.assertTrue(os.path.islink(self.path("link")))
        self.assertIn(b"dir: Is a directory", self.run_with("-w", "dir", status=1).stderr)
        self.assertIn(b"missing/out: No such file", self.run_with("-w", "missing/out", status=1).stderr)
        self.run_with("-w", "/dev/null", stdin=subprocess.DEVNULL)
        said = self.run_with("-w", "/dev/full", status=1).stderr
        self.assertIn(b"/dev/full could not be written: No space left", said)
        self.assertEqual(said.count(b"could not be written"), 1)
        for node in ("/dev/null", "/dev/full", "dir"):
            self.assertIn(b"no regular file", self.run_with("--save-states", node, status=1).stderr)
        os.mkfifo(self.path("fifo"))
        self.assertIn(b"no regular file", self.run_with("--save-states", "fifo", status=1).stderr)
        got = []
        reader = threading.Thread(target=lambda: got.append(self.whole("fifo")))
        reader.start()
        self.run_with("-w", "fifo")
        reader.join()
        self.assertEqual(self.packets(got[0]), 5)
        self.assertTrue(stat.S_ISFIFO(os.stat(self.path("fifo")).st_mode))

    def test_rights(self):
        """A link's file gets the numbers; owner and mode of a new one."""
        os.rename(self.path("states"), self.path("real"))
        os.symlink("real", self.path("states"))
        self.run_with("--save-states", "states")
        self.assertIn(b"replay-oseq 0x5", self.content()["real"])
        self.assertTrue(os.path.islink(self.path("states")))
        self.assertEqual(stat.S_IMODE(os.stat(self.path("real")).st_mode), 0o600)
        if os.geteuid() == 0:
            os.chown(self.path("real"), 12345, 12345)
            self.run_with("--save-states", "states")
            self.assertEqual(os.stat(self.path("real")).st_uid, 12345)
        else:
            os.chmod(self.path("out"), 0o400)
            self.assertIn(b"out: Permission denied", self.run_with(status=1).stderr)

    def test_standard_output(self):
        """Packets there: the report goes to standard error, however standard output is named."""
        want = self.run_with("-w", "-").stdout
        self.assertEqual(self.packets(want), 5)
        for name in ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"):
            done = self.run_with("-w", name)
            self.assertEqual(done.stdout, want)
            self.assertIn(b"packets in", done.stderr)
        for name in ("-", "/dev/stdout", "both"):
            with self.subTest(name=name), open(self.path("both"), "wb") as both:
                done = subprocess.run([ESPALIER, "encap", "-d", "software", "-x", "states", "-r", "in", "-w", name], cwd=self.dir.name,
                                      stdout=both, stderr=subprocess.PIPE, check=True)
                self.assertIn(b"packets in", done.stderr)
            self.assertEqual(self.content()["both"], want)
        with open(self.path("both"), "ab") as both:  # >>: what stands there stays
            subprocess.run([ESPALIER, "encap", "-d", "software", "-x", "states", "-r", "in", "-w", "-"], cwd=self.dir.name, stdout=both,
                           stderr=subprocess.PIPE, check=True)
        self.assertEqual(self.content()["both"], want + want)

    def test_standard_error(self):
        """Messages would stand between the packets."""
        with open(self.path("both"), "wb") as both:
            for name in ("both", "/dev/stderr"):
                done = subprocess.run([ESPALIER, "encap", "-d", "software", "-x", "states", "-r", "in", "-w", name], cwd=self.dir.name,
                                      stderr=both, stdout=subprocess.PIPE, check=False)
                self.assertEqual(done.returncode, 1)
        self.assertEqual(self.content()["both"].count(b"standard error"), 2)

    def test_report_is_lost(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([ESPALIER, "encap", "-d", "software", "-x", "states", "-r", "in", "-w", "out", "--json"], cwd=self.dir.name,
                                  stdout=full, stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"report could not be written", done.stderr)
        self.assertEqual(self.packets(self.content()["out"]), 5)


if __name__ == "__main__":
    unittest.main()
