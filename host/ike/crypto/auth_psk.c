/* SPDX-License-Identifier: Apache-2.0 */
/* AUTH by a preshared key (RFC 7296, 2.15), and the octets that every method covers. */
#include <errno.h>
#include <openssl/crypto.h>

#include "crypto/auth_internal.h"

int auth_parts(const struct auth_octets *o, uint8_t maced[PRF_LEN_MAX], struct part parts[AUTH_PARTS])
{
	int ret = prf_calc(o->prf, o->sk_p.data, o->sk_p.len, &o->id, 1, maced);

	parts[0] = o->message;
	parts[1] = o->nonce;
	parts[2] = (struct part){ maced, prf_len(o->prf) };
	return ret;
}

int auth_psk_make(const struct auth_octets *octets, const struct part *psk, struct auth_data *auth)
{
	static const struct part pad = { "Key Pad for IKEv2", 17 };
	uint8_t maced[PRF_LEN_MAX], key[PRF_LEN_MAX];
	struct part parts[AUTH_PARTS];
	int ret = psk->len ? auth_parts(octets, maced, parts) : -EINVAL;

	if (!ret)
		ret = prf_calc(octets->prf, psk->data, psk->len, &pad, 1, key);
	if (!ret)
		ret = prf_calc(octets->prf, key, prf_len(octets->prf), parts, AUTH_PARTS, auth->data);
	auth->method = IKE_AUTH_SHARED_KEY;
	auth->len = ret ? 0 : (uint16_t)prf_len(octets->prf);
	OPENSSL_cleanse(key, sizeof(key));
	OPENSSL_cleanse(maced, sizeof(maced));
	return ret;
}

int auth_psk_check(const struct auth_octets *octets, const struct part *psk, const uint8_t *data, size_t len)
{
	struct auth_data expected;
	int ret = auth_psk_make(octets, psk, &expected);

	if (!ret && (len != expected.len || CRYPTO_memcmp(data, expected.data, len) != 0))
		ret = -EACCES;
	OPENSSL_cleanse(&expected, sizeof(expected));
	return ret;
}
