/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pcie_regs against a model: random requests of every type, length, alignment and set of byte enables, whole, cut short, too long and
 * discontinued, with gaps on CQ, back-pressure on CC and registers that answer late. Checked: each register access in order with its
 * strobes and data, each completion's every field, and the count of refused requests.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "bits.h"
#include "dut.h"

DUT_PORT(rst);
DUT_PORT(s_axis_cq_tvalid);
DUT_PORT(s_axis_cq_tready);
DUT_PORT(s_axis_cq_tdata);
DUT_PORT(s_axis_cq_tkeep);
DUT_PORT(s_axis_cq_tuser);
DUT_PORT(s_axis_cq_tlast);
DUT_PORT(m_axis_cc_tvalid);
DUT_PORT(m_axis_cc_tready);
DUT_PORT(m_axis_cc_tdata);
DUT_PORT(m_axis_cc_tkeep);
DUT_PORT(m_axis_cc_tuser);
DUT_PORT(m_axis_cc_tlast);
DUT_PORT(reg_req);
DUT_PORT(reg_rsp);
DUT_PORT(access_error);
DUT_PORT(fence_ask);
DUT_PORT(fence_done);

enum { MEM_READ = 0, MEM_WRITE = 1, IO_READ = 2, FETCH_ADD = 4, LOCKED = 7, CFG = 8, MESSAGE = 12 };
enum { SC = 0, UR = 1, CA = 4 };

struct request {
	unsigned type, dwords, first_be, last_be, bar, function, tag, requester, tc, attr;
	uint64_t addr;
	uint32_t data[2];
	int truncated, trailing, discontinue;
};

/* The expected traffic, in order: accesses of the register bus and completions. */
struct access {
	int write;
	unsigned addr, strb;
	uint32_t data;
};
struct completion {
	uint32_t desc[3];
	uint32_t data[5];
	unsigned dwords;
};

#define MAX_EVENTS 200000
static struct access accesses[MAX_EVENTS];
static struct completion completions[MAX_EVENTS];
static unsigned n_access, seen_access, n_cpl, seen_cpl, n_error, seen_error;

/* What a register reads as, and whether its access is an error: functions of the address. */
static uint32_t reg_value(unsigned addr)
{
	return addr % 5 == 4 ? 0 : addr * 2654435761u + 1;
}

static int reg_bad(unsigned addr)
{
	return addr % 5 == 4;
}

/* The request's CQ descriptor. */
static void request_desc(const struct request *r, uint32_t *desc)
{
	memset(desc, 0, 16);
	bits_set(desc, 0, 32, (uint32_t)r->addr);
	bits_set(desc, 32, 32, r->addr >> 32);
	bits_set(desc, 64, 11, r->dwords);
	bits_set(desc, 75, 4, r->type);
	bits_set(desc, 80, 16, r->requester);
	bits_set(desc, 96, 8, r->tag);
	bits_set(desc, 104, 8, r->function);
	bits_set(desc, 112, 3, r->bar);
	bits_set(desc, 115, 6, 16);
	bits_set(desc, 121, 3, r->tc);
	bits_set(desc, 124, 3, r->attr);
}

static void expect_completion(const struct request *r, unsigned status, const uint32_t *data)
{
	struct completion *c = &completions[n_cpl++];
	unsigned be = r->first_be | (r->dwords == 2 ? r->last_be << 4 : 0), first = 0, count = 4;
	uint32_t desc[3] = {0};

	if (r->type == MEM_READ || r->type == LOCKED) {
		/* From the first to the last enabled byte; none counts as one. A first dword without any, before a second, counts as a whole. */
		unsigned lo = r->first_be ? (unsigned)__builtin_ctz(r->first_be) : 0, hi = be ? 31 - (unsigned)__builtin_clz(be) : 0;

		first = lo;
		count = hi - lo + 1;
		if (r->dwords > 2)
			count = 4 * r->dwords - lo - (unsigned)__builtin_clz(r->last_be << 28);
	}
	bits_set(desc, 0, 7, r->type == MEM_READ ? (r->addr & 0x7c) | first : 0);
	bits_set(desc, 16, 13, count);
	bits_set(desc, 29, 1, r->type == LOCKED);
	bits_set(desc, 32, 11, status == SC ? r->dwords : 0);
	bits_set(desc, 43, 3, status);
	bits_set(desc, 48, 16, r->requester);
	bits_set(desc, 64, 8, r->tag);
	bits_set(desc, 72, 16, r->function);
	bits_set(desc, 89, 3, r->tc);
	bits_set(desc, 92, 3, r->attr);
	memcpy(c->desc, desc, sizeof(desc));
	c->dwords = r->dwords;
	if (data)
		memcpy(c->data, data, 8);
	if (status != SC) { /* the byte enables and the request, for the block's log */
		c->dwords = 5;
		c->data[0] = (r->last_be << 4 | r->first_be) & 0xff;
		request_desc(r, c->data + 1);
	}
}

/* Dwords of the packet, descriptor included. */
static unsigned cut_length(const struct request *r)
{
	int payload = r->type == MEM_WRITE || r->type == IO_READ + 1 || (r->type >= FETCH_ADD && r->type <= 6);
	unsigned total = 4 + (payload ? r->dwords : 0);

	if (r->truncated && total > 4)
		total -= total > 16 ? 16 : 1;
	return r->trailing ? total + 16 : total;
}

static void expect(const struct request *r)
{
	int damaged = r->truncated || r->trailing || r->discontinue;
	uint32_t data[2] = {0, 0};
	int here = r->bar == 0 && r->function == 0, small = r->dwords == 1 || r->dwords == 2;

	if (cut_length(r) < 4) { /* not even a descriptor */
		n_error++;
		return;
	}

	if ((r->type != MEM_READ && r->type != MEM_WRITE) || !here || !small || (r->type == MEM_WRITE && damaged)) {
		n_error++;
		if (r->type != MEM_WRITE && r->type < MESSAGE)
			expect_completion(r, r->type == MEM_READ && here ? CA : UR, NULL);
		return;
	}
	for (unsigned i = 0; i < r->dwords; i++) {
		unsigned be = i ? r->last_be : r->first_be, addr = (r->addr + 4 * i) & 0xfffc;

		if (!be)
			continue;
		accesses[n_access++] = (struct access){.write = r->type == MEM_WRITE, .addr = addr, .strb = be, .data = r->data[i]};
		data[i] = reg_bad(addr) ? 0 : reg_value(addr);
	}
	if (r->type == MEM_READ)
		expect_completion(r, SC, data);
}

static void random_request(struct request *r)
{
	static const unsigned types[] = {MEM_READ, MEM_READ, MEM_READ, MEM_WRITE, MEM_WRITE, MEM_WRITE, IO_READ, IO_READ + 1,
					 FETCH_ADD, 5, 6, LOCKED, CFG, CFG + 1, CFG + 3, MESSAGE, MESSAGE + 1, 15};

	memset(r, 0, sizeof(*r));
	r->type = types[rnd(sizeof(types) / sizeof(*types))];
	r->dwords = chance(80) ? 1 + rnd(2) : chance(10) ? 1024 : 3 + rnd(40);
	r->addr = ((uint64_t)rnd(0xffff) << 32 | (uint64_t)rnd(0x10000) << 16 | rnd(0x10000)) & ~3ull;
	r->first_be = rnd(16);
	r->last_be = r->dwords == 1 ? 0 : 1 + rnd(15);
	if (r->dwords >= 2 && !r->first_be)
		r->first_be = 8;
	r->bar = chance(5) ? 1 + rnd(6) : 0;
	r->function = chance(3) ? 1 + rnd(3) : 0;
	r->tag = rnd(256);
	r->requester = rnd(65536);
	r->tc = rnd(8);
	r->attr = rnd(8);
	r->data[0] = rnd(1u << 31) * 2 + rnd(2);
	r->data[1] = rnd(1u << 31) * 2 + rnd(2);
	if (r->type == MEM_WRITE) {
		r->truncated = chance(5);
		r->trailing = chance(5);
		r->discontinue = chance(5);
	} else if (r->type == MEM_READ || r->type >= MESSAGE) {
		r->trailing = chance(5);
	}
}

/* One request as beats of 16 dwords: tdata, tkeep, tlast, tuser. */
struct beat {
	uint32_t data[16];
	uint32_t user[6];
	unsigned keep, last;
};

static unsigned to_beats(const struct request *r, struct beat *b)
{
	unsigned total = cut_length(r), n;
	uint32_t desc[4];

	request_desc(r, desc);
	n = (total + 15) / 16;
	for (unsigned k = 0; k < n; k++) {
		memset(&b[k], 0, sizeof(b[k]));
		for (unsigned i = 0; i < 16 && 16 * k + i < total; i++) {
			unsigned dw = 16 * k + i;

			b[k].data[i] = dw < 4 ? desc[dw] : dw < 6 ? r->data[dw - 4] : 0xdeadbeef;
			b[k].keep |= 1u << i;
		}
		b[k].last = k == n - 1;
		/* The sideband's byte enables are valid in the first beat; noise after it. */
		bits_set(b[k].user, 0, 8, k ? rnd(256) : r->first_be | rnd(16) << 4);
		bits_set(b[k].user, 8, 8, k ? rnd(256) : r->last_be | rnd(16) << 4);
		bits_set(b[k].user, 80, 2, k == 0);
		bits_set(b[k].user, 86, 2, b[k].last);
		bits_set(b[k].user, 96, 1, b[k].last && r->discontinue);
	}
	return n;
}

static unsigned fence_in; /* cycles until the fence is done; 0: it is */
static unsigned fences;   /* asked for, one a completion */

static void reset(void)
{
	n_access = seen_access = n_cpl = seen_cpl = n_error = seen_error = fence_in = fences = 0;
	dut_open(getenv("ESPALIER_TRACE"));
	*P8(rst) = 1;
	dut_edge();
	dut_edge();
	*P8(rst) = 0;
}

static unsigned answer_in; /* cycles until the register answers, 0: none is due */
static unsigned answer_addr;

/* One cycle: the register bus, CC and the error strobe. */
static void cycle(unsigned stall)
{
	*P8(m_axis_cc_tready) = !chance(stall);
	*P64(reg_rsp) = 0;
	fence_in -= fence_in != 0;
	*P8(fence_done) = fence_in == 0;
	if (answer_in && --answer_in == 0)
		*P64(reg_rsp) = 1ull << 33 | (uint64_t)reg_bad(answer_addr) << 32 | (reg_bad(answer_addr) ? 0 : reg_value(answer_addr));
	dut_settle();
	if (*P8(m_axis_cc_tvalid) && *P8(m_axis_cc_tready)) {
		struct completion *c = &completions[seen_cpl];
		uint32_t *d = PW(m_axis_cc_tdata);

		assert_true(seen_cpl < n_cpl);
		seen_cpl++;
		assert_int_equal(fences, seen_cpl);
		assert_memory_equal(d, c->desc, 12);
		assert_memory_equal(d + 3, c->data, 4 * c->dwords);
		assert_int_equal(*P16(m_axis_cc_tkeep), (1u << (3 + c->dwords)) - 1);
		assert_int_equal(*P8(m_axis_cc_tlast), 1);
		assert_int_equal(bits_get(PW(m_axis_cc_tuser), 0, 2), 1);
		assert_int_equal(bits_get(PW(m_axis_cc_tuser), 6, 2), 1);
		assert_int_equal(bits_get(PW(m_axis_cc_tuser), 8, 4), 2 + c->dwords);
		assert_int_equal(bits_get(PW(m_axis_cc_tuser), 16, 1), 0);
	}
	assert_true(!*P8(m_axis_cc_tvalid) || (fence_in == 0 && fences > 0));
	if (*P8(fence_ask)) {
		fence_in = 1 + rnd(stall ? 40 : 3);
		fences++;
	}
	seen_error += *P8(access_error);
	uint64_t q = *P64(reg_req);
	if (q >> 53 & 1) {
		struct access *a = &accesses[seen_access];

		assert_true(seen_access < n_access);
		assert_int_equal(answer_in, 0);
		seen_access++;
		assert_int_equal(q >> 52 & 1, a->write);
		assert_int_equal(q >> 36 & 0xffff, a->addr);
		assert_int_equal(q & 15, a->strb);
		if (a->write)
			assert_int_equal(q >> 4 & 0xffffffff, a->data);
		answer_in = 1 + rnd(stall ? 8 : 2);
		answer_addr = a->addr;
	}
	dut_edge();
}

static void send(const struct request *r, unsigned stall)
{
	struct beat b[80];
	unsigned n = to_beats(r, b);

	for (unsigned k = 0; k < n; k++) {
		while (chance(stall)) {
			*P8(s_axis_cq_tvalid) = 0;
			cycle(stall);
		}
		*P8(s_axis_cq_tvalid) = 1;
		memcpy(PW(s_axis_cq_tdata), b[k].data, 64);
		memcpy(PW(s_axis_cq_tuser), b[k].user, sizeof(b[k].user));
		*P16(s_axis_cq_tkeep) = (uint16_t)b[k].keep;
		*P8(s_axis_cq_tlast) = (uint8_t)b[k].last;
		for (unsigned i = 0;; i++) {
			int taken = (dut_settle(), *P8(s_axis_cq_tready));

			assert_true(i < 1000);
			cycle(stall);
			if (taken)
				break;
		}
	}
	*P8(s_axis_cq_tvalid) = 0;
}

static void drain(unsigned stall)
{
	for (unsigned i = 0; i < 300; i++)
		cycle(stall);
	assert_int_equal(seen_access, n_access);
	assert_int_equal(seen_cpl, n_cpl);
	assert_int_equal(seen_error, n_error);
}

static void test_random(void **state)
{
	static const unsigned stalls[] = {0, 30, 80};
	struct request r;

	(void)state;
	for (unsigned s = 0; s < 3; s++) {
		reset();
		for (unsigned i = 0; i < 20000; i++) {
			random_request(&r);
			expect(&r);
			send(&r, stalls[s]);
		}
		drain(stalls[s]);
		print_message("pcie_regs: stall %u%%: %u completions, %u register accesses, %u refused\n", stalls[s], seen_cpl, seen_access,
			      seen_error);
		dut_close();
	}
}

/* Every set of byte enables of one and two dwords, read and written, the illegal ones without a byte of the first included. */
static void test_byte_enables(void **state)
{
	(void)state;
	reset();
	for (unsigned be = 0; be < 256; be++) {
		for (unsigned type = MEM_READ; type <= MEM_WRITE; type++) {
			struct request r = {.type = type, .dwords = be >> 4 ? 2 : 1, .first_be = be & 15, .last_be = be >> 4, .addr = 0x1234500f8, .tag = be};

			expect(&r);
			send(&r, 0);
		}
	}
	drain(0);
	dut_close();
}

/* Nothing but a new packet's first beat counts: beats without any sense, then a good request. */
static void test_noise(void **state)
{
	struct request good = {.type = MEM_READ, .dwords = 1, .first_be = 15, .addr = 0x40, .tag = 7};

	(void)state;
	reset();
	for (unsigned i = 0; i < 2000; i++) {
		struct request r;

		random_request(&r);
		r.type = MESSAGE;
		r.trailing = 1;
		r.dwords = rnd(2048);
		expect(&r);
		send(&r, 10);
		expect(&good);
		send(&good, 10);
	}
	drain(10);
	dut_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_byte_enables),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
