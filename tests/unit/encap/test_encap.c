// SPDX-License-Identifier: Apache-2.0
/*
 * The encapsulation engine and the SA manager together, against an oracle on OpenSSL (encap_oracle.c) and packets made by scapy:
 * random lengths, key sizes, ESN, gaps and back-pressure; the ends of the sequence space; every error; SAs deleted and added in traffic.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "encap_dut.h"
#include "encap_tests.h"
#include "secrets.h"
#include "espalier_regs.h"

static uint8_t inner[ORACLE_MAX], out_a[ORACLE_MAX + 64], out_b[ORACLE_MAX + 64], out_c[ORACLE_MAX + 64];

static int start(void **state)
{
	(void)state;
	encap_start();
	return 0;
}

static int stop(void **state)
{
	(void)state;
	encap_stop();
	return 0;
}

static void add(uint16_t index, unsigned int key_len, bool esn, uint64_t seq)
{
	encap_random_sa(&encap_sas[index], key_len, esn, seq);
	assert_int_equal(encap_add(index), ESP_SA_RESULT_OK);
}

static void send(uint16_t sa, size_t len)
{
	encap_make_inner(inner, len);
	encap_push(sa, ESP_STATUS_OK, inner, len, false, NULL);
}

static uint64_t query(uint16_t index)
{
	uint64_t seq;

	assert_int_equal(encap_command(ESP_SA_OP_QUERY, false, index, NULL, &seq), ESP_SA_RESULT_OK);
	return seq;
}

/* Every length modulo everything that matters: trailer, lane, beat, ICV across a beat's end. */
static void test_every_length(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < 6; i++)
		add(i, 16 + 8u * (i % 3), i >= 3, encap_random() & 0xffff);
	for (size_t len = 20; len <= 340; len++)
		send((uint16_t)(len % 6), len);
	for (size_t len = 8936; len <= 9000; len++)
		send((uint16_t)(len % 6), len);
	encap_drain();
	assert_int_equal(encap_counts.ok, 321 + 65);
}

static void random_traffic(unsigned int in_percent, unsigned int out_percent, unsigned int packets)
{
	encap_in_percent = in_percent;
	encap_out_percent = out_percent;
	for (unsigned int i = 0; i < packets; i++) {
		size_t len = 20 + encap_random() % (i % 16 == 0 ? 8981 : i % 4 == 0 ? 1481 : 200);

		send((uint16_t)(encap_random() % 24), len);
	}
	encap_drain();
}

static void test_random(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < 24; i++)
		add(i, 16 + 8u * (encap_random() % 3), encap_random() & 1, (encap_random() & 1) ? 0 : encap_random() & 0xffffff);
	random_traffic(100, 100, 3000);
	random_traffic(50, 100, 1500);
	random_traffic(100, 40, 1500);
	random_traffic(60, 60, 1500);
	assert_int_equal(encap_counts.ok, 7500);
	for (uint16_t i = 0; i < 24; i++)
		assert_int_equal(query(i), encap_sas[i].seq);
}

/* The output blocked for long: everything fills up, nothing is lost. Then the input as slow as a beat in 20 cycles. */
static void test_blocked(void **state)
{
	(void)state;
	add(0, 32, true, 0);
	add(1, 16, false, 0);
	encap_out_percent = 0;
	for (unsigned int i = 0; i < 500; i++)
		send(i & 1, 20 + i % 300);
	for (unsigned int i = 0; i < 3000; i++)
		encap_step();
	assert_int_equal(encap_counts.packets, 0);
	random_traffic(5, 100, 0);
	for (unsigned int i = 0; i < 50; i++)
		send(i & 1, 20 + 40 * i);
	encap_drain();
	assert_int_equal(encap_counts.ok, 550);
}

/* The same SA back to back at the highest rate: the sequence number of the packet before is still on its way to the RAM. */
static void test_same_sa(void **state)
{
	(void)state;
	add(7, 16, false, 0xfffe);
	add(8, 32, true, 0xfffffffe);
	for (unsigned int i = 0; i < 400; i++)
		send(7, 20 + (encap_random() & 31));
	for (unsigned int i = 0; i < 400; i++)
		send(7 + (encap_random() & 1), 20 + (encap_random() & 63));
	encap_drain();
	assert_int_equal(query(7), encap_sas[7].seq);
	assert_int_equal(query(8), encap_sas[8].seq);
	assert_int_equal(encap_counts.ok, 800);
}

/* Two packets of one SA 1 to 12 cycles apart, or as near as the engine takes them, and the last numbers of an SA back to back. */
static void test_same_sa_every_distance(void **state)
{
	(void)state;
	add(7, 16, false, 0xfffe);
	for (unsigned int gap = 1; gap <= 12; gap++) {
		for (unsigned int i = 0; i < 12; i++) {
			send(7, 20);
			for (unsigned int cycle = 0; cycle < gap; cycle++)
				encap_step();
		}
		encap_drain();
	}
	assert_int_equal(query(7), 0xfffe + 12 * 12);
	add(8, 32, false, 0xfffffff0);
	for (unsigned int i = 0; i < 40; i++)
		send(8, 20);
	encap_drain();
	assert_int_equal(encap_counts.status[ESP_STATUS_SEQ_EXHAUSTED], 25);
	assert_int_equal(query(8), 0xffffffff);
	assert_int_equal(encap_counts.ok, 12 * 12 + 15);
}

/* A sender that always offers does not fill the engine: no packet waits longer than alone but for the 16 beats that may be ahead. */
static void test_latency_under_load(void **state)
{
	(void)state;
	add(1, 32, true, 0);
	add(2, 16, false, 0);
	for (unsigned int i = 0; i < 3000; i++)
		send(1 + (i & 1), i % 12 == 6 ? 1500 : i % 3 ? 40 : 576);
	encap_drain();
	assert_int_equal(encap_counts.ok, 3000);
	assert_true(encap_counts.latency_max <= 64);
}

static void test_sequence_ends(void **state)
{
	(void)state;
	add(1, 16, false, 0xfffffff0);
	add(2, 24, true, 0xfffffff0);
	add(3, 32, true, UINT64_MAX - 16);
	add(4, 16, false, 0xffffffff);
	for (unsigned int i = 0; i < 40; i++)
		for (uint16_t sa = 1; sa <= 4; sa++)
			send(sa, 40 + i);
	encap_drain();
	assert_int_equal(encap_counts.ok, 15 + 40 + 16);
	assert_int_equal(encap_counts.status[ESP_STATUS_SEQ_EXHAUSTED], 25 + 24 + 40);
	assert_int_equal(query(1), 0xffffffff);
	assert_int_equal(query(2), 0x100000018);
	assert_int_equal(query(3), UINT64_MAX);
	assert_int_equal(query(4), 0xffffffff);
}

static void test_errors(void **state)
{
	(void)state;
	add(3, 16, false, 100);
	add(4, 32, false, 0xffffffff);
	for (unsigned int i = 0; i < 400; i++) {
		size_t len = 20 + encap_random() % 400;

		encap_make_inner(inner, len);
		switch (encap_random() % 10) {
		case 0:
			inner[0] = (uint8_t)(inner[0] ^ (1 + encap_random() % 15) << 4);
			break;
		case 1:
			inner[0] = (uint8_t)(0x40 + encap_random() % 5);
			break;
		case 2:
			inner[3] ^= (uint8_t)(1 << encap_random() % 8);
			break;
		case 3:
			inner[2] ^= (uint8_t)(1 << encap_random() % 8);
			break;
		case 4: /* a header longer than the packet */
			len = 20 + encap_random() % 4;
			encap_make_inner(inner, len);
			inner[0] = 0x46;
			break;
		case 5: /* shorter than a header */
			len = 1 + encap_random() % 19;
			encap_make_inner(inner, len);
			break;
		case 6:
			encap_push((uint16_t)(encap_random() | 8), ESP_STATUS_OK, inner, len, false, NULL);
			continue;
		case 7:
			encap_push(3, (uint8_t)(1 + encap_random() % 24), inner, len, false, NULL);
			continue;
		case 8:
			encap_push(4, ESP_STATUS_OK, inner, len, false, NULL);
			continue;
		default:
			break;
		}
		encap_push(3, ESP_STATUS_OK, inner, len, false, NULL);
	}
	encap_drain();
	assert_int_equal(query(3), encap_sas[3].seq);
	assert_true(encap_counts.ok > 10);
	assert_true(encap_counts.status[ESP_STATUS_INNER_MALFORMED] > 100);
	assert_true(encap_counts.status[ESP_STATUS_NO_SA] > 10);
	assert_true(encap_counts.status[ESP_STATUS_SEQ_EXHAUSTED] > 10);
}

/* Index bits above the table count. */
static void test_index_range(void **state)
{
	(void)state;
	add(5, 16, false, 0);
	send(5, 100);
	send(5 + DUT_SAS, 100);
	send(5 + 0x8000, 100);
	send(5, 100);
	encap_drain();
	assert_int_equal(encap_counts.ok, 2);
	assert_int_equal(encap_command(ESP_SA_OP_ADD, false, DUT_SAS, &encap_sas[5], NULL), ESP_SA_RESULT_INVALID);
}

/* Deleted in the middle of traffic: what was taken before comes out right, then NO_SA, then it is added again with another key. */
static void test_delete_in_traffic(void **state)
{
	(void)state;
	add(9, 32, true, 0);
	for (unsigned int round = 0; round < 12; round++) {
		uint16_t sa = (uint16_t)(10 + round % 3);

		add(sa, 16 + 8u * (round % 3), round & 1, 0);
		encap_out_percent = round % 4 == 3 ? 30 : 100;
		for (unsigned int i = 0; i < 60; i++) {
			encap_make_inner(inner, 20 + encap_random() % 2000);
			encap_push(i & 1 ? sa : 9, ESP_STATUS_OK, inner, (size_t)(inner[2] << 8 | inner[3]), i & 1, NULL);
		}
		for (uint64_t wait = encap_random() % 400; wait; wait--)
			encap_step();
		assert_int_equal(encap_delete(sa), ESP_SA_RESULT_OK);
		assert_int_equal(encap_delete(sa), ESP_SA_RESULT_NOT_FOUND);
		assert_int_equal(encap_command(ESP_SA_OP_QUERY, false, sa, NULL, NULL), ESP_SA_RESULT_NOT_FOUND);
		encap_drain();
		encap_sas[sa].key_len = 0;
		send(sa, 64);
		send(9, 64);
		encap_drain();
	}
	assert_true(encap_counts.ok > 12 * 30);
	assert_true(encap_counts.status[ESP_STATUS_NO_SA] > 12);
}

/*
 * What a deleted SA leaves in the key memory is what the wipe after reset leaves in that of an index never used: the same packet under
 * the same context without keys gives the same bytes. With a key it does not.
 */
static void test_keys_zeroed(void **state)
{
	struct oracle_sa bare;

	(void)state;
	add(20, 32, false, 0);
	add(22, 32, false, 0);
	send(20, 200);
	encap_drain();
	assert_int_equal(encap_delete(20), ESP_SA_RESULT_OK);
	bare = encap_sas[22];
	bare.seq = 0;
	encap_install_bare(20, &bare);
	encap_install_bare(21, &bare);
	encap_make_inner(inner, 200);
	encap_push(20, ESP_STATUS_OK, inner, 200, false, out_a);
	encap_push(21, ESP_STATUS_OK, inner, 200, false, out_b);
	encap_push(22, ESP_STATUS_OK, inner, 200, false, out_c);
	encap_drain();
	assert_int_equal(encap_counts.ok, 4);
	assert_memory_equal(out_a, out_b, 256);
	assert_memory_equal(out_a + 20, out_c + 20, 16); /* the headers agree, the rest does not */
	assert_memory_not_equal(out_a + 36, out_c + 36, 64);
}

static size_t unhex(const char *text, uint8_t *bytes)
{
	size_t n = 0;
	unsigned int byte;

	for (; text[2 * n] && sscanf(text + 2 * n, "%2x", &byte) == 1; n++)
		bytes[n] = (uint8_t)byte;
	return n;
}

static uint64_t number(const char *text)
{
	return strtoull(text, NULL, 16);
}

static void test_scapy(void **state)
{
	static char line[50000];
	unsigned int packets = 0;
	FILE *vectors = popen("/usr/bin/python3 tests/unit/encap/scapy_vectors.py 300 1", "r");

	(void)state;
	assert_non_null(vectors);
	while (fgets(line, sizeof(line), vectors)) {
		char *field[10], *at = line;
		struct oracle_sa *sa = &encap_sas[packets % DUT_SAS];
		static uint8_t expect[ORACLE_MAX];
		size_t len, expect_len;

		for (int i = 0; i < 10; i++) {
			field[i] = strsep(&at, " \n");
			assert_non_null(field[i]);
		}
		sa->key_len = (unsigned int)unhex(field[0], sa->key);
		unhex(field[1], sa->salt);
		sa->esn = field[2][0] == '1';
		sa->spi = (uint32_t)number(field[3]);
		sa->src = (uint32_t)number(field[4]);
		sa->dst = (uint32_t)number(field[5]);
		sa->ttl = (uint8_t)number(field[6]);
		sa->seq = number(field[7]) - 1;
		len = unhex(field[8], inner);
		expect_len = unhex(field[9], expect);
		assert_int_equal(encap_add((uint16_t)(packets % DUT_SAS)), ESP_SA_RESULT_OK);
		encap_push((uint16_t)(packets % DUT_SAS), ESP_STATUS_OK, inner, len, false, out_a);
		encap_drain();
		assert_memory_equal(out_a, expect, expect_len);
		assert_int_equal(encap_delete((uint16_t)(packets % DUT_SAS)), ESP_SA_RESULT_OK);
		packets++;
	}
	assert_int_equal(pclose(vectors), 0);
	assert_int_equal(packets, 300);
	assert_int_equal(encap_counts.ok, 300);
}

/* Long packets leave while they are encrypted: 64 cycles at most from the first beat in to the first beat out. */
static void test_cut_through(void **state)
{
	(void)state;
	add(1, 32, true, 0);
	for (unsigned int i = 0; i < 20; i++) {
		send(1, 1446 + 400 * i);
		encap_drain();
	}
	print_message("LANES %u: %u to %u cycles from the first beat in to the first beat out\n", encap_lanes(),
		      (unsigned int)encap_counts.latency_min, (unsigned int)encap_counts.latency_max);
	assert_true(encap_counts.latency_max <= 64);
}

/* The output stands still and every place is taken: an SA can be deleted all the same, and says which number was its last. */
static void test_delete_while_blocked(void **state)
{
	(void)state;
	for (unsigned int round = 0; round < 6; round++) {
		uint64_t asked, last, begin;

		add(5, 16 + 8u * (round % 3), round & 1, 1000);
		add(6, 32, false, 0);
		encap_out_percent = 0;
		for (unsigned int i = 0; i < 300; i++) {
			size_t len = 20 + (round < 2 ? i % 90 : encap_random() % 1500);

			encap_make_inner(inner, len);
			encap_push(i % 3 ? 5 : 6, ESP_STATUS_OK, inner, len, i % 3, NULL);
		}
		for (unsigned int i = 0; i < 200 * (1 + round) + round % 2; i++)
			encap_step();
		assert_int_equal(encap_command(ESP_SA_OP_QUERY, false, 5, NULL, &asked), ESP_SA_RESULT_OK);
		begin = encap_cycle;
		assert_int_equal(encap_command(ESP_SA_OP_DELETE, false, 5, NULL, &last), ESP_SA_RESULT_OK);
		assert_true(encap_cycle - begin < 2000);
		assert_true(last >= asked && last > 1000);
		assert_int_equal(encap_command(ESP_SA_OP_QUERY, false, 5, NULL, NULL), ESP_SA_RESULT_NOT_FOUND);
		encap_out_percent = 100;
		encap_drain();
		assert_true(encap_sas[5].seq <= last); /* what came out bears no later number */
		assert_int_equal(encap_delete(6), ESP_SA_RESULT_OK);
		encap_sas[5].key_len = encap_sas[6].key_len = 0;
	}
}

/* Packets that wait behind a blocked output when their SA is deleted never go out under the SA that has its index next. */
static void test_index_again_while_blocked(void **state)
{
	static uint8_t out[120][ORACLE_MAX + 64];
	uint32_t old_spi, spi, number;
	unsigned int of_old = 0, of_new = 0;

	(void)state;
	add(7, 32, false, 0x5000);
	old_spi = encap_sas[7].spi;
	memset(out, 0, sizeof(out));
	encap_out_percent = 0;
	for (unsigned int i = 0; i < 60; i++) {
		encap_make_inner(inner, 900);
		encap_push(7, ESP_STATUS_OK, inner, 900, false, out[i]);
	}
	for (unsigned int i = 0; i < 2000; i++)
		encap_step();
	assert_int_equal(encap_delete(7), ESP_SA_RESULT_OK);
	add(7, 32, false, 0);
	for (unsigned int i = 60; i < 120; i++) {
		encap_make_inner(inner, 900);
		encap_push(7, ESP_STATUS_OK, inner, 900, false, out[i]);
	}
	encap_out_percent = 100;
	encap_drain();
	for (unsigned int i = 0; i < 120; i++) {
		spi = (uint32_t)out[i][20] << 24 | (uint32_t)out[i][21] << 16 | (uint32_t)out[i][22] << 8 | out[i][23];
		number = (uint32_t)out[i][24] << 24 | (uint32_t)out[i][25] << 16 | (uint32_t)out[i][26] << 8 | out[i][27];
		if (spi == old_spi && number)
			of_old++;
		else if (spi)
			assert_int_equal(number, ++of_new);
	}
	assert_true(of_old && of_new >= 60 && of_old + of_new < 120);
}

/* QUERY while packets of that SA draw a number every other cycle: no number that was drawn before the answer is missing. */
static void test_query_under_load(void **state)
{
	(void)state;
	add(3, 16, true, 0);
	for (unsigned int i = 0; i < 4000; i++)
		send(3, 20 + i % 5);
	for (unsigned int round = 0; round < 200; round++) {
		uint64_t seq;

		for (uint64_t wait = encap_random() % 7; wait; wait--)
			encap_step();
		seq = query(3);
		assert_true(seq <= encap_taken);
		assert_true(seq >= encap_taken_before(7)); /* it takes 5 cycles to a number, and 2 from the answer to here */
	}
	encap_drain();
	assert_int_equal(query(3), 4000);
}

/* A bit of a stored number turns: its SA sends nothing any more, and nobody is told a number; the others go on. */
static void test_damaged_number(void **state)
{
	uint64_t seq;

	(void)state;
	add(2, 32, true, 0x1122334455667700);
	add(4, 16, false, 0);
	for (unsigned int i = 0; i < 3; i++)
		send(2, 100);
	encap_drain();
	assert_true(state_flip(0x1122334455667703, 0, EVERY_PLACE) >= 1);
	encap_check = false;
	for (unsigned int i = 0; i < 20; i++)
		send(i & 1 ? 2 : 4, 100);
	encap_drain();
	assert_int_equal(encap_counts.ok, 3 + 10);
	assert_int_equal(encap_counts.status[ESP_STATUS_SA_FAULT], 10);
	assert_int_equal(encap_command(ESP_SA_OP_QUERY, false, 2, NULL, &seq), ESP_SA_RESULT_FAULT);
	assert_int_equal(seq, 0);
	assert_int_equal(encap_command(ESP_SA_OP_DELETE, false, 2, NULL, &seq), ESP_SA_RESULT_FAULT);
	assert_int_equal(seq, 0);
	add(2, 32, true, 0);
	send(2, 100);
	encap_drain();
	assert_int_equal(encap_counts.ok, 3 + 10 + 1);
	assert_int_equal(query(2), 1);
	encap_check = true;
}

/* A bit of a stored context turns: its SA sends nothing and draws no number; the others go on. */
static void test_damaged_context(void **state)
{
	uint64_t seq;

	(void)state;
	add(2, 32, true, 5);
	add(4, 16, false, 0);
	send(2, 100);
	encap_drain();
	assert_true(state_flip((uint64_t)encap_sas[2].src << 32 | encap_sas[2].dst, 0, EVERY_PLACE) >= 1);
	encap_check = false;
	for (unsigned int i = 0; i < 20; i++)
		send(i & 1 ? 2 : 4, 100);
	encap_drain();
	assert_int_equal(encap_counts.ok, 1 + 10);
	assert_int_equal(encap_counts.status[ESP_STATUS_SA_FAULT], 10);
	assert_int_equal(encap_command(ESP_SA_OP_DELETE, false, 2, NULL, &seq), ESP_SA_RESULT_OK);
	assert_int_equal(seq, 6);
	add(2, 32, true, 0);
	send(2, 100);
	encap_drain();
	assert_int_equal(encap_counts.ok, 1 + 10 + 1);
	encap_check = true;
}

/* Nothing of a key is left anywhere: not in a memory, not in a register on the way of a packet. */
static void test_no_key_left(void **state)
{
	struct oracle_sa sa;

	(void)state;
	for (unsigned int round = 0; round < 6; round++) {
		add(11, 16 + 8u * (round % 3), round & 1, 5);
		sa = encap_sas[11];
		for (unsigned int i = 0; i < 40; i++)
			send(11, 20 + 37 * i);
		if (round < 3)
			encap_drain();
		else
			for (unsigned int i = 0; i < 150; i++)
				encap_step();
		assert_true(secrets_found(sa.key, sa.key_len, sa.salt) >= 15);
		if (round == 5)
			encap_reset();
		else if (round < 3)
			assert_int_equal(encap_delete(11), ESP_SA_RESULT_OK);
		else {
			encap_reset();
			add(11, 32, false, 0);
			send(11, 100);
			encap_drain();
			assert_int_equal(encap_delete(11), ESP_SA_RESULT_OK);
		}
		assert_int_equal(secrets_found(sa.key, sa.key_len, sa.salt), 0);
		encap_sas[11].key_len = 0;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_every_length, start, stop),
		cmocka_unit_test_setup_teardown(test_random, start, stop),
		cmocka_unit_test_setup_teardown(test_blocked, start, stop),
		cmocka_unit_test_setup_teardown(test_same_sa, start, stop),
		cmocka_unit_test_setup_teardown(test_same_sa_every_distance, start, stop),
		cmocka_unit_test_setup_teardown(test_sequence_ends, start, stop),
		cmocka_unit_test_setup_teardown(test_errors, start, stop),
		cmocka_unit_test_setup_teardown(test_index_range, start, stop),
		cmocka_unit_test_setup_teardown(test_delete_in_traffic, start, stop),
		cmocka_unit_test_setup_teardown(test_keys_zeroed, start, stop),
		cmocka_unit_test_setup_teardown(test_delete_while_blocked, start, stop),
		cmocka_unit_test_setup_teardown(test_index_again_while_blocked, start, stop),
		cmocka_unit_test_setup_teardown(test_query_under_load, start, stop),
		cmocka_unit_test_setup_teardown(test_damaged_number, start, stop),
		cmocka_unit_test_setup_teardown(test_damaged_context, start, stop),
		cmocka_unit_test_setup_teardown(test_mixed_records, start, stop),
		cmocka_unit_test_setup_teardown(test_mixed_beats, start, stop),
		cmocka_unit_test_setup_teardown(test_mixed_within_a_packet, start, stop),
		cmocka_unit_test_setup_teardown(test_mixed_tags, start, stop),
		cmocka_unit_test_setup_teardown(test_no_key_left, start, stop),
		cmocka_unit_test_setup_teardown(test_scapy, start, stop),
		cmocka_unit_test_setup_teardown(test_cut_through, start, stop),
		cmocka_unit_test_setup_teardown(test_latency_under_load, start, stop),
	};

	if (getenv("ESPALIER_COVERAGE"))
		cmocka_set_skip_filter("test_no_key_left"); /* a model that counts toggles remembers the last value of every signal */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
