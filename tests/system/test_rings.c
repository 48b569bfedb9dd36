/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Through libespalier's API: what captures cannot show. Bad descriptors, untouched output buffers, queues, interrupts, SA commands.
 * The device is $ESPALIER_TEST_DEVICE: software (default) or sim. The same checks hold for both, word for word.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static void drop(enum espalier_direction direction, uint16_t sa)
{
	assert_int_equal(espalier_sa_delete(bench.dev, direction, sa), 0);
}

/* Encapsulate and compare with OpenSSL's packet. */
static void check_encap(unsigned int slot, uint16_t sa, const struct espalier_sa_config *config, uint64_t seq, uint32_t len)
{
	static uint8_t inner[SLOT_BYTES], expected[SLOT_BYTES];
	struct espalier_op *op = bench_encap(&bench, slot, sa, inner, make_inner(inner, len, (uint32_t)seq));
	uint32_t total = make_esp(expected, config, seq, inner, len);

	assert_int_equal(bench_one(&bench, op), ESP_STATUS_OK);
	assert_int_equal(op->out_len, total);
	assert_int_equal(op->result_sa, sa);
	assert_memory_equal(bench_dst(&bench, slot), expected, total);
}

static void test_encap_decap(void **state)
{
	uint8_t inner[1500], outer[1600];

	(void)state;
	for (uint32_t n = 0; n < 6; n++) {
		struct espalier_sa_config out = test_sa(ESPALIER_OUTBOUND, n), in = test_sa(ESPALIER_INBOUND, n);
		uint16_t sa_out = add(&out), sa_in = add(&in);
		struct espalier_op *op;
		uint32_t len = make_inner(inner, 20 + 211 * n, n);

		check_encap(0, sa_out, &out, 1, 100 + n);
		op = bench_decap(&bench, 1, outer, make_esp(outer, &in, 7, inner, len));
		assert_int_equal(bench_one(&bench, op), ESP_STATUS_OK);
		assert_int_equal(op->out_len, len);
		assert_int_equal(op->result_sa, sa_in);
		assert_memory_equal(bench_dst(&bench, 1), inner, len);
		drop(ESPALIER_OUTBOUND, sa_out);
		drop(ESPALIER_INBOUND, sa_in);
	}
}

/* The device reads a packet from any byte address. */
static void test_source_alignment(void **state)
{
	struct espalier_sa_config config = test_sa(ESPALIER_OUTBOUND, 9);
	uint8_t inner[800], expected[1000];
	uint16_t sa = add(&config);

	(void)state;
	for (unsigned int i = 0; i < 128; i++) {
		uint32_t len = make_inner(inner, 20 + (i * 37) % 700, i);
		struct espalier_op *op = bench_encap(&bench, i, sa, inner, len);
		uint64_t shift = i < 64 ? i : 4096 - 128 + i; /* then across a page's end */

		memmove(bench_src(&bench, i) + shift, bench_src(&bench, i), len);
		op->src += shift;
		assert_int_equal(bench_one(&bench, op), ESP_STATUS_OK);
		assert_memory_equal(bench_dst(&bench, i), expected, make_esp(expected, &config, i + 1, inner, len));
	}
	drop(ESPALIER_OUTBOUND, sa);
}

static void bad_descriptor(struct espalier_op *op, unsigned int status)
{
	unsigned int slot = (unsigned int)(op - bench.ops), got = bench_one(&bench, op);

	if (got != status)
		fail_msg("status %s instead of %s", espalier_status_name(got), espalier_status_name(status));
	if (got <= ESP_STATUS_DMA_MALFORMED) /* no SA was looked at */
		assert_int_equal(op->result_sa, ESPALIER_SA_NONE);
	bench_untouched(&bench, slot);
}

#define BAD_ENCAP(FIELD, VALUE, STATUS)                                   \
	do {                                                              \
		struct espalier_op *bad = bench_encap(&bench, 3, sa, inner, len); \
		bad->FIELD = (VALUE);                                     \
		bad_descriptor(bad, STATUS);                              \
	} while (0)
#define BAD_DECAP(FIELD, VALUE, STATUS)                                   \
	do {                                                              \
		struct espalier_op *bad = bench_decap(&bench, 3, outer, outer_len); \
		bad->FIELD = (VALUE);                                     \
		bad_descriptor(bad, STATUS);                              \
	} while (0)

static void test_bad_descriptors(void **state)
{
	struct espalier_sa_config out = test_sa(ESPALIER_OUTBOUND, 20), in = test_sa(ESPALIER_INBOUND, 20);
	uint16_t sa = add(&out), sa_in = add(&in);
	uint8_t inner[256], outer[400];
	uint32_t len = make_inner(inner, 201, 1), outer_len = make_esp(outer, &in, 1, inner, len);
	struct espalier_op *op;

	(void)state;
	BAD_ENCAP(opcode, 0, ESP_STATUS_BAD_OPCODE);
	BAD_ENCAP(opcode, 3, ESP_STATUS_BAD_OPCODE);
	BAD_ENCAP(opcode, 0xff, ESP_STATUS_BAD_OPCODE);
	BAD_DECAP(sa, 1, ESP_STATUS_BAD_OPCODE);
	BAD_ENCAP(src, 0, ESP_STATUS_BAD_ADDRESS);
	BAD_ENCAP(dst, 0, ESP_STATUS_BAD_ADDRESS);
	BAD_ENCAP(src, UINT64_MAX - 100, ESP_STATUS_BAD_ADDRESS);
	BAD_ENCAP(dst, UINT64_MAX - 127, ESP_STATUS_BAD_ADDRESS);
	BAD_DECAP(src, 0, ESP_STATUS_BAD_ADDRESS);
	BAD_DECAP(dst, 0, ESP_STATUS_BAD_ADDRESS);
	for (unsigned int i = 1; i < ESPALIER_DST_ALIGN; i = 2 * i + 1)
		BAD_ENCAP(dst, bench.dst.iova + 3 * SLOT_BYTES + i, ESP_STATUS_BAD_ALIGNMENT);
	BAD_DECAP(dst, bench.dst.iova + 3 * SLOT_BYTES + 32, ESP_STATUS_BAD_ALIGNMENT);
	BAD_ENCAP(src_len, 0, ESP_STATUS_BAD_LENGTH);
	BAD_ENCAP(src_len, bench.info.max_packet + 1, ESP_STATUS_BAD_LENGTH);
	BAD_DECAP(src_len, 0, ESP_STATUS_BAD_LENGTH);
	BAD_DECAP(src_len, UINT16_MAX, ESP_STATUS_BAD_LENGTH);
	BAD_ENCAP(dst_capacity, (uint16_t)(espalier_plain_len(len) - 1), ESP_STATUS_BUFFER_TOO_SMALL);
	BAD_ENCAP(dst_capacity, 0, ESP_STATUS_BUFFER_TOO_SMALL);
	BAD_DECAP(dst_capacity, (uint16_t)(outer_len - 1), ESP_STATUS_BUFFER_TOO_SMALL);
	BAD_ENCAP(sa, (uint16_t)(sa + 1), ESP_STATUS_NO_SA);
	BAD_ENCAP(sa, (uint16_t)(bench.info.sa_capacity - 1), ESP_STATUS_NO_SA);
	BAD_ENCAP(sa, (uint16_t)bench.info.sa_capacity, ESP_STATUS_NO_SA);
	BAD_ENCAP(sa, 0xffff, ESP_STATUS_NO_SA);
	BAD_ENCAP(src_len, (uint16_t)(len - 1), ESP_STATUS_INNER_MALFORMED);

	/* The first complaint of several is the one that counts. */
	op = bench_encap(&bench, 3, 0xffff, inner, len);
	op->src = 0;
	op->src_len = 0;
	bad_descriptor(op, ESP_STATUS_BAD_ADDRESS);
	op = bench_encap(&bench, 3, 0xffff, inner, len);
	op->dst += 4;
	op->dst_capacity = 0;
	bad_descriptor(op, ESP_STATUS_BAD_ALIGNMENT);

	/* None of this took a sequence number. */
	check_encap(3, sa, &out, 1, 99);
	drop(ESPALIER_OUTBOUND, sa);
	drop(ESPALIER_INBOUND, sa_in);
}

/* Memory that the device may not read: an error completion, and the device works on. */
static void test_unmapped_source(void **state)
{
	struct espalier_sa_config out = test_sa(ESPALIER_OUTBOUND, 21);
	uint16_t sa = add(&out);
	uint8_t inner[256];
	uint32_t len = make_inner(inner, 256, 1);

	(void)state;
	BAD_ENCAP(src, 1ull << 45, ESP_STATUS_DMA_UNSUPPORTED);
	BAD_ENCAP(src, bench.src.iova + bench.src.size - 16, ESP_STATUS_DMA_UNSUPPORTED);
	check_encap(3, sa, &out, 1, 99);
	drop(ESPALIER_OUTBOUND, sa);
}

/* The exact capacity is enough, and nothing is written behind it. */
static void test_exact_capacity(void **state)
{
	struct espalier_sa_config out = test_sa(ESPALIER_OUTBOUND, 22), in = test_sa(ESPALIER_INBOUND, 22);
	uint16_t sa = add(&out), sa_in = add(&in);
	uint8_t inner[300], outer[400];

	(void)state;
	for (uint32_t len = 20; len < 150; len++) {
		struct espalier_op *op = bench_encap(&bench, 0, sa, inner, make_inner(inner, len, len));
		uint32_t total = espalier_plain_len(len);

		op->dst_capacity = (uint16_t)total;
		assert_int_equal(bench_one(&bench, op), ESP_STATUS_OK);
		for (unsigned int i = total; i < total + 256; i++)
			assert_int_equal(bench_dst(&bench, 0)[i], CANARY);
		op = bench_decap(&bench, 1, outer, make_esp(outer, &in, len, inner, len));
		op->dst_capacity = (uint16_t)total;
		assert_int_equal(bench_one(&bench, op), ESP_STATUS_OK);
		assert_int_equal(op->out_len, len);
		for (unsigned int i = total; i < total + 256; i++)
			assert_int_equal(bench_dst(&bench, 1)[i], CANARY);
	}
	drop(ESPALIER_OUTBOUND, sa);
	drop(ESPALIER_INBOUND, sa_in);
}

/* No plaintext leaves before the ICV is right: forged packets of all sizes leave their output untouched, good ones between pass. */
static void test_no_plaintext(void **state)
{
	static const uint32_t lengths[] = { 20, 21, 63, 64, 65, 300, 576, 1446, 4000, 9000 };
	static uint8_t inner[SLOT_BYTES], outer[SLOT_BYTES];
	struct espalier_sa_config in = test_sa(ESPALIER_INBOUND, 23);
	struct espalier_op *ops[40];
	unsigned int count = sizeof(lengths) / sizeof(lengths[0]);
	uint16_t sa = add(&in);
	uint64_t seq = 100;

	(void)state;
	for (unsigned int i = 0; i < 4 * count; i++) {
		uint32_t len = make_inner(inner, lengths[i / 4], 5), total = make_esp(outer, &in, ++seq, inner, len);

		if (i % 2) /* the ICV's last byte, then the first byte of the ciphertext */
			outer[i % 4 == 1 ? total - 1 : 36] ^= 1;
		ops[i] = bench_decap(&bench, i, outer, total);
	}
	bench_run(&bench, bench.queue, ops, 4 * count);
	for (unsigned int i = 0; i < 4 * count; i++) {
		uint32_t len = make_inner(inner, lengths[i / 4], 5);

		assert_int_equal(ops[i]->status, i % 2 ? ESP_STATUS_ICV_MISMATCH : ESP_STATUS_OK);
		if (i % 2) {
			bench_untouched(&bench, i);
			bench_no_trace_of(&bench, i, inner + 20, len - 20);
		} else {
			assert_int_equal(ops[i]->out_len, len);
			assert_memory_equal(bench_dst(&bench, i), inner, len);
		}
	}
	drop(ESPALIER_INBOUND, sa);
}

/* Replayed, unknown, cut: their buffers stay untouched as well. */
static void test_drops_untouched(void **state)
{
	struct espalier_sa_config in = test_sa(ESPALIER_INBOUND, 24);
	uint8_t inner[500], outer[600];
	uint32_t len = make_inner(inner, 500, 1), total;
	uint16_t sa = add(&in);

	(void)state;
	total = make_esp(outer, &in, 1000, inner, len);
	assert_int_equal(bench_one(&bench, bench_decap(&bench, 0, outer, total)), ESP_STATUS_OK);
	bad_descriptor(bench_decap(&bench, 0, outer, total), ESP_STATUS_REPLAY_DUPLICATE);
	bad_descriptor(bench_decap(&bench, 0, outer, total - 4), ESP_STATUS_OUTER_MALFORMED);
	total = make_esp(outer, &in, 1000 - in.replay_window, inner, len);
	if (!in.esn)
		bad_descriptor(bench_decap(&bench, 0, outer, total), ESP_STATUS_REPLAY_OLD);
	in.spi++;
	total = make_esp(outer, &in, 1001, inner, len);
	bad_descriptor(bench_decap(&bench, 0, outer, total), ESP_STATUS_NO_SA);
	drop(ESPALIER_INBOUND, sa);
	in.spi--;
	total = make_esp(outer, &in, 1002, inner, len);
	bad_descriptor(bench_decap(&bench, 0, outer, total), ESP_STATUS_NO_SA);
}

/* Both directions and failures mixed in one burst: order a direction, and each result in its own buffer. */
static void test_mixed(void **state)
{
	static uint8_t inner[2048], outer[2200];
	struct espalier_sa_config out = test_sa(ESPALIER_OUTBOUND, 25), in = test_sa(ESPALIER_INBOUND, 25);
	uint16_t sa = add(&out), sa_in = add(&in);
	struct espalier_op *ops[SLOTS];
	uint64_t out_seq = 0;

	(void)state;
	for (unsigned int i = 0; i < SLOTS; i++) {
		uint32_t len = make_inner(inner, 20 + (i * 97) % 1900, i);

		if (i % 2)
			ops[i] = bench_encap(&bench, i, sa, inner, len);
		else
			ops[i] = bench_decap(&bench, i, outer, make_esp(outer, &in, i + 1, inner, len));
		if (i % 7 == 3)
			ops[i]->dst += 8;
	}
	bench_run(&bench, bench.queue, ops, SLOTS);
	for (unsigned int i = 0; i < SLOTS; i++) {
		uint32_t len = make_inner(inner, 20 + (i * 97) % 1900, i);

		assert_int_equal(ops[i]->status, i % 7 == 3 ? ESP_STATUS_BAD_ALIGNMENT : ESP_STATUS_OK);
		if (ops[i]->status != ESP_STATUS_OK)
			bench_untouched(&bench, i);
		else if (i % 2)
			assert_memory_equal(bench_dst(&bench, i), outer, make_esp(outer, &out, ++out_seq, inner, len));
		else
			assert_memory_equal(bench_dst(&bench, i), inner, len);
	}
	drop(ESPALIER_OUTBOUND, sa);
	drop(ESPALIER_INBOUND, sa_in);
}

/* The smallest ring, many times around. */
static void test_wrap(void **state)
{
	struct espalier_sa_config out = test_sa(ESPALIER_OUTBOUND, 26);
	struct espalier_queue *small;
	struct espalier_op *ops[SLOTS];
	uint8_t inner[64], expected[200];
	uint16_t sa = add(&out);

	(void)state;
	assert_int_equal(espalier_queue_create(bench.dev, 16, &small), 0);
	for (unsigned int round = 0; round < 5; round++) {
		for (unsigned int i = 0; i < SLOTS; i++)
			ops[i] = bench_encap(&bench, i, sa, inner, make_inner(inner, 60, round * SLOTS + i));
		bench_run(&bench, small, ops, SLOTS);
		for (unsigned int i = 0; i < SLOTS; i++) {
			make_inner(inner, 60, round * SLOTS + i);
			assert_int_equal(ops[i]->status, ESP_STATUS_OK);
			assert_memory_equal(bench_dst(&bench, i), expected, make_esp(expected, &out, round * SLOTS + i + 1, inner, 60));
		}
	}
	espalier_queue_destroy(small);
	drop(ESPALIER_OUTBOUND, sa);
}

/* All queues of a card at work at once; each gets back its own operations. */
static void test_queues(void **state)
{
	struct espalier_sa_config out = test_sa(ESPALIER_OUTBOUND, 27);
	struct espalier_queue *queues[3];
	struct espalier_op *op, *got[64];
	uint8_t inner[600];
	uint16_t sa = add(&out);

	(void)state;
	for (unsigned int q = 0; q < 3; q++)
		assert_int_equal(espalier_queue_create(bench.dev, 64, &queues[q]), 0);
	for (unsigned int i = 0; i < 96; i++) {
		op = bench_encap(&bench, i, sa, inner, make_inner(inner, 100 + i, i));
		assert_int_equal(espalier_enqueue_burst(queues[i % 3], &op, 1), 1);
	}
	for (unsigned int q = 0; q < 3; q++) {
		for (unsigned int done = 0; done < 32;) {
			int n = espalier_dequeue_burst(queues[q], got, 64);

			assert_true(n >= 0);
			for (int i = 0; i < n; i++) {
				assert_ptr_equal(got[i], &bench.ops[3 * done++ + q]);
				assert_int_equal(got[i]->status, ESP_STATUS_OK);
			}
			if (!n)
				assert_int_equal(espalier_queue_wait(queues[q], -1), 0);
		}
		espalier_queue_destroy(queues[q]);
	}
	check_encap(0, sa, &out, 97, 64); /* every packet took one number */
	drop(ESPALIER_OUTBOUND, sa);
}

static bool readable(int fd, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, timeout_ms) == 1;
}

/* One event for one arm, none without a completion or without an arm. */
static void test_interrupt(void **state)
{
	struct espalier_sa_config out = test_sa(ESPALIER_OUTBOUND, 28);
	int fd = espalier_queue_fd(bench.queue);
	struct espalier_op *op, *got;
	uint8_t inner[100];
	uint64_t events;
	uint16_t sa = add(&out);

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		while (readable(fd, 0))
			assert_int_equal(read(fd, &events, sizeof(events)), sizeof(events));
		op = bench_encap(&bench, 0, sa, inner, make_inner(inner, 100, i));
		assert_int_equal(espalier_queue_arm(bench.queue), 0);
		assert_false(readable(fd, 20));
		if (i % 2 == 0) { /* the completion after the arm; then before it */
			assert_int_equal(espalier_enqueue_burst(bench.queue, &op, 1), 1);
		} else {
			assert_int_equal(espalier_enqueue_burst(bench.queue, &op, 1), 1);
			assert_true(readable(fd, 10000));
			assert_int_equal(read(fd, &events, sizeof(events)), sizeof(events));
			assert_int_equal(espalier_queue_arm(bench.queue), 0);
		}
		assert_true(readable(fd, 10000));
		assert_int_equal(read(fd, &events, sizeof(events)), sizeof(events));
		while (espalier_dequeue_burst(bench.queue, &got, 1) == 0)
			;
		assert_ptr_equal(got, op);
		assert_int_equal(op->status, ESP_STATUS_OK);
		op = bench_encap(&bench, 0, sa, inner, make_inner(inner, 100, i));
		assert_int_equal(espalier_enqueue_burst(bench.queue, &op, 1), 1);
		assert_false(readable(fd, 20)); /* not armed */
		while (espalier_dequeue_burst(bench.queue, &got, 1) == 0)
			;
	}
	drop(ESPALIER_OUTBOUND, sa);
}

/* An armed queue whose interrupts are moderated: one event for three completions, or after the time for one alone. */
static void test_moderation(void **state)
{
	struct espalier_sa_config out = test_sa(ESPALIER_OUTBOUND, 30);
	int fd = espalier_queue_fd(bench.queue);
	struct espalier_op *ops[3], *got[3];
	uint8_t inner[100];
	uint64_t events;
	uint16_t sa = add(&out);

	(void)state;
	assert_int_equal(espalier_queue_moderate(bench.queue, 256, 0), -EINVAL);
	for (unsigned int count = 1; count <= 3; count += 2) {
		/* three of three, with a time that would take the simulated card a minute; one of three, with a short one */
		assert_int_equal(espalier_queue_moderate(bench.queue, 3, count == 3 ? 16000 : 50), 0);
		while (readable(fd, 0))
			assert_int_equal(read(fd, &events, sizeof(events)), sizeof(events));
		for (unsigned int i = 0; i < count; i++)
			ops[i] = bench_encap(&bench, i, sa, inner, make_inner(inner, 100, i));
		assert_int_equal(espalier_queue_arm(bench.queue), 0);
		assert_int_equal(espalier_enqueue_burst(bench.queue, ops, count - 1), count - 1);
		if (count == 3 && strcmp(bench.info.transport, "software")) /* which has no interrupts to moderate */
			assert_false(readable(fd, 100));
		assert_int_equal(espalier_enqueue_burst(bench.queue, ops + count - 1, 1), 1);
		assert_true(readable(fd, 10000));
		assert_int_equal(espalier_dequeue_burst(bench.queue, got, count), count);
	}
	assert_int_equal(espalier_queue_moderate(bench.queue, 0, 0), 0);
	drop(ESPALIER_OUTBOUND, sa);
}

static void test_statistics(void **state)
{
	struct espalier_sa_config out = test_sa(ESPALIER_OUTBOUND, 29);
	struct espalier_stats before, after;
	struct espalier_op *op;
	uint8_t inner[100];
	uint16_t sa = add(&out);

	(void)state;
	assert_int_equal(espalier_stats(bench.dev, &before), 0);
	for (unsigned int i = 0; i < 5; i++) {
		op = bench_encap(&bench, 0, sa, inner, make_inner(inner, 100, i));
		op->dst += i >= 3;
		bench_one(&bench, op);
	}
	assert_int_equal(espalier_stats(bench.dev, &after), 0);
	for (unsigned int i = 0; i < ESPALIER_STATUS_COUNT; i++)
		assert_int_equal(after.status[i] - before.status[i], i == ESP_STATUS_OK ? 3 : i == ESP_STATUS_BAD_ALIGNMENT ? 2 : 0);
	assert_int_equal(after.register_errors, 0);
	assert_int_equal(after.unexpected_completions, 0);
	if (bench.info.clock_khz)
		assert_true(after.cycles > before.cycles);
	drop(ESPALIER_OUTBOUND, sa);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encap_decap),    cmocka_unit_test(test_source_alignment), cmocka_unit_test(test_bad_descriptors),
		cmocka_unit_test(test_unmapped_source), cmocka_unit_test(test_exact_capacity),	cmocka_unit_test(test_no_plaintext),
		cmocka_unit_test(test_drops_untouched), cmocka_unit_test(test_mixed),		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_queues),		cmocka_unit_test(test_interrupt),
		cmocka_unit_test(test_moderation),	cmocka_unit_test(test_statistics),
	};
	int failed;

	bench_open(&bench, 256);
	printf("device %s, %s\n", bench.info.name, bench.info.transport);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	bench_close(&bench);
	return failed;
}
