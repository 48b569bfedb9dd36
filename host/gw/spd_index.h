/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which policies a packet's addresses may belong to, at the same cost for ten policies as for ten thousand: tuple space search. Selectors become pairs of
 * prefixes; all pairs of the same two lengths, a tuple, are found in one hash table by the packet's addresses cut to these lengths. Real configurations
 * have few tuples. A slot of the table says all that the usual case needs, so that a lookup touches one line of memory a tuple however many policies there
 * are. Policies whose ranges are many prefixes are looked at one by one.
 */
#ifndef GW_SPD_INDEX_H
#define GW_SPD_INDEX_H

#include "packet.h"

#define INDEX_PREFIXES 16u /* of one side of a policy at most */

struct gw_policy;

struct index_key {
	uint32_t local, remote;
	uint8_t local_plen, remote_plen;
};

/* One pair of prefixes of a policy. */
struct index_node {
	struct index_node *next, *previous; /* of the same key */
	struct gw_policy *policy;
	struct index_key key;
	bool whole; /* the policy takes every packet between the two, whatever its protocol and ports */
};

struct index_slot {
	struct index_key key;
	struct index_node *nodes; /* NULL: free */
	struct gw_policy *only;	  /* of the single node, if that is whole */
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
	struct index_slot *slots; /* at most half of them in use; the next free one behind a key's own place ends the search */
	unsigned int size, used;  /* size: a power of two, or 0 */
	struct gw_policy *loose;
};

void spd_index_add(struct spd_index *index, struct gw_policy *policy);
void spd_index_remove(struct spd_index *index, struct gw_policy *policy);
/* Of an index without policies. */
void spd_index_free(struct spd_index *index);
/*
 * Calls visit for each policy that has both addresses, perhaps more than once, and for some that have not. certain: the policy takes the packet; what it
 * says need not be looked at, which is memory that is in no cache when policies are many.
 */
void spd_index_visit(const struct spd_index *index, const struct packet *packet, void (*visit)(void *context, struct gw_policy *policy, bool certain),
		     void *context);

#endif
