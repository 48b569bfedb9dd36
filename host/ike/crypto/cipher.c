/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protection of IKE messages (RFC 7296, 3.14; RFC 5282). Key schedules are made for a message and wiped after it: an IKE SA has few messages
 * in its hours, and libcrypto's contexts would be the most of its memory.
 */
#include "crypto/cipher.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/alg.h"

#define GCM_SALT 4u
#define GCM_IV 8u
#define GCM_ICV 16u
#define BLOCK 16u
#define COUNTER_END UINT64_MAX

struct cipher {
	struct cipher_sizes sizes;
	uint16_t encr, key_bits;
	enum alg_hash hash;	/* of AUTH_HMAC; not with AES-GCM */
	uint64_t counter;	/* of the next IV of AES-GCM */
	uint8_t key[IKE_ENCR_KEY_MAX], integ_key[IKE_INTEG_KEY_MAX];
};

static const struct integ_alg {
	uint16_t id;
	uint8_t key_len, icv_len;
	enum alg_hash hash;
} integs[] = {
	{ IKE_INTEG_HMAC_SHA2_256_128, 32, 16, ALG_SHA256 },
	{ IKE_INTEG_HMAC_SHA2_384_192, 48, 24, ALG_SHA384 },
	{ IKE_INTEG_HMAC_SHA2_512_256, 64, 32, ALG_SHA512 },
};

static const struct integ_alg *find_integ(uint16_t id)
{
	for (size_t i = 0; i < sizeof(integs) / sizeof(integs[0]); i++)
		if (integs[i].id == id)
			return &integs[i];
	return NULL;
}

int cipher_sizes(uint16_t encr, uint16_t key_bits, uint16_t integ, struct cipher_sizes *sizes)
{
	const struct integ_alg *mac = find_integ(integ);
	uint8_t key_len = (uint8_t)(key_bits / 8);

	if (key_bits != 128 && key_bits != 192 && key_bits != 256)
		return -ENOTSUP;
	if (encr == IKE_ENCR_AES_GCM_16 && integ == IKE_INTEG_NONE) {
		*sizes = (struct cipher_sizes){ (uint8_t)(key_len + GCM_SALT), 0, GCM_IV, GCM_ICV, 1 };
		return 0;
	}
	if (encr != IKE_ENCR_AES_CBC || !mac)
		return -ENOTSUP;
	*sizes = (struct cipher_sizes){ key_len, mac->key_len, BLOCK, mac->icv_len, BLOCK };
	return 0;
}

static bool is_gcm(const struct cipher *c)
{
	return c->encr == IKE_ENCR_AES_GCM_16;
}

int cipher_new(const struct suite *suite, const uint8_t *key, const uint8_t *integ_key, struct cipher **cipher)
{
	struct cipher_sizes sizes;
	struct cipher *c;
	int ret = cipher_sizes(suite->encr, suite->encr_bits, suite->integ, &sizes);

	*cipher = NULL;
	if (ret)
		return ret;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->sizes = sizes;
	c->encr = suite->encr;
	c->key_bits = suite->encr_bits;
	memcpy(c->key, key, sizes.key_len);
	if (!is_gcm(c)) {
		c->hash = find_integ(suite->integ)->hash;
		memcpy(c->integ_key, integ_key, sizes.integ_key_len);
	}
	*cipher = c;
	return 0;
}

void cipher_free(struct cipher *c)
{
	if (!c)
		return;
	OPENSSL_cleanse(c, sizeof(*c));
	free(c);
}

size_t cipher_iv_len(const struct cipher *c)
{
	return c->sizes.iv_len;
}

static size_t padded(const struct cipher *c, size_t plain_len)
{
	return (plain_len / c->sizes.block_len + 1) * c->sizes.block_len;
}

size_t cipher_sealed_len(const struct cipher *c, size_t plain_len)
{
	return c->sizes.iv_len + padded(c, plain_len) + c->sizes.icv_len;
}

size_t cipher_plain_max(const struct cipher *c, size_t sealed_len)
{
	size_t around = (size_t)c->sizes.iv_len + c->sizes.icv_len;
	size_t blocks = sealed_len > around ? (sealed_len - around) / c->sizes.block_len : 0;

	return blocks ? blocks * c->sizes.block_len - 1 : 0;
}

void cipher_set_counter(struct cipher *c, uint64_t counter)
{
	c->counter = counter;
}

/* A context for a message with this IV. */
static EVP_CIPHER_CTX *begin(const struct cipher *c, int enc, const uint8_t *iv)
{
	const EVP_CIPHER *alg = alg_aes(is_gcm(c), c->key_bits);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t nonce[GCM_SALT + GCM_IV];

	if (is_gcm(c)) {
		memcpy(nonce, c->key + c->key_bits / 8, GCM_SALT);
		memcpy(nonce + GCM_SALT, iv, GCM_IV);
		iv = nonce;
	}
	if (ctx && alg && EVP_CipherInit_ex2(ctx, alg, c->key, iv, enc, NULL) == 1 && EVP_CIPHER_CTX_set_padding(ctx, 0) == 1)
		return ctx;
	EVP_CIPHER_CTX_free(ctx);
	return NULL;
}

static bool mac_of(const struct cipher *c, const void *aad, size_t aad_len, const uint8_t *body, size_t len, uint8_t *mac)
{
	EVP_MAC_CTX *ctx = alg_hmac(c->hash);
	size_t out;
	bool ok = ctx && EVP_MAC_init(ctx, c->integ_key, c->sizes.integ_key_len, NULL) == 1 && EVP_MAC_update(ctx, aad, aad_len) == 1 &&
		  EVP_MAC_update(ctx, body, len) == 1 && EVP_MAC_final(ctx, mac, &out, PRF_LEN_MAX) == 1 && out >= c->sizes.icv_len;

	EVP_MAC_CTX_free(ctx);
	return ok;
}

static bool make_iv(struct cipher *c, uint8_t *iv)
{
	if (!is_gcm(c))
		return RAND_bytes(iv, c->sizes.iv_len) == 1;
	for (int i = 0; i < 8; i++)
		iv[i] = (uint8_t)(c->counter >> (56 - 8 * i));
	c->counter++;
	return true;
}

static bool seal_gcm(const struct cipher *c, EVP_CIPHER_CTX *ctx, const void *aad, size_t aad_len, uint8_t *out, size_t len)
{
	uint8_t *text = out + GCM_IV;
	int n;

	(void)c;
	return EVP_EncryptUpdate(ctx, NULL, &n, aad, (int)aad_len) == 1 && EVP_EncryptUpdate(ctx, text, &n, text, (int)len) == 1 &&
	       EVP_EncryptFinal_ex(ctx, text + n, &n) == 1 && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, GCM_ICV, text + len) == 1;
}

static bool seal_cbc(const struct cipher *c, EVP_CIPHER_CTX *ctx, const void *aad, size_t aad_len, uint8_t *out, size_t len)
{
	uint8_t *text = out + BLOCK, mac[PRF_LEN_MAX];
	int n;

	if (EVP_EncryptUpdate(ctx, text, &n, text, (int)len) != 1 || n != (int)len || !mac_of(c, aad, aad_len, out, BLOCK + len, mac))
		return false;
	memcpy(text + len, mac, c->sizes.icv_len);
	return true;
}

int cipher_seal(struct cipher *c, const void *aad, size_t aad_len, const void *plain, size_t plain_len, uint8_t *out)
{
	size_t len = padded(c, plain_len), pad = len - plain_len - 1;
	uint8_t *text = out + c->sizes.iv_len;
	EVP_CIPHER_CTX *ctx;
	bool ok;

	if (is_gcm(c) && c->counter == COUNTER_END)
		return -EOVERFLOW;
	if (len > IKE_MESSAGE_MAX || aad_len > IKE_MESSAGE_MAX)
		return -EINVAL;
	if (plain_len) /* an empty INFORMATIONAL has no payload to point to */
		memmove(text, plain, plain_len);
	memset(text + plain_len, 0, pad);
	text[len - 1] = (uint8_t)pad;
	ctx = make_iv(c, out) ? begin(c, 1, out) : NULL;
	ok = ctx && (is_gcm(c) ? seal_gcm : seal_cbc)(c, ctx, aad, aad_len, out, len);
	EVP_CIPHER_CTX_free(ctx);
	if (!ok)
		OPENSSL_cleanse(out, c->sizes.iv_len + len + c->sizes.icv_len);
	return ok ? 0 : -EIO;
}

static int open_gcm(const struct cipher *c, EVP_CIPHER_CTX *ctx, const void *aad, size_t aad_len, const uint8_t *body, size_t len, uint8_t *plain)
{
	uint8_t icv[GCM_ICV];
	int n;

	(void)c;
	memcpy(icv, body + GCM_IV + len, GCM_ICV);
	if (EVP_DecryptUpdate(ctx, NULL, &n, aad, (int)aad_len) != 1 || EVP_DecryptUpdate(ctx, plain, &n, body + GCM_IV, (int)len) != 1 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, GCM_ICV, icv) != 1)
		return -EIO;
	return EVP_DecryptFinal_ex(ctx, plain + n, &n) == 1 ? 0 : -EBADMSG;
}

static int open_cbc(const struct cipher *c, EVP_CIPHER_CTX *ctx, const void *aad, size_t aad_len, const uint8_t *body, size_t len, uint8_t *plain)
{
	uint8_t mac[PRF_LEN_MAX];
	int n;

	if (!mac_of(c, aad, aad_len, body, BLOCK + len, mac))
		return -EIO;
	if (CRYPTO_memcmp(mac, body + BLOCK + len, c->sizes.icv_len) != 0)
		return -EBADMSG;
	return EVP_DecryptUpdate(ctx, plain, &n, body + BLOCK, (int)len) == 1 && n == (int)len ? 0 : -EIO;
}

int cipher_open(struct cipher *c, const void *aad, size_t aad_len, const uint8_t *body, size_t body_len, uint8_t *plain, size_t *plain_len)
{
	size_t around = (size_t)c->sizes.iv_len + c->sizes.icv_len, len;
	EVP_CIPHER_CTX *ctx;
	int ret;

	*plain_len = 0;
	if (body_len <= around || (body_len - around) % c->sizes.block_len || body_len > IKE_MESSAGE_MAX || aad_len > IKE_MESSAGE_MAX)
		return -EBADMSG;
	len = body_len - around;
	ctx = begin(c, 0, body);
	ret = ctx ? (is_gcm(c) ? open_gcm : open_cbc)(c, ctx, aad, aad_len, body, len, plain) : -EIO;
	EVP_CIPHER_CTX_free(ctx);
	if (!ret && plain[len - 1] >= len)
		ret = -EBADMSG;
	if (ret)
		OPENSSL_cleanse(plain, len);
	else
		*plain_len = len - 1 - plain[len - 1];
	return ret;
}
