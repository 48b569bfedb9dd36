/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A peer that agrees to a rekeying of the IKE SA while its own of a CHILD SA is under way, and forgets the latter (strongSwan; RFC 7296, 2.25.2, has
 * TEMPORARY_FAILURE for that): what it asked for and never took is known to us alone. When that is found out one CHILD SA is left, not two.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/child_life.h"
#include "core/child_sa.h"
#include "core/create_child.h"
#include "core/refuse.h"
#include "pair.h"

#define SECOND 1000u
#define MINUTE (60u * SECOND)

static const struct agent *forgetful, *loses;

bool __real_create_child_under_way(const struct ike_sa *sa);
bool __wrap_create_child_under_way(const struct ike_sa *sa);
bool __wrap_create_child_under_way(const struct ike_sa *sa)
{
	return sa->agent != forgetful && __real_create_child_under_way(sa);
}

bool __real_child_delete_under_way(const struct ike_sa *sa);
bool __wrap_child_delete_under_way(const struct ike_sa *sa);
bool __wrap_child_delete_under_way(const struct ike_sa *sa)
{
	return sa->agent != forgetful && __real_child_delete_under_way(sa);
}

int __real_create_child_request(struct ike_sa *sa, const struct ike_message *m, struct ike_builder *reply);
int __wrap_create_child_request(struct ike_sa *sa, const struct ike_message *m, struct ike_builder *reply);
int __wrap_create_child_request(struct ike_sa *sa, const struct ike_message *m, struct ike_builder *reply)
{
	if (sa->agent == loses) {
		child_destroy(sa->children, CLOSE_LOCAL);
		return refuse_with(sa, reply, IKE_N_CHILD_SA_NOT_FOUND);
	}
	return __real_create_child_request(sa, m, reply);
}

static bool ping_both(struct pair *p)
{
	return node_ping(p->a, "10.1.0.1", "10.2.0.1") && node_ping(p->b, "10.2.0.1", "10.1.0.1");
}

static struct child_sa *in_state(struct node *n, enum child_state state)
{
	for (struct ike_sa *sa = n->agent->sas; sa; sa = sa->next)
		for (struct child_sa *c = sa->children; c; c = c->next)
			if (c->state == state)
				return c;
	fail_msg("%s has no CHILD SA in state %d", n->name, state);
	return NULL;
}

static void rekey(struct node *n, struct child_sa *child)
{
	assert_int_equal(child_initiate(child->ike, child->child, child), 0);
	node_poke(n);
}

static void lose_answers(void *ctx, struct world *w, struct datagram *d)
{
	struct pair *p = ctx;

	(void)w;
	d->drop = d->from == p->a && d->response && d->exchange == IKE_CREATE_CHILD_SA;
}

/* a has made a new CHILD SA as b asked, and the old one waits for b's delete; b has the old one alone, and does not rekey it any more. */
static struct child_sa *forget(struct pair *p, uint64_t seed)
{
	pair_open(p, seed, "", "");
	forgetful = p->b->agent;
	node_up(p->a, "net");
	world_set_hook(p->w, lose_answers, p);
	rekey(p->b, in_state(p->b, CHILD_INSTALLED));
	world_run(p->w, 100);
	assert_int_equal(node_child_count(p->a), 2);
	node_rekey(p->a, "gw", true, false);
	world_run(p->w, MINUTE);
	world_set_hook(p->w, NULL, NULL);
	assert_int_equal(node_ike_count(p->b), 1);
	assert_int_equal(node_child_count(p->b), 1);
	assert_int_equal(node_child_count(p->a), 2);
	assert_true(ping_both(p));
	return in_state(p->a, CHILD_INSTALLED);
}

static void one_is_left(struct pair *p)
{
	world_run(p->w, MINUTE);
	world_consistent(p->w, 1, 1);
	assert_true(ping_both(p));
	for (int b = 0; b < 2; b++) {
		node_rekey(b ? p->b : p->a, "net", false, false);
		world_run(p->w, MINUTE);
		world_consistent(p->w, 1, 1);
	}
	assert_true(ping_both(p));
	forgetful = NULL;
	pair_close(p);
}

/* The new one is rekeyed, and the peer does not know it: the old one is what it was, and is rekeyed in its place. */
static void test_predecessor(void **state)
{
	struct child_sa *new;
	uint32_t old;
	struct pair p;

	(void)state;
	new = forget(&p, 1);
	old = in_state(p.a, CHILD_REKEYED)->id;
	node_flood(p.a, "10.1.0.1", "10.2.0.1", 7);
	node_flood(p.b, "10.2.0.1", "10.1.0.1", 7);
	rekey(p.a, new);
	world_run(p.w, MINUTE);
	world_flood_stop(p.w);
	world_run(p.w, SECOND);
	assert_int_equal(p.a->flood_lost + p.b->flood_lost, 0);
	assert_int_not_equal(node_only_child(p.a).id, old);
	one_is_left(&p);
}

/* The peer does not know the old one either: it is made from scratch, once. */
static void test_neither(void **state)
{
	struct child_sa *new;
	struct pair p;

	(void)state;
	new = forget(&p, 2);
	child_destroy(p.b->agent->sas->children, CLOSE_LOCAL);
	rekey(p.a, new);
	one_is_left(&p);
}

/* The old one ended with its life, and the peer has made another meanwhile: that one serves. */
static void test_equal(void **state)
{
	struct child_sa *new;
	struct pair p;

	(void)state;
	new = forget(&p, 3);
	child_destroy(in_state(p.a, CHILD_REKEYED), CLOSE_LOCAL);
	child_destroy(p.b->agent->sas->children, CLOSE_LOCAL);
	world_run(p.w, MINUTE);
	assert_int_equal(node_child_count(p.b), 0);
	node_up(p.b, "net");
	world_run(p.w, MINUTE);
	assert_int_equal(node_child_count(p.a), 2);
	rekey(p.a, new);
	one_is_left(&p);
}

/* The old one ends with its life, and the peer never deleted it: the new one is not believed in any longer. */
static void test_life_over(void **state)
{
	struct pair p;

	(void)state;
	forget(&p, 6);
	child_expire(in_state(p.a, CHILD_REKEYED), true);
	node_poke(p.a);
	one_is_left(&p);
}

/* The peer asks again to rekey the old one, which it would not if it had the new one. */
static void test_asked_again(void **state)
{
	struct pair p;

	(void)state;
	forget(&p, 7);
	p.b->agent->sas->children->state = CHILD_INSTALLED;
	rekey(p.b, p.b->agent->sas->children);
	one_is_left(&p);
}

/* Another under the same, configured reqid, but with other selectors, does not serve. */
static void test_other_selectors(void **state)
{
	struct child_sa *narrow;
	struct ike_sa *sa;
	struct pair p;

	(void)state;
	pair_open(&p, 5, "reqid = 7", "");
	node_up(p.a, "net");
	pair_configure(&p, "reqid = 7\nlocal_ts = 10.1.0.0/24", "");
	sa = p.a->agent->sas;
	assert_int_equal(child_initiate(sa, conf_connection_child(sa->conn, "net"), NULL), 0);
	world_run(p.w, MINUTE);
	world_consistent(p.w, 1, 2);
	narrow = sa->children;
	assert_ptr_equal(narrow->reqid, narrow->next->reqid);
	child_destroy(p.b->agent->sas->children, CLOSE_LOCAL);
	rekey(p.a, narrow);
	world_run(p.w, MINUTE);
	world_consistent(p.w, 1, 2);
	pair_close(&p);
}

/* Our rekeying meets the peer's, which loses the old one meanwhile and deletes it never: the peer's new one serves, and the old one goes. */
static void test_lost_by_peer(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, 4, "", "");
	node_up(p.a, "net");
	rekey(p.b, in_state(p.b, CHILD_INSTALLED));
	rekey(p.a, in_state(p.a, CHILD_INSTALLED));
	loses = p.b->agent;
	world_run(p.w, 15);
	loses = NULL;
	one_is_left(&p);
}

static void late_deletes(void *ctx, struct world *w, struct datagram *d)
{
	struct pair *p = ctx;

	(void)w;
	if (d->from == p->b && !d->response && d->exchange == IKE_INFORMATIONAL)
		d->due_ms += 20;
}

/* The peer's delete of the old one comes when its IKE SA has been rekeyed, and on that one. */
static void test_delete_on_old_ike(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, 8, "", "");
	forgetful = p.b->agent;
	node_up(p.a, "net");
	world_set_hook(p.w, late_deletes, &p);
	rekey(p.b, in_state(p.b, CHILD_INSTALLED));
	world_run(p.w, 25);
	node_rekey(p.a, "gw", true, false);
	world_set_hook(p.w, NULL, NULL);
	world_run(p.w, MINUTE);
	assert_int_equal(node_child_count(p.a), 1); /* b's response of the delete was lost with the old IKE SA: its own affair */
	assert_null(in_state(p.a, CHILD_INSTALLED)->successor);
	assert_true(ping_both(&p));
	forgetful = NULL;
	pair_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_predecessor),
		cmocka_unit_test(test_neither),
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_life_over),
		cmocka_unit_test(test_asked_again),
		cmocka_unit_test(test_other_selectors),
		cmocka_unit_test(test_lost_by_peer),
		cmocka_unit_test(test_delete_on_old_ike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
