// SPDX-License-Identifier: Apache-2.0
/*
 * The anti-replay block against replay_model, in every cycle: checks (one a cycle), updates 2 or more cycles apart, mostly of few SAs, so
 * that results are needed before they are in the memory, and requests of the SA manager between them. Numbers stay near the top, around
 * 2^32 and 2^64, or jump. ESPALIER_TEST_SCALE multiplies the steps; random numbers follow ESPALIER_TEST_SEED.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "dut.h"
#include "replay_model.h"

DUT_PORT(rst);
DUT_PORT(check_valid);
DUT_PORT(check_sa);
DUT_PORT(check_low);
DUT_PORT(check_esn);
DUT_PORT(check_window);
DUT_PORT(check_seq);
DUT_PORT(check_verdict);
DUT_PORT(update_valid);
DUT_PORT(update_sa);
DUT_PORT(update_seq);
DUT_PORT(update_window);
DUT_PORT(update_verdict);
DUT_PORT(req_valid);
DUT_PORT(req_write);
DUT_PORT(req_sa);
DUT_PORT(req_seq);
DUT_PORT(rsp_ready);
DUT_PORT(rsp_valid);
DUT_PORT(rsp_seq);

#define SAS 64
#define LAG 16          /* a power of two, more than any latency below */
#define CHECK_OPERANDS 2 /* cycles from check_valid to check_low and the rest */
#define CHECK_RESULT 6
#define UPDATE_RESULT 4  /* cycles to update_verdict; the write is in that cycle, a read sees it from the next on */
#define QUERY_RESULT 2
#define UPDATE_DECIDED 2 /* cycles from the update on: a query sees it, though it is not in the memory */

struct sa {
	struct model_sa model;     /* with every update that went in */
	struct model_sa committed; /* as the memory has it */
	unsigned int window;
	bool esn;
	uint64_t last_update;      /* cycle */
};

/* What began in a cycle; index: cycle % LAG. */
struct started {
	bool check, update, query, check_known;
	int sa, update_sa;
	uint32_t low;
	unsigned int window;
	bool esn;
	uint64_t check_seq, query_seq;
	uint8_t check_verdict, update_verdict;
	struct model_sa after; /* of the updated SA */
};

static struct sa sas[SAS];
static struct started log_[LAG];
static uint64_t cycle, rng, counts[2][3], last_update;

static uint64_t rnd(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return rng;
}

/* A number to try: mostly near the top. */
static uint64_t draw(const struct sa *sa)
{
	uint64_t top = sa->model.top, seq;

	switch (rnd() % 16) {
	case 0:
		seq = top + rnd() % 1000;
		break;
	case 1:
		seq = top - rnd() % 1000;
		break;
	case 2:
		seq = top + (1ull << (rnd() % 40)) + rnd() % 3 - 1;
		break;
	case 3:
		seq = (1ull << 32) * (rnd() % 3) + rnd() % 300 - 150;
		break;
	case 4:
		seq = rnd() % 4;
		break;
	case 5:
		seq = top;
		break;
	case 6:
	case 7:
		seq = top + 126 + rnd() % 4;
		break;
	case 8:
		seq = top - sa->window + rnd() % 3 - 1;
		break;
	default:
		seq = top + rnd() % 24 - (rnd() & 1 ? 20 : 120);
	}
	return sa->esn ? seq : (uint32_t)seq;
}

static void begin_check(struct started *now, int index, uint64_t seq)
{
	const struct sa *sa = &sas[index];
	bool exists;

	*P8(check_valid) = 1;
	*P16(check_sa) = (uint16_t)index;
	now->sa = index;
	now->check = true;
	now->low = (uint32_t)seq;
	now->window = sa->window;
	now->esn = sa->esn;
	exists = model_infer(&sa->committed, sa->esn, sa->window, now->low, &now->check_seq);
	now->check_known = exists;
	now->check_verdict = (uint8_t)(exists ? model_check(&sa->committed, sa->window, now->check_seq) : MODEL_OLD);
}

static void begin_update(struct started *now, int index, uint64_t seq)
{
	struct sa *sa = &sas[index];

	*P8(update_valid) = 1;
	*P16(update_sa) = (uint16_t)index;
	now->update_sa = index;
	*P64(update_seq) = seq;
	*P8(update_window) = (uint8_t)sa->window;
	now->update = true;
	now->update_verdict = (uint8_t)model_receive(&sa->model, sa->window, seq);
	now->after = sa->model;
	sa->last_update = last_update = cycle;
}

static void new_sa(struct sa *sa)
{
	static const unsigned int windows[] = { 0, 1, 32, 64, 100, 128, 2, 127 };
	static const uint64_t tops[] = { 0, 1, 63, 127, 0xffffff80, 0xffffffff, 0x100000000, 0x10000003f, 0x1ffffffc0, 0xfffffffffffffff0 };

	sa->window = windows[rnd() % 8];
	sa->esn = rnd() & 1;
	model_init(&sa->model, tops[rnd() % 10]);
	if (!sa->esn)
		model_init(&sa->model, (uint32_t)sa->model.top);
}

/* What a query that begins now must answer: the memory's word, or that of an update on its way to it. */
static uint64_t decided_top(int sa)
{
	for (unsigned int ago = UPDATE_DECIDED; ago <= UPDATE_RESULT; ago++) {
		const struct started *then = &log_[(cycle - ago) % LAG];

		if (then->update && then->update_sa == sa)
			return then->after.top;
	}
	return sas[sa].committed.top;
}

/* Manager: installs an SA that has rested, or asks for the top of any. One request stands until it is taken. */
static void manager(struct started *now)
{
	static int pending_sa;
	struct sa *sa;

	if (!*P8(req_valid)) {
		if (rnd() % 8)
			return;
		pending_sa = (int)(rnd() % SAS);
		*P8(req_write) = cycle > sas[pending_sa].last_update + LAG && rnd() % 4 == 0;
		sa = &sas[pending_sa];
		if (*P8(req_write)) {
			new_sa(sa);
			sa->last_update = cycle + LAG; /* no packet uses it for now */
		}
		*P8(req_valid) = 1;
		*P16(req_sa) = (uint16_t)pending_sa;
		*P64(req_seq) = sa->model.top;
	}
	dut_settle();
	if (!*P8(rsp_ready))
		return;
	sa = &sas[pending_sa];
	if (*P8(req_write)) {
		sa->committed = sa->model;
	} else {
		now->query = true;
		now->query_seq = decided_top(pending_sa);
	}
}

static bool busy(const struct sa *sa)
{
	return sa->last_update > cycle;
}

/* A cycle: new_cycle(), what begins in it, then finish_cycle(), which compares what ends in it. */
static struct started *new_cycle(void)
{
	struct started *now = &log_[cycle % LAG], *then = &log_[(cycle - UPDATE_RESULT - 1) % LAG];

	memset(now, 0, sizeof(*now));
	if (then->update)
		sas[then->update_sa].committed = then->after;
	*P8(check_valid) = *P8(update_valid) = 0;
	return now;
}

static void finish_cycle(void)
{
	struct started *then = &log_[(cycle - CHECK_OPERANDS) % LAG];
	bool taken;

	*P32(check_low) = then->low;
	*P8(check_esn) = then->esn;
	*P8(check_window) = (uint8_t)then->window;
	dut_settle();
	taken = *P8(req_valid) && *P8(rsp_ready);
	dut_edge();
	if (taken)
		*P8(req_valid) = 0;
	cycle++;

	then = &log_[(cycle - UPDATE_RESULT) % LAG];
	if (then->update) {
		assert_int_equal(*P8(update_verdict), then->update_verdict);
		counts[1][then->update_verdict]++;
	}
	then = &log_[(cycle - CHECK_RESULT) % LAG];
	if (then->check) {
		assert_int_equal(*P8(check_verdict), then->check_verdict);
		if (then->check_known)
			assert_true(*P64(check_seq) == then->check_seq);
		counts[0][then->check_verdict]++;
	}
	then = &log_[(cycle - QUERY_RESULT) % LAG];
	assert_int_equal(*P8(rsp_valid), then->query);
	if (then->query)
		assert_true(*P64(rsp_seq) == then->query_seq);
}

static void tick(unsigned int hot)
{
	struct started *now = new_cycle();
	int check = (int)(rnd() % hot), update = (int)(rnd() % hot);

	if (rnd() % 8 && !busy(&sas[check]))
		begin_check(now, check, draw(&sas[check]));
	if (cycle > last_update + 1 && rnd() % 4 && !busy(&sas[update]))
		begin_update(now, update, draw(&sas[update]));
	manager(now);
	finish_cycle();
}

static int start(void **state)
{
	(void)state;
	rng = 0x853c49e6748fea9b ^ (getenv("ESPALIER_TEST_SEED") ? strtoull(getenv("ESPALIER_TEST_SEED"), NULL, 0) : 0);
	cycle = LAG;
	last_update = 0;
	memset(log_, 0, sizeof(log_));
	memset(sas, 0, sizeof(sas));
	memset(counts, 0, sizeof(counts));
	dut_open(getenv("ESPALIER_TRACE"));
	*P8(rst) = 1;
	for (int i = 0; i < 4; i++)
		dut_edge();
	*P8(rst) = 0;
	*P8(req_valid) = *P8(req_write) = 1;
	for (uint16_t i = 0; i < SAS; i++) {
		new_sa(&sas[i]);
		sas[i].committed = sas[i].model;
		*P16(req_sa) = i;
		*P64(req_seq) = sas[i].model.top;
		dut_settle();
		assert_true(*P8(rsp_ready)); /* one a cycle while idle */
		dut_edge();
	}
	*P8(req_valid) = 0;
	return 0;
}

static int stop(void **state)
{
	(void)state;
	dut_close();
	return 0;
}

static void run(unsigned int hot, uint64_t steps)
{
	const char *scale = getenv("ESPALIER_TEST_SCALE");

	steps *= scale ? strtoull(scale, NULL, 0) : 1;
	for (uint64_t i = 0; i < steps; i++)
		tick(hot);
	print_message("  %u SAs: checks %llu fresh, %llu old, %llu known; updates %llu fresh, %llu old, %llu known\n", hot,
		      (unsigned long long)counts[0][0], (unsigned long long)counts[0][1], (unsigned long long)counts[0][2],
		      (unsigned long long)counts[1][0], (unsigned long long)counts[1][1], (unsigned long long)counts[1][2]);
	for (int i = 0; i < 6; i++)
		assert_true(counts[i / 3][i % 3] > steps / 200);
}

static void few(void **state)
{
	(void)state;
	run(3, 3000000);
}

static void many(void **state)
{
	(void)state;
	run(SAS, 3000000);
}

/*
 * One SA alone: a number is received, checked again 0 to LAG - 1 cycles later, and received again 2 to LAG - 1 cycles later; the next
 * number, and a jump over half the window, come right behind.
 */
static void one_sa_every_distance(void **state)
{
	struct sa *sa = &sas[5];

	(void)state;
	sa->window = 64;
	for (uint64_t check = 0; check < LAG; check++) {
		for (uint64_t again = 2; again < LAG; again++) {
			uint64_t number = sa->model.top + (again % 3 ? 1 : 32);

			for (uint64_t at = 0; at < 2 * LAG; at++) {
				struct started *now = new_cycle();

				if (at == 0 || at == again || at == again + 2)
					begin_update(now, 5, number + (at == again + 2));
				if (at == check || at == check + 1)
					begin_check(now, 5, number + at - check);
				finish_cycle();
			}
			assert_true(sa->model.top == number + 1);
		}
	}
	assert_int_equal(counts[1][MODEL_KNOWN], LAG * (LAG - 2));
	assert_int_equal(counts[1][MODEL_FRESH], 2 * LAG * (LAG - 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(few, start, stop),
		cmocka_unit_test_setup_teardown(many, start, stop),
		cmocka_unit_test_setup_teardown(one_sa_every_distance, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
