/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the library: the octets that an AUTH payload is computed over. */
#ifndef ESPALIER_IKE_AUTH_INTERNAL_H
#define ESPALIER_IKE_AUTH_INTERNAL_H

#include "crypto/auth.h"

#define AUTH_PARTS 3

/* prf(SK_p, RestOfIDPayload) into maced, and the three parts: RealMessage, nonce, maced. */
int auth_parts(const struct auth_octets *octets, uint8_t maced[PRF_LEN_MAX], struct part parts[AUTH_PARTS]);

#endif
