# SPDX-License-Identifier: Apache-2.0
"""A test case of tests/interop whose left end is a guest with the kernel's own ESP."""
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../interop"))
# pylint: disable=wrong-import-position
from case import InteropTest, wait  # noqa: E402
from network import GuestNetwork  # noqa: E402

# What the guest's kernel counts of packets that it cannot have refused rightly: a number, an ICV, a mode, a number's end.
REFUSED = ("XfrmInHdrError", "XfrmInStateProtoError", "XfrmInStateModeError", "XfrmInStateSeqError", "XfrmInStateMismatch", "XfrmInTmplMismatch", "XfrmInPolBlock",
           "XfrmOutStateSeqError")


class GuestCase(InteropTest):
    network_kind = GuestNetwork

    def setUp(self):
        super().setUp()
        self.refused_before = self.refused()

    def flood(self, source=None, network=0, family=4, **options):
        """A quarter of the usual rate: on a busy machine the guest has little of a processor."""
        return super().flood(source, network, family, **{"rate": 100, "patience": 10, **options})

    def refused(self):
        return {name: count for name, count in self.peer.errors().items() if name in REFUSED}

    def end_orderly(self):
        refused = self.refused()
        super().end_orderly()
        self.assertEqual(refused, self.refused_before, "packets that the guest's kernel refused")

    def one_child(self):
        """The SPI of this end's only CHILD SA, once there is only one."""
        return wait(lambda: len(now := self.dut.children()) == 1 and now[0]["spi_in"], 10, "one CHILD SA")

    def rekeyed(self, side):
        before = self.one_child()
        side.rekey(child="net")
        wait(lambda: (now := self.dut.children()) and before not in [sa["spi_in"] for sa in now], 20, "the CHILD SA is rekeyed")
