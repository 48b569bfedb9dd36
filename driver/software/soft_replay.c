/* SPDX-License-Identifier: Apache-2.0 */
#include "soft_replay.h"

#include "espalier_regs.h"

#define INFER_WINDOW 64u
#define WORD 64u /* numbers */

static uint64_t *word_of(struct soft_replay *replay, uint64_t seq)
{
	return &replay->seen[seq / WORD & (replay->words - 1)];
}

void soft_replay_init(struct soft_replay *replay, bool esn, uint32_t window, uint64_t top)
{
	replay->top = top;
	replay->esn = esn;
	replay->window = window;
	replay->words = 1;
	while (replay->words <= (window + WORD - 2) / WORD) /* a window from the last number of a word on */
		replay->words *= 2;
	for (uint32_t i = 0; i < replay->words; i++)
		replay->seen[i] = UINT64_MAX;
	*word_of(replay, top) = UINT64_MAX >> (WORD - 1 - top % WORD); /* nothing above top */
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
	if (replay->window == 0)
		return ESP_STATUS_OK;
	if (seq == 0)
		return ESP_STATUS_REPLAY_OLD;
	if (seq > replay->top)
		return ESP_STATUS_OK;
	if (replay->top - seq >= replay->window)
		return ESP_STATUS_REPLAY_OLD;
	return replay->seen[seq / WORD & (replay->words - 1)] >> seq % WORD & 1 ? ESP_STATUS_REPLAY_DUPLICATE : ESP_STATUS_OK;
}

void soft_replay_update(struct soft_replay *replay, uint64_t seq)
{
	if (seq > replay->top) {
		uint64_t ahead = seq / WORD - replay->top / WORD;

		for (uint64_t i = 0; i < ahead && i < replay->words; i++)
			*word_of(replay, seq - i * WORD) = 0;
		replay->top = seq;
	}
	*word_of(replay, seq) |= 1ull << seq % WORD;
}
