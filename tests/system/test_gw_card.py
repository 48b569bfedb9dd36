#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The gateway on a card that hangs, lies and vanishes (tests/lib/hostile_card.h): noticed, said, recovered, and nothing goes out that should not.

Needs root. Gateway A has the hostile card, B the software reference.
"""
import errno
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import espalier
import sink
from gwnet import INNER, OUTER, WAIT, Gateway, Wire, give
from sink import Sink, SinkError
from test_gw import GatewayTest

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import as_root  # noqa: E402 pylint: disable=wrong-import-position

PROGRAM = os.path.join(espalier.BUILD, "tests/hostile-card")
LIES = {"lie-cookie": "not in flight", "lie-length": "length", "lie-status": "status", "lie-sa": "SA that it cannot have", "lie-spi": "another SA's SPI",
        "lie-number": "a sequence number twice", "lie-twice": "not in flight"}


class Card:
    """A hostile card at a socket; set() changes its mood, a reset makes it sound again."""

    def __init__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="espalier-card-")
        self.path = os.path.join(self.directory.name, "card.sock")
        self.device = f"vfio-user:{self.path}"
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen([PROGRAM, self.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"
        give(self.directory.name, self.path)

    def set(self, mood):
        self.process.stdin.write(mood + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == mood + "\n"

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def close(self):
        if self.process.poll() is None:
            self.kill()
        self.directory.cleanup()


@unittest.skipUnless(os.geteuid() == 0, "needs root: network namespaces and TUN devices")
class HostileCard(GatewayTest):
    def setUp(self):
        espalier.DeviceTest.setUp(self)
        self.card = Card()
        self.addCleanup(self.card.close)
        self.gateways = []
        for namespace, device in ((self.net.a, self.card.device), (self.net.b, "software")):
            self.gateways.append(Gateway(namespace, device, "--log", "debug"))
            self.addCleanup(self.gateways[-1].close)
        self.sinks = [Sink(gateway.path) for gateway in self.gateways]
        for s in self.sinks:
            self.addCleanup(s.close)
        self.wire = Wire(self.net)
        self.addCleanup(self.wire.close)
        self.made = self.tunnel()
        self.assert_pings(2)

    def start_pings(self):
        """In the background, for as long as the test runs."""
        process = subprocess.Popen(["ip", "netns", "exec", self.net.a, "ping", "-q", "-i", "0.02", "-W", "1", INNER[1]], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)

    def assert_down(self, why):
        event = self.sinks[0].event(kind="down")
        self.assertIsNotNone(event, "no event DOWN")
        self.assertIn(why, event.text)
        self.assertIn(why, self.gateways[0].log())

    def assert_recovers(self, losses=1):
        self.assertIsNotNone(self.sinks[0].event(kind="up"), "no event UP")
        self.made.rekey()
        self.assert_pings(3)
        self.assert_no_clear()
        self.assertEqual(self.gateways[0].stats()["device_losses"], losses)

    def test_hangs(self):
        """It answers registers and completes nothing. Requests of key management are served all the while."""
        self.card.set("hang")
        start = time.monotonic()
        self.start_pings()
        slowest, served = 0, 0
        while self.gateways[0].process.poll() is None:
            before = time.monotonic()
            try:
                self.sinks[0].caps()
            except SinkError as error:
                self.assertEqual(error.errno, errno.ENODEV)
                break
            served += 1
            slowest = max(slowest, time.monotonic() - before)
            self.assertLess(before - start, WAIT, "it does not notice")
        self.note(f"noticed after {time.monotonic() - start:.2f} s; {served} requests meanwhile, the slowest took {slowest * 1000:.1f} ms")
        self.assert_down("does not complete")
        self.assertGreater(served, 0)
        self.assertGreater(self.gateways[0].stats()["card_out"]["device_lost"], 0)
        self.assert_recovers()

    def test_hangs_idle(self):
        """Nothing is under way: nobody is missed. Then one packet is."""
        self.card.set("hang")
        self.assertIsNone(self.sinks[0].event(timeout=2, kind="down"))
        self.ping("-c", 1, "-W", 1, check=False)
        self.assert_down("does not complete")
        self.assert_recovers()

    def test_delete_while_it_hangs(self):
        """Who deletes an SA whose packets hang waits for the card; nobody else does. The answer says what became of it."""
        for call in (lambda: self.sinks[0].sa_delete(sink.OUT, self.made.spis[1], OUTER[4][1]), self.sinks[0].flush):
            losses = self.gateways[0].stats()["device_losses"]
            self.card.set("hang-long")
            self.ping("-c", 1, "-W", 1, check=False)
            caught = []

            def delete(call=call):
                try:
                    call()
                except SinkError as error:
                    caught.append(error.errno)

            thread = threading.Thread(target=delete)
            thread.start()
            for _ in range(3):
                self.assertEqual(self.gateways[0].stats()["device_losses"], losses)  # written by the loop that serves everybody
            self.assertTrue(thread.is_alive())
            thread.join()
            self.assertEqual(caught, [errno.ENODEV])
            self.assert_down("does not complete")
            self.assertIsNotNone(self.sinks[0].event(kind="up"))
            self.sinks[0].flush()
            self.made.rekey()
            self.assert_pings(2)

    def test_sa_command_hangs(self):
        self.card.set("hang-sa")
        start = time.monotonic()
        with self.assertRaises(SinkError) as caught:
            self.made.rekey()
        self.note(f"refused after {(time.monotonic() - start) * 1000:.0f} ms")
        self.assertEqual(caught.exception.errno, errno.ENODEV)
        self.assert_down("SA command")
        self.assert_recovers()

    def test_never_idle(self):
        """A queue that does not stop: the card is reset before its memory goes."""
        self.card.set("never-idle")
        self.ping("-c", 1, "-W", 1, check=False)
        self.assert_down("does not complete")
        self.assert_recovers()

    def test_falls_off_the_bus(self):
        self.card.set("all-ones")
        self.assert_down("all ones")
        self.assertIsNotNone(self.sinks[0].event(kind="up"))

    def test_vanishes(self):
        self.start_pings()
        self.card.kill()
        self.assert_down("gone")
        self.card.start()
        self.assert_recovers()

    def serve_until_down(self):
        """Requests, as long as the gateway has a card: none waits for the card."""
        slowest = 0
        while True:
            before = time.monotonic()
            try:
                self.sinks[0].caps()
            except SinkError as error:
                self.assertEqual(error.errno, errno.ENODEV)
                return slowest
            slowest = max(slowest, time.monotonic() - before)

    def test_stopped(self):
        """Its process is stopped: it answers no register. Noticed, with and without packets under way; it comes back."""
        for losses, pings in enumerate((False, True), 1):
            with self.subTest(pings=pings):
                if pings:
                    self.start_pings()
                start = time.monotonic()
                self.card.process.send_signal(signal.SIGSTOP)
                slowest = self.serve_until_down()
                self.note(f"noticed after {time.monotonic() - start:.2f} s; the slowest request meanwhile took {slowest * 1000:.1f} ms")
                self.assert_down("does nothing")
                for _ in range(20):
                    with self.assertRaises(SinkError):
                        self.sinks[0].caps()
                self.card.process.send_signal(signal.SIGCONT)
                self.assert_recovers(losses)

    def test_stopped_before_an_sa(self):
        """An SA command is the first that finds out."""
        self.card.process.send_signal(signal.SIGSTOP)
        start = time.monotonic()
        with self.assertRaises(SinkError) as caught:
            self.made.rekey()
        self.note(f"refused after {(time.monotonic() - start) * 1000:.0f} ms")
        self.assertEqual(caught.exception.errno, errno.ENODEV)
        self.assert_down("does nothing")
        self.card.process.send_signal(signal.SIGCONT)
        self.assert_recovers()

    def test_lies(self):
        """What it says is not believed, and no packet that it lies about is sent or delivered."""
        for losses, (lie, why) in enumerate(LIES.items(), 1):
            with self.subTest(lie):
                self.wire.packets()
                self.card.set(lie)
                self.ping("-c", 2, "-i", "0.2", "-W", 1, check=False)  # of the second the card may say what was the first's
                sent = [int.from_bytes(esp[:8], "big") for outer, esp in self.wire.esp() if outer.src == OUTER[4][0]]
                self.assertEqual(len(sent), len(set(sent)), "a number twice")
                self.assertTrue(all(number >> 32 == self.made.spis[1] for number in sent), "a foreign SPI")
                self.assert_down(why)
                self.assert_recovers(losses)

    def test_lies_about_what_came(self):
        """Packets that come in, the answer to which never leaves: B pings."""
        for losses, (lie, why) in enumerate((("lie-sa", "another SA than the packet's"), ("lie-length", "length")), 1):
            with self.subTest(lie):
                self.card.set(lie)
                self.ping("-c", 1, "-W", 1, side=1, check=False)
                self.assert_down(why)
                self.assert_recovers(losses)

    def test_ends_while_it_hangs(self):
        """SIGTERM with packets in a card that does not give them back: the end comes, with status 0."""
        self.card.set("hang")
        self.start_pings()
        self.assertEqual(self.gateways[0].stats()["device_losses"], 0)
        self.sinks[0].close()
        self.gateways[0].close()


if __name__ == "__main__":
    as_root.become_root()
    unittest.main(verbosity=2)
