/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Peers that have one SA a pair of subnets, and narrow (RFC 7296, 2.9): to that of the packet, to their own first, or to the first that the request
 * names; and those that have one a pair of hosts, and refuse all else. Packets for the other selectors get SAs of their own. And selectors that a reload adds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/child_answer.h"
#include "core/ts.h"
#include "pair.h"

#define SECOND 1000u
#define MINUTE (60u * SECOND)
#define HOUR (60u * MINUTE)
#define TRAP_A "start_action = trap\nremote_ts = 10.2.0.0/24, 10.2.1.0/24, 10.2.2.0/24"
#define SUBNETS_B "local_ts = 10.2.0.0/24, 10.2.1.0/24, 10.2.2.0/24"

static enum { ALL, ONE_OF_OURS, FIRST_OF_OURS, FIRST_OF_THEIRS, PAIRS } way;
static unsigned int answering, pairs_wanted;

unsigned int __real_ts_narrow(const struct ts *ours, unsigned int our_count, const struct ts *theirs, unsigned int their_count, struct ts *both);
unsigned int __wrap_ts_narrow(const struct ts *ours, unsigned int our_count, const struct ts *theirs, unsigned int their_count, struct ts *both);
int __real_child_answer(struct ike_sa *sa, const struct ike_chain *m, struct child_sa *old, bool in_auth, struct ike_builder *reply,
			struct child_sa **child);
int __wrap_child_answer(struct ike_sa *sa, const struct ike_chain *m, struct child_sa *old, bool in_auth, struct ike_builder *reply,
			struct child_sa **child);

unsigned int __wrap_ts_narrow(const struct ts *ours, unsigned int our_count, const struct ts *theirs, unsigned int their_count, struct ts *both)
{
	if (!answering || way == ALL || way == PAIRS)
		return __real_ts_narrow(ours, our_count, theirs, their_count, both);
	if (way == FIRST_OF_THEIRS)
		return __real_ts_narrow(ours, our_count, theirs, 1, both) ? 1 : 0;
	for (unsigned int o = 0; o < our_count && way == FIRST_OF_OURS; o++)
		for (unsigned int t = 0; t < their_count; t++)
			if (ts_equal(&ours[o], &theirs[t])) {
				both[0] = ours[o];
				return 1;
			}
	for (unsigned int t = 0; t < their_count && way == ONE_OF_OURS; t++)
		for (unsigned int o = 0; o < our_count; o++)
			if (ts_contains(&ours[o], &theirs[t])) {
				both[0] = ours[o];
				/* no more than was asked for */
				for (unsigned int k = 0; k < their_count; k++)
					if (ts_equal(&theirs[k], &ours[o]))
						return 1;
			}
	return 0;
}

static bool is_host(const struct ike_ts_list *list)
{
	return list->count == 1 && ip_equal(&list->ts[0].lo, &list->ts[0].hi);
}

int __wrap_child_answer(struct ike_sa *sa, const struct ike_chain *m, struct child_sa *old, bool in_auth, struct ike_builder *reply,
			struct child_sa **child)
{
	struct ike_ts_list i, r;
	const char *why;
	int err;

	if (way == PAIRS) {
		assert_int_equal(ike_decode_ts(ike_chain_find(m, IKE_PL_TSI), &i, &why), 0);
		assert_int_equal(ike_decode_ts(ike_chain_find(m, IKE_PL_TSR), &r, &why), 0);
		if (!is_host(&i) || !is_host(&r)) {
			pairs_wanted++;
			*child = NULL;
			ike_build_notify(reply, IKE_N_SINGLE_PAIR_REQUIRED, NULL, 0);
			return 0;
		}
	}
	answering++;
	err = __real_child_answer(sa, m, old, in_auth, reply, child);
	answering--;
	return err;
}

/* The first packet is lost, those that follow arrive. */
static void served(struct pair *p, const char *dst)
{
	node_ping(p->a, "10.1.0.1", dst);
	world_run(p->w, 3 * SECOND);
	if (!node_ping(p->a, "10.1.0.1", dst))
		fail_msg("%s has no SA", dst);
}

static void each_subnet(struct pair *p)
{
	served(p, "10.2.1.1");
	served(p, "10.2.2.7");
	served(p, "10.2.0.3");
	served(p, "10.2.1.1");
	world_consistent(p->w, 1, 3);
}

static void test_subnet_each(void **state)
{
	struct pair p;

	(void)state;
	way = ONE_OF_OURS;
	pair_open(&p, 30, TRAP_A, SUBNETS_B);
	each_subnet(&p);
	/* Each is rekeyed to what it was, from both ends. */
	for (int b = 0; b < 2; b++) {
		node_rekey(b ? p.b : p.a, "net", false, false);
		world_run(p.w, MINUTE);
		each_subnet(&p);
	}
	node_rekey(p.a, "gw", true, false);
	world_run(p.w, MINUTE);
	each_subnet(&p);
	node_rekey(p.a, "gw", false, true);
	world_run(p.w, MINUTE);
	each_subnet(&p);
	pair_close(&p);
}

/* Packets for all of them at once, before there is an IKE SA. */
static void test_at_once(void **state)
{
	struct pair p;

	(void)state;
	for (int i = 0; i < 2; i++) {
		way = i ? ONE_OF_OURS : FIRST_OF_OURS;
		pair_open(&p, 31, TRAP_A, SUBNETS_B);
		for (int k = 0; k < 30; k++) {
			node_ping(p.a, "10.1.0.1", "10.2.1.1");
			node_ping(p.a, "10.1.0.1", "10.2.2.1");
			node_ping(p.a, "10.1.0.1", "10.2.0.1");
			world_run(p.w, 100);
		}
		each_subnet(&p);
		pair_close(&p);
	}
}

static void test_hosts(void **state)
{
	struct pair p;

	(void)state;
	way = FIRST_OF_THEIRS;
	pair_open(&p, 32, TRAP_A, SUBNETS_B);
	served(&p, "10.2.1.1");
	served(&p, "10.2.1.2");
	served(&p, "10.2.2.1");
	world_consistent(p.w, 1, 3);
	pair_close(&p);
}

/* A peer that answers SINGLE_PAIR_REQUIRED is asked for the packet's pair of addresses (2.9), and from then on at once. */
static void test_pairs(void **state)
{
	struct outcome outcome = { 0 };
	struct pair p;

	(void)state;
	way = PAIRS;
	pairs_wanted = 0;
	pair_open(&p, 35, TRAP_A, SUBNETS_B);
	served(&p, "10.2.1.1");
	assert_int_equal(pairs_wanted, 1); /* in IKE_AUTH, which is not repeated */
	served(&p, "10.2.1.2");
	served(&p, "10.2.2.1");
	assert_int_equal(pairs_wanted, 1);
	world_consistent(p.w, 1, 3);
	/* Rekeyed to what they are, by either end, and under another IKE SA. */
	for (int b = 0; b < 2; b++) {
		node_rekey(b ? p.b : p.a, "net", false, false);
		world_run(p.w, MINUTE);
	}
	assert_int_equal(pairs_wanted, 2); /* the other end learns it too */
	node_rekey(p.a, "gw", true, false);
	world_run(p.w, MINUTE);
	served(&p, "10.2.2.9");
	assert_int_equal(pairs_wanted, 2);
	world_consistent(p.w, 1, 4);
	/* A new one has to learn it again. */
	node_rekey(p.a, "gw", false, true);
	world_run(p.w, MINUTE);
	served(&p, "10.2.1.1");
	served(&p, "10.2.2.9");
	world_consistent(p.w, 1, 4);
	pair_close(&p);
	/* In an exchange of its own, after IKE_AUTH brought something else. */
	way = ALL;
	pair_open(&p, 36, "child other:remote_ts = 10.3.0.0/16\n" TRAP_A, "child other:local_ts = 10.3.0.0/16\n" SUBNETS_B);
	node_up(p.a, "other");
	way = PAIRS;
	pairs_wanted = 0;
	served(&p, "10.2.1.1");
	assert_int_equal(pairs_wanted, 1);
	world_consistent(p.w, 1, 2);
	/* Without a packet there is no pair to ask for. */
	way = ALL;
	node_down(p.a, "gw");
	way = PAIRS;
	assert_true(node_up_try(p.a, "net", &outcome) < 0);
	assert_string_equal(outcome.text, "SINGLE_PAIR_REQUIRED");
	way = ALL;
	pair_close(&p);
}

/* What the peer does not have is not asked for again and again, whether it refuses or gives what is there already. */
static void test_nothing_for_it(void **state)
{
	uint64_t before;
	struct pair p;

	(void)state;
	for (int i = 0; i < 3; i++) {
		way = i == 1 ? ONE_OF_OURS : i ? FIRST_OF_OURS : ALL;
		pair_open(&p, 33, TRAP_A ", 10.9.0.0/16", SUBNETS_B);
		served(&p, "10.2.0.1");
		before = p.a->sent;
		for (int k = 0; k < 50; k++) {
			assert_false(node_ping(p.a, "10.1.0.1", "10.9.0.1"));
			world_run(p.w, SECOND);
		}
		world_consistent_any(p.w);
		world_consistent(p.w, 1, 1);
		assert_true(p.a->sent - before <= 4);
		served(&p, "10.2.1.1");
		pair_close(&p);
	}
	way = ALL;
}

/* At both ends, or at the one end first: then it has to wait for the other. */
static void test_added(void **state)
{
	static const char less_a[] = "remote_ts = 10.2.0.0/24", more_a[] = "remote_ts = 10.2.0.0/24, 10.2.1.0/24";
	static const char less_b[] = "local_ts = 10.2.0.0/24", more_b[] = "local_ts = 10.2.0.0/24, 10.2.1.0/24";
	struct pair p;

	(void)state;
	way = ALL;
	for (int first = 0; first < 3; first++) {
		pair_open(&p, 34, less_a, less_b);
		node_up(p.a, "net");
		node_flood(p.a, "10.1.0.1", "10.2.0.1", 7);
		if (first < 2) {
			pair_configure(&p, first ? less_a : more_a, first ? more_b : less_b);
			world_run(p.w, MINUTE);
			assert_false(node_ping(p.a, "10.1.0.1", "10.2.1.1"));
		}
		pair_configure(&p, more_a, more_b);
		world_run(p.w, 10 * SECOND);
		assert_true(node_ping(p.a, "10.1.0.1", "10.2.1.1"));
		assert_true(node_ping(p.b, "10.2.1.1", "10.1.0.1"));
		world_flood_stop(p.w);
		world_run(p.w, MINUTE);
		world_consistent(p.w, 1, 1);
		/* Other selectors are another policy: what is on its way to the responder when it changes is lost. */
		assert_true(p.a->flood_lost <= 4);
		pair_close(&p);
	}
}

/* With a number of its own there is the one SA that the peer gives; what the trap covers beside it stays blocked, up to the SA's end and beyond. */
static void test_rest_of_a_number(void **state)
{
	struct ip_addr local = { 4, { 10, 1, 0, 1 } }, remote = { 4, { 10, 2, 2, 7 } };
	struct pair p;

	(void)state;
	way = ONE_OF_OURS;
	pair_open(&p, 30, TRAP_A "\nreqid = 9", SUBNETS_B);
	served(&p, "10.2.0.3");
	assert_non_null(mock_policy_match(&p.a->sink, &local, &remote));
	node_rekey(p.a, "net", false, false);
	world_run(p.w, MINUTE);
	assert_non_null(mock_policy_match(&p.a->sink, &local, &remote));
	node_down(p.a, "net");
	world_run(p.w, MINUTE);
	assert_non_null(mock_policy_match(&p.a->sink, &local, &remote));
	pair_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_subnet_each),
		cmocka_unit_test(test_rest_of_a_number),    cmocka_unit_test(test_at_once), cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_nothing_for_it), cmocka_unit_test(test_added),   cmocka_unit_test(test_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
