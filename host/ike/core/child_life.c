/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a CHILD SA lives: time by timers; packets, bytes and sequence numbers by the events of the data plane, or where it has none by asking
 * it, the more often the nearer the limit is.
 */
#include "core/child_life.h"
#include "core/child_sink.h"

#include <errno.h>

#define RETRY_MS 10000u	     /* after TEMPORARY_FAILURE and the like; less up to a half */
#define POLL_FIRST_MS 5000u
#define POLL_MIN_MS 1000u
#define POLL_MAX_MS 60000u
#define POLL_SAFETY 4u	     /* asked so often before a limit is reached at the present rate */
#define SEQ_SOFT 0xc0000000u /* three quarters of 32-bit sequence numbers */
#define SEQ_HARD 0xffffffffu

void child_set_limits(struct child_sa *child)
{
	struct agent *agent = child->ike->agent;
	const struct conf_limits *packets = &child->child->packets, *bytes = &child->child->bytes;

	child->limits = (struct sink_limits){
		.soft_packets = packets->rekey ? agent_jitter(agent, packets->rekey, packets->rand) : 0,
		.hard_packets = packets->life,
		.soft_bytes = bytes->rekey ? agent_jitter(agent, bytes->rekey, bytes->rand) : 0,
		.hard_bytes = bytes->life,
	};
	if (packets->rekey && !child->limits.soft_packets)
		child->limits.soft_packets = 1;
	if (bytes->rekey && !child->limits.soft_bytes)
		child->limits.soft_bytes = 1;
}

void child_expire(struct child_sa *child, bool hard)
{
	event_emit(child->ike->agent, &(struct event){ .kind = EVENT_CHILD_EXPIRES, .child = child, .hard = hard });
}

static void rekey_due(void *owner)
{
	event_emit(((struct child_sa *)owner)->ike->agent, &(struct event){ .kind = EVENT_CHILD_REKEY_DUE, .child = owner });
}

static void life_over(void *owner)
{
	child_expire(owner, true);
}

void child_rekey_later(struct child_sa *child)
{
	struct agent *agent = child->ike->agent;

	timer_set(&agent->timers, &child->rekey, agent_now(agent) + agent_jitter(agent, RETRY_MS, RETRY_MS / 2), rekey_due, child);
}

void child_no_rekey(struct child_sa *child)
{
	timer_clear(&child->ike->agent->timers, &child->rekey);
	timer_clear(&child->ike->agent->timers, &child->poll);
}

/* ---- data planes without events ---------------------------------------------------------------------------------------------- */

static bool beyond(uint64_t value, uint64_t limit)
{
	return limit && value >= limit;
}

/* Milliseconds until value reaches limit if it grows by this much in so many milliseconds. */
static uint64_t time_left(uint64_t value, uint64_t limit, uint64_t growth, uint64_t in_ms)
{
	if (!limit || !growth)
		return UINT64_MAX;
	return value >= limit ? 0 : (limit - value) / growth * in_ms;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void poll_due(void *owner);

static void poll_again(struct child_sa *child, uint64_t after_ms)
{
	struct agent *agent = child->ike->agent;

	child->poll_interval_ms = after_ms < POLL_MIN_MS ? POLL_MIN_MS : least(after_ms, POLL_MAX_MS);
	timer_set(&agent->timers, &child->poll, agent_now(agent) + child->poll_interval_ms, poll_due, child);
}

static uint64_t next_poll(struct child_sa *child, const struct sink_sa_stats *s)
{
	const struct sink_limits *l = &child->limits;
	uint64_t packets = s->packets - child->polled.packets, bytes = s->bytes - child->polled.bytes, seq = s->seq - child->polled.seq;
	uint64_t ms = child->poll_interval_ms, left;

	left = least(time_left(s->packets, l->soft_packets ? l->soft_packets : l->hard_packets, packets, ms),
		     time_left(s->bytes, l->soft_bytes ? l->soft_bytes : l->hard_bytes, bytes, ms));
	if (!child->esn)
		left = least(left, time_left(s->seq, SEQ_SOFT, seq, ms));
	child->polled.packets = s->packets;
	child->polled.bytes = s->bytes;
	child->polled.seq = s->seq;
	return left / POLL_SAFETY;
}

/* Of both directions the greater numbers. */
static void poll_due(void *owner)
{
	struct child_sa *child = owner;
	const struct sink_limits *l = &child->limits;
	struct sink_sa_stats in, out;

	if (child_stats(child, &in, &out)) {
		poll_again(child, POLL_MAX_MS);
		return;
	}
	if (in.packets > out.packets)
		out.packets = in.packets;
	if (in.bytes > out.bytes)
		out.bytes = in.bytes;
	if (in.seq > out.seq)
		out.seq = in.seq;
	poll_again(child, next_poll(child, &out));
	if (beyond(out.packets, l->hard_packets) || beyond(out.bytes, l->hard_bytes) || (!child->esn && out.seq >= SEQ_HARD))
		child_expire(child, true);
	else if (beyond(out.packets, l->soft_packets) || beyond(out.bytes, l->soft_bytes) || (!child->esn && out.seq >= SEQ_SOFT))
		child_expire(child, false);
}

static bool wants_poll(const struct child_sa *child)
{
	const struct sink_limits *l = &child->limits;

	return !child->ike->agent->caps.events && (!child->esn || l->soft_packets || l->hard_packets || l->soft_bytes || l->hard_bytes);
}

/* ---- timers ---------------------------------------------------------------------------------------------------------------------- */

void child_start_rekey(struct child_sa *child)
{
	struct agent *agent = child->ike->agent;
	const struct conf_limits *time = &child->child->time;

	if (time->rekey)
		timer_set(&agent->timers, &child->rekey, agent_now(agent) + agent_jitter(agent, time->rekey * 1000, time->rand * 1000), rekey_due,
			  child);
	if (wants_poll(child))
		poll_again(child, POLL_FIRST_MS);
}

void child_start_timers(struct child_sa *child)
{
	struct agent *agent = child->ike->agent;
	const struct conf_limits *time = &child->child->time;

	if (time->life)
		timer_set(&agent->timers, &child->expire, agent_now(agent) + time->life * 1000, life_over, child);
	child_start_rekey(child);
}

void child_stop_timers(struct child_sa *child)
{
	struct timers *timers = &child->ike->agent->timers;

	timer_clear(timers, &child->rekey);
	timer_clear(timers, &child->expire);
	timer_clear(timers, &child->poll);
	timer_clear(timers, &child->retire);
}
