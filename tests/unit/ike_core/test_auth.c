/* SPDX-License-Identifier: Apache-2.0 */
/* IKE_AUTH: shared keys, identities, postquantum preshared keys, several SAs with one peer; and a peer that keeps the keys and breaks the rules. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tamper.h"

struct side {
	const char *id, *remote_id;
	const char *conn;    /* lines of the connection */
	const char *secrets; /* sections */
};

#define PSK "ike-1 {\nid-1 = a.example.org\nid-2 = b.example.org\nsecret = \"of a and b\"\n}\n"
#define PPK(id, secret) "ppk-1 {\nid = " id "\nsecret = " secret "\n}\n"

static const struct side side_a = { "a.example.org", "b.example.org", "", PSK }, side_b = { "b.example.org", "a.example.org", "", PSK };

static struct world *w;
static struct node *na, *nb;

static void configure(struct node *n, const struct side *s)
{
	bool is_a = n == na;
	char text[4096];

	snprintf(text, sizeof(text),
		 "connections {\ngw {\nlocal_addrs = 192.0.2.%d\nremote_addrs = %s\nproposals = aes256gcm16-prfsha256-x25519\nkeyingtries = 1\n%s\n"
		 "local {\nauth = psk\n%s%s\n}\nremote {\nauth = psk\nid = %s\n}\n"
		 "children {\nnet {\nlocal_ts = 10.%d.0.0/16\nremote_ts = 10.%d.0.0/16\nesp_proposals = aes256gcm16\n}\n}\n}\n}\nsecrets {\n%s}\n",
		 is_a ? 1 : 2, is_a ? "192.0.2.2" : "%any", s->conn, s->id ? "id = " : "", s->id ? s->id : "", s->remote_id, is_a ? 1 : 2, is_a ? 2 : 1,
		 s->secrets);
	node_configure(n, text);
}

static void begin(const struct side *a, const struct side *b)
{
	w = world_new(5);
	na = world_add(w, "a", "192.0.2.1");
	nb = world_add(w, "b", "192.0.2.2");
	configure(na, a);
	configure(nb, b);
}

static void end(void)
{
	tamper_set(NULL, NULL);
	world_free(w);
}

static struct agent_stats stats_of(const struct node *n)
{
	struct agent_stats stats;

	agent_get_stats(n->agent, &stats);
	return stats;
}

static void accepted(const struct side *a, const struct side *b)
{
	begin(a, b);
	node_up(na, "net");
	world_run(w, 1000);
	world_consistent(w, 1, 1);
	assert_true(node_ping(na, "10.1.0.1", "10.2.0.1"));
	end();
}

/* Nothing is left of it, and the initiator knows within seconds. */
static void refused(const struct side *a, const struct side *b)
{
	struct outcome outcome;

	begin(a, b);
	assert_int_not_equal(node_up_try(na, "net", &outcome), 0);
	assert_true(w->now_ms < 1000000 + 5000);
	world_run(w, 60000);
	world_consistent(w, 0, 0);
	end();
}

/* ---- shared keys and identities --------------------------------------------------------------------------------------------------- */

static void test_psk(void **state)
{
	(void)state;
	accepted(&side_a, &side_b);
}

static void test_wrong_psk(void **state)
{
	struct side b = side_b;

	(void)state;
	b.secrets = "ike-1 {\nid-1 = a.example.org\nid-2 = b.example.org\nsecret = \"of a and c\"\n}\n";
	refused(&side_a, &b);
	/* None at all for these two, though there is one for others. */
	b.secrets = "ike-1 {\nid-1 = c.example.org\nid-2 = b.example.org\nsecret = \"of a and b\"\n}\n";
	refused(&side_a, &b);
}

/* Whoever has a secret with b has it as itself, and not as somebody else. */
static void test_secret_of_another(void **state)
{
	struct side a = { "mallory.example.org", "b.example.org", "", "ike-1 {\nsecret = \"of mallory\"\n}\n" };
	struct side b = { "b.example.org", "%any", "",
			  "ike-1 {\nid-1 = a.example.org\nid-2 = b.example.org\nsecret = \"of a and b\"\n}\n"
			  "ike-2 {\nid-1 = mallory.example.org\nid-2 = b.example.org\nsecret = \"of mallory\"\n}\n" };

	(void)state;
	accepted(&a, &b);
	a.id = "a.example.org";
	refused(&a, &b);
	a.id = "unknown.example.org";
	refused(&a, &b);
}

static void test_identities(void **state)
{
	struct side a = side_a, b = side_b;

	(void)state;
	/* The responder is another than the initiator wants; the initiator another than the responder wants. */
	a.secrets = b.secrets = "ike-1 {\nsecret = \"for all\"\n}\n";
	a.remote_id = "%any";
	b.id = "c.example.org";
	accepted(&a, &b);
	a.remote_id = "b.example.org";
	refused(&a, &b);
	a = side_a;
	b = side_b;
	b.remote_id = "c.example.org";
	refused(&a, &b);
	b.remote_id = "*.example.org";
	accepted(&a, &b);
	/* Without local.id it is the address. */
	a.secrets = b.secrets = "ike-1 {\nsecret = \"for all\"\n}\n";
	a.id = NULL;
	b.remote_id = "192.0.2.1";
	accepted(&a, &b);
}

/* The best fit of the responder's connections, the first of the file among equals, however its identity is written. */
static void test_initiator_chooses(void **state)
{
	static const struct { const char *id, *chosen; } cases[] = {
		{ "a.example.org", "exact" }, { "A.EXAMPLE.org", "exact" }, { "b.example.org", "suffix" }, { "a.example.com", "any" }, { "a@example.org", "mail" },
		{ "\"C=CH, O=Example, CN=a\"", "name" }, { "\"C=CH, O=example, CN=A\"", "name" }, { "\"C=CH, O=Example, CN=c\"", "names" },
		{ "192.0.2.1", "any" },
	};
	static const char *const remotes[][2] = {
		{ "any", "%any" }, { "suffix", "*.example.org" }, { "exact", "a.example.org" }, { "again", "a.example.org" }, { "suffix2", "*.example.org" },
		{ "mail", "a@example.org" }, { "names", "\"C=CH, O=Example, CN=*\"" }, { "name", "\"C=CH, O=Example, CN=a\"" },
	};
	struct side a = side_a;
	char text[4096];
	size_t at = (size_t)snprintf(text, sizeof(text), "connections {\n");

	(void)state;
	for (unsigned int i = 0; i < sizeof(remotes) / sizeof(remotes[0]); i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s { local_addrs = 192.0.2.2\nremote_addrs = %%any\nproposals = aes256gcm16-prfsha256-x25519\n"
				       "local { auth = psk\nid = b.test }\nremote { auth = psk\nid = %s }\n"
				       "children { net { local_ts = 10.2.0.0/16\nremote_ts = 10.1.0.0/16\nesp_proposals = aes256gcm16 } } }\n", remotes[i][0], remotes[i][1]);
	snprintf(text + at, sizeof(text) - at, "}\nsecrets { ike-1 { secret = \"for all\" } }\n");
	a.secrets = "ike-1 {\nsecret = \"for all\"\n}\n";
	a.remote_id = "b.test";
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		a.id = cases[i].id;
		begin(&a, &side_b);
		node_configure(nb, text);
		node_up(na, "net");
		assert_string_equal(node_only_ike(nb).name, cases[i].chosen);
		end();
	}
}

/* IDr of the initiator chooses among connections of the responder. */
static void test_idr_chooses(void **state)
{
	static const char two[] =
		"connections {\n"
		"one {\nlocal_addrs = 192.0.2.2\nremote_addrs = %any\nlocal {\nauth = psk\nid = one.example.org\n}\nremote {\nauth = psk\n}\n"
		"children {\nnet {\nlocal_ts = 10.3.0.0/16\nremote_ts = 10.1.0.0/16\n}\n}\n}\n"
		"two {\nlocal_addrs = 192.0.2.2\nremote_addrs = %any\nlocal {\nauth = psk\nid = b.example.org\n}\nremote {\nauth = psk\n}\n"
		"children {\nnet {\nlocal_ts = 10.2.0.0/16\nremote_ts = 10.1.0.0/16\n}\n}\n}\n}\n"
		"secrets {\n" PSK "}\n";

	(void)state;
	begin(&side_a, &side_b);
	node_configure(nb, two);
	node_up(na, "net");
	assert_string_equal(node_only_ike(nb).name, "two");
	assert_true(node_ping(na, "10.1.0.1", "10.2.0.1"));
	end();
}

/* ---- postquantum preshared keys (RFC 8784) -------------------------------------------------------------------------------------------- */

static void test_ppk(void **state)
{
	struct side a = side_a, b = side_b;

	(void)state;
	a.conn = "ppk_id = alpha";
	a.secrets = PSK PPK("alpha", "0x00112233445566778899aabbccddeeff");
	b.secrets = a.secrets;
	accepted(&a, &b);
	a.conn = "ppk_id = alpha\nppk_required = yes";
	b.conn = "ppk_required = yes";
	accepted(&a, &b);
	/* Not the same under the same name: nobody goes on. */
	b.secrets = PSK PPK("alpha", "0x00112233445566778899aabbccddeef0");
	refused(&a, &b);
	a.conn = "ppk_id = alpha";
	b.conn = "";
	refused(&a, &b);
}

static void test_no_ppk(void **state)
{
	struct side a = side_a, b = side_b;

	(void)state;
	a.conn = "ppk_id = alpha";
	a.secrets = PSK PPK("alpha", "\"one that b has not\"");
	/* b has none at all, or another: without it, if both may. */
	accepted(&a, &b);
	b.secrets = PSK PPK("beta", "\"another\"");
	accepted(&a, &b);
	b.conn = "ppk_required = yes";
	refused(&a, &b);
	b.conn = "";
	a.conn = "ppk_id = alpha\nppk_required = yes";
	refused(&a, &b);
	/* b wants one, and a does not offer any. */
	b.secrets = a.secrets;
	b.conn = "ppk_required = yes";
	a.conn = "";
	refused(&a, &b);
}

/* ---- several IKE SAs with one peer -------------------------------------------------------------------------------------------------------- */

static void test_initial_contact(void **state)
{
	(void)state;
	begin(&side_a, &side_b);
	node_up(na, "net");
	node_restart(na);
	configure(na, &side_a);
	/* b still has the old one; a's first words end it. */
	assert_int_equal(node_ike_count(nb), 1);
	node_up(na, "net");
	world_run(w, 1000);
	world_consistent(w, 1, 1);
	assert_true(node_ping(nb, "10.2.0.1", "10.1.0.1"));
	end();
}

/* Two agents with one identity, one after the other. */
static void unique(const char *policy, unsigned int expected)
{
	struct side b = side_b;
	struct outcome outcome;
	struct node *nc;
	char conn[40], text[2048];

	snprintf(conn, sizeof(conn), "unique = %s", policy);
	b.conn = conn;
	begin(&side_a, &b);
	nc = world_add(w, "c", "192.0.2.3");
	snprintf(text, sizeof(text),
		 "connections {\ngw {\nlocal_addrs = 192.0.2.3\nremote_addrs = 192.0.2.2\nunique = never\nproposals = aes256gcm16-prfsha256-x25519\n"
		 "local {\nauth = psk\nid = a.example.org\n}\nremote {\nauth = psk\nid = b.example.org\n}\n"
		 "children {\nnet {\nlocal_ts = 10.1.0.0/16\nremote_ts = 10.2.0.0/16\nesp_proposals = aes256gcm16\n}\n}\n}\n}\nsecrets {\n%s}\n", PSK);
	node_configure(nc, text);
	node_up(na, "net");
	assert_int_equal(node_up_try(nc, "net", &outcome) == 0, strcmp(policy, "keep") != 0);
	world_run(w, 20000);
	assert_int_equal(node_ike_count(nb), expected);
	assert_int_equal(node_ike_count(na), strcmp(policy, "replace") != 0);
	end();
}

static void test_unique(void **state)
{
	(void)state;
	unique("no", 2);
	unique("never", 2);
	unique("keep", 1);
	unique("replace", 1);
}

/* ---- rules broken behind right keys ------------------------------------------------------------------------------------------------------------ */

struct spoiling {
	uint8_t exchange;
	bool response;
	enum { SPOIL_DROP, SPOIL_TWICE, SPOIL_BIT, SPOIL_CUT, SPOIL_CRITICAL, SPOIL_EXCHANGE, SPOIL_NOTHING } how;
	uint8_t type;	 /* of the payload; for CRITICAL: the unknown one, for EXCHANGE: another exchange */
	unsigned int at; /* byte for BIT; bytes left for CUT */
	unsigned int done;
};

static void spoil(void *ctx, const struct tampered *t, const struct ike_chain *chain, struct ike_builder *out)
{
	struct spoiling *s = ctx;

	if (*t->exchange != s->exchange || t->response != s->response || s->how == SPOIL_NOTHING) {
		tamper_without(out, chain, IKE_PL_NONE);
		return;
	}
	s->done++;
	if (s->how == SPOIL_CRITICAL)
		ike_build_payload(out, s->type, true);
	if (s->how == SPOIL_EXCHANGE)
		*t->exchange = s->type;
	for (unsigned int i = 0; i < chain->count; i++) {
		const struct ike_payload *p = &chain->payloads[i];
		uint8_t changed[1024];
		struct ike_payload copy = *p;

		if (p->type != s->type || s->how == SPOIL_CRITICAL || s->how == SPOIL_EXCHANGE) {
			tamper_copy(out, p);
			continue;
		}
		if (s->how == SPOIL_DROP)
			continue;
		assert_true(p->len <= sizeof(changed));
		memcpy(changed, p->body, p->len);
		copy.body = changed;
		if (s->how == SPOIL_BIT)
			changed[s->at % p->len] ^= 1;
		if (s->how == SPOIL_CUT && s->at < copy.len)
			copy.len = s->at;
		tamper_copy(out, &copy);
		if (s->how == SPOIL_TWICE)
			tamper_copy(out, p);
	}
}

/* The attempt fails, both end without SAs, and the same two agents come together when the rules are kept again. */
static void broken(struct spoiling s)
{
	struct outcome outcome;

	begin(&side_a, &side_b);
	tamper_set(spoil, &s);
	assert_int_not_equal(node_up_try(na, "net", &outcome), 0);
	assert_true(s.done > 0);
	world_run(w, 200000);
	world_consistent(w, 0, 0);
	assert_int_equal(stats_of(nb).half_open, 0);
	tamper_set(NULL, NULL);
	node_up(na, "net");
	world_run(w, 1000);
	world_consistent(w, 1, 1);
	end();
}

static void test_missing_payloads(void **state)
{
	static const uint8_t request[] = { IKE_PL_IDI, IKE_PL_AUTH, IKE_PL_SA, IKE_PL_TSI, IKE_PL_TSR }, response[] = { IKE_PL_IDR, IKE_PL_AUTH };

	(void)state;
	for (unsigned int i = 0; i < sizeof(request); i++)
		broken((struct spoiling){ IKE_AUTH, false, SPOIL_DROP, request[i], 0, 0 });
	for (unsigned int i = 0; i < sizeof(response); i++)
		broken((struct spoiling){ IKE_AUTH, true, SPOIL_DROP, response[i], 0, 0 });
}

static void test_double_payloads(void **state)
{
	static const uint8_t types[] = { IKE_PL_IDI, IKE_PL_AUTH };

	(void)state;
	for (unsigned int i = 0; i < sizeof(types); i++)
		broken((struct spoiling){ IKE_AUTH, false, SPOIL_TWICE, types[i], 0, 0 });
	broken((struct spoiling){ IKE_AUTH, true, SPOIL_TWICE, IKE_PL_AUTH, 0, 0 });
}

/* Each byte of AUTH and ID counts, in both directions. */
static void test_changed_auth(void **state)
{
	(void)state;
	for (unsigned int at = 0; at < 36; at += 5)
		for (unsigned int i = 0; i < 2; i++)
			if (at < 1 || at > 3) /* reserved bytes of AUTH are not looked at (3.8) */
				broken((struct spoiling){ IKE_AUTH, i, SPOIL_BIT, IKE_PL_AUTH, at, 0 });
	/* The reserved bytes of ID are signed as well. */
	for (unsigned int at = 0; at < 17; at++) {
		broken((struct spoiling){ IKE_AUTH, false, SPOIL_BIT, IKE_PL_IDI, at, 0 });
		broken((struct spoiling){ IKE_AUTH, true, SPOIL_BIT, IKE_PL_IDR, at, 0 });
	}
}

static void test_short_payloads(void **state)
{
	static const uint8_t types[] = { IKE_PL_IDI, IKE_PL_AUTH, IKE_PL_SA, IKE_PL_TSI };

	(void)state;
	for (unsigned int i = 0; i < sizeof(types); i++)
		for (unsigned int len = 0; len < 6; len++)
			broken((struct spoiling){ IKE_AUTH, false, SPOIL_CUT, types[i], len, 0 });
	for (unsigned int len = 0; len < 6; len++) {
		broken((struct spoiling){ IKE_AUTH, true, SPOIL_CUT, IKE_PL_IDR, len, 0 });
		broken((struct spoiling){ IKE_AUTH, true, SPOIL_CUT, IKE_PL_AUTH, len, 0 });
	}
}

static void test_unknown_critical(void **state)
{
	(void)state;
	broken((struct spoiling){ IKE_AUTH, false, SPOIL_CRITICAL, 200, 0, 0 });
	broken((struct spoiling){ IKE_AUTH, true, SPOIL_CRITICAL, 200, 0, 0 });
}

/* After IKE_SA_INIT nothing but IKE_AUTH: whoever asks for a CHILD SA, a rekeying or information without it gets no answer. */
static void test_no_auth(void **state)
{
	static const uint8_t others[] = { IKE_CREATE_CHILD_SA, IKE_INFORMATIONAL };

	(void)state;
	for (unsigned int i = 0; i < sizeof(others); i++) {
		struct spoiling s = { IKE_AUTH, false, SPOIL_EXCHANGE, others[i], 0, 0 };
		struct outcome outcome;

		begin(&side_a, &side_b);
		tamper_set(spoil, &s);
		assert_int_equal(node_up_try(na, "net", &outcome), -ETIMEDOUT);
		assert_true(stats_of(nb).out_of_window > 0);
		assert_int_equal(stats_of(nb).established, 0);
		world_run(w, 60000);
		world_consistent(w, 0, 0);
		end();
	}
	/* A response of another exchange than the request's is none. */
	for (unsigned int i = 0; i < sizeof(others); i++) {
		struct spoiling s = { IKE_AUTH, true, SPOIL_EXCHANGE, others[i], 0, 0 };
		struct outcome outcome;

		begin(&side_a, &side_b);
		tamper_set(spoil, &s);
		assert_int_equal(node_up_try(na, "net", &outcome), -ETIMEDOUT);
		assert_int_equal(stats_of(na).established, 0);
		end();
	}
}

/* IKE_AUTH again on an established SA, in the form of our next request: not a word, and nothing changes. */
static void test_second_auth(void **state)
{
	struct spoiling s = { IKE_CREATE_CHILD_SA, false, SPOIL_EXCHANGE, IKE_AUTH, 0, 0 };
	uint64_t before;

	(void)state;
	begin(&side_a, &side_b);
	node_up(na, "net");
	world_run(w, 1000);
	before = stats_of(nb).out_of_window;
	tamper_set(spoil, &s);
	agent_rekey(na->agent, "net", false, false, world_outcome, &(struct outcome){ 0 });
	node_poke(na);
	world_run(w, 3000);
	assert_true(s.done > 0 && stats_of(nb).out_of_window > before);
	assert_int_equal(node_child_count(nb), 1);
	assert_int_equal(stats_of(nb).established, 1);
	assert_true(node_ping(na, "10.1.0.1", "10.2.0.1"));
	agent_forget(na->agent, NULL);
	tamper_set(NULL, NULL);
	node_restart(na);
	end();
}

/* The peer is who it says, and what it asks for as CHILD SA cannot be: the IKE SA stays (RFC 7296, 1.2). */
static void test_child_refused(void **state)
{
	static const char other[] =
		"connections {\ngw {\nlocal_addrs = 192.0.2.2\nremote_addrs = %any\nproposals = aes256gcm16-prfsha256-x25519\n"
		"local {\nauth = psk\nid = b.example.org\n}\nremote {\nauth = psk\nid = a.example.org\n}\n"
		"children {\nnet {\nlocal_ts = 10.8.0.0/16\nremote_ts = 10.9.0.0/16\nesp_proposals = aes256gcm16\n}\n}\n}\n}\nsecrets {\n" PSK "}\n";
	struct outcome outcome;

	(void)state;
	begin(&side_a, &side_b);
	node_configure(nb, other);
	assert_int_not_equal(node_up_try(na, "net", &outcome), 0);
	assert_non_null(strstr(outcome.text, "TS_UNACCEPTABLE"));
	world_run(w, 1000);
	world_consistent(w, 1, 0);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_psk), cmocka_unit_test(test_wrong_psk), cmocka_unit_test(test_secret_of_another), cmocka_unit_test(test_identities),
		cmocka_unit_test(test_initiator_chooses), cmocka_unit_test(test_idr_chooses), cmocka_unit_test(test_ppk), cmocka_unit_test(test_no_ppk), cmocka_unit_test(test_initial_contact),
		cmocka_unit_test(test_unique), cmocka_unit_test(test_missing_payloads), cmocka_unit_test(test_double_payloads),
		cmocka_unit_test(test_changed_auth), cmocka_unit_test(test_short_payloads), cmocka_unit_test(test_unknown_critical),
		cmocka_unit_test(test_no_auth), cmocka_unit_test(test_second_auth), cmocka_unit_test(test_child_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
