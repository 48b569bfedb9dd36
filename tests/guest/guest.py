# SPDX-License-Identifier: Apache-2.0
"""A machine under QEMU with Debian's kernel, whose own ESP is the peer in tests. One boot serves all tests of a program: Guest.get().

It has two network devices, eth0 towards the router and eth1 towards a network behind it. Here both are TAP devices, which live in a namespace of the guest's own
between the tests (network.py). Commands are scripts for its shell, one at a time; files go the same way. What its kernel says is in `console`.
"""
import atexit
import base64
import contextlib
import fcntl
import os
import select
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../interop"))
# pylint: disable=wrong-import-position
from net import Failed, Namespace  # noqa: E402

FOLDER = os.path.join(os.path.abspath(os.environ.get("ESPALIER_BUILD", "build")), "guest")
BOOT, COMMAND = 300, 120  # seconds for what takes 10 and less than one: a busy machine without KVM
TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
NAMES = ("guest-wan", "guest-lan")  # the TAP devices of eth0 and eth1, at home


def tap(namespace, name):
    """A TAP device in a namespace, as a file descriptor; it is gone when that is closed."""
    with namespace.entered():
        fd = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return fd


class Guest:
    running = None
    image = "initramfs"  # its file system: a program may choose another before the first get()

    @classmethod
    def get(cls):
        """The one guest of this program: booted at the first call, and again if it has ended."""
        if cls.running and cls.running.process.poll() is not None:
            cls.running.close()
            cls.running = None
        if not cls.running:
            cls.running = cls()
        return cls.running

    def __init__(self):
        started = time.monotonic()
        self.lock, self.rest = threading.Lock(), b""
        self.stack = contextlib.ExitStack()
        atexit.register(self.close)
        self.home = Namespace("guest")
        self.stack.callback(self.home.close)
        self.directory = tempfile.mkdtemp(prefix="guest-")
        self.stack.callback(shutil.rmtree, self.directory, ignore_errors=True)
        self.console = os.path.join(self.directory, "console")  # and what QEMU has to say
        path = os.path.join(self.directory, "control")
        with contextlib.ExitStack() as boot:
            listener = boot.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            listener.bind(path)
            listener.listen(1)
            taps = [tap(self.home, name) for name in NAMES]
            for fd in taps:
                boot.callback(os.close, fd)
            console = boot.enter_context(open(self.console, "ab"))
            self.process = subprocess.Popen(self._command(path, taps), stdin=subprocess.DEVNULL, stdout=console, stderr=console, pass_fds=taps)
            self.stack.callback(self.process.wait)
            self.stack.callback(self.process.kill)
            self._wait(listener, BOOT, "QEMU connects")
            self.control = self.stack.enter_context(listener.accept()[0])
        if self._line(BOOT, "it boots") != "ready":
            raise Failed("the guest does not say that it is ready")
        print(f"guest: Linux {self.run('uname -r').strip()}, ready after {time.monotonic() - started:.1f} s", flush=True)

    def _command(self, control, taps):
        devices = [word for number, fd in enumerate(taps) for word in (
            "-netdev", f"tap,id=net{number},fd={fd}", "-device", f"virtio-net-pci,netdev=net{number},mac=52:54:00:00:00:0{number + 1},romfile=")]
        return ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-M", "q35", "-m", "512M", "-smp", "1", "-nodefaults", "-display", "none", "-no-reboot",
                "-kernel", os.path.join(FOLDER, "vmlinuz"), "-initrd", os.path.join(FOLDER, self.image), "-append", "console=ttyS0 quiet panic=-1 random.trust_cpu=on mitigations=off", "-serial", "stdio",
                "-chardev", f"socket,id=control,path={control}", "-device", "virtio-serial-pci", "-device", "virtserialport,chardev=control,name=control", *devices]

    def _wait(self, readable, timeout, what):
        """Wait for something to read; raises Failed with the console's end when the guest is gone."""
        end = time.monotonic() + timeout
        while not select.select([readable], [], [], 0.2)[0]:
            if self.process.poll() is not None:
                raise Failed(f"the guest has ended while {what}{self.tail()}")
            if time.monotonic() > end:
                self.process.kill()  # its answer would be taken for the next one's
                raise Failed(f"guest: not within {timeout} s: {what}{self.tail()}")

    def _more(self, timeout, what):
        self._wait(self.control, timeout, what)
        data = self.control.recv(1 << 16)
        if not data:
            raise Failed(f"the guest has ended while {what}{self.tail()}")
        self.rest += data

    def _line(self, timeout, what="it answers"):
        while b"\n" not in self.rest:
            self._more(timeout, what)
        line, self.rest = self.rest.split(b"\n", 1)
        return line.decode()

    def tail(self):
        with contextlib.suppress(OSError):
            with open(self.console, encoding="utf-8", errors="replace") as file:
                return "\n" + "".join(file.readlines()[-20:])
        return ""

    # ---- what tests do
    def bytes(self, script, check=True, timeout=COMMAND):
        """Run a shell script; (status, output)."""
        with self.lock:
            self.control.sendall(base64.b64encode(script.encode()) + b"\n")
            status, length = map(int, self._line(timeout, script).split())
            while len(self.rest) < length:
                self._more(timeout, script)
            output, self.rest = self.rest[:length], self.rest[length:]
        if check and status:
            raise Failed(f"guest: {script}: exit status {status}: {output.decode(errors='replace')}")
        return status, output

    def run(self, script, check=True, timeout=COMMAND):
        """The output of a shell script, as text."""
        return self.bytes(script, check, timeout)[1].decode(errors="replace")

    def push(self, path):
        """A file to the same path in the guest."""
        with open(path, "rb") as file:
            data = base64.b64encode(file.read()).decode()
        self.run(f"mkdir -p '{os.path.dirname(path)}' && echo {data} | base64 -d >'{path}'")

    def pull(self, path):
        """A file of the guest to the same path here, if it is there."""
        status, data = self.bytes(f"cat '{path}'", check=False)
        if not status:
            with open(path, "wb") as file:
                file.write(data)

    def close(self):
        self.stack.close()
