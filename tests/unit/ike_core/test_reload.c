/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration loaded anew while IKE SAs are there: who follows it, who keeps the old one, and what is under way meanwhile. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "actions.h"

#define SECOND 1000u
#define MINUTE (60u * SECOND)
#define THREE "child three:local_ts = 10.4.0.0/16\nchild three:remote_ts = 10.4.0.0/16\n"
#define SMALLER "conn:proposals = aes128gcm16-prfsha256-x25519\n"

static struct node *side(const struct pair *p, int b)
{
	return b ? p->b : p->a;
}

/* The child is there on the same IKE SA, whoever asks for it. */
static void test_new_child(void **state)
{
	struct outcome outcome = { 0 };
	struct ike_copy before;
	struct pair p;

	(void)state;
	for (int b = 0; b < 2; b++) {
		pair_open(&p, 60, "", "");
		node_up(p.a, "net");
		before = node_only_ike(p.a);
		assert_int_equal(node_up_try(p.a, "two", &outcome), -ENOENT);
		pair_configure(&p, ACTIONS_MORE, ACTIONS_MORE);
		node_up(side(&p, b), "two");
		world_run(p.w, SECOND);
		world_consistent(p.w, 1, 2);
		assert_true(node_only_ike(p.a).spi_i == before.spi_i);
		assert_true(node_ping(p.b, "10.3.0.1", "10.3.0.2"));
		pair_close(&p);
	}
}

/* Only one side has it: the other one, which answers, refuses; the IKE SA is none the worse. */
static void test_one_side(void **state)
{
	struct outcome outcome = { 0 };
	struct pair p;

	(void)state;
	pair_open(&p, 61, "", "");
	node_up(p.a, "net");
	pair_configure(&p, ACTIONS_MORE, "");
	assert_int_not_equal(node_up_try(p.a, "two", &outcome), 0);
	world_consistent(p.w, 1, 1);
	pair_configure(&p, ACTIONS_MORE, ACTIONS_MORE);
	node_up(p.a, "two");
	world_run(p.w, SECOND);
	world_consistent(p.w, 1, 2);
	pair_close(&p);
}

/* It stays, through rekeyings, until somebody ends it; and then there is none. */
static void test_removed_child(void **state)
{
	struct outcome outcome = { 0 };
	struct pair p;

	(void)state;
	for (int b = 0; b < 2; b++) {
		pair_open(&p, 62, ACTIONS_MORE, ACTIONS_MORE);
		node_up(p.a, "gw");
		pair_configure(&p, "", "");
		world_consistent(p.w, 1, 2);
		node_rekey(side(&p, b), "two", false, false);
		world_run(p.w, MINUTE);
		node_rekey(side(&p, !b), "gw", true, false);
		world_run(p.w, MINUTE);
		world_consistent(p.w, 1, 2);
		node_down(side(&p, b), "two");
		world_run(p.w, MINUTE);
		world_consistent(p.w, 1, 1);
		assert_int_equal(node_up_try(p.a, "two", &outcome), -ENOENT);
		pair_close(&p);
	}
}

/* As it is until it is rekeyed: then algorithm, selectors and priority are the new ones. */
static void test_changed_child(void **state)
{
	static const char a[] = "esp_proposals = aes128gcm16-x25519\nlocal_ts = 10.1.0.0/17\npriority = 77\n";
	static const char b[] = "esp_proposals = aes128gcm16-x25519\nremote_ts = 10.1.0.0/17\npriority = 77\n";
	struct child_copy before, after;
	struct pair p;

	(void)state;
	for (int who = 0; who < 2; who++) {
		pair_open(&p, 63, "", "");
		node_up(p.a, "net");
		before = node_only_child(p.a);
		pair_configure(&p, a, b);
		world_run(p.w, MINUTE);
		assert_string_equal(node_only_child(p.a).proposal, before.proposal);
		node_rekey(side(&p, who), "net", false, false);
		world_run(p.w, MINUTE);
		world_consistent(p.w, 1, 1);
		after = node_only_child(p.a);
		assert_non_null(strstr(before.proposal, "256"));
		assert_non_null(strstr(after.proposal, "128"));
		assert_int_equal(after.local_ts[0].hi.bytes[2], 127);
		assert_int_equal(mock_policy_find(&p.a->sink, after.reqid)->policy.priority, 77);
		assert_true(node_ping(p.a, "10.1.0.1", "10.2.0.1"));
		assert_false(node_ping(p.a, "10.1.200.1", "10.2.0.1"));
		pair_close(&p);
	}
}

/* With the same reqid in the file, the policy is one and the same. */
static void test_changed_selectors_of_a_reqid(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, 64, "reqid = 9\npriority = 4\n", "reqid = 9\n");
	node_up(p.a, "net");
	pair_configure(&p, "reqid = 9\npriority = 5\nlocal_ts = 10.1.0.0/17\n", "reqid = 9\nremote_ts = 10.1.0.0/17\n");
	assert_int_equal(mock_policy_find(&p.a->sink, 9)->policy.priority, 4);
	node_rekey(p.a, "net", false, false);
	world_run(p.w, MINUTE);
	world_consistent(p.w, 1, 1);
	assert_int_equal(node_only_child(p.a).local_ts[0].hi.bytes[2], 127);
	assert_int_equal(mock_policy_find(&p.a->sink, 9)->policy.priority, 5);
	pair_close(&p);
}

/* The IKE SA keeps what it was made with, rekeyed or not; authenticated anew it is another. */
static void test_changed_proposals(void **state)
{
	struct outcome outcome = { 0 };
	struct pair p;

	(void)state;
	pair_open(&p, 65, "", "");
	node_up(p.a, "net");
	pair_configure(&p, SMALLER ACTIONS_MORE, SMALLER ACTIONS_MORE);
	assert_int_not_equal(node_up_try(p.a, "two", &outcome), 0);
	world_consistent(p.w, 1, 1);
	node_rekey(p.a, "gw", true, false);
	world_run(p.w, MINUTE);
	assert_non_null(strstr(node_only_ike(p.a).proposal, "256"));
	node_rekey(p.a, "gw", false, true);
	world_run(p.w, MINUTE);
	world_consistent(p.w, 1, 1);
	assert_non_null(strstr(node_only_ike(p.a).proposal, "AES_GCM_16-128"));
	node_up(p.a, "two");
	world_run(p.w, SECOND);
	world_consistent(p.w, 1, 2);
	/* And what was so before is so again. */
	pair_configure(&p, "", "");
	pair_configure(&p, SMALLER ACTIONS_MORE THREE, SMALLER ACTIONS_MORE THREE);
	node_up(p.b, "three");
	world_run(p.w, SECOND);
	world_consistent(p.w, 1, 3);
	pair_close(&p);
}

/* A CHILD SA of the new file on an IKE SA that keeps the old one: its rekeying does not go back to what the old file says. */
static void test_newer_child(void **state)
{
	static const char both[] = ACTIONS_MORE "child two:esp_proposals = aes256gcm16-x25519, aes128gcm16-x25519\n";
	static const char less[] = SMALLER ACTIONS_MORE "child two:esp_proposals = aes128gcm16-x25519\n";
	struct pair p;

	(void)state;
	pair_open(&p, 69, both, both);
	node_up(p.a, "net");
	pair_configure(&p, less, both);
	node_up(p.a, "two");
	node_down(p.a, "net");
	world_run(p.w, SECOND);
	assert_non_null(strstr(node_only_child(p.a).proposal, "128"));
	node_rekey(p.a, "two", false, false);
	world_run(p.w, MINUTE);
	world_consistent(p.w, 1, 1);
	assert_non_null(strstr(node_only_child(p.a).proposal, "128"));
	pair_close(&p);
}

/* Times of the IKE SA may change: those that run are the old ones, the next IKE SA has the new ones. */
static void test_changed_lifetimes(void **state)
{
	struct ike_copy before;
	struct pair p;

	(void)state;
	pair_open(&p, 66, "", "");
	node_up(p.a, "net");
	before = node_only_ike(p.a);
	pair_configure(&p, "conn:rekey_time = 100s\n" ACTIONS_MORE, ACTIONS_MORE);
	node_up(p.a, "two");
	world_run(p.w, 10 * MINUTE);
	assert_true(node_only_ike(p.a).spi_i == before.spi_i);
	node_rekey(p.a, "gw", true, false);
	world_run(p.w, SECOND);
	before = node_only_ike(p.a);
	world_run(p.w, 3 * MINUTE);
	assert_true(node_only_ike(p.a).spi_i != before.spi_i);
	world_consistent(p.w, 1, 2);
	pair_close(&p);
}

/* The connection is gone: its SAs stay, and go when told. */
static void test_removed_connection(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, 67, "", "");
	node_up(p.a, "net");
	node_configure(p.a, "connections { }");
	node_configure(p.b, "connections { }");
	node_rekey(p.a, "net", false, false);
	node_rekey(p.b, "gw", true, false);
	world_run(p.w, MINUTE);
	world_consistent(p.w, 1, 1);
	node_down(p.a, "gw");
	world_run(p.w, MINUTE);
	world_consistent(p.w, 0, 0);
	pair_close(&p);
}

/* What is there at last is what the new file says, whenever in an exchange it came: every step of each, at either side or both. */
static void reload_during(enum action action, bool handshake, int steps, int sides, bool changed)
{
	const char *more = changed ? SMALLER ACTIONS_MORE THREE : ACTIONS_MORE THREE;
	struct outcome outcome = { 0 };
	struct pair p;

	pair_open(&p, 68, ACTIONS_MORE, ACTIONS_MORE);
	if (!handshake)
		node_up(p.a, "net");
	if (handshake)
		agent_up(p.a->agent, "net", 0, world_outcome, &outcome);
	else
		act(p.a, action);
	node_poke(p.a);
	for (int i = 0; i < steps; i++)
		world_step(p.w, p.w->now_ms + SECOND);
	pair_configure(&p, sides & 1 ? more : ACTIONS_MORE, sides & 2 ? more : ACTIONS_MORE);
	world_run(p.w, MINUTE);
	if (changed || sides != 3)
		pair_configure(&p, more, more);
	world_run(p.w, 10 * MINUTE); /* what was refused with the proposals of one side alone has been given up, or tried again */
	world_consistent_any(p.w);
	if (!changed) {
		node_up(p.a, "three");
		node_up(p.b, "two");
		node_up(p.a, "net");
		world_run(p.w, MINUTE);
		world_consistent(p.w, 1, 3);
	}
	pair_configure(&p, "", "");
	act(p.b, IKE_REKEY); /* of what there is */
	world_run(p.w, MINUTE);
	world_consistent_any(p.w);
	pair_close(&p);
}

static void test_during(void **state)
{
	(void)state;
	for (int action = 0; action < ACTION_COUNT; action++)
		for (int steps = 0; steps < 8; steps++)
			for (int sides = 1; sides < 4; sides++)
				for (int changed = 0; changed < 2; changed++)
					reload_during((enum action)action, false, steps, sides, changed);
}

static void test_during_handshake(void **state)
{
	(void)state;
	for (int steps = 0; steps < 8; steps++)
		for (int sides = 1; sides < 4; sides++)
			reload_during(NEW_CHILD, true, steps, sides, false);
}

/* ---- what the configuration covers is covered all the time ------------------------------------------------------------------- */

#define TWO_A "child two:start_action = trap\nchild two:local_ts = 10.1.0.0/16\nchild two:remote_ts = 10.3.0.0/16\n"
#define TWO_B "child two:local_ts = 10.3.0.0/16\nchild two:remote_ts = 10.1.0.0/16\n"

/* The policy at a of 10.1.0.1 to 10.3.0.1. */
static const struct sink_policy *policy_of_two(struct pair *p)
{
	const struct ip_addr local = { 4, { 10, 1, 0, 1 } }, remote = { 4, { 10, 3, 0, 1 } };
	const struct mock_policy *found = mock_policy_match(&p->a->sink, &local, &remote);

	assert_non_null(found);
	return &found->policy;
}

static unsigned int policies(const struct pair *p)
{
	unsigned int count = 0;

	for (const struct mock_policy *each = p->a->sink.policies; each; each = each->next)
		count++;
	return count;
}

/* A number that an SA of another child bears: until that is gone there is another one in its place, which serves as well. */
static void test_number_of_an_sa(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, 70, "reqid = 9\nstart_action = trap\n", TWO_B);
	node_up(p.a, "net");
	pair_configure(&p, TWO_A "child two:reqid = 9\n", TWO_B);
	assert_int_not_equal(policy_of_two(&p)->reqid, 9);
	assert_false(node_ping(p.a, "10.1.0.1", "10.3.0.1"));
	world_run(p.w, SECOND);
	assert_true(node_ping(p.a, "10.1.0.1", "10.3.0.1"));
	node_down(p.a, "net");
	world_run(p.w, MINUTE);
	node_rekey(p.a, "two", false, false);
	world_run(p.w, MINUTE);
	assert_int_equal(policy_of_two(&p)->reqid, 9);
	assert_true(node_ping(p.a, "10.1.0.1", "10.3.0.1"));
	pair_configure(&p, TWO_A "child two:reqid = 9\n", TWO_B);
	assert_int_equal(policies(&p), 1);
	pair_close(&p);
}

/* A child that the configuration has no more, whose SA ends: what its close_action said does not block the one that has its traffic now. */
static void test_removed_child_ends(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, 71, TWO_A "child two:close_action = trap\n", "local_ts = 10.2.0.0/15\n");
	node_up(p.a, "two");
	pair_configure(&p, "start_action = trap\nremote_ts = 10.2.0.0/15\n", "local_ts = 10.2.0.0/15\n");
	node_down(p.b, "net");
	world_run(p.w, MINUTE);
	assert_int_equal(policies(&p), 1);
	assert_false(node_ping(p.a, "10.1.0.1", "10.3.0.1"));
	world_run(p.w, SECOND);
	assert_true(node_ping(p.a, "10.1.0.1", "10.3.0.1"));
	pair_close(&p);
}

/* A policy that the data plane refuses: what was there before stays, what passed in clear does not; with the next reload all is in order. */
static void test_refused_policy(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, 72, TWO_A, TWO_B);
	assert_int_equal(policies(&p), 1);
	p.a->sink.fail_policies = 1;
	pair_configure(&p, "start_action = trap\nremote_ts = 10.2.0.0/15\n", TWO_B);
	assert_int_equal(policies(&p), 1);
	assert_int_equal(policy_of_two(&p)->action, SINK_PROTECT);
	pair_configure(&p, "start_action = trap\nremote_ts = 10.2.0.0/15\n", TWO_B);
	assert_int_equal(policies(&p), 1);
	assert_int_equal(policy_of_two(&p)->remote[0].lo.bytes[1], 2);
	pair_configure(&p, TWO_A "child two:mode = pass\n", TWO_B);
	assert_int_equal(policy_of_two(&p)->action, SINK_BYPASS);
	p.a->sink.fail_policies = 1;
	pair_configure(&p, "start_action = trap\n", TWO_B);
	assert_int_equal(policies(&p), 0);
	pair_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_child),
		cmocka_unit_test(test_one_side),
		cmocka_unit_test(test_removed_child),
		cmocka_unit_test(test_changed_child),
		cmocka_unit_test(test_changed_selectors_of_a_reqid),
		cmocka_unit_test(test_changed_proposals),
		cmocka_unit_test(test_newer_child),
		cmocka_unit_test(test_changed_lifetimes),
		cmocka_unit_test(test_removed_connection),
		cmocka_unit_test(test_number_of_an_sa),
		cmocka_unit_test(test_removed_child_ends),
		cmocka_unit_test(test_refused_policy),
		cmocka_unit_test(test_during),
		cmocka_unit_test(test_during_handshake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
