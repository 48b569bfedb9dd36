/* SPDX-License-Identifier: Apache-2.0 */
/* What a user asks for: names and numbers, answers, time limits. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "actions.h"
#include "proto/registry.h"

#define SECOND 1000u
#define MINUTE (60u * SECOND)

static void expect(const struct outcome *outcome, int error)
{
	assert_true(outcome->done);
	assert_int_equal(outcome->error, error);
	assert_true(outcome->text[0] != '\0');
}

static void test_unknown_names(void **state)
{
	static const char *const names[] = { "nobody", "gw/nobody", "nobody/net", "#77", "{77}", "#", "{", "", "#1x", "{1" };
	struct outcome outcome;
	struct pair p;

	(void)state;
	pair_open(&p, 40, "", "");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		memset(&outcome, 0, sizeof(outcome));
		agent_up(p.a->agent, names[i], 0, world_outcome, &outcome);
		expect(&outcome, -ENOENT);
		memset(&outcome, 0, sizeof(outcome));
		agent_down(p.a->agent, names[i], world_outcome, &outcome);
		expect(&outcome, -ENOENT);
		memset(&outcome, 0, sizeof(outcome));
		agent_rekey(p.a->agent, names[i], i % 2, i % 3 == 0, world_outcome, &outcome);
		expect(&outcome, -ENOENT);
	}
	world_consistent(p.w, 0, 0);
	pair_close(&p);
}

static void test_without_configuration(void **state)
{
	struct outcome outcome = { 0 };
	struct pair p;

	(void)state;
	pair_create(&p, 41);
	agent_up(p.a->agent, "net", 0, world_outcome, &outcome);
	expect(&outcome, -ESHUTDOWN);
	memset(&outcome, 0, sizeof(outcome));
	agent_down(p.a->agent, "net", world_outcome, &outcome);
	expect(&outcome, -ENOENT);
	pair_close(&p);
}

/* A connection's name: all its CHILD SAs; numbers as the list shows them. */
static void test_numbers(void **state)
{
	char name[16];
	struct pair p;

	(void)state;
	pair_open(&p, 42, ACTIONS_MORE, ACTIONS_MORE);
	node_up(p.a, "gw");
	world_consistent(p.w, 1, 2);
	node_rekey(p.a, "gw", false, true);
	world_run(p.w, MINUTE);
	snprintf(name, sizeof(name), "#%u", node_only_ike(p.a).id);
	node_rekey(p.a, name, true, false);
	world_run(p.w, MINUTE);
	node_down(p.a, "gw/two");
	world_run(p.w, MINUTE);
	world_consistent(p.w, 1, 1);
	snprintf(name, sizeof(name), "{%u}", node_only_child(p.a).id);
	node_rekey(p.a, name, false, false);
	world_run(p.w, MINUTE);
	snprintf(name, sizeof(name), "{%u}", node_only_child(p.a).id);
	node_down(p.a, name);
	world_run(p.w, MINUTE);
	world_consistent(p.w, 1, 0);
	snprintf(name, sizeof(name), "#%u", node_only_ike(p.b).id);
	node_down(p.b, name);
	world_run(p.w, MINUTE);
	world_consistent(p.w, 0, 0);
	pair_close(&p);
}

/* Nobody answers: an error when the time is over, and the attempt goes on; without a limit, when the agent gives up. */
static void test_time_limit(void **state)
{
	struct outcome limited = { 0 }, patient = { 0 };
	uint64_t begin;
	struct pair p;

	(void)state;
	pair_open(&p, 43, "", "");
	p.b->cut = true;
	begin = p.w->now_ms;
	agent_up(p.a->agent, "net", 3000, world_outcome, &limited);
	agent_up(p.a->agent, "net", 0, world_outcome, &patient);
	node_poke(p.a);
	world_run(p.w, 2990);
	assert_false(limited.done);
	world_run(p.w, 20);
	expect(&limited, -ETIMEDOUT);
	assert_false(patient.done);
	world_run(p.w, 5 * MINUTE);
	expect(&patient, -ETIMEDOUT);
	assert_true(p.w->now_ms > begin);
	/* The limit over, it still comes up once the peer is there. */
	p.b->cut = true;
	memset(&limited, 0, sizeof(limited));
	agent_up(p.a->agent, "net", 1000, world_outcome, &limited);
	node_poke(p.a);
	world_run(p.w, 2 * SECOND);
	expect(&limited, -ETIMEDOUT);
	p.b->cut = false;
	world_run(p.w, MINUTE);
	world_consistent(p.w, 1, 1);
	pair_close(&p);
}

static void test_forget(void **state)
{
	struct outcome gone = { 0 }, stays = { 0 };
	struct pair p;

	(void)state;
	pair_open(&p, 44, "", "");
	agent_up(p.a->agent, "net", 0, world_outcome, &gone);
	agent_up(p.a->agent, "net", 0, world_outcome, &stays);
	agent_forget(p.a->agent, &gone);
	node_poke(p.a);
	world_run(p.w, MINUTE);
	assert_false(gone.done);
	expect(&stays, 0);
	world_consistent(p.w, 1, 1);
	pair_close(&p);
}

static void keep_request(void *ctx, struct world *w, struct datagram *d)
{
	struct datagram *kept = ctx;

	(void)w;
	if (d->exchange != IKE_SA_INIT || d->response || kept->len)
		return;
	*kept = *d;
	kept->data = malloc(d->len);
	memcpy(kept->data, d->data, d->len);
}

/* IKE SAs that strangers began are nothing to wait for; a peer that shows who it is finds its own deleted. */
static void test_down_beside_strangers(void **state)
{
	struct outcome down = { 0 }, none = { 0 };
	struct datagram first = { 0 };
	struct pair p;

	(void)state;
	pair_create(&p, 46);
	world_set_hook(p.w, keep_request, &first);
	pair_configure(&p, "", "conn:remote_addrs = %any");
	node_up(p.a, "net");
	for (uint8_t i = 1; i <= 20; i++) {
		struct endpoint src = first.src;

		src.ip.bytes[3] = first.data[7] = (uint8_t)(100 + i);
		world_inject(p.w, &src, &first.dst, first.data, first.len);
	}
	agent_down(p.b->agent, "gw", world_outcome, &down);
	node_poke(p.b);
	world_run(p.w, 1000);
	expect(&down, 0);
	assert_int_equal(node_child_count(p.b), 0);
	agent_down(p.b->agent, "gw", world_outcome, &none);
	expect(&none, -ENOENT);
	world_run(p.w, 31000);
	world_consistent(p.w, 0, 0);
	free(first.data);
	pair_close(&p);
}

/* Many of one kind at once: each has its answer, and there is one CHILD SA. */
static void test_many(void **state)
{
	struct outcome up[20] = { { 0 } }, rekey[20] = { { 0 } }, down[20] = { { 0 } };
	struct pair p;

	(void)state;
	pair_open(&p, 45, "", "");
	for (int i = 0; i < 20; i++)
		agent_up(p.a->agent, i % 2 ? "net" : "gw", 0, world_outcome, &up[i]);
	node_poke(p.a);
	world_run(p.w, MINUTE);
	world_consistent(p.w, 1, 1);
	for (int i = 0; i < 20; i++)
		agent_rekey(p.a->agent, i % 2 ? "net" : "gw", i % 4 == 0, false, world_outcome, &rekey[i]);
	node_poke(p.a);
	world_run(p.w, MINUTE);
	world_consistent(p.w, 1, 1);
	for (int i = 0; i < 20; i++)
		agent_down(p.a->agent, i % 2 ? "net" : "gw", world_outcome, &down[i]);
	node_poke(p.a);
	world_run(p.w, MINUTE);
	world_consistent(p.w, 0, 0);
	for (int i = 0; i < 20; i++) {
		expect(&up[i], 0);
		assert_true(rekey[i].done && down[i].done);
		expect(&down[i], 0);
	}
	pair_close(&p);
}

/* The SA goes while users wait for it. */
static void test_end_while_waiting(void **state)
{
	struct outcome rekey = { 0 }, ike = { 0 }, up = { 0 };
	struct pair p;

	(void)state;
	pair_open(&p, 46, ACTIONS_MORE, ACTIONS_MORE);
	node_up(p.a, "net");
	p.b->cut = true;
	agent_rekey(p.a->agent, "net", false, false, world_outcome, &rekey);
	agent_rekey(p.a->agent, "gw", true, false, world_outcome, &ike);
	agent_up(p.a->agent, "two", 0, world_outcome, &up);
	node_poke(p.a);
	world_run(p.w, 5 * MINUTE);
	assert_true(rekey.done && rekey.error && ike.done && ike.error && up.done && up.error);
	pair_close(&p);
	/* And with the agent itself. */
	memset(&up, 0, sizeof(up));
	pair_open(&p, 47, "", "");
	agent_up(p.a->agent, "net", 0, world_outcome, &up);
	pair_close(&p);
	assert_true(up.done && up.error);
}

static void test_stopping(void **state)
{
	struct outcome waiting = { 0 }, late = { 0 };
	struct pair p;

	(void)state;
	pair_open(&p, 48, "start_action = trap", "");
	p.b->cut = true;
	agent_up(p.a->agent, "net", 0, world_outcome, &waiting);
	node_poke(p.a);
	agent_stop(p.a->agent);
	assert_true(waiting.done && waiting.error);
	assert_true(agent_stopped(p.a->agent));
	agent_up(p.a->agent, "net", 0, world_outcome, &late);
	expect(&late, -ESHUTDOWN);
	assert_false(node_ping(p.a, "10.1.0.1", "10.2.0.1"));
	world_run(p.w, MINUTE);
	assert_int_equal(node_ike_count(p.a), 0);
	pair_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unknown_names),
		cmocka_unit_test(test_without_configuration),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_time_limit),
		cmocka_unit_test(test_forget),
		cmocka_unit_test(test_many), cmocka_unit_test(test_down_beside_strangers),
		cmocka_unit_test(test_end_while_waiting),
		cmocka_unit_test(test_stopping),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
