/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Anti-replay with and without extended sequence numbers: RFC 4303, 3.4.3 and appendix A2. Everything works on full 64-bit numbers.
 * An SA that starts with top T counts all numbers up to T as seen. A window of 0 checks nothing; ESN then still needs a window to guess
 * the high half of a number, and uses 64.
 */
#ifndef ESPALIER_SOFT_REPLAY_H
#define ESPALIER_SOFT_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#define SOFT_MAX_WINDOW 4096u /* packets; as much as Linux has */
#define SOFT_WINDOW_WORDS 128u /* a power of two, not below the 65 that a window of SOFT_MAX_WINDOW may touch */

/*
 * The numbers from a multiple of 64 on share a word, which has its place by their upper bits: seen[number / 64 % words], words a power of two that holds the
 * window wherever it begins. So a window moves by clearing the words that it comes to.
 */
struct soft_replay {
	uint64_t top; /* highest number received */
	uint32_t window;
	uint32_t words; /* a power of two, not below the words that a window may touch */
	bool esn;
	uint64_t seen[SOFT_WINDOW_WORDS];
};

void soft_replay_init(struct soft_replay *replay, bool esn, uint32_t window, uint64_t top);
/* The full number behind the low 32 bits on the wire; false: it would lie before number 0. */
bool soft_replay_infer(const struct soft_replay *replay, uint32_t low, uint64_t *seq);
/* ESP_STATUS_OK, ESP_STATUS_REPLAY_OLD or ESP_STATUS_REPLAY_DUPLICATE; changes nothing. */
uint8_t soft_replay_check(const struct soft_replay *replay, uint64_t seq);
/* Note a number that passed the check and the ICV. */
void soft_replay_update(struct soft_replay *replay, uint64_t seq);

#endif
