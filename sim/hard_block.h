/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hard PCIe block between link and card: TLPs on one side, the CQ, CC, RQ and RC streams of PG213 on the other.
 * It keeps a split completion table as the real block does, finds what is wrong with a completion, and checks every rule that a card
 * must keep; a broken rule raises the violation.
 * Source: AMD PG213 (descriptors, error codes, interface rules), PCI Express Base 4.0, 2.2, 2.3.
 */
#ifndef SIM_HARD_BLOCK_H
#define SIM_HARD_BLOCK_H

#include "axis.h"
#include "config_space.h"
#include "sim.h"
#include "straddle.h"
#include "tlp.h"

/* Error codes of the requester completion descriptor. */
enum rc_error {
	RC_NORMAL = 0,
	RC_POISONED = 1,
	RC_BAD_STATUS = 2,
	RC_BAD_COUNT = 3,
	RC_MISMATCH = 4,
	RC_BAD_ADDRESS = 5,
	RC_BAD_TAG = 6,
	RC_TIMED_OUT = 9,
};

#define SEQ_QUEUE 512u /* a power of two: more than requests begin on the link before they are reported */

/* A read of the card that waits for completions. */
struct split_entry {
	bool used;
	bool lost;	    /* its answer will not come in time: the card may reuse the tag once it gave up */
	uint8_t tc;
	uint8_t attr;
	uint16_t lower;	    /* low 12 bits of the next byte expected */
	uint16_t remaining; /* bytes */
	uint16_t rcb;	    /* read completion boundary when it left */
	uint32_t serial;
};

/* A read of the host that waits for the card. */
struct mmio_entry {
	bool used;
	uint8_t tc;
	uint8_t attr;
	uint8_t lower;
	uint16_t dwords;
	uint16_t byte_count;
	uint16_t requester;
	uint32_t request[4]; /* descriptor as delivered */
};

struct hard_block {
	const struct card_ports *pins;
	struct config_space *config;
	struct violation *violation;
	struct sim_stats *stats;
	struct rng rng;
	uint64_t bar;
	unsigned int stall;
	struct axis_source cq;
	struct axis_source rc;
	struct axis_sink cc;
	struct axis_sink rq;
	struct tlp_queue cq_wait; /* from the link */
	struct tlp_queue rc_wait;
	struct tlp_queue up;	  /* to the link: requests */
	struct tlp_queue up_first; /* and completions, which pass requests: the worst that the block may do */
	struct split_entry split[256];
	struct mmio_entry mmio[256];
	unsigned int outstanding; /* split entries in use, lost ones not counted */
	unsigned int lost;	  /* split entries in use and lost */
	uint32_t stored;	  /* payload bytes in rc_wait, and completions */
	uint32_t stored_headers;
	/* The most that the reads under way can bring, with what waits: split at every boundary, until it has left on RC. */
	uint32_t promised;
	uint32_t promised_headers;
	unsigned int headers_limit, bytes_limit;
	uint8_t seq[SEQ_QUEUE];	  /* to be reported, in order */
	unsigned int seq_head, seq_tail; /* free-running */
	bool flr;		  /* a function level reset is in process */
	unsigned int mgmt_wait;	  /* cycles of the access of configuration space */
	uint32_t serial;
	unsigned int master_grace; /* cycles in which a request may still come after bus mastering went off */
};

void hard_block_init(struct hard_block *hb, const struct card_ports *pins, struct config_space *config, struct violation *violation,
		     struct sim_stats *stats, const struct sim_options *opt);
/* Forgets everything in flight, as a reset of the link side does. Serials go on: what is still on the link is stale. */
void hard_block_reset(struct hard_block *hb);
/* A function level reset begins: the function is to let go of everything, the block works on. hb->flr falls when the card is done. */
void hard_block_flr(struct hard_block *hb);
/* One clock cycle of the card. accept_rq: the link has room for the card's requests. True when a stream was active. */
bool hard_block_cycle(struct hard_block *hb, bool accept_rq);
/* A TLP from the link; takes ownership. */
void hard_block_deliver(struct hard_block *hb, struct tlp *tlp);
/* The next TLP for the link, or NULL; gives ownership. */
struct tlp *hard_block_take(struct hard_block *hb);
/* The read's answer will not come in time; a stale serial is ignored. */
void hard_block_lose(struct hard_block *hb, uint8_t tag, uint32_t serial);
/* The block's own completion timer ends the read; a stale serial is ignored. */
void hard_block_expire(struct hard_block *hb, uint8_t tag, uint32_t serial);
/* A TLP taken from here begins on the link: no completion passes it any more. */
void hard_block_sent(struct hard_block *hb, const struct tlp *tlp);
/* Nothing queued, nothing awaited (lost reads aside). */
bool hard_block_idle(const struct hard_block *hb);

/* Between hard_block.c and its two halves. */
void completer_start(struct hard_block *hb);	 /* next CQ packet on its way, if any */
void completer_packet(struct hard_block *hb);	 /* a CC packet has come */
void requester_start(struct hard_block *hb);	 /* next RC packet on its way, if any */
void requester_packet(struct hard_block *hb);	 /* an RQ packet has come */

#endif
