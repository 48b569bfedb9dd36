// SPDX-License-Identifier: Apache-2.0
// See decap_dut.h.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "dut.h"
#include "decap_dut.h"
#include "espalier_regs.h"

DUT_PORT(rst);
DUT_PORT(ready);
DUT_PORT(cmd_valid);
DUT_PORT(cmd_ready);
DUT_PORT(cmd_op);
DUT_PORT(cmd_inbound);
DUT_PORT(cmd_index);
DUT_PORT(cmd_key);
DUT_PORT(cmd_key_size);
DUT_PORT(cmd_salt);
DUT_PORT(cmd_esn);
DUT_PORT(cmd_spi);
DUT_PORT(cmd_dst);
DUT_PORT(cmd_window);
DUT_PORT(cmd_seq);
DUT_PORT(rsp_valid);
DUT_PORT(rsp_result);
DUT_PORT(rsp_seq);
DUT_PORT(d_s_axis_tvalid);
DUT_PORT(d_s_axis_tready);
DUT_PORT(d_s_axis_tdata);
DUT_PORT(d_s_axis_tlast);
DUT_PORT(d_in_job);
DUT_PORT(d_in_len);
DUT_PORT(d_in_sa);
DUT_PORT(d_in_status);
DUT_PORT(d_m_axis_tvalid);
DUT_PORT(d_m_axis_tready);
DUT_PORT(d_m_axis_tdata);
DUT_PORT(d_m_axis_tlast);
DUT_PORT(d_out_job);
DUT_PORT(d_out_len);
DUT_PORT(d_out_sa);
DUT_PORT(d_out_status);
DUT_PORT(lanes);

#define RING 4096 /* packets queued or inside */

struct packet {
	uint8_t *wire;
	size_t len;
	uint8_t status_in, must, job;
	bool may_be_gone;
	uint64_t cycle_in;      /* of the last beat */
	struct model_sa before; /* replay state of its SA when it went in: that of the packets that were out */
};

struct decap_sa decap_sas[DUT_SAS];
struct decap_counts decap_counts;
uint64_t decap_cycle, decap_next[DUT_SAS];
unsigned int decap_in_percent = 100, decap_out_percent = 100;

static struct packet ring[RING];
static uint32_t pushed, sending, done; /* free-running indices into the ring */
static size_t send_at;                 /* bytes of the packet being sent that are in */
static bool offered;                   /* a beat stands at the input and was not taken yet */
static uint8_t got[ORACLE_MAX];
static size_t got_len;
static bool gone[DUT_SAS];
static uint64_t rng;
static bool is_open;

uint64_t decap_random(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return rng >> 8;
}

unsigned int decap_scale(void)
{
	return getenv("ESPALIER_TEST_SCALE") ? (unsigned int)strtoul(getenv("ESPALIER_TEST_SCALE"), NULL, 0) : 1;
}

unsigned int decap_lanes(void)
{
	return *P8(lanes);
}

static size_t beat_bytes(void)
{
	return decap_lanes() * 16u;
}

void decap_clear_counts(void)
{
	memset(&decap_counts, 0, sizeof(decap_counts));
}

void decap_start(void)
{
	rng = 0xd1342543de82ef95 ^ (getenv("ESPALIER_TEST_SEED") ? strtoull(getenv("ESPALIER_TEST_SEED"), NULL, 0) : 0);
	if (is_open) /* the test before ended badly */
		dut_close();
	is_open = true;
	dut_open(getenv("ESPALIER_TRACE"));
	memset(decap_sas, 0, sizeof(decap_sas));
	memset(gone, 0, sizeof(gone));
	pushed = sending = done = 0;
	send_at = got_len = 0;
	offered = false;
	decap_cycle = 0;
	decap_in_percent = decap_out_percent = 100;
	decap_clear_counts();
	*P8(cmd_inbound) = 1;
	decap_reset();
}

void decap_reset(void)
{
	sending = done = pushed;
	send_at = got_len = 0;
	offered = false;
	*P8(d_s_axis_tvalid) = 0;
	*P8(rst) = 1;
	for (int i = 0; i < 8; i++)
		dut_edge();
	*P8(rst) = 0;
	dut_edge();
	assert_false(*P8(d_s_axis_tready)); /* not before the wipe */
	for (int i = 0; i < 20000 && !*P8(ready); i++)
		dut_edge();
	assert_true(*P8(ready));
}

void decap_stop(void)
{
	decap_drain();
	dut_close();
	is_open = false;
	for (unsigned int i = 0; i < RING; i++) {
		free(ring[i].wire);
		ring[i].wire = NULL;
	}
}

void decap_make_inner(uint8_t *inner, size_t len)
{
	for (size_t i = 0; i < len; i++)
		inner[i] = (uint8_t)decap_random();
	inner[0] = len >= 60 ? (uint8_t)(0x45 + decap_random() % 11) : 0x45;
	inner[1] |= 2; /* ECN-capable */
	inner[2] = (uint8_t)(len >> 8);
	inner[3] = (uint8_t)len;
}

void decap_push(const uint8_t *wire, size_t len, uint8_t status_in, bool may_be_gone, uint8_t must)
{
	struct packet *p = &ring[pushed % RING];

	while (pushed - done >= RING - 1)
		decap_step();
	free(p->wire);
	p->wire = malloc(len + 64);
	assert_non_null(p->wire);
	memcpy(p->wire, wire, len);
	memset(p->wire + len, 0xa5, 64); /* behind the packet: anything but zero */
	p->len = len;
	p->status_in = status_in;
	p->must = must;
	p->job = (uint8_t)pushed;
	p->may_be_gone = may_be_gone;
	pushed++;
}

uint8_t decap_job(void)
{
	return (uint8_t)(pushed - 1);
}

void decap_push_good(uint16_t index, size_t len)
{
	static uint8_t inner[ORACLE_MAX], body[ORACLE_MAX], wire[ORACLE_MAX];
	size_t body_len;

	decap_make_inner(inner, len);
	body_len = oracle_body(inner, len, 0, 0, 4, body);
	decap_push(wire, oracle_seal(&decap_sas[index], decap_next[index]++, (uint8_t)(decap_random() & 0xfc), body, body_len, wire), ESP_STATUS_OK,
		   false, ESP_STATUS_OK);
}

/*
 * The check in front of the cipher saw a replay state between the one when the packet went in and the one that all packets before it leave.
 * Where these two give different statuses, either is right.
 */
static void check_packet(struct packet *p)
{
	static struct decap_result r, early;
	uint8_t status = *P8(d_out_status);
	size_t len = *P16(d_out_len);

	if (p->must != MIXED) /* whose job is what is wrong */
		assert_int_equal(*P8(d_out_job), p->job);
	assert_int_equal(got_len, len ? (len + beat_bytes() - 1) / beat_bytes() * beat_bytes() : beat_bytes());
	decap_counts.status[status & 31]++;
	if (p->must == DAMAGED || p->must == MIXED || (p->must == MAYBE_DAMAGED && status == ESP_STATUS_SA_FAULT)) {
		assert_int_equal(status, p->must == MIXED ? ESP_STATUS_ENGINE_FAULT : ESP_STATUS_SA_FAULT);
		assert_int_equal(len, 0);
		return;
	}
	if (p->must != ANY && p->must != MAYBE_DAMAGED)
		assert_int_equal(status, p->must);
	if (status != ESP_STATUS_OK) { /* not a byte of anything */
		assert_int_equal(len, 0);
		for (size_t i = 0; i < got_len; i++)
			assert_int_equal(got[i], 0);
	}
	if (p->status_in) {
		assert_int_equal(status, p->status_in);
		assert_int_equal(*P16(d_out_sa), 0xffff);
		return;
	}
	oracle_decap(decap_sas, DUT_SAS, NULL, p->wire, p->len, &r);
	if (r.sa >= 0 && p->may_be_gone) {
		if (status == ESP_STATUS_NO_SA)
			gone[r.sa] = true;
		if (gone[r.sa]) {
			assert_int_equal(status, ESP_STATUS_NO_SA);
			return;
		}
	}
	if (status != r.status && r.sa >= 0) {
		oracle_decap(decap_sas, DUT_SAS, &p->before, p->wire, p->len, &early);
		decap_counts.stale++;
		r = early;
	}
	assert_int_equal(status, r.status);
	assert_int_equal(*P16(d_out_sa), r.sa < 0 ? 0xffff : r.sa);
	assert_int_equal(len, r.len);
	assert_memory_equal(got, r.data, r.len);
	for (size_t i = r.len; i < got_len; i++)
		assert_int_equal(got[i], 0);
	if (r.verified)
		model_receive(&decap_sas[r.sa].replay, decap_sas[r.sa].window, r.seq);
}

static void receive(void)
{
	struct packet *p = &ring[done % RING];

	/* Nothing comes out that did not go in, at least in part: a packet that is refused by its header may leave before its last beat comes. */
	assert_true((int32_t)(sending - done) > 0 || (sending == done && send_at));
	assert_true(got_len + beat_bytes() <= sizeof(got));
	if (!got_len && sending != done && decap_cycle - p->cycle_in > decap_counts.latency)
		decap_counts.latency = decap_cycle - p->cycle_in;
	memcpy(got + got_len, PW(d_m_axis_tdata), beat_bytes());
	got_len += beat_bytes();
	decap_counts.last_out = decap_cycle;
	if (!*P8(d_m_axis_tlast))
		return;
	check_packet(p);
	decap_counts.packets++;
	got_len = 0;
	done++;
}

static bool last_beat(const struct packet *p)
{
	return p->status_in || send_at + beat_bytes() >= p->len;
}

static void offer(void)
{
	struct packet *p = &ring[sending % RING];

	offered = true;
	*P8(d_s_axis_tvalid) = 1;
	memcpy(PW(d_s_axis_tdata), p->wire + send_at, beat_bytes());
	*P8(d_s_axis_tlast) = last_beat(p);
	*P8(d_in_job) = p->job;
	*P16(d_in_len) = (uint16_t)p->len;
	if (!send_at)
		*P16(d_in_sa) = (uint16_t)decap_random(); /* of no meaning, but the same in all beats */
	*P8(d_in_status) = p->status_in;
}

static void taken(void)
{
	struct packet *p = &ring[sending % RING];
	int sa = send_at ? -1 : oracle_find(decap_sas, DUT_SAS, p->wire, p->len);

	if (sa >= 0)
		p->before = decap_sas[sa].replay;
	p->cycle_in = decap_cycle;
	offered = false;
	if (last_beat(p)) {
		sending++;
		send_at = 0;
	} else {
		send_at += beat_bytes();
	}
}

/* Every output of the bench comes from registers, so what is read before the edge is what the edge sees. */
void decap_step(void)
{
	bool take;

	*P8(d_m_axis_tready) = decap_random() % 100 < decap_out_percent;
	if (!offered && sending != pushed && decap_random() % 100 < decap_in_percent)
		offer();
	take = offered && *P8(d_s_axis_tready);
	if (*P8(d_m_axis_tvalid) && *P8(d_m_axis_tready))
		receive();
	dut_edge();
	if (take) {
		taken();
		*P8(d_s_axis_tvalid) = 0;
	}
	decap_cycle++;
}

void decap_drain(void)
{
	uint64_t limit = decap_cycle + 4000000;

	while (done != pushed || sending != pushed) {
		decap_step();
		assert_true(decap_cycle < limit);
	}
	for (int i = 0; i < 4; i++)
		decap_step();
}

uint8_t decap_command(uint8_t op, uint16_t index, const struct decap_sa *sa, uint64_t *seq)
{
	uint64_t limit = decap_cycle + 100000;

	*P16(cmd_index) = index;
	if (sa) {
		memset(PW(cmd_key), 0, 32);
		memcpy(PW(cmd_key), sa->key, sa->key_len);
		*P8(cmd_key_size) = (uint8_t)(sa->key_len / 8 - 2);
		memcpy(P32(cmd_salt), sa->salt, 4);
		*P8(cmd_esn) = sa->esn;
		*P32(cmd_spi) = sa->spi;
		*P32(cmd_dst) = sa->dst;
		*P16(cmd_window) = (uint16_t)sa->window;
		*P64(cmd_seq) = sa->replay.top;
	}
	*P8(cmd_op) = op;
	*P8(cmd_valid) = 1;
	while (!*P8(cmd_ready)) {
		decap_step();
		assert_true(decap_cycle < limit);
	}
	decap_step();
	*P8(cmd_valid) = 0;
	while (!*P8(rsp_valid)) {
		decap_step();
		assert_true(decap_cycle < limit);
	}
	memset(PW(cmd_key), 0, 32); /* the register block wipes them, too */
	*P32(cmd_salt) = 0;
	if (seq)
		*seq = *P64(rsp_seq);
	return *P8(rsp_result);
}

uint8_t decap_install(uint16_t index, uint64_t seq)
{
	struct decap_sa *sa = &decap_sas[index];

	gone[index] = false;
	model_init(&sa->replay, seq);
	decap_next[index] = seq + 1;
	return decap_command(ESP_SA_OP_ADD, index, sa, NULL);
}

void decap_add(uint16_t index, unsigned int key_len, bool esn, unsigned int window, uint64_t seq)
{
	struct decap_sa *sa = &decap_sas[index];

	for (unsigned int i = 0; i < key_len; i++)
		sa->key[i] = (uint8_t)decap_random();
	for (unsigned int i = 0; i < 4; i++)
		sa->salt[i] = (uint8_t)decap_random();
	sa->key_len = key_len;
	sa->esn = esn;
	sa->window = window;
	sa->spi = (uint32_t)decap_random();
	sa->dst = (uint32_t)decap_random();
	assert_int_equal(decap_install(index, seq), ESP_SA_RESULT_OK);
}

void decap_delete(uint16_t index)
{
	assert_int_equal(decap_command(ESP_SA_OP_DELETE, index, NULL, NULL), ESP_SA_RESULT_OK);
	decap_sas[index].key_len = 0;
}
