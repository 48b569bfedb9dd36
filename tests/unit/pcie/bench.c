/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "bench.h"
#include "bits.h"
#include "dut.h"
#include "espalier_regs.h"

DUT_PORT(rst);
DUT_PORT(stop);
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
DUT_PORT(pcie_rq_seq_num_vld0);
DUT_PORT(pcie_rq_seq_num_vld1);
DUT_PORT(fence_ask);
DUT_PORT(fence_done);

/* ---- reads ------------------------------------------------------------------------------------------------------------ */
struct read reads[MAX_READS];
unsigned n_reads, n_done, done_status[32];
static unsigned n_offered;

/* ---- writes and interrupts ----------------------------------------------------------------------------------------------- */
struct write writes[MAX_WRITES];
unsigned n_writes, seen_write, irq_percent, irqs, messages;
static unsigned cur_write, cur_beat; /* offered: writes, and beats of the next */
static unsigned seen_bytes;	     /* at the root, of the write that is coming */
/* Of a vector: its interrupts with the writes accepted before each, its messages with the writes seen before the last. The k-th message
 * cannot be due to an interrupt before the k-th, and the last one must come behind all writes before the last interrupt. */
#define MAX_IRQS 65536
static struct vector {
	unsigned irqs, messages, seen;
	unsigned after[MAX_IRQS];
} vectors[4];

/* Fences, one behind the other, all the time. */
static struct {
	int waits;
	unsigned writes; /* accepted before it */
	unsigned done;
} fence;

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
		root.whole = ++seen_write;
		seen_bytes = 0;
	}
}

/* One request of a faulty read is hit: any but, if none was before, its last. */
enum fault on_fault(uint64_t addr, unsigned len)
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
	if (*P8(s_axis_wr_tvalid) == 0 && cur_write < n_writes && (cur_beat || !chance(root.stall))) { /* no gap within a write */
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
	*P8(fence_ask) = !fence.waits;
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
	if (root.stopped && status == ESP_STATUS_DMA_STOPPED) {
		free(r->seen);
		r->seen = NULL;
		return;
	}
	assert_int_equal(status, status_of(r->fault));
	if (r->fault == FAULT_NONE)
		assert_int_equal(r->got, r->len);
	free(r->seen);
	r->seen = NULL;
}

/* Each fence ends only when the writes accepted before it cannot be passed any more. */
static void sample_fence(void)
{
	if (*P8(fence_ask)) {
		fence.waits = 1;
		fence.writes = cur_write;
	} else if (*P8(fence_done)) {
		assert_true(root.stopped || root.passed >= fence.writes);
		fence.waits = 0;
		fence.done++;
	}
}

void interrupt(unsigned v)
{
	irqs++;
	assert_true(vectors[v].irqs < MAX_IRQS);
	vectors[v].after[vectors[v].irqs++] = cur_write;
}

void cycle(void)
{
	int rd, wr;

	drive();
	dut_settle();
	root_sample();
	sample_fence();
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
	/* For those who clock the card by themselves. */
	*P8(fence_ask) = *P8(pcie_rq_seq_num_vld0) = *P8(pcie_rq_seq_num_vld1) = 0;
	if (rd)
		*P8(rd_req_valid) = 0;
	if (wr)
		*P8(s_axis_wr_tvalid) = 0;
}

void msix_access(unsigned addr, uint32_t data, int write, int64_t want)
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

void msix_setup(void)
{
	for (unsigned v = 0; v < 4; v++) {
		msix_access(0x8000 + 16 * v, MSI_BASE + 16 * v, 1, 0);
		msix_access(0x8004 + 16 * v, v == 3, 1, 0);
		msix_access(0x8008 + 16 * v, 0x4000 + v, 1, 0);
		msix_access(0x800C + 16 * v, 0, 1, 0);
	}
	*P8(cfg_msix_enable) = 1;
}

int setup(void **state)
{
	(void)state;
	n_reads = n_offered = n_done = n_writes = cur_write = cur_beat = seen_write = seen_bytes = 0;
	irq_percent = irqs = messages = 0;
	memset(vectors, 0, sizeof(vectors));
	memset(&fence, 0, sizeof(fence));
	memset(done_status, 0, sizeof(done_status));
	root = (struct root){.mps = 256, .mrrs = 512, .rcb = 64, .answer = 1, .timeout = 20000, .write = on_write, .fault = on_fault};
	root_reset();
	dut_open(getenv("ESPALIER_TRACE"));
	*P8(rst) = 1;
	dut_edge();
	dut_edge();
	*P8(rst) = 0;
	dut_edge(); /* valid may rise after it: AXI4-Stream, 2.8.2 */
	return 0;
}

int teardown(void **state)
{
	(void)state;
	for (unsigned i = 0; i < n_reads; i++) {
		free(reads[i].seen);
		reads[i].seen = NULL;
	}
	dut_close();
	return 0;
}

void add_read(unsigned offset, unsigned len, enum fault fault)
{
	struct read *r = &reads[n_reads];

	assert_true(n_reads < MAX_READS);
	/* Bits 20 and up name the read; some below 4 GiB, some above. */
	*r = (struct read){.addr = (uint64_t)n_reads << 20 | offset | (rnd(2) ? 0x5Aull << 40 : 0), .len = len, .fault = fault};
	r->seen = calloc(1, len);
	n_reads++;
}

void add_write(void)
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

int all_written(void)
{
	return cur_write == n_writes;
}

void forget_writes(void)
{
	root.passed = root.whole = seen_write = n_writes;
	seen_bytes = 0;
}

/* Until everything that was added is done and nothing moves. */
void finish(unsigned limit)
{
	unsigned i;

	for (i = 0; n_done < n_reads || seen_write < n_writes || root.outstanding; i++) {
		if (i == limit)
			fail_msg("hang: %u of %u reads, %u of %u writes, %u outstanding", n_done, n_reads, seen_write, n_writes, root.outstanding);
		cycle();
	}
	irq_percent = root.stray = 0;
	fence.done = 0;
	for (i = 0; i < 2000; i++)
		cycle();
	assert_true(fence.done > 10);
	assert_int_equal(root.seen_unexpected, root.unexpected);
	for (i = 0; i < 4; i++)
		if (vectors[i].irqs)
			assert_true(vectors[i].messages && vectors[i].seen >= vectors[i].after[vectors[i].irqs - 1]);
}
