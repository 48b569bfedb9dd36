/* SPDX-License-Identifier: Apache-2.0 */
/* Narrowing of traffic selectors (RFC 7296, 2.9), by a table; expected values by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/ts.h"

static unsigned int parse(const char *text, struct ts *list)
{
	char copy[512], *save = NULL;
	unsigned int count = 0;

	snprintf(copy, sizeof(copy), "%s", text);
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
		assert_int_equal(ts_parse(word, &list[count++]), 0);
	return count;
}

static const struct {
	const char *ours, *theirs, *both; /* separated by spaces */
} table[] = {
	{ "10.0.0.0/8", "10.0.0.0/8", "10.0.0.0/8" },
	{ "10.0.0.0/8", "10.1.0.0/16", "10.1.0.0/16" },
	{ "10.1.0.0/16", "0.0.0.0/0", "10.1.0.0/16" },
	{ "10.1.0.0/16", "10.2.0.0/16", "" },
	{ "10.1.0.0/16", "2001:db8::/32", "" },
	{ "2001:db8::/32 10.0.0.0/8", "::/0", "2001:db8::/32" },
	{ "10.0.0.0-10.0.0.20", "10.0.0.10-10.0.0.30", "10.0.0.10-10.0.0.20" },
	{ "10.0.0.0/8[tcp]", "10.1.0.0/16", "10.1.0.0/16[tcp]" },
	{ "10.0.0.0/8[tcp]", "10.1.0.0/16[udp]", "" },
	{ "10.0.0.0/8[tcp/80]", "10.1.0.0/16[tcp]", "10.1.0.0/16[tcp/80]" },
	{ "10.0.0.0/8[tcp/1-100]", "10.1.0.0/16[tcp/50-200]", "10.1.0.0/16[tcp/50-100]" },
	{ "10.0.0.0/8[tcp/80]", "10.1.0.0/16[tcp/443]", "" },
	{ "10.1.0.0/16 10.3.0.0/16", "10.0.0.0/8", "10.1.0.0/16 10.3.0.0/16" },
	{ "10.0.0.0/8", "10.1.0.0/16 10.3.0.0/16", "10.1.0.0/16 10.3.0.0/16" },
	/* The first of the initiator is that of the packet: it leads, but a wider one that holds it takes its place. */
	{ "10.0.0.0/8", "10.1.0.5/32 10.1.0.0/16", "10.1.0.0/16" },
	{ "10.1.0.0/16 10.1.2.0/24", "10.1.0.0/16", "10.1.0.0/16" },
	{ "10.1.0.0/16 10.2.0.0/16", "10.1.1.0/24 10.2.1.0/24 10.3.1.0/24", "10.1.1.0/24 10.2.1.0/24" },
	{ "0.0.0.0/0[udp/53] 0.0.0.0/0[tcp/53]", "192.0.2.0/24", "192.0.2.0/24[udp/53] 192.0.2.0/24[tcp/53]" },
};

static void test_table(void **state)
{
	struct ts ours[SINK_TS_MAX], theirs[SINK_TS_MAX], both[SINK_TS_MAX], expected[SINK_TS_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		unsigned int our_count = parse(table[i].ours, ours), their_count = parse(table[i].theirs, theirs);
		unsigned int count = parse(table[i].both, expected);

		if (ts_narrow(ours, our_count, theirs, their_count, both) != count)
			fail_msg("%s with %s: not %u selectors", table[i].ours, table[i].theirs, count);
		for (unsigned int k = 0; k < count; k++)
			if (!ts_equal(&both[k], &expected[k]))
				fail_msg("%s with %s: selector %u is not that of %s", table[i].ours, table[i].theirs, k, table[i].both);
	}
}

/* More than fit: the rest is left out, which narrows. */
static void test_many(void **state)
{
	struct ts ours[1], theirs[2 * SINK_TS_MAX], both[SINK_TS_MAX];
	char text[32];

	(void)state;
	parse("10.0.0.0/8", ours);
	for (unsigned int i = 0; i < 2 * SINK_TS_MAX; i++) {
		snprintf(text, sizeof(text), "10.%u.0.0/16", 2 * i);
		assert_int_equal(ts_parse(text, &theirs[i]), 0);
	}
	assert_int_equal(ts_narrow(ours, 1, theirs, 2 * SINK_TS_MAX, both), SINK_TS_MAX);
	assert_true(ts_equal(&both[SINK_TS_MAX - 1], &theirs[SINK_TS_MAX - 1]));
}

static uint32_t priority(const char *local, const char *remote, enum ts_rank rank)
{
	struct ts l[SINK_TS_MAX], r[SINK_TS_MAX];
	unsigned int l_count = parse(local, l), r_count = parse(remote, r);

	return ts_priority(l, l_count, r, r_count, rank);
}

static void test_priority(void **state)
{
	(void)state;
	assert_true(priority("10.1.0.0/24", "10.2.0.0/16", RANK_SA) < priority("10.1.0.0/16", "10.2.0.0/16", RANK_SA));
	assert_true(priority("10.1.0.0/16", "10.2.0.1/32", RANK_SA) < priority("10.1.0.0/16", "10.2.0.0/16", RANK_SA));
	assert_true(priority("10.1.0.0/16[tcp]", "10.2.0.0/16", RANK_SA) < priority("10.1.0.0/16", "10.2.0.0/16", RANK_SA));
	assert_true(priority("10.1.0.0/16[tcp/80]", "10.2.0.0/16", RANK_SA) < priority("10.1.0.0/16[tcp]", "10.2.0.0/16", RANK_SA));
	assert_true(priority("0.0.0.0/0", "0.0.0.0/0", RANK_SA) < priority("10.1.0.1/32", "10.2.0.1/32", RANK_TRAP));
	assert_true(priority("2001:db8::1/128[tcp/80]", "2001:db8::2/128[tcp/80]", RANK_SA) > 0);
	assert_true(priority("0.0.0.0/0", "0.0.0.0/0", RANK_PASS) < priority("10.1.0.1/32", "10.2.0.1/32", RANK_SA));
	assert_true(priority("0.0.0.0/0", "0.0.0.0/0", RANK_TRAP) < priority("2001:db8::1/128", "2001:db8::2/128", RANK_DROP));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_priority),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
