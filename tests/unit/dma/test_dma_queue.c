// SPDX-License-Identifier: Apache-2.0
/* The queue registers: what may be written when, starting and stopping, doorbells, interrupts, indices. */
#include "dma_bench.h"
#include <string.h>

#define Q(q, r) queue_reg(q, ESP_REG_QUEUE_##r)

static bool accepted(uint32_t addr, uint32_t value)
{
	uint32_t data;

	return reg_access(true, addr, value, 15, &data);
}

void test_registers(void **state)
{
	static const uint32_t config[] = { ESP_REG_QUEUE_SQ_BASE_LO, ESP_REG_QUEUE_SQ_BASE_HI, ESP_REG_QUEUE_CQ_BASE_LO,
					   ESP_REG_QUEUE_CQ_BASE_HI, ESP_REG_QUEUE_SIZES, ESP_REG_QUEUE_VECTOR, ESP_REG_QUEUE_MODERATION };
	static const uint32_t mask[] = { ~0u, ~0u, ~0u, ~0u, 0xf0f };
	uint32_t data;

	(void)state;
	bench_open(&quick, 1);
	for (unsigned q = 0; q < QUEUES; q++)
		for (unsigned i = 0; i < 6; i++)
			reg_write(queue_reg(q, config[i]), i == 5 ? 3 - q : 0x9e3779b9u * (q * 6 + i + 1)); /* vectors: those that there are */
	for (unsigned q = 0; q < QUEUES; q++)
		for (unsigned i = 0; i < 6; i++)
			assert_int_equal(reg_read(queue_reg(q, config[i])), i == 5 ? 3 - q : (0x9e3779b9u * (q * 6 + i + 1)) & mask[i]);
	/* read-only, unmapped, partial */
	assert_false(accepted(Q(0, SQ_HEAD), 1));
	assert_false(accepted(Q(0, CQ_TAIL), 1));
	for (uint32_t a = Q(0, MODERATION) + 4; a < Q(1, SQ_BASE_LO); a += 4) {
		assert_false(accepted(a, 0));
		assert_false(reg_access(false, a, 0, 15, &data));
	}
	assert_false(reg_access(false, Q(QUEUES, SQ_BASE_LO), 0, 15, &data));
	assert_false(reg_access(false, 0x2ffc, 0, 15, &data));
	for (unsigned strb = 0; strb < 15; strb++)
		assert_false(reg_access(true, Q(0, VECTOR), 1, strb, &data));
	assert_int_equal(reg_read(Q(0, VECTOR)), 3);
	/* while active */
	queue_start(2, 5, 6);
	for (unsigned i = 0; i < 5; i++) {
		data = reg_read(queue_reg(2, config[i]));
		assert_false(accepted(queue_reg(2, config[i]), ~data));
		assert_int_equal(reg_read(queue_reg(2, config[i])), data);
	}
	reg_write(Q(2, VECTOR), 3);
	for (unsigned bit = 2; bit < 32; bit++) /* of vectors that there are not */
		assert_false(accepted(Q(2, VECTOR), 1u << bit));
	assert_int_equal(reg_read(Q(2, VECTOR)), 3);
	reg_write(Q(2, CONTROL), 1); /* says nothing new */
	assert_int_equal(reg_read(Q(2, CONTROL)), 0x101);
	reg_write(Q(2, CONTROL), 0);
	assert_int_equal(reg_read(Q(2, CONTROL)), 0);
	bench_close();
}

static void refused(unsigned q, uint8_t status)
{
	reg_write(Q(q, CONTROL), 1);
	assert_int_equal(reg_read(Q(q, CONTROL)), 0x200 | (uint32_t)status << 16);
}

void test_enable_refused(void **state)
{
	(void)state;
	bench_open(&quick, 2);
	refused(1, ESP_STATUS_BAD_ADDRESS);
	for (int ring = 0; ring < 2; ring++) {
		uint32_t lo = ring ? Q(1, CQ_BASE_LO) : Q(1, SQ_BASE_LO), hi = lo + 4;

		queue_setup(1, 4, 4);
		reg_write(lo, 0);
		reg_write(hi, 0);
		refused(1, ESP_STATUS_BAD_ADDRESS);
		reg_write(hi, 1);
		for (unsigned bit = 0; bit < 12; bit++) {
			reg_write(lo, 1u << bit);
			refused(1, ESP_STATUS_BAD_ALIGNMENT);
		}
		/* the last page holds 128 descriptors or 256 completions, and no more */
		reg_write(lo, 0xfffff000);
		reg_write(hi, 0xffffffff);
		reg_write(Q(1, SIZES), ring ? 0x904 : 0x408);
		refused(1, ESP_STATUS_BAD_ADDRESS);
		reg_write(Q(1, SIZES), ring ? 0x804 : 0x407);
		reg_write(Q(1, CONTROL), 1);
		assert_int_equal(reg_read(Q(1, CONTROL)), 0x101); /* clears the error, too */
		reg_write(Q(1, CONTROL), 0);
	}
	for (unsigned log2 = 0; log2 < 4; log2++) {
		queue_setup(1, log2, 4);
		refused(1, ESP_STATUS_BAD_LENGTH);
		queue_setup(1, 4, log2);
		refused(1, ESP_STATUS_BAD_LENGTH);
	}
	queue_start(1, 15, 15);
	bench_close();
}

static void tail_stays(unsigned q, uint16_t value)
{
	uint32_t before = reg_read(Q(q, SQ_TAIL));

	assert_false(accepted(Q(q, SQ_TAIL), value));
	assert_int_equal(reg_read(Q(q, SQ_TAIL)), before);
}

static void head_stays(unsigned q, uint16_t value)
{
	uint32_t before = reg_read(Q(q, CQ_HEAD));

	assert_false(accepted(Q(q, CQ_HEAD), value | 1u << 31));
	assert_int_equal(reg_read(Q(q, CQ_HEAD)), before);
}

void test_doorbell_nonsense(void **state)
{
	(void)state;
	bench_open(&rough, 3);
	tail_stays(0, 1); /* not enabled */
	tail_stays(0, 0);
	head_stays(0, 1);
	queue_start(0, 4, 5);
	tail_stays(0, 17);
	tail_stays(0, 0xffff);
	head_stays(0, 1);
	head_stays(0, 0xffff);
	for (int round = 0; round < 30; round++) {
		uint16_t head = bench.q[0].tail;

		for (int i = 0; i < 10; i++)
			job_post(job_new(0, i & 1, (uint16_t)(1 + rnd(400))));
		queue_ring(0);
		tail_stays(0, (uint16_t)(head + 9));    /* backwards */
		tail_stays(0, (uint16_t)(head - 1));
		tail_stays(0, (uint16_t)(head + 0x8000));
		reg_write(Q(0, SQ_TAIL), bench.q[0].tail); /* the same again is none */
		head_stays(0, (uint16_t)(bench.q[0].tail + 1));
		while (bench.q[0].cq_tail != bench.q[0].tail)
			bench_run(10);
		tail_stays(0, (uint16_t)(bench.q[0].tail + 17));
		head_stays(0, (uint16_t)(bench.q[0].tail + 1));
		queue_consume(0, false);
		head_stays(0, (uint16_t)(bench.q[0].tail - 1));
	}
	bench_drain(1000);
	assert_int_equal(bench.completions, 300);
	bench_close();
}

void test_disable_busy(void **state)
{
	(void)state;
	bench_open(&rough, 4);
	for (int round = 0; round < 25; round++) {
		struct job *posted[100];
		unsigned done;

		queue_start(0, 7, 7);
		for (int i = 0; i < 100; i++) {
			posted[i] = job_new(0, i & 1, (uint16_t)(1 + rnd(1500)));
			job_post(posted[i]);
		}
		queue_ring(0);
		bench_run(rnd(1200));
		reg_write(Q(0, CONTROL), 0);
		if (reg_read(Q(0, CONTROL)) == 0x100) {
			assert_false(accepted(Q(0, CONTROL), 1)); /* still completing */
			assert_false(accepted(Q(0, SIZES), 0x404));
			tail_stays(0, bench.q[0].tail);
		}
		while (reg_read(Q(0, CONTROL)) & 0x100)
			bench_run(20);
		done = bench.q[0].cq_tail;
		assert_int_equal(reg_read(Q(0, CONTROL)), 0);
		assert_int_equal(reg_read(Q(0, SQ_HEAD)), done);
		assert_int_equal(reg_read(Q(0, CQ_TAIL)), done);
		bench_run(500);
		assert_int_equal(bench.q[0].cq_tail, done);
		for (int i = 99; i >= (int)done; i--)
			job_abandon(posted[i]);
		assert_int_equal(bench.free_slots, SLOTS);
	}
	bench_close();
}

static void complete(unsigned q, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		job_post(job_new(q, ENCAP, 64));
	queue_ring(q);
	while (bench.q[q].cq_tail != bench.q[q].tail)
		bench_run(10);
	bench_run(50);
}

/* Cycles from a doorbell of one job to the interrupt, or limit. */
static unsigned wait_irq(unsigned q, unsigned irqs, unsigned limit)
{
	unsigned cycles = 0;

	while (bench.q[q].irqs == irqs && cycles < limit) {
		bench_run(1);
		cycles++;
	}
	return cycles;
}

void test_moderation(void **state)
{
	(void)state;
	bench_open(&quick, 5);
	queue_start(1, 8, 8);
	reg_write(Q(1, MODERATION), 4 | 30u << 16); /* four completions, or 30 x 64 cycles */
	assert_int_equal(reg_read(Q(1, MODERATION)), 4 | 30u << 16);
	queue_consume(1, true);
	complete(1, 3);
	assert_int_equal(bench.q[1].irqs, 0);
	complete(1, 1); /* the fourth */
	bench_run(50);
	assert_int_equal(bench.q[1].irqs, 1);
	queue_consume(1, true);
	complete(1, 1); /* alone: after the time */
	assert_int_equal(bench.q[1].irqs, 1);
	assert_in_range(wait_irq(1, 1, 4000), 30 * 64 - 500, 30 * 64 + 64);
	/* A shorter time holds for what waits already. */
	queue_consume(1, true);
	complete(1, 2);
	bench_run(640);
	assert_int_equal(bench.q[1].irqs, 2);
	reg_write(Q(1, MODERATION), 4 | 2u << 16);
	assert_in_range(wait_irq(1, 2, 4000), 0, 10);
	/* No time: at once, whatever the count. */
	reg_write(Q(1, MODERATION), 200);
	queue_consume(1, true);
	complete(1, 1);
	bench_run(50);
	assert_int_equal(bench.q[1].irqs, 4);
	queue_consume(1, false);
	bench_close();
}

void test_interrupts(void **state)
{
	(void)state;
	bench_open(&rough, 5);
	for (unsigned q = 0; q < QUEUES; q++)
		queue_start(q, 5, 5);
	for (unsigned q = 0; q < QUEUES; q++) {
		const struct queue *k = &bench.q[q];

		complete(q, 3);
		assert_int_equal(k->irqs, 0); /* never armed */
		reg_write(Q(q, CQ_HEAD), 1 | 1u << 31);
		bench_run(50);
		assert_int_equal(k->irqs, 1); /* two more are there already */
		assert_int_equal(reg_read(Q(q, CQ_HEAD)), 1); /* disarmed by itself */
		complete(q, 3);
		assert_int_equal(k->irqs, 1);
		queue_consume(q, true);
		bench_run(50);
		assert_int_equal(k->irqs, 1); /* nothing there */
		assert_int_equal(reg_read(Q(q, CQ_HEAD)) >> 31, 1);
		complete(q, 5);
		assert_int_equal(k->irqs, 2);
		queue_consume(q, true);
		queue_consume(q, false); /* changed its mind */
		complete(q, 2);
		assert_int_equal(k->irqs, 2);
		queue_consume(q, true);
		reg_write(Q(q, CONTROL), 0);
		queue_start(q, 5, 5); /* starts disarmed */
		complete(q, 2);
		assert_int_equal(k->irqs, 0);
		queue_consume(q, false);
	}
	/* all at once, and nobody takes them for a while */
	bench.how.irq_stall = 100;
	for (unsigned q = 0; q < QUEUES; q++)
		queue_consume(q, true);
	for (unsigned q = 0; q < QUEUES; q++)
		job_post(job_new(q, DECAP, 1000));
	for (unsigned q = 0; q < QUEUES; q++)
		queue_ring(q);
	bench_drain(5000);
	bench_run(50);
	for (unsigned q = 0; q < QUEUES; q++)
		assert_int_equal(bench.q[q].irqs, 0);
	bench.how.irq_stall = rough.irq_stall;
	bench_run(200);
	for (unsigned q = 0; q < QUEUES; q++)
		assert_int_equal(bench.q[q].irqs, 1);
	bench_close();
}

/* 70000 descriptors through one queue: every index passes 2^16, the rings wrap thousands of times. */
void test_index_wrap(void **state)
{
	unsigned posted = 0;

	(void)state;
	bench_open(&quick, 6);
	bench.how.latency_min = bench.how.latency_max = 20;
	queue_start(3, 6, 5);
	while (posted < 70000) {
		while (queue_room(3) && posted < 70000) {
			struct job *j = job_new(3, posted & 1, (uint16_t)(1 + posted % 65));

			if (posted++ % 4)
				job_spoil(j, 21);
			job_post(j);
		}
		queue_ring(3);
		queue_consume(3, false);
		bench_run(10);
	}
	bench_drain(10000);
	assert_int_equal(bench.completions, 70000);
	assert_int_equal(reg_read(Q(3, SQ_HEAD)), 70000 - 65536);
	assert_int_equal(reg_read(Q(3, CQ_TAIL)), 70000 - 65536);
	bench_close();
}
