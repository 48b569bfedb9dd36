/* SPDX-License-Identifier: Apache-2.0 */
/* IKE_AUTH by certificates: each kind of key, chains, and what must be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/cert_cache.h"
#include "pki.h"
#include "world.h"

static struct pki pki;
static struct pki_cert root, sub, other_root;

static const struct pki_request ca = { "p256", "Root", NULL, true, false }, sub_ca = { "p256", "Sub", NULL, true, false };

/* One side: what it is, its certificate, what it wants of the other. */
struct side {
	const char *id;	   /* NULL: the certificate's subject */
	const char *cert;  /* name of its files */
	const char *auth;
	const char *remote_id, *remote_auth;
	const char *more;  /* lines of remote */
	const char *conn;  /* lines of the connection */
	const char *cas;   /* "root", trusted */
	const char *crl;
};

static void configure(struct node *n, bool is_a, const struct side *s)
{
	char text[4096], id[128] = "", crl[160] = "";

	if (s->id)
		snprintf(id, sizeof(id), "id = \"%s\"\n", s->id);
	if (s->crl)
		snprintf(crl, sizeof(crl), "crl_uris = file://%s/%s.crl\n", pki.dir, s->crl);
	snprintf(text, sizeof(text),
		 "connections {\ngw {\nlocal_addrs = 192.0.2.%d\nremote_addrs = 192.0.2.%d\nproposals = aes256gcm16-prfsha256-x25519\n%s\n"
		 "local {\nauth = %s\n%scerts = %s/%s.crt\n}\nremote {\nauth = %s\nid = \"%s\"\n%s\n}\n"
		 "children {\nnet {\nlocal_ts = 10.%d.0.0/16\nremote_ts = 10.%d.0.0/16\nesp_proposals = aes256gcm16\n}\n}\n}\n}\n"
		 "secrets {\nprivate {\nfile = %s/%s.key\n}\n}\nauthorities {\nca {\ncacert = %s/%s.crt\n%s}\n}\n",
		 is_a ? 1 : 2, is_a ? 2 : 1, s->conn ? s->conn : "", s->auth ? s->auth : "pubkey", id, pki.dir, s->cert, s->remote_auth ? s->remote_auth : "pubkey",
		 s->remote_id, s->more ? s->more : "", is_a ? 1 : 2, is_a ? 2 : 1, pki.dir, s->cert, pki.dir, s->cas ? s->cas : "root", crl);
	node_configure(n, text);
}

static const struct side side_a = { .id = "a.example.org", .cert = "a", .remote_id = "b.example.org" };
static const struct side side_b = { .id = "b.example.org", .cert = "b", .remote_id = "a.example.org" };

/* Up from a, and from b in a world of their own: 0, or the error of the initiator; nothing may be left of an attempt that failed. */
static int attempt(const struct side *a, const struct side *b, bool from_a)
{
	struct world *w = world_new(7);
	struct node *na = world_add(w, "a", "192.0.2.1"), *nb = world_add(w, "b", "192.0.2.2");
	struct outcome outcome;
	int err;

	configure(na, true, a);
	configure(nb, false, b);
	err = node_up_try(from_a ? na : nb, "net", &outcome);
	world_run(w, 60000);
	world_consistent(w, err ? 0 : 1, err ? 0 : 1);
	assert_true(err || node_ping(na, "10.1.0.1", "10.2.0.1"));
	world_free(w);
	return err;
}

static void accepted(const struct side *a, const struct side *b)
{
	assert_int_equal(attempt(a, b, true), 0);
	assert_int_equal(attempt(a, b, false), 0);
}

static void refused(const struct side *a, const struct side *b)
{
	assert_int_not_equal(attempt(a, b, true), 0);
	assert_int_not_equal(attempt(a, b, false), 0);
}

static void issue(const struct pki_cert *issuer, const char *name, const char *kind, const char *san)
{
	struct pki_cert cert;

	pki_issue(&pki, issuer, name, &(struct pki_request){ kind, name, san, false, false }, &cert);
	pki_free(&cert);
}

static int setup(void **state)
{
	(void)state;
	pki_open(&pki);
	pki_issue(&pki, NULL, "root", &ca, &root);
	pki_issue(&pki, &root, "sub", &sub_ca, &sub);
	pki_issue(&pki, NULL, "other", &(struct pki_request){ "p256", "Other", NULL, true, false }, &other_root);
	issue(&root, "a", "p256", "DNS:a.example.org");
	issue(&root, "b", "p256", "DNS:b.example.org, email:admin@b.example.org, IP:192.0.2.2");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pki_free(&root);
	pki_free(&sub);
	pki_free(&other_root);
	pki_close(&pki);
	return 0;
}

static void test_kinds(void **state)
{
	static const char *const kinds[][2] = {
		{ "rsa2048", "pubkey" }, { "rsa2048", "rsa-sha384" }, { "rsa3072", "rsa/pss-sha512" }, { "p256", "ecdsa-sha256" }, { "p384", "ecdsa-sha384" },
		{ "p521", "ecdsa-sha512" }, { "ed25519", "pubkey" }, { "ed25519", "ed25519" },
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct side a = side_a, b = side_b;
		char rule[64];

		issue(&root, "kind-a", kinds[i][0], "DNS:a.example.org");
		issue(&root, "kind-b", kinds[i][0], "DNS:b.example.org");
		a.cert = "kind-a";
		b.cert = "kind-b";
		a.auth = b.auth = kinds[i][1];
		/* Of the AUTH payload alone; the chain is the CA's. */
		snprintf(rule, sizeof(rule), "%s%s", strcmp(kinds[i][1], "pubkey") ? "ike:" : "", kinds[i][1]);
		a.remote_auth = b.remote_auth = rule;
		accepted(&a, &b);
	}
}

static void test_identities(void **state)
{
	static const char *const good[] = { "b.example.org", "admin@b.example.org", "192.0.2.2", NULL };
	static const char *const bad[] = { "c.example.org", "example.org", "root@b.example.org", "192.0.2.3", "O=Espalier tests, CN=c" };
	struct side a = side_a, b = side_b;

	(void)state;
	a.remote_id = "%any";
	for (unsigned int i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		b.id = good[i];
		accepted(&a, &b);
	}
	/* What the certificate does not say is not believed, whoever signs. */
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		b.id = bad[i];
		refused(&a, &b);
	}
	/* A certificate for what it says, and not the one that we want. */
	b.id = "b.example.org";
	a.remote_id = "c.example.org";
	refused(&a, &b);
	a.remote_id = "*.example.org";
	assert_int_equal(attempt(&a, &b, false), 0);
	a.remote_id = "O=Espalier tests, CN=*";
	b.id = NULL;
	accepted(&a, &b);
}

/* A certificate that came before is not read again, and trusted no more for it. */
static void test_known(void **state)
{
	struct world *w = world_new(7);
	struct node *na = world_add(w, "a", "192.0.2.1"), *nb = world_add(w, "b", "192.0.2.2");
	struct side a = side_a, b = side_b;
	struct outcome outcome;

	(void)state;
	b.remote_id = "%any";
	configure(na, true, &a);
	configure(nb, false, &b);
	for (int i = 0; i < 3; i++) {
		node_up(na, "net");
		world_consistent(w, 1, 1);
		node_down(na, "gw");
		world_run(w, 60000);
	}
	/* Its owner says now to be another. */
	a.id = "c.example.org";
	configure(na, true, &a);
	assert_int_not_equal(node_up_try(na, "net", &outcome), 0);
	world_run(w, 60000);
	world_consistent(w, 0, 0);
	/* Its issuer is not trusted any more. */
	a.id = "a.example.org";
	b.cas = "other";
	configure(na, true, &a);
	configure(nb, false, &b);
	assert_int_not_equal(node_up_try(na, "net", &outcome), 0);
	world_run(w, 60000);
	world_consistent(w, 0, 0);
	world_free(w);
}

/* Found by all of their bytes, the newest of a place. */
static void test_cache(void **state)
{
	static struct cert_cache cache;
	struct cert_chain chain = { 0 };
	char path[128];
	uint8_t changed[2048];
	const uint8_t *der;
	size_t len;

	(void)state;
	snprintf(path, sizeof(path), "%s/a.crt", pki.dir);
	assert_int_equal(cert_load(path, &chain.certs[0], NULL), 0);
	chain.count = 1;
	der = cert_der(chain.certs[0], &len);
	assert_null(cert_cache_find(&cache, der, len));
	cert_cache_put(&cache, &chain);
	cert_cache_put(&cache, &chain);
	assert_ptr_equal(cert_cache_find(&cache, der, len), chain.certs[0]);
	assert_null(cert_cache_find(&cache, der, len - 1));
	assert_true(len <= sizeof(changed));
	for (size_t i = 0; i < len; i++) {
		memcpy(changed, der, len);
		changed[i] ^= 1;
		assert_null(cert_cache_find(&cache, changed, len));
	}
	cert_cache_clear(&cache);
	assert_null(cert_cache_find(&cache, der, len));
	cert_chain_clear(&chain);
}

static void append(const char *name, const char *more)
{
	char command[256];

	snprintf(command, sizeof(command), "cat %s/%s.crt >>%s/%s.crt", pki.dir, more, pki.dir, name);
	assert_int_equal(system(command), 0);
}

static void test_chain(void **state)
{
	struct side a = side_a, b = side_b;

	(void)state;
	issue(&sub, "leaf", "p256", "DNS:b.example.org");
	b.cert = "leaf";
	/* The intermediate is known to nobody, then sent by the peer. */
	refused(&a, &b);
	append("leaf", "sub");
	accepted(&a, &b);
}

static void test_trust(void **state)
{
	struct side a = side_a, b = side_b;
	struct pki_cert cert;

	(void)state;
	/* A CA that we do not know; an expired certificate; one that signs itself. */
	issue(&other_root, "foreign", "p256", "DNS:b.example.org");
	b.cert = "foreign";
	refused(&a, &b);
	pki_issue(&pki, &root, "old", &(struct pki_request){ "p256", "old", "DNS:b.example.org", false, true }, &cert);
	pki_free(&cert);
	b.cert = "old";
	refused(&a, &b);
	issue(NULL, "self", "p256", "DNS:b.example.org");
	b.cert = "self";
	refused(&a, &b);
	/* An end entity is no CA. */
	pki_issue(&pki, &root, "middle", &(struct pki_request){ "p256", "middle", NULL, false, false }, &cert);
	issue(&cert, "below", "p256", "DNS:b.example.org");
	pki_free(&cert);
	append("below", "middle");
	b.cert = "below";
	refused(&a, &b);
}

/* Of a file of several CAs the first is trusted, as in strongSwan; the others, whole or broken, stop nothing. */
static void test_bundle(void **state)
{
	struct side a = side_a, b = side_b;
	char command[256];

	(void)state;
	issue(&other_root, "stranger", "p256", "DNS:b.example.org");
	snprintf(command, sizeof(command),
		 "cd %s && { cat root.crt other.crt; printf '%%s\\n' '-----BEGIN CERTIFICATE-----' MIIB '-----END CERTIFICATE-----'; } >bundle.crt", pki.dir);
	assert_int_equal(system(command), 0);
	a.cas = "bundle";
	accepted(&a, &b);
	b.cert = "stranger";
	refused(&a, &b);
}

static void test_revoked(void **state)
{
	struct side a = side_a, b = side_b;
	struct pki_cert cert;

	(void)state;
	pki_issue(&pki, &root, "lost", &(struct pki_request){ "p256", "lost", "DNS:b.example.org", false, false }, &cert);
	b.cert = "lost";
	pki_crl(&pki, &root, NULL, "good");
	pki_crl(&pki, &root, &cert, "bad");
	pki_free(&cert);
	a.crl = "good";
	accepted(&a, &b);
	a.crl = "bad";
	refused(&a, &b);
	a.crl = NULL;
	a.more = "revocation = strict";
	refused(&a, &b);
	a.crl = "good";
	accepted(&a, &b);
}

static void test_rules(void **state)
{
	struct side a = side_a, b = side_b;
	char more[160];

	(void)state;
	/* The peer signs with SHA-384, the only one for P-384; SHA-512 is asked for. */
	issue(&root, "short", "rsa2048", "DNS:b.example.org");
	b.cert = "short";
	b.auth = "rsa-sha256";
	a.remote_auth = "ike:rsa-sha512";
	refused(&a, &b);
	a.remote_auth = "ike:rsa-3072";
	refused(&a, &b);
	a.remote_auth = "ike:ecdsa";
	refused(&a, &b);
	a.remote_auth = "ike:rsa-2048-sha256";
	accepted(&a, &b);
	/* The very certificate, another one. */
	a.remote_auth = "pubkey";
	snprintf(more, sizeof(more), "certs = %s/short.crt", pki.dir);
	a.more = more;
	accepted(&a, &b);
	snprintf(more, sizeof(more), "certs = %s/b.crt", pki.dir);
	refused(&a, &b);
	/* The chain must contain this CA. */
	snprintf(more, sizeof(more), "cacerts = %s/root.crt", pki.dir);
	accepted(&a, &b);
	snprintf(more, sizeof(more), "cacerts = %s/other.crt", pki.dir);
	refused(&a, &b);
}

static void test_sending(void **state)
{
	struct side a = side_a, b = side_b;
	char more[160];

	(void)state;
	/* Without a CERTREQ no certificate comes, unless it is always sent, or known. */
	a.conn = "send_certreq = no";
	refused(&a, &b);
	b.conn = "send_cert = always";
	accepted(&a, &b);
	b.conn = "send_cert = never";
	snprintf(more, sizeof(more), "certs = %s/b.crt", pki.dir);
	a.more = more;
	accepted(&a, &b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds), cmocka_unit_test(test_identities), cmocka_unit_test(test_chain), cmocka_unit_test(test_trust),
		cmocka_unit_test(test_known), cmocka_unit_test(test_cache), cmocka_unit_test(test_revoked), cmocka_unit_test(test_rules),
		cmocka_unit_test(test_sending), cmocka_unit_test(test_bundle),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
