#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Ends that go away: deletion, orderly ends, power cuts, cut cables; and what brings tunnels up. test_liveness.py charon|espalier [TEST]"""
import functools

from case import InteropTest, config, connection, main, wait


def needs_acquire(test):
    @functools.wraps(test)
    def wrapped(self):
        if self.kind == "charon":
            self.skipTest("kernel-libipsec has no ACQUIRE")
        test(self)
    return wrapped


class Delete(InteropTest):
    def test_delete_child(self):
        """A CHILD SA deleted by either end is gone at both, its IKE SA stays and takes another."""
        self.start()
        for initiator, _ in self.roles():
            initiator.up("net")
            for side in (self.peer, self.dut):
                self.assert_tunnel()
                side.down(child="net")
                wait(lambda: not self.peer.children() and not self.dut.children(), 5, "no CHILD SA is left")
                self.assertEqual((len(self.peer.established()), len(self.dut.established())), (1, 1))
                initiator.up("net")
            self.assert_tunnel()
            self.clear()

    def test_delete_ike(self):
        self.start()
        for initiator, _ in self.roles():
            for side in (self.peer, self.dut):
                initiator.up("net")
                self.assert_tunnel()
                side.down(ike="t")
                self.peer.wait_down()
                self.dut.wait_down()

    def test_orderly_end(self):
        """A daemon that is told to end says so to its peer."""
        self.start()
        for side, other in ((self.peer, self.dut), (self.dut, self.peer)):
            self.dut.up("net")
            self.assert_tunnel()
            side.stop()
            other.wait_down()
            side.start()

    def test_close_action(self):
        """close_action of the end whose CHILD SA the other deletes: start brings it back."""
        start = {"children": {"net": {"close_action": "start"}}}
        for side, other in ((self.dut, self.peer), (self.peer, self.dut)):
            with self.case(close_action=side.name):
                side.configure(config(connection(side.where, **start)))
                other.configure(config(connection(other.where)))
                for each in (side, other):
                    each.start()
                side.up("net")
                before = side.children()[0]["spi_in"]
                other.down(child="net")
                wait(lambda: [c for c in side.children() if c["spi_in"] != before], 10, "the CHILD SA is back")
                self.assert_tunnel()
                for each in (side, other):
                    each.stop()


class Restart(InteropTest):
    def test_restart(self):
        """Either end is killed and comes up again: INITIAL_CONTACT rids the other of the old SA, traffic flows by the new one."""
        self.start()
        for killed, other in ((self.peer, self.dut), (self.dut, self.peer)):
            for initiator in (killed, other):
                with self.case(killed=killed.name, initiator=initiator.name):
                    self.dut.up("net")
                    self.assert_tunnel()
                    killed.kill()
                    killed.restart_killed()
                    if initiator is other:  # which still believes in its SA, and is told to make a new one
                        initiator.down_locally("t")
                    initiator.up("net")
                    wait(lambda: len(self.peer.established()) == 1 and len(self.dut.established()) == 1, 10, "one IKE SA at each end")
                    self.assert_tunnel()
                    self.clear()

    @needs_acquire
    def test_restart_with_trap(self):
        """The end that was killed has a trap: traffic alone brings the tunnel back."""
        trap = {"children": {"net": {"start_action": "trap"}}}
        self.start(config(connection("left", **trap)), config(connection("right", **trap)))
        self.dut.up("net")
        self.assert_tunnel()
        self.dut.kill()
        self.dut.restart_killed()
        flood = self.flood(self.dut)
        flood.more(20)
        flood.stop()
        self.assert_tunnel()


class Cable(InteropTest):
    """Dead peer detection: a check after a second of silence, and a peer that does not answer is given up after 2.7 s more."""
    DPD = {"dpd_delay": "1s"}
    SETTINGS = {"retransmit_timeout": 0.5, "retransmit_tries": 3}

    def configuration(self, side, **children):
        return config(connection(side, **self.DPD, children={"net": children}))

    def test_cut(self):
        """Both ends notice, and close."""
        self.start(self.configuration("left"), self.configuration("right"), self.SETTINGS, self.SETTINGS)
        for initiator, _ in self.roles():
            initiator.up("net")
            self.assert_tunnel()
            self.net.cable("drop")
            self.peer.wait_down(40)
            self.dut.wait_down(40)
            self.net.cable()

    def test_short_cut(self):
        """A cable that is mended in time, here 2.5 s, costs packets, not the tunnel."""
        self.start(self.configuration("left"), self.configuration("right"))
        for initiator, _ in self.roles():
            initiator.up("net")
            before = self.dut.established()[0]["spi_i"]
            flood = self.flood(patience=1)
            flood.more()
            self.net.cable("drop")
            sent = flood.sent
            wait(lambda: flood.sent > sent + 2.5 * flood.rate, 10, "two seconds and more pass")
            self.net.cable()
            flood.more()
            flood.stop()
            self.assertEqual([sa["spi_i"] for sa in self.dut.established()], [before])
            self.assert_tunnel()
            self.clear()

    def test_dpd_action_restart(self):
        """After the cable is mended the end with dpd_action = restart makes a new tunnel by itself."""
        for side, other in ((self.dut, self.peer), (self.peer, self.dut)):
            with self.case(restarts=side.name):
                side.configure(self.configuration(side.where, dpd_action="restart"))
                other.configure(self.configuration(other.where))
                for each in (side, other):
                    each.start(**self.SETTINGS)
                side.up("net")
                self.assert_tunnel()
                self.net.cable("drop")
                other.wait_down(40)
                # The restarting one is to be in its new attempt, too: it would otherwise only go on with the old SA.
                wait(lambda: not side.established(), 40, f"{side.name} gave its peer up")
                self.net.cable()
                wait(lambda: side.children() and other.children(), 30, "the tunnel is back")
                self.assert_tunnel()
                for each in (side, other):
                    each.stop()

    @needs_acquire
    def test_dpd_action_trap(self):
        """With dpd_action = trap the next packet brings the tunnel back."""
        self.start(self.configuration("left"), self.configuration("right", dpd_action="trap", start_action="trap"), self.SETTINGS, self.SETTINGS)
        self.dut.up("net")
        self.assert_tunnel()
        self.net.cable("drop")
        self.peer.wait_down(40)
        wait(lambda: not self.dut.established(), 40, "the side under test gave its peer up")
        self.net.cable()
        flood = self.flood(self.dut)
        flood.more(20, 30)
        flood.stop()
        self.assert_tunnel()


class Start(InteropTest):
    def test_start(self):
        """start_action = start: up without a command, also if the other end comes later."""
        self.peer.configure(config(connection("left")))
        self.dut.configure(config(connection("right", children={"net": {"start_action": "start"}})))
        self.dut.start()
        self.peer.start()
        wait(self.peer.children, 15, "the tunnel is up")
        self.assert_tunnel()

    def test_start_by_peer(self):
        self.start(config(connection("left", children={"net": {"start_action": "start"}})))
        wait(self.dut.children, 10, "the tunnel is up")
        self.assert_tunnel()

    @needs_acquire
    def test_trap(self):
        """start_action = trap: the first packet negotiates; none leaves in clear, and few are lost on the way."""
        self.start(right=config(connection("right", children={"net": {"start_action": "trap"}})))
        self.assertEqual(self.dut.sas(), [])
        flood = self.flood(self.dut)
        flood.more(50)
        sent, lost = flood.stop()
        self.note(f"{len(lost)} of {sent} pings lost until the tunnel was up")
        self.assert_tunnel()
        self.assertEqual(self.net.clear_packets(), 0, "packets left in clear")
        # And again after the peer deleted it.
        self.peer.down(ike="t")
        self.dut.wait_down()
        flood = self.flood(self.dut)
        flood.more(50)
        flood.stop()
        self.assert_tunnel()
        self.assertEqual(self.net.clear_packets(), 0, "packets left in clear")

    def test_reload(self):
        """A new configuration leaves tunnels alone and serves the next."""
        self.start()
        self.dut.up("net")
        flood = self.flood()
        flood.more()
        self.dut.configure(config(connection("right", children={"more": {"local_ts": "10.2.1.0/24", "remote_ts": "10.1.1.0/24", "esp_proposals": "aes256gcm16"}})))
        self.peer.configure(config(connection("left", children={"more": {"local_ts": "10.1.1.0/24", "remote_ts": "10.2.1.0/24", "esp_proposals": "aes256gcm16"}})))
        self.dut.reload()
        self.peer.reload()
        self.dut.up("more")
        self.assert_ping(network=1)
        flood.more()
        self.assert_no_loss(flood)


if __name__ == "__main__":
    main()
