/* SPDX-License-Identifier: Apache-2.0 */
/* Timers of the agent: a binary heap by deadline, so that 10,000 SAs cost nothing while nothing is due. Embedded in what they belong to. */
#ifndef ESPALIER_IKE_TIMER_H
#define ESPALIER_IKE_TIMER_H

#include <stddef.h>
#include <stdint.h>

struct timer {
	uint64_t deadline_ms; /* of agent_env.now_ms */
	size_t at;	      /* place in the heap plus 1; 0: not set */
	void (*fire)(void *owner);
	void *owner;
};

struct timers {
	struct timer **heap;
	size_t count, room;
};

/* Set or move a timer; 0 or -ENOMEM. fire is called once, by timers_run, and may set or clear any timer, its own too. */
int timer_set(struct timers *timers, struct timer *timer, uint64_t deadline_ms, void (*fire)(void *owner), void *owner);
void timer_clear(struct timers *timers, struct timer *timer);
/* Fire what is due at now_ms, in order. */
void timers_run(struct timers *timers, uint64_t now_ms);
/* The same, and so many at most: timers_next says whether more are due. */
void timers_run_some(struct timers *timers, uint64_t now_ms, size_t most);
/* UINT64_MAX: none. */
uint64_t timers_next(const struct timers *timers);
void timers_free(struct timers *timers);

#endif
