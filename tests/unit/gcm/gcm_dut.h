/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives gcm_tb (key schedule and AES-GCM engines) from C. LANES is given by the build.
 * All functions assert on anything that the engine's header forbids: a beat too many or too few, a tag out of order, a hang.
 */
#ifndef ESPALIER_TESTS_GCM_DUT_H
#define ESPALIER_TESTS_GCM_DUT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GCM_SAS 64       /* SA_ENTRIES of gcm_tb */
#define GCM_MAX_AAD 128  /* bytes: MAX_AAD_BLOCKS of gcm_tb */
#define GCM_MAX_LEN 9600 /* payload bytes */

struct gcm_packet {
	unsigned sa;
	unsigned key_len;       /* bytes: 16, 24, 32 */
	bool null;              /* a token: in, aad and nonce are not used */
	uint8_t nonce[12];
	uint8_t aad[GCM_MAX_AAD];
	unsigned aad_len;
	const uint8_t *in;      /* len bytes */
	unsigned len;
	uint8_t *out;           /* result: len bytes */
	uint8_t tag[16];        /* result */
};

/* A model out of reset. */
void gcm_open(void);
void gcm_close(void);

/* Runs the key schedule for key_len (16, 24, 32) bytes into slot sa of both engines; returns its cycles. */
unsigned gcm_install(unsigned sa, const uint8_t *key, unsigned key_len);

/*
 * Streams n packets through one direction; before each beat there is a gap of a cycle with gap_percent probability. Returns the number
 * of cycles from the first beat in to the last tag.
 */
unsigned gcm_run(bool decrypt, struct gcm_packet *packets, unsigned n, unsigned gap_percent);

/* Cycles measured by the last gcm_run: first beat in to first beat out, and last beat in to its tag. */
extern unsigned gcm_latency_data, gcm_latency_tag;

#endif
