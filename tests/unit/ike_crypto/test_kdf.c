/* SPDX-License-Identifier: Apache-2.0 */
/* PRFs and key derivation against RFC 4231, NIST's cases of IKEv2 and Python's hmac. */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/kdf.h"
#include "vec.h"

#define VECTORS "/usr/lib/python3/dist-packages/cryptography_vectors/HMAC/"
#define OUT_MAX (255 * 64)

static uint8_t out[OUT_MAX + 1];

static void assert_bytes(struct vec *v, const char *name, const void *bytes, size_t len)
{
	struct part expected = vec_bytes(v, name);

	assert_int_equal(len, expected.len);
	if (memcmp(bytes, expected.data, len) != 0)
		fail_msg("case %u: %s differs", v->cases, name);
}

static uint64_t spi(struct vec *v, const char *name)
{
	uint64_t value;

	assert_int_equal(vec_bytes(v, name).len, sizeof(value));
	memcpy(&value, vec_bytes(v, name).data, sizeof(value));
	return be64toh(value);
}

static void check_hmac(const char *path, uint16_t prf)
{
	struct vec v;

	vec_open(&v, path);
	while (vec_next(&v)) {
		struct part key = vec_bytes(&v, "Key"), msg = vec_bytes(&v, "Msg"), md = vec_bytes(&v, "MD");
		struct part parts[3] = { { msg.data, msg.len / 3 }, { NULL, 0 }, { (const uint8_t *)msg.data + msg.len / 3, msg.len - msg.len / 3 } };

		assert_int_equal(prf_calc(prf, key.data, key.len, parts, 3, out), 0);
		/* case 5 gives the output cut to 128 bits */
		assert_true(md.len <= prf_len(prf));
		assert_memory_equal(out, md.data, md.len);
	}
	assert_in_range(v.cases, 6, 7);
}

static void test_rfc4231(void **state)
{
	(void)state;
	check_hmac(VECTORS "rfc-4231-sha256.txt", IKE_PRF_HMAC_SHA2_256);
	check_hmac(VECTORS "rfc-4231-sha384.txt", IKE_PRF_HMAC_SHA2_384);
	check_hmac(VECTORS "rfc-4231-sha512.txt", IKE_PRF_HMAC_SHA2_512);
}

/* NIST's cases have their keys in a row; the suite is chosen to take as many bytes of it as there are. */
static void test_nist(void **state)
{
	struct vec v;

	(void)state;
	vec_open(&v, "tests/vectors/ikev2-kdf.rsp");
	while (vec_next(&v)) {
		uint16_t prf = (uint16_t)vec_number(&v, "PRF");
		struct suite suite = { .encr = IKE_ENCR_AES_CBC, .encr_bits = 256, .integ = IKE_INTEG_HMAC_SHA2_512_256, .prf = prf };
		struct kdf_exchange x = { vec_bytes(&v, "GIR"), vec_bytes(&v, "NI"), vec_bytes(&v, "NR"), spi(&v, "SPII"), spi(&v, "SPIR") };
		struct part dkm = vec_bytes(&v, "DKM"), gir = x.shared, gir_new = vec_bytes(&v, "GIR_NEW"), nonces[2] = { x.ni, x.nr };
		const uint8_t *at = dkm.data;
		struct ike_keys keys;
		uint8_t key[512];
		size_t p = prf_len(prf);

		memcpy(key, x.ni.data, x.ni.len);
		memcpy(key + x.ni.len, x.nr.data, x.nr.len);
		assert_int_equal(prf_calc(prf, key, x.ni.len + x.nr.len, &gir, 1, out), 0);
		assert_bytes(&v, "SKEYSEED", out, p);
		if (dkm.len < 3 * p + 2 * 64 + 2 * 32) /* the self test has 192 bytes */
			suite.integ = IKE_INTEG_HMAC_SHA2_256_128, suite.encr_bits = 128;
		assert_int_equal(kdf_ike(&suite, &x, &keys), 0);
		assert_memory_equal(keys.d, at, p);
		assert_memory_equal(keys.ai, at + p, keys.integ_len);
		assert_memory_equal(keys.ar, at + p + keys.integ_len, keys.integ_len);
		at += p + 2u * keys.integ_len;
		assert_memory_equal(keys.ei, at, keys.encr_len);
		assert_memory_equal(keys.er, at + keys.encr_len, keys.encr_len);
		at += 2u * keys.encr_len;
		assert_memory_equal(keys.pi, at, p);
		assert_memory_equal(keys.pr, at + p, p);
		assert_true((size_t)(at + 2 * p - (const uint8_t *)dkm.data) <= dkm.len);

		x.shared = (struct part){ NULL, 0 };
		assert_int_equal(kdf_child(prf, &keys, &x, out, vec_bytes(&v, "CHILD").len), 0);
		assert_bytes(&v, "CHILD", out, vec_bytes(&v, "CHILD").len);
		x.shared = gir_new;
		assert_int_equal(kdf_child(prf, &keys, &x, out, vec_bytes(&v, "CHILD_DH").len), 0);
		assert_bytes(&v, "CHILD_DH", out, vec_bytes(&v, "CHILD_DH").len);

		/* the new SKEYSEED is inside kdf_ike_rekey: the keys that follow from the expected one */
		struct part rekey = vec_bytes(&v, "REKEY"), seed[3] = { nonces[0], nonces[1], { vec_bytes(&v, "SPII").data, 8 } };
		struct part spis[4] = { seed[0], seed[1], seed[2], { vec_bytes(&v, "SPIR").data, 8 } };

		assert_int_equal(prf_plus(prf, rekey.data, rekey.len, spis, 4, out, p), 0);
		assert_int_equal(kdf_ike_rekey(&suite, prf, &keys, &x, &keys), 0);
		assert_memory_equal(keys.d, out, p);
	}
	assert_int_equal(v.cases, 3);
}

static void assert_keys(struct vec *v, const char *prefix, const struct ike_keys *keys)
{
	static const char *const names[] = { "D", "AI", "AR", "EI", "ER", "PI", "PR" };
	const uint8_t *const bytes[] = { keys->d, keys->ai, keys->ar, keys->ei, keys->er, keys->pi, keys->pr };
	const size_t lens[] = { keys->prf_len, keys->integ_len, keys->integ_len, keys->encr_len, keys->encr_len, keys->prf_len, keys->prf_len };
	char name[24];

	for (int i = 0; i < 7; i++) {
		snprintf(name, sizeof(name), "%s%s", prefix, names[i]);
		assert_bytes(v, name, bytes[i], lens[i]);
	}
}

static struct suite suite_of(struct vec *v, const char *prefix)
{
	char names[4][24];
	static const char *const of[] = { "ENCR", "BITS", "INTEG", "PRF" };

	for (int i = 0; i < 4; i++)
		snprintf(names[i], sizeof(names[i]), "%s%s", prefix, of[i]);
	return (struct suite){ .encr = (uint16_t)vec_number(v, names[0]), .encr_bits = (uint16_t)vec_number(v, names[1]),
			       .integ = (uint16_t)vec_number(v, names[2]), .prf = (uint16_t)vec_number(v, names[3]) };
}

static void check_child(struct vec *v, const char *name, uint16_t prf, const struct ike_keys *keys, const struct kdf_exchange *x)
{
	struct part expected = vec_bytes(v, name);

	assert_int_equal(kdf_child(prf, keys, x, out, expected.len), 0);
	assert_bytes(v, name, out, expected.len);
}

static void test_python(void **state)
{
	struct vec v;

	(void)state;
	vec_run(&v, "/usr/bin/python3 tests/unit/ike_crypto/oracle.py kdf 1 200");
	while (vec_next(&v)) {
		struct suite suite = suite_of(&v, ""), next = suite_of(&v, "NEW_");
		struct kdf_exchange x = { vec_bytes(&v, "GIR"), vec_bytes(&v, "NI"), vec_bytes(&v, "NR"), spi(&v, "SPII"), spi(&v, "SPIR") };
		struct ike_keys keys, later;
		struct part ppk = vec_bytes(&v, "PPK");

		assert_int_equal(kdf_ike(&suite, &x, &keys), 0);
		assert_keys(&v, "", &keys);
		x.shared = (struct part){ NULL, 0 };
		check_child(&v, "CHILD", suite.prf, &keys, &x);
		x.shared = vec_bytes(&v, "GIR_NEW");
		check_child(&v, "CHILD_DH", suite.prf, &keys, &x);
		assert_int_equal(kdf_ike_rekey(&next, suite.prf, &keys, &x, &later), 0);
		assert_keys(&v, "NEW_", &later);
		assert_int_equal(kdf_ppk(suite.prf, ppk.data, ppk.len, &keys), 0);
		assert_bytes(&v, "PPK_D", keys.d, keys.prf_len);
		assert_bytes(&v, "PPK_PI", keys.pi, keys.prf_len);
		assert_bytes(&v, "PPK_PR", keys.pr, keys.prf_len);
		assert_bytes(&v, "EI", keys.ei, keys.encr_len);
	}
	assert_int_equal(v.cases, 200);
}

static bool all_zero(const void *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (((const uint8_t *)bytes)[i])
			return false;
	return true;
}

static void test_refused(void **state)
{
	static const uint8_t bytes[300] = { 1 };
	const struct part nothing = { NULL, 0 }, some = { bytes, 16 }, too_long = { bytes, 257 };
	struct suite suite = { .encr = IKE_ENCR_AES_GCM_16, .encr_bits = 256, .prf = IKE_PRF_HMAC_SHA2_256 };
	struct kdf_exchange x = { some, some, some, 1, 2 };
	struct ike_keys keys;

	(void)state;
	assert_int_equal(prf_len(IKE_PRF_HMAC_SHA1), 0);
	assert_int_equal(prf_calc(IKE_PRF_HMAC_SHA1, "", 0, NULL, 0, out), -ENOTSUP);
	assert_int_equal(prf_calc(IKE_PRF_HMAC_SHA2_256, NULL, 0, NULL, 0, out), 0);
	assert_int_equal(prf_plus(IKE_PRF_HMAC_SHA2_256, bytes, 32, &some, 1, out, 255 * 32), 0);
	assert_int_equal(prf_plus(IKE_PRF_HMAC_SHA2_256, bytes, 32, &some, 1, out, 255 * 32 + 1), -EINVAL);
	assert_int_equal(kdf_ike(&suite, &x, &keys), 0);
	assert_int_equal(kdf_ppk(suite.prf, bytes, 0, &keys), -EINVAL);
	assert_true(all_zero(&keys, sizeof(keys)));
	x.ni = too_long;
	assert_int_equal(kdf_ike(&suite, &x, &keys), -EINVAL);
	x.ni = nothing;
	assert_int_equal(kdf_ike(&suite, &x, &keys), -EINVAL);
	x.ni = some;
	x.shared = nothing;
	assert_int_equal(kdf_ike(&suite, &x, &keys), -EINVAL);
	x.shared = some;
	for (int i = 0; i < 3; i++) {
		struct suite bad = suite;

		if (i == 0)
			bad.prf = IKE_PRF_HMAC_SHA1;
		if (i == 1)
			bad.encr = IKE_ENCR_3DES;
		if (i == 2)
			bad.encr_bits = 160;
		memset(&keys, 0xff, sizeof(keys));
		assert_int_equal(kdf_ike(&bad, &x, &keys), -ENOTSUP);
		assert_true(all_zero(&keys, sizeof(keys)));
	}
	/* of an SA without keys */
	assert_int_equal(kdf_child(suite.prf, &keys, &x, out, 40), -EINVAL);
	assert_int_equal(kdf_ike_rekey(&suite, suite.prf, &keys, &x, &keys), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc4231), cmocka_unit_test(test_nist), cmocka_unit_test(test_python), cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
