/* SPDX-License-Identifier: Apache-2.0 */
/* The data plane comes, goes, and says things. */
#include "core/data_plane.h"
#include "core/acquire.h"
#include "core/child_life.h"
#include "core/child_sa.h"
#include "core/create_child.h"
#include "core/ike_sa.h"
#include "core/reqid.h"
#include "core/trap.h"

void data_plane_read_caps(struct agent *agent)
{
	if (sink_caps(agent->sink, &agent->caps))
		agent->caps = (struct sink_caps){ 0 };
}

bool data_plane_go_on(struct agent *agent)
{
	if (agent->traps.part == TRAPS_DONE)
		return false;
	trap_go_on(agent);
	if (agent->traps.part != TRAPS_DONE)
		return true;
	if (agent->traps.err)
		agent_log(agent, AGENT_ERROR, "policies could not be installed: %s", agent->traps.error);
	reqids_block(agent);
	if (agent->traps.keep)
		agent_log(agent, AGENT_ERROR, "what was protected or blocked before stays so");
	else if (sink_sweep(agent->sink))
		agent_log(agent, AGENT_ERROR, "policies of an earlier agent stay: %s", sink_error(agent->sink));
	return false;
}

void data_plane_policies(struct agent *agent)
{
	trap_begin(agent);
	data_plane_go_on(agent);
}

/* Each CHILD SA that was lost is rekeyed, with new keys. */
static void renew(struct agent *agent)
{
	for (struct ike_sa *sa = agent->sas; sa; sa = sa->next)
		for (struct child_sa *child = sa->children; child; child = child->next)
			if (child->state == CHILD_INSTALLED && !child->has_out && !child->redundant)
				child_initiate(sa, child->child, child);
}

static void sink_down(struct agent *agent, const struct sink_event *event)
{
	agent_log(agent, AGENT_ERROR, "the data plane is gone: %s", event->text);
	agent->caps = (struct sink_caps){ 0 };
	children_lost(agent);
}

static void sink_up(struct agent *agent)
{
	children_lost(agent);
	data_plane_read_caps(agent);
	agent_log(agent, AGENT_INFO, "data plane: %s", agent->caps.device);
	if (agent->conf)
		data_plane_policies(agent);
	renew(agent);
}

static void mapping_changed(const struct child_sa *child, const struct endpoint *remote)
{
	if (child->ike->nat_remote && !child->ike->nat_local)
		ike_sa_peer_moved(child->ike, remote);
}

void data_plane_event(struct agent *agent, const struct sink_event *event)
{
	struct child_sa *child;

	switch (event->kind) {
	case SINK_EVENT_ACQUIRE:
		trap_acquire(agent, event);
		break;
	case SINK_EVENT_EXPIRE:
		child = child_by_id(agent, &event->id);
		if (child)
			child_expire(child, event->hard);
		break;
	case SINK_EVENT_MAPPING:
		child = child_by_id(agent, &event->id);
		if (child)
			mapping_changed(child, &event->endpoint);
		break;
	case SINK_EVENT_DOWN:
		sink_down(agent, event);
		break;
	case SINK_EVENT_UP:
		sink_up(agent);
		break;
	}
}

