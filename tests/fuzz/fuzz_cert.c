/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a peer sends for authentication, and identities as text. The first byte of the input says what the rest is: certificates, each behind
 * two bytes of length, through parsing, verification and identities; an AlgorithmIdentifier and signature; an ID payload; text.
 */
#include <stdlib.h>
#include <string.h>

#include "crypto/auth.h"
#include "crypto/cert.h"
#include "crypto/identity.h"
#include "proto/registry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const patterns[] = { "%any",		"gw.example.org", "*.example.org", "joe@example.org", "*@example.org",
					"192.0.2.0/24", "2001:db8::7",	  "CN=*",	   "C=*, O=*, CN=*",  "@#00" };
#define PATTERNS (sizeof(patterns) / sizeof(patterns[0]))

static struct identity parsed[PATTERNS];
static struct trust *trust;
static struct cert *leaf; /* with a key on P-256 */

static void demand(bool met)
{
	if (!met)
		abort();
}

/* Once, from the top of the source tree; kept until the end. */
static void prepare(void)
{
	if (trust)
		return;
	demand(trust_new(&trust) == 0 && cert_load("tests/vectors/fuzz-leaf.der", &leaf, NULL) == 0);
	trust_set_time(trust, 1767225600);
	for (size_t i = 0; i < PATTERNS; i++)
		demand(identity_parse(patterns[i], &parsed[i], NULL) == 0);
}

/* An identity is like itself, is printed within bounds, and fits what it must. */
static void use_identity(const struct identity *id)
{
	char text[IDENTITY_TEXT_LEN];
	struct identity copy;

	demand(identity_copy(id, &copy) == 0 && identity_equal(id, &copy));
	demand(strlen(identity_print(id, text)) < IDENTITY_TEXT_LEN && text[0]);
	demand(identity_match(id, &parsed[0]) == IDENTITY_MATCH_ANY);
	demand(!identity_is_single(id) || identity_match(id, &copy) == IDENTITY_MATCH_EXACT);
	for (size_t i = 0; i < PATTERNS; i++)
		demand(identity_match(id, &parsed[i]) <= IDENTITY_MATCH_EXACT);
	identity_clear(&copy);
}

static void use_cert(struct cert *cert)
{
	char text[IDENTITY_TEXT_LEN], error[CRYPTO_ERROR_LEN];
	struct identity subject;

	demand(strlen(cert_print(cert, text)) < IDENTITY_TEXT_LEN);
	cert_not_after(cert);
	for (size_t i = 0; i < PATTERNS; i++)
		identity_in_cert(&parsed[i], cert);
	if (identity_from_cert(cert, &subject) == 0) {
		demand(identity_in_cert(&subject, cert));
		use_identity(&subject);
	}
	identity_clear(&subject);
	trust_verify_pinned(trust, cert, error);
}

static void chain(const uint8_t *data, size_t size)
{
	struct cert_chain certs = { 0 };
	struct trust *own;
	char error[CRYPTO_ERROR_LEN];

	while (size >= 2) {
		size_t len = (size_t)(data[0] << 8 | data[1]);

		if (len > size - 2)
			len = size - 2;
		cert_chain_add(&certs, IKE_CERT_X509_SIGNATURE, data + 2, len, error);
		data += 2 + len;
		size -= 2 + len;
	}
	demand(certs.count <= CERT_CHAIN_MAX);
	for (unsigned int i = 0; i < certs.count; i++)
		use_cert(certs.certs[i]);
	/* nobody is trusted; then the last one is */
	demand(trust_verify(trust, &certs, NULL, error) != 0);
	demand(trust_new(&own) == 0);
	trust_set_time(own, 1767225600);
	if (certs.count && trust_add_ca(own, certs.certs[certs.count - 1], error) == 0) {
		trust_verify(own, &certs, &(struct trust_demand){ .revocation = TRUST_IFURI }, error);
		trust_answers_request(own, &certs, cert_key_hash(certs.certs[0]), CERT_REQUEST_HASH_LEN);
	}
	trust_free(own);
	cert_chain_clear(&certs);
}

/* An AUTH payload: length of the AlgorithmIdentifier, it, the signature. Nobody can make a right one. */
static void signature(const uint8_t *data, size_t size)
{
	const struct auth_octets octets = { { "message", 7 }, { "nonce", 5 }, IKE_PRF_HMAC_SHA2_256, { "key", 3 }, { "id", 2 } };
	size_t len = size ? data[0] : 0;
	struct ike_auth auth = { IKE_AUTH_DIGITAL_SIGNATURE, NULL, 0, NULL, 0 };
	char error[CRYPTO_ERROR_LEN];

	if (!size || len >= size)
		return;
	auth.algorithm = data + 1;
	auth.algorithm_len = len;
	auth.data = data + 1 + len;
	auth.len = size - 1 - len;
	demand(auth_verify(&octets, leaf, &auth, 0, error) != 0 && error[0]);
	demand(auth_scheme_name(&auth)[0] != '\0');
	auth.method = (uint8_t)(IKE_AUTH_ECDSA_256 + len % 3);
	demand(auth_verify(&octets, leaf, &auth, 0, error) != 0);
}

static void payload(const uint8_t *data, size_t size)
{
	struct identity id;

	if (size && identity_from_payload(data[0], data + 1, size - 1, &id) == 0) {
		demand(identity_is_single(&id));
		use_identity(&id);
		identity_clear(&id);
	}
}

static void text(const uint8_t *data, size_t size)
{
	char error[CRYPTO_ERROR_LEN] = "", *copy = malloc(size + 1);
	struct identity id;

	demand(copy != NULL);
	memcpy(copy, data, size);
	copy[size] = '\0';
	if (identity_parse(copy, &id, error) == 0) {
		use_identity(&id);
		identity_clear(&id);
	} else {
		demand(error[0] != '\0');
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	prepare();
	if (!size)
		return 0;
	switch (data[0] % 4) {
	case 0:
		chain(data + 1, size - 1);
		break;
	case 1:
		signature(data + 1, size - 1);
		break;
	case 2:
		payload(data + 1, size - 1);
		break;
	default:
		text(data + 1, size - 1);
	}
	return 0;
}
