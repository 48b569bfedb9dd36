/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a handshake's cryptography costs: microseconds of processor time an operation, through host/ike/crypto and by libcrypto alone with
 * everything prepared, of which each is the best of three rounds. make ike-crypto-bench
 */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/auth.h"
#include "crypto/cipher.h"
#include "crypto/dh.h"
#include "crypto/kdf.h"

#define ROUND_S 0.2
#define ROUNDS 3

static uint8_t message[1500], out[2048];

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "bench: %s failed\n", what);
	exit(1);
}

static double cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Microseconds of one call. */
static double measure(void (*run)(void *arg), void *arg)
{
	double best = 1e9;

	for (int round = 0; round < ROUNDS; round++) {
		double start = cpu_s(), now;
		unsigned int n = 0;

		do {
			run(arg);
			n++;
			now = cpu_s();
		} while (now - start < ROUND_S);
		if ((now - start) / n * 1e6 < best)
			best = (now - start) / n * 1e6;
	}
	return best;
}

static void row(const char *name, double ours, double raw)
{
	printf("%-34s %10.1f %10.1f   %+6.1f%%  %8.0f/s\n", name, ours, raw, 100 * (ours / raw - 1), 1e6 / ours);
	fflush(stdout);
}

/* ---- Diffie-Hellman -------------------------------------------------------------------------------------------------------- */

struct dh_bench {
	uint16_t group;
	struct dh *own, *peer;
	EVP_PKEY_CTX *raw;
};

static void dh_generate(void *arg)
{
	struct dh_bench *b = arg;
	struct dh *dh;

	must(dh_new(b->group, &dh) == 0, "dh_new");
	dh_free(dh);
}

static void dh_agree(void *arg)
{
	struct dh_bench *b = arg;

	must(dh_derive(b->own, dh_public(b->peer), dh_public_len(b->group), out) == 0, "dh_derive");
}

static void raw_generate(void *arg)
{
	struct dh_bench *b = arg;
	EVP_PKEY *key = NULL;

	must(EVP_PKEY_generate(b->raw, &key) == 1, "EVP_PKEY_generate");
	EVP_PKEY_free(key);
}

static void raw_agree(void *arg)
{
	struct dh_bench *b = arg;
	size_t len = sizeof(out);

	must(EVP_PKEY_derive(b->raw, out, &len) == 1, "EVP_PKEY_derive");
}

static void bench_dh(uint16_t group, const char *name, const char *algorithm, const char *group_name)
{
	OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)group_name, 0), OSSL_PARAM_construct_end() };
	EVP_PKEY_CTX *make = EVP_PKEY_CTX_new_from_name(NULL, algorithm, NULL);
	struct dh_bench b = { .group = group, .raw = make };
	EVP_PKEY *own = NULL, *peer = NULL;
	char label[64];
	double raw;

	must(EVP_PKEY_keygen_init(make) == 1 && (!group_name || EVP_PKEY_CTX_set_params(make, params) == 1), "keygen");
	must(EVP_PKEY_generate(make, &own) == 1 && EVP_PKEY_generate(make, &peer) == 1, "keygen");
	must(dh_new(group, &b.own) == 0 && dh_new(group, &b.peer) == 0, "dh_new");
	snprintf(label, sizeof(label), "DH %s, key pair", name);
	raw = measure(raw_generate, &b);
	row(label, measure(dh_generate, &b), raw);
	b.raw = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
	must(EVP_PKEY_derive_init(b.raw) == 1 && EVP_PKEY_derive_set_peer_ex(b.raw, peer, 0) == 1, "derive");
	snprintf(label, sizeof(label), "DH %s, shared secret", name);
	raw = measure(raw_agree, &b);
	row(label, measure(dh_agree, &b), raw);
	EVP_PKEY_CTX_free(make);
	EVP_PKEY_CTX_free(b.raw);
	EVP_PKEY_free(own);
	EVP_PKEY_free(peer);
	dh_free(b.own);
	dh_free(b.peer);
}

/* ---- AUTH -------------------------------------------------------------------------------------------------------------------- */

static const struct auth_octets octets = { { message, 400 }, { message, 32 }, IKE_PRF_HMAC_SHA2_256, { message, 32 }, { message, 20 } };

struct sign_bench {
	struct privkey *key;
	struct cert *cert;
	uint32_t scheme;
	struct auth_data auth;
	struct ike_auth parsed;
	EVP_PKEY_CTX *raw; /* signs or verifies a hash */
	uint8_t hash[64], signature[1024];
	size_t hash_len, signature_len;
};

static void sign(void *arg)
{
	struct sign_bench *b = arg;

	must(auth_sign(&octets, b->key, AUTH_HASHES_ALL, b->scheme, &b->auth, NULL) == 0, "auth_sign");
}

static void verify(void *arg)
{
	struct sign_bench *b = arg;

	must(auth_verify(&octets, b->cert, &b->parsed, 0, NULL) == 0, "auth_verify");
}

static void raw_sign(void *arg)
{
	struct sign_bench *b = arg;

	b->signature_len = sizeof(b->signature);
	must(EVP_PKEY_sign(b->raw, b->signature, &b->signature_len, b->hash, b->hash_len) == 1, "EVP_PKEY_sign");
}

static void raw_verify(void *arg)
{
	struct sign_bench *b = arg;

	must(EVP_PKEY_verify(b->raw, b->signature, b->signature_len, b->hash, b->hash_len) == 1, "EVP_PKEY_verify");
}

static struct cert *make_cert(EVP_PKEY *key)
{
	X509 *x509 = X509_new();
	uint8_t *der = NULL;
	struct cert *cert;
	int len;

	must(x509 && X509_set_version(x509, 2) && X509_gmtime_adj(X509_getm_notBefore(x509), 0) && X509_gmtime_adj(X509_getm_notAfter(x509), 86400) &&
	     X509_set_pubkey(x509, key) && X509_sign(x509, key, EVP_sha256()) > 0, "X509");
	len = i2d_X509(x509, &der);
	must(len > 0 && cert_parse(der, (size_t)len, &cert, NULL) == 0, "cert_parse");
	OPENSSL_free(der);
	X509_free(x509);
	return cert;
}

static void bench_sign(const char *name, EVP_PKEY *key, uint32_t scheme, const EVP_MD *md)
{
	struct sign_bench b = { .scheme = scheme, .hash_len = (size_t)EVP_MD_get_size(md) };
	uint8_t *der = NULL;
	int len = i2d_PrivateKey(key, &der);
	char label[64];
	double raw;

	must(len > 0 && privkey_parse(der, (size_t)len, NULL, &b.key, NULL) == 0, "privkey_parse");
	OPENSSL_free(der);
	b.cert = make_cert(key);
	b.raw = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	must(EVP_PKEY_sign_init(b.raw) == 1 && EVP_PKEY_CTX_set_signature_md(b.raw, md) == 1, "EVP_PKEY_sign_init");
	snprintf(label, sizeof(label), "AUTH %s, sign", name);
	raw = measure(raw_sign, &b);
	row(label, measure(sign, &b), raw);
	b.parsed = (struct ike_auth){ b.auth.method, b.auth.data + 1 + b.auth.data[0], b.auth.len - 1u - b.auth.data[0], b.auth.data + 1, b.auth.data[0] };
	must(EVP_PKEY_verify_init(b.raw) == 1 && EVP_PKEY_CTX_set_signature_md(b.raw, md) == 1, "EVP_PKEY_verify_init");
	snprintf(label, sizeof(label), "AUTH %s, verify", name);
	raw = measure(raw_verify, &b);
	row(label, measure(verify, &b), raw);
	EVP_PKEY_CTX_free(b.raw);
	privkey_free(b.key);
	cert_free(b.cert);
	EVP_PKEY_free(key);
}

/* ---- PRF, keys, messages --------------------------------------------------------------------------------------------------------- */

static void hmac_ours(void *arg)
{
	const struct part part = { message, 100 };

	(void)arg;
	must(prf_calc(IKE_PRF_HMAC_SHA2_256, message, 32, &part, 1, out) == 0, "prf_calc");
}

static void hmac_raw(void *arg)
{
	size_t len;

	must(EVP_MAC_init(arg, message, 32, NULL) == 1 && EVP_MAC_update(arg, message, 100) == 1 && EVP_MAC_final(arg, out, &len, 64) == 1, "HMAC");
}

static void keys_ours(void *arg)
{
	const struct suite suite = { .encr = IKE_ENCR_AES_GCM_16, .encr_bits = 256, .prf = IKE_PRF_HMAC_SHA2_256 };
	const struct kdf_exchange x = { { message, 32 }, { message, 32 }, { message, 32 }, 1, 2 };
	struct ike_keys keys;

	(void)arg;
	must(kdf_ike(&suite, &x, &keys) == 0, "kdf_ike");
}

/* As many HMACs: SKEYSEED, and six blocks for 168 bytes of keys. */
static void keys_raw(void *arg)
{
	for (int i = 0; i < 7; i++)
		hmac_raw(arg);
}

static void bench_prf(void)
{
	OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA2-256", 0), OSSL_PARAM_construct_end() };
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);

	must(EVP_MAC_CTX_set_params(ctx, params) == 1, "HMAC");
	row("PRF HMAC-SHA2-256, 100 bytes", measure(hmac_ours, NULL), measure(hmac_raw, ctx));
	row("keys of an IKE SA, AES-256-GCM", measure(keys_ours, NULL), measure(keys_raw, ctx));
	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(mac);
}

struct cipher_bench {
	struct cipher *cipher;
	EVP_CIPHER_CTX *raw;
	size_t len;
	uint8_t sealed[2048], opened[2048];
};

static void seal(void *arg)
{
	struct cipher_bench *b = arg;

	must(cipher_seal(b->cipher, message, 32, message, b->len, b->sealed) == 0, "cipher_seal");
}

static void open_sealed(void *arg)
{
	struct cipher_bench *b = arg;
	size_t len;

	must(cipher_open(b->cipher, message, 32, b->sealed, cipher_sealed_len(b->cipher, b->len), b->opened, &len) == 0, "cipher_open");
}

static void raw_seal(void *arg)
{
	struct cipher_bench *b = arg;
	int n;

	must(EVP_EncryptInit_ex(b->raw, NULL, NULL, NULL, message) == 1 && EVP_EncryptUpdate(b->raw, NULL, &n, message, 32) == 1 &&
	     EVP_EncryptUpdate(b->raw, out, &n, message, (int)b->len) == 1 && EVP_EncryptFinal_ex(b->raw, out, &n) == 1, "AES-GCM");
}

static void bench_cipher(void)
{
	const struct suite gcm = { .encr = IKE_ENCR_AES_GCM_16, .encr_bits = 256 };
	const struct suite cbc = { .encr = IKE_ENCR_AES_CBC, .encr_bits = 256, .integ = IKE_INTEG_HMAC_SHA2_256_128 };
	struct cipher_bench b = { .len = 400, .raw = EVP_CIPHER_CTX_new() };
	double raw;

	must(EVP_EncryptInit_ex(b.raw, EVP_aes_256_gcm(), NULL, message, NULL) == 1, "AES-GCM");
	raw = measure(raw_seal, &b);
	must(cipher_new(&gcm, message, NULL, &b.cipher) == 0, "cipher_new");
	row("AES-256-GCM, 400 bytes, seal", measure(seal, &b), raw);
	row("AES-256-GCM, 400 bytes, open", measure(open_sealed, &b), raw);
	cipher_free(b.cipher);
	must(cipher_new(&cbc, message, message, &b.cipher) == 0, "cipher_new");
	row("AES-256-CBC + HMAC, seal (raw: GCM)", measure(seal, &b), raw);
	row("AES-256-CBC + HMAC, open (raw: GCM)", measure(open_sealed, &b), raw);
	cipher_free(b.cipher);
	EVP_CIPHER_CTX_free(b.raw);
}

int main(void)
{
	printf("microseconds                             ours  libcrypto      more      ours\n");
	bench_dh(IKE_KE_CURVE_25519, "x25519", "X25519", NULL);
	bench_dh(IKE_KE_ECP_256, "ecp256", "EC", "P-256");
	bench_dh(IKE_KE_ECP_384, "ecp384", "EC", "P-384");
	bench_dh(IKE_KE_ECP_521, "ecp521", "EC", "P-521");
	bench_dh(IKE_KE_MODP_2048, "modp2048", "DH", "modp_2048");
	bench_dh(IKE_KE_MODP_3072, "modp3072", "DH", "modp_3072");
	bench_dh(IKE_KE_MODP_4096, "modp4096", "DH", "modp_4096");
	bench_sign("ECDSA P-256", EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"), AUTH_ECDSA_SHA256, EVP_sha256());
	bench_sign("ECDSA P-384", EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384"), AUTH_ECDSA_SHA384, EVP_sha384());
	bench_sign("RSA-2048 PKCS#1", EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048), AUTH_RSA_PKCS1_SHA256, EVP_sha256());
	bench_prf();
	bench_cipher();
	return 0;
}
