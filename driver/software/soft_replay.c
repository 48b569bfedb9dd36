/* SPDX-License-Identifier: Apache-2.0 */
#include "soft_replay.h"

void soft_replay_init(struct soft_replay *replay, bool esn, uint32_t window, uint64_t top)
{
	replay->top = top;
	replay->esn = esn;
	replay->window = window;
	replay->words = 1;
	while (replay->words <= (window + SOFT_REPLAY_WORD - 2) / SOFT_REPLAY_WORD) /* a window from the last number of a word on */
		replay->words *= 2;
	for (uint32_t i = 0; i < replay->words; i++)
		replay->seen[i] = UINT64_MAX;
	*soft_replay_word(replay, top) = UINT64_MAX >> (SOFT_REPLAY_WORD - 1 - top % SOFT_REPLAY_WORD); /* nothing above top */
}
