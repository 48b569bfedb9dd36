/* SPDX-License-Identifier: Apache-2.0 */
/* PRFs of IKEv2 and prf+ (RFC 7296, 2.13; RFC 4868). */
#include "crypto/prf.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

#include "crypto/alg.h"
#include "proto/message.h"

#define BLOCKS_MAX 255u /* the block number is one byte */

static const struct prf_alg {
	uint16_t id;
	uint8_t len;
	enum alg_hash hash;
} prfs[] = {
	{ IKE_PRF_HMAC_SHA2_256, 32, ALG_SHA256 },
	{ IKE_PRF_HMAC_SHA2_384, 48, ALG_SHA384 },
	{ IKE_PRF_HMAC_SHA2_512, 64, ALG_SHA512 },
};

static const struct prf_alg *find(uint16_t id)
{
	for (size_t i = 0; i < sizeof(prfs) / sizeof(prfs[0]); i++)
		if (prfs[i].id == id)
			return &prfs[i];
	return NULL;
}

size_t prf_len(uint16_t prf)
{
	const struct prf_alg *alg = find(prf);

	return alg ? alg->len : 0;
}

/* A key pointer of NULL would mean "the key you have". */
static int set_key(EVP_MAC_CTX *ctx, const void *key, size_t key_len)
{
	return EVP_MAC_init(ctx, key_len ? key : "", key_len, NULL) == 1;
}

static int feed(EVP_MAC_CTX *ctx, const struct part *parts, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (parts[i].len && EVP_MAC_update(ctx, parts[i].data, parts[i].len) != 1)
			return 0;
	return 1;
}

int prf_calc(uint16_t prf, const void *key, size_t key_len, const struct part *parts, unsigned int count, uint8_t *out)
{
	const struct prf_alg *alg = find(prf);
	EVP_MAC_CTX *ctx;
	size_t len;
	int ok;

	if (!alg)
		return -ENOTSUP;
	ctx = alg_hmac(alg->hash);
	ok = ctx && set_key(ctx, key, key_len) && feed(ctx, parts, count) && EVP_MAC_final(ctx, out, &len, alg->len) == 1 && len == alg->len;
	EVP_MAC_CTX_free(ctx);
	return ok ? 0 : -EIO;
}

/* T = prf(key, the T before | parts | number); the key stays in ctx. */
static int one_block(EVP_MAC_CTX *ctx, const struct prf_alg *alg, uint8_t number, const struct part *parts, unsigned int count, uint8_t *t)
{
	size_t len;

	if (number > 1 && (EVP_MAC_init(ctx, NULL, 0, NULL) != 1 || EVP_MAC_update(ctx, t, alg->len) != 1))
		return 0;
	return feed(ctx, parts, count) && EVP_MAC_update(ctx, &number, 1) == 1 && EVP_MAC_final(ctx, t, &len, alg->len) == 1 && len == alg->len;
}

int prf_plus(uint16_t prf, const void *key, size_t key_len, const struct part *parts, unsigned int count, uint8_t *out, size_t out_len)
{
	const struct prf_alg *alg = find(prf);
	uint8_t t[PRF_LEN_MAX];
	EVP_MAC_CTX *ctx;
	int ret = -EIO;

	if (!alg)
		return -ENOTSUP;
	if (out_len > BLOCKS_MAX * (size_t)alg->len)
		return -EINVAL;
	ctx = alg_hmac(alg->hash);
	if (!ctx || !set_key(ctx, key, key_len))
		goto out;
	for (size_t at = 0, n = 1; at < out_len; at += alg->len, n++) {
		if (!one_block(ctx, alg, (uint8_t)n, parts, count, t))
			goto out;
		memcpy(out + at, t, out_len - at < alg->len ? out_len - at : alg->len);
	}
	ret = 0;
out:
	EVP_MAC_CTX_free(ctx);
	OPENSSL_cleanse(t, sizeof(t));
	if (ret)
		OPENSSL_cleanse(out, out_len);
	return ret;
}
