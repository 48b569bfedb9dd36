// SPDX-License-Identifier: Apache-2.0
// One direction's AES-GCM as rtl/gcm/gcm_engine.sv does it, beat by beat; see gcm_dpi.h. What the blocks of a beat hold is in gcm_layout.sv,
// which slots a key size uses in aes_pipe.sv.
#include "gcm_dpi.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cipher.h"

#define SLOTS 20 /* 0 to 14 round keys, 16 to 19 powers of H */
#define SLOT_H 16
#define SLOT_SKIP 3 /* the first that short keys leave out: two of AES-192, four of AES-128 */
#define MAX_LANES 4

bool gcm_dpi_portable;

struct engine {
	const struct cipher *cipher;
	unsigned int lanes, sa_entries, max_aad_blocks;
	bool decrypt;
	/* the packet */
	unsigned int aad_blocks, block; /* blocks of AAD; the number of the next block */
	uint8_t y[16], mask[16];	/* GHASH so far; E_K(J0) */
	uint8_t (*keys)[SLOTS][16];	/* by SA */
};

void *gcm_dpi_new(int lanes, int sa_entries, int max_aad_blocks, svBit decrypt)
{
	struct engine *e = calloc(1, sizeof(*e));

	if (e)
		e->keys = calloc((size_t)sa_entries, sizeof(*e->keys));
	if (!e || !e->keys || lanes > MAX_LANES)
		abort(); /* a model that cannot be made */
	e->cipher = gcm_dpi_portable ? NULL : cipher_x86();
	if (!e->cipher)
		e->cipher = &cipher_portable;
	e->lanes = (unsigned int)lanes;
	e->sa_entries = (unsigned int)sa_entries;
	e->max_aad_blocks = (unsigned int)max_aad_blocks;
	e->decrypt = decrypt;
	return e;
}

void gcm_dpi_free(void *engine)
{
	struct engine *e = engine;

	explicit_bzero(e->keys, e->sa_entries * sizeof(*e->keys));
	free(e->keys);
	explicit_bzero(e, sizeof(*e));
	free(e);
}

void gcm_dpi_key(void *engine, int sa, int slot, svBit all, const svBitVecVal *data)
{
	struct engine *e = engine;
	uint8_t(*keys)[16] = e->keys[(unsigned int)sa % e->sa_entries];

	for (int i = 0; i < SLOTS; i++)
		if (all || i == slot)
			memcpy(keys[i], data, 16);
}

/* E_K of the counter blocks that the beat's lanes have. */
static void keystream(const struct engine *e, const uint8_t (*slots)[16], int key_size, const svBitVecVal *nonce, uint8_t (*blocks)[16])
{
	unsigned int skipped = key_size == 0 ? 4 : key_size == 2 ? 0 : 2, rounds = 0;
	const uint8_t *keys[CIPHER_KEYS];

	for (unsigned int i = 0; i < CIPHER_KEYS; i++)
		if (i < SLOT_SKIP || i >= SLOT_SKIP + skipped)
			keys[rounds++] = slots[i];
	for (unsigned int l = 0; l < e->lanes; l++) {
		unsigned int n = e->block + l;
		uint32_t counter = n == 0 ? 1 : n - e->aad_blocks + 2;

		memcpy(blocks[l], nonce, 12);
		for (unsigned int i = 0; i < 4; i++)
			blocks[l][12 + i] = (uint8_t)(counter >> (24 - 8 * i));
	}
	e->cipher->encrypt(keys, rounds - 1, blocks, e->lanes);
}

static void put_bits(uint8_t *p, uint64_t bytes)
{
	for (unsigned int i = 0; i < 8; i++)
		p[i] = (uint8_t)(bytes * 8 >> (56 - 8 * i));
}

void gcm_dpi_beat(void *engine, svBit first, const svBitVecVal *data, int sa, int key_size, const svBitVecVal *nonce,
		  const svBitVecVal *aad, int aad_len, int len, svBitVecVal *result, svBitVecVal *tag, svBit *ends)
{
	struct engine *e = engine;
	const uint8_t(*slots)[16] = (const uint8_t(*)[16])e->keys[(unsigned int)sa % e->sa_entries];
	uint8_t stream[MAX_LANES][16], x[MAX_LANES][16] = { { 0 } };
	const uint8_t *powers[MAX_LANES];
	unsigned int last, count = e->lanes;

	memset(result, 0, 64);
	if (first) {
		e->block = 0;
		e->aad_blocks = e->max_aad_blocks == 1 || aad_len == 0 ? 1 : ((unsigned int)aad_len + 15) / 16;
		memset(e->y, 0, 16);
	}
	last = e->aad_blocks + ((unsigned int)len + 15) / 16; /* the length block */
	keystream(e, slots, key_size, nonce, stream);
	if (first)
		memcpy(e->mask, stream[0], 16);
	for (unsigned int l = 0; l < e->lanes; l++) {
		unsigned int n = e->block + l, at = (n - e->aad_blocks) * 16;
		const uint8_t *in = (const uint8_t *)data + 16 * l;
		uint8_t *out = (uint8_t *)result + 16 * l;

		if (n < e->aad_blocks)
			memset(stream[l], 0, 16);
		for (unsigned int i = 0; i < 16; i++)
			out[i] = in[i] ^ stream[l][i];
		if (n == last) {
			put_bits(x[l], (uint64_t)aad_len);
			put_bits(x[l] + 8, (uint64_t)len);
			count = l + 1;
		} else if (n == 0) {
			memcpy(x[l], aad, 16);
		} else if (n < last) {
			unsigned int bytes = n < e->aad_blocks || (unsigned int)len - at > 16 ? 16 : (unsigned int)len - at;

			memcpy(x[l], e->decrypt ? in : out, bytes);
		}
	}
	for (unsigned int l = 0; l < count; l++)
		powers[l] = slots[SLOT_H + count - 1 - l];
	for (unsigned int i = 0; i < 16; i++)
		x[0][i] ^= e->y[i];
	e->cipher->multiply((const uint8_t(*)[16])x, powers, count, e->y);
	for (unsigned int i = 0; i < 16; i++)
		((uint8_t *)tag)[i] = e->y[i] ^ e->mask[i];
	e->block += e->lanes;
	*ends = e->block > last;
}
