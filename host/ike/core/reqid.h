/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the agent: reqids. One for each pair of configured CHILD SA and negotiated selectors, so that a rekeying, a reload and a trap find the
 * same again and two peers with different selectors of one wildcard connection do not. A reqid has one policy in the sink: that of its
 * CHILD SA in use, or a trap, or none.
 */
#ifndef ESPALIER_IKE_REQID_H
#define ESPALIER_IKE_REQID_H

#include "core/child_sa.h"

#define TRAP_REFUSALS 4u

struct reqid {
	struct agent *agent;
	struct hash_node by_id, by_key;
	uint32_t id;
	char *conn, *name;		/* of the configured CHILD SA */
	unsigned int local_count, remote_count;
	struct ts *local, *remote;
	uint32_t priority;		/* configured, 0: by the selectors */
	struct child_sa *children;	/* the newest first; next_same */
	struct child_sa *user;		/* whose outbound SA the policy uses */
	struct conf *trap_conf;		/* the trap's; NULL: no trap. A reference */
	const struct conf_child *trap;
	uint64_t acquire_allowed_ms;	/* after an ACQUIRE there is a pause, */
	uint32_t acquire_child;		/* unless CHILD SAs were made since: the last one's number then */
	struct trap_refusal {		/* packets that the peer has no SA for */
		uint64_t until_ms;
		struct ip_addr local, remote;
	} refused[TRAP_REFUSALS];
	unsigned int refused_next;
	bool in_sink;			/* there is a policy */
	bool blocks;			/* its SAs were lost with the data plane: the policy is there without one until they are back */
	bool marked;			/* trap.c: wanted by the new configuration */
	/*
	 * A configured number has one policy, which covers what its SA has: what the trap covers beside it (the peer has narrowed, a reload has added) is
	 * blocked by a policy of its own, for which nothing is begun. It is there while trap_conf is.
	 */
	struct reqid *rest, *rest_of;
	bool is_rest;			/* rest_of: NULL when that one is gone, or has left it */
};

/* Find or make. A configured reqid is taken as it is, unless SAs of another CHILD SA still bear it: then, until they are gone, another. NULL: no memory. */
struct reqid *reqid_get(struct agent *agent, const struct conf_child *child, const struct ts *local, unsigned int local_count,
			const struct ts *remote, unsigned int remote_count);
struct reqid *reqid_find(struct agent *agent, uint32_t id);
/*
 * Its number is another one's from now on, or its own with other selectors: a trap goes on with a new number, its policy with it, until it is released, so that what it covers is
 * never without. One with SAs cannot, as they bear the number in the data plane. False: it keeps it.
 */
bool reqid_make_way(struct reqid *r);
/* It has a trap whose configuration names its number. */
bool reqid_is_configured(const struct reqid *r);
/* What its trap covers beside its SA stays blocked as it is until trap.c has set all of a new configuration: who has an SA cannot make way. */
void reqid_leave_rest(struct reqid *r);
/* What the policy covers without an SA, from its next application on. 0 or -ENOMEM. */
int reqid_select(struct reqid *r, const struct ts *local, unsigned int local_count, const struct ts *remote, unsigned int remote_count);
/* Free it if neither a CHILD SA nor a trap has it. */
void reqid_release(struct reqid *r);

void reqid_enter(struct reqid *r, struct child_sa *child);
/* The child goes: the policy moves to another of its CHILD SAs, back to the trap, or goes too. Does not release. */
void reqid_leave(struct reqid *r, struct child_sa *child);
/* The policy uses this child from now on. 0 or the sink's error. */
int reqid_use(struct reqid *r, struct child_sa *child);
/* The child may not be used any more: as reqid_leave, but it stays entered. */
void reqid_unuse(struct reqid *r, struct child_sa *child);
/* Put what should be into the sink. */
int reqid_apply(struct reqid *r);
/* The sink has lost its policies; those that it had for an SA are put back without one. */
void reqids_lost(struct agent *agent);
void reqids_block(struct agent *agent);

/* For trap.c: how many slots their table has; call visit for each of one slot; it may release the one it is given. */
size_t reqids_slots(const struct agent *agent);
void reqids_slot(struct agent *agent, size_t slot, void (*visit)(struct reqid *r, void *arg), void *arg);
/* All of them, without the sink. */
void reqids_free(struct agent *agent);

#endif
