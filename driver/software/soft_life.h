/* SPDX-License-Identifier: Apache-2.0 */
/* Lifetimes, counters and events of SAs. */
#ifndef ESPALIER_SOFT_LIFE_H
#define ESPALIER_SOFT_LIFE_H

#include "soft.h"

/*
 * A packet of this many bytes, as struct espalier_limits counts them, is to pass: false if the SA has ended, or ends with it. Otherwise it counts. Soft limits
 * and the end raise their events. Outbound before a number is drawn, inbound when the ICV is right.
 */
static inline bool soft_life_take(struct soft_dev *soft, struct soft_sa *sa, uint32_t bytes);

/* The same for an SA with limits. */
bool soft_life_take_limited(struct soft_dev *soft, struct soft_sa *sa, uint32_t bytes);

/* A packet of this SA did not pass. */
void soft_life_drop(struct soft_sa *sa, uint8_t status);

/* Raise an event, or keep the newer one of its kind. */
void soft_event(struct soft_dev *soft, struct soft_sa *sa, enum espalier_event_kind kind);
/* The SA goes, and its events. */
void soft_event_forget(struct soft_dev *soft, struct soft_sa *sa);

void soft_life_counters(const struct soft_sa *sa, struct espalier_sa_counters *counters);
int soft_dequeue_events(struct espalier_dev *dev, struct espalier_event *events, unsigned int count);

/* Milliseconds of a clock that does not jump; never 0. */
uint64_t soft_now_ms(void);

static inline bool soft_life_take(struct soft_dev *soft, struct soft_sa *sa, uint32_t bytes)
{
	if (sa->life.limited)
		return soft_life_take_limited(soft, sa, bytes);
	sa->life.packets++;
	sa->life.bytes += bytes;
	sa->life.last_ms = soft->now_ms;
	return true;
}

#endif
