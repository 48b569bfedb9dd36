/* SPDX-License-Identifier: Apache-2.0 */
/* The algorithms of an IKE SA, as IANA numbers them (RFC 7296, 3.3.2). */
#ifndef ESPALIER_IKE_SUITE_H
#define ESPALIER_IKE_SUITE_H

#include <stdbool.h>
#include <stdint.h>

struct ike_suite {
	uint16_t encr;	   /* ENCR: 12 (AES-CBC), 20 (AES-GCM-16) */
	uint16_t key_bits; /* of the key without salt: 128, 192, 256 */
	uint16_t integ;	   /* INTEG: 12, 13, 14 (HMAC-SHA2) with AES-CBC; 0 with AES-GCM */
	uint16_t prf;	   /* PRF: 5, 6, 7 */
	uint16_t group;	   /* KE method: see dh.h */
};

/* This library can do all five. */
bool ike_suite_supported(const struct ike_suite *suite);

#endif
