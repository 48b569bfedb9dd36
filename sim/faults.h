/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may go wrong with the card's reads of host memory, and when: KIND[:option[,option...]]
 *   ur, ca      the completion has the status Unsupported Request, Completer Abort
 *   poisoned    a completion's payload is marked bad
 *   lost        the answer never comes
 *   timeout     the answer never comes, and the hard block's own timer reports it (error code 1001) after delay
 *   late        the answer comes after delay
 *   malformed   a completion does not fit its request: what=count|address|attr|nodata|tag, at random if not given
 *   linkdown    the link drops for delay; the card is reset, the host sees all ones
 *   nocredits   from this read on the host takes no read any more until the card is reset: it answers registers and completes nothing
 * Options: nth=N (the Nth read that matches, from 1), count=N (that many from the nth on; default 1), prob=P (0 to 1, each read that
 * matches), addr=LO-HI (only reads that touch these IOVAs, inclusive), delay=NS, what=. Without nth and prob every read that matches.
 */
#ifndef SIM_FAULTS_H
#define SIM_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

enum fault_kind {
	FAULT_NONE,
	FAULT_UR,
	FAULT_CA,
	FAULT_POISONED,
	FAULT_LOST,
	FAULT_TIMEOUT,
	FAULT_LATE,
	FAULT_MALFORMED,
	FAULT_LINKDOWN,
	FAULT_NOCREDITS,
	FAULT_KINDS
};

enum fault_what { MALFORMED_ANY, MALFORMED_COUNT, MALFORMED_ADDRESS, MALFORMED_ATTR, MALFORMED_NODATA, MALFORMED_TAG, MALFORMED_KINDS };

struct fault {
	enum fault_kind kind;
	enum fault_what what;
	uint64_t nth;	/* 0: not by number */
	uint64_t count;
	uint32_t prob;	/* of 2^32; 0 with nth 0: always */
	bool by_prob;
	uint64_t lo;
	uint64_t hi;
	uint64_t delay; /* cycles */
	uint64_t seen;	/* reads that matched so far */
};

struct rng;

const char *fault_name(enum fault_kind kind);
/* 0, or -EINVAL with a sentence in err. */
int fault_parse(const char *text, struct fault *f, char *err, unsigned long err_len);
/* Whether the fault strikes a read of len bytes at addr; counts the read. */
bool fault_strikes(struct fault *f, struct rng *rng, uint64_t addr, uint32_t len);

#endif
