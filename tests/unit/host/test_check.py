#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""espalier ike check: a configuration judged without a daemon: what is refused, what loads and asks for more than it gets, and what is good.
Usage: test_check.py ESPALIER."""
import subprocess
import unittest

from command import ESPALIER, Command

CONF = """connections {
    office {
        %(connection)s
        remote_addrs = %(remote)s
        local { auth = %(auth)s
                id = a.example.org
                %(local)s }
        remote { auth = psk
                 id = b.example.org }
        children {
            net {
                local_ts = 10.1.0.0/16
                remote_ts = 10.2.0.0/16
                start_action = start
                %(child)s
            }
        }
    }
}
secrets { ike-b { id = %(secret)s
                  secret = "only a test" } }
"""
GOOD = {"connection": "", "remote": "192.0.2.2", "auth": "psk", "local": "", "child": "", "secret": "b.example.org"}


class Check(Command):
    def check(self, status=0, text=CONF, **values):
        self.write("swanctl.conf", text % {**GOOD, **values})
        done = subprocess.run([ESPALIER, "ike", "check", self.path("swanctl.conf")], capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertNotIn("only a test", done.stdout + done.stderr)
        return done

    def remarks(self, *wanted, **values):
        done = self.check(**values)
        lines = done.stderr.splitlines()
        for text in wanted:
            self.assertTrue(any(text in line and line.startswith(self.path("swanctl.conf") + ":") for line in lines), (text, lines))
        self.assertEqual(len(lines), len(wanted), lines)
        self.assertIn(f"loads, with {len(wanted)} remark{'s' if len(wanted) > 1 else ''}\n" if wanted else ": good", done.stdout)

    def test_good(self):
        self.remarks()
        self.remarks(child="esp_proposals = default")
        self.remarks(child="esp_proposals = aes256gcm16-x25519-esn, aes128gcm16")
        self.remarks(remote="%any", child="start_action = none")

    def test_refused(self):
        for values, text in (({"connection": "rekey_tme = 1h"}, ":3: unknown key rekey_tme in section office, did you mean rekey_time?"),
                             ({"child": "esp_proposals = rot13"}, "rot13"), ({"child": "life_time = 1m"}, "life_time"),
                             ({"auth": "pubkey"}, "no certificate with a private key"), ({"auth": "pubkey", "local": "certs = missing.pem"}, "missing.pem")):
            done = self.check(1, **values)
            self.assertIn(text, done.stderr)
            self.assertEqual((done.stdout, len(done.stderr.splitlines())), ("", 1))
        done = subprocess.run([ESPALIER, "ike", "check", self.path("none")], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("none", done.stderr)

    def test_data_plane(self):
        self.remarks("the data plane has no chacha20poly1305; it is not offered", child="esp_proposals = aes128gcm16-x25519, aes256gcm16-chacha20poly1305-x25519")
        self.remarks("the data plane has no aes256-sha256, and nothing", "can never come up", child="esp_proposals = aes256-sha256-modp2048")
        self.remarks("no transport mode", child="mode = transport")
        self.remarks("remote_ts = fd00:2::/64: the data plane carries no IPv6", child="remote_ts = 10.2.0.0/16, fd00:2::/64")
        self.remarks("remote_ts = fd00:2::/64: the data plane carries no IPv6", "child net can never come up: nothing of remote_ts is left",
                     child="remote_ts = fd00:2::/64")
        self.remarks("local_ts = fd00:1::/64: the data plane carries no IPv6", "child net does nothing: nothing of local_ts is left",
                     child="local_ts = fd00:1::/64\nremote_ts = 10.2.0.0/16\nmode = drop\nstart_action = trap")
        for mode in ("pass", "drop"):
            self.remarks(f"child net does nothing: mode = {mode} is put in force by start_action = trap alone", child=f"mode = {mode}\nstart_action = none")
        self.remarks("replay_window = 4096: the data plane has 128", child="replay_window = 4096")

    def test_no_address(self):
        self.remarks("remote_addrs has no single address", remote="%any")
        self.remarks("remote_addrs has no single address", remote="192.0.2.0/24", child="start_action = trap")

    def test_credentials(self):
        self.remarks("no secret is for a.example.org and b.example.org", secret="c.example.org")
        self.remarks("no ppk secret has the id p", connection="ppk_id = p")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.path("key"), "-out",
                        self.path("cert"), "-subj", "/CN=a", "-addext", "subjectAltName=DNS:a.example.org"], check=True, capture_output=True)
        text = CONF + "secrets { private-a { file = %(key)s\n } }\n"
        own = {"text": text, "key": self.path("key"), "local": f"certs = {self.path('cert')}"}
        self.remarks(auth="ecdsa-sha256", **own)
        self.remarks("none of its private keys makes the signatures that auth asks for", auth="rsa/pss-sha256", **own)
        self.remarks("there is no CA and no certificate of the peer", auth="pubkey", **{**own, "text": text.replace("remote { auth = psk", "remote { auth = pubkey")})


if __name__ == "__main__":
    unittest.main()
