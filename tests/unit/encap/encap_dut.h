/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives engine_tb (encapsulation): SA commands, packets in, and every packet out compared with the oracle in the cycle in which it ends.
 * Any difference ends the test through cmocka's assertions. Random numbers follow the environment variable ESPALIER_TEST_SEED. Time is in clock cycles since dut_start().
 */
#ifndef ESPALIER_TESTS_ENCAP_DUT_H
#define ESPALIER_TESTS_ENCAP_DUT_H
#include "encap_oracle.h"

#define DUT_SAS 4096 /* SA_ENTRIES of the bench */

struct encap_counts {
	uint64_t packets, ok, bytes;     /* that came out */
	uint64_t status[32];
	uint64_t first_out, last_out;    /* cycles of the first beat and of the last one since the counts were cleared */
	uint64_t latency_min, latency_max; /* first beat in to first beat out */
};

extern struct oracle_sa encap_sas[DUT_SAS]; /* what the test installed; key_len 0: nothing */
extern struct encap_counts encap_counts;
extern uint64_t encap_cycle, encap_taken;  /* cycles; packets whose first beat the engine has taken */
extern unsigned int encap_in_percent, encap_out_percent; /* chance that the sender offers a beat, that the receiver takes one */
extern bool encap_check; /* compare packets with the oracle; off in benches */

/* From the packet of that job on each must end as ENGINE_FAULT, one beat of zeros; those before it as the oracle says. */
#define ENCAP_NO_FAULT 0x1000u
extern unsigned int encap_fault_from;

void encap_start(void);
void encap_stop(void);
void encap_clear_counts(void);
void encap_step(void);
void encap_drain(void);        /* until every packet is out */
unsigned int encap_lanes(void);
uint64_t encap_random(void);

/* SA commands; packets flow on meanwhile. The result is an ESP_SA_RESULT_*. encap_add draws from encap_sas[index]. */
uint8_t encap_command(uint8_t op, bool inbound, uint16_t index, const struct oracle_sa *sa, uint64_t *seq);
uint8_t encap_add(uint16_t index);
void encap_reset(void); /* the card's reset, with whatever is inside; waits for the wipe */
uint8_t encap_delete(uint16_t index);
unsigned int encap_first_job(unsigned int packets); /* the job of the first of the last so many that were pushed */
uint64_t encap_taken_before(unsigned int cycles); /* encap_taken, up to 31 cycles ago */
void encap_install_bare(uint16_t index, const struct oracle_sa *sa);

void encap_random_sa(struct oracle_sa *sa, unsigned int key_len, bool esn, uint64_t seq);
void encap_make_inner(uint8_t *inner, size_t len);
/*
 * Queue a packet. may_be_gone: the SA is being deleted, NO_SA is as good as success (but then for all later packets too).
 * keep: if not NULL, the bytes that came out are copied there (ORACLE_MAX), unchecked.
 */
void encap_push(uint16_t sa, uint8_t status, const uint8_t *inner, size_t len, bool may_be_gone, uint8_t *keep);

#endif
