/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AUTH payloads (RFC 7296, 2.15 and 3.8; RFC 7427; RFC 8420): shared key (method 2), digital signature (14) by RSA PKCS#1 v1.5, RSA-PSS, ECDSA
 * P-256/384/521 with SHA2-256/384/512, Ed25519; and ECDSA of RFC 4754 (9, 10, 11) for peers without RFC 7427.
 * Method 1 (RSA, in practice SHA-1) is refused both ways: such a peer must have RFC 7427. SHA-1 is never accepted.
 */
#ifndef ESPALIER_IKE_AUTH_H
#define ESPALIER_IKE_AUTH_H

#include "crypto/cert.h"
#include "crypto/prf.h"
#include "crypto/scheme.h"
#include "proto/message.h"

#define AUTH_DATA_MAX 1200u /* AlgorithmIdentifier and an RSA signature of 8192 bits */

/* Hashes of SIGNATURE_HASH_ALGORITHMS (RFC 7427, 7; RFC 8420, 2) as a set: bit n is hash n. */
#define AUTH_HASHES_ALL (1u << IKE_HASH_SHA2_256 | 1u << IKE_HASH_SHA2_384 | 1u << IKE_HASH_SHA2_512 | 1u << IKE_HASH_IDENTITY)
#define AUTH_HASHES_DATA_MAX 8u
/* Data of the notification: 16-bit numbers. Unknown ones are skipped; a set of 0 means that the peer has none that we have. */
uint32_t auth_hashes_parse(const uint8_t *data, size_t len);
size_t auth_hashes_write(uint32_t hashes, uint8_t out[AUTH_HASHES_DATA_MAX]);

/* What a side signs: RealMessage | nonce of the other | prf(SK_p, RestOfIDPayload). */
struct auth_octets {
	struct part message; /* that side's IKE_SA_INIT message as sent on the wire, from the IKE header, without a non-ESP marker */
	struct part nonce;   /* Nonce Data of the other side */
	uint16_t prf;
	struct part sk_p;    /* SK_pi for the initiator's octets, SK_pr for the responder's */
	struct part id;	     /* body of that side's ID payload: type, three reserved bytes as received, data */
};

/* For ike_build_auth: method and Authentication Data; of method 14 with the AlgorithmIdentifier and its length. */
struct auth_data {
	uint8_t method;
	uint16_t len;
	uint8_t data[AUTH_DATA_MAX];
};

/* Method 2: prf(prf(PSK, "Key Pad for IKEv2"), octets). psk is binary and has any length above 0. 0, -EINVAL, -ENOTSUP, -EIO. */
int auth_psk_make(const struct auth_octets *octets, const struct part *psk, struct auth_data *auth);
/* 0, or -EACCES: it differs. Constant time. */
int auth_psk_check(const struct auth_octets *octets, const struct part *psk, const uint8_t *data, size_t len);

/*
 * Signs with the best scheme that key and peer have in common: RFC 7427 if peer_hashes (what the peer's SIGNATURE_HASH_ALGORITHMS lists) is
 * not 0, else RFC 4754. schemes: what the configuration allows (scheme.h), 0 for any; RSA then signs by PKCS#1 v1.5.
 * -ENOTSUP with a sentence: nothing in common.
 */
int auth_sign(const struct auth_octets *octets, const struct privkey *key, uint32_t peer_hashes, uint32_t schemes, struct auth_data *auth,
	      char *error);
/*
 * Checks an AUTH payload against the public key of a certificate, which is to be verified by trust_verify beside. The signature's algorithm
 * must be allowed by schemes (0: any of them), its parameters the ones that RFC 7427 lists, and its kind that of the key.
 * 0; -EACCES: wrong signature; -ENOTSUP: method or algorithm; -EBADMSG: malformed; each with a sentence.
 */
int auth_verify(const struct auth_octets *octets, const struct cert *cert, const struct ike_auth *auth, uint32_t schemes, char *error);

/* "RSA-PSS with SHA2-256", for log lines; a constant. */
const char *auth_scheme_name(const struct ike_auth *auth);

#endif
