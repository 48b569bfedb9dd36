# SPDX-License-Identifier: Apache-2.0
"""The card behind cocotbext-pcie's model of the hard block and its root complex. cocotb runs each test in the simulated card, which
test_cocotb.py starts; ESPALIER_TEST_SCALE times the packets, COCOTB_RANDOM_SEED the seed.

Expected packets are python3-cryptography's (esp.py). In every test the monitor looks at RQ and CC, and what the models warn of is a failure.
"""
import os
import random

import cocotb
from cocotb.triggers import RisingEdge, Timer
from cocotbext.axi import MemoryRegion
from cocotbext.pcie.core.pci import PciCapId
from cocotbext.pcie.core.tlp import TlpType

import esp
from host import HIGH_MEMORY, LOW_MEMORY, NUMBERS, REG, STATUS, Host, Queue, Setting

SCALE = int(os.environ.get("ESPALIER_TEST_SCALE", "1"))
HANG_US = 1000 * SCALE  # of simulated time: nothing here takes a fifth of it

SETTINGS = (
    Setting("plain", late_writes=0.3),
    Setting("small", payload=128, read_request=128, split=True, rc_straddle=2),
    Setting("large", payload=1024, read_request=4096, boundary=128),
    Setting("paused", read_request=4096, split=True, pause_rc=0.3, pause_rq=0.2, pause_registers=0.3),
    Setting("tags_32", extended_tags=False, read_request=128, pause_rq=0.3, late_writes=0.1),
    Setting("single", payload=512, read_request=1024, boundary=128, split=True, rc_straddle=1, pause_rc=0.1),
)
LENGTHS = (20, 21, 22, 23, 28, 46, 63, 64, 65, 127, 128, 256, 500, 576, 1000, 1400, 1500, 2048, 4000, 9000)




async def started(dut, setting=SETTINGS[0]):
    host = Host(dut, setting, random.Random(cocotb.RANDOM_SEED))
    await host.start()
    return host


def finish(host, expected=()):
    """What must hold at the end of every test. expected: beginnings of warnings of the models that the test asked for."""
    messages = [message for message in host.complaints.messages if not message.startswith(tuple(expected))]
    assert not messages, messages
    assert host.cc.completions, "the monitor of CC saw nothing"


def make_sas(rng, count, first=0):
    """count SAs a direction, all key sizes, with and without ESN, numbers at a border and not: [(outbound, inbound)...]."""
    pairs = []
    for i in range(first, first + count):
        esn = bool(rng.randrange(2))
        key, salt = rng.randbytes((16, 24, 32)[i % 3]), rng.randbytes(4)
        seq = rng.choice((0, 1000, 0xFFFFFFFC)) if esn else rng.choice((0, 1000))
        pairs.append((esp.Sa(i, False, 0x10000 + i, key, salt, esn, ttl=rng.randrange(1, 256), seq=seq),
                      esp.Sa(i, True, 0x20000 + i, key, salt, esn, window=rng.choice((0, 32, 64, 128)), seq=seq)))
    return pairs


async def install(host, pairs):
    for pair in pairs:
        for sa in pair:
            assert await host.sa_command(NUMBERS["SA_OP_ADD"], sa) == NUMBERS["SA_RESULT_OK"]


class Job:
    """A packet for the card, and what it must give."""

    def __init__(self, host, opcode, data, status, expected, sa, capacity=None, source=None):
        rng = host.rng
        self.opcode, self.data, self.status, self.expected, self.sa = opcode, data, status, expected, sa
        base = rng.choice((LOW_MEMORY, HIGH_MEMORY))
        self.source = source or host.allocate(len(data) + 63, 1, base) + rng.randrange(64)
        self.capacity = capacity or len(data) + 80
        # The byte behind the buffer must stay what it is.
        self.destination = host.allocate(self.capacity + 1, 64, rng.choice((LOW_MEMORY, HIGH_MEMORY)))
        self.before = rng.randbytes(self.capacity + 1)
        host.put(self.destination, self.before)
        if source is None:
            host.put(self.source, data)

    def check(self, host, completion):
        assert completion.status == self.status, f"{self.opcode} of {len(self.data)} bytes: status {completion.status}, not {self.status}"
        assert completion.decap == (self.opcode == "DECAP") and completion.length == len(self.expected)
        result = host.get(self.destination, self.capacity + 1)
        assert result[:len(self.expected)] == self.expected, f"{self.opcode} of {len(self.data)} bytes: another packet"
        # Nothing behind the buffer is touched, and nothing at all of the buffer of a packet that failed.
        untouched = self.capacity if self.expected else 0
        assert result[untouched:] == self.before[untouched:]


async def run(queue, jobs):
    """All jobs through a queue, as many at a time as it holds."""
    host, waiting, done = queue.host, list(enumerate(jobs)), 0
    while done < len(jobs):
        room = queue.room()
        for cookie, job in waiting[:room]:
            queue.submit(job.opcode, job.source, len(job.data), job.destination, job.capacity, job.sa if job.opcode == "ENCAP" else 0, cookie)
        if waiting[:room]:
            await queue.ring()
        waiting = waiting[room:]
        found = await queue.wait()
        # What a register says has been written, is written: its completion did not pass the writes.
        told = await queue.read("CQ_TAIL")
        found += queue.reap()
        assert (queue.head - told) & 0x8000 == 0, f"CQ_TAIL says {told}, in memory are {queue.head}"
        for completion in found:
            jobs[completion.cookie].check(host, completion)
            done += 1


def encap_job(host, pair, length):
    inner = esp.inner_packet(host.rng, length)
    return Job(host, "ENCAP", inner, STATUS["OK"], pair[0].encapsulate(inner), pair[0].index)


def decap_job(host, pair, length, tamper=False):
    """tamper: one bit is turned behind the headers."""
    inner = esp.inner_packet(host.rng, length)
    packet = pair[1].encapsulate(inner)
    if not tamper:
        return Job(host, "DECAP", packet, STATUS["OK"], inner, pair[1].index)
    packet = bytearray(packet)
    packet[host.rng.randrange(36, len(packet))] ^= 1 << host.rng.randrange(8)
    return Job(host, "DECAP", bytes(packet), STATUS["ICV_MISMATCH"], b"", pair[1].index)


def random_jobs(host, pairs, count):
    """Both directions, mixed; the inbound packets of an SA stay in order, as a window of 0 and the expected status want it."""
    jobs = []
    for _ in range(count):
        length = host.rng.choice(LENGTHS) if host.rng.randrange(2) else host.rng.randrange(20, 600)
        pair = host.rng.choice(pairs)
        jobs.append(encap_job(host, pair, length) if host.rng.randrange(2) else decap_job(host, pair, length, host.rng.randrange(8) == 0))
    return jobs


def test(**options):
    return cocotb.test(timeout_time=HANG_US, timeout_unit="us", **options)


@test()
async def registers(dut):
    """The BAR, the capabilities, accesses of every size, and keys that nobody can read."""
    host = await started(dut)
    for capability in (PciCapId.PM, PciCapId.MSIX, PciCapId.EXP):
        assert host.pci.get_capability_offset(capability)
    assert (await host.read("ID")).to_bytes(4, "little") == b"ESPL"
    assert await host.read("CAPS") & 0xFF == 1 and await host.read("SA_CAPACITY") == 64
    assert await host.read("STATUS") == 3  # ready, bus master
    bar = host.pci.bar_window[0]
    await host.write("SCRATCH", 0x11223344)
    await bar.write(REG["SCRATCH"] + 1, b"\xaa")
    await bar.write(REG["SCRATCH"] + 2, b"\xcc\xbb")
    assert await bar.read(REG["SCRATCH"], 4) == bytes((0x44, 0xAA, 0xCC, 0xBB))
    assert await bar.read(REG["ID"], 8) == b"ESPL" + (1).to_bytes(4, "little")
    assert await bar.read(REG["SCRATCH"] + 1, 2) == b"\xaa\xcc"
    assert await host.read("REG_ERRORS") == 0
    await host.write("SA_SALT", 0xFFFFFFFF)
    assert await host.read("SA_SALT") == 0
    assert await host.read("SA_KEY") == 0
    assert await bar.read(0x7FF0, 4) == bytes(4)
    assert await host.read("REG_ERRORS") == 1
    cycles = await host.read("CYCLES_LO")
    assert await host.read("CYCLES_LO") > cycles
    finish(host)


@test()
@cocotb.parametrize(name=[setting.name for setting in SETTINGS])
async def traffic(dut, name):
    """Both directions through two queues at once, packets of 20 to 9000 bytes at any alignment, some of them tampered with."""
    setting = next(setting for setting in SETTINGS if setting.name == name)
    host = await started(dut, setting)
    pairs = make_sas(host.rng, 6)
    await install(host, pairs)
    queues = [Queue(host, 0, 4, 5), Queue(host, 2, 6, 4, HIGH_MEMORY)]
    for queue in queues:
        await queue.start()
    free = dict(host.free)
    for _ in range(SCALE):
        host.free = dict(free)
        # An SA belongs to one queue: between queues there is no order.
        largest = [[encap_job(host, pairs[0], 9000)], [decap_job(host, pairs[1], 9000)]]
        tasks = [cocotb.start_soon(run(queue, largest[part] + random_jobs(host, pairs[part::2], 25))) for part, queue in enumerate(queues)]
        for task in tasks:
            await task
    for queue in queues:
        await queue.stop()
    for sa in (sa for pair in pairs for sa in pair):
        assert await host.sa_command(NUMBERS["SA_OP_DELETE"], sa) == NUMBERS["SA_RESULT_OK"]
        if not sa.inbound:
            assert await host.sa_number() == sa.seq
    assert host.rq.largest_write == min(setting.payload, 1024) and host.rq.straddled
    assert host.rq.largest_read == setting.read_request
    assert (host.rq.largest_tag >= 32) == setting.extended_tags, f"largest tag {host.rq.largest_tag}"
    finish(host)


@test()
async def interrupts(dut):
    """Vectors masked in the table and by the function: nothing is sent, the pending bit is set, and unmasking sends one message."""
    host = await started(dut)
    pairs = make_sas(host.rng, 1)
    await install(host, pairs)
    queue = Queue(host, 1)
    await queue.start()
    event, bar = host.pci.msi_vectors[1].event, host.pci.bar_window[0]
    control, offset = REG["MSIX_VECTOR_CONTROL"] + REG["MSIX_STRIDE"], host.pci.get_capability_offset(PciCapId.MSIX) + 2
    flags = await host.pci.config_read_word(offset)

    async def mask_vector(on):
        await bar.write_dword(control, int(on))

    async def mask_function(on):
        await host.pci.config_write_word(offset, flags | (0x4000 if on else 0))

    for mask in (mask_vector, mask_function):
        await mask(True)
        event.clear()
        job = encap_job(host, pairs[0], 100)
        queue.submit("ENCAP", job.source, 100, job.destination, job.capacity, 0, 7)
        await queue.ring()
        await queue.write("CQ_HEAD", queue.head | 1 << 31)
        while not await host.read("MSIX_PBA"):
            pass
        assert await host.read("MSIX_PBA") == 1 << 1 and not event.is_set()
        found = queue.reap()
        assert [completion.cookie for completion in found] == [7]
        job.check(host, found[0])
        await mask(False)
        await event.wait()
        assert await host.read("MSIX_PBA") == 0
    finish(host)


@test()
async def failed_reads(dut):
    """Host memory that is not there, that fails, is poisoned, or answers too late: each its status, nothing written, the next packet unharmed."""
    host = await started(dut)
    pairs = make_sas(host.rng, 1)
    await install(host, pairs)
    queue = Queue(host, 0)
    await queue.start()
    nowhere, broken, timeout = 0x77_0000_0000, 0x78_0000_0000, 3000
    await host.write("DMA_TIMEOUT", timeout)

    class Broken(MemoryRegion):
        async def read(self, *_, **__):
            raise OSError

    host.rc.mem_address_space.register_region(Broken(1 << 16), broken)
    send = host.rc.send

    async def poison(tlp):
        tlp.ep = tlp.fmt_type == TlpType.CPL_DATA and tlp.length > 8  # not those of descriptors
        await send(tlp)

    async def delay(tlp):
        if tlp.fmt_type == TlpType.CPL_DATA and tlp.length > 8:
            await Timer(4 * 2 * timeout, "ns")
        await send(tlp)

    for status, source, way in (("DMA_UNSUPPORTED", nowhere, send), ("DMA_ABORTED", broken, send), ("DMA_POISONED", None, poison), ("DMA_TIMEOUT", None, delay)):
        inner = esp.inner_packet(host.rng, 300)
        # No number is drawn for what was not read.
        bad = Job(host, "ENCAP", inner, STATUS[status], b"", 0, source=source)
        host.rc.send = way
        await run(queue, [bad])
        host.rc.send = send
        await run(queue, [encap_job(host, pairs[0], 300), decap_job(host, pairs[0], 300)])
    assert await host.sa_command(NUMBERS["SA_OP_QUERY"], pairs[0][0]) == 0 and await host.sa_number() == pairs[0][0].seq
    finish(host, ("Memory request did not match", "Memory read operation failed", "Bad status", "Poisoned TLP"))


async def under_traffic(host, queue, pairs, cycles, lengths):
    """Rings as many packets as the queue holds and returns some cycles later. Reads that are lost then end soon."""
    await host.write("DMA_TIMEOUT", 2000)
    for cookie in range(queue.room()):
        job = encap_job(host, pairs[0], host.rng.choice(lengths))
        queue.submit("ENCAP", job.source, len(job.data), job.destination, job.capacity, job.sa, cookie)
    await queue.ring()
    for _ in range(cycles):
        await RisingEdge(host.dut.user_clk)


@test()
@cocotb.parametrize(cycles=[20, 300, 700])
async def bus_master_off(dut, cycles):
    """Bus mastering goes off under traffic, and the block drops what still comes. Registers answer, the queue ends with an error, and when
    bus mastering is back the SAs are there and no number comes twice."""
    host = await started(dut, Setting("", pause_rq=0.2, late_writes=0.5))
    pairs = make_sas(host.rng, 1)
    await install(host, pairs)
    queue = Queue(host, 0)
    await queue.start()
    await under_traffic(host, queue, pairs, cycles + host.rng.randrange(50), (64, 100, 1500))
    await host.pci.clear_master()
    assert await host.read("STATUS") == 1
    while (await queue.read("CONTROL")) >> 8 & 1:
        pass
    assert (await queue.read("CONTROL")) >> 9 & 1, "no error of the queue"
    await host.pci.set_master()
    assert await host.sa_command(NUMBERS["SA_OP_QUERY"], pairs[0][0]) == NUMBERS["SA_RESULT_OK"]
    pairs[0][0].seq = await host.sa_number()
    queue = Queue(host, 0)
    await queue.start()
    await run(queue, random_jobs(host, pairs, 8))
    finish(host, ("Bus mastering disabled, dropping TLP",))


@test()
@cocotb.parametrize(cycles=[30, 500])
async def function_level_reset(dut, cycles):
    """A function level reset under traffic: it ends, no SA is left, and the card works again. Reads that were under way are answered yet."""
    host = await started(dut, Setting("", pause_rc=0.3))
    pairs = make_sas(host.rng, 2)
    await install(host, pairs)
    queue = Queue(host, 3)
    await queue.start()
    await under_traffic(host, queue, pairs, cycles + host.rng.randrange(50), (64, 1500, 4000))
    control = await host.pci.capability_read_word(PciCapId.EXP, 8)
    await host.pci.capability_write_word(PciCapId.EXP, 8, control | 1 << 15)
    await host.reset_done.wait()
    await host.configure()
    assert await host.read("SA_OUT_COUNT") == 0 and await host.read("SA_IN_COUNT") == 0
    assert await host.sa_command(NUMBERS["SA_OP_QUERY"], pairs[0][0]) == NUMBERS["SA_RESULT_NOT_FOUND"]
    pairs = make_sas(host.rng, 2, first=2)
    await install(host, pairs)
    queue = Queue(host, 3)
    await queue.start()
    await run(queue, random_jobs(host, pairs, 10))
    finish(host, ("Bus mastering disabled, dropping TLP",))
