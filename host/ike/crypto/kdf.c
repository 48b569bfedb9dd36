/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of IKE SAs and CHILD SAs (RFC 7296, 2.14, 2.17, 2.18; RFC 8784, 3). */
#include "crypto/kdf.h"

#include <endian.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

#include "crypto/cipher.h"

#define KEYS_MAX (3 * PRF_LEN_MAX + 2 * IKE_INTEG_KEY_MAX + 2 * IKE_ENCR_KEY_MAX)

void ike_keys_wipe(struct ike_keys *keys)
{
	OPENSSL_cleanse(keys, sizeof(*keys));
}

static int nonces_fit(const struct kdf_exchange *x)
{
	return x->ni.len && x->ni.len <= IKE_NONCE_MAX && x->nr.len && x->nr.len <= IKE_NONCE_MAX;
}

static const uint8_t *take(const uint8_t *from, uint8_t *to, size_t len)
{
	memcpy(to, from, len);
	return from + len;
}

/* SK_d | SK_ai | SK_ar | SK_ei | SK_er | SK_pi | SK_pr = prf+(SKEYSEED, Ni | Nr | SPIi | SPIr) */
static int expand(const struct suite *suite, const uint8_t *skeyseed, size_t skeyseed_len, const struct kdf_exchange *x, struct ike_keys *keys)
{
	const uint64_t spis[] = { htobe64(x->spi_i), htobe64(x->spi_r) };
	const struct part seed[] = { x->ni, x->nr, { spis, sizeof(spis) } };
	uint8_t all[KEYS_MAX];
	const uint8_t *at = all;
	struct cipher_sizes sizes;
	int ret = cipher_sizes(suite->encr, suite->encr_bits, suite->integ, &sizes);

	if (ret || !prf_len(suite->prf))
		return -ENOTSUP;
	keys->prf_len = (uint8_t)prf_len(suite->prf);
	keys->integ_len = sizes.integ_key_len;
	keys->encr_len = sizes.key_len;
	ret = prf_plus(suite->prf, skeyseed, skeyseed_len, seed, 3, all, 3u * keys->prf_len + 2u * keys->integ_len + 2u * keys->encr_len);
	if (!ret) {
		at = take(at, keys->d, keys->prf_len);
		at = take(at, keys->ai, keys->integ_len);
		at = take(at, keys->ar, keys->integ_len);
		at = take(at, keys->ei, keys->encr_len);
		at = take(at, keys->er, keys->encr_len);
		at = take(at, keys->pi, keys->prf_len);
		take(at, keys->pr, keys->prf_len);
	}
	OPENSSL_cleanse(all, sizeof(all));
	return ret;
}

int kdf_ike(const struct suite *suite, const struct kdf_exchange *x, struct ike_keys *keys)
{
	uint8_t nonces[2 * IKE_NONCE_MAX], skeyseed[PRF_LEN_MAX];
	int ret;

	memset(keys, 0, sizeof(*keys));
	if (!nonces_fit(x) || !x->shared.len)
		return -EINVAL;
	memcpy(nonces, x->ni.data, x->ni.len);
	memcpy(nonces + x->ni.len, x->nr.data, x->nr.len);
	ret = prf_calc(suite->prf, nonces, x->ni.len + x->nr.len, &x->shared, 1, skeyseed);
	if (!ret)
		ret = expand(suite, skeyseed, prf_len(suite->prf), x, keys);
	OPENSSL_cleanse(skeyseed, sizeof(skeyseed));
	if (ret)
		ike_keys_wipe(keys);
	return ret;
}

int kdf_ike_rekey(const struct suite *suite, uint16_t old_prf, const struct ike_keys *old, const struct kdf_exchange *x, struct ike_keys *keys)
{
	const struct part input[] = { x->shared, x->ni, x->nr };
	uint8_t skeyseed[PRF_LEN_MAX] = { 0 };
	int ret = -EINVAL;

	if (old->prf_len && old->prf_len == prf_len(old_prf) && nonces_fit(x) && x->shared.len)
		ret = prf_calc(old_prf, old->d, old->prf_len, input, 3, skeyseed);
	memset(keys, 0, sizeof(*keys));
	if (!ret)
		ret = expand(suite, skeyseed, prf_len(old_prf), x, keys);
	OPENSSL_cleanse(skeyseed, sizeof(skeyseed));
	if (ret)
		ike_keys_wipe(keys);
	return ret;
}

int kdf_ppk(uint16_t prf, const void *ppk, size_t ppk_len, struct ike_keys *keys)
{
	uint8_t *const mixed[] = { keys->d, keys->pi, keys->pr };
	uint8_t out[PRF_LEN_MAX];
	int ret = ppk_len ? 0 : -EINVAL;

	for (size_t i = 0; !ret && i < 3; i++) {
		const struct part seed = { mixed[i], keys->prf_len };

		ret = prf_plus(prf, ppk, ppk_len, &seed, 1, out, keys->prf_len);
		if (!ret)
			memcpy(mixed[i], out, keys->prf_len);
	}
	OPENSSL_cleanse(out, sizeof(out));
	if (ret)
		ike_keys_wipe(keys);
	return ret;
}

int kdf_child(uint16_t prf, const struct ike_keys *keys, const struct kdf_exchange *x, uint8_t *keymat, size_t keymat_len)
{
	const struct part seed[] = { x->shared, x->ni, x->nr };
	int ret = nonces_fit(x) && keys->prf_len ? 0 : -EINVAL;

	if (!ret)
		ret = prf_plus(prf, keys->d, keys->prf_len, seed, 3, keymat, keymat_len);
	if (ret)
		OPENSSL_cleanse(keymat, keymat_len);
	return ret;
}
