#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The same configurations in strongSwan: what swanctl and charon make of a swanctl.conf, against what we make of it, value by value.

charon logs all it has loaded at level 2 of its group cfg; the argument is a program that prints the same of our loader. charon runs in
network and mount namespaces of its own. Skipped without root or without strongSwan.
"""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lib"))
import as_root  # noqa: E402 pylint: disable=wrong-import-position

DUMP = os.path.abspath(sys.argv[1])
CHARON = "/usr/lib/ipsec/charon"

CONFIGS = {
    "psk": """
connections {
    net {
        version = 2
        mobike = no
        local_addrs  = 192.0.2.1
        remote_addrs = 192.0.2.2

        local { auth = psk
                id = moon.strongswan.org }
        remote {
            auth = psk
            id = sun.strongswan.org
        }
        children {
            net-net {
                local_ts  = 10.1.0.0/16
                remote_ts = 10.2.0.0/16
                updown =                       # cleared
                rekey_time = 5400
                rekey_bytes = 500000000
                rekey_packets = 1000000
                esp_proposals = aes128gcm128-x25519
                start_action = trap
                dpd_action = restart
            }
        }
        proposals = aes128-sha256-x25519
        rekey_time = 1h
        dpd_delay = 60s
    }
}
secrets {
    ike-1 {
        id-moon = moon.strongswan.org
        id-sun = sun.strongswan.org
        secret = 0sv+NkxY9LLZvwj4qCC2o/gGrWDF2d21jL
    }
}
""",
    "times and sizes": """
connections {
    a { mobike = no
        rekey_time = 90 m
        over_time = 0x10
        children {
            a1 { rekey_time = 10m
                 rekey_bytes = 3k
                 rekey_packets = 77 }
            a2 { rekey_time = 2h
                 life_time = 150m
                 rekey_bytes = 7 M
                 life_bytes = 8M
                 rekey_packets = 10
                 life_packets = 12 }
            a3 { rekey_time = 1d
                 rand_time = 1s
                 rekey_bytes = 2G
                 rand_bytes = 1k
                 rekey_packets = 1000
                 rand_packets = 7 }
            a4 { rekey_time = 0 }
        }
    }
    b { mobike = no
        reauth_time = 3h }
    c { mobike = no
        reauth_time = 3h
        rekey_time = 1h }
    d { mobike = no
        rekey_time = 10h
        over_time = 10m }
    e { mobike = no
        rekey_time = 10h
        rand_time = 10m }
    f { mobike = no
        rekey_time = 0s }
}
""",
    "words": """
connections {
    a { mobike = no
        encap = yes
        fragmentation = accept
        childless = force
        send_certreq = no
        send_cert = always
        unique = replace
        keyingtries = 0
        local_port = 4500
        remote_port = 1234
        ppk_id = "some id"
        ppk_required = yes
        dpd_delay = 1h
        dpd_timeout = 5m
        children {
            pass { mode = pass
                   remote_ts = 10.77.0.0/16 }
            drop { mode = drop }
            tr { mode = transport
                 start_action = trap|start
                 close_action = trap
                 dpd_action = none
                 copy_df = no
                 reqid = 17
                 priority = 99
                 replay_window = 64 }
        }
    }
    b { mobike = no
        encap = enabled
        fragmentation = force
        childless = never
        send_cert = never
        unique = keep
        keyingtries = 3
        children { x { start_action = start
                       close_action = start
                       dpd_action = trap
                       replay_window = 0 } } }
    c { mobike = no
        fragmentation = no
        unique = never
        childless = allow
        send_cert = ifasked
        send_certreq = 1
        encap = 0
        children { x { start_action = none
                       close_action = none
                       dpd_action = clear } } }
}
""",
    "actions": """
connections {
    a { mobike = no
        fragmentation = Yes
        unique = REPLACE
        children {
            a { start_action = trap | start
                close_action = start|trap
                dpd_action = start
                replay_window = -1 }
            b { start_action = route
                close_action = restart
                dpd_action = none }
            c { start_action = Start
                close_action = clear
                dpd_action = route }
            d { start_action = trap|none
                close_action = trap|trap
                dpd_action = none|trap }
        }
    }
}
""",
    "addresses and selectors": """
connections {
    a { mobike = no
        local_addrs = 192.0.2.1, 2001:db8::1
        remote_addrs = 10.0.0.0/8 , 192.0.2.4-192.0.2.9,%any
        children {
            a { local_ts = 10.1.0.0/16, 10.2.3.4,10.9.0.1-10.9.0.7
                remote_ts = 2001:db8:1::/48 , 2001:db8::5 }
            b { local_ts = dynamic[tcp/http]
                remote_ts = 10.1.0.0/16[udp/1024-2048], 10.2.0.0/16[tcp], 10.3.0.0/16[/53] }
            c { local_ts = dynamic[47]
                remote_ts = 10.1.2.3[icmp/8], 10.3.0.0/16[udp/opaque], dynamic[17/53] }
            d { }
            f { local_ts = dynamic[icmp/2048], fec1::/16 , 10.1.0.10/32
                remote_ts = 10.1.0.0/16[icmp/0], 0.0.0.0/0[tcp/32768-65535], fec2::/48[ipv6-icmp/128] }
            e { local_ts = 0.0.0.0/0
                remote_ts = ::/0 }
        }
    }
    b { mobike = no }
}
""",
    "proposals": """
connections {
    a { mobike = no
        proposals = aes256gcm16-prfsha384-ecp256, aes128-sha256-modp3072, aes256-aes128-sha512-sha384-ecp521-x25519-modp2048
        children {
            a { esp_proposals = aes256gcm16-esn, aes128gcm16-x25519-esn-noesn }
            b { esp_proposals = chacha20poly1305-ecp384, aes256gmac }
            c { esp_proposals = aes192gcm16-aes256gcm16-noesn-modp4096 }
        }
    }
    b { mobike = no
        proposals = aes192-sha384-prfsha512-ecp384, chacha20poly1305-prfsha256-curve25519 }
}
""",
    "references and quoting": """
templates { gw { rekey_time = 2h
                 dpd_delay = 10
                 local { auth = psk
                         id = "C=CH, O=strongSwan Project, CN=moon" }
                 remote { auth = psk
                          id = "C=CH, O=strongSwan Project, CN=*" } } }
child-defaults { rekey_time = 20m
                 esp_proposals = aes128gcm16
                 local_ts = 10.7.0.0/16 }
connections : common {
    one : templates.gw , other-defaults { dpd_delay = 20
        children { x : child-defaults { local_ts = "10.1.0.0/16"   # here
                   } y : child-defaults { rekey_time = } } }
    two : connections.one
    {
        dpd_delay =
        local { id = two@strongswan.org } }
    three : other-defaults { mobike = no
        local { auth = psk
 id = 192.0.2.7 } }
}
other-defaults { mobike = no
    dpd_delay = 30
    unique = keep
    remote_addrs = 192.0.2.33 }
common { four { mobike = no
    unique = never } }
""",
    "include": """
connections {
    one { mobike = no
          rekey_time = 2h
          include conf.d/inside.conf
    }
    include "conf.d/*.none"
}
include conf.d/out*.conf
""",
}
FILES = {
    "conf.d/inside.conf": "rekey_time = 3h\nchildren {\n a { rekey_time = 7m\n }\n}\n",
    "conf.d/outside.conf": "connections { one { unique = keep\n children { a { reqid = 3\n }\n b { } } }\n two { mobike = no\n } }\n",
}

IKE_NUMBERS = ("local_port remote_port encap dpd_delay fragmentation childless send_certreq ppk_required keyingtries reauth_time rekey_time over_time "
               "rand_time").split()
IKE_WORDS = "send_cert unique ppk_id".split()
CHILD_NUMBERS = ("rekey_time life_time rand_time rekey_bytes life_bytes rand_bytes rekey_packets life_packets rand_packets reqid priority copy_df").split()
CHILD_WORDS = "mode start_action close_action dpd_action".split()


def selector(text):
    """One form for both: numbers for names, '-' in ranges."""
    text = text.replace("..", "-").replace("OPAQUE", "opaque")
    match = re.fullmatch(r"(.*?)(?:/(?:32|128))?\[([^/\]]*)(?:/([^\]]*))?\]", text)
    if not match:
        return re.sub(r"/(32|128)$", "", text)
    base, proto, port = match.groups()
    try:
        proto = str(socket.getprotobyname(proto))
    except OSError:
        proto = proto or "0"
    try:
        port = str(socket.getservbyname(port or ""))
    except OSError:
        pass
    port = re.sub(r"\((\d+)\)", "", port or "")
    return f"{base}[{'0' if proto == 'any' else proto}/{port}]"


def proposal(text):
    """The order between kinds of algorithms means nothing, within a kind it does. charon writes AES_CBC_128, NULL_AES_GMAC for our names of IANA."""
    protocol, words = text.replace("-", "_").replace("NULL_AUTH_AES", "NULL_AES").split(":", 1)

    def kind(word):
        return next((i for i, begin in enumerate(["AES", "CHACHA", "NULL_AES", "HMAC", "PRF", "NO_EXT", "EXT"]) if word.startswith(begin)), 9)

    return protocol, sorted(words.split("/"), key=kind)


def parse_log(lines):
    """charon's log of what it has loaded: connections by name."""
    connections, connection, child, side = {}, None, None, None
    for line in lines:
        match = re.match(r".*?\[CFG\]( *)(.*)", line)
        if not match:
            continue
        indent, text = len(match.group(1)), match.group(2)
        if m := re.fullmatch(r"conn (\S+):", text):
            connection = connections[m.group(1)] = {"children": {}}
            child = side = None
        elif connection is None:
            continue
        elif m := re.fullmatch(r"child (\S+):", text):
            child, side = connection["children"].setdefault(m.group(1), {}), None
        elif text in ("local:", "remote:"):
            child, side = None, connection.setdefault(text[:-1], {})
        elif " = " in text and indent >= 3:
            key, value = text.split(" = ", 1)
            if side is not None:
                target = side
            else:
                target = child if child is not None and indent >= 4 else connection
            target[key] = None if value == "(null)" else value
    return connections


@unittest.skipUnless(os.geteuid() == 0 and os.access(CHARON, os.X_OK) and shutil.which("swanctl"), "needs root and strongSwan")
class Charon(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="ike_conf.")
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        cls.log = os.path.join(cls.directory, "log")
        cls.uri = "unix://" + os.path.join(cls.directory, "vici")
        cls.environment = {**os.environ, "STRONGSWAN_CONF": os.path.join(cls.directory, "strongswan.conf")}
        with open(cls.environment["STRONGSWAN_CONF"], "w") as file:
            file.write(f"""
charon {{
    load = random nonce openssl pem pkcs1 pkcs8 x509 pubkey revocation constraints drbg kdf hmac sha2 aes gcm chapoly curve25519 vici kernel-libipsec kernel-netlink socket-default
    plugins {{ vici {{ socket = {cls.uri} }} }}
    filelog {{ log {{
        path = {cls.log}
        cfg = 2
        flush_line = yes
    }} }}
}}
""")
        for name, text in FILES.items():
            path = os.path.join(cls.directory, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(text)
        cls.charon = subprocess.Popen(["unshare", "-mn", "sh", "-c", f"mount -t tmpfs tmpfs /run; exec {CHARON}"], env=cls.environment,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        cls.addClassCleanup(cls.stop)
        for _ in range(300):
            if os.path.exists(os.path.join(cls.directory, "vici")):
                break
            time.sleep(0.1)

    @classmethod
    def stop(cls):
        cls.charon.terminate()
        cls.charon.wait()

    def load(self, name):
        """The configuration as charon has it, and as we have it."""
        path = os.path.join(self.directory, "swanctl.conf")
        with open(path, "w") as file:
            file.write(CONFIGS[name])
        before = os.path.getsize(self.log)
        subprocess.run(["swanctl", "--load-conns", "--file", path, "--uri", self.uri], env=self.environment, check=True, capture_output=True)
        with open(self.log) as file:
            file.seek(before)
            theirs = parse_log(file)
        result = subprocess.run([DUMP, path], capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stderr)
        return theirs, json.loads(result.stdout)

    def compare_child(self, theirs, ours):
        for key in CHILD_NUMBERS:
            self.assertEqual(int(theirs[key]), ours[key], key)
        for key in CHILD_WORDS:
            self.assertEqual(theirs[key], ours[key], key)
        if "replay_window" in theirs:
            self.assertEqual(int(theirs["replay_window"]), ours["replay_window"])
        for key in "local_ts", "remote_ts":
            self.assertEqual([selector(s) for s in theirs[key].split()], [selector(s) for s in ours[key]], key)

    def compare(self, theirs, ours):
        for key in IKE_NUMBERS:
            self.assertEqual(int(theirs[key]), int(ours[key]), key)
        for key in IKE_WORDS:
            self.assertEqual(theirs[key], ours[key], key)
        for key in "local_addrs", "remote_addrs":
            self.assertEqual(theirs[key].split(", "), ours[key], key)
        for side in "local", "remote":
            found = theirs.get(side, {})
            if "class" in found:
                self.assertEqual(found["class"], ours[side]["class"])
            if ours[side]["id"] or "id" in found:
                self.assertEqual(found.get("id"), ours[side]["id"])
        self.assertEqual(theirs["children"].keys(), ours["children"].keys())
        for name, child in theirs["children"].items():
            with self.subTest(child=name):
                self.compare_child(child, ours["children"][name])

    def compare_proposals(self, name, theirs, ours):
        """Of those that are written, not of the defaults."""
        if name not in ("proposals", "psk"):
            return
        for key, connection in theirs.items():
            pairs = [(connection, ours[key])] + [(child, ours[key]["children"][n]) for n, child in connection["children"].items()]
            for their, our in pairs:
                self.assertEqual([proposal(p) for p in their["proposals"].split(", ")], [proposal(p) for p in our["proposals"]])


def make_test(name):
    def test(self):
        theirs, ours = self.load(name)
        self.assertEqual(theirs.keys(), ours.keys())
        for connection, values in theirs.items():
            with self.subTest(connection=connection):
                self.compare(values, ours[connection])
        self.compare_proposals(name, theirs, ours)
    return test


for config in CONFIGS:
    setattr(Charon, "test_" + config.replace(" ", "_"), make_test(config))

if __name__ == "__main__":
    as_root.become_root()
    unittest.main(argv=sys.argv[:1])
