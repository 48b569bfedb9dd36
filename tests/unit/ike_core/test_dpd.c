/* SPDX-License-Identifier: Apache-2.0 */
/* Dead peer detection (RFC 7296, 2.4): fresh ESP of the peer's is a sign of life, ours is none. What follows from death: test_rekey.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "pair.h"
#include "proto/registry.h"

#define SECOND 1000u
#define MINUTE (60u * SECOND)
#define DELAY "conn:dpd_delay = 30s\n"

struct probes {
	struct node *of;
	unsigned int count;
};

static void count_probes(void *ctx, struct world *w, struct datagram *d)
{
	struct probes *probes = ctx;

	(void)w;
	probes->count += d->from == probes->of && d->exchange == IKE_INFORMATIONAL && !d->response && !d->retransmit;
}

static void open_counted(struct pair *p, struct probes *probes, const char *more)
{
	pair_open(p, 70, more, "");
	node_up(p->a, "net");
	*probes = (struct probes){ .of = p->a };
	world_set_hook(p->w, count_probes, probes);
}

/* Nothing at all: every 30 seconds. */
static void test_silence(void **state)
{
	struct probes probes;
	struct pair p;

	(void)state;
	open_counted(&p, &probes, DELAY);
	world_run(p.w, 10 * MINUTE);
	assert_in_range(probes.count, 18, 20);
	pair_close(&p);
}

/* The peer sends: no probe; it falls silent: one after the delay, and not before. */
static void test_inbound(void **state)
{
	struct probes probes;
	struct pair p;

	(void)state;
	open_counted(&p, &probes, DELAY);
	node_flood(p.b, "10.2.0.1", "10.1.0.1", 7 * SECOND);
	world_run(p.w, 10 * MINUTE);
	assert_int_equal(probes.count, 0);
	assert_true(node_ping(p.b, "10.2.0.1", "10.1.0.1"));
	world_flood_stop(p.w);
	world_run(p.w, 29 * SECOND);
	assert_int_equal(probes.count, 0);
	world_run(p.w, 2 * SECOND);
	assert_int_equal(probes.count, 1);
	world_consistent(p.w, 1, 1);
	pair_close(&p);
}

/* Rarer than the delay: postponed each time, but not for ever. */
static void test_rare(void **state)
{
	struct probes probes;
	struct pair p;

	(void)state;
	open_counted(&p, &probes, DELAY);
	node_flood(p.b, "10.2.0.1", "10.1.0.1", 45 * SECOND);
	world_run(p.w, 9 * MINUTE);
	assert_in_range(probes.count, 10, 13);
	world_flood_stop(p.w);
	pair_close(&p);
}

/* Only we send: that says nothing about the peer. */
static void test_outbound(void **state)
{
	struct probes probes;
	struct pair p;

	(void)state;
	open_counted(&p, &probes, DELAY);
	node_flood(p.a, "10.1.0.1", "10.2.0.1", 7 * SECOND);
	world_run(p.w, 10 * MINUTE);
	assert_in_range(probes.count, 18, 20);
	/* It dies, and we go on sending: found out, and all is gone. */
	p.b->cut = true;
	world_run(p.w, 5 * MINUTE);
	assert_int_equal(node_ike_count(p.a), 0);
	world_flood_stop(p.w);
	pair_close(&p);
}

/* One of several CHILD SAs is enough; also across a rekeying, and after the data plane is lost there is none. */
static void test_several(void **state)
{
	static const char more[] = DELAY "child two:local_ts = 10.3.0.0/16\nchild two:remote_ts = 10.3.0.0/16\n";
	struct probes probes;
	struct pair p;

	(void)state;
	pair_open(&p, 71, more, more + sizeof(DELAY) - 1);
	node_up(p.a, "gw");
	node_flood(p.b, "10.3.0.2", "10.3.0.1", 7 * SECOND);
	world_run(p.w, SECOND);
	probes = (struct probes){ .of = p.a };
	world_set_hook(p.w, count_probes, &probes);
	world_run(p.w, 5 * MINUTE);
	assert_int_equal(probes.count, 0);
	node_rekey(p.b, "two", false, false);
	world_run(p.w, 5 * MINUTE);
	assert_int_equal(probes.count, 0);
	world_flood_stop(p.w);
	mock_down(&p.a->sink);
	node_poke(p.a);
	world_run(p.w, 2 * MINUTE);
	assert_true(probes.count >= 3);
	pair_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_silence), cmocka_unit_test(test_inbound), cmocka_unit_test(test_rare), cmocka_unit_test(test_outbound),
		cmocka_unit_test(test_several),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
