// SPDX-License-Identifier: Apache-2.0
/* Decapsulation and the SA manager: what a DELETE waits for, what it says, what it leaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include "decap_dut.h"
#include "decap_tests.h"
#include "espalier_regs.h"
#include "secrets.h"

/* A good packet of an SA that may be deleted before it comes to its lookup. */
static void push(uint16_t index, size_t len)
{
	static uint8_t inner[ORACLE_MAX], body[ORACLE_MAX], wire[ORACLE_MAX];
	size_t body_len;

	decap_make_inner(inner, len);
	body_len = oracle_body(inner, len, 0, 0, 4, body);
	decap_push(wire, oracle_seal(&decap_sas[index], decap_next[index]++, 0, body, body_len, wire), ESP_STATUS_OK, true, ANY);
}

/* The output stands still and every place is taken: an SA can be deleted all the same, and says which number was the highest. */
void test_delete_while_blocked(void **state)
{
	(void)state;
	for (unsigned int round = 0; round < 6; round++) {
		uint64_t asked, last, begin;

		decap_add(5, 16 + 8u * (round % 3), round & 1, 64, 1000);
		decap_add(6, 32, false, 64, 0);
		decap_out_percent = 0;
		for (unsigned int i = 0; i < 400; i++)
			push(i % 3 ? 5 : 6, round < 2 ? 20 + i % 90 : 20 + decap_random() % 1500);
		for (unsigned int i = 0; i < 2500; i++)
			decap_step();
		assert_int_equal(decap_command(ESP_SA_OP_QUERY, 5, NULL, &asked), ESP_SA_RESULT_OK);
		begin = decap_cycle;
		assert_int_equal(decap_command(ESP_SA_OP_DELETE, 5, NULL, &last), ESP_SA_RESULT_OK);
		assert_true(decap_cycle - begin < 2000);
		assert_true(last >= asked && last > 1000);
		decap_out_percent = 100;
		decap_drain();
		assert_int_equal(decap_sas[5].replay.top, last);
		decap_sas[5].key_len = 0;
		decap_delete(6);
	}
}

static uint8_t sealed[ORACLE_MAX]; /* what push_sealed pushed last */
static size_t sealed_len;

/* A packet under the next number of SA 2. */
static void push_sealed(uint8_t must)
{
	static uint8_t inner[ORACLE_MAX], body[ORACLE_MAX];

	decap_make_inner(inner, 100);
	sealed_len = oracle_seal(&decap_sas[2], decap_next[2]++, 0, body, oracle_body(inner, 100, 0, 0, 4, body), sealed);
	decap_push(sealed, sealed_len, ESP_STATUS_OK, false, must);
}

/* A bit of a stored number turns: its SA receives nothing any more, and nobody is told a number. */
void test_damaged_number(void **state)
{
	uint64_t seq;

	(void)state;
	decap_add(2, 32, true, 64, 0x1122334455667700);
	for (unsigned int i = 0; i < 3; i++)
		decap_push_good(2, 100);
	decap_drain();
	assert_true(state_flip(0x1122334455667703, 0, EVERY_PLACE) >= 2); /* the copies of the check and of the update */
	for (unsigned int i = 0; i < 10; i++)
		push_sealed(DAMAGED);
	decap_drain();
	assert_int_equal(decap_counts.status[ESP_STATUS_SA_FAULT], 10);
	assert_int_equal(decap_command(ESP_SA_OP_QUERY, 2, NULL, &seq), ESP_SA_RESULT_FAULT);
	assert_int_equal(decap_command(ESP_SA_OP_DELETE, 2, NULL, &seq), ESP_SA_RESULT_FAULT);
	assert_int_equal(seq, 0);
	decap_sas[2].key_len = 0;
	decap_add(2, 16, false, 64, 0);
	decap_push_good(2, 100);
	decap_drain();
	assert_int_equal(decap_counts.status[ESP_STATUS_OK], 4);
}

/* One copy of the number alone: that of the check stops the packet in front of the cipher, that of the update behind it. */
void test_damaged_copy(void **state)
{
	unsigned int in_front = 0, behind = 0;

	(void)state;
	for (unsigned int place = 0, more = 1; more; place++) {
		unsigned int faults = decap_counts.status[ESP_STATUS_SA_FAULT];
		uint64_t seq;
		uint8_t result;

		/* What other rounds left behind would change the count of places. */
		decap_reset();
		decap_add(2, 32, true, 64, 0x1122334455667700);
		for (unsigned int i = 0; i < 3; i++)
			decap_push_good(2, 100);
		decap_drain();
		more = state_flip(0x1122334455667703, 0, place);
		push_sealed(MAYBE_DAMAGED);
		decap_drain();
		result = decap_command(ESP_SA_OP_DELETE, 2, NULL, &seq);
		assert_true(result == ESP_SA_RESULT_OK || result == ESP_SA_RESULT_FAULT);
		if (result == ESP_SA_RESULT_FAULT)
			assert_int_equal(seq, 0);
		/* DELETE reads the copy of the update. */
		faults = decap_counts.status[ESP_STATUS_SA_FAULT] - faults;
		if (result == ESP_SA_RESULT_OK)
			in_front += faults;
		else
			behind += faults;
		decap_sas[2].key_len = 0;
	}
	assert_true(in_front && behind);
}

/* A bit of a stored context turns: its SA receives nothing; the others go on. */
void test_damaged_context(void **state)
{
	const struct decap_sa *sa = &decap_sas[2];
	uint64_t seq;

	(void)state;
	decap_add(2, 32, true, 64, 0);
	decap_add(4, 16, false, 64, 0);
	decap_push_good(2, 100);
	decap_drain();
	/* With its window, which the lookup's copy of SPI and destination does not have. */
	assert_true(state_flip((uint64_t)sa->window << 56 | (uint64_t)sa->spi << 24 | sa->dst >> 8, 0, EVERY_PLACE) >= 1);
	for (unsigned int i = 0; i < 10; i++) {
		push_sealed(DAMAGED);
		decap_push_good(4, 100);
	}
	decap_drain();
	assert_int_equal(decap_counts.status[ESP_STATUS_SA_FAULT], 10);
	assert_int_equal(decap_counts.status[ESP_STATUS_OK], 11);
	assert_int_equal(decap_command(ESP_SA_OP_DELETE, 2, NULL, &seq), ESP_SA_RESULT_OK);
	assert_int_equal(seq, 1);
	decap_sas[2].key_len = 0;
	decap_add(2, 16, false, 64, 0);
	decap_push_good(2, 100);
	decap_drain();
	assert_int_equal(decap_counts.status[ESP_STATUS_OK], 12);
}

/*
 * What the engine has of a packet bears another job's number: the packet and all behind it end as ENGINE_FAULT and are not received, until a
 * reset. word: what stands there while the packet waits for its tag, its job's number on top; or_word: the other epoch's.
 */
static void see_mixed(uint64_t word, uint64_t or_word)
{
	unsigned int found = 0;
	uint64_t seq;

	for (unsigned int i = 0; i < 400 && !found; i++) {
		decap_step();
		found = state_flip(word, 58, EVERY_PLACE) + state_flip(or_word, 58, EVERY_PLACE);
	}
	assert_true(found);
	for (unsigned int i = 0; i < 5; i++)
		push_sealed(MIXED);
	decap_drain();
	assert_int_equal(decap_counts.status[ESP_STATUS_OK], 3);
	assert_int_equal(decap_counts.status[ESP_STATUS_ENGINE_FAULT], 1 + 5);
	assert_int_equal(decap_command(ESP_SA_OP_DELETE, 2, NULL, &seq), ESP_SA_RESULT_OK);
	assert_int_equal(seq, 0x1122334455667703);
	decap_reset();
	decap_sas[2].key_len = 0;
	decap_add(2, 16, false, 64, 0);
	decap_push_good(2, 100);
	decap_drain();
	assert_int_equal(decap_counts.status[ESP_STATUS_OK], 4);
}

static void prepare_mixed(void)
{
	decap_add(2, 32, true, 64, 0x1122334455667700);
	for (unsigned int i = 0; i < 3; i++)
		decap_push_good(2, 100);
	decap_drain();
	push_sealed(MIXED);
}

/* The record of the packet: job, epoch, SA, status, number. */
void test_mixed_infos(void **state)
{
	uint64_t word;

	(void)state;
	prepare_mixed();
	word = (uint64_t)decap_job() << 56 | (uint64_t)2 << 39 | (uint64_t)0x1122334455667704 >> 33;
	see_mixed(word, word | (uint64_t)1 << 55);
}

/* Its received ICV. */
void test_mixed_icvs(void **state)
{
	uint64_t word = 0;

	(void)state;
	prepare_mixed();
	memcpy(&word, &sealed[sealed_len - 7], 7);
	word |= (uint64_t)decap_job() << 56;
	see_mixed(word, word);
}

/* A beat that waits behind its verdict for the receiver: what is before it may have left, nothing does from it on, until a reset. */
void test_mixed_beats(void **state)
{
	static uint8_t inner[ORACLE_MAX], body[ORACLE_MAX];
	const size_t len = 2000, end = 1856; /* of the beat, whatever the lanes */
	uint64_t word = 0, seq, last_out;

	(void)state;
	decap_add(2, 32, true, 64, 0);
	decap_add(4, 16, false, 64, 0);
	decap_push_good(4, 100);
	decap_drain();
	decap_out_percent = 0;
	decap_make_inner(inner, len);
	sealed_len = oracle_seal(&decap_sas[2], decap_next[2]++, 0, body, oracle_body(inner, len, 0, 0, 4, body), sealed);
	decap_push(sealed, sealed_len, ESP_STATUS_OK, false, MIXED);
	for (unsigned int i = 0; i < 1000; i++)
		decap_step();
	memcpy(&word, inner + end - 7, 7);
	assert_true(state_flip(word | (uint64_t)decap_job() << 56, 58, EVERY_PLACE));
	decap_out_percent = 100;
	for (unsigned int i = 0; i < 1000; i++)
		decap_step();
	last_out = decap_counts.last_out;
	decap_push_good(4, 100);
	for (unsigned int i = 0; i < 1000; i++)
		decap_step();
	assert_int_equal(decap_counts.last_out, last_out);
	assert_int_equal(decap_counts.packets, 1);
	assert_int_equal(decap_command(ESP_SA_OP_DELETE, 2, NULL, &seq), ESP_SA_RESULT_OK);
	assert_int_equal(seq, 1);
	decap_reset();
	decap_sas[2].key_len = decap_sas[4].key_len = 0;
	decap_add(2, 16, false, 64, 0);
	decap_push_good(2, 100);
	decap_drain();
	assert_int_equal(decap_counts.status[ESP_STATUS_OK], 2);
}

/* Nothing of a key is left anywhere: not in a memory, not in a register on the way of a packet. */
void test_no_key_left(void **state)
{
	(void)state;
	for (unsigned int round = 0; round < 6; round++) {
		struct decap_sa sa;

		decap_add(11, 16 + 8u * (round % 3), round & 1, 64, 5);
		sa = decap_sas[11];
		for (unsigned int i = 0; i < 40; i++)
			decap_push_good(11, 20 + 37 * i);
		if (round < 3)
			decap_drain();
		else
			for (unsigned int i = 0; i < 150; i++)
				decap_step();
		assert_true(secrets_found(sa.key, sa.key_len, sa.salt) >= 15);
		if (round < 3)
			decap_delete(11);
		else
			decap_reset();
		decap_sas[11].key_len = 0;
		assert_int_equal(secrets_found(sa.key, sa.key_len, sa.salt), 0);
	}
}
