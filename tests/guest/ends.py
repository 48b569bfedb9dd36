# SPDX-License-Identifier: Apache-2.0
"""What runs in the guest as one end of a tunnel, with the interface of tests/interop's ends: strongSwan, libreswan, the kernel's ESP with states by hand, or
Espalier as units of systemd."""
import os
import shlex
import signal
import socket
import subprocess
import time

from charon import Charon
from espalier_side import Espalier
from guest import Guest
from libreswan import Libreswan
from net import Failed
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
    """Debian's charon with kernel-netlink: what is on its way is not lost, as with kernel-libipsec it is."""
    kind, kernel = "charon", "kernel-netlink"
    loses_in_reauthentication = False

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
        self.guest.run(f"mkdir -p {self.run_directory}")
        self.nss_tool("certutil")
        self.serves(self.spawn("pluto", ["/usr/libexec/ipsec/pluto", *self.pluto_options()], "pluto.log"))

    def nss_program(self, name):
        return name

    def exists(self, path):
        return self.guest.bytes(f"[ -e '{path}' ]", check=False)[0] == 0

    def put(self, name, content):
        path = super().put(name, content)
        self.guest.push(path)
        return path

    def program(self, *command, timeout=30):
        status, output = self.guest.bytes(" ".join(map(shlex.quote, map(str, command))), check=False, timeout=timeout + 60)
        return subprocess.CompletedProcess(command, status, output.decode(errors="replace"), "")

    def stop(self):
        Libreswan.stop(self)

    def kill(self):
        super().kill()
        self.guest.run("ip xfrm state flush; ip xfrm policy flush")


class GuestUnits(GuestEnd, Espalier):
    """espalier-gw and espalier-ike, installed, configured and started as docs/operations.md says; the guest's image is that of systemd_image.py."""
    kind = "espalier"
    units = ("espalier-gw", "espalier-ike")
    stopped = True

    def start(self, device="software", **_):
        self.stopped = False
        self.install_configuration()
        self.drop_in("espalier-gw", f"ExecStart=\nExecStart=/usr/local/bin/espalier-gw -d {device}")
        self.systemctl("start", *self.units)

    def install_configuration(self):
        self.guest.push(self.conf)
        self.guest.run(f"""set -e
            mkdir -p /etc/espalier; chown root:espalier /etc/espalier; chmod 750 /etc/espalier
            cp {self.conf} /etc/espalier/swanctl.conf; chown root:espalier /etc/espalier/swanctl.conf; chmod 640 /etc/espalier/swanctl.conf""")

    def drop_in(self, unit, text, name="test"):
        """Lines of [Service] over those of the unit."""
        folder = f"/run/systemd/system/{unit}.service.d"
        self.guest.run(f"mkdir -p {folder} && printf '[Service]\n%s\n' {shlex.quote(text)} >{folder}/{name}.conf")
        self.systemctl("daemon-reload")

    def systemctl(self, *words, check=True):
        return self.guest.run("systemctl --no-pager " + " ".join(map(shlex.quote, words)), check)

    def show(self, unit):
        """systemd's properties of the unit."""
        return dict(line.split("=", 1) for line in self.systemctl("show", unit).splitlines() if "=" in line)

    def log(self, unit=None):
        return self.guest.run(f"journalctl --no-pager -o cat {'-u ' + unit if unit else ''}")

    def tails(self, lines=30):
        return "".join(f"---- {unit} of the guest\n" + self.guest.run(f"journalctl --no-pager -u {unit} -n {lines}", check=False) for unit in self.units)

    def counters(self):
        return ""

    def ike(self, *words, check=True, timeout=60):
        command = ["espalier", "ike", *map(str, words)]
        status, output = self.guest.bytes(" ".join(map(shlex.quote, command)), check=False, timeout=timeout + 60)
        text = output.decode(errors="replace")
        if check and status:
            raise Failed(f"{self.name}: {' '.join(command)}: {text.strip()}")
        return subprocess.CompletedProcess(command, status, text, "")

    def stop(self):
        """Both units, the agent first; then what blocks goes, and what this test changed of the units."""
        self.systemctl("stop", *reversed(self.units))
        results = {unit: self.show(unit)["Result"] for unit in self.units}
        self.remove()
        if set(results.values()) != {"success"}:
            raise Failed(f"{self.name}: units ended with {results}")

    def close(self):
        if not self.stopped:  # a test that failed
            self.remove()

    def remove(self):
        self.stopped = True
        units = " ".join(f"{unit}.service" for unit in self.units)
        self.guest.run(f"systemctl kill -s KILL {units}; systemctl stop {units}; systemctl reset-failed {units}; rm -rf /run/systemd/system; systemctl daemon-reload\n"
                       "espalier-gw --release", check=False)

    def kill(self):
        self.remove()
