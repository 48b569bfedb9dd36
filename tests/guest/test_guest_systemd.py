#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The daemons' units under systemd, in a guest: what it puts in force of them, and what happens when they are stopped, restarted, killed, or hang; with a tunnel to
the side under test. test_guest_systemd.py espalier [TEST]
"""
# pylint: disable=wrong-import-order
import re

import guest_case  # tests/interop is on the path by it
from case import Failed, config, connection, main, wait
from ends import GuestUnits
from guest import Guest

GATEWAY, AGENT = GuestUnits.units
USERS = {GATEWAY: 991, AGENT: 990}  # of tests/guest/init
NET_ADMIN = 1 << 12
CAPABILITY_SETS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
# systemd-analyze's exposure, at most: 0 is none, 10 all.
EXPOSURE = {GATEWAY: 3.4, AGENT: 2.6}


class Units(guest_case.GuestCase):
    peer_kind = GuestUnits

    def end_orderly(self):
        super().end_orderly()
        self.peer.stop()

    def up(self, **options):
        """Both ends with traps; the tunnel is there."""
        trap = {"children": {"net": {"start_action": "trap"}}}
        self.peer.configure(config(connection("left", **trap)))
        self.dut.configure(config(connection("right", **trap)))
        self.dut.start()
        self.peer.start(**options)
        self.assert_comes_up()

    def assert_comes_up(self):
        """What the trap catches makes the tunnel; nothing was in clear. Where both ends' traps caught something there may be two."""
        flood = self.flood(self.peer)
        flood.more(20, 120)
        flood.stop()
        for source in (self.peer, self.dut):
            self.assert_ping(source, timeout=20)
        self.assertEqual(self.net.clear_packets(), 0)

    def pid(self, unit):
        return int(self.peer.show(unit)["MainPID"])

    def inside(self, unit, script):
        """Exit status of a shell script in the mount namespace of the unit."""
        return self.peer.guest.bytes(f"nsenter -t {self.pid(unit)} -m /usr/bin/sh -c '{script}'", check=False)[0]

    def test_in_force(self):
        """They say READY; users, capabilities, system calls, locked memory, and what they see of the file system."""
        guest = self.peer.guest
        guest.run("echo secret >/home/file; echo secret >/tmp/file")
        self.up()
        for unit in self.peer.units:
            with self.subTest(unit=unit):
                shown = self.peer.show(unit)
                self.assertEqual([shown[key] for key in ("Type", "ActiveState", "SubState", "NRestarts")], ["notify", "active", "running", "0"])
                text = guest.run(f"cat /proc/{shown['MainPID']}/status /proc/{shown['MainPID']}/limits")
                status = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
                self.assertEqual({*status["Uid"].split(), *status["Gid"].split()}, {str(USERS[unit])})
                capabilities = NET_ADMIN if unit == GATEWAY else 0
                self.assertEqual([int(status[name], 16) for name in CAPABILITY_SETS], [0, capabilities, capabilities, 0, 0])
                self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))
                self.assertRegex(text, r"Max locked memory +unlimited +unlimited ")
                self.assertRegex(text, r"Max core file size +0 +0 ")
                self.assertGreater(int(status["VmLck"].split()[0]), 0)
                self.note(f"{unit}: VmLck {status['VmLck'].strip()}, VmRSS {status['VmRSS'].strip()}, {status['Seccomp_filters']} filters")
                self.assertNotIn("swap space", self.peer.log(unit))
                self.assertIn("ready", self.peer.log(unit).splitlines())
                self.assertEqual(self.inside(unit, "touch /run/espalier/file && rm /run/espalier/file"), 0)
                for refused in ("touch /usr/file", "touch /etc/file", "touch /var/file", "touch /sys/fs/cgroup/file", "cat /home/file", "cat /tmp/file", "ls /lib/modules/*"):
                    self.assertNotEqual(self.inside(unit, refused), 0, refused)
        self.assertNotEqual(self.inside(AGENT, "ls /dev/ttyS0"), 0)
        self.assertNotEqual(self.inside(AGENT, "echo 0 >/proc/sys/net/ipv4/ip_forward"), 0)

    def test_system_calls(self):
        """One that the unit does not have ends who makes it."""
        self.peer.configure(config(connection("left")))
        for unit in self.peer.units:
            self.peer.drop_in(unit, "ExecStartPre=-/usr/bin/busybox chroot / /usr/bin/true", "call")
        self.peer.start()
        for unit in self.peer.units:
            self.assertIn("status=31", self.peer.show(unit)["ExecStartPre"])

    def test_exposure(self):
        """What systemd-analyze says of the units."""
        self.peer.configure(config(connection("left")))
        self.peer.start()
        for unit, most in EXPOSURE.items():
            said = self.peer.guest.run(f"systemd-analyze security --no-pager {unit}.service", check=False)
            exposure = float(re.search(r"Overall exposure level for \S+: ([\d.]+)", said)[1])
            self.note(f"{unit}: {exposure}")
            self.assertLessEqual(exposure, most, said)

    def test_restarts(self):
        """Under a flood either unit is restarted, killed, stopped and started: nothing in clear, the tunnel comes back."""
        self.up()
        for unit in self.peer.units:
            for words in (("restart",), ("kill", "-s", "KILL"), ("stop",)):
                with self.subTest(unit=unit, words=words):
                    before, flood = self.pid(unit), self.flood(self.peer)
                    self.peer.systemctl(*words, unit)
                    if words[0] == "stop":
                        self.assertEqual(self.peer.show(unit)["Result"], "success")
                        goal = flood.sent + 50
                        wait(lambda flood=flood, goal=goal: flood.sent > goal, 20, "more are sent")
                        self.peer.systemctl("start", unit)
                    wait(lambda before=before, unit=unit: self.peer.show(unit)["ActiveState"] == "active" and self.pid(unit) != before, 60, f"{unit} is there again")
                    flood.more(20, 120)
                    flood.stop()
                    self.assert_comes_up()

    def test_reload(self):
        """By systemctl reload, as the unit says; a file with an error is refused and changes nothing."""
        self.up()
        before = self.pid(AGENT)
        self.peer.configure(config(connection("left", children={"more": {"local_ts": "10.1.1.0/24", "remote_ts": "10.2.1.0/24"}})))
        self.peer.install_configuration()
        self.peer.systemctl("reload", AGENT)
        self.assertIn("configuration /etc/espalier/swanctl.conf read again", self.peer.log(AGENT))
        self.assertIn("TS_UNACCEPTABLE", self.peer.try_up("more")[1])  # the other end does not know it
        self.peer.configure("connections { t {")
        self.peer.install_configuration()
        with self.assertRaisesRegex(Failed, "Job for espalier-ike.service failed"):
            self.peer.systemctl("reload", AGENT)
        self.assertEqual(self.pid(AGENT), before)
        self.assert_comes_up()

    def test_watchdog(self):
        """A daemon that stands still is killed and started again."""
        for unit in self.peer.units:
            self.peer.drop_in(unit, "WatchdogSec=10", "watchdog")
        self.up()
        for unit in reversed(self.peer.units):
            before = self.pid(unit)
            self.peer.guest.run(f"kill -STOP {before}")
            wait(lambda unit=unit, before=before: self.pid(unit) not in (0, before) and self.peer.show(unit)["ActiveState"] == "active", 120, f"{unit} is started again")
            self.assertIn("Watchdog timeout", self.peer.log())
            self.assert_comes_up()

    def test_never_given_up(self):
        """A unit that fails at once, again and again, is tried on: the card or the configuration may come late."""
        self.peer.configure(config(connection("left")))
        for unit in self.peer.units:
            # systemd's own limit would be reached by the second start.
            self.peer.drop_in(unit, "RestartSec=500ms\nExecStart=\nExecStart=/usr/bin/false\n[Unit]\nStartLimitBurst=1", "fails")
            self.peer.systemctl("start", unit, check=False)
            wait(lambda unit=unit: int(self.peer.show(unit)["NRestarts"]) > 3, 120, f"{unit} is started again and again")
            self.peer.guest.run(f"rm /run/systemd/system/{unit}.service.d/fails.conf")
        self.peer.start()

    def test_simulated_card(self):
        """The gateway starts a simulated card itself, within what its unit allows."""
        self.up(device="sim")
        self.assertIn("card sim: ", self.peer.log(GATEWAY))


if __name__ == "__main__":
    Guest.image = "initramfs-systemd"
    main()
