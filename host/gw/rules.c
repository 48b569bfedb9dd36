/* SPDX-License-Identifier: Apache-2.0 */
#include "rules.h"

#include <assert.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packet.h"
#include "rule_places.h"

#define MAIN_TABLE 254u
#define METRIC_BLOCK 0x10000000u
#define CLEAN_ROUNDS 64

static const struct nl_rule fixed[] = {
	{ .priority = PRIORITY_MARK, .table = MAIN_TABLE, .mark = SINK_MARK, .mark_mask = UINT32_MAX },
	{ .priority = PRIORITY_ASK, .table = ROUTES_REST, .mark = ROUTES_ASK, .mark_mask = ROUTES_ASK },
	{ .priority = PRIORITY_UNBOUND, .table = ROUTES_UNBOUND, .src_plen = 32 },
	{ .priority = PRIORITY_UNBOUND + 1, .table = ROUTES_UNBOUND + 1, .src_plen = 32 },
};

#define FIXED (sizeof(fixed) / sizeof(fixed[0]))

static_assert(ROUTES_STAGES == RULES_STAGES, "stages");

static uint32_t bucket_of(const struct nl_rule *rule)
{
	uint32_t hash = get_be32(rule->src) * 2654435761u ^ get_be32(rule->dst) * 2246822519u ^ rule->src_plen ^ rule->priority * 3266489917u;

	return (hash >> 16 ^ hash) & (ROUTES_RULES - 1);
}

/* The same in all but where it leads. */
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

/* What is counted of the rules that there are: those that stand directly, and the groups. */
static void count(struct gw_routes *routes, const struct nl_rule *rule, bool add)
{
	struct rule_group group;

	if (rule->priority == PRIORITY_SEND)
		routes->direct += add ? 1 : -1u;
	if (places_group_of(PRIORITY_SEND, rule, &group))
		routes->groups_used[group.stage][group.index] = add;
}

static struct gw_rule *enter(struct gw_routes *routes, struct gw_rule **link, const struct nl_rule *rule)
{
	struct gw_rule *entry = *link = calloc(1, sizeof(*entry));

	if (!entry)
		return NULL;
	entry->rule = *rule;
	count(routes, rule, true);
	return entry;
}

static void leave(struct gw_routes *routes, struct gw_rule **link)
{
	struct gw_rule *entry = *link;

	*link = entry->next;
	count(routes, &entry->rule, false);
	free(entry);
}

static int use(struct gw_routes *routes, const struct nl_rule *rule, bool add)
{
	struct gw_rule **link = find(routes, rule), *entry = *link;
	int ret = 0;

	if (add && !entry) {
		struct nl_rule fresh = *rule;

		entry = enter(routes, link, rule);
		if (!entry)
			return -ENOMEM;
		fresh.fresh = true;
		ret = add_rule(routes, &fresh);
	} else if (add && !entry->users) {
		ret = add_rule(routes, &entry->rule);
	}
	if (add) {
		entry->users++;
	} else if (entry && !--entry->users) {
		ret = nl_rule(routes->fd, false, &entry->rule);
		leave(routes, link);
	}
	return ret;
}

/* ---- local prefixes ---- */

/* The group for what has this in common, if it is there. */
static bool find_group(const struct gw_routes *routes, unsigned int stage, const struct prefix *common, struct rule_group *group)
{
	const struct rule_group wanted = { .stage = stage, .common = *common };
	struct nl_rule entry = places_entry(PRIORITY_SEND, &wanted);
	const struct gw_rule *found = *find(routes, &entry);

	return found && places_group_of(PRIORITY_SEND, &found->rule, group);
}

static bool new_group(const struct gw_routes *routes, unsigned int stage, const struct prefix *common, struct rule_group *group)
{
	const uint8_t *free = memchr(routes->groups_used[stage], 0, places_groups(stage));

	if (!free)
		return false;
	*group = (struct rule_group){ .stage = stage, .index = (unsigned int)(free - routes->groups_used[stage]), .common = *common };
	return true;
}

/* Where the rules of a local prefix stand. */
struct place {
	bool grouped;
	struct rule_group group;
	const struct gw_rule *rule; /* NULL: there is none yet */
};

static struct nl_rule rule_at(uint32_t base, const struct prefix *local, const struct place *place)
{
	struct nl_rule rule = { .priority = base + (place->grouped ? places_offset(&place->group) : 0), .src_plen = local->plen };

	memcpy(rule.src, local->base, 4);
	return rule;
}

static bool is_there(const struct gw_routes *routes, const struct prefix *local, struct place *place)
{
	struct nl_rule rule = rule_at(PRIORITY_SEND, local, place);

	place->rule = *find(routes, &rule);
	return place->rule;
}

static struct place find_place(const struct gw_routes *routes, const struct prefix *local)
{
	struct place place = { 0 };
	struct prefix common;

	if (is_there(routes, local, &place))
		return place;
	place.grouped = true;
	for (unsigned int s = 0; s < RULES_STAGES; s++)
		if (places_fits(s, local, &common) && find_group(routes, s, &common, &place.group) && is_there(routes, local, &place))
			return place;
	return (struct place){ 0 };
}

static struct place choose_place(const struct gw_routes *routes, const struct prefix *local)
{
	struct place place = { .grouped = true };
	struct prefix common;

	for (unsigned int s = 0; routes->direct >= RULES_DIRECT && s < RULES_STAGES; s++)
		if (places_fits(s, local, &common) &&
		    (find_group(routes, s, &common, &place.group) || new_group(routes, s, &common, &place.group)))
			return place;
	return (struct place){ 0 };
}

uint32_t rules_table(const struct gw_routes *routes, const struct prefix *local)
{
	struct place place = find_place(routes, local);

	return place.rule ? place.rule->rule.table : 0;
}

/* Of a tree: the prefix's own rule; of its group first what leads past it, and last what leads to it. */
static int use_in_tree(struct gw_routes *routes, uint32_t base, const struct prefix *local, const struct place *place, uint32_t table, bool add)
{
	struct nl_rule rule = rule_at(base, local, place), frame[PLACES_FRAME], entry;
	int first = 0, ret;

	rule.table = table;
	if (!place->grouped)
		return use(routes, &rule, add);
	entry = places_entry(base, &place->group);
	places_frame(base, &place->group, frame);
	if (!add)
		first = use(routes, &entry, false);
	for (unsigned int i = 0; add && i < PLACES_FRAME; i++) {
		ret = use(routes, &frame[i], true);
		first = first ? first : ret;
	}
	ret = use(routes, &rule, add);
	first = first ? first : ret;
	for (unsigned int i = PLACES_FRAME; !add && i-- > 0;) {
		ret = use(routes, &frame[i], false);
		first = first ? first : ret;
	}
	ret = add ? use(routes, &entry, true) : 0;
	return first ? first : ret;
}

int rules_use_local(struct gw_routes *routes, const struct prefix *local, bool add)
{
	struct place place = find_place(routes, local);
	uint32_t table = place.rule ? place.rule->rule.table : 0;
	int ret, ret2;

	if (!table && !add)
		return 0;
	if (!table) {
		place = choose_place(routes, local);
		table = routes->next_table;
		routes->next_table += 2;
	}
	ret = use_in_tree(routes, PRIORITY_SEND, local, &place, table, add);
	ret2 = use_in_tree(routes, PRIORITY_BLOCK, local, &place, table + 1, add);
	return ret ? ret : ret2;
}

int rules_use_own(struct gw_routes *routes, const struct prefix *local, const struct prefix *own, bool add)
{
	struct nl_rule rule = { .src_plen = local->plen };
	int ret, ret2;

	memcpy(rule.src, local->base, 4);
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

/* A rule of an earlier gateway: its table stays that of its prefix, its group that of what its members have in common. */
static void adopt(void *context, const struct nl_rule *rule)
{
	struct gw_routes *routes = context;
	struct gw_rule **link = find(routes, rule), *entry;

	if (rule->priority < PRIORITY_SEND || rule->priority >= PRIORITY_ASK || *link)
		return;
	entry = enter(routes, link, rule);
	if (!entry)
		return;
	entry->adopted = true;
	if (rule->table >= ROUTES_FIRST && rule->table >= routes->next_table)
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
			nl_rule(routes->fd, false, &entry->rule);
			if (entry->rule.table >= ROUTES_FIRST)
				rules_clean_table(routes, entry->rule.table, NULL);
			leave(routes, link);
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

void rules_repair_one(struct gw_routes *routes, const struct nl_rule *rule)
{
	const struct gw_rule *entry = *find(routes, rule);

	if (entry)
		add_rule(routes, &entry->rule);
	for (size_t i = 0; i < FIXED; i++)
		if (fixed[i].priority == rule->priority)
			add_rule(routes, &fixed[i]);
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
		while (routes->rules[i])
			leave(routes, &routes->rules[i]);
	}
}
