/* SPDX-License-Identifier: Apache-2.0 */
/* Policies as key management sets them, with their routes. */
#include <errno.h>
#include <string.h>

#include "gw.h"

static bool good_selectors(const struct ts *list, unsigned int count, uint8_t family)
{
	for (unsigned int i = 0; i < count; i++)
		if (list[i].lo.family != family || list[i].hi.family != family || ip_compare(&list[i].lo, &list[i].hi) > 0)
			return false;
	return count >= 1 && count <= SINK_TS_MAX;
}

static bool same_routes(const struct sink_policy *a, const struct sink_policy *b)
{
	bool same = a->action == b->action && a->remote_count == b->remote_count && a->local_count == b->local_count;

	for (unsigned int i = 0; same && i < a->remote_count; i++)
		same = ts_equal(&a->remote[i], &b->remote[i]);
	for (unsigned int i = 0; same && i < a->local_count; i++)
		same = ts_equal(&a->local[i], &b->local[i]);
	return same;
}

static int check_policy(struct gw *gw, const struct sink_policy *policy, struct gw_sa **sa)
{
	struct sink_sa_id id = { .direction = SINK_OUT, .spi = policy->spi, .dst = policy->peer };

	*sa = NULL;
	if (!policy->reqid)
		return gw_refuse(gw, -EINVAL, "A policy has a reqid above 0.");
	if (policy->action != SINK_PROTECT && policy->action != SINK_DISCARD && policy->action != SINK_BYPASS)
		return gw_refuse(gw, -EINVAL, "Policy %u: unknown action.", policy->reqid);
	if (!good_selectors(policy->local, policy->local_count, 4) || !good_selectors(policy->remote, policy->remote_count, 4))
		return gw_refuse(gw, -EINVAL, "Policy %u: its selectors are not ranges of IPv4 addresses, which is what this data plane carries.",
				 policy->reqid);
	if (!routes_fits(policy))
		return gw_refuse(gw, -EINVAL, "Policy %u: its ranges are more than %u prefixes a side.", policy->reqid, ROUTES_PREFIXES);
	if (policy->action != SINK_PROTECT || !policy->spi)
		return 0;
	*sa = sad_find(&gw->sad, &id);
	if (!*sa || (*sa)->reqid != policy->reqid)
		return gw_refuse(gw, -ENOENT, "Policy %u: there is no outbound SA 0x%08x of this reqid.", policy->reqid, policy->spi);
	return 0;
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

int gw_policy_set(struct sink *sink, const struct sink_policy *policy)
{
	struct gw *gw = (struct gw *)sink;
	struct sink_policy old = { 0 };
	struct gw_policy *entry;
	struct gw_sa *sa;
	int ret = check_policy(gw, policy, &sa);

	if (ret)
		return ret;
	entry = spd_find(&gw->spd, policy->reqid);
	if (!entry)
		entry = spd_adopt(&gw->spd, policy);
	if (entry)
		spd_get(entry, &old);
	entry = spd_set(&gw->spd, policy);
	if (!entry)
		return gw_refuse(gw, -ENOMEM, "Out of memory.");
	entry->sa = sa;
	entry->acquire_ms = 0;
	ret = change_routes(gw, entry, &old, policy);
	bypass_settle(gw);
	if (sa)
		gw_release_held(gw, entry);
	gw_release_early(gw);
	return ret ? gw_refuse(gw, ret, "Policy %u: a route failed: %s.", policy->reqid, strerror(-ret)) : 0;
}

static void delete_policy(struct gw *gw, struct gw_policy *policy)
{
	struct sink_policy old;

	spd_get(policy, &old);
	if (policy->routed)
		routes_remove(&gw->routes, &old, &policy->routes);
	gw->held -= policy->held_count;
	gw->counters.drops[DROP_NO_SA] += policy->held_count;
	spd_delete(&gw->spd, policy);
}

int gw_policy_delete(struct sink *sink, uint32_t reqid)
{
	struct gw *gw = (struct gw *)sink;
	struct gw_policy *policy = spd_find(&gw->spd, reqid);

	if (!policy)
		return gw_refuse(gw, -ENOENT, "There is no policy %u.", reqid);
	delete_policy(gw, policy);
	bypass_settle(gw);
	return 0;
}

bool policies_remove(struct gw *gw, bool all, uint64_t end_ms)
{
	while (gw->spd.count && (all || gw->spd.order[gw->spd.count - 1]->stale)) {
		if (gw_clock_ms() > end_ms)
			return false;
		delete_policy(gw, gw->spd.order[gw->spd.count - 1]);
	}
	routes_sweep(&gw->routes);
	bypass_settle(gw);
	return true;
}

int gw_flush(struct sink *sink)
{
	struct gw *gw = (struct gw *)sink;

	gw_delete_sas(gw);
	return gw_remove_policies(gw, GW_ALL_POLICIES);
}

int gw_sweep(struct sink *sink)
{
	return gw_remove_policies((struct gw *)sink, GW_STALE_POLICIES);
}

void gw_addresses_changed(struct gw *gw)
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
