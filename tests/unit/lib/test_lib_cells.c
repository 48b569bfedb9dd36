/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The small cells of rtl/lib, each beside a few lines of C that say what it must do, under random words, gaps and back-pressure of every
 * density. A stream: each word once, in order, an offer stands until it is taken, the cell holds what it promises, and a word shows in time. Random numbers
 * follow ESPALIER_TEST_SEED, their count ESPALIER_TEST_SCALE.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "dut.h"
#include "seed.h"

DUT_PORT(rst);
DUT_PORT(s_valid);
DUT_PORT(s_ready);
DUT_PORT(s_data);
DUT_PORT(m_valid);
DUT_PORT(m_ready);
DUT_PORT(m_data);
DUT_PORT(count);
DUT_PORT(delay_valid);
DUT_PORT(delay_data);
DUT_PORT(delay_out_valid);
DUT_PORT(delay_out_data);
DUT_PORT(alloc_valid);
DUT_PORT(alloc_index);
DUT_PORT(alloc_take);
DUT_PORT(alloc_free_valid);
DUT_PORT(alloc_free_index);
DUT_PORT(ram_wr_en);
DUT_PORT(ram_wr_addr);
DUT_PORT(ram_wr_strb);
DUT_PORT(ram_wr_data);
DUT_PORT(ram_rd_en);
DUT_PORT(ram_rd_addr);
DUT_PORT(ram_rd_data);
DUT_PORT(rrw_en);
DUT_PORT(rrw_write);
DUT_PORT(rrw_addr);
DUT_PORT(rrw_rd_data);
DUT_PORT(rrw_rw_data);
DUT_PORT(rotate_s_valid);
DUT_PORT(rotate_s_ready);
DUT_PORT(rotate_s_data);
DUT_PORT(rotate_s_last);
DUT_PORT(rotate_s_user);
DUT_PORT(rotate_s_up);
DUT_PORT(rotate_s_skip);
DUT_PORT(rotate_s_more);
DUT_PORT(rotate_m_valid);
DUT_PORT(rotate_m_ready);
DUT_PORT(rotate_m_data);
DUT_PORT(rotate_m_last);
DUT_PORT(rotate_m_user);

#define CYCLES 20000u
#define STREAMS 4u
#define WORDS 8u

static unsigned rnd(unsigned n)
{
	return (unsigned)rand() % n;
}

static void reset(void)
{
	*P8(rst) = 1;
	*P8(rotate_s_valid) = 0;
	*P8(s_valid) = *P8(m_ready) = *P8(delay_valid) = *P8(alloc_take) = *P8(alloc_free_valid) = *P8(ram_wr_en) = *P8(ram_rd_en) = *P8(rrw_en) = 0;
	for (int i = 0; i < 8; i++)
		dut_edge();
	*P8(rst) = 0;
	dut_edge();
}

/* What each cell holds before it says no, and the most cycles from a word's entry to its offer when nothing waits before it. */
static const struct {
	unsigned least, most, latency;
} promise[STREAMS] = {{2, 2, 1}, {WORDS, WORDS, 1}, {WORDS, WORDS + 1, 2}, {WORDS, WORDS + 2, 3}};

static void test_streams(void **state)
{
	static uint16_t queue[STREAMS][64];
	unsigned head[STREAMS] = {0}, tail[STREAMS] = {0}, quiet[STREAMS] = {0}, offered = 0;
	uint16_t *in = dut_s_data(), *out = dut_m_data();

	(void)state;
	reset();
	for (unsigned cycle = 0; cycle < CYCLES * test_scale(); cycle++) {
		/* Phases: full speed, slow reader, slow writer, both at random. */
		unsigned phase = cycle / 200 % 4, writes = phase == 2 ? 20 : phase == 3 ? 60 : 100, reads = phase == 1 ? 20 : phase == 3 ? 60 : 100;

		*P8(m_ready) = 0;
		for (unsigned i = 0; i < STREAMS; i++) {
			if (!(offered >> i & 1) && rnd(100) < writes) {
				in[i] = (uint16_t)rand();
				offered |= 1u << i;
			}
			*P8(m_ready) |= (uint8_t)((rnd(100) < reads) << i);
		}
		*P8(s_valid) = (uint8_t)offered;
		dut_settle();
		for (unsigned i = 0; i < STREAMS; i++) {
			unsigned held = tail[i] - head[i];
			int valid = *P8(m_valid) >> i & 1, ready = *P8(s_ready) >> i & 1;

			if (held < promise[i].least)
				assert_true(ready || (i == 0 && held == 1));
			if (held >= promise[i].most)
				assert_false(ready);
			quiet[i] = held && !valid ? quiet[i] + 1 : 0;
			assert_true(quiet[i] < promise[i].latency);
			if (valid) {
				assert_true(held);
				assert_int_equal(out[i], queue[i][head[i] % 64]);
			}
		}
		for (unsigned i = 0; i < 2; i++) {
			unsigned held = tail[i + 1] - head[i + 1], told = *P8(count) >> (4 * i) & 15;

			assert_int_equal(told, held - (i == 1 && (*P8(m_valid) >> 2 & 1)));
		}
		uint8_t taken = *P8(s_valid) & *P8(s_ready), given = *P8(m_valid) & *P8(m_ready);

		dut_edge();
		for (unsigned i = 0; i < STREAMS; i++) {
			if (taken >> i & 1)
				queue[i][tail[i]++ % 64] = in[i];
			head[i] += given >> i & 1;
		}
		offered &= ~(unsigned)taken;
	}
	for (unsigned i = 0; i < STREAMS; i++)
		assert_true(head[i] > CYCLES / 4);
}

static void test_delay_lines(void **state)
{
	static const unsigned delay[3] = {2, 4, 7};
	struct {
		uint8_t valid;
		uint16_t data;
	} past[8] = {{0, 0}};
	uint16_t *out = dut_delay_out_data();

	(void)state;
	reset();
	for (unsigned cycle = 0; cycle < CYCLES * test_scale(); cycle++) {
		*P8(delay_valid) = rnd(100) < (cycle / 100 % 2 ? 100 : 40);
		*P16(delay_data) = (uint16_t)rand();
		memmove(past + 1, past, sizeof past - sizeof past[0]);
		past[0].valid = *P8(delay_valid);
		past[0].data = *P16(delay_data);
		dut_edge();
		for (unsigned i = 0; i < 3; i++) {
			assert_int_equal(*P8(delay_out_valid) >> i & 1, past[delay[i] - 1].valid);
			if (past[delay[i] - 1].valid)
				assert_int_equal(out[i], past[delay[i] - 1].data);
		}
	}
}

static void test_numbers(void **state)
{
	unsigned out = 0, taken = 0, rest[8], freed = 0;

	(void)state;
	reset();
	for (unsigned cycle = 0; cycle < CYCLES * test_scale(); cycle++) {
		unsigned phase = cycle / 50 % 3;

		assert_int_equal(*P8(alloc_valid), out != 0xff);
		if (*P8(alloc_valid)) {
			assert_false(out >> *P8(alloc_index) & 1);
			/* Fresh ones in their order, then the one that has rested the longest. */
			assert_int_equal(*P8(alloc_index), taken < 8 ? taken : rest[(taken - 8) % 8]);
		}
		*P8(alloc_take) = *P8(alloc_valid) && rnd(100) < (phase == 1 ? 20u : 80u);
		*P8(alloc_free_valid) = 0;
		if (out && rnd(100) < (phase == 0 ? 20u : 80u)) {
			do
				*P8(alloc_free_index) = (uint8_t)rnd(8);
			while (!(out >> *P8(alloc_free_index) & 1));
			*P8(alloc_free_valid) = 1;
		}
		if (*P8(alloc_take)) {
			out |= 1u << *P8(alloc_index);
			taken++;
		}
		if (*P8(alloc_free_valid)) {
			out &= ~(1u << *P8(alloc_free_index));
			rest[freed++ % 8] = *P8(alloc_free_index);
		}
		dut_edge();
	}
	assert_true(taken > CYCLES / 8);
}

static void test_rams(void **state)
{
	uint16_t sdp[WORDS] = {0}, rrw[WORDS] = {0}, *out = dut_ram_rd_data();
	uint16_t now = 0, first = 0, second = 0, a_first = 0, a_second = 0, b_first = 0, b_second = 0;
	unsigned collisions = 0, differ = 0;
	int anything = 0, anything_out = 0, known = 0;

	(void)state;
	reset();
	/* Every word is known before it is read. */
	for (unsigned i = 0; i < WORDS; i++) {
		*P8(ram_wr_en) = *P8(rrw_en) = *P8(rrw_write) = 1;
		*P8(ram_wr_addr) = *P8(rrw_addr) = (uint8_t)i;
		*P8(ram_wr_strb) = 3;
		*P16(ram_wr_data) = sdp[i] = rrw[i] = (uint16_t)rand();
		dut_edge();
	}
	for (unsigned cycle = 0; cycle < CYCLES * test_scale(); cycle++) {
		int was_read = *P8(ram_rd_en) && cycle, was_b = *P8(rrw_en) && !*P8(rrw_write);

		/* The output register follows a cycle behind. */
		if (was_read) {
			second = first;
			anything_out = anything;
			a_second = a_first;
		}
		if (was_b)
			b_second = b_first;
		*P8(ram_wr_en) = rnd(100) < 70;
		*P8(ram_wr_addr) = (uint8_t)rnd(WORDS);
		*P8(ram_wr_strb) = (uint8_t)rnd(4);
		*P16(ram_wr_data) = (uint16_t)rand();
		*P8(ram_rd_en) = rnd(100) < 70;
		*P8(ram_rd_addr) = (uint8_t)(rnd(3) ? rnd(WORDS) : *P8(ram_wr_addr));
		*P8(rrw_en) = rnd(100) < 70;
		*P8(rrw_write) = (uint8_t)rnd(2);
		*P8(rrw_addr) = (uint8_t)(rnd(3) ? rnd(WORDS) : *P8(ram_rd_addr));
		if (*P8(ram_rd_en)) {
			now = first = sdp[*P8(ram_rd_addr)];
			anything = *P8(ram_wr_en) && *P8(ram_wr_strb) && *P8(ram_wr_addr) == *P8(ram_rd_addr);
			collisions += (unsigned)anything;
			a_first = rrw[*P8(ram_rd_addr)];
			known++;
		}
		if (*P8(rrw_en) && !*P8(rrw_write))
			b_first = rrw[*P8(rrw_addr)];
		if (*P8(ram_wr_en))
			for (unsigned i = 0; i < 2; i++)
				if (*P8(ram_wr_strb) >> i & 1)
					sdp[*P8(ram_wr_addr)] = (uint16_t)((sdp[*P8(ram_wr_addr)] & ~(0xff << 8 * i)) | (*P16(ram_wr_data) & 0xff << 8 * i));
		if (*P8(rrw_en) && *P8(rrw_write))
			rrw[*P8(rrw_addr)] = *P16(ram_wr_data);
		dut_edge();
		if (known > 2) {
			assert_int_equal(out[0], now); /* the old word, whatever was written */
			if (!anything_out)
				assert_int_equal(out[1], second);
			else
				differ += out[1] != second;
			assert_int_equal(*P16(rrw_rd_data), a_second);
		}
		if (cycle > 20)
			assert_int_equal(*P16(rrw_rw_data), b_second);
	}
	/* The model of "anything" is neither the old word nor the new one, as good as always. */
	assert_true(collisions > CYCLES / 20 && differ > collisions / 2);
}

/* ---- axis_rotate ------------------------------------------------------------------------------------------------------------------- */

#define ROTATORS 4u
#define MAX_BEATS 9u

struct turned {
	unsigned beats, up, skip, more, user, out_beats;
	uint32_t words[16 * MAX_BEATS]; /* that come */
};

/* Word j of what leaves: the packet's own word j + skip * words - up, or 0 where it has none. */
static uint32_t turned_word(const struct turned *p, unsigned words, unsigned j)
{
	int from = (int)(j + p->skip * words) - (int)p->up;

	return from < 0 || from >= (int)(p->beats * words) ? 0 : p->words[from];
}

static void make_turned(struct turned *p, unsigned words, int fixed)
{
	p->skip = rnd(3) ? rnd(4) : 0;
	p->beats = p->skip + 1 + rnd(MAX_BEATS - 3 - 1);
	p->up = fixed >= 0 ? (unsigned)fixed : rnd(words);
	p->more = rnd(2);
	p->user = rnd(256);
	p->out_beats = p->beats - p->skip + p->more;
	for (unsigned i = 0; i < p->beats * words; i++)
		p->words[i] = (uint32_t)rand() << 16 ^ (uint32_t)rand();
}

/* Each packet as the header of the cell says, at any rate of both sides; at full rate in the cycles that it says. */
static void rotate(unsigned which)
{
	static struct turned ring[8];
	unsigned words = which == 3 ? 16 : 4u << which, in = 0, out = 0, beat_in = 0, beat_out = 0;
	int fixed = which == 3 ? 5 : -1, offered = 0, behind = 0;
	uint8_t *s_user = dut_rotate_s_user(), *up = dut_rotate_s_up(), *skip = dut_rotate_s_skip(), *m_user = dut_rotate_m_user();
	uint32_t *s_data = (uint32_t *)dut_rotate_s_data() + 16 * which, *m_data = (uint32_t *)dut_rotate_m_data() + 16 * which;
	uint8_t bit = (uint8_t)(1u << which);

	reset();
	for (unsigned cycle = 0; cycle < CYCLES * test_scale(); cycle++) {
		unsigned phase = cycle / 500 % 4, writes = phase == 2 ? 30 : phase == 3 ? 70 : 100, reads = phase == 1 ? 30 : phase == 3 ? 70 : 100;
		struct turned *p = &ring[in % 8], *q = &ring[out % 8];

		if (!offered && rnd(100) < writes) {
			if (!beat_in)
				make_turned(p, words, fixed);
			offered = 1;
			memcpy(s_data, p->words + beat_in * words, 4 * words);
			*P8(rotate_s_last) = (uint8_t)(beat_in + 1 == p->beats ? bit : 0);
			*P8(rotate_s_more) = (uint8_t)(p->more ? bit : 0);
			s_user[which] = (uint8_t)(p->user + beat_in);
			up[which] = (uint8_t)(fixed >= 0 ? p->user & 15 : p->up);
			skip[which] = (uint8_t)p->skip;
		}
		*P8(rotate_s_valid) = offered ? bit : 0;
		*P8(rotate_m_ready) = rnd(100) < reads ? bit : 0;
		dut_settle();
		int taken = offered && (*P8(rotate_s_ready) & bit) != 0, given = *P8(rotate_m_valid) & *P8(rotate_m_ready) & bit;

		if (*P8(rotate_m_valid) & bit) {
			unsigned of = q->skip + beat_out < q->beats ? q->skip + beat_out : q->beats - 1;

			assert_true(out < in || (out == in && beat_in));
			for (unsigned i = 0; i < words; i++)
				assert_int_equal(m_data[i], turned_word(q, words, beat_out * words + i));
			assert_int_equal(m_user[which], (uint8_t)(q->user + of));
			assert_int_equal(!!(*P8(rotate_m_last) & bit), beat_out + 1 == q->out_beats);
		}
		if (given && ++beat_out == q->out_beats) {
			out++;
			beat_out = 0;
		}
		/* At full rate a beat comes each cycle, but where words wait to leave and the next packet's first beat leaves, too. */
		if (phase == 0 && cycle % 500 > 4)
			assert_int_equal(taken, !(behind && !p->skip));
		behind = 0;
		dut_edge();
		if (!taken)
			continue;
		offered = 0;
		if (++beat_in < p->beats)
			continue;
		behind = (int)p->more;
		in++;
		beat_in = 0;
	}
	assert_true(out > CYCLES / 30);
}

static void test_rotate(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ROTATORS; i++)
		rotate(i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_delay_lines),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_rams),
		cmocka_unit_test(test_rotate),
	};

	srand(test_seed());
	dut_open(getenv("ESPALIER_TRACE"));
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	dut_close();
	return failed;
}
