/* SPDX-License-Identifier: Apache-2.0 */
/* See gcm_dut.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "dut.h"
#include "gcm_dut.h"

DUT_PORT(rst);
DUT_PORT(key_start);
DUT_PORT(key);
DUT_PORT(key_size);
DUT_PORT(key_sa);
DUT_PORT(key_done);
DUT_PORT(decrypt);
DUT_PORT(s_valid);
DUT_PORT(s_first);
DUT_PORT(s_last);
DUT_PORT(s_null);
DUT_PORT(s_data);
DUT_PORT(s_sa);
DUT_PORT(s_key_size);
DUT_PORT(s_nonce);
DUT_PORT(s_aad);
DUT_PORT(s_aad_len);
DUT_PORT(s_len);
DUT_PORT(s_user);
DUT_PORT(m_valid);
DUT_PORT(m_first);
DUT_PORT(m_last);
DUT_PORT(m_null);
DUT_PORT(m_data);
DUT_PORT(m_user);
DUT_PORT(tag_valid);
DUT_PORT(tag_null);
DUT_PORT(tag);
DUT_PORT(tag_user);

#define BEAT (16 * LANES)
#define STREAM_MAX (GCM_MAX_AAD + GCM_MAX_LEN + 16 + BEAT)

unsigned gcm_latency_data, gcm_latency_tag;

void gcm_open(void)
{
	dut_open(getenv("ESPALIER_TRACE"));
	*P8(rst) = 1;
	for (int i = 0; i < 4; i++)
		dut_edge();
	*P8(rst) = 0;
	for (int i = 0; i < 4; i++)
		dut_edge();
}

void gcm_close(void)
{
	dut_close();
}

static unsigned key_size_code(unsigned key_len)
{
	return (key_len - 16) / 8;
}

unsigned gcm_install(unsigned sa, const uint8_t *key, unsigned key_len)
{
	unsigned cycles = 0;

	memset(PW(key), 0, 32);
	memcpy(PW(key), key, key_len);
	*P8(key_size) = (uint8_t)key_size_code(key_len);
	*P16(key_sa) = (uint16_t)sa;
	*P8(key_start) = 1;
	dut_edge();
	*P8(key_start) = 0;
	while (!*P8(key_done)) {
		dut_edge();
		assert_true(++cycles < 5000);
	}
	for (int i = 0; i < 4; i++) /* the last write is on its way to the memories */
		dut_edge();
	return cycles;
}

static unsigned aad_blocks(const struct gcm_packet *p)
{
	return p->aad_len > 16 ? (p->aad_len + 15) / 16 : 1;
}

static unsigned beats_of(const struct gcm_packet *p)
{
	return p->null ? 1 : (16 * aad_blocks(p) + p->len + 16 + BEAT - 1) / BEAT;
}

/* The stream of one packet: first block marked, further AAD, payload, noise where the ICV goes. */
static void lay_out(const struct gcm_packet *p, uint8_t *stream)
{
	for (unsigned i = 0; i < beats_of(p) * BEAT; i++)
		stream[i] = (uint8_t)rand();
	if (p->null)
		return;
	unsigned head = 16 * aad_blocks(p);
	memset(stream + 16, 0, head - 16);
	if (p->aad_len > 16)
		memcpy(stream + 16, p->aad + 16, p->aad_len - 16);
	memcpy(stream + head, p->in, p->len);
}

static void put_beat(const struct gcm_packet *p, unsigned index, const uint8_t *stream, unsigned beat)
{
	*P8(s_valid) = 1;
	*P8(s_first) = beat == 0;
	*P8(s_last) = beat == beats_of(p) - 1;
	*P8(s_null) = p->null;
	memcpy(PW(s_data), stream + beat * BEAT, BEAT);
	*P16(s_sa) = (uint16_t)p->sa;
	*P8(s_key_size) = p->null ? 0 : (uint8_t)key_size_code(p->key_len);
	memcpy(PW(s_nonce), p->nonce, 12);
	memset(PW(s_aad), 0, 16);
	memcpy(PW(s_aad), p->aad, p->aad_len < 16 ? p->aad_len : 16);
	*P16(s_aad_len) = (uint16_t)p->aad_len;
	*P16(s_len) = (uint16_t)p->len;
	*P32(s_user) = index * 7 + 1;
}

static void take_beat(struct gcm_packet *p, unsigned index, unsigned beat, uint8_t *stream)
{
	assert_int_equal(*P8(m_first), beat == 0);
	assert_int_equal(*P8(m_last), beat == beats_of(p) - 1);
	assert_int_equal(*P8(m_null), p->null);
	assert_int_equal(*P32(m_user), index * 7 + 1);
	memcpy(stream + beat * BEAT, PW(m_data), BEAT);
	if (*P8(m_last) && !p->null)
		memcpy(p->out, stream + 16 * aad_blocks(p), p->len);
}

unsigned gcm_run(bool decrypt, struct gcm_packet *packets, unsigned n, unsigned gap_percent)
{
	static uint8_t in[STREAM_MAX], out[STREAM_MAX], head[16];
	unsigned ip = 0, ib = 0, op = 0, ob = 0, tp = 0, cycle = 0, idle = 0;
	unsigned first_in = 0, last_in = 0, first_out = 0, first_cycle = 0;
	bool started = false;

	*P8(decrypt) = decrypt;
	while (tp < n) {
		*P8(s_valid) = 0;
		if (ip < n && (unsigned)rand() % 100 >= gap_percent) {
			struct gcm_packet *p = &packets[ip];

			if (ib == 0)
				lay_out(p, in);
			put_beat(p, ip, in, ib);
			if (!started) {
				started = true;
				first_in = first_cycle = cycle;
				memcpy(head, in, 16);
			}
			if (++ib == beats_of(p)) {
				ib = 0;
				ip++;
				last_in = cycle;
			}
		}
		dut_edge();
		cycle++;
		idle++;
		if (*P8(m_valid)) {
			assert_true(op < n);
			if (op == 0 && ob == 0)
				first_out = cycle;
			take_beat(&packets[op], op, ob, out);
			if (op == 0 && ob == 0) /* the first block passes unchanged */
				assert_memory_equal(out, head, 16);
			if (++ob == beats_of(&packets[op])) {
				ob = 0;
				op++;
			}
			idle = 0;
		}
		if (*P8(tag_valid)) {
			assert_true(tp < op);
			assert_int_equal(*P8(tag_null), packets[tp].null);
			assert_int_equal(*P32(tag_user), tp * 7 + 1);
			memcpy(packets[tp].tag, PW(tag), 16);
			tp++;
			idle = 0;
		}
		assert_true(idle < 1000);
	}
	*P8(s_valid) = 0;
	gcm_latency_data = first_out - first_in;
	gcm_latency_tag = cycle - last_in;
	return cycle - first_cycle;
}
