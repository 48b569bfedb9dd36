# SPDX-License-Identifier: Apache-2.0
"""Traffic through a tunnel, each packet accounted for: numbered pings, iperf3, a download compared by checksum."""
import contextlib
import hashlib
import json
import os
import select
import socket
import struct
import subprocess
import threading
import time

from net import Failed, run, wait

BURST = 8  # pings at once at most
ECHO = {4: (8, 0), 6: (128, 129)}  # request and reply


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Flood:
    """Numbered echo requests from source to destination at a rate (a second) until stop(), which returns (sent, numbers without a reply).

    An answer must come within `patience` seconds of the end. Payloads are checked. `received` counts answers as they come. Not more than `limit` are sent,
    however late stop() comes.
    """
    number = 0

    def __init__(self, namespace, source, destination, rate=400, size=64, patience=3, limit=None):
        Flood.number += 1
        self.ident = (os.getpid() * 64 + Flood.number) & 0xFFFF
        self.family = 6 if ":" in destination else 4
        self.source, self.destination, self.rate, self.size, self.patience = source, destination, rate, size, patience
        self.limit = float("inf") if limit is None else limit
        self.sent, self.missing, self.received, self.last_reply, self.error = 0, set(), 0, 0.0, None
        kind = (socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) if self.family == 4 else (socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
        self.socket = namespace.socket(*kind)
        self.socket.bind((source, 0))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _payload(self, number):
        return struct.pack("!Q", number) * (self.size // 8)

    def _send(self, number):
        request, _ = ECHO[self.family]
        packet = struct.pack("!BBHHH", request, 0, 0, self.ident, number & 0xFFFF) + self._payload(number)
        if self.family == 4:  # the kernel sums ICMPv6 itself
            packet = packet[:2] + struct.pack("!H", checksum(packet)) + packet[4:]
        with contextlib.suppress(OSError):  # no route while a tunnel is down: such a packet is one lost
            self.socket.sendto(packet, (self.destination, 0))

    def _receive(self):
        packet = self.socket.recv(65536)
        packet = packet[4 * (packet[0] & 15):] if self.family == 4 else packet
        if len(packet) < 16 or packet[0] != ECHO[self.family][1] or struct.unpack_from("!H", packet, 4)[0] != self.ident:
            return
        number, = struct.unpack_from("!Q", packet, 8)
        if packet[8:] != self._payload(number):
            self.error = f"echo reply {number} has another payload"
        if number in self.missing:
            self.missing.discard(number)
            self.received += 1
            self.last_reply = time.monotonic()

    def _run(self):
        start = time.monotonic()
        end = None
        while True:
            now = time.monotonic()
            if self.ending.is_set():
                end = end or now + self.patience
                if not self.missing or now > end:
                    return
                pause = 0.05
            else:
                # A machine that stood still does not catch up: a burst would only fill the queues.
                start = max(start, now - (self.sent + BURST) / self.rate)
                while self.sent <= (now - start) * self.rate and self.sent < self.limit:
                    self.missing.add(self.sent)
                    self._send(self.sent)
                    self.sent += 1
                pause = max(0, start + self.sent / self.rate - time.monotonic()) if self.sent < self.limit else 0.005
            while select.select([self.socket], [], [], pause)[0]:
                self._receive()
                pause = 0

    def more(self, count=50, timeout=20):
        """Wait for this many more replies."""
        goal = self.received + count
        wait(lambda: self.received >= goal, timeout, f"{count} more replies from {self.destination}")

    def stop(self):
        self.ending.set()
        self.thread.join()
        self.socket.close()
        if self.error:
            raise Failed(self.error)
        return self.sent, sorted(self.missing)


def ping(namespace, source, destination, count=3, timeout=5, size=64):
    """Whether all of some pings are answered."""
    flood = Flood(namespace, source, destination, rate=100, size=size, patience=timeout, limit=count)
    while flood.sent < count:
        time.sleep(0.005)
    return not flood.stop()[1]


def iperf(client, server, source, destination, *options, seconds=2):
    """iperf3's own report (its section `end`) of a run from client to server."""
    listener = server.popen("iperf3", "-s", "-1", "-B", destination, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        # It listens before it can be found by connecting, which would use up its one run.
        wait(lambda: ":5201" in server.run("ss", "-ltn").stdout, 5, "iperf3 listens")
        done = client.run("iperf3", "-c", destination, "-B", source, "-t", str(seconds), "-J", *options, check=False, timeout=seconds + 30)
        report = json.loads(done.stdout)
        if "error" in report:
            raise Failed(f"iperf3: {report['error']}")
        return report["end"]
    finally:
        listener.kill()
        listener.wait()


def download(client, server, source, destination, size, directory):
    """An HTTP download of this many random bytes; returns seconds. Raises Failed if a byte differs."""
    data = os.urandom(size)
    folder = os.path.join(directory, "www")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "file"), "wb") as file:
        file.write(data)
    listener = server.popen("/usr/bin/python3", "-m", "http.server", "--bind", destination, "--directory", folder, "8080",
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait(lambda: ":8080" in server.run("ss", "-ltn").stdout, 10, "http.server listens")
        out = os.path.join(directory, "downloaded")
        start = time.monotonic()
        run(*client.command("curl", "-sS", "--fail", "--max-time", 120, "--interface", source, "-o", out, f"http://{destination}:8080/file"), timeout=150)
        seconds = time.monotonic() - start
        with open(out, "rb") as file:
            got = file.read()
        if hashlib.sha256(got).digest() != hashlib.sha256(data).digest():
            raise Failed(f"the download of {size} bytes came as {len(got)} bytes with another checksum")
        os.remove(out)
        os.remove(os.path.join(folder, "file"))
        return seconds
    finally:
        listener.kill()
        listener.wait()
