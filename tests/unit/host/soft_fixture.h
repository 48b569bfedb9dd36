/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the software reference share: a device, one operation at a time, and ESP packets sealed apart from the reference. */
#ifndef ESPALIER_TESTS_SOFT_FIXTURE_H
#define ESPALIER_TESTS_SOFT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "espalier.h"

#define DST_CANARY 0xa5
#define FIX_DST 0xc0000202u
#define FIX_SPI 0x1000u

struct fixture {
	struct espalier_dev *dev;
	struct espalier_queue *queue;
	struct espalier_mem src, dst;
	struct espalier_op op; /* of the last run */
};

int fixture_open(void **state);
int fixture_close(void **state);

/* Run one operation on len bytes. Returns its status; the result is at dst. dst is filled with DST_CANARY before. */
uint8_t fixture_run(struct fixture *f, uint8_t opcode, uint16_t sa, const uint8_t *packet, uint32_t len);

/* Whether dst was not written at all. */
int fixture_dst_untouched(const struct fixture *f);

/* An SA with FIX_SPI and FIX_DST, a key of key_len bytes 0, 1, 2, ... and salt aa bb cc dd. */
struct espalier_sa_config fixture_config(enum espalier_direction direction, uint8_t key_len);

/* Build an ESP packet for that SA: outer TOS, sequence number (all 64 bits are in nonce and, with esn, in AAD), body with trailer. */
uint32_t fixture_seal(const struct espalier_sa_config *config, uint8_t tos, uint64_t seq, const uint8_t *body, uint32_t body_len, uint8_t *out);

/* A well-formed inner packet of len bytes with its ESP trailer behind it; returns bytes with trailer. */
uint32_t fixture_inner(uint32_t len, uint8_t tos, uint8_t *out);

/* Recompute the checksum of a 20-byte IPv4 header. */
void fixture_checksum(uint8_t *header);

#endif
