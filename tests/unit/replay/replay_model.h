/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Anti-replay in the plainest form: RFC 4303, 3.4.3 and appendix A2.1, word for word, over a list of all that was received. Slow and simple on
 * purpose: nothing of it (no bitmap, no ring, no 64-bit trick) is like the card's.
 */
#ifndef ESPALIER_TESTS_REPLAY_MODEL_H
#define ESPALIER_TESTS_REPLAY_MODEL_H
#include <stdbool.h>
#include <stdint.h>

#define MODEL_RECENT 128 /* numbers remembered: no window is larger */

enum model_verdict { MODEL_FRESH, MODEL_OLD, MODEL_KNOWN };

struct model_sa {
	uint64_t top;    /* highest number received */
	uint64_t floor;  /* numbers up to here counted as received when the SA began */
	uint64_t recent[MODEL_RECENT]; /* received numbers in (top - 128, top] */
	unsigned int recents;
};

void model_init(struct model_sa *sa, uint64_t top);

/* The number a packet with these low bits stands for. False: none, it would be below 0. */
bool model_infer(const struct model_sa *sa, bool esn, unsigned int window, uint32_t low, uint64_t *seq);
enum model_verdict model_check(const struct model_sa *sa, unsigned int window, uint64_t seq);

/* Check, and receive the number if it is fresh. */
enum model_verdict model_receive(struct model_sa *sa, unsigned int window, uint64_t seq);

#endif
