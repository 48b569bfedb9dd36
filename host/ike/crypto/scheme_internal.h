/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the library: what a signature scheme is made of. */
#ifndef ESPALIER_IKE_SCHEME_INTERNAL_H
#define ESPALIER_IKE_SCHEME_INTERNAL_H

#include <stdbool.h>

#include "crypto/alg.h"
#include "crypto/cert.h"

#define SCHEMES 10

struct scheme {
	uint32_t bit;		/* of scheme.h */
	enum cert_key kind;
	bool pss;
	uint8_t hash_id;	/* of SIGNATURE_HASH_ALGORITHMS */
	enum alg_hash hash;	/* not of Ed25519 */
	const char *name;
	uint8_t der_len;
	const uint8_t *der;	/* AlgorithmIdentifier as it is sent */
};

/* In order of preference within a kind of key: strength rises. */
extern const struct scheme schemes_all[SCHEMES];
/* The scheme of a DER AlgorithmIdentifier with the parameters that RFC 7427, appendix A, asks for; NULL: none of ours. */
const struct scheme *scheme_from_der(const uint8_t *der, size_t len);

#endif
