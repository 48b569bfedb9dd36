# SPDX-License-Identifier: Apache-2.0
"""What the model of the hard block takes without a word, and the block would not: the rules of PG213 and PCI Express Base for RQ and CC.

A broken rule is an AssertionError in a task of its own, which fails the test that runs. Each class counts what it saw.
"""
from cocotb.triggers import RisingEdge

MEM_READ, MEM_WRITE = 0, 1
BEAT_DWORDS = 16
ALL_LANES = (1 << BEAT_DWORDS) - 1


def field(value, low, width):
    return (value >> low) & ((1 << width) - 1)


async def beats(dut, name):
    """The beats that pass on the stream: (tdata, tkeep, tuser, tlast); meanwhile what waits must stay as it is (AXI4-Stream, 2.2.1)."""
    edge = RisingEdge(dut.user_clk)
    valid, ready, reset = getattr(dut, name + "_tvalid"), getattr(dut, name + "_tready"), dut.user_reset
    signals = [getattr(dut, f"{name}_{part}") for part in ("tdata", "tkeep", "tuser", "tlast")]
    waiting = None
    while True:
        await edge
        if int(reset.value):
            waiting = None
            continue
        if not int(valid.value):
            assert waiting is None, f"{name}: tvalid fell before tready"
            continue
        beat = tuple(int(signal.value) for signal in signals)
        assert waiting is None or waiting == beat, f"{name}: a beat changed while it waited"
        if int(ready.value):
            waiting = None
            yield beat
        else:
            waiting = beat


class RqMonitor:
    """RQ, straddled. limits() gives (max payload, max read request, tags) of the moment, bytes."""

    def __init__(self, dut, limits):
        self.dut, self.limits = dut, limits
        self.reads = self.writes = self.straddled = 0
        self.largest_read = self.largest_write = self.largest_tag = 0

    async def run(self):
        left = 0  # dwords of the TLP under way
        async for tdata, tkeep, tuser, tlast in beats(self.dut, "rq"):
            index = 0  # of the next TLP that begins in this beat
            assert tkeep == ALL_LANES and not tlast, "rq: straddled, tkeep is all ones and tlast 0"
            sops, eops = field(tuser, 20, 2), field(tuser, 26, 2)
            assert sops in (0, 1, 3) and eops in (0, 1, 3), "rq: index 0 is used first"
            assert not field(tuser, 36, 1), "rq: discontinue"
            starts = [4 * field(tuser, 22 + 2 * i, 2) for i in range(bin(sops).count("1"))]
            ends = [field(tuser, 28 + 4 * i, 4) for i in range(bin(eops).count("1"))]
            position = 0
            while position < BEAT_DWORDS and (left or starts):
                if not left:
                    start = starts.pop(0)
                    assert start == 0 if position == 0 else start == 8 and position <= 8, f"rq: a TLP begins in dword {start}, {position} are used"
                    left = self.header(tdata >> (32 * start), field(tuser, 4 * index, 4), field(tuser, 8 + 4 * index, 4))
                    position, index = start, index + 1
                    self.straddled += start != 0
                part = min(left, BEAT_DWORDS - position)
                position, left = position + part, left - part
                if not left:
                    assert ends[:1] == [position - 1], f"rq: a TLP of this length ends in dword {position - 1}, is_eop says {ends[:1]}"
                    ends.pop(0)
            assert position and not starts and not ends, "rq: a beat without a TLP, or is_sop, is_eop of a TLP that is not there"

    def header(self, tdata, first_be, last_be):
        """Checks a descriptor; gives the dwords of the TLP, with it."""
        payload, read_request, tags = self.limits()
        address, count, kind = field(tdata, 2, 62) << 2, field(tdata, 64, 11), field(tdata, 75, 4)
        assert kind in (MEM_READ, MEM_WRITE), f"rq: request type {kind}"
        assert 1 <= count <= 1024, f"rq: {count} dwords"
        assert field(tdata, 0, 2) == 0 and field(tdata, 79, 1) == 0 and field(tdata, 120, 8) == 0, "rq: AT, poisoned, TC, attributes or ECRC"
        assert (address & 0xFFF) + 4 * count <= 4096, f"rq: {count} dwords at {address:#x} cross 4 KiB"
        assert (last_be == 0) == (count == 1) and (first_be or count == 1), f"rq: byte enables {first_be:x} {last_be:x} of {count} dwords"
        if count > 2:
            assert first_be in (0xF, 0xE, 0xC, 0x8) and last_be in (0x1, 0x3, 0x7, 0xF), f"rq: gaps in byte enables {first_be:x} {last_be:x}"
        if kind == MEM_WRITE:
            assert 4 * count <= payload, f"rq: a write of {4 * count} bytes, maximum payload is {payload}"
            self.writes += 1
            self.largest_write = max(self.largest_write, 4 * count)
            return 4 + count
        tag = field(tdata, 96, 8)
        assert 4 * count <= read_request, f"rq: a read of {4 * count} bytes, maximum read request is {read_request}"
        assert tag < tags, f"rq: tag {tag} of {tags}"
        self.reads += 1
        self.largest_read, self.largest_tag = max(self.largest_read, 4 * count), max(self.largest_tag, tag)
        return 4


class CcMonitor:
    """CC, not straddled: a completion is a packet of AXI4-Stream."""

    def __init__(self, dut):
        self.dut = dut
        self.completions = 0

    async def run(self):
        left = 0
        async for tdata, tkeep, tuser, tlast in beats(self.dut, "cc"):
            first = left == 0
            assert field(tuser, 0, 2) == first and field(tuser, 2, 4) == 0, "cc: is_sop"
            assert not field(tuser, 16, 1), "cc: discontinue"
            if first:
                count, byte_count, lower, status = field(tdata, 32, 11), field(tdata, 16, 13), field(tdata, 0, 7), field(tdata, 43, 3)
                # All registers are read whole, so one completion answers a request: its dwords hold its bytes and no more.
                assert status or count == (byte_count + (lower & 3) + 3) // 4, f"cc: {count} dwords for {byte_count} bytes at {lower:#x}"
                assert not status or count == 0, "cc: an unsuccessful completion has no payload"
                left = 3 + count
                self.completions += 1
            lanes = min(left, BEAT_DWORDS)
            left -= lanes
            assert tkeep == (1 << lanes) - 1, f"cc: tkeep {tkeep:#x} for {lanes} dwords"
            assert tlast == (left == 0) and field(tuser, 6, 2) == tlast, "cc: tlast, is_eop"
            assert not tlast or field(tuser, 8, 4) == lanes - 1, "cc: is_eop0_ptr"
