/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of rtl/dma that stand by themselves, each beside a model in C: the place of each byte of an answer (dma_place, dma_bank_ram),
 * completions gathered into writes and told behind them (dma_completions), descriptors fetched in order, with answers out of order and failures
 * (dma_fetch), the two arbiters (dma_rd_arb, dma_irq), job numbers and what is kept of each (dma_jobs), the checks of a descriptor
 * (dma_validate), and packets that leave only when they are whole (dma_out_fifo). Random numbers follow ESPALIER_TEST_SEED, their count
 * ESPALIER_TEST_SCALE.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "dut.h"
#include "espalier_regs.h"
#include "seed.h"

DUT_PORT(rst);
DUT_PORT(place_base_valid);
DUT_PORT(place_base_job);
DUT_PORT(place_base_row);
DUT_PORT(place_valid);
DUT_PORT(place_ctx);
DUT_PORT(place_offset);
DUT_PORT(place_count);
DUT_PORT(place_start);
DUT_PORT(place_done);
DUT_PORT(place_status);
DUT_PORT(place_data);
DUT_PORT(place_wr);
DUT_PORT(place_wr_row);
DUT_PORT(place_wr_low);
DUT_PORT(place_wr_high);
DUT_PORT(place_wr_data);
DUT_PORT(place_wr_done);
DUT_PORT(place_done_id);
DUT_PORT(place_done_status);
DUT_PORT(place_rd_en);
DUT_PORT(place_rd_row);
DUT_PORT(place_rd_data);
DUT_PORT(cqe_valid);
DUT_PORT(cqe_qid);
DUT_PORT(cqe_addr);
DUT_PORT(cqe_completion);
DUT_PORT(cqe_job);
DUT_PORT(cqe_hold);
DUT_PORT(cqe_offer);
DUT_PORT(cqe_take);
DUT_PORT(cqe_m_addr);
DUT_PORT(cqe_m_len);
DUT_PORT(cqe_m_data);
DUT_PORT(cqe_m_written);
DUT_PORT(cqe_done);
DUT_PORT(cqe_done_qid);
DUT_PORT(cqe_done_job);
DUT_PORT(cqe_done_status);
DUT_PORT(fetch_count);
DUT_PORT(fetch_addr);
DUT_PORT(fetch_room);
DUT_PORT(fetch_error);
DUT_PORT(fetch_issue);
DUT_PORT(fetch_issue_qid);
DUT_PORT(fetch_issue_count);
DUT_PORT(fetch_consumed);
DUT_PORT(fetch_consumed_qid);
DUT_PORT(fetch_drop);
DUT_PORT(fetch_drop_qid);
DUT_PORT(fetch_drop_count);
DUT_PORT(fetch_drop_failed);
DUT_PORT(fetch_drop_status);
DUT_PORT(fetch_req_valid);
DUT_PORT(fetch_req_ready);
DUT_PORT(fetch_req_addr);
DUT_PORT(fetch_req_len);
DUT_PORT(fetch_req_ctx);
DUT_PORT(fetch_done);
DUT_PORT(fetch_done_slot);
DUT_PORT(fetch_done_status);
DUT_PORT(fetch_buf_en);
DUT_PORT(fetch_buf_row);
DUT_PORT(fetch_buf_data);
DUT_PORT(fetch_desc_valid);
DUT_PORT(fetch_desc_queue);
DUT_PORT(fetch_desc);
DUT_PORT(arb_valid);
DUT_PORT(arb_ready);
DUT_PORT(arb_addr_0);
DUT_PORT(arb_addr_1);
DUT_PORT(arb_addr_2);
DUT_PORT(arb_base_valid);
DUT_PORT(arb_base_job);
DUT_PORT(arb_base_row);
DUT_PORT(arb_m_valid);
DUT_PORT(arb_m_ready);
DUT_PORT(arb_m_addr);
DUT_PORT(irq_valid);
DUT_PORT(irq_ready);
DUT_PORT(irq_m_valid);
DUT_PORT(irq_m_ready);
DUT_PORT(irq_m_vector);
DUT_PORT(jobs_free);
DUT_PORT(jobs_take);
DUT_PORT(jobs_job);
DUT_PORT(jobs_give);
DUT_PORT(jobs_give_job);
DUT_PORT(jobs_rd_en);
DUT_PORT(jobs_rd_job);
DUT_PORT(jobs_rd_data);
DUT_PORT(validate_valid);
DUT_PORT(validate_queue);
DUT_PORT(validate_desc);
DUT_PORT(validate_free);
DUT_PORT(validate_job_valid);
DUT_PORT(validate_decap);
DUT_PORT(validate_job);
DUT_PORT(validate_read_job);
DUT_PORT(validate_read_src);
DUT_PORT(validate_read_len);
DUT_PORT(validate_read_sa);
DUT_PORT(validate_read_status);
DUT_PORT(out_fifo_s_valid);
DUT_PORT(out_fifo_s_ready);
DUT_PORT(out_fifo_s_data);
DUT_PORT(out_fifo_s_last);
DUT_PORT(out_fifo_s_user);
DUT_PORT(out_fifo_info_valid);
DUT_PORT(out_fifo_info_ready);
DUT_PORT(out_fifo_info);
DUT_PORT(out_fifo_data_valid);
DUT_PORT(out_fifo_data_ready);
DUT_PORT(out_fifo_data);

#define CYCLES 20000u
#define QUEUES 4u

static unsigned rnd(unsigned n)
{
	return (unsigned)rand() % n;
}

static int chance(unsigned percent)
{
	return rnd(100) < percent;
}

static void reset(void)
{
	*P8(place_base_valid) = *P8(place_valid) = *P8(place_rd_en) = *P8(cqe_valid) = *P8(cqe_take) = *P8(cqe_m_written) = *P8(fetch_req_ready) = *P8(fetch_done) = 0;
	*P8(arb_valid) = *P8(arb_m_ready) = *P8(irq_valid) = *P8(irq_m_ready) = *P8(fetch_error) = 0;
	*P8(jobs_take) = *P8(jobs_give) = *P8(jobs_rd_en) = *P8(validate_valid) = *P8(out_fifo_s_valid) = *P8(out_fifo_info_ready) = *P8(out_fifo_data_ready) = 0;
	*P16(fetch_count) = 0;
	*P8(rst) = 1;
	for (int i = 0; i < 4; i++)
		dut_edge();
	*P8(rst) = 0;
	dut_edge();
}

/* ---- dma_place and dma_bank_ram ------------------------------------------------------------------------------------------------------ */

#define ROWS 1024u
#define SLOT_BYTES 256u

/* Descriptor slots, then the two packet buffers; the row behind the last is the first. */
static uint8_t expected[3][ROWS * 64], written[3][ROWS * 64];

static void take_write(void)
{
	const uint8_t *data = dut_place_wr_data();
	unsigned which = *P8(place_wr) >> 1;

	if (!*P8(place_wr))
		return;
	assert_true(*P8(place_wr) == 1 || *P8(place_wr) == 2 || *P8(place_wr) == 4);
	for (unsigned i = 0; i < 64; i++) {
		assert_false(*P64(place_wr_low) >> i & *P64(place_wr_high) >> i & 1);
		if (*P64(place_wr_low) >> i & 1)
			written[which][*P16(place_wr_row) * 64 + i] = data[i];
		if (*P64(place_wr_high) >> i & 1)
			written[which][(*P16(place_wr_row) + 1) % ROWS * 64 + i] = data[i];
	}
}

static void test_place(void **state)
{
	struct {
		int done;
		unsigned which;
		uint8_t id, status;
	} past[4];
	uint16_t base[2][256];

	(void)state;
	memset(past, 0, sizeof past);
	reset();
	for (unsigned i = 0; i < 256; i++) { /* each direction has half of the jobs */
		*P8(place_base_valid) = 1;
		*P8(place_base_job) = (uint8_t)i;
		*P16(place_base_row) = base[0][i] = base[1][i] = (uint16_t)rnd(ROWS);
		dut_edge();
	}
	*P8(place_base_valid) = 0;
	for (unsigned cycle = 0; cycle < CYCLES * test_scale(); cycle++) {
		unsigned which = rnd(3), id = which ? rnd(128) + (which == 2 ? 128 : 0) : rnd(16), count = rnd(65), start = rnd(65 - count);
		unsigned offset = which ? rnd(9600) : rnd(SLOT_BYTES - count + 1), at = which ? base[which - 1][id] * 64 : id * SLOT_BYTES;
		uint8_t *data = dut_place_data();

		memmove(past + 1, past, 3 * sizeof past[0]);
		*P8(place_valid) = chance(80);
		*P16(place_ctx) = (uint16_t)(which == 0 ? 0x8000 | id : which == 2 ? 0x4000 | id : id);
		*P16(place_offset) = (uint16_t)offset;
		*P8(place_count) = (uint8_t)count;
		*P8(place_start) = (uint8_t)(start == 64 ? 0 : start);
		*P8(place_done) = chance(30);
		*P8(place_status) = (uint8_t)rnd(12);
		for (unsigned i = 0; i < 64; i++)
			data[i] = (uint8_t)rand();
		if (*P8(place_valid))
			for (unsigned i = 0; i < count; i++)
				expected[which][(at + offset + i) % (ROWS * 64)] = data[*P8(place_start) + i];
		past[0].done = *P8(place_valid) && *P8(place_done);
		past[0].which = which;
		past[0].id = (uint8_t)id;
		past[0].status = *P8(place_status);
		dut_edge();
		/* What came three cycles ago is written now; with it the end is told. */
		take_write();
		assert_int_equal(*P8(place_wr_done), past[2].done ? 1 << past[2].which : 0);
		if (past[2].done) {
			assert_int_equal(*P8(place_done_id), past[2].id);
			assert_int_equal(*P8(place_done_status), past[2].status);
		}
	}
	*P8(place_valid) = 0;
	for (unsigned i = 0; i < 4; i++) {
		dut_edge();
		take_write();
	}
	for (unsigned i = 0; i < 3; i++)
		assert_memory_equal(written[i], expected[i], sizeof expected[i]);
	for (unsigned i = 0; i < ROWS; i++) {
		*P8(place_rd_en) = 1;
		*P16(place_rd_row) = (uint16_t)i;
		dut_edge();
		*P8(place_rd_en) = 0;
		*P16(place_rd_row) = (uint16_t)rnd(ROWS);
		for (unsigned wait = rnd(3); wait; wait--)
			dut_edge(); /* the word stays */
		for (unsigned k = 0; k < 64; k++)
			if (written[1][64 * i + k])
				assert_int_equal(((uint8_t *)dut_place_rd_data())[k], written[1][64 * i + k]);
	}
}

/* ---- dma_completions ------------------------------------------------------------------------------------------------------------------ */

static void test_completions(void **state)
{
	struct item {
		uint8_t bytes[16], job;
	} ring[QUEUES][64];
	unsigned in[QUEUES] = {0}, out[QUEUES] = {0}, told[QUEUES] = {0}, writes = 0, items = 0, waits[QUEUES] = {0}, hold = 0;
	unsigned writing = 0, written_of = 0; /* a write that was taken; its queue + 1 */

	(void)state;
	reset();
	for (unsigned cycle = 0; cycle < CYCLES * test_scale(); cycle++) {
		unsigned q = rnd(cycle / 1000 % 2 ? QUEUES : 1), dense = cycle / 500 % 3 * 45 + 5;

		dut_settle();
		*P8(cqe_valid) = !*P8(cqe_hold) && in[q] - told[q] < 60 && chance(dense);
		*P8(cqe_qid) = (uint8_t)q;
		*P64(cqe_addr) = 0x5000000000 + q * 4096 + in[q] % 64 * 16;
		for (unsigned i = 0; i < 16; i++)
			((uint8_t *)dut_cqe_completion())[i] = (uint8_t)rand();
		*P8(cqe_job) = (uint8_t)rand();
		*P8(cqe_m_written) = writing && chance(40);
		dut_settle();
		/* Never both in a cycle; neither side waits for the other for long. */
		*P8(cqe_take) = *P8(cqe_offer) && chance(*P8(cqe_valid) ? 30 : 60);
		if (*P8(cqe_take))
			*P8(cqe_valid) = 0;
		dut_settle();
		hold = *P8(cqe_hold) ? hold + 1 : 0;
		/* A write that was taken, and the three of it told, and the next may go: with a busy reader that is soon. */
		assert_true(hold < 200);
		if (*P8(cqe_take)) {
			unsigned wq = (unsigned)(*P64(cqe_m_addr) - 0x5000000000) / 4096, n = *P16(cqe_m_len) / 16;

			assert_false(writing || written_of);
			assert_true(wq < QUEUES && n >= 1 && n <= 3 && *P16(cqe_m_len) % 16 == 0);
			assert_int_equal(*P64(cqe_m_addr), 0x5000000000 + wq * 4096 + out[wq] % 64 * 16);
			assert_true(*P64(cqe_m_addr) % 128 + 16 * n <= 128);
			assert_true(in[wq] - out[wq] >= n);
			for (unsigned i = 0; i < n; i++)
				assert_memory_equal((uint8_t *)dut_cqe_m_data() + 16 * i, ring[wq][(out[wq] + i) % 64].bytes, 16);
			out[wq] += n;
			writing = wq + 1;
			writes++;
			items += n;
		} else if (*P8(cqe_m_written)) {
			written_of = writing;
			writing = 0;
		}
		if (*P8(cqe_done)) { /* only of the write that was taken, in order */
			unsigned dq = *P8(cqe_done_qid);

			assert_int_equal(written_of, dq + 1);
			assert_true(told[dq] != out[dq]);
			assert_int_equal(*P8(cqe_done_job), ring[dq][told[dq] % 64].job);
			assert_int_equal(*P8(cqe_done_status), ring[dq][told[dq] % 64].bytes[12]);
			if (++told[dq] == out[dq])
				written_of = 0;
		}
		for (unsigned i = 0; i < QUEUES; i++) {
			/* Nothing stays, however many come for another queue: a write of each queue that has one is before it, at most. */
			waits[i] = in[i] != out[i] && writing != i + 1 ? waits[i] + 1 : 0;
			assert_true(waits[i] < 200);
		}
		if (*P8(cqe_valid)) {
			memcpy(ring[q][in[q] % 64].bytes, dut_cqe_completion(), 16);
			ring[q][in[q]++ % 64].job = *P8(cqe_job);
		}
		dut_edge();
	}
	assert_true(writes > CYCLES / 32 && items > writes);
}

/* ---- dma_fetch ------------------------------------------------------------------------------------------------------------------------- */

/* Descriptor number n of queue q, as it lies in host memory. */
static void descriptor(uint8_t *to, unsigned q, unsigned n)
{
	for (unsigned i = 0; i < 32; i++)
		to[i] = (uint8_t)(q * 67 + n * 13 + i * 5 + (n >> 8));
}

static void test_fetch(void **state)
{
	static uint8_t buffer[16 * SLOT_BYTES];
	struct {
		int wanted, asked;
		unsigned q, first, count;
	} slot[16];
	/* Numbers of descriptors: decided so far, under way, that came out. A queue that stopped begins again behind the last that came. */
	unsigned next[QUEUES] = {0}, under_way[QUEUES] = {0}, came[QUEUES] = {0}, slots = 0, last_slot = 0, total = 0, failures = 0, stopped = 0;
	uint8_t row_data[64] = {0};

	(void)state;
	memset(slot, 0, sizeof slot);
	reset();
	for (unsigned cycle = 0; cycle < CYCLES * test_scale(); cycle++) {
		*P64(fetch_room) = 0;
		for (unsigned q = 0; q < QUEUES; q++) {
			if ((stopped >> q & 1) && !under_way[q] && chance(5)) {
				stopped &= ~(1u << q);
				next[q] = came[q];
			}
			/* As dma_queue says it: a count stands until it is taken, and is 0 at once when the queue stops. */
			if (stopped >> q & 1) {
				*P16(fetch_count) &= (uint16_t) ~(15u << 4 * q);
			} else if (!(*P16(fetch_count) >> 4 * q & 15) && cycle % 8 == 0) {
				*P16(fetch_count) |= (uint16_t)((cycle / 200 % 3 ? 8 : rnd(4)) << 4 * q);
				PW(fetch_addr)[2 * q] = 32 * next[q];
				PW(fetch_addr)[2 * q + 1] = q;
			}
			*P64(fetch_room) |= (uint64_t)(chance(80) ? 8 : rnd(8)) << 9 * q;
		}
		*P8(fetch_error) = (uint8_t)stopped;
		*P8(fetch_req_ready) = chance(50);
		/* Answers in any order. */
		*P8(fetch_done) = 0;
		for (unsigned i = rnd(16), n = 0; n < 16 && !*P8(fetch_done); n++, i = (i + 1) % 16)
			if (slot[i].asked && chance(30)) {
				*P8(fetch_done) = 1;
				*P8(fetch_done_slot) = (uint8_t)i;
				*P8(fetch_done_status) = chance(4) ? 7 : 0;
				slot[i].asked = 0;
				for (unsigned k = 0; k < slot[i].count; k++)
					descriptor(buffer + SLOT_BYTES * i + 32 * k, slot[i].q, slot[i].first + k);
			}
		memcpy(dut_fetch_buf_data(), row_data, 64);
		dut_settle();
		if (*P8(fetch_desc_valid)) {
			uint8_t expected_bytes[32];

			descriptor(expected_bytes, *P8(fetch_desc_queue), came[*P8(fetch_desc_queue)]++);
			assert_memory_equal(dut_fetch_desc(), expected_bytes, 32);
			total++;
		}
		if (*P8(fetch_issue)) {
			unsigned q = *P8(fetch_issue_qid);

			last_slot = slots++ % 16;
			assert_int_equal(*P8(fetch_issue_count), *P16(fetch_count) >> 4 * q & 15);
			assert_in_range(*P8(fetch_issue_count), 1, 8);
			assert_false(slot[last_slot].wanted || slot[last_slot].asked);
			slot[last_slot].wanted = 1;
			slot[last_slot].q = q;
			slot[last_slot].first = next[q];
			slot[last_slot].count = *P8(fetch_issue_count);
			next[q] += *P8(fetch_issue_count);
			under_way[q] += *P8(fetch_issue_count);
		}
		if (*P8(fetch_req_valid) && *P8(fetch_req_ready)) {
			assert_true(slot[last_slot].wanted);
			assert_int_equal(*P16(fetch_req_ctx), 0x8000 | last_slot);
			assert_int_equal(*P16(fetch_req_len), 32 * slot[last_slot].count);
			assert_int_equal(*P64(fetch_req_addr), 32 * slot[last_slot].first + ((uint64_t)slot[last_slot].q << 32));
			slot[last_slot].wanted = 0;
			slot[last_slot].asked = 1;
		}
		if (*P8(fetch_consumed))
			under_way[*P8(fetch_consumed_qid)]--;
		if (*P8(fetch_drop)) {
			unsigned q = *P8(fetch_drop_qid);

			assert_true(under_way[q] >= *P8(fetch_drop_count));
			under_way[q] -= *P8(fetch_drop_count);
			/* The first one is told as failed, those behind it are dropped with it. */
			assert_int_equal(*P8(fetch_drop_failed), !(stopped >> q & 1));
			if (*P8(fetch_drop_failed))
				assert_int_equal(*P8(fetch_drop_status), 7);
			failures += *P8(fetch_drop_failed);
		}
		int read = *P8(fetch_buf_en), issued = *P8(fetch_issue), dropped = *P8(fetch_drop);
		unsigned row = *P8(fetch_buf_row), issued_q = *P8(fetch_issue_qid), dropped_q = *P8(fetch_drop_qid);

		dut_edge();
		if (read)
			memcpy(row_data, buffer + 64 * row, 64);
		if (issued)
			*P16(fetch_count) &= (uint16_t) ~(15u << 4 * issued_q);
		if (dropped) {
			stopped |= 1u << dropped_q;
			*P16(fetch_count) &= (uint16_t) ~(15u << 4 * dropped_q);
		}
	}
	assert_true(total > CYCLES / 8 && failures > 10);
}

/* ---- the arbiters ------------------------------------------------------------------------------------------------------------------------ */

static void test_rd_arb(void **state)
{
	uint64_t *in[3] = {dut_arb_addr_0(), dut_arb_addr_1(), dut_arb_addr_2()}, queue[4];
	unsigned head = 0, tail = 0, waits[3] = {0}, passed[3] = {0};

	(void)state;
	reset();
	for (unsigned cycle = 0; cycle < CYCLES * test_scale(); cycle++) {
		for (unsigned i = 0; i < 3; i++)
			if (!(*P8(arb_valid) >> i & 1) && chance(i == 0 ? 10 : cycle / 500 % 2 ? 100 : 40)) {
				*in[i] = (uint64_t)rand() << 10 | rnd(1024);
				*P8(arb_valid) |= (uint8_t)(1u << i);
			}
		*P8(arb_m_ready) = chance(70);
		dut_settle();
		unsigned taken = *P8(arb_valid) & *P8(arb_ready);

		assert_true((taken & (taken - 1)) == 0); /* one a cycle */
		assert_int_equal(*P8(arb_m_valid), head != tail);
		if (*P8(arb_m_valid))
			assert_int_equal(*P64(arb_m_addr), queue[head % 4]);
		assert_int_equal(*P8(arb_base_valid), (taken & 6) != 0);
		if (taken & 6) {
			assert_int_equal(*P8(arb_base_job), (uint8_t)*in[taken >> 1]);
			assert_int_equal(*P16(arb_base_row), *in[taken >> 1] & 1023);
		}
		for (unsigned i = 0; i < 3; i++) {
			/* Descriptors go first, the others in turn. */
			waits[i] = (*P8(arb_valid) >> i & 1) && taken && !(taken >> i & 1) ? waits[i] + 1 : (taken >> i & 1) ? 0 : waits[i];
			if (i && taken >> i & 1)
				assert_false(*P8(arb_valid) & 1);
			passed[i] += taken >> i & 1;
		}
		assert_true(waits[0] == 0 && waits[1] < 40 && waits[2] < 40);
		int given = *P8(arb_m_valid) && *P8(arb_m_ready);

		dut_edge();
		if (taken)
			queue[tail++ % 4] = *in[taken >> 1];
		head += (unsigned)given;
		*P8(arb_valid) &= (uint8_t)~taken;
	}
	assert_true(passed[0] > CYCLES / 64 && passed[1] > CYCLES / 8 && passed[2] > CYCLES / 8);
}

static void test_irq(void **state)
{
	unsigned taken[QUEUES] = {0}, given[QUEUES] = {0}, waits[QUEUES] = {0};

	(void)state;
	reset();
	for (unsigned cycle = 0; cycle < CYCLES * test_scale(); cycle++) {
		*P8(irq_valid) |= (uint8_t)(cycle / 300 % 2 ? 15u : (unsigned)chance(20) << rnd(4));
		*P8(irq_m_ready) = chance(60);
		dut_settle();
		unsigned now = *P8(irq_valid) & *P8(irq_ready);

		assert_true((now & (now - 1)) == 0);
		if (*P8(irq_m_valid) && *P8(irq_m_ready)) {
			assert_true(*P8(irq_m_vector) >= 40 && *P8(irq_m_vector) < 44);
			given[*P8(irq_m_vector) - 40]++;
		}
		for (unsigned q = 0; q < QUEUES; q++) {
			waits[q] = (*P8(irq_valid) >> q & 1) && !(now >> q & 1) ? waits[q] + (unsigned)*P8(irq_m_ready) : 0;
			assert_true(waits[q] <= 8);
			assert_true(given[q] <= taken[q] && taken[q] - given[q] <= 1);
			taken[q] += now >> q & 1;
		}
		dut_edge();
		*P8(irq_valid) &= (uint8_t)~now;
	}
	for (unsigned q = 0; q < QUEUES; q++)
		assert_true(given[q] > CYCLES / 32);
}

/* ---- dma_jobs ------------------------------------------------------------------------------------------------------------------------------ */

#define JOBS 256u
#define RECORD_BYTES 18u /* 140 bits */

static void random_record(uint8_t *to)
{
	for (unsigned i = 0; i < RECORD_BYTES; i++)
		to[i] = (uint8_t)(rand() >> 7);
	to[RECORD_BYTES - 1] &= 15;
}

static void test_jobs(void **state)
{
	static uint8_t kept[JOBS][RECORD_BYTES];
	unsigned out[JOBS], count = 0, taken = 0, full = 0, reads = 0; /* out: numbers in use, in no order */
	uint8_t used[JOBS] = {0};

	(void)state;
	reset();
	for (unsigned cycle = 0; cycle < CYCLES * test_scale(); cycle++) {
		int filling = cycle / 700 % 2;
		unsigned at = count ? rnd(count) : 0, number = *P8(jobs_free);

		*P8(jobs_give) = count && chance(filling ? 20 : 60);
		*P8(jobs_give_job) = count ? (uint8_t)out[at] : 0;
		*P8(jobs_take) = count < JOBS && chance(filling ? 90 : 40);
		random_record(dut_jobs_job());
		/* The write side reads a job that is in use, not the one that is stored just now. */
		int read = count && chance(50);
		unsigned which = count ? out[rnd(count)] : 0;

		*P8(jobs_rd_en) = (uint8_t)read;
		*P8(jobs_rd_job) = (uint8_t)which;
		if (*P8(jobs_take)) {
			assert_false(used[number]); /* no number is out twice */
			memcpy(kept[number], dut_jobs_job(), RECORD_BYTES);
			taken++;
		}
		dut_edge();
		if (read) {
			assert_memory_equal(dut_jobs_rd_data(), kept[which], RECORD_BYTES);
			reads++;
		}
		if (*P8(jobs_give)) {
			used[out[at]] = 0;
			out[at] = out[--count];
		}
		if (*P8(jobs_take)) {
			used[number] = 1;
			out[count++] = number;
		}
		full += count == JOBS;
	}
	assert_true(taken > CYCLES / 8 && full > 10 && reads > CYCLES / 8);
}

/* ---- dma_validate --------------------------------------------------------------------------------------------------------------------------- */

struct checked {
	int valid, decap;
	unsigned status;
	uint8_t queue;
	uint16_t len, sa, capacity;
	uint64_t src, dst, cookie;
};

static uint64_t address(unsigned len)
{
	uint64_t a = (uint64_t)rand() << 31 ^ (uint64_t)rand() << 6;

	if (chance(3))
		return 0;
	if (chance(10)) /* around the end of memory */
		return 0 - (((uint64_t)len + rnd(130) + 63) & ~63ull) + 64 * rnd(2);
	return a ? a : 64;
}

/* docs/architecture.md: 32 bytes, little endian; the checks in their order. */
static void make_descriptor(struct checked *c)
{
	static const unsigned lengths[] = {0, 1, 9599, 9600, 9601, 9655, 9656, 9657, 65535};
	uint8_t *d = dut_validate_desc(), opcode, flags = 0;
	unsigned need, limit;

	memset(c, 0, sizeof *c);
	c->valid = chance(80);
	c->queue = (uint8_t)rnd(4);
	c->decap = (int)rnd(2);
	opcode = (uint8_t)(c->decap ? ESP_OPCODE_DECAP : ESP_OPCODE_ENCAP);
	c->len = (uint16_t)(chance(30) ? lengths[rnd(9)] : 20 + rnd(9700));
	/* RFC 4303, 2, and RFC 4106: 20 bytes outer header, 8 ESP header, 8 IV, the packet with its trailer to 4 bytes, 16 ICV. */
	need = c->decap ? c->len : 20 + 8 + 8 + (c->len + 2u + 3u) / 4 * 4 + 16;
	limit = c->decap ? 9656 : 9600;
	c->capacity = (uint16_t)(chance(50) ? 65535 : need > 65000 ? need : need + 2 - rnd(5));
	c->sa = c->decap ? 0 : (uint16_t)rand();
	c->src = address(c->len) + rnd(64) * (unsigned)chance(50);
	c->dst = address(c->capacity);
	c->cookie = (uint64_t)rand() << 32 | (unsigned)rand();
	if (chance(5))
		opcode = (uint8_t)rand();
	if (chance(5))
		flags = (uint8_t)rand();
	if (chance(5))
		c->sa = (uint16_t)rand();
	if (chance(5))
		c->dst += 1 + rnd(63);
	memcpy(d, &c->src, 8);
	memcpy(d + 8, &c->dst, 8);
	memcpy(d + 16, &c->len, 2);
	memcpy(d + 18, &c->capacity, 2);
	d[20] = opcode;
	d[21] = flags;
	memcpy(d + 22, &c->sa, 2);
	memcpy(d + 24, &c->cookie, 8);
	c->decap = opcode == ESP_OPCODE_DECAP;
	need = c->decap ? c->len : 20 + 8 + 8 + (c->len + 2u + 3u) / 4 * 4 + 16;
	limit = c->decap ? 9656 : 9600;
	if ((opcode != ESP_OPCODE_ENCAP && opcode != ESP_OPCODE_DECAP) || flags || (c->decap && c->sa))
		c->status = ESP_STATUS_BAD_OPCODE;
	/* The last byte is in memory: an end of exactly 2^64 is. */
	else if (!c->src || !c->dst || (c->len && c->src + (c->len - 1u) < c->src) || (c->capacity && c->dst + (c->capacity - 1u) < c->dst))
		c->status = ESP_STATUS_BAD_ADDRESS;
	else if (c->dst % 64)
		c->status = ESP_STATUS_BAD_ALIGNMENT;
	else if (!c->len || c->len > limit)
		c->status = ESP_STATUS_BAD_LENGTH;
	else
		c->status = c->capacity < need ? ESP_STATUS_BUFFER_TOO_SMALL : ESP_STATUS_OK;
}

static void test_validate(void **state)
{
	struct checked now = {0};
	unsigned seen[32] = {0};

	(void)state;
	reset();
	for (unsigned cycle = 0; cycle < 2 * CYCLES * test_scale(); cycle++) {
		uint8_t record[24] = {0};

		make_descriptor(&now);
		*P8(validate_valid) = (uint8_t)now.valid;
		*P8(validate_queue) = now.queue;
		dut_edge();
		*P8(validate_free) = (uint8_t)rand();
		dut_settle();
		assert_int_equal(*P8(validate_job_valid), now.valid);
		if (!now.valid)
			continue;
		seen[now.status]++;
		assert_int_equal(*P8(validate_read_status), now.status);
		assert_int_equal(*P8(validate_decap), now.decap);
		assert_int_equal(*P8(validate_read_job), *P8(validate_free));
		assert_int_equal(*P64(validate_read_src), now.src);
		assert_int_equal(*P16(validate_read_len), now.len);
		assert_int_equal(*P16(validate_read_sa), now.sa);
		/* cookie, destination / 64, capacity, queue, from bit 0 on */
		uint64_t line = now.dst / 64, high = line | (uint64_t)now.capacity << 58;
		uint16_t top = (uint16_t)(now.capacity >> 6 | now.queue << 10);

		memcpy(record, &now.cookie, 8);
		memcpy(record + 8, &high, 8);
		memcpy(record + 16, &top, 2);
		assert_memory_equal(dut_validate_job(), record, RECORD_BYTES);
	}
	assert_true(seen[ESP_STATUS_OK] && seen[ESP_STATUS_BAD_OPCODE] && seen[ESP_STATUS_BAD_ADDRESS] && seen[ESP_STATUS_BAD_ALIGNMENT] &&
		    seen[ESP_STATUS_BAD_LENGTH] && seen[ESP_STATUS_BUFFER_TOO_SMALL]);
}

/* ---- dma_out_fifo ---------------------------------------------------------------------------------------------------------------------------- */

static void test_out_fifo(void **state)
{
	static struct {
		unsigned len, beats, status;
		uint64_t info;
		uint8_t bytes[32 * 64];
	} packets[16], *p;
	unsigned in = 0, beat_in = 0, stored = 0, out = 0, beat_out = 0, rows = 0, wait = 0, largest = 0;
	int inside = 0, made = 0;

	(void)state;
	reset();
	for (unsigned cycle = 0; cycle < CYCLES * test_scale(); cycle++) {
		int slow_in = cycle / 400 % 2, slow_out = cycle / 900 % 2;

		p = &packets[in % 16];
		if (!made) {
			p->status = chance(20) ? 1 + rnd(27) : ESP_STATUS_OK;
			p->len = p->status ? 0 : chance(10) ? 32 * 64 - rnd(64) : 1 + rnd(300);
			p->beats = p->status ? 1 : (p->len + 63) / 64;
			p->info = (uint64_t)rnd(256) << 40 | (uint64_t)p->len << 24 | (uint64_t)rnd(65536) << 8 | p->status;
			for (unsigned i = 0; i < p->beats * 64; i++)
				p->bytes[i] = (uint8_t)(rand() >> 7);
			made = 1;
		}
		*P8(out_fifo_s_valid) |= chance(slow_in ? 30 : 95);
		*P64(out_fifo_s_user) = p->info;
		*P8(out_fifo_s_last) = beat_in + 1 == p->beats;
		memcpy(dut_out_fifo_s_data(), p->bytes + 64 * beat_in, 64);
		dut_settle();
		int take = *P8(out_fifo_s_valid) && *P8(out_fifo_s_ready);

		/* Full: as many beats, or packets, as it has places for; a packet on its way out may hold one more. */
		assert_true(*P8(out_fifo_s_ready) || rows >= 32 || stored - out >= 8);
		/* Beats leave only behind their info, and then without a gap. */
		*P8(out_fifo_info_ready) = !inside && chance(slow_out ? 10 : 80);
		*P8(out_fifo_data_ready) = inside && chance(slow_out ? 40 : 95);
		dut_settle();
		if (*P8(out_fifo_info_valid)) {
			assert_true(out < stored); /* whole */
			assert_int_equal(*P64(out_fifo_info), packets[out % 16].info);
		}
		if (inside) {
			assert_true(*P8(out_fifo_data_valid));
			assert_memory_equal(dut_out_fifo_data(), packets[(out - 1) % 16].bytes + 64 * beat_out, 64);
		}
		int told = *P8(out_fifo_info_valid) && *P8(out_fifo_info_ready), gone = *P8(out_fifo_data_valid) && *P8(out_fifo_data_ready);

		if (gone) {
			rows--;
			inside = ++beat_out != packets[(out - 1) % 16].beats;
		}
		if (told) {
			inside = packets[out % 16].status == ESP_STATUS_OK;
			largest += packets[out % 16].beats == 32;
			beat_out = 0;
			out++;
		}
		/* What is whole is told 2 cycles later. */
		wait = out < stored && !*P8(out_fifo_info_valid) ? wait + 1 : 0;
		assert_true(wait <= 2);
		if (take) {
			rows += p->status == ESP_STATUS_OK;
			if (++beat_in == p->beats) {
				stored++;
				in++;
				beat_in = made = 0;
			}
		}
		dut_edge();
		if (take)
			*P8(out_fifo_s_valid) = 0;
	}
	assert_true(out > CYCLES / 32 && largest > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_place),  cmocka_unit_test(test_completions), cmocka_unit_test(test_fetch),
		cmocka_unit_test(test_rd_arb), cmocka_unit_test(test_irq),	   cmocka_unit_test(test_jobs),
		cmocka_unit_test(test_validate), cmocka_unit_test(test_out_fifo),
	};

	srand(test_seed());
	dut_open(getenv("ESPALIER_TRACE"));
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	dut_close();
	return failed;
}
