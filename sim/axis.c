// SPDX-License-Identifier: Apache-2.0
// Packets on the four user interfaces of the hard block, beat by beat; see axis.h.
#include "axis.h"

#include <string.h>

const struct axis_layout axis_cq = {
	.name = "CQ", .first_be = 0, .last_be = 8, .byte_en = 16, .sop = 80, .sop_bits = 2, .sop_ptr = 82, .eop = 86, .eop_bits = 2,
	.eop_ptr = 88, .discontinue = 96, .user_words = 6, .descriptor = 4,
};
const struct axis_layout axis_cc = {
	.name = "CC", .first_be = -1, .last_be = -1, .byte_en = -1, .sop = 0, .sop_bits = 2, .sop_ptr = 2, .eop = 6, .eop_bits = 2,
	.eop_ptr = 8, .discontinue = 16, .user_words = 3, .descriptor = 3,
};
const struct axis_layout axis_rq = {
	.name = "RQ", .first_be = 0, .last_be = 8, .byte_en = -1, .sop = 20, .sop_bits = 2, .sop_ptr = 22, .eop = 26, .eop_bits = 2,
	.eop_ptr = 28, .discontinue = 36, .user_words = 5, .descriptor = 4,
};
const struct axis_layout axis_rc = {
	.name = "RC", .first_be = -1, .last_be = -1, .byte_en = 0, .sop = 64, .sop_bits = 4, .sop_ptr = 68, .eop = 76, .eop_bits = 4,
	.eop_ptr = 80, .discontinue = 96, .user_words = 6, .descriptor = 3,
};

/* At most 32 bits, across a word boundary or not. */
uint32_t axis_bits(const uint32_t *words, unsigned int lo, unsigned int count)
{
	uint64_t v = words[lo / 32];

	if (lo % 32 + count > 32)
		v |= (uint64_t)words[lo / 32 + 1] << 32;
	return (uint32_t)(v >> lo % 32 & (((uint64_t)1 << count) - 1));
}

void axis_set_bits(uint32_t *words, unsigned int lo, unsigned int count, uint32_t value)
{
	uint64_t mask = (((uint64_t)1 << count) - 1) << lo % 32;
	uint64_t v = (uint64_t)value << lo % 32 & mask;

	words[lo / 32] = (words[lo / 32] & ~(uint32_t)mask) | (uint32_t)v;
	if (mask >> 32)
		words[lo / 32 + 1] = (words[lo / 32 + 1] & ~(uint32_t)(mask >> 32)) | (uint32_t)(v >> 32);
}

void axis_source_start(struct axis_source *s, unsigned int count, uint8_t first_be, uint8_t last_be)
{
	s->count = count;
	s->at = 0;
	s->first_be = first_be;
	s->last_be = last_be;
	/* What lies behind the packet in its last beat is of no meaning to the card, and must have none. */
	memset(&s->words[count], 0, (AXIS_WORDS - 1) * sizeof s->words[0]);
}

uint32_t axis_dword_enables(const struct axis_source *s, unsigned int dword)
{
	if (dword < s->layout->descriptor || dword >= s->count)
		return 0;
	if (dword == s->layout->descriptor)
		return s->first_be;
	return dword == s->count - 1 ? s->last_be : 15;
}

static void drive_user(const struct axis_source *s, unsigned int beat_words, bool last)
{
	const struct axis_layout *l = s->layout;
	uint32_t *user = s->pins->tuser;

	memset(user, 0, l->user_words * sizeof *user);
	for (unsigned int i = 0; i < beat_words; i++)
		axis_set_bits(user, (unsigned int)l->byte_en + 4 * i, 4, axis_dword_enables(s, s->at + i));
	if (s->at == 0) {
		axis_set_bits(user, (unsigned int)l->sop, l->sop_bits, 1);
		if (l->first_be >= 0) {
			axis_set_bits(user, (unsigned int)l->first_be, 4, s->first_be);
			axis_set_bits(user, (unsigned int)l->last_be, 4, s->last_be);
		}
	}
	if (last) {
		axis_set_bits(user, (unsigned int)l->eop, l->eop_bits, 1);
		axis_set_bits(user, (unsigned int)l->eop_ptr, 4, beat_words - 1);
	}
}

void axis_source_drive(struct axis_source *s, bool hold)
{
	unsigned int left = s->count - s->at;
	unsigned int words = left < AXIS_WORDS ? left : AXIS_WORDS;

	/* A beat that was offered stays: hold only delays a packet of which nothing was shown. */
	if (s->count == 0 || (hold && s->at == 0 && !*s->pins->tvalid)) {
		*s->pins->tvalid = 0;
		return;
	}
	*s->pins->tvalid = 1;
	*s->pins->tlast = left <= AXIS_WORDS;
	*s->pins->tkeep = (uint16_t)((1u << words) - 1);
	memcpy(s->pins->tdata, &s->words[s->at], AXIS_WORDS * sizeof s->words[0]);
	drive_user(s, words, left <= AXIS_WORDS);
}

bool axis_source_step(struct axis_source *s)
{
	if (!*s->pins->tvalid || !*s->pins->tready)
		return false;
	s->at += AXIS_WORDS;
	if (s->at < s->count)
		return false;
	s->count = 0;
	s->at = 0;
	return true;
}

void axis_source_reset(struct axis_source *s)
{
	s->count = 0;
	s->at = 0;
	s->offered = false;
	*s->pins->tvalid = 0;
}

static void check_held(struct axis_sink *s, struct violation *v)
{
	const struct card_stream *p = s->pins;

	if (!*p->tvalid) {
		violation_raise(v, "%s: tvalid fell before tready", s->layout->name);
		return;
	}
	if (memcmp(s->held_data, p->tdata, sizeof s->held_data) || *p->tkeep != s->held_keep || *p->tlast != s->held_last ||
	    memcmp(s->held_user, p->tuser, s->layout->user_words * sizeof *p->tuser))
		violation_raise(v, "%s: a beat changed while it waited for tready", s->layout->name);
}

static void hold_beat(struct axis_sink *s)
{
	const struct card_stream *p = s->pins;

	s->held = true;
	s->held_keep = *p->tkeep;
	s->held_last = *p->tlast;
	memcpy(s->held_data, p->tdata, sizeof s->held_data);
	memcpy(s->held_user, p->tuser, s->layout->user_words * sizeof *p->tuser);
}

static void check_beat(const struct axis_sink *s, struct violation *v)
{
	const struct axis_layout *l = s->layout;
	const struct card_stream *p = s->pins;
	uint32_t keep = *p->tkeep;
	uint32_t sop = axis_bits(p->tuser, (unsigned int)l->sop, l->sop_bits);
	uint32_t eop = axis_bits(p->tuser, (unsigned int)l->eop, l->eop_bits);

	if (keep == 0 || (keep & (keep + 1)))
		violation_raise(v, "%s: tkeep %#x is not contiguous from the lowest dword", l->name, keep);
	else if (!*p->tlast && keep != 0xffff)
		violation_raise(v, "%s: tkeep %#x in a beat that is not the packet's last", l->name, keep);
	if (sop != (s->count == 0) || (sop && axis_bits(p->tuser, (unsigned int)l->sop_ptr, 2)))
		violation_raise(v, "%s: is_sop %#x in %s beat", l->name, sop, s->count ? "a later" : "the first");
	if (eop != *p->tlast)
		violation_raise(v, "%s: is_eop %#x with tlast %u", l->name, eop, *p->tlast);
	else if (eop && axis_bits(p->tuser, (unsigned int)l->eop_ptr, 4) != (uint32_t)__builtin_popcount(keep) - 1)
		violation_raise(v, "%s: is_eop0_ptr %u with tkeep %#x", l->name, axis_bits(p->tuser, (unsigned int)l->eop_ptr, 4), keep);
	if (axis_bits(p->tuser, (unsigned int)l->discontinue, 1))
		violation_raise(v, "%s: discontinue", l->name);
	if (s->count + AXIS_WORDS > sizeof s->words / sizeof s->words[0])
		violation_raise(v, "%s: a packet of more than %u dwords", l->name, AXIS_MAX_WORDS);
}

bool axis_sink_taken(struct axis_sink *s, struct violation *v)
{
	const struct card_stream *p = s->pins;

	if (s->held)
		check_held(s, v);
	s->held = false;
	if (!*p->tvalid) {
		if (s->count)
			violation_raise(v, "%s: tvalid fell in the middle of a packet", s->layout->name);
		return false;
	}
	if (!*p->tready)
		hold_beat(s);
	return *p->tready && !v->raised;
}

bool axis_sink_step(struct axis_sink *s, struct violation *v)
{
	const struct card_stream *p = s->pins;

	if (!axis_sink_taken(s, v))
		return false;
	check_beat(s, v);
	if (v->raised)
		return false;
	if (s->count == 0)
		memcpy(s->user, p->tuser, s->layout->user_words * sizeof *p->tuser);
	memcpy(&s->words[s->count], p->tdata, AXIS_WORDS * sizeof s->words[0]);
	s->count += (unsigned int)__builtin_popcount(*p->tkeep);
	return *p->tlast;
}

void axis_sink_reset(struct axis_sink *s)
{
	s->count = 0;
	s->held = false;
}
