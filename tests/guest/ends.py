# SPDX-License-Identifier: Apache-2.0
"""What runs in the guest as one end of a tunnel, with the interface of tests/interop's ends: strongSwan, libreswan, or the kernel's ESP with states by hand."""
import os
import shlex
import signal
import socket
import subprocess
import time

from charon import Charon
from guest import Guest
from libreswan import Libreswan
from network import LAN
from side import Side
from vici import Vici

PORT = 4502  # charon's control socket, reached from behind the guest


class Process:
    """A process in the guest, as subprocess.Popen has one."""

    def __init__(self, guest, key, command, log):
        self.guest, self.status, self.returncode = guest, f"/run/{key}.status", None
        words = " ".join(map(shlex.quote, map(str, command)))
        self.pid = int(guest.run(f"""mkdir -p {os.path.dirname(log)}; rm -f {self.status} /run/{key}.pid
            ( {words} >>{log} 2>&1 & echo $! >/run/{key}.new; mv /run/{key}.new /run/{key}.pid; wait $!; echo $? >{self.status} ) >/dev/null 2>&1 &
            until cat /run/{key}.pid 2>/dev/null; do sleep 0.01; done"""))

    def poll(self):
        if self.returncode is None:
            text = self.guest.run(f"cat {self.status}", check=False).strip()
            if text.isdigit():
                status = int(text)
                self.returncode = 128 - status if status > 128 else status
        return self.returncode

    def send_signal(self, number):
        self.guest.run(f"kill -{int(number)} {self.pid}", check=False)

    def kill(self):
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout=60):
        end = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired("a process of the guest", timeout)
            time.sleep(0.02)
        return self.returncode


class GuestEnd(Side):
    """Files have the same paths in the guest: configuration is copied there when the daemon starts, logs are copied back when somebody looks."""
    kind = "kernel"

    def __init__(self, name, namespace, directory, sockets):
        super().__init__(name, namespace, os.path.abspath(directory), sockets)
        self.guest = Guest.get()
        self.logs = set()

    def spawn(self, key, command, log):
        if key in self.processes:
            self.end(key, signal.SIGKILL)
        self.logs.add(log)
        self.processes[key] = Process(self.guest, key, command, os.path.join(self.directory, log))
        return self.processes[key]

    def pull_logs(self):
        for log in self.logs:
            self.guest.pull(os.path.join(self.directory, log))

    def log(self):
        self.pull_logs()
        return super().log()

    def tails(self, lines=30):
        self.pull_logs()
        return super().tails(lines)

    def counters(self):
        return f"---- xfrm of the guest\n{self.guest.run('ip -s xfrm state; ip xfrm policy; ' + ERRORS + '; dmesg | tail -n 5', check=False)}"

    def errors(self):
        """What the kernel's IPsec counted that went wrong since it booted: name and count."""
        return {name: int(count) for name, count in (line.split() for line in self.guest.run(ERRORS + " || true").splitlines())}

    def stop(self):
        """Nothing to end but what the kernel holds."""
        self.guest.run("ip xfrm state flush; ip xfrm policy flush")


ERRORS = "grep -v '[[:space:]]0$' /proc/net/xfrm_stat"


class GuestKernel(GuestEnd):
    """States and policies by hand, in ip xfrm's own words."""

    def configure(self, config):
        """config: lines for `ip`."""
        self.guest.run("set -e\n" + "\n".join(f"ip {line}" for line in config))

    def start(self, **_):
        pass


class GuestCharon(GuestEnd, Charon):
    """Debian's charon with kernel-netlink. In reauthentication its kernel now and then has no state for its policy: XfrmAcquireError."""
    kind, kernel = "charon", "kernel-netlink"

    def __init__(self, name, namespace, directory, sockets):
        super().__init__(name, namespace, directory, sockets)
        self.uri = f"tcp://{LAN[4][0]}:{PORT}"
        self.logs |= {"charon.log"}

    def vici(self, timeout=30):
        return Vici((LAN[4][0], PORT), timeout, self.namespace.socket(socket.AF_INET, socket.SOCK_STREAM))

    def start(self, **settings):
        self.settings.update(settings)
        self._write_strongswan_conf()
        conf = os.path.join(self.directory, "strongswan.conf")
        self.guest.push(conf)
        self.serves(self.spawn("charon", ["env", f"STRONGSWAN_CONF={conf}", "/usr/lib/ipsec/charon"], "charon-out.log"))

    def stop(self):
        Charon.stop(self)

    def kill(self):
        """As with the power: what the kernel held is gone, too."""
        self.end("charon", signal.SIGKILL)
        self.guest.run("ip xfrm state flush; ip xfrm policy flush; ip route flush table 220; while ip rule del lookup 220; do :; done", check=False)

    def keylog_directory(self):
        self.guest.pull(os.path.join(self.directory, "keys.log"))
        return super().keylog_directory()


class GuestLibreswan(GuestEnd, Libreswan):
    kind = "libreswan"
    programs = "/usr/libexec/ipsec"

    def start(self, **_):
        for name in ("ipsec.conf", "ipsec.secrets"):
            self.guest.push(os.path.join(self.directory, name))
        self.guest.run(f"mkdir -p {self.nss} {self.run_directory}; [ -e {self.nss}/cert9.db ] || certutil {' '.join(self.new_database())}")
        self.serves(self.spawn("pluto", ["/usr/libexec/ipsec/pluto", *self.pluto_options()], "pluto.log"))

    def program(self, *command, timeout=30):
        status, output = self.guest.bytes(" ".join(map(shlex.quote, map(str, command))), check=False, timeout=timeout + 60)
        return subprocess.CompletedProcess(command, status, output.decode(errors="replace"), "")

    def stop(self):
        Libreswan.stop(self)

    def kill(self):
        self.end("pluto", signal.SIGKILL)
        self.guest.run("ip xfrm state flush; ip xfrm policy flush")
