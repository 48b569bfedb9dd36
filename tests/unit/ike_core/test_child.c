/* SPDX-License-Identifier: Apache-2.0 */
/* CHILD SAs: what is agreed to, what is refused, what is installed; traps. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/child_life.h"
#include "core/child_sa.h"
#include "pair.h"

#define SECOND 1000u
#define MINUTE (60u * SECOND)

static bool ping_both(struct pair *p)
{
	return node_ping(p->a, "10.1.0.1", "10.2.0.1") && node_ping(p->b, "10.2.0.1", "10.1.0.1");
}

static void test_up_and_down(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, 1, "", "");
	node_up(p.a, "net");
	world_run(p.w, SECOND);
	world_consistent(p.w, 1, 1);
	assert_true(ping_both(&p));
	node_up(p.a, "gw/net"); /* it is there already */
	world_consistent(p.w, 1, 1);
	node_down(p.a, "net");
	world_run(p.w, MINUTE);
	world_consistent(p.w, 1, 0);
	assert_false(node_ping(p.a, "10.1.0.1", "10.2.0.1"));
	node_up(p.b, "net");
	world_consistent(p.w, 1, 1);
	assert_true(ping_both(&p));
	pair_close(&p);
}

/* ---- algorithms -------------------------------------------------------------------------------------------------------------- */

struct agreed {
	const char *a, *b;	 /* lines for each side */
	uint32_t aeads_a, aeads_b; /* of the data planes */
	const char *proposal;	 /* as the CHILD SA shows it; NULL: none is made */
	const char *rekeyed;	 /* the same after a rekeying */
};

#define BIT(x) (1u << SINK_##x)
#define ALL ((1u << SINK_AEAD_COUNT) - 1)
#define GCM (BIT(AES_GCM_16_128) | BIT(AES_GCM_16_256))

static const struct agreed agreements[] = {
	{ "esp_proposals = aes128gcm16", "esp_proposals = aes256gcm16,aes128gcm16", ALL, ALL, "AES_GCM_16-128", "AES_GCM_16-128" },
	{ "esp_proposals = aes256gcm16-aes128gcm16-x25519-ecp256", "esp_proposals = aes128gcm16-ecp256", ALL, ALL, "AES_GCM_16-128",
	  "AES_GCM_16-128/ECP_256" },
	{ "esp_proposals = aes256gcm16-esn-noesn", "esp_proposals = aes256gcm16-esn", ALL, ALL, "AES_GCM_16-256/EXT_SEQ", "AES_GCM_16-256/EXT_SEQ" },
	{ "esp_proposals = aes256gcm16-esn", "esp_proposals = aes256gcm16", ALL, ALL, NULL, NULL },
	{ "esp_proposals = chacha20poly1305-x25519", "esp_proposals = chacha20poly1305-x25519", ALL, ALL, "CHACHA20_POLY1305",
	  "CHACHA20_POLY1305/CURVE_25519" },
	{ "esp_proposals = aes256gmac", "esp_proposals = aes256gmac", ALL, ALL, "NULL_AUTH_AES_GMAC-256", "NULL_AUTH_AES_GMAC-256" },
	/* The data plane has only AES-GCM: nothing else is offered or accepted. */
	{ "esp_proposals = chacha20poly1305,aes256gcm16", "esp_proposals = chacha20poly1305,aes256gcm16", GCM, ALL, "AES_GCM_16-256",
	  "AES_GCM_16-256" },
	{ "esp_proposals = chacha20poly1305,aes256gcm16", "esp_proposals = chacha20poly1305,aes256gcm16", ALL, GCM, "AES_GCM_16-256",
	  "AES_GCM_16-256" },
	{ "esp_proposals = chacha20poly1305", "esp_proposals = chacha20poly1305", GCM, ALL, NULL, NULL },
	{ "esp_proposals = chacha20poly1305", "esp_proposals = chacha20poly1305", ALL, GCM, NULL, NULL },
	{ "esp_proposals = aes192gcm16", "esp_proposals = aes192gcm16", GCM, GCM, NULL, NULL },
	{ "esp_proposals = aes128gmac", "esp_proposals = aes128gmac", ALL, GCM, NULL, NULL },
	{ "esp_proposals = aes256-sha256,aes128gcm16", "esp_proposals = aes256-sha256,aes128gcm16", ALL, ALL, "AES_GCM_16-128", "AES_GCM_16-128" },
	{ "esp_proposals = aes256-sha256", "esp_proposals = aes256-sha256", ALL, ALL, NULL, NULL },
};

static void agree(const struct agreed *t)
{
	struct outcome outcome;
	struct pair p;

	pair_create(&p, 2);
	p.a->sink.caps.aeads = t->aeads_a;
	p.b->sink.caps.aeads = t->aeads_b;
	node_restart(p.a);
	node_restart(p.b);
	pair_configure(&p, t->a, t->b);
	if (t->proposal) {
		node_up(p.a, "net");
		assert_string_equal(node_only_child(p.a).proposal, t->proposal);
		node_rekey(p.a, "net", false, false);
		world_run(p.w, MINUTE);
		assert_string_equal(node_only_child(p.b).proposal, t->rekeyed);
		world_consistent(p.w, 1, 1);
	} else {
		assert_int_not_equal(node_up_try(p.a, "net", &outcome), 0);
		world_run(p.w, MINUTE);
		world_consistent_any(p.w);
		assert_int_equal(node_child_count(p.a), 0);
	}
	pair_close(&p);
}

static void test_algorithms(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(agreements) / sizeof(agreements[0]); i++)
		agree(&agreements[i]);
}

static void test_esn_by_caps(void **state)
{
	struct pair p;

	(void)state;
	for (int esn = 0; esn < 2; esn++) {
		pair_create(&p, 3);
		p.b->sink.caps.esn = esn;
		p.b->sink.caps.no_esn = !esn;
		node_restart(p.b);
		pair_configure(&p, "esp_proposals = aes256gcm16-noesn-esn", "esp_proposals = aes256gcm16-noesn-esn");
		node_up(p.a, "net");
		assert_int_equal(node_only_child(p.a).esn, esn);
		world_consistent(p.w, 1, 1);
		pair_close(&p);
	}
}

/* ---- modes ---------------------------------------------------------------------------------------------------------------------- */

static void mode(const char *mode_a, const char *mode_b, bool caps_a, bool caps_b, bool transport)
{
	char a[128], b[128];
	struct pair p;

	snprintf(a, sizeof(a), "mode = %s\nlocal_ts = dynamic\nremote_ts = dynamic", mode_a);
	snprintf(b, sizeof(b), "mode = %s\nlocal_ts = dynamic\nremote_ts = dynamic", mode_b);
	pair_create(&p, 4);
	p.a->sink.caps.transport = caps_a;
	p.b->sink.caps.transport = caps_b;
	node_restart(p.a);
	node_restart(p.b);
	pair_configure(&p, a, b);
	p.b->log_awaited = "the peer asks for transport mode for net and gets tunnel mode";
	node_up(p.a, "net");
	assert_int_equal(node_only_child(p.a).transport, transport);
	assert_int_equal(p.b->log_seen, !strcmp(mode_a, "transport") && caps_a && !transport);
	node_rekey(p.b, "net", false, false);
	world_run(p.w, MINUTE);
	assert_int_equal(node_only_child(p.a).transport, transport);
	world_consistent(p.w, 1, 1);
	assert_true(node_ping(p.a, "192.0.2.1", "192.0.2.2"));
	pair_close(&p);
}

static void test_modes(void **state)
{
	(void)state;
	mode("transport", "transport", true, true, true);
	mode("transport", "tunnel", true, true, false);
	mode("tunnel", "transport", true, true, false);
	mode("transport", "transport", false, true, false);
	mode("transport", "transport", true, false, false);
	mode("tunnel", "tunnel", true, true, false);
}

/* ---- selectors ------------------------------------------------------------------------------------------------------------------ */

static const struct {
	const char *a_local, *a_remote, *b_local, *b_remote; /* of the configurations */
	const char *local, *remote;			     /* the first ones of a's CHILD SA; NULL: refused */
	bool no_v6;					     /* b's data plane carries no IPv6 */
} selectors[] = {
	{ "10.0.0.0/8", "10.0.0.0/8", "10.2.0.0/16", "10.1.0.0/16", "10.1.0.0/16", "10.2.0.0/16", false },
	{ "10.1.0.0/16", "10.2.0.0/16", "0.0.0.0/0", "0.0.0.0/0", "10.1.0.0/16", "10.2.0.0/16", false },
	{ "10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16", "10.1.0.0/16", NULL, NULL, false },
	{ "10.1.0.0/16[tcp/80]", "10.2.0.0/16[tcp]", "10.2.0.0/16", "10.1.0.0/16", "10.1.0.0/16[tcp/80]", "10.2.0.0/16[tcp]", false },
	{ "dynamic", "dynamic", "dynamic", "dynamic", "192.0.2.1/32", "192.0.2.2/32", false },
	{ "dynamic[udp]", "dynamic", "192.0.2.0/24", "192.0.2.0/24[udp]", "192.0.2.1/32[udp]", "192.0.2.2/32", false },
	{ "10.1.0.0/16,2001:db8:1::/48", "10.2.0.0/16,2001:db8:2::/48", "10.2.0.0/16,2001:db8:2::/48", "10.1.0.0/16,2001:db8:1::/48", "10.1.0.0/16",
	  "10.2.0.0/16", false },
	{ "10.1.0.0/16,2001:db8:1::/48", "10.2.0.0/16,2001:db8:2::/48", "10.2.0.0/16,2001:db8:2::/48", "10.1.0.0/16,2001:db8:1::/48", "10.1.0.0/16",
	  "10.2.0.0/16", true },
	{ "2001:db8:1::/48", "2001:db8:2::/48", "2001:db8:2::/48", "2001:db8:1::/48", NULL, NULL, true },
};

static void test_selectors(void **state)
{
	char a[256], b[256], text[TS_TEXT_LEN];
	struct child_copy child;
	struct outcome outcome;
	struct pair p;

	(void)state;
	for (size_t i = 0; i < sizeof(selectors) / sizeof(selectors[0]); i++) {
		snprintf(a, sizeof(a), "local_ts = %s\nremote_ts = %s", selectors[i].a_local, selectors[i].a_remote);
		snprintf(b, sizeof(b), "local_ts = %s\nremote_ts = %s", selectors[i].b_local, selectors[i].b_remote);
		pair_create(&p, 5);
		p.b->sink.caps.inner_v6 = !selectors[i].no_v6;
		node_restart(p.b);
		pair_configure(&p, a, b);
		if (!selectors[i].local) {
			assert_int_not_equal(node_up_try(p.a, "net", &outcome), 0);
			assert_non_null(strstr(outcome.text, "TS_UNACCEPTABLE"));
			world_consistent(p.w, 1, 0);
		} else {
			node_up(p.a, "net");
			child = node_only_child(p.a);
			assert_string_equal(ts_print(&child.local_ts[0], text), selectors[i].local);
			assert_string_equal(ts_print(&child.remote_ts[0], text), selectors[i].remote);
			world_consistent(p.w, 1, 1);
			node_rekey(p.b, "net", false, false);
			world_run(p.w, MINUTE);
			world_consistent(p.w, 1, 1);
			assert_int_equal(node_only_child(p.a).reqid, child.reqid);
		}
		pair_close(&p);
	}
}

/* The responder has several CHILD SAs: the one that allows all that is asked for. */
static void test_choice(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, 6, "local_ts = 10.1.0.0/16\nremote_ts = 10.2.0.0/16\nchild two:local_ts = 10.3.0.0/16\nchild two:remote_ts = 10.4.0.0/16",
		  "local_ts = 10.2.0.0/24\nremote_ts = 10.1.0.0/16\nchild all:local_ts = 10.2.0.0/15\nchild all:remote_ts = 10.0.0.0/8\n"
		  "child four:local_ts = 10.4.0.0/16\nchild four:remote_ts = 10.3.0.0/16");
	node_up(p.a, "net");
	assert_string_equal(node_only_child(p.b).name, "all");
	node_up(p.a, "two");
	world_consistent(p.w, 1, 2);
	assert_true(node_ping(p.a, "10.3.0.1", "10.4.0.1"));
	pair_close(&p);
}

/* ---- refusals ------------------------------------------------------------------------------------------------------------------- */

/* The initiator begins with a group that the responder does not want. */
static void test_other_group(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, 7, "esp_proposals = aes256gcm16-x25519-ecp256-ecp384\nconn:proposals = aes256gcm16-prfsha256-x25519-ecp256-ecp384",
		  "esp_proposals = aes256gcm16-ecp384\nconn:proposals = aes256gcm16-prfsha256-ecp384");
	node_up(p.a, "net");
	node_rekey(p.a, "net", false, false);
	node_rekey(p.a, "gw", true, false);
	world_run(p.w, MINUTE);
	assert_non_null(strstr(node_only_child(p.a).proposal, "ECP_384"));
	world_consistent(p.w, 1, 1);
	node_rekey(p.b, "net", false, false);
	node_rekey(p.b, "gw", true, false);
	world_run(p.w, MINUTE);
	world_consistent(p.w, 1, 1);
	assert_true(ping_both(&p));
	pair_close(&p);
}

static void test_no_additional_sas(void **state)
{
	const char *more = "child two:local_ts = 10.3.0.0/16\nchild two:remote_ts = 10.3.0.0/16\n";
	struct outcome outcome;
	struct pair p;

	(void)state;
	pair_create(&p, 8);
	p.w->settings.children_max = 1;
	node_restart(p.b);
	pair_configure(&p, more, more);
	node_up(p.a, "net");
	assert_int_not_equal(node_up_try(p.a, "two", &outcome), 0);
	assert_non_null(strstr(outcome.text, "NO_ADDITIONAL_SAS"));
	node_rekey(p.a, "net", false, false);
	world_run(p.w, MINUTE);
	world_consistent(p.w, 1, 1);
	pair_close(&p);
}

/* The data plane is full, of one side or the other, at the first or second SA of the pair. */
static void test_full_data_plane(void **state)
{
	struct outcome outcome;
	struct pair p;

	(void)state;
	for (int of_a = 0; of_a < 2; of_a++) {
		pair_open(&p, 9, "", "");
		node_up(p.a, "net");
		node_down(p.a, "net");
		(of_a ? p.a : p.b)->sink.fail_adds = 1;
		assert_int_not_equal(node_up_try(p.a, "net", &outcome), 0);
		world_run(p.w, MINUTE);
		world_consistent(p.w, 1, 0);
		node_up(p.a, "net");
		world_consistent(p.w, 1, 1);
		(of_a ? p.a : p.b)->sink.fail_adds = 1;
		agent_rekey(p.a->agent, "net", false, false, world_outcome, memset(&outcome, 0, sizeof(outcome)));
		node_poke(p.a);
		world_run(p.w, MINUTE);
		world_consistent(p.w, 1, 1);
		assert_true(ping_both(&p));
		pair_close(&p);
	}
}

/* The peer has lost the CHILD SA that we rekey: CHILD_SA_NOT_FOUND, and a new one from scratch. */
static void test_not_found(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, 10, "", "");
	node_up(p.a, "net");
	child_destroy(p.b->agent->sas->children, CLOSE_LOCAL);
	assert_int_equal(node_child_count(p.b), 0);
	node_rekey(p.a, "net", false, false);
	world_run(p.w, MINUTE);
	world_consistent(p.w, 1, 1);
	assert_true(ping_both(&p));
	/* And a delete of what the peer does not have. */
	child_destroy(p.b->agent->sas->children, CLOSE_LOCAL);
	node_down(p.a, "net");
	world_run(p.w, MINUTE);
	world_consistent(p.w, 1, 0);
	pair_close(&p);
}

/* What the peer is doing forbids ours for a while: TEMPORARY_FAILURE, and it is tried again. */
static void test_temporary_failure(void **state)
{
	const char *more = "child two:local_ts = 10.3.0.0/16\nchild two:remote_ts = 10.3.0.0/16\n";
	struct outcome outcome = { 0 };
	struct pair p;

	(void)state;
	pair_open(&p, 11, more, more);
	node_up(p.a, "net");
	agent_rekey(p.b->agent, "gw", true, false, world_outcome, &outcome);
	node_poke(p.b);
	node_up(p.a, "two");
	world_run(p.w, MINUTE);
	assert_int_equal(outcome.error, 0);
	world_consistent(p.w, 1, 2);
	pair_close(&p);
}

/* ---- traps ---------------------------------------------------------------------------------------------------------------------- */

static void test_trap(void **state)
{
	struct child_copy first;
	struct pair p;

	(void)state;
	pair_open(&p, 12, "start_action = trap", "");
	world_run(p.w, MINUTE);
	world_consistent(p.w, 0, 0);
	for (int i = 0; i < 10; i++)
		assert_false(node_ping(p.a, "10.1.0.1", "10.2.0.1"));
	world_run(p.w, SECOND);
	world_consistent(p.w, 1, 1);
	assert_true(ping_both(&p));
	first = node_only_child(p.a);
	/* Without its IKE SA: the trap is there again, with the same reqid. */
	node_down(p.a, "gw");
	world_run(p.w, MINUTE);
	world_consistent(p.w, 0, 0);
	assert_false(node_ping(p.a, "10.1.0.1", "10.2.0.1"));
	world_run(p.w, SECOND);
	world_consistent(p.w, 1, 1);
	assert_int_equal(node_only_child(p.a).reqid, first.reqid);
	/* A reload keeps it; one without it takes the trap away, not the SA. */
	pair_configure(&p, "start_action = trap\nrekey_time = 1h", "");
	world_consistent(p.w, 1, 1);
	pair_configure(&p, "", "");
	world_consistent(p.w, 1, 1);
	assert_true(ping_both(&p));
	node_down(p.a, "net");
	world_run(p.w, MINUTE);
	assert_null(p.a->sink.policies);
	pair_close(&p);
}

static const struct mock_policy *policy_to(struct node *n, const char *remote)
{
	struct ts ts;

	assert_int_equal(ts_parse(remote, &ts), 0);
	for (const struct mock_policy *p = n->sink.policies; p; p = p->next)
		if (ts_equal(&p->policy.remote[0], &ts))
			return p;
	return NULL;
}

/* Policies alone, in strongSwan's order: pass before everything, drop behind everything; a reload changes and removes them. */
static void test_shunts(void **state)
{
	static const char shunts[] = "start_action = trap\nchild lan:mode = pass\nchild lan:local_ts = 10.1.0.0/16\nchild lan:remote_ts = 10.1.0.0/16\n"
				     "child lan:start_action = trap\n";
	struct pair p;

	(void)state;
	pair_open(&p, 61, shunts, "");
	assert_int_equal(policy_to(p.a, "10.1.0.0/16")->policy.action, SINK_BYPASS);
	assert_true(policy_to(p.a, "10.1.0.0/16")->policy.priority < policy_to(p.a, "10.2.0.0/16")->policy.priority);
	node_up(p.a, "gw"); /* all of the connection: the shunt is none of them */
	assert_true(ping_both(&p));
	assert_true(policy_to(p.a, "10.1.0.0/16")->policy.priority < policy_to(p.a, "10.2.0.0/16")->policy.priority);
	pair_configure(&p, "child rest:mode = drop\nchild rest:start_action = trap\n", "");
	assert_null(policy_to(p.a, "10.1.0.0/16"));
	assert_int_equal(policy_to(p.a, "0.0.0.0/0")->policy.action, SINK_DISCARD);
	assert_true(policy_to(p.a, "0.0.0.0/0")->policy.priority > policy_to(p.a, "10.2.0.0/16")->policy.priority);
	assert_true(ping_both(&p));
	pair_configure(&p, "mode = pass\nstart_action = trap", ""); /* the SA goes on until it ends; then in clear */
	assert_true(ping_both(&p));
	node_down(p.a, "gw");
	world_run(p.w, MINUTE);
	assert_int_equal(policy_to(p.a, "10.2.0.0/16")->policy.action, SINK_BYPASS);
	pair_configure(&p, "", "");
	assert_null(p.a->sink.policies);
	pair_close(&p);
}

/* What start_action = start covers never goes in clear, unless the setting says so. */
static void test_start_blocks(void **state)
{
	for (unsigned int blocks = 0; blocks < 2; blocks++) {
		struct pair p;

		(void)state;
		pair_create(&p, 62);
		p.w->settings.start_blocks = blocks;
		node_restart(p.a);
		pair_configure(&p, "start_action = start", "");
		assert_int_equal(p.a->sink.policies != NULL, blocks); /* before anything was negotiated */
		world_run(p.w, MINUTE);
		assert_true(ping_both(&p));
		node_down(p.b, "gw"); /* the peer ends it */
		assert_int_equal(p.a->sink.policies != NULL, blocks);
		if (blocks)
			assert_int_equal(p.a->sink.policies->policy.spi, 0);
		pair_close(&p);
	}
}

/* What an earlier agent left goes, but not before what stays is set. */
static void test_sweep(void **state)
{
	struct sink_policy old = { .reqid = 4711, .local_count = 1, .remote_count = 1 };
	struct pair p;

	(void)state;
	pair_create(&p, 63);
	assert_int_equal(ts_parse("10.1.0.0/16", &old.local[0]), 0);
	assert_int_equal(ts_parse("10.9.0.0/16", &old.remote[0]), 0);
	assert_int_equal(sink_policy_set(&p.a->sink.sink, &old), 0);
	p.a->sink.policies->set = false;
	pair_configure(&p, "start_action = trap", "");
	assert_null(policy_to(p.a, "10.9.0.0/16"));
	assert_non_null(policy_to(p.a, "10.2.0.0/16"));
	pair_close(&p);
}

/* The data plane is back without SAs: what they protected is blocked until they are, also where there is no trap. */
static void test_lost_blocks(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, 64, "", "");
	node_up(p.a, "net");
	mock_down(&p.a->sink);
	mock_up(&p.a->sink);
	node_poke(p.a);
	assert_non_null(policy_to(p.a, "10.2.0.0/16"));
	assert_int_equal(policy_to(p.a, "10.2.0.0/16")->policy.spi, 0);
	world_run(p.w, MINUTE);
	assert_true(ping_both(&p));
	node_down(p.a, "net");
	world_run(p.w, MINUTE);
	assert_null(p.a->sink.policies);
	pair_close(&p);
}

static void test_start(void **state)
{
	const char *more = "start_action = start\nchild two:local_ts = 10.3.0.0/16\nchild two:remote_ts = 10.3.0.0/16\n"
			   "child two:start_action = start\n";
	struct pair p;

	(void)state;
	pair_open(&p, 13, "", more);
	pair_configure(&p, more, more);
	world_run(p.w, MINUTE);
	world_consistent_any(p.w);
	assert_true(node_child_count(p.a) >= 2);
	pair_close(&p);
	pair_create(&p, 14);
	pair_configure(&p, more, "child two:local_ts = 10.3.0.0/16\nchild two:remote_ts = 10.3.0.0/16\n");
	world_run(p.w, MINUTE);
	world_consistent(p.w, 1, 2);
	pair_close(&p);
}

/* A trap wider than what the peer allows: what was narrowed is protected by its own SA, the trap stays behind it. */
static void test_narrowed_trap(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, 15, "start_action = trap\nremote_ts = 10.0.0.0/8", "");
	assert_false(node_ping(p.a, "10.1.0.1", "10.2.0.1"));
	world_run(p.w, SECOND);
	world_consistent(p.w, 1, 1);
	assert_true(ping_both(&p));
	/* Outside: held, not sent in clear; the peer refuses more of the same, and that does not grow. */
	for (int i = 0; i < 5; i++) {
		assert_false(node_ping(p.a, "10.1.0.1", "10.9.0.1"));
		world_run(p.w, 2 * SECOND);
	}
	assert_true(node_child_count(p.a) <= 2);
	world_consistent_any(p.w);
	pair_close(&p);
}

/* ---- NAT ------------------------------------------------------------------------------------------------------------------------ */

static void test_nat(void **state)
{
	const char *a = "conn:remote_addrs = 192.0.2.2\nconn:local_addrs = 10.9.9.9", *b = "conn:remote_addrs = %any";
	struct endpoint moved;
	struct mock_sa *sa;
	struct child_copy child;
	struct pair p;

	(void)state;
	p.w = world_new(16);
	p.a = world_add(p.w, "a", "10.9.9.9");
	p.b = world_add(p.w, "b", "192.0.2.2");
	world_nat(p.a, "192.0.2.99");
	pair_configure(&p, a, b);
	node_up(p.a, "net");
	world_consistent(p.w, 1, 1);
	child = node_only_child(p.b);
	assert_true(child.udp_encap);
	assert_true(ping_both(&p));
	node_rekey(p.b, "net", false, false);
	node_rekey(p.a, "gw", true, false);
	world_run(p.w, MINUTE);
	world_consistent(p.w, 1, 1);
	/* The NAT forgets its ports; the data plane of b sees authenticated packets from others. */
	world_nat_rebind(p.a);
	world_run(p.w, MINUTE);
	child = node_only_child(p.b);
	sa = mock_sa_find(&p.b->sink, SINK_IN, child.spi_in, &p.b->addrs[0]);
	moved = (struct endpoint){ .ip = p.a->nat_ip, .port = p.a->nat_ports[0].outside };
	mock_raise_mapping(&p.b->sink, sa, &moved);
	node_poke(p.b);
	assert_true(ping_both(&p));
	sa = mock_sa_find(&p.b->sink, SINK_OUT, child.spi_out, &p.a->nat_ip);
	assert_int_equal(sa->sa.dst.port, moved.port);
	node_rekey(p.b, "net", false, false);
	world_run(p.w, MINUTE);
	world_consistent(p.w, 1, 1);
	pair_close(&p);
}

/* ---- IPv6 outside ---------------------------------------------------------------------------------------------------------------- */

static void test_outer_v6(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, 17, "conn:local_addrs = 2001:db8::1\nconn:remote_addrs = 2001:db8::2",
		  "conn:local_addrs = 2001:db8::2\nconn:remote_addrs = 2001:db8::1");
	node_up(p.a, "net");
	node_rekey(p.b, "net", false, false);
	world_run(p.w, MINUTE);
	world_consistent(p.w, 1, 1);
	assert_true(ping_both(&p));
	pair_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_up_and_down),
		cmocka_unit_test(test_algorithms),
		cmocka_unit_test(test_esn_by_caps),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_selectors),
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_other_group),
		cmocka_unit_test(test_no_additional_sas),
		cmocka_unit_test(test_full_data_plane),
		cmocka_unit_test(test_not_found),
		cmocka_unit_test(test_temporary_failure),
		cmocka_unit_test(test_trap),
		cmocka_unit_test(test_shunts),
		cmocka_unit_test(test_start_blocks),
		cmocka_unit_test(test_sweep),
		cmocka_unit_test(test_lost_blocks),
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_narrowed_trap),
		cmocka_unit_test(test_nat),
		cmocka_unit_test(test_outer_v6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
