/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Anti-replay with and without extended sequence numbers: RFC 4303, 3.4.3 and appendix A2. Everything works on full 64-bit numbers.
 * An SA that starts with top T counts all numbers up to T as seen. A window of 0 checks nothing; ESN then still needs a window to guess
 * the high half of a number, and uses 64.
 */
#include "soft.h"

#define INFER_WINDOW 64u

void soft_replay_init(struct soft_replay *replay, bool esn, uint32_t window, uint64_t top)
{
	replay->top = top;
	replay->esn = esn;
	replay->window = window;
	replay->seen = ~(unsigned __int128)0;
}

/* RFC 4303, A2.1: the window [bottom, top] lies in one 2^32 block (case A) or straddles two (case B). */
bool soft_replay_infer(const struct soft_replay *replay, uint32_t low, uint64_t *seq)
{
	uint32_t window = replay->window ? replay->window : INFER_WINDOW;
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

uint8_t soft_replay_check(const struct soft_replay *replay, uint64_t seq)
{
	uint64_t back;

	if (replay->window == 0)
		return ESP_STATUS_OK;
	if (seq == 0)
		return ESP_STATUS_REPLAY_OLD;
	if (seq > replay->top)
		return ESP_STATUS_OK;
	back = replay->top - seq;
	if (back >= replay->window)
		return ESP_STATUS_REPLAY_OLD;
	return replay->seen >> back & 1 ? ESP_STATUS_REPLAY_DUPLICATE : ESP_STATUS_OK;
}

void soft_replay_update(struct soft_replay *replay, uint64_t seq)
{
	uint64_t ahead = seq - replay->top;

	if (seq <= replay->top) {
		if (replay->top - seq < replay->window)
			replay->seen |= (unsigned __int128)1 << (replay->top - seq);
		return;
	}
	replay->seen = (ahead < SOFT_MAX_WINDOW ? replay->seen << ahead : 0) | 1;
	replay->top = seq;
}
