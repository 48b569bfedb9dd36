# SPDX-License-Identifier: Apache-2.0
"""What the interop tests share: a test case with a network and two ends, `peer` (stock strongSwan) on the left and `dut`, the side under test,
on the right. The program's first argument says what the side under test is: charon (which proves the test itself) or espalier.

A failed test keeps configurations, logs, keys and captures in build/interop/PROGRAM-KIND/CLASS.TEST and shows the end of both logs.
"""
import contextlib
import copy
import os
import shutil
import sys
import tempfile
import time
import unittest

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
# pylint: disable=wrong-import-position
import as_root  # noqa: E402
import espalier_side  # noqa: E402
import traffic  # noqa: E402
import wireshark  # noqa: E402
from charon import Charon  # noqa: E402
from espalier_side import Espalier  # noqa: E402
from net import Failed, Network, wait  # noqa: E402

KINDS = {"charon": Charon, "espalier": Espalier}
KEEP = os.environ.get("ESPALIER_INTEROP_DIR", "build/interop")
SCALE = float(os.environ.get("ESPALIER_TEST_SCALE", "1"))
PSK = "interop-psk-0123456789"
IKE, ESP = "aes256gcm16-prfsha384-ecp256", "aes256gcm16"
IDS = {"left": "left.test", "right": "right.test"}
OTHER = {"left": "right", "right": "left"}


def merge(base, more):
    """base with more over it, section by section; None removes."""
    out = copy.deepcopy(base)
    for key, value in more.items():
        if value is None:
            out.pop(key, None)
        else:
            out[key] = merge(out[key], value) if isinstance(value, dict) and isinstance(out.get(key), dict) else copy.deepcopy(value)
    return out


def child(side, **options):
    return merge({"local_ts": f"{Network.INNER[side][0]}.0.0/24", "remote_ts": f"{Network.INNER[OTHER[side]][0]}.0.0/24", "esp_proposals": ESP}, options)


def connection(side, family=4, **options):
    """A connection of that side, PSK, one child `net`, with options over it."""
    base = {"version": 2, "mobike": False, "local_addrs": Network.OUTER[side, family], "remote_addrs": Network.OUTER[OTHER[side], family],
            "proposals": IKE, "local": {"auth": "psk", "id": IDS[side]}, "remote": {"auth": "psk", "id": IDS[OTHER[side]]},
            "children": {"net": child(side)}}
    return merge(base, options)


def psk_secrets(secret=PSK):
    return {"ike-t": {"secret": f'"{secret}"', "id-1": IDS["left"], "id-2": IDS["right"]}}


def config(connections, secrets=None, **sections):
    """connections: by name, or the one connection `t`."""
    if "local_addrs" in connections:
        connections = {"t": connections}
    return {"connections": connections, "secrets": psk_secrets() if secrets is None else secrets, **sections}


class InteropTest(unittest.TestCase):
    kind = "charon"
    peer_kind = Charon
    network_kind, network_options = Network, {}

    def setUp(self):
        if os.getuid() != 0:
            self.skipTest("network namespaces need root")
        self.started = time.monotonic()
        self.stack = contextlib.ExitStack()
        program = os.path.basename(sys.argv[0]).removesuffix(".py")
        device = f"-{espalier_side.DEVICE}" if self.kind == "espalier" else ""
        self.kept = os.path.join(KEEP, f"{program}-{self.kind}{device}", f"{type(self).__name__}.{self._testMethodName}")
        shutil.rmtree(self.kept, ignore_errors=True)
        self.sides, self.captures, self.role = [], [], ""
        self.addCleanup(self._finish)
        # Where another user may read, which the agent becomes, and with short paths, for UNIX sockets.
        self.sockets = self.stack.enter_context(tempfile.TemporaryDirectory(prefix="interop-"))
        os.chmod(self.sockets, 0o755)
        self.directory = os.path.join(self.sockets, "files")
        os.mkdir(self.directory)
        self.net = self.network_kind(**self.network_options)
        self.stack.callback(self.net.close)
        self.peer = self.side(self.peer_kind, "left")
        self.dut = self.side(KINDS[self.kind], "right")

    def side(self, kind, where, name=None, namespace=None, **options):
        name = name or where
        side = kind(name, namespace or self.net.ends[where], os.path.join(self.directory, name), self.sockets, **options)
        side.where = where
        self.sides.append(side)
        self.stack.callback(side.close)
        return side

    def _finish(self):
        result = self._outcome.result
        failed = any(self in (test, getattr(test, "test_case", None)) for test, _ in result.failures + result.errors)
        try:
            if failed:
                self.show()
            else:
                self.end_orderly()
        finally:
            for capture in self.captures:
                capture.close()
            if failed or os.environ.get("ESPALIER_INTEROP_KEEP"):
                shutil.copytree(self.directory, self.kept)
            self.stack.close()
            print(f"  {self._testMethodName}, {self.kind}: {time.monotonic() - self.started:.1f} s", flush=True)

    def show(self):
        """What a person needs to find out why the test failed."""
        print(f"\n==== {self.id()}: logs, configurations and captures are in {self.kept}; {self.role}")
        print(f"     the router saw {self.net.clear_packets()} packets of the inner networks in clear")
        for side in self.sides:
            print(side.tails() + side.counters())

    def end_orderly(self):
        """Our daemons end at SIGTERM with status 0; sanitizers have their say then."""
        self.net.cable()
        for side in self.sides:
            if side.kind == "espalier" and side.processes:
                side.stop()

    # ---- what most tests do
    def start(self, left=None, right=None, peer=(), dut=()):
        """Configure and start both ends; left and right are configurations, by default one PSK connection; peer: charon's own settings."""
        self.peer.configure(config(connection("left")) if left is None else left)
        self.dut.configure(config(connection("right")) if right is None else right)
        self.peer.start(**dict(peer))
        self.dut.start(**dict(dut))

    def roles(self):
        """Each end as initiator in turn: (initiator, responder)."""
        for initiator, responder in ((self.dut, self.peer), (self.peer, self.dut)):
            self.role = f"initiator: {initiator.name}"
            yield initiator, responder

    @contextlib.contextmanager
    def case(self, **parameters):
        """A subtest. One that fails does not spoil the next: both ends start anew."""
        with self.subTest(**parameters):
            try:
                yield
            except Exception:
                for side in self.sides:
                    if side.processes:
                        side.close()
                        side.kill()
                        with contextlib.suppress(Failed):
                            side.start()
                raise

    def inner(self, side, network=0, family=4):
        v4, v6 = Network.INNER[side.where]
        return f"{v4}.{network}.1" if family == 4 else f"{v6}::1"

    def flood(self, source=None, network=0, family=4, **options):
        source = source or self.dut
        other = self.peer if source is self.dut else self.dut
        return traffic.Flood(source.namespace, self.inner(source, network, family), self.inner(other, network, family), **options)

    def assert_no_loss(self, flood, least=1):
        sent, lost = flood.stop()
        self.assertGreaterEqual(sent, least)
        self.assertEqual(lost, [], f"{len(lost)} of {sent} pings have no answer")

    def assert_ping(self, source=None, network=0, family=4, **options):
        source = source or self.dut
        other = self.peer if source is self.dut else self.dut
        self.assertTrue(traffic.ping(source.namespace, self.inner(source, network, family), self.inner(other, network, family), **options),
                        f"pings from {source.name} through the tunnel are not answered")

    def assert_no_ping(self, source=None, network=0):
        source = source or self.dut
        other = self.peer if source is self.dut else self.dut
        self.assertFalse(traffic.ping(source.namespace, self.inner(source, network), self.inner(other, network), count=2, timeout=0.3),
                         "pings are answered without a tunnel")

    def assert_tunnel(self, child="net", network=0):
        """One CHILD SA of this name at each end, the same one, and pings both ways, none of them in clear."""
        def same():
            a, b = self.peer.children(child), self.dut.children(child)
            return len(a) == len(b) == 1 and (int(a[0]["spi_in"], 16), int(a[0]["spi_out"], 16)) == (int(b[0]["spi_out"], 16), int(b[0]["spi_in"], 16))
        wait(same, 10, f"both ends have one CHILD SA {child}, the same")
        before = self.net.clear_packets()
        self.assert_ping(self.dut, network)
        self.assert_ping(self.peer, network)
        self.assertEqual(self.net.clear_packets(), before, "packets of the inner networks were on the wire in clear")

    def assert_refused(self, initiator, name="net", timeout=10):
        ok, text = initiator.try_up(name, timeout)
        self.assertFalse(ok, f"{initiator.name}: {name} came up")
        return text

    def clear(self):
        """No SAs on either end, for the next role."""
        for sa in self.dut.established():
            self.dut.down(number=sa["id"])
        self.peer.wait_down()
        self.dut.wait_down()

    def capture(self, name="wire", interface="left", namespace=None, expression=""):
        capture = wireshark.Capture(namespace or self.net.middle, interface, os.path.join(self.directory, name + ".pcap"), expression)
        self.captures.append(capture)
        return capture

    def note(self, text):
        print(f"    {self._testMethodName}: {text}", flush=True)


def main():
    as_root.become_root(KEEP)
    if len(sys.argv) > 1 and sys.argv[1] in KINDS:
        InteropTest.kind = sys.argv.pop(1)
    device = f", device {espalier_side.DEVICE}" if InteropTest.kind == "espalier" else ""
    print(f"side under test: {InteropTest.kind}{device}", flush=True)
    unittest.main(verbosity=2)


__all__ = ["ESP", "Failed", "IDS", "IKE", "InteropTest", "Network", "OTHER", "PSK", "SCALE", "as_root", "child", "config", "connection", "main", "merge", "psk_secrets", "wait"]
