/* SPDX-License-Identifier: Apache-2.0 */
/* How long an IKE SA lives, by the clock; whether its peer does; and that a NAT remembers us. */
#include "core/ike_life.h"
#include "core/child_sink.h"
#include "core/dpd.h"
#include "core/ike_delete.h"
#include "core/window.h"

#include <stddef.h>

static void set(struct ike_sa *sa, struct timer *timer, uint64_t in_ms, void (*fire)(void *owner))
{
	timer_set(&sa->agent->timers, timer, ike_now(sa) + in_ms, fire, sa);
}

static void rekey_due(void *owner)
{
	struct ike_sa *sa = owner;

	if (sa->state == IKE_ESTABLISHED)
		event_emit(sa->agent, &(struct event){ .kind = EVENT_IKE_REKEY_DUE, .ike = sa });
}

static void reauth_due(void *owner)
{
	struct ike_sa *sa = owner;

	if (sa->state == IKE_ESTABLISHED)
		event_emit(sa->agent, &(struct event){ .kind = EVENT_IKE_REAUTH_DUE, .ike = sa });
}

static void too_old(void *owner)
{
	struct ike_sa *sa = owner;

	if (sa->state != IKE_ESTABLISHED)
		return;
	ike_log(sa, AGENT_INFO, "its time is over");
	if (sa->refusals)
		event_emit(sa->agent, &(struct event){ .kind = EVENT_REKEY_REFUSED, .ike = sa, .count = sa->refusals, .now = true });
	ike_delete_initiate(sa);
}

void ike_sa_delete_later(struct ike_sa *sa, uint64_t ms)
{
	set(sa, &sa->expire, ms, too_old);
}

/* How long nothing has come from the peer; its ESP is as good as its IKE messages (RFC 7296, 2.4). Asks the sink only if it is as long as enough. */
static uint64_t silence_ms(const struct ike_sa *sa, uint64_t enough)
{
	uint64_t now = ike_now(sa), silence = now - sa->last_heard_ms;

	for (const struct child_sa *child = sa->children; child && silence >= enough; child = child->next) {
		uint64_t heard = child_heard_ms(child), since = heard < now ? now - heard : 0;

		if (since < silence)
			silence = since;
	}
	return silence;
}

/* Silence for as long as dpd_delay: ask. A request under way asks as well. */
static void dpd_due(void *owner)
{
	struct ike_sa *sa = owner;
	uint64_t delay = sa->conn->dpd_delay_s * 1000ull, silence;

	if (sa->state != IKE_ESTABLISHED)
		return;
	silence = silence_ms(sa, delay);
	set(sa, &sa->dpd, silence < delay ? delay - silence : delay, dpd_due);
	if (silence >= delay && !ike_sa_busy(sa))
		dpd_initiate(sa);
}

static void keepalive_due(void *owner)
{
	struct ike_sa *sa = owner;

	sa->agent->env.keepalive(sa->agent->env.ctx, &sa->local, &sa->remote);
	set(sa, &sa->keepalive, sa->agent->settings.keepalive_ms, keepalive_due);
}

static void start_lifetimes(struct ike_sa *sa)
{
	const struct conf_connection *conn = sa->conn;
	uint64_t last = conn->rekey_time_s > conn->reauth_time_s ? conn->rekey_time_s : conn->reauth_time_s;
	uint64_t rand_ms = conn->rand_time_s * 1000;

	if (conn->rekey_time_s)
		set(sa, &sa->rekey, agent_jitter(sa->agent, conn->rekey_time_s * 1000, rand_ms), rekey_due);
	/* A rekeying proves nobody's identity: the time of the first SA goes on (RFC 7296, 2.8.3). */
	if (conn->reauth_time_s && !sa->reauth.at)
		set(sa, &sa->reauth, agent_jitter(sa->agent, conn->reauth_time_s * 1000, rand_ms), reauth_due);
	timer_clear(&sa->agent->timers, &sa->expire);
	if (last)
		set(sa, &sa->expire, (last + conn->over_time_s) * 1000, too_old);
}

void ike_life_established(struct agent *agent, const struct event *event)
{
	struct ike_sa *sa = event->ike;

	start_lifetimes(sa);
	if (sa->conn->dpd_delay_s)
		set(sa, &sa->dpd, sa->conn->dpd_delay_s * 1000ull, dpd_due);
	if (sa->nat_local && agent->settings.keepalive_ms)
		set(sa, &sa->keepalive, agent->settings.keepalive_ms, keepalive_due);
}
