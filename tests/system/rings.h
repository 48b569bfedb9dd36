/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the ring tests share: a device, memory of it, packets made with OpenSSL apart from any code under test, and one operation at a time.
 * Every check fails the running cmocka test.
 */
#ifndef ESPALIER_TESTS_RINGS_H
#define ESPALIER_TESTS_RINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "espalier.h"

#define SLOT_BYTES 16384u /* of each of the source and destination places */
#define SLOTS 256u
#define CANARY 0xa5	  /* what destination places hold before an operation */
#define SRC_ADDR 0x0a010001u
#define DST_ADDR 0x0a020001u

/* The device under test, open between bench_open and bench_close; its memory: SLOTS places for sources and for results. */
struct bench {
	struct espalier_dev *dev;
	struct espalier_info info;
	struct espalier_queue *queue;
	struct espalier_mem src, dst;
	struct espalier_op ops[SLOTS];
};

/* $ESPALIER_TEST_DEVICE: software (default), sim, or any other name. Aborts the test program when there is none. */
void bench_open(struct bench *b, unsigned int depth);
void bench_close(struct bench *b);

uint8_t *bench_src(struct bench *b, unsigned int slot);
uint8_t *bench_dst(struct bench *b, unsigned int slot);

/* A filled operation of one slot, its destination painted with CANARY. */
struct espalier_op *bench_encap(struct bench *b, unsigned int slot, uint16_t sa, const uint8_t *inner, uint32_t len);
struct espalier_op *bench_decap(struct bench *b, unsigned int slot, const uint8_t *outer, uint32_t len);

/* Enqueue, and take back every operation; checks that those of one direction come in order. */
void bench_run(struct bench *b, struct espalier_queue *queue, struct espalier_op *const *ops, unsigned int count);
/* The same for one, and its status. */
unsigned int bench_one(struct bench *b, struct espalier_op *op);

/* No byte of the slot's destination was written. */
void bench_untouched(struct bench *b, unsigned int slot);
/* No 12 consecutive bytes of secret stand anywhere in the slot's destination. */
void bench_no_trace_of(struct bench *b, unsigned int slot, const uint8_t *secret, uint32_t len);

/* An SA that differs with n in key, size of key, salt, SPI, ESN. */
struct espalier_sa_config test_sa(enum espalier_direction direction, uint32_t n);

/* An inner packet of len bytes whose payload depends on n. Returns len. */
uint32_t make_inner(uint8_t *packet, uint32_t len, uint32_t n);

/* The ESP packet of inner with number seq; out has room for espalier_plain_len(len). Returns its length. OpenSSL alone. */
uint32_t make_esp(uint8_t *out, const struct espalier_sa_config *sa, uint64_t seq, const uint8_t *inner, uint32_t len);

#endif
