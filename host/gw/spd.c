/* SPDX-License-Identifier: Apache-2.0 */
#include "spd.h"

#include <stdlib.h>
#include <string.h>

void spd_init(struct gw_spd *spd)
{
	memset(spd, 0, sizeof(*spd));
	spd->generation = 1; /* the cache, all zero, holds nothing */
}

void spd_free(struct gw_spd *spd)
{
	while (spd->count)
		spd_delete(spd, spd->order[spd->count - 1]);
	free(spd->order);
	spd_index_free(&spd->index);
	spd_init(spd);
}

/* log2 of the number of addresses, rounded up. */
static unsigned int address_bits(const struct ts *ts)
{
	size_t len = ip_len(&ts->lo);
	uint8_t span[16] = { 0 };
	int borrow = 0;

	for (size_t i = len; i-- > 0;) {
		int byte = ts->hi.bytes[i] - ts->lo.bytes[i] - borrow;

		borrow = byte < 0;
		span[i] = (uint8_t)byte;
	}
	for (size_t i = 0; i < len; i++)
		if (span[i])
			return (unsigned int)(len - i) * 8 - ((unsigned int)__builtin_clz(span[i]) - 24);
	return 0;
}

static unsigned int port_bits(const struct ts *ts)
{
	unsigned int span = ts->port_hi >= ts->port_lo ? (unsigned int)ts->port_hi - ts->port_lo : 0;

	return span ? 32 - (unsigned int)__builtin_clz(span) : 0;
}

/* The widest selector of a side: addresses count first, then the protocol, then ports. */
static uint32_t side_width(const struct ts *list, unsigned int count)
{
	uint32_t width = 0;

	for (unsigned int i = 0; i < count; i++) {
		uint32_t w = address_bits(&list[i]) << 8 | (uint32_t)(list[i].proto == 0) << 6 | port_bits(&list[i]);

		width = w > width ? w : width;
	}
	return width;
}

static int compare(const struct gw_policy *a, const struct gw_policy *b)
{
	if (a->stale != b->stale)
		return a->stale ? 1 : -1;
	if (a->p.priority != b->p.priority)
		return a->p.priority < b->p.priority ? -1 : 1;
	if (a->width != b->width)
		return a->width < b->width ? -1 : 1;
	if (a->p.reqid != b->p.reqid)
		return a->p.reqid < b->p.reqid ? -1 : 1;
	return (a > b) - (a < b); /* stale ones of several clients */
}

static unsigned int place_of(const struct gw_spd *spd, const struct gw_policy *policy)
{
	unsigned int low = 0, high = spd->count;

	while (low < high) {
		unsigned int middle = (low + high) / 2;

		if (compare(spd->order[middle], policy) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void take_out(struct gw_spd *spd, struct gw_policy *policy)
{
	unsigned int at = place_of(spd, policy);

	spd_index_remove(&spd->index, policy);
	memmove(&spd->order[at], &spd->order[at + 1], (--spd->count - at) * sizeof(*spd->order));
	spd->bypass_count -= policy->p.action == SINK_BYPASS;
	spd->generation++;
}

static void put_in(struct gw_spd *spd, struct gw_policy *policy)
{
	unsigned int at = place_of(spd, policy);

	memmove(&spd->order[at + 1], &spd->order[at], (spd->count++ - at) * sizeof(*spd->order));
	spd->order[at] = policy;
	spd_index_add(&spd->index, policy);
	spd->bypass_count += policy->p.action == SINK_BYPASS;
	spd->generation++;
}

static uint32_t selectors_hash(const struct ts *local, unsigned int local_count, const struct ts *remote, unsigned int remote_count)
{
	uint32_t hash = local_count * 31 + remote_count;

	for (unsigned int i = 0; i < local_count + remote_count; i++) {
		const struct ts *ts = i < local_count ? &local[i] : &remote[i - local_count];

		hash = (hash ^ get_be32(ts->lo.bytes)) * 2654435761u;
		hash = (hash ^ get_be32(ts->hi.bytes) ^ ts->port_lo) * 2246822519u;
	}
	return (hash ^ hash >> 16) % SPD_BUCKETS;
}

/* The chain that a policy is in. */
static struct gw_policy **bucket(struct gw_spd *spd, const struct gw_policy *policy)
{
	if (!policy->stale)
		return &spd->buckets[policy->p.reqid % SPD_BUCKETS];
	return &spd->stale[selectors_hash(policy->local, policy->p.local_count, policy->remote, policy->p.remote_count)];
}

static void chain(struct gw_spd *spd, struct gw_policy *policy)
{
	struct gw_policy **link = bucket(spd, policy);

	policy->chain = *link;
	*link = policy;
}

static void unchain(struct gw_spd *spd, struct gw_policy *policy)
{
	struct gw_policy **link = bucket(spd, policy);

	while (*link != policy)
		link = &(*link)->chain;
	*link = policy->chain;
}

struct gw_policy *spd_find(const struct gw_spd *spd, uint32_t reqid)
{
	struct gw_policy *policy = spd->buckets[reqid % SPD_BUCKETS];

	while (policy && policy->p.reqid != reqid)
		policy = policy->chain;
	return policy;
}

static int by_order(const void *a, const void *b)
{
	return compare(*(struct gw_policy *const *)a, *(struct gw_policy *const *)b);
}

void spd_make_stale(struct gw_spd *spd)
{
	for (unsigned int i = 0; i < spd->count; i++) {
		struct gw_policy *policy = spd->order[i];

		if (policy->stale)
			continue;
		unchain(spd, policy);
		policy->stale = true;
		policy->sa = NULL;
		chain(spd, policy);
	}
	if (spd->count)
		qsort(spd->order, spd->count, sizeof(*spd->order), by_order);
	spd->generation++;
}

static bool same_selectors(const struct gw_policy *policy, const struct sink_policy *other)
{
	bool same = policy->p.action == other->action && policy->p.local_count == other->local_count && policy->p.remote_count == other->remote_count;

	for (unsigned int i = 0; same && i < other->local_count; i++)
		same = ts_equal(&policy->local[i], &other->local[i]);
	for (unsigned int i = 0; same && i < other->remote_count; i++)
		same = ts_equal(&policy->remote[i], &other->remote[i]);
	return same;
}

struct gw_policy *spd_adopt(struct gw_spd *spd, const struct sink_policy *policy)
{
	uint32_t hash = selectors_hash(policy->local, policy->local_count, policy->remote, policy->remote_count);
	struct gw_policy *found = spd->stale[hash];

	while (found && !same_selectors(found, policy))
		found = found->chain;
	if (!found)
		return NULL;
	take_out(spd, found);
	unchain(spd, found);
	found->stale = false;
	found->p.reqid = policy->reqid;
	found->p.priority = policy->priority;
	chain(spd, found);
	put_in(spd, found);
	return found;
}

static struct gw_policy *new_policy(struct gw_spd *spd, uint32_t reqid)
{
	struct gw_policy *policy;

	if (spd->count == spd->room) {
		unsigned int room = spd->room ? 2 * spd->room : 64;
		struct gw_policy **order = realloc(spd->order, room * sizeof(*order));

		if (!order)
			return NULL;
		spd->order = order;
		spd->room = room;
	}
	policy = calloc(1, sizeof(*policy));
	if (!policy)
		return NULL;
	policy->held_last = &policy->held;
	policy->p.reqid = reqid;
	chain(spd, policy);
	return policy;
}

static struct ts *copy_selectors(const struct sink_policy *policy)
{
	struct ts *copy = malloc((policy->local_count + policy->remote_count) * sizeof(*copy));

	if (!copy)
		return NULL;
	memcpy(copy, policy->local, policy->local_count * sizeof(*copy));
	memcpy(copy + policy->local_count, policy->remote, policy->remote_count * sizeof(*copy));
	return copy;
}

void spd_get(const struct gw_policy *policy, struct sink_policy *out)
{
	*out = (struct sink_policy){ .reqid = policy->p.reqid, .action = policy->p.action, .priority = policy->p.priority,
				     .local_count = policy->p.local_count, .remote_count = policy->p.remote_count };
	memcpy(out->local, policy->local, out->local_count * sizeof(*out->local));
	memcpy(out->remote, policy->remote, out->remote_count * sizeof(*out->remote));
}

struct gw_policy *spd_set(struct gw_spd *spd, const struct sink_policy *policy)
{
	struct gw_policy *entry = spd_find(spd, policy->reqid);
	struct ts *selectors;
	uint32_t local = side_width(policy->local, policy->local_count), remote = side_width(policy->remote, policy->remote_count);

	if (entry && entry->p.priority == policy->priority && same_selectors(entry, policy))
		return entry; /* another SA is all that is new: a rekeying */
	selectors = copy_selectors(policy);
	if (entry && selectors)
		take_out(spd, entry);
	else if (selectors)
		entry = new_policy(spd, policy->reqid);
	if (!entry || !selectors) {
		free(selectors);
		return NULL;
	}
	free(entry->local);
	entry->local = selectors;
	entry->remote = selectors + policy->local_count;
	entry->p.reqid = policy->reqid;
	entry->p.priority = policy->priority;
	entry->p.action = policy->action;
	entry->p.local_count = policy->local_count;
	entry->p.remote_count = policy->remote_count;
	entry->width = local + remote;
	put_in(spd, entry);
	return entry;
}

void spd_delete(struct gw_spd *spd, struct gw_policy *policy)
{
	struct gw_held *held;

	unchain(spd, policy);
	take_out(spd, policy);
	while ((held = spd_unhold(policy)))
		free(held);
	free(policy->local);
	free(policy);
}

static bool side_matches(const struct ts *list, unsigned int count, const struct ip_addr *ip, const struct packet *packet, uint16_t port)
{
	for (unsigned int i = 0; i < count; i++)
		if (ts_match(&list[i], ip, packet->proto, packet->has_port, port))
			return true;
	return false;
}

static bool side_may_match(const struct ts *list, unsigned int count, const struct ip_addr *ip, const struct packet *packet)
{
	for (unsigned int i = 0; i < count; i++)
		if (ts_match(&list[i], ip, packet->proto, true, list[i].port_lo))
			return true;
	return false;
}

/* A fragment behind the first: of this policy if its ports, which nobody knows here, are among the policy's. */
static bool may_match(const struct gw_policy *policy, const struct packet *packet)
{
	return packet->later && side_may_match(policy->remote, policy->p.remote_count, &packet->dst, packet) &&
	       side_may_match(policy->local, policy->p.local_count, &packet->src, packet);
}

struct search {
	const struct packet *packet;
	struct gw_policy *best;
	bool certain;
};

static void consider(void *context, struct gw_policy *policy, bool certain)
{
	struct search *search = context;
	const struct packet *packet = search->packet;

	if (search->best && compare(search->best, policy) <= 0)
		return;
	certain = certain || (side_matches(policy->remote, policy->p.remote_count, &packet->dst, packet, packet->dst_port) &&
			      side_matches(policy->local, policy->p.local_count, &packet->src, packet, packet->src_port));
	if (!certain && !may_match(policy, packet))
		return;
	search->best = policy;
	search->certain = certain;
}

/* Where the first one only may match: what comes behind it might let out what it protects. */
static struct gw_policy *look_up(const struct gw_spd *spd, const struct packet *packet)
{
	struct search search = { .packet = packet };

	spd_index_visit(&spd->index, packet, consider, &search);
	return search.certain ? search.best : NULL;
}

static bool same_flow(const struct packet *a, const struct packet *b)
{
	return ip_equal(&a->src, &b->src) && ip_equal(&a->dst, &b->dst) && a->proto == b->proto && a->has_port == b->has_port && a->later == b->later &&
	       a->src_port == b->src_port && a->dst_port == b->dst_port;
}

struct gw_policy *spd_outbound(struct gw_spd *spd, const struct packet *packet)
{
	uint32_t hash = get_be32(packet->src.bytes) * 2654435761u ^ get_be32(packet->dst.bytes) * 2246822519u ^
			(uint32_t)packet->src_port << 16 ^ packet->dst_port ^ packet->proto;
	struct gw_flow *flow = &spd->cache[(hash ^ hash >> 16) % SPD_CACHE];

	if (flow->generation == spd->generation && same_flow(&flow->packet, packet))
		return flow->policy;
	*flow = (struct gw_flow){ .generation = spd->generation, .packet = *packet, .policy = look_up(spd, packet) };
	return flow->policy;
}

bool spd_inbound_fits(const struct gw_policy *policy, const struct packet *packet)
{
	return side_matches(policy->remote, policy->p.remote_count, &packet->src, packet, packet->src_port) &&
	       side_matches(policy->local, policy->p.local_count, &packet->dst, packet, packet->dst_port);
}

bool spd_hold(struct gw_policy *policy, const uint8_t *data, uint16_t len, uint64_t now_ms)
{
	struct gw_held *held;

	if (policy->held_count == HOLD_PACKETS)
		return false;
	held = malloc(sizeof(*held) + len);
	if (!held)
		return false;
	held->next = NULL;
	held->since_ms = now_ms;
	held->len = len;
	memcpy(held->data, data, len);
	*policy->held_last = held;
	policy->held_last = &held->next;
	policy->held_count++;
	return true;
}

struct gw_held *spd_unhold(struct gw_policy *policy)
{
	struct gw_held *held = policy->held;

	if (!held)
		return NULL;
	policy->held = held->next;
	if (!policy->held)
		policy->held_last = &policy->held;
	policy->held_count--;
	return held;
}
