/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stateful fragment checking (RFC 4301, 7.3): fragments behind the first have no ports; where a policy asks for ports they go the way of their first
 * one, which must have come before.
 */
#ifndef GW_FRAGMENTS_H
#define GW_FRAGMENTS_H

#include "packet.h"
#include "sink/sink.h"

#define FRAGMENTS 2048u	       /* packets whose fragments are under way; more, and the older ones are forgotten */
#define FRAGMENTS_MS 30000u    /* as long as receivers wait for them (RFC 1122, 3.3.2) */

struct gw_fragments {
	struct gw_fragment {
		uint32_t src, dst, reqid;
		uint16_t id;
		uint8_t proto, direction;
		uint64_t until_ms; /* 0: free */
	} entries[FRAGMENTS];
};

/* The first fragment of a packet went by the policy of this reqid. */
void fragments_note(struct gw_fragments *fragments, enum sink_direction direction, const struct packet *packet, uint32_t reqid, uint64_t now_ms);
/* By which policy it went; 0: it has not come. */
uint32_t fragments_find(const struct gw_fragments *fragments, enum sink_direction direction, const struct packet *packet, uint64_t now_ms);

#endif
