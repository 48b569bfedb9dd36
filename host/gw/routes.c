/* SPDX-License-Identifier: Apache-2.0 */
#include "routes.h"

#include <errno.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "packet.h"
#include "rules.h"

#define METRIC_THROW 5u
#define METRIC_TUN 10u
#define METRIC_BLOCK 0x10000000u

/* ---- addresses of this host ---- */

void routes_read_addresses(struct gw_routes *routes)
{
	struct ifaddrs *list;
	unsigned int count = 0;

	if (getifaddrs(&list))
		return;
	for (struct ifaddrs *i = list; i; i = i->ifa_next)
		count += i->ifa_addr && i->ifa_addr->sa_family == AF_INET;
	free(routes->addresses);
	routes->address_count = 0;
	routes->addresses = calloc(count ? count : 1, sizeof(*routes->addresses));
	for (struct ifaddrs *i = list; i && routes->addresses; i = i->ifa_next) {
		struct endpoint e;

		if (i->ifa_addr && i->ifa_addr->sa_family == AF_INET && !endpoint_from_sockaddr(i->ifa_addr, &e))
			routes->addresses[routes->address_count++] = e.ip;
	}
	freeifaddrs(list);
}

bool routes_source(const struct gw_routes *routes, const struct sink_policy *policy, uint8_t source[4])
{
	memset(source, 0, 4);
	for (unsigned int i = 0; i < routes->address_count; i++) {
		const struct ip_addr *ip = &routes->addresses[i];

		for (unsigned int t = 0; t < policy->local_count; t++) {
			if (ip_compare(&policy->local[t].lo, ip) > 0 || ip_compare(ip, &policy->local[t].hi) > 0)
				continue;
			memcpy(source, ip->bytes, 4);
			return true;
		}
	}
	return false;
}

/* ---- prefixes ---- */

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

struct prefixes {
	unsigned int count;
	struct prefix items[ROUTES_PREFIXES];
};

static int enter_prefix(void *context, uint32_t base, unsigned int plen)
{
	struct prefixes *list = context;
	struct prefix prefix = { .plen = plen };

	put_be32(prefix.base, base);
	for (unsigned int i = 0; i < list->count; i++) /* selectors that differ in ports only */
		if (list->items[i].plen == plen && !memcmp(list->items[i].base, prefix.base, 4))
			return 0;
	if (list->count == ROUTES_PREFIXES)
		return -E2BIG;
	list->items[list->count++] = prefix;
	return 0;
}

static int enter_selectors(struct prefixes *list, const struct ts *selectors, unsigned int count)
{
	int ret = 0;

	list->count = 0;
	for (unsigned int i = 0; !ret && i < count; i++)
		ret = routes_prefixes(get_be32(selectors[i].lo.bytes), get_be32(selectors[i].hi.bytes), enter_prefix, list);
	return ret;
}

/* Inside a selector, and not all of it. */
static bool is_inside(const struct prefix *prefix, const struct ts *ts)
{
	uint32_t low = get_be32(prefix->base), high = low | (prefix->plen ? ~(UINT32_MAX << (32 - prefix->plen)) : UINT32_MAX);
	uint32_t from = get_be32(ts->lo.bytes), to = get_be32(ts->hi.bytes);

	return from <= low && high <= to && (from < low || high < to);
}

/* A local prefix inside a remote selector is a network of our own, not the peer's. */
static bool is_own(const struct prefix *local, const struct sink_policy *policy)
{
	for (unsigned int i = 0; i < policy->remote_count; i++)
		if (is_inside(local, &policy->remote[i]))
			return true;
	return false;
}

/* ---- one route ---- */

static struct gw_route **find(const struct gw_routes *routes, uint32_t table, const uint8_t *dst, unsigned int plen)
{
	uint32_t hash = get_be32(dst) * 2654435761u ^ table * 2246822519u ^ plen;
	struct gw_route *const *link = &routes->buckets[(hash >> 16 ^ hash) % ROUTES_BUCKETS];

	while (*link && ((*link)->table != table || (*link)->plen != plen || memcmp((*link)->dst, dst, 4) != 0))
		link = &(*link)->next;
	return (struct gw_route **)link;
}

static bool wants_throw(const struct gw_route *entry)
{
	return entry->users[ROUTE_PASS] || (entry->users[ROUTE_OWN] && !entry->users[ROUTE_TUNNEL]);
}

static int put_route(struct gw_routes *routes, const struct gw_route *entry, bool add, enum nl_kind kind, bool second)
{
	struct nl_route route = { .plen = entry->plen, .table = entry->table + second, .kind = kind, .device = routes->device,
				  .metric = kind == NL_THROW ? METRIC_THROW : kind == NL_DEVICE ? METRIC_TUN : METRIC_BLOCK };

	memcpy(route.dst, entry->dst, 4);
	if (kind == NL_DEVICE) {
		memcpy(route.source, entry->source, 4);
		route.mtu = entry->mtu;
	}
	return nl_route(routes->fd, add, &route);
}

static int put_pair(struct gw_routes *routes, const struct gw_route *entry, bool add, enum nl_kind first, enum nl_kind second)
{
	int ret = add ? put_route(routes, entry, true, second, true) : put_route(routes, entry, false, first, false);
	int ret2 = add ? put_route(routes, entry, true, first, false) : put_route(routes, entry, false, second, true);

	return ret ? ret : ret2; /* what blocks is there first and goes last */
}

/* As its users want it; before: what was there. */
static int settle(struct gw_routes *routes, const struct gw_route *entry, bool had_tunnel, bool had_throw)
{
	bool tunnel = entry->users[ROUTE_TUNNEL] > 0, throws = wants_throw(entry);
	int ret = 0, ret2 = 0;

	if (tunnel)
		ret = put_pair(routes, entry, true, NL_DEVICE, NL_UNREACHABLE);
	if (throws)
		ret2 = put_pair(routes, entry, true, NL_THROW, NL_THROW);
	if (had_throw && !throws)
		put_pair(routes, entry, false, NL_THROW, NL_THROW);
	if (had_tunnel && !tunnel)
		put_pair(routes, entry, false, NL_DEVICE, NL_UNREACHABLE);
	return ret ? ret : ret2;
}

enum step { ADD, REMOVE, SET_MTU };

struct change {
	struct gw_routes *routes;
	const struct policy_routes *in_force;
	enum step step;
	bool add; /* step is ADD */
	int failure;
};

static void note(struct change *change, int ret)
{
	if (!change->failure)
		change->failure = ret;
}

static void take_mtu(struct gw_route *entry, uint32_t mtu)
{
	if (entry->users[ROUTE_TUNNEL] < 2 || (mtu && (!entry->mtu || mtu < entry->mtu)))
		entry->mtu = mtu;
}

static void set_mtu(struct change *change, struct gw_route *entry)
{
	uint32_t before = entry->mtu;

	take_mtu(entry, change->in_force->mtu);
	if (entry->mtu != before)
		note(change, put_route(change->routes, entry, true, NL_DEVICE, false));
}

static void change_route(struct change *change, uint32_t table, const struct prefix *prefix, enum route_use use)
{
	struct gw_route **link = find(change->routes, table, prefix->base, prefix->plen), *entry = *link;
	bool had_tunnel, had_throw;

	if (!entry && change->add) {
		entry = *link = calloc(1, sizeof(*entry));
		if (entry) {
			entry->table = table;
			entry->plen = (uint8_t)prefix->plen;
			memcpy(entry->dst, prefix->base, 4);
		}
	}
	if (entry && change->step == SET_MTU) {
		if (use == ROUTE_TUNNEL && entry->users[use])
			set_mtu(change, entry);
		return;
	}
	if (!entry || (!change->add && !entry->users[use])) {
		note(change, change->add ? -ENOMEM : 0);
		return;
	}
	had_tunnel = entry->users[ROUTE_TUNNEL] > 0;
	had_throw = wants_throw(entry);
	entry->users[use] += change->add ? 1 : -1u;
	if (use == ROUTE_TUNNEL && change->add)
		take_mtu(entry, change->in_force->mtu);
	if (table == ROUTES_UNBOUND && change->add)
		memcpy(entry->source, change->in_force->source, 4);
	note(change, settle(change->routes, entry, had_tunnel, had_throw));
	if (!entry->users[ROUTE_TUNNEL] && !entry->users[ROUTE_OWN] && !entry->users[ROUTE_PASS]) {
		*link = entry->next;
		free(entry);
	}
}

/* ---- a policy ---- */

static void change_own(struct change *change, uint32_t table, const struct prefixes *local, const struct sink_policy *policy)
{
	for (unsigned int i = 0; change->in_force->use == ROUTE_TUNNEL && i < local->count; i++)
		if (is_own(&local->items[i], policy))
			change_route(change, table, &local->items[i], ROUTE_OWN);
}

static void change_table(struct change *change, uint32_t table, const struct prefixes *local, const struct prefixes *remote,
			 const struct sink_policy *policy)
{
	if (change->add)
		change_own(change, table, local, policy); /* before and after the routes that they are exceptions of */
	for (unsigned int i = 0; i < remote->count; i++)
		change_route(change, table, &remote->items[i], change->in_force->use);
	if (change->step == REMOVE)
		change_own(change, table, local, policy);
}

static void change_own_rules(struct change *change, const struct prefix *local, const struct prefixes *all, const struct sink_policy *policy)
{
	for (unsigned int i = 0; change->in_force->use == ROUTE_TUNNEL && i < all->count; i++)
		if (is_own(&all->items[i], policy))
			note(change, rules_use_own(change->routes, local, &all->items[i], change->add));
}

/* A rule is there as long as its tables have something in them. */
static void change_local(struct change *change, const struct prefix *prefix, const struct prefixes *local, const struct prefixes *remote,
			 const struct sink_policy *policy)
{
	uint32_t table;

	if (change->add) {
		change_own_rules(change, prefix, local, policy);
		note(change, rules_use_local(change->routes, prefix, true));
	}
	table = rules_table(change->routes, prefix);
	if (table)
		change_table(change, table, local, remote, policy);
	if (change->step == REMOVE) {
		rules_use_local(change->routes, prefix, false);
		change_own_rules(change, prefix, local, policy);
	}
}

static int change_policy(struct gw_routes *routes, const struct sink_policy *policy, const struct policy_routes *in_force, enum step step)
{
	static const uint8_t none[4];
	struct change change = { .routes = routes, .in_force = in_force, .step = step, .add = step == ADD };
	struct prefixes local, remote;
	int ret = enter_selectors(&local, policy->local, policy->local_count);

	if (!ret)
		ret = enter_selectors(&remote, policy->remote, policy->remote_count);
	if (ret)
		return ret;
	for (unsigned int i = 0; i < local.count; i++)
		change_local(&change, &local.items[i], &local, &remote, policy);
	if (memcmp(in_force->source, none, 4) != 0)
		change_table(&change, ROUTES_UNBOUND, &local, &remote, policy);
	return change.failure;
}

bool routes_fits(const struct sink_policy *policy)
{
	struct prefixes list;

	return !enter_selectors(&list, policy->local, policy->local_count) && !enter_selectors(&list, policy->remote, policy->remote_count);
}

int routes_add(struct gw_routes *routes, const struct sink_policy *policy, enum route_use use, struct policy_routes *in_force)
{
	in_force->use = use;
	routes_source(routes, policy, in_force->source);
	return change_policy(routes, policy, in_force, ADD);
}

void routes_remove(struct gw_routes *routes, const struct sink_policy *policy, const struct policy_routes *in_force)
{
	change_policy(routes, policy, in_force, REMOVE);
}

void routes_set_mtu(struct gw_routes *routes, const struct sink_policy *policy, const struct policy_routes *in_force)
{
	change_policy(routes, policy, in_force, SET_MTU);
}

/* ---- all of them ---- */

int routes_open(struct gw_routes *routes, int device, char *error)
{
	memset(routes, 0, sizeof(*routes));
	routes->device = device;
	routes->adopted = true;
	routes->fd = nl_open();
	if (routes->fd < 0) {
		snprintf(error, 256, "rtnetlink: %s.", strerror(-routes->fd));
		return routes->fd;
	}
	routes_read_addresses(routes);
	return rules_open(routes, error);
}

/* Tables come in pairs: one that sends, one that blocks behind it. */
static bool is_first(uint32_t table)
{
	return (table - (table >= ROUTES_FIRST ? ROUTES_FIRST : ROUTES_UNBOUND)) % 2 == 0;
}

static bool is_used(const struct gw_routes *routes, const struct nl_route *route)
{
	bool first = is_first(route->table);
	const struct gw_route *entry = *find(routes, first ? route->table : route->table - 1, route->dst, route->plen);

	if (!entry)
		return false;
	if (route->kind == NL_THROW)
		return wants_throw(entry);
	return entry->users[ROUTE_TUNNEL] && (route->kind == NL_DEVICE) == first;
}

static void sweep_table(struct gw_routes *routes, uint32_t table)
{
	rules_clean_table(routes, table, is_used);
	rules_clean_table(routes, table + 1, is_used);
}

void routes_sweep(struct gw_routes *routes)
{
	if (!routes->adopted)
		return;
	routes->adopted = false;
	rules_sweep(routes);
	sweep_table(routes, ROUTES_UNBOUND);
	for (unsigned int i = 0; i < ROUTES_RULES; i++) {
		for (struct gw_rule *entry = routes->rules[i]; entry; entry = entry->next) {
			if (entry->adopted && entry->rule.table >= ROUTES_FIRST && is_first(entry->rule.table))
				sweep_table(routes, entry->rule.table);
			entry->adopted = false;
		}
	}
}

int routes_repair(struct gw_routes *routes)
{
	int first = rules_repair(routes);

	for (unsigned int i = 0; i < ROUTES_BUCKETS; i++) {
		for (const struct gw_route *entry = routes->buckets[i]; entry; entry = entry->next) {
			int ret = settle(routes, entry, false, false);

			first = first ? first : ret;
		}
	}
	return first;
}

static bool repair_at(struct gw_routes *routes, uint32_t table, const struct nl_route *route)
{
	const struct gw_route *entry = *find(routes, table, route->dst, route->plen);

	if (entry)
		settle(routes, entry, false, false);
	return entry;
}

bool routes_repair_one(struct gw_routes *routes, const struct nl_route *route)
{
	if (route->table == ROUTES_REST || route->table == ROUTES_OWN)
		return !rules_repair(routes);
	return repair_at(routes, route->table, route) || repair_at(routes, route->table - 1, route);
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
	free(routes->addresses);
	routes->addresses = NULL;
	routes->address_count = 0;
}

void routes_close(struct gw_routes *routes, bool release)
{
	if (routes->fd < 0)
		return;
	rules_close(routes, release);
	forget(routes);
	close(routes->fd);
	routes->fd = -1;
}
