// SPDX-License-Identifier: Apache-2.0
/* rtl/dma as a whole: random traffic, every source alignment, and the cycles a packet takes. */
#include "dma_bench.h"
#include <stdio.h>

static uint16_t any_length(void)
{
	switch (rnd(10)) {
	case 0: return (uint16_t)(1 + rnd(64));
	case 1: return (uint16_t)(1 + rnd(MAX_LEN));
	case 2: return (uint16_t)(64 * (1 + rnd(20)));
	case 3: return MAX_LEN;
	default: return (uint16_t)(1 + rnd(400));
	}
}

static struct job *any_job(unsigned q)
{
	struct job *j = job_new(q, rnd(2), any_length());

	if (chance(8)) {
		job_spoil(j, rnd(JOB_SPOILS));
	} else if (chance(5)) {
		j->read_fault = (uint8_t)(ESP_STATUS_DMA_UNSUPPORTED + rnd(5));
		j->status = j->read_fault;
		j->out_len = 0;
		j->out_sa = 0xffff;
	}
	return j;
}

static void any_traffic(unsigned jobs)
{
	unsigned arms[QUEUES] = { 0 };

	for (unsigned posted = 0; posted < jobs;) {
		unsigned q = rnd(QUEUES), n = rnd(12);

		for (; n && queue_room(q) && posted < jobs; n--, posted++)
			job_post(any_job(q));
		if (bench.q[q].rung != bench.q[q].tail)
			queue_ring(q);
		q = rnd(QUEUES);
		if (bench.q[q].cq_tail != bench.q[q].cq_head && chance(40)) {
			bool arm = chance(50);

			arms[q] += arm;
			queue_consume(q, arm);
		}
		bench_run(rnd(60));
	}
	bench_drain(500000);
	for (unsigned q = 0; q < QUEUES; q++)
		assert_in_range(bench.q[q].irqs, arms[q] ? 1 : 0, arms[q]);
}

static void test_random_traffic(void **state)
{
	(void)state;
	for (unsigned seed = 100; seed < 104; seed++) {
		bench_open(&rough, seed);
		if (seed == 101)
			bench.how.engine_stall = 80;
		if (seed == 102)
			bench.how.wr_stall = 70;
		if (seed == 103)
			bench.how.rsp_idle = 0, bench.how.req_stall = 0, bench.how.latency_max = 20;
		for (unsigned q = 0; q < QUEUES; q++)
			queue_start(q, 4 + rnd(4), 4 + rnd(4));
		any_traffic(1500);
		assert_int_equal(bench.completions, 1500);
		bench_close();
	}
}

static void test_alignments(void **state)
{
	static const uint16_t lens[] = { 1, 2, 63, 64, 65, 128, 191 };

	(void)state;
	bench_open(&rough, 7);
	queue_start(1, 8, 8);
	for (unsigned align = 0; align < BEAT; align++) {
		for (unsigned i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
			struct job *j = job_new(1, i & 1, lens[i]);
			uint64_t to = (j->src & ~63ull) + align;

			/* the bytes move along, so that the result stays what was worked out */
			for (unsigned k = 0; k < lens[i]; k++) {
				unsigned b = to > j->src ? lens[i] - 1u - k : k;

				*host_mem(to + b) = *host_mem(j->src + b);
			}
			j->src = to;
			job_post(j);
		}
		queue_ring(1);
		bench_drain(20000);
	}
	assert_int_equal(bench.completions, 64 * 7);
	bench_close();
}

/* Cycles a packet at full load: both directions, two queues, latency 1 us, answers in the shape of PG213 completions. */
static double cycles_per_packet(uint16_t len, bool both)
{
	enum { WARM = 300, COUNT = 1500 };
	uint64_t from = 0, base = 0;
	double cycles = 0;

	bench_open(&quick, 8);
	for (unsigned q = 0; q < 2; q++)
		queue_start(q, 9, 9);
	while (bench.completions < WARM + COUNT) {
		if (!from && bench.completions >= WARM) {
			from = bench.cycle;
			base = bench.completions;
		}
		for (unsigned q = 0; q < 2; q++) {
			unsigned n = 0;

			for (; n < 16 && queue_room(q); n++)
				job_post(job_new(q, both ? (enum direction)q : ENCAP, len));
			if (n)
				queue_ring(q);
			queue_consume(q, false);
		}
	}
	cycles = (double)(bench.cycle - from) / (double)(bench.completions - base);
	bench_drain(100000);
	bench_close();
	return cycles;
}

/* Beats a packet takes on the busier of the answers (completions of 256 bytes behind 12; 8 descriptors a read) and the writes. */
static double bus_limit(uint16_t len)
{
	double in = (256 + 12 + 63) / 64 / 8.0, out = (len + 58 + 63) / 64 + 1;

	for (unsigned at = 0; at < len; at += 256)
		in += ((len - at > 256 ? 256 : len - at) + 12 + 63) / 64;
	return in > out ? in : out;
}

static void test_throughput(void **state)
{
	static const uint16_t lens[] = { 64, 128, 256, 512, 1500, 9000 };

	(void)state;
	printf("%8s %14s %18s %12s   cycles a packet\n", "bytes", "encap only", "encap and decap", "bus limit");
	for (unsigned i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		double one = cycles_per_packet(lens[i], false), both = cycles_per_packet(lens[i], true), limit = bus_limit(lens[i]);

		printf("%8u %14.2f %18.2f %12.2f\n", lens[i], one, both, limit);
		/* short packets: 64 reads in flight, each 1 us old when its first answer comes, are 4 cycles a read */
		assert_true(one <= 1.05 * limit + 2.5);
		assert_true(both <= 1.05 * limit + 2.5);
		assert_true(lens[i] > 128 || both <= 6.0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_registers),
		cmocka_unit_test(test_enable_refused),
		cmocka_unit_test(test_doorbell_nonsense),
		cmocka_unit_test(test_disable_busy),
		cmocka_unit_test(test_interrupts),
		cmocka_unit_test(test_moderation),
		cmocka_unit_test(test_bad_descriptors),
		cmocka_unit_test(test_read_faults),
		cmocka_unit_test(test_fetch_fault),
		cmocka_unit_test(test_stall_one_direction),
		cmocka_unit_test(test_oversize),
		cmocka_unit_test(test_reset_midway),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_alignments),
		cmocka_unit_test(test_random_traffic),
		cmocka_unit_test(test_index_wrap),
		cmocka_unit_test(test_throughput),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
