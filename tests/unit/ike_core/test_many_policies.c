/* SPDX-License-Identifier: Apache-2.0 */
/* More policies than fit into a moment: the agent sets them bit by bit, answers meanwhile, and sweeps when all are there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/state.h"
#include "world.h"

#define ROUNDS_MAX 1000

static uint64_t steps;

/* A clock that goes on while the agent works: a millisecond each time that it is looked at. */
static uint64_t walking(void *ctx)
{
	return ((struct node *)ctx)->world->now_ms + steps++;
}

static unsigned int policies(const struct node *n)
{
	unsigned int count = 0;

	for (const struct mock_policy *p = n->sink.policies; p; p = p->next)
		count++;
	return count;
}

/* Traps from one number to another, and what passes by them. */
static void configure(struct node *n, int from, int to)
{
	static char text[65536];
	size_t len = (size_t)snprintf(text, sizeof(text), "connections {\n");

	for (int i = from; i < to; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"c%d {\nremote_addrs = 192.0.2.2\nlocal { auth = psk }\nremote { auth = psk }\nchildren { net {\nstart_action = trap\n"
					"local_ts = 10.1.0.0/16\nremote_ts = 10.2.%d.0/24\n} }\n}\n", i, i);
	snprintf(text + len, sizeof(text) - len, "p {\nchildren { p {\nmode = pass\nstart_action = trap\nlocal_ts = 10.1.0.0/16\nremote_ts = 10.2.0.1/32\n} }\n}\n}\n"
						 "secrets { ike-x { secret = x } }\n");
	node_configure(n, text);
}

/* Until all are there; how many turns of the agent it took. */
static int finish(struct node *n)
{
	int rounds = 0;

	while (agent_configuring(n->agent)) {
		int64_t due = agent_run(n->agent);

		assert_true(due == 0 || !agent_configuring(n->agent)); /* it wants to go on at once */
		assert_true(++rounds < ROUNDS_MAX);
	}
	return rounds;
}

static const struct sink_policy *policy_to(struct node *n, int net, int host)
{
	struct ip_addr local = { 4, { 10, 1, 0, 1 } }, remote = { 4, { 10, 2, (uint8_t)net, (uint8_t)host } };
	struct mock_policy *p = mock_policy_match(&n->sink, &local, &remote);

	return p ? &p->policy : NULL;
}

static struct world *open_world(struct node **n)
{
	struct world *w = world_new(1);

	*n = world_add(w, "a", "192.0.2.1");
	(*n)->agent->env.now_ms = walking;
	return w;
}

/* The exceptions come first, the rest bit by bit; traps of before stay until all of now are there. */
static void test_reload(void **state)
{
	struct node *n;
	struct world *w = open_world(&n);

	(void)state;
	configure(n, 0, 100);
	assert_true(agent_configuring(n->agent));
	assert_true(policies(n) < 100);
	assert_true(finish(n) > 10);
	assert_int_equal(policies(n), 101);
	assert_int_equal(policy_to(n, 0, 1)->action, SINK_BYPASS);
	configure(n, 50, 150);
	assert_true(agent_configuring(n->agent));
	assert_true(policies(n) >= 101);
	assert_non_null(policy_to(n, 1, 1));
	finish(n);
	assert_int_equal(policies(n), 101);
	assert_null(policy_to(n, 1, 1));
	assert_non_null(policy_to(n, 149, 1));
	world_free(w);
}

/* Another configuration, or another data plane, before the first one is done with. */
static void test_interrupted(void **state)
{
	struct node *n;
	struct world *w = open_world(&n);

	(void)state;
	for (int turns = 0; turns < 60; turns += 7) {
		configure(n, 0, 100);
		for (int i = 0; i < turns && agent_configuring(n->agent); i++)
			agent_run(n->agent);
		configure(n, 80, 120);
		finish(n);
		assert_int_equal(policies(n), 41);
		configure(n, 100, 200);
		for (int i = 0; i < turns && agent_configuring(n->agent); i++)
			agent_run(n->agent);
		mock_down(&n->sink);
		mock_up(&n->sink);
		finish(n);
		agent_run(n->agent); /* hears of it */
		finish(n);
		assert_int_equal(policies(n), 101);
		assert_non_null(policy_to(n, 199, 1));
	}
	world_free(w);
}

/* What wants out by a trap that is still to be set again is asked for all the same, once that is done. */
static void test_acquire(void **state)
{
	struct ip_addr local = { 4, { 10, 1, 0, 1 } }, remote = { 4, { 10, 2, 99, 1 } };
	struct node *n;
	struct world *w = open_world(&n);
	struct agent_stats stats;

	(void)state;
	configure(n, 0, 100);
	finish(n);
	configure(n, 0, 100);
	assert_true(agent_configuring(n->agent));
	mock_raise_acquire(&n->sink, policy_to(n, 99, 1)->reqid, &local, &remote);
	finish(n);
	agent_run(n->agent);
	agent_get_stats(n->agent, &stats);
	assert_int_equal(stats.ike_sas, 1);
	world_free(w);
}

/* A trap of one child, with more words, by a name. */
static void configure_one(struct node *n, const char *name, const char *remote_ts, const char *more)
{
	char text[2048];

	snprintf(text, sizeof(text), "connections { %s {\nremote_addrs = 192.0.2.2\nlocal { auth = psk }\nremote { auth = psk }\nchildren { net {\nstart_action = trap\n"
				     "local_ts = 10.1.0.0/16\nremote_ts = %s\n%s\n} }\n} }\nsecrets { ike-x { secret = x } }\n", name, remote_ts, more);
	node_configure(n, text);
}

/*
 * A reload gives a number to a child that another one's trap has, by itself or from the file: both are there all the time, the one that is not wanted any more until the
 * other is set.
 */
static void test_number_of_another(void **state)
{
	struct node *n;
	struct world *w = open_world(&n);

	(void)state;
	configure(n, 0, 100);
	finish(n);
	configure_one(n, "one", "10.2.0.0/16", "reqid = 50");
	for (int turn = 0; agent_configuring(n->agent); turn++) {
		assert_non_null(policy_to(n, 7, 1));
		agent_run(n->agent);
	}
	assert_int_equal(policies(n), 1);
	assert_int_equal(policy_to(n, 7, 1)->reqid, 50);
	configure_one(n, "other", "10.2.0.0/16", "reqid = 50");
	finish(n);
	assert_int_equal(policies(n), 1);
	assert_int_equal(policy_to(n, 7, 1)->reqid, 50);
	configure_one(n, "other", "10.2.0.0/16", "");
	finish(n);
	assert_int_equal(policies(n), 1);
	assert_int_not_equal(policy_to(n, 7, 1)->reqid, 50);
	world_free(w);
}

/* A trap with a number of its own whose selectors a reload changes. */
static void test_other_selectors(void **state)
{
	struct node *n;
	struct world *w = open_world(&n);

	(void)state;
	configure_one(n, "one", "10.2.1.0/24", "reqid = 50");
	finish(n);
	assert_null(policy_to(n, 2, 1));
	configure_one(n, "one", "10.2.0.0/16", "reqid = 50");
	finish(n);
	assert_int_equal(policy_to(n, 2, 1)->reqid, 50);
	configure_one(n, "one", "10.2.1.0/24, 10.2.3.0/24", "reqid = 50");
	while (policies(n) > 1) {
		assert_non_null(policy_to(n, 2, 1)); /* as another one may be about to cover it */
		agent_run(n->agent);
	}
	finish(n);
	assert_null(policy_to(n, 2, 1));
	assert_non_null(policy_to(n, 3, 1));
	assert_int_equal(policies(n), 1);
	world_free(w);
}

/* The gateway speaks of a policy of an earlier agent, whose number is another child's now, or a shunt's: nothing is begun for that one. */
static void test_acquire_of_before(void **state)
{
	struct ip_addr local = { 4, { 10, 1, 0, 1 } }, inside = { 4, { 10, 2, 1, 1 } }, outside = { 4, { 10, 3, 1, 1 } };
	static const struct {
		const char *more;
		bool inside;
		unsigned int ike_sas;
	} cases[] = { { "", true, 1 }, { "", false, 0 }, { "mode = drop", true, 0 }, { "mode = pass", true, 0 }, { "reqid = 50", false, 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct node *n;
		struct world *w = open_world(&n);
		struct agent_stats stats;

		configure_one(n, "one", "10.2.0.0/16", cases[i].more);
		finish(n);
		mock_raise_acquire(&n->sink, policy_to(n, 1, 1)->reqid, &local, cases[i].inside ? &inside : &outside);
		agent_run(n->agent);
		agent_get_stats(n->agent, &stats);
		assert_int_equal(stats.ike_sas, cases[i].ike_sas);
		world_free(w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_interrupted),
		cmocka_unit_test(test_acquire),
		cmocka_unit_test(test_acquire_of_before),
		cmocka_unit_test(test_number_of_another),
		cmocka_unit_test(test_other_selectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
