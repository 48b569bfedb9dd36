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

#include "espalier_regs.h"

#define SOFT_MAX_WINDOW 4096u /* packets; as much as Linux has */
#define SOFT_REPLAY_INFER 64u /* the window that a number is guessed with if there is none */
#define SOFT_REPLAY_WORD 64u /* numbers */
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
/* The word of a number. */
static inline uint64_t *soft_replay_word(struct soft_replay *replay, uint64_t seq)
{
	return &replay->seen[seq / SOFT_REPLAY_WORD & (replay->words - 1)];
}

/*
 * The full number behind the low 32 bits on the wire; false: it would lie before number 0. RFC 4303, A2.1: the window [bottom, top] lies in one 2^32 block (case A) or
 * straddles two (case B).
 */
static inline bool soft_replay_infer(const struct soft_replay *replay, uint32_t low, uint64_t *seq)
{
	uint32_t window = replay->window ? replay->window : SOFT_REPLAY_INFER;
	uint32_t top_low = (uint32_t)replay->top;
	uint32_t high = (uint32_t)(replay->top >> 32);
	uint32_t bottom = top_low - window + 1; /* modulo 2^32 */

	*seq = low;
	if (!replay->esn)
		return true;
	if (top_low >= window - 1) {
		if (low < bottom)
			high++;
	} else if (low >= bottom) {
		if (high == 0)
			return false;
		high--;
	}
	*seq = (uint64_t)high << 32 | low;
	return true;
}

/* ESP_STATUS_OK, ESP_STATUS_REPLAY_OLD or ESP_STATUS_REPLAY_DUPLICATE; changes nothing. */
static inline uint8_t soft_replay_check(const struct soft_replay *replay, uint64_t seq)
{
	if (replay->window == 0)
		return ESP_STATUS_OK;
	if (seq == 0)
		return ESP_STATUS_REPLAY_OLD;
	if (seq > replay->top)
		return ESP_STATUS_OK;
	if (replay->top - seq >= replay->window)
		return ESP_STATUS_REPLAY_OLD;
	return replay->seen[seq / SOFT_REPLAY_WORD & (replay->words - 1)] >> seq % SOFT_REPLAY_WORD & 1 ? ESP_STATUS_REPLAY_DUPLICATE : ESP_STATUS_OK;
}

/* Note a number that passed the check and the ICV. */
static inline void soft_replay_update(struct soft_replay *replay, uint64_t seq)
{
	if (seq > replay->top) {
		uint64_t ahead = seq / SOFT_REPLAY_WORD - replay->top / SOFT_REPLAY_WORD;

		for (uint64_t i = 0; i < ahead && i < replay->words; i++)
			*soft_replay_word(replay, seq - i * SOFT_REPLAY_WORD) = 0;
		replay->top = seq;
	}
	*soft_replay_word(replay, seq) |= 1ull << seq % SOFT_REPLAY_WORD;
}

#endif
