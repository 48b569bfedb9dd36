// SPDX-License-Identifier: Apache-2.0
/*
 * sa_lookup against a plain table: random and adversarial sets of 4096 SAs, deletes, near misses, and one lookup in every cycle while the
 * commands run. Random numbers follow the environment variable ESPALIER_TEST_SEED.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "dut.h"
#include "espalier_regs.h"

DUT_PORT(rst);
DUT_PORT(s_valid);
DUT_PORT(s_spi);
DUT_PORT(s_dst);
DUT_PORT(m_hit);
DUT_PORT(m_sa);
DUT_PORT(req_valid);
DUT_PORT(req_op);
DUT_PORT(req_spi);
DUT_PORT(req_dst);
DUT_PORT(req_sa);
DUT_PORT(rsp_valid);
DUT_PORT(rsp_result);

#ifndef SAS
#define SAS 4096 /* SA_ENTRIES of the bench */
#endif
#define LATENCY 5
enum { WIPE, INSERT, DELETE };

struct entry {
	uint32_t spi, dst;
	bool present;
};

/* What a lookup in flight must answer; changing: a command on that key runs, hit or miss are both right. */
struct expect {
	int sa; /* -1: miss */
	bool valid, changing;
};

static struct entry table[SAS];
static struct expect pipe_[LATENCY];
static int changing = -1, pick = -1; /* SA under a command; SA to look up next, -1: any */
static bool wiping; /* a WIPE is under way: no lookup's result is known */
static uint64_t rng, lookups, hits;

static uint32_t rnd(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (uint32_t)(rng >> 16);
}

static int find(uint32_t spi, uint32_t dst)
{
	for (int i = 0; i < SAS; i++)
		if (table[i].present && table[i].spi == spi && table[i].dst == dst)
			return i;
	return -1;
}

/* One lookup a cycle: an SA of the table, or one that differs from it in one bit, or in one field (which may well fall on a taken row). */
static void tick(void)
{
	int sa = pick >= 0 ? pick : (int)(rnd() % SAS);
	struct expect now = { table[sa].present ? sa : -1, true, sa == changing };

	*P32(s_spi) = table[sa].spi;
	*P32(s_dst) = table[sa].dst;
	if (pick < 0 && rnd() % 8 == 0) {
		uint32_t change = rnd() & 1 ? 1u << rnd() % 32 : rnd();

		if (rnd() & 1)
			*P32(s_spi) ^= change;
		else
			*P32(s_dst) ^= change;
		now.sa = find(*P32(s_spi), *P32(s_dst));
		now.changing = now.sa == changing || changing >= 0;
	}
	now.changing |= wiping;
	*P8(s_valid) = 1;
	dut_edge();
	memmove(pipe_ + 1, pipe_, sizeof(pipe_) - sizeof(pipe_[0]));
	pipe_[0] = now;
	if (pipe_[LATENCY - 1].valid && !pipe_[LATENCY - 1].changing) {
		assert_int_equal(*P8(m_hit), pipe_[LATENCY - 1].sa >= 0);
		if (*P8(m_hit))
			assert_int_equal(*P16(m_sa), pipe_[LATENCY - 1].sa);
		lookups++;
		hits += *P8(m_hit);
	}
}

static uint8_t command(uint8_t op, uint32_t spi, uint32_t dst, uint16_t sa)
{
	*P8(req_op) = op;
	*P32(req_spi) = spi;
	*P32(req_dst) = dst;
	*P16(req_sa) = sa;
	*P8(req_valid) = 1;
	for (int i = 0; !*P8(rsp_valid); i++) {
		assert_true(i < 2 * SAS);
		tick();
	}
	*P8(req_valid) = 0;
	uint8_t result = *P8(rsp_result);
	tick();
	return result;
}

static uint8_t insert(int sa)
{
	uint8_t result;

	changing = sa;
	result = command(INSERT, table[sa].spi, table[sa].dst, (uint16_t)sa);
	for (int i = 0; i < LATENCY; i++)
		tick();
	table[sa].present = result == ESP_SA_RESULT_OK;
	changing = -1;
	return result;
}

static uint8_t delete(int sa)
{
	uint8_t result;

	changing = sa;
	result = command(DELETE, table[sa].spi, table[sa].dst, 0);
	for (int i = 0; i < LATENCY; i++)
		tick();
	table[sa].present = false;
	changing = -1;
	return result;
}

/* The lookups that are in flight when it begins, and at its end, are forgotten. */
static void wipe(void)
{
	memset(pipe_, 0, sizeof(pipe_));
	wiping = true;
	assert_int_equal(command(WIPE, 0, 0, 0), ESP_SA_RESULT_OK);
	wiping = false;
	memset(pipe_, 0, sizeof(pipe_));
}

static int start(void **state)
{
	(void)state;
	rng = 0x2545f4914f6cdd1d ^ (getenv("ESPALIER_TEST_SEED") ? strtoull(getenv("ESPALIER_TEST_SEED"), NULL, 0) : 0);
	dut_open(getenv("ESPALIER_TRACE"));
	memset(table, 0, sizeof(table));
	memset(pipe_, 0, sizeof(pipe_));
	*P8(rst) = 1;
	for (int i = 0; i < 4; i++)
		dut_edge();
	*P8(rst) = 0;
	wipe();
	return 0;
}

static int stop(void **state)
{
	(void)state;
	dut_close();
	return 0;
}

/* Every one finds a place. */
static void fill(const char *name)
{
	lookups = hits = 0;
	for (int i = 0; i < SAS; i++) {
		if (insert(i) != ESP_SA_RESULT_OK)
			fail_msg("%s: no place for SA %d of %d", name, i, SAS);
	}
	for (pick = 0; pick < SAS; pick++)
		tick();
	pick = -1;
	for (int i = 0; i < 100000; i++)
		tick();
	assert_true(hits > lookups / 2);
}

static void empty(void)
{
	for (int i = 0; i < SAS; i++)
		assert_int_equal(delete(i), table[i].present ? ESP_SA_RESULT_OK : ESP_SA_RESULT_NOT_FOUND);
	hits = 0;
	for (int i = 0; i < 5000; i++)
		tick();
	assert_int_equal(hits, 0);
}

static void random_sets(void **state)
{
	(void)state;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < SAS; i++)
			table[i] = (struct entry){ rnd(), rnd(), false };
		fill("random");
		assert_int_equal(insert(7), ESP_SA_RESULT_EXISTS);
		table[7].present = true;
		empty();
	}
}

static void patterns(void **state)
{
	static const char *const names[] = { "sequential SPIs", "SPIs in steps of 4096", "SPIs in steps of 2^20", "one SPI, sequential destinations",
					     "one SPI, destinations in steps of 2^16", "64 SPIs on 64 destinations", "SPI equals destination" };

	(void)state;
	for (uint32_t p = 0; p < sizeof(names) / sizeof(names[0]); p++) {
		for (uint32_t i = 0; i < SAS; i++) {
			struct entry *e = &table[i];

			*e = (struct entry){ 0x1000 + i, 0xc0000201, false };
			if (p == 1)
				e->spi = 0x100 + i * 4096;
			if (p == 2)
				e->spi = 0x100 + i * (1u << 20) + i / 4096;
			if (p == 3 || p == 4)
				e->spi = 0x1000;
			if (p == 3)
				e->dst = 0x0a000000 + i;
			if (p == 4)
				e->dst = 0x0a000000 + (i << 16);
			if (p == 5)
				*e = (struct entry){ 0x1000 + i % 64, 0xc0000200 + i / 64, false };
			if (p == 6)
				*e = (struct entry){ 0x01000100 + i * 257, 0x01000100 + i * 257, false };
		}
		fill(names[p]);
		empty();
	}
}

/* SPIs, and destinations, in steps of every power of two, from anywhere; and in steps of anything. */
static void steps(void **state)
{
	(void)state;
	for (unsigned int round = 0; round < (SAS > 256 ? 6u : 64u); round++) {
		uint64_t step = round < 32 ? 1ull << round : (uint64_t)rnd() << 32 | rnd(), base = (uint64_t)rnd() << 32 | rnd();

		if (SAS > 256)
			step = 1ull << rnd() % 32;
		for (uint64_t i = 0; i < SAS; i++) {
			uint64_t key = base + i * step;

			table[i] = (struct entry){ (uint32_t)(round & 1 ? key >> 32 : key), (uint32_t)(round & 1 ? key : key >> 32), false };
		}
		fill("steps");
		empty();
	}
}

/* Insert and delete in any order at any fill. */
static void churn(void **state)
{
	(void)state;
	for (int i = 0; i < SAS; i++)
		table[i] = (struct entry){ 0x1000 + (rnd() % 0x2000), rnd() % 4, false };
	for (int i = 0; i < SAS; i++)
		for (int j = 0; j < i; j++)
			if (table[i].spi == table[j].spi && table[i].dst == table[j].dst)
				table[i].dst = 0x10000u + (uint32_t)i;
	for (int i = 0; i < 20000; i++) {
		int sa = (int)(rnd() % SAS);
		bool was = table[sa].present;

		if (rnd() % 5 < 3) {
			assert_int_equal(insert(sa), was ? ESP_SA_RESULT_EXISTS : ESP_SA_RESULT_OK);
			table[sa].present = true;
		} else {
			assert_int_equal(delete(sa), was ? ESP_SA_RESULT_OK : ESP_SA_RESULT_NOT_FOUND);
		}
	}
}

#if SAS == 64
#include "stash.h"
#define STASH_TEST cmocka_unit_test_setup_teardown(stash, start, stop),
#else /* with more rows such SAs are too rare */
#define STASH_TEST
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(random_sets, start, stop),
		cmocka_unit_test_setup_teardown(patterns, start, stop),
		cmocka_unit_test_setup_teardown(steps, start, stop),
		cmocka_unit_test_setup_teardown(churn, start, stop),
		STASH_TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
