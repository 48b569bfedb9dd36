#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Full handshakes a second (IKE_SA_INIT, IKE_AUTH, a CHILD SA in the data plane), strongSwan's charon and espalier-ike beside each other in one run.

    handshakes.py OUT_DIR [--pairs charon-charon,…] [--auth psk,ecdsa] [--count N] [--repeat N] [--memory N]

Writes ike.json (a list of flat objects, one a pair) and ike.svg, prints tables. A pair is INITIATOR-RESPONDER. Both run on this machine in network
namespaces and share its processors with what asks them to begin (this program, whose own time is in the table). Wall time is that from the first
request to initiate to the last SA established: the best of some runs, which alternate. Processor time is each daemon's own, by the kernel's
clock, with its data plane (charon has it inside: kernel-libipsec; espalier-ike's is espalier-gw on the software reference); the median of the runs.
Both have protection against floods off and logs at errors only, and set a route for each CHILD SA (kernel-libipsec does, whatever install_routes
says). Each connection has its own selectors; all have one pair of identities, and with ECDSA one certificate a side.
"""
import argparse
import json
import os
import select
import socket
import statistics
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../interop"))
import charon as charon_module  # noqa: E402  pylint: disable=wrong-import-position
import espalier_side  # noqa: E402  pylint: disable=wrong-import-position
import pki  # noqa: E402  pylint: disable=wrong-import-position
from net import Failed, Network, wait  # noqa: E402  pylint: disable=wrong-import-position

PROPOSAL, ESP_PROPOSAL = "aes256gcm16-prfsha256-x25519", "aes256gcm16"
PAIRS = "charon-charon,espalier-charon,charon-espalier,espalier-espalier"
PORT = 20000  # of the first connection's selector
ROLES = ("initiator", "responder")
UNPROTECTED = {"charon": {"dos_protection": False, "ikesa_table_size": 4096, "ikesa_table_segments": 16, "install_routes": False, "reuse_ikesa": False,
                          "half_open_timeout": 120, "retransmit_timeout": 30},
               "espalier": {"cookie_threshold": 1000000, "block_threshold": 0, "init_limit_half_open": 1000000, "half_open_timeout": 120,
                            "retransmit_timeout": 30}}


class Charon(charon_module.Charon):
    def begin(self, names):
        """Initiate all; yields how many are established until they all are."""
        with self.vici(120) as vici:
            for name in names:
                vici.request("initiate", {"child": name, "ike": name, "timeout": -1, "init-limits": "no"})
            while True:
                sas = vici.request("stats")["ikesas"]
                yield int(sas["total"]) - int(sas["half-open"])
                time.sleep(0.01)


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
    # By port: kernel-libipsec wants an address of its host in each local selector.
    mine = f"10.1.0.1/32[udp/{PORT + index}]" if initiator else "10.2.0.0/24"
    theirs = "10.2.0.0/24" if initiator else "10.1.0.1/32[udp]"
    name = f"c{index}"
    return name, {"version": 2, "mobike": False, "local_addrs": Network.OUTER[side, 4], "remote_addrs": Network.OUTER[other, 4], "proposals": PROPOSAL,
                  "unique": "never", "rekey_time": "0", "local": local, "remote": remote,
                  "children": {name: {"local_ts": mine, "remote_ts": theirs, "esp_proposals": ESP_PROPOSAL, "rekey_time": "0"}}}


def processor_seconds(side):
    """Of each process of a side: its processor clock, as clock_getcpuclockid(3) names it."""
    return {key: time.clock_gettime((~process.pid << 3) | 2) for key, process in side.processes.items()}


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
            start, own = time.monotonic(), time.process_time()
            for established in initiator.begin([f"c{i}" for i in range(count)]):
                for side in sides:
                    side.alive()
                if established >= count:
                    break
                if time.monotonic() - start > 60 + count / 20:
                    raise Failed(f"{established} of {count} handshakes after {time.monotonic() - start:.0f} s")
            seconds = time.monotonic() - start
            row = {"initiator": kinds[0], "responder": kinds[1], "auth": auth, "handshakes": count, "seconds": round(seconds, 3),
                   "handshakes_per_second": round(count / seconds, 1), "asking_cpu_ms": round(1000 * (time.process_time() - own) / count, 3)}
            for role, side, old, kib in zip(ROLES, sides, before, resident):
                for key, now in processor_seconds(side).items():
                    what = "data_plane" if key == "gw" else "ike"
                    row[f"{role}_{what}_cpu_ms"] = round(1000 * (now - old[key]) / count, 3)
                    row[f"{role}_{what}_kib_per_sa"] = round((side.memory(key) - kib[key]) / count, 2)
                row[f"{role}_cpu_ms"] = round(sum(row.get(f"{role}_{what}_cpu_ms", 0) for what in ("ike", "data_plane")), 3)
            for side in sides:
                wait(lambda: len(side.children()) == count, 60, f"{side.name} has all CHILD SAs", 0.5)  # pylint: disable=cell-var-from-loop
            return row
    finally:
        for side in sides:
            side.close()
        net.close()


def combine(runs):
    """One row of several runs of a pair: the best rate, the median of the rest."""
    row = dict(max(runs, key=lambda run: run["handshakes_per_second"]), runs=len(runs))
    for key in row:
        if key.endswith("_cpu_ms"):
            row[key] = round(statistics.median(run[key] for run in runs), 3)
    return row


def rates(arguments, directory):
    """Rows by pair and kind of authentication. The pairs alternate, so that what else the machine does meets them all."""
    for auth in arguments.auth.split(","):
        pairs = arguments.pairs.split(",")
        runs = {pair: [] for pair in pairs}
        for turn in range(arguments.repeat):
            for pair in pairs:
                runs[pair].append(measure(pair, auth, arguments.count, os.path.join(directory, f"{auth}-{turn}")))
        yield from ({"what": "rate", **combine(runs[pair])} for pair in pairs)


def table(rows):
    print("\nHandshakes a second (two daemons, their data planes and what asks them share the processors); processor time of one handshake in ms,\n"
          "IKE + data plane (charon has both in one process)\n")
    print(f"{'auth':6} {'initiator':10} {'responder':10} {'a second':>9}   {'initiator':>15} {'responder':>15} {'asking':>7}")
    for row in rows:
        cpu = [f"{row[f'{role}_ike_cpu_ms']:.2f}" + (f" + {row[f'{role}_data_plane_cpu_ms']:.2f}" if f"{role}_data_plane_cpu_ms" in row else "")
               for role in ROLES]
        print(f"{row['auth']:6} {row['initiator']:10} {row['responder']:10} {row['handshakes_per_second']:9.0f}   {cpu[0]:>15} {cpu[1]:>15} "
              f"{row['asking_cpu_ms']:7.2f}")
    found = {(row["auth"], row["initiator"], row["responder"]): row for row in rows}
    for auth in dict.fromkeys(row["auth"] for row in rows):
        charon, ours = found.get((auth, "charon", "charon")), found.get((auth, "espalier", "espalier"))
        if charon and ours:
            ratios = [f"{charon[f'{role}_cpu_ms'] / ours[f'{role}_cpu_ms']:.1f} times less processor time as {role}" for role in ROLES]
            print(f"{auth}: espalier between themselves {ours['handshakes_per_second'] / charon['handshakes_per_second']:.1f} times the rate of charon; "
                  + ", ".join(ratios))


def memory_table(rows):
    print("\nResident memory an IKE SA with its CHILD SA adds to the responder, KiB\n")
    for row in rows:
        kib = row["responder_ike_kib_per_sa"], row.get("responder_data_plane_kib_per_sa")
        parts = f"{kib[0]:.1f}" if kib[1] is None else f"{kib[0]:.1f} espalier-ike + {kib[1]:.1f} espalier-gw with the software reference"
        print(f"{row['responder']:10} {row['handshakes']:6} SAs, {row['handshakes_per_second']:5.0f} a second: {parts}")


def plot(rows, path):
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    auths = list(dict.fromkeys(row["auth"] for row in rows))
    figure, panes = pyplot.subplots(2, len(auths), figsize=(5.5 * len(auths), 6.5), squeeze=False)
    for column, auth in enumerate(auths):
        chosen = [row for row in rows if row["auth"] == auth]
        names = [f"{row['initiator']}\nto {row['responder']}" for row in chosen]
        panes[0][column].bar(names, [row["handshakes_per_second"] for row in chosen], color="C0")
        panes[0][column].set(title=f"{auth}, x25519, AES-256-GCM", ylabel="handshakes a second")
        for offset, role in ((-0.2, "initiator"), (0.2, "responder")):
            places = [i + offset for i in range(len(chosen))]
            panes[1][column].bar(places, [row[f"{role}_cpu_ms"] for row in chosen], width=0.4, label=role)
        panes[1][column].set(ylabel="ms of processor time a handshake", xticks=range(len(chosen)), xticklabels=names)
        panes[1][column].legend(fontsize="small")
    for pane in panes.flat:
        pane.tick_params(labelsize="small")
        pane.grid(True, axis="y", linewidth=0.3)
    figure.tight_layout()
    figure.savefig(path)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--pairs", default=PAIRS)
    parser.add_argument("--auth", default="psk,ecdsa")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--repeat", type=int, default=1, help="runs of each")
    parser.add_argument("--memory", type=int, default=0, help="and a run with so many SAs, to see what one takes")
    arguments = parser.parse_args()
    os.makedirs(arguments.out, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-ike-") as directory:
        rows = list(rates(arguments, directory))
        many = [{"what": "memory", **measure(pair, "psk", arguments.memory, os.path.join(directory, "memory"))}
                for pair in arguments.pairs.split(",") if arguments.memory and pair in ("charon-charon", "espalier-espalier")]
    for row in rows + many:
        row.update(proposal=PROPOSAL, esp_proposal=ESP_PROPOSAL, strongswan=charon_module.version(), processors=os.cpu_count())
    with open(os.path.join(arguments.out, "ike.json"), "w", encoding="ascii") as file:
        file.write("[\n" + ",\n".join(map(json.dumps, rows + many)) + "\n]\n")
    print(f"IKEv2 handshakes, {PROPOSAL}, ESP {ESP_PROPOSAL}; strongSwan {charon_module.version()}, {os.cpu_count()} processors; {arguments.repeat} runs of "
          f"{arguments.count} handshakes each")
    table(rows)
    if many:
        memory_table(many)
    plot(rows, os.path.join(arguments.out, "ike.svg"))


if __name__ == "__main__":
    main()
