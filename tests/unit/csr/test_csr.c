/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The register block through its bus: every offset of the 64 KiB, constants, strobes, counters and their latches, the SA window with its
 * wipe, the forwarded buses, and what counts as an error. LANES, SA_ENTRIES and QUEUES are the build's TEST_*.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "../pcie/bits.h"
#include "dut.h"
#include "espalier_regs.h"

DUT_PORT(rst);
DUT_PORT(reg_req);
DUT_PORT(reg_rsp);
DUT_PORT(access_error);
DUT_PORT(dma_req);
DUT_PORT(dma_rsp);
DUT_PORT(msix_req);
DUT_PORT(msix_rsp);
DUT_PORT(sa_cmd_valid);
DUT_PORT(sa_cmd_ready);
DUT_PORT(sa_cmd);
DUT_PORT(sa_rsp_valid);
DUT_PORT(sa_rsp);
DUT_PORT(sa_out_count);
DUT_PORT(sa_in_count);
DUT_PORT(ready);
DUT_PORT(bus_master);
DUT_PORT(unexpected_completion);
DUT_PORT(count_valid);
DUT_PORT(count_status);
DUT_PORT(cfg_timeout);
DUT_PORT(dma_timeout);

static uint64_t forwarded;     /* the last request on a forwarded bus */
static unsigned forwards[2];   /* requests on dma, msix */
static int forward_error;      /* what they answer */
static unsigned forward_delay;

static void cycle(void)
{
	static unsigned due[2];

	for (unsigned i = 0; i < 2; i++) {
		uint64_t *rsp = i ? P64(msix_rsp) : P64(dma_rsp);

		*rsp = due[i] == 1 ? 1ull << 33 | (uint64_t)forward_error << 32 | 0xABCD0000u | i : 0;
		if (due[i])
			due[i]--;
	}
	dut_edge();
	for (unsigned i = 0; i < 2; i++) {
		uint64_t q = i ? *P64(msix_req) : *P64(dma_req);

		if (q >> 53 & 1) {
			forwarded = q;
			forwards[i]++;
			due[i] = 1 + forward_delay;
		}
	}
}

/* One access; returns the data, or -1 on an error answer. */
static int64_t access_strb(int write, unsigned addr, uint32_t data, unsigned strb)
{
	*P64(reg_req) = 1ull << 53 | (uint64_t)write << 52 | (uint64_t)addr << 36 | (uint64_t)data << 4 | strb;
	cycle();
	*P64(reg_req) = 0;
	for (unsigned i = 0; i < 50; i++) {
		uint64_t r = *P64(reg_rsp);

		if (r >> 33 & 1) {
			cycle();
			assert_false(*P64(reg_rsp) >> 33 & 1);
			if (r >> 32 & 1) {
				assert_int_equal((uint32_t)r, 0);
				return -1;
			}
			return (uint32_t)r;
		}
		cycle();
	}
	fail_msg("no answer at 0x%04x", addr);
	return -1;
}

static int64_t rd(unsigned addr)
{
	return access_strb(0, addr, 0, 15);
}

static int wr(unsigned addr, uint32_t data)
{
	return access_strb(1, addr, data, 15) < 0 ? -1 : 0;
}

static int setup(void **state)
{
	(void)state;
	dut_open(getenv("ESPALIER_TRACE"));
	*P8(rst) = 1;
	cycle();
	cycle();
	*P8(rst) = 0;
	*P8(sa_cmd_ready) = 0;
	forward_error = 0;
	forward_delay = 0;
	forwards[0] = forwards[1] = 0;
	for (unsigned i = 0; i < 40; i++)
		cycle();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	dut_close();
	return 0;
}

static void test_constants(void **state)
{
	(void)state;
	assert_int_equal(rd(ESP_REG_ID), 0x4C505345);
	assert_int_equal(rd(ESP_REG_VERSION), 1);
	assert_int_equal(rd(ESP_REG_CAPS), 1u << 16 | TEST_QUEUES << 8 | TEST_LANES);
	assert_int_equal(rd(ESP_REG_SA_CAPACITY), TEST_SA_ENTRIES);
	assert_int_equal(rd(ESP_REG_LIMITS), 128u << 16 | 9600);
	assert_int_equal(rd(ESP_REG_CLOCK), 250000);
	*P32(cfg_timeout) = 12345;
	dut_edge();
	dut_edge();
	assert_int_equal(rd(ESP_REG_DMA_TIMEOUT), 12345);
	assert_int_equal(*P32(dma_timeout), 12345);
	assert_int_equal(rd(ESP_REG_SCRATCH), 0);
	assert_int_equal(rd(ESP_REG_STATUS), 0);
	*P8(ready) = 1;
	assert_int_equal(rd(ESP_REG_STATUS), 1);
	*P8(bus_master) = 1;
	assert_int_equal(rd(ESP_REG_STATUS), 3);
	*P32(sa_out_count) = 17;
	*P32(sa_in_count) = 4000;
	assert_int_equal(rd(ESP_REG_SA_OUT_COUNT), 17);
	assert_int_equal(rd(ESP_REG_SA_IN_COUNT), 4000);
	assert_int_equal(rd(ESP_REG_REG_ERRORS), 0);
}

/* Registers that read back what was written; mask: the bits that exist. */
static void test_strobes(void **state)
{
	static const struct {
		unsigned addr;
		uint32_t mask;
	} regs[] = {
		{ESP_REG_SCRATCH, ~0u},	  {ESP_REG_DMA_TIMEOUT, ~0u}, {ESP_REG_SA_SPI, ~0u},	{ESP_REG_SA_SRC, ~0u},	    {ESP_REG_SA_DST, ~0u},
		{ESP_REG_SA_SEQ_LO, ~0u}, {ESP_REG_SA_SEQ_HI, ~0u},   {ESP_REG_SA_INDEX, 0xffff}, {ESP_REG_SA_OPTIONS, 0xffffff0f},
	};
	uint32_t value[9] = {0};

	(void)state;
	*P32(cfg_timeout) = 0; /* what is read is in effect: as written, or this */
	for (unsigned i = 0; i < 3000; i++) {
		unsigned k = rnd(9), strb = rnd(16);
		uint32_t data = rnd(1u << 31) << 1 | rnd(2), lanes = 0;

		for (unsigned b = 0; b < 4; b++)
			if (strb >> b & 1)
				lanes |= 0xffu << 8 * b;
		value[k] = ((value[k] & ~lanes) | (data & lanes)) & regs[k].mask;
		assert_int_equal(access_strb(1, regs[k].addr, data, strb), 0);
		for (unsigned j = 0; j < 9; j++)
			assert_int_equal(rd(regs[j].addr), value[j]);
	}
	assert_int_equal(*P32(dma_timeout), value[1]);
	assert_int_equal(rd(ESP_REG_REG_ERRORS), 0);
}

/* Every offset: what is mapped reads, all else is an error, counted; read-only registers refuse writes and keep their value. */
static void test_whole_map(void **state)
{
	unsigned errors = 0, mapped = 0;

	(void)state;
	for (unsigned a = 0; a < 0x10000; a += 4) {
		int sa_window = a >= ESP_REG_SA_KEY && a <= ESP_REG_SA_IN_COUNT, global = a <= ESP_REG_UNEXPECTED_COMPLETIONS;
		int counter = a >= ESP_REG_STATUS_COUNT_LO && a < ESP_REG_STATUS_COUNT_LO + 32 * 8;
		int remote = (a >= 0x2000 && a < 0x3000) || a >= 0x8000;
		int exists = sa_window || global || counter || remote;
		int writable = a == ESP_REG_SCRATCH || a == ESP_REG_DMA_TIMEOUT || (a >= ESP_REG_SA_KEY && a <= ESP_REG_SA_COMMAND) || remote;

		errors += !exists;
		assert_int_equal(rd(a) < 0, !exists);
		if (a == ESP_REG_SA_COMMAND)
			continue; /* would start a command */
		errors += !writable;
		assert_int_equal(wr(a, 0x5a5a5a5a), writable ? 0 : -1);
		mapped += exists;
	}
	assert_int_equal(rd(ESP_REG_REG_ERRORS), errors);
	assert_int_equal(rd(ESP_REG_ID), 0x4C505345);
	assert_int_equal(forwards[0], 2 * 0x400);
	assert_int_equal(forwards[1], 2 * 0x2000);
	*P8(access_error) = 1;
	cycle();
	*P8(access_error) = 0;
	assert_int_equal(rd(ESP_REG_REG_ERRORS), errors + 1);
	print_message("csr: %u mapped, %u errors counted\n", mapped, errors);
}

static void test_forward(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 500; i++) {
		unsigned msix = rnd(2), addr = msix ? 0x8000 + 4 * rnd(0x2000) : 0x2000 + 4 * rnd(0x400), strb = rnd(16), write = rnd(2);
		uint32_t data = rnd(1u << 31);

		forward_error = chance(20);
		forward_delay = rnd(10);
		int64_t r = access_strb((int)write, addr, data, strb);
		assert_int_equal(r, forward_error ? -1 : (int64_t)(0xABCD0000u | msix));
		assert_int_equal(forwarded, 1ull << 53 | (uint64_t)write << 52 | (uint64_t)addr << 36 | (uint64_t)data << 4 | strb);
	}
}

static void test_counters(void **state)
{
	uint64_t want[32] = {0};
	unsigned unexpected = 0;

	(void)state;
	/* Not zero before the first count; back to back and the same status in a row. */
	for (unsigned i = 0; i < 20000; i++) {
		static uint8_t s;

		if (chance(50))
			s = (uint8_t)(chance(5) ? rnd(256) : rnd(25));
		*P8(count_valid) = (uint8_t)chance(80);
		*P8(count_status) = s;
		*P8(unexpected_completion) = (uint8_t)chance(10);
		unexpected += *P8(unexpected_completion);
		if (*P8(count_valid) && s < 32)
			want[s]++;
		cycle();
	}
	*P8(count_valid) = 0;
	*P8(unexpected_completion) = 0;
	for (unsigned i = 0; i < 32; i++) {
		assert_int_equal(rd(ESP_REG_STATUS_COUNT_LO + 8 * i), want[i]);
		assert_int_equal(rd(ESP_REG_STATUS_COUNT_HI + 8 * i), 0);
	}
	assert_int_equal(rd(ESP_REG_UNEXPECTED_COMPLETIONS), unexpected);

	/* The cycle counter runs; the high half belongs to the last low half read. */
	int64_t a = rd(ESP_REG_CYCLES_LO), b;
	for (unsigned i = 0; i < 1000; i++)
		cycle();
	b = rd(ESP_REG_CYCLES_LO);
	assert_in_range(b - a, 1000, 1010);
	assert_int_equal(rd(ESP_REG_CYCLES_HI), 0);

	/* Reset zeroes them. */
	*P8(rst) = 1;
	cycle();
	*P8(rst) = 0;
	for (unsigned i = 0; i < 40; i++)
		cycle();
	for (unsigned i = 0; i < 32; i++)
		assert_int_equal(rd(ESP_REG_STATUS_COUNT_LO + 8 * i), 0);
}

static void stage(const uint8_t *key, uint32_t salt)
{
	for (unsigned i = 0; i < 8; i++) {
		uint32_t w;

		memcpy(&w, key + 4 * i, 4);
		assert_int_equal(wr(ESP_REG_SA_KEY + 4 * i, w), 0);
	}
	assert_int_equal(wr(ESP_REG_SA_SALT, salt), 0);
}

/* Fields of sa_cmd_t, from its least significant bit: seq 64, window 16, ttl 8, dst, src, spi 32, esn, salt 32, key_size 2, key 256, ... */
static void test_sa_window(void **state)
{
	uint8_t key[32];
	uint32_t *cmd = PW(sa_cmd), *rsp = PW(sa_rsp);

	(void)state;
	for (unsigned round = 0; round < 50; round++) {
		unsigned op = 1 + rnd(3), key_size = rnd(3), esn = rnd(2), inbound = rnd(2), ttl = rnd(256), window = rnd(129), errors;
		uint32_t salt = rnd(1u << 31) | 1;

		for (unsigned i = 0; i < 32; i++)
			key[i] = (uint8_t)(1 + rnd(255));
		stage(key, salt);
		wr(ESP_REG_SA_SPI, 0x1000 + round);
		wr(ESP_REG_SA_SRC, 0xC0000201);
		wr(ESP_REG_SA_DST, 0xC0000202);
		wr(ESP_REG_SA_OPTIONS, window << 16 | ttl << 8 | key_size << 2 | esn << 1 | inbound);
		wr(ESP_REG_SA_SEQ_LO, 0x89ABCDEF);
		wr(ESP_REG_SA_SEQ_HI, round);
		wr(ESP_REG_SA_INDEX, 4000 + round);
		for (unsigned i = 0; i < 8; i++)
			assert_int_equal(rd(ESP_REG_SA_KEY + 4 * i), 0);
		assert_int_equal(rd(ESP_REG_SA_SALT), 0);
		assert_false(*P8(sa_cmd_valid));
		assert_int_equal(access_strb(1, ESP_REG_SA_COMMAND, op << 8, 2), 0); /* the operation's byte is not written: no command */
		assert_false(*P8(sa_cmd_valid));
		assert_int_equal(wr(ESP_REG_SA_COMMAND, op), 0);
		assert_int_equal(rd(ESP_REG_SA_COMMAND), 0);
		errors = (unsigned)rd(ESP_REG_REG_ERRORS);

		for (unsigned i = 0; i < rnd(30); i++) /* the manager takes its time; writes meanwhile change nothing */
			cycle();
		assert_true(rd(ESP_REG_SA_STATE) >> 31 & 1);
		assert_int_equal(wr(ESP_REG_SA_COMMAND, ESP_SA_OP_DELETE), -1);
		assert_int_equal(wr(ESP_REG_SA_KEY, 0), -1);
		assert_int_equal(wr(ESP_REG_SA_SPI, 0), -1);
		assert_int_equal(rd(ESP_REG_REG_ERRORS), errors + 3);
		assert_true(*P8(sa_cmd_valid));
		assert_int_equal(bits_get(cmd, 0, 64), 0x89ABCDEFu | (uint64_t)round << 32);
		assert_int_equal(bits_get(cmd, 64, 16), window);
		assert_int_equal(bits_get(cmd, 80, 8), ttl);
		assert_int_equal(bits_get(cmd, 88, 32), 0xC0000202);
		assert_int_equal(bits_get(cmd, 120, 32), 0xC0000201);
		assert_int_equal(bits_get(cmd, 152, 32), 0x1000 + round);
		assert_int_equal(bits_get(cmd, 184, 1), esn);
		assert_int_equal(bits_get(cmd, 185, 32), salt);
		assert_int_equal(bits_get(cmd, 217, 2), key_size);
		for (unsigned i = 0; i < 32; i++)
			assert_int_equal(bits_get(cmd, 219 + 8 * i, 8), key[i]);
		assert_int_equal(bits_get(cmd, 475, 16), 4000 + round);
		assert_int_equal(bits_get(cmd, 491, 1), inbound);
		assert_int_equal(bits_get(cmd, 492, 8), op);
		*P8(sa_cmd_ready) = 1;
		cycle();
		*P8(sa_cmd_ready) = 0;
		assert_false(*P8(sa_cmd_valid));
		assert_true(rd(ESP_REG_SA_STATE) >> 31 & 1);

		bits_set(rsp, 0, 64, 0x0123456789000000u + round);
		bits_set(rsp, 64, 8, round % 5);
		*P8(sa_rsp_valid) = 1;
		cycle();
		*P8(sa_rsp_valid) = 0;
		assert_int_equal(rd(ESP_REG_SA_STATE), round % 5);
		assert_int_equal(rd(ESP_REG_SA_RESULT_SEQ_LO), 0x89000000u + round);
		assert_int_equal(rd(ESP_REG_SA_RESULT_SEQ_HI), 0x01234567);
		/* Wiped, whatever the result. */
		assert_int_equal(bits_get(cmd, 185, 32), 0);
		for (unsigned i = 0; i < 32; i++)
			assert_int_equal(bits_get(cmd, 219 + 8 * i, 8), 0);
	}
}

/* Key bytes by strobes, and their end on reset. */
static void test_key_reset(void **state)
{
	uint8_t key[32];

	(void)state;
	memset(key, 0xA5, sizeof(key));
	stage(key, 0xA5A5A5A5);
	assert_int_equal(access_strb(1, ESP_REG_SA_KEY + 8, 0x11223344, 5), 0);
	assert_int_equal(bits_get(PW(sa_cmd), 219 + 64, 32), 0xA522A544);
	*P8(rst) = 1;
	cycle();
	*P8(rst) = 0;
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(PW(sa_cmd)[i], 0);
	/* No offset of the map shows a key bit: all of it, with the key staged. */
	for (unsigned i = 0; i < 40; i++)
		cycle();
	stage(key, 0xA5A5A5A5);
	for (unsigned a = 0; a < 0x2000; a += 4)
		assert_int_not_equal(rd(a), 0xA5A5A5A5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_constants, setup, teardown),  cmocka_unit_test_setup_teardown(test_strobes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_whole_map, setup, teardown),  cmocka_unit_test_setup_teardown(test_forward, setup, teardown),
		cmocka_unit_test_setup_teardown(test_counters, setup, teardown),   cmocka_unit_test_setup_teardown(test_sa_window, setup, teardown),
		cmocka_unit_test_setup_teardown(test_key_reset, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
