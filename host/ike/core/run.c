/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's turn. */
#include "core/data_plane.h"

/* Of timers and of events in one call: each may begin an IKE SA, and what peers answer meanwhile has to be read before the sockets overflow. */
#define AT_ONCE 32u

int64_t agent_run(struct agent *agent)
{
	struct sink_event event;
	unsigned int events = 0;
	uint64_t now, next;
	bool more = data_plane_go_on(agent);

	/* Events speak of policies as they will be: of a trap that is not there yet none is taken. */
	while (!more && events < AT_ONCE && sink_next_event(agent->sink, &event) == 1) {
		data_plane_event(agent, &event);
		events++;
	}
	timers_run_some(&agent->timers, agent_now(agent), AT_ONCE);
	if (agent->traps.part != TRAPS_DONE || events == AT_ONCE)
		return 0; /* there is more, or may be, which nothing else would tell */
	next = timers_next(&agent->timers);
	if (next == UINT64_MAX)
		return -1;
	now = agent_now(agent);
	return next > now ? (int64_t)(next - now) : 0;
}
