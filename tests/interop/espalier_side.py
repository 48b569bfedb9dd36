# SPDX-License-Identifier: Apache-2.0
"""Our own end: espalier-gw and espalier-ike, controlled through `espalier ike`.

$ESPALIER_TEST_DEVICE: software (default), or sim: a simulated card, $ESPALIER_SIM, that starts with the gateway and ends with this side.
$ESPALIER_BUILD: another build directory.
"""
import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys

from net import Failed, run, wait
from side import Side

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import as_unit  # noqa: E402  pylint: disable=wrong-import-position

BUILD = os.path.abspath(os.environ.get("ESPALIER_BUILD", "build"))
DEVICE = os.environ.get("ESPALIER_TEST_DEVICE", "software")
SIMULATOR = os.path.abspath(os.environ.get("ESPALIER_SIM", "build/bin/espalier-sim-dpi"))
numbers = itertools.count()


class Espalier(Side):
    kind = "espalier"

    def __init__(self, name, namespace, directory, sockets, device=DEVICE):
        super().__init__(name, namespace, directory, sockets)
        self.device, self.kind_of_device = device, device
        self.sink, self.control = os.path.join(sockets, name + ".sink"), os.path.join(sockets, name + ".ike")
        self.options, self.gateway_options = [], []
        self.settings["delete_rekeyed_delay"] = 1  # within the tests' floods, so that what goes late is seen to harm nothing
        # Processes of another user read the configuration, write key log and counters.
        os.chmod(self.keys, 0o777)
        self.counters_directory = os.path.join(sockets, name + "-counters")
        os.mkdir(self.counters_directory)
        os.chmod(self.counters_directory, 0o777)
        os.chmod(sockets, 0o755)

    # ---- life
    def start(self, **settings):
        """Card, gateway, agent. settings: by their names in strongswan.conf; they stay for later starts."""
        self.settings.update(settings)
        self.start_card()
        self.start_gateway()
        self.start_agent()

    def start_card(self):
        if self.device != "sim":
            return
        card = os.path.join(self.sockets, f"{self.name}-card{next(numbers)}")
        os.makedirs(card)
        # Its console is the log; that it serves is seen by its socket.
        self.spawn("sim", [SIMULATOR, "--dir", card, "--parent-death"], "sim.log")
        wait(lambda: self._serves("sim", os.path.join(card, "vfio-user.sock")), 20, f"{self.name}: espalier-sim serves")
        self.device = f"vfio-user:{card}/vfio-user.sock"

    def _serves(self, key, path):
        if self.processes[key].poll() is not None:
            raise Failed(f"{self.name}: {key} ended with status {self.processes[key].returncode}")
        return os.path.exists(path)

    def _ready(self, key, log, before):
        """Whether the daemon said that it is ready, in what it added to its log."""
        if self.processes[key].poll() is not None:
            raise Failed(f"{self.name}: {key} ended with status {self.processes[key].returncode}")
        with open(os.path.join(self.directory, log), encoding="utf-8", errors="replace") as file:
            file.seek(before)
            return "ready" in file.read().splitlines()

    def _daemon(self, key, log, command):
        path = os.path.join(self.directory, log)
        before = os.path.getsize(path) if os.path.exists(path) else 0
        self.spawn(key, as_unit.command(os.path.basename(command[0]), command), log)
        wait(lambda: self._ready(key, log, before), 20, f"{self.name}: {key} is ready")

    def level(self):
        return "error" if self.quiet else "debug"

    def start_gateway(self):
        self._daemon("gw", "gw.log", [f"{BUILD}/bin/espalier-gw", "-d", self.device, "--sink", self.sink, "--sink-user", "nobody",
                                      "--log", self.level(), "--json-stats", os.path.join(self.counters_directory, "gw.json"), *self.gateway_options])

    def start_agent(self):
        keylog = ["--keylog", self.keys] if self.keylog else []
        self._daemon("ike", "ike.log", [f"{BUILD}/bin/espalier-ike", "--config", os.path.abspath(self.conf), "--sink", self.sink, "--control", self.control,
                                        "--user", "nobody", "--log", self.level(), *keylog,
                                        *(f"--set={key}={value}" for key, value in self.settings.items()), *self.options])

    def reload(self):
        self.ike("reload")

    def stop(self):
        """An orderly end: the agent deletes its SAs, then the gateway and the card end."""
        for key in ("ike", "gw", "sim"):
            status = self.end(key, signal.SIGTERM)
            if status:
                raise Failed(f"{self.name}: {key} ended with status {status}")
        self.device = self.kind_of_device

    def kill(self):
        """Agent and gateway are killed, as with the power; a simulated card goes on, as a card would."""
        for key in ("ike", "gw"):
            self.end(key, signal.SIGKILL)

    def restart_killed(self):
        self.start_gateway()
        self.start_agent()

    # ---- control
    def ike(self, *words, check=True, timeout=60):
        done = run(f"{BUILD}/bin/espalier", "ike", "--control", self.control, *words, check=False, timeout=timeout)
        if check and done.returncode:
            raise Failed(f"{self.name}: espalier ike {' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
        return done

    def try_up(self, child, timeout=20):
        done = self.ike("up", child, "--timeout", str(int(timeout)), check=False, timeout=timeout + 20)
        return done.returncode == 0, (done.stderr + done.stdout).strip()

    def start_up(self, child):
        """Initiate and do not wait."""
        subprocess.Popen([f"{BUILD}/bin/espalier", "ike", "--control", self.control, "up", child], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def down(self, ike=None, child=None, number=None):
        """By name of connection or child, or by number of IKE SA."""
        self.ike("down", child or ike or f"#{number}")

    def down_locally(self, ike):
        """Forget an IKE SA whose peer does not know it any more: the deletion is given up in the end."""
        self.ike("down", ike, check=False)
        self.wait_down(60)

    def rekey(self, child=None, ike=None, reauth=False):
        if child:
            self.ike("rekey", child)
        else:
            self.ike("rekey", ike, "--reauth" if reauth else "--ike")

    def sas(self):
        return json.loads(self.ike("list", "--json").stdout)["ike_sas"]

    def counters(self):
        """What the gateway counted since it started, which it writes at SIGUSR1."""
        path = os.path.join(self.counters_directory, "gw.json")
        if "gw" not in self.processes or self.processes["gw"].poll() is not None:
            return ""
        with contextlib.suppress(FileNotFoundError):
            os.remove(path)
        self.processes["gw"].send_signal(signal.SIGUSR1)
        with contextlib.suppress(Failed):
            wait(lambda: os.path.exists(path) and os.path.getsize(path), 2, "counters")
            with open(path, encoding="utf-8") as file:
                return f"---- counters of {self.name}\n{file.read()}"
        return ""

    def keylog_directory(self):
        return self.keys


def version():
    return run("git", "describe", "--always", "--dirty", check=False).stdout.strip()
