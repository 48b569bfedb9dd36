/* SPDX-License-Identifier: Apache-2.0 */
#include "routes.h"

#include <errno.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "packet.h"

#define MAIN_TABLE 254u
#define METRIC_TUN 10u
#define METRIC_BLOCK 0x10000000u
#define PRIORITY 4300u

static const struct nl_rule rules[] = {
	{ .priority = PRIORITY, .table = MAIN_TABLE, .mark = SINK_MARK },
	{ .priority = PRIORITY + 1, .table = ROUTES_TABLE },
};

#define RULES (sizeof(rules) / sizeof(rules[0]))

int routes_open(struct gw_routes *routes, int device, char *error)
{
	int ret;

	memset(routes, 0, sizeof(*routes));
	routes->device = device;
	routes->fd = nl_open();
	if (routes->fd < 0) {
		snprintf(error, 256, "rtnetlink: %s.", strerror(-routes->fd));
		return routes->fd;
	}
	for (size_t i = 0; i < RULES; i++) {
		ret = nl_rule(routes->fd, true, &rules[i]);
		if (ret && ret != -EEXIST) {
			snprintf(error, 256, "Routing rule %u: %s.", rules[i].priority, strerror(-ret));
			return ret;
		}
	}
	return 0;
}

int routes_prefixes(uint32_t low, uint32_t high, int (*each)(void *context, uint32_t base, unsigned int plen), void *context)
{
	uint64_t at = low, end = (uint64_t)high + 1;
	int ret = 0;

	while (!ret && at < end) {
		unsigned int bits = at ? (unsigned int)__builtin_ctzll(at) : 32; /* as far as the base is aligned, */

		bits = bits > 32 ? 32 : bits;
		while (((uint64_t)1 << bits) > end - at) /* and the range goes */
			bits--;
		ret = each(context, (uint32_t)at, 32 - bits);
		at += (uint64_t)1 << bits;
	}
	return ret;
}

/* An address of this host inside the policy's local selectors, as the source its own packets take; false: none. */
static bool find_source(const struct sink_policy *policy, uint8_t source[4])
{
	struct ifaddrs *list;
	bool found = false;

	if (getifaddrs(&list))
		return false;
	for (struct ifaddrs *i = list; i && !found; i = i->ifa_next) {
		struct endpoint e;

		if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET || endpoint_from_sockaddr(i->ifa_addr, &e))
			continue;
		for (unsigned int t = 0; t < policy->local_count && !found; t++) {
			const struct ts *ts = &policy->local[t];

			found = ts->lo.family == 4 && ip_compare(&ts->lo, &e.ip) <= 0 && ip_compare(&e.ip, &ts->hi) <= 0;
			if (found)
				memcpy(source, e.ip.bytes, 4);
		}
	}
	freeifaddrs(list);
	return found;
}

struct change {
	struct gw_routes *routes;
	uint8_t source[4];
	bool add;
	int failure;
};

static struct gw_route **find(struct gw_routes *routes, const uint8_t *dst, unsigned int plen)
{
	struct gw_route **link = &routes->buckets[((get_be32(dst) * 2654435761u) >> 16 ^ plen) % ROUTES_BUCKETS];

	while (*link && ((*link)->route.plen != plen || memcmp((*link)->route.dst, dst, 4) != 0))
		link = &(*link)->next;
	return link;
}

static int put_routes(struct gw_routes *routes, bool add, const struct nl_route *route)
{
	struct nl_route block = *route;
	int ret, ret2;

	block.unreachable = true;
	block.metric = METRIC_BLOCK;
	memset(block.source, 0, 4);
	ret = add ? nl_route(routes->fd, true, &block) : nl_route(routes->fd, false, route); /* the block is there first and goes last */
	ret2 = add ? nl_route(routes->fd, true, route) : nl_route(routes->fd, false, &block);
	return ret ? ret : ret2;
}

static int change_prefix(void *context, uint32_t base, unsigned int plen)
{
	struct change *change = context;
	struct nl_route route = { .plen = plen, .table = ROUTES_TABLE, .metric = METRIC_TUN, .device = change->routes->device };
	struct gw_route **link, *entry;
	int ret = 0;

	put_be32(route.dst, base);
	memcpy(route.source, change->source, 4);
	link = find(change->routes, route.dst, plen);
	entry = *link;
	if (change->add) {
		if (!entry)
			entry = *link = calloc(1, sizeof(*entry));
		if (!entry) {
			change->failure = -ENOMEM;
			return 0;
		}
		entry->users++;
		entry->route = route;
		ret = put_routes(change->routes, true, &route);
	} else if (entry && --entry->users == 0) {
		*link = entry->next;
		ret = put_routes(change->routes, false, &entry->route);
		free(entry);
	}
	if (ret && !change->failure)
		change->failure = ret;
	return 0;
}

static int change_policy(struct gw_routes *routes, const struct sink_policy *policy, bool add)
{
	struct change change = { .routes = routes, .add = add };

	if (policy->action == SINK_BYPASS)
		return 0;
	if (add)
		find_source(policy, change.source);
	for (unsigned int i = 0; i < policy->remote_count; i++) {
		const struct ts *ts = &policy->remote[i];

		if (ts->lo.family == 4 && ip_compare(&ts->lo, &ts->hi) <= 0)
			routes_prefixes(get_be32(ts->lo.bytes), get_be32(ts->hi.bytes), change_prefix, &change);
	}
	return change.failure;
}

int routes_add(struct gw_routes *routes, const struct sink_policy *policy)
{
	return change_policy(routes, policy, true);
}

void routes_remove(struct gw_routes *routes, const struct sink_policy *policy)
{
	change_policy(routes, policy, false);
}

static void forget(struct gw_routes *routes)
{
	for (unsigned int i = 0; i < ROUTES_BUCKETS; i++) {
		while (routes->buckets[i]) {
			struct gw_route *entry = routes->buckets[i];

			routes->buckets[i] = entry->next;
			free(entry);
		}
	}
}

void routes_flush(struct gw_routes *routes)
{
	forget(routes);
	nl_flush_table(routes->fd, ROUTES_TABLE);
}

void routes_close(struct gw_routes *routes, bool keep)
{
	if (routes->fd < 0)
		return;
	forget(routes);
	if (!keep)
		nl_flush_table(routes->fd, ROUTES_TABLE);
	for (size_t i = 0; !keep && i < RULES; i++)
		nl_rule(routes->fd, false, &rules[i]);
	close(routes->fd);
	routes->fd = -1;
}
