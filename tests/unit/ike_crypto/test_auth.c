/* SPDX-License-Identifier: Apache-2.0 */
/* AUTH payloads: those of python3-cryptography are checked here, ours are checked by it; oracle_auth.py has the cases. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/auth.h"
#include "proto/build.h"
#include "vec.h"

#define MAKE "/usr/bin/python3 tests/unit/ike_crypto/oracle_auth.py make 4 >"
#define CHECK "/usr/bin/python3 tests/unit/ike_crypto/oracle_auth.py check"

static char cases[] = "/tmp/ike-auth-XXXXXX";

static struct auth_octets octets_of(struct vec *v)
{
	return (struct auth_octets){ vec_bytes(v, "MESSAGE"), vec_bytes(v, "NONCE"), (uint16_t)vec_number(v, "PRF"), vec_bytes(v, "SK_P"),
				     vec_bytes(v, "ID") };
}

static struct cert *cert_of(struct vec *v)
{
	struct part der = vec_bytes(v, "CERT");
	struct cert *cert;

	assert_int_equal(cert_parse(der.data, der.len, &cert, NULL), 0);
	return cert;
}

static struct ike_auth auth_of(struct vec *v)
{
	struct part signature = vec_bytes(v, "SIGNATURE"), algorithm = vec_bytes(v, "ALGORITHM");

	return (struct ike_auth){ (uint8_t)vec_number(v, "METHOD"), signature.data, signature.len, algorithm.data, algorithm.len };
}

static int result_of(struct vec *v)
{
	const char *text = vec_text(v, "RESULT");

	return strcmp(text, "EACCES") == 0 ? -EACCES : strcmp(text, "ENOTSUP") == 0 ? -ENOTSUP : strcmp(text, "EBADMSG") == 0 ? -EBADMSG : 0;
}

/* What the scheme is, and that only it must be allowed. */
static void check_scheme(struct vec *v, const struct auth_octets *octets, const struct cert *cert, const struct ike_auth *auth)
{
	long scheme = strtol(vec_text(v, "SCHEME"), NULL, 10);

	if (scheme < 0)
		return;
	assert_int_equal(auth_verify(octets, cert, auth, 1u << scheme, NULL), 0);
	assert_int_equal(auth_verify(octets, cert, auth, AUTH_SCHEMES_ALL & ~(1u << scheme), NULL), -ENOTSUP);
	assert_string_not_equal(auth_scheme_name(auth), "an unknown signature");
}

/* Each bit of what is signed counts. */
static void check_octets(struct auth_octets octets, const struct cert *cert, const struct ike_auth *auth)
{
	struct part *const parts[] = { &octets.message, &octets.nonce, &octets.sk_p, &octets.id };

	for (int i = 0; i < 4; i++) {
		struct part saved = *parts[i];
		uint8_t *copy = malloc(saved.len);

		memcpy(copy, saved.data, saved.len);
		copy[saved.len / 2] ^= 1;
		parts[i]->data = copy;
		assert_int_equal(auth_verify(&octets, cert, auth, 0, NULL), -EACCES);
		*parts[i] = saved;
		free(copy);
	}
}

static void test_theirs(void **state)
{
	char error[CRYPTO_ERROR_LEN];
	struct vec v;

	(void)state;
	vec_open(&v, cases);
	while (vec_next(&v)) {
		struct auth_octets octets = octets_of(&v);
		struct ike_auth auth;
		struct cert *cert;
		int ret;

		if (vec_has(&v, "PSK"))
			continue;
		cert = cert_of(&v);
		auth = auth_of(&v);
		error[0] = '\0';
		ret = auth_verify(&octets, cert, &auth, 0, error);
		if (ret != result_of(&v))
			fail_msg("%s: %d %s", vec_text(&v, "NAME"), ret, error);
		if (ret) {
			assert_true(error[0] && error[strlen(error) - 1] == '.');
		} else {
			check_scheme(&v, &octets, cert, &auth);
			check_octets(octets, cert, &auth);
		}
		cert_free(cert);
	}
	assert_in_range(v.cases, 90, 200);
}

static void test_psk(void **state)
{
	unsigned int seen = 0;
	struct vec v;

	(void)state;
	vec_open(&v, cases);
	while (vec_next(&v)) {
		struct auth_octets octets = octets_of(&v);
		struct auth_data auth;
		struct part psk, expected;

		if (!vec_has(&v, "PSK"))
			continue;
		seen++;
		psk = vec_bytes(&v, "PSK");
		expected = vec_bytes(&v, "AUTH");
		assert_int_equal(auth_psk_make(&octets, &psk, &auth), 0);
		assert_int_equal(auth.method, IKE_AUTH_SHARED_KEY);
		assert_int_equal(auth.len, expected.len);
		assert_memory_equal(auth.data, expected.data, auth.len);
		assert_int_equal(auth_psk_check(&octets, &psk, expected.data, expected.len), 0);
		assert_int_equal(auth_psk_check(&octets, &psk, expected.data, expected.len - 1), -EACCES);
		assert_int_equal(auth_psk_check(&octets, &psk, expected.data, 0), -EACCES);
		for (size_t bit = 0; bit < 8 * expected.len; bit++) {
			memcpy(auth.data, expected.data, expected.len);
			auth.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_int_equal(auth_psk_check(&octets, &psk, auth.data, expected.len), -EACCES);
		}
		auth.data[expected.len] = 0;
		assert_int_equal(auth_psk_check(&octets, &psk, auth.data, expected.len + 1), -EACCES);
		psk.len = 0;
		assert_int_equal(auth_psk_make(&octets, &psk, &auth), -EINVAL);
		assert_int_equal(auth_psk_check(&octets, &psk, expected.data, expected.len), -EINVAL);
		octets.prf = 2;
		psk.len = 1;
		assert_int_equal(auth_psk_make(&octets, &psk, &auth), -ENOTSUP);
	}
	assert_int_equal(seen, 3);
}

static void print_bytes(FILE *to, const char *name, const void *data, size_t len)
{
	fprintf(to, "%s = ", name);
	for (size_t i = 0; i < len; i++)
		fprintf(to, "%02x", ((const uint8_t *)data)[i]);
	fputc('\n', to);
}

static void print_part(FILE *to, struct vec *v, const char *name)
{
	print_bytes(to, name, vec_bytes(v, name).data, vec_bytes(v, name).len);
}

/* As a payload, through the parser of messages, to auth_verify. */
static void check_ours(struct vec *v, const struct auth_data *auth, const struct auth_octets *octets, const struct cert *cert)
{
	struct ike_builder b;
	struct ike_chain chain;
	struct ike_auth parsed;
	const char *why;

	ike_build_growing(&b, IKE_MESSAGE_MAX);
	ike_build_auth(&b, auth->method, auth->data, auth->len);
	assert_int_equal(ike_build_end(&b), 0);
	assert_int_equal(ike_chain_parse(b.first, b.data, b.len, true, &chain, &why), 0);
	assert_int_equal(ike_decode_auth(&chain.payloads[0], &parsed, &why), 0);
	if (auth_verify(octets, cert, &parsed, 0, NULL))
		fail_msg("case %u (%s): our own signature, %s", v->cases, vec_text(v, "NAME"), auth_scheme_name(&parsed));
	ike_build_free(&b);
}

static void give_to_python(FILE *python, struct vec *v, const struct auth_data *auth)
{
	print_part(python, v, "MESSAGE");
	print_part(python, v, "NONCE");
	fprintf(python, "PRF = %s\n", vec_text(v, "PRF"));
	print_part(python, v, "SK_P");
	print_part(python, v, "ID");
	print_part(python, v, "KEY");
	fprintf(python, "METHOD = %u\n", auth->method);
	print_bytes(python, "AUTH", auth->data, auth->len);
	fputc('\n', python);
}

/* Each key with each scheme there is; the ones that it cannot make are refused. */
static void test_ours(void **state)
{
	static const uint8_t bit_of_hash[10] = { 2, 3, 4, 2, 3, 4, 2, 3, 4, 5 };
	FILE *python = popen(CHECK, "w");
	unsigned int made = 0;
	struct vec v;

	(void)state;
	assert_non_null(python);
	vec_open(&v, cases);
	while (vec_next(&v)) {
		struct auth_octets octets = octets_of(&v);
		struct auth_data auth;
		struct privkey *key;
		struct cert *cert;

		if (vec_has(&v, "PSK") || strcmp(vec_text(&v, "RESULT"), "0") != 0)
			continue;
		cert = cert_of(&v);
		assert_int_equal(privkey_parse(vec_bytes(&v, "KEY").data, vec_bytes(&v, "KEY").len, NULL, &key, NULL), 0);
		for (uint32_t scheme = 0; scheme < 10; scheme++) {
			int ret = auth_sign(&octets, key, AUTH_HASHES_ALL, 1u << scheme, &auth, NULL);

			assert_true(ret == 0 || ret == -ENOTSUP);
			/* the peer's hashes count as well */
			assert_int_equal(auth_sign(&octets, key, AUTH_HASHES_ALL & ~(1u << bit_of_hash[scheme]), 1u << scheme, &auth, NULL), -ENOTSUP);
			if (ret)
				continue;
			assert_int_equal(auth_sign(&octets, key, 1u << bit_of_hash[scheme], 1u << scheme, &auth, NULL), 0);
			assert_int_equal(auth.method, IKE_AUTH_DIGITAL_SIGNATURE);
			check_ours(&v, &auth, &octets, cert);
			give_to_python(python, &v, &auth);
			made++;
		}
		/* a peer without RFC 7427 */
		if (cert_key_kind(cert) == CERT_KEY_ECDSA) {
			assert_int_equal(auth_sign(&octets, key, 0, 0, &auth, NULL), 0);
			assert_in_range(auth.method, IKE_AUTH_ECDSA_256, IKE_AUTH_ECDSA_521);
			check_ours(&v, &auth, &octets, cert);
			give_to_python(python, &v, &auth);
			assert_int_equal(auth_sign(&octets, key, 0, AUTH_RSA_PKCS1, &auth, NULL), -ENOTSUP);
			made++;
		} else {
			assert_int_equal(auth_sign(&octets, key, 0, 0, &auth, NULL), -ENOTSUP);
		}
		privkey_free(key);
		cert_free(cert);
	}
	assert_int_equal(pclose(python), 0);
	assert_in_range(made, 100, 1000);
}

/* Which scheme is taken if several would do. */
static void test_choice(void **state)
{
	static const struct {
		const char *key_size; /* bits */
		enum cert_key kind;
		uint32_t hashes, schemes;
		const char *name;
	} choices[] = {
		{ "2048", CERT_KEY_RSA, AUTH_HASHES_ALL, 0, "RSA PKCS#1 v1.5 with SHA2-256" },
		{ "2048", CERT_KEY_RSA, 1u << IKE_HASH_SHA2_512, 0, "RSA PKCS#1 v1.5 with SHA2-512" },
		{ "2048", CERT_KEY_RSA, 1u << IKE_HASH_SHA2_384 | 1u << IKE_HASH_SHA2_512, 0, "RSA PKCS#1 v1.5 with SHA2-384" },
		{ "2048", CERT_KEY_RSA, AUTH_HASHES_ALL, AUTH_RSA_PSS, "RSA-PSS with SHA2-256" },
		{ "2048", CERT_KEY_RSA, AUTH_HASHES_ALL, AUTH_RSA_PSS_SHA512, "RSA-PSS with SHA2-512" },
		{ "256", CERT_KEY_ECDSA, AUTH_HASHES_ALL, 0, "ECDSA with SHA2-256" },
		{ "384", CERT_KEY_ECDSA, AUTH_HASHES_ALL, 0, "ECDSA with SHA2-384" },
		{ "521", CERT_KEY_ECDSA, AUTH_HASHES_ALL, 0, "ECDSA with SHA2-512" },
		{ "521", CERT_KEY_ECDSA, 1u << IKE_HASH_SHA2_256 | 1u << IKE_HASH_SHA2_384, 0, "ECDSA with SHA2-384" },
		{ "256", CERT_KEY_ED25519, AUTH_HASHES_ALL, 0, "Ed25519" },
	};
	unsigned int seen = 0;
	struct vec v;

	(void)state;
	vec_open(&v, cases);
	while (vec_next(&v)) {
		struct auth_octets octets = octets_of(&v);
		struct privkey *key;
		struct cert *cert;

		if (!vec_has(&v, "KEY") || seen >= 400)
			continue;
		cert = cert_of(&v);
		assert_int_equal(privkey_parse(vec_bytes(&v, "KEY").data, vec_bytes(&v, "KEY").len, NULL, &key, NULL), 0);
		for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
			struct auth_data auth;
			struct ike_auth parsed;

			if (cert_key_kind(cert) != choices[i].kind || cert_key_bits(cert) != (unsigned int)atoi(choices[i].key_size))
				continue;
			assert_int_equal(auth_sign(&octets, key, choices[i].hashes, choices[i].schemes, &auth, NULL), 0);
			parsed = (struct ike_auth){ auth.method, NULL, 0, auth.data + 1, auth.data[0] };
			assert_string_equal(auth_scheme_name(&parsed), choices[i].name);
			seen++;
		}
		privkey_free(key);
		cert_free(cert);
	}
	assert_true(seen > 10);
}

/* Each method that is none of ours is refused by its number. */
static void test_other_methods(void **state)
{
	static const uint8_t methods[] = { 0, 1, 3, 4, 8, 12, 13, 15, 200, 255 };
	uint8_t data[64] = { 0 };
	char error[CRYPTO_ERROR_LEN], number[16];
	struct cert *cert = NULL;
	struct vec v;

	(void)state;
	vec_open(&v, cases);
	while (!cert && vec_next(&v))
		if (vec_has(&v, "KEY")) {
			struct auth_octets octets = octets_of(&v);

			cert = cert_of(&v);
			for (size_t i = 0; i < sizeof(methods); i++) {
				struct ike_auth auth = { .method = methods[i], .data = data, .len = sizeof(data) };

				snprintf(number, sizeof(number), "method %u", methods[i]);
				assert_int_equal(auth_verify(&octets, cert, &auth, 0, error), -ENOTSUP);
				assert_non_null(strstr(error, number));
			}
			cert_free(cert);
		}
	assert_non_null(cert);
	while (vec_next(&v))
		;
}

static void test_hashes(void **state)
{
	static const uint8_t offered[] = { 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 99, 1, 2, 0 };
	uint8_t out[AUTH_HASHES_DATA_MAX];

	(void)state;
	assert_int_equal(auth_hashes_parse(offered, sizeof(offered)), AUTH_HASHES_ALL);
	assert_int_equal(auth_hashes_parse(offered, 2), 0);
	assert_int_equal(auth_hashes_parse(offered, 4), 1u << IKE_HASH_SHA2_256);
	assert_int_equal(auth_hashes_parse(offered, 3), 0);
	assert_int_equal(auth_hashes_parse(NULL, 0), 0);
	assert_int_equal(auth_hashes_write(AUTH_HASHES_ALL, out), 8);
	assert_memory_equal(out, offered + 2, 8);
	assert_int_equal(auth_hashes_write(0, out), 0);
}

static int set_up(void **state)
{
	char command[128];
	int fd = mkstemp(cases);

	(void)state;
	if (fd < 0)
		return -1;
	close(fd);
	snprintf(command, sizeof(command), MAKE "%s", cases);
	return system(command);
}

static int tear_down(void **state)
{
	(void)state;
	return unlink(cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_theirs), cmocka_unit_test(test_psk),    cmocka_unit_test(test_ours),
		cmocka_unit_test(test_choice), cmocka_unit_test(test_other_methods), cmocka_unit_test(test_hashes),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
