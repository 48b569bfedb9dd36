/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The AES-GCM engine in C (sim/dpi) beside the RTL's, in lock step: gcm_tb stops the program in the first cycle in which they differ, be it in
 * a valid, in a bit of an undefined lane, or in a tag. Here are the streams: random packets with and without gaps, cut short by resets, with
 * keys that come, change and are wiped while packets of other SAs pass, with flushes in the cycles between beats. And what a flush is for: behind
 * a wipe nothing of the keys is left in the RTL. LANES is given by the build; argument "portable": plain C.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dut.h"
#include "gcm_dpi.h"
#include "gcm_dut.h"
#include "secrets.h"
#include "seed.h"

DUT_PORT(rst);
DUT_PORT(decrypt);
DUT_PORT(s_valid);
DUT_PORT(s_first);
DUT_PORT(s_last);
DUT_PORT(s_null);
DUT_PORT(s_data);
DUT_PORT(s_sa);
DUT_PORT(s_key_size);
DUT_PORT(s_nonce);
DUT_PORT(s_aad_len);
DUT_PORT(s_len);
DUT_PORT(key_start);
DUT_PORT(key);
DUT_PORT(key_size);
DUT_PORT(key_sa);
DUT_PORT(key_done);
DUT_PORT(wipe);
DUT_PORT(flush);
DUT_PORT(wipe_sa);

#define PACKETS 60
#define FLUSHES 32 /* are enough, says key_wr_t */
#define RESTING 8u /* SAs whose keys change while the others work */
#define SHORT_LEN 16u
#define SHORT_BEATS ((16u + SHORT_LEN + 16u + 16u * LANES - 1) / (16u * LANES))

static unsigned key_lens[GCM_SAS];

static void random_bytes(void *p, size_t n)
{
	for (uint8_t *b = p; n--; b++)
		*b = (uint8_t)rand();
}

static void edges(unsigned n)
{
	while (n--)
		dut_edge();
}

static uint8_t key_size_code(unsigned sa)
{
	return (uint8_t)((key_lens[sa] - 16) / 8);
}

static void install(unsigned sa, unsigned key_len)
{
	uint8_t key[32];

	random_bytes(key, sizeof(key));
	key_lens[sa] = key_len;
	gcm_install(sa, key, key_len);
}

static unsigned any_key_len(void)
{
	return 16 + 8 * ((unsigned)rand() % 3);
}

static void wipe(unsigned sa)
{
	*P8(wipe) = 1;
	*P16(wipe_sa) = (uint16_t)sa;
	dut_edge();
	*P8(wipe) = 0;
	edges(4);
}

static void random_packet(struct gcm_packet *p, unsigned sa, unsigned len, uint8_t *in, uint8_t *out)
{
	memset(p, 0, sizeof(*p));
	p->sa = sa;
	p->key_len = key_lens[sa];
	p->len = len;
	p->aad_len = (unsigned[]){ 8, 12, 0, 16, 20, 90, 128 }[rand() % 7];
	random_bytes(p->nonce, 12);
	random_bytes(p->aad, p->aad_len);
	random_bytes(in, len);
	p->in = in;
	p->out = out;
}

static void stream(int turns)
{
	static struct gcm_packet packets[PACKETS];
	static uint8_t in[PACKETS][GCM_MAX_LEN], out[GCM_MAX_LEN];

	for (int turn = 0; turn < turns; turn++) {
		for (unsigned i = 0; i < PACKETS; i++) {
			unsigned limit = (unsigned[]){ 40, 200, 1600, GCM_MAX_LEN + 1 }[rand() % 4];

			random_packet(&packets[i], (unsigned)rand() % GCM_SAS, (unsigned)rand() % limit, in[i], out);
			packets[i].null = rand() % 8 == 0;
			if (packets[i].null)
				packets[i].len = 0;
		}
		gcm_run(turn & 1, packets, PACKETS, (unsigned)turn % 3 * 30);
		install((unsigned)rand() % GCM_SAS, any_key_len());
	}
}

static void streams(void **state)
{
	(void)state;
	stream(24);
}

/* A flush in every cycle that no beat takes, at the row of any SA: no result changes. */
static void flushes_under_traffic(void **state)
{
	(void)state;
	*P8(flush) = 1;
	for (int round = 0; round < 6; round++) {
		*P16(wipe_sa) = (uint16_t)((unsigned)rand() % GCM_SAS);
		stream(3);
	}
	*P8(flush) = 0;
}

/* One beat of a short packet; beat counts up to SHORT_BEATS and begins anew. */
static void short_beat(unsigned *beat, unsigned sa)
{
	if (*beat == 0) {
		*P16(s_sa) = (uint16_t)sa;
		*P8(s_key_size) = key_size_code(sa);
	}
	*P16(s_aad_len) = 8;
	*P16(s_len) = SHORT_LEN;
	*P8(s_null) = 0;
	random_bytes(PW(s_data), 16 * LANES);
	*P8(s_valid) = 1;
	*P8(s_first) = *beat == 0;
	*P8(s_last) = *beat == SHORT_BEATS - 1;
	*beat = (*beat + 1) % SHORT_BEATS;
	dut_edge();
	*P8(s_valid) = 0;
}

/* In every cycle a beat of an SA that keeps its keys, while those of another are made and written. */
static void keys_under_traffic(void **state)
{
	(void)state;
	for (int turn = 0; turn < 40; turn++) {
		unsigned sa = (unsigned)rand() % RESTING, beat = 0, cycles = 0;

		key_lens[sa] = any_key_len();
		random_bytes(PW(key), 32);
		*P8(key_size) = key_size_code(sa);
		*P16(key_sa) = (uint16_t)sa;
		*P8(key_start) = 1;
		*P8(decrypt) = turn & 1;
		do {
			short_beat(&beat, RESTING + (unsigned)rand() % (GCM_SAS - RESTING));
			*P8(key_start) = 0;
			assert_true(++cycles < 5000);
		} while (!*P8(key_done));
		while (beat)
			short_beat(&beat, 0);
		edges(40);
	}
}

/* Under a wiped SA a packet becomes what it becomes under any other wiped SA: nothing is left of the keys. */
static void wiping(void **state)
{
	static uint8_t in[200], out[3][200];
	struct gcm_packet packets[3];

	(void)state;
	for (unsigned key_len = 16; key_len <= 32; key_len += 8) {
		install(0, key_len);
		install(1, key_len);
		random_packet(&packets[0], 0, sizeof(in), in, out[0]);
		packets[1] = packets[2] = packets[0];
		packets[1].out = out[1];
		packets[2].out = out[2];
		packets[2].sa = 1;
		gcm_run(false, &packets[0], 1, 0);
		wipe(0);
		gcm_run(false, &packets[1], 1, 0);
		wipe(1);
		gcm_run(false, &packets[2], 1, 0);
		assert_memory_not_equal(out[0], out[1], sizeof(in));
		assert_memory_equal(out[1], out[2], sizeof(in));
		assert_memory_equal(packets[1].tag, packets[2].tag, 16);
	}
	install(0, 16);
	install(1, 16);
}

/*
 * Key, powers of H and salt (which the nonce begins with) stay in registers on the way of a packet when their SA is wiped; the flushes put the zeros
 * of the wiped row in their place, in every stage.
 */
static void flush_leaves_nothing(void **state)
{
	static uint8_t in[200], out[200];
	struct gcm_packet packet;
	uint8_t key[32], salt[4];

	(void)state;
	for (int round = 0; round < 6; round++) {
		random_bytes(key, sizeof(key));
		key_lens[0] = 16 + 8 * ((unsigned)round % 3);
		gcm_install(0, key, key_lens[0]);
		random_packet(&packet, 0, sizeof(in), in, out);
		memcpy(salt, packet.nonce, sizeof(salt));
		gcm_run(round & 1, &packet, 1, 0);
		memset(PW(key), 0, 32);
		memset(PW(s_nonce), 0, 12);
		wipe(0);
		assert_true(secrets_found(key, key_lens[0], salt) > 0);
		*P8(flush) = 1;
		edges(FLUSHES);
		*P8(flush) = 0;
		edges(FLUSHES);
		assert_int_equal(secrets_found(key, key_lens[0], salt), 0);
	}
	install(0, 16);
}

/* Resets in the middle of packets; what comes behind them is again the same. */
static void resets(void **state)
{
	(void)state;
	for (int turn = 0; turn < 60; turn++) {
		unsigned beat = 0, beats = (unsigned)rand() % 40;

		*P8(decrypt) = turn & 1;
		for (unsigned i = 0; i < beats; i++)
			short_beat(&beat, (unsigned)rand() % GCM_SAS);
		*P8(rst) = 1;
		edges(1 + (unsigned)rand() % 3);
		*P8(rst) = 0;
		edges((unsigned)rand() % 3);
	}
	stream(24);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams),
		cmocka_unit_test(flushes_under_traffic),
		cmocka_unit_test(keys_under_traffic),
		cmocka_unit_test(wiping),
		cmocka_unit_test(flush_leaves_nothing),
		cmocka_unit_test(resets),
	};

	srand(test_seed());
	if (getenv("ESPALIER_COVERAGE"))
		cmocka_set_skip_filter("flush_leaves_nothing"); /* a model that counts toggles remembers the last value of every signal */
	gcm_dpi_portable = argc > 1 && strcmp(argv[1], "portable") == 0;
	gcm_open();
	for (unsigned sa = 0; sa < GCM_SAS; sa++)
		install(sa, any_key_len());
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	gcm_close();
	return failed;
}
