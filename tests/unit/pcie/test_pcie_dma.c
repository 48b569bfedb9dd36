/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The requester side (pcie_dma: read, write, MSI-X, RQ) against a root complex (root.c), through the bench (bench.c). Swept: MPS, MRRS, RCB,
 * back-pressure on all streams, reordering, every fault, bus mastering; and the rates that the link's beats allow.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "bench.h"
#include "bits.h"
#include "dut.h"
#include "espalier_regs.h"

DUT_PORT(stop);
DUT_PORT(idle);
DUT_PORT(quiet);
DUT_PORT(cfg_msix_enable);
DUT_PORT(cfg_msix_mask);
DUT_PORT(irq_valid);
DUT_PORT(irq_vector);

/* Every alignment and a range of lengths around 4 KiB edges, for each MRRS and RCB. */
static void test_alignment(void **state)
{
	unsigned total = 0;

	for (root.mrrs = 128; root.mrrs <= 4096; root.mrrs *= 2) {
		root.rcb = root.mrrs & 0x2a80 ? 64 : 128;
		for (unsigned start = 4096 - 70; start < 4096 + 4; start++) {
			for (unsigned k = 0; k < 14; k++) {
				static const unsigned lens[] = {1, 2, 3, 4, 5, 7, 8, 63, 64, 65, 130, 513, 4096, 9600};

				add_read(start, lens[k], FAULT_NONE);
			}
		}
		finish(400000);
		total += n_reads;
		teardown(state);
		unsigned mrrs = root.mrrs;
		setup(state);
		root.mrrs = mrrs;
		root.reorder = 1;
	}
	print_message("alignment: %u reads\n", total);
}

static void sweep(void **state, enum fault last_fault, unsigned count, unsigned writes_per_read)
{
	static const unsigned mps[] = {128, 256, 512, 1024}, rcbs[] = {64, 128}, stalls[] = {0, 20, 60};
	unsigned total = 0, tlps = 0, cpls = 0, wr = 0, msgs = 0, strobes = 0;

	for (unsigned k = 0; k < 24; k++) {
		teardown(state);
		setup(state);
		root.mps = mps[k % 4];
		root.rcb = rcbs[k / 4 % 2];
		root.mrrs = 128u << rnd(6);
		root.stall = stalls[k / 8];
		root.reorder = k % 3 != 0;
		root.hold = rnd(3) * 250;
		root.stray = last_fault ? 5 : 0;
		root.timeout = last_fault ? 40000 : 100000;
		msix_setup();
		irq_percent = writes_per_read ? 2 : 0;
		for (unsigned i = 0; i < count; i++) {
			unsigned len = chance(50) ? 1 + rnd(200) : chance(95) ? 1 + rnd(2000) : chance(90) ? 1 + rnd(9600) : 1 + rnd(65535);

			add_read(rnd(0xE0000), len, last_fault && chance(30) ? (enum fault)(1 + rnd(last_fault)) : FAULT_NONE);
			for (unsigned w = 0; w < writes_per_read; w++)
				add_write();
		}
		finish(8000000);
		total += n_reads;
		tlps += root.reads;
		cpls += root.completions;
		wr += root.writes;
		msgs += messages;
		strobes += irqs;
	}
	print_message("sweep: %u reads in %u requests and %u completions; %u write TLPs, %u messages of %u interrupts\n", total, tlps, cpls, wr, msgs,
		      strobes);
}

static void test_reads(void **state)
{
	sweep(state, FAULT_NONE, 300, 0);
}

static void test_reads_and_writes(void **state)
{
	sweep(state, FAULT_NONE, 150, 2);
}

static void test_faults(void **state)
{
	sweep(state, FAULT_COUNT - 1, 250, 0);
}

/* Extended tags off, on, off again: root.c refuses tags above 31 while they are off. */
static void test_tags(void **state)
{
	(void)state;
	root.hold = 200;
	for (unsigned round = 0; round < 6; round++) {
		root.few_tags = round % 2 == 0;
		for (unsigned i = 0; i < 200; i++)
			add_read(rnd(0xE0000), 1 + rnd(600), FAULT_NONE);
		finish(200000);
	}
}

/* Each fault alone, hundreds of times; and after all of them every tag is still there: 64 reads are outstanding at once. */
static void test_no_leak(void **state)
{
	(void)state;
	root.timeout = 4000;
	for (unsigned f = FAULT_NONE + 1; f < FAULT_COUNT; f++) {
		for (unsigned i = 0; i < 150; i++)
			add_read(rnd(0xE0000), 1 + rnd(1500), (enum fault)f);
		finish(3000000);
	}
	for (unsigned i = 0; i < 7; i++)
		if (done_status[ESP_STATUS_DMA_UNSUPPORTED + i % 5] == 0)
			fail();
	/* Quarantines end. */
	for (unsigned i = 0; i < root.timeout + QUARANTINE + 500; i++)
		cycle();
	root.answer = 0;
	for (unsigned i = 0; i < 200; i++)
		add_read(rnd(0xE0000), 64, FAULT_NONE);
	for (unsigned i = 0; i < 1500; i++)
		cycle();
	assert_int_equal(root.outstanding, ROOT_TAGS);
	root.answer = 1;
	finish(100000);
	print_message("faults: status counts UR %u, CA %u, poisoned %u, timeout %u, malformed %u; %u unexpected completions counted\n",
		      done_status[ESP_STATUS_DMA_UNSUPPORTED], done_status[ESP_STATUS_DMA_ABORTED], done_status[ESP_STATUS_DMA_POISONED],
		      done_status[ESP_STATUS_DMA_TIMEOUT], done_status[ESP_STATUS_DMA_MALFORMED], root.seen_unexpected);
}

static enum fault on_lost(uint64_t addr, unsigned len)
{
	(void)addr;
	(void)len;
	return FAULT_LOST;
}

/* The link is dead: every read ends in a timeout, long ones without a tag for each request; afterwards the card works. */
static void test_dead_link(void **state)
{
	(void)state;
	root.timeout = 1000;
	root.mrrs = 128;
	for (unsigned i = 0; i < 40; i++)
		add_read(rnd(0xE0000), 9600, FAULT_LOST);
	root.fault = on_lost;
	for (unsigned i = 0; n_done < n_reads; i++) {
		assert_true(i < 300000);
		cycle();
	}
	assert_int_equal(done_status[ESP_STATUS_DMA_TIMEOUT], 40);
	assert_in_range(root.reads, 40, 40 * 70); /* a read of 9600 bytes has 75 or 76 requests of 128 */
	root.fault = on_fault;
	add_read(100, 5000, FAULT_NONE);
	finish(20000);
	print_message("dead link: 40 reads of 9600 bytes ended after %llu cycles and %u requests\n", (unsigned long long)root.now, root.reads);
}

/* Stopped in the middle of everything: what waits is dropped, reads end in DMA_STOPPED or as they would have, nothing leaves, and then all is idle. */
static void test_stop(void **state)
{
	unsigned beats;

	(void)state;
	root.stopped = 1;
	for (unsigned round = 0; round < 200; round++) {
		root.stall = round % 3 * 30;
		root.hold = rnd(3) * 100;
		for (unsigned i = 0; i < 10; i++) {
			add_read(rnd(0xE0000), 1 + rnd(3000), FAULT_NONE);
			add_write();
		}
		for (unsigned i = rnd(150); i; i--)
			cycle();
		*P8(stop) = 1;
		for (unsigned i = 0; i < 300; i++) /* what has begun ends */
			cycle();
		beats = root.rq_beats;
		for (unsigned i = 0; n_done < n_reads || !all_written() || !*P8(quiet); i++) {
			assert_true(i < 20000);
			cycle();
		}
		assert_true(*P8(idle));
		assert_int_equal(root.rq_beats, beats);
		forget_writes();
		*P8(stop) = 0;
	}
	assert_true(done_status[ESP_STATUS_DMA_STOPPED] > 100);
	assert_true(done_status[ESP_STATUS_OK] > 100);
	print_message("stop: %u reads ended well, %u stopped\n", done_status[ESP_STATUS_OK], done_status[ESP_STATUS_DMA_STOPPED]);
	root.stopped = 0;
	for (unsigned i = 0; i < 50; i++) {
		add_read(rnd(0xE0000), 1 + rnd(3000), FAULT_NONE);
		add_write();
	}
	finish(100000);
}

static void test_msix(void **state)
{
	(void)state;
	for (unsigned v = 0; v < 4; v++)
		msix_access(0x800C + 16 * v, 0, 0, 1); /* masked after reset */
	msix_setup();
	for (unsigned v = 0; v < 4; v++) {
		msix_access(0x8000 + 16 * v, 0, 0, MSI_BASE + 16 * v);
		msix_access(0x8004 + 16 * v, 0, 0, v == 3);
		msix_access(0x8008 + 16 * v, 0, 0, 0x4000 + v);
		msix_access(0x800C + 16 * v, 0, 0, 0);
	}
	msix_access(0x8040, 0, 0, -1);
	msix_access(0xC000, 1, 1, -1);
	msix_access(0xC004, 0, 0, 0);
	msix_access(0xC004, 1, 1, -1);
	msix_access(0xC008, 0, 0, -1);

	/* Disabled, the function masked, or the vector masked: pending, no message; then one message for many interrupts. */
	for (unsigned mode = 0; mode < 3; mode++) {
		for (unsigned v = 0; v < 4; v++) {
			unsigned before = messages;

			if (mode == 0)
				*P8(cfg_msix_enable) = 0;
			else if (mode == 1)
				*P8(cfg_msix_mask) = 1;
			else
				msix_access(0x800C + 16 * v, 1, 1, 0);
			for (unsigned i = 0; i < 3; i++) {
				*P8(irq_valid) = 1;
				*P8(irq_vector) = (uint8_t)v;
				dut_edge();
				*P8(irq_valid) = 0;
				dut_edge();
			}
			interrupt(v);
			for (unsigned i = 0; i < 30; i++)
				cycle();
			assert_int_equal(messages, before);
			msix_access(0xC000, 0, 0, 1 << v);
			*P8(cfg_msix_enable) = 1;
			*P8(cfg_msix_mask) = 0;
			if (mode == 2)
				msix_access(0x800C + 16 * v, 0, 1, 0);
			for (unsigned i = 0; i < 30; i++)
				cycle();
			assert_int_equal(messages, before + 1);
			msix_access(0xC000, 0, 0, 0);
		}
	}
}

static void test_rate(void **state)
{
	static const unsigned mps[] = {128, 256, 512};
	uint64_t begin;
	unsigned beats;

	for (unsigned k = 0; k < 3; k++) {
		teardown(state);
		setup(state);
		root.mps = mps[k];
		beats = 0;
		for (unsigned i = 0; i < 100; i++) {
			writes[n_writes] = (struct write){.addr = (uint64_t)n_writes << 20, .len = 9216};
			n_writes++;
			beats += 9216 / mps[k] / 2 * (2 * mps[k] / 64 + 1); /* two TLPs with their descriptors, straddled */
		}
		begin = root.now;
		while (seen_write < n_writes)
			cycle();
		/* 9216 is a multiple of all three: nothing but TLP beats, and the start. */
		assert_in_range(root.now - begin, beats, beats + 10);
		print_message("writes: MPS %u: %.2f cycles per 64 bytes\n", mps[k], (double)(root.now - begin) / 14400);
	}
	teardown(state);
	setup(state);
	root.mps = 512;
	root.hold = 60;
	for (unsigned i = 0; i < 4000; i++)
		add_read(64 * rnd(1000), 64, FAULT_NONE);
	begin = root.now;
	while (n_done < n_reads)
		cycle();
	print_message("reads: 64 bytes each: %.2f cycles per read\n", (double)(root.now - begin) / 4000);
	assert_true(root.now - begin < 4000 * 2.1 + 100);
	begin = root.now;
	for (unsigned i = 0; i < 400; i++)
		add_read(4096 * rnd(10), 4096, FAULT_NONE);
	root.rcb = 512; /* whole requests */
	while (n_done < n_reads)
		cycle();
	print_message("reads: 4096 bytes each: %.2f cycles per 64 bytes\n", (double)(root.now - begin) / 400 / 64);
	assert_true(root.now - begin < 400 * 64 * 1.05);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {T(test_alignment), T(test_reads), T(test_reads_and_writes), T(test_faults), T(test_tags), T(test_no_leak),
					   T(test_dead_link), T(test_stop), T(test_msix),		T(test_rate)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
