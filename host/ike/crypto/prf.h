/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pseudorandom functions of IKEv2 (RFC 7296, 2.13): PRF_HMAC_SHA2_256, 384 and 512 (RFC 4868; transform ids 5, 6, 7).
 * No state; safe from several threads.
 */
#ifndef ESPALIER_IKE_PRF_H
#define ESPALIER_IKE_PRF_H

#include "crypto/fail.h"

#define PRF_LEN_MAX 64u

/* Bytes of output, which are also the bytes of a key of SKEYSEED's kind: 32, 48 or 64; 0: an id that is not supported. */
size_t prf_len(uint16_t prf);

/* out = prf(key, parts[0] | parts[1] | ...), prf_len bytes. key may have any length, 0 too. 0, -ENOTSUP, or -EIO (libcrypto failed). */
int prf_calc(uint16_t prf, const void *key, size_t key_len, const struct part *parts, unsigned int count, uint8_t *out);

/* out = the first out_len bytes of prf+(key, parts). -EINVAL: more than 255 blocks; else as prf_calc. */
int prf_plus(uint16_t prf, const void *key, size_t key_len, const struct part *parts, unsigned int count, uint8_t *out, size_t out_len);

#endif
