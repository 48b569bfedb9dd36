/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The descriptors of a queue in host memory, little endian (docs/registers.md, QUEUE). Both rings are 4 KiB aligned and have a power of
 * two of entries; indices are free-running 16-bit counts. The phase bit of a completion is 1 in the ring's first pass and toggles with
 * every wrap.
 */
#ifndef ESPALIER_RING_H
#define ESPALIER_RING_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

struct ring_submission {
	uint64_t src;	       /* any alignment */
	uint64_t dst;	       /* 64-byte aligned */
	uint16_t src_len;      /* bytes */
	uint16_t dst_capacity; /* bytes */
	uint8_t opcode;	       /* enum esp_opcode */
	uint8_t flags;	       /* 0 */
	uint16_t sa;	       /* encapsulation: SA index; decapsulation: 0 */
	uint64_t cookie;       /* comes back in the completion */
};
static_assert(sizeof(struct ring_submission) == 32, "submission descriptor");
static_assert(offsetof(struct ring_submission, dst) == 8, "submission descriptor");
static_assert(offsetof(struct ring_submission, src_len) == 16, "submission descriptor");
static_assert(offsetof(struct ring_submission, dst_capacity) == 18, "submission descriptor");
static_assert(offsetof(struct ring_submission, opcode) == 20, "submission descriptor");
static_assert(offsetof(struct ring_submission, flags) == 21, "submission descriptor");
static_assert(offsetof(struct ring_submission, sa) == 22, "submission descriptor");
static_assert(offsetof(struct ring_submission, cookie) == 24, "submission descriptor");

struct ring_completion {
	uint64_t cookie;
	uint16_t out_len; /* bytes; 0 unless status is OK */
	uint16_t sa;	  /* 0xffff: none */
	uint8_t status;	  /* enum esp_status */
	uint8_t flags;	  /* RING_COMPLETION_* */
	uint16_t sq_head; /* submissions fetched so far, free-running */
};
static_assert(sizeof(struct ring_completion) == 16, "completion descriptor");
static_assert(offsetof(struct ring_completion, out_len) == 8, "completion descriptor");
static_assert(offsetof(struct ring_completion, sa) == 10, "completion descriptor");
static_assert(offsetof(struct ring_completion, status) == 12, "completion descriptor");
static_assert(offsetof(struct ring_completion, flags) == 13, "completion descriptor");
static_assert(offsetof(struct ring_completion, sq_head) == 14, "completion descriptor");

#define RING_COMPLETION_PHASE 0x01u
#define RING_COMPLETION_DECAP 0x02u

#endif
