// SPDX-License-Identifier: Apache-2.0
/* Bad descriptors, failed reads, stalled engines, engines gone wrong, a reset in the middle. */
#include "dma_bench.h"
#include "dut.h"

DUT_PORT(stop);
DUT_PORT(idle);

static void expect(struct job *j, uint8_t status)
{
	j->status = status;
	j->out_len = 0;
	j->out_sa = 0xffff;
}

void job_spoil(struct job *j, unsigned how)
{
	const uint64_t top = 0ull - 65536;
	uint8_t status = ESP_STATUS_OK;

	switch (how) {
	case 0: j->opcode = 0; j->dir = ENCAP; status = ESP_STATUS_BAD_OPCODE; break;
	case 1: j->opcode = 3; j->dir = ENCAP; status = ESP_STATUS_BAD_OPCODE; break;
	case 2: j->opcode = 0x81; j->dir = ENCAP; status = ESP_STATUS_BAD_OPCODE; break;
	case 3: j->flags = 1; status = ESP_STATUS_BAD_OPCODE; break;
	case 4: j->flags = 0x80; j->src = 0; status = ESP_STATUS_BAD_OPCODE; break; /* the first failing check counts */
	case 5: j->opcode = ESP_OPCODE_DECAP; j->dir = DECAP; j->sa = 1; status = ESP_STATUS_BAD_OPCODE; break;
	case 6: j->opcode = ESP_OPCODE_DECAP; j->dir = DECAP; j->sa = 0x8000; status = ESP_STATUS_BAD_OPCODE; break;
	case 7: j->src = 0; status = ESP_STATUS_BAD_ADDRESS; break;
	case 8: j->dst = 0; status = ESP_STATUS_BAD_ADDRESS; break;
	case 9: j->src = 0 - (uint64_t)j->len + 1; status = ESP_STATUS_BAD_ADDRESS; break; /* one byte over the top */
	case 10: j->src = ~0ull; j->len = j->len < 2 ? 2 : j->len; status = ESP_STATUS_BAD_ADDRESS; break;
	case 11: j->dst = 0 - 64ull; j->capacity = 65; status = ESP_STATUS_BAD_ADDRESS; break;
	case 12: j->dst = top; j->capacity = 65535; j->dst += 64; status = ESP_STATUS_BAD_ADDRESS; break;
	case 13: j->src = 0; j->dst = 1; j->len = 0; status = ESP_STATUS_BAD_ADDRESS; break;
	case 14: j->dst += 1; status = ESP_STATUS_BAD_ALIGNMENT; break;
	case 15: j->dst += 32; status = ESP_STATUS_BAD_ALIGNMENT; break;
	case 16: j->dst += 63; j->len = 0; status = ESP_STATUS_BAD_ALIGNMENT; break;
	case 17: j->len = 0; status = ESP_STATUS_BAD_LENGTH; break;
	case 18: j->len = (uint16_t)(j->dir ? MAX_ESP + 1 : MAX_LEN + 1); status = ESP_STATUS_BAD_LENGTH; break;
	case 19: j->len = 65535; j->capacity = 65535; status = ESP_STATUS_BAD_LENGTH; break;
	case 20: j->len = 0; j->capacity = 0; status = ESP_STATUS_BAD_LENGTH; break;
	case 21: j->capacity--; status = ESP_STATUS_BUFFER_TOO_SMALL; break;
	case 22: j->capacity = 0; status = ESP_STATUS_BUFFER_TOO_SMALL; break;
	case 23: j->src = 0 - (uint64_t)j->len; j->capacity = 0; status = ESP_STATUS_BUFFER_TOO_SMALL; break; /* ends at the top: allowed */
	case 24: j->dst = top; j->capacity = 0; status = ESP_STATUS_BUFFER_TOO_SMALL; break;
	default: j->dst = 0 - 64ull; j->capacity = 64; j->len = MAX_LEN; j->src = 64; status = ESP_STATUS_BUFFER_TOO_SMALL; break;
	}
	expect(j, status);
}

void test_bad_descriptors(void **state)
{
	(void)state;
	bench_open(&rough, 11);
	queue_start(0, 8, 8);
	for (unsigned how = 0; how < JOB_SPOILS; how++) {
		for (int dir = 0; dir < 2; dir++) {
			struct job *bad = job_new(0, dir, (uint16_t)(1 + rnd(2000)));

			job_spoil(bad, how);
			job_post(bad);
			job_post(job_new(0, dir, (uint16_t)(1 + rnd(200)))); /* its neighbour is unharmed */
		}
		if (how % 3 == 2)
			queue_ring(0);
	}
	queue_ring(0);
	bench_drain(100000);
	assert_int_equal(bench.completions, 4 * JOB_SPOILS);
	assert_int_equal(bench.completed_by[ESP_STATUS_BAD_OPCODE], 14);
	assert_int_equal(bench.completed_by[ESP_STATUS_BAD_ADDRESS], 14);
	assert_int_equal(bench.completed_by[ESP_STATUS_BAD_ALIGNMENT], 6);
	assert_int_equal(bench.completed_by[ESP_STATUS_BAD_LENGTH], 8);
	assert_int_equal(bench.completed_by[ESP_STATUS_BUFFER_TOO_SMALL], 10);
	bench_close();
}

void test_read_faults(void **state)
{
	static const uint16_t lens[] = { 1, 63, 64, 65, 1000, MAX_LEN };

	(void)state;
	bench_open(&rough, 12);
	queue_start(2, 7, 7);
	for (uint8_t status = ESP_STATUS_DMA_UNSUPPORTED; status <= ESP_STATUS_DMA_MALFORMED; status++) {
		for (unsigned i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
			struct job *j = job_new(2, i & 1, lens[i]);

			j->read_fault = status;
			expect(j, status);
			job_post(j);
			job_post(job_new(2, i & 1, lens[(i + 1) % 6]));
		}
		queue_ring(2);
		bench_drain(200000);
		assert_int_equal(bench.completed_by[status], 6);
	}
	bench_close();
}

/* A failed descriptor fetch stops its queue before the first descriptor it did not get, and nothing else. */
void test_fetch_fault(void **state)
{
	(void)state;
	bench_open(&rough, 13);
	for (uint8_t status = ESP_STATUS_DMA_UNSUPPORTED; status <= ESP_STATUS_DMA_MALFORMED; status++) {
		struct queue *k = &bench.q[1];
		struct job *posted[64];
		uint32_t control;
		unsigned head;

		queue_start(1, 6, 6);
		queue_start(3, 6, 6);
		reg_write(queue_reg(1, ESP_REG_QUEUE_MODERATION), 64); /* more than will come */
		reg_write(queue_reg(1, ESP_REG_QUEUE_CQ_HEAD), 1u << 31);
		k->fetch_fault_at = 10 + status;
		k->fetch_fault = status;
		for (int i = 0; i < 64; i++) {
			posted[i] = job_new(1, i & 1, (uint16_t)(1 + rnd(300)));
			job_post(posted[i]);
			job_post(job_new(3, i & 1, (uint16_t)(1 + rnd(300))));
		}
		queue_ring(1);
		queue_ring(3);
		while ((control = reg_read(queue_reg(1, ESP_REG_QUEUE_CONTROL))) & 0x100)
			bench_run(50);
		assert_int_equal(control, 0x200 | (uint32_t)status << 16);
		head = reg_read(queue_reg(1, ESP_REG_QUEUE_SQ_HEAD));
		assert_in_range(head, k->fetch_fault_at - 7, k->fetch_fault_at);
		assert_int_equal(reg_read(queue_reg(1, ESP_REG_QUEUE_CQ_TAIL)), head);
		assert_int_equal(k->cq_tail, head);
		assert_int_equal(k->irqs, 1); /* of the failed fetch */
		for (int i = 63; i >= (int)head; i--)
			job_abandon(posted[i]);
		queue_consume(1, false);
		bench_drain(100000);
		assert_int_equal(reg_read(queue_reg(3, ESP_REG_QUEUE_CQ_TAIL)), 64);
		reg_write(queue_reg(3, ESP_REG_QUEUE_CONTROL), 0);
		while (reg_read(queue_reg(3, ESP_REG_QUEUE_CONTROL)) & 0x100)
			bench_run(10);
	}
	/* the queue starts again as new */
	queue_start(1, 4, 4);
	for (int i = 0; i < 16; i++)
		job_post(job_new(1, i & 1, 100));
	queue_ring(1);
	bench_drain(20000);
	bench_close();
}

/* Bus mastering goes off: queues end in an error, drain, and start again only when it is on. */
void test_stop(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 12; round++) {
		uint32_t control[2];

		bench_open(&rough, 50 + round);
		for (unsigned q = 0; q < 2; q++)
			queue_start(q, 6, 6);
		for (int i = 0; i < 100; i++)
			job_post(job_new((unsigned)i & 1, i >> 1 & 1, (uint16_t)(1 + rnd(1500))));
		queue_ring(0);
		queue_ring(1);
		bench_run(rnd(1500));
		*P8(stop) = 1;
		for (unsigned q = 0; q < 2; q++)
			while ((control[q] = reg_read(queue_reg(q, ESP_REG_QUEUE_CONTROL))) & 0x100)
				bench_run(20);
		bench_run(3);
		assert_true(*P8(idle));
		assert_int_equal(control[0], 0x200 | (uint32_t)ESP_STATUS_DMA_STOPPED << 16);
		assert_int_equal(control[1], 0x200 | (uint32_t)ESP_STATUS_DMA_STOPPED << 16);
		reg_write(queue_reg(0, ESP_REG_QUEUE_CONTROL), 1);
		assert_int_equal(reg_read(queue_reg(0, ESP_REG_QUEUE_CONTROL)), 0x200 | (uint32_t)ESP_STATUS_DMA_STOPPED << 16);
		*P8(stop) = 0;
		reg_write(queue_reg(0, ESP_REG_QUEUE_CONTROL), 1);
		assert_int_equal(reg_read(queue_reg(0, ESP_REG_QUEUE_CONTROL)), 0x101);
		bench_close();
	}
}

/* However long the engine of one direction stands still, at its input or its output, queues of the other direction work on. */
void test_stall_one_direction(void **state)
{
	(void)state;
	for (int variant = 0; variant < 4; variant++) {
		enum direction stuck = variant & 1;
		bool at_output = variant & 2;
		uint64_t before;

		bench_open(&rough, 14);
		queue_start(0, 8, 8);
		queue_start(1, 8, 8);
		queue_start(2, 8, 8);
		for (int i = 0; i < 480; i++) /* more than the card has jobs */
			job_post(job_new((unsigned)i & 1, stuck, (uint16_t)(i % 8 ? 64 + rnd(1400) : MAX_LEN)));
		queue_ring(0);
		queue_ring(1);
		bench_run(at_output ? 2000 : 200); /* some are inside, one perhaps in the middle of a packet */
		*(at_output ? &bench.stall_out[stuck] : &bench.stall_in[stuck]) = true;
		bench_run(20000); /* everything behind the stall fills up */
		before = bench.completions;
		for (int round = 0; round < 20; round++) {
			for (int i = 0; i < 20; i++)
				job_post(job_new(2, !stuck, (uint16_t)(1 + rnd(1500))));
			queue_ring(2);
			for (int wait = 0; wait < 500 && bench.q[2].cq_tail != bench.q[2].tail; wait++)
				bench_run(100);
			assert_int_equal(bench.q[2].cq_tail, bench.q[2].tail);
			queue_consume(2, false);
		}
		assert_int_equal(bench.completions - before, 400);
		bench.stall_in[stuck] = bench.stall_out[stuck] = false;
		bench_drain(500000);
		bench_close();
	}
}

/* An engine that makes more than the destination holds: nothing of it is written. */
void test_oversize(void **state)
{
	(void)state;
	bench_open(&rough, 15);
	queue_start(0, 6, 6);
	bench.oversize = true;
	for (int i = 0; i < 40; i++) {
		struct job *j = job_new(0, i & 1, (uint16_t)(1 + rnd(3000)));

		if (j->status == ESP_STATUS_OK) {
			uint16_t sa = j->out_sa;

			expect(j, ESP_STATUS_BUFFER_TOO_SMALL);
			j->out_sa = sa;
		}
		job_post(j);
	}
	queue_ring(0);
	bench_drain(50000);
	bench.oversize = false;
	for (int i = 0; i < 40; i++)
		job_post(job_new(0, i & 1, (uint16_t)(1 + rnd(3000))));
	queue_ring(0);
	bench_drain(50000);
	bench_close();
}

void test_reset_midway(void **state)
{
	(void)state;
	bench_open(&rough, 16);
	for (int round = 0; round < 12; round++) {
		for (unsigned q = 0; q < QUEUES; q++) {
			queue_start(q, 6, 5);
			for (int i = 0; i < 40; i++)
				job_post(job_new(q, i & 1, (uint16_t)(1 + rnd(2000))));
			queue_ring(q);
		}
		bench_run(rnd(3000));
		bench_reset();
		for (unsigned q = 0; q < QUEUES; q++)
			for (uint32_t reg = ESP_REG_QUEUE_SQ_BASE_LO; reg <= ESP_REG_QUEUE_VECTOR; reg += 4)
				assert_int_equal(reg_read(queue_reg(q, reg)), 0);
		bench_run(500); /* and nothing comes out: the checker knows of no job */
	}
	queue_start(0, 8, 8);
	for (int i = 0; i < 200; i++)
		job_post(job_new(0, i & 1, (uint16_t)(1 + rnd(600))));
	queue_ring(0);
	bench_drain(100000);
	bench_close();
}
