/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key derivation: keys of an IKE SA (RFC 7296, 2.14), of its successor (2.18), of CHILD SAs (2.17), and a post-quantum preshared key
 * mixed into them (RFC 8784, 3). Shared secrets come from dh_derive; nonces are as on the wire. Of a suite encr, encr_bits, integ and prf count.
 * All return 0, -ENOTSUP (algorithm), -EINVAL (a length), or -EIO (libcrypto failed); on failure the output is wiped.
 */
#ifndef ESPALIER_IKE_KDF_H
#define ESPALIER_IKE_KDF_H

#include "crypto/prf.h"
#include "proto/message.h"
#include "proto/proposal.h"

#define IKE_ENCR_KEY_MAX 36u /* AES-256 and the salt of GCM */
#define IKE_INTEG_KEY_MAX 64u

/* Secret: ike_keys_wipe before it goes out of scope. Plain data, may be copied. */
struct ike_keys {
	uint8_t prf_len;   /* of d, pi, pr */
	uint8_t integ_len; /* of ai, ar; 0 with combined modes */
	uint8_t encr_len;  /* of ei, er, salt included */
	uint8_t d[PRF_LEN_MAX], pi[PRF_LEN_MAX], pr[PRF_LEN_MAX];
	uint8_t ai[IKE_INTEG_KEY_MAX], ar[IKE_INTEG_KEY_MAX];
	uint8_t ei[IKE_ENCR_KEY_MAX], er[IKE_ENCR_KEY_MAX];
};

/* What both sides have said: the initiator's nonce first, whoever initiated this exchange; SPIs of the IKE SA that is made. */
struct kdf_exchange {
	struct part shared; /* g^ir; for a CHILD SA without PFS empty */
	struct part ni, nr;
	uint64_t spi_i, spi_r; /* host order; not used for CHILD SAs */
};

/* SKEYSEED = prf(Ni | Nr, g^ir); SK_d | SK_ai | SK_ar | SK_ei | SK_er | SK_pi | SK_pr = prf+(SKEYSEED, Ni | Nr | SPIi | SPIr). */
int kdf_ike(const struct suite *suite, const struct kdf_exchange *x, struct ike_keys *keys);

/* Rekeying: SKEYSEED = prf(SK_d of the old SA, g^ir | Ni | Nr), with the old SA's prf; the rest as above with the new suite. keys may be old. */
int kdf_ike_rekey(const struct suite *suite, uint16_t old_prf, const struct ike_keys *old, const struct kdf_exchange *x, struct ike_keys *keys);

/* SK_d, SK_pi and SK_pr of the IKE SA from IKE_SA_INIT become prf+(PPK, SK_...), in place. ppk: 1 byte or more. */
int kdf_ppk(uint16_t prf, const void *ppk, size_t ppk_len, struct ike_keys *keys);

/*
 * KEYMAT = prf+(SK_d, [g^ir |] Ni | Nr), keymat_len bytes: keys of the SA from initiator to responder first, then the other; in each the
 * encryption key, its salt behind it, then the integrity key. "Initiator" is that of the exchange that makes the CHILD SA.
 */
int kdf_child(uint16_t prf, const struct ike_keys *keys, const struct kdf_exchange *x, uint8_t *keymat, size_t keymat_len);

void ike_keys_wipe(struct ike_keys *keys);

#endif
