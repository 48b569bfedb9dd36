// SPDX-License-Identifier: Apache-2.0
/*
 * Bits that turn in what the classifier holds, by a back door into its state (state_flip): each is noticed, no packet passes in clear for it, and REBUILD
 * (or a rule that is written anew) mends it.
 */
#include "spd_tests.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include "secrets.h"
#include "spd_dut.h"
#include "spd_rules.h"

#define PATTERN_RULES 56u /* of 64 bits of a row of a bit vector: 7 columns of 8 rules and a parity bit each, and a rule more */

static void write_ok(unsigned int index, const struct spd_rule *rule)
{
	assert_int_equal(spd_write(index, rule), RESULT_OK);
}

/* This key alone is under way, and behind it. */
static void only(const struct spd_key *key)
{
	for (unsigned int i = 0; i < 2 * SPD_LATENCY; i++)
		spd_tick_key(key);
}

static void mended(enum spd_op op)
{
	assert_int_equal(spd_command(op, 0, NULL), RESULT_OK);
	spd_drain();
	spd_faulty = false;
	for (unsigned int i = 0; i < 500; i++)
		spd_tick();
}

/* The first rules BYPASS one host or PROTECT another, by a pattern: what a row of the vector of the destination's last byte then holds is known. */
void vector_turned(void **state)
{
	const uint64_t pattern = 0x5ad3c6968d2b3b17ull; /* its columns are not alike, their parities neither */
	struct spd_rule rule = spd_any_rule();
	struct spd_key hit = { .dst = { 10, 1, 2, 3 } }, other = { .dst = { 10, 1, 2, 99 } };
	uint64_t row = 0;

	(void)state;
	rule.families = SPD_IPV4;
	for (unsigned int i = 0; i <= PATTERN_RULES; i++) {
		bool in = pattern >> i & 1;

		rule.dst = (struct spd_prefix){ { 10, 1, 2, in ? 3 : 4 }, 32 };
		rule.act = (struct spd_act){ in ? SPD_PROTECT : SPD_BYPASS, (uint16_t)i };
		write_ok(i, &rule);
		row |= (uint64_t)in << (i + i / SPD_GROUP);
	}
	for (unsigned int g = 0; g < PATTERN_RULES / SPD_GROUP; g++)
		row |= (uint64_t)__builtin_parity(pattern >> g * SPD_GROUP & 0xff) << (g * 9 + 8);
	assert_int_equal(spd_commit(), RESULT_OK);
	for (unsigned int bit = 0; bit < 64; bit += 1 + spd_below(9)) {
		uint64_t before = spd_faults;

		only(&other);
		assert_true(state_flip(row, bit, EVERY_PLACE) >= 2); /* a row of each bank, at least */
		spd_faulty = true;
		spd_tick_key(&hit);
		only(&other);
		assert_int_equal(spd_faults - before, 1);
		write_ok(bit / 9 * SPD_GROUP, &spd_live[bit / 9 * SPD_GROUP]); /* its column is made anew, in both banks */
		mended(OP_COMMIT);
	}
}

/* The acts of two rules beside each other, DISCARD and PROTECT: a bit more is BYPASS. Verilator keeps an act and its parity in 32 bits. */
void act_turned(void **state)
{
	struct spd_rule rule = spd_any_rule();
	const struct spd_act first = { SPD_DISCARD, 0x1234 }, second = { SPD_PROTECT, 0x5679 };
	uint64_t words = 0;
	struct spd_key hit = { .dst = { 10, 1, 2, 4 } }, other = { .dst = { 10, 1, 2, 3 } };

	(void)state;
	rule.families = SPD_IPV4;
	rule.dst = (struct spd_prefix){ { 10, 1, 2, 3 }, 32 };
	rule.act = first;
	write_ok(2, &rule);
	rule.dst.addr[3] = 4;
	rule.act = second;
	write_ok(3, &rule);
	assert_int_equal(spd_commit(), RESULT_OK);
	words = (uint64_t)first.action << 16 | first.sa | (uint64_t)second.action << 48 | (uint64_t)second.sa << 32;
	words |= (uint64_t)__builtin_parity((unsigned int)(words & 0x3ffff)) << 18 | (uint64_t)__builtin_parity((unsigned int)(words >> 32)) << 50;
	for (unsigned int bit = 32; bit < 51; bit += 1 + spd_below(3)) {
		uint64_t before = spd_faults;

		only(&other);
		assert_true(state_flip(words, bit, EVERY_PLACE) >= 3); /* a word of each bank, and the staged one */
		spd_faulty = true;
		spd_tick_key(&hit);
		only(&other);
		assert_int_equal(spd_faults - before, 1);
		assert_int_equal(spd_commit(), RESULT_FAULT); /* the staged one is no better */
		assert_int_equal(spd_fault_index, 3);
		write_ok(3, &rule);
		mended(OP_COMMIT);
	}
}

/* A staged rule that fails its parity is not made: COMMIT says which, packets meet the table of before; it is written anew, and all is made. */
void staged_turned(void **state)
{
	struct spd_rule rule = spd_any_rule();
	uint64_t low = 0; /* half of the address, as it stands in memory */

	(void)state;
	rule.families = SPD_IPV6;
	for (unsigned int i = 0; i < 16; i++)
		rule.dst.addr[i] = (uint8_t)(0x11 * i + 3);
	for (unsigned int i = 8; i < 16; i++)
		low = low << 8 | rule.dst.addr[i];
	rule.dst.len = 128;
	rule.act = (struct spd_act){ SPD_PROTECT, 5 };
	for (unsigned int round = 0; round < 4; round++) {
		unsigned int index = spd_below(spd_rules), further = spd_below(spd_rules);
		struct spd_rule more = spd_random_rule();
		uint64_t swapped = spd_swap_cycle;

		write_ok(further, &more);
		write_ok(index, &rule);
		assert_true(state_flip(low, spd_below(64), EVERY_PLACE) >= 1);
		assert_int_equal(spd_commit(), RESULT_FAULT);
		assert_int_equal(spd_fault_index, index);
		assert_true(spd_swap_cycle == swapped);
		write_ok(index, &rule);
		assert_int_equal(spd_commit(), RESULT_OK);
		assert_true(spd_swap_cycle > swapped);
		assert_memory_equal(spd_live, spd_staged, sizeof(spd_live));
		write_ok(index, &(struct spd_rule){ 0 });
		assert_int_equal(spd_commit(), RESULT_OK);
	}
}

/* Which bank packets read is held twice: one copy turned, and nothing is believed until a COMMIT. */
void bank_turned(void **state)
{
	struct spd_rule rule = spd_any_rule();

	(void)state;
	rule.act = (struct spd_act){ SPD_BYPASS, 0 };
	write_ok(0, &rule);
	assert_int_equal(spd_commit(), RESULT_OK);
	for (unsigned int round = 0; round < 2; round++) {
		uint64_t faults = spd_faults, lookups;

		spd_drain();
		dut_flip_bank();
		spd_faulty = true;
		spd_drain();
		lookups = spd_lookups;
		faults = spd_faults;
		for (unsigned int i = 0; i < 200; i++)
			spd_tick();
		assert_int_equal(spd_faults - faults, spd_lookups - lookups);
		mended(round & 1 ? OP_REBUILD : OP_COMMIT);
	}
}
