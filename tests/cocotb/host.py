# SPDX-License-Identifier: Apache-2.0
"""The host of the card in cocotbext-pcie's world: root complex, hard block, the registers by their names, SAs and queues.

Everything goes by TLPs through the model of the hard block; nothing reaches around it into the card. Numbers of registers and statuses come
from driver/espalier_regs.h; descriptors are those of driver/ring.h.
"""
import dataclasses
import itertools
import logging
import os
import re
import struct

import cocotb
from cocotb.triggers import Event, RisingEdge, Timer
from cocotbext.axi import AxiStreamBus, MemoryRegion
from cocotbext.pcie.core import RootComplex
from cocotbext.pcie.core.pci import PciCapId
from cocotbext.pcie.core.tlp import TlpType
from cocotbext.pcie.xilinx.us import UltraScalePlusPcieDevice

import monitor

HEADER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "driver", "espalier_regs.h")
with open(HEADER, encoding="utf-8") as file:
    NUMBERS = {name: int(value, 0) for name, value in re.findall(r"\bESP_(\w+)(?: =)? (0x[0-9a-f]+|\d+)[u,]", file.read())}
REG = {name[4:]: value for name, value in NUMBERS.items() if name.startswith("REG_")}
STATUS = {name[7:]: value for name, value in NUMBERS.items() if name.startswith("STATUS_")}

LOW_MEMORY, HIGH_MEMORY, MEMORY_SIZE = 0x0010_0000, 0x12_3400_0000, 1 << 20  # below 4 GiB (3 dword headers), above (4 dword headers)
EXTENDED_TAGS = 1 << 8  # Device Control
READ_COMPLETION_BOUNDARY = 1 << 3  # Link Control


@dataclasses.dataclass(frozen=True)
class Setting:
    """How the system is set up: sizes in bytes, pauses in parts of all cycles."""
    name: str
    payload: int = 256
    read_request: int = 512
    boundary: int = 64
    split: bool = False           # a completion at every boundary
    extended_tags: bool = True
    rc_straddle: int = 4          # TLPs a beat of RC
    pause_rc: float = 0.0
    pause_rq: float = 0.0
    pause_registers: float = 0.0  # CQ and CC
    headers: int = 128            # completions that the block holds
    late_writes: float = 0.0      # of so many writes: completions on CC overtake them, as the block may do until it reports their number

    def __str__(self):
        return self.name


class Complaints(logging.Handler):
    """What the models warn of: dropped, malformed, unroutable TLPs. Nothing is expected unless a test says so."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.messages = []

    def emit(self, record):
        self.messages.append(record.getMessage())


def pauses(rng, part):
    return (rng.random() < part for _ in itertools.count())


class Host:
    """A root complex with the card behind it. memory: host memory at LOW_MEMORY and HIGH_MEMORY."""

    def __init__(self, dut, setting, rng):
        self.dut, self.setting, self.rng = dut, setting, rng
        self.complaints = Complaints()
        self.log_level(logging.ERROR)
        self.rc = RootComplex()
        self.rc.max_payload_size = (setting.payload // 128).bit_length() - 1
        self.rc.max_read_request_size = (setting.read_request // 128).bit_length() - 1
        self.rc.read_completion_boundary = setting.boundary == 128
        self.rc.split_on_all_rcb = setting.split
        self.rc.mem_pool.alloc_region(LOW_MEMORY)  # from address 0 on, which is nobody's
        self.memory = {LOW_MEMORY: self.rc.mem_pool.alloc_region(MEMORY_SIZE), HIGH_MEMORY: MemoryRegion(MEMORY_SIZE)}
        self.rc.mem_address_space.register_region(self.memory[HIGH_MEMORY], HIGH_MEMORY)
        self.free = {base: base for base in self.memory}
        self.block = UltraScalePlusPcieDevice(
            pcie_generation=3, pcie_link_width=16, user_clk_frequency=250e6, alignment="dword", rq_straddle=True,
            rc_straddle=setting.rc_straddle >= 2, rc_4tlp_straddle=setting.rc_straddle == 4, max_payload_size=1024,
            enable_client_tag=True, enable_extended_tag=setting.extended_tags,
            pf0_msix_enable=True, pf0_msix_table_size=REG["MSIX_COUNT_MAX"] - 1, pf0_msix_table_offset=REG["MSIX_ADDR_LO"],
            pf0_msix_pba_offset=REG["MSIX_PBA"],
            user_clk=dut.user_clk, user_reset=dut.user_reset,
            rq_bus=AxiStreamBus.from_prefix(dut, "rq"), rc_bus=AxiStreamBus.from_prefix(dut, "rc"),
            cq_bus=AxiStreamBus.from_prefix(dut, "cq"), cc_bus=AxiStreamBus.from_prefix(dut, "cc"),
            cfg_fc_sel=0,
            **{name: getattr(dut, name) for name in (
                "pcie_rq_seq_num0", "pcie_rq_seq_num_vld0", "pcie_rq_seq_num1", "pcie_rq_seq_num_vld1",
                "cfg_mgmt_addr", "cfg_mgmt_function_number", "cfg_mgmt_write", "cfg_mgmt_write_data", "cfg_mgmt_byte_enable", "cfg_mgmt_read",
                "cfg_mgmt_read_data", "cfg_mgmt_read_write_done", "cfg_max_payload", "cfg_max_read_req", "cfg_function_status", "cfg_rcb_status",
                "cfg_flr_in_process", "cfg_flr_done", "cfg_interrupt_msix_enable", "cfg_interrupt_msix_mask")})
        self.block.rx_buf_cplh_fc_limit = setting.headers
        self.block.send = self._send_upstream
        self.function = self.block.functions[0]
        self.function.configure_bar(0, 1 << 16, ext=True, prefetch=True)
        self.function.pcie_cap.function_level_reset_capability = True
        self.function.pcie_cap.initiate_function_level_reset = self.function_level_reset
        self.rc.make_port().connect(self.block)
        dut.cfg_flr_in_process.value = 0
        for end, part in ((self.block.rc_source, setting.pause_rc), (self.block.rq_sink, setting.pause_rq),
                          (self.block.cq_source, setting.pause_registers), (self.block.cc_sink, setting.pause_registers)):
            if part:
                end.set_pause_generator(pauses(rng, part))
        self.rq = monitor.RqMonitor(dut, self.limits)
        self.cc = monitor.CcMonitor(dut)
        self.pci = None
        self.reset_done = Event()

    async def _send_upstream(self, tlp):
        """What leaves the block; the requests of RQ stay in order among themselves, for its task waits here."""
        if tlp.fmt_type in (TlpType.MEM_WRITE, TlpType.MEM_WRITE_64) and self.rng.random() < self.setting.late_writes:
            await Timer(self.rng.randrange(4, 2000), "ns")
        await self.block.upstream_send(tlp)

    def limits(self):
        """What requests must keep to; without bus mastering the block drops them, whatever they are."""
        cap = self.function.pcie_cap
        if not self.function.bus_master_enable:
            return 4096, 4096, 256
        return 128 << cap.max_payload_size, 128 << cap.max_read_request_size, 256 if cap.extended_tag_field_enable else 32

    @staticmethod
    def log_level(level):
        for name in ("cocotb.pcie", "cocotb.top"):
            logging.getLogger(name).setLevel(level)

    async def start(self):
        """Enumerates and sets the card up as an operating system does, until it is ready."""
        await RisingEdge(self.dut.user_reset)
        while int(self.dut.user_reset.value):
            await RisingEdge(self.dut.user_clk)
        cocotb.start_soon(self.rq.run())
        cocotb.start_soon(self.cc.run())
        await self.rc.enumerate()  # looks for devices that are not there, which is worth a warning to the models
        self.log_level(logging.WARNING)
        models = logging.getLogger("cocotb.pcie")
        models.handlers, models.propagate = [self.complaints], False
        self.pci = self.rc.find_device(self.function.pcie_id)
        await self.pci.enable_device()
        await self.configure()

    async def configure(self):
        """What Function Level Reset takes back: bus mastering, sizes, interrupts."""
        await self.pci.set_master()
        await self.pci.set_readrq((self.setting.read_request // 128).bit_length() - 1)
        link = await self.pci.capability_read_word(PciCapId.EXP, 0x10)
        await self.pci.capability_write_word(PciCapId.EXP, 0x10, link | (READ_COMPLETION_BOUNDARY if self.setting.boundary == 128 else 0))
        self.pci.msix_enabled = False  # so that the vectors are written anew
        await self.pci.alloc_irq_vectors(4, 4)
        while not await self.read("STATUS") & 1:
            pass

    async def function_level_reset(self):
        """What the block does when software sets Initiate Function Level Reset: configuration space goes back to what it was at the start
        (but for the BARs, which software would write again), and the card is told and waited for."""
        cap = self.function.pcie_cap
        self.function.bus_master_enable = False
        self.function.msix_cap.msix_enable = self.function.msix_cap.msix_function_mask = False
        cap.extended_tag_field_enable, cap.max_payload_size, cap.max_read_request_size = False, 0, 2
        cocotb.start_soon(self._run_function_level_reset())

    async def _run_function_level_reset(self):
        self.dut.cfg_flr_in_process.value = 1
        while not int(self.dut.cfg_flr_done.value):
            await RisingEdge(self.dut.user_clk)
        self.dut.cfg_flr_in_process.value = 0
        self.reset_done.set()

    # ---- registers ----
    async def read(self, register, offset=0):
        return await self.pci.bar_window[0].read_dword(REG[register] + offset)

    async def write(self, register, value, offset=0):
        await self.pci.bar_window[0].write_dword(REG[register] + offset, value)

    async def sa_command(self, op, sa):
        """Runs a command; gives its result."""
        await self.write("SA_INDEX", sa.index)
        await self.write("SA_OPTIONS", int(sa.inbound) | int(sa.esn) << 1 | (len(sa.key) // 8 - 2) << 2 | sa.ttl << 8
                         | (sa.window << 16 if sa.inbound else 0))
        if op == NUMBERS["SA_OP_ADD"]:
            for i, word in enumerate(struct.unpack(f"<{len(sa.key) // 4}I", sa.key)):
                await self.write("SA_KEY", word, 4 * i)
            await self.write("SA_SALT", struct.unpack("<I", sa.salt)[0])
            await self.write("SA_SPI", sa.spi)
            await self.write("SA_SRC", sa.src)
            await self.write("SA_DST", sa.dst)
            await self.write("SA_SEQ_LO", sa.seq & 0xFFFFFFFF)
            await self.write("SA_SEQ_HI", sa.seq >> 32)
        await self.write("SA_COMMAND", op)
        while (state := await self.read("SA_STATE")) >> 31:
            pass
        return state & 0xFF

    async def sa_number(self):
        """The number that QUERY or DELETE fetched."""
        return await self.read("SA_RESULT_SEQ_LO") | await self.read("SA_RESULT_SEQ_HI") << 32

    # ---- host memory ----
    def allocate(self, length, align=64, base=LOW_MEMORY):
        """An address of length bytes, and a byte the card must not write around them."""
        address = (self.free[base] + align - 1) & -align
        self.free[base] = address + length + 1
        assert self.free[base] <= base + MEMORY_SIZE, "host memory is used up"
        return address

    def release_all(self):
        self.free = {base: base for base in self.free}

    def put(self, address, data):
        base = HIGH_MEMORY if address >= HIGH_MEMORY else LOW_MEMORY
        self.memory[base][address - base:address - base + len(data)] = data

    def get(self, address, length):
        base = HIGH_MEMORY if address >= HIGH_MEMORY else LOW_MEMORY
        return bytes(self.memory[base][address - base:address - base + length])


@dataclasses.dataclass
class Completion:
    cookie: int
    length: int
    sa: int
    status: int
    decap: bool


class Queue:
    """Queue number index of a host, with its rings in host memory and its MSI-X vector."""

    def __init__(self, host, index, sq_log2=5, cq_log2=5, base=LOW_MEMORY):
        self.host, self.index, self.sq_log2, self.cq_log2 = host, index, sq_log2, cq_log2
        self.sq = host.allocate(32 << sq_log2, 4096, base)
        self.cq = host.allocate(16 << cq_log2, 4096, base)
        self.tail = self.head = 0

    async def write(self, register, value):
        await self.host.write("QUEUE_" + register, value, self.index * REG["QUEUE_STRIDE"])

    async def read(self, register):
        return await self.host.read("QUEUE_" + register, self.index * REG["QUEUE_STRIDE"])

    @staticmethod
    def log_level(level):
        for name in ("cocotb.pcie", "cocotb.top"):
            logging.getLogger(name).setLevel(level)

    async def start(self):
        self.host.put(self.cq, bytes(16 << self.cq_log2))
        for register, value in (("SQ_BASE", self.sq), ("CQ_BASE", self.cq)):
            await self.write(register + "_LO", value & 0xFFFFFFFF)
            await self.write(register + "_HI", value >> 32)
        await self.write("SIZES", self.sq_log2 | self.cq_log2 << 8)
        await self.write("VECTOR", self.index)
        await self.write("CONTROL", 1)

    async def stop(self):
        """Returns when the queue is at rest."""
        await self.write("CONTROL", 0)
        while (await self.read("CONTROL")) >> 8 & 1:
            pass

    def room(self):
        return min(1 << self.sq_log2, 1 << self.cq_log2) - ((self.tail - self.head) & 0xFFFF)

    def submit(self, opcode, source, length, destination, capacity, sa, cookie):
        slot = self.tail % (1 << self.sq_log2)
        self.host.put(self.sq + 32 * slot, struct.pack("<QQHHBBHQ", source, destination, length, capacity, NUMBERS["OPCODE_" + opcode], 0, sa, cookie))
        self.tail = (self.tail + 1) & 0xFFFF

    async def ring(self):
        await self.write("SQ_TAIL", self.tail)

    def reap(self):
        """What has completed, by the phase bits in host memory."""
        found = []
        while True:
            slot, phase = self.head % (1 << self.cq_log2), 1 ^ (self.head >> self.cq_log2 & 1)
            cookie, length, sa, status, flags, _ = struct.unpack("<QHHBBH", self.host.get(self.cq + 16 * slot, 16))
            if flags & 1 != phase:
                return found
            found.append(Completion(cookie, length, sa, status, bool(flags & 2)))
            self.head = (self.head + 1) & 0xFFFF

    async def wait(self):
        """Arms the queue and waits for its interrupt; gives what has completed then, at least one."""
        event = self.host.pci.msi_vectors[self.index].event
        while True:
            event.clear()
            await self.write("CQ_HEAD", self.head | 1 << 31)
            await event.wait()
            if found := self.reap():
                return found
