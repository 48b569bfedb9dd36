/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One TLP as one AXI4-Stream packet on the 512-bit user interface of the hard block: descriptor, then payload dwords, 16 dwords a beat.
 * That is CQ and CC; the straddled RQ and RC are in straddle.h. Parity is off (a setting of the block), and 0.
 * Source: AMD PG213, "512-bit ... Interface", tables of the tuser bits.
 */
#ifndef SIM_AXIS_H
#define SIM_AXIS_H

#include <stdbool.h>
#include <stdint.h>

#include "card.h"
#include "sim.h"

#define AXIS_WORDS 16u /* dwords of a beat */
#define AXIS_MAX_WORDS (4u + 1024u)
#define AXIS_USER_WORDS 6u

/* Bit positions in tuser; -1: the channel has no such field. */
struct axis_layout {
	const char *name;
	int first_be;
	int last_be;
	int byte_en;
	int sop;
	unsigned int sop_bits;
	int sop_ptr;
	int eop;
	unsigned int eop_bits;
	int eop_ptr;
	int discontinue;
	unsigned int user_words;
	unsigned int descriptor; /* dwords */
};

extern const struct axis_layout axis_cq, axis_cc, axis_rq, axis_rc;

uint32_t axis_bits(const uint32_t *words, unsigned int lo, unsigned int count);
void axis_set_bits(uint32_t *words, unsigned int lo, unsigned int count, uint32_t value);

/* Towards the card. */
struct axis_source {
	const struct axis_layout *layout;
	const struct card_stream *pins;
	uint32_t words[AXIS_MAX_WORDS + AXIS_WORDS];
	unsigned int count; /* dwords of the packet; 0: nothing to send */
	unsigned int at;    /* first dword of the beat on the pins */
	uint8_t first_be;
	uint8_t last_be;
	bool offered;	    /* straddled: the beat on the pins is still to be taken; count and at are those behind it */
};

/* Byte enables of a dword of the packet, 0 for the descriptor. */
uint32_t axis_dword_enables(const struct axis_source *s, unsigned int dword);

/* words[] holds descriptor and payload already; the byte enables are those of the payload. */
void axis_source_start(struct axis_source *s, unsigned int count, uint8_t first_be, uint8_t last_be);
/* Writes the pins for this cycle. hold: a packet that has not begun waits. */
void axis_source_drive(struct axis_source *s, bool hold);
/* After card_settle: takes the beat when both sides were ready. True when that ended the packet. */
bool axis_source_step(struct axis_source *s);
void axis_source_reset(struct axis_source *s);

/* From the card, with its rules checked. */
struct axis_sink {
	const struct axis_layout *layout;
	const struct card_stream *pins;
	uint32_t words[AXIS_MAX_WORDS + AXIS_WORDS];
	uint32_t user[AXIS_USER_WORDS]; /* of the first beat */
	unsigned int count;
	bool held;	   /* last cycle's beat was not taken: it must still be there */
	uint32_t held_data[AXIS_WORDS];
	uint32_t held_user[AXIS_USER_WORDS];
	uint16_t held_keep;
	uint8_t held_last;
};

/* After card_settle: true when the beat taken ended a packet, which is in words[0..count-1] until axis_sink_reset. */
bool axis_sink_step(struct axis_sink *s, struct violation *v);
/* The part that every stream has: true when a beat is taken in this cycle. */
bool axis_sink_taken(struct axis_sink *s, struct violation *v);
void axis_sink_reset(struct axis_sink *s);

#endif
