/* SPDX-License-Identifier: Apache-2.0 */
/*
 * axis_narrow and axis_widen in series, at the width W that the build gives: packets of every length from 0 to 300 bytes and some
 * long ones, with gaps and back-pressure at random. Checked: bytes, lengths, order, and that no narrow beat more than ceil(len / (W/8)) passes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "dut.h"
#include "seed.h"

DUT_PORT(rst);
DUT_PORT(s_tvalid);
DUT_PORT(s_tready);
DUT_PORT(s_tdata);
DUT_PORT(s_tlast);
DUT_PORT(s_tlen);
DUT_PORT(n_fire);
DUT_PORT(m_tvalid);
DUT_PORT(m_tready);
DUT_PORT(m_tdata);
DUT_PORT(m_tlast);
DUT_PORT(m_tlen);

#define LANE_BYTES (TEST_W / 8)
#define MAX_LEN 9600

static uint8_t in[MAX_LEN + 64], out[MAX_LEN + 64];

static unsigned ceil_div(unsigned a, unsigned b)
{
	return (a + b - 1) / b;
}

/* Pass one packet; stall is the percentage of cycles in which either side rests. */
static void pass(unsigned len, unsigned stall)
{
	unsigned beats = len ? ceil_div(len, 64) : 1, sent = 0, got = 0, narrow = 0;

	for (unsigned i = 0; i < sizeof(in); i++)
		in[i] = i < len ? (uint8_t)rand() : 0xEE;
	memset(out, 0, sizeof(out));
	for (unsigned cycle = 0; got < beats; cycle++) {
		assert_true(cycle < 100000);
		/* AXI4-Stream: valid, once up, stays up until ready. */
		if (!*P8(s_tvalid) && sent < beats && (unsigned)rand() % 100 >= stall) {
			*P8(s_tvalid) = 1;
			memcpy(PW(s_tdata), in + 64 * sent, 64);
			*P8(s_tlast) = sent == beats - 1;
			*P16(s_tlen) = (uint16_t)len;
		}
		*P8(m_tready) = (unsigned)rand() % 100 >= stall;
		dut_settle();
		int in_fire = *P8(s_tvalid) && *P8(s_tready);
		narrow += *P8(n_fire);
		if (*P8(m_tvalid) && *P8(m_tready)) {
			memcpy(out + 64 * got, PW(m_tdata), 64);
			assert_int_equal(*P16(m_tlen), len);
			got++;
			assert_int_equal(*P8(m_tlast), got == beats);
		}
		dut_edge();
		if (in_fire) {
			sent++;
			*P8(s_tvalid) = 0;
		}
	}
	assert_memory_equal(in, out, len);
	assert_int_equal(narrow, len ? ceil_div(len, LANE_BYTES) : 1);
}

static void test_lengths(void **state)
{
	(void)state;
	for (unsigned stall = 0; stall <= 50; stall += 25)
		for (unsigned len = 0; len <= 300; len++)
			pass(len, stall);
	pass(MAX_LEN, 0);
	pass(9001, 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_lengths) };

	srand(test_seed());
	dut_open(getenv("ESPALIER_TRACE"));
	*P8(rst) = 1;
	dut_edge();
	*P8(rst) = 0;
	dut_edge();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	dut_close();
	return failed;
}
