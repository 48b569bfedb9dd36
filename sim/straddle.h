/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLPs on the straddled streams of the hard block: RC, where one may begin in any 16-byte lane behind the end of the last, and RQ, where it
 * may begin in byte 32 of the beat in which the last one ended before that. tuser alone says where they begin and end: tkeep and tlast
 * mean nothing. Source: AMD PG213, "Straddle Option on RC Interface", "Straddle Option on RQ Interface" and the tables of the tuser bits.
 */
#ifndef SIM_STRADDLE_H
#define SIM_STRADDLE_H

#include "axis.h"

#define RQ_ADDR_OFFSET 16u /* bits of tuser */
#define RQ_SEQ_NUM 61u

/*
 * Writes the pins for this cycle: the packets of s, one behind the other, as many as the beat takes. refill starts the next one with
 * axis_source_start, or does nothing. hold: no packet begins in this cycle.
 */
void straddle_drive(struct axis_source *s, bool hold, void (*refill)(void *arg), void *arg);
/* After card_settle. */
void straddle_source_step(struct axis_source *s);

/* After card_settle: for each packet that ends in the beat taken, packet with it in words[0..count-1] and its byte enables in user. */
void straddle_sink_step(struct axis_sink *s, struct violation *v, void (*packet)(void *arg), void *arg);

#endif
