/* SPDX-License-Identifier: Apache-2.0 */
/* What the benches of the engines' larger parts share: test_encap_parts.c and test_decap_parts.c drive one model, esp_parts_tb, at 4 lanes and at 1. */
#ifndef ESPALIER_TESTS_ESP_PARTS_H
#define ESPALIER_TESTS_ESP_PARTS_H
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

#define PORT(NAME) DUT_PORT(NAME);
#include "esp_parts_ports.h"
#undef PORT

#define CYCLES 20000u
#define MAX_BYTES 2048u /* of a packet here */

static inline unsigned rnd(unsigned n)
{
	return (unsigned)rand() % n;
}

static inline int chance(unsigned percent)
{
	return rnd(100) < percent;
}

static inline void random_bytes(void *to, unsigned len)
{
	for (unsigned i = 0; i < len; i++)
		((uint8_t *)to)[i] = (uint8_t)(rand() >> 7);
}

/* Bytes of a beat. */
static inline unsigned beat_bytes(void)
{
	return 16u * *P8(lanes);
}

static inline unsigned beats_of(unsigned bytes)
{
	return (bytes + beat_bytes() - 1) / beat_bytes();
}

/* espalier_pkg::esp_in_t and esp_out_t. */
static inline uint64_t sideband(unsigned job, unsigned len, unsigned sa, unsigned status)
{
	return (uint64_t)job << 40 | (uint64_t)len << 24 | (uint64_t)sa << 8 | status;
}

static inline void put32(uint8_t *at, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* All parts are reset together; a part that is not the one under test has nothing at its inputs. */
static inline void reset(void)
{
	*P8(f_ctx_wr) = *P8(f_seq_req) = *P8(f_drop) = *P8(f_s_valid) = *P8(f_beat_ready) = *P8(f_job_ready) = *P8(f_job_begun) = 0;
	*P8(g_key_wr) = *P8(g_key_flush) = *P8(g_beat_valid) = *P8(g_job_valid) = 0;
	*P8(o_beat_valid) = *P8(o_tag_valid) = *P8(o_record_valid) = *P8(o_ready) = 0;
	*P8(t_valid) = *P8(v_enter) = *P8(v_icv_valid) = *P8(v_tag_valid) = *P8(v_trailer_valid) = 0;
	*P8(r_buf_valid) = *P8(r_verdict) = *P8(r_ready) = 0;
	*P8(rst) = 1;
	for (int i = 0; i < 8; i++)
		dut_edge();
	*P8(rst) = 0;
	dut_edge();
}

#endif
