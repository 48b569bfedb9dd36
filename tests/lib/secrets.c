// SPDX-License-Identifier: Apache-2.0
// See secrets.h.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "secrets.h"

#define PATTERNS 512
#define SHOWN 8

static uint64_t pattern[PATTERNS];
static const char *name[PATTERNS];
static unsigned int patterns;
static uint8_t sbox[256];

static void note(uint64_t value, const char *what)
{
	assert_true(patterns < PATTERNS);
	name[patterns] = what;
	pattern[patterns++] = value;
}

/* Every 8 bytes of it that begin at a word. */
static void note_bytes(const uint8_t *bytes, size_t len, const char *what)
{
	for (size_t i = 0; i + 8 <= len; i += 4) {
		uint64_t value;

		memcpy(&value, bytes + i, 8);
		note(value, what);
	}
}

/* FIPS 197, 5.1.1: the inverse in GF(2^8), then an affine map. */
static void make_sbox(void)
{
	uint8_t p = 1, q = 1;

	sbox[0] = 0x63;
	do {
		uint8_t x;

		p = (uint8_t)(p ^ (p << 1) ^ (p & 0x80 ? 0x1b : 0)); /* times 3 */
		q ^= (uint8_t)(q << 1);                              /* divided by 3 */
		q ^= (uint8_t)(q << 2);
		q ^= (uint8_t)(q << 4);
		q ^= q & 0x80 ? 0x09 : 0;
		x = (uint8_t)(q ^ (q << 1 | q >> 7) ^ (q << 2 | q >> 6) ^ (q << 3 | q >> 5) ^ (q << 4 | q >> 4));
		sbox[p] = x ^ 0x63;
	} while (p != 1);
}

/* FIPS 197, 5.2 */
static unsigned int expand(const uint8_t *key, unsigned int key_len, uint8_t w[15 * 16])
{
	unsigned int nk = key_len / 4, words = 4 * (nk + 7);
	uint8_t rcon = 1;

	memcpy(w, key, key_len);
	for (unsigned int i = nk; i < words; i++) {
		uint8_t t[4];

		memcpy(t, w + 4 * (i - 1), 4);
		if (i % nk == 0) {
			uint8_t first = t[0];

			for (int k = 0; k < 4; k++)
				t[k] = sbox[k < 3 ? t[k + 1] : first];
			t[0] ^= rcon;
			rcon = (uint8_t)(rcon << 1 ^ (rcon & 0x80 ? 0x1b : 0));
		} else if (nk == 8 && i % 8 == 4) {
			for (int k = 0; k < 4; k++)
				t[k] = sbox[t[k]];
		}
		for (int k = 0; k < 4; k++)
			w[4 * i + (unsigned int)k] = w[4 * (i - nk) + (unsigned int)k] ^ t[k];
	}
	return words / 4;
}

static uint8_t times2(uint8_t x)
{
	return (uint8_t)(x << 1 ^ (x & 0x80 ? 0x1b : 0));
}

/* E_K(0) */
static void encrypt_zero(const uint8_t *w, unsigned int round_keys, uint8_t s[16])
{
	memcpy(s, w, 16);
	for (unsigned int r = 1; r < round_keys; r++) {
		uint8_t t[16];

		for (int i = 0; i < 16; i++)
			t[i] = sbox[s[(i + 4 * (i % 4)) % 16]];
		for (int c = 0; c < 16; c += 4)
			for (int i = 0; i < 4; i++) {
				uint8_t a = t[c + i], b = t[c + (i + 1) % 4], d = t[c + (i + 2) % 4], e = t[c + (i + 3) % 4];

				s[c + i] = r + 1 == round_keys ? a : times2(a) ^ times2(b) ^ b ^ d ^ e;
			}
		for (unsigned int i = 0; i < 16; i++)
			s[i] ^= w[16 * r + i];
	}
}

/* x = x * h, SP 800-38D, 6.3: bit 0 is the top bit of byte 0 */
static void multiply(uint8_t x[16], const uint8_t h[16])
{
	uint8_t v[16], z[16] = { 0 };

	memcpy(v, h, 16);
	for (unsigned int i = 0; i < 128; i++) {
		bool out = v[15] & 1;

		for (int k = 0; k < 16 && x[i / 8] >> (7 - i % 8) & 1; k++)
			z[k] ^= v[k];
		for (int k = 15; k >= 0; k--)
			v[k] = (uint8_t)(v[k] >> 1 | (k ? v[k - 1] << 7 : 0));
		if (out)
			v[0] ^= 0xe1;
	}
	memcpy(x, z, 16);
}

static void note_power(const uint8_t power[16])
{
	uint8_t turned[16] = { 0 };

	for (unsigned int i = 0; i < 128; i++)
		turned[i / 8] |= (uint8_t)((power[i / 8] >> (7 - i % 8) & 1) << i % 8);
	note_bytes(power, 16, "power of H");
	note_bytes(turned, 16, "power of H, as a polynomial");
}

/* The 64 bits that begin at that bit of the state, from those one bit before. */
static uint64_t window_at(const uint8_t *state, size_t len, size_t bit, uint64_t before)
{
	uint64_t window;

	if (bit % 8)
		return before >> 1 | (uint64_t)(bit / 8 + 8 < len ? state[bit / 8 + 8] >> (bit % 8 - 1) & 1 : 0) << 63;
	memcpy(&window, state + bit / 8, 8);
	return window;
}

unsigned int state_flip(uint64_t number, unsigned int turned, unsigned int place)
{
	unsigned int found = 0, flipped = 0;
	uint64_t window = 0;
	size_t len, bit;
	uint8_t *state = dut_state(&len);

	for (bit = 0; bit + 64 <= 8 * len; bit++) {
		window = window_at(state, len, bit, window);
		if (window != number || (place != EVERY_PLACE && place != found++))
			continue;
		state[(bit + turned) / 8] ^= (uint8_t)(1 << (bit + turned) % 8);
		window ^= (uint64_t)1 << turned;
		flipped++;
	}
	return flipped;
}

static void show(size_t bit, const char *what, unsigned int found)
{
	if (found < SHOWN)
		print_message("  %s at bit %zu of byte %zu\n", what, bit % 8, bit / 8);
}

unsigned int secrets_found(const uint8_t *key, unsigned int key_len, const uint8_t salt[4])
{
	static bool maybe[1 << 16];
	uint8_t w[15 * 16], h[16], power[16];
	unsigned int round_keys, found = 0;
	uint64_t window = 0;
	uint32_t salt_word;
	uint8_t *state;
	size_t len;

	make_sbox();
	patterns = 0;
	round_keys = expand(key, key_len, w);
	note_bytes(w, 16 * round_keys, "round key");
	encrypt_zero(w, round_keys, h);
	memcpy(power, h, 16);
	for (int i = 0; i < 4; i++) {
		note_power(power);
		multiply(power, h);
	}
	memcpy(&salt_word, salt, 4);
	memset(maybe, 0, sizeof(maybe));
	for (unsigned int i = 0; i < patterns; i++)
		maybe[pattern[i] & 0xffff] = true;
	maybe[salt_word & 0xffff] = true;

	/* The state as one string of bits. */
	state = dut_state(&len);
	for (size_t bit = 0; bit + 64 <= 8 * len; bit++) {
		window = window_at(state, len, bit, window);
		if (!maybe[window & 0xffff])
			continue;
		if ((uint32_t)window == salt_word)
			show(bit, "salt", found++);
		for (unsigned int i = 0; i < patterns; i++)
			if (pattern[i] == window)
				show(bit, name[i], found++);
	}
	return found;
}
