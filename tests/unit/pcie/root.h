/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A root complex at the RQ and RC ports of pcie_dma, for its tests: takes TLPs apart and checks each against the rules of PCI Express,
 * answers reads in pieces and out of order, well or in one of the ways of enum fault, and hands writes to the test.
 */
#ifndef ESPALIER_TESTS_ROOT_H
#define ESPALIER_TESTS_ROOT_H
#include <stdint.h>

#define ROOT_TAGS 64
#define QUARANTINE 2048 /* cycles: the build's QUARANTINE_LOG2 = 11 */

enum fault {
	FAULT_NONE,
	FAULT_UR,
	FAULT_CA,
	FAULT_CRS,
	FAULT_POISONED,	      /* EP bit */
	FAULT_POISONED_CODE,  /* the block's error code 1 */
	FAULT_LOST,	      /* never answered */
	FAULT_LATE,	      /* answered after the card's timeout */
	FAULT_BLOCK_TIMEOUT,  /* error code 9 */
	FAULT_BYTE_COUNT,
	FAULT_LOWER_ADDRESS,
	FAULT_COMPLETED,      /* request completed: set too early, or missing at the end */
	FAULT_EXTRA_DWORDS,
	FAULT_CUT,	      /* fewer beats or dwords than the header says */
	FAULT_LONG,	      /* a beat more */
	FAULT_DISCONTINUE,
	FAULT_NO_DATA,
	FAULT_ADDRESS_CODE,   /* error code 5 */
	FAULT_COUNT
};

extern struct root {
	/* set by the test */
	unsigned mps, mrrs, rcb;  /* bytes */
	unsigned stall;		  /* percent of the cycles in which a port rests */
	unsigned hold;		  /* cycles from a request to its first completion, at least */
	int reorder;		  /* between tags */
	int answer;		  /* 0: no completions */
	int stopped;		  /* reads may end in DMA_STOPPED */
	int few_tags;		  /* extended tags are off */
	unsigned stray;		  /* percent of completions after which an unexpected one comes */
	uint32_t timeout;
	enum fault (*fault)(uint64_t addr, unsigned len);
	void (*write)(uint64_t addr, unsigned len, const uint8_t *data);
	/* read by the test */
	uint64_t now;
	unsigned reads, writes, completions, outstanding;
	unsigned unexpected, seen_unexpected; /* sent, and counted by the card */
	uint64_t rq_beats;
	unsigned whole;	 /* writes that came, by root.write */
	unsigned passed; /* of them those that cannot be passed any more */
} root;

uint8_t host_byte(uint64_t addr);
void root_reset(void);
/* Before the clock edge: drive RC and RQ's ready; after dut_settle(): take what is exchanged in this cycle. */
void root_drive(void);
void root_sample(void);

#endif
