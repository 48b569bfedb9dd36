/* SPDX-License-Identifier: Apache-2.0 */
/* Whom to trust: CAs and CRLs in an X509_STORE, and what must hold of a path beside what libcrypto checks. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/cert_internal.h"
#include "crypto/identity.h"

#define AUTH_LEVEL 2 /* of libcrypto: 112 bits of security, so no SHA-1 */

struct trust {
	X509_STORE *store;
	struct cert **cas;
	unsigned int ca_count;
	time_t when; /* 0: now */
};

int trust_new(struct trust **trust)
{
	struct trust *t = calloc(1, sizeof(*t));

	*trust = NULL;
	if (!t)
		return -ENOMEM;
	t->store = X509_STORE_new();
	if (!t->store) {
		free(t);
		return -ENOMEM;
	}
	*trust = t;
	return 0;
}

void trust_free(struct trust *t)
{
	if (!t)
		return;
	for (unsigned int i = 0; i < t->ca_count; i++)
		cert_free(t->cas[i]);
	free(t->cas);
	X509_STORE_free(t->store);
	free(t);
}

void trust_set_time(struct trust *t, time_t when)
{
	t->when = when;
}

int trust_add_ca(struct trust *t, struct cert *ca, char *error)
{
	struct cert **grown;

	if (!cert_is_ca(ca))
		return crypto_fail(error, -EINVAL, "A certificate that is to be trusted as CA is none: its basic constraints or key usage say so.");
	for (unsigned int i = 0; i < t->ca_count; i++)
		if (cert_equal(t->cas[i], ca))
			return 0;
	grown = realloc(t->cas, (t->ca_count + 1) * sizeof(*grown));
	if (!grown)
		return crypto_fail(error, -ENOMEM, "No memory.");
	t->cas = grown;
	if (X509_STORE_add_cert(t->store, ca->x509) != 1)
		return crypto_fail(error, -ENOMEM, "No memory.");
	t->cas[t->ca_count++] = cert_ref(ca);
	return 0;
}

/* ---- CRLs ------------------------------------------------------------------------------------------------------------------ */

/* SHA-2 or Ed25519. Of RSA-PSS the hash is in parameters that libcrypto checks when it verifies; SHA-1 there is its default level's matter. */
static bool crl_signature_acceptable(const X509_CRL *crl)
{
	int hash = NID_undef, key = NID_undef;

	if (OBJ_find_sigid_algs(X509_CRL_get_signature_nid(crl), &hash, &key) != 1)
		return false;
	return hash == NID_sha256 || hash == NID_sha384 || hash == NID_sha512 || key == NID_ED25519 || key == NID_rsassaPss;
}

/* Takes crl. */
static int add_crl(struct trust *t, X509_CRL *crl, char *error)
{
	int ret = 0;

	if (!crl_signature_acceptable(crl))
		ret = crypto_fail(error, -ENOTSUP, "A CRL is signed by a weak or unknown algorithm.");
	else if (X509_STORE_add_crl(t->store, crl) != 1)
		ret = crypto_fail(error, -ENOMEM, "No memory.");
	X509_CRL_free(crl);
	return ret;
}

int trust_add_crl_der(struct trust *t, const uint8_t *der, size_t len, char *error)
{
	const unsigned char *at = der;
	X509_CRL *crl = len <= CERT_FILE_MAX ? d2i_X509_CRL(NULL, &at, (long)len) : NULL;

	ERR_clear_error();
	if (crl && at == der + len)
		return add_crl(t, crl, error);
	X509_CRL_free(crl);
	return crypto_fail(error, -EBADMSG, "%zu bytes are no CRL.", len);
}

static int add_crl_pem(struct trust *t, const uint8_t *data, size_t len, char *error)
{
	BIO *bio = BIO_new_mem_buf(data, (int)len);
	unsigned int count = 0;
	X509_CRL *crl;
	int ret = 0;

	while (!ret && bio && (crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL))) {
		ret = add_crl(t, crl, error);
		count++;
	}
	BIO_free(bio);
	if (!ret && (!count || ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE))
		ret = crypto_fail(error, -EBADMSG, "There is no CRL in it, or a broken one.");
	ERR_clear_error();
	return ret;
}

int trust_add_crl(struct trust *t, const char *path, char *error)
{
	char why[CRYPTO_ERROR_LEN];
	uint8_t *data;
	size_t len;
	int ret = cert_read_file(path, &data, &len, error);

	if (ret)
		return ret;
	ret = cert_is_pem(data, len) ? add_crl_pem(t, data, len, why) : trust_add_crl_der(t, data, len, why);
	OPENSSL_clear_free(data, len);
	return ret ? crypto_fail(error, ret, "%.120s: %.100s", path, why) : 0;
}

/* ---- paths ----------------------------------------------------------------------------------------------------------------- */

/* The certificate says where its revocation could be asked for. */
static bool names_a_source(X509 *x509)
{
	STACK_OF(OPENSSL_STRING) *responders = X509_get1_ocsp(x509);
	bool named = sk_OPENSSL_STRING_num(responders) > 0 || X509_get_ext_by_NID(x509, NID_crl_distribution_points, -1) >= 0;

	X509_email_free(responders);
	return named;
}

/* No usable CRL: whether that matters. The trust anchor is trusted as it is; there need be no CRL for it. */
static int crl_missing(X509_STORE_CTX *ctx, enum trust_revocation revocation)
{
	const STACK_OF(X509) *path = X509_STORE_CTX_get0_chain(ctx);
	X509 *x509 = X509_STORE_CTX_get_current_cert(ctx);

	if (revocation == TRUST_RELAXED || X509_STORE_CTX_get_error_depth(ctx) == sk_X509_num(path) - 1)
		return 1;
	return revocation == TRUST_IFURI && x509 && !names_a_source(x509);
}

/* Errors that mean that there is no CRL to go by. What it says is looked at nevertheless: a certificate in it is revoked. */
static bool is_crl_missing(int error)
{
	static const int errors[] = {
		X509_V_ERR_UNABLE_TO_GET_CRL,	      X509_V_ERR_CRL_HAS_EXPIRED,
		X509_V_ERR_CRL_NOT_YET_VALID,	      X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER,
		X509_V_ERR_CRL_SIGNATURE_FAILURE,     X509_V_ERR_DIFFERENT_CRL_SCOPE,
		X509_V_ERR_KEYUSAGE_NO_CRL_SIGN,      X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION,
		X509_V_ERR_CRL_PATH_VALIDATION_ERROR, X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE,
		X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD, X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD,
	};

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (errors[i] == error)
			return true;
	return false;
}

static int on_verify(int ok, X509_STORE_CTX *ctx)
{
	const struct trust_demand *demand = X509_STORE_CTX_get_app_data(ctx);

	return ok || (is_crl_missing(X509_STORE_CTX_get_error(ctx)) && crl_missing(ctx, demand->revocation));
}

/* The scheme of a certificate's signature, 0: none that is accepted. */
static uint32_t scheme_of(X509 *x509)
{
	static const struct {
		int hash;
		uint32_t schemes;
	} hashes[] = { { NID_sha256, AUTH_SHA256 }, { NID_sha384, AUTH_SHA384 }, { NID_sha512, AUTH_SHA512 } };
	int hash, key;
	uint32_t kinds;

	if (X509_get_signature_info(x509, &hash, &key, NULL, NULL) != 1)
		return 0;
	if (key == NID_ED25519)
		return AUTH_ED25519;
	kinds = key == NID_rsaEncryption ? AUTH_RSA_PKCS1 : key == NID_rsassaPss ? AUTH_RSA_PSS : key == NID_X9_62_id_ecPublicKey ? AUTH_ECDSA : 0;
	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++)
		if (hashes[i].hash == hash)
			return kinds & hashes[i].schemes;
	return 0;
}

static bool key_acceptable(X509 *x509, const struct trust_demand *demand)
{
	unsigned int bits;

	switch (cert_classify(X509_get0_pubkey(x509), &bits)) {
	case CERT_KEY_RSA:
		return bits >= demand->rsa_bits;
	case CERT_KEY_ECDSA:
	case CERT_KEY_ED25519:
		return bits >= demand->ec_bits;
	default:
		return false;
	}
}

/* RFC 4945, 5.1.3.2: absent, or one that allows the signature of an AUTH payload. */
static bool key_usage_fits(X509 *x509)
{
	uint32_t usage = X509_get_key_usage(x509);

	return usage == UINT32_MAX || (usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION));
}

/* RFC 4945, 5.1.3.12, and what certificates of gateways have in practice; 1.3.6.1.5.5.8.2.2 is iKEIntermediate. */
static bool extended_usage_fits(const X509 *x509)
{
	static const char *const oids[] = { "2.5.29.37.0",	 "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2",  "1.3.6.1.5.5.7.3.5",
					    "1.3.6.1.5.5.7.3.6", "1.3.6.1.5.5.7.3.7", "1.3.6.1.5.5.7.3.17", "1.3.6.1.5.5.8.2.2" };
	int critical;
	EXTENDED_KEY_USAGE *usage = X509_get_ext_d2i(x509, NID_ext_key_usage, &critical, NULL);
	bool fits = !usage && critical == -1;
	char oid[64];

	for (int i = 0; !fits && i < sk_ASN1_OBJECT_num(usage); i++) {
		OBJ_obj2txt(oid, sizeof(oid), sk_ASN1_OBJECT_value(usage, i), 1);
		for (size_t k = 0; !fits && k < sizeof(oids) / sizeof(oids[0]); k++)
			fits = strcmp(oid, oids[k]) == 0;
	}
	sk_ASN1_OBJECT_pop_free(usage, ASN1_OBJECT_free);
	return fits;
}

static bool has_required_ca(STACK_OF(X509) *path, const struct trust_demand *demand)
{
	for (int i = 1; i < sk_X509_num(path); i++)
		for (unsigned int k = 0; k < demand->ca_count; k++)
			if (X509_cmp(sk_X509_value(path, i), demand->cas[k]->x509) == 0)
				return true;
	return demand->ca_count == 0;
}

/* What libcrypto does not ask. NULL: it is all right, else what is wrong and, in *at, with which certificate. */
static const char *check_path(STACK_OF(X509) *path, const struct trust_demand *demand, int *at)
{
	int count = sk_X509_num(path);

	for (*at = 0; *at < count; (*at)++) {
		X509 *x509 = sk_X509_value(path, *at);

		if (!key_acceptable(x509, demand))
			return "its key is too small or of an unsupported kind";
		/* the signature of the trust anchor means nothing */
		if (*at < count - 1 && !(scheme_of(x509) & (demand->schemes ? demand->schemes : AUTH_SCHEMES_ALL)))
			return "its signature algorithm is weak or not allowed";
		if (*at > 0 && X509_check_ca(x509) != 1)
			return "it is not a CA";
	}
	*at = 0;
	if (!key_usage_fits(sk_X509_value(path, 0)))
		return "its key usage does not allow signatures";
	if (!extended_usage_fits(sk_X509_value(path, 0)))
		return "its extended key usage does not allow IKE";
	return has_required_ca(path, demand) ? NULL : "the CA that the connection demands is not above it";
}

static int say(char *error, X509 *x509, const char *why)
{
	struct cert cert = { .x509 = x509 };
	char text[IDENTITY_TEXT_LEN];

	return crypto_fail(error, -EACCES, "Certificate \"%.120s\": %.100s.", x509 ? cert_print(&cert, text) : "", why);
}

static int run(X509_STORE_CTX *ctx, const struct trust_demand *demand, char *error)
{
	STACK_OF(X509) *path;
	const char *why;
	int at;

	if (X509_verify_cert(ctx) != 1) {
		int code = X509_STORE_CTX_get_error(ctx);

		ERR_clear_error();
		return say(error, X509_STORE_CTX_get_current_cert(ctx), X509_verify_cert_error_string(code));
	}
	path = X509_STORE_CTX_get0_chain(ctx);
	why = check_path(path, demand, &at);
	return why ? say(error, sk_X509_value(path, at), why) : 0;
}

int trust_verify(struct trust *t, const struct cert_chain *chain, const struct trust_demand *demand, char *error)
{
	static const struct trust_demand none = { .revocation = TRUST_RELAXED };
	X509_STORE_CTX *ctx;
	STACK_OF(X509) *others;
	int ret = crypto_fail(error, -EIO, "No memory.");

	if (!chain->count)
		return crypto_fail(error, -EINVAL, "There is no certificate.");
	if (!demand)
		demand = &none;
	ctx = X509_STORE_CTX_new();
	others = sk_X509_new_null();
	if (!ctx || !others)
		goto out;
	for (unsigned int i = 1; i < chain->count; i++)
		if (!sk_X509_push(others, chain->certs[i]->x509))
			goto out;
	if (X509_STORE_CTX_init(ctx, t->store, chain->certs[0]->x509, others) != 1 || X509_STORE_CTX_set_app_data(ctx, (void *)demand) != 1)
		goto out;
	X509_STORE_CTX_set_verify_cb(ctx, on_verify);
	X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
	X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(ctx), AUTH_LEVEL);
	X509_VERIFY_PARAM_set_depth(X509_STORE_CTX_get0_param(ctx), (int)CERT_CHAIN_MAX);
	if (t->when)
		X509_STORE_CTX_set_time(ctx, 0, t->when);
	ret = run(ctx, demand, error);
out:
	sk_X509_free(others);
	X509_STORE_CTX_free(ctx);
	return ret;
}

int trust_verify_pinned(struct trust *t, const struct cert *cert, char *error)
{
	static const struct trust_demand none = { .revocation = TRUST_RELAXED };
	time_t when = t->when ? t->when : time(NULL);

	if (!key_acceptable(cert->x509, &none))
		return say(error, cert->x509, "its key is too small or of an unsupported kind");
	/* they return 0 for a time that is not one */
	if (X509_cmp_time(X509_get0_notBefore(cert->x509), &when) != -1)
		return say(error, cert->x509, "it is not yet valid");
	if (X509_cmp_time(X509_get0_notAfter(cert->x509), &when) != 1)
		return say(error, cert->x509, "it has expired");
	return 0;
}

/* ---- CERTREQ (RFC 7296, 3.7) ------------------------------------------------------------------------------------------------- */

size_t trust_request(const struct trust *t, uint8_t *out, size_t room)
{
	size_t len = 0;

	for (unsigned int i = 0; i < t->ca_count && len + CERT_REQUEST_HASH_LEN <= room; i++, len += CERT_REQUEST_HASH_LEN)
		memcpy(out + len, t->cas[i]->key_hash, CERT_REQUEST_HASH_LEN);
	return len;
}

static bool is_requested(const struct cert *cert, const uint8_t *hashes, size_t len)
{
	for (size_t at = 0; at + CERT_REQUEST_HASH_LEN <= len; at += CERT_REQUEST_HASH_LEN)
		if (memcmp(hashes + at, cert->key_hash, CERT_REQUEST_HASH_LEN) == 0)
			return true;
	return false;
}

/* Another certificate that names itself as the issuer of this one; NULL: none. */
static const struct cert *issuer_in(struct cert *const *certs, unsigned int count, const struct cert *of)
{
	for (unsigned int i = 0; i < count; i++)
		if (certs[i] != of && !cert_equal(certs[i], of) && X509_check_issued(certs[i]->x509, of->x509) == X509_V_OK)
			return certs[i];
	return NULL;
}

bool trust_answers_request(const struct trust *t, const struct cert_chain *chain, const uint8_t *hashes, size_t len)
{
	const struct cert *at = chain->count ? chain->certs[0] : NULL, *next;

	if (len < CERT_REQUEST_HASH_LEN)
		return true;
	for (unsigned int depth = 0; at && depth < CERT_CHAIN_MAX; depth++, at = next) {
		next = issuer_in(chain->certs, chain->count, at);
		if (!next)
			next = issuer_in(t->cas, t->ca_count, at);
		if (next && is_requested(next, hashes, len))
			return true;
	}
	return false;
}
