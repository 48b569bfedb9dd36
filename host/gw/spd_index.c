/* SPDX-License-Identifier: Apache-2.0 */
#include "spd_index.h"

#include <stdlib.h>

#include "spd.h"

struct side {
	unsigned int count;
	struct {
		uint32_t base;
		uint8_t plen;
	} items[INDEX_PREFIXES];
};

static int enter(void *context, uint32_t base, unsigned int plen)
{
	struct side *side = context;

	for (unsigned int i = 0; i < side->count; i++)
		if (side->items[i].base == base && side->items[i].plen == plen)
			return 0;
	if (side->count == INDEX_PREFIXES)
		return -1;
	side->items[side->count].base = base;
	side->items[side->count++].plen = (uint8_t)plen;
	return 0;
}

static bool split(struct side *side, const struct ts *list, unsigned int count)
{
	side->count = 0;
	for (unsigned int i = 0; i < count; i++)
		if (list[i].lo.family != 4 || routes_prefixes(get_be32(list[i].lo.bytes), get_be32(list[i].hi.bytes), enter, side))
			return false;
	return true;
}

static uint32_t cut(uint32_t address, unsigned int plen)
{
	return plen ? address & UINT32_MAX << (32 - plen) : 0;
}

static uint32_t bucket(uint32_t local, uint32_t remote, unsigned int local_plen, unsigned int remote_plen)
{
	uint32_t hash = (local * 2654435761u ^ remote) * 2246822519u ^ (local_plen << 6 | remote_plen) * 3266489917u;

	return (hash ^ hash >> 15) % INDEX_BUCKETS;
}

static void use_tuple(struct spd_index *index, uint8_t local_plen, uint8_t remote_plen, bool add)
{
	unsigned int i = 0;

	while (i < index->tuple_count && (index->tuples[i].local_plen != local_plen || index->tuples[i].remote_plen != remote_plen))
		i++;
	if (i == index->tuple_count)
		index->tuples[index->tuple_count++] = (struct index_tuple){ .local_plen = local_plen, .remote_plen = remote_plen };
	index->tuples[i].users += add ? 1 : -1u;
	if (!index->tuples[i].users)
		index->tuples[i] = index->tuples[--index->tuple_count];
}

static void link_node(struct spd_index *index, struct index_node *node)
{
	struct index_node **head = &index->buckets[bucket(node->local, node->remote, node->local_plen, node->remote_plen)];

	node->next = *head;
	node->link = head;
	if (node->next)
		node->next->link = &node->next;
	*head = node;
	use_tuple(index, node->local_plen, node->remote_plen, true);
}

static void make_loose(struct spd_index *index, struct gw_policy *policy)
{
	policy->place = (struct index_place){ .next = index->loose, .link = &index->loose };
	if (index->loose)
		index->loose->place.link = &policy->place.next;
	index->loose = policy;
}

void spd_index_add(struct spd_index *index, struct gw_policy *policy)
{
	struct index_place *place = &policy->place;
	struct side local, remote;

	*place = (struct index_place){ 0 };
	if (split(&local, policy->local, policy->p.local_count) && split(&remote, policy->remote, policy->p.remote_count))
		place->nodes = calloc(local.count * remote.count, sizeof(*place->nodes));
	if (!place->nodes) {
		make_loose(index, policy);
		return;
	}
	for (unsigned int l = 0; l < local.count; l++) {
		for (unsigned int r = 0; r < remote.count; r++) {
			struct index_node *node = &place->nodes[place->count++];

			*node = (struct index_node){ .policy = policy, .local = local.items[l].base, .remote = remote.items[r].base,
						     .local_plen = local.items[l].plen, .remote_plen = remote.items[r].plen };
			link_node(index, node);
		}
	}
}

void spd_index_remove(struct spd_index *index, struct gw_policy *policy)
{
	struct index_place *place = &policy->place;

	for (unsigned int i = 0; i < place->count; i++) {
		struct index_node *node = &place->nodes[i];

		*node->link = node->next;
		if (node->next)
			node->next->link = node->link;
		use_tuple(index, node->local_plen, node->remote_plen, false);
	}
	if (!place->nodes) {
		*place->link = place->next;
		if (place->next)
			place->next->place.link = place->link;
	}
	free(place->nodes);
	*place = (struct index_place){ 0 };
}

void spd_index_visit(const struct spd_index *index, const struct packet *packet, void (*visit)(void *context, struct gw_policy *policy), void *context)
{
	uint32_t local = get_be32(packet->src.bytes), remote = get_be32(packet->dst.bytes);

	for (unsigned int i = 0; i < index->tuple_count; i++) {
		const struct index_tuple *tuple = &index->tuples[i];
		uint32_t l = cut(local, tuple->local_plen), r = cut(remote, tuple->remote_plen);

		for (const struct index_node *node = index->buckets[bucket(l, r, tuple->local_plen, tuple->remote_plen)]; node; node = node->next)
			if (node->local == l && node->remote == r && node->local_plen == tuple->local_plen && node->remote_plen == tuple->remote_plen)
				visit(context, node->policy);
	}
	for (struct gw_policy *policy = index->loose; policy; policy = policy->place.next)
		visit(context, policy);
}
