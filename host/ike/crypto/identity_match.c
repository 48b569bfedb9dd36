/* SPDX-License-Identifier: Apache-2.0 */
/* Identities compared with each other, with patterns, and with what a certificate speaks for. */
#include <errno.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <strings.h>

#include "crypto/cert_internal.h"
#include "crypto/dn.h"
#include "crypto/identity.h"
#include "proto/registry.h"

#define MATCH_LEAST 2	/* of a pattern that is not %any */
#define MATCH_RANGE 50

static bool same_text(const uint8_t *a, const uint8_t *b, size_t len)
{
	return strncasecmp((const char *)a, (const char *)b, len) == 0;
}

/* Bytes in front of the '@' count exactly, the domain without case. Both have an '@'. */
static bool email_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
	const uint8_t *at = memchr(a, '@', len);
	size_t local = at ? (size_t)(at - a) + 1 : len;

	return memcmp(a, b, local) == 0 && same_text(a + local, b + local, len - local);
}

static bool data_equal(uint8_t type, const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	if (type == IKE_ID_DER_ASN1_DN)
		return dn_equal(a, a_len, b, b_len);
	if (a_len != b_len)
		return false;
	if (type == IKE_ID_FQDN)
		return same_text(a, b, a_len);
	if (type == IKE_ID_RFC822_ADDR)
		return email_equal(a, b, a_len);
	return memcmp(a, b, a_len) == 0;
}

bool identity_equal(const struct identity *a, const struct identity *b)
{
	return a->type == b->type && (a->type == IDENTITY_ANY || data_equal(a->type, a->data, a->len, b->data, b->len));
}

/* "*.example.org" and "*@example.org": the star stands for one character at least, and no further star is special. */
static int match_suffix(const struct identity *id, const struct identity *pattern)
{
	size_t len = pattern->len - 1u;

	if (pattern->len < 3 || pattern->data[0] != '*' || (pattern->data[1] != '.' && pattern->data[1] != '@') || id->len <= len)
		return 0;
	if (!same_text(id->data + id->len - len, pattern->data + 1, len))
		return 0;
	return MATCH_LEAST + (int)(len < 90 ? len : 90);
}

static int match_range(const struct identity *id, const struct identity *pattern)
{
	size_t len = id->len;

	if ((id->type != IKE_ID_IPV4_ADDR && id->type != IKE_ID_IPV6_ADDR) || pattern->len != 2 * len)
		return 0;
	return memcmp(id->data, pattern->data, len) >= 0 && memcmp(id->data, pattern->data + len, len) <= 0 ? MATCH_RANGE : 0;
}

static int match_dn(const struct identity *id, const struct identity *pattern)
{
	int wild = dn_match(id->data, id->len, pattern->data, pattern->len);

	if (wild < 0)
		return 0;
	return IDENTITY_MATCH_EXACT - wild > MATCH_LEAST ? IDENTITY_MATCH_EXACT - wild : MATCH_LEAST;
}

int identity_match(const struct identity *id, const struct identity *pattern)
{
	if (pattern->type == IDENTITY_ANY)
		return IDENTITY_MATCH_ANY;
	if (!identity_is_single(id))
		return 0;
	if (pattern->type == IDENTITY_RANGE)
		return match_range(id, pattern);
	if (identity_equal(id, pattern))
		return IDENTITY_MATCH_EXACT;
	if (id->type != pattern->type)
		return 0;
	if (id->type == IKE_ID_DER_ASN1_DN)
		return match_dn(id, pattern);
	return id->type == IKE_ID_FQDN || id->type == IKE_ID_RFC822_ADDR ? match_suffix(id, pattern) : 0;
}

/* ---- certificates -------------------------------------------------------------------------------------------------------- */

static int general_name_type(uint8_t type)
{
	switch (type) {
	case IKE_ID_FQDN:
		return GEN_DNS;
	case IKE_ID_RFC822_ADDR:
		return GEN_EMAIL;
	case IKE_ID_IPV4_ADDR:
	case IKE_ID_IPV6_ADDR:
		return GEN_IPADD;
	default:
		return -1;
	}
}

/* Lengths are part of the comparison: a name with an embedded NUL equals none. */
static bool in_alt_names(const struct identity *id, const X509 *x509)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
	int kind = general_name_type(id->type);
	bool found = false;

	for (int i = 0; kind >= 0 && !found && i < sk_GENERAL_NAME_num(names); i++) {
		int type;
		const ASN1_STRING *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);

		found = type == kind && data_equal(id->type, id->data, id->len, ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
	}
	GENERAL_NAMES_free(names);
	return found;
}

static bool is_subject(const struct identity *id, const X509 *x509)
{
	const unsigned char *der;
	size_t len;

	return X509_NAME_get0_der(X509_get_subject_name(x509), &der, &len) == 1 && dn_equal(id->data, id->len, der, len);
}

static bool is_key(const struct identity *id, const struct cert *cert)
{
	const ASN1_OCTET_STRING *ski = X509_get0_subject_key_id(cert->x509);
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (ski && ASN1_STRING_length(ski) == id->len && memcmp(ASN1_STRING_get0_data(ski), id->data, id->len) == 0)
		return true;
	return X509_pubkey_digest(cert->x509, EVP_sha1(), hash, &len) == 1 && len == id->len && memcmp(hash, id->data, len) == 0;
}

bool identity_in_cert(const struct identity *id, const struct cert *cert)
{
	if (!identity_is_single(id))
		return false;
	if (id->type == IKE_ID_DER_ASN1_DN)
		return is_subject(id, cert->x509);
	if (id->type == IKE_ID_KEY_ID)
		return is_key(id, cert);
	return in_alt_names(id, cert->x509);
}

int identity_from_cert(const struct cert *cert, struct identity *id)
{
	const X509_NAME *subject = X509_get_subject_name(cert->x509);
	const unsigned char *der;
	size_t len;

	*id = (struct identity){ 0 };
	if (X509_NAME_entry_count(subject) == 0 || X509_NAME_get0_der(subject, &der, &len) != 1)
		return -ENOENT;
	return identity_from_payload(IKE_ID_DER_ASN1_DN, der, len, id);
}
