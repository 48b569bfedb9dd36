#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Records the conversations in this folder: two stock strongSwan daemons, each in a network namespace, on a veth pair. As root:

    tests/vectors/ike/record.py [NAME...]

For each scenario: NAME.pcap, what was on the wire; NAME.keys, the keys of its IKE SAs as Wireshark's ikev2_decryption_table; NAME.hex, the same
messages for C tests, without UDP and non-ESP marker, each with what it holds in clear:

    message HEX
    inner FIRST-PAYLOAD-TYPE HEX       where it has an SK or SKF payload: its decrypted content without padding

The keys come from charon's log; decryption is by the Python package cryptography, which checks each ICV.
"""
import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import time

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from scapy.layers.inet import UDP
from scapy.utils import rdpcap

HERE = os.path.dirname(os.path.abspath(__file__))
WORK = "/tmp/espalier-record-ike"
SPACES = ("espalier-rec-a", "espalier-rec-b")
SCENARIOS = {
    # One suite, PSK; dead peer detection, rekeying of both kinds, delete.
    "gcm-psk": {
        "conn": "proposals = aes256gcm16-prfsha384-ecp256\n mobike = no\n dpd_delay = 1s", "esp": "aes256gcm16-x25519",
        "actions": [("--initiate", "--child", "net"), 2.2, ("--rekey", "--child", "net"), ("--rekey", "--ike", "t"), 1, ("--terminate", "--ike", "t")]},
    # AES-CBC with HMAC, ECDSA certificates and RFC 7427 signatures, fragments of 576 bytes.
    "cbc-cert": {
        "conn": "proposals = aes128-sha256-ecp384", "esp": "aes128gcm16-aes256gcm16-esn-noesn", "charon": "fragment_size = 576", "auth": "pubkey",
        "actions": [("--initiate", "--child", "net"), 1, ("--terminate", "--child", "net"), ("--terminate", "--ike", "t")]},
    # strongSwan's default proposals, IPv6, PPK, selectors with ports, transport mode asked for, AUTH_LIFETIME.
    "defaults-v6": {
        "v6": True, "conn": "fragmentation = no\n ppk_id = ppk.example.org\n ppk_required = no\n reauth_time = 3h", "esp": "default",
        "child": "mode = transport", "local_ts": "2001:db8:1::/64[tcp/80],2001:db8:1::7[udp/1000-2000],10.1.0.1-10.1.0.9",
        "remote_ts": "2001:db8:2::/48,10.2.0.0/16[icmp/8]",
        "actions": [("--initiate", "--child", "net"), ("--terminate", "--ike", "t")]},
    # A cookie, INVALID_KE_PAYLOAD, and a wrong PSK.
    "refusals": {
        "conn": "proposals = aes128gcm16-prfsha256-x25519-ecp384,aes256-sha512-modp2048", "conn_b": "proposals = aes128gcm16-prfsha256-ecp384,aes256gcm16-prfsha384-ecp256",
        "esp": "aes128gcm16", "charon": "cookie_threshold = 1", "secret_b": "another secret", "half_open": "gcm-psk",
        "actions": [("--initiate", "--child", "net"), 0.5]},
}
CHARON = """charon {{
    load = random nonce openssl pem pkcs1 pkcs8 x509 pubkey revocation constraints drbg kdf hmac sha2 sha1 aes gcm chapoly curve25519 vici kernel-libipsec kernel-netlink socket-default updown
    plugins {{ vici {{ socket = unix://{dir}/vici }} }}
    retransmit_tries = 1
    {charon}
    filelog {{ log {{ path = {dir}/log
        default = 1
        ike = 4
        flush_line = yes }} }}
}}
swanctl {{ socket = unix://{dir}/vici }}
"""
SWANCTL = """connections {{ t {{
    version = 2
    local_addrs = {local}
    remote_addrs = {remote}
    {conn}
    local {{
        auth = {auth}
        {local_auth}
    }}
    remote {{
        auth = {auth}
        {remote_auth}
    }}
    children {{ net {{
        local_ts = {local_ts}
        remote_ts = {remote_ts}
        esp_proposals = {esp}
        {child}
    }} }}
}} }}
secrets {{
    ike-t {{ secret = "{secret}" }}
    ppk-t {{
        id = ppk.example.org
        secret = "a post-quantum secret"
    }}
}}
"""


def sh(*command, check=True, **more):
    return subprocess.run(command, check=check, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more).stdout


def networks(up, v6=False):
    for space in SPACES:
        sh("ip", "netns", "del", space, check=False)
    if not up:
        return
    for space in SPACES:
        sh("ip", "netns", "add", space)
    sh("ip", "-n", SPACES[0], "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", SPACES[1])
    for i, space in enumerate(SPACES):
        for device in ("lo", "eth0"):
            sh("ip", "-n", space, "link", "set", device, "up")
        sh("ip", "-n", space, "addr", "add", f"2001:db8::{i + 1}/64" if v6 else f"192.0.2.{i + 1}/24", "dev", "eth0", *(["nodad"] if v6 else []))
        sh("ip", "-n", space, "addr", "add", f"10.{i + 1}.0.1/32", "dev", "lo")


def certificates(path):
    os.makedirs(path)
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    sh("openssl", "req", "-x509", *key, "-keyout", f"{path}/ca.key", "-out", f"{path}/ca.pem", "-days", "3650", "-subj", "/C=CH/O=Espalier/CN=Test CA")
    for name in "ab":
        sh("openssl", "req", *key, "-keyout", f"{path}/{name}.key", "-out", f"{path}/{name}.csr", "-subj", f"/C=CH/O=Espalier/CN={name}.example.org")
        with open(f"{path}/{name}.ext", "w", encoding="utf-8") as file:
            file.write(f"subjectAltName=DNS:{name}.example.org\n")
        sh("openssl", "x509", "-req", "-in", f"{path}/{name}.csr", "-CA", f"{path}/ca.pem", "-CAkey", f"{path}/ca.key", "-CAcreateserial", "-days", "3650",
           "-extfile", f"{path}/{name}.ext", "-out", f"{path}/{name}.pem")


def settings(scenario, i):
    """swanctl.conf of side i."""
    ips = ("2001:db8::1", "2001:db8::2") if scenario.get("v6") else ("192.0.2.1", "192.0.2.2")
    ts = (scenario.get("local_ts", "10.1.0.0/24"), scenario.get("remote_ts", "10.2.0.0/24"))
    auth = scenario.get("auth", "psk")
    names = ("a", "b")
    identity = [f"certs = {n}.pem\n id = {n}.example.org" if auth == "pubkey" else f"id = {n}@example.org" for n in names]
    return SWANCTL.format(local=ips[i], remote=ips[1 - i], conn=scenario.get("conn_b", scenario["conn"]) if i else scenario["conn"], auth=auth,
                          local_auth=identity[i], remote_auth=identity[1 - i].split("\n")[-1], local_ts=ts[i], remote_ts=ts[1 - i], esp=scenario["esp"],
                          child=scenario.get("child", ""), secret=scenario.get("secret_b", "interop secret") if i else "interop secret")


def start(scenario, i):
    path = f"{WORK}/{i}"
    os.makedirs(f"{path}/swanctl")
    for sub, pattern in (("x509ca", "ca.pem"), ("x509", f"{'ab'[i]}.pem"), ("private", f"{'ab'[i]}.key")):
        os.makedirs(f"{path}/swanctl/{sub}")
        shutil.copy(f"{WORK}/certs/{pattern}", f"{path}/swanctl/{sub}")
    with open(f"{path}/strongswan.conf", "w", encoding="utf-8") as file:
        file.write(CHARON.format(dir=path, charon=scenario.get("charon", "")))
    with open(f"{path}/swanctl/swanctl.conf", "w", encoding="utf-8") as file:
        file.write(settings(scenario, i))
    environment = {**os.environ, "STRONGSWAN_CONF": f"{path}/strongswan.conf", "SWANCTL_DIR": f"{path}/swanctl"}
    # charon's PID file has a fixed place: a /run of its own for each.
    daemon = subprocess.Popen(["ip", "netns", "exec", SPACES[i], "sh", "-c", "mount -t tmpfs tmpfs /run && exec /usr/lib/ipsec/charon"],
                              env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(100):
        if os.path.exists(f"{path}/vici"):
            break
        time.sleep(0.1)
    sh("swanctl", "--load-all", env=environment)
    return daemon, environment


def messages(path):
    """IKE messages of a capture, without UDP and marker."""
    for packet in rdpcap(path):
        if UDP not in packet:
            continue
        data = bytes(packet[UDP].payload)
        if 4500 in (packet[UDP].sport, packet[UDP].dport):
            if data[:4] != bytes(4):
                continue
            data = data[4:]
        if len(data) >= 28:
            yield data


def half_open(name):
    """Another initiator's IKE_SA_INIT request, so that the responder asks the next one for a cookie."""
    request = next(messages(f"{HERE}/{name}.pcap"))
    code = f"import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.sendto(bytes.fromhex('{request.hex()}'), ('192.0.2.2', 500))"
    sh("ip", "netns", "exec", SPACES[0], "python3", "-c", code)


def keys(log):
    """Sk_ai, Sk_ar, Sk_ei, Sk_er of each IKE SA in charon's log, in the order of their making."""
    with open(log, encoding="utf-8") as file:
        lines = file.read().splitlines()
    sets = []
    for at, line in enumerate(lines):
        match = re.search(r"(Sk_[ae][ir]) secret => (\d+) bytes", line)
        if not match:
            continue
        if not sets or match[1] in sets[-1]:
            sets.append({})
        dump = "".join(re.match(r".*?\s\s*\d+: ((?:[0-9A-F]{2} ?)+)", follow)[1] for follow in lines[at + 1:at + 1 + -(-int(match[2]) // 16)])
        sets[-1][match[1]] = bytes.fromhex(dump)[:int(match[2])]
    return sets


def pad_off(text):
    return text[:len(text) - 1 - text[-1]]


def decrypt(data, sk):
    """(type of the first payload, content) of the SK or SKF payload that ends the message; None without one."""
    kind, at = data[16], 28
    while kind not in (0, 46, 53):
        kind, at = data[at], at + int.from_bytes(data[at + 2:at + 4], "big")
    if not kind:
        return None
    start = at + (8 if kind == 53 else 4)
    side = "i" if data[19] & 8 else "r"
    key = sk["Sk_e" + side]
    if "Sk_a" + side not in sk:
        return data[at], pad_off(AESGCM(key[:-4]).decrypt(key[-4:] + data[start:start + 8], data[start + 8:], data[:start]))
    check = hmac.HMAC(sk["Sk_a" + side], hashes.SHA256())
    check.update(data[:-16])
    assert check.finalize()[:16] == data[-16:], "ICV"
    cipher = Cipher(algorithms.AES(key), modes.CBC(data[start:start + 16])).decryptor()
    return data[at], pad_off(cipher.update(data[start + 16:-16]) + cipher.finalize())


def write(name, key_sets):
    spis, table, text = [], {}, []
    for data in messages(f"{HERE}/{name}.pcap"):
        pair = (data[:8].hex(), data[8:16].hex())
        if data[18] != 34 and pair not in spis:
            spis.append(pair)
            table[pair] = key_sets[len(spis) - 1]
        text.append(f"message {data.hex()}\n")
        inner = decrypt(data, table.get(pair))
        if inner:
            text.append(f"inner {inner[0]} {inner[1].hex()}\n")
    with open(f"{HERE}/{name}.hex", "w", encoding="ascii") as file:
        file.writelines(text)
    with open(f"{HERE}/{name}.keys", "w", encoding="ascii") as file:
        for (spi_i, spi_r), sk in table.items():
            aead = "Sk_ai" not in sk
            bits = 8 * (len(sk["Sk_ei"]) - (4 if aead else 0))
            cipher = f"AES-GCM-{bits} with 16 octet ICV [RFC5282]" if aead else f"AES-CBC-{bits} [RFC3602]"
            integrity = "NONE [RFC4306]" if aead else "HMAC_SHA2_256_128 [RFC4868]"
            file.write(f'{spi_i},{spi_r},{sk["Sk_ei"].hex()},{sk["Sk_er"].hex()},"{cipher}",{sk.get("Sk_ai", b"").hex()},{sk.get("Sk_ar", b"").hex()},"{integrity}"\n')


def record(name):
    scenario = SCENARIOS[name]
    shutil.rmtree(WORK, ignore_errors=True)
    certificates(f"{WORK}/certs")
    daemons = []
    networks(True, scenario.get("v6", False))
    try:
        for i in (0, 1):
            daemons.append(start(scenario, i))
        capture = subprocess.Popen(["ip", "netns", "exec", SPACES[0], "tcpdump", "-U", "-q", "-n", "-i", "eth0", "-w", f"{WORK}/wire.pcap", "udp"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(1)
        if "half_open" in scenario:
            half_open(scenario["half_open"])
        for action in scenario["actions"]:
            if isinstance(action, tuple):
                print(sh("swanctl", *action, env=daemons[0][1], check=False).strip().splitlines()[-1])
                time.sleep(0.3)
            else:
                time.sleep(action)
        time.sleep(0.5)
        capture.send_signal(signal.SIGINT)
        capture.wait()
    finally:
        for daemon, _ in daemons:
            daemon.terminate()
            daemon.wait()
        networks(False)
    shutil.copy(f"{WORK}/wire.pcap", f"{HERE}/{name}.pcap")
    write(name, keys(f"{WORK}/0/log"))
    print(name, len(list(messages(f"{HERE}/{name}.pcap"))), "messages,", os.path.getsize(f"{HERE}/{name}.pcap"), "bytes")


if __name__ == "__main__":
    for wanted in sys.argv[1:] or SCENARIOS:
        record(wanted)
    shutil.rmtree(WORK, ignore_errors=True)
    print(*sorted(os.path.basename(path) for path in glob.glob(f"{HERE}/*.*")))
