/* SPDX-License-Identifier: Apache-2.0 */
#include "policies.h"

#include <errno.h>
#include <string.h>

#include "clock.h"
#include "mtu.h"

static bool same_routes(const struct sink_policy *a, const struct sink_policy *b)
{
	bool same = a->action == b->action && a->remote_count == b->remote_count && a->local_count == b->local_count;

	for (unsigned int i = 0; same && i < a->remote_count; i++)
		same = ts_equal(&a->remote[i], &b->remote[i]);
	for (unsigned int i = 0; same && i < a->local_count; i++)
		same = ts_equal(&a->local[i], &b->local[i]);
	return same;
}

/* New routes are there before old ones go. What passes in clear gets its routes in bypass.c. */
static int change_routes(struct gw *gw, struct gw_policy *entry, const struct sink_policy *old, const struct sink_policy *policy)
{
	struct policy_routes before = entry->routes;
	bool had = entry->routed;
	int ret = 0;

	if (had && same_routes(old, policy)) {
		mtu_apply(gw, entry);
		return 0;
	}
	entry->routed = false;
	mtu_apply(gw, entry);
	entry->routed = policy->action != SINK_BYPASS;
	if (entry->routed)
		ret = routes_add(&gw->routes, policy, ROUTE_TUNNEL, &entry->routes);
	if (had)
		routes_remove(&gw->routes, old, &before);
	return ret;
}

int policies_set(struct gw *gw, const struct sink_policy *policy, struct gw_sa *sa, struct gw_policy **out)
{
	struct gw_policy *entry = spd_find(&gw->spd, policy->reqid);
	struct sink_policy old = { 0 };
	int ret;

	if (!entry)
		entry = spd_adopt(&gw->spd, policy);
	if (entry)
		spd_get(entry, &old);
	*out = entry = spd_set(&gw->spd, policy);
	if (!entry)
		return -ENOMEM;
	entry->sa = sa;
	entry->acquire_ms = 0;
	ret = change_routes(gw, entry, &old, policy);
	gw_tell(gw, &(struct gw_event){ .kind = GW_POLICIES_CHANGED });
	gw_tell(gw, &(struct gw_event){ .kind = GW_POLICY_SET, .policy = entry });
	return ret;
}

static void take_out(struct gw *gw, struct gw_policy *policy)
{
	struct sink_policy old;

	spd_get(policy, &old);
	if (policy->routed)
		routes_remove(&gw->routes, &old, &policy->routes);
	gw->held -= policy->held_count;
	gw->counters.drops[DROP_NO_SA] += policy->held_count;
	spd_delete(&gw->spd, policy);
}

void policies_delete(struct gw *gw, struct gw_policy *policy)
{
	take_out(gw, policy);
	gw_tell(gw, &(struct gw_event){ .kind = GW_POLICIES_CHANGED });
}

bool policies_remove(struct gw *gw, bool all, uint64_t end_ms)
{
	while (gw->spd.count && (all || gw->spd.order[gw->spd.count - 1]->stale)) {
		if (gw_clock_ms() > end_ms)
			return false;
		take_out(gw, gw->spd.order[gw->spd.count - 1]);
	}
	routes_sweep(&gw->routes);
	gw_tell(gw, &(struct gw_event){ .kind = GW_POLICIES_CHANGED });
	return true;
}

void policies_addresses_changed(struct gw *gw)
{
	routes_read_addresses(&gw->routes);
	for (unsigned int i = 0; i < gw->spd.count; i++) {
		struct gw_policy *entry = gw->spd.order[i];
		struct policy_routes before = entry->routes;
		struct sink_policy policy;
		uint8_t source[4];

		spd_get(entry, &policy);
		routes_source(&gw->routes, &policy, source);
		if (!entry->routed || !memcmp(source, before.source, 4))
			continue;
		routes_add(&gw->routes, &policy, before.use, &entry->routes);
		routes_remove(&gw->routes, &policy, &before);
	}
}
