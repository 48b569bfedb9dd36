// SPDX-License-Identifier: Apache-2.0
// rtl/pcie against the simulator's hard block and root complex, through copy_card/card.sv: copies in every shape of the link, each fault with
// the status that it must end in, interrupts, and a card that works on after each.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../../sim/card.h"
#include "../../../sim/device.h"
#include "../../../sim/options.h"

#define IOVA 0x7f0000000000ull
#define MEMORY 0x10000u
#define COPY 0x2000u
#define MAX_COPY 4096u

static struct sim_options opt;
static struct device dev;
static uint8_t *memory;
static int memory_fd;
static struct rng rng;

static void put(uint32_t offset, uint32_t v)
{
	device_write(&dev, offset, &v, 4);
}

static uint32_t get(uint32_t offset)
{
	uint32_t v;

	device_read(&dev, offset, &v, 4);
	return v;
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
	card_close();
	munmap(memory, MEMORY);
	close(memory_fd);
	return 0;
}

static void plug(void)
{
	uint8_t command = 6;

	card_open(getenv("ESPALIER_TRACE"));
	device_init(&dev, &opt);
	assert_int_equal(device_config_write(&dev, 4, &command, 1), 0);
	assert_int_equal(host_memory_map(&dev.memory, IOVA, MEMORY, 0, memory_fd, HOST_MEMORY_READ | HOST_MEMORY_WRITE), 0);
	put(0x1c, 20000); /* DMA_TIMEOUT */
	rng.state = opt.seed;
}

/* Status of the copy. */
static uint32_t copy(uint64_t src, uint64_t dst, uint32_t len)
{
	put(COPY + 0x00, (uint32_t)src);
	put(COPY + 0x04, (uint32_t)(src >> 32));
	put(COPY + 0x08, (uint32_t)dst);
	put(COPY + 0x0c, (uint32_t)(dst >> 32));
	put(COPY + 0x10, len);
	put(COPY + 0x14, 1);
	while (device_busy(&dev) && !dev.violation.raised)
		device_run(&dev, 1);
	assert_false(dev.violation.raised);
	assert_int_equal(get(COPY + 0x18) & 1, 0);
	return get(COPY + 0x18) >> 8;
}

static void check_copies(int count)
{
	static uint8_t expected[MEMORY];

	for (int n = 0; n < count; n++) {
		uint32_t len = 1 + rng_below(&rng, n % 3 ? MAX_COPY : 80);
		uint32_t src = rng_below(&rng, 0x4000), dst = 0x8000 + rng_below(&rng, 0x4000) / 64 * 64;

		for (uint32_t i = 0; i < MEMORY; i++)
			memory[i] = (uint8_t)rng_next(&rng);
		memcpy(expected, memory, MEMORY);
		memcpy(expected + dst, memory + src, len);
		assert_int_equal(copy(IOVA + src, IOVA + dst, len), 0);
		assert_memory_equal(memory, expected, MEMORY);
	}
}

static void registers(void **state)
{
	uint8_t bytes[2] = {0x55, 0xaa};

	(void)state;
	opt.stall = 50;
	opt.bar = 0x380000000000;
	plug();
	assert_int_equal(get(0), 0x4C505345);
	put(0x18, 0x12345678);
	device_write(&dev, 0x19, bytes, 2);
	assert_int_equal(get(0x18), 0x12aa5578);
	assert_int_equal(get(0xffc), 0); /* unmapped */
	assert_false(dev.violation.raised);
}

static void shapes(void **state)
{
	static const struct {
		unsigned int mps, mrrs, rcb, latency, stall, speed, width;
		bool split, reorder;
	} shape[] = {
		{512, 512, 64, 0, 0, 3, 16, false, false},  {128, 128, 64, 500, 0, 1, 1, false, false}, {128, 4096, 64, 2000, 20, 3, 16, true, true},
		{256, 256, 128, 1000, 60, 3, 8, true, true}, {512, 1024, 128, 0, 30, 5, 16, true, true}, {1024, 4096, 64, 100, 10, 4, 16, true, false},
	};

	for (unsigned int i = 0; i < sizeof shape / sizeof shape[0]; i++) {
		opt.mps = shape[i].mps;
		opt.mrrs = shape[i].mrrs;
		opt.rcb = shape[i].rcb;
		opt.latency = shape[i].latency;
		opt.stall = shape[i].stall;
		opt.speed = shape[i].speed;
		opt.width = shape[i].width;
		opt.split = shape[i].split;
		opt.reorder = shape[i].reorder;
		opt.seed = i + 1;
		plug();
		check_copies(20);
		assert_int_equal(teardown(state), 0);
		assert_int_equal(setup(state), 0);
	}
	plug();
}

static void faults(void **state)
{
	static const struct {
		const char *text;
		uint32_t status;
	} fault[] = {
		{"ur:nth=3", 7}, {"ca:nth=3", 8}, {"poisoned:nth=3", 9}, {"lost:nth=3", 10}, {"timeout:nth=3,delay=20000", 10},
		{"late:nth=3,delay=200000", 10}, {"malformed:nth=3,what=count", 11}, {"malformed:nth=3,what=nodata", 11},
		{"malformed:nth=3,what=attr", 11}, {"malformed:nth=3,what=address", 11}, {"malformed:nth=3,what=tag", 10},
	};
	char err[256];

	for (unsigned int i = 0; i < sizeof fault / sizeof fault[0]; i++) {
		opt.split = opt.reorder = true;
		opt.lost_cycles = 30000;
		opt.fault_count = 1;
		assert_int_equal(fault_parse(fault[i].text, &opt.faults[0], err, sizeof err), 0);
		plug();
		assert_int_equal(copy(IOVA + 3, IOVA + 0x8000, 4000), fault[i].status);
		assert_int_equal(memory[0x8000], 0);
		check_copies(12);
		assert_int_equal(teardown(state), 0);
		assert_int_equal(setup(state), 0);
	}
	plug();
	assert_int_equal(copy(0x1000, IOVA, 100), 7);
}

static void interrupt(void **state)
{
	int fd = eventfd(0, EFD_NONBLOCK), spare = dup(fd);
	uint64_t count = 0;

	(void)state;
	plug();
	device_set_vectors(&dev, 0, 1, &spare);
	assert_int_equal(copy(IOVA, IOVA + 0x8000, 100), 0);
	assert_int_equal(read(fd, &count, 8), 8);
	assert_int_equal(count, 1);
	device_set_vectors(&dev, 0, SIM_VECTORS, NULL);
	assert_int_equal(copy(IOVA, IOVA + 0x8000, 100), 0);
	assert_int_equal(dev.stats.interrupts, 1);
	close(fd);
}

/* The register that says that the copy is done is read again and again; once it says so, all of it is in memory, whatever the link holds up. */
static void done_means_in_memory(void **state)
{
	static const unsigned int credits[][2] = {{128, 1024}, {2, 64}, {1, 64}};

	for (unsigned int i = 0; i < 60; i++) {
		uint32_t len = 1 + rng_below(&rng, MAX_COPY), src = rng_below(&rng, 0x4000);

		opt.posted_headers = credits[i % 3][0];
		opt.posted_data = credits[i % 3][1];
		opt.speed = i % 2 ? 1 : 3;
		opt.width = i % 2 ? 1 : 16;
		opt.stall = i % 4 < 2 ? 0 : 40;
		plug();
		rng.state = i;
		for (uint32_t k = 0; k < MEMORY; k++)
			memory[k] = (uint8_t)rng_next(&rng);
		put(COPY + 0x00, (uint32_t)IOVA + src);
		put(COPY + 0x04, (uint32_t)(IOVA >> 32));
		put(COPY + 0x08, (uint32_t)IOVA + 0x8000);
		put(COPY + 0x0c, (uint32_t)(IOVA >> 32));
		put(COPY + 0x10, len);
		put(COPY + 0x14, 1);
		while (get(COPY + 0x18) & 1)
			assert_false(dev.violation.raised);
		assert_memory_equal(memory + 0x8000, memory + src, len);
		assert_int_equal(teardown(state), 0);
		assert_int_equal(setup(state), 0);
	}
	plug();
}

/* Copies with 32 tags, then with all, then with 32 again: the block ends the run at a tag that is not enabled. */
static void extended_tags(void **state)
{
	uint8_t control = 0x08; /* of Device Control bits 15:8: MRRS 128, extended tags off */

	(void)state;
	opt.mrrs = 128;
	plug();
	for (int i = 0; i < 3; i++) {
		control = i % 2 ? 0x09 : 0x08;
		assert_int_equal(device_config_write(&dev, CONFIG_PCIE + 9, &control, 1), 0);
		for (int k = 0; k < 100; k++)
			device_run(&dev, 1);
		check_copies(8);
	}
}

/* The block has room for 128 completions: no read is asked for whose answer could be more, whatever the boundary and the alignment. */
static void completion_headers(void **state)
{
	for (unsigned int i = 0; i < 4; i++) {
		opt.rcb = i % 2 ? 128 : 64;
		opt.mrrs = i < 2 ? 4096 : 128;
		opt.latency = 3000;
		opt.split = true;
		plug();
		check_copies(20);
		assert_in_range(dev.stats.completion_promise_max, opt.rcb == 64 ? 60 : 30, 128);
		assert_int_equal(teardown(state), 0);
		assert_int_equal(setup(state), 0);
	}
	plug();
}

/* The root port's word in Device Control 2: after 50 us, or not before 1 ms. */
static void completion_timeout(void **state)
{
	static const struct {
		uint8_t value;
		uint32_t least, most;
	} range[] = {{1, 12500, 25000}, {2, 250000, 260000}};
	char err[256];

	for (unsigned int i = 0; i < 2; i++) {
		opt.lost_cycles = 300000;
		opt.fault_count = 1;
		assert_int_equal(fault_parse("lost:nth=1", &opt.faults[0], err, sizeof err), 0);
		plug();
		put(0x1c, 0);
		assert_int_equal(device_config_write(&dev, CONFIG_PCIE + 0x28, &range[i].value, 1), 0);
		for (int k = 0; k < 200; k++)
			device_run(&dev, 1);
		uint64_t begin = dev.now;

		put(COPY + 0x00, (uint32_t)IOVA);
		put(COPY + 0x04, (uint32_t)(IOVA >> 32));
		put(COPY + 0x0c, (uint32_t)(IOVA >> 32));
		put(COPY + 0x10, 64);
		put(COPY + 0x14, 1);
		while (get(COPY + 0x18) & 1)
			assert_false(dev.violation.raised);
		assert_in_range(dev.now - begin, range[i].least, range[i].most);
		assert_int_equal(teardown(state), 0);
		assert_int_equal(setup(state), 0);
	}
	plug();
}

/* Nothing comes out of the card. */
static void bus_master_off(void **state)
{
	uint8_t command = 2;

	(void)state;
	plug();
	assert_int_equal(device_config_write(&dev, 4, &command, 1), 0);
	put(COPY + 0x04, IOVA >> 32);
	put(COPY + 0x0c, IOVA >> 32);
	put(COPY + 0x10, 64);
	put(COPY + 0x14, 1);
	for (int i = 0; i < 5000; i++)
		device_run(&dev, 1);
	assert_false(dev.violation.raised);
	assert_int_equal(dev.stats.dma_reads, 0);
}

static void start_copy(uint32_t src, uint32_t dst, uint32_t len)
{
	put(COPY + 0x00, (uint32_t)IOVA + src);
	put(COPY + 0x04, (uint32_t)(IOVA >> 32));
	put(COPY + 0x08, (uint32_t)IOVA + dst);
	put(COPY + 0x0c, (uint32_t)(IOVA >> 32));
	put(COPY + 0x10, len);
	put(COPY + 0x14, 1);
}

static void run(uint32_t cycles)
{
	device_run(&dev, cycles);
	assert_false(dev.violation.raised);
}

static void hurry_not(unsigned int i)
{
	opt.latency = i % 3 * 1000;
	opt.stall = i % 2 ? 0 : 60;
	opt.posted_headers = i % 4 ? 128 : 2;
	opt.speed = i % 5 ? 3 : 1;
	opt.split = opt.reorder = true;
	opt.mrrs = opt.mps = 128;
	plug();
	rng.state = i;
}

/*
 * Bus mastering goes off in the middle of a copy. When it comes on again the memory is another's: nothing is read or written any more, no
 * interrupt comes, and the card works for the new owner.
 */
static void bus_master_passes_on(void **state)
{
	static uint8_t before[MEMORY];
	uint8_t off = 2, on = 6;

	for (unsigned int i = 0; i < 40; i++) {
		hurry_not(i);
		start_copy(0, 0x8000, MAX_COPY);
		run(rng_below(&rng, 2000));
		assert_int_equal(device_config_write(&dev, 4, &off, 1), 0);
		run(600 + rng_below(&rng, 600)); /* what was under way arrives */
		for (uint32_t k = 0; k < MEMORY; k++)
			memory[k] = (uint8_t)rng_next(&rng);
		memcpy(before, memory, MEMORY);
		uint64_t reads = dev.stats.dma_reads, writes = dev.stats.dma_writes;

		assert_int_equal(device_config_write(&dev, 4, &on, 1), 0);
		run(30000);
		assert_int_equal(dev.stats.dma_reads, reads);
		assert_int_equal(dev.stats.dma_writes, writes);
		assert_memory_equal(memory, before, MEMORY);
		assert_int_equal(get(COPY + 0x18) & 1, 0);
		check_copies(3);
		assert_int_equal(teardown(state), 0);
		assert_int_equal(setup(state), 0);
	}
	plug();
}

/* A function level reset in the middle of a copy: the block lives on and brings the old completions; the function forgets everything. */
static void function_reset(void **state)
{
	static uint8_t before[MEMORY];
	uint8_t flr = 0x80, on = 6;

	for (unsigned int i = 0; i < 30; i++) {
		hurry_not(i);
		put(0x18, 0x1234);
		start_copy(0, 0x8000, MAX_COPY);
		run(rng_below(&rng, 1500));
		assert_int_equal(device_config_write(&dev, CONFIG_PCIE + 9, &flr, 1), 0);
		assert_false(dev.violation.raised);
		run(1000); /* what had left the block arrives */
		for (uint32_t k = 0; k < MEMORY; k++)
			memory[k] = (uint8_t)rng_next(&rng);
		memcpy(before, memory, MEMORY);
		assert_int_equal(device_config_write(&dev, 4, &on, 1), 0);
		assert_int_equal(get(0x18), 0);
		run(20000);
		assert_memory_equal(memory, before, MEMORY);
		assert_int_equal(get(0x30), 0); /* no completion without a read */
		check_copies(3);
		assert_int_equal(teardown(state), 0);
		assert_int_equal(setup(state), 0);
	}
	plug();
}

/* A read that the registers do not serve: the error completion is as the block wants it, and the next access works. */
static void long_register_read(void **state)
{
	uint8_t data[4];

	(void)state;
	plug();
	assert_int_equal(rc_read_start(&dev.rc, 0, 12), 0);
	for (int i = 0; i < 5000 && !rc_read_done(&dev.rc, 0, data, 4); i++)
		device_run(&dev, 1);
	assert_false(dev.violation.raised);
	assert_int_equal(data[0] & data[3], 0xff);
	assert_int_equal(get(0), 0x4C505345);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(registers, setup, teardown),
		cmocka_unit_test_setup_teardown(shapes, setup, teardown),
		cmocka_unit_test_setup_teardown(faults, setup, teardown),
		cmocka_unit_test_setup_teardown(interrupt, setup, teardown),
		cmocka_unit_test_setup_teardown(done_means_in_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(extended_tags, setup, teardown),
		cmocka_unit_test_setup_teardown(completion_headers, setup, teardown),
		cmocka_unit_test_setup_teardown(completion_timeout, setup, teardown),
		cmocka_unit_test_setup_teardown(bus_master_off, setup, teardown),
		cmocka_unit_test_setup_teardown(bus_master_passes_on, setup, teardown),
		cmocka_unit_test_setup_teardown(function_reset, setup, teardown),
		cmocka_unit_test_setup_teardown(long_register_read, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
