/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protection of IKE messages, the content of the Encrypted payload (RFC 7296, 3.14; RFC 5282; RFC 7383, 2.5): IV | ciphertext | ICV.
 * ENCR_AES_GCM_16 (20), 128, 192, 256; ENCR_AES_CBC (12), 128, 192, 256 with AUTH_HMAC_SHA2_256_128 (12), 384_192 (13) or 512_256 (14).
 * One struct cipher a key, so one a direction. Not for several threads at once.
 *
 * aad is all of the message before the IV: IKE header, unencrypted payloads, generic header of the SK payload (of an SKF its fragment numbers
 * too). Its length fields must have their final values: take cipher_sealed_len first.
 */
#ifndef ESPALIER_IKE_CIPHER_H
#define ESPALIER_IKE_CIPHER_H

#include "crypto/kdf.h"

struct cipher;

struct cipher_sizes {
	uint8_t key_len;       /* bytes of SK_e, salt included */
	uint8_t integ_key_len; /* bytes of SK_a, 0 with AES-GCM */
	uint8_t iv_len, icv_len;
	uint8_t block_len;     /* plaintext, padding and pad length are a multiple of it; 1 with AES-GCM */
};

/* 0 or -ENOTSUP: no such algorithm, key length, or pair. integ is 0 with AES-GCM. */
int cipher_sizes(uint16_t encr, uint16_t key_bits, uint16_t integ, struct cipher_sizes *sizes);

/* key (SK_ei or SK_er) and integ_key (SK_ai, SK_ar; not used with AES-GCM) have the sizes above and are copied. 0, -ENOTSUP, -ENOMEM. */
int cipher_new(const struct suite *suite, const uint8_t *key, const uint8_t *integ_key, struct cipher **cipher);
/* Wipes and frees; NULL is allowed. */
void cipher_free(struct cipher *cipher);

/* Bytes of IV, padded ciphertext and ICV for plain_len bytes of payloads. */
size_t cipher_sealed_len(const struct cipher *cipher, size_t plain_len);
/* The most bytes of payloads whose sealed form fits into sealed_len bytes; 0: none. For IKE fragmentation. */
size_t cipher_plain_max(const struct cipher *cipher, size_t sealed_len);
/* Where plaintext may lie in the output buffer of cipher_seal, and lies after an open in place. */
size_t cipher_iv_len(const struct cipher *cipher);

/*
 * plain (payloads, without padding) -> out, cipher_sealed_len bytes. plain may be out + cipher_iv_len, and nothing else of out.
 * -EOVERFLOW: the 64-bit counter of AES-GCM's IVs is used up, this key must not be used again. -EIO.
 */
int cipher_seal(struct cipher *cipher, const void *aad, size_t aad_len, const void *plain, size_t plain_len, uint8_t *out);

/*
 * body (IV | ciphertext | ICV) -> plain, without padding; *plain_len says how much. plain has room for body_len bytes and may be
 * body + cipher_iv_len. -EBADMSG: too short, not whole blocks, a wrong ICV or impossible padding; then plain is wiped where it was written.
 */
int cipher_open(struct cipher *cipher, const void *aad, size_t aad_len, const uint8_t *body, size_t body_len, uint8_t *plain, size_t *plain_len);

/* For tests: the counter that the next IV of AES-GCM holds. Counts up from 0; its last value is 2^64 - 2. */
void cipher_set_counter(struct cipher *cipher, uint64_t counter);

#endif
