#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Full handshakes a second (IKE_SA_INIT, IKE_AUTH, a CHILD SA), strongSwan's charon and espalier-ike beside each other in one run.

    handshakes.py [--pairs charon-charon,…] [--count N] [--memory N] [--json build/bench/ike.json]

A pair is INITIATOR-RESPONDER; both run on this machine in network namespaces and share its processors. Wall time is that from the first request to
initiate to the last SA established; processor time is each daemon's own, with its data plane (charon has that inside, espalier-ike's is espalier-gw).
Both have IKE's protection against floods off, logs at errors only, x25519, AES-256-GCM, HMAC-SHA2-256.
"""
import argparse
import ipaddress
import json
import os
import select
import socket
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../interop"))
import charon as charon_module  # noqa: E402  pylint: disable=wrong-import-position
import espalier_side  # noqa: E402  pylint: disable=wrong-import-position
import pki  # noqa: E402  pylint: disable=wrong-import-position
from net import Failed, Network, wait  # noqa: E402  pylint: disable=wrong-import-position
from vici import Vici  # noqa: E402  pylint: disable=wrong-import-position

PROPOSAL, ESP_PROPOSAL = "aes256gcm16-prfsha256-x25519", "aes256gcm16"
PAIRS = "charon-charon,espalier-charon,charon-espalier,espalier-espalier"
TICKS = os.sysconf("SC_CLK_TCK")
UNPROTECTED = {"charon": {"dos_protection": False, "ikesa_table_size": 4096, "ikesa_table_segments": 16, "install_routes": False, "reuse_ikesa": False,
                          "half_open_timeout": 120, "retransmit_timeout": 30},
               "espalier": {"cookie_threshold": 1000000, "block_threshold": 0, "init_limit_half_open": 1000000, "half_open_timeout": 120,
                            "retransmit_timeout": 30}}


class Charon(charon_module.Charon):
    def begin(self, names):
        """Initiate all; yields how many are established until they all are."""
        with Vici(self.uri, 120) as vici:
            for name in names:
                vici.request("initiate", {"child": name, "ike": name, "timeout": -1, "init-limits": "no"})
            while True:
                sas = vici.request("stats")["ikesas"]
                yield int(sas["total"]) - int(sas["half-open"])
                time.sleep(0.005)


class Espalier(espalier_side.Espalier):
    CLIENTS = 24  # of the 32 that the control socket takes

    def begin(self, names):
        """Initiate all, some at a time; yields how many are established until they all are."""
        waiting, done = list(reversed(names)), 0
        sockets = []

        def ask(client):
            if waiting:
                client.sendall(json.dumps({"command": "up", "name": waiting.pop(), "timeout_s": 60}).encode() + b"\n")
        for _ in range(min(self.CLIENTS, len(names))):
            client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            client.connect(self.control)
            sockets.append(client)
            ask(client)
        buffers = {client: b"" for client in sockets}
        try:
            while True:
                for client in select.select(sockets, [], [], 1)[0]:
                    data = client.recv(65536)
                    if not data:
                        raise Failed(f"{self.name}: the agent closed its control socket")
                    *lines, buffers[client] = (buffers[client] + data).split(b"\n")
                    for answer in map(json.loads, lines):
                        if "ok" in answer:
                            if not answer["ok"]:
                                raise Failed(f"{self.name}: {answer['error']}")
                            done += 1
                            ask(client)
                yield done
        finally:
            for client in sockets:
                client.close()


KINDS = {"charon": Charon, "espalier": Espalier}


def connection(side, index, auth, initiator):
    """index: of one of the initiator's many; the responder has one for them all, which narrows."""
    other = "right" if side == "left" else "left"
    local = {"auth": "psk", "id": f"{side}.test"} if auth == "psk" else {"auth": "pubkey", "certs": "own.pem", "id": f"{side}.test"}
    remote = {"auth": "psk" if auth == "psk" else "pubkey", "id": f"{other}.test"}
    mine = str(ipaddress.IPv4Address("10.64.0.0") + index) + "/32" if initiator else "10.2.0.0/24"
    theirs = "10.2.0.0/24" if initiator else "10.64.0.0/10"
    name = f"c{index}"
    return name, {"version": 2, "mobike": False, "local_addrs": Network.OUTER[side, 4], "remote_addrs": Network.OUTER[other, 4], "proposals": PROPOSAL,
                  "unique": "never", "rekey_time": "0", "local": local, "remote": remote,
                  "children": {name: {"local_ts": mine, "remote_ts": theirs, "esp_proposals": ESP_PROPOSAL, "rekey_time": "0"}}}


def processor_seconds(side):
    """Of each process of a side."""
    seconds = {}
    for key, process in side.processes.items():
        with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        seconds[key] = (int(fields[11]) + int(fields[12])) / TICKS
    return seconds


def measure(pair, auth, count, directory):
    """One run: a row of the table."""
    kinds = pair.split("-")
    net = Network()
    sides = []
    try:
        with tempfile.TemporaryDirectory(prefix="handshakes-") as sockets:
            os.chmod(sockets, 0o755)
            root = pki.Authority("Root")
            for kind, where in zip(kinds, ("left", "right")):
                side = KINDS[kind](where, net.ends[where], os.path.join(directory, f"{pair}-{auth}", where), sockets)
                sides.append(side)
                certificate, key, _ = root.issue(f"{where}.test", "p256")
                side.install("x509", "own.pem", certificate)
                side.install("private", "own.pem", key)
                side.install("x509ca", "ca.pem", root.pem())
                initiator = where == "left"
                side.configure({"connections": dict(connection(where, i, auth, initiator) for i in range(count if initiator else 1)),
                                "secrets": {"ike-t": {"secret": '"handshakes"'}}})
                side.quiet = True
                if kind == "espalier":
                    side.device = "software:65535"
                side.start(**UNPROTECTED[kind])
            initiator, responder = sides
            before = [processor_seconds(side) for side in sides]
            resident = [{key: side.memory(key) for key in side.processes} for side in sides]
            start = time.monotonic()
            for established in initiator.begin([f"c{i}" for i in range(count)]):
                for side in sides:
                    side.alive()
                if established >= count:
                    break
                if time.monotonic() - start > 60 + count / 20:
                    raise Failed(f"{established} of {count} handshakes after {time.monotonic() - start:.0f} s")
            seconds = time.monotonic() - start
            row = {"initiator": kinds[0], "responder": kinds[1], "auth": auth, "handshakes": count, "seconds": round(seconds, 3),
                   "handshakes_per_second": round(count / seconds, 1)}
            for role, side, old, kib in zip(("initiator", "responder"), sides, before, resident):
                new = processor_seconds(side)
                row[f"{role}_cpu_ms"] = round(1000 * sum(new[key] - old[key] for key in new) / count, 3)
                row[f"{role}_cpu_ms_by_process"] = {key: round(1000 * (new[key] - old[key]) / count, 3) for key in new}
                row[f"{role}_kib_per_sa"] = {key: round((side.memory(key) - kib[key]) / count, 2) for key in new}
            wait(lambda: len(responder.established()) == count, 60, "the responder has them all", 0.2)
            return row
    finally:
        for side in sides:
            side.close()
        net.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", default=PAIRS)
    parser.add_argument("--auth", default="psk,ecdsa")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--memory", type=int, default=0, help="and a run with so many SAs, to see what one takes")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each; the best counts")
    parser.add_argument("--json", default="build/bench/ike.json")
    args = parser.parse_args()
    rows = []
    head = f"{'initiator':10} {'responder':10} {'auth':6} {'count':>6} {'a second':>9}   {'initiator':>10} {'responder':>10}   KiB a SA: initiator, responder"
    print(head + f"\n{'':10} {'':10} {'':6} {'':6} {'':9}   {'CPU ms':>10} {'CPU ms':>10}")
    runs = [(pair, auth, args.count) for auth in args.auth.split(",") for pair in args.pairs.split(",")]
    if args.memory:
        runs += [(pair, "psk", args.memory) for pair in args.pairs.split(",") if pair in ("charon-charon", "espalier-espalier")]
    with tempfile.TemporaryDirectory(prefix="bench-ike-") as directory:
        for pair, auth, count in runs:
            row = max((measure(pair, auth, count, os.path.join(directory, f"{len(rows)}-{i}")) for i in range(args.repeat)),
                      key=lambda found: found["handshakes_per_second"])
            rows.append(row)
            kib = ["+".join(f"{value:.1f}" for value in row[f"{role}_kib_per_sa"].values()) for role in ("initiator", "responder")]
            print(f"{row['initiator']:10} {row['responder']:10} {auth:6} {count:6} {row['handshakes_per_second']:9.0f}   {row['initiator_cpu_ms']:10.2f} "
                  f"{row['responder_cpu_ms']:10.2f}   {kib[0]}, {kib[1]}", flush=True)
    os.makedirs(os.path.dirname(args.json), exist_ok=True)
    with open(args.json, "w", encoding="utf-8") as file:
        json.dump({"proposal": PROPOSAL, "strongswan": charon_module.version(), "processors": os.cpu_count(), "rows": rows}, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
