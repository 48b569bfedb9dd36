// SPDX-License-Identifier: Apache-2.0
/*
 * Bits that turn in the encapsulation engine, by a back door into its state (state_flip): in the numbers of the jobs in its FIFOs. Nothing may
 * leave that is not right.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include "encap_dut.h"
#include "encap_tests.h"
#include "espalier_regs.h"
#include "secrets.h"

static uint8_t inner[ORACLE_MAX], wire[ORACLE_MAX];

static void add(uint16_t index, unsigned int key_len, bool esn, uint64_t seq)
{
	encap_random_sa(&encap_sas[index], key_len, esn, seq);
	assert_int_equal(encap_add(index), ESP_SA_RESULT_OK);
}

static void send(uint16_t sa, size_t len)
{
	encap_make_inner(inner, len);
	encap_push(sa, ESP_STATUS_OK, inner, len, false, NULL);
}

#define JOBS 40u
#define JOB_BIT 56u /* of a word that begins with its job's number */

static uint8_t kept[JOBS][ORACLE_MAX]; /* the inner packets */
static size_t kept_len;
static uint64_t first_seq;
static unsigned int first_job;

/* JOBS packets, while the output stands still: as many as there is room for lie in the FIFOs when nothing moves any more. */
static void fill(size_t len)
{
	add(2, 16, false, 1000);
	encap_clear_counts();
	first_seq = encap_sas[2].seq;
	kept_len = len;
	encap_out_percent = 0;
	for (unsigned int i = 0; i < JOBS; i++) {
		encap_make_inner(kept[i], len);
		encap_push(2, ESP_STATUS_OK, kept[i], len, false, NULL);
	}
	first_job = encap_first_job(JOBS);
	for (unsigned int i = 0; i < 4000; i++)
		encap_step();
}

/* bytes[0..6], the last of them on top, below the number of the job. */
static uint64_t behind_job(unsigned int job, const uint8_t *bytes)
{
	uint64_t word = 0;

	memcpy(&word, bytes, 7);
	return (uint64_t)(uint8_t)job << JOB_BIT | word;
}

/*
 * The output goes on: the packets before `wrong` are right, and from there on nothing but ENGINE_FAULT comes, or nothing at all if that packet
 * has begun to leave. SAs can be deleted all the same, and after a reset all is well. What comes of each packet is compared in check_packet.
 */
static void see_the_fault(unsigned int wrong, bool halts)
{
	encap_fault_from = first_job + wrong;
	encap_out_percent = 100;
	for (unsigned int i = 0; i < 20000; i++)
		encap_step();
	assert_int_equal(encap_counts.ok, wrong);
	assert_int_equal(encap_counts.packets, halts ? wrong : JOBS);
	assert_int_equal(encap_counts.status[ESP_STATUS_ENGINE_FAULT], encap_counts.packets - wrong);
	add(7, 32, false, 0);
	if (!halts) {
		send(7, 100);
		encap_drain();
		assert_int_equal(encap_counts.status[ESP_STATUS_ENGINE_FAULT], JOBS - wrong + 1);
	}
	assert_int_equal(encap_delete(2), ESP_SA_RESULT_OK);
	assert_int_equal(encap_delete(7), ESP_SA_RESULT_OK);
	encap_reset();
	encap_fault_from = ENCAP_NO_FAULT;
	encap_clear_counts();
	add(2, 32, true, 0);
	send(2, 500);
	encap_drain();
	assert_int_equal(encap_counts.ok, 1);
	encap_delete(2);
	encap_sas[2].key_len = 0;
}

/* A record with another job's number than its beats. */
void test_mixed_records(void **state)
{
	const struct oracle_sa *sa = &encap_sas[2];

	(void)state;
	for (unsigned int wrong = 8; wrong < 12; wrong++) {
		fill(100);
		/* job, length, SA, status, whether it is null, and the end of the outer header: the destination */
		assert_true(state_flip((uint64_t)(uint8_t)(first_job + wrong) << JOB_BIT | (uint64_t)oracle_encap(sa, first_seq + wrong + 1, kept[wrong], kept_len, wire) << 40 |
				       (uint64_t)2 << 24 | ((sa->dst & 0xff) << 8 | (sa->dst >> 8 & 0xff)) >> 1, JOB_BIT + wrong % 8, EVERY_PLACE) >= 1);
		see_the_fault(wrong, false);
	}
}

/* A beat in front of the framer with another job's number than the record: the last one that was taken waits there. */
void test_mixed_beats(void **state)
{
	unsigned int wrong, beat = 16 * encap_lanes();
	uint64_t word;

	(void)state;
	fill(1400);
	wrong = (unsigned int)encap_taken - 1;
	assert_true(wrong > 2 && wrong < JOBS - 1);
	word = behind_job(0, &kept[wrong][beat - 7]);
	assert_true(state_flip((uint64_t)(uint8_t)(first_job + wrong) << JOB_BIT | word >> 1, JOB_BIT, EVERY_PLACE) >= 1);
	see_the_fault(wrong, false);
}

/* A later beat of the cipher stream, of a packet whose first beats are right. */
void test_mixed_within_a_packet(void **state)
{
	unsigned int wrong = 3, beat = 16 * encap_lanes();

	(void)state;
	fill(600);
	oracle_encap(&encap_sas[2], first_seq + wrong + 1, kept[wrong], kept_len, wire);
	assert_true(state_flip(behind_job(first_job + wrong, &wire[20 + 3 * beat - 7]), JOB_BIT + 2, EVERY_PLACE) >= 1);
	see_the_fault(wrong, true);
}

/* A tag: of a packet that begins with its tag, and of one whose first beats have left before the tag is looked at. */
void test_mixed_tags(void **state)
{
	(void)state;
	for (unsigned int round = 0; round < 2; round++) {
		unsigned int wrong = 3;
		size_t len;

		fill(round ? 600 : 20);
		len = oracle_encap(&encap_sas[2], first_seq + wrong + 1, kept[wrong], kept_len, wire);
		assert_true(state_flip(behind_job(first_job + wrong, &wire[len - 7]), JOB_BIT + 5, EVERY_PLACE) >= 1);
		see_the_fault(wrong, len - 16 >= 16 * encap_lanes());
	}
}
