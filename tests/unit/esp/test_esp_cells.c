/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of rtl/esp that stand by themselves, each beside a model in C written from the RFCs and the module's header: sequence numbers
 * (esp_encap_seq), records that are dropped while they wait (esp_encap_jobs), the outer header that is made (esp_encap_header) and judged
 * (esp_decap_header), and the shift that takes it off (esp_decap_strip). Random numbers follow ESPALIER_TEST_SEED, their count ESPALIER_TEST_SCALE.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "dut.h"
#include "espalier_regs.h"
#include "seed.h"

DUT_PORT(rst);
DUT_PORT(encap_seq_look);
DUT_PORT(encap_seq_sa);
DUT_PORT(encap_seq_seq);
DUT_PORT(encap_seq_bad);
DUT_PORT(encap_seq_used_32);
DUT_PORT(encap_seq_used_64);
DUT_PORT(encap_seq_send);
DUT_PORT(encap_seq_req);
DUT_PORT(encap_seq_req_write);
DUT_PORT(encap_seq_req_sa);
DUT_PORT(encap_seq_req_seq);
DUT_PORT(encap_seq_rsp_ready);
DUT_PORT(encap_seq_rsp_valid);
DUT_PORT(encap_seq_rsp_bad);
DUT_PORT(encap_seq_rsp_seq);
DUT_PORT(encap_jobs_s_valid);
DUT_PORT(encap_jobs_s_ready);
DUT_PORT(encap_jobs_s_job);
DUT_PORT(encap_jobs_s_sa);
DUT_PORT(encap_jobs_m_valid);
DUT_PORT(encap_jobs_m_ready);
DUT_PORT(encap_jobs_m_begun);
DUT_PORT(encap_jobs_m_job);
DUT_PORT(encap_jobs_m_sa);
DUT_PORT(encap_jobs_m_status);
DUT_PORT(encap_jobs_m_ok);
DUT_PORT(encap_jobs_drop);
DUT_PORT(encap_jobs_drop_sa);
DUT_PORT(encap_header_valid);
DUT_PORT(encap_header_ok);
DUT_PORT(encap_header_status);
DUT_PORT(encap_header_c4);
DUT_PORT(encap_header_last_dw);
DUT_PORT(encap_header_tos);
DUT_PORT(encap_header_df);
DUT_PORT(encap_header_ttl);
DUT_PORT(encap_header_src);
DUT_PORT(encap_header_dst);
DUT_PORT(encap_header_csum);
DUT_PORT(encap_header_seq);
DUT_PORT(encap_header_out_valid);
DUT_PORT(encap_header_out_len);
DUT_PORT(encap_header_out_status);
DUT_PORT(encap_header_out_null);
DUT_PORT(encap_header_out_header);
DUT_PORT(encap_header_out_icv_dw);
DUT_PORT(encap_header_out_in_last);
DUT_PORT(encap_header_out_out_last);
DUT_PORT(decap_header_valid);
DUT_PORT(decap_header_len);
DUT_PORT(decap_header_status);
DUT_PORT(decap_header_outer);
DUT_PORT(decap_header_out_valid);
DUT_PORT(decap_header_out_status);
DUT_PORT(decap_header_out_cipher_len);
DUT_PORT(decap_header_out_last_beat);
DUT_PORT(decap_header_out_ce);
DUT_PORT(strip4_valid);
DUT_PORT(strip4_last);
DUT_PORT(strip4_data);
DUT_PORT(strip4_user);
DUT_PORT(strip4_out_valid);
DUT_PORT(strip4_out_first);
DUT_PORT(strip4_out_data);
DUT_PORT(strip4_out_user);
DUT_PORT(strip4_out_outer);
DUT_PORT(strip1_valid);
DUT_PORT(strip1_last);
DUT_PORT(strip1_data);
DUT_PORT(strip1_user);
DUT_PORT(strip1_out_valid);
DUT_PORT(strip1_out_first);
DUT_PORT(strip1_out_data);
DUT_PORT(strip1_out_user);
DUT_PORT(strip1_out_outer);

#define CYCLES 20000u
#define SAS 16u

static unsigned rnd(unsigned n)
{
	return (unsigned)rand() % n;
}

static int chance(unsigned percent)
{
	return rnd(100) < percent;
}

static void reset(void)
{
	*P8(encap_seq_look) = *P8(encap_seq_req) = *P8(encap_seq_send) = 0;
	*P8(encap_jobs_s_valid) = *P8(encap_jobs_m_ready) = *P8(encap_jobs_m_begun) = *P8(encap_jobs_drop) = 0;
	*P8(encap_header_valid) = *P8(decap_header_valid) = *P8(strip4_valid) = *P8(strip1_valid) = 0;
	*P8(rst) = 1;
	for (int i = 0; i < 8; i++)
		dut_edge();
	*P8(rst) = 0;
	dut_edge();
}

/* ---- esp_encap_seq --------------------------------------------------------------------------------------------------------------- */

static uint64_t start_number(void)
{
	static const uint64_t edges[] = {0, 0xfffffffd, 0x1fffffffd, UINT64_MAX - 3, 77};

	return edges[rnd(5)];
}

static void write_number(unsigned sa, uint64_t seq)
{
	*P8(encap_seq_req) = *P8(encap_seq_req_write) = 1;
	*P16(encap_seq_req_sa) = (uint16_t)sa;
	*P64(encap_seq_req_seq) = seq;
	dut_settle();
	assert_true(*P8(encap_seq_rsp_ready));
	dut_edge();
	*P8(encap_seq_req) = 0;
}

static void test_numbers(void **state)
{
	uint64_t last[SAS];
	struct {
		int valid;
		unsigned sa;
	} packet[4] = {{0, 0}}, read[3] = {{0, 0}};
	unsigned sent = 0, answers = 0;

	(void)state;
	reset();
	for (unsigned i = 0; i < SAS; i++)
		write_number(i, last[i] = start_number());
	for (unsigned cycle = 0; cycle < CYCLES * test_scale(); cycle++) {
		unsigned spread = cycle / 500 % 2 ? SAS : 2; /* few SAs: a packet behind the other of one SA */

		memmove(packet + 1, packet, 3 * sizeof packet[0]);
		memmove(read + 1, read, 2 * sizeof read[0]);
		packet[0].valid = *P8(encap_seq_look) = !packet[1].valid && chance(80);
		packet[0].sa = *P16(encap_seq_sa) = (uint16_t)rnd(spread);
		*P8(encap_seq_req) = chance(40);
		*P8(encap_seq_req_write) = 0;
		*P16(encap_seq_req_sa) = (uint16_t)rnd(spread);
		*P8(encap_seq_send) = 0;
		dut_settle();
		assert_int_equal(*P8(encap_seq_rsp_ready), !*P8(encap_seq_look));
		read[0].valid = *P8(encap_seq_req) && *P8(encap_seq_rsp_ready);
		read[0].sa = *P16(encap_seq_req_sa);
		/* A read tells every number that was drawn before its answer. */
		assert_int_equal(*P8(encap_seq_rsp_valid), read[2].valid);
		if (read[2].valid) {
			assert_int_equal(*P64(encap_seq_rsp_seq), last[read[2].sa]);
			assert_false(*P8(encap_seq_rsp_bad));
			answers++;
		}
		if (packet[3].valid) {
			uint64_t *number = &last[packet[3].sa];

			assert_int_equal(*P64(encap_seq_seq), *number + 1);
			assert_false(*P8(encap_seq_bad));
			assert_int_equal(*P8(encap_seq_used_32), (uint32_t)*number == UINT32_MAX);
			assert_int_equal(*P8(encap_seq_used_64), *number == UINT64_MAX);
			*P8(encap_seq_send) = *number != UINT64_MAX && chance(80);
			*number += *P8(encap_seq_send);
			sent += *P8(encap_seq_send);
		}
		dut_edge();
		if (cycle % 1000 == 999) { /* pause, then numbers are written anew */
			*P8(encap_seq_look) = *P8(encap_seq_req) = *P8(encap_seq_send) = 0;
			memset(packet, 0, sizeof packet);
			memset(read, 0, sizeof read);
			for (unsigned i = 0; i < 10; i++)
				dut_edge();
			for (unsigned i = 0; i < SAS; i++)
				write_number(i, last[i] = start_number());
			for (unsigned i = 0; i < 4; i++)
				dut_edge();
		}
	}
	assert_true(sent > CYCLES / 8 && answers > CYCLES / 16);
}

/* ---- esp_encap_jobs -------------------------------------------------------------------------------------------------------------- */

static void test_jobs(void **state)
{
	struct {
		uint8_t job;
		uint16_t sa;
		int doomed; /* 1: may be dropped, 2: must be */
	} queue[64];
	unsigned head = 0, tail = 0, dropping = 0, dropped = 0, passed = 0, status = 0;
	int begun = 0, waiting = 0; /* waiting: the record on offer has not been taken */
	uint16_t victim = 0;

	(void)state;
	reset();
	for (unsigned cycle = 0; cycle < CYCLES * test_scale(); cycle++) {
		int slow = (int)(cycle / 300 % 2);

		if (!dropping && cycle % 150 == 0) {
			dropping = 1;
			do
				victim = (uint16_t)rnd(4);
			while (waiting && *P16(encap_jobs_s_sa) == victim);
			for (unsigned i = head; i != tail; i++)
				if (queue[i % 64].sa == victim && !(i == head && begun))
					queue[i % 64].doomed = 1;
		}
		*P8(encap_jobs_drop) = dropping != 0;
		*P16(encap_jobs_drop_sa) = victim;
		if (!waiting) {
			*P8(encap_jobs_s_valid) = chance(70);
			*P8(encap_jobs_s_job) = (uint8_t)rand();
			do
				*P16(encap_jobs_s_sa) = (uint16_t)rnd(4);
			while (dropping && *P16(encap_jobs_s_sa) == victim); /* its context is not valid any more */
		}
		dut_settle();
		assert_int_equal(*P8(encap_jobs_m_valid), head != tail);
		if (*P8(encap_jobs_m_valid)) {
			uint16_t sa = queue[head % 64].sa;
			int doomed = queue[head % 64].doomed;

			assert_int_equal(*P8(encap_jobs_m_job), queue[head % 64].job);
			if (*P8(encap_jobs_m_status) == ESP_STATUS_OK) {
				assert_int_equal(*P16(encap_jobs_m_sa), sa);
				assert_true(*P8(encap_jobs_m_ok));
				assert_true(doomed < 2);
			} else {
				assert_int_equal(*P8(encap_jobs_m_status), ESP_STATUS_NO_SA);
				assert_int_equal(*P16(encap_jobs_m_sa), 0xffff);
				assert_false(*P8(encap_jobs_m_ok));
				assert_true(doomed);
			}
			/* What the framer has begun stays as it was. */
			if (begun)
				assert_int_equal(*P8(encap_jobs_m_status), status);
			status = *P8(encap_jobs_m_status);
		}
		begun = *P8(encap_jobs_m_valid) && (begun || chance(30));
		*P8(encap_jobs_m_begun) = (uint8_t)begun;
		*P8(encap_jobs_m_ready) = begun && chance(slow ? 10 : 70);
		dut_settle();
		int push = *P8(encap_jobs_s_valid) && *P8(encap_jobs_s_ready), pop = *P8(encap_jobs_m_valid) && *P8(encap_jobs_m_ready);

		if (begun && queue[head % 64].doomed && status == ESP_STATUS_OK)
			queue[head % 64].doomed = 0;
		waiting = *P8(encap_jobs_s_valid) && !push;
		assert_true(*P8(encap_jobs_s_ready) || tail - head == 32);
		dut_edge();
		if (push) {
			queue[tail % 64].job = *P8(encap_jobs_s_job);
			queue[tail % 64].sa = *P16(encap_jobs_s_sa);
			queue[tail++ % 64].doomed = 0;
		}
		if (pop) {
			*(status ? &dropped : &passed) += 1;
			head++;
			begun = 0;
		}
		if (dropping && dropping++ == 36) { /* 32 cycles find them all, and two show the head's */
			dropping = 0;
			for (unsigned i = head; i != tail; i++)
				if (queue[i % 64].doomed)
					queue[i % 64].doomed = 2;
		}
	}
	assert_true(dropped > 50 && passed > CYCLES / 8);
}

/* ---- esp_encap_header -------------------------------------------------------------------------------------------------------------- */

static uint32_t ones_sum(const uint8_t *bytes, unsigned len)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < len; i += 2)
		sum += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void put32(uint8_t *at, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(v >> (24 - 8 * i));
}

static void put16(uint8_t *at, unsigned v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

struct made {
	int valid, ok;
	uint8_t status, header[20];
	unsigned len, icv_dw, in_last, out_last;
};

static void make_header(struct made *m)
{
	uint8_t fixed[12] = {0x45};
	unsigned words = 1 + rnd(2400); /* payload with trailer */

	memset(m, 0, sizeof *m);
	*P8(encap_header_valid) = (uint8_t)(m->valid = chance(80));
	*P8(encap_header_ok) = (uint8_t)(m->ok = chance(80));
	*P8(encap_header_status) = m->status = m->ok ? 0 : (uint8_t)(1 + rnd(20));
	*P16(encap_header_c4) = (uint16_t)words;
	*P16(encap_header_last_dw) = (uint16_t)(words + 7); /* 4 words before the payload, 4 behind it */
	*P8(encap_header_tos) = (uint8_t)rand();
	*P8(encap_header_df) = (uint8_t)rnd(2);
	*P8(encap_header_ttl) = (uint8_t)(1 + rnd(255));
	*P32(encap_header_src) = (uint32_t)rand() * 2u;
	*P32(encap_header_dst) = (uint32_t)rand() * 2u;
	*P64(encap_header_seq) = (uint64_t)rand() << 20 | (unsigned)rand();
	/* What is the same for all packets of an SA: version, TTL, protocol, addresses. */
	fixed[2] = *P8(encap_header_ttl);
	fixed[3] = 50;
	put32(fixed + 4, *P32(encap_header_src));
	put32(fixed + 8, *P32(encap_header_dst));
	*P16(encap_header_csum) = (uint16_t)ones_sum(fixed, 12);
	if (!m->ok)
		return;
	m->len = 4 * words + 52;
	m->icv_dw = words + 4;
	m->in_last = (words + 7) / 16;
	m->out_last = (m->len / 4 - 1) / 16;
	m->header[0] = 0x45;
	m->header[1] = *P8(encap_header_tos);
	put16(m->header + 2, m->len);
	put16(m->header + 4, *P8(encap_header_df) ? 0 : (unsigned)(*P64(encap_header_seq) & 0xffff));
	m->header[6] = *P8(encap_header_df) ? 0x40 : 0;
	m->header[8] = *P8(encap_header_ttl);
	m->header[9] = 50;
	put32(m->header + 12, *P32(encap_header_src));
	put32(m->header + 16, *P32(encap_header_dst));
	put16(m->header + 10, ~ones_sum(m->header, 20) & 0xffff);
}

static void test_encap_header(void **state)
{
	struct made made[4];

	(void)state;
	memset(made, 0, sizeof made);
	reset();
	for (unsigned cycle = 0; cycle < CYCLES * test_scale(); cycle++) {
		memmove(made + 1, made, 3 * sizeof made[0]);
		make_header(&made[0]);
		dut_edge();
		assert_int_equal(*P8(encap_header_out_valid), made[3].valid);
		if (!made[3].valid)
			continue;
		assert_int_equal(*P16(encap_header_out_len), made[3].len);
		assert_int_equal(*P8(encap_header_out_status), made[3].status);
		assert_int_equal(*P8(encap_header_out_null), !made[3].ok);
		assert_int_equal(*P16(encap_header_out_icv_dw), made[3].icv_dw);
		assert_int_equal(*P16(encap_header_out_in_last), made[3].in_last);
		assert_int_equal(*P16(encap_header_out_out_last), made[3].out_last);
		/* 0 and FFFF are the same sum; the card may give either. */
		if (made[3].ok && !made[3].header[10] && !made[3].header[11])
			assert_int_equal(ones_sum((uint8_t *)PW(encap_header_out_header), 20), 0xffff);
		else
			assert_memory_equal(PW(encap_header_out_header), made[3].header, 20);
	}
}

/* ---- esp_decap_header -------------------------------------------------------------------------------------------------------------- */

struct judged {
	int valid, ce;
	unsigned status, c, last_beat;
};

/* RFC 791, RFC 4303, 2 and 3.4.1: the first check that fails. */
static void judge(struct judged *j)
{
	uint8_t h[20] = {0x45};
	unsigned total = 56 + 4 * rnd(400), len;
	static const uint8_t versions[] = {0x46, 0x44, 0x65, 0x05};

	j->valid = chance(80);
	h[1] = (uint8_t)rand();
	put16(h + 4, rnd(65536));
	h[6] = (uint8_t)(rnd(2) << 6);
	h[8] = (uint8_t)rand();
	h[9] = 50;
	put32(h + 12, (uint32_t)rand());
	put32(h + 16, (uint32_t)rand());
	if (chance(10))
		total = rnd(80);
	if (chance(10))
		total += rnd(4);
	len = total + (chance(20) ? rnd(60) : 0);
	if (chance(5))
		len = rnd(total + 1);
	put16(h + 2, total);
	if (chance(5))
		h[0] = versions[rnd(4)];
	if (chance(5))
		h[9] = (uint8_t)rand();
	if (chance(5))
		h[6] |= 0x20;
	if (chance(5))
		put16(h + 6, 1 + rnd(0x1fff));
	put16(h + 10, ~ones_sum(h, 20) & 0xffff);
	if (chance(5))
		h[rnd(20)] ^= (uint8_t)(1 << rnd(8));
	*P8(decap_header_valid) = (uint8_t)j->valid;
	*P8(decap_header_status) = (uint8_t)(chance(10) ? 1 + rnd(12) : 0);
	*P16(decap_header_len) = (uint16_t)len;
	memcpy(PW(decap_header_outer), h, 20);

	total = (unsigned)(h[2] << 8 | h[3]);
	j->ce = (h[1] & 3) == 3;
	j->c = total - 52;
	j->last_beat = (total - 21) / 64;
	if (*P8(decap_header_status))
		j->status = *P8(decap_header_status);
	else if (len < 20 || h[0] != 0x45 || total > len || total < 20 || ones_sum(h, 20) != 0xffff)
		j->status = ESP_STATUS_OUTER_MALFORMED;
	else if (h[9] != 50)
		j->status = ESP_STATUS_NOT_ESP;
	else if ((h[6] & 0x3f) || h[7])
		j->status = ESP_STATUS_FRAGMENT;
	else if (total < 56 || total % 4)
		j->status = ESP_STATUS_ESP_TRUNCATED;
	else
		j->status = ESP_STATUS_OK;
}

static void test_decap_header(void **state)
{
	struct judged judged[4];
	unsigned seen[32] = {0};

	(void)state;
	memset(judged, 0, sizeof judged);
	reset();
	for (unsigned cycle = 0; cycle < CYCLES * test_scale(); cycle++) {
		memmove(judged + 1, judged, 3 * sizeof judged[0]);
		judge(&judged[0]);
		dut_edge();
		assert_int_equal(*P8(decap_header_out_valid), judged[3].valid);
		if (!judged[3].valid)
			continue;
		assert_int_equal(*P8(decap_header_out_status), judged[3].status);
		seen[judged[3].status]++;
		if (judged[3].status)
			continue;
		assert_int_equal(*P16(decap_header_out_cipher_len), judged[3].c);
		assert_int_equal(*P16(decap_header_out_last_beat), judged[3].last_beat);
		assert_int_equal(*P8(decap_header_out_ce), judged[3].ce);
	}
	assert_true(seen[ESP_STATUS_OK] && seen[ESP_STATUS_OUTER_MALFORMED] && seen[ESP_STATUS_NOT_ESP] && seen[ESP_STATUS_FRAGMENT] &&
		    seen[ESP_STATUS_ESP_TRUNCATED]);
}

/* ---- esp_decap_strip --------------------------------------------------------------------------------------------------------------- */

#define MAX_LEN 400u

static const struct strip {
	unsigned beat; /* bytes */
	void *(*valid)(void), *(*last)(void), *(*data)(void), *(*user)(void);
	void *(*out_valid)(void), *(*out_first)(void), *(*out_data)(void), *(*out_user)(void), *(*out_outer)(void);
} strips[2] = {
	{64, dut_strip4_valid, dut_strip4_last, dut_strip4_data, dut_strip4_user,
	 dut_strip4_out_valid, dut_strip4_out_first, dut_strip4_out_data, dut_strip4_out_user, dut_strip4_out_outer},
	{16, dut_strip1_valid, dut_strip1_last, dut_strip1_data, dut_strip1_user,
	 dut_strip1_out_valid, dut_strip1_out_first, dut_strip1_out_data, dut_strip1_out_user, dut_strip1_out_outer},
};

static void strip_packets(const struct strip *s)
{
	static struct {
		unsigned len, in_beats, out_beats;
		int bad;
		uint64_t user;
		uint8_t bytes[MAX_LEN + 128];
	} packets[16];
	unsigned in = 0, beat_in = 0, out = 0, beat_out = 0, quiet = 0;

	reset();
	for (unsigned cycle = 0; cycle < CYCLES * test_scale(); cycle++) {
		int valid = in - out < 12 && chance(cycle / 400 % 2 ? 100 : 60);

		*(uint8_t *)s->valid() = (uint8_t)valid;
		if (valid) {
			unsigned i = in % 16;

			if (beat_in == 0) {
				packets[i].bad = chance(15);
				packets[i].len = 1 + rnd(MAX_LEN);
				packets[i].in_beats = packets[i].bad ? 1 : (packets[i].len + s->beat - 1) / s->beat;
				packets[i].out_beats = packets[i].bad || packets[i].len <= 20 ? 1 : (packets[i].len - 20 + s->beat - 1) / s->beat;
				/* job, length, SA, status */
				packets[i].user = (uint64_t)rnd(256) << 40 | (uint64_t)packets[i].len << 24 | (uint64_t)rnd(65536) << 8 | (unsigned)packets[i].bad;
				for (unsigned k = 0; k < sizeof packets[i].bytes; k++)
					packets[i].bytes[k] = (uint8_t)rand();
			}
			*(uint64_t *)s->user() = packets[i].user;
			*(uint8_t *)s->last() = ++beat_in == packets[i].in_beats;
			memcpy(s->data(), packets[i].bytes + (beat_in - 1) * s->beat, s->beat);
			if (*(uint8_t *)s->last()) {
				in++;
				beat_in = 0;
			}
		}
		dut_edge();
		/* A packet that is all there is through 3 cycles later. */
		quiet = out == in ? 0 : quiet + 1;
		assert_true(quiet <= 3);
		if (!*(uint8_t *)s->out_valid())
			continue;
		quiet = 0;
		unsigned i = out % 16, at = 20 + beat_out * s->beat, bytes = at < packets[i].len ? packets[i].len - at : 0;

		assert_true(out < in || beat_in);
		assert_int_equal(*(uint64_t *)s->out_user(), packets[i].user);
		assert_int_equal(*(uint8_t *)s->out_first(), beat_out == 0);
		if (!packets[i].bad) {
			assert_memory_equal(s->out_data(), packets[i].bytes + at, bytes < s->beat ? bytes : s->beat);
			if (beat_out == 0 && packets[i].len >= 20)
				assert_memory_equal(s->out_outer(), packets[i].bytes, 20);
		}
		if (++beat_out == packets[i].out_beats) {
			out++;
			beat_out = 0;
		}
	}
	assert_true(out > CYCLES / 64);
}

static void test_strip(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++)
		strip_packets(&strips[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),	     cmocka_unit_test(test_jobs),  cmocka_unit_test(test_encap_header),
		cmocka_unit_test(test_decap_header), cmocka_unit_test(test_strip),
	};

	srand(test_seed());
	dut_open(getenv("ESPALIER_TRACE"));
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	dut_close();
	return failed;
}
