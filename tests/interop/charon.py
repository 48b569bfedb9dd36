# SPDX-License-Identifier: Apache-2.0
"""Stock strongSwan as one end: charon with kernel-libipsec, a strongswan.conf, /run and control socket of its own."""
import os
import re
import signal

import wireshark
from net import Failed, run, wait
from side import Side, conf_text
from vici import Vici

PLUGINS = "random nonce openssl pem pkcs1 pkcs8 x509 pubkey revocation constraints drbg kdf hmac sha2 aes gcm curve25519 vici socket-default updown"
BINARY = "/usr/lib/ipsec/charon"


class Charon(Side):
    kind = "charon"
    kernel = "kernel-libipsec kernel-netlink"  # what does its ESP, and its routes
    loses_in_reauthentication = True

    def __init__(self, name, namespace, directory, sockets):
        super().__init__(name, namespace, directory, sockets)
        self.socket = os.path.join(sockets, name + ".vici")
        self.uri = f"unix://{self.socket}"

    def vici(self, timeout=30):
        return Vici(self.socket, timeout)

    def start(self, **settings):
        """settings: more of strongswan.conf's section charon; a dict is a subsection."""
        self.settings.update(settings)
        self._write_strongswan_conf()
        # Charon has one fixed /run/charon.pid: each gets a /run of its own. `ip netns exec` already made the mounts private.
        if os.path.exists(self.socket):
            os.remove(self.socket)
        process = self.spawn("charon", ["env", f"STRONGSWAN_CONF={os.path.abspath(self.directory)}/strongswan.conf", "sh", "-c",
                                        f"mount -t tmpfs tmpfs /run && exec {BINARY}"], "charon-out.log")
        self.serves(process)

    def serves(self, process):
        """It has started: wait for its control socket, and give it its configuration."""
        def listening():
            if process.poll() is not None:
                raise Failed(f"{self.name}: charon ended with status {process.returncode}")
            try:
                self.vici().close()
                return True
            except OSError:
                return False
        wait(listening, 10, f"{self.name}: charon listens")
        self.reload()

    def _write_strongswan_conf(self):
        logs = {"charon": {"path": f"{os.path.abspath(self.directory)}/charon.log", "time_format": "%H:%M:%S", "ike_name": True, "append": True,
                           "flush_line": True, **({"default": 0} if self.quiet else {"default": 1, "ike": 2, "cfg": 2, "chd": 2})}}
        if self.keylog:  # level 4 of these groups writes keys
            logs["keys"] = {"path": f"{os.path.abspath(self.directory)}/keys.log", "default": -1, "ike": 4, "chd": 4, "flush_line": True, "append": True}
        charon = {"load": f"{PLUGINS} {self.kernel}", "install_routes": True, "threads": 16, **self.settings,
                  "plugins": {"vici": {"socket": self.uri}, "kernel-libipsec": {"fwmark": "!0x42"}, "kernel-netlink": {"fwmark": "!0x42"},
                              "socket-default": {"fwmark": "0x42"}, **self.settings.get("plugins", {})},
                  "filelog": logs}
        with open(os.path.join(self.directory, "strongswan.conf"), "w", encoding="utf-8") as file:
            file.write(conf_text({"charon": charon, "swanctl": {"socket": self.uri}}))

    def reload(self):
        done = self.namespace.run("env", f"SWANCTL_DIR={os.path.abspath(self.swanctl)}", f"STRONGSWAN_CONF={os.path.abspath(self.directory)}/strongswan.conf",
                                  "swanctl", "--load-all", "--clear", "--uri", self.uri, "--file", os.path.abspath(self.conf), check=False)
        if done.returncode:
            raise Failed(f"{self.name}: swanctl --load-all: {done.stdout}{done.stderr}")

    def stop(self):
        """An orderly end: charon deletes its SAs."""
        status = self.end("charon", signal.SIGTERM)
        if status:
            raise Failed(f"{self.name}: charon ended with status {status}")

    def kill(self):
        self.end("charon", signal.SIGKILL)
        # A killed charon leaves its routes and rules; its TUN device went with it.
        self.namespace.ip("route flush table 220", check=False)
        while self.namespace.ip("rule list lookup 220", check=False).strip():
            self.namespace.ip("rule del lookup 220")
        while self.namespace.ip("-6 rule list lookup 220", check=False).strip():
            self.namespace.ip("-6 rule del lookup 220")

    def restart_killed(self):
        self.start()

    def down_locally(self, ike):
        """Forget an IKE SA without waiting for the peer, which does not know it any more."""
        self.command("terminate", ike=ike, force="yes", timeout=-1)
        self.wait_down()

    def command(self, name, **arguments):
        """A vici command; raises Failed with charon's words if it says no."""
        with self.vici() as vici:
            answer = vici.request(name, arguments)
        if answer.get("success", "yes") != "yes":
            raise Failed(f"{self.name}: {name}: {answer.get('errmsg')}")
        return answer

    def try_up(self, child, timeout=20):
        """(came up, charon's words). child: CHILD or CONNECTION/CHILD."""
        *ike, child = child.split("/")
        with self.vici(timeout + 10) as vici:
            answer = vici.request("initiate", {"child": child, "timeout": int(timeout * 1000), **({"ike": ike[0]} if ike else {})})
        return answer.get("success") == "yes", answer.get("errmsg", "")

    def start_up(self, child):
        """Initiate and do not wait."""
        self.command("initiate", child=child, timeout=-1)

    def down(self, ike=None, child=None, number=None):
        """By name of connection or child, or by number of IKE SA."""
        self.command("terminate", timeout=10000, **({"child": child} if child else {"ike": ike} if ike else {"ike-id": number}))

    def rekey(self, child=None, ike=None, reauth=False):
        """Starts it; the end is seen in sas()."""
        self.command("rekey", **({"child": child} if child else {"ike": ike, "reauth": "yes" if reauth else "no"}))

    def sas(self):
        """The IKE SAs in the form of `espalier ike list --json`."""
        with self.vici() as vici:
            events, _ = vici.stream("list-sas", "list-sa")
        return [ike_sa(name, sa) for event in events for name, sa in event.items()]

    def keylog_directory(self):
        """Wireshark's key files, made from charon's own log of its keys."""
        wireshark.from_charon(os.path.join(self.directory, "keys.log"), self.keys)
        return self.keys


def proposal(sa):
    parts = [sa.get("encr-alg", "") + ("_" + sa["encr-keysize"] if "encr-keysize" in sa else "")]
    parts += [sa[key] for key in ("integ-alg", "prf-alg", "dh-group") if key in sa]
    return "/".join(parts)


def child_sa(sa):
    return {"name": sa["name"], "id": int(sa["uniqueid"]), "reqid": int(sa["reqid"]), "state": sa["state"], "mode": sa.get("mode", "").lower(),
            "spi_in": sa.get("spi-in", ""), "spi_out": sa.get("spi-out", ""), "proposal": proposal(sa), "esn": sa.get("esn") == "1",
            "udp_encap": sa.get("encap") == "yes", "local_ts": sa.get("local-ts", []), "remote_ts": sa.get("remote-ts", []),
            **{f"{what}_{way}": int(sa.get(f"{what}-{way}", 0)) for what in ("packets", "bytes") for way in ("in", "out")},
            "age_s": int(sa.get("install-time", 0))}


def ike_sa(name, sa):
    return {"name": name, "id": int(sa["uniqueid"]), "state": sa["state"], "role": "initiator" if sa.get("initiator") == "yes" else "responder",
            "local": f"{sa['local-host']}:{sa.get('local-port', '')}", "remote": f"{sa['remote-host']}:{sa.get('remote-port', '')}",
            "local_id": sa.get("local-id"), "remote_id": sa.get("remote-id"), "spi_i": sa.get("initiator-spi"), "spi_r": sa.get("responder-spi"),
            "nat": any(f"nat-{side}" in sa for side in ("local", "remote", "any")), "proposal": proposal(sa), "ppk": sa.get("ppk") == "yes",
            "age_s": int(sa.get("established", 0)), "children": [child_sa(child) for child in sa.get("child-sas", {}).values()]}


def version():
    done = run("swanctl", "--version", check=False)
    return re.search(r"strongSwan U?([\d.]+)", done.stdout + done.stderr + "strongSwan 0")[1]
