/* SPDX-License-Identifier: Apache-2.0 */
/* Diffie-Hellman against RFC 5903, RFC 7748, RFC 8031 and Python's integers; every value of a peer that must be refused. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/dh.h"
#include "proto/registry.h"
#include "vec.h"

static const uint16_t groups[] = { 14, 15, 16, 17, 18, 19, 20, 21, 31 };
#define GROUPS (sizeof(groups) / sizeof(groups[0]))

static void check_case(struct vec *v, uint16_t group)
{
	struct part priv = vec_bytes(v, "PRIVATE"), public = vec_bytes(v, "PUBLIC");
	uint8_t shared[DH_SHARED_MAX];
	struct dh *dh;

	assert_int_equal(dh_from_private(group, priv.data, priv.len, &dh), 0);
	assert_int_equal(public.len, dh_public_len(group));
	assert_memory_equal(dh_public(dh), public.data, public.len);
	if (vec_has(v, "PEER")) {
		struct part peer = vec_bytes(v, "PEER"), expected = vec_bytes(v, "SHARED");

		assert_int_equal(dh_derive(dh, peer.data, peer.len, shared), 0);
		assert_int_equal(expected.len, dh_shared_len(group));
		assert_memory_equal(shared, expected.data, expected.len);
	}
	dh_free(dh);
}

static void test_rfc(void **state)
{
	struct vec v;

	(void)state;
	vec_open(&v, "tests/vectors/ike-dh.rsp");
	while (vec_next(&v))
		check_case(&v, (uint16_t)vec_number(&v, "GROUP"));
	assert_int_equal(v.cases, 4);
}

static void test_rfc7748(void **state)
{
	uint8_t shared[32];
	struct vec v;

	(void)state;
	vec_open(&v, "/usr/lib/python3/dist-packages/cryptography_vectors/asymmetric/X25519/rfc7748.txt");
	for (int i = 0; i < 3 && vec_next(&v); i++) {
		struct part scalar = vec_bytes(&v, "INPUT_SCALAR"), u = vec_bytes(&v, "INPUT_U");
		struct dh *dh;

		assert_int_equal(dh_from_private(IKE_KE_CURVE_25519, scalar.data, scalar.len, &dh), 0);
		assert_int_equal(dh_derive(dh, u.data, u.len, shared), 0);
		assert_memory_equal(shared, vec_bytes(&v, "OUTPUT_U").data, 32);
		dh_free(dh);
	}
	assert_int_equal(v.cases, 3);
	while (vec_next(&v))
		;
}

static void refuse(struct dh *dh, const void *peer, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1), shared[DH_SHARED_MAX];
	size_t shared_len = dh_shared_len(dh_group(dh));

	memcpy(copy, peer, len);
	memset(shared, 0x55, sizeof(shared));
	assert_int_equal(dh_derive(dh, copy, len, shared), -EBADMSG);
	for (size_t i = 0; i < shared_len; i++)
		assert_int_equal(shared[i], 0);
	free(copy);
}

/* p, as Python computes it from the formula of RFC 3526; secrets that begin with a zero byte from the sixth case on. */
static void test_modp(void **state)
{
	struct vec v;

	(void)state;
	vec_run(&v, "/usr/bin/python3 tests/unit/ike_crypto/oracle.py modp 3 6");
	while (vec_next(&v)) {
		uint16_t group = (uint16_t)vec_number(&v, "GROUP");
		struct part p = vec_bytes(&v, "P");
		uint8_t value[DH_PUBLIC_MAX];
		struct dh *dh;

		check_case(&v, group);
		if (v.cases > 5)
			assert_int_equal(*(const uint8_t *)vec_bytes(&v, "SHARED").data, 0);
		assert_int_equal(dh_new(group, &dh), 0);
		memset(value, 0, sizeof(value));
		refuse(dh, value, p.len); /* 0 */
		value[p.len - 1] = 1;
		refuse(dh, value, p.len);
		refuse(dh, p.data, p.len);
		memcpy(value, p.data, p.len);
		value[p.len - 1] -= 1; /* p is odd */
		refuse(dh, value, p.len);
		memset(value, 0xff, p.len);
		refuse(dh, value, p.len);
		refuse(dh, vec_bytes(&v, "NONRESIDUE").data, p.len);
		refuse(dh, vec_bytes(&v, "ABOVE").data, p.len);
		dh_free(dh);
	}
	assert_int_equal(v.cases, 6);
}

static void test_both_sides(void **state)
{
	(void)state;
	for (size_t i = 0; i < GROUPS; i++) {
		uint8_t a_shared[DH_SHARED_MAX], b_shared[DH_SHARED_MAX], peer[DH_PUBLIC_MAX + 1];
		size_t len = dh_public_len(groups[i]);
		struct dh *a, *b;

		assert_true(dh_supported(groups[i]));
		assert_int_equal(dh_new(groups[i], &a), 0);
		assert_int_equal(dh_new(groups[i], &b), 0);
		assert_int_equal(dh_group(a), groups[i]);
		assert_memory_not_equal(dh_public(a), dh_public(b), len);
		for (int again = 0; again < 2; again++) {
			assert_int_equal(dh_derive(a, dh_public(b), len, a_shared), 0);
			assert_int_equal(dh_derive(b, dh_public(a), len, b_shared), 0);
			assert_memory_equal(a_shared, b_shared, dh_shared_len(groups[i]));
		}
		/* short, long, of nothing */
		memcpy(peer, dh_public(b), len);
		peer[len] = 0;
		refuse(a, peer, len - 1);
		refuse(a, peer, len + 1);
		refuse(a, peer, 0);
		dh_free(a);
		dh_free(b);
	}
	dh_free(NULL);
}

static void test_bad_points(void **state)
{
	(void)state;
	for (uint16_t group = IKE_KE_ECP_256; group <= IKE_KE_ECP_521; group++) {
		size_t len = dh_public_len(group);
		uint8_t peer[DH_PUBLIC_MAX];
		struct dh *a, *b;

		assert_int_equal(dh_new(group, &a), 0);
		assert_int_equal(dh_new(group, &b), 0);
		for (size_t byte = 0; byte < len; byte++) {
			memcpy(peer, dh_public(b), len);
			peer[byte] ^= 1; /* off the curve */
			refuse(a, peer, len);
		}
		memset(peer, 0, len); /* what is infinity in some encodings */
		refuse(a, peer, len);
		memset(peer, 0xff, len); /* coordinates above the field */
		refuse(a, peer, len);
		/* with libcrypto's leading byte, and compressed */
		peer[0] = 4;
		memcpy(peer + 1, dh_public(b), len);
		refuse(a, peer, len + 1);
		peer[0] = 2;
		refuse(a, peer, len / 2 + 1);
		dh_free(a);
		dh_free(b);
	}
}

/* RFC 7748, 6.1: points whose product is zero (orders 1, 2, 4, 8, and what is equal to them modulo p). */
static void test_small_order(void **state)
{
	static const char *const points[] = {
		"0000000000000000000000000000000000000000000000000000000000000000", "0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800", "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "0000000000000000000000000000000000000000000000000000000000000080",
		"0100000000000000000000000000000000000000000000000000000000000080", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	};
	struct dh *dh;

	(void)state;
	assert_int_equal(dh_new(IKE_KE_CURVE_25519, &dh), 0);
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		uint8_t peer[32];

		for (int k = 0; k < 32; k++)
			assert_int_equal(sscanf(points[i] + 2 * k, "%2hhx", &peer[k]), 1);
		refuse(dh, peer, 32);
	}
	dh_free(dh);
}

static void test_unsupported(void **state)
{
	static const uint16_t none[] = { 0, 1, 2, 5, 22, 23, 24, 25, 26, 27, 28, 30, 32, 65535 };
	struct dh *dh;

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		assert_false(dh_supported(none[i]));
		assert_int_equal(dh_public_len(none[i]), 0);
		assert_int_equal(dh_shared_len(none[i]), 0);
		assert_int_equal(dh_new(none[i], &dh), -ENOTSUP);
		assert_null(dh);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc),	    cmocka_unit_test(test_rfc7748),	cmocka_unit_test(test_modp),	    cmocka_unit_test(test_both_sides),
		cmocka_unit_test(test_bad_points), cmocka_unit_test(test_small_order), cmocka_unit_test(test_unsupported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
