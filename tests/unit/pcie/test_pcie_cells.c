/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of rtl/pcie, each beside a model in C of what it must do, under random input: fences never early and always answered, whatever the
 * block reports, drops or reports too late (pcie_order); tags (pcie_tags); the buffer's meter (pcie_space); interrupts masked and not (msix). The
 * streams are in test_pcie_streams.c. Random numbers follow ESPALIER_TEST_SEED, their count ESPALIER_TEST_SCALE.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "pcie_cells.h"

DUT_PORT(order_stop);
DUT_PORT(order_accept);
DUT_PORT(order_message);
DUT_PORT(order_seq0);
DUT_PORT(order_vld0);
DUT_PORT(order_seq1);
DUT_PORT(order_vld1);
DUT_PORT(order_sent);
DUT_PORT(order_dropped);
DUT_PORT(order_empty);
DUT_PORT(order_ask);
DUT_PORT(order_done);
DUT_PORT(tags_extended);
DUT_PORT(tags_valid);
DUT_PORT(tags_index);
DUT_PORT(tags_take);
DUT_PORT(tags_free_valid);
DUT_PORT(tags_free_index);
DUT_PORT(space_rcb_128);
DUT_PORT(space_need_64);
DUT_PORT(space_need_128);
DUT_PORT(space_fits);
DUT_PORT(space_take);
DUT_PORT(space_back_valid);
DUT_PORT(space_back_64);
DUT_PORT(space_back_128);
DUT_PORT(msix_stop);
DUT_PORT(msix_enable);
DUT_PORT(msix_mask);
DUT_PORT(msix_reg_valid);
DUT_PORT(msix_reg_write);
DUT_PORT(msix_reg_addr);
DUT_PORT(msix_reg_data);
DUT_PORT(msix_reg_strb);
DUT_PORT(msix_rsp_valid);
DUT_PORT(msix_rsp_error);
DUT_PORT(msix_rsp_data);
DUT_PORT(msix_irq_valid);
DUT_PORT(msix_irq_vector);
DUT_PORT(msix_tvalid);
DUT_PORT(msix_tready);
DUT_PORT(msix_tdata);
DUT_PORT(msix_addr);
DUT_PORT(msix_len);

#define CYCLES 20000u

void cells_reset(void)
{
	/* What the test before left. */
	*P8(order_ask) = *P8(order_accept) = *P8(order_sent) = *P8(order_dropped) = 0;
	*P8(order_vld0) = *P8(order_vld1) = *P8(order_stop) = *P8(order_message) = 0;
	*P8(tags_take) = *P8(tags_free_valid) = *P8(space_take) = *P8(space_back_valid) = *P8(msix_irq_valid) = *P8(msix_reg_valid) = 0;
	*P8(rst) = 1;
	for (int i = 0; i < 4; i++)
		dut_edge();
	*P8(rst) = 0;
	dut_edge();
}

/* ---- pcie_order --------------------------------------------------------------------------------------------------------------- */

/* Writes by their number, in order: accepted, then sent to the block or dropped on the way, then reported (or never). */
static struct {
	unsigned accepted, sent, dropped, reported;
	unsigned given_up; /* of those sent: the block has dropped them */
	unsigned late;	   /* reports of them that come yet */
} writes;

static unsigned in_block(void)
{
	return writes.sent - writes.reported - writes.given_up;
}

/* Writes that no completion can pass any more, at most. */
static unsigned gone(void)
{
	return writes.reported + writes.given_up + (in_block() ? 0 : writes.dropped);
}

static void order_cycle(unsigned accept, unsigned report, int stop)
{
	unsigned waiting = writes.accepted - writes.sent - writes.dropped, n = waiting > 2 ? rnd(3) : rnd(waiting + 1), reports = 0;

	*P8(order_stop) = (uint8_t)stop;
	*P8(order_accept) = chance(accept);
	*P8(order_message) = chance(10);
	*P8(order_sent) = (uint8_t)(stop ? 0 : n);
	*P8(order_dropped) = (uint8_t)(stop ? n : 0);
	*P8(order_vld0) = *P8(order_vld1) = 0;
	for (unsigned i = 0; i < 2; i++) {
		/* Numbers without bit 5 are those of other TLPs. */
		int real = in_block() > reports && chance(report), other = !real && chance(20);

		*(i ? P8(order_vld1) : P8(order_vld0)) = real || other;
		*(i ? P8(order_seq1) : P8(order_seq0)) = (uint8_t)(rnd(32) | (unsigned)real << 5);
		reports += (unsigned)real;
	}
	dut_edge();
	writes.accepted += *P8(order_accept);
	writes.sent += *P8(order_sent);
	writes.dropped += *P8(order_dropped);
	writes.reported += reports;
}

static void test_order(void **state)
{
	(void)state;
	memset(&writes, 0, sizeof writes);
	cells_reset();
	for (unsigned round = 0; round < 300 * test_scale(); round++) {
		unsigned accept = rnd(4) * 30, report = 10 + rnd(4) * 30, ticket, cycles = 0;
		int stop = round % 4 == 3, loses = stop && rnd(2);

		for (unsigned i = rnd(60); i; i--)
			order_cycle(accept, report, 0);
		if (stop) /* silence of 16 cycles is a loss then */
			report = 90;
		if (loses) { /* bus mastering went off, and the block has dropped all it has */
			writes.late = in_block() ? rnd(2) * in_block() : 0;
			writes.given_up += in_block();
		}
		ticket = writes.accepted;
		*P8(order_ask) = 1;
		order_cycle(accept, report, stop);
		*P8(order_ask) = 0;
		while (!*P8(order_done)) {
			order_cycle(cycles < 100 ? accept : 0, report, stop);
			assert_true(cycles++ < 1000);
		}
		assert_true(gone() >= ticket);
		while (!*P8(order_empty)) {
			order_cycle(0, 100, stop);
			assert_true(cycles++ < 2000);
		}
		/* Reports that come after all are nobody's. */
		for (; writes.late; writes.late--) {
			*P8(order_accept) = *P8(order_sent) = *P8(order_dropped) = *P8(order_vld1) = 0;
			*P8(order_vld0) = 1;
			*P8(order_seq0) = 32;
			dut_edge();
		}
		*P8(order_vld0) = 0;
		assert_int_equal(writes.accepted, writes.sent + writes.dropped);
		memset(&writes, 0, sizeof writes);
	}
}

/* ---- pcie_tags ---------------------------------------------------------------------------------------------------------------- */

static void test_tags(void **state)
{
	uint64_t out = 0;
	unsigned most = 0, quiet = 0;

	(void)state;
	*P8(tags_take) = *P8(tags_free_valid) = 0;
	cells_reset();
	for (unsigned cycle = 0; cycle < CYCLES * test_scale(); cycle++) {
		unsigned phase = cycle / 100 % 3;
		uint64_t usable;

		if (cycle % 1000 == 0)
			*P8(tags_extended) = (uint8_t)rnd(2);
		dut_settle();
		usable = *P8(tags_extended) ? UINT64_MAX : UINT32_MAX;
		if (*P8(tags_valid)) {
			assert_true(usable >> *P8(tags_index) & 1);
			assert_false(out >> *P8(tags_index) & 1);
		}
		/* While one is free, one is on offer; at the start the upper pool passes over those of the lower one. */
		quiet = (usable & ~out) && !*P8(tags_valid) ? quiet + 1 : 0;
		assert_true(quiet <= 34);
		*P8(tags_take) = *P8(tags_valid) && chance(phase == 1 ? 20 : 90);
		*P8(tags_free_valid) = 0;
		if (out && chance(phase == 0 ? 10 : 80)) {
			do
				*P8(tags_free_index) = (uint8_t)rnd(64);
			while (!(out >> *P8(tags_free_index) & 1));
			*P8(tags_free_valid) = 1;
		}
		if (*P8(tags_take))
			out |= 1ull << *P8(tags_index);
		if (*P8(tags_free_valid))
			out &= ~(1ull << *P8(tags_free_index));
		if ((unsigned)__builtin_popcountll(out) > most)
			most = (unsigned)__builtin_popcountll(out);
		dut_edge();
	}
	assert_int_equal(most, 64);
}

/* ---- pcie_space --------------------------------------------------------------------------------------------------------------- */

static void test_space(void **state)
{
	struct {
		uint8_t need_64, need_128;
	} waiting[100];
	unsigned count = 0, blocks = 0, headers = 0, taken = 0, quiet = 0;
	int rcb = 0; /* of the requests under way */

	(void)state;
	*P8(space_take) = *P8(space_back_valid) = *P8(space_rcb_128) = 0;
	cells_reset();
	for (unsigned cycle = 0; cycle < CYCLES * test_scale(); cycle++) {
		unsigned bytes = 1 + rnd(chance(20) ? 4096 : 300), lower = rnd(128), need;

		if (cycle % 500 == 0)
			*P8(space_rcb_128) = (uint8_t)rnd(2);
		*P8(space_need_64) = (uint8_t)((lower % 64 + bytes + 63) / 64);
		*P8(space_need_128) = (uint8_t)((lower + bytes + 127) / 128);
		*P8(space_back_valid) = 0;
		dut_settle();
		if (!count)
			rcb = *P8(space_rcb_128);
		need = rcb ? *P8(space_need_128) : *P8(space_need_64);
		if (*P8(space_fits)) {
			assert_int_equal(rcb, *P8(space_rcb_128));
			assert_true(blocks + *P8(space_need_64) <= 100 && headers + need <= 80);
		}
		/* What fits is let through, a change of the boundary being told two cycles after the last answer. */
		quiet = rcb == *P8(space_rcb_128) && blocks + *P8(space_need_64) <= 100 && headers + need <= 80 && !*P8(space_fits) ? quiet + 1 : 0;
		assert_true(quiet <= 3);
		*P8(space_take) = *P8(space_fits) && chance(60);
		if (count && chance(50)) {
			unsigned i = rnd(count);

			*P8(space_back_valid) = 1;
			*P8(space_back_64) = waiting[i].need_64;
			*P8(space_back_128) = waiting[i].need_128;
			blocks -= waiting[i].need_64;
			headers -= rcb ? waiting[i].need_128 : waiting[i].need_64;
			waiting[i] = waiting[--count];
		}
		if (*P8(space_take)) {
			waiting[count].need_64 = *P8(space_need_64);
			waiting[count++].need_128 = *P8(space_need_128);
			blocks += *P8(space_need_64);
			headers += need;
			taken++;
		}
		dut_edge();
	}
	assert_true(taken > CYCLES / 10);
}

/* ---- msix --------------------------------------------------------------------------------------------------------------------- */

#define VECTORS 4u

static uint32_t reg_access(int write, unsigned addr, uint32_t data, unsigned strb, int *error)
{
	*P8(msix_reg_valid) = 1;
	*P8(msix_reg_write) = (uint8_t)write;
	*P16(msix_reg_addr) = (uint16_t)addr;
	*P32(msix_reg_data) = data;
	*P8(msix_reg_strb) = (uint8_t)strb;
	dut_edge();
	*P8(msix_reg_valid) = 0;
	assert_int_equal(*P8(msix_rsp_valid), 1);
	*error = *P8(msix_rsp_error);
	return *P32(msix_rsp_data);
}

static void test_msix(void **state)
{
	uint32_t table[VECTORS][3];
	unsigned sent = 0;
	int error;

	(void)state;
	*P8(msix_stop) = *P8(msix_enable) = *P8(msix_mask) = *P8(msix_irq_valid) = 0;
	*P8(msix_tready) = 1;
	cells_reset();
	for (unsigned i = 0; i < VECTORS; i++) {
		assert_int_equal(reg_access(0, 0x800c + 16 * i, 0, 0, &error), 1); /* masked at the start */
		for (unsigned k = 0; k < 3; k++) {
			table[i][k] = (uint32_t)rnd(0x40000000) << 2;
			reg_access(1, 0x8000 + 16 * i + 4 * k, ~table[i][k], 15, &error);
			reg_access(1, 0x8000 + 16 * i + 4 * k, table[i][k], 3, &error); /* half of a word at a time */
			reg_access(1, 0x8000 + 16 * i + 4 * k, table[i][k], 12, &error);
			assert_int_equal(reg_access(0, 0x8000 + 16 * i + 4 * k, 0, 0, &error), table[i][k]);
			assert_false(error);
		}
	}
	reg_access(0, 0x8000 + 16 * VECTORS, 0, 0, &error);
	assert_true(error);
	reg_access(1, 0xc000, 0, 15, &error);
	assert_true(error);

	for (unsigned round = 0; round < 400 * test_scale(); round++) {
		unsigned masked = rnd(1u << VECTORS), raised = 0, got[VECTORS] = {0}, last_raise[VECTORS] = {0}, last_got[VECTORS] = {0}, now = 0;
		int stop = chance(20), off = chance(30);

		for (unsigned i = 0; i < VECTORS; i++)
			reg_access(1, 0x800c + 16 * i, masked >> i & 1, 15, &error);
		*P8(msix_enable) = (uint8_t)(!off || rnd(2));
		*P8(msix_mask) = (uint8_t)(off && *P8(msix_enable));
		*P8(msix_stop) = (uint8_t)stop;
		for (unsigned cycle = 0; cycle < 60; cycle++) {
			now++;
			*P8(msix_irq_valid) = cycle < 40 && chance(30);
			*P8(msix_irq_vector) = (uint8_t)rnd(VECTORS + 2); /* beyond the table: ignored */
			*P8(msix_tready) = cycle >= 40 || chance(50);
			dut_settle();
			if (*P8(msix_tvalid) && *P8(msix_tready)) {
				unsigned i = 0;

				while (i < VECTORS && (*P64(msix_addr) != (table[i][0] | (uint64_t)table[i][1] << 32) || *P32(msix_tdata) != table[i][2]))
					i++;
				assert_true(i < VECTORS);
				assert_int_equal(*P16(msix_len), 4);
				assert_true(raised >> i & 1);
				got[i]++;
				last_got[i] = now;
				sent++;
			}
			if (*P8(msix_irq_valid) && *P8(msix_irq_vector) < VECTORS) {
				raised |= 1u << *P8(msix_irq_vector);
				last_raise[*P8(msix_irq_vector)] = now;
			}
			dut_edge();
		}
		*P8(msix_irq_valid) = 0;
		for (unsigned i = 0; i < VECTORS; i++) {
			int silent = off || stop || (masked >> i & 1), pending = (int)(reg_access(0, 0xc000, 0, 0, &error) >> i & 1);

			assert_true(silent ? got[i] == 0 : !(raised >> i & 1) || last_got[i] > last_raise[i]);
			assert_int_equal(pending, silent && !stop && (raised >> i & 1));
		}
		/* What was held back comes once, as soon as it may. */
		*P8(msix_stop) = *P8(msix_mask) = 0;
		*P8(msix_enable) = 1;
		for (unsigned i = 0; i < VECTORS; i++)
			reg_access(1, 0x800c + 16 * i, 0, 15, &error);
		for (unsigned cycle = 0; cycle < 20; cycle++)
			dut_edge();
		assert_int_equal(reg_access(0, 0xc000, 0, 0, &error), 0);
	}
	assert_true(sent > 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),  cmocka_unit_test(test_tags),  cmocka_unit_test(test_space),
		cmocka_unit_test(test_msix),   cmocka_unit_test(test_unpack), cmocka_unit_test(test_requests),
	};

	dut_open(getenv("ESPALIER_TRACE"));
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	dut_close();
	return failed;
}
