// SPDX-License-Identifier: Apache-2.0
// Straddled streams: RC towards the card, RQ from it. tuser alone says where TLPs begin and end; see straddle.h.
#include "straddle.h"

#include <string.h>

#define RC_STARTS 4u /* TLPs that begin in a beat of RC, each in a 16-byte lane */
#define LANE_WORDS 4u
#define RQ_STARTS 2u /* and of RQ, in byte 0 or 32 */
#define RQ_HALF 8u

/* ---- towards the card ---------------------------------------------------------------------------------------------------------- */

static void put_words(struct axis_source *s, unsigned int pos, unsigned int n)
{
	memcpy(s->pins->tdata + pos, &s->words[s->at], n * sizeof s->words[0]);
	for (unsigned int i = 0; i < n; i++)
		axis_set_bits(s->pins->tuser, (unsigned int)s->layout->byte_en + 4 * (pos + i), 4, axis_dword_enables(s, s->at + i));
	s->at += n;
}

void straddle_drive(struct axis_source *s, bool hold, void (*refill)(void *arg), void *arg)
{
	const struct axis_layout *l = s->layout;
	unsigned int pos = 0, starts = 0, ends = 0;

	if (s->offered)
		return;
	memset(s->pins->tuser, 0, l->user_words * sizeof *s->pins->tuser);
	memset(s->pins->tdata, 0, AXIS_WORDS * sizeof *s->pins->tdata);
	while (pos < AXIS_WORDS) {
		unsigned int n;

		if (s->count == 0 && !hold)
			refill(arg);
		if (s->count == 0)
			break;
		if (s->at == 0) {
			axis_set_bits(s->pins->tuser, (unsigned int)l->sop + starts, 1, 1);
			axis_set_bits(s->pins->tuser, (unsigned int)l->sop_ptr + 2 * starts, 2, pos / LANE_WORDS);
			starts++;
		}
		n = s->count - s->at < AXIS_WORDS - pos ? s->count - s->at : AXIS_WORDS - pos;
		put_words(s, pos, n);
		pos += n;
		if (s->at < s->count)
			break;
		axis_set_bits(s->pins->tuser, (unsigned int)l->eop + ends, 1, 1);
		axis_set_bits(s->pins->tuser, (unsigned int)l->eop_ptr + 4 * ends, 4, pos - 1);
		ends++;
		s->count = s->at = 0;
		pos = (pos + LANE_WORDS - 1) / LANE_WORDS * LANE_WORDS;
	}
	*s->pins->tkeep = 0xffff;
	*s->pins->tlast = 0;
	*s->pins->tvalid = pos > 0;
	s->offered = pos > 0;
}

void straddle_source_step(struct axis_source *s)
{
	if (*s->pins->tvalid && *s->pins->tready)
		s->offered = false;
}

/* ---- from the card --------------------------------------------------------------------------------------------------------------- */

struct marks {
	unsigned int starts, ends; /* how many */
	unsigned int start[RQ_STARTS], end[RQ_STARTS];
};

static bool read_marks(const struct axis_sink *s, struct marks *m, struct violation *v)
{
	static const unsigned int count[4] = {0, 1, 3, 2}; /* bit 1 alone is wrong */
	const struct axis_layout *l = s->layout;
	const uint32_t *user = s->pins->tuser;

	m->starts = count[axis_bits(user, (unsigned int)l->sop, 2)];
	m->ends = count[axis_bits(user, (unsigned int)l->eop, 2)];
	if (m->starts > RQ_STARTS || m->ends > RQ_STARTS) {
		violation_raise(v, "%s: is_sop or is_eop has bit 1 without bit 0", l->name);
		return false;
	}
	for (unsigned int i = 0; i < m->starts; i++) {
		m->start[i] = axis_bits(user, (unsigned int)l->sop_ptr + 2 * i, 2) * LANE_WORDS;
		if (m->start[i] % RQ_HALF) {
			violation_raise(v, "%s: a TLP begins in dword %u", l->name, m->start[i]);
			return false;
		}
	}
	for (unsigned int i = 0; i < m->ends; i++)
		m->end[i] = axis_bits(user, (unsigned int)l->eop_ptr + 4 * i, 4);
	if (axis_bits(user, (unsigned int)l->discontinue, 1))
		violation_raise(v, "%s: discontinue", l->name);
	return true;
}

static void begin(struct axis_sink *s, unsigned int index)
{
	const struct axis_layout *l = s->layout;
	uint32_t *user = s->pins->tuser;

	memset(s->user, 0, sizeof s->user);
	axis_set_bits(s->user, (unsigned int)l->first_be, 4, axis_bits(user, (unsigned int)l->first_be + 4 * index, 4));
	axis_set_bits(s->user, (unsigned int)l->last_be, 4, axis_bits(user, (unsigned int)l->last_be + 4 * index, 4));
	axis_set_bits(s->user, RQ_SEQ_NUM, 6, axis_bits(user, RQ_SEQ_NUM + 6 * index, 6));
	axis_set_bits(s->user, RQ_ADDR_OFFSET, 4, axis_bits(user, RQ_ADDR_OFFSET, 4));
}

static bool collect(struct axis_sink *s, unsigned int from, unsigned int to, struct violation *v)
{
	if (s->count + AXIS_WORDS > sizeof s->words / sizeof s->words[0]) {
		violation_raise(v, "%s: a packet of more than %u dwords", s->layout->name, AXIS_MAX_WORDS);
		return false;
	}
	memcpy(&s->words[s->count], s->pins->tdata + from, (to - from) * sizeof s->words[0]);
	s->count += to - from;
	return true;
}

static void take_beat(struct axis_sink *s, struct violation *v, void (*packet)(void *arg), void *arg)
{
	unsigned int pos = 0, started = 0, ended = 0;
	struct marks m;

	if (!read_marks(s, &m, v))
		return;
	if (!s->count && !m.starts)
		violation_raise(v, "%s: is_sop 0 in the first beat", s->layout->name);
	while (!v->raised && (s->count || started < m.starts)) {
		unsigned int end = ended < m.ends ? m.end[ended] : AXIS_WORDS - 1;

		if (!s->count) {
			if (m.start[started] < pos) {
				violation_raise(v, "%s: a TLP begins before the one before it ends", s->layout->name);
				return;
			}
			pos = m.start[started];
			begin(s, started++);
		}
		if (end < pos) {
			violation_raise(v, "%s: is_eop%u_ptr %u of a TLP that has dword %u", s->layout->name, ended, end, pos);
			return;
		}
		if (!collect(s, pos, end + 1, v) || ended == m.ends)
			break;
		packet(arg);
		s->count = 0;
		ended++;
		pos = end + 1;
	}
	if (!v->raised && (started < m.starts || ended < m.ends))
		violation_raise(v, "%s: is_sop names %u TLPs and is_eop %u, more than fit together", s->layout->name, m.starts, m.ends);
}

void straddle_sink_step(struct axis_sink *s, struct violation *v, void (*packet)(void *arg), void *arg)
{
	if (axis_sink_taken(s, v))
		take_beat(s, v, packet, arg);
}
