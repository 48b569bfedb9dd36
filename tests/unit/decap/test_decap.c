// SPDX-License-Identifier: Apache-2.0
/*
 * The decapsulation engine and the SA manager together, against an oracle on OpenSSL (decap_oracle.c) and packets made by scapy: random
 * lengths, key sizes, ESN, gaps and back-pressure, every kind of bad packet between good ones; SAs deleted and added in traffic; rate and
 * latency. test_decap_reject.c has the bad packets one by one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "decap_dut.h"
#include "decap_tests.h"
#include "espalier_regs.h"

#define RANDOM_SAS 48

static uint8_t inner[ORACLE_MAX], body[ORACLE_MAX], wire[ORACLE_MAX];

int decap_test_start(void **state)
{
	(void)state;
	decap_start();
	return 0;
}

int decap_test_stop(void **state)
{
	(void)state;
	decap_stop();
	return 0;
}

static uint64_t rnd(uint64_t n)
{
	return decap_random() % n;
}

static size_t random_len(void)
{
	switch (rnd(20)) {
	case 0:
		return 20 + rnd(8981);
	case 1:
	case 2:
		return 20 + rnd(1500);
	default:
		return 20 + rnd(200);
	}
}

static void add_random_sas(void)
{
	static const unsigned int windows[] = { 64, 128, 32, 100, 1, 0 };
	static const uint64_t tops[] = { 0, 0xffffffc0, 0x1ffffffe0, 0x123456789 };

	for (uint16_t i = 0; i < RANDOM_SAS; i++) {
		bool esn = i & 1;
		uint64_t top = tops[rnd(4)];

		decap_add(i, 16 + 8u * (i % 3), esn, windows[i % 6], esn ? top : (uint32_t)top & 0x7fffffff);
	}
}

/* Spoil the packet in wire, as something on its way would: returns its new length. */
static size_t spoil(size_t len)
{
	switch (rnd(8)) {
	case 0: /* a bit */
		wire[rnd(len)] ^= (uint8_t)(1u << rnd(8));
		break;
	case 1: /* a bit behind the outer header */
		wire[28 + rnd(len - 28)] ^= (uint8_t)(1u << rnd(8));
		break;
	case 2: /* cut */
		return 1 + rnd(len - 1);
	case 3: /* more bytes behind it */
		return len + rnd(60);
	case 4: /* cut, with a header that agrees */
		len = 20 + rnd(len - 20);
		wire[2] = (uint8_t)(len >> 8);
		wire[3] = (uint8_t)len;
		break;
	case 5:
		wire[rnd(2) ? 6 : 9] ^= (uint8_t)(1 + rnd(255));
		break;
	case 6: /* another destination */
		wire[16 + rnd(4)] ^= (uint8_t)(1u << rnd(8));
		break;
	default: /* CE on the way */
		wire[1] |= 3;
	}
	oracle_checksum(wire);
	return len;
}

static void push_random(void)
{
	uint16_t sa = (uint16_t)rnd(RANDOM_SAS);
	uint64_t seq = decap_next[sa];
	size_t len = random_len(), tfc = rnd(10) ? 0 : rnd(100), pad = rnd(10) ? 0 : rnd(250), used;
	uint8_t next = 4;

	switch (rnd(12)) {
	case 0: /* again, or late */
		seq -= rnd(150);
		break;
	case 1: /* some are lost */
		seq += rnd(200);
		break;
	default:
		break;
	}
	if (seq >= decap_next[sa])
		decap_next[sa] = seq + 1;
	decap_make_inner(inner, len);
	if (rnd(8) == 0)
		inner[1] &= 0xfc; /* not ECN-capable */
	if (rnd(16) == 0)
		inner[rnd(4)] = (uint8_t)decap_random(); /* the inner header */
	if (rnd(16) == 0)
		next = (uint8_t)(rnd(2) ? 59 : rnd(256));
	used = oracle_body(inner, len, tfc, pad, next, body);
	if (rnd(16) == 0)
		body[used - 2 - rnd(used > 40 ? 20 : 4)] ^= 1; /* the padding, or near it */
	len = oracle_seal(&decap_sas[sa], seq, (uint8_t)decap_random(), body, used, wire);
	if (rnd(4) == 0)
		len = spoil(len);
	decap_push(wire, len, rnd(50) ? ESP_STATUS_OK : ESP_STATUS_DMA_TIMEOUT, false, ANY);
}

static void test_random(void **state)
{
	static const unsigned int percents[][2] = { { 100, 100 }, { 50, 100 }, { 100, 50 }, { 30, 40 }, { 100, 15 }, { 95, 95 } };
	unsigned int count = 800 * decap_scale();

	(void)state;
	add_random_sas();
	for (unsigned int p = 0; p < 6; p++) {
		decap_in_percent = percents[p][0];
		decap_out_percent = percents[p][1];
		for (unsigned int i = 0; i < count; i++) {
			push_random();
			if (rnd(3) == 0)
				decap_step();
		}
		decap_drain();
	}
	for (uint16_t i = 0; i < RANDOM_SAS; i++) {
		uint64_t top = 0;

		assert_int_equal(decap_command(ESP_SA_OP_QUERY, i, NULL, &top), ESP_SA_RESULT_OK);
		assert_true(top == decap_sas[i].replay.top);
	}
	print_message("  %llu packets, %llu judged by an earlier replay state; by status:", (unsigned long long)decap_counts.packets,
		      (unsigned long long)decap_counts.stale);
	for (unsigned int s = 0; s < 32; s++)
		if (decap_counts.status[s])
			print_message(" %u: %llu", s, (unsigned long long)decap_counts.status[s]);
	print_message("\n");
	assert_true(decap_counts.status[ESP_STATUS_OK] > decap_counts.packets / 3);
	for (unsigned int s = ESP_STATUS_INNER_MALFORMED; s <= ESP_STATUS_ECN_INVALID; s++)
		assert_true(decap_counts.status[s] > 0);
	assert_true(decap_counts.stale < decap_counts.packets / 50);
}

static size_t unhex(const char *text, uint8_t *out)
{
	size_t n = 0;

	for (unsigned int byte; sscanf(text + 2 * n, "%2x", &byte) == 1; n++)
		out[n] = (uint8_t)byte;
	return n;
}

/* Packets that scapy made: its fields are key salt esn spi src dst ttl seq inner outer. */
static void test_scapy(void **state)
{
	static char line[50000];
	static uint8_t expect[ORACLE_MAX];
	struct decap_sa *sa = &decap_sas[9];
	unsigned int packets = 0;
	FILE *vectors = popen("/usr/bin/python3 tests/unit/encap/scapy_vectors.py 300 2", "r");

	(void)state;
	assert_non_null(vectors);
	while (fgets(line, sizeof(line), vectors)) {
		char *field[10], *at = line;
		static struct decap_result r;
		size_t len, expect_len;

		for (int i = 0; i < 10; i++) {
			field[i] = strsep(&at, " \n");
			assert_non_null(field[i]);
		}
		sa->key_len = (unsigned int)unhex(field[0], sa->key);
		unhex(field[1], sa->salt);
		sa->esn = field[2][0] == '1';
		sa->spi = (uint32_t)strtoull(field[3], NULL, 16);
		sa->dst = (uint32_t)strtoull(field[5], NULL, 16);
		sa->window = 64;
		assert_int_equal(decap_install(9, strtoull(field[7], NULL, 16) - 1), ESP_SA_RESULT_OK);
		expect_len = unhex(field[8], expect);
		len = unhex(field[9], wire);
		oracle_decap(decap_sas, DUT_SAS, NULL, wire, len, &r); /* the oracle agrees with scapy, and the card with the oracle */
		assert_int_equal(r.status, ESP_STATUS_OK);
		assert_int_equal(r.len, expect_len);
		assert_memory_equal(r.data, expect, expect_len);
		decap_push(wire, len, ESP_STATUS_OK, false, ESP_STATUS_OK);
		decap_drain();
		decap_push(wire, len, ESP_STATUS_OK, false, ESP_STATUS_REPLAY_DUPLICATE);
		decap_drain();
		decap_delete(9);
		packets++;
	}
	assert_int_equal(pclose(vectors), 0);
	assert_int_equal(packets, 300);
}

/* SAs come and go while their packets, and others', are in the engine. */
static void test_delete(void **state)
{
	(void)state;
	decap_add(1, 16, false, 64, 0);
	decap_in_percent = 90;
	for (unsigned int round = 0; round < 60; round++) {
		struct decap_sa old;
		uint64_t seq = 1;

		decap_add(2, 16 + 8 * (round % 3), round & 1, 64, 0);
		old = decap_sas[2];
		for (unsigned int i = 0; i < 10 + rnd(80); i++) {
			size_t len = rnd(8) ? 20 + rnd(100) : 2000 + rnd(4000); /* the keys of a long one are in use for long */

			decap_push_good(1, 20 + rnd(300));
			decap_make_inner(inner, len);
			decap_push(wire, oracle_seal(&decap_sas[2], seq++, 0, body, oracle_body(inner, len, 0, 0, 4, body), wire), ESP_STATUS_OK, true, ANY);
		}
		for (unsigned int i = rnd(500); i; i--)
			decap_step();
		assert_int_equal(decap_command(ESP_SA_OP_DELETE, 2, NULL, NULL), ESP_SA_RESULT_OK);
		decap_drain();
		decap_sas[2].key_len = 0;
		/* Neither the old packets pass now, nor under a new SA with the same SPI: its key is another. */
		decap_push(wire, oracle_seal(&old, seq, 0, body, oracle_body(inner, 60, 0, 0, 4, body), wire), ESP_STATUS_OK, false, ESP_STATUS_NO_SA);
		decap_drain();
		decap_sas[2] = old;
		decap_sas[2].key[3] ^= 1;
		assert_int_equal(decap_install(2, 0), ESP_SA_RESULT_OK);
		decap_push(wire, oracle_seal(&old, 1, 0, body, oracle_body(inner, 60, 0, 0, 4, body), wire), ESP_STATUS_OK, false, ESP_STATUS_ICV_MISMATCH);
		decap_push_good(2, 60);
		decap_drain();
		decap_delete(2);
	}
	assert_true(decap_counts.status[ESP_STATUS_NO_SA] > 60);
}

/* The buffer fills up and the input waits; the largest packets; every kind of packet behind a closed output. */
static void test_back_pressure(void **state)
{
	(void)state;
	decap_add(1, 32, true, 64, 0xffffffff);
	for (unsigned int round = 0; round < 4; round++) {
		decap_out_percent = 0;
		for (unsigned int i = 0; i < 300; i++)
			decap_push_good(1, round == 0 ? 9600 - 54 : round == 1 ? 20 + rnd(40) : random_len());
		for (unsigned int i = 0; i < 6000; i++)
			decap_step();
		decap_out_percent = round == 2 ? 20 : 100;
		decap_drain();
	}
	assert_int_equal(decap_counts.status[ESP_STATUS_OK], 1200);
	/* Long packets that are refused by their first beat leave before their last beat comes. */
	decap_in_percent = 40;
	for (unsigned int i = 0; i < 60; i++) {
		memset(wire, 0x45, sizeof(wire));
		decap_push(wire, 60 + rnd(9541), ESP_STATUS_OK, false, ESP_STATUS_OUTER_MALFORMED);
		decap_push_good(1, random_len());
	}
	decap_drain();
	assert_int_equal(decap_counts.status[ESP_STATUS_OK], 1260);
}

/* The smallest packets, one a beat at LANES = 4: all that one beat can hold, in any order, as fast as the engine takes them. */
static void test_smallest(void **state)
{
	(void)state;
	decap_add(1, 16, false, 128, 100);
	decap_add(2, 16, false, 128, 100);
	for (unsigned int i = 0; i < 4000; i++) {
		uint16_t sa = (uint16_t)(1 + rnd(2));

		memset(body, 0, 8);
		body[2] = (uint8_t)(rnd(4) ? 0 : 1 + rnd(2));
		body[3] = (uint8_t)(rnd(3) ? 59 : 4);
		decap_push(wire, oracle_seal(&decap_sas[sa], decap_next[sa]++ - (rnd(10) ? 0 : rnd(5)), 0, body, rnd(4) ? 4 : 8, wire),
			   rnd(20) ? ESP_STATUS_OK : ESP_STATUS_DMA_ABORTED, false, ANY);
	}
	decap_drain();
	assert_true(decap_counts.status[ESP_STATUS_DUMMY] > 1000);
}

/* Every packet of another SA, key size and mode: the input bus is the limit. And the latency of one packet alone. */
static void test_rate(void **state)
{
	static const size_t sizes[] = { 64, 128, 256, 512, 1446, 9000 };
	size_t beat = decap_lanes() * 16u;

	(void)state;
	for (uint16_t i = 0; i < 64; i++)
		decap_add(i, 16 + 8u * (i % 3), i & 1, 64, 0);
	for (unsigned int s = 0; s < 6; s++) {
		size_t beats = (52 + (sizes[s] + 5) / 4 * 4 + beat - 1) / beat;
		unsigned int count = sizes[s] > 2000 ? 60 : 600, warm = count / 2;
		uint64_t begin = 0;

		decap_clear_counts();
		decap_push_good(0, sizes[s]);
		decap_drain();
		print_message("  %4zu bytes: %3llu cycles from last beat in to first beat out, ", sizes[s], (unsigned long long)decap_counts.latency);
		if (decap_lanes() == 4)
			assert_true(decap_counts.latency <= 80);
		decap_clear_counts();
		for (unsigned int i = 0; i < count + 10; i++)
			decap_push_good((uint16_t)(i % 64), sizes[s]);
		while (decap_counts.packets < warm)
			decap_step();
		begin = decap_counts.last_out;
		while (decap_counts.packets < count)
			decap_step();
		print_message("%.3f cycles a packet (limit %zu)\n", (double)(decap_counts.last_out - begin) / (count - warm), beats);
		assert_true(decap_counts.last_out - begin <= (count - warm) * beats);
		decap_drain();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_random, decap_test_start, decap_test_stop),
		cmocka_unit_test_setup_teardown(test_scapy, decap_test_start, decap_test_stop),
		cmocka_unit_test_setup_teardown(test_tamper, decap_test_start, decap_test_stop),
		cmocka_unit_test_setup_teardown(test_truncate, decap_test_start, decap_test_stop),
		cmocka_unit_test_setup_teardown(test_replay, decap_test_start, decap_test_stop),
		cmocka_unit_test_setup_teardown(test_replay_every_distance, decap_test_start, decap_test_stop),
		cmocka_unit_test_setup_teardown(test_padding, decap_test_start, decap_test_stop),
		cmocka_unit_test_setup_teardown(test_inner, decap_test_start, decap_test_stop),
		cmocka_unit_test_setup_teardown(test_ecn, decap_test_start, decap_test_stop),
		cmocka_unit_test_setup_teardown(test_outer, decap_test_start, decap_test_stop),
		cmocka_unit_test_setup_teardown(test_delete, decap_test_start, decap_test_stop),
		cmocka_unit_test_setup_teardown(test_delete_while_blocked, decap_test_start, decap_test_stop),
		cmocka_unit_test_setup_teardown(test_damaged_number, decap_test_start, decap_test_stop),
		cmocka_unit_test_setup_teardown(test_damaged_copy, decap_test_start, decap_test_stop),
		cmocka_unit_test_setup_teardown(test_damaged_context, decap_test_start, decap_test_stop),
		cmocka_unit_test_setup_teardown(test_mixed_infos, decap_test_start, decap_test_stop),
		cmocka_unit_test_setup_teardown(test_mixed_icvs, decap_test_start, decap_test_stop),
		cmocka_unit_test_setup_teardown(test_mixed_beats, decap_test_start, decap_test_stop),
		cmocka_unit_test_setup_teardown(test_no_key_left, decap_test_start, decap_test_stop),
		cmocka_unit_test_setup_teardown(test_back_pressure, decap_test_start, decap_test_stop),
		cmocka_unit_test_setup_teardown(test_smallest, decap_test_start, decap_test_stop),
		cmocka_unit_test_setup_teardown(test_rate, decap_test_start, decap_test_stop),
	};

	if (getenv("ESPALIER_COVERAGE"))
		cmocka_set_skip_filter("test_no_key_left"); /* a model that counts toggles remembers the last value of every signal */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
