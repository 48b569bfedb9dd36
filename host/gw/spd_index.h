/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which policies a packet's addresses may belong to, at the same cost for ten policies as for ten thousand: tuple space search. Selectors become pairs of
 * prefixes; all pairs of the same two lengths, a tuple, are found in one hash table by the packet's addresses cut to these lengths. Real configurations
 * have few tuples. Policies whose ranges are many prefixes are looked at one by one.
 */
#ifndef GW_SPD_INDEX_H
#define GW_SPD_INDEX_H

#include "packet.h"

#define INDEX_BUCKETS 16384u
#define INDEX_PREFIXES 16u /* of one side of a policy at most */

struct gw_policy;

struct index_node {
	struct index_node *next, **link;
	struct gw_policy *policy;
	uint32_t local, remote;
	uint8_t local_plen, remote_plen;
};

/* Of a policy: NULL nodes: it is looked at one by one. */
struct index_place {
	struct index_node *nodes;
	unsigned int count;
	struct gw_policy *next, **link;
};

struct spd_index {
	struct index_tuple {
		uint8_t local_plen, remote_plen;
		unsigned int users;
	} tuples[33 * 33];
	unsigned int tuple_count;
	struct index_node *buckets[INDEX_BUCKETS];
	struct gw_policy *loose;
};

void spd_index_add(struct spd_index *index, struct gw_policy *policy);
void spd_index_remove(struct spd_index *index, struct gw_policy *policy);
/* Calls visit for each policy that has both addresses, perhaps more than once, and for some that have not. */
void spd_index_visit(const struct spd_index *index, const struct packet *packet, void (*visit)(void *context, struct gw_policy *policy), void *context);

#endif
