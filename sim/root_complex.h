/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's side of the link: register accesses become TLPs, the card's TLPs become memory accesses and interrupts.
 * The link has a bandwidth (speed, width, encoding; 8 bytes of framing, sequence number and LCRC a TLP) and a flight time; the rest of a
 * read's latency passes in the host. The host grants credits (headers of posted and non-posted requests, posted data) and gives them back
 * when a request has arrived, one flight time later; requests without credit wait, and posted ones pass reads that wait.
 * Completions are cut at read completion boundaries and MPS, may be reordered between reads, never within one.
 * Faults (faults.h) strike when a read arrives. Source: PCI Express Base 4.0, 2.2.9, 2.3.1.1, 2.4.1, 2.6.1, 4.2.
 */
#ifndef SIM_ROOT_COMPLEX_H
#define SIM_ROOT_COMPLEX_H

#include "hard_block.h"
#include "host_memory.h"
#include "sim.h"

/* Where the host's interrupt controller takes messages; data is the vector number plus RC_MSI_BASE. */
#define RC_MSI_ADDRESS 0xFEE00000u
#define RC_MSI_BASE 0x40u

/* A read of the card that is being answered. */
struct rc_read {
	uint64_t addr;	  /* of the next byte */
	uint64_t ready;	  /* cycle from which it may be answered */
	uint32_t remaining;
	uint32_t serial;
	uint8_t tag;
	uint8_t tc;
	uint8_t attr;
	bool first;	  /* nothing sent yet */
	bool empty;	  /* zero-length read */
	enum fault_kind fault;
	enum fault_what what;
	uint32_t strike;  /* the fault hits the piece that reaches this count of remaining bytes */
};

/* Flow control credits: TLP headers, and data in units of 16 bytes. */
struct rc_credits {
	int posted_headers;
	int posted_data;
	int nonposted_headers;
};

/* Credits on their way back to the card. */
struct rc_credit_return {
	uint64_t time;
	struct rc_credits credits;
};
#define RC_CREDIT_RETURNS (2u * SIM_MAX_CREDITS) /* a power of two; each holds a header credit at least */

/* One direction of the link. Time in 2^-20 cycles. */
struct rc_link {
	uint64_t free_at;
	struct tlp_queue flying;
};

struct root_complex {
	struct hard_block *hb;
	struct host_memory *memory;
	struct violation *violation;
	struct sim_stats *stats;
	struct rng rng;
	struct fault *faults;
	unsigned int fault_count;
	unsigned int rcb;
	bool split;
	bool reorder;
	uint64_t flight;       /* cycles on the link, one way */
	uint64_t host_latency; /* cycles from a read's arrival to its first completion */
	uint64_t byte_time;    /* 2^-20 cycles a byte */
	uint64_t lost_cycles;
	uint64_t bar;
	struct rc_link up;
	struct rc_link down;
	struct tlp_queue up_wait;    /* requests from the hard block, in order */
	struct tlp_queue up_first;   /* completions from it */
	struct tlp_queue reads_wait; /* without credit; posted requests pass them */
	struct rc_credits granted;   /* at the start */
	struct rc_credits credits;   /* left */
	bool no_reads;		     /* no credit for a read comes back until the next reset */
	struct rc_credit_return returns[RC_CREDIT_RETURNS];
	unsigned int return_head, return_tail; /* free-running */
	struct tlp_queue mmio; /* for the link down */
	unsigned int requests; /* register accesses there and on the link */
	struct rc_read reads[256];
	unsigned int read_count;
	uint64_t awake_until;  /* a lost read may still end in the card's timeout */
	uint64_t link_down_until; /* 0: up */
	bool link_fell;	       /* the device must be reset; cleared by it */
	uint8_t mmio_tag;
	bool mmio_waiting;
	bool mmio_done;
	uint8_t mmio_status;
	uint16_t mmio_dwords;
	uint8_t mmio_data[64];
	void (*interrupt)(void *arg, unsigned int vector);
	void *interrupt_arg;
};

void rc_init(struct root_complex *rc, struct hard_block *hb, struct host_memory *memory, struct violation *violation,
	     struct sim_stats *stats, struct sim_options *opt);
/* Everything on the link and in work is gone. */
void rc_reset(struct root_complex *rc);
/* Work of one cycle at time now: link arrivals and departures. True when something moved. */
bool rc_cycle(struct root_complex *rc, uint64_t now);
/* The link towards the host can take a request of the card. */
bool rc_accepts(const struct root_complex *rc, uint64_t now);
/* Nothing on the link, nothing in work; lost reads keep it busy until awake_until. */
bool rc_idle(const struct root_complex *rc, uint64_t now);

/* Register accesses at offset in BAR 0, 1 to 8 bytes inside one aligned 8-byte word. A read is waited for with rc_read_done. */
int rc_write(struct root_complex *rc, uint32_t offset, const void *data, uint32_t len);
int rc_read_start(struct root_complex *rc, uint32_t offset, uint32_t len);
/* True when the answer of the read is there: its bytes in data, all ones if it failed. */
bool rc_read_done(struct root_complex *rc, uint32_t offset, void *data, uint32_t len);
/* Gives the read up. */
void rc_read_cancel(struct root_complex *rc);

#endif
