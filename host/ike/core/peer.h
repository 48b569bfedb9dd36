/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the agent: how much of the data plane's room a peer has, by the identity that it proved. A peer that asks for more may have at most so many
 * percent (agent_settings.peer_share) of what it has and what is free: one alone can use most of the room, and there is always some left for others.
 */
#ifndef ESPALIER_IKE_PEER_H
#define ESPALIER_IKE_PEER_H

#include "core/sa.h"

struct peer {
	struct hash_node node; /* in agent->peers, by ike_peer_key() */
	struct identity id;
	unsigned int ikes, children; /* it is freed with the last of both */
};

/* sa->remote_id is proved: sa counts. Once is enough; without memory it does not count. */
void peer_join(struct ike_sa *sa);
void peer_leave(struct ike_sa *sa);
/* A CHILD SA counts for its IKE SA's peer, also when it moves to that one's successor. */
void peer_add_child(struct child_sa *child);
void peer_remove_child(struct child_sa *child);

/* May the peer of sa, whose remote_id is proved, have one more? */
bool peer_may_have_ike(const struct ike_sa *sa);
bool peer_may_have_child(const struct ike_sa *sa);

#endif
