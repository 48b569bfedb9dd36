/* SPDX-License-Identifier: Apache-2.0 */
#include "sink_policies.h"

#include <errno.h>
#include <string.h>

#include "policies.h"
#include "refuse.h"
#include "removal.h"

static bool good_selectors(const struct ts *list, unsigned int count, uint8_t family)
{
	for (unsigned int i = 0; i < count; i++)
		if (list[i].lo.family != family || list[i].hi.family != family || ip_compare(&list[i].lo, &list[i].hi) > 0)
			return false;
	return count >= 1 && count <= SINK_TS_MAX;
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

int gw_policy_set(struct sink *sink, const struct sink_policy *policy)
{
	struct gw *gw = (struct gw *)sink;
	struct gw_policy *entry;
	struct gw_sa *sa;
	int ret = check_policy(gw, policy, &sa);

	if (ret)
		return ret;
	ret = policies_set(gw, policy, sa, &entry);
	if (!entry)
		return gw_refuse(gw, ret, "Out of memory.");
	return ret ? gw_refuse(gw, ret, "Policy %u: a route failed: %s.", policy->reqid, strerror(-ret)) : 0;
}

int gw_policy_delete(struct sink *sink, uint32_t reqid)
{
	struct gw *gw = (struct gw *)sink;
	struct gw_policy *policy = spd_find(&gw->spd, reqid);

	if (!policy)
		return gw_refuse(gw, -ENOENT, "There is no policy %u.", reqid);
	policies_delete(gw, policy);
	return 0;
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
