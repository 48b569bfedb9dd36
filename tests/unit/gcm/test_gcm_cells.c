/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of rtl/gcm, each beside a model in C written from NIST SP 800-38D: what each lane of a beat holds and its counter (gcm_layout), GHASH
 * of several blocks a cycle (ghash), and the powers of H of each SA (ghash_powers). Random numbers follow ESPALIER_TEST_SEED, their count
 * ESPALIER_TEST_SCALE.
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

#define PORT(NAME) DUT_PORT(NAME);
#include "gcm_cells_ports.h"
#undef PORT

#define CYCLES 20000u
#define SAS 16u
#define LANES 4u

static unsigned rnd(unsigned n)
{
	return (unsigned)rand() % n;
}

static int chance(unsigned percent)
{
	return rnd(100) < percent;
}

static void random_bytes(void *to, unsigned len)
{
	for (unsigned i = 0; i < len; i++)
		((uint8_t *)to)[i] = (uint8_t)(rand() >> 7);
}

static void reset(void)
{
	*P8(a_valid) = *P8(a_flush) = *P8(b_valid) = *P8(b_flush) = *P8(h_valid) = *P8(h_flush) = *P8(p_wr) = *P8(p_ahead) = 0;
	*P8(rst) = 1;
	for (int i = 0; i < 8; i++)
		dut_edge();
	*P8(rst) = 0;
	dut_edge();
}

/* ---- gcm_layout ------------------------------------------------------------------------------------------------------------------------- */

static const struct layout {
	unsigned lanes, max_aad; /* blocks */
	void *(*valid)(void), *(*flush)(void), *(*first)(void), *(*nonce)(void), *(*aad_len)(void), *(*len)(void);
	void *(*m_valid)(void), *(*m_nonce)(void), *(*m_counter)(void), *(*m_aad)(void), *(*m_full)(void), *(*m_part)(void), *(*m_part_len)(void);
	void *(*m_length)(void);
} layouts[2] = {
	{4, 3, dut_a_valid, dut_a_flush, dut_a_first, dut_a_nonce, dut_a_aad_len, dut_a_len, dut_a_m_valid, dut_a_m_nonce, dut_a_m_counter,
	 dut_a_m_aad, dut_a_m_full, dut_a_m_part, dut_a_m_part_len, dut_a_m_length},
	{1, 1, dut_b_valid, dut_b_flush, dut_b_first, dut_b_nonce, dut_b_aad_len, dut_b_len, dut_b_m_valid, dut_b_m_nonce, dut_b_m_counter,
	 dut_b_m_aad, dut_b_m_full, dut_b_m_part, dut_b_m_part_len, dut_b_m_length},
};

struct shape {
	int valid, flush;
	unsigned first_block, aad, len; /* of the beat; AAD blocks, payload bytes */
	uint8_t nonce[12];
};

static void check_shape(const struct layout *l, const struct shape *s)
{
	unsigned payload = (s->len + 15) / 16;

	assert_memory_equal(l->m_nonce(), s->nonce, 12);
	for (unsigned lane = 0; lane < l->lanes; lane++) {
		unsigned block = s->first_block + lane, counter = (unsigned)(*(uint64_t *)l->m_counter() >> 16 * lane & 0xffff);
		int aad = block < s->aad, in = !aad && block < s->aad + payload, part = in && block == s->aad + payload - 1 && s->len % 16;

		if (l->lanes == 1)
			counter = *(uint16_t *)l->m_counter();
		assert_int_equal(*(uint8_t *)l->m_aad() >> lane & 1, aad);
		assert_int_equal(*(uint8_t *)l->m_full() >> lane & 1, in && !part);
		assert_int_equal(*(uint8_t *)l->m_part() >> lane & 1, part);
		assert_int_equal(*(uint8_t *)l->m_length() >> lane & 1, block == s->aad + payload);
		if (part)
			assert_int_equal(*(uint8_t *)l->m_part_len(), s->len % 16);
		/* SP 800-38D, 7.1: J0 has counter 1, the payload's blocks from 2 on. */
		if (block == 0)
			assert_int_equal(counter, 1);
		else if (in)
			assert_int_equal(counter, 2 + block - s->aad);
	}
}

static void check_layout(const struct layout *l)
{
	struct shape now = {0}, past[3];
	unsigned beat = 0, beats = 0, seen = 0, aad_len = 0;

	memset(past, 0, sizeof past);
	reset();
	for (unsigned cycle = 0; cycle < CYCLES * test_scale(); cycle++) {
		now.valid = chance(cycle / 500 % 2 ? 100 : 60);
		/* What was left of a nonce goes between packets. */
		now.flush = !now.valid && beat == beats && chance(30);
		if (now.valid && beat == beats) {
			aad_len = rnd(16 * l->max_aad + 1);
			now.aad = aad_len ? (aad_len + 15) / 16 : 1;
			now.len = chance(10) ? rnd(9700) : rnd(200);
			random_bytes(now.nonce, 12);
			beat = 0;
			beats = (now.aad + (now.len + 15) / 16 + 1 + l->lanes - 1) / l->lanes;
		}
		*(uint8_t *)l->valid() = (uint8_t)now.valid;
		*(uint8_t *)l->flush() = (uint8_t)now.flush;
		*(uint8_t *)l->first() = beat == 0;
		*(uint16_t *)l->aad_len() = (uint16_t)aad_len;
		*(uint16_t *)l->len() = (uint16_t)now.len;
		memcpy(l->nonce(), now.nonce, 12);
		now.first_block = beat * l->lanes;
		beat += (unsigned)now.valid;
		memmove(past + 1, past, 2 * sizeof past[0]);
		past[0] = now;
		dut_edge();
		assert_int_equal(*(uint8_t *)l->m_valid(), past[1].valid);
		if (past[1].valid) {
			check_shape(l, &past[1]);
			seen++;
		} else if (past[1].flush) {
			static const uint8_t zero[12];

			assert_memory_equal(l->m_nonce(), zero, 12);
		}
	}
	assert_true(seen > CYCLES / 2);
}

static void test_layout(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++)
		check_layout(&layouts[i]);
}

/* ---- ghash -------------------------------------------------------------------------------------------------------------------------------- */

/* SP 800-38D, 6.3: x = x * y; bit 0 is the top bit of byte 0. */
static void multiply(uint8_t *x, const uint8_t *y)
{
	uint8_t z[16] = {0}, v[16];

	memcpy(v, y, 16);
	for (unsigned bit = 0; bit < 128; bit++) {
		unsigned carry = v[15] & 1;

		if (x[bit / 8] >> (7 - bit % 8) & 1)
			for (unsigned i = 0; i < 16; i++)
				z[i] ^= v[i];
		for (unsigned i = 15; i; i--)
			v[i] = (uint8_t)(v[i] >> 1 | v[i - 1] << 7);
		v[0] = (uint8_t)(v[0] >> 1);
		if (carry)
			v[0] ^= 0xe1;
	}
	memcpy(x, z, 16);
}

static void test_ghash(void **state)
{
	uint8_t h[16] = {0}, y[16] = {0}, *blocks = dut_h_blocks(), *powers = dut_h_powers(), expected[8][16] = {{0}};
	unsigned left = 0, results = 0;
	int due[8] = {0};

	(void)state;
	reset();
	for (unsigned cycle = 0; cycle < CYCLES / 2 * test_scale(); cycle++) {
		memmove(due + 1, due, sizeof due - sizeof due[0]);
		memmove(expected[1], expected[0], sizeof expected - sizeof expected[0]);
		due[0] = 0;
		*P8(h_valid) = chance(cycle / 300 % 2 ? 100 : 60);
		/* In a free cycle powers that are read to wipe the registers change nothing. */
		*P8(h_flush) = !*P8(h_valid) && chance(30);
		random_bytes(powers, 64);
		random_bytes(blocks, 64);
		if (*P8(h_valid)) {
			uint8_t power[16];
			unsigned count;

			if (!left) {
				left = 1 + rnd(chance(20) ? 40 : 6);
				random_bytes(h, 16);
				memset(y, 0, 16);
			}
			count = left == 1 ? 1 + rnd(LANES) : LANES; /* only the last beat may have room left */
			memset(blocks + 16 * count, 0, 16 * (LANES - count));
			memcpy(power, h, 16);
			for (unsigned n = 0; n < LANES; n++) {
				memcpy(powers + 16 * n, power, 16);
				multiply(power, h);
			}
			*P8(h_count) = (uint8_t)(1u << (count - 1));
			*P8(h_last) = --left == 0;
			for (unsigned n = 0; n < count; n++) {
				for (unsigned i = 0; i < 16; i++)
					y[i] ^= blocks[16 * n + i];
				multiply(y, h);
			}
			due[0] = *P8(h_last);
			memcpy(expected[0], y, 16);
		}
		dut_edge();
		/* 5 cycles from the blocks to the result. */
		assert_int_equal(*P8(h_y_valid), due[4]);
		if (due[4]) {
			assert_memory_equal(dut_h_y(), expected[4], 16);
			results++;
		}
	}
	assert_true(results > CYCLES / 32);
}

/* ---- ghash_powers --------------------------------------------------------------------------------------------------------------------------- */

static void test_powers(void **state)
{
	static uint8_t kept[SAS][16 * LANES];
	uint8_t shown[2][16 * LANES];
	int asked[2] = {0}, any = 0;

	(void)state;
	reset();
	for (unsigned sa = 0; sa < SAS; sa++) { /* wiped, as after reset */
		*P8(p_wr) = *P8(p_all) = 1;
		*P16(p_sa) = (uint16_t)sa;
		memset(dut_p_data(), 0, 16);
		dut_edge();
	}
	*P8(p_wr) = 0;
	dut_edge();
	for (unsigned cycle = 0; cycle < CYCLES * test_scale(); cycle++) {
		unsigned sa = rnd(SAS), other = (sa + 1 + rnd(SAS - 2)) % SAS, slot = rnd(32);

		/* An SA's powers are written while no packet of it is there: its cycle and the one behind, where it is stored. */
		*P8(p_ahead) = chance(60);
		*P8(p_sa_ahead) = (uint8_t)sa;
		*P8(p_wr) = chance(30) && cycle % 4 == 0;
		*P8(p_all) = chance(10);
		*P8(p_slot) = (uint8_t)slot;
		*P16(p_sa) = (uint16_t)other;
		random_bytes(dut_p_data(), 16);
		if (*P8(p_wr) || cycle % 4 == 1)
			*P8(p_ahead) = 0;
		asked[1] = asked[0];
		asked[0] = *P8(p_ahead);
		if (asked[1])
			memcpy(shown[1], shown[0], sizeof shown[0]);
		if (asked[0])
			memcpy(shown[0], kept[sa], sizeof shown[0]);
		if (*P8(p_wr))
			for (unsigned n = 0; n < LANES; n++)
				if (*P8(p_all) || slot == 16 + n)
					memcpy(kept[other] + 16 * n, dut_p_data(), 16);
		dut_edge();
		any |= asked[1];
		if (any) /* it stays until the next */
			assert_memory_equal(dut_p_power(), shown[1], sizeof shown[1]);
	}
	assert_true(any);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_ghash),
		cmocka_unit_test(test_powers),
	};

	srand(test_seed());
	dut_open(getenv("ESPALIER_TRACE"));
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	dut_close();
	return failed;
}
