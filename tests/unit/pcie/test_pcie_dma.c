/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The requester side (pcie_dma: read, write, MSI-X, RQ) against a root complex (root.c). Reads: every byte of the answer is host memory's,
 * comes once, and each read is done once with the right status. Writes: every byte lands where it was meant to, in order; messages behind
 * the writes that came before their interrupts. Swept: MPS, MRRS, RCB, back-pressure on all streams, reordering, every fault.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "bits.h"
#include "dut.h"
#include "espalier_regs.h"
#include "root.h"

DUT_PORT(rst);
DUT_PORT(cfg_bus_master_enable);
DUT_PORT(cfg_msix_enable);
DUT_PORT(cfg_msix_mask);
DUT_PORT(m_axis_rq_tvalid);
DUT_PORT(rd_req_valid);
DUT_PORT(rd_req_ready);
DUT_PORT(rd_req);
DUT_PORT(rd_rsp_valid);
DUT_PORT(rd_rsp_ready);
DUT_PORT(rd_rsp);
DUT_PORT(s_axis_wr_tvalid);
DUT_PORT(s_axis_wr_tready);
DUT_PORT(s_axis_wr_tdata);
DUT_PORT(s_axis_wr_tlast);
DUT_PORT(s_axis_wr_tuser);
DUT_PORT(irq_valid);
DUT_PORT(irq_vector);
DUT_PORT(msix_req);
DUT_PORT(msix_rsp);

#define MSI_BASE 0xFEE00000u
#define MAX_READS 8192
#define MAX_WRITES 8192

/* ---- reads ------------------------------------------------------------------------------------------------------------ */
static struct read {
	uint64_t addr;
	unsigned len, got;
	enum fault fault;
	int injected, done;
	unsigned status;
	uint8_t *seen;
} reads[MAX_READS];
static unsigned n_reads, n_offered, n_done;
static unsigned done_status[32];

/* ---- writes and interrupts ----------------------------------------------------------------------------------------------- */
static struct write {
	uint64_t addr;
	unsigned len;
} writes[MAX_WRITES];
static unsigned n_writes, cur_write, cur_beat; /* to offer, offered whole */
static unsigned seen_write, seen_bytes;	       /* at the root */
static unsigned irq_percent;
static unsigned irqs, messages;
/* Of a vector: its interrupts with the writes accepted before each, its messages with the writes seen before the last. The k-th message
 * cannot be due to an interrupt before the k-th, and the last one must come behind all writes before the last interrupt. */
#define MAX_IRQS 65536
static struct vector {
	unsigned irqs, messages, seen;
	unsigned after[MAX_IRQS];
} vectors[4];

static uint8_t write_byte(unsigned w, unsigned i)
{
	return (uint8_t)(w * 31 + i * 7 + (i >> 8) * 3);
}

static void on_write(uint64_t addr, unsigned len, const uint8_t *data)
{
	uint64_t low = addr & 0xffffffff;

	if (low >= MSI_BASE && low < MSI_BASE + 64) {
		unsigned v = (unsigned)(low - MSI_BASE) / 16;

		assert_int_equal(len, 4);
		assert_int_equal(addr, MSI_BASE + 16 * v + (v == 3 ? 1ull << 32 : 0));
		assert_int_equal(data[0] | data[1] << 8 | data[2] << 16, 0x4000 + v);
		assert_true(vectors[v].messages < vectors[v].irqs);
		assert_true(seen_write >= vectors[v].after[vectors[v].messages]);
		vectors[v].messages++;
		vectors[v].seen = seen_write;
		messages++;
		return;
	}
	struct write *w = &writes[seen_write];

	assert_true(seen_write < n_writes);
	assert_int_equal(addr, w->addr + seen_bytes);
	assert_true(seen_bytes + len <= w->len);
	for (unsigned i = 0; i < len; i++)
		assert_int_equal(data[i], write_byte(seen_write, seen_bytes + i));
	seen_bytes += len;
	if (seen_bytes == w->len) {
		seen_write++;
		seen_bytes = 0;
	}
}

/* One request of a faulty read is hit: any but, if none was before, its last. */
static enum fault on_fault(uint64_t addr, unsigned len)
{
	struct read *r = &reads[(addr >> 20) & 0xffff];

	if (r->fault == FAULT_NONE || r->injected)
		return FAULT_NONE;
	if (addr + len != r->addr + r->len && rnd(3))
		return FAULT_NONE;
	r->injected = 1;
	return r->fault;
}

static unsigned status_of(enum fault f)
{
	switch (f) {
	case FAULT_NONE:
		return ESP_STATUS_OK;
	case FAULT_UR:
		return ESP_STATUS_DMA_UNSUPPORTED;
	case FAULT_CA:
		return ESP_STATUS_DMA_ABORTED;
	case FAULT_POISONED:
	case FAULT_POISONED_CODE:
		return ESP_STATUS_DMA_POISONED;
	case FAULT_LOST:
	case FAULT_LATE:
	case FAULT_BLOCK_TIMEOUT:
		return ESP_STATUS_DMA_TIMEOUT;
	default:
		return ESP_STATUS_DMA_MALFORMED;
	}
}

static void drive(void)
{
	if (*P8(rd_req_valid) == 0 && n_offered < n_reads && !chance(root.stall)) {
		struct read *r = &reads[n_offered];

		bits_set(PW(rd_req), 0, 16, n_offered);
		bits_set(PW(rd_req), 16, 16, r->len);
		bits_set(PW(rd_req), 32, 64, r->addr);
		*P8(rd_req_valid) = 1;
	}
	*P8(rd_rsp_ready) = (uint8_t)!chance(root.stall);
	if (*P8(s_axis_wr_tvalid) == 0 && cur_write < n_writes && !chance(root.stall)) {
		struct write *w = &writes[cur_write];
		uint8_t data[64];

		for (unsigned i = 0; i < 64; i++)
			data[i] = 64 * cur_beat + i < w->len ? write_byte(cur_write, 64 * cur_beat + i) : 0xEE;
		memcpy(PW(s_axis_wr_tdata), data, 64);
		bits_set(PW(s_axis_wr_tuser), 0, 16, w->len);
		bits_set(PW(s_axis_wr_tuser), 16, 64, w->addr);
		*P8(s_axis_wr_tlast) = 64 * (cur_beat + 1) >= w->len;
		*P8(s_axis_wr_tvalid) = 1;
	}
	*P8(irq_valid) = irq_percent && chance(irq_percent);
	*P8(irq_vector) = (uint8_t)(chance(5) ? 4 + rnd(252) : rnd(4));
	root_drive();
}

static void sample_response(void)
{
	uint32_t *p = PW(rd_rsp);
	unsigned ctx = (unsigned)bits_get(p, 550, 16), offset = (unsigned)bits_get(p, 534, 16), count = (unsigned)bits_get(p, 527, 7);
	unsigned start = (unsigned)bits_get(p, 521, 6), done = (unsigned)bits_get(p, 520, 1), status = (unsigned)bits_get(p, 512, 8);
	const uint8_t *data = (const uint8_t *)p;
	struct read *r = &reads[ctx];

	assert_true(ctx < n_offered && !r->done);
	assert_true(start + count <= 64 && (count || done));
	if (count)
		assert_true(offset + count <= r->len);
	for (unsigned i = 0; i < count; i++) {
		assert_false(r->seen[offset + i]);
		r->seen[offset + i] = 1;
		assert_int_equal(data[start + i], host_byte(r->addr + offset + i));
	}
	r->got += count;
	if (!done)
		return;
	r->done = 1;
	r->status = status;
	n_done++;
	done_status[status & 31]++;
	assert_int_equal(status, status_of(r->fault));
	if (r->fault == FAULT_NONE)
		assert_int_equal(r->got, r->len);
	free(r->seen);
	r->seen = NULL;
}

static void interrupt(unsigned v)
{
	irqs++;
	assert_true(vectors[v].irqs < MAX_IRQS);
	vectors[v].after[vectors[v].irqs++] = cur_write;
}

static void cycle(void)
{
	int rd, wr;

	drive();
	dut_settle();
	root_sample();
	rd = *P8(rd_req_valid) && *P8(rd_req_ready);
	wr = *P8(s_axis_wr_tvalid) && *P8(s_axis_wr_tready);
	if (*P8(rd_rsp_valid) && *P8(rd_rsp_ready))
		sample_response();
	if (*P8(irq_valid) && *P8(irq_vector) < 4)
		interrupt(*P8(irq_vector));
	if (rd)
		n_offered++;
	if (wr) {
		cur_beat++;
		if (*P8(s_axis_wr_tlast)) {
			cur_write++;
			cur_beat = 0;
		}
	}
	dut_edge();
	if (rd)
		*P8(rd_req_valid) = 0;
	if (wr)
		*P8(s_axis_wr_tvalid) = 0;
}

static void msix_access(unsigned addr, uint32_t data, int write, int64_t want)
{
	*P64(msix_req) = 1ull << 53 | (uint64_t)write << 52 | (uint64_t)addr << 36 | (uint64_t)data << 4 | 15;
	cycle();
	*P64(msix_req) = 0;
	for (unsigned i = 0; !(*P64(msix_rsp) >> 33 & 1); i++) {
		assert_true(i < 4);
		cycle();
	}
	if (want < 0)
		assert_true(*P64(msix_rsp) >> 32 & 1);
	else
		assert_int_equal((uint32_t)*P64(msix_rsp), want);
}

static void msix_setup(void)
{
	for (unsigned v = 0; v < 4; v++) {
		msix_access(0x8000 + 16 * v, MSI_BASE + 16 * v, 1, 0);
		msix_access(0x8004 + 16 * v, v == 3, 1, 0);
		msix_access(0x8008 + 16 * v, 0x4000 + v, 1, 0);
		msix_access(0x800C + 16 * v, 0, 1, 0);
	}
	*P8(cfg_msix_enable) = 1;
}

static int setup(void **state)
{
	(void)state;
	n_reads = n_offered = n_done = n_writes = cur_write = cur_beat = seen_write = seen_bytes = 0;
	irq_percent = irqs = messages = 0;
	memset(vectors, 0, sizeof(vectors));
	memset(done_status, 0, sizeof(done_status));
	root = (struct root){.mps = 256, .mrrs = 512, .rcb = 64, .answer = 1, .timeout = 20000, .write = on_write, .fault = on_fault};
	root_reset();
	dut_open(getenv("ESPALIER_TRACE"));
	*P8(rst) = 1;
	*P8(cfg_bus_master_enable) = 1;
	dut_edge();
	dut_edge();
	*P8(rst) = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (unsigned i = 0; i < n_reads; i++) {
		free(reads[i].seen);
		reads[i].seen = NULL;
	}
	dut_close();
	return 0;
}

static void add_read(unsigned offset, unsigned len, enum fault fault)
{
	struct read *r = &reads[n_reads];

	assert_true(n_reads < MAX_READS);
	/* Bits 20 and up name the read; some below 4 GiB, some above. */
	*r = (struct read){.addr = (uint64_t)n_reads << 20 | offset | (rnd(2) ? 0x5Aull << 40 : 0), .len = len, .fault = fault};
	r->seen = calloc(1, len);
	n_reads++;
}

static void add_write(void)
{
	struct write *w = &writes[n_writes];

	assert_true(n_writes < MAX_WRITES);
	w->addr = (uint64_t)n_writes << 20 | (rnd(2) ? 0x77ull << 36 : 0);
	if (chance(40)) {
		unsigned dword = rnd(16);

		w->addr += 64 * rnd(1024) + 4 * dword;
		w->len = 1 + rnd(64 - 4 * dword);
	} else {
		w->addr += 64 * rnd(1024);
		w->len = chance(70) ? 1 + rnd(1600) : 1 + rnd(9600);
	}
	n_writes++;
}

/* Until everything that was added is done and nothing moves. */
static void finish(unsigned limit)
{
	unsigned i;

	for (i = 0; n_done < n_reads || seen_write < n_writes || root.outstanding; i++) {
		if (i == limit)
			fail_msg("hang: %u of %u reads, %u of %u writes, %u outstanding", n_done, n_reads, seen_write, n_writes, root.outstanding);
		cycle();
	}
	irq_percent = root.stray = 0;
	for (i = 0; i < 2000; i++)
		cycle();
	assert_int_equal(root.seen_unexpected, root.unexpected);
	for (i = 0; i < 4; i++)
		if (vectors[i].irqs)
			assert_true(vectors[i].messages && vectors[i].seen >= vectors[i].after[vectors[i].irqs - 1]);
}

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
		root.timeout = last_fault ? 12000 : 60000;
		msix_setup();
		irq_percent = writes_per_read ? 2 : 0;
		for (unsigned i = 0; i < count; i++) {
			unsigned len = chance(50) ? 1 + rnd(200) : chance(95) ? 1 + rnd(2000) : chance(90) ? 1 + rnd(9600) : 1 + rnd(65535);

			add_read(rnd(0xE0000), len, last_fault && chance(30) ? (enum fault)(1 + rnd(last_fault)) : FAULT_NONE);
			for (unsigned w = 0; w < writes_per_read; w++)
				add_write();
		}
		finish(2000000);
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

static void test_bus_master(void **state)
{
	unsigned beats;

	(void)state;
	for (unsigned round = 0; round < 30; round++) {
		for (unsigned i = 0; i < 10; i++) {
			add_read(rnd(0xE0000), 1 + rnd(3000), FAULT_NONE);
			add_write();
		}
		for (unsigned i = rnd(100); i; i--)
			cycle();
		*P8(cfg_bus_master_enable) = 0;
		for (unsigned i = 0; i < 60; i++) /* what has begun ends */
			cycle();
		beats = root.rq_beats;
		for (unsigned i = 0; i < 2000; i++)
			cycle();
		assert_int_equal(root.rq_beats, beats);
		*P8(cfg_bus_master_enable) = 1;
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
	msix_access(0xC004, 0, 0, -1);

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
			beats += 9216 / mps[k] * ((16 + mps[k] + 63) / 64);
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
	assert_true(root.now - begin < 400 * 64 * 1.2);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {T(test_alignment), T(test_reads), T(test_reads_and_writes), T(test_faults), T(test_no_leak),
					   T(test_dead_link), T(test_bus_master), T(test_msix),		T(test_rate)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
