/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What policy lets pass in clear. Where such a policy speaks of addresses alone and none before it says otherwise, the kernel routes its packets past
 * the gateway, also when the gateway is gone. All others come to the gateway, which sends them on. Inbound, the filter gets them as exceptions,
 * with what is protected before them.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bypass.h"
#include "clock.h"

#define ICMP 1u

/* Every packet between its addresses. */
static bool is_whole(const struct ts *list, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (list[i].proto || list[i].port_lo || list[i].port_hi != UINT16_MAX)
			return false;
	return true;
}

static bool meet(const struct ts *a, unsigned int a_count, const struct ts *b, unsigned int b_count)
{
	for (unsigned int i = 0; i < a_count; i++)
		for (unsigned int k = 0; k < b_count; k++)
			if (ip_compare(&a[i].lo, &b[k].hi) <= 0 && ip_compare(&b[k].lo, &a[i].hi) <= 0)
				return true;
	return false;
}

static bool overlap(const struct gw_policy *a, const struct gw_policy *b)
{
	return meet(a->remote, a->p.remote_count, b->remote, b->p.remote_count) && meet(a->local, a->p.local_count, b->local, b->p.local_count);
}

/* Is a policy of the other kind, which shares addresses with it, asked before it? */
static bool comes_second(const struct gw_spd *spd, unsigned int at)
{
	for (unsigned int i = 0; i < at; i++)
		if (spd->order[i]->p.action != SINK_BYPASS && overlap(spd->order[i], spd->order[at]))
			return true;
	return false;
}

static void route(struct gw *gw, unsigned int at)
{
	struct gw_policy *entry = gw->spd.order[at];
	bool wanted = is_whole(entry->local, entry->p.local_count) && is_whole(entry->remote, entry->p.remote_count) && !comes_second(&gw->spd, at);
	struct sink_policy policy;

	if (wanted == entry->routed)
		return;
	spd_get(entry, &policy);
	entry->routed = wanted;
	if (wanted)
		routes_add(&gw->routes, &policy, ROUTE_PASS, &entry->routes);
	else
		routes_remove(&gw->routes, &policy, &entry->routes);
}

/* ---- the filter's text ---- */

static void write_range(FILE *out, const char *what, const struct ts *ts)
{
	const uint8_t *l = ts->lo.bytes, *h = ts->hi.bytes;

	fprintf(out, "%s %u.%u.%u.%u-%u.%u.%u.%u ", what, l[0], l[1], l[2], l[3], h[0], h[1], h[2], h[3]);
}

static void write_ports(FILE *out, const char *what, const struct ts *ts)
{
	if (ts->port_lo || ts->port_hi != UINT16_MAX)
		fprintf(out, "%s %u-%u ", what, ts->port_lo, ts->port_hi);
}

/* An inbound packet comes from remote to local. Opaque ports match no packet that has one (RFC 4301, 4.4.1.1): nothing is written then. */
static void write_pair(FILE *out, const struct ts *local, const struct ts *remote, const char *verdict)
{
	unsigned int proto = local->proto ? local->proto : remote->proto;
	bool icmp = proto == ICMP;

	if ((local->proto && remote->proto && local->proto != remote->proto) || local->port_lo > local->port_hi || remote->port_lo > remote->port_hi)
		return;
	write_range(out, "ip saddr", remote);
	write_range(out, "ip daddr", local);
	if (proto)
		fprintf(out, "ip protocol %u ", proto);
	write_ports(out, icmp ? "@th,0,16" : "th sport", remote);
	write_ports(out, icmp ? "@th,0,16" : "th dport", local);
	fprintf(out, "counter %s\n", verdict);
}

static void write_policy(FILE *out, const struct gw_policy *policy)
{
	const char *verdict = policy->p.action == SINK_BYPASS ? "accept" : "drop";

	for (unsigned int i = 0; i < policy->p.local_count; i++)
		for (unsigned int k = 0; k < policy->p.remote_count; k++)
			write_pair(out, &policy->local[i], &policy->remote[k], verdict);
}

static bool before_some(const struct gw_spd *spd, unsigned int at)
{
	for (unsigned int i = at + 1; i < spd->count; i++)
		if (spd->order[i]->p.action == SINK_BYPASS && overlap(spd->order[i], spd->order[at]))
			return true;
	return false;
}

static char *write_exceptions(const struct gw_spd *spd)
{
	unsigned int left = spd->bypass_count;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	for (unsigned int i = 0; left && i < spd->count; i++) {
		bool bypass = spd->order[i]->p.action == SINK_BYPASS;

		if (bypass || before_some(spd, i))
			write_policy(out, spd->order[i]);
		left -= bypass;
	}
	return fclose(out) ? (free(text), NULL) : text;
}

void bypass_settle(struct gw *gw, const struct gw_event *event)
{
	unsigned int left = gw->spd.bypass_count;

	(void)event;
	if (!left && !gw->bypassing)
		return;
	gw->bypassing = left > 0;
	for (unsigned int i = 0; left && i < gw->spd.count; i++) {
		if (gw->spd.order[i]->p.action != SINK_BYPASS)
			continue;
		route(gw, i);
		left--;
	}
	gw->filter_stale = true;
}

void bypass_update(struct gw *gw)
{
	char *text;

	if (!gw->filter_stale || gw->now_ms < gw->filter_ms)
		return;
	gw->filter_stale = false;
	text = write_exceptions(&gw->spd);
	filter_set(&gw->filter, text);
	free(text);
	/* Many exceptions take a while to load: packets come first. */
	gw->filter_ms = gw_clock_ms() + 10 * (gw_clock_ms() - gw->now_ms);
}
