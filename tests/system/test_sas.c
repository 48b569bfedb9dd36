/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of SAs through libespalier's API: refusals, queries, reuse of an index, changes under traffic, and all places in use.
 * The device is $ESPALIER_TEST_DEVICE: software (default) or sim. $ESPALIER_TEST_SAS limits how many SAs test_full installs a
 * direction (default and most: what the device has).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rings.h"

static struct bench bench;

static uint16_t add(const struct espalier_sa_config *config)
{
	uint16_t sa = 0xffff;

	if (espalier_sa_add(bench.dev, config, &sa))
		fail_msg("SA 0x%x: %s", config->spi, espalier_error(bench.dev));
	return sa;
}

static int refused(const struct espalier_sa_config *config)
{
	uint16_t sa;
	int ret = espalier_sa_add(bench.dev, config, &sa);

	assert_true(ret < 0);
	assert_true(strlen(espalier_error(bench.dev)) > 10);
	return ret;
}

static uint64_t query(enum espalier_direction direction, uint16_t sa)
{
	uint64_t seq = 12345;

	assert_int_equal(espalier_sa_query(bench.dev, direction, sa, &seq), 0);
	return seq;
}

static void test_refusals(void **state)
{
	struct espalier_sa_config sa = test_sa(ESPALIER_INBOUND, 1), bad;
	uint16_t index;
	uint64_t seq;

	(void)state;
	bad = sa, bad.key_len = 20;
	assert_int_equal(refused(&bad), -EINVAL);
	bad = sa, bad.spi = 255;
	assert_int_equal(refused(&bad), -EINVAL);
	bad = sa, bad.replay_window = (uint16_t)(bench.info.max_window + 1);
	assert_int_equal(refused(&bad), -EINVAL);
	bad = sa, bad.esn = false, bad.seq = 1ull << 32;
	assert_int_equal(refused(&bad), -EINVAL);
	index = add(&sa);
	assert_int_equal(refused(&sa), -EEXIST);
	assert_int_equal(espalier_sa_delete(bench.dev, ESPALIER_OUTBOUND, index), -ENOENT);
	assert_int_equal(espalier_sa_delete(bench.dev, ESPALIER_INBOUND, (uint16_t)(index + 1)), -ENOENT);
	assert_int_equal(espalier_sa_query(bench.dev, ESPALIER_INBOUND, (uint16_t)(index + 1), &seq), -ENOENT);
	assert_int_equal(espalier_sa_delete(bench.dev, ESPALIER_INBOUND, index), 0);
	assert_int_equal(espalier_sa_delete(bench.dev, ESPALIER_INBOUND, index), -ENOENT);
	index = add(&sa); /* free again */
	assert_int_equal(espalier_sa_delete(bench.dev, ESPALIER_INBOUND, index), 0);
}

static void test_query(void **state)
{
	struct espalier_sa_config out = test_sa(ESPALIER_OUTBOUND, 3), in = test_sa(ESPALIER_INBOUND, 3);
	uint8_t inner[100], outer[200];
	uint32_t len = make_inner(inner, 100, 1);
	uint16_t sa_out, sa_in;
	uint64_t last;

	(void)state;
	out.seq = in.seq = (1ull << 32) - 2;
	sa_out = add(&out);
	sa_in = add(&in);
	assert_true(query(ESPALIER_OUTBOUND, sa_out) == out.seq);
	assert_true(query(ESPALIER_INBOUND, sa_in) == in.seq);
	for (unsigned int i = 1; i <= 5; i++) {
		assert_int_equal(bench_one(&bench, bench_encap(&bench, 0, sa_out, inner, len)), ESP_STATUS_OK);
		assert_true(query(ESPALIER_OUTBOUND, sa_out) == out.seq + i);
		assert_int_equal(bench_one(&bench, bench_decap(&bench, 1, outer, make_esp(outer, &in, in.seq + 7 * i, inner, len))), ESP_STATUS_OK);
		assert_true(query(ESPALIER_INBOUND, sa_in) == in.seq + 7 * i);
	}
	assert_int_equal(espalier_sa_delete_last(bench.dev, ESPALIER_OUTBOUND, sa_out, &last), 0);
	assert_true(last == out.seq + 5);
	assert_int_equal(espalier_sa_delete_last(bench.dev, ESPALIER_INBOUND, sa_in, &last), 0);
	assert_true(last == in.seq + 35);
}

/* A deleted SA serves no packet more, and its number is not known to the next. */
static void test_delete(void **state)
{
	uint8_t inner[200], expected[300];
	uint32_t len = make_inner(inner, 200, 1);

	(void)state;
	for (uint32_t n = 0; n < 12; n++) {
		struct espalier_sa_config out = test_sa(ESPALIER_OUTBOUND, 100 + n);
		uint16_t sa = add(&out);
		struct espalier_op *op;

		for (unsigned int i = 1; i <= 3; i++) {
			op = bench_encap(&bench, 0, sa, inner, len);
			assert_int_equal(bench_one(&bench, op), ESP_STATUS_OK);
			assert_memory_equal(bench_dst(&bench, 0), expected, make_esp(expected, &out, i, inner, len));
		}
		assert_int_equal(espalier_sa_delete(bench.dev, ESPALIER_OUTBOUND, sa), 0);
		op = bench_encap(&bench, 0, sa, inner, len);
		assert_int_equal(bench_one(&bench, op), ESP_STATUS_NO_SA);
		bench_untouched(&bench, 0);
	}
}

struct traffic {
	struct espalier_sa_config config;
	uint16_t sa;
	uint64_t seq;
	struct espalier_op *ops[SLOTS];
	unsigned int queued, done;
};

static void traffic_start(struct traffic *t)
{
	uint8_t inner[1200];

	for (unsigned int i = 0; i < SLOTS; i++)
		t->ops[i] = bench_encap(&bench, i, t->sa, inner, make_inner(inner, 20 + (i * 53) % 1100, i));
	t->queued = t->done = 0;
}

/* Enqueue what fits and take back what is done. */
static void traffic_move(struct traffic *t)
{
	struct espalier_op *got[64];
	int n = espalier_enqueue_burst(bench.queue, t->ops + t->queued, SLOTS - t->queued);

	assert_true(n >= 0);
	t->queued += (unsigned int)n;
	n = espalier_dequeue_burst(bench.queue, got, 64);
	assert_true(n >= 0);
	for (int i = 0; i < n; i++)
		assert_ptr_equal(got[i], t->ops[t->done++]);
}

static void traffic_finish(struct traffic *t)
{
	while (t->done < SLOTS)
		traffic_move(t);
}

/* Packets that passed are right to the byte; those refused are untouched. Returns how many passed; they must be the first ones. */
static unsigned int traffic_check(struct traffic *t)
{
	uint8_t inner[1200], expected[1300];
	unsigned int passed = 0;

	for (unsigned int i = 0; i < SLOTS; i++) {
		uint32_t len = make_inner(inner, 20 + (i * 53) % 1100, i);

		if (t->ops[i]->status == ESP_STATUS_OK) {
			assert_int_equal(passed++, i);
			assert_memory_equal(bench_dst(&bench, i), expected, make_esp(expected, &t->config, ++t->seq, inner, len));
		} else {
			assert_int_equal(t->ops[i]->status, ESP_STATUS_NO_SA);
			bench_untouched(&bench, i);
		}
	}
	return passed;
}

/* Other SAs come and go while packets of one flow. */
static void test_changes_under_traffic(void **state)
{
	struct traffic t = { .config = test_sa(ESPALIER_OUTBOUND, 5) };

	(void)state;
	t.sa = add(&t.config);
	for (uint32_t round = 0; round < 3; round++) {
		traffic_start(&t);
		for (uint32_t n = 0; t.done < SLOTS; n++) {
			enum espalier_direction direction = n % 2 ? ESPALIER_INBOUND : ESPALIER_OUTBOUND;
			struct espalier_sa_config other = test_sa(direction, 1000 + 100 * round + n);
			uint16_t sa;

			traffic_move(&t);
			sa = add(&other);
			traffic_move(&t);
			assert_int_equal(espalier_sa_delete(bench.dev, direction, sa), 0);
		}
		assert_int_equal(traffic_check(&t), SLOTS);
	}
	assert_int_equal(espalier_sa_delete(bench.dev, ESPALIER_OUTBOUND, t.sa), 0);
}

/* The SA itself goes while its packets are inside: each passes whole or is refused whole, and delete comes back. */
static void test_delete_under_traffic(void **state)
{
	(void)state;
	for (uint32_t round = 0; round < 4; round++) {
		struct traffic t = { .config = test_sa(ESPALIER_OUTBOUND, 40 + round) };

		uint64_t last;
		unsigned int passed;

		t.sa = add(&t.config);
		traffic_start(&t);
		while (t.done < 10 + 40 * round)
			traffic_move(&t);
		assert_int_equal(espalier_sa_delete_last(bench.dev, ESPALIER_OUTBOUND, t.sa, &last), 0);
		traffic_finish(&t);
		passed = traffic_check(&t);
		printf("  deleted after %u results: %u of %u packets passed, %llu numbers drawn\n", 10 + 40 * round, passed, SLOTS, (unsigned long long)last);
		assert_true(last >= passed && last <= SLOTS);
	}
}

/*
 * In a full table the only free place is that of the SA just deleted: the next one there has its own key, salt, SPI and numbers, and
 * nothing of the last one's. out and in are the indices of the n-th SA.
 */
static void reuse(uint32_t n, uint16_t out, uint16_t in)
{
	struct espalier_sa_config old = test_sa(ESPALIER_INBOUND, n), sa_out = test_sa(ESPALIER_OUTBOUND, 100001 + n),
				  sa_in = test_sa(ESPALIER_INBOUND, 100001 + n);
	uint8_t inner[200], esp[300];
	uint32_t len = make_inner(inner, 200, n);
	struct espalier_op *op;

	assert_int_equal(espalier_sa_delete(bench.dev, ESPALIER_OUTBOUND, out), 0);
	assert_int_equal(espalier_sa_delete(bench.dev, ESPALIER_INBOUND, in), 0);
	assert_int_equal(add(&sa_out), out);
	assert_int_equal(add(&sa_in), in);
	for (unsigned int i = 1; i <= 3; i++) {
		op = bench_encap(&bench, 0, out, inner, len);
		assert_int_equal(bench_one(&bench, op), ESP_STATUS_OK);
		assert_memory_equal(bench_dst(&bench, 0), esp, make_esp(esp, &sa_out, i, inner, len));
		op = bench_decap(&bench, 1, esp, make_esp(esp, &sa_in, i, inner, len));
		assert_int_equal(bench_one(&bench, op), ESP_STATUS_OK);
		assert_int_equal(op->result_sa, in);
		assert_memory_equal(bench_dst(&bench, 1), inner, len);
		op = bench_decap(&bench, 1, esp, make_esp(esp, &old, 1000 + i, inner, len));
		assert_int_equal(bench_one(&bench, op), ESP_STATUS_NO_SA);
	}
}

/* Every place of both tables in use, then traffic over all of them in a random order, then none. */
static void test_full(void **state)
{
	const char *limit = getenv("ESPALIER_TEST_SAS");
	uint32_t count = limit ? (uint32_t)strtoul(limit, NULL, 10) : bench.info.sa_capacity, packets = 2 * SLOTS;
	uint16_t *out = calloc(count, sizeof(*out)), *in = calloc(count, sizeof(*in));
	struct espalier_op *ops[SLOTS];
	uint8_t inner[100], outer[200];
	struct espalier_sa_config sa;

	(void)state;
	assert_true(count <= bench.info.sa_capacity);
	assert_non_null(out);
	assert_non_null(in);
	for (uint32_t n = 0; n < count; n++) {
		sa = test_sa(ESPALIER_OUTBOUND, n);
		out[n] = add(&sa);
		sa = test_sa(ESPALIER_INBOUND, n);
		in[n] = add(&sa);
	}
	if (count == bench.info.sa_capacity) {
		sa = test_sa(ESPALIER_OUTBOUND, count);
		assert_int_equal(refused(&sa), -ENOSPC);
		sa = test_sa(ESPALIER_INBOUND, count);
		assert_int_equal(refused(&sa), -ENOSPC);
	}
	for (uint32_t at = 0; at < packets; at += SLOTS) {
		/* an odd stride visits the SAs in a scattered order, each at most once */
		for (unsigned int i = 0; i < SLOTS; i++) {
			uint32_t n = (at + i) * 2741 % count, len = make_inner(inner, 20 + n % 60, n);

			sa = test_sa(ESPALIER_INBOUND, n);
			ops[i] = i % 2 ? bench_encap(&bench, i, out[n], inner, len) :
					 bench_decap(&bench, i, outer, make_esp(outer, &sa, at + i + 1, inner, len));
		}
		bench_run(&bench, bench.queue, ops, SLOTS);
		for (unsigned int i = 0; i < SLOTS; i++) {
			uint32_t n = (at + i) * 2741 % count, len = make_inner(inner, 20 + n % 60, n);

			assert_int_equal(ops[i]->status, ESP_STATUS_OK);
			if (i % 2 == 0) {
				assert_int_equal(ops[i]->result_sa, in[n]);
				assert_memory_equal(bench_dst(&bench, i), inner, len);
			} else if (count > packets) {
				sa = test_sa(ESPALIER_OUTBOUND, n);
				assert_memory_equal(bench_dst(&bench, i), outer, make_esp(outer, &sa, 1, inner, len));
			}
		}
	}
	for (uint32_t n = 0; n < 12 && count == bench.info.sa_capacity; n++)
		reuse(n, out[n], in[n]);
	for (uint32_t n = 0; n < count; n++) {
		assert_int_equal(espalier_sa_delete(bench.dev, ESPALIER_OUTBOUND, out[n]), 0);
		assert_int_equal(espalier_sa_delete(bench.dev, ESPALIER_INBOUND, in[n]), 0);
	}
	printf("  %u SAs a direction\n", count);
	free(out);
	free(in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),	      cmocka_unit_test(test_query),
		cmocka_unit_test(test_delete),		      cmocka_unit_test(test_changes_under_traffic),
		cmocka_unit_test(test_delete_under_traffic), cmocka_unit_test(test_full),
	};
	int failed;

	bench_open(&bench, 64);
	printf("device %s, %s\n", bench.info.name, bench.info.transport);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	bench_close(&bench);
	return failed;
}
