/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Diffie-Hellman (RFC 7296, 3.4; RFC 3526; RFC 5903; RFC 8031). A key pair is generated from the group's parameters, which are made
 * once. Peers' values are checked here (RFC 6989), not by EVP_PKEY_public_check, which multiplies by the group's order and so doubles the price.
 */
#include "crypto/dh.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>
#include <stdlib.h>
#include <string.h>

#include "proto/registry.h"

enum kind { MODP, ECP, X25519 };

static const struct group {
	uint16_t id;
	enum kind kind;
	const char *name;	/* of libcrypto */
	uint16_t public_len, shared_len;
	int nid;		/* curve */
} groups[] = {
	{ IKE_KE_MODP_2048, MODP, "modp_2048", 256, 256, 0 },
	{ IKE_KE_MODP_3072, MODP, "modp_3072", 384, 384, 0 },
	{ IKE_KE_MODP_4096, MODP, "modp_4096", 512, 512, 0 },
	{ IKE_KE_MODP_6144, MODP, "modp_6144", 768, 768, 0 },
	{ IKE_KE_MODP_8192, MODP, "modp_8192", 1024, 1024, 0 },
	{ IKE_KE_ECP_256, ECP, "P-256", 64, 32, NID_X9_62_prime256v1 },
	{ IKE_KE_ECP_384, ECP, "P-384", 96, 48, NID_secp384r1 },
	{ IKE_KE_ECP_521, ECP, "P-521", 132, 66, NID_secp521r1 },
	{ IKE_KE_CURVE_25519, X25519, "X25519", 32, 32, 0 },
};
#define GROUPS (sizeof(groups) / sizeof(groups[0]))

/* What a group needs that is the same each time. */
static struct shared {
	EVP_PKEY *params;  /* the domain parameters as a key without a key; not for X25519 */
	BIGNUM *p, *p_minus_2; /* modp */
} common[GROUPS];
static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;

struct dh {
	const struct group *group;
	EVP_PKEY *key;
	uint8_t public[DH_PUBLIC_MAX]; /* the group's length is used */
};

static const struct group *find(uint16_t id)
{
	for (size_t i = 0; i < GROUPS; i++)
		if (groups[i].id == id)
			return &groups[i];
	return NULL;
}

static const struct shared *of(const struct group *g)
{
	return &common[g - groups];
}

static const char *algorithm(const struct group *g)
{
	return g->kind == MODP ? "DH" : g->kind == ECP ? "EC" : "X25519";
}

static EVP_PKEY *make_params(const struct group *g)
{
	OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)g->name, 0), OSSL_PARAM_construct_end() };
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, algorithm(g), NULL);
	EVP_PKEY *key = NULL;

	if (ctx && EVP_PKEY_fromdata_init(ctx) == 1 && EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEY_PARAMETERS, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static void prepare(void)
{
	for (size_t i = 0; i < GROUPS; i++) {
		struct shared *s = &common[i];

		if (groups[i].kind == X25519)
			continue;
		s->params = make_params(&groups[i]);
		if (groups[i].kind == MODP && s->params && EVP_PKEY_get_bn_param(s->params, OSSL_PKEY_PARAM_FFC_P, &s->p) == 1) {
			s->p_minus_2 = BN_dup(s->p);
			if (s->p_minus_2 && BN_sub_word(s->p_minus_2, 2) != 1) {
				BN_free(s->p_minus_2);
				s->p_minus_2 = NULL;
			}
		}
	}
}

static bool usable(const struct group *g)
{
	return g && CRYPTO_THREAD_run_once(&once, prepare) == 1 && (g->kind == X25519 || of(g)->params) && (g->kind != MODP || of(g)->p_minus_2);
}

bool dh_supported(uint16_t group)
{
	return usable(find(group));
}

size_t dh_public_len(uint16_t group)
{
	const struct group *g = find(group);

	return g ? g->public_len : 0;
}

size_t dh_shared_len(uint16_t group)
{
	const struct group *g = find(group);

	return g ? g->shared_len : 0;
}

/* libcrypto's form of a public value: IKE's, with 0x04 in front of a point. */
static bool export_public(struct dh *dh)
{
	const struct group *g = dh->group;
	size_t len, lead = g->kind == ECP ? 1 : 0;
	uint8_t buffer[1 + DH_PUBLIC_MAX];

	if (EVP_PKEY_get_octet_string_param(dh->key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, buffer, sizeof(buffer), &len) != 1)
		return false;
	if (len < lead || len - lead > g->public_len || (lead && (buffer[0] != POINT_CONVERSION_UNCOMPRESSED || len - lead != g->public_len)))
		return false;
	len -= lead;
	memset(dh->public, 0, g->public_len - len);
	memcpy(dh->public + g->public_len - len, buffer + lead, len);
	return true;
}

static EVP_PKEY *generate(const struct group *g)
{
	EVP_PKEY_CTX *ctx = of(g)->params ? EVP_PKEY_CTX_new_from_pkey(NULL, of(g)->params, NULL) : EVP_PKEY_CTX_new_from_name(NULL, algorithm(g), NULL);
	EVP_PKEY *key = NULL;

	if (ctx && EVP_PKEY_keygen_init(ctx) == 1 && EVP_PKEY_generate(ctx, &key) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	return key;
}

/* Takes key. */
static int wrap(const struct group *g, EVP_PKEY *key, struct dh **out)
{
	struct dh *dh = key ? calloc(1, offsetof(struct dh, public) + g->public_len) : NULL;

	*out = NULL;
	if (!dh) {
		EVP_PKEY_free(key);
		ERR_clear_error();
		return -EIO;
	}
	dh->group = g;
	dh->key = key;
	if (!export_public(dh)) {
		dh_free(dh);
		return -EIO;
	}
	*out = dh;
	return 0;
}

int dh_new(uint16_t group, struct dh **dh)
{
	const struct group *g = find(group);

	*dh = NULL;
	return usable(g) ? wrap(g, generate(g), dh) : -ENOTSUP;
}

/* The public value of a private one, in libcrypto's form; returns its length or 0. */
static size_t public_of(const struct group *g, const BIGNUM *priv, uint8_t *out)
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *y = BN_new();
	EC_GROUP *curve = g->kind == ECP ? EC_GROUP_new_by_curve_name(g->nid) : NULL;
	EC_POINT *point = curve ? EC_POINT_new(curve) : NULL;
	size_t len = 0;

	if (ctx && y && g->kind == MODP && BN_set_word(y, 2) == 1 && BN_mod_exp(y, y, priv, of(g)->p, ctx) == 1 &&
	    BN_bn2binpad(y, out, g->public_len) == g->public_len)
		len = g->public_len;
	if (ctx && point && EC_POINT_mul(curve, point, priv, NULL, NULL, ctx) == 1)
		len = EC_POINT_point2oct(curve, point, POINT_CONVERSION_UNCOMPRESSED, out, 1u + g->public_len, ctx);
	EC_POINT_free(point);
	EC_GROUP_free(curve);
	BN_free(y);
	BN_CTX_free(ctx);
	return len;
}

static EVP_PKEY *import_private(const struct group *g, const BIGNUM *priv)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, algorithm(g), NULL);
	uint8_t public[1 + DH_PUBLIC_MAX];
	size_t len = public_of(g, priv, public);
	OSSL_PARAM *params = NULL;
	BIGNUM *y = g->kind == MODP ? BN_bin2bn(public, (int)len, NULL) : NULL;
	EVP_PKEY *key = NULL;

	if (build && len && OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, g->name, 0) == 1 &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, priv) == 1 &&
	    (y ? OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PUB_KEY, y) :
		 OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, public, len)) == 1)
		params = OSSL_PARAM_BLD_to_param(build);
	if (params && ctx && EVP_PKEY_fromdata_init(ctx) == 1 && EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params) != 1)
		key = NULL;
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(ctx);
	BN_free(y);
	return key;
}

int dh_from_private(uint16_t group, const uint8_t *priv, size_t len, struct dh **dh)
{
	const struct group *g = find(group);
	BIGNUM *number;
	EVP_PKEY *key;

	*dh = NULL;
	if (!usable(g))
		return -ENOTSUP;
	if (g->kind == X25519)
		return wrap(g, EVP_PKEY_new_raw_private_key_ex(NULL, g->name, NULL, priv, len), dh);
	number = BN_bin2bn(priv, (int)len, NULL);
	key = number ? import_private(g, number) : NULL;
	BN_clear_free(number);
	return wrap(g, key, dh);
}

void dh_free(struct dh *dh)
{
	if (!dh)
		return;
	EVP_PKEY_free(dh->key);
	free(dh);
}

uint16_t dh_group(const struct dh *dh)
{
	return dh->group->id;
}

const uint8_t *dh_public(const struct dh *dh)
{
	return dh->public;
}

/*
 * 1 < y < p - 1 and y a square modulo p: what g^x is, as 2 is one in these groups (RFC 3526: p = 7 mod 8). The Jacobi symbol says so at
 * a fraction of the price of y^q.
 */
static bool modp_acceptable(const struct group *g, const uint8_t *peer)
{
	BIGNUM *y = BN_bin2bn(peer, g->public_len, NULL);
	BN_CTX *ctx = BN_CTX_new();
	bool ok = y && ctx && BN_cmp(y, BN_value_one()) > 0 && BN_cmp(y, of(g)->p_minus_2) <= 0 && BN_kronecker(y, of(g)->p, ctx) == 1;

	BN_free(y);
	BN_CTX_free(ctx);
	return ok;
}

/* NULL: not a value of the group. Points are checked against the curve's equation by libcrypto as it reads them; all have the right order. */
static EVP_PKEY *import_peer(const struct group *g, const uint8_t *peer)
{
	uint8_t value[1 + DH_PUBLIC_MAX];
	size_t lead = g->kind == ECP ? 1 : 0;
	EVP_PKEY *key;

	if (g->kind == X25519)
		return EVP_PKEY_new_raw_public_key_ex(NULL, g->name, NULL, peer, g->public_len);
	if (g->kind == MODP && !modp_acceptable(g, peer))
		return NULL;
	value[0] = POINT_CONVERSION_UNCOMPRESSED;
	memcpy(value + lead, peer, g->public_len);
	key = EVP_PKEY_new();
	if (key && EVP_PKEY_copy_parameters(key, of(g)->params) == 1 && EVP_PKEY_set1_encoded_public_key(key, value, g->public_len + lead) == 1)
		return key;
	EVP_PKEY_free(key);
	return NULL;
}

static int derive(const struct dh *dh, EVP_PKEY *peer, uint8_t *shared)
{
	const struct group *g = dh->group;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, dh->key, NULL);
	unsigned int pad = 1;
	OSSL_PARAM params[] = { OSSL_PARAM_construct_uint(OSSL_EXCHANGE_PARAM_PAD, &pad), OSSL_PARAM_construct_end() };
	size_t len = g->shared_len;
	int ret = -EIO;

	if (!ctx || EVP_PKEY_derive_init_ex(ctx, g->kind == MODP ? params : NULL) != 1 || EVP_PKEY_derive_set_peer_ex(ctx, peer, 0) != 1)
		goto out;
	/* of Curve25519 this also fails for a result of zero (RFC 7748, 6.1) */
	if (EVP_PKEY_derive(ctx, shared, &len) == 1)
		ret = len == g->shared_len ? 0 : -EIO;
	else
		ret = -EBADMSG;
out:
	EVP_PKEY_CTX_free(ctx);
	return ret;
}

int dh_derive(struct dh *dh, const uint8_t *peer, size_t peer_len, uint8_t *shared)
{
	const struct group *g = dh->group;
	EVP_PKEY *key = peer_len == g->public_len ? import_peer(g, peer) : NULL;
	int ret = key ? derive(dh, key, shared) : -EBADMSG;

	EVP_PKEY_free(key);
	if (ret) {
		OPENSSL_cleanse(shared, g->shared_len);
		ERR_clear_error();
	}
	return ret;
}
