/* SPDX-License-Identifier: Apache-2.0 */
/* AUTH by signature: RFC 7427 and RFC 8420, and ECDSA as in RFC 4754 for peers that have neither. */
#include <errno.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/auth_internal.h"
#include "crypto/cert_internal.h"
#include "crypto/scheme_internal.h"

#define ECDSA_DER_MAX 160 /* of a P-521 signature: 139 bytes */

/* Methods of RFC 4754: a curve and its hash, signature r | s. */
static const struct classic {
	uint8_t method;
	unsigned int bits;
	int half; /* bytes of r and of s */
	uint32_t scheme;
} classics[] = {
	{ IKE_AUTH_ECDSA_256, 256, 32, AUTH_ECDSA_SHA256 },
	{ IKE_AUTH_ECDSA_384, 384, 48, AUTH_ECDSA_SHA384 },
	{ IKE_AUTH_ECDSA_521, 521, 66, AUTH_ECDSA_SHA512 },
};
#define CLASSICS (sizeof(classics) / sizeof(classics[0]))

static const struct scheme *scheme_of_bit(uint32_t bit)
{
	for (size_t i = 0; i < SCHEMES; i++)
		if (schemes_all[i].bit == bit)
			return &schemes_all[i];
	return NULL;
}

uint32_t auth_hashes_parse(const uint8_t *data, size_t len)
{
	uint32_t set = 0;

	for (size_t at = 0; at + 2 <= len; at += 2) {
		unsigned int id = (unsigned int)data[at] << 8 | data[at + 1];

		if (id < 32)
			set |= 1u << id & AUTH_HASHES_ALL;
	}
	return set;
}

size_t auth_hashes_write(uint32_t hashes, uint8_t out[AUTH_HASHES_DATA_MAX])
{
	size_t len = 0;

	for (uint8_t id = IKE_HASH_SHA2_256; id <= IKE_HASH_IDENTITY; id++) {
		if (hashes >> id & 1) {
			out[len++] = 0;
			out[len++] = id;
		}
	}
	return len;
}

/* ---- libcrypto's signatures ---------------------------------------------------------------------------------------------- */

/* Padding and salt are given explicitly: what a key allows by default does not matter. */
static void pss_params(const struct scheme *s, OSSL_PARAM params[4])
{
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, OSSL_PKEY_RSA_PAD_MODE_PSS, 0);
	params[1] = OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, (char *)alg_md_name(s->hash), 0);
	params[2] = OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST, 0);
	params[3] = OSSL_PARAM_construct_end();
}

/* All parts in one piece, for Ed25519, which takes its message at once. NULL: no memory. */
static uint8_t *join(const struct part *parts, size_t *len)
{
	uint8_t *all, *at;

	*len = 0;
	for (unsigned int i = 0; i < AUTH_PARTS; i++)
		*len += parts[i].len;
	all = at = malloc(*len);
	for (unsigned int i = 0; all && i < AUTH_PARTS; i++) {
		memcpy(at, parts[i].data, parts[i].len);
		at += parts[i].len;
	}
	return all;
}

static int feed(EVP_MD_CTX *ctx, const struct part *parts, int (*update)(EVP_MD_CTX *, const void *, size_t))
{
	for (unsigned int i = 0; i < AUTH_PARTS; i++)
		if (update(ctx, parts[i].data, parts[i].len) != 1)
			return 0;
	return 1;
}

static int sign_at_once(EVP_MD_CTX *ctx, EVP_PKEY *key, const struct part *parts, uint8_t *signature, size_t *len)
{
	size_t all_len;
	uint8_t *all = join(parts, &all_len);
	int ok = all && EVP_DigestSignInit_ex(ctx, NULL, NULL, NULL, NULL, key, NULL) == 1 && EVP_DigestSign(ctx, signature, len, all, all_len) == 1;

	free(all);
	return ok;
}

static int sign_hash(EVP_MD_CTX *ctx, const struct scheme *s, EVP_PKEY *key, const struct part *parts, uint8_t *signature, size_t *len)
{
	OSSL_PARAM params[4];

	pss_params(s, params);
	return EVP_DigestSignInit_ex(ctx, NULL, alg_md_name(s->hash), NULL, NULL, key, s->pss ? params : NULL) == 1 &&
	       feed(ctx, parts, EVP_DigestSignUpdate) && EVP_DigestSignFinal(ctx, signature, len) == 1;
}

/* *len: room, then length. */
static int sign(const struct scheme *s, EVP_PKEY *key, const struct part *parts, uint8_t *signature, size_t *len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int ok = 0;

	if (ctx && s->kind == CERT_KEY_ED25519)
		ok = sign_at_once(ctx, key, parts, signature, len);
	else if (ctx)
		ok = sign_hash(ctx, s, key, parts, signature, len);
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return ok ? 0 : -EIO;
}

static int verify_at_once(EVP_MD_CTX *ctx, EVP_PKEY *key, const struct part *parts, const uint8_t *signature, size_t len)
{
	size_t all_len;
	uint8_t *all = join(parts, &all_len);
	int ok = all && EVP_DigestVerifyInit_ex(ctx, NULL, NULL, NULL, NULL, key, NULL) == 1 && EVP_DigestVerify(ctx, signature, len, all, all_len) == 1;

	free(all);
	return ok;
}

static int verify_hash(EVP_MD_CTX *ctx, const struct scheme *s, EVP_PKEY *key, const struct part *parts, const uint8_t *signature, size_t len)
{
	OSSL_PARAM params[4];

	pss_params(s, params);
	return EVP_DigestVerifyInit_ex(ctx, NULL, alg_md_name(s->hash), NULL, NULL, key, s->pss ? params : NULL) == 1 &&
	       feed(ctx, parts, EVP_DigestVerifyUpdate) && EVP_DigestVerifyFinal(ctx, signature, len) == 1;
}

/* 0 or -EACCES; a failure of libcrypto itself is the latter too: nothing but 1 means that the signature is right. */
static int verify(const struct scheme *s, EVP_PKEY *key, const struct part *parts, const uint8_t *signature, size_t len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int ok = 0;

	if (ctx && s->kind == CERT_KEY_ED25519)
		ok = verify_at_once(ctx, key, parts, signature, len);
	else if (ctx)
		ok = verify_hash(ctx, s, key, parts, signature, len);
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return ok ? 0 : -EACCES;
}

/* ---- r | s and DER --------------------------------------------------------------------------------------------------------- */

static int ecdsa_from_der(const uint8_t *der, size_t len, int half, uint8_t *out)
{
	const unsigned char *at = der;
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)len);
	int ok = sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, half) == half && BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + half, half) == half;

	ECDSA_SIG_free(sig);
	return ok ? 0 : -EIO;
}

static int ecdsa_to_der(const uint8_t *raw, int half, uint8_t der[ECDSA_DER_MAX], size_t *len)
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(raw, half, NULL), *s = BN_bin2bn(raw + half, half, NULL);
	unsigned char *at = der;
	int n = -1;

	if (sig && r && s && ECDSA_SIG_set0(sig, r, s) == 1) {
		n = i2d_ECDSA_SIG(sig, &at);
	} else {
		BN_free(r);
		BN_free(s);
	}
	ECDSA_SIG_free(sig);
	*len = n > 0 ? (size_t)n : 0;
	return n > 0 ? 0 : -EIO;
}

/* ---- signing --------------------------------------------------------------------------------------------------------------- */

/* The hash that fits the strength of the key, for RSA by NIST SP 800-57 part 1, table 2. */
static enum alg_hash fitting_hash(const struct privkey *key)
{
	int bits = EVP_PKEY_get_bits(key->pkey);

	if (key->kind == CERT_KEY_RSA)
		return bits <= 3072 ? ALG_SHA256 : bits <= 7680 ? ALG_SHA384 : ALG_SHA512;
	return bits <= 256 ? ALG_SHA256 : bits <= 384 ? ALG_SHA384 : ALG_SHA512;
}

/* Of those in the set: PKCS #1 before PSS; the fitting hash, else the next stronger, else the strongest that there is. */
static const struct scheme *choose(const struct privkey *key, uint32_t allowed)
{
	const struct scheme *best = NULL;
	enum alg_hash want = fitting_hash(key);

	for (size_t i = 0; i < SCHEMES; i++) {
		const struct scheme *s = &schemes_all[i];

		if (s->kind != key->kind || !(allowed & s->bit))
			continue;
		if (!best || (best->pss == s->pss && best->hash < want))
			best = s;
	}
	return best;
}

static int sign_classic(const struct part *parts, const struct privkey *key, uint32_t schemes, struct auth_data *auth, char *error)
{
	unsigned int bits = (unsigned int)EVP_PKEY_get_bits(key->pkey);
	uint8_t der[ECDSA_DER_MAX];
	size_t len = sizeof(der);
	int ret;

	for (size_t i = 0; key->kind == CERT_KEY_ECDSA && i < CLASSICS; i++) {
		const struct classic *c = &classics[i];

		if (c->bits != bits || !(schemes & c->scheme))
			continue;
		ret = sign(scheme_of_bit(c->scheme), key->pkey, parts, der, &len);
		if (!ret)
			ret = ecdsa_from_der(der, len, c->half, auth->data);
		auth->method = c->method;
		auth->len = (uint16_t)(2 * c->half);
		return ret ? crypto_fail(error, ret, "libcrypto did not sign.") : 0;
	}
	return crypto_fail(error, -ENOTSUP, "The peer does not have RFC 7427, and this key or its auth setting allows no older method.");
}

static uint32_t schemes_with(uint32_t hashes)
{
	uint32_t set = 0;

	for (size_t i = 0; i < SCHEMES; i++)
		if (hashes >> schemes_all[i].hash_id & 1)
			set |= schemes_all[i].bit;
	return set;
}

int auth_sign(const struct auth_octets *octets, const struct privkey *key, uint32_t peer_hashes, uint32_t schemes, struct auth_data *auth,
	      char *error)
{
	uint8_t maced[PRF_LEN_MAX];
	struct part parts[AUTH_PARTS];
	const struct scheme *s;
	size_t len;
	int ret = auth_parts(octets, maced, parts);

	auth->len = 0;
	if (ret)
		return crypto_fail(error, ret, "The PRF is not supported.");
	if (!schemes)
		schemes = AUTH_SCHEMES_ALL;
	if (!peer_hashes)
		return sign_classic(parts, key, schemes, auth, error);
	s = choose(key, schemes & schemes_with(peer_hashes));
	if (!s)
		return crypto_fail(error, -ENOTSUP, "No signature scheme that key, auth setting and peer have in common.");
	auth->method = IKE_AUTH_DIGITAL_SIGNATURE;
	auth->data[0] = s->der_len;
	memcpy(auth->data + 1, s->der, s->der_len);
	len = sizeof(auth->data) - 1 - s->der_len;
	ret = sign(s, key->pkey, parts, auth->data + 1 + s->der_len, &len);
	if (ret)
		return crypto_fail(error, ret, "libcrypto did not sign.");
	auth->len = (uint16_t)(1 + s->der_len + len);
	return 0;
}

/* ---- verification ---------------------------------------------------------------------------------------------------------- */

static const struct classic *find_classic(uint8_t method)
{
	for (size_t i = 0; i < CLASSICS; i++)
		if (classics[i].method == method)
			return &classics[i];
	return NULL;
}

static const struct scheme *scheme_of(const struct ike_auth *auth)
{
	const struct classic *c = find_classic(auth->method);

	if (auth->method == IKE_AUTH_DIGITAL_SIGNATURE)
		return auth->algorithm ? scheme_from_der(auth->algorithm, auth->algorithm_len) : NULL;
	return c ? scheme_of_bit(c->scheme) : NULL;
}

const char *auth_scheme_name(const struct ike_auth *auth)
{
	const struct scheme *s = scheme_of(auth);

	if (auth->method == IKE_AUTH_SHARED_KEY)
		return "pre-shared key";
	return s ? s->name : "an unknown signature";
}

/* That of an AUTH payload by RFC 4754 as DER. */
static int take_classic(const struct classic *c, const struct cert *cert, const struct ike_auth *auth, uint8_t *der, size_t *len, char *error)
{
	if (cert->bits != c->bits)
		return crypto_fail(error, -EACCES, "The key of the certificate is on another curve than the signature.");
	if (auth->len != 2 * (size_t)c->half)
		return crypto_fail(error, -EBADMSG, "A signature of %zu bytes instead of %d.", auth->len, 2 * c->half);
	return ecdsa_to_der(auth->data, c->half, der, len);
}

int auth_verify(const struct auth_octets *octets, const struct cert *cert, const struct ike_auth *auth, uint32_t schemes, char *error)
{
	const struct classic *c = find_classic(auth->method);
	const struct scheme *s = scheme_of(auth);
	uint8_t maced[PRF_LEN_MAX], der[ECDSA_DER_MAX];
	const uint8_t *signature = auth->data;
	size_t len = auth->len;
	struct part parts[AUTH_PARTS];
	int ret;

	if (auth->method == IKE_AUTH_RSA_SIGNATURE)
		return crypto_fail(error, -ENOTSUP, "The peer signs with method 1 (RSA with SHA-1), which is not accepted; RFC 7427 is.");
	if (!c && auth->method != IKE_AUTH_DIGITAL_SIGNATURE)
		return crypto_fail(error, -ENOTSUP, "The peer authenticates by method %u (%s), which is no signature that is supported.", auth->method,
				   ike_name(IKE_NAMES_AUTH, auth->method));
	if (!s)
		return crypto_fail(error, -ENOTSUP, "The signature has an algorithm, or parameters, that are not supported.");
	if (!(s->bit & (schemes ? schemes : AUTH_SCHEMES_ALL)))
		return crypto_fail(error, -ENOTSUP, "%s is not among the signatures that the connection allows.", s->name);
	if (s->kind != cert->kind)
		return crypto_fail(error, -EACCES, "The certificate's key cannot have made a signature by %s.", s->name);
	if (c) {
		ret = take_classic(c, cert, auth, der, &len, error);
		if (ret)
			return ret;
		signature = der;
	}
	ret = auth_parts(octets, maced, parts);
	if (ret)
		return crypto_fail(error, ret, "The PRF is not supported.");
	ret = verify(s, X509_get0_pubkey(cert->x509), parts, signature, len);
	return ret ? crypto_fail(error, ret, "The signature (%s) is wrong.", s->name) : 0;
}
