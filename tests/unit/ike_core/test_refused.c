/* SPDX-License-Identifier: Apache-2.0 */
/* Peers that do not rekey as we do: with a Diffie-Hellman exchange or without one, or not at all. The tunnel stays up, and the log says why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/ike_rekey.h"
#include "core/refuse.h"
#include "pair.h"

#define SECOND 1000u
#define MINUTE (60u * SECOND)
#define HOUR (60u * MINUTE)

static struct agent *refuses_ike;
static uint16_t with;

int __real_ike_rekey_request(struct ike_sa *sa, const struct ike_message *m, struct ike_builder *reply);
int __wrap_ike_rekey_request(struct ike_sa *sa, const struct ike_message *m, struct ike_builder *reply);
int __wrap_ike_rekey_request(struct ike_sa *sa, const struct ike_message *m, struct ike_builder *reply)
{
	return sa->agent == refuses_ike ? refuse_with(sa, reply, with) : __real_ike_rekey_request(sa, m, reply);
}

static void flood(struct pair *p)
{
	node_flood(p->a, "10.1.0.1", "10.2.0.1", 97);
	node_flood(p->b, "10.2.0.1", "10.1.0.1", 101);
}

static void nothing_lost(struct pair *p)
{
	world_flood_stop(p->w);
	world_run(p->w, 10 * SECOND);
	world_consistent(p->w, 1, 1);
	assert_int_equal(p->a->flood_lost + p->b->flood_lost, 0);
}

/* Our defaults are for those who insist on a group, of which kind ever, and for those who want none. */
static void test_defaults(void **state)
{
	static const char *const peers[] = { "default", "aes256gcm16", "aes128gcm16-x25519", "aes256gcm16-ecp384", "aes256gcm16-modp2048-modp3072",
					     "aes256gcm16-none-ecp521" };
	struct child_copy before;
	char more[160];
	struct pair p;

	(void)state;
	for (size_t i = 0; i < sizeof(peers) / sizeof(*peers); i++) {
		snprintf(more, sizeof(more), "esp_proposals = %s", peers[i]);
		pair_open(&p, 90 + i, "esp_proposals = default", more);
		node_up(p.a, "net");
		flood(&p);
		for (int b = 0; b < 2; b++) {
			before = node_only_child(p.a);
			node_rekey(b ? p.b : p.a, "net", false, false);
			world_run(p.w, MINUTE);
			assert_int_not_equal(node_only_child(p.a).id, before.id);
		}
		nothing_lost(&p);
		pair_close(&p);
	}
}

/* One side insists on a group that the other does not have: a new IKE SA comes before the life ends, and nothing is lost. */
static void insists(const char *of_a, const char *of_b, const char *said)
{
	struct pair p;

	pair_open(&p, 100, of_a, of_b);
	p.a->listen = said;
	node_up(p.a, "net");
	flood(&p);
	world_run(p.w, 3 * HOUR);
	nothing_lost(&p);
	assert_true(node_only_child(p.a).age_s < 660);
	assert_true(p.a->heard > 3);
	pair_close(&p);
}

static void test_no_group(void **state)
{
	static const char life[] = "esp_proposals = aes256gcm16\nrekey_time = 10m\nlife_time = 11m\nrand_time = 0";

	(void)state;
	insists(life, "esp_proposals = aes256gcm16-ecp256",
		"the peer refuses it: NO_PROPOSAL_CHOSEN; offered: aes256gcm16-noesn; a peer that insists on PFS wants a Diffie-Hellman group");
	insists(life, "esp_proposals = aes256gcm16-ecp256", "the peer does not rekey net: a new IKE_SA is made");
}

static void test_other_group(void **state)
{
	(void)state;
	insists("esp_proposals = aes256gcm16-x25519\nrekey_time = 10m\nlife_time = 11m\nrand_time = 0", "esp_proposals = aes256gcm16-ecp256",
		"refuses it: NO_PROPOSAL_CHOSEN; offered: aes256gcm16-x25519-noesn");
}

/* No time for several tries: the SA ends first, and the new one comes then. */
static void test_short_life(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, 101, "esp_proposals = aes256gcm16\nrekey_time = 600\nlife_time = 602\nrand_time = 0", "esp_proposals = aes256gcm16-ecp256");
	node_up(p.a, "net");
	node_flood(p.a, "10.1.0.1", "10.2.0.1", SECOND);
	world_run(p.w, 3 * HOUR);
	world_flood_stop(p.w);
	/* 17 or 18 times: the deletion, two exchanges. */
	assert_true(p.a->flood_lost < 40);
	assert_true(node_child_count(p.a) == 0 || node_only_child(p.a).age_s < 603);
	pair_close(&p);
}

/* The peer cannot be called: it ends, and the log says why. */
static void test_no_address(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, 102, "esp_proposals = aes256gcm16\nrekey_time = 10m\nlife_time = 11m\nrand_time = 0\nconn:remote_addrs = %any",
		  "esp_proposals = aes256gcm16-ecp256");
	p.a->listen = "remote_addrs has no address for a new IKE_SA";
	node_up(p.b, "net");
	world_run(p.w, HOUR);
	world_consistent(p.w, 1, 0);
	assert_int_equal(p.a->heard, 2);
	pair_close(&p);
}

static void refused_ike(uint16_t notify, const char *life)
{
	struct pair p;

	pair_open(&p, 103, life, "");
	refuses_ike = p.b->agent;
	with = notify;
	node_up(p.a, "net");
	flood(&p);
	for (int i = 0; i < 4; i++) {
		world_run(p.w, HOUR);
		assert_true(node_only_ike(p.a).age_s < 1300);
	}
	world_flood_stop(p.w);
	world_run(p.w, 10 * SECOND);
	world_consistent(p.w, 1, 1);
	if (notify != IKE_N_TEMPORARY_FAILURE)
		assert_int_equal(p.a->flood_lost + p.b->flood_lost, 0);
	refuses_ike = NULL;
	pair_close(&p);
}

static void test_ike(void **state)
{
	(void)state;
	refused_ike(IKE_N_NO_PROPOSAL_CHOSEN, "conn:rekey_time = 20m\nconn:over_time = 1m\nconn:rand_time = 0");
	refused_ike(IKE_N_NO_ADDITIONAL_SAS, "conn:rekey_time = 20m\nconn:over_time = 1m\nconn:rand_time = 0");
	/* Not yet, and not yet, until the life is over. */
	refused_ike(IKE_N_TEMPORARY_FAILURE, "conn:rekey_time = 20m\nconn:over_time = 1m\nconn:rand_time = 0");
}

/* Each side says what it has, and what the other has, at the level that people see. */
static void sentence(const char *of_a, const char *of_b, const char *said_by_a, const char *said_by_b)
{
	struct outcome outcome = { 0 };
	struct pair p;

	pair_create(&p, 104);
	p.a->listen = said_by_a;
	p.b->listen = said_by_b;
	pair_configure(&p, of_a, of_b);
	node_up_try(p.a, "net", &outcome);
	if (said_by_a && !p.a->heard)
		fail_msg("not said: %s", said_by_a);
	if (said_by_b && !p.b->heard)
		fail_msg("not said: %s", said_by_b);
	pair_close(&p);
}

static void test_sentences(void **state)
{
	(void)state;
	sentence("conn:proposals = aes256gcm16-prfsha256-x25519", "conn:proposals = aes256gcm16-prfsha256-ecp384",
		 "NO_PROPOSAL_CHOSEN; offered: aes256gcm16-prfsha256-x25519", "no proposal in common; the peer offers: aes256gcm16-prfsha256-x25519");
	sentence("esp_proposals = aes128gcm16-x25519", "esp_proposals = aes256gcm16", "NO_PROPOSAL_CHOSEN; offered, groups left out: aes128gcm16",
		 "no proposal in common, groups left out; the peer offers: aes128gcm16-noesn; here: aes256gcm16-noesn");
	sentence("local_ts = 10.77.0.0/16", "", "the peer refuses it: TS_UNACCEPTABLE", "a CHILD_SA is refused: TS_UNACCEPTABLE");
}

/* What the data plane lacks is said when the configuration is loaded. */
static void test_remarks(void **state)
{
	struct pair p;

	(void)state;
	pair_create(&p, 105);
	p.a->sink.caps.aeads = 1u << SINK_AES_GCM_16_128;
	node_restart(p.a);
	p.a->listen = "child net: the data plane has no aes256gcm16; it is not offered";
	p.b->listen = "the data plane";
	pair_configure(&p, "esp_proposals = aes256gcm16-aes128gcm16-x25519", "esp_proposals = default");
	assert_int_equal(p.a->heard, 1);
	assert_int_equal(p.b->heard, 0);
	node_up(p.a, "net");
	p.a->listen = "child net can never come up: no ESP proposal is left";
	pair_configure(&p, "esp_proposals = aes256gcm16-x25519", "esp_proposals = default");
	assert_int_equal(p.a->heard, 2);
	pair_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),   cmocka_unit_test(test_no_group),   cmocka_unit_test(test_other_group),
		cmocka_unit_test(test_short_life), cmocka_unit_test(test_no_address), cmocka_unit_test(test_ike),
		cmocka_unit_test(test_sentences),  cmocka_unit_test(test_remarks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
