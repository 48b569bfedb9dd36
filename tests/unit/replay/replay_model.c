// SPDX-License-Identifier: Apache-2.0
// See replay_model.h.
#include "replay_model.h"

void model_init(struct model_sa *sa, uint64_t top)
{
	sa->top = top;
	sa->floor = top;
	sa->recents = 0;
}

bool model_infer(const struct model_sa *sa, bool esn, unsigned int window, uint32_t low, uint64_t *seq)
{
	uint32_t tl = (uint32_t)sa->top, th = (uint32_t)(sa->top >> 32), seqh;
	uint32_t w = window ? window : 64;

	*seq = low;
	if (!esn)
		return true;
	if (tl >= w - 1) { /* case A */
		seqh = low >= tl - w + 1 ? th : th + 1;
	} else if (low >= (uint32_t)(tl - w + 1)) { /* case B */
		if (th == 0)
			return false;
		seqh = th - 1;
	} else {
		seqh = th;
	}
	*seq = (uint64_t)seqh << 32 | low;
	return true;
}

enum model_verdict model_check(const struct model_sa *sa, unsigned int window, uint64_t seq)
{
	if (window == 0)
		return MODEL_FRESH;
	if (seq == 0)
		return MODEL_OLD;
	if (seq > sa->top)
		return MODEL_FRESH;
	if (sa->top - seq >= window)
		return MODEL_OLD;
	if (seq <= sa->floor)
		return MODEL_KNOWN;
	for (unsigned int i = 0; i < sa->recents; i++)
		if (sa->recent[i] == seq)
			return MODEL_KNOWN;
	return MODEL_FRESH;
}

enum model_verdict model_receive(struct model_sa *sa, unsigned int window, uint64_t seq)
{
	enum model_verdict verdict = model_check(sa, window, seq);
	unsigned int keep = 0;

	if (verdict != MODEL_FRESH)
		return verdict;
	if (seq > sa->top)
		sa->top = seq;
	for (unsigned int i = 0; i < sa->recents; i++)
		if (sa->top - sa->recent[i] < MODEL_RECENT)
			sa->recent[keep++] = sa->recent[i];
	if (window && sa->top - seq < MODEL_RECENT)
		sa->recent[keep++] = seq;
	sa->recents = keep;
	return verdict;
}
