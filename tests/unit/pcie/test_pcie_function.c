/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pcie_function: bus mastering on and off, and function level resets that come in any state, with a card that is quiet soon, late and never. LIMIT is
 * TEST_LIMIT cycles.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
#include "dut.h"

DUT_PORT(rst);
DUT_PORT(bus_master);
DUT_PORT(flr);
DUT_PORT(flr_done);
DUT_PORT(idle);
DUT_PORT(quiet);
DUT_PORT(ready);
DUT_PORT(stop);
DUT_PORT(fn_rst);

#define RESET_CYCLES 16

static int start(void **state)
{
	(void)state;
	dut_open(getenv("ESPALIER_TRACE"));
	*P8(rst) = 1;
	dut_edge();
	dut_edge();
	assert_int_equal(*P8(stop), 1);
	assert_int_equal(*P8(fn_rst), 1);
	*P8(rst) = 0;
	*P8(idle) = *P8(quiet) = *P8(ready) = 1;
	return 0;
}

static int end(void **state)
{
	(void)state;
	dut_close();
	return 0;
}

static void cycles(unsigned int n)
{
	while (n--) {
		dut_edge();
		assert_int_equal(*P8(flr_done), 0);
	}
}

static void run(void)
{
	*P8(bus_master) = 1;
	cycles(3);
	assert_int_equal(*P8(stop), 0);
	assert_int_equal(*P8(fn_rst), 0);
}

/* It stops at once, and begins again only when nothing is left of the owner before. */
static void bus_mastering(void **state)
{
	(void)state;
	*P8(idle) = 0;
	*P8(bus_master) = 1;
	cycles(100);
	assert_int_equal(*P8(stop), 1);
	*P8(idle) = 1;
	run();
	*P8(idle) = 0;
	cycles(100);
	assert_int_equal(*P8(stop), 0);
	*P8(bus_master) = 0;
	cycles(1);
	assert_int_equal(*P8(stop), 1);
	*P8(bus_master) = 1;
	cycles(100);
	assert_int_equal(*P8(stop), 1);
	*P8(idle) = 1;
	run();
}

/* A function level reset: drain cycles until the card is quiet, wipe cycles until its memories are zeroed. The block holds flr until it has seen flr_done. */
static void reset_function(unsigned int drain, unsigned int wipe)
{
	unsigned int n = 0, resets = 0, limit = drain < TEST_LIMIT ? drain : TEST_LIMIT;

	*P8(flr) = 1;
	*P8(quiet) = drain == 0;
	*P8(ready) = 0;
	for (; !*P8(flr_done); n++) {
		assert_true(n < TEST_LIMIT + wipe + 100);
		*P8(quiet) = n >= drain;
		*P8(ready) = resets == RESET_CYCLES && n >= limit + wipe + RESET_CYCLES;
		dut_edge();
		resets += *P8(fn_rst);
		assert_int_equal(*P8(stop), 1);
		if (n < limit)
			assert_int_equal(*P8(fn_rst), 0); /* nothing is reset before the card is quiet */
	}
	assert_int_equal(resets, RESET_CYCLES);
	assert_true(n >= limit + wipe + RESET_CYCLES);
	cycles(20); /* told once */
	*P8(flr) = 0;
	*P8(quiet) = *P8(ready) = 1;
}

static void function_level_reset(void **state)
{
	static const unsigned int drains[] = {0, 1, 2, 50, TEST_LIMIT - 2, 2 * TEST_LIMIT}, wipes[] = {0, 1, 300};

	(void)state;
	for (unsigned int d = 0; d < sizeof(drains) / sizeof(drains[0]); d++) {
		for (unsigned int w = 0; w < sizeof(wipes) / sizeof(wipes[0]); w++) {
			*P8(bus_master) = 0; /* from a card that stands still */
			cycles(3);
			reset_function(drains[d], wipes[w]);
			*P8(bus_master) = 1; /* and from one that works */
			cycles(4);
			run();
			reset_function(drains[d], wipes[w]);
			cycles(4);
			run();
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(bus_mastering, start, end),
		cmocka_unit_test_setup_teardown(function_level_reset, start, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
