/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Long random runs: both sides do anything at any time on a network that loses, repeats, delays and reorders. Whatever happened, when it is over both
 * have the same SAs. ESPALIER_TEST_SCALE times as many, from seed ESPALIER_TEST_SEED.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "actions.h"

#define RUNS 60u
#define ACTIONS 60u
#define SETTLE_MS (20u * 60 * 1000)
/* If all repetitions of IKE_AUTH or of its response are lost, one side has an SA that the other gave up. */
#define DPD "conn:dpd_delay = 60s\n"

static uint64_t number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

/* Percent of messages. */
struct weather {
	unsigned int loss, repeat, delay;
};

static void meddle(void *ctx, struct world *w, struct datagram *d)
{
	const struct weather *weather = ctx;

	d->drop = world_random(w, 100) < weather->loss;
	d->copies = world_random(w, 100) < weather->repeat ? 1 + (unsigned int)world_random(w, 3) : 0;
	if (world_random(w, 100) < weather->delay)
		d->due_ms += world_random(w, 10) ? world_random(w, 100) : world_random(w, 20000);
}

static void nothing(void *ctx, int error, const char *text)
{
	(void)ctx;
	(void)error;
	(void)text;
}

static void any_action(struct pair *p)
{
	struct node *n = world_random(p->w, 2) ? p->a : p->b;
	uint64_t what = world_random(p->w, 20);

	if (what < 2)
		agent_up(n->agent, "net", 0, nothing, NULL);
	else if (what < 4)
		agent_up(n->agent, "gw", 5000, nothing, NULL);
	else if (what == 4 && !world_random(p->w, 3))
		act(n, IKE_DOWN);
	else if (what == 5)
		act(n, CHILD_DOWN);
	else if (what < 10)
		act(n, CHILD_REKEY);
	else if (what < 14)
		act(n, IKE_REKEY);
	else if (what < 16)
		act(n, REAUTH);
	else if (what < 18)
		act(n, NEW_CHILD);
	else
		mock_raise_acquire(&n->sink, 1, &n->addrs[0], &n->addrs[0]);
	node_poke(n);
}

/* The data plane of one goes and comes back. */
static void stumble(struct pair *p)
{
	struct node *n = world_random(p->w, 2) ? p->a : p->b;

	mock_down(&n->sink);
	node_poke(n);
	world_run(p->w, world_random(p->w, 20000));
	mock_up(&n->sink);
	node_poke(n);
}

static void run(uint64_t seed, const struct weather *weather, bool stumbles)
{
	struct weather now = *weather, calm = { 0 };
	struct pair p;

	print_message("seed %llu\n", (unsigned long long)seed);
	pair_open(&p, seed, weather->loss ? DPD "close_action = start\n" ACTIONS_MORE : "close_action = start\n" ACTIONS_MORE,
		  weather->loss ? DPD "start_action = trap\n" ACTIONS_MORE : "start_action = trap\n" ACTIONS_MORE);
	world_set_hook(p.w, meddle, &now);
	for (unsigned int i = 0; i < ACTIONS; i++) {
		any_action(&p);
		if (stumbles && !world_random(p.w, 15))
			stumble(&p);
		world_run(p.w, world_random(p.w, 3) ? world_random(p.w, 100) : world_random(p.w, 30000));
	}
	now = calm;
	world_run(p.w, SETTLE_MS);
	world_consistent_any(p.w);
	/* And all still works. */
	node_up(p.a, "net");
	world_run(p.w, 10000);
	world_consistent_any(p.w);
	assert_true(node_ping(p.a, "10.1.0.1", "10.2.0.1"));
	assert_true(node_ping(p.b, "10.2.0.1", "10.1.0.1"));
	pair_close(&p);
}

static void runs(const struct weather *weather, bool stumbles)
{
	uint64_t scale = number("ESPALIER_TEST_SCALE", 1), seed = number("ESPALIER_TEST_SEED", 1) * 1000003;

	for (uint64_t i = 0; i < RUNS * scale; i++)
		run(seed + i, weather, stumbles);
}

static void test_calm(void **state)
{
	struct weather weather = { 0 };

	(void)state;
	runs(&weather, false);
}

static void test_repeats_and_delays(void **state)
{
	struct weather weather = { .repeat = 20, .delay = 40 };

	(void)state;
	runs(&weather, false);
}

static void test_some_loss(void **state)
{
	struct weather weather = { .loss = 10, .repeat = 5, .delay = 20 };

	(void)state;
	runs(&weather, false);
}

static void test_much_loss(void **state)
{
	struct weather weather = { .loss = 40, .repeat = 10, .delay = 30 };

	(void)state;
	runs(&weather, false);
}

static void test_stumbling_data_planes(void **state)
{
	struct weather weather = { .loss = 5, .delay = 20 };

	(void)state;
	runs(&weather, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calm),
		cmocka_unit_test(test_repeats_and_delays),
		cmocka_unit_test(test_some_loss),
		cmocka_unit_test(test_much_loss),
		cmocka_unit_test(test_stumbling_data_planes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
