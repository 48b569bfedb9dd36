/* SPDX-License-Identifier: Apache-2.0 */
/* What start_action = start wants is never given up, whatever went wrong; what a user alone asked for is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pair.h"
#include "proto/registry.h"

#define SECOND 1000u
#define MINUTE (60u * SECOND)
#define HOUR (60u * MINUTE)
#define START "start_action = start\n"

static void up_again(struct pair *p)
{
	world_run(p->w, 7 * MINUTE); /* the longest pause is 5, a sequence of retransmissions nearly 3 */
	world_consistent(p->w, 1, 1);
	pair_close(p);
}

static void test_silent_peer(void **state)
{
	struct pair p;

	(void)state;
	pair_create(&p, 1);
	p.b->cut = true;
	pair_configure(&p, START, "");
	world_run(p.w, 10 * HOUR);
	/* Not as often as it could. */
	assert_true(p.a->sent < 10 * 60 * 5);
	p.b->cut = false;
	world_run(p.w, 4 * MINUTE);
	up_again(&p);
}

static void test_wrong_proposal(void **state)
{
	struct pair p;

	(void)state;
	pair_create(&p, 2);
	pair_configure(&p, START, "conn:proposals = aes128gcm16-prfsha256-x25519");
	world_run(p.w, 10 * HOUR);
	pair_configure(&p, START, "");
	up_again(&p);
}

static void test_wrong_secret(void **state)
{
	struct pair p;

	(void)state;
	pair_create(&p, 3);
	pair_configure(&p, START, "conn:ppk_required = yes");
	world_run(p.w, 10 * HOUR);
	world_consistent(p.w, 0, 0);
	pair_configure(&p, START, "");
	up_again(&p);
}

/* The IKE SA stays, and its CHILD SA is asked for again. */
static void test_refused_child(void **state)
{
	struct pair p;

	(void)state;
	pair_create(&p, 4);
	pair_configure(&p, START, "local_ts = 10.99.0.0/16");
	world_run(p.w, 10 * HOUR);
	assert_int_equal(node_child_count(p.a), 0);
	pair_configure(&p, START, "");
	up_again(&p);
}

static void test_no_route(void **state)
{
	struct pair p;
	struct ip_addr addr;

	(void)state;
	pair_create(&p, 5);
	addr = p.a->addrs[0];
	ip_parse("2001:db8::1", &p.a->addrs[0]);
	pair_configure(&p, START "conn:local_addrs = %any\n", "");
	world_run(p.w, HOUR);
	p.a->addrs[0] = addr;
	up_again(&p);
}

/* A peer that lost everything, found dead; dpd_action is not said. */
static void test_dead_peer(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, 6, START "conn:dpd_delay = 30s\n", "");
	world_run(p.w, MINUTE);
	world_consistent(p.w, 1, 1);
	node_restart(p.b);
	world_run(p.w, HOUR);
	pair_configure(&p, START "conn:dpd_delay = 30s\n", "");
	world_run(p.w, 4 * MINUTE);
	up_again(&p);
}

/* It was said: nothing is to follow. */
static void test_dead_peer_clear(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, 7, START "dpd_action = clear\nconn:dpd_delay = 30s\n", "");
	world_run(p.w, MINUTE);
	p.b->cut = true;
	world_run(p.w, HOUR);
	assert_int_equal(node_ike_count(p.a), 0);
	pair_close(&p);
}

/* A user's attempt ends, and so does what start_action began, once a user wants it down: by the name of the connection, or of the CHILD SA. */
static void test_down(void **state)
{
	static const char *const names[] = { "gw", "net", "gw/net" };
	struct outcome outcome;
	struct pair p;
	uint64_t sent;

	(void)state;
	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		pair_create(&p, 8 + i);
		p.b->cut = true;
		pair_configure(&p, START, "");
		world_run(p.w, 167 * SECOND); /* given up, and waiting */
		assert_int_equal(node_ike_count(p.a), 0);
		node_down(p.a, names[i]);
		sent = p.a->sent;
		world_run(p.w, HOUR);
		assert_int_equal(p.a->sent, sent);
		pair_close(&p);
	}
	pair_create(&p, 20);
	p.b->cut = true;
	pair_configure(&p, "", "");
	assert_int_not_equal(node_up_try(p.a, "net", &outcome), 0);
	sent = p.a->sent;
	world_run(p.w, HOUR);
	assert_int_equal(p.a->sent, sent);
	pair_close(&p);
}

static void drop_auth(void *ctx, struct world *w, struct datagram *d)
{
	(void)ctx;
	(void)w;
	d->drop |= d->exchange == IKE_AUTH && d->response;
}

/* The same while IKE_AUTH is out, which nobody answers: the peer may have to be told, and then it is over. */
static void test_down_in_auth(void **state)
{
	struct outcome down = { 0 };
	struct pair p;
	uint64_t sent;

	(void)state;
	pair_create(&p, 30);
	world_set_hook(p.w, drop_auth, NULL);
	pair_configure(&p, START "conn:keyingtries = 0\n", "");
	world_run(p.w, SECOND);
	agent_down(p.a->agent, "gw", world_outcome, &down);
	node_poke(p.a);
	world_run(p.w, 4 * MINUTE);
	assert_true(down.done);
	assert_int_equal(node_ike_count(p.a), 0);
	sent = p.a->sent;
	world_run(p.w, HOUR);
	assert_int_equal(p.a->sent, sent);
	pair_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_silent_peer), cmocka_unit_test(test_wrong_proposal), cmocka_unit_test(test_wrong_secret),
		cmocka_unit_test(test_refused_child), cmocka_unit_test(test_no_route), cmocka_unit_test(test_dead_peer),
		cmocka_unit_test(test_dead_peer_clear), cmocka_unit_test(test_down), cmocka_unit_test(test_down_in_auth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
