/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Diffie-Hellman as IKEv2 has it on the wire: modp groups 14 to 18 (RFC 3526; values padded to the modulus), ECP groups 19, 20, 21 (RFC 5903; x | y
 * without a leading byte, shared secret x) and 31, Curve25519 (RFC 8031).
 */
#ifndef ESPALIER_IKE_DH_H
#define ESPALIER_IKE_DH_H

#include <stdbool.h>

#include "crypto/fail.h"

#define DH_PUBLIC_MAX 1024u /* bytes, group 18 */
#define DH_SHARED_MAX 1024u

struct dh;

bool dh_supported(uint16_t group);
/* Bytes of a public value (KE payload's Key Exchange Data) and of the shared secret; 0: no such group. */
size_t dh_public_len(uint16_t group);
size_t dh_shared_len(uint16_t group);

/* A fresh key pair. 0, -ENOTSUP, -EIO. */
int dh_new(uint16_t group, struct dh **dh);
/* For tests: from a private value, big endian (Curve25519: its 32 bytes). */
int dh_from_private(uint16_t group, const uint8_t *priv, size_t len, struct dh **dh);
/* Wipes and frees; NULL is allowed. */
void dh_free(struct dh *dh);

uint16_t dh_group(const struct dh *dh);
/* Own public value, dh_public_len bytes, valid as long as dh. */
const uint8_t *dh_public(const struct dh *dh);

/*
 * The peer's public value -> shared secret, dh_shared_len bytes, which the caller wipes. May be called more than once.
 * -EBADMSG: a value that must be refused: wrong length; modp not within 2..p-2 or not of the subgroup; point not on the curve; Curve25519
 * whose result is zero. -EIO: libcrypto failed. shared is wiped then.
 */
int dh_derive(struct dh *dh, const uint8_t *peer, size_t peer_len, uint8_t *shared);

#endif
