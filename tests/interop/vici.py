# SPDX-License-Identifier: Apache-2.0
"""A client of charon's control protocol, vici (strongSwan, src/libcharon/plugins/vici/README.md)."""
import socket
import struct

REQUEST, RESPONSE, UNKNOWN, REGISTER, UNREGISTER, CONFIRM, EVENT_UNKNOWN, EVENT = range(8)
SECTION, SECTION_END, KEY, LIST, ITEM, LIST_END = range(1, 7)


def encode(message):
    out = bytearray()
    for name, value in message.items():
        label = bytes([len(name)]) + name.encode()
        if isinstance(value, dict):
            out += bytes([SECTION]) + label + encode(value) + bytes([SECTION_END])
        elif isinstance(value, (list, tuple)):
            out += bytes([LIST]) + label
            for item in value:
                out += bytes([ITEM]) + struct.pack("!H", len(str(item))) + str(item).encode()
            out += bytes([LIST_END])
        else:
            out += bytes([KEY]) + label + struct.pack("!H", len(str(value))) + str(value).encode()
    return bytes(out)


def decode(data):
    """Sections become dicts, lists lists, values text."""
    def name(at):
        return data[at + 1:at + 1 + data[at]].decode(), at + 1 + data[at]

    def value(at):
        length, = struct.unpack_from("!H", data, at)
        return data[at + 2:at + 2 + length].decode(errors="replace"), at + 2 + length

    root = {}
    stack, at = [root], 0
    while at < len(data):
        kind, at = data[at], at + 1
        if kind == SECTION:
            key, at = name(at)
            stack.append(stack[-1].setdefault(key, {}))
        elif kind == KEY:
            key, at = name(at)
            stack[-1][key], at = value(at)
        elif kind == LIST:
            key, at = name(at)
            stack.append(stack[-1].setdefault(key, []))
        elif kind == ITEM:
            text, at = value(at)
            stack[-1].append(text)
        else:
            stack.pop()
    return root


class Vici:
    """address: the path of its socket, or with a TCP socket `made` where charon can be reached, a host and port."""

    def __init__(self, address, timeout=30, made=None):
        self.socket = made or socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        try:
            self.socket.connect(address)
        except OSError:
            self.socket.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def _send(self, kind, name, body=b""):
        packet = bytes([kind, len(name)]) + name.encode() + body
        self.socket.sendall(struct.pack("!I", len(packet)) + packet)

    def _exactly(self, length):
        data = b""
        while len(data) < length:
            piece = self.socket.recv(length - len(data))
            if not piece:
                raise ConnectionError("charon closed its control socket")
            data += piece
        return data

    def receive(self):
        """(kind, name of an event or "", message)."""
        length, = struct.unpack("!I", self._exactly(4))
        data = self._exactly(length)
        if data[0] == EVENT:
            return EVENT, data[2:2 + data[1]].decode(), decode(data[2 + data[1]:])
        return data[0], "", decode(data[1:])

    def register(self, event):
        self._send(REGISTER, event)
        while self.receive()[0] != CONFIRM:
            pass

    def request(self, command, message=None):
        """The response to a command."""
        return self.stream(command, None, message)[1]

    def stream(self, command, event, message=None):
        """(the events of this kind that a command sent, its response)."""
        if event:
            self.register(event)
        self._send(REQUEST, command, encode(message or {}))
        events = []
        while True:
            kind, name, body = self.receive()
            if kind == EVENT and name == event:
                events.append(body)
            elif kind == RESPONSE:
                break
            elif kind == UNKNOWN:
                raise KeyError(f"charon knows no command {command}")
        if event:
            self._send(UNREGISTER, event)
            while self.receive()[0] != CONFIRM:
                pass
        return events, body
