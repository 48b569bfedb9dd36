/* SPDX-License-Identifier: Apache-2.0 */
/* Protection of messages against python3-cryptography; every bit and length that a peer could change. */
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/cipher.h"
#include "crypto/supported.h"
#include "vec.h"

static struct suite suite_of(struct vec *v)
{
	return (struct suite){ .encr = (uint16_t)vec_number(v, "ENCR"), .encr_bits = (uint16_t)vec_number(v, "BITS"),
			       .integ = (uint16_t)vec_number(v, "INTEG") };
}

static struct cipher *cipher_of(struct vec *v)
{
	struct suite suite = suite_of(v);
	struct cipher_sizes sizes;
	struct cipher *c;

	assert_int_equal(cipher_sizes(suite.encr, suite.encr_bits, suite.integ, &sizes), 0);
	assert_int_equal(sizes.key_len, vec_bytes(v, "KEY").len);
	assert_int_equal(sizes.integ_key_len, vec_bytes(v, "INTEG_KEY").len);
	assert_int_equal(cipher_new(&suite, vec_bytes(v, "KEY").data, vec_bytes(v, "INTEG_KEY").data, &c), 0);
	return c;
}

/* Into a buffer of its own, and where the message lies. */
static void check_open(struct cipher *c, struct vec *v)
{
	struct part aad = vec_bytes(v, "AAD"), body = vec_bytes(v, "BODY"), plain = vec_bytes(v, "PLAIN");
	uint8_t *out = malloc(body.len), *copy = malloc(body.len);
	size_t len;

	assert_int_equal(cipher_open(c, aad.data, aad.len, body.data, body.len, out, &len), 0);
	assert_int_equal(len, plain.len);
	assert_memory_equal(out, plain.data, len);
	memcpy(copy, body.data, body.len);
	assert_int_equal(cipher_open(c, aad.data, aad.len, copy, body.len, copy + cipher_iv_len(c), &len), 0);
	assert_int_equal(len, plain.len);
	assert_memory_equal(copy + cipher_iv_len(c), plain.data, len);
	free(out);
	free(copy);
}

/* What AES-GCM gives is known; of AES-CBC, whose IV is random, the reverse is computed with libcrypto's old interfaces. */
static void check_sealed_cbc(struct vec *v, const uint8_t *sealed, size_t len)
{
	struct part key = vec_bytes(v, "KEY"), integ_key = vec_bytes(v, "INTEG_KEY"), aad = vec_bytes(v, "AAD"), plain = vec_bytes(v, "PLAIN");
	const EVP_CIPHER *alg = key.len == 16 ? EVP_aes_128_cbc() : key.len == 24 ? EVP_aes_192_cbc() : EVP_aes_256_cbc();
	const EVP_MD *md = integ_key.len == 32 ? EVP_sha256() : integ_key.len == 48 ? EVP_sha384() : EVP_sha512();
	size_t icv_len = integ_key.len / 2, text_len = len - 16 - icv_len;
	uint8_t *all = malloc(aad.len + len), *text = malloc(text_len), mac[EVP_MAX_MD_SIZE];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;

	memcpy(all, aad.data, aad.len);
	memcpy(all + aad.len, sealed, len);
	assert_non_null(HMAC(md, integ_key.data, (int)integ_key.len, all, aad.len + len - icv_len, mac, NULL));
	assert_memory_equal(mac, sealed + len - icv_len, icv_len);
	assert_int_equal(EVP_DecryptInit_ex(ctx, alg, NULL, key.data, sealed), 1);
	assert_int_equal(EVP_CIPHER_CTX_set_padding(ctx, 0), 1);
	assert_int_equal(EVP_DecryptUpdate(ctx, text, &n, sealed + 16, (int)text_len), 1);
	assert_int_equal(text[text_len - 1], text_len - 1 - plain.len);
	assert_true(text_len - plain.len <= 16);
	assert_memory_equal(text, plain.data, plain.len);
	EVP_CIPHER_CTX_free(ctx);
	free(all);
	free(text);
}

static void check_seal(struct cipher *c, struct vec *v)
{
	struct part aad = vec_bytes(v, "AAD"), plain = vec_bytes(v, "PLAIN"), expected = vec_bytes(v, "SEALED");
	size_t len = cipher_sealed_len(c, plain.len);
	uint8_t *out = malloc(len), *in_place = malloc(len);

	cipher_set_counter(c, 7);
	assert_int_equal(cipher_seal(c, aad.data, aad.len, plain.data, plain.len, out), 0);
	cipher_set_counter(c, 7);
	memcpy(in_place + cipher_iv_len(c), plain.data, plain.len);
	assert_int_equal(cipher_seal(c, aad.data, aad.len, in_place + cipher_iv_len(c), plain.len, in_place), 0);
	if (expected.len) {
		assert_int_equal(len, expected.len);
		assert_memory_equal(out, expected.data, len);
		assert_memory_equal(in_place, expected.data, len);
	} else {
		check_sealed_cbc(v, out, len);
		check_sealed_cbc(v, in_place, len);
		assert_memory_not_equal(out, in_place, 16);
	}
	free(out);
	free(in_place);
}

static void test_python(void **state)
{
	struct vec v;

	(void)state;
	vec_run(&v, "/usr/bin/python3 tests/unit/ike_crypto/oracle.py cipher 2 400");
	while (vec_next(&v)) {
		struct cipher *c = cipher_of(&v);

		check_open(c, &v);
		check_seal(c, &v);
		check_open(c, &v);
		cipher_free(c);
	}
	assert_int_equal(v.cases, 400);
}

static const struct suite both[] = {
	{ .encr = IKE_ENCR_AES_GCM_16, .encr_bits = 256 },
	{ .encr = IKE_ENCR_AES_CBC, .encr_bits = 128, .integ = IKE_INTEG_HMAC_SHA2_256_128 },
};
static const uint8_t key[64] = { 1, 2, 3 }, aad[32] = { 9, 8, 7 }, text[100] = "twelve dozen payloads";

static void refuse(struct cipher *c, const uint8_t *with, size_t with_len, const uint8_t *body, size_t len)
{
	uint8_t *copy = malloc(len + 1), plain[256];
	size_t plain_len = 1;

	/* at the end of an allocation: reading beyond it is found */
	memcpy(copy, body, len);
	memset(plain, 0x55, sizeof(plain));
	assert_int_equal(cipher_open(c, with, with_len, copy, len, plain, &plain_len), -EBADMSG);
	assert_int_equal(plain_len, 0);
	for (size_t i = 0; i < sizeof(plain); i++)
		assert_true(plain[i] == 0x55 || plain[i] == 0);
	free(copy);
}

static void test_tampered(void **state)
{
	(void)state;
	for (int s = 0; s < 2; s++) {
		struct cipher *c;
		uint8_t body[256], bad[256], bad_aad[32], plain[256];
		size_t len, plain_len;

		assert_int_equal(cipher_new(&both[s], key, key, &c), 0);
		len = cipher_sealed_len(c, sizeof(text));
		assert_int_equal(cipher_seal(c, aad, sizeof(aad), text, sizeof(text), body), 0);
		for (size_t bit = 0; bit < 8 * len; bit++) {
			memcpy(bad, body, len);
			bad[bit / 8] ^= (uint8_t)(1 << bit % 8);
			refuse(c, aad, sizeof(aad), bad, len);
		}
		for (size_t bit = 0; bit < 8 * sizeof(aad); bit++) {
			memcpy(bad_aad, aad, sizeof(aad));
			bad_aad[bit / 8] ^= (uint8_t)(1 << bit % 8);
			refuse(c, bad_aad, sizeof(bad_aad), body, len);
		}
		for (size_t cut = 0; cut < len; cut++)
			refuse(c, aad, sizeof(aad), body, cut);
		refuse(c, aad, sizeof(aad) - 1, body, len);
		/* and it still opens what is right */
		assert_int_equal(cipher_open(c, aad, sizeof(aad), body, len, plain, &plain_len), 0);
		assert_int_equal(plain_len, sizeof(text));
		cipher_free(c);
	}
}

/* A peer with the right key and an impossible pad length. */
static void test_padding(void **state)
{
	static const uint8_t nonce[12] = { 0 };
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t body[8 + 5 + 16] = { 0 }, bad[5] = { 1, 2, 3, 4, 5 }, gcm_key[36] = { 0 };
	struct cipher *c;
	int n;

	(void)state;
	assert_int_equal(EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, gcm_key, nonce), 1);
	assert_int_equal(EVP_EncryptUpdate(ctx, NULL, &n, aad, sizeof(aad)), 1);
	assert_int_equal(EVP_EncryptUpdate(ctx, body + 8, &n, bad, sizeof(bad)), 1);
	assert_int_equal(EVP_EncryptFinal_ex(ctx, body + 8 + n, &n), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, body + 8 + 5), 1);
	EVP_CIPHER_CTX_free(ctx);
	assert_int_equal(cipher_new(&both[0], gcm_key, NULL, &c), 0);
	refuse(c, aad, sizeof(aad), body, sizeof(body));
	cipher_free(c);
}

/* A peer with the right keys and a ciphertext that is not whole blocks. */
static void test_part_of_a_block(void **state)
{
	uint8_t all[sizeof(aad) + 16 + 5 + 16] = { 0 }, mac[EVP_MAX_MD_SIZE];
	struct cipher *c;

	(void)state;
	memcpy(all, aad, sizeof(aad));
	assert_non_null(HMAC(EVP_sha256(), key, 32, all, sizeof(all) - 16, mac, NULL));
	memcpy(all + sizeof(all) - 16, mac, 16);
	assert_int_equal(cipher_new(&both[1], key, key, &c), 0);
	refuse(c, aad, sizeof(aad), all + sizeof(aad), sizeof(all) - sizeof(aad));
	cipher_free(c);
}

static void test_counter(void **state)
{
	static const uint8_t last[8] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe };
	uint8_t body[64];
	struct cipher *c;

	(void)state;
	assert_int_equal(cipher_new(&both[0], key, NULL, &c), 0);
	for (uint8_t i = 0; i < 3; i++) {
		assert_int_equal(cipher_seal(c, aad, sizeof(aad), text, 10, body), 0);
		assert_int_equal(body[7], i);
	}
	cipher_set_counter(c, UINT64_MAX - 1);
	assert_int_equal(cipher_seal(c, aad, sizeof(aad), text, 10, body), 0);
	assert_memory_equal(body, last, sizeof(last));
	assert_int_equal(cipher_seal(c, aad, sizeof(aad), text, 10, body), -EOVERFLOW);
	assert_int_equal(cipher_seal(c, aad, sizeof(aad), text, 10, body), -EOVERFLOW);
	cipher_free(c);
}

static void test_sizes(void **state)
{
	(void)state;
	for (int s = 0; s < 2; s++) {
		struct cipher *c;

		assert_int_equal(cipher_new(&both[s], key, key, &c), 0);
		for (size_t sealed = 0; sealed < 300; sealed++) {
			size_t most = cipher_plain_max(c, sealed);

			assert_true(most == 0 || cipher_sealed_len(c, most) <= sealed);
			if (sealed >= cipher_sealed_len(c, 0))
				assert_true(cipher_sealed_len(c, most + 1) > sealed);
		}
		cipher_free(c);
	}
}

static void test_unsupported(void **state)
{
	static const struct {
		uint16_t encr, bits, integ;
	} bad[] = { { 20, 256, 12 }, { 20, 0, 0 },	  { 20, 257, 0 }, { 12, 128, 0 }, { 12, 128, 2 },
		    { 12, 64, 12 },  { 3, 192, 12 }, { 0, 128, 0 },  { 28, 256, 0 } };
	static const struct transform good[] = {
		{ IKE_TR_ENCR, false, 20, 128 }, { IKE_TR_ENCR, false, 12, 256 }, { IKE_TR_PRF, false, 7, 0 },
		{ IKE_TR_INTEG, false, 14, 0 },	 { IKE_TR_INTEG, false, 0, 0 },	  { IKE_TR_KE, false, 31, 0 },
	};
	static const struct transform not[] = {
		{ IKE_TR_ENCR, false, 20, 0 }, { IKE_TR_ENCR, false, 3, 0 }, { IKE_TR_PRF, false, 2, 0 }, { IKE_TR_INTEG, false, 2, 0 },
		{ IKE_TR_KE, false, 2, 0 },    { IKE_TR_ESN, false, 0, 0 },  { 99, false, 1, 0 },
	};
	struct cipher_sizes sizes;
	struct cipher *c;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct suite suite = { .encr = bad[i].encr, .encr_bits = bad[i].bits, .integ = bad[i].integ };

		assert_int_equal(cipher_sizes(bad[i].encr, bad[i].bits, bad[i].integ, &sizes), -ENOTSUP);
		assert_int_equal(cipher_new(&suite, key, key, &c), -ENOTSUP);
		assert_null(c);
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(crypto_supports(&good[i]));
	for (size_t i = 0; i < sizeof(not) / sizeof(not[0]); i++)
		assert_false(crypto_supports(&not[i]));
	cipher_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_python),	cmocka_unit_test(test_tampered), cmocka_unit_test(test_padding), cmocka_unit_test(test_part_of_a_block),
		cmocka_unit_test(test_counter), cmocka_unit_test(test_sizes),	 cmocka_unit_test(test_unsupported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
