/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pcie_cfg before a block's configuration management interface that answers after a while: what it reads, and what it makes of every value of
 * Device Control's extended tag bit and of Device Control 2's completion timeout (PCI Express Base 7.5.3.4, 7.5.3.16).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
#include "dut.h"

DUT_PORT(rst);
DUT_PORT(cfg_mgmt_addr);
DUT_PORT(cfg_mgmt_function_number);
DUT_PORT(cfg_mgmt_read);
DUT_PORT(cfg_mgmt_read_data);
DUT_PORT(cfg_mgmt_read_write_done);
DUT_PORT(extended_tags);
DUT_PORT(timeout);

#define CAPABILITY 0x70
#define DEVICE_CONTROL ((CAPABILITY + 0x08) / 4)
#define DEVICE_CONTROL_2 ((CAPABILITY + 0x28) / 4)
#define DEFAULT_CYCLES 2500000u
#define MS 250000u /* cycles of 4 ns */

static int start(void **state)
{
	(void)state;
	dut_open(getenv("ESPALIER_TRACE"));
	*P8(rst) = 1;
	dut_edge();
	dut_edge();
	*P8(rst) = 0;
	return 0;
}

static int stop(void **state)
{
	(void)state;
	dut_close();
	return 0;
}

/* The next access: held as it is until the answer comes. Returns the dword that was asked for. */
static unsigned int serve(uint32_t control, uint32_t control_2, unsigned int wait)
{
	unsigned int addr;

	for (int i = 0; !*P8(cfg_mgmt_read); i++) {
		assert_true(i < 100);
		dut_edge();
	}
	addr = *P16(cfg_mgmt_addr);
	for (unsigned int i = 0; i < wait; i++) {
		dut_edge();
		assert_int_equal(*P8(cfg_mgmt_read), 1);
		assert_int_equal(*P16(cfg_mgmt_addr), addr);
		assert_int_equal(*P8(cfg_mgmt_function_number), 0);
	}
	*P32(cfg_mgmt_read_data) = addr == DEVICE_CONTROL ? control : control_2;
	*P8(cfg_mgmt_read_write_done) = 1;
	dut_edge();
	*P8(cfg_mgmt_read_write_done) = 0;
	*P32(cfg_mgmt_read_data) = 0xffffffff; /* no answer: must not be taken */
	return addr;
}

/* Both registers once, in turn. */
static void serve_both(uint32_t control, uint32_t control_2, unsigned int wait)
{
	assert_int_equal(serve(control, control_2, wait), DEVICE_CONTROL);
	assert_int_equal(serve(control, control_2, wait), DEVICE_CONTROL_2);
}

static void before_the_first_answer(void **state)
{
	(void)state;
	for (int i = 0; i < 50; i++) {
		assert_int_equal(*P8(extended_tags), 0);
		assert_int_equal(*P32(timeout), DEFAULT_CYCLES);
		dut_edge();
	}
}

static void extended_tag_bit(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 8; i++) {
		serve_both(i & 1 ? 1u << 8 : ~(1u << 8), 0, i);
		assert_int_equal(*P8(extended_tags), i & 1);
	}
}

/* Within each range, at its lower end; values without a meaning are as the default; the bit that disables the timeout wins. */
static void timeouts(void **state)
{
	static const uint32_t cycles[16] = {
		[1] = MS / 20, [2] = 1 * MS, [5] = 16 * MS, [6] = 65 * MS, [9] = 260 * MS, [10] = 1000 * MS, [13] = 4000 * MS, [14] = 17000ull * MS,
	};

	(void)state;
	for (unsigned int value = 0; value < 16; value++) {
		serve_both(0, 0xffe0 | value, value % 3);
		assert_int_equal(*P32(timeout), cycles[value] ? cycles[value] : DEFAULT_CYCLES);
		serve_both(0, 0xfff0 | value, value % 3);
		assert_int_equal(*P32(timeout), UINT32_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(before_the_first_answer, start, stop),
		cmocka_unit_test_setup_teardown(extended_tag_bit, start, stop),
		cmocka_unit_test_setup_teardown(timeouts, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
