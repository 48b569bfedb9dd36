/* SPDX-License-Identifier: Apache-2.0 */
/* What happened, and who hears of it: events.h, listeners.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/listeners.h"
#include "core/state.h"

static char heard[16];

static void first(struct agent *agent, const struct event *event)
{
	(void)agent;
	assert_int_equal(event->id, 7);
	strcat(heard, "1");
}

static void second(struct agent *agent, const struct event *event)
{
	(void)agent;
	(void)event;
	strcat(heard, "2");
}

static const event_table table = {
	[EVENT_CHILD_GONE] = { first, second },
	[EVENT_IKE_GONE] = { second },
	[EVENT_RETRY_DUE] = { second, second, second, second, second },
};

/* In the order of the table, of one kind only, and not beyond its end. */
static void test_order(void **state)
{
	struct agent agent = { .listeners = &table };

	(void)state;
	event_emit(&agent, &(struct event){ .kind = EVENT_CHILD_GONE, .id = 7 });
	assert_string_equal(heard, "12");
	heard[0] = '\0';
	event_emit(&agent, &(struct event){ .kind = EVENT_CHILD_ENDS });
	assert_string_equal(heard, "");
	event_emit(&agent, &(struct event){ .kind = EVENT_RETRY_DUE });
	assert_string_equal(heard, "22222");
}

/* What nobody listens to need not be said; and no gap hides a listener. */
static void test_table(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < EVENT_COUNT; kind++) {
		if (!agent_listeners[kind][0])
			fail_msg("nobody listens to event %u", kind);
		for (unsigned int i = 1; i < EVENT_LISTENERS_MAX; i++)
			assert_true(!agent_listeners[kind][i] || agent_listeners[kind][i - 1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_order), cmocka_unit_test(test_table) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
