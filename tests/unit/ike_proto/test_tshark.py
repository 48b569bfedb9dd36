#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""IKE messages against tshark and scapy: what our decoders read in recorded conversations of strongSwan is what tshark reads there, and what our
builder writes is read by both as it was meant.

    test_tshark.py TOOL       build/tests/ike_proto_tool
"""
import os
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

from scapy.contrib import ikev2
from scapy.layers.inet import IP, UDP
from scapy.utils import wrpcap

TOOL = sys.argv.pop()
VECTORS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "vectors", "ike")
GCM, CBC = (8, 16, 1), (16, 16, 16)
RECORDED = {"gcm-psk": GCM, "cbc-cert": CBC, "defaults-v6": CBC, "refusals": GCM}
BYTES = {"isakmp." + name for name in (
    "ispi rspi spi delete.spi key_exchange.data nonce id.data cert.data ike.certreq.authority auth.data auth.data.sig.asn1.data auth.data.sig.value "
    "cert.x509.hash cert.x509.url notify.data vid_bytes ts.start_ipv4 ts.end_ipv4 ts.start_ipv6 ts.end_ipv6 enc.iv enc.icd").split()}
NUMBERS = {"isakmp." + name for name in (
    "exchangetype flag_i flag_v flag_r messageid length typepayload criticalpayload prop.number prop.protoid prop.transforms spisize spinum tf.type "
    "tf.id.encr tf.id.prf tf.id.integ tf.id.dh tf.id.esn ike2.attr.key_length key_exchange.dh_group notify.msgtype id.type cert.encoding certreq.type "
    "auth.method delete.protoid ts.number ts.type ts.protoid ts.start_port ts.end_port frag.number frag.total").split()}


def run(*command, **environment):
    return subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, **environment}).stdout


def fields_of(protocol):
    """[(name, value)] of one IKE message in tshark's PDML, as tool_dump.c writes them."""
    for field in protocol.iter("field"):
        name, show = field.get("name"), field.get("show")
        if name == "isakmp.cert.data":
            yield name, field.get("size")  # what is in it comes without its bytes
        elif name in BYTES:
            child = field.find("field")  # an identity's bytes are with what it is shown as
            yield name, field.get("value") or (child.get("value") if child is not None and child.get("size") == field.get("size") else "")
        elif name in NUMBERS:
            number = int(show, 0)
            if name == "isakmp.typepayload" and number < 33:
                continue  # proposals and transforms, which tshark counts as payloads
            yield name, str(number)


def tshark(path, keys=None):
    """Each message's fields, and the PDML elements themselves."""
    with tempfile.TemporaryDirectory() as folder:
        if keys:
            with open(keys, encoding="ascii") as source, open(f"{folder}/ikev2_decryption_table", "w", encoding="ascii") as table:
                table.write(source.read())
        root = xml.etree.ElementTree.fromstring(run("tshark", "-r", path, "-T", "pdml", WIRESHARK_CONFIG_DIR=folder))
    protocols = [protocol for protocol in root.iter("proto") if protocol.get("name") == "isakmp"]
    return [sorted_by_name(fields_of(protocol)) for protocol in protocols]


def sorted_by_name(pairs):
    """{name: [values in order]}"""
    lists = {}
    for name, value in pairs:
        lists.setdefault(name, []).append(value)
    return lists


def ours(name, sizes):
    messages = []
    for line in run(TOOL, "dump", name, *map(str, sizes)).splitlines():
        if line == "message":
            messages.append([])
        else:
            field, _, value = line.partition(" ")
            messages[-1].append((field, str(len(value) // 2) if field == "isakmp.cert.data" else value))
    return [sorted_by_name(pairs) for pairs in messages]


class Recorded(unittest.TestCase):
    """The same fields with the same values in the same order."""

    def compare(self, name):
        expected, found = tshark(f"{VECTORS}/{name}.pcap", f"{VECTORS}/{name}.keys"), ours(name, RECORDED[name])
        self.assertEqual(len(expected), len(found))
        compared = 0
        for number, (theirs, own) in enumerate(zip(expected, found)):
            if "isakmp.auth.data.sig.value" in theirs:
                theirs.pop("isakmp.auth.data")  # tshark shows the whole and its two parts
            for field in theirs.keys() | own.keys():
                self.assertEqual(theirs.get(field), own.get(field), f"{name}, message {number + 1}, {field}")
                compared += len(own[field])
        self.assertGreater(compared, 200)

    def test_gcm_psk(self):
        self.compare("gcm-psk")

    def test_cbc_cert(self):
        self.compare("cbc-cert")

    def test_defaults_v6(self):
        self.compare("defaults-v6")

    def test_refusals(self):
        self.compare("refusals")


def count_up(start, length):
    return "".join(f"{(start + i) & 255:02x}" for i in range(length))


class Built(unittest.TestCase):
    """What tool_build.c asked for."""

    @classmethod
    def setUpClass(cls):
        cls.messages = [bytes.fromhex(line) for line in run(TOOL, "build").split()]
        with tempfile.TemporaryDirectory() as folder:
            wrpcap(f"{folder}/built.pcap", [IP(src="192.0.2.1", dst="192.0.2.2") / UDP(sport=500, dport=500) / message for message in cls.messages])
            cls.fields = tshark(f"{folder}/built.pcap")
            cls.text = run("tshark", "-r", f"{folder}/built.pcap", "-V")

    def check(self, number, **expected):
        for name, values in expected.items():
            self.assertEqual(self.fields[number].get("isakmp." + name.replace("__", ".")), values, name)

    def test_header(self):
        self.check(0, ispi=["0102030405060708"], rspi=["0000000000000000"], exchangetype=["34"], flag_i=["1"], flag_r=["0"], flag_v=["0"], messageid=["0"])
        self.check(2, rspi=["f1f2f3f4f5f6f7f8"], exchangetype=["36"], flag_i=["0"], flag_r=["1"], messageid=[str(0x01020304)])
        self.check(3, exchangetype=["37"], flag_i=["1"], flag_r=["1"], flag_v=["1"], messageid=[str(0xffffffff)])
        self.check(4, exchangetype=["37"], typepayload=None, length=["28"])
        for number, message in enumerate(self.messages):
            self.check(number, length=[str(len(message))])

    def test_init(self):
        self.check(0, typepayload=["41", "33", "34", "40", "41", "43"], criticalpayload=["0"] * 6, notify__msgtype=["16390", "16431"],
                   notify__data=[count_up(0x30, 20), "0002000300040005"], vid_bytes=[b"espalier".hex()], nonce=[count_up(0x80, 256)],
                   key_exchange__dh_group=["31"], key_exchange__data=[count_up(0x40, 32)], spi=None)
        self.check(0, prop__number=["1", "2"], prop__protoid=["1", "1"], prop__transforms=["5", "4"],
                   tf__type=["1", "1", "2", "4", "4", "1", "3", "4", "2"], tf__id__encr=["20", "20", "12"], tf__id__prf=["6", "7"],
                   tf__id__integ=["14"], tf__id__dh=["31", "19", "14"], ike2__attr__key_length=["256", "128", "192"], tf__id__esn=None)

    def test_auth(self):
        self.check(1, typepayload=["35", "36", "37", "38", "39", "39", "33", "44", "45", "200"], criticalpayload=["0"] * 9 + ["1"],
                   id__type=["2", "1"], id__data=[b"a.example.org".hex(), "c0000202"], cert__encoding=["12"], cert__x509__hash=[count_up(1, 20)], cert__x509__url=[b"http://x.example/".hex()],
                   certreq__type=["4"], ike__certreq__authority=[count_up(0x10, 20), count_up(0x24, 20)], auth__method=["2", "14"],
                   auth__data__sig__asn1__data=["300a06082a8648ce3d040302"], auth__data__sig__value=[count_up(0x50, 64)])
        self.assertEqual(self.fields[1]["isakmp.auth.data"][0], count_up(0x20, 32))
        self.check(1, prop__number=["1", "2"], prop__protoid=["3", "3"], spi=["c0ffee01"] * 2, prop__transforms=["4", "3"],
                   tf__id__encr=["20", "28", "12"], tf__id__esn=["1", "0", "0"], tf__id__dh=None, tf__id__integ=["12"],
                   ike2__attr__key_length=["128", "256"])
        self.check(1, ts__number=["2", "3"], ts__type=["7", "7", "7", "7", "8"], ts__protoid=["6", "1", "6", "1", "17"],
                   ts__start_port=["80", "2048", "80", "2048", "65535"], ts__end_port=["80", "2048", "80", "2048", "0"],
                   ts__start_ipv4=["0a010000", "0a090001"] * 2, ts__end_ipv4=["0a01ffff", "0a090003"] * 2,
                   ts__start_ipv6=["20010db8" + "0" * 24], ts__end_ipv6=["20010db87" + "f" * 7 + "f" * 16])

    def test_rest(self):
        self.check(2, typepayload=["41", "41", "33"], notify__msgtype=["16393", "44"], spi=["deadbeef", "01020304", "a1a2a3a4a5a6a7a8"],
                   spisize=["4", "4", "8"], notify__data=["", "070809"], prop__number=["2"], tf__id__encr=["12"], tf__id__prf=["7"],
                   tf__id__integ=["13"], tf__id__dh=["21"])
        self.check(3, typepayload=["42", "42"], delete__protoid=["3", "1"], spisize=["4", "0"], spinum=["3", "0"],
                   delete__spi=["11223344", "55667788", "99aabbcc"])

    def test_no_complaints(self):
        self.assertIn("ecdsa-with-SHA256", self.text)
        self.assertEqual([line for line in self.text.splitlines() if "Malformed" in line or "Expert Info" in line], [])

    def test_scapy(self):
        """scapy's dissector agrees on header and chain, and writes the same bytes again."""
        init = ikev2.IKEv2(self.messages[0])
        self.assertEqual((init.init_SPI.hex(), init.exch_type, init.flags, init.id, init.length), ("0102030405060708", 34, 8, 0, len(self.messages[0])))
        self.assertEqual(init[ikev2.IKEv2_payload_KE].group, 31)
        self.assertEqual(init[ikev2.IKEv2_payload_KE].load.hex(), count_up(0x40, 32))
        self.assertEqual(init[ikev2.IKEv2_payload_Nonce].load.hex(), count_up(0x80, 256))
        transform = init[ikev2.IKEv2_payload_Transform]
        self.assertEqual((transform.transform_type, transform.transform_id, transform.key_length), (1, 20, 256))
        self.assertEqual(bytes(init), self.messages[0])


if __name__ == "__main__":
    unittest.main()
