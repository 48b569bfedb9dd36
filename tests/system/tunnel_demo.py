#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The last part of make demo: a tunnel between the card and a stock strongSwan, keys by IKEv2.

In network namespaces, with a router between them: strongSwan on the left; on the right the simulated card, espalier-gw and espalier-ike. Key
exchange, pings and a download through the tunnel, and tshark confirms each packet on the wire with the key log. Without strongSwan a second
Espalier, on the software reference, is the peer. Needs root. Files stay in build/demo/tunnel.
    tunnel_demo.py [DEVICE]    DEVICE: sim (default) or software
"""
import contextlib
import os
import shutil
import sys
import tempfile
import time

import espalier

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../interop"))
# pylint: disable=wrong-import-position
import charon  # noqa: E402
import espalier_side  # noqa: E402
import traffic  # noqa: E402
import wireshark  # noqa: E402
from case import as_root, config, connection  # noqa: E402
from net import Failed, Network, run  # noqa: E402

WORK = os.path.join(espalier.BUILD, "demo", "tunnel")
PEER, CARD = "10.1.0.1", "10.2.0.1"  # behind the left end and the right end
PINGS = 20
DOWNLOAD = {"sim": 4 << 20, "software": 4 << 20}  # bytes
started = time.monotonic()


def say(text):
    print(f"[{time.monotonic() - started:5.1f} s] {text}", flush=True)


def why_not():
    """What this system lacks for a tunnel, or None."""
    if os.geteuid() != 0:
        return "network namespaces and TUN devices need root: sudo make demo"
    missing = [program for program in ("ip", "nft", "tcpdump", "tshark", "curl") if not shutil.which(program)]
    if missing:
        return f"missing: {', '.join(missing)}"
    if not os.path.exists("/dev/net/tun"):
        return "this system has no /dev/net/tun"
    probe = f"espalier-demo-{os.getpid()}"
    done = run("ip", "netns", "add", probe, check=False)
    run("ip", "netns", "del", probe, check=False)
    return f"no network namespaces: {done.stderr.strip()}" if done.returncode else None


def make_peer(network, sockets):
    """The left end: (daemon, its name for people)."""
    folder = os.path.join(WORK, "peer")
    if os.path.exists(charon.BINARY) and shutil.which("swanctl"):
        return charon.Charon("peer", network.left, folder, sockets), f"strongSwan {charon.version()}"
    say("strongSwan is not installed: a second Espalier, on the software reference, is the peer")
    return espalier_side.Espalier("peer", network.left, folder, sockets, device="software"), "espalier-ike on the software reference"


def pings(source, destination, namespace):
    """How many of the pings have no answer."""
    flood = traffic.Flood(namespace, source, destination, rate=50)
    while flood.sent < PINGS:
        time.sleep(0.01)
    sent, lost = flood.stop()
    say(f"ping {source} -> {destination}: {sent - len(lost)} of {sent} answered")
    return len(lost)


def through_the_tunnel(network, peer, card, device):
    """Exchange, traffic, and what the wire showed. Raises Failed, or returns how much went wrong."""
    capture = wireshark.Capture(network.middle, "left", os.path.join(WORK, "wire.pcap"))
    try:
        before = time.monotonic()
        card.up("net")
        sa = card.established()[0]
        say(f"IKEv2 exchange and CHILD SA in {1000 * (time.monotonic() - before):.0f} ms: {sa['local_id']} to {sa['remote_id']}, {sa['proposal']}")
        wrong = pings(CARD, PEER, card.namespace) + pings(PEER, CARD, peer.namespace)
        for client, source, server, destination in ((card, CARD, peer, PEER), (peer, PEER, card, CARD)):
            seconds = traffic.download(client.namespace, server.namespace, source, destination, DOWNLOAD[device], WORK)
            say(f"HTTP download {destination} -> {source}: {DOWNLOAD[device]} bytes in {seconds:.1f} s, SHA-256 is the sender's")
        table = card.ike("list").stdout
        path = capture.stop()
    finally:
        capture.close()
    messages, packets = wireshark.verify(path, card.keylog_directory())
    say(f"tshark reads {messages} IKE messages with the key log and confirms the ICV of all {packets} ESP packets on the wire")
    clear = network.clear_packets()
    say(f"packets between the networks in clear on the wire: {clear}")
    print("\n  espalier ike list\n" + "".join(f"    {line}\n" for line in table.splitlines()), flush=True)
    return wrong + clear + (not packets)


def tunnel(device):
    with contextlib.ExitStack() as stack:
        sockets = stack.enter_context(tempfile.TemporaryDirectory(prefix="espalier-demo-"))
        os.chmod(sockets, 0o755)
        network = Network()
        stack.callback(network.close)
        peer, name = make_peer(network, sockets)
        stack.callback(peer.close)
        espalier_side.SIMULATOR = os.path.abspath(espalier.SIMULATOR)
        card = espalier_side.Espalier("card", network.right, os.path.join(WORK, "card"), sockets, device=device)
        stack.callback(card.close)
        say(f"two ends and a router in network namespaces: {Network.OUTER['left', 4]} is {name}, {Network.OUTER['right', 4]} is Espalier")
        for side, where in ((peer, "left"), (card, "right")):
            side.where = where
            side.configure(config(connection(where)))
        peer.start()
        card.keylog = True
        card.start()
        say(f"card ({'simulated' if device == 'sim' else device}), espalier-gw and espalier-ike serve")
        try:
            wrong = through_the_tunnel(network, peer, card, device)
            card.stop()
            peer.wait_down()
            say("espalier-ike ended and took its SAs with it, on both ends")
        except Failed:
            print(card.tails(15) + peer.tails(15), flush=True)
            raise
    return wrong


def show(device):
    """Exit status: 0 if all of it was shown and was right."""
    if as_root.possible():
        return as_root.run([sys.executable, os.path.abspath(__file__), device], [WORK])
    reason = why_not()
    if reason:
        say(f"the tunnel is NOT shown: {reason} (make demo without it: tests/system/demo.py --no-tunnel)")
        return 1
    shutil.rmtree(WORK, ignore_errors=True)
    os.makedirs(WORK)
    try:
        wrong = tunnel(device)
    except Failed as error:
        say(f"the tunnel failed: {error}")
        return 1
    print(f"  tunnel: {'everything arrived, every ICV is right' if not wrong else f'{wrong} things went wrong'}", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(show(sys.argv[1] if len(sys.argv) > 1 else "sim"))
