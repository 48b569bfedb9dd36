/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates, paths, CRLs and private keys that python3-cryptography made; oracle_certs.py has the cases and what must come of them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/cert.h"
#include "crypto/identity.h"
#include "proto/registry.h"
#include "vec.h"

#define DAY_OF_CASES 1767225600 /* 1 January 2026 */

static char dir[64];

static const char *path_of(const char *file)
{
	static char path[4][192];
	static int next;

	next = (next + 1) % 4;
	snprintf(path[next], sizeof(path[0]), "%s/%s", dir, file);
	return path[next];
}

static struct cert *load(const char *file)
{
	char error[CRYPTO_ERROR_LEN];
	struct cert *cert;

	if (cert_load(path_of(file), &cert, error))
		fail_msg("%s", error);
	return cert;
}

/* Each word of the list. */
static void each(const char *list, void (*with)(const char *file, void *arg), void *arg)
{
	char copy[256], *rest = copy, *word;

	snprintf(copy, sizeof(copy), "%s", list);
	while ((word = strsep(&rest, " ")))
		if (word[0])
			with(word, arg);
}

static void add_to_chain(const char *file, void *arg)
{
	struct cert *cert = load(file);
	size_t len;
	const uint8_t *der = cert_der(cert, &len);

	assert_int_equal(cert_chain_add(arg, IKE_CERT_X509_SIGNATURE, der, len, NULL), 0);
	cert_free(cert);
}

static void add_ca(const char *file, void *arg)
{
	struct cert *cert = load(file);

	assert_int_equal(trust_add_ca(arg, cert, NULL), 0);
	cert_free(cert);
}

static void add_crl(const char *file, void *arg)
{
	char error[CRYPTO_ERROR_LEN];

	if (trust_add_crl(arg, path_of(file), error))
		fail_msg("%s", error);
}

struct list {
	unsigned int count;
	struct cert *certs[4];
};

static void add_demand(const char *file, void *arg)
{
	struct list *list = arg;

	list->certs[list->count++] = load(file);
}

static unsigned int number(const struct vec *v, const char *name)
{
	return vec_has(v, name) ? (unsigned int)vec_number(v, name) : 0;
}

static int run_case(struct vec *v, char *error)
{
	struct list demanded = { 0 };
	struct cert_chain chain = { 0 };
	struct trust_demand demand;
	struct trust *trust;
	int ret;

	assert_int_equal(trust_new(&trust), 0);
	each(vec_text(v, "CHAIN"), add_to_chain, &chain);
	each(vec_text(v, "CAS"), add_ca, trust);
	each(vec_text(v, "CRLS"), add_crl, trust);
	if (vec_has(v, "DEMAND"))
		each(vec_text(v, "DEMAND"), add_demand, &demanded);
	trust_set_time(trust, vec_has(v, "TIME") ? (time_t)vec_number(v, "TIME") : DAY_OF_CASES);
	demand = (struct trust_demand){ (enum trust_revocation)number(v, "REVOCATION"), demanded.certs, demanded.count,
					number(v, "SCHEMES"), number(v, "RSA_BITS"), number(v, "EC_BITS") };
	ret = trust_verify(trust, &chain, &demand, error);
	cert_chain_clear(&chain);
	trust_free(trust);
	while (demanded.count)
		cert_free(demanded.certs[--demanded.count]);
	return ret;
}

/* A line for each case that is not as it must be, and the number of them. */
static void test_cases(void **state)
{
	char command[128], error[CRYPTO_ERROR_LEN];
	unsigned int wrong = 0;
	struct vec v;

	(void)state;
	snprintf(command, sizeof(command), "/usr/bin/python3 tests/unit/ike_crypto/oracle_certs.py %s", dir);
	vec_run(&v, command);
	while (vec_next(&v)) {
		const char *result = vec_text(&v, "RESULT");
		int expected = strcmp(result, "EACCES") == 0 ? -EACCES : strcmp(result, "EINVAL") == 0 ? -EINVAL : 0;
		int ret;

		error[0] = '\0';
		ret = run_case(&v, error);
		if (ret != expected || (expected && !strstr(error, vec_text(&v, "WHY")))) {
			print_message("%s: %d %s\n", vec_text(&v, "NAME"), ret, error);
			wrong++;
		}
	}
	assert_in_range(v.cases, 100, 1000);
	assert_int_equal(wrong, 0);
}

/* ---- pinned certificates, requests ---------------------------------------------------------------------------------------- */

static void test_pinned(void **state)
{
	static const struct {
		const char *file;
		int ret;
	} cases[] = { { "self.pem", 0 },	 { "leaf.pem", 0 },	     { "expired.pem", -EACCES },
		      { "early.pem", -EACCES }, { "rsa1024.pem", -EACCES }, { "k256.pem", -EACCES } };
	char error[CRYPTO_ERROR_LEN];
	struct trust *trust;

	(void)state;
	assert_int_equal(trust_new(&trust), 0);
	trust_set_time(trust, DAY_OF_CASES);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cert *cert = load(cases[i].file);

		assert_int_equal(trust_verify_pinned(trust, cert, error), cases[i].ret);
		cert_free(cert);
	}
	trust_free(trust);
}

static void read_hash(const char *file, uint8_t hash[CERT_REQUEST_HASH_LEN])
{
	FILE *f = fopen(path_of(file), "rb");

	assert_non_null(f);
	assert_int_equal(fread(hash, 1, CERT_REQUEST_HASH_LEN, f), CERT_REQUEST_HASH_LEN);
	fclose(f);
}

static void test_requests(void **state)
{
	uint8_t hash[CERT_REQUEST_HASH_LEN], sent[3 * CERT_REQUEST_HASH_LEN], request[2 * CERT_REQUEST_HASH_LEN] = { 0 };
	struct cert_chain chain = { 0 };
	struct trust *trust;

	(void)state;
	read_hash("root.spki.sha1", hash);
	assert_int_equal(trust_new(&trust), 0);
	add_ca("root.pem", trust);
	add_ca("root.pem", trust); /* once is enough */
	add_ca("other.pem", trust);
	assert_int_equal(trust_request(trust, sent, sizeof(sent)), 2 * CERT_REQUEST_HASH_LEN);
	assert_memory_equal(sent, hash, sizeof(hash));
	assert_memory_not_equal(sent + sizeof(hash), hash, sizeof(hash));
	assert_int_equal(trust_request(trust, sent, CERT_REQUEST_HASH_LEN + 3), CERT_REQUEST_HASH_LEN);

	add_to_chain("deep.pem", &chain);
	memcpy(request + CERT_REQUEST_HASH_LEN, hash, sizeof(hash));
	assert_false(trust_answers_request(trust, &chain, request, sizeof(request))); /* nobody knows its issuer */
	add_to_chain("inter.pem", &chain);
	assert_true(trust_answers_request(trust, &chain, request, sizeof(request)));
	assert_false(trust_answers_request(trust, &chain, request, CERT_REQUEST_HASH_LEN));
	assert_false(trust_answers_request(trust, &chain, request, sizeof(request) - 1));
	assert_true(trust_answers_request(trust, &chain, request, 0));
	memcpy(request, cert_key_hash(chain.certs[1]), sizeof(hash));
	assert_true(trust_answers_request(trust, &chain, request, CERT_REQUEST_HASH_LEN));
	memcpy(request, cert_key_hash(chain.certs[0]), sizeof(hash)); /* itself is not above itself */
	assert_false(trust_answers_request(trust, &chain, request, CERT_REQUEST_HASH_LEN));
	cert_chain_clear(&chain);
	assert_true(trust_answers_request(trust, &chain, NULL, 0));
	assert_false(trust_answers_request(trust, &chain, request, sizeof(request)));
	trust_free(trust);
	trust_free(NULL);
}

/* ---- parsing --------------------------------------------------------------------------------------------------------------- */

static void test_chain_limits(void **state)
{
	static const char *const files[] = { "leaf.pem",    "deep.pem",	 "inter.pem", "root.pem", "other.pem",
					     "expired.pem", "early.pem", "p384.pem",  "p521.pem" };
	static uint8_t big[CERT_DER_MAX + 1];
	char error[CRYPTO_ERROR_LEN];
	struct cert_chain chain = { 0 };
	struct cert *cert = load("leaf.pem");
	size_t len;
	const uint8_t *der = cert_der(cert, &len);

	(void)state;
	/* other encodings say nothing: hash and URL, CRL */
	for (unsigned int encoding = 0; encoding < 256; encoding++)
		if (encoding != IKE_CERT_X509_SIGNATURE)
			assert_int_equal(cert_chain_add(&chain, (uint8_t)encoding, der, len, error), 0);
	assert_int_equal(chain.count, 0);
	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *copy = malloc(cut ? cut : 1);

		memcpy(copy, der, cut);
		assert_int_equal(cert_chain_add(&chain, IKE_CERT_X509_SIGNATURE, copy, cut, error), -EBADMSG);
		free(copy);
	}
	assert_int_equal(cert_chain_add(&chain, IKE_CERT_X509_SIGNATURE, big, sizeof(big), error), -E2BIG);
	assert_int_equal(cert_chain_add(&chain, IKE_CERT_X509_SIGNATURE, big, sizeof(big) - 1, error), -EBADMSG);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		add_to_chain(files[i], &chain);
		add_to_chain(files[0], &chain);
	}
	assert_int_equal(chain.count, CERT_CHAIN_MAX);
	assert_true(cert_equal(chain.certs[0], cert));
	cert_chain_clear(&chain);
	assert_int_equal(chain.count, 0);
	cert_free(cert);
	cert_free(NULL);
}

static void test_files(void **state)
{
	char error[CRYPTO_ERROR_LEN], text[IDENTITY_TEXT_LEN];
	struct cert *certs[4], *cert;
	struct trust *trust;

	(void)state;
	assert_int_equal(cert_load_all(path_of("two.pem"), certs, 4, error), 2);
	assert_string_equal(error, "");
	assert_string_equal(cert_print(certs[0], text), "C=CH, O=Espalier Test, CN=leaf");
	assert_false(cert_is_ca(certs[0]));
	assert_true(cert_is_ca(certs[1]));
	assert_int_equal(cert_key_kind(certs[0]), CERT_KEY_ECDSA);
	assert_int_equal(cert_key_bits(certs[0]), 256);
	assert_int_equal(cert_not_after(certs[0]), DAY_OF_CASES + 90 * 86400);
	assert_ptr_equal(cert_ref(certs[0]), certs[0]);
	cert_free(certs[0]);
	cert_free(certs[0]);
	cert_free(certs[1]);
	assert_int_equal(cert_load_all(path_of("two.pem"), certs, 1, error), 1);
	assert_non_null(strstr(error, "more certificates"));
	cert_free(certs[0]);
	assert_int_equal(cert_load(path_of("nothing.pem"), &cert, error), -ENOENT);
	assert_non_null(strstr(error, "nothing.pem"));
	assert_int_equal(cert_load(dir, &cert, error), -EISDIR);
	assert_int_equal(cert_load(path_of("empty.pem"), &cert, error), -EBADMSG);
	assert_int_equal(cert_load(path_of("garbage.pem"), &cert, error), -EBADMSG);
	assert_int_equal(cert_load(path_of("trailing.der"), &cert, error), -EBADMSG);
	assert_int_equal(cert_load(path_of("ec_pkcs8.key"), &cert, error), -EBADMSG);
	assert_null(cert);
	assert_int_equal(cert_load_all(path_of("broken_second.pem"), certs, 4, error), 1);
	assert_non_null(strstr(error, "broken_second.pem: there is a broken certificate"));
	cert_free(certs[0]);

	assert_int_equal(trust_new(&trust), 0);
	cert = load("leaf.pem");
	assert_int_equal(trust_add_ca(trust, cert, error), -EINVAL);
	cert_free(cert);
	assert_int_equal(trust_add_crl(trust, path_of("leaf.pem"), error), -EBADMSG);
	assert_int_equal(trust_add_crl(trust, path_of("leaf.der"), error), -EBADMSG);
	assert_int_equal(trust_add_crl(trust, path_of("nothing.crl"), error), -ENOENT);
	assert_int_equal(trust_add_crl(trust, path_of("sha1.crl"), error), -ENOTSUP);
	trust_free(trust);
}

static void test_private_keys(void **state)
{
	static const struct {
		const char *file, *passphrase, *cert;
		int ret;
	} cases[] = {
		{ "rsa_pkcs8.key", NULL, "key_rsa.pem", 0 }, { "rsa_old.key", NULL, "key_rsa.pem", 0 },
		{ "rsa_pkcs8.der", NULL, "key_rsa.pem", 0 }, { "rsa_old.der", NULL, "key_rsa.pem", 0 },
		{ "ec_pkcs8.key", NULL, "key_ec.pem", 0 }, { "ec_old.key", NULL, "key_ec.pem", 0 },
		{ "ec_pkcs8.der", NULL, "key_ec.pem", 0 }, { "ec_old.der", NULL, "key_ec.pem", 0 },
		{ "ec_parameters.key", NULL, "key_ec.pem", 0 }, { "ec_behind_cert.key", NULL, "key_ec.pem", 0 },
		{ "ec_parameters_locked.key", "sesame", "key_ec.pem", 0 }, { "ec_parameters_locked.key", "wrong", NULL, -EACCES },
		{ "parameters.key", NULL, NULL, -EBADMSG },
		{ "ed_pkcs8.key", NULL, "key_ed.pem", 0 }, { "ed_pkcs8.der", "not needed", "key_ed.pem", 0 },
		{ "rsa_pkcs8_locked.key", "sesame", "key_rsa.pem", 0 }, { "rsa_old_locked.key", "sesame", "key_rsa.pem", 0 },
		{ "ec_pkcs8_locked.der", "sesame", "key_ec.pem", 0 }, { "ed_pkcs8_locked.key", "sesame", "key_ed.pem", 0 },
		{ "rsa_pkcs8_locked.key", "wrong", NULL, -EACCES }, { "rsa_pkcs8_locked.key", NULL, NULL, -EACCES },
		{ "rsa_old_locked.key", "wrong", NULL, -EACCES }, { "ec_pkcs8_locked.der", NULL, NULL, -EACCES },
		{ "ec_pkcs8_locked.der", "wrong", NULL, -EACCES }, { "small.key", NULL, NULL, -ENOTSUP },
		{ "k256.key", NULL, NULL, -ENOTSUP }, { "leaf.pem", NULL, NULL, -EBADMSG },
		{ "empty.pem", NULL, NULL, -EBADMSG }, { "nothing.key", NULL, NULL, -ENOENT },
	};
	char error[CRYPTO_ERROR_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct privkey *key;
		int ret = privkey_load(path_of(cases[i].file), cases[i].passphrase, &key, error);

		if (ret != cases[i].ret)
			fail_msg("%s: %d instead of %d, %s", cases[i].file, ret, cases[i].ret, error);
		if (ret) {
			assert_null(key);
			assert_non_null(strstr(error, cases[i].file));
			assert_null(strstr(error, "sesame"));
		} else {
			struct cert *cert = load(cases[i].cert), *other = load("leaf.pem");

			assert_true(privkey_fits(key, cert));
			assert_false(privkey_fits(key, other));
			assert_ptr_equal(privkey_ref(key), key);
			privkey_free(key);
			cert_free(cert);
			cert_free(other);
		}
		privkey_free(key);
	}
}

/* ---- identities that a certificate speaks for ---------------------------------------------------------------------------------- */

static bool speaks_for(const struct cert *cert, const char *text)
{
	struct identity id;
	bool in;

	assert_int_equal(identity_parse(text, &id, NULL), 0);
	in = identity_in_cert(&id, cert);
	identity_clear(&id);
	return in;
}

static void test_identities(void **state)
{
	static const char *const yes[] = {
		"gw.example.org", "GW.Example.ORG", "joe@example.org", "joe@EXAMPLE.org", "192.0.2.7", "2001:db8::7", "ends.example.org.",
		"C=CH, O=Espalier Test, CN=cn-only.example.org", "c=CH, o=espalier  TEST, cn=CN-only.example.org",
	};
	static const char *const no[] = {
		"%any", "cn-only.example.org", "w.example.org", "gw.example.or", "gw.example.org.", "x.gw.example.org", "x.wild.example.org",
		"*.wild.example.org",
		"*.example.org", "nul.example.org", "evil.example", "nul.example.org.evil.example", "ends.example.org", "Joe@example.org", "oe@example.org",
		"joe@example.org.", "192.0.2.8", "192.0.2.0/24", "192.0.2.7-192.0.2.7", "2001:db8::8", "fqdn:192.0.2.7", "fqdn:joe@example.org",
		"email:joe@gw.example.org",
		"urn.x", "C=CH, O=Espalier Test", "O=Espalier Test, C=CH, CN=cn-only.example.org", "C=CH, O=Espalier Test, CN=*", "CN=cn-only.example.org",
		"C=CH, O=Espalier Test, CN=cn-only.example.org, CN=x", "keyid:gw.example.org", "@#00",
	};
	struct cert *cert = load("names.pem"), *other = load("leaf.pem");
	uint8_t hash[CERT_REQUEST_HASH_LEN], nul[] = "nul.example.org\0.evil.example";
	struct identity id;

	(void)state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (!speaks_for(cert, yes[i]))
			fail_msg("not: %s", yes[i]);
		assert_false(speaks_for(other, yes[i]));
	}
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (speaks_for(cert, no[i]))
			fail_msg("yet: %s", no[i]);
	/* a NUL does not get as far as that; nor would it be equal if it did */
	assert_int_equal(identity_from_payload(IKE_ID_FQDN, nul, sizeof(nul) - 1, &id), -EINVAL);
	read_hash("names.key.sha1", hash);
	assert_int_equal(identity_from_payload(IKE_ID_KEY_ID, hash, sizeof(hash), &id), 0);
	assert_true(identity_in_cert(&id, cert));
	assert_false(identity_in_cert(&id, other));
	identity_clear(&id);
	read_hash("names.spki.sha1", hash);
	assert_memory_equal(cert_key_hash(cert), hash, sizeof(hash));
	cert_free(cert);
	cert_free(other);
}

static void test_subject(void **state)
{
	struct cert *cert = load("names.pem"), *empty = load("empty_subject.pem");
	char text[IDENTITY_TEXT_LEN];
	uint8_t der[256];
	struct identity id;
	FILE *f = fopen(path_of("names.subject.der"), "rb");
	size_t len;

	(void)state;
	assert_non_null(f);
	len = fread(der, 1, sizeof(der), f);
	fclose(f);
	assert_int_equal(identity_from_cert(cert, &id), 0);
	assert_int_equal(id.type, IKE_ID_DER_ASN1_DN);
	assert_int_equal(id.len, len);
	assert_memory_equal(id.data, der, len);
	assert_string_equal(identity_print(&id, text), "C=CH, O=Espalier Test, CN=cn-only.example.org");
	assert_true(identity_in_cert(&id, cert));
	identity_clear(&id);
	assert_int_equal(identity_from_cert(empty, &id), -ENOENT);
	assert_true(speaks_for(empty, "only-san.example.org"));
	cert_free(cert);
	cert_free(empty);
}

static int set_up(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/ike-certs-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[96];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

int main(void)
{
	/* the first makes the files for the others */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases), cmocka_unit_test(test_pinned),	   cmocka_unit_test(test_requests),   cmocka_unit_test(test_chain_limits),
		cmocka_unit_test(test_files), cmocka_unit_test(test_private_keys), cmocka_unit_test(test_identities), cmocka_unit_test(test_subject),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
