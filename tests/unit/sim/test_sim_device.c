// SPDX-License-Identifier: Apache-2.0
// The simulated slot around a card in C (fake_card.h): registers, DMA in every shape, interrupts, faults, and each rule that a card can break.
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../../sim/device.h"
#include "../../../sim/options.h"
#include "../../../sim/rc_completions.h"
#include "fake_card.h"

#define IOVA 0x7f0000000000ull
#define MEMORY 0x10000u

static struct sim_options opt;
static struct device dev;
static uint8_t *memory;
static int memory_fd;
static struct rng rng;

static void setup_with(void)
{
	uint8_t command = 6;

	card_open(NULL);
	device_init(&dev, &opt);
	assert_int_equal(device_config_write(&dev, 4, &command, 1), 0);
	assert_int_equal(host_memory_map(&dev.memory, IOVA, MEMORY, 0, memory_fd, HOST_MEMORY_READ | HOST_MEMORY_WRITE), 0);
	rng.state = 7;
}

static int setup(void **state)
{
	(void)state;
	memory_fd = memfd_create("test", 0);
	if (ftruncate(memory_fd, MEMORY))
		return -1;
	memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED, memory_fd, 0);
	options_defaults(&opt);
	return memory == MAP_FAILED ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	device_close(&dev);
	munmap(memory, MEMORY);
	close(memory_fd);
	return 0;
}

static uint32_t get(uint32_t offset)
{
	uint32_t v;

	device_read(&dev, offset, &v, 4);
	return v;
}

static void put(uint32_t offset, uint32_t v)
{
	device_write(&dev, offset, &v, 4);
}

static void settle(void)
{
	for (unsigned int i = 0; device_busy(&dev) && !dev.violation.raised; i++) {
		assert_true(i < 2000000);
		device_run(&dev, 1);
	}
}

static uint32_t copy(uint64_t src, uint64_t dst, uint32_t len)
{
	put(FAKE_SRC, (uint32_t)src);
	put(FAKE_SRC + 4, (uint32_t)(src >> 32));
	put(FAKE_DST, (uint32_t)dst);
	put(FAKE_DST + 4, (uint32_t)(dst >> 32));
	put(FAKE_LEN, len);
	put(FAKE_GO, 1);
	settle();
	return dev.violation.raised ? 0 : get(FAKE_STATE);
}

static void fault(const char *text)
{
	char err[256];

	assert_int_equal(fault_parse(text, &opt.faults[opt.fault_count++], err, sizeof err), 0);
}

/* ---- registers ---------------------------------------------------------------------------------------------------------------- */

static void registers(void **state)
{
	uint64_t wide = 0x1122334455667788, back = 0;
	uint8_t bytes[3] = {0xaa, 0xbb, 0xcc}, got[24];

	(void)state;
	setup_with();
	assert_int_equal(get(0), FAKE_ID);
	put(FAKE_SCRATCH, 0x12345678);
	assert_int_equal(get(FAKE_SCRATCH), 0x12345678);
	device_write(&dev, FAKE_SCRATCH + 1, bytes, 3);
	assert_int_equal(get(FAKE_SCRATCH), 0xccbbaa78);
	device_read(&dev, FAKE_SCRATCH + 2, got, 2);
	assert_memory_equal(got, bytes + 1, 2);
	/* Exactly 8 aligned bytes: one access of two dwords. */
	dev.stats.mmio_reads = 0;
	device_write(&dev, FAKE_SRC, &wide, 8);
	device_read(&dev, FAKE_SRC, &back, 8);
	assert_int_equal(back, wide);
	assert_int_equal(dev.stats.mmio_reads, 1);
	device_read(&dev, 0x1, got, sizeof got);
	assert_int_equal(got[0], 'S');
	assert_int_equal(got[17], 0);
	assert_int_equal(got[0x18 - 1], 0x78);
	assert_false(dev.violation.raised);
}

static void registers_wide_address(void **state)
{
	(void)state;
	opt.bar = 0x380000000000;
	setup_with();
	put(FAKE_SCRATCH, 0xcafe);
	assert_int_equal(get(FAKE_SCRATCH), 0xcafe);
}

static void registers_out_of_reach(void **state)
{
	uint8_t command = 0;

	(void)state;
	setup_with();
	put(0x8000, 0x1234);
	assert_int_equal(get(0x8000), UINT32_MAX); /* the MSI-X table */
	assert_int_equal(get(0xc000), 0);
	assert_int_equal(device_config_write(&dev, 4, &command, 1), 0);
	assert_int_equal(get(0), UINT32_MAX); /* memory decoding off */
	put(FAKE_SCRATCH, 1);
	command = 6;
	assert_int_equal(device_config_write(&dev, 4, &command, 1), 0);
	assert_int_equal(get(FAKE_SCRATCH), 0);
	assert_int_equal(get(0x8000), UINT32_MAX);
}

static void reset_keeps_configuration(void **state)
{
	uint8_t flr = 0x81;

	(void)state;
	setup_with();
	put(FAKE_SCRATCH, 5);
	device_reset(&dev);
	assert_int_equal(get(FAKE_SCRATCH), 0);
	put(FAKE_SCRATCH, 5);
	assert_int_equal(device_config_write(&dev, 0x79, &flr, 1), 0);
	assert_int_equal(get(FAKE_SCRATCH), 0);
	device_release(&dev);
	assert_int_equal(get(0), UINT32_MAX); /* as after power-up */
}

/* ---- DMA ---------------------------------------------------------------------------------------------------------------------- */

static void check_copies(unsigned int count)
{
	static uint8_t expected[MEMORY];

	setup_with();
	for (unsigned int n = 0; n < count; n++) {
		uint32_t len = 1 + rng_below(&rng, n % 2 ? 64 : FAKE_MAX);
		uint32_t src = rng_below(&rng, 0x4000), dst = 0x8000 + rng_below(&rng, 0x4000);

		for (uint32_t i = 0; i < MEMORY; i++)
			memory[i] = (uint8_t)rng_next(&rng);
		memcpy(expected, memory, MEMORY);
		memcpy(expected + dst, memory + src, len);
		assert_int_equal(copy(IOVA + src, IOVA + dst, len), 0);
		assert_false(dev.violation.raised);
		assert_memory_equal(memory, expected, MEMORY);
	}
	assert_int_equal(get(FAKE_ENABLES), 0);
}

static void dma_plain(void **state)
{
	(void)state;
	check_copies(40);
	assert_int_equal(dev.stats.reads_unmapped, 0);
}

static void dma_shapes(void **state)
{
	static const struct {
		unsigned int mps, mrrs, rcb, latency, stall, speed, width;
		bool split, reorder;
	} shapes[] = {
		{128, 128, 64, 0, 0, 1, 1, false, false}, {128, 4096, 64, 2000, 0, 3, 16, true, false},
		{128, 512, 128, 500, 50, 3, 16, true, true}, {256, 1024, 64, 0, 80, 5, 16, true, true},
		{512, 512, 128, 2000, 30, 2, 4, true, true}, {1024, 4096, 128, 100, 10, 4, 8, false, true},
	};

	for (unsigned int i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
		opt.mps = shapes[i].mps;
		opt.mrrs = shapes[i].mrrs;
		opt.rcb = shapes[i].rcb;
		opt.latency = shapes[i].latency;
		opt.stall = shapes[i].stall;
		opt.speed = shapes[i].speed;
		opt.width = shapes[i].width;
		opt.split = shapes[i].split;
		opt.reorder = shapes[i].reorder;
		opt.seed = i;
		check_copies(12);
		assert_int_equal(teardown(state), 0);
		assert_int_equal(setup(state), 0);
	}
	setup_with();
}

/* PCI Express Base 4.0, 2.3.1.1: every piece but the last ends at an RCB, none is above MPS, together they are the read. */
static void check_pieces(uint64_t addr, uint32_t len, unsigned int *pieces)
{
	struct tlp_fields f = {.kind = TLP_MRD, .addr = addr & ~3ull, .tag = 1}, c;
	uint32_t mps = 128u << config_mps_code(&dev.config), at = 0;

	tlp_byte_enables(addr, len, &f.dwords, &f.first_be, &f.last_be);
	rc_read_arrived(&dev.rc, &f, 1, 0);
	while (dev.rc.read_count) {
		struct tlp *tlp = rc_next_completion(&dev.rc, 1000);
		uint32_t bytes;

		assert_non_null(tlp);
		assert_int_equal(tlp_decode(tlp, &c), 0);
		assert_int_equal(c.lower, (addr + at) & 0x7f);
		assert_int_equal(c.byte_count, len - at);
		assert_true(c.dwords * 4u <= mps);
		bytes = c.dwords * 4u - (c.lower & 3u);
		if (bytes >= len - at)
			bytes = len - at;
		else
			assert_int_equal((addr + at + bytes) % opt.rcb, 0);
		assert_memory_equal(tlp->data + (c.lower & 3), memory + (addr - IOVA) + at, bytes);
		at += bytes;
		++*pieces;
		tlp_free(tlp);
	}
	assert_int_equal(at, len);
}

static void completion_pieces(void **state)
{
	unsigned int whole = 0, split = 0;

	(void)state;
	for (int round = 0; round < 8; round++) {
		opt.rcb = round & 1 ? 128 : 64;
		opt.mps = round & 2 ? 512 : 128;
		opt.split = round & 4;
		setup_with();
		for (uint32_t i = 0; i < MEMORY; i++)
			memory[i] = (uint8_t)rng_next(&rng);
		for (int n = 0; n < 500; n++) {
			uint32_t addr = rng_below(&rng, 4096);

			check_pieces(IOVA + addr, 1 + rng_below(&rng, 4096 - addr), opt.split ? &split : &whole);
		}
		device_close(&dev);
	}
	assert_true(split > whole);
	setup_with();
}

/* A read takes at least the latency, and 4096 bytes over a x1 gen1 link at least 4096 cycles. */
static void link_time(void **state)
{
	uint64_t start;

	(void)state;
	opt.speed = opt.width = 1;
	opt.latency = 2000;
	setup_with();
	settle();
	start = dev.now;
	copy(IOVA, IOVA + 0x8000, 4096);
	assert_in_range(dev.now - start, 2 * 4096 + 500 + 20000, 3 * 4096 + 500 + 20000 + 1000);
}

/* With one credit of a kind, a request leaves when the one before it has arrived and its credit has flown back (2.6.1). */
static void credits(void **state)
{
	uint64_t start, took[4];

	(void)state;
	opt.latency = 400; /* 50 cycles of flight there and back, 50 in the host */
	opt.mps = opt.mrrs = 128;
	for (int kind = 0; kind < 4; kind++) {
		opt.posted_headers = kind == 1 ? 1 : 128;
		opt.posted_data = kind == 2 ? 8 : 1024; /* 128 bytes */
		opt.nonposted_headers = kind == 3 ? 1 : 128;
		setup_with();
		settle();
		start = dev.now;
		copy(IOVA, IOVA + 0x8000, 4096);
		took[kind] = dev.now - start;
		assert_int_equal(dev.stats.credit_waits > 0, kind == 3);
		device_close(&dev);
	}
	for (int kind = 1; kind < 4; kind++)
		assert_true(took[kind] > took[0] + 31 * 50 - 300);
	setup_with();
}

/* A card that asks for more than the block's buffer holds is told so: 32 KiB of completions that it does not take. */
static void completion_buffer(void **state)
{
	(void)state;
	setup_with();
	for (int i = 0; i < 9; i++) {
		struct tlp_fields f = {.kind = TLP_CPLD, .dwords = 1024, .byte_count = 4096};
		struct tlp *tlp = tlp_alloc();

		assert_non_null(tlp);
		assert_false(dev.violation.raised);
		tlp_encode(tlp, &f);
		hard_block_deliver(&dev.hb, tlp);
	}
	assert_true(dev.violation.raised);
	assert_non_null(strstr(dev.violation.text, "bytes wait"));
	device_close(&dev);
	setup_with();
}

static void dma_unmapped(void **state)
{
	(void)state;
	setup_with();
	/* Error code 2, status UR. */
	assert_int_equal(copy(IOVA + MEMORY - 8, IOVA, 16), 1 << 16 | 2 << 8);
	assert_int_equal(copy(0x1000, IOVA, 64), 1 << 16 | 2 << 8);
	assert_int_equal(dev.stats.reads_unmapped, 2);
	assert_int_equal(copy(IOVA, IOVA + MEMORY, 64), 0);
	assert_int_equal(dev.stats.writes_unmapped, 1);
	assert_int_equal(get(0), FAKE_ID);
}

/* ---- interrupts --------------------------------------------------------------------------------------------------------------- */

static void interrupts(void **state)
{
	int fd = eventfd(0, EFD_NONBLOCK), spare = dup(fd);
	uint64_t count = 0;

	(void)state;
	setup_with();
	copy(IOVA, IOVA + 0x8000, 8);
	assert_int_equal(dev.stats.interrupts, 0);
	device_set_vectors(&dev, 0, 1, &spare);
	assert_int_equal(spare, -1);
	assert_int_equal(config_get(&dev.config, 0x62, 2), 0x8003);
	copy(IOVA, IOVA + 0x8000, 8);
	assert_int_equal(read(fd, &count, 8), 8);
	assert_int_equal(count, 1);
	device_reset(&dev); /* the table is programmed again */
	copy(IOVA, IOVA + 0x8000, 8);
	assert_int_equal(read(fd, &count, 8), 8);
	device_set_vectors(&dev, 0, SIM_VECTORS, NULL);
	assert_false(config_msix_enabled(&dev.config));
	copy(IOVA, IOVA + 0x8000, 8);
	assert_int_equal(read(fd, &count, 8), -1);
	assert_int_equal(dev.stats.interrupts, 2);
	close(fd);
}

/* ---- faults ------------------------------------------------------------------------------------------------------------------- */

static void check_fault(void **state, const char *text, uint32_t expected)
{
	opt.split = true;
	opt.lost_cycles = 3000;
	fault(text);
	setup_with();
	assert_int_equal(copy(IOVA + 3, IOVA + 0x8000, 4000) & 0xff00, expected << 8);
	assert_false(dev.violation.raised);
	/* And the next copy is sound. */
	memory[3] = 0x77;
	if (!(get(FAKE_STATE) & 1)) {
		assert_int_equal(copy(IOVA + 3, IOVA + 0x8000, 100), 0);
		assert_int_equal(memory[0x8000], 0x77);
	}
	assert_int_equal(teardown(state), 0);
	assert_int_equal(setup(state), 0);
}

static void faults(void **state)
{
	check_fault(state, "ur:nth=3", 2);
	check_fault(state, "ca:nth=3", 2);
	check_fault(state, "poisoned:nth=3", 1);
	check_fault(state, "timeout:nth=3,delay=4000", 9);
	check_fault(state, "malformed:nth=3,what=count", 3);
	check_fault(state, "malformed:nth=3,what=nodata", 3);
	check_fault(state, "malformed:nth=3,what=attr", 4);
	check_fault(state, "malformed:nth=3,what=address", 5);
	check_fault(state, "lost:nth=3", 0);
	check_fault(state, "malformed:nth=3,what=tag", 0);
	check_fault(state, "late:nth=3,delay=40000", 0);
	setup_with();
}

/* A lost read leaves the card waiting; the simulator goes to sleep after lost_cycles, and the tag may be used again after a reset. */
static void lost_read_sleeps(void **state)
{
	uint64_t start;

	(void)state;
	opt.lost_cycles = 50000;
	fault("lost:nth=1");
	setup_with();
	settle();
	start = dev.now;
	assert_int_equal(copy(IOVA, IOVA + 0x8000, 64), 1);
	assert_in_range(dev.now - start, 50000, 57000 + 20000);
	assert_int_equal(dev.stats.faults[FAULT_LOST], 1);
	assert_int_equal(dev.hb.lost, 1);
}

/* The host stops taking reads: the card waits, with its clock running, registers answer, and a reset ends it. */
static void no_read_credits(void **state)
{
	(void)state;
	opt.nonposted_headers = 2; /* else all are under way before the second arrives */
	fault("nocredits:nth=2");
	setup_with();
	put(FAKE_SRC, 0);
	put(FAKE_SRC + 4, IOVA >> 32);
	put(FAKE_DST, 0x8000);
	put(FAKE_DST + 4, IOVA >> 32);
	put(FAKE_LEN, 4000);
	put(FAKE_GO, 1);
	device_run(&dev, 200000);
	assert_true(device_busy(&dev));
	assert_int_equal(get(FAKE_STATE), 1);
	assert_int_equal(dev.stats.dma_reads, 2);
	put(FAKE_SCRATCH, 9);
	assert_int_equal(get(FAKE_SCRATCH), 9);
	device_reset(&dev);
	assert_int_equal(copy(IOVA, IOVA + 0x8000, 4000), 0);
	assert_false(dev.violation.raised);
}

static void stray_completion(void **state)
{
	(void)state;
	opt.lost_cycles = 100;
	fault("malformed:nth=1,what=tag");
	setup_with();
	copy(IOVA, IOVA + 0x8000, 64);
	assert_int_equal(get(FAKE_STRAY), 1);
	assert_int_equal(config_get(&dev.config, 0x104, 4), AER_UNEXPECTED_COMPLETION);
}

static void link_drops(void **state)
{
	uint8_t vendor[2], command = 6;

	(void)state;
	fault("linkdown:nth=1,delay=40000");
	setup_with();
	put(FAKE_SCRATCH, 9);
	put(FAKE_SRC + 4, IOVA >> 32);
	put(FAKE_LEN, 64);
	put(FAKE_GO, 1);
	for (int i = 0; i < 1000; i++)
		device_run(&dev, 1);
	assert_int_equal(get(0), UINT32_MAX);
	assert_int_equal(device_config_read(&dev, 0, vendor, 2), 0);
	assert_int_equal(vendor[0] & vendor[1], 0xff);
	settle();
	assert_int_equal(device_config_read(&dev, 0, vendor, 2), 0);
	assert_int_equal(vendor[0], 0xEE);
	assert_int_equal(get(0), UINT32_MAX); /* unconfigured */
	assert_int_equal(device_config_write(&dev, 4, &command, 1), 0);
	assert_int_equal(get(0), FAKE_ID);
	assert_int_equal(get(FAKE_SCRATCH), 0);
}

/* ---- broken rules ------------------------------------------------------------------------------------------------------------- */

static void expect_violation(void **state, enum fake_break what, const char *text)
{
	setup_with();
	put(FAKE_BREAK, what);
	copy(IOVA + 0xff0, IOVA + 0x8000, what == BREAK_BE ? 2 : 3000);
	if (!dev.violation.raised)
		get(FAKE_SCRATCH);
	assert_true(dev.violation.raised);
	if (!strstr(dev.violation.text, text))
		fail_msg("'%s' does not say '%s'", dev.violation.text, text);
	assert_int_equal(teardown(state), 0);
	assert_int_equal(setup(state), 0);
}

static void broken_rules(void **state)
{
	uint8_t command = 2;

	opt.stall = 40;
	expect_violation(state, BREAK_VALID, "tvalid fell");
	expect_violation(state, BREAK_4K, "crosses 4 KiB");
	expect_violation(state, BREAK_MRRS, "above MRRS");
	expect_violation(state, BREAK_MPS, "above MPS");
	expect_violation(state, BREAK_TAG, "tag 0 is used again");
	expect_violation(state, BREAK_BE, "byte enables");
	expect_violation(state, BREAK_LANE, "begins in dword 4");
	expect_violation(state, BREAK_MARKS, "bit 1 without bit 0");
	expect_violation(state, BREAK_EARLY, "begins before the one before it ends");
	expect_violation(state, BREAK_SOP, "is_sop");
	expect_violation(state, BREAK_LENGTH, "expected");
	expect_violation(state, BREAK_CC_TAG, "which no request has");
	expect_violation(state, BREAK_CC_COUNT, "byte count");
	expect_violation(state, BREAK_CC_TWICE, "which no request has");
	expect_violation(state, BREAK_MUTE, "no completion");
	/* 3000 bytes from 16 bytes before a boundary on: 48 completions at most; 2 KiB in flight are more than 40. */
	opt.completion_headers = 40;
	expect_violation(state, BREAK_SPACE, "up to 4");
	opt.completion_bytes = 1500;
	expect_violation(state, BREAK_SPACE, "bytes, more than");
	setup_with();
	assert_int_equal(get(0), FAKE_ID); /* cycles with bus mastering on */
	assert_int_equal(device_config_write(&dev, 4, &command, 1), 0);
	settle();
	copy(IOVA, IOVA + 0x8000, 64);
	assert_true(dev.violation.raised);
	assert_non_null(strstr(dev.violation.text, "bus mastering is off"));
}

/* Long requests to registers: the card's error completion has 8 dwords, and the host sees all ones. */
static void error_completion(void **state)
{
	uint8_t data[4];

	(void)state;
	setup_with();
	assert_int_equal(rc_read_start(&dev.rc, 0, 12), 0);
	for (int i = 0; i < 5000 && !rc_read_done(&dev.rc, 0, data, 4); i++)
		device_run(&dev, 1);
	assert_false(dev.violation.raised);
	assert_int_equal(data[0] & data[3], 0xff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(registers, setup, teardown),
		cmocka_unit_test_setup_teardown(registers_wide_address, setup, teardown),
		cmocka_unit_test_setup_teardown(registers_out_of_reach, setup, teardown),
		cmocka_unit_test_setup_teardown(reset_keeps_configuration, setup, teardown),
		cmocka_unit_test_setup_teardown(dma_plain, setup, teardown),
		cmocka_unit_test_setup_teardown(dma_shapes, setup, teardown),
		cmocka_unit_test_setup_teardown(completion_pieces, setup, teardown),
		cmocka_unit_test_setup_teardown(link_time, setup, teardown),
		cmocka_unit_test_setup_teardown(credits, setup, teardown),
		cmocka_unit_test_setup_teardown(completion_buffer, setup, teardown),
		cmocka_unit_test_setup_teardown(dma_unmapped, setup, teardown),
		cmocka_unit_test_setup_teardown(interrupts, setup, teardown),
		cmocka_unit_test_setup_teardown(faults, setup, teardown),
		cmocka_unit_test_setup_teardown(no_read_credits, setup, teardown),
		cmocka_unit_test_setup_teardown(lost_read_sleeps, setup, teardown),
		cmocka_unit_test_setup_teardown(stray_completion, setup, teardown),
		cmocka_unit_test_setup_teardown(link_drops, setup, teardown),
		cmocka_unit_test_setup_teardown(broken_rules, setup, teardown),
		cmocka_unit_test_setup_teardown(error_completion, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
