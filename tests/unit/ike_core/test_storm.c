/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thousands of initiators at the same moment, each from an address of its own, as after a restart of the head office: all get in, and none is given
 * up for another. ESPALIER_TEST_SCALE above 1: 10,000 as well.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

#define SECOND 1000u
#define LINES_MAX 512u /* bytes of a connection's text */

static const char proposals[] = "proposals = aes256gcm16-prfsha256-x25519\nrekey_time = 0\nlocal { auth = psk\n%s}\nremote { auth = psk\n%s}\n"
				"children { net { local_ts = %s\nremote_ts = %s\nesp_proposals = aes256gcm16\nrekey_time = 0\n%s } } }\n";
static const char secrets[] = "}\nsecrets { ike { secret = \"storm\" } }\n";

static struct agent_stats stats_of(const struct node *n)
{
	struct agent_stats stats;

	agent_get_stats(n->agent, &stats);
	return stats;
}

/* Initiators 198.18.0.1 and up, each with a host behind it, one connection each. */
static char *initiators(unsigned int count)
{
	size_t size = (size_t)count * 2 * LINES_MAX + sizeof(secrets) + 64, at;
	char *text = malloc(size);

	assert_non_null(text);
	at = (size_t)snprintf(text, size, "connections {\n");
	for (unsigned int i = 1; i <= count; i++) {
		char ts[32];

		snprintf(ts, sizeof(ts), "10.%u.%u.%u", 64 + (i >> 16), i >> 8 & 0xff, i & 0xff);
		at += (size_t)snprintf(text + at, size - at, "c%u { local_addrs = 198.18.%u.%u\nremote_addrs = 192.0.2.2\nunique = never\n", i, i >> 8, i & 0xff);
		at += (size_t)snprintf(text + at, size - at, proposals, "", "", ts, "10.2.0.0/16", "start_action = start");
	}
	snprintf(text + at, size - at, "%s", secrets);
	return text;
}

static void responder(struct node *n)
{
	char text[2048];
	int len = snprintf(text, sizeof(text), "connections { any { local_addrs = 192.0.2.2\nremote_addrs = %%any\n");

	len += snprintf(text + len, sizeof(text) - (size_t)len, proposals, "", "id = %any\n", "10.2.0.0/16", "10.64.0.0/10", "");
	snprintf(text + len, sizeof(text) - (size_t)len, "%s", secrets);
	node_configure(n, text);
}

struct storm {
	struct world *w;
	struct node *from, *to;
	unsigned int count;
};

static bool all_up(void *ctx)
{
	const struct storm *s = ctx;

	return stats_of(s->from).child_sas == s->count && stats_of(s->to).child_sas == s->count;
}

/* How long it took, in milliseconds of the world. */
static uint64_t storm(unsigned int count, const struct agent_settings *settings, struct agent_stats *from, struct agent_stats *to)
{
	struct storm s = { .w = world_new(count), .count = count };
	char *text = initiators(count);
	uint64_t begun;

	s.w->settings = *settings;
	s.from = world_add(s.w, "from", "198.18.0.1");
	s.to = world_add(s.w, "to", "192.0.2.2");
	world_range(s.from, "198.18.0.0", "198.19.255.255");
	responder(s.to);
	begun = s.w->now_ms;
	node_configure(s.from, text);
	free(text);
	if (!world_until(s.w, all_up, &s, 1000 * SECOND))
		fail_msg("%u of %u are up", stats_of(s.to).child_sas, count);
	begun = s.w->now_ms - begun;
	world_run(s.w, 40 * SECOND); /* what is half-open still, ends */
	*from = stats_of(s.from);
	*to = stats_of(s.to);
	assert_int_equal(from->child_sas, count);
	assert_int_equal(to->child_sas, count);
	assert_int_equal(from->ike_sas, count);
	assert_int_equal(to->ike_sas, count);
	assert_int_equal(to->half_open, 0);
	world_free(s.w);
	return begun;
}

static struct agent_settings defaults(void)
{
	struct agent_settings s;

	agent_default_settings(&s);
	return s;
}

/* With the settings that an agent has by itself: cookies for nearly all, and nobody has to ask again. */
static void test_defaults(void **state)
{
	static const unsigned int counts[] = { 900, 1500, 3000 };
	struct agent_settings s = defaults();
	struct agent_stats from, to;

	(void)state;
	for (unsigned int i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		uint64_t ms = storm(counts[i], &s, &from, &to);

		printf("%u initiators: %llu ms, %llu retransmissions\n", counts[i], (unsigned long long)ms, (unsigned long long)from.retransmitted);
		assert_int_equal(from.failed, 0);
		assert_int_equal(to.failed, 0);
		assert_int_equal(to.half_open_dropped, 0);
		assert_true(to.cookies_sent >= counts[i] - s.cookie_threshold);
	}
}

/* Ten times as many as there is room for at once: they wait their turn, asking again, and nobody who was let in is put out. */
static void test_little_room(void **state)
{
	struct agent_settings s = defaults();
	struct agent_stats from, to;

	(void)state;
	s.half_open_max = 100;
	s.retransmit_percent = 100;
	s.retransmit_tries = 20;
	storm(1000, &s, &from, &to);
	assert_int_equal(from.failed, 0);
	assert_int_equal(to.failed, 0);
	assert_true(to.half_open_dropped > 0);
}

/* More than all their retransmissions can bring in: who gave up begins again. */
static void test_too_many(void **state)
{
	struct agent_settings s = defaults();
	struct agent_stats from, to;

	(void)state;
	s.half_open_max = 30;
	storm(600, &s, &from, &to);
	assert_true(from.failed > 0);
	assert_int_equal(to.failed, 0);
}

static void test_ten_thousand(void **state)
{
	const char *scale = getenv("ESPALIER_TEST_SCALE");
	struct agent_settings s = defaults();
	struct agent_stats from, to;

	(void)state;
	if (!scale || atoi(scale) < 2)
		skip();
	assert_true(storm(10000, &s, &from, &to) < 200 * SECOND);
	assert_int_equal(from.failed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults), cmocka_unit_test(test_little_room), cmocka_unit_test(test_too_many), cmocka_unit_test(test_ten_thousand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
