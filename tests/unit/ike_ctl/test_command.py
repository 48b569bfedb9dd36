#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""espalier ike against a server of this test's own: what it asks, what it prints, how it ends. Argument: the program."""
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

PROGRAM = os.path.abspath(sys.argv[1])

CHILD = {"name": "net", "id": 5, "reqid": 1, "state": "INSTALLED", "mode": "tunnel", "spi_in": "c0000001", "spi_out": "c0000002",
         "proposal": "AES_GCM_16-256", "esn": True, "udp_encap": True, "local_ts": ["10.1.0.0/16", "10.9.0.0/16[tcp/80]"], "remote_ts": ["10.2.0.0/16"],
         "packets_in": 1234567, "packets_out": 42, "bytes_in": 99999999999, "bytes_out": 4242, "replay": 3, "integrity": 0, "other": 0, "age_s": 31}
IKE = {"name": "gw", "id": 3, "state": "ESTABLISHED", "role": "initiator", "local": "192.0.2.1:4500", "remote": "192.0.2.2:4500",
       "local_id": "a.test", "remote_id": "C=CH, CN=b\x1b[31m", "spi_i": "0123456789abcdef", "spi_r": "fedcba9876543210", "nat": "none",
       "proposal": "AES_GCM_16-256/PRF_HMAC_SHA2_384/ECP_256", "age_s": 40, "children": [CHILD]}


class Server:
    """Takes one client, keeps its line, sends bytes."""

    def __init__(self, path, reply):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(1)
        self.reply = reply
        self.request = None
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        client, _ = self.listener.accept()
        with client, client.makefile("rb") as lines:
            self.request = lines.readline()
            for piece in self.reply:
                client.sendall(piece)

    def close(self):
        self.thread.join()
        self.listener.close()


class Command(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.path = os.path.join(self.directory.name, "sock")

    def run_program(self, *args):
        return subprocess.run([PROGRAM, "ike", "--control", self.path, *args], capture_output=True, text=True, timeout=60)

    def ask(self, *args, reply=(b'{"ok":true}\n',)):
        """The process that ended, the request as an object."""
        server = Server(self.path, reply)
        try:
            result = self.run_program(*args)
        finally:
            server.close()
            os.unlink(self.path)
        self.assertTrue(server.request.endswith(b"\n"))
        return result, json.loads(server.request)

    def test_requests(self):
        for args, expected in [
                (["up", "net"], {"command": "up", "name": "net"}),
                (["up", "gw/net", "--timeout", "5"], {"command": "up", "name": "gw/net", "timeout_s": 5}),
                (["down", "#3"], {"command": "down", "name": "#3"}),
                (["down", "{5}"], {"command": "down", "name": "{5}"}),
                (["rekey", "gw", "--ike"], {"command": "rekey", "name": "gw", "ike": True}),
                (["rekey", "--reauth", "gw"], {"command": "rekey", "name": "gw", "reauth": True}),
                (["reload"], {"command": "reload"}),
                (["list"], {"command": "list"})]:
            with self.subTest(args=args):
                result, request = self.ask(*args)
                self.assertEqual(request, expected)
                self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_up(self):
        reply = b'{"log":"sending \\u001b[0m IKE_SA_INIT"}\n{"log":"two"}\n{"ok":true,"text":"net is up"}\n'
        for pieces in [reply], [bytes([b]) for b in reply]:
            result, _ = self.ask("up", "net", reply=pieces)
            self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "net is up\n", "sending ?[0m IKE_SA_INIT\ntwo\n"))

    def test_failure(self):
        result, _ = self.ask("up", "net", reply=[b'{"ok":false,"error":"peer does not answer"}\n'])
        self.assertEqual((result.returncode, result.stdout, result.stderr), (1, "", "espalier: peer does not answer\n"))

    def test_list(self):
        answer = {"ok": True, "ike_sas": [IKE, {**IKE, "id": 4, "children": []}]}
        result, _ = self.ask("list", reply=[json.dumps(answer).encode() + b"\n"])
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        for text in ["gw #3  ESTABLISHED  initiator  192.0.2.1:4500 [a.test] - 192.0.2.2:4500 [C=CH, CN=b?[31m]", "gw #4",
                     "SPIs 0123456789abcdef_i fedcba9876543210_r", "net {5}  INSTALLED  tunnel, ESP in UDP  AES_GCM_16-256  reqid 1  31 s",
                     "10.1.0.0/16, 10.9.0.0/16[tcp/80] === 10.2.0.0/16", "3 replayed"]:
            self.assertIn(text, result.stdout)
        self.assertRegex(result.stdout, r"in +SPI c0000001 +1234567 packets +99999999999 bytes\n +out +SPI c0000002 +42 packets +4242 bytes")
        self.assertNotIn("\x1b", result.stdout)

    def test_list_json(self):
        result, _ = self.ask("list", "--json", reply=[json.dumps({"ok": True, "ike_sas": [IKE]}).encode() + b"\n"])
        self.assertEqual(json.loads(result.stdout), {"ike_sas": [IKE]})
        self.assertEqual(result.returncode, 0)

    def test_large_list(self):
        answer = {"ok": True, "ike_sas": [{**IKE, "id": i} for i in range(10000)]}
        result, _ = self.ask("list", "--json", reply=[json.dumps(answer).encode() + b"\n"])
        self.assertEqual(len(json.loads(result.stdout)["ike_sas"]), 10000)

    def test_empty_list(self):
        result, _ = self.ask("list", reply=[b'{"ok":true,"ike_sas":[]}\n'])
        self.assertEqual((result.returncode, result.stdout), (0, "no SAs\n"))

    def test_list_of_nonsense(self):
        """Members that are missing, or are something else."""
        for answer in [{"ike_sas": 3}, {"ike_sas": [3, {}, {"children": [None, {"local_ts": [7]}], "name": [], "id": "x"}]}]:
            result, _ = self.ask("list", reply=[json.dumps({"ok": True, **answer}).encode() + b"\n"])
            self.assertEqual(result.returncode, 0)

    def test_log(self):
        result, request = self.ask("log", reply=[b'{"log":"one"}\n', b'{"log":"two"}\n'])
        self.assertEqual(request, {"command": "log"})
        self.assertEqual((result.returncode, result.stdout), (1, "one\ntwo\n"))
        self.assertIn("closed the connection", result.stderr)

    def test_bad_answers(self):
        for reply in [b"", b"x\n", b"{}\n", b'{"ok":1}\n', b'{"ok":true}', b"[]\n", b'{"log":3}\n']:
            with self.subTest(reply=reply):
                result, _ = self.ask("reload", reply=[reply])
                self.assertEqual((result.returncode, result.stdout), (1, ""))
                self.assertEqual(result.stderr.count("\n"), 1)

    def test_nobody_there(self):
        result = self.run_program("list")
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn("cannot be reached at " + self.path, result.stderr)

    def test_arguments(self):
        for args in [], ["lost"], ["up"], ["up", "a", "b"], ["list", "a"], ["up", "a", "--timeout", "x"], ["up", "a", "--timeout", "86401"], \
                ["down", "a", "--timeout", "5"], ["up", "a", "--ike"], ["list", "--lost"], ["up", "a" * 300]:
            with self.subTest(args=args):
                result = self.run_program(*args)
                self.assertEqual((result.returncode, result.stdout), (1, ""))
                self.assertTrue(result.stderr)

    def test_help(self):
        result = subprocess.run([PROGRAM, "ike", "help"], capture_output=True, text=True, check=True)
        self.assertIn("Usage: espalier ike", result.stdout)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
