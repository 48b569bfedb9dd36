#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""espalier-ike as somebody runs it: two of them, each with its gateway, in network namespaces. Commands, reload, ends and restarts, rights,
errors at start, the shared port. Needs root. test_ike.py [TEST]
"""
import os
import re
import signal
import socket
import subprocess
import sys
import unittest

import espalier  # noqa: F401  (scapy's silence)

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../interop"))
# pylint: disable=wrong-import-position
import wireshark  # noqa: E402
from case import InteropTest, Network, as_root, child, config, connection, wait  # noqa: E402
from espalier_side import BUILD, Espalier  # noqa: E402
from net import run  # noqa: E402

BROKEN = "connections {\n    t {\n        remote_adrs = 192.0.2.1\n    }\n}\n"


def status_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


@unittest.skipIf(os.geteuid(), "network namespaces need root")
class Ike(InteropTest):
    kind = "espalier"
    peer_kind = Espalier

    def agent(self, *options, side=None):
        """An espalier-ike that is expected to end by itself: (exit status, what it said)."""
        side = side or self.dut
        done = side.namespace.run(f"{BUILD}/bin/espalier-ike", "--config", os.path.abspath(side.conf), "--sink", side.sink,
                                  "--control", side.control, "--user", "nobody", *options, check=False, timeout=60)
        return done.returncode, done.stdout + done.stderr

    def pid(self, side=None):
        """Of the agent: `ip netns exec` becomes what it starts."""
        return (side or self.dut).processes["ike"].pid

    # ---- commands
    def test_up_list_down(self):
        self.start()
        self.assertEqual(self.dut.ike("list").stdout, "no SAs\n")
        self.assert_no_ping()
        self.dut.up("net")
        self.assert_tunnel()
        sa, = self.dut.sas()
        self.assertEqual((sa["name"], sa["state"], sa["role"], sa["nat"]), ("t", "ESTABLISHED", "initiator", "none"))
        self.assertEqual((sa["local_id"], sa["remote_id"]), ("right.test", "left.test"))
        self.assertEqual((sa["local"].rsplit(":", 1)[0], sa["remote"].rsplit(":", 1)[0]), (Network.OUTER["right", 4], Network.OUTER["left", 4]))
        kid, = sa["children"]
        self.assertEqual((kid["name"], kid["local_ts"], kid["remote_ts"]), ("net", ["10.2.0.0/24"], ["10.1.0.0/24"]))
        # assert_tunnel pings three times each way: 6 packets of 92 bytes, both ways.
        self.assertEqual((kid["packets_in"], kid["packets_out"]), (6, 6))
        self.assertEqual((kid["bytes_in"], kid["bytes_out"]), (6 * 92, 6 * 92))
        table = self.dut.ike("list").stdout
        for text in ("t #", "net {", "10.2.0.0/24 === 10.1.0.0/24", kid["spi_in"], kid["spi_out"], "ESTABLISHED", "INSTALLED"):
            self.assertIn(text, table)
        self.dut.down(child="net")
        wait(lambda: not self.dut.children() and not self.peer.children(), 10, "the CHILD SA is gone at both ends")
        self.dut.up("t/net")
        self.assert_tunnel()
        self.dut.ike("down", f"#{self.dut.established()[0]['id']}")
        self.dut.wait_down()
        self.peer.wait_down()
        self.assert_no_ping()

    def test_rekey_commands(self):
        self.start()
        self.peer.up("net")
        for words, changes in ((("net",), "child"), (("t/net",), "child"), (("t", "--ike"), "ike"), (("t", "--reauth"), "both")):
            with self.subTest(words=words):
                before = self.dut.established()[0]
                self.dut.ike("rekey", *words)
                what = {"ike": lambda sa: sa["spi_i"], "child": lambda sa: sa["children"][0]["spi_in"]}
                for side in ("ike", "child"):
                    if changes in (side, "both"):
                        wait(lambda side=side: [sa for sa in self.dut.established() if sa["children"] and what[side](sa) != what[side](before)], 10,
                             f"{side} SA is new")
                wait(lambda: len(self.dut.established()) == 1 and len(self.dut.children()) == 1, 15, "the old one is gone")
                self.assert_tunnel()

    def test_wrong_names(self):
        self.start()
        for words in (("up", "nothing"), ("down", "nothing"), ("rekey", "nothing"), ("down", "#77"), ("rekey", "{77}"), ("up", "t/nothing")):
            done = self.dut.ike(*words, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr, r"^espalier: \S.*\S\n$")
        self.dut.up("net")
        self.assert_tunnel()

    def test_up_gives_up(self):
        """Nobody answers: `up` says so within its time, and the agent serves on."""
        self.start()
        self.net.cable("drop")
        ok, text = self.dut.try_up("net", 2)
        self.assertFalse(ok)
        self.assertTrue(text)
        self.net.cable()
        self.dut.up("net")
        self.assert_tunnel()

    def test_log_command(self):
        self.start()
        with subprocess.Popen([f"{BUILD}/bin/espalier", "ike", "--control", self.dut.control, "log"], stdout=subprocess.PIPE, text=True) as log:
            try:
                # Lines from before it listened are not for it: act until one comes.
                def one_line():
                    self.dut.ike("reload")
                    os.set_blocking(log.stdout.fileno(), False)
                    return log.stdout.readline()
                self.assertRegex(wait(one_line, 10, "a line of log"), r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} (error|info|debug) ")
            finally:
                log.kill()

    def test_trap(self):
        """Traffic begins the exchange."""
        trap = {"children": {"net": child("right", start_action="trap")}}
        self.start(right=config(connection("right", **trap)))
        self.assertEqual(self.dut.sas(), [])
        flood = self.flood()
        self.dut.wait_up()
        flood.more(20)
        flood.stop()
        self.assert_tunnel()
        self.assertEqual(self.net.clear_packets(), 0)

    # ---- reload
    def test_reload(self):
        self.start()
        self.dut.up("net")
        more = {"children": {"net": child("right"), "more": child("right", local_ts="10.2.1.0/24", remote_ts="10.1.1.0/24")}}
        theirs = {"children": {"net": child("left"), "more": child("left", local_ts="10.1.1.0/24", remote_ts="10.2.1.0/24")}}
        self.assert_refused(self.dut, "more")
        self.dut.configure(BROKEN)
        done = self.dut.ike("reload", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{os.path.abspath(self.dut.conf)}:3", done.stderr)
        self.assertIn("remote_adrs", done.stderr)
        self.assert_tunnel()
        self.dut.configure(config(connection("right", **more)))
        self.dut.reload()
        self.peer.configure(config(connection("left", **theirs)))
        before = self.peer.log().count("read again")
        os.kill(self.pid(self.peer), signal.SIGHUP)
        wait(lambda: self.peer.log().count("read again") > before, 10, "SIGHUP reloads")
        self.assert_tunnel()
        # The IKE SA that is there takes the new child.
        ike, = self.dut.established()
        self.dut.up("more")
        self.assert_tunnel("more", 1)
        self.assertEqual([sa["id"] for sa in self.dut.established()], [ike["id"]])

    # ---- ends and restarts
    def test_sigterm_deletes(self):
        self.start()
        for number in (signal.SIGTERM, signal.SIGINT):
            self.dut.up("net")
            self.assert_tunnel()
            self.assertEqual(self.dut.end("ike", number), 0)
            # By its delete, long before the peer would find out by itself.
            self.peer.wait_down(3)
            self.dut.start_agent()

    def test_end_without_answer(self):
        self.start()
        self.dut.up("net")
        self.net.cable("drop")
        self.assertEqual(self.dut.end("ike", signal.SIGTERM, timeout=8), 0)

    def test_gateway_restarts(self):
        """SAs and policies are made anew. Of a gateway that was killed the routes stay, and nothing leaves in clear; a clean end takes them away."""
        start = {"children": {"net": child("right", start_action="start|trap", close_action="start")}}
        self.start(right=config(connection("right", **start)))
        self.dut.wait_up()
        self.assert_tunnel()
        for number in (signal.SIGKILL, signal.SIGTERM):
            flood = self.flood()
            flood.more(5)
            before, clear, gone = self.dut.children(), self.net.clear_packets(), self.dut.log().count("data plane is gone")
            self.dut.end("gw", number)
            wait(lambda gone=gone: self.dut.log().count("data plane is gone") > gone, 10, "the agent notices")
            self.dut.start_gateway()
            wait(lambda before=before: any(child["spi_in"] != before[0]["spi_in"] for child in self.dut.children()[:1]), 20, "there is a new CHILD SA")
            flood.more(20)
            flood.stop()
            self.assert_tunnel()
            if number == signal.SIGKILL:
                self.assertEqual(self.net.clear_packets(), clear)

    def test_agent_restarts_killed(self):
        self.start()
        self.dut.up("net")
        self.dut.end("ike", signal.SIGKILL)
        self.dut.start_agent()
        self.dut.up("net")
        wait(lambda: len(self.peer.children()) == 1, 10, "INITIAL_CONTACT removed the old one")
        self.assert_tunnel()

    # ---- rights
    def test_privileges_are_gone(self):
        self.start()
        status = status_of(self.pid())
        self.assertEqual(status["Uid"].split(), ["65534"] * 4)
        self.assertEqual(status["Gid"].split(), ["65534"] * 4)
        self.assertEqual([status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")], ["0" * 16] * 5)
        self.assertEqual(status["NoNewPrivs"], "1")
        with open(f"/proc/{self.pid()}/limits", encoding="ascii") as file:
            self.assertRegex(file.read(), r"Max core file size +0 +0 ")
        # Not dumpable: its own user may not look into it.
        look = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "head", "-c1", f"/proc/{self.pid()}/environ"]
        self.assertNotEqual(run(*look, check=False).returncode, 0)
        # All this while it serves, and speaks to the gateway.
        self.dut.up("net")
        self.assert_tunnel()

    def test_files_of_root(self):
        """What root alone may read serves for the start; a reload says why it cannot."""
        self.peer.configure(config(connection("left")))
        self.dut.configure(config(connection("right")))
        os.chmod(self.dut.conf, 0o600)
        self.peer.start()
        self.dut.start()
        self.assertIn("a reload will fail", self.dut.log())
        done = self.dut.ike("reload", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("Permission denied", done.stderr)
        self.dut.up("net")
        self.assert_tunnel()
        os.chmod(self.dut.conf, 0o644)
        self.dut.reload()

    def test_sockets_are_private(self):
        self.start()
        for path in (self.dut.control, self.dut.sink):
            self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)

    # ---- what does not start
    def test_configuration_errors(self):
        self.dut.configure(BROKEN)
        self.dut.start_gateway()
        status, text = self.agent()
        self.assertEqual(status, 1)
        self.assertIn(f"{os.path.abspath(self.dut.conf)}:3", text)
        self.assertIn("remote_adrs", text)
        self.assertNotIn("ready", text)
        os.remove(self.dut.conf)
        status, text = self.agent()
        self.assertEqual(status, 1)
        self.assertIn("swanctl.conf", text)

    def test_ports_in_use(self):
        self.start()
        for options in (("--port", "501"), ()):
            status, text = self.agent(*options, "--control", os.path.join(self.sockets, "other"))
            self.assertEqual(status, 1)
            self.assertRegex(text, "UDP port 4?500 .* in use")
        # The one that has them goes on.
        self.dut.up("net")
        self.assert_tunnel()

    def test_second_agent(self):
        """Another one on other ports: the gateway is taken, the control socket too."""
        self.start()
        status, text = self.agent("--port", "501", "--nat-port", "4501", "--control", os.path.join(self.sockets, "other"))
        self.assertEqual(status, 1)
        self.assertIn("gateway", text)

    def test_wrong_options(self):
        for options in (("--no-such",), ("--port", "none"), ("--set", "retransmit_tries=many"), ("word",)):
            status, text = self.agent(*options)
            self.assertEqual(status, 2)
            self.assertTrue(text)
        status, text = self.agent("--help")
        self.assertEqual(status, 0)
        self.assertIn("retransmit_timeout", text)

    # ---- key log
    def test_keylog(self):
        """Off by default; on, with a warning, tshark reads everything."""
        self.peer.keylog = True
        self.start()
        self.assertNotIn("WARNING", self.dut.log())
        self.assertIn("WARNING", self.peer.log())
        capture = self.capture()
        self.dut.up("net")
        self.assert_tunnel()
        self.dut.down(ike="t")
        self.peer.wait_down()
        messages, packets = wireshark.verify(capture.stop(), self.peer.keylog_directory())
        self.assertGreaterEqual(messages, 4)
        self.assertEqual(packets, 12)
        self.assertEqual(os.listdir(self.dut.keys), [])
        for name in ("ikev2_decryption_table", "esp_sa"):
            self.assertEqual(os.stat(os.path.join(self.peer.keys, name)).st_mode & 0o777, 0o600)

    # ---- one port for IKE and ESP
    def test_shared_port(self):
        """ESP and IKE on port 4500 at once, and what is neither: each finds its way."""
        encap = {"encap": True}
        self.start(config(connection("left", **encap)), config(connection("right", **encap)))
        capture = self.capture()
        self.dut.up("net")
        self.assert_tunnel()
        self.assertTrue(self.dut.children()[0]["udp_encap"])
        flood = self.flood()
        with self.net.left.socket(socket.AF_INET, socket.SOCK_DGRAM) as noise:
            for data in (b"", b"\xff", b"\0\0\0", b"\0" * 4, b"\0" * 64, b"\xff" * 64, os.urandom(1400), b"\0\0\0\0" + os.urandom(1400)) * 20:
                noise.sendto(data, (Network.OUTER["right", 4], 4500))
        before = self.dut.children()[0]["spi_in"]
        self.peer.rekey(child="net")
        wait(lambda: any(child["spi_in"] != before for child in self.dut.children()[:1]), 10, "rekeyed under ESP")
        flood.more(50)
        self.assert_no_loss(flood)
        packets = wireshark.rows(capture.stop(), None, ["udp.dstport"], "esp")
        self.assertGreater(len(packets), 50)
        self.assertEqual({row[0] for row in packets}, {"4500"})
        noticed = re.search(r'"malformed": (\d+)', self.dut.ike("list", "--json").stdout)
        self.assertGreater(int(noticed[1]), 0)


if __name__ == "__main__":
    as_root.become_root()
    unittest.main(verbosity=2)
