# SPDX-License-Identifier: Apache-2.0
"""A client of the SA sink's socket, written from docs/sa-sink.md alone. Blocking; events that come during a call are kept."""
import array
import collections
import errno
import ipaddress
import select
import socket
import struct
import time

VERSION = 1
HEADER = struct.Struct("!HHIiI")
(CAPS, GET_SPI, SA_ADD, SA_UPDATE, SA_QUERY, SA_DELETE, POLICY_SET, POLICY_DELETE, FLUSH, GIVE_ESP_SOCKET, SWEEP, SA_DELETE_LAST) = range(1, 13)
REPLY, EVENT, WELCOME = 0x100, 0x200, 0x300
OUT, IN = 0, 1
PROTECT, DISCARD, BYPASS = 0, 1, 2
GCM128, GCM192, GCM256 = 0, 1, 2
EVENTS = ("acquire", "expire", "mapping", "down", "up")
FLAGS = ("esn", "no_esn", "tunnel", "transport", "inner_v4", "inner_v6", "outer_v4", "outer_v6", "udp_encap", "raw_esp", "tfc_padding", "events")

Event = collections.namedtuple("Event", "kind reqid hard local remote direction spi dst endpoint text")
Stats = collections.namedtuple("Stats", "packets bytes seq replay integrity other last_use_ms")


class SinkError(OSError):
    """The gateway refused: errno and its sentence."""


def pack_ip(text):
    if not text:
        return bytes(20)
    address = ipaddress.ip_address(text)
    return struct.pack("!B3x16s", address.version, address.packed)


def unpack_ip(data):
    family, packed = struct.unpack("!B3x16s", data)
    return str(ipaddress.ip_address(packed[:4] if family == 4 else packed)) if family else ""


def pack_endpoint(ip, port=0):
    return pack_ip(ip) + struct.pack("!H2x", port)


def pack_selector(selector):
    """A prefix, a range "LOW-HIGH", or a tuple of one of these, protocol, first port, last port."""
    text, proto, low_port, high_port = selector if isinstance(selector, tuple) else (selector, 0, 0, 65535)
    if "-" in text:
        low, high = text.split("-")
    else:
        network = ipaddress.ip_network(text)
        low, high = str(network[0]), str(network[-1])
    return struct.pack("!B3xHH", proto, low_port, high_port) + pack_ip(low) + pack_ip(high)


def unpack_selector(data):
    proto, low_port, high_port = struct.unpack_from("!B3xHH", data)
    return unpack_ip(data[8:28]), unpack_ip(data[28:48]), proto, low_port, high_port


def pack_id(direction, spi, dst):
    return struct.pack("!B3xI", direction, spi) + pack_ip(dst)


class Sink:
    def __init__(self, path, timeout=20):
        self.timeout = timeout
        self.events = collections.deque()
        self.next_id = 0
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        kind, _, status, body = self._receive()
        if kind != WELCOME or status:
            self.socket.close()
            raise SinkError(-status, body.decode())

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _receive(self):
        message = self.socket.recv(65536)
        if not message:
            raise SinkError(errno.ENODEV, "the gateway has closed the connection")
        version, kind, number, status, length = HEADER.unpack_from(message)
        assert version == VERSION and length == len(message) - HEADER.size, message[:16]
        return kind, number, status, message[HEADER.size:]

    def _take_event(self, kind, body):
        reqid, hard = struct.unpack_from("!IB", body)
        direction, spi = struct.unpack_from("!B3xI", body, 104)
        port, = struct.unpack_from("!H", body, 152)
        self.events.append(Event(EVENTS[kind - EVENT], reqid, bool(hard), unpack_selector(body[8:56]), unpack_selector(body[56:104]),
                                 direction, spi, unpack_ip(body[112:132]), (unpack_ip(body[132:152]), port), body[156:].decode()))

    def call(self, kind, body=b"", fd=None):
        self.next_id += 1
        message = HEADER.pack(VERSION, kind, self.next_id, 0, len(body)) + body
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))] if fd is not None else []
        self.socket.sendmsg([message], rights)
        while True:
            got, number, status, answer = self._receive()
            if EVENT <= got < WELCOME:
                self._take_event(got, answer)
                continue
            assert (got, number) == (REPLY + kind, self.next_id), (got, number)
            if status:
                raise SinkError(-status, answer.decode())
            return answer

    def event(self, timeout=None, kind=None):
        """The next event (of this kind; others are passed over), or None after the timeout."""
        end = time.monotonic() + (self.timeout if timeout is None else timeout)
        while True:
            while self.events:
                event = self.events.popleft()
                if kind in (None, event.kind):
                    return event
            if not select.select([self.socket], [], [], max(0, end - time.monotonic()))[0]:
                return None
            got, _, _, body = self._receive()
            self._take_event(got, body)

    # ---- requests --------------------------------------------------------------------------------------------------------
    def caps(self):
        aeads, flags, window, capacity, device = struct.unpack("!IIII64s", self.call(CAPS))
        caps = {name: bool(flags >> i & 1) for i, name in enumerate(FLAGS)}
        return {**caps, "aeads": aeads, "max_window": window, "sa_capacity": capacity, "device": device.rstrip(b"\0").decode()}

    def get_spi(self, dst):
        return struct.unpack("!I", self.call(GET_SPI, pack_ip(dst)))[0]

    def sa_add(self, direction, spi, src, dst, key, reqid=1, ports=None, esn=False, window=64, copy_df=True, limits=(0, 0, 0, 0), aead=None,
               mode=0, seq=None):
        """key: with the salt behind it; ports: (source, destination) of UDP encapsulation; limits: soft and hard packets, soft and hard bytes;
        seq: the number that the SA goes on from."""
        if aead is None:
            aead = {20: GCM128, 28: GCM192, 36: GCM256}[len(key)]
        src_port, dst_port = ports or (0, 0)
        body = struct.pack("!BBBBBBBxIII", direction, mode, aead, len(key), ports is not None, esn, copy_df, spi, reqid, window)
        body += pack_endpoint(src, src_port) + pack_endpoint(dst, dst_port) + struct.pack("!4Q", *limits) + key.ljust(36, b"\0")
        self.call(SA_ADD, body + (b"" if seq is None else struct.pack("!Q", seq)))

    def sa_update(self, direction, spi, dst, new_src, new_dst, ports=None):
        src_port, dst_port = ports or (0, 0)
        self.call(SA_UPDATE, pack_id(direction, spi, dst) + pack_endpoint(new_src, src_port) + pack_endpoint(new_dst, dst_port) +
                  struct.pack("!B3x", ports is not None))

    def sa_query(self, direction, spi, dst):
        return Stats(*struct.unpack("!7Q", self.call(SA_QUERY, pack_id(direction, spi, dst))))

    def sa_delete(self, direction, spi, dst):
        self.call(SA_DELETE, pack_id(direction, spi, dst))

    def sa_delete_last(self, direction, spi, dst):
        """The final Stats: the SA may go on from their seq, under the same key."""
        return Stats(*struct.unpack("!7Q", self.call(SA_DELETE_LAST, pack_id(direction, spi, dst))))

    def policy_set(self, reqid, local, remote, spi=0, peer="", action=PROTECT, priority=0):
        local, remote = ([x] if isinstance(x, (str, tuple)) else x for x in (local, remote))
        body = struct.pack("!IB3xII", reqid, action, spi, priority) + pack_ip(peer) + struct.pack("!II", len(local), len(remote))
        self.call(POLICY_SET, body + b"".join(map(pack_selector, local + remote)))

    def policy_delete(self, reqid):
        self.call(POLICY_DELETE, struct.pack("!I", reqid))

    def flush(self):
        self.call(FLUSH)

    def sweep(self):
        self.call(SWEEP)

    def give_esp_socket(self, udp_socket, ip, port):
        self.call(GIVE_ESP_SOCKET, pack_endpoint(ip, port), udp_socket.fileno())
