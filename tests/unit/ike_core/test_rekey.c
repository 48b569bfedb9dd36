/* SPDX-License-Identifier: Apache-2.0 */
/* Rekeying of CHILD and IKE SAs, reauthentication, deletes: by commands and by lifetimes, under traffic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pair.h"

#define SECOND 1000u
#define MINUTE (60u * SECOND)
#define HOUR (60u * MINUTE)
#define DAY (24u * HOUR)

/* Which is faster: a new SA must be in place before the first packet by it, an old one until the last. */
enum pace { EQUAL, IKE_SLOW, ESP_SLOW, PACE_COUNT };

static void slow_down(void *ctx, struct world *w, struct datagram *d)
{
	const unsigned int *more = ctx;

	(void)w;
	d->due_ms += more ? *more : 40;
}

static void flood_both(struct pair *p, enum pace pace)
{
	if (pace == IKE_SLOW)
		world_set_hook(p->w, slow_down, NULL);
	if (pace == ESP_SLOW)
		p->w->esp_latency_ms = 200;
	node_flood(p->a, "10.1.0.1", "10.2.0.1", 5);
	node_flood(p->b, "10.2.0.1", "10.1.0.1", 5);
}

static void no_loss(struct pair *p)
{
	world_flood_stop(p->w);
	world_run(p->w, SECOND);
	assert_int_equal(p->a->flood_lost, 0);
	assert_int_equal(p->b->flood_lost, 0);
	assert_int_equal(p->a->flood_received, p->a->flood_sent);
	assert_true(p->a->flood_sent > 100 && p->b->flood_sent > 100);
}

/* The CHILD SA is another one than before, under the same reqid. */
static void is_new(const struct child_copy *before, const struct child_copy *after)
{
	assert_int_not_equal(before->spi_in, after->spi_in);
	assert_int_not_equal(before->spi_out, after->spi_out);
	assert_int_equal(before->reqid, after->reqid);
}

static void rekey_child_at(bool from_a, const char *more, enum pace pace)
{
	struct child_copy before, after;
	struct pair p;

	pair_open(&p, 2, more, more);
	node_up(p.a, "net");
	before = node_only_child(p.a);
	flood_both(&p, pace);
	for (int i = 0; i < 3; i++) {
		node_rekey(from_a ? p.a : p.b, "net", false, false);
		world_run(p.w, 2 * SECOND);
	}
	no_loss(&p);
	world_run(p.w, MINUTE);
	world_consistent(p.w, 1, 1);
	after = node_only_child(p.a);
	is_new(&before, &after);
	pair_close(&p);
}

static void rekey_child(bool from_a, const char *more)
{
	for (int pace = 0; pace < PACE_COUNT; pace++)
		rekey_child_at(from_a, more, (enum pace)pace);
}

static void test_child_initiator(void **state)
{
	(void)state;
	rekey_child(true, "");
}

static void test_child_responder(void **state)
{
	(void)state;
	rekey_child(false, "");
}

/* Rekeyed in quick succession by one side, each old inbound SA stays its time at both: packets under way may be overtaken by the delete. */
static void test_child_late_packets(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, 3, "", "");
	node_up(p.a, "net");
	for (int i = 0; i < 3; i++) {
		node_rekey(p.a, "net", false, false);
		world_run(p.w, 500);
	}
	assert_int_equal(mock_sa_count(&p.a->sink), 3 + 2); /* three old inbound ones, the pair in use */
	assert_int_equal(mock_sa_count(&p.b->sink), 3 + 2);
	world_run(p.w, 10 * SECOND);
	assert_int_equal(mock_sa_count(&p.a->sink), 2);
	assert_int_equal(mock_sa_count(&p.b->sink), 2);
	pair_close(&p);
}

/* The same when the IKE SA is made anew. */
static void test_reauth_late_packets(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, 3, "", "");
	node_up(p.a, "net");
	node_rekey(p.a, "net", true, true);
	world_run(p.w, 500);
	assert_int_equal(mock_sa_count(&p.a->sink), 4);
	assert_int_equal(mock_sa_count(&p.b->sink), 4);
	world_run(p.w, 10 * SECOND);
	assert_int_equal(mock_sa_count(&p.a->sink), 2);
	assert_int_equal(mock_sa_count(&p.b->sink), 2);
	world_consistent(p.w, 1, 1);
	pair_close(&p);
}

static void test_child_without_pfs(void **state)
{
	(void)state;
	rekey_child(true, "esp_proposals = aes128gcm16");
}

static void rekey_ike_at(bool from_a, enum pace pace)
{
	struct ike_copy before, after;
	struct child_copy child, moved;
	struct pair p;

	pair_open(&p, 3, "", "");
	node_up(p.a, "net");
	before = node_only_ike(p.a);
	child = node_only_child(p.a);
	flood_both(&p, pace);
	node_rekey(from_a ? p.a : p.b, "gw", true, false);
	world_run(p.w, 2 * SECOND);
	no_loss(&p);
	world_run(p.w, MINUTE);
	world_consistent(p.w, 1, 1);
	after = node_only_ike(p.a);
	moved = node_only_child(p.a);
	assert_true(before.spi_i != after.spi_i && before.spi_r != after.spi_r);
	assert_int_equal(after.initiator, from_a);
	assert_int_equal(moved.spi_in, child.spi_in);
	/* The new one works: message IDs begin again. */
	node_rekey(p.a, "net", false, false);
	node_rekey(p.b, "net", false, false);
	node_rekey(from_a ? p.b : p.a, "gw", true, false);
	node_down(p.b, "net");
	world_run(p.w, MINUTE);
	world_consistent(p.w, 1, 0);
	pair_close(&p);
}

static void rekey_ike(bool from_a)
{
	for (int pace = 0; pace < PACE_COUNT; pace++)
		rekey_ike_at(from_a, (enum pace)pace);
}

static void test_ike_initiator(void **state)
{
	(void)state;
	rekey_ike(true);
}

static void test_ike_responder(void **state)
{
	(void)state;
	rekey_ike(false);
}

static void reauth_at(bool from_a, enum pace pace)
{
	const char *more = "child two:local_ts = 10.3.0.0/16\nchild two:remote_ts = 10.3.0.0/16\n";
	struct ike_copy before, after;
	struct pair p;

	pair_open(&p, 4, more, more);
	node_up(p.a, "gw");
	world_consistent(p.w, 1, 2);
	before = node_only_ike(p.a);
	flood_both(&p, pace);
	node_rekey(from_a ? p.a : p.b, "gw", false, true);
	world_run(p.w, 10 * SECOND);
	world_flood_stop(p.w);
	world_run(p.w, MINUTE);
	world_consistent(p.w, 1, 2);
	assert_int_equal(p.a->flood_lost + p.b->flood_lost, 0);
	after = node_only_ike(p.a);
	assert_true(before.spi_i != after.spi_i);
	pair_close(&p);
}

static void reauth(bool from_a)
{
	for (int pace = 0; pace < PACE_COUNT; pace++)
		reauth_at(from_a, (enum pace)pace);
}

static void test_reauth_initiator(void **state)
{
	(void)state;
	reauth(true);
}

static void test_reauth_responder(void **state)
{
	(void)state;
	reauth(false);
}

/* A peer that is busy when our answer comes: it has its new SA long after we have ours. */
static void test_reauth_slow_initiator(void **state)
{
	static unsigned int ms = 900;
	struct pair p;

	(void)state;
	pair_open(&p, 4, "", "");
	node_up(p.a, "net");
	world_set_hook(p.w, slow_down, &ms);
	node_flood(p.a, "10.1.0.1", "10.2.0.1", 5);
	node_flood(p.b, "10.2.0.1", "10.1.0.1", 5);
	node_rekey(p.a, "gw", false, true);
	world_run(p.w, 10 * SECOND);
	no_loss(&p);
	world_run(p.w, MINUTE);
	world_consistent(p.w, 1, 1);
	pair_close(&p);
}

/* Two days of hourly rekeyings, with jitter: nothing is lost, nothing is left. */
static void test_days(void **state)
{
	const char *more = "rekey_time = 1h\nlife_time = 66m\nrand_time = 6m\nconn:rekey_time = 4h\nconn:over_time = 24m\nconn:reauth_time = 0\n";
	struct child_copy before, after;
	struct pair p;

	(void)state;
	pair_open(&p, 5, more, more);
	node_up(p.a, "net");
	before = node_only_child(p.a);
	node_flood(p.a, "10.1.0.1", "10.2.0.1", 977);
	node_flood(p.b, "10.2.0.1", "10.1.0.1", 1009);
	world_run(p.w, 2 * DAY);
	world_flood_stop(p.w);
	world_run(p.w, 10 * SECOND);
	world_consistent(p.w, 1, 1);
	assert_int_equal(p.a->flood_lost + p.b->flood_lost, 0);
	after = node_only_child(p.a);
	is_new(&before, &after);
	assert_true(after.id > 48 && after.id < 120);
	assert_true(node_only_ike(p.a).age_s < 4 * 3600);
	pair_close(&p);
}

static void test_reauth_time(void **state)
{
	const char *more = "conn:reauth_time = 3h\nconn:over_time = 10m\nconn:rekey_time = 1h\nrekey_time = 0\n";
	uint64_t first;
	struct pair p;

	(void)state;
	pair_open(&p, 6, more, "");
	node_up(p.a, "net");
	first = p.w->now_ms;
	node_flood(p.a, "10.1.0.1", "10.2.0.1", 977);
	node_flood(p.b, "10.2.0.1", "10.1.0.1", 1009);
	world_run(p.w, 9 * HOUR);
	world_flood_stop(p.w);
	world_run(p.w, 10 * SECOND);
	world_consistent(p.w, 1, 1);
	assert_int_equal(p.a->flood_lost + p.b->flood_lost, 0);
	assert_true(node_only_child(p.a).age_s < (p.w->now_ms - first) / 1000);
	assert_true(node_only_child(p.a).age_s < 3 * 3600);
	pair_close(&p);
}

/* Packets and bytes, with events of the data plane and without. */
static void by_traffic(bool events, const char *more)
{
	struct child_copy after;
	struct pair p;

	pair_create(&p, 7);
	p.a->sink.caps.events = events;
	p.b->sink.caps.events = events;
	node_restart(p.a);
	node_restart(p.b);
	pair_configure(&p, more, "");
	node_up(p.a, "net");
	node_flood(p.a, "10.1.0.1", "10.2.0.1", 100);
	world_run(p.w, HOUR);
	world_flood_stop(p.w);
	world_run(p.w, 10 * SECOND);
	world_consistent(p.w, 1, 1);
	assert_int_equal(p.a->flood_lost, 0);
	after = node_only_child(p.a);
	/* 36,000 packets; each SA rekeys between 900 and 1,000 of them, or when it is asked next. */
	assert_true(after.id > (events ? 35 : 20) && after.id < 60);
	pair_close(&p);
}

static void test_packets(void **state)
{
	(void)state;
	by_traffic(true, "rekey_packets = 1000\nlife_packets = 1500\nrand_packets = 100\n");
	by_traffic(false, "rekey_packets = 1000\nlife_packets = 1500\nrand_packets = 100\n");
}

static void test_bytes(void **state)
{
	(void)state;
	by_traffic(true, "rekey_bytes = 84000\nlife_bytes = 126000\nrand_bytes = 8400\n");
	by_traffic(false, "rekey_bytes = 84000\nlife_bytes = 126000\nrand_bytes = 8400\n");
}

/* Sequence numbers of 32 bits near their end. */
static void near_exhaustion(bool events)
{
	struct child_copy before, after;
	struct mock_sa *sa;
	struct pair p;

	pair_create(&p, 8);
	p.a->sink.caps.events = events;
	node_restart(p.a);
	pair_configure(&p, "", "");
	node_up(p.a, "net");
	before = node_only_child(p.a);
	sa = mock_sa_find(&p.a->sink, SINK_OUT, before.spi_out, &p.b->addrs[0]);
	assert_true(mock_sa_use(&p.a->sink, sa, 0xb0000000u, 1000));
	node_poke(p.a);
	world_run(p.w, 2 * MINUTE);
	assert_int_equal(node_only_child(p.a).spi_out, before.spi_out);
	assert_true(mock_sa_use(&p.a->sink, sa, 0x10000000u, 1000));
	node_poke(p.a);
	world_run(p.w, 2 * MINUTE);
	world_consistent(p.w, 1, 1);
	after = node_only_child(p.a);
	is_new(&before, &after);
	pair_close(&p);
}

static void test_sequence_numbers(void **state)
{
	(void)state;
	near_exhaustion(true);
	near_exhaustion(false);
}

/* No rekeying, a hard end: the SA goes on both sides; with a trap the next packet brings a new one. */
static void test_hard_end(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, 9, "life_time = 10m\nstart_action = trap\n", "");
	node_up(p.a, "net");
	world_run(p.w, 9 * MINUTE);
	world_consistent(p.w, 1, 1);
	world_run(p.w, 2 * MINUTE);
	world_consistent(p.w, 1, 0);
	assert_false(node_ping(p.a, "10.1.0.1", "10.2.0.1"));
	world_run(p.w, SECOND);
	world_consistent(p.w, 1, 1);
	assert_true(node_ping(p.a, "10.1.0.1", "10.2.0.1"));
	pair_close(&p);
}

static void test_hard_end_close_action(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, 10, "life_time = 10m\nclose_action = start\n", "");
	node_up(p.a, "net");
	world_run(p.w, HOUR);
	world_consistent(p.w, 1, 1);
	assert_true(node_only_child(p.a).age_s < 600);
	pair_close(&p);
}

static void test_delete_ike(void **state)
{
	struct pair p;

	(void)state;
	for (int from_a = 0; from_a < 2; from_a++) {
		pair_open(&p, 11, "", "");
		node_up(p.a, "net");
		node_down(from_a ? p.a : p.b, "gw");
		world_run(p.w, MINUTE);
		world_consistent(p.w, 0, 0);
		node_up(p.b, "gw/net");
		world_run(p.w, SECOND);
		world_consistent(p.w, 1, 1);
		pair_close(&p);
	}
}

static void test_close_action(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, 12, "close_action = start\n", "close_action = trap\n");
	node_up(p.a, "net");
	world_run(p.w, 2 * MINUTE);
	node_down(p.b, "net");
	world_run(p.w, 2 * MINUTE);
	world_consistent(p.w, 1, 1);
	node_down(p.b, "gw");
	world_run(p.w, 2 * MINUTE);
	world_consistent(p.w, 1, 1);
	/* a takes it down: b holds a trap. */
	node_down(p.a, "net");
	world_run(p.w, 2 * MINUTE);
	world_consistent(p.w, 1, 0);
	assert_false(node_ping(p.b, "10.2.0.1", "10.1.0.1"));
	world_run(p.w, SECOND);
	world_consistent(p.w, 1, 1);
	pair_close(&p);
}

static void test_dpd(void **state)
{
	static const char *const actions[] = { "clear", "trap", "restart" };
	char more[128];
	struct pair p;

	(void)state;
	for (int i = 0; i < 3; i++) {
		snprintf(more, sizeof(more), "conn:keyingtries = 0\nconn:dpd_delay = 30s\ndpd_action = %s\n", actions[i]);
		pair_open(&p, 13, more, "");
		node_up(p.a, "net");
		world_run(p.w, 10 * MINUTE);
		world_consistent(p.w, 1, 1);
		p.b->cut = true;
		node_restart(p.b);
		world_run(p.w, 5 * MINUTE);
		assert_int_equal(node_child_count(p.a), 0);
		p.b->cut = false;
		pair_configure(&p, more, "");
		world_run(p.w, 10 * MINUTE);
		world_consistent(p.w, i == 2, i == 2);
		assert_int_equal(node_ping(p.a, "10.1.0.1", "10.2.0.1"), i == 2);
		world_run(p.w, SECOND);
		assert_int_equal(node_ping(p.a, "10.1.0.1", "10.2.0.1"), i != 0);
		pair_close(&p);
	}
}

/* Our sink dies under us: new SAs with new keys; and both sides' sinks. */
static void test_sink_down(void **state)
{
	struct child_copy before, after;
	struct pair p;

	(void)state;
	for (int both = 0; both < 2; both++) {
		pair_open(&p, 14, "", "");
		node_up(p.a, "net");
		before = node_only_child(p.a);
		mock_down(&p.a->sink);
		if (both)
			mock_down(&p.b->sink);
		node_poke(p.a);
		node_poke(p.b);
		world_run(p.w, MINUTE);
		assert_false(node_ping(p.a, "10.1.0.1", "10.2.0.1"));
		mock_up(&p.a->sink);
		node_poke(p.a);
		if (both)
			mock_up(&p.b->sink);
		node_poke(p.b);
		world_run(p.w, MINUTE);
		world_consistent(p.w, 1, 1);
		assert_true(node_ping(p.a, "10.1.0.1", "10.2.0.1"));
		assert_true(node_ping(p.b, "10.2.0.1", "10.1.0.1"));
		after = node_only_child(p.a);
		assert_int_not_equal(before.spi_in, after.spi_in);
		pair_close(&p);
	}
}

/* It dies while a rekeying is under way, at each message of it. */
static void test_sink_down_in_rekey(void **state)
{
	struct outcome outcome;
	struct pair p;

	(void)state;
	for (unsigned int after = 0; after < 60; after += 5) {
		pair_open(&p, 15, "", "");
		node_up(p.a, "net");
		memset(&outcome, 0, sizeof(outcome));
		agent_rekey(p.a->agent, "net", false, false, world_outcome, &outcome);
		node_poke(p.a);
		world_run(p.w, after);
		mock_down(&p.a->sink);
		node_poke(p.a);
		world_run(p.w, 20);
		mock_up(&p.a->sink);
		node_poke(p.a);
		world_run(p.w, 3 * MINUTE);
		world_consistent(p.w, 1, 1);
		assert_true(node_ping(p.a, "10.1.0.1", "10.2.0.1"));
		assert_true(outcome.done);
		pair_close(&p);
	}
}

static void test_stop(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, 16, "", "");
	node_up(p.a, "net");
	agent_stop(p.a->agent);
	assert_false(agent_stopped(p.a->agent));
	node_poke(p.a);
	world_run(p.w, SECOND);
	assert_true(agent_stopped(p.a->agent));
	world_run(p.w, MINUTE);
	world_consistent(p.w, 0, 0);
	pair_close(&p);
}

/* A CHILD SA that came with a later configuration than its IKE SA, and outlives that too by rekeying. */
static void test_reloads(void **state)
{
	const char *more = "child two:local_ts = 10.3.0.0/16\nchild two:remote_ts = 10.3.0.0/16\n";
	struct pair p;

	(void)state;
	pair_open(&p, 30, more, more);
	node_up(p.a, "net");
	pair_configure(&p, more, more);
	node_up(p.a, "two");
	for (int i = 0; i < 3; i++) {
		pair_configure(&p, more, more);
		node_rekey(i & 1 ? p.b : p.a, "two", false, false);
		world_run(p.w, MINUTE);
		world_consistent(p.w, 1, 2);
	}
	pair_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_child_initiator),
		cmocka_unit_test(test_child_responder),
		cmocka_unit_test(test_child_without_pfs),
		cmocka_unit_test(test_child_late_packets),
		cmocka_unit_test(test_reauth_late_packets),
		cmocka_unit_test(test_ike_initiator),
		cmocka_unit_test(test_ike_responder),
		cmocka_unit_test(test_reauth_initiator),
		cmocka_unit_test(test_reauth_responder), cmocka_unit_test(test_reauth_slow_initiator),
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_reauth_time),
		cmocka_unit_test(test_packets),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_sequence_numbers),
		cmocka_unit_test(test_hard_end),
		cmocka_unit_test(test_hard_end_close_action),
		cmocka_unit_test(test_delete_ike),
		cmocka_unit_test(test_close_action),
		cmocka_unit_test(test_dpd),
		cmocka_unit_test(test_sink_down),
		cmocka_unit_test(test_sink_down_in_rekey),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_reloads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
