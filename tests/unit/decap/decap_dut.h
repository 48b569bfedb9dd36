/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives engine_tb (decapsulation): SA commands, packets in, and every beat out checked: a packet that is OK against the oracle, any other is
 * one beat of zeros. A difference ends the test through cmocka's assertions. Random numbers follow ESPALIER_TEST_SEED. Time is in clock cycles.
 */
#ifndef ESPALIER_TESTS_DECAP_DUT_H
#define ESPALIER_TESTS_DECAP_DUT_H
#include "decap_oracle.h"

#define DUT_SAS 4096 /* SA_ENTRIES of the bench */

struct decap_counts {
	uint64_t packets, status[32];
	uint64_t last_out; /* cycle of the last beat */
	uint64_t latency;  /* greatest from last beat in to first beat out */
	uint64_t stale;    /* packets whose status is that of an earlier replay state: packets were in flight before them */
};

extern struct decap_sa decap_sas[DUT_SAS]; /* what the test installed */
extern struct decap_counts decap_counts;
extern uint64_t decap_cycle;
extern unsigned int decap_in_percent, decap_out_percent; /* chance that the sender offers a beat, that the receiver takes one */

void decap_start(void);
void decap_stop(void);
void decap_clear_counts(void);
void decap_step(void);
void decap_drain(void);
unsigned int decap_lanes(void);
uint64_t decap_random(void);
unsigned int decap_scale(void); /* ESPALIER_TEST_SCALE, or 1 */

/* SA commands; packets flow on meanwhile. The result is an ESP_SA_RESULT_*. decap_add draws from decap_sas[index], and starts its replay model. */
uint8_t decap_command(uint8_t op, uint16_t index, const struct decap_sa *sa, uint64_t *seq);
void decap_add(uint16_t index, unsigned int key_len, bool esn, unsigned int window, uint64_t seq); /* random key, salt, SPI, destination */
uint8_t decap_install(uint16_t index, uint64_t seq);
void decap_delete(uint16_t index);
void decap_reset(void); /* the card's reset, with whatever is inside; waits for the wipe */

void decap_make_inner(uint8_t *inner, size_t len);

/*
 * Queue a packet. may_be_gone: its SA is being deleted, NO_SA is as good (but then for all later ones too). status: what it must come out
 * with besides what the oracle says, or ANY.
 */
#define ANY 255
#define DAMAGED 254 /* SA_FAULT, whatever the oracle says */
#define MAYBE_DAMAGED 253 /* that, or what the oracle says */
#define MIXED 252 /* ENGINE_FAULT, whatever the oracle says */
void decap_push(const uint8_t *wire, size_t len, uint8_t status_in, bool may_be_gone, uint8_t status);

uint8_t decap_job(void); /* the job of the packet that was pushed last */

/* A good packet of len inner bytes for that SA under the next number. */
void decap_push_good(uint16_t sa, size_t len);
extern uint64_t decap_next[DUT_SAS]; /* the number of the next good packet */

#endif
