// SPDX-License-Identifier: Apache-2.0
// See encap_dut.h.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "dut.h"
#include "encap_dut.h"
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
DUT_PORT(cmd_src);
DUT_PORT(cmd_dst);
DUT_PORT(cmd_ttl);
DUT_PORT(cmd_window);
DUT_PORT(cmd_seq);
DUT_PORT(install_bare);
DUT_PORT(rsp_valid);
DUT_PORT(rsp_result);
DUT_PORT(rsp_seq);
DUT_PORT(e_s_axis_tvalid);
DUT_PORT(e_s_axis_tready);
DUT_PORT(e_s_axis_tdata);
DUT_PORT(e_s_axis_tlast);
DUT_PORT(e_in_job);
DUT_PORT(e_in_len);
DUT_PORT(e_in_sa);
DUT_PORT(e_in_status);
DUT_PORT(e_m_axis_tvalid);
DUT_PORT(e_m_axis_tready);
DUT_PORT(e_m_axis_tdata);
DUT_PORT(e_m_axis_tlast);
DUT_PORT(e_out_job);
DUT_PORT(e_out_len);
DUT_PORT(e_out_sa);
DUT_PORT(e_out_status);
DUT_PORT(lanes);

#define RING 8192 /* packets queued or inside */

struct packet {
	uint8_t *inner, *keep;
	size_t len;
	uint16_t sa;
	uint8_t status, job;
	bool may_be_gone;
	uint64_t cycle_in;
};

struct oracle_sa encap_sas[DUT_SAS];
struct encap_counts encap_counts;
uint64_t encap_cycle, encap_taken;
unsigned int encap_in_percent = 100, encap_out_percent = 100;
bool encap_check = true;
unsigned int encap_fault_from = ENCAP_NO_FAULT;

static struct packet ring[RING];
static uint32_t pushed, sending, done; /* free-running indices into the ring */
static size_t send_at;                 /* bytes of the packet being sent that are in */
static bool offered;                   /* a beat stands at the input and was not taken yet */
static uint8_t got[ORACLE_MAX + 64], want[ORACLE_MAX];
static size_t got_len;
static bool gone[DUT_SAS];
static uint64_t rng, taken_at[32];     /* encap_taken in the last cycles */
static bool is_open;

uint64_t encap_random(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return rng;
}

unsigned int encap_lanes(void)
{
	return *P8(lanes);
}

void encap_clear_counts(void)
{
	memset(&encap_counts, 0, sizeof(encap_counts));
	encap_counts.latency_min = UINT64_MAX;
}

void encap_start(void)
{
	rng = 0x9e3779b97f4a7c15 ^ (getenv("ESPALIER_TEST_SEED") ? strtoull(getenv("ESPALIER_TEST_SEED"), NULL, 0) : 0);
	if (is_open) /* the test before ended badly */
		dut_close();
	is_open = true;
	dut_open(getenv("ESPALIER_TRACE"));
	memset(encap_sas, 0, sizeof(encap_sas));
	memset(gone, 0, sizeof(gone));
	pushed = sending = done = 0;
	send_at = got_len = 0;
	offered = false;
	encap_cycle = encap_taken = 0;
	encap_in_percent = encap_out_percent = 100;
	encap_fault_from = ENCAP_NO_FAULT;
	encap_clear_counts();
	encap_reset();
}

void encap_reset(void)
{
	for (; done != pushed; done++)
		free(ring[done % RING].inner);
	sending = done;
	send_at = got_len = 0;
	offered = false;
	*P8(e_s_axis_tvalid) = 0;
	*P8(rst) = 1;
	for (int i = 0; i < 8; i++)
		dut_edge();
	*P8(rst) = 0;
	dut_edge();
	assert_false(*P8(e_s_axis_tready)); /* not before the wipe */
	for (int i = 0; i < 20000 && !*P8(ready); i++)
		dut_edge();
	assert_true(*P8(ready));
}

void encap_stop(void)
{
	encap_drain();
	dut_close();
	is_open = false;
}

void encap_make_inner(uint8_t *inner, size_t len)
{
	for (size_t i = 0; i < len; i++)
		inner[i] = (uint8_t)encap_random();
	if (len < 4)
		return;
	inner[0] = 0x45;
	if (len >= 60)
		inner[0] = (uint8_t)(0x45 + encap_random() % 11);
	inner[2] = (uint8_t)(len >> 8);
	inner[3] = (uint8_t)len;
}

void encap_push(uint16_t sa, uint8_t status, const uint8_t *inner, size_t len, bool may_be_gone, uint8_t *keep)
{
	struct packet *p = &ring[pushed % RING];

	assert_true(pushed - done < RING);
	p->inner = malloc(len + 64);
	assert_non_null(p->inner);
	memcpy(p->inner, inner, len);
	memset(p->inner + len, 0xa5, 64); /* behind the packet: anything but zero */
	p->len = len;
	p->sa = sa;
	p->status = status;
	p->job = (uint8_t)pushed;
	p->may_be_gone = may_be_gone;
	p->keep = keep;
	pushed++;
}

static bool is_mixed(const struct packet *p)
{
	return encap_fault_from != ENCAP_NO_FAULT && (uint8_t)(p->job - encap_fault_from) < 128;
}

static void check_packet(struct packet *p)
{
	struct oracle_sa *sa = p->sa < DUT_SAS && encap_sas[p->sa].key_len ? &encap_sas[p->sa] : NULL;
	uint8_t status = *P8(e_out_status);
	size_t len = *P16(e_out_len), want_len, beat = encap_lanes() * 16;

	if (!is_mixed(p)) /* whose job is what is wrong */
		assert_int_equal(*P8(e_out_job), p->job);
	assert_int_equal(got_len, len ? (len + beat - 1) / beat * beat : beat);
	encap_counts.status[status & 31]++;
	if (p->keep) {
		memcpy(p->keep, got, got_len);
		return;
	}
	if (!encap_check)
		return;
	if (is_mixed(p)) {
		assert_int_equal(status, ESP_STATUS_ENGINE_FAULT);
		assert_int_equal(len, 0);
		for (size_t i = 0; i < got_len; i++)
			assert_int_equal(got[i], 0);
		return;
	}
	if (p->may_be_gone && status == ESP_STATUS_NO_SA)
		gone[p->sa] = true;
	if (p->may_be_gone && gone[p->sa])
		sa = NULL;
	assert_int_equal(status, oracle_packet(sa, p->status, p->inner, p->len, want, &want_len));
	assert_int_equal(len, want_len);
	assert_memory_equal(got, want, want_len);
	for (size_t i = want_len; i < got_len; i++)
		assert_int_equal(got[i], 0);
	if (status == ESP_STATUS_OK)
		assert_int_equal(*P16(e_out_sa), p->sa);
	if (status == ESP_STATUS_NO_SA || p->status)
		assert_int_equal(*P16(e_out_sa), 0xffff);
}

static void receive(void)
{
	struct packet *p = &ring[done % RING];
	size_t beat = encap_lanes() * 16;

	assert_true(done != sending || send_at); /* nothing comes out that did not go in */
	assert_true(got_len + beat <= sizeof(got));
	if (!got_len) {
		uint64_t latency = encap_cycle - p->cycle_in;

		if (!encap_counts.packets)
			encap_counts.first_out = encap_cycle;
		if (latency < encap_counts.latency_min)
			encap_counts.latency_min = latency;
		if (latency > encap_counts.latency_max)
			encap_counts.latency_max = latency;
	}
	memcpy(got + got_len, PW(e_m_axis_tdata), beat);
	got_len += beat;
	encap_counts.last_out = encap_cycle;
	if (!*P8(e_m_axis_tlast))
		return;
	check_packet(p);
	encap_counts.packets++;
	encap_counts.ok += *P8(e_out_status) == ESP_STATUS_OK;
	encap_counts.bytes += *P16(e_out_len);
	got_len = 0;
	free(p->inner);
	done++;
}

static void offer(void)
{
	struct packet *p = &ring[sending % RING];
	size_t beat = encap_lanes() * 16;

	offered = true;
	*P8(e_s_axis_tvalid) = 1;
	memcpy(PW(e_s_axis_tdata), p->inner + send_at, beat);
	*P8(e_s_axis_tlast) = p->status || send_at + beat >= p->len;
	*P8(e_in_job) = p->job;
	*P16(e_in_len) = (uint16_t)p->len;
	*P16(e_in_sa) = p->sa;
	*P8(e_in_status) = p->status;
	if (!send_at)
		p->cycle_in = encap_cycle;
}

/* Every output of the bench comes from registers, so what is read before the edge is what the edge sees. */
void encap_step(void)
{
	bool taken;

	*P8(e_m_axis_tready) = encap_random() % 100 < encap_out_percent;
	if (!offered && sending != pushed && encap_random() % 100 < encap_in_percent)
		offer();
	taken = offered && *P8(e_s_axis_tready);
	if (taken && !send_at) {
		ring[sending % RING].cycle_in = encap_cycle;
		encap_taken++;
	}
	if (*P8(e_m_axis_tvalid) && *P8(e_m_axis_tready))
		receive();
	dut_edge();
	taken_at[encap_cycle++ % 32] = encap_taken;
	if (!taken)
		return;
	offered = false;
	*P8(e_s_axis_tvalid) = 0;
	send_at += encap_lanes() * 16;
	if (ring[sending % RING].status || send_at >= ring[sending % RING].len) {
		sending++;
		send_at = 0;
	}
}

unsigned int encap_first_job(unsigned int packets)
{
	return (uint8_t)(pushed - packets);
}

uint64_t encap_taken_before(unsigned int cycles)
{
	return encap_cycle > cycles ? taken_at[(encap_cycle - 1 - cycles) % 32] : 0;
}

void encap_drain(void)
{
	uint64_t limit = encap_cycle + 4000000;

	while (done != pushed) {
		encap_step();
		assert_true(encap_cycle < limit);
	}
	for (int i = 0; i < 4; i++)
		encap_step();
}

static void stage(uint16_t index, const struct oracle_sa *sa)
{
	*P16(cmd_index) = index;
	if (!sa)
		return;
	memset(PW(cmd_key), 0, 32);
	memcpy(PW(cmd_key), sa->key, sa->key_len);
	*P8(cmd_key_size) = (uint8_t)(sa->key_len / 8 - 2);
	memcpy(P32(cmd_salt), sa->salt, 4);
	*P8(cmd_esn) = sa->esn;
	*P32(cmd_spi) = sa->spi;
	*P32(cmd_src) = sa->src;
	*P32(cmd_dst) = sa->dst;
	*P8(cmd_ttl) = sa->ttl;
	*P16(cmd_window) = 64;
	*P64(cmd_seq) = sa->seq;
}

uint8_t encap_command(uint8_t op, bool inbound, uint16_t index, const struct oracle_sa *sa, uint64_t *seq)
{
	uint64_t limit = encap_cycle + 100000;

	stage(index, sa);
	*P8(cmd_op) = op;
	*P8(cmd_inbound) = inbound;
	*P8(cmd_valid) = 1;
	while (!*P8(cmd_ready)) {
		encap_step();
		assert_true(encap_cycle < limit);
	}
	encap_step();
	*P8(cmd_valid) = 0;
	while (!*P8(rsp_valid)) {
		encap_step();
		assert_true(encap_cycle < limit);
	}
	memset(PW(cmd_key), 0, 32); /* the register block wipes them, too */
	*P32(cmd_salt) = 0;
	if (seq)
		*seq = *P64(rsp_seq);
	return *P8(rsp_result);
}

uint8_t encap_add(uint16_t index)
{
	gone[index] = false;
	return encap_command(ESP_SA_OP_ADD, false, index, &encap_sas[index], NULL);
}

uint8_t encap_delete(uint16_t index)
{
	return encap_command(ESP_SA_OP_DELETE, false, index, NULL, NULL);
}

void encap_install_bare(uint16_t index, const struct oracle_sa *sa)
{
	stage(index, sa);
	*P8(install_bare) = 1;
	encap_step();
	*P8(install_bare) = 0;
}

void encap_random_sa(struct oracle_sa *sa, unsigned int key_len, bool esn, uint64_t seq)
{
	for (unsigned int i = 0; i < key_len; i++)
		sa->key[i] = (uint8_t)encap_random();
	sa->key_len = key_len;
	for (unsigned int i = 0; i < 4; i++)
		sa->salt[i] = (uint8_t)encap_random();
	sa->esn = esn;
	sa->spi = (uint32_t)encap_random();
	sa->src = (uint32_t)encap_random();
	sa->dst = (uint32_t)encap_random();
	sa->ttl = (uint8_t)(encap_random() | 1);
	sa->seq = seq;
}
