# SPDX-License-Identifier: Apache-2.0
"""libreswan as one end: pluto from $ESPALIER_BUILD/libreswan, unpacked from its package, on a kernel that takes every SA and does no ESP
(xfrm_kernel.c). What it negotiates is tested; traffic is not."""
import os
import signal
import subprocess

import pki
from net import Failed, wait
from side import Side

BUILD = os.path.abspath(os.environ.get("ESPALIER_BUILD", "build"))
ROOT = os.path.join(BUILD, "libreswan")
PROGRAMS = os.path.join(ROOT, "usr/libexec/ipsec")
PASSWORD = "of a file that is imported at once"
KERNEL = os.path.join(BUILD, "tests/xfrm_kernel.so")
ENVIRONMENT = {**os.environ, "LD_LIBRARY_PATH": ":".join(os.path.join(ROOT, path, "x86_64-linux-gnu") for path in ("usr/lib", "lib"))}


def conn_text(name, options):
    return f"conn {name}\n" + "".join(f"\t{key}={value}\n" for key, value in options.items())


class Libreswan(Side):
    kind = "libreswan"
    programs = PROGRAMS

    def __init__(self, name, namespace, directory, sockets):
        super().__init__(name, namespace, directory, sockets)
        self.run_directory = os.path.join(sockets, name + ".pluto")
        self.socket = os.path.join(self.run_directory, "pluto.ctl")
        self.nss = os.path.join(directory, "nss")
        self.names = []

    def configure(self, config):
        """config: conns by name, each a dict of ipsec.conf's keys; and "secrets", the text of ipsec.secrets."""
        config = dict(config)
        with open(os.path.join(self.directory, "ipsec.secrets"), "w", encoding="utf-8") as file:
            file.write(config.pop("secrets"))
        with open(os.path.join(self.directory, "ipsec.conf"), "w", encoding="utf-8") as file:
            file.write("config setup\n" + "".join(conn_text(name, options) for name, options in config.items()))
        self.names = list(config)

    def start(self, **_):
        os.makedirs(self.run_directory, exist_ok=True)
        self.nss_tool("certutil")
        # It wants its programs where they were built to be; the mounts of `ip netns exec` are private.
        self.serves(self.spawn("pluto", ["env", f"LD_LIBRARY_PATH={ENVIRONMENT['LD_LIBRARY_PATH']}", "sh", "-c",
                                         f"mount --bind {ROOT}/usr/libexec /usr/libexec && LD_PRELOAD={KERNEL} exec /usr/libexec/ipsec/pluto \"$@\"", "sh",
                                         *self.pluto_options()], "pluto.log"))

    # ---- certificates and keys
    def nss_program(self, name):
        return os.path.join(ROOT, "usr/bin", name)

    def nss_tool(self, name, *words, file=None):
        """One of NSS' programs on the database, which is made when it is not there; file: (name, content) of what it reads, by `-i`. Without words: the database alone."""
        def tool(program, *more):
            done = self.program(self.nss_program(program), "-d", f"sql:{self.nss}", *more)
            if done.returncode:
                raise Failed(f"{self.name}: {program} {' '.join(more)}: {done.stdout}{done.stderr}")
        if not self.exists(os.path.join(self.nss, "cert9.db")):
            self.program("mkdir", "-p", self.nss)
            tool("certutil", "-N", "--empty-password")
        if words:
            tool(name, *words, "-i", self.put(*file))

    def forget(self):
        """No certificate and no key: a database of before is gone."""
        self.program("rm", "-rf", self.nss)

    def exists(self, path):
        return os.path.exists(path)

    def put(self, name, content):
        """A file where pluto runs; returns its path."""
        path = os.path.join(self.directory, name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def trust(self, name, pem):
        """A CA's certificate, under this nickname."""
        self.nss_tool("certutil", "-A", "-n", name, "-t", "CT,,", "-a", file=(f"{name}.pem", pem))

    def give(self, nickname, certificate, key):
        """Its own certificate and key (PEM), under this nickname."""
        self.nss_tool("pk12util", "-W", PASSWORD, "-K", "", file=(f"{nickname}.p12", pki.pkcs12(nickname, certificate, key, PASSWORD)))

    def pluto_options(self):
        files = {"config": "ipsec.conf", "secretsfile": "ipsec.secrets", "nssdir": "nss", "ipsecdir": ""}
        options = [word for key, name in files.items() for word in (f"--{key}", os.path.join(os.path.abspath(self.directory), name))]
        return *options, "--rundir", self.run_directory, "--nofork", "--stderrlog", "--no-dnssec"

    def serves(self, process):
        """It has started: wait for its control socket, and give it its conns."""
        def answers():
            if process.poll() is not None:
                raise Failed(f"{self.name}: pluto ended with status {process.returncode}")
            return not self.whack("--status", check=False).returncode
        wait(answers, 20, f"{self.name}: pluto serves")
        self.whack("--listen")
        for name in self.names:
            done = self.program(os.path.join(self.programs, "addconn"), "--config", os.path.join(self.directory, "ipsec.conf"), "--ctlsocket", self.socket, name)
            if done.returncode:
                raise Failed(f"{self.name}: {name}: {done.stdout}{done.stderr}")

    def program(self, *command, timeout=30):
        """One of libreswan's small programs, where pluto runs: as subprocess.run gives it."""
        return self.namespace.run(*command, check=False, timeout=timeout, env=ENVIRONMENT)

    def whack(self, *words, check=True, timeout=30):
        done = self.program(os.path.join(self.programs, "whack"), "--ctlsocket", self.socket, *words, timeout=timeout)
        if check and done.returncode:
            raise Failed(f"{self.name}: whack {' '.join(words)}: {done.stdout}{done.stderr}")
        return done

    def try_up(self, child, timeout=20):
        try:
            done = self.whack("--name", child, "--initiate", check=False, timeout=timeout)
        except subprocess.TimeoutExpired:  # it tries on
            return False, f"not within {timeout} s"
        return done.returncode == 0, done.stdout.strip()

    def down(self, ike=None, child=None, number=None):
        self.whack("--name", child or ike, "--terminate")

    def rekey(self, child=None, ike=None, reauth=False):
        self.whack("--name", child or ike, "--rekey-ipsec" if child else "--rekey-ike", check=False)

    def sas(self):
        """Its lines about established SAs."""
        return [line for line in self.whack("--showstates").stdout.splitlines() if "established" in line.lower()]

    def stop(self):
        self.end("pluto", signal.SIGTERM)

    def kill(self):
        self.end("pluto", signal.SIGKILL)
