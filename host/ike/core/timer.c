/* SPDX-License-Identifier: Apache-2.0 */
#include "core/timer.h"

#include <errno.h>
#include <stdlib.h>

static void put(struct timers *timers, size_t at, struct timer *timer)
{
	timers->heap[at] = timer;
	timer->at = at + 1;
}

/* Both move one timer to where the heap's order wants it. */
static void up(struct timers *timers, size_t at)
{
	struct timer *timer = timers->heap[at];

	for (; at > 0; at = (at - 1) / 2) {
		struct timer *parent = timers->heap[(at - 1) / 2];

		if (parent->deadline_ms <= timer->deadline_ms)
			break;
		put(timers, at, parent);
	}
	put(timers, at, timer);
}

static void down(struct timers *timers, size_t at)
{
	struct timer *timer = timers->heap[at];

	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= timers->count)
			break;
		if (child + 1 < timers->count && timers->heap[child + 1]->deadline_ms < timers->heap[child]->deadline_ms)
			child++;
		if (timer->deadline_ms <= timers->heap[child]->deadline_ms)
			break;
		put(timers, at, timers->heap[child]);
		at = child;
	}
	put(timers, at, timer);
}

static int make_room(struct timers *timers)
{
	size_t room = timers->room ? 2 * timers->room : 64;
	struct timer **heap;

	if (timers->count < timers->room)
		return 0;
	heap = realloc(timers->heap, room * sizeof(*heap));
	if (!heap)
		return -ENOMEM;
	timers->heap = heap;
	timers->room = room;
	return 0;
}

int timer_set(struct timers *timers, struct timer *timer, uint64_t deadline_ms, void (*fire)(void *owner), void *owner)
{
	int err;

	if (!timer->at) {
		err = make_room(timers);
		if (err)
			return err;
		put(timers, timers->count++, timer);
	}
	timer->deadline_ms = deadline_ms;
	timer->fire = fire;
	timer->owner = owner;
	up(timers, timer->at - 1);
	down(timers, timer->at - 1);
	return 0;
}

void timer_clear(struct timers *timers, struct timer *timer)
{
	size_t at = timer->at - 1;
	struct timer *last;

	if (!timer->at)
		return;
	timer->at = 0;
	last = timers->heap[--timers->count];
	if (last == timer)
		return;
	put(timers, at, last);
	up(timers, at);
	down(timers, last->at - 1);
}

void timers_run(struct timers *timers, uint64_t now_ms)
{
	timers_run_some(timers, now_ms, timers->count);
}

void timers_run_some(struct timers *timers, uint64_t now_ms, size_t most)
{
	/* What is due now, and not what the calls set for now: a timer that sets itself again at once cannot hold us here. */
	size_t left = timers->count < most ? timers->count : most;

	while (left-- && timers->count && timers->heap[0]->deadline_ms <= now_ms) {
		struct timer *timer = timers->heap[0];

		timer_clear(timers, timer);
		timer->fire(timer->owner);
	}
}

uint64_t timers_next(const struct timers *timers)
{
	return timers->count ? timers->heap[0]->deadline_ms : UINT64_MAX;
}

void timers_free(struct timers *timers)
{
	free(timers->heap);
	*timers = (struct timers){ 0 };
}
