/* SPDX-License-Identifier: Apache-2.0 */
#include "soft_cipher.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <string.h>

#define NONCE 12u
#define AAD_MAX (12u + ESP_IV)

EVP_CIPHER_CTX *soft_cipher_new(const struct soft_dev *soft, const struct espalier_sa_config *config)
{
	const EVP_CIPHER *type = soft->ciphers[config->algorithm == ESPALIER_CHACHA20_POLY1305 ? SOFT_CIPHERS - 1 : (config->key_len - 16) / 8u];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	if (ctx && EVP_CipherInit_ex2(ctx, type, config->key, NULL, config->direction == ESPALIER_OUTBOUND, NULL) == 1)
		return ctx;
	EVP_CIPHER_CTX_free(ctx);
	return NULL;
}

static void put_iv(uint8_t *p, uint64_t seq)
{
	put32(p, (uint32_t)(seq >> 32));
	put32(p + 4, (uint32_t)seq);
}

/* RFC 4106, 5, and RFC 4543, 3.3, which has the IV behind it. Returns its length. */
static int make_aad(const struct soft_sa *sa, uint64_t seq, const uint8_t *iv, uint8_t *aad)
{
	int len = 8;

	put32(aad, sa->config.spi);
	if (sa->config.esn) {
		put32(aad + 4, (uint32_t)(seq >> 32));
		len = 12;
	}
	put32(aad + len - 4, (uint32_t)seq);
	if (sa->config.algorithm != ESPALIER_AES_GMAC)
		return len;
	memcpy(aad + len, iv, ESP_IV);
	return len + (int)ESP_IV;
}

bool soft_seal(struct soft_sa *sa, uint64_t seq, uint8_t *esp, uint32_t len)
{
	uint8_t *text = esp + ESP_HDR + sa->iv_len, nonce[NONCE], aad[AAD_MAX];
	uint8_t *sealed = sa->config.algorithm == ESPALIER_AES_GMAC ? NULL : text; /* NULL: more AAD */
	OSSL_PARAM icv[] = { OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, text + len, sa->icv_len), OSSL_PARAM_END };
	int aad_len, n;

	put32(esp, sa->config.spi);
	put32(esp + 4, (uint32_t)seq);
	memcpy(nonce, sa->config.salt, 4);
	put_iv(nonce + 4, seq);
	if (sa->iv_len)
		put_iv(esp + ESP_HDR, seq);
	aad_len = make_aad(sa, seq, nonce + 4, aad);
	return EVP_EncryptInit_ex2(sa->cipher, NULL, NULL, nonce, NULL) == 1 && EVP_EncryptUpdate(sa->cipher, NULL, &n, aad, aad_len) == 1 &&
	       EVP_EncryptUpdate(sa->cipher, sealed, &n, text, (int)len) == 1 && EVP_EncryptFinal_ex(sa->cipher, text + len, &n) == 1 &&
	       EVP_CIPHER_CTX_get_params(sa->cipher, icv) == 1;
}

bool soft_open_sealed(struct soft_sa *sa, uint64_t seq, const uint8_t *esp, uint32_t len, uint8_t *plain)
{
	const uint8_t *text = esp + ESP_HDR + sa->iv_len;
	OSSL_PARAM icv[] = { OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, (uint8_t *)(uintptr_t)text + len, sa->icv_len), OSSL_PARAM_END };
	uint8_t *opened = sa->config.algorithm == ESPALIER_AES_GMAC ? NULL : plain, nonce[NONCE], aad[AAD_MAX];
	int aad_len, n;

	memcpy(nonce, sa->config.salt, 4);
	if (sa->iv_len)
		memcpy(nonce + 4, esp + ESP_HDR, ESP_IV);
	else
		put_iv(nonce + 4, seq);
	aad_len = make_aad(sa, seq, nonce + 4, aad);
	if (!opened)
		memcpy(plain, text, len);
	return EVP_DecryptInit_ex2(sa->cipher, NULL, NULL, nonce, icv) == 1 && EVP_DecryptUpdate(sa->cipher, NULL, &n, aad, aad_len) == 1 &&
	       EVP_DecryptUpdate(sa->cipher, opened, &n, text, (int)len) == 1 && EVP_DecryptFinal_ex(sa->cipher, plain + len, &n) == 1;
}
