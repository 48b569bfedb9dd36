/* SPDX-License-Identifier: Apache-2.0 */
#include "core/peer.h"
#include "core/identity_key.h"

#include <stdlib.h>

static struct peer *find(const struct agent *agent, const struct identity *id)
{
	for (struct hash_node *node = hash_find(&agent->peers, ike_peer_key(id)); node; node = hash_next(node)) {
		struct peer *peer = hash_entry(node, struct peer, node);

		if (identity_equal(&peer->id, id))
			return peer;
	}
	return NULL;
}

static struct peer *make(struct agent *agent, const struct identity *id)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	if (!peer)
		return NULL;
	if (!identity_copy(id, &peer->id) && !hash_insert(&agent->peers, &peer->node, ike_peer_key(id)))
		return peer;
	identity_clear(&peer->id);
	free(peer);
	return NULL;
}

static void drop_unused(struct agent *agent, struct peer *peer)
{
	if (peer->ikes || peer->children)
		return;
	hash_remove(&agent->peers, &peer->node);
	identity_clear(&peer->id);
	free(peer);
}

void peer_join(struct ike_sa *sa)
{
	if (sa->peer)
		return;
	sa->peer = find(sa->agent, &sa->remote_id);
	if (!sa->peer)
		sa->peer = make(sa->agent, &sa->remote_id);
	if (sa->peer)
		sa->peer->ikes++;
}

void peer_leave(struct ike_sa *sa)
{
	struct peer *peer = sa->peer;

	if (!peer)
		return;
	sa->peer = NULL;
	peer->ikes--;
	drop_unused(sa->agent, peer);
}

void peer_add_child(struct child_sa *child)
{
	child->peer = child->ike->peer;
	if (child->peer)
		child->peer->children++;
}

void peer_remove_child(struct child_sa *child)
{
	struct peer *peer = child->peer;

	if (!peer)
		return;
	child->peer = NULL;
	peer->children--;
	drop_unused(child->ike->agent, peer);
}

/* own of all in use. */
static bool has_share(const struct ike_sa *sa, const char *what, size_t own, size_t all)
{
	const struct agent *agent = sa->agent;
	size_t capacity = agent->caps.sa_capacity, left = capacity > all ? capacity - all : 0;

	if (!capacity || own * 100 < agent->settings.peer_share * (own + left))
		return true;
	ike_log(sa, AGENT_ERROR, "the peer has %zu of %zu %s of the data plane, where %zu are free: no more for it", own, capacity, what, left);
	return false;
}

bool peer_may_have_ike(const struct ike_sa *sa)
{
	const struct peer *peer = find(sa->agent, &sa->remote_id);

	return has_share(sa, "IKE SAs' places", peer ? peer->ikes : 0, sa->agent->by_peer.count);
}

bool peer_may_have_child(const struct ike_sa *sa)
{
	return has_share(sa, "SAs a direction", sa->peer ? sa->peer->children : 0, sa->agent->stats.child_sas);
}
