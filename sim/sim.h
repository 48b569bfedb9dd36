/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every part of the simulator shares: options, counters, random numbers, and the way to report that the card broke a rule.
 * Time is counted in card clock cycles of 4 ns (250 MHz).
 */
#ifndef SIM_H
#define SIM_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "faults.h"

#define SIM_NS_PER_CYCLE 4u
#define SIM_MAX_FAULTS 16
#define SIM_MAX_CREDITS 256u /* header credits of a kind */
#define SIM_VECTORS 4u /* MSI-X vectors of the card */
#define SIM_BAR_SIZE 0x10000u
#define SIM_MSIX_TABLE 0x8000u
#define SIM_MSIX_PBA 0xC000u

/* The slot that the card is plugged into, as libpci names it and as a requester ID. */
#define SIM_SLOT_NAME "0000:01:00.0"
#define SIM_CARD_ID 0x0100u /* bus 1, device 0, function 0 */
#define SIM_HOST_ID 0x0000u /* the root complex as a requester and completer */

struct sim_options {
	char dir[256];		/* holds vfio-user.sock and sysfs/ */
	const char *trace;	/* FST file or NULL */
	const char *stats;	/* JSON file or NULL */
	unsigned int speed;	/* PCIe generation, 1 to 5 */
	unsigned int width;	/* lanes: 1, 2, 4, 8, 16 */
	unsigned int latency;	/* ns of a memory read's way to the host and back, beside the link's own time */
	unsigned int mps;	/* bytes */
	unsigned int mrrs;	/* bytes */
	unsigned int rcb;	/* bytes: 64 or 128 */
	unsigned int posted_headers;	/* flow control credits that the host grants */
	unsigned int posted_data;	/* 16 bytes each */
	unsigned int nonposted_headers;
	unsigned int completion_headers; /* that the block's buffer holds */
	unsigned int completion_bytes;	 /* of their payload */
	bool split;		/* split completions at random RCBs */
	bool reorder;		/* reorder completions of different tags */
	unsigned int stall;	/* percent of cycles in which tready is low, and packets wait */
	uint64_t seed;
	uint64_t bar;		/* address at which the firmware put BAR 0 */
	uint64_t lost_cycles;	/* cycles the simulator stays awake for a card that waits for a lost completion */
	bool exit_with_client;
	bool parent_death;
	bool remove_dir;
	struct fault faults[SIM_MAX_FAULTS];
	unsigned int fault_count;
};

struct sim_stats {
	uint64_t cycles;
	uint64_t mmio_reads;
	uint64_t mmio_writes;
	uint64_t dma_reads;	/* MRd TLPs */
	uint64_t dma_read_bytes;
	uint64_t dma_writes;	/* MWr TLPs, without interrupts */
	uint64_t dma_write_bytes;
	uint64_t completions;	/* TLPs answered to the card's reads */
	uint64_t interrupts;
	uint64_t interrupts_dropped; /* vectors without an eventfd */
	uint64_t reads_unmapped;     /* answered with UR: no mapping of that IOVA */
	uint64_t writes_unmapped;    /* dropped: no mapping of that IOVA */
	uint64_t completion_buffer_max; /* payload bytes that waited for the card at once */
	uint64_t completion_promise_max; /* completions that the card's reads could have brought at once */
	uint64_t credit_waits;	     /* reads that had to wait for a credit */
	uint64_t late_dropped;	     /* late completions whose tag the card had given to a new read */
	uint64_t resets;
	uint64_t clients;
	uint64_t bad_messages; /* vfio-user messages answered with an error, or cut off */
	uint64_t faults[FAULT_KINDS];
};

/* The first rule that the card broke; the simulator ends as soon as one is raised, since everything after it is worthless. */
struct violation {
	bool raised;
	char text[256];
};

/* Prints the text on stderr and keeps the first one. */
void violation_raise(struct violation *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* splitmix64: a sequence per seed, the same on every machine. */
struct rng {
	uint64_t state;
};

uint64_t rng_next(struct rng *rng);
/* 0 to bound - 1; bound > 0. */
uint32_t rng_below(struct rng *rng, uint32_t bound);

#endif
