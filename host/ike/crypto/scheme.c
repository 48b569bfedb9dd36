/* SPDX-License-Identifier: Apache-2.0 */
/* AlgorithmIdentifiers of signatures (RFC 7427, appendix A; RFC 8420; RFC 4055). */
#include "crypto/scheme.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "crypto/scheme_internal.h"
#include "proto/registry.h"

/* SEQUENCE { 1.2.840.113549.1.1.n, NULL } */
#define RSA_DER(n) { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, n, 0x05, 0x00 }
/* SEQUENCE { 1.2.840.10045.4.3.n } */
#define ECDSA_DER(n) { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, n }
/* SEQUENCE { 2.16.840.1.101.3.4.2.n, NULL } */
#define HASH_DER(n) 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, n, 0x05, 0x00
/* SEQUENCE { rsassaPss, SEQUENCE { [0] hash, [1] mgf1 with hash, [2] salt length } }; the trailer field has its default */
#define PSS_DER(n, salt) { \
	0x30, 0x41, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a, 0x30, 0x34, 0xa0, 0x0f, HASH_DER(n), \
	0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08, HASH_DER(n), 0xa2, 0x03, 0x02, 0x01, salt }

static const uint8_t rsa_sha256[] = RSA_DER(0x0b), rsa_sha384[] = RSA_DER(0x0c), rsa_sha512[] = RSA_DER(0x0d);
static const uint8_t pss_sha256[] = PSS_DER(0x01, 32), pss_sha384[] = PSS_DER(0x02, 48), pss_sha512[] = PSS_DER(0x03, 64);
static const uint8_t ecdsa_sha256[] = ECDSA_DER(0x02), ecdsa_sha384[] = ECDSA_DER(0x03), ecdsa_sha512[] = ECDSA_DER(0x04);
static const uint8_t ed25519[] = { 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70 };

#define DER(x) sizeof(x), x
const struct scheme schemes_all[SCHEMES] = {
	{ AUTH_RSA_PKCS1_SHA256, CERT_KEY_RSA, false, IKE_HASH_SHA2_256, ALG_SHA256, "RSA PKCS#1 v1.5 with SHA2-256", DER(rsa_sha256) },
	{ AUTH_RSA_PKCS1_SHA384, CERT_KEY_RSA, false, IKE_HASH_SHA2_384, ALG_SHA384, "RSA PKCS#1 v1.5 with SHA2-384", DER(rsa_sha384) },
	{ AUTH_RSA_PKCS1_SHA512, CERT_KEY_RSA, false, IKE_HASH_SHA2_512, ALG_SHA512, "RSA PKCS#1 v1.5 with SHA2-512", DER(rsa_sha512) },
	{ AUTH_RSA_PSS_SHA256, CERT_KEY_RSA, true, IKE_HASH_SHA2_256, ALG_SHA256, "RSA-PSS with SHA2-256", DER(pss_sha256) },
	{ AUTH_RSA_PSS_SHA384, CERT_KEY_RSA, true, IKE_HASH_SHA2_384, ALG_SHA384, "RSA-PSS with SHA2-384", DER(pss_sha384) },
	{ AUTH_RSA_PSS_SHA512, CERT_KEY_RSA, true, IKE_HASH_SHA2_512, ALG_SHA512, "RSA-PSS with SHA2-512", DER(pss_sha512) },
	{ AUTH_ECDSA_SHA256, CERT_KEY_ECDSA, false, IKE_HASH_SHA2_256, ALG_SHA256, "ECDSA with SHA2-256", DER(ecdsa_sha256) },
	{ AUTH_ECDSA_SHA384, CERT_KEY_ECDSA, false, IKE_HASH_SHA2_384, ALG_SHA384, "ECDSA with SHA2-384", DER(ecdsa_sha384) },
	{ AUTH_ECDSA_SHA512, CERT_KEY_ECDSA, false, IKE_HASH_SHA2_512, ALG_SHA512, "ECDSA with SHA2-512", DER(ecdsa_sha512) },
	{ AUTH_ED25519, CERT_KEY_ED25519, false, IKE_HASH_IDENTITY, ALG_HASHES, "Ed25519", DER(ed25519) },
};

/* The hash of an AlgorithmIdentifier whose parameters are NULL or absent (RFC 4055, 2.1). */
static int hash_nid(const X509_ALGOR *alg)
{
	const ASN1_OBJECT *object;
	int type;

	if (!alg)
		return NID_undef;
	X509_ALGOR_get0(&object, &type, NULL, alg);
	return type == V_ASN1_NULL || type == V_ASN1_UNDEF ? OBJ_obj2nid(object) : NID_undef;
}

/* Mask generation must be MGF1; its hash is in the parameters. */
static int mgf1_hash_nid(const X509_ALGOR *mgf)
{
	const ASN1_OBJECT *object;
	const void *value;
	X509_ALGOR *inner;
	int type, nid;

	if (!mgf)
		return NID_undef;
	X509_ALGOR_get0(&object, &type, &value, mgf);
	if (OBJ_obj2nid(object) != NID_mgf1 || type != V_ASN1_SEQUENCE)
		return NID_undef;
	inner = ASN1_item_unpack(value, ASN1_ITEM_rptr(X509_ALGOR));
	nid = hash_nid(inner);
	X509_ALGOR_free(inner);
	return nid;
}

/* One hash for both, a salt of its length, the one trailer there is; -1: others. */
static int pss_hash(const ASN1_STRING *params)
{
	static const struct {
		int nid, hash;
		long salt;
	} known[] = { { NID_sha256, ALG_SHA256, 32 }, { NID_sha384, ALG_SHA384, 48 }, { NID_sha512, ALG_SHA512, 64 } };
	RSA_PSS_PARAMS *pss = ASN1_item_unpack(params, ASN1_ITEM_rptr(RSA_PSS_PARAMS));
	int hash = -1;

	for (size_t i = 0; pss && i < sizeof(known) / sizeof(known[0]); i++)
		if (hash_nid(pss->hashAlgorithm) == known[i].nid && mgf1_hash_nid(pss->maskGenAlgorithm) == known[i].nid &&
		    pss->saltLength && ASN1_INTEGER_get(pss->saltLength) == known[i].salt &&
		    (!pss->trailerField || ASN1_INTEGER_get(pss->trailerField) == 1))
			hash = known[i].hash;
	RSA_PSS_PARAMS_free(pss);
	return hash;
}

/* RSA-PSS has more than one encoding of the same: absent NULLs, a trailer field with its default. */
static const struct scheme *pss_from_der(const uint8_t *der, size_t len)
{
	const unsigned char *at = der;
	X509_ALGOR *alg = d2i_X509_ALGOR(NULL, &at, (long)len);
	const struct scheme *found = NULL;
	const ASN1_OBJECT *object = NULL;
	const void *value = NULL;
	int type = V_ASN1_UNDEF, hash = -1;

	if (alg && at == der + len)
		X509_ALGOR_get0(&object, &type, &value, alg);
	if (object && OBJ_obj2nid(object) == NID_rsassaPss && type == V_ASN1_SEQUENCE)
		hash = pss_hash(value);
	for (size_t i = 0; hash >= 0 && i < SCHEMES; i++)
		if (schemes_all[i].pss && (int)schemes_all[i].hash == hash)
			found = &schemes_all[i];
	X509_ALGOR_free(alg);
	ERR_clear_error();
	return found;
}

const struct scheme *scheme_from_der(const uint8_t *der, size_t len)
{
	for (size_t i = 0; i < SCHEMES; i++)
		if (schemes_all[i].der_len == len && memcmp(schemes_all[i].der, der, len) == 0)
			return &schemes_all[i];
	return pss_from_der(der, len);
}
