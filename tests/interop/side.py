# SPDX-License-Identifier: Apache-2.0
"""One end of a tunnel, whichever daemon it runs: configuration, life, and the operations that Charon and Espalier both have."""
import contextlib
import os
import signal
import subprocess

from net import Failed, wait


# Of strongswan.conf's section charon, and espalier-ike's --set: short waits, so that tests of loss and silence are short.
SETTINGS = {"retransmit_tries": 4, "retransmit_timeout": 1.0, "retransmit_base": 1.2, "half_open_timeout": 10}


def conf_text(section, indent=0):
    """A swanctl.conf section: dicts are sections, lists comma-separated, booleans yes and no; None is left out."""
    pad = "    " * indent
    out = ""
    for key, value in section.items():
        if isinstance(value, dict):
            out += f"{pad}{key} {{\n{conf_text(value, indent + 1)}{pad}}}\n"
        elif value is not None:
            if isinstance(value, bool):
                value = "yes" if value else "no"
            out += f"{pad}{key} = {', '.join(map(str, value)) if isinstance(value, (list, tuple)) else value}\n"
    return out


class Side:
    """In `directory`: swanctl/ with the configuration and credentials, daemon logs, keys/. `sockets`: a short path for UNIX sockets."""
    kind = ""
    loses_in_reauthentication = False  # packets, though it makes before it breaks

    def __init__(self, name, namespace, directory, sockets):
        self.name, self.namespace, self.directory, self.sockets = name, namespace, directory, sockets
        self.swanctl = os.path.join(directory, "swanctl")
        self.keys = os.path.join(directory, "keys")
        self.conf = os.path.join(self.swanctl, "swanctl.conf")
        self.processes, self.settings = {}, dict(SETTINGS)
        self.environment = {}  # of processes, beside our own
        self.keylog = self.quiet = False  # quiet: errors only in the logs
        for folder in ("x509", "x509ca", "x509crl", "private"):
            os.makedirs(os.path.join(self.swanctl, folder), exist_ok=True)
        os.makedirs(self.keys, exist_ok=True)
        os.makedirs(sockets, exist_ok=True)

    # ---- configuration
    def configure(self, config):
        """Write swanctl.conf; a running daemon gets it by reload()."""
        with open(self.conf, "w", encoding="utf-8") as file:
            file.write(config if isinstance(config, str) else conf_text(config))

    def install(self, folder, name, data):
        """A credential into swanctl/FOLDER; returns its name."""
        with open(os.path.join(self.swanctl, folder, name), "wb") as file:
            file.write(data)
        return name

    # ---- processes
    def spawn(self, key, command, log):
        if key in self.processes:  # of a subtest that failed
            self.end(key, signal.SIGKILL)
        with open(os.path.join(self.directory, log), "ab") as out:
            self.processes[key] = self.namespace.popen(*command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                                         env={**os.environ, **self.environment})
        return self.processes[key]

    def end(self, key, number, timeout=15):
        """Signal a process and wait for its end; returns its exit status."""
        process = self.processes.pop(key, None)
        if process is None:
            return None
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise Failed(f"{self.name}: {key} does not end") from None

    def alive(self):
        """Raises Failed if a process of this side ended by itself."""
        for key, process in self.processes.items():
            if process.poll() is not None:
                raise Failed(f"{self.name}: {key} ended with status {process.returncode}")

    def memory(self, key):
        """Resident memory of a process in KiB."""
        with open(f"/proc/{self.processes[key].pid}/status", encoding="ascii") as file:
            return int(next(line for line in file if line.startswith("VmRSS")).split()[1])

    def close(self):
        for key in list(self.processes):
            with contextlib.suppress(Failed):
                self.end(key, signal.SIGKILL)

    # ---- what tests ask
    def counters(self):
        """What the data plane counted, as text for a person."""
        return ""

    def log(self):
        text = ""
        for name in sorted(os.listdir(self.directory)):
            if name.endswith(".log"):
                with open(os.path.join(self.directory, name), encoding="utf-8", errors="replace") as file:
                    text += file.read()
        return text

    def tails(self, lines=30):
        text = ""
        for name in sorted(os.listdir(self.directory)):
            path = os.path.join(self.directory, name)
            if name.endswith(".log"):
                with open(path, encoding="utf-8", errors="replace") as file:
                    text += f"---- {path}\n" + "".join(file.readlines()[-lines:])
        return text

    def up(self, child, timeout=20):
        ok, text = self.try_up(child, timeout)
        if not ok:
            raise Failed(f"{self.name}: {child} does not come up: {text}")

    def established(self):
        return [sa for sa in self.sas() if sa["state"] == "ESTABLISHED"]

    def children(self, name=None):
        """The installed CHILD SAs of established IKE SAs."""
        return [child for sa in self.established() for child in sa["children"]
                if child["state"] == "INSTALLED" and name in (None, child["name"])]

    def wait_up(self, children=1, timeout=10):
        """The CHILD SAs, once there are this many."""
        def up():
            found = self.children()
            return len(found) == children and (found,)
        return wait(up, timeout, f"{self.name} has {children} CHILD SAs")[0]

    def wait_down(self, timeout=10):
        """No IKE SA but those that a rekeying left behind for the other end to delete."""
        wait(lambda: all(sa["state"] == "REKEYED" for sa in self.sas()), timeout, f"{self.name} has no IKE SA")
