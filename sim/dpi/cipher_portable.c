// SPDX-License-Identifier: Apache-2.0
// The cipher in plain C (FIPS 197, 5.1; NIST SP 800-38D, 6.3); see cipher.h. Simple, not fast, and not in constant time: it runs in simulations.
#include <string.h>

#include "cipher.h"

static uint8_t sbox[256];

static uint8_t times_x(uint8_t b)
{
	return (uint8_t)(b << 1 ^ (b >> 7) * 0x1b);
}

static uint8_t rotate(uint8_t b, unsigned int n)
{
	return (uint8_t)(b << n | b >> (8 - n));
}

/* 3 generates the field, so p goes through all of it while q is its inverse. */
static void make_sbox(void)
{
	uint8_t p = 1, q = 1;

	do {
		p ^= times_x(p);
		q ^= (uint8_t)(q << 1);
		q ^= (uint8_t)(q << 2);
		q ^= (uint8_t)(q << 4);
		if (q & 0x80)
			q ^= 0x09;
		sbox[p] = q ^ rotate(q, 1) ^ rotate(q, 2) ^ rotate(q, 3) ^ rotate(q, 4) ^ 0x63;
	} while (p != 1);
	sbox[0] = 0x63;
}

static void round_function(uint8_t *s, const uint8_t *key, bool last)
{
	uint8_t t[16];

	for (unsigned int i = 0; i < 16; i++)
		t[i] = sbox[s[(i + 4 * (i % 4)) % 16]];
	for (unsigned int c = 0; c < 16; c += 4) {
		uint8_t all = t[c] ^ t[c + 1] ^ t[c + 2] ^ t[c + 3];

		for (unsigned int r = 0; r < 4; r++)
			s[c + r] = key[c + r] ^ t[c + r] ^ (last ? 0 : all ^ times_x(t[c + r] ^ t[c + (r + 1) % 4]));
	}
}

static void encrypt(const uint8_t *const *keys, unsigned int rounds, uint8_t (*blocks)[16], unsigned int count)
{
	if (!sbox[0])
		make_sbox();
	for (unsigned int b = 0; b < count; b++) {
		for (unsigned int i = 0; i < 16; i++)
			blocks[b][i] ^= keys[0][i];
		for (unsigned int r = 1; r <= rounds; r++)
			round_function(blocks[b], keys[r], r == rounds);
	}
}

/* v times x: towards the end of the string, since bit 0 is the first byte's most significant. */
static void shift(uint8_t *v)
{
	uint8_t out = v[15] & 1;

	for (unsigned int i = 15; i; i--)
		v[i] = (uint8_t)(v[i] >> 1 | v[i - 1] << 7);
	v[0] = (uint8_t)(v[0] >> 1 ^ out * 0xe1);
}

static void multiply(const uint8_t (*x)[16], const uint8_t *const *h, unsigned int count, uint8_t *sum)
{
	uint8_t total[16] = { 0 }, v[16];

	for (unsigned int n = 0; n < count; n++) {
		memcpy(v, h[n], 16);
		for (unsigned int bit = 0; bit < 128; bit++) {
			for (unsigned int i = 0; i < 16 && x[n][bit / 8] >> (7 - bit % 8) & 1; i++)
				total[i] ^= v[i];
			shift(v);
		}
	}
	memcpy(sum, total, 16);
}

const struct cipher cipher_portable = { encrypt, multiply };
