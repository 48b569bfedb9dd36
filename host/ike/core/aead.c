/* SPDX-License-Identifier: Apache-2.0 */
#include "core/aead.h"
#include "crypto/supported.h"

static const struct aead_info {
	uint16_t encr, bits;
	uint8_t key_len; /* with the salt of 4 bytes */
} aeads[SINK_AEAD_COUNT] = {
	[SINK_AES_GCM_16_128] = { IKE_ENCR_AES_GCM_16, 128, 20 },
	[SINK_AES_GCM_16_192] = { IKE_ENCR_AES_GCM_16, 192, 28 },
	[SINK_AES_GCM_16_256] = { IKE_ENCR_AES_GCM_16, 256, 36 },
	[SINK_CHACHA20_POLY1305] = { IKE_ENCR_CHACHA20_POLY1305, 256, 36 },
	[SINK_AES_GMAC_128] = { IKE_ENCR_NULL_AUTH_AES_GMAC, 128, 20 },
	[SINK_AES_GMAC_192] = { IKE_ENCR_NULL_AUTH_AES_GMAC, 192, 28 },
	[SINK_AES_GMAC_256] = { IKE_ENCR_NULL_AUTH_AES_GMAC, 256, 36 },
};

/* bits 0: an algorithm without a Key Length attribute. */
static bool find_aead(uint16_t encr, uint16_t bits, enum sink_aead *aead)
{
	for (unsigned int i = 0; i < SINK_AEAD_COUNT; i++)
		if (aeads[i].encr == encr && (aeads[i].bits == bits || (!bits && encr == IKE_ENCR_CHACHA20_POLY1305))) {
			*aead = (enum sink_aead)i;
			return true;
		}
	return false;
}

bool child_aead(const struct suite *suite, enum sink_aead *aead)
{
	return find_aead(suite->encr, suite->encr_bits, aead);
}

size_t aead_key_len(enum sink_aead aead)
{
	return aeads[aead].key_len;
}

bool child_can_do(const struct transform *transform, void *arg)
{
	const struct sink_caps *caps = arg;
	enum sink_aead aead;

	switch (transform->type) {
	case IKE_TR_ENCR:
		return find_aead(transform->id, transform->key_bits, &aead) && caps->aeads & 1u << aead;
	case IKE_TR_ESN:
		return transform->id == IKE_ESN_YES ? caps->esn : caps->no_esn;
	case IKE_TR_KE:
		return transform->id == IKE_KE_NONE || crypto_supports(transform);
	default:
		return transform->id == IKE_INTEG_NONE;
	}
}
