/* SPDX-License-Identifier: Apache-2.0 */
/* Packets that met a trap, and what came of the CHILD SA that was asked for each. */
#include "core/acquire.h"
#include "core/child_delete.h"
#include "core/child_sa.h"
#include "core/reqid.h"
#include "core/trap.h"
#include "core/ts.h"
#include "core/up.h"

#define ACQUIRE_PAUSE_MS 1000u

static bool may_ask(const struct reqid *r, const struct sink_event *event)
{
	uint64_t now = agent_now(r->agent);

	for (unsigned int i = 0; i < TRAP_REFUSALS; i++)
		if (now < r->refused[i].until_ms && ip_equal(&r->refused[i].local, &event->packet_local.lo)
		    && ip_equal(&r->refused[i].remote, &event->packet_remote.lo))
			return false;
	return now >= r->acquire_allowed_ms || r->acquire_child != r->agent->last_child_id;
}

static bool holds(const struct ts *list, unsigned int count, const struct ts *packet)
{
	for (unsigned int i = 0; i < count; i++)
		if (ts_contains(&list[i], packet))
			return true;
	return false;
}

/* Is it about the policy that this agent means by the number? A policy of an earlier agent may have it until ours is set. */
static bool is_about(const struct reqid *r, const struct sink_event *event)
{
	return !conf_is_shunt(r->trap) && holds(r->local, r->local_count, &event->packet_local) && holds(r->remote, r->remote_count, &event->packet_remote);
}

void trap_acquire(struct agent *agent, const struct sink_event *event)
{
	struct child_packet packet = { .reqid = event->reqid, .local = event->packet_local, .remote = event->packet_remote };
	struct reqid *r = reqid_find(agent, event->reqid);
	char text[TS_TEXT_LEN];

	if (!r || r->is_rest || r->user || !r->trap_conf || r->trap_conf != agent->conf || !is_about(r, event) || !may_ask(r, event))
		return;
	r->acquire_allowed_ms = agent_now(agent) + ACQUIRE_PAUSE_MS;
	r->acquire_child = agent->last_child_id;
	agent_log(agent, AGENT_INFO, "%s/%s: traffic to %s without an SA", r->conn, r->name, ts_print(&event->packet_remote, text));
	/* A reqid that the configuration gives has one policy, and so one SA. */
	if (reqid_is_configured(r))
		packet.reqid = 0;
	up_packet(agent, r->trap, &packet);
}

void acquire_child_asked(struct agent *agent, const struct event *event)
{
	const struct child_packet *packet = event->packet;
	struct child_sa *made = event->child;

	if (!packet || !packet->reqid || (made && child_carries(made, packet)))
		return;
	if (made && !packet->alone) {
		up_packet(agent, made->child, packet);
		return;
	}
	trap_refused(agent, packet);
	if (made && made->next_same) {
		ike_log(event->ike, AGENT_INFO, "%s{%u}: the peer has no SA for the packet, only what is there already", made->child->name, made->id);
		child_delete_initiate(made);
	}
}
