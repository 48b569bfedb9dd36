/* SPDX-License-Identifier: Apache-2.0 */
/* Digests, HMAC contexts and ciphers, fetched at the first use. */
#include "crypto/alg.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

static const char *const md_names[ALG_HASHES] = { "SHA2-256", "SHA2-384", "SHA2-512", "SHA1" };
static EVP_MD *digests[ALG_HASHES];
static const char *const cipher_names[2][3] = { { "AES-128-CBC", "AES-192-CBC", "AES-256-CBC" }, { "AES-128-GCM", "AES-192-GCM", "AES-256-GCM" } };
static EVP_MAC_CTX *hmacs[ALG_HASHES];
static EVP_CIPHER *ciphers[2][3];
static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;

static EVP_MAC_CTX *new_hmac(EVP_MAC *mac, const char *digest)
{
	OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)digest, 0), OSSL_PARAM_construct_end() };
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);

	if (ctx && EVP_MAC_CTX_set_params(ctx, params) == 1)
		return ctx;
	EVP_MAC_CTX_free(ctx);
	return NULL;
}

static void fetch(void)
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);

	for (int i = 0; i < ALG_HASHES; i++) {
		digests[i] = EVP_MD_fetch(NULL, md_names[i], NULL);
		hmacs[i] = mac ? new_hmac(mac, md_names[i]) : NULL;
	}
	EVP_MAC_free(mac);
	for (int i = 0; i < 6; i++)
		ciphers[i / 3][i % 3] = EVP_CIPHER_fetch(NULL, cipher_names[i / 3][i % 3], NULL);
}

const EVP_MD *alg_md(enum alg_hash hash)
{
	return CRYPTO_THREAD_run_once(&once, fetch) == 1 ? digests[hash] : NULL;
}

const char *alg_md_name(enum alg_hash hash)
{
	return md_names[hash];
}

EVP_MAC_CTX *alg_hmac(enum alg_hash hash)
{
	if (CRYPTO_THREAD_run_once(&once, fetch) != 1 || !hmacs[hash])
		return NULL;
	return EVP_MAC_CTX_dup(hmacs[hash]);
}

const EVP_CIPHER *alg_aes(bool gcm, unsigned int key_bits)
{
	return CRYPTO_THREAD_run_once(&once, fetch) == 1 ? ciphers[gcm][key_bits / 64 - 2] : NULL;
}
