/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transaction layer packets as bytes: the currency between root complex and hard block. Headers are exact to the byte;
 * sequence numbers and LCRC below them are not modelled, only their cost on the link (root_complex.c).
 * Source: PCI Express Base Specification 4.0, 2.2 (formats), 2.2.5 (byte enables), 2.3.1.1 (byte count, lower address).
 */
#ifndef SIM_TLP_H
#define SIM_TLP_H

#include <stdbool.h>
#include <stdint.h>

#define TLP_MAX_DATA 4096u

enum tlp_kind { TLP_MRD, TLP_MWR, TLP_CPL, TLP_CPLD };

enum tlp_status { TLP_SC = 0, TLP_UR = 1, TLP_CRS = 2, TLP_CA = 4 };

/* A header's fields as numbers. Which of them count depends on kind. */
struct tlp_fields {
	enum tlp_kind kind;
	uint64_t addr;	      /* requests: of the first dword, a multiple of 4 */
	uint16_t dwords;      /* 1 to 1024; 0 for TLP_CPL */
	uint16_t requester;
	uint16_t completer;   /* completions */
	uint8_t tag;
	uint8_t first_be;
	uint8_t last_be;
	uint8_t tc;
	uint8_t attr;	      /* bit 2 ID-based ordering, bit 1 relaxed ordering, bit 0 no snoop */
	bool poisoned;
	uint8_t status;	      /* completions: enum tlp_status */
	uint16_t byte_count;  /* completions: 1 to 4096 */
	uint8_t lower;	      /* completions: lower address, 7 bits */
};

struct tlp {
	struct tlp *next;
	uint64_t time;	 /* cycle at which it arrives */
	uint32_t serial; /* of the read it belongs to: not on the wire; tells a late completion from one of a reused tag */
	uint8_t seq;	 /* sequence number of a request of the card: not on the wire */
	uint16_t header_len;
	uint16_t data_len;
	uint8_t header[16];
	uint8_t data[TLP_MAX_DATA];
};

struct tlp_queue {
	struct tlp *head;
	struct tlp *tail;
	unsigned int count;
};

/* Writes the header; requests above 4 GiB get the 4 dword form. data_len is set to dwords * 4 for kinds with data, else 0. */
void tlp_encode(struct tlp *tlp, const struct tlp_fields *f);
/* 0, or -EINVAL: unknown format, lengths that disagree, or a reserved value. */
int tlp_decode(const struct tlp *tlp, struct tlp_fields *f);

/* By its type field; the rest of the header may be wrong. */
bool tlp_is_completion(const struct tlp *tlp);

/* Bytes that a read with these byte enables asks for (1 for a zero-length read), and the offset of the first in its first dword. */
uint32_t tlp_byte_count(uint16_t dwords, uint8_t first_be, uint8_t last_be);
uint32_t tlp_first_offset(uint8_t first_be);
/* The byte enables of len bytes at addr; len > 0. */
void tlp_byte_enables(uint64_t addr, uint32_t len, uint16_t *dwords, uint8_t *first_be, uint8_t *last_be);
/* The rules of section 2.2.5 for a request's byte enables. */
bool tlp_byte_enables_valid(uint64_t addr, uint16_t dwords, uint8_t first_be, uint8_t last_be);

/* From a free list; NULL when memory is out. The caller owns it until it queues or frees it. */
struct tlp *tlp_alloc(void);
void tlp_free(struct tlp *tlp);
/* Gives the free list back to the system. */
void tlp_pool_close(void);

void tlp_push(struct tlp_queue *q, struct tlp *tlp);
struct tlp *tlp_pop(struct tlp_queue *q);
void tlp_queue_clear(struct tlp_queue *q);

#endif
