/* SPDX-License-Identifier: Apache-2.0 */
/* How large packets may be: of each SA's path, and so of the routes of its policy. */
#include "mtu.h"

#include "log.h"

#define ESP_OVERHEAD (8u + 8u + 16u) /* header, IV, ICV; padding is to a multiple of 4 with 2 bytes of trailer in it */
#define UDP_OVERHEAD 8u
#define PATH_DEFAULT 1500u
#define FORGET_MS 600000u
#define REFRESH_COUNT 32

uint16_t mtu_inner(const struct gw_sa *sa)
{
	uint32_t overhead = (sa->dst.ip.family == 6 ? 40u : 20u) + (sa->udp_encap ? UDP_OVERHEAD : 0) + ESP_OVERHEAD;

	return (uint16_t)(((sa->path_mtu - overhead) & ~3u) - 2);
}

static uint16_t clip(const struct gw_sa *sa, uint32_t mtu)
{
	uint32_t least = sa->dst.ip.family == 6 ? GW_MTU_MIN6 : GW_MTU_MIN;

	return (uint16_t)(mtu < least ? least : mtu > UINT16_MAX ? UINT16_MAX : mtu);
}

/* What the kernel is told to put into one packet of a policy; 0: as the TUN device says, which was set by hand. */
static uint32_t wanted(const struct gw *gw, const struct gw_policy *policy)
{
	uint32_t mtu = policy->sa ? mtu_inner(policy->sa) : policy->routes.mtu ? policy->routes.mtu : GW_MTU_START;

	if (gw->options->mtu)
		return 0;
	return gw->device.dev && mtu > gw->device.info.max_packet ? gw->device.info.max_packet : mtu;
}

void mtu_apply(struct gw *gw, struct gw_policy *policy)
{
	uint32_t mtu = wanted(gw, policy);
	struct sink_policy selectors;

	if (mtu == policy->routes.mtu)
		return;
	policy->routes.mtu = mtu;
	if (!policy->routed || policy->routes.use != ROUTE_TUNNEL)
		return;
	spd_get(policy, &selectors);
	routes_set_mtu(&gw->routes, &selectors, &policy->routes);
}

static void set_path(struct gw *gw, struct gw_sa *sa, uint16_t mtu)
{
	struct gw_policy *policy = spd_find(&gw->spd, sa->reqid);

	sa->path_mtu = mtu;
	if (policy && policy->sa == sa)
		mtu_apply(gw, policy);
}

void mtu_learn(struct gw *gw, const struct gw_event *event)
{
	struct gw_sa *sa = event->sa;
	uint16_t mtu;

	if (sa->id.direction != SINK_OUT)
		return;
	mtu = nl_path_mtu(sa->dst.ip.family == 6, sa->dst.ip.bytes, SINK_MARK);
	set_path(gw, sa, clip(sa, mtu ? mtu : PATH_DEFAULT));
	sa->path_mtu_ms = 0;
}

static void lower(struct gw *gw, struct gw_sa *sa, uint32_t mtu)
{
	uint16_t to = clip(sa, mtu);

	if (to >= sa->path_mtu)
		return;
	gw_log(GW_INFO, "SA 0x%08x: path MTU %u, was %u", sa->id.spi, to, sa->path_mtu);
	set_path(gw, sa, to);
	sa->path_mtu_ms = gw->now_ms;
	gw->counters.pmtu_changes++;
}

/* What one SA finds holds for all to the same address: they take the same path. */
void mtu_too_big(void *context, const struct ip_addr *dst, uint32_t spi, uint32_t mtu)
{
	struct gw *gw = context;
	struct sink_sa_id id = { .direction = SINK_OUT, .spi = spi, .dst = *dst };
	struct gw_sa *first = sad_find(&gw->sad, &id);

	if (!first)
		return;
	if (!mtu)
		mtu = nl_path_mtu(dst->family == 6, dst->bytes, SINK_MARK);
	if (!mtu || clip(first, mtu) >= first->path_mtu)
		return;
	for (struct gw_sa *sa = gw->sad.all; sa; sa = sa->next)
		if (sa->id.direction == SINK_OUT && ip_equal(&sa->dst.ip, dst))
			lower(gw, sa, mtu);
}

static void refresh(struct gw *gw, struct gw_sa *sa)
{
	uint16_t mtu = nl_path_mtu(sa->dst.ip.family == 6, sa->dst.ip.bytes, SINK_MARK);
	bool forget = !sa->path_mtu_ms || gw->now_ms - sa->path_mtu_ms >= FORGET_MS;

	if (!mtu || clip(sa, mtu) == sa->path_mtu || (clip(sa, mtu) > sa->path_mtu && !forget))
		return;
	set_path(gw, sa, clip(sa, mtu));
	sa->path_mtu_ms = 0;
}

void mtu_refresh(struct gw *gw)
{
	struct gw_sa *sa = gw->mtu_next ? gw->mtu_next : gw->sad.all;

	for (int i = 0; sa && i < REFRESH_COUNT; i++, sa = sa->next)
		if (sa->id.direction == SINK_OUT)
			refresh(gw, sa);
	gw->mtu_next = sa;
}

void mtu_forget(struct gw *gw, const struct gw_event *event)
{
	if (gw->mtu_next == event->sa)
		gw->mtu_next = event->sa->next;
}
