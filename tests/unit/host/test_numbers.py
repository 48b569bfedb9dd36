#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""No sequence number comes twice under a key, however a run of espalier ends: signals, a reader that goes away, full disks, a file of
states that cannot be written any more; and no packet that was released is taken again. Usage: test_numbers.py ESPALIER."""
import os
import re
import resource
import signal
import subprocess
import unittest

from command import ESPALIER, Command, inner, state

AHEAD_OUT, AHEAD_IN = 65536, 4096  # host/cmd/reserve.h
ESP_SEQ = 24                       # where an outer packet has its number


class Numbers(Command):
    def packets(self, count, length=1000):
        self.pcap("in", [inner(length)] * count)

    def command(self, *more, command="encap", out="-"):
        return [ESPALIER, command, "-d", "software", "-x", "states", "-r", "in", "-w", out, "--save-states", "states", *more]

    def start(self, *more, **fields):
        run = subprocess.Popen(self.command(*more, **fields), cwd=self.dir.name, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(run.stderr.close)
        self.addCleanup(run.stdout.close)
        return run

    @staticmethod
    def split(data):
        """The whole packets of a capture that may end anywhere."""
        at, out = 24, []
        while at + 16 <= len(data):
            n = int.from_bytes(data[at + 8:at + 12], "little")
            if at + 16 + n <= len(data):
                out.append(data[at + 16:at + 16 + n])
            at += 16 + n
        return out

    def numbers(self, data):
        return [int.from_bytes(p[ESP_SEQ:ESP_SEQ + 4], "big") for p in self.split(data)]

    def saved(self, option="replay-oseq"):
        with open(self.path("states"), encoding="ascii") as f:
            found = re.search(option + r" (0x\w+)", f.read())
        return int(found[1], 16) if found else 0

    def next_run(self):
        """The numbers of a run after the one under test."""
        self.packets(10)
        done = subprocess.run(self.command(), cwd=self.dir.name, capture_output=True, check=True)
        return self.numbers(done.stdout)

    def check_after(self, used):
        self.assertTrue(used)
        self.assertGreaterEqual(self.saved(), max(used))
        again = self.next_run()
        self.assertEqual(len(again), 10)
        self.assertGreater(min(again), max(used))
        self.assertEqual(os.listdir(self.dir.name).count("states"), 1)
        self.assertEqual(sorted(os.listdir(self.dir.name)), ["in", "states"])

    def test_signals(self):
        for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGXCPU):
            with self.subTest(signal=number):
                self.write("states", state())
                self.packets(3000)
                run = self.start()
                data = run.stdout.read(100000)  # the rest does not fit the pipe: it is in the middle
                self.assertGreaterEqual(self.saved(), AHEAD_OUT)  # before the first packet
                run.send_signal(number)
                data += run.stdout.read()
                status = run.wait()
                self.assertEqual(status, -number if number == signal.SIGKILL else 1)
                used = self.numbers(data)
                if number != signal.SIGKILL:
                    self.assertIn(b"Interrupted", run.stderr.read())
                    self.assertLess(self.saved(), 3000)  # exact: not what was reserved
                self.check_after(used)

    def test_reader_goes_away(self):
        self.packets(3000)
        run = self.start()
        used = self.numbers(run.stdout.read(100000))
        run.stdout.close()
        self.assertEqual(run.wait(), 1)
        self.assertIn(b"- could not be written: Broken pipe", run.stderr.read())
        self.assertLessEqual(self.saved(), 3000)
        self.check_after(used)

    def test_output_at_its_limit(self):
        """RLIMIT_FSIZE: SIGXFSZ would end the process."""
        self.packets(3000)
        done = subprocess.run(self.command(out="out"), cwd=self.dir.name, capture_output=True, check=False,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000)))
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(b"out could not be written: File too large", done.stderr)
        with open(self.path("out"), "rb") as f:
            used = self.numbers(f.read())
        os.unlink(self.path("out"))
        self.check_after(used)

    def test_states_cannot_be_written_at_all(self):
        """Nothing is sent, and what stood in the output stays."""
        self.packets(10)
        self.write("out", "precious")
        for limit in (0, 50):
            done = subprocess.run(self.command(out="out"), cwd=self.dir.name, capture_output=True, check=False,
                                  preexec_fn=lambda n=limit: resource.setrlimit(resource.RLIMIT_FSIZE, (n, n)))
            self.assertEqual(done.returncode, 1)
            self.assertIn(b"states: File too large", done.stderr)
            with open(self.path("out"), encoding="ascii") as f:
                self.assertEqual(f.read(), "precious")
            self.assertEqual(self.saved(), 0)

    def test_states_cannot_be_written_any_more(self):
        """The file's directory goes away in the middle: the numbers that it covers are used up, and not one more."""
        os.mkdir(self.path("keep"))
        os.rename(self.path("states"), self.path("keep/states"))
        os.symlink("keep/states", self.path("states"))
        self.packets(AHEAD_OUT + 1000, 100)
        run = self.start()
        data = run.stdout.read(100000)
        os.rename(self.path("keep"), self.path("gone"))
        data += run.stdout.read()
        self.assertEqual(run.wait(), 1)
        self.assertIn(b"states: No such file", run.stderr.read())
        used = self.numbers(data)
        os.rename(self.path("gone"), self.path("keep"))
        self.assertEqual(self.saved(), AHEAD_OUT)
        self.assertLessEqual(max(used), AHEAD_OUT)
        self.assertGreater(max(used), AHEAD_OUT - 600)
        self.assertGreater(min(self.next_run()), max(used))

    def test_long_run(self):
        """Reservations are renewed on the way; the end is exact."""
        self.packets(2 * AHEAD_OUT + 100, 40)
        done = subprocess.run(self.command(), cwd=self.dir.name, capture_output=True, check=True)
        self.assertEqual(self.numbers(done.stdout), list(range(1, 2 * AHEAD_OUT + 101)))
        self.assertEqual(self.saved(), 2 * AHEAD_OUT + 100)

    def test_end_of_the_number_space(self):
        """A reservation reaches to the end at most, and then the SA is used up."""
        self.write("states", state(more="replay-oseq 0xfffffff0"))
        self.packets(3000)
        self.assertEqual(len(self.numbers(subprocess.run(self.command(), cwd=self.dir.name, capture_output=True, check=True).stdout)), 15)
        self.assertEqual(self.saved(), 0xffffffff)
        self.assertEqual(self.next_run(), [])

    def test_one_run_at_a_time(self):
        self.packets(3000)
        run = self.start()
        data = run.stdout.read(100000)
        second = subprocess.run(self.command(), cwd=self.dir.name, capture_output=True, check=False)
        self.assertEqual((second.returncode, second.stdout), (1, b""))
        self.assertIn(b"in use by another run", second.stderr)
        data += run.stdout.read()
        self.assertEqual(run.wait(), 0)
        self.check_after(self.numbers(data))

    def test_other_file(self):
        """-x A --save-states B twice: B's numbers count. A file of states that would be lost, or another file, is refused."""
        self.packets(10)
        command = self.command()
        command[command.index("--save-states") + 1] = "kept"
        first = self.numbers(subprocess.run(command, cwd=self.dir.name, capture_output=True, check=True).stdout)
        second = self.numbers(subprocess.run(command, cwd=self.dir.name, capture_output=True, check=True).stdout)
        self.assertEqual(first + second, list(range(1, 21)))
        for text, error in ((state(0x2000), b"would be lost"), ("a letter\n", b"only lines that begin with xfrm state add")):
            self.write("kept", text)
            done = subprocess.run(command, cwd=self.dir.name, capture_output=True, check=False)
            self.assertEqual((done.returncode, done.stdout), (1, b""))
            self.assertIn(error, done.stderr)
            with open(self.path("kept"), encoding="ascii") as f:
                self.assertEqual(f.read(), text)

    def test_one_key_twice(self):
        self.write("states", state(1, "sel proto tcp") + state(2).replace("00000002 128", "00000001 128"))
        self.packets(1)
        done = subprocess.run(self.command(), cwd=self.dir.name, capture_output=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertIn(b"line 2: key and salt are those of line 1", done.stderr)

    def test_nothing_saved(self):
        self.packets(1)
        command = self.command()
        del command[command.index("--save-states"):]
        done = subprocess.run(command, cwd=self.dir.name, capture_output=True, check=True)
        self.assertIn(b"saved nowhere", done.stderr)

    def test_inbound(self):
        """A receiver that is killed takes nothing again that it released; one that ends in order goes on exactly."""
        self.packets(3 * AHEAD_IN, 1000)
        plain = self.command(out="sealed")
        subprocess.run(plain, cwd=self.dir.name, capture_output=True, check=True)
        os.rename(self.path("sealed"), self.path("in"))
        self.write("states", state())
        run = self.start(command="decap")
        data = run.stdout.read(AHEAD_IN * 1300)
        run.kill()
        data += run.stdout.read()
        run.wait()
        released = len(self.split(data))
        self.assertGreater(released, AHEAD_IN)
        self.assertGreaterEqual(self.saved("replay-seq"), released)
        self.assertLessEqual(self.saved("replay-seq"), released + AHEAD_IN + 1000)
        floor = self.saved("replay-seq")
        done = subprocess.run(self.command(command="decap"), cwd=self.dir.name, capture_output=True, check=True)
        self.assertEqual(len(self.split(done.stdout)), 3 * AHEAD_IN - floor)
        self.assertEqual(self.saved("replay-seq"), 3 * AHEAD_IN)

    def test_inbound_extended(self):
        """The same for numbers that pass 2^32."""
        start = (1 << 32) - 1000
        fields = f"flag esn replay-{{0}}seq {start & 0xffffffff:#x} replay-{{0}}seq-hi {start >> 32:#x}"
        self.write("states", state(more=fields.format("o")))
        self.packets(2 * AHEAD_IN, 1000)
        subprocess.run(self.command(out="sealed"), cwd=self.dir.name, capture_output=True, check=True)
        os.rename(self.path("sealed"), self.path("in"))
        self.write("states", state(more=fields.format("")))
        run = self.start(command="decap")
        data = run.stdout.read(3000 * 1016)
        run.kill()
        data += run.stdout.read()
        run.wait()
        released = len(self.split(data))
        floor = self.saved("replay-seq-hi") << 32 | self.saved("replay-seq")
        self.assertGreaterEqual(floor, start + released)
        done = subprocess.run(self.command(command="decap"), cwd=self.dir.name, capture_output=True, check=True)
        self.assertEqual(len(self.split(done.stdout)), start + 2 * AHEAD_IN - floor)


if __name__ == "__main__":
    unittest.main()
