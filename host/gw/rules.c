/* SPDX-License-Identifier: Apache-2.0 */
#include "rules.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packet.h"

#define MAIN_TABLE 254u
#define METRIC_BLOCK 0x10000000u
#define PRIORITY_MARK 4300u
#define PRIORITY_LOCAL 4301u /* and the next one */
#define PRIORITY_OWN 4303u   /* and the next one */
#define CLEAN_ROUNDS 64

static const struct nl_rule fixed[] = {
	{ .priority = PRIORITY_MARK, .table = MAIN_TABLE, .mark = SINK_MARK, .mark_mask = UINT32_MAX },
	{ .priority = 4305, .table = ROUTES_REST, .mark = ROUTES_ASK, .mark_mask = ROUTES_ASK },
	{ .priority = 4306, .table = ROUTES_UNBOUND, .src_plen = 32 },
	{ .priority = 4307, .table = ROUTES_UNBOUND + 1, .src_plen = 32 },
};

#define FIXED (sizeof(fixed) / sizeof(fixed[0]))

static uint32_t bucket_of(const struct nl_rule *rule)
{
	return (get_be32(rule->src) * 2654435761u ^ get_be32(rule->dst) * 2246822519u ^ rule->src_plen) >> 16 & (ROUTES_RULES - 1);
}

/* The same in all but the table. */
static bool same_rule(const struct nl_rule *a, const struct nl_rule *b)
{
	return a->priority == b->priority && a->src_plen == b->src_plen && a->dst_plen == b->dst_plen && !memcmp(a->src, b->src, 4) &&
	       !memcmp(a->dst, b->dst, 4);
}

static struct gw_rule **find(const struct gw_routes *routes, const struct nl_rule *rule)
{
	struct gw_rule *const *link = &routes->rules[bucket_of(rule)];

	while (*link && !same_rule(&(*link)->rule, rule))
		link = &(*link)->next;
	return (struct gw_rule **)link;
}

/* It is there: somebody put it back, or an earlier gateway left it. */
static int add_rule(struct gw_routes *routes, const struct nl_rule *rule)
{
	int ret = nl_rule(routes->fd, true, rule);

	return ret == -EEXIST ? 0 : ret;
}

static int use(struct gw_routes *routes, const struct nl_rule *rule, bool add)
{
	struct gw_rule **link = find(routes, rule), *entry = *link;
	int ret = 0;

	if (add && !entry) {
		entry = *link = calloc(1, sizeof(*entry));
		if (!entry)
			return -ENOMEM;
		entry->rule = *rule;
	}
	if (add && !entry->users)
		ret = add_rule(routes, &entry->rule);
	if (add) {
		entry->users++;
	} else if (entry && !--entry->users) {
		*link = entry->next;
		ret = nl_rule(routes->fd, false, &entry->rule);
		free(entry);
	}
	return ret;
}

static struct nl_rule of_local(const struct prefix *local)
{
	struct nl_rule rule = { .priority = PRIORITY_LOCAL, .src_plen = local->plen };

	memcpy(rule.src, local->base, 4);
	return rule;
}

uint32_t rules_table(const struct gw_routes *routes, const struct prefix *local)
{
	struct nl_rule rule = of_local(local);
	const struct gw_rule *entry = *find(routes, &rule);

	return entry ? entry->rule.table : 0;
}

int rules_use_local(struct gw_routes *routes, const struct prefix *local, bool add)
{
	struct nl_rule rule = of_local(local);
	uint32_t table = rules_table(routes, local);
	int ret, ret2;

	if (!table && add) {
		table = routes->next_table;
		routes->next_table += 2;
	}
	rule.table = table;
	ret = use(routes, &rule, add);
	rule.priority++;
	rule.table = table + 1;
	ret2 = use(routes, &rule, add);
	return ret ? ret : ret2;
}

int rules_use_own(struct gw_routes *routes, const struct prefix *local, const struct prefix *own, bool add)
{
	struct nl_rule rule = of_local(local);
	int ret, ret2;

	memcpy(rule.dst, own->base, 4);
	rule.dst_plen = own->plen;
	rule.priority = PRIORITY_OWN;
	rule.table = MAIN_TABLE;
	rule.no_default = true;
	ret = use(routes, &rule, add);
	rule.priority++;
	rule.table = ROUTES_OWN;
	rule.no_default = false;
	ret2 = use(routes, &rule, add);
	return ret ? ret : ret2;
}

/* ---- all of them ---- */

static void each_rule(struct gw_routes *routes, void (*visit)(struct gw_routes *routes, struct gw_rule *entry, void *context), void *context)
{
	for (unsigned int i = 0; i < ROUTES_RULES; i++)
		for (struct gw_rule *entry = routes->rules[i]; entry; entry = entry->next)
			visit(routes, entry, context);
}

/* A rule of an earlier gateway: its table stays that of its prefix. */
static void adopt(void *context, const struct nl_rule *rule)
{
	struct gw_routes *routes = context;
	struct gw_rule **link = find(routes, rule);

	if (rule->priority < PRIORITY_LOCAL || rule->priority > PRIORITY_OWN + 1 || *link)
		return;
	*link = calloc(1, sizeof(**link));
	if (!*link)
		return;
	(*link)->rule = *rule;
	(*link)->adopted = true;
	if (rule->table >= routes->next_table)
		routes->next_table = rule->table + 1 + (rule->table + 1) % 2;
}

/* What is beside the policies' routes: the answer for the inbound filter, and the rest of own networks. */
static int add_fixed_routes(struct gw_routes *routes)
{
	struct nl_route rest = { .table = ROUTES_REST, .device = (int)if_nametoindex("lo") };
	struct nl_route own = { .table = ROUTES_OWN, .device = routes->device, .metric = 10 };
	struct nl_route block = { .table = ROUTES_OWN, .kind = NL_UNREACHABLE, .metric = METRIC_BLOCK };
	int ret = nl_route(routes->fd, true, &rest);

	if (!ret)
		ret = nl_route(routes->fd, true, &block);
	return ret ? ret : nl_route(routes->fd, true, &own);
}

int rules_open(struct gw_routes *routes, char *error)
{
	int ret;

	routes->next_table = ROUTES_FIRST;
	ret = nl_rules(adopt, routes);
	if (ret) {
		snprintf(error, 256, "Routing rules cannot be read: %s.", strerror(-ret));
		return ret;
	}
	ret = add_fixed_routes(routes);
	if (ret) {
		snprintf(error, 256, "Routes cannot be made, with lo and the TUN device up: %s.", strerror(-ret));
		return ret;
	}
	for (size_t i = 0; !ret && i < FIXED; i++)
		ret = add_rule(routes, &fixed[i]);
	if (ret)
		snprintf(error, 256, "Routing rules %u and above: %s.", PRIORITY_MARK, strerror(-ret));
	return ret;
}

struct clean {
	struct gw_routes *routes;
	bool (*keep)(const struct gw_routes *routes, const struct nl_route *route);
	unsigned int deleted;
};

static void clean_route(void *context, const struct nl_route *route)
{
	struct clean *clean = context;

	if (!clean->keep || !clean->keep(clean->routes, route))
		clean->deleted += !nl_route(clean->routes->fd, false, route);
}

/* A walk may miss what moves because of the deletions: again until there is nothing. */
void rules_clean_table(struct gw_routes *routes, uint32_t table, bool (*keep)(const struct gw_routes *routes, const struct nl_route *route))
{
	struct clean clean = { .routes = routes, .keep = keep };

	for (int i = 0; i < CLEAN_ROUNDS; i++) {
		clean.deleted = 0;
		if (nl_routes(table, clean_route, &clean) || !clean.deleted)
			return;
	}
}

void rules_sweep(struct gw_routes *routes)
{
	for (unsigned int i = 0; i < ROUTES_RULES; i++) {
		struct gw_rule **link = &routes->rules[i];

		while (*link) {
			struct gw_rule *entry = *link;

			if (entry->users) {
				link = &entry->next;
				continue;
			}
			*link = entry->next;
			nl_rule(routes->fd, false, &entry->rule);
			if (entry->rule.table >= ROUTES_FIRST)
				rules_clean_table(routes, entry->rule.table, NULL);
			free(entry);
		}
	}
}

static void repair_rule(struct gw_routes *routes, struct gw_rule *entry, void *context)
{
	int ret = add_rule(routes, &entry->rule), *first = context;

	*first = *first ? *first : ret;
}

int rules_repair(struct gw_routes *routes)
{
	int first = add_fixed_routes(routes);

	for (size_t i = 0; i < FIXED; i++) {
		int ret = add_rule(routes, &fixed[i]);

		first = first ? first : ret;
	}
	each_rule(routes, repair_rule, &first);
	return first;
}

static void unuse(struct gw_routes *routes, struct gw_rule *entry, void *context)
{
	(void)routes;
	(void)context;
	entry->users = 0;
}

void rules_close(struct gw_routes *routes, bool release)
{
	static const uint32_t tables[] = { ROUTES_UNBOUND, ROUTES_UNBOUND + 1, ROUTES_REST, ROUTES_OWN };

	each_rule(routes, unuse, NULL);
	if (release) {
		rules_sweep(routes);
		for (size_t i = 0; i < FIXED; i++)
			nl_rule(routes->fd, false, &fixed[i]);
		for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
			rules_clean_table(routes, tables[i], NULL);
	}
	for (unsigned int i = 0; i < ROUTES_RULES; i++) {
		while (routes->rules[i]) {
			struct gw_rule *entry = routes->rules[i];

			routes->rules[i] = entry->next;
			free(entry);
		}
	}
}
