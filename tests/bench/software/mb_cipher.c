/* SPDX-License-Identifier: Apache-2.0 */
/* See mb_cipher.h. */
#include "mb_cipher.h"

#include <intel-ipsec-mb.h>
#include <stdlib.h>

#include "tsc.h"

#define KEYS_MAX 64u
#define SPACE (4u << 20)

static struct gcm_key_data keys_of[KEYS_MAX] __attribute__((aligned(64)));
static uint8_t from[SPACE] __attribute__((aligned(64))), to[SPACE] __attribute__((aligned(64)));

uint64_t mb_cipher_run(const struct workload *w, unsigned int packets, uint8_t key_len, unsigned int keys, bool seals)
{
	static IMB_MGR *mgr;
	struct gcm_context_data context;
	uint8_t key[32] = { 1 }, nonce[12] = { 0 }, aad[8] = { 0 }, icv[16];
	aes_gcm_enc_dec_t crypt;
	uint32_t at = 0;
	uint64_t begin;

	if (!mgr) {
		mgr = alloc_mb_mgr(0);
		if (!mgr)
			die("ipsec-mb", "out of memory");
		init_mb_mgr_auto(mgr, NULL);
	}
	for (unsigned int i = 0; i < keys; i++) {
		key[1] = (uint8_t)i;
		if (key_len == 16)
			IMB_AES128_GCM_PRE(mgr, key, &keys_of[i]);
		else
			IMB_AES256_GCM_PRE(mgr, key, &keys_of[i]);
	}
	if (key_len == 16)
		crypt = seals ? mgr->gcm128_enc : mgr->gcm128_dec;
	else
		crypt = seals ? mgr->gcm256_enc : mgr->gcm256_dec;
	begin = tsc_now();
	for (unsigned int i = 0; i < packets; i++) {
		uint32_t body = espalier_plain_len(w->size[i % w->sizes]) - 52; /* without headers, IV and ICV */

		crypt(&keys_of[i % keys], &context, to + at, from + at, body, nonce, aad, sizeof(aad), icv, sizeof(icv));
		at += (body + 63) & ~63u;
	}
	return tsc_now() - begin;
}
