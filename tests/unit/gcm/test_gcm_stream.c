/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams of packets through the AES-GCM engine against OpenSSL: payloads of 0 to 9600 bytes, all key sizes, the SA changing on every
 * packet, tokens between, with and without gaps; and the same SA back to back. Without gaps the engine must have taken a beat in every cycle.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include "gcm_dut.h"
#include "seed.h"

#define MOST_BEATS 6
#define PACKETS (2 * MOST_BEATS * MOST_BEATS)
#define PAIRS ~0u

static uint8_t keys[GCM_SAS][32];
static unsigned key_lens[GCM_SAS];

static void random_bytes(uint8_t *p, size_t n)
{
	while (n--)
		*p++ = (uint8_t)rand();
}

static void openssl_encrypt(const struct gcm_packet *p, const uint8_t *in, uint8_t *out, uint8_t *tag)
{
	const EVP_CIPHER *ciphers[] = { EVP_aes_128_gcm(), EVP_aes_192_gcm(), EVP_aes_256_gcm() };
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;

	assert_true(EVP_EncryptInit_ex(ctx, ciphers[(p->key_len - 16) / 8], NULL, keys[p->sa], p->nonce) == 1);
	assert_true(EVP_EncryptUpdate(ctx, NULL, &n, p->aad, (int)p->aad_len) == 1);
	assert_true(EVP_EncryptUpdate(ctx, out, &n, in, (int)p->len) == 1);
	assert_true(EVP_EncryptFinal_ex(ctx, out + n, &n) == 1);
	assert_true(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, 16, tag) == 1);
	EVP_CIPHER_CTX_free(ctx);
}

struct buffers {
	uint8_t plain[GCM_MAX_LEN], cipher[GCM_MAX_LEN + 16], result[GCM_MAX_LEN], tag[16];
};

/* Payload bytes of packet i, so that packets of MOST_BEATS beats and less follow each other in every order of two. */
static unsigned pair_len(unsigned i)
{
	unsigned least = LANES == 1 ? 2 : 1; /* a block of AAD and the length block */
	unsigned beats = least + (i % 2 ? i / 2 % MOST_BEATS : i / 2 / MOST_BEATS) % MOST_BEATS;
	unsigned longest = 16 * LANES * beats - 32;
	unsigned shortest = beats == least ? 0 : longest - 16 * LANES + 1;

	return shortest + (unsigned)rand() % (longest - shortest + 1);
}

/* max_len 0: sizes from all over, PAIRS: those of pair_len; else payloads below max_len. one_sa: all packets of one SA. */
static void run(unsigned max_len, unsigned gap, bool one_sa, unsigned null_percent)
{
	static struct gcm_packet packets[PACKETS];
	static struct buffers buf[PACKETS];
	unsigned beats[2] = { 0, 0 };

	for (int decrypt = 0; decrypt < 2; decrypt++) {
		for (unsigned i = 0; i < PACKETS; i++) {
			struct gcm_packet *p = &packets[i];
			unsigned limit = max_len ? max_len : (unsigned[]){ 40, 200, 1600, GCM_MAX_LEN + 1 }[rand() % 4];

			memset(p, 0, sizeof(*p));
			p->sa = one_sa ? GCM_SAS - 1 : (i == 0 ? GCM_SAS - 1 : (unsigned)rand() % GCM_SAS);
			p->key_len = key_lens[p->sa];
			p->null = (unsigned)rand() % 100 < null_percent;
			p->len = p->null ? 0 : max_len == PAIRS ? pair_len(i) : (unsigned)rand() % limit;
			p->aad_len = (unsigned[]){ 8, 12, 0, 16, 20, 90 }[rand() % (max_len ? 2 : 6)];
			random_bytes(p->nonce, 12);
			random_bytes(p->aad, p->aad_len);
			random_bytes(buf[i].plain, p->len);
			if (!p->null)
				openssl_encrypt(p, buf[i].plain, buf[i].cipher, buf[i].tag);
			p->in = decrypt ? buf[i].cipher : buf[i].plain;
			p->out = buf[i].result;
			unsigned head = p->aad_len > 16 ? (p->aad_len + 15) / 16 * 16 : 16;
			beats[decrypt] += p->null ? 1 : (head + p->len + 16 + 16 * LANES - 1) / (16 * LANES);
		}
		unsigned cycles = gcm_run(decrypt, packets, PACKETS, gap);
		for (unsigned i = 0; i < PACKETS; i++) {
			if (packets[i].null)
				continue;
			assert_memory_equal(buf[i].result, decrypt ? buf[i].plain : buf[i].cipher, packets[i].len);
			assert_memory_equal(packets[i].tag, buf[i].tag, 16);
		}
		if (gap == 0) /* nothing but the latency of the last beat on top of a cycle a beat */
			assert_int_equal(cycles, beats[decrypt] + gcm_latency_tag - 1);
	}
}

static void mixed_sizes(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		run(0, 0, false, 0);
}

static void short_packets(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++)
		run(100, 0, false, 0);
}

static void gaps_and_tokens(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++)
		run(300, 40, false, 20);
	for (int i = 0; i < 10; i++)
		run(100, 0, false, 30);
}

static void one_sa(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++)
		run(300, 0, true, 0);
	printf("LANES=%d: %u cycles from first beat in to first beat out, %u from last beat in to tag\n", LANES, gcm_latency_data,
	       gcm_latency_tag);
}

/* What is left of a packet in the accumulator would show in the next: all pairs of lengths, under the same powers of H. */
static void one_sa_every_pair(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++)
		run(PAIRS, 0, true, 0);
}

/* A new key in a slot replaces the old one as a whole, whatever the sizes. */
static void reinstall(void **state)
{
	(void)state;
	for (unsigned i = 0; i < GCM_SAS; i++) {
		key_lens[i] = 16 + 8 * ((i + 1) % 3);
		random_bytes(keys[i], 32);
		gcm_install(i, keys[i], key_lens[i]);
	}
	run(200, 0, false, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mixed_sizes), cmocka_unit_test(short_packets), cmocka_unit_test(gaps_and_tokens),
		cmocka_unit_test(one_sa), cmocka_unit_test(one_sa_every_pair), cmocka_unit_test(reinstall),
	};
	unsigned cycles = 0;

	srand(test_seed());
	gcm_open();
	for (unsigned i = 0; i < GCM_SAS; i++) {
		key_lens[i] = 16 + 8 * (i % 3);
		random_bytes(keys[i], 32);
		cycles = gcm_install(i, keys[i], key_lens[i]);
	}
	printf("LANES=%d: key schedule and powers of H in %u cycles\n", LANES, cycles);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	gcm_close();
	return failed;
}
