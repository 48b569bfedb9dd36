/* SPDX-License-Identifier: Apache-2.0 */
#include "fragments.h"

static uint32_t place(enum sink_direction direction, const struct packet *packet)
{
	uint32_t hash = get_be32(packet->src.bytes) * 2654435761u ^ get_be32(packet->dst.bytes) * 2246822519u ^ packet->proto;

	hash = (hash ^ packet->id ^ (uint32_t)direction << 16) * 3266489917u;
	return (hash ^ hash >> 15) % FRAGMENTS;
}

void fragments_note(struct gw_fragments *fragments, enum sink_direction direction, const struct packet *packet, uint32_t reqid, uint64_t now_ms)
{
	fragments->entries[place(direction, packet)] = (struct gw_fragment){
		.src = get_be32(packet->src.bytes), .dst = get_be32(packet->dst.bytes), .id = packet->id, .proto = packet->proto,
		.direction = (uint8_t)direction, .reqid = reqid, .until_ms = now_ms + FRAGMENTS_MS,
	};
}

uint32_t fragments_find(const struct gw_fragments *fragments, enum sink_direction direction, const struct packet *packet, uint64_t now_ms)
{
	const struct gw_fragment *entry = &fragments->entries[place(direction, packet)];
	bool same = entry->src == get_be32(packet->src.bytes) && entry->dst == get_be32(packet->dst.bytes) && entry->id == packet->id &&
		    entry->proto == packet->proto && entry->direction == (uint8_t)direction;

	return same && entry->until_ms > now_ms ? entry->reqid : 0;
}
