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

/* ---- the table ---- */

static bool same_key(const struct index_key *a, const struct index_key *b)
{
	return a->local == b->local && a->remote == b->remote && a->local_plen == b->local_plen && a->remote_plen == b->remote_plen;
}

static unsigned int own_place(const struct spd_index *index, const struct index_key *key)
{
	uint32_t hash = (key->local * 2654435761u ^ key->remote) * 2246822519u ^ ((uint32_t)key->local_plen << 6 | key->remote_plen) * 3266489917u;

	return (hash ^ hash >> 15) & (index->size - 1);
}

/* The slot of a key, or the free one where it belongs. */
static struct index_slot *find_slot(const struct spd_index *index, const struct index_key *key)
{
	unsigned int at = own_place(index, key);

	while (index->slots[at].nodes && !same_key(&index->slots[at].key, key))
		at = (at + 1) & (index->size - 1);
	return &index->slots[at];
}

/* Room for more keys. */
static bool reserve(struct spd_index *index, unsigned int more)
{
	struct spd_index old = *index;
	unsigned int size = old.size ? old.size : 64;

	while (size / 2 < old.used + more)
		size *= 2;
	if (size == old.size)
		return true;
	index->slots = calloc(size, sizeof(*index->slots));
	if (!index->slots) {
		index->slots = old.slots;
		return false;
	}
	index->size = size;
	for (unsigned int i = 0; i < old.size; i++)
		if (old.slots[i].nodes)
			*find_slot(index, &old.slots[i].key) = old.slots[i];
	free(old.slots);
	return true;
}

/* What stands behind a slot that is free now, and was put there because it was not, moves up. */
static void close_gap(struct spd_index *index, unsigned int gap)
{
	unsigned int mask = index->size - 1;

	for (unsigned int at = (gap + 1) & mask; index->slots[at].nodes; at = (at + 1) & mask) {
		unsigned int own = own_place(index, &index->slots[at].key);

		if (((at - own) & mask) < ((at - gap) & mask))
			continue;
		index->slots[gap] = index->slots[at];
		index->slots[at] = (struct index_slot){ .nodes = NULL };
		gap = at;
	}
}

static void note_only(struct index_slot *slot)
{
	const struct index_node *first = slot->nodes;

	slot->only = first->whole && !first->next ? first->policy : NULL;
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
	struct index_slot *slot = find_slot(index, &node->key);

	index->used += !slot->nodes;
	slot->key = node->key;
	node->next = slot->nodes;
	if (node->next)
		node->next->previous = node;
	slot->nodes = node;
	note_only(slot);
	use_tuple(index, node->key.local_plen, node->key.remote_plen, true);
}

static void unlink_node(struct spd_index *index, struct index_node *node)
{
	struct index_slot *slot = find_slot(index, &node->key);

	if (node->next)
		node->next->previous = node->previous;
	if (node->previous)
		node->previous->next = node->next;
	else
		slot->nodes = node->next;
	if (slot->nodes) {
		note_only(slot);
	} else {
		index->used--;
		slot->only = NULL;
		close_gap(index, (unsigned int)(slot - index->slots));
	}
	use_tuple(index, node->key.local_plen, node->key.remote_plen, false);
}

/* ---- policies ---- */

static void make_loose(struct spd_index *index, struct gw_policy *policy)
{
	policy->place = (struct index_place){ .next = index->loose, .link = &index->loose };
	if (index->loose)
		index->loose->place.link = &policy->place.next;
	index->loose = policy;
}

static bool takes_all(const struct ts *list, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (list[i].proto || list[i].port_lo || list[i].port_hi != UINT16_MAX)
			return false;
	return true;
}

void spd_index_add(struct spd_index *index, struct gw_policy *policy)
{
	struct index_place *place = &policy->place;
	struct side local, remote;
	bool whole = takes_all(policy->local, policy->p.local_count) && takes_all(policy->remote, policy->p.remote_count);

	*place = (struct index_place){ 0 };
	if (split(&local, policy->local, policy->p.local_count) && split(&remote, policy->remote, policy->p.remote_count) &&
	    reserve(index, local.count * remote.count))
		place->nodes = calloc(local.count * remote.count, sizeof(*place->nodes));
	if (!place->nodes) {
		make_loose(index, policy);
		return;
	}
	for (unsigned int l = 0; l < local.count; l++) {
		for (unsigned int r = 0; r < remote.count; r++) {
			struct index_node *node = &place->nodes[place->count++];

			*node = (struct index_node){ .policy = policy, .whole = whole,
						     .key = { local.items[l].base, remote.items[r].base, local.items[l].plen, remote.items[r].plen } };
			link_node(index, node);
		}
	}
}

void spd_index_remove(struct spd_index *index, struct gw_policy *policy)
{
	struct index_place *place = &policy->place;

	for (unsigned int i = 0; i < place->count; i++)
		unlink_node(index, &place->nodes[i]);
	if (!place->nodes) {
		*place->link = place->next;
		if (place->next)
			place->next->place.link = place->link;
	}
	free(place->nodes);
	*place = (struct index_place){ 0 };
}

void spd_index_free(struct spd_index *index)
{
	free(index->slots);
	*index = (struct spd_index){ .slots = NULL };
}

void spd_index_visit(const struct spd_index *index, const struct packet *packet, void (*visit)(void *context, struct gw_policy *policy, bool certain),
		     void *context)
{
	uint32_t local = get_be32(packet->src.bytes), remote = get_be32(packet->dst.bytes);

	for (unsigned int i = 0; i < index->tuple_count; i++) {
		const struct index_tuple *tuple = &index->tuples[i];
		struct index_key key = { cut(local, tuple->local_plen), cut(remote, tuple->remote_plen), tuple->local_plen, tuple->remote_plen };
		const struct index_slot *slot = find_slot(index, &key);

		if (slot->only) {
			visit(context, slot->only, true);
			continue;
		}
		for (const struct index_node *node = slot->nodes; node; node = node->next)
			visit(context, node->policy, node->whole);
	}
	for (struct gw_policy *policy = index->loose; policy; policy = policy->place.next)
		visit(context, policy, false);
}
