#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Reconnect storms: all initiators begin at the same moment, as after a restart of the head office, and all have to be up in the end.

    storm.py [OUT_DIR] [--counts 900,1500,3000] [--limit SECONDS]

Two agents with their gateways (software reference) in network namespaces of this machine. The initiator has one connection an address of its own, with
start_action = start; the responder has one connection for them all. Both run with their default settings: cookies, bounds an address and retransmission
as anybody has them. Time is from the initiator's start to the last CHILD SA installed at both ends. Prints a table and writes storm.json. Ends with
status 1 if one of them is not up within the limit, or was given up once.
"""
import argparse
import json
import os
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../interop"))
import espalier_side  # noqa: E402  pylint: disable=wrong-import-position
from net import Failed, Network  # noqa: E402  pylint: disable=wrong-import-position

IKE, ESP = "aes256gcm16-prfsha256-x25519", "aes256gcm16"
PORT = 20000  # of the first selector: by address, each would be a routing rule of the one host that stands for all initiators
HEADS = "198.18.0.0/15"  # RFC 2544: the initiators' addresses


def head(index):
    return f"198.{18 + (index >> 16)}.{index >> 8 & 255}.{index & 255}"


def connection(remote, local_ts, remote_ts, **more):
    return {"version": 2, "mobike": False, "proposals": IKE, "unique": "never", "rekey_time": "0", "local": {"auth": "psk"},
            "remote": {"auth": "psk", "id": "%any"} if remote == "%any" else {"auth": "psk"}, "remote_addrs": remote, **more,
            "children": {"net": {"local_ts": local_ts, "remote_ts": remote_ts, "esp_proposals": ESP, "rekey_time": "0",
                                 **({} if remote == "%any" else {"start_action": "start"})}}}


class Espalier(espalier_side.Espalier):
    """With its own settings; what happens is read from its log, as a list of thousands would cost it time."""

    def __init__(self, *arguments):
        super().__init__(*arguments, device="software:65535")
        self.settings = {}

    def level(self):
        return "info"

    def _ready(self, key, log, before):
        """An agent of thousands of connections is not waited for: until_up sees what it does, however long its policies take."""
        return super()._ready(key, log, before) or (key == "ike" and self.processes[key].poll() is None)

    def installed(self):
        with open(os.path.join(self.directory, "ike.log"), "rb") as file:
            return file.read().count(b"CHILD_SA net{")

    def stats(self):
        return json.loads(self.ike("list", "--json", timeout=300).stdout)["stats"]


def until_up(sides, count, begun, limit):
    while True:
        seconds = time.monotonic() - begun
        if all(side.installed() >= count for side in sides):
            break
        if seconds > limit:
            break
        time.sleep(0.05)
    now = [side.stats() for side in sides]
    if any(each["child_sas"] < count for each in now):
        raise Failed(f"{now[0]['child_sas']} and {now[1]['child_sas']} of {count} are up after {seconds:.0f} s: {now}")
    return seconds, now


def connect(net, count, directory, sockets, more=None):
    """The initiators' side and the responder's, configured and not started; more: further connections of the responder."""
    sides = [Espalier(where, net.ends[where], os.path.join(directory, where), sockets) for where in ("left", "right")]
    left, right = sides
    net.left.ip(f"route add local {HEADS} dev lo")
    net.middle.ip(f"route add {HEADS} via {Network.OUTER['left', 4]}")
    secrets = {"ike-t": {"secret": '"storm"'}}
    right.configure({"connections": {"any": connection("%any", "10.2.0.0/16", "10.1.0.1/32[udp]", local_addrs=Network.OUTER["right", 4]), **(more or {})},
                     "secrets": secrets})
    left.configure({"connections": {f"c{i}": connection(Network.OUTER["right", 4], f"10.1.0.1/32[udp/{PORT + i}]", "10.2.0.0/16", local_addrs=head(i))
                                    for i in range(1, count + 1)}, "secrets": secrets})
    return sides


def measure(count, limit, directory):
    net = Network()
    sides = []
    try:
        with tempfile.TemporaryDirectory(prefix="storm-") as sockets:
            os.chmod(sockets, 0o755)
            left, right = sides = connect(net, count, directory, sockets)
            right.start()
            left.start_gateway()
            begun = time.monotonic()
            left.start_agent()
            seconds, (from_, to) = until_up(sides, count, begun, limit)
            return {"what": "storm", "initiators": count, "seconds": round(seconds, 2), "given_up": from_["failed"] + to["failed"],
                    "retransmissions": from_["retransmitted"], "cookies": to["cookies_sent"], "left_unanswered": to["half_open_dropped"]}
    finally:
        for side in sides:
            side.close()
        net.close()


class Storm(unittest.TestCase):
    """One storm of so many initiators; its figures go to rows."""
    rows = []

    def __init__(self, count, limit):
        super().__init__("test")
        self.count, self.limit = count, limit

    def __str__(self):
        return f"{self.count} initiators"

    def test(self):
        if os.getuid() != 0:
            self.skipTest("network namespaces need root")
        with tempfile.TemporaryDirectory(prefix="bench-storm-") as directory:
            row = measure(self.count, self.limit, directory)
        self.rows.append(row)
        self.assertEqual(row["given_up"], 0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", nargs="?", default=os.path.join(espalier_side.BUILD, "bench"))
    parser.add_argument("--counts", default="900,1500,3000")
    parser.add_argument("--limit", type=float, default=300, help="seconds")
    arguments = parser.parse_args()
    rows = Storm.rows
    suite = unittest.TestSuite(Storm(int(count), arguments.limit) for count in arguments.counts.split(","))
    result = unittest.TextTestRunner(sys.stdout, verbosity=2).run(suite)
    if rows:
        print(f"\n{'initiators':>10} {'seconds':>8} {'given up':>9} {'retransmissions':>16} {'cookies':>8} {'left unanswered':>16}")
    for row in rows:
        print(f"{row['initiators']:10} {row['seconds']:8.2f} {row['given_up']:9} {row['retransmissions']:16} {row['cookies']:8} {row['left_unanswered']:16}")
    os.makedirs(arguments.out, exist_ok=True)
    with open(os.path.join(arguments.out, "storm.json"), "w", encoding="ascii") as file:
        file.write("[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n")
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
