/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both sides begin something at once (RFC 7296, 2.8.1, 2.8.2, 2.25): every pair of actions, with messages in every order of arrival, and each of the
 * first ones lost. At the end both have the same SAs, those that are to be there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "actions.h"

#define SETTLE_MS (15u * 60 * 1000)
#define ANY 99
#define START_MS 1000000u /* the world's clock at its beginning */

static unsigned int replaced_seen;

/* What is left, by action of a and of b: IKE SAs, CHILD SAs; ANY: it depends on who was first. */
static const struct left {
	unsigned int ike_sas, child_sas;
} table[ACTION_COUNT][ACTION_COUNT] = {
	[CHILD_REKEY] = { [CHILD_REKEY] = { 1, 1 }, [CHILD_DOWN] = { 1, 0 }, [IKE_REKEY] = { 1, 1 }, [IKE_DOWN] = { 0, 0 }, [REAUTH] = { 1, 1 },
			  [NEW_CHILD] = { 1, 2 } },
	[CHILD_DOWN] = { [CHILD_DOWN] = { 1, 0 }, [IKE_REKEY] = { 1, 0 }, [IKE_DOWN] = { 0, 0 }, [REAUTH] = { 1, ANY }, [NEW_CHILD] = { 1, 1 } },
	[IKE_REKEY] = { [IKE_REKEY] = { 1, 1 }, [IKE_DOWN] = { 0, 0 }, [REAUTH] = { 1, 1 }, [NEW_CHILD] = { 1, 2 } },
	[IKE_DOWN] = { [IKE_DOWN] = { 0, 0 }, [REAUTH] = { ANY, ANY }, [NEW_CHILD] = { ANY, ANY } },
	/* Two new IKE SAs are two connections, as with charon without uniqueness. */
	[REAUTH] = { [REAUTH] = { ANY, ANY }, [NEW_CHILD] = { 1, ANY } },
	/* Both ask for the same: they may get two. */
	[NEW_CHILD] = { [NEW_CHILD] = { 1, ANY } },
};

/* Messages of a, messages of b: how much later than usual they come; and one that is lost. */
struct order {
	unsigned int a_first_ms, b_first_ms; /* the first message of each alone */
	unsigned int a_all_ms, b_all_ms;
	unsigned int lost;		     /* number of a message, 0: none */
	unsigned int b_later_ms;	     /* b begins later */
};

static const struct order orders[] = {
	{ 0 },
	{ .a_all_ms = 40, .b_all_ms = 40 }, /* ESP is faster */
	{ .a_first_ms = 5 }, { .b_first_ms = 5 },
	{ .a_first_ms = 15 }, { .b_first_ms = 15 },
	{ .a_first_ms = 25 }, { .b_first_ms = 25 },
	{ .a_first_ms = 45 }, { .b_first_ms = 45 },
	{ .a_all_ms = 35 }, { .b_all_ms = 35 },
	{ .b_later_ms = 5 }, { .b_later_ms = 15 }, { .b_later_ms = 25 }, { .b_later_ms = 35 },
	{ .lost = 1 }, { .lost = 2 }, { .lost = 3 }, { .lost = 4 }, { .lost = 5 }, { .lost = 6 }, { .lost = 7 }, { .lost = 8 },
};

struct play {
	struct pair p;
	const struct order *order;
	uint64_t first;
	bool a_sent, b_sent;
};

static void meddle(void *ctx, struct world *w, struct datagram *d)
{
	struct play *play = ctx;
	const struct order *o = play->order;
	bool from_a = d->from == play->p.a;
	bool *sent = from_a ? &play->a_sent : &play->b_sent;

	(void)w;
	d->due_ms += from_a ? o->a_all_ms : o->b_all_ms;
	if (!*sent)
		d->due_ms += from_a ? o->a_first_ms : o->b_first_ms;
	*sent = true;
	d->drop = o->lost && d->number == play->first + o->lost;
}

static bool net_stays(enum action a, enum action b)
{
	return a != CHILD_DOWN && a != IKE_DOWN && b != CHILD_DOWN && b != IKE_DOWN;
}

static void check(struct play *play, enum action a, enum action b)
{
	struct left left = a <= b ? table[a][b] : table[b][a];
	struct pair *p = &play->p;

	world_consistent_any(p->w);
	if (left.ike_sas != ANY)
		assert_int_equal(node_ike_count(p->a), left.ike_sas);
	if (left.child_sas != ANY)
		assert_int_equal(node_child_count(p->a), left.child_sas);
	if (!net_stays(a, b))
		return;
	assert_true(node_ping(p->a, "10.1.0.1", "10.2.0.1"));
	assert_true(node_ping(p->b, "10.2.0.1", "10.1.0.1"));
	/* Nothing is lost while all messages come in order. */
	if (play->order <= &orders[1])
		assert_int_equal(p->a->flood_lost + p->b->flood_lost, 0);
}

/* What is listed meanwhile, an SA too that lost and never was established. */
static void look(struct node *n)
{
	struct snapshot s;

	node_snapshot(n, &s);
	for (unsigned int i = 0; i < s.ike_count; i++) {
		assert_true(s.ikes[i].age_s <= (n->world->now_ms - START_MS) / 1000);
		replaced_seen += !strcmp(s.ikes[i].state, "REKEYED");
	}
	snapshot_free(&s);
}

static void collide(enum action a, enum action b, const struct order *order, uint64_t seed)
{
	struct play play = { .order = order };
	struct pair *p = &play.p;

	print_message("a: %s, b: %s, order %u, seed %llu\n", action_names[a], action_names[b], (unsigned int)(order - orders),
		      (unsigned long long)seed);
	pair_open(p, seed, ACTIONS_MORE, ACTIONS_MORE);
	node_up(p->a, "net");
	world_run(p->w, 1000);
	play.first = p->w->numbers;
	world_set_hook(p->w, meddle, &play);
	node_flood(p->a, "10.1.0.1", "10.2.0.1", 7);
	node_flood(p->b, "10.2.0.1", "10.1.0.1", 7);
	act(p->a, a);
	world_run(p->w, order->b_later_ms);
	act(p->b, b);
	for (unsigned int ms = 0; ms < 3000; ms += 20) {
		world_run(p->w, 20);
		look(p->a);
		look(p->b);
	}
	world_flood_stop(p->w);
	world_run(p->w, SETTLE_MS);
	check(&play, a, b);
	pair_close(p);
}

/* All partners of one action of a. Two seeds: the nonces decide who wins. */
static void test_action(void **state)
{
	enum action a = (enum action)(uintptr_t)*state;

	for (int b = 0; b < ACTION_COUNT; b++)
		for (size_t o = 0; o < sizeof(orders) / sizeof(orders[0]); o++)
			for (uint64_t seed = 1; seed <= 2; seed++)
				collide(a, (enum action)b, &orders[o], seed);
	if (a == IKE_REKEY)
		assert_true(replaced_seen > 0);
}

int main(void)
{
	struct CMUnitTest tests[ACTION_COUNT];

	for (int i = 0; i < ACTION_COUNT; i++)
		tests[i] = (struct CMUnitTest){ .name = action_names[i], .test_func = test_action, .initial_state = (void *)(uintptr_t)i };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
