/* SPDX-License-Identifier: Apache-2.0 */
/* Transforms of an IKE SA. */
#include "crypto/supported.h"

#include "crypto/cipher.h"
#include "crypto/dh.h"
#include "crypto/prf.h"

bool crypto_supports(const struct transform *t)
{
	struct cipher_sizes sizes;

	switch (t->type) {
	case IKE_TR_ENCR:
		return cipher_sizes(t->id, t->key_bits, ike_encr_is_aead(t->id) ? IKE_INTEG_NONE : IKE_INTEG_HMAC_SHA2_256_128, &sizes) == 0;
	case IKE_TR_INTEG:
		return t->id == IKE_INTEG_NONE || cipher_sizes(IKE_ENCR_AES_CBC, 128, t->id, &sizes) == 0;
	case IKE_TR_PRF:
		return prf_len(t->id) != 0;
	case IKE_TR_KE:
		return dh_supported(t->id);
	default:
		return false;
	}
}
