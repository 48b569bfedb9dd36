// SPDX-License-Identifier: Apache-2.0
// The cipher with AES-NI and PCLMULQDQ; see cipher.h. The product is that of Gueron and Kounavis, "Intel Carry-Less Multiplication
// Instruction and its Usage for Computing the GCM Mode", algorithms 1 and 5; sums of products are reduced once.
#include <stddef.h>

#include "cipher.h"

#ifdef __x86_64__
#include <immintrin.h>

#define INSTRUCTIONS __attribute__((target("aes,pclmul,ssse3")))

static inline __m128i load(const uint8_t *p)
{
	return _mm_loadu_si128((const __m128i *)p);
}

INSTRUCTIONS static void encrypt(const uint8_t *const *keys, unsigned int rounds, uint8_t (*blocks)[16], unsigned int count)
{
	__m128i s[4];

	for (unsigned int b = 0; b < count; b++)
		s[b] = _mm_xor_si128(load(blocks[b]), load(keys[0]));
	for (unsigned int r = 1; r < rounds; r++)
		for (unsigned int b = 0; b < count; b++)
			s[b] = _mm_aesenc_si128(s[b], load(keys[r]));
	for (unsigned int b = 0; b < count; b++)
		_mm_storeu_si128((__m128i *)blocks[b], _mm_aesenclast_si128(s[b], load(keys[rounds])));
}

INSTRUCTIONS static inline __m128i turned(const uint8_t *p)
{
	return _mm_shuffle_epi8(load(p), _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}

/* The remainder of a bit-reflected 256-bit product, which is one place short. */
static inline __m128i reduce(__m128i lo, __m128i hi)
{
	__m128i carry_lo = _mm_srli_epi32(lo, 31), carry_hi = _mm_srli_epi32(hi, 31), fold, spill;

	lo = _mm_or_si128(_mm_slli_epi32(lo, 1), _mm_slli_si128(carry_lo, 4));
	hi = _mm_or_si128(_mm_slli_epi32(hi, 1), _mm_slli_si128(carry_hi, 4));
	hi = _mm_or_si128(hi, _mm_srli_si128(carry_lo, 12));
	fold = _mm_xor_si128(_mm_slli_epi32(lo, 31), _mm_xor_si128(_mm_slli_epi32(lo, 30), _mm_slli_epi32(lo, 25)));
	spill = _mm_srli_si128(fold, 4);
	lo = _mm_xor_si128(lo, _mm_slli_si128(fold, 12));
	fold = _mm_xor_si128(_mm_srli_epi32(lo, 1), _mm_xor_si128(_mm_srli_epi32(lo, 2), _mm_srli_epi32(lo, 7)));
	return _mm_xor_si128(hi, _mm_xor_si128(lo, _mm_xor_si128(fold, spill)));
}

INSTRUCTIONS static void multiply(const uint8_t (*x)[16], const uint8_t *const *h, unsigned int count, uint8_t *sum)
{
	__m128i lo = _mm_setzero_si128(), mid = lo, hi = lo;

	for (unsigned int n = 0; n < count; n++) {
		__m128i a = turned(x[n]), b = turned(h[n]);

		lo = _mm_xor_si128(lo, _mm_clmulepi64_si128(a, b, 0x00));
		hi = _mm_xor_si128(hi, _mm_clmulepi64_si128(a, b, 0x11));
		mid = _mm_xor_si128(mid, _mm_xor_si128(_mm_clmulepi64_si128(a, b, 0x01), _mm_clmulepi64_si128(a, b, 0x10)));
	}
	lo = reduce(_mm_xor_si128(lo, _mm_slli_si128(mid, 8)), _mm_xor_si128(hi, _mm_srli_si128(mid, 8)));
	_mm_storeu_si128((__m128i *)sum, lo);
	_mm_storeu_si128((__m128i *)sum, turned(sum));
}

const struct cipher *cipher_x86(void)
{
	static const struct cipher cipher = { encrypt, multiply };
	bool able = __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("ssse3");

	return able ? &cipher : NULL;
}
#else
const struct cipher *cipher_x86(void)
{
	return NULL;
}
#endif
