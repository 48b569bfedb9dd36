/* SPDX-License-Identifier: Apache-2.0 */
/* CHILD SAs: what is agreed to, what is installed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pair.h"

static void test_up(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, 1, "", "");
	node_up(p.a, "net");
	world_run(p.w, 1000);
	world_consistent(p.w, 1, 1);
	assert_true(node_ping(p.a, "10.1.0.1", "10.2.0.1"));
	assert_true(node_ping(p.b, "10.2.0.1", "10.1.0.1"));
	node_down(p.a, "net");
	world_run(p.w, 60000);
	world_consistent(p.w, 1, 0);
	pair_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
