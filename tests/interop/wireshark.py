# SPDX-License-Identifier: Apache-2.0
"""tshark as the witness: captures of the outer network, decrypted with a daemon's key log, each ICV confirmed.

A key log is a directory with Wireshark's own tables, ikev2_decryption_table and esp_sa.
"""
import os
import re
import signal
import subprocess

from net import Failed, run, wait

ENCRYPTION = {("AES_GCM_16", 128): "AES-GCM-128 with 16 octet ICV [RFC5282]", ("AES_GCM_16", 192): "AES-GCM-192 with 16 octet ICV [RFC5282]",
              ("AES_GCM_16", 256): "AES-GCM-256 with 16 octet ICV [RFC5282]", ("AES_CBC", 128): "AES-CBC-128 [RFC3602]",
              ("AES_CBC", 192): "AES-CBC-192 [RFC3602]", ("AES_CBC", 256): "AES-CBC-256 [RFC3602]"}
INTEGRITY = {None: "NONE [RFC4306]", "HMAC_SHA2_256_128": "HMAC_SHA2_256_128 [RFC4868]", "HMAC_SHA2_384_192": "HMAC_SHA2_384_192 [RFC4868]",
             "HMAC_SHA2_512_256": "HMAC_SHA2_512_256 [RFC4868]"}


class Capture:
    """tcpdump on an interface of a namespace until stop()."""

    def __init__(self, namespace, interface, path, expression=""):
        self.path = path
        # -Z root: able to write where the test may. In immediate mode a packet takes as much of the buffer as -s says.
        self.process = namespace.popen("tcpdump", "-Z", "root", "-B", "65536", "-U", "--immediate-mode", "-n", "-s", "9216", "-i", interface, "-w", path,
                                       *expression.split(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if "listening" in line:
                return
        raise Failed("tcpdump does not start")

    def stop(self):
        """The path of the capture; raises Failed if the kernel dropped packets of it."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            _, err = self.process.communicate(timeout=20)
            dropped = re.search(r"(\d+) packets dropped by kernel", err)
            if dropped and int(dropped[1]):
                raise Failed(f"tcpdump lost {dropped[1]} packets")
        return self.path

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()

    def wait_for(self, display_filter, count=1, timeout=10, keys=None):
        """Until this many packets in the capture pass tshark's filter."""
        wait(lambda: len(rows(self.path, keys, ["frame.number"], display_filter)) >= count, timeout, f"{count} packets pass {display_filter}", 0.1)


def rows(path, keys, fields, display_filter="", check=True, options=()):
    """The fields of each packet that passes the filter, decrypted with the tables in the directory keys."""
    home = os.path.abspath(keys) if keys else "/nonexistent"
    command = ["tshark", "-n", "-r", path, "-o", "esp.enable_encryption_decode:TRUE", "-o", "esp.enable_authentication_check:TRUE", *options,
               *(["-Y", display_filter] if display_filter else []), "-T", "fields", *(word for field in fields for word in ("-e", field))]
    done = run(*command, check=False, timeout=300, env={**os.environ, "WIRESHARK_CONFIG_DIR": home, "HOME": home})
    if check and done.returncode and "cut short" not in done.stderr:
        raise Failed(f"tshark: {done.stderr}")
    return [line.split("\t") for line in done.stdout.splitlines()]


def verify(path, keys):
    """(IKE messages decrypted, ESP packets whose ICV is good); raises Failed at one that is not decrypted or has a bad ICV."""
    ike = rows(path, keys, ["frame.number", "isakmp.enc.icd", "isakmp.enc.decrypted", "_ws.expert.message", "isakmp.spi"],
               "isakmp.exchangetype >= 35 && isakmp.typepayload == 46 || isakmp.typepayload == 53")
    for row in ike:
        if not row[2] and "fragment" not in row[3].lower() or "incorrect" in row[3].lower():
            raise Failed(f"{path}: tshark cannot confirm IKE message {row}")
    esp = rows(path, keys, ["frame.number", "esp.icv_good", "esp.icv_bad", "esp.spi", "esp.sequence"], "esp",
               # Inside, TCP's dissector may stumble (a retransmission that overlaps), and the packet ends there before its ICV is looked at.
               options=("--disable-protocol", "tcp"))
    bad = [row for row in esp if row[1] not in ("1", "True") or row[2] in ("1", "True")]
    if bad:
        raise Failed(f"{path}: {len(bad)} of {len(esp)} ESP packets have no good ICV, the first is {bad[0]}")
    return len(ike), len(esp)


# ---- key files from charon's log at level 4 --------------------------------------------------------------------------------------
def _entries(path):
    """(text, None) for a line of charon's log, (what it is, bytes as hex) for a dump."""
    name, left, data = None, 0, ""
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            body = re.sub(r"^[\d:]* ?\d+\[\w+\] (<[^>]*> )?", "", line.rstrip())
            row = re.match(r"\s*\d+: ((?:[0-9A-F]{2} )+)", body + " ")
            if left and row:
                data += row[1].replace(" ", "")[:2 * min(16, left)].lower()
                left -= min(16, left)
                if not left:
                    yield name, data
            elif head := re.match(r"(.*?) => (\d+) bytes", body):
                name, left, data = head[1], int(head[2]), ""
            else:
                yield body, None


def from_charon(log, directory):
    """Both tables for the SAs of initial exchanges in charon's log; it does not say enough of rekeyed ones."""
    ike, esp, keys, initiator, inbound = [], [], {}, False, None
    for text, data in _entries(log):
        if data is not None:
            keys[text] = data
            # The IKE_SA_INIT response is what its sender signs: a header with both SPIs.
            if text.startswith("octets =") and int(data[16:32], 16) and "Sk_ei secret" in keys:
                ike.append((data[:16], data[16:32], *(keys.pop(f"Sk_{name} secret", "") for name in ("ei", "er", "ai", "ar"))))
        elif "initiating IKE_SA" in text or "initiating an IKE_SA" in text:
            initiator = "initiating IKE_SA" in text
        elif match := re.match(r"adding (in|out)bound ESP SA", text):
            inbound = match[1] == "in"
        elif (match := re.match(r"\s*SPI (0x\w+), src (\S+) dst (\S+)", text)) and inbound is not None:
            key = keys[f"encryption {'initiator' if initiator != inbound else 'responder'} key"]
            esp.append((match[2], match[3], match[1], key))
            inbound = None
    with open(os.path.join(directory, "ikev2_decryption_table"), "w", encoding="ascii") as file:
        for spi_i, spi_r, ei, er, ai, ar in ike:
            bits = 4 * len(ei) if ai else 4 * len(ei) - 32
            integrity = {64: "HMAC_SHA2_256_128", 96: "HMAC_SHA2_384_192", 128: "HMAC_SHA2_512_256"}.get(len(ai))
            file.write(f'{spi_i},{spi_r},{ei},{er},"{ENCRYPTION["AES_CBC" if ai else "AES_GCM_16", bits]}",{ai},{ar},"{INTEGRITY[integrity]}"\n')
    with open(os.path.join(directory, "esp_sa"), "w", encoding="ascii") as file:
        for source, destination, spi, key in esp:
            file.write(f'"{"IPv6" if ":" in source else "IPv4"}","{source}","{destination}","{spi}",'
                       f'"AES-GCM with 16 octet ICV [RFC4106]","0x{key}","NULL",""\n')
