/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields of wide ports, by bit number: a port is an array of 32-bit words, least significant first. The bit numbers in the tests are those
 * of PG213's tables, written here a second time on purpose: rtl/pcie/pcie_pkg.sv is what they check.
 */
#ifndef ESPALIER_TESTS_BITS_H
#define ESPALIER_TESTS_BITS_H
#include <stdint.h>
#include <stdlib.h>

static inline uint64_t bits_get(const uint32_t *w, unsigned lsb, unsigned width)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < width; i++)
		v |= (uint64_t)(w[(lsb + i) / 32] >> ((lsb + i) % 32) & 1) << i;
	return v;
}

static inline void bits_set(uint32_t *w, unsigned lsb, unsigned width, uint64_t v)
{
	for (unsigned i = 0; i < width; i++) {
		uint32_t bit = 1u << ((lsb + i) % 32);

		w[(lsb + i) / 32] = (v >> i & 1) ? w[(lsb + i) / 32] | bit : w[(lsb + i) / 32] & ~bit;
	}
}

/* 0 to n-1. Each C file has a sequence of its own; the environment variable ESPALIER_TEST_SEED (a number) gives others. */
static inline unsigned rnd(unsigned n)
{
	static uint64_t s;

	if (!s) {
		const char *seed = getenv("ESPALIER_TEST_SEED");

		s = 0x9E3779B97F4A7C15u ^ (seed ? strtoull(seed, NULL, 0) * 0xD1342543DE82EF95u : 0);
		for (const char *c = __BASE_FILE__; *c; c++)
			s = s * 31 + (unsigned char)*c;
	}
	s ^= s << 13;
	s ^= s >> 7;
	s ^= s << 17;
	return (unsigned)((s >> 20) % n);
}

/* True in p percent of the calls. */
static inline int chance(unsigned p)
{
	return rnd(100) < p;
}

#endif
