/* SPDX-License-Identifier: Apache-2.0 */
/* Reqids and their policies. */
#include "core/reqid.h"
#include "core/ts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct reqids {
	struct hash by_id, by_key;
	uint32_t last;
};

/* ---- finding -------------------------------------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t hash, const void *data, size_t len)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3u;
	return hash;
}

static uint64_t mix_selectors(uint64_t hash, const struct ts *list, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		hash = mix(hash, list[i].lo.bytes, sizeof(list[i].lo.bytes));
		hash = mix(hash, list[i].hi.bytes, sizeof(list[i].hi.bytes));
		hash = mix(hash, &list[i].proto, 1);
		hash = mix(hash, &list[i].port_lo, sizeof(list[i].port_lo));
		hash = mix(hash, &list[i].port_hi, sizeof(list[i].port_hi));
	}
	return mix(hash, &count, sizeof(count));
}

static struct reqids *table(struct agent *agent)
{
	if (!agent->reqids) {
		agent->reqids = calloc(1, sizeof(*agent->reqids));
		if (agent->reqids) {
			agent->reqids->by_id.seed = agent->children.seed;
			agent->reqids->by_key.seed = agent->children.seed;
		}
	}
	return agent->reqids;
}

struct reqid *reqid_find(struct agent *agent, uint32_t id)
{
	struct hash_node *node = agent->reqids ? hash_find(&agent->reqids->by_id, id) : NULL;

	return node ? hash_entry(node, struct reqid, by_id) : NULL;
}

static struct ts *copy_selectors(const struct ts *list, unsigned int count)
{
	struct ts *copy = malloc((count ? count : 1) * sizeof(*copy));

	if (copy)
		memcpy(copy, list, count * sizeof(*copy));
	return copy;
}

static void free_reqid(struct reqid *r)
{
	struct reqids *all = r->agent->reqids;

	hash_remove(&all->by_id, &r->by_id);
	hash_remove(&all->by_key, &r->by_key);
	reqid_leave_rest(r);
	if (r->rest_of)
		r->rest_of->rest = NULL;
	conf_free(r->trap_conf);
	free(r->conn);
	free(r->name);
	free(r->local);
	free(r->remote);
	free(r);
}

/* The configuration gives it to a CHILD SA. */
static bool is_fixed(const struct conf *conf, uint32_t id)
{
	for (size_t i = 0; conf && conf->reqid_count && i < conf->connection_count; i++)
		for (size_t k = 0; k < conf->connections[i]->child_count; k++)
			if (conf->connections[i]->children[k]->reqid == id)
				return true;
	return false;
}

static uint32_t next_id(struct agent *agent)
{
	struct reqids *all = agent->reqids;

	do
		all->last++;
	while (!all->last || hash_find(&all->by_id, all->last) || is_fixed(agent->conf, all->last));
	return all->last;
}

static struct reqid *make(struct agent *agent, uint32_t id, uint64_t key, const struct conf_child *child, const struct ts *local, unsigned int local_count,
			  const struct ts *remote, unsigned int remote_count)
{
	struct reqids *all = agent->reqids;
	struct reqid *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->agent = agent;
	r->id = id;
	r->conn = strdup(child->connection->name);
	r->name = strdup(child->name);
	r->local = copy_selectors(local, local_count);
	r->remote = copy_selectors(remote, remote_count);
	r->local_count = local_count;
	r->remote_count = remote_count;
	r->priority = child->priority;
	if (!r->conn || !r->name || !r->local || !r->remote || hash_insert(&all->by_id, &r->by_id, r->id)
	    || hash_insert(&all->by_key, &r->by_key, key)) {
		free_reqid(r);
		return NULL;
	}
	return r;
}

static bool is_of(const struct reqid *r, const struct conf_child *child)
{
	return !strcmp(r->conn, child->connection->name) && !strcmp(r->name, child->name);
}

bool reqid_is_configured(const struct reqid *r)
{
	return r->trap_conf && r->trap->reqid == r->id;
}

bool reqid_make_way(struct reqid *r)
{
	struct reqids *all = r->agent->reqids;
	uint32_t before = r->id;

	if (r->children)
		return false;
	r->marked = false;
	hash_remove(&all->by_id, &r->by_id);
	r->id = next_id(r->agent);
	if (!hash_insert(&all->by_id, &r->by_id, r->id) && (!r->in_sink || !reqid_apply(r)))
		return true;
	hash_remove(&all->by_id, &r->by_id);
	r->id = before;
	hash_insert(&all->by_id, &r->by_id, r->id); /* its place is there: the table does not shrink */
	return false;
}

struct reqid *reqid_get(struct agent *agent, const struct conf_child *child, const struct ts *local, unsigned int local_count,
			const struct ts *remote, unsigned int remote_count)
{
	const char *conn = child->connection->name;
	struct reqids *all = table(agent);
	struct reqid *r;
	uint64_t key;

	if (!all)
		return NULL;
	if (child->reqid) {
		r = reqid_find(agent, child->reqid);
		if (r && is_of(r, child))
			return r;
		if (!r || reqid_make_way(r))
			return make(agent, child->reqid, child->reqid, child, local, local_count, remote, remote_count);
		/* SAs of another CHILD SA bear it: until they are gone it is as if none was configured. */
	}
	key = mix(mix(0xcbf29ce484222325u, conn, strlen(conn) + 1), child->name, strlen(child->name) + 1);
	key = mix_selectors(mix_selectors(key, local, local_count), remote, remote_count);
	for (struct hash_node *node = hash_find(&all->by_key, key); node; node = hash_next(node)) {
		r = hash_entry(node, struct reqid, by_key);
		if (is_of(r, child) && ts_same(r->local, r->local_count, local, local_count)
		    && ts_same(r->remote, r->remote_count, remote, remote_count))
			return r;
	}
	r = make(agent, next_id(agent), key, child, local, local_count, remote, remote_count);
	if (r && child->reqid)
		agent_log(agent, AGENT_INFO, "%s/%s: reqid %u is still that of an SA of another child: %u until that is gone", conn, child->name, child->reqid, r->id);
	return r;
}

void reqid_leave_rest(struct reqid *r)
{
	if (!r->rest)
		return;
	r->rest->rest_of = NULL;
	r->rest = NULL;
}

int reqid_select(struct reqid *r, const struct ts *local, unsigned int local_count, const struct ts *remote, unsigned int remote_count)
{
	struct ts *new_local = copy_selectors(local, local_count), *new_remote = copy_selectors(remote, remote_count);

	if (!new_local || !new_remote) {
		free(new_local);
		free(new_remote);
		return -ENOMEM;
	}
	free(r->local);
	free(r->remote);
	r->local = new_local;
	r->remote = new_remote;
	r->local_count = local_count;
	r->remote_count = remote_count;
	return 0;
}

void reqid_release(struct reqid *r)
{
	if (!r->children && !r->trap_conf && !r->in_sink)
		free_reqid(r);
}

/* ---- the policy -------------------------------------------------------------------------------------------------------------- */

static void fill_selectors(struct sink_policy *policy, const struct ts *local, unsigned int local_count, const struct ts *remote,
			   unsigned int remote_count)
{
	policy->local_count = local_count;
	policy->remote_count = remote_count;
	memcpy(policy->local, local, local_count * sizeof(*local));
	memcpy(policy->remote, remote, remote_count * sizeof(*remote));
}

/* What the policy is for, and what of it may follow. */
static enum ts_rank rank_of(const struct reqid *r)
{
	if (r->user)
		return RANK_SA;
	if (!r->trap_conf || !conf_is_shunt(r->trap))
		return RANK_TRAP;
	return r->trap->mode == CONF_PASS ? RANK_PASS : RANK_DROP;
}

static bool within(const struct ts *list, unsigned int count, const struct ts *outer, unsigned int outer_count)
{
	for (unsigned int i = 0; i < count; i++) {
		bool found = false;

		for (unsigned int k = 0; k < outer_count && !found; k++)
			found = ts_contains(&outer[k], &list[i]);
		if (!found)
			return false;
	}
	return true;
}

/* Does its trap cover more than its SA? */
static bool has_rest(const struct reqid *r)
{
	const struct child_sa *user = r->user;

	return user && reqid_is_configured(r) && !(within(r->local, r->local_count, user->local, user->local_count) &&
							   within(r->remote, r->remote_count, user->remote, user->remote_count));
}

/* It is found by its number alone, and is nobody's name. */
static struct reqid *make_rest(struct reqid *r)
{
	struct reqid *rest = calloc(1, sizeof(*rest));

	if (!rest)
		return NULL;
	rest->agent = r->agent;
	rest->id = next_id(r->agent);
	rest->conn = strdup(r->conn);
	rest->name = strdup("");
	rest->is_rest = true;
	if (!rest->conn || !rest->name || hash_insert(&r->agent->reqids->by_id, &rest->by_id, rest->id)) {
		free_reqid(rest);
		return NULL;
	}
	rest->rest_of = r;
	return rest;
}

static int cover_rest(struct reqid *r)
{
	if (!r->rest)
		r->rest = make_rest(r);
	if (!r->rest || reqid_select(r->rest, r->local, r->local_count, r->remote, r->remote_count))
		return -ENOMEM;
	conf_free(r->rest->trap_conf);
	r->rest->trap_conf = conf_ref(r->trap_conf);
	r->rest->trap = r->trap;
	r->rest->priority = r->priority;
	return reqid_apply(r->rest);
}

/* The reqid itself stays: whoever walks over all of them frees it. */
static void uncover_rest(struct reqid *r)
{
	if (!r->rest || !r->rest->trap_conf)
		return;
	conf_free(r->rest->trap_conf);
	r->rest->trap_conf = NULL;
	reqid_apply(r->rest);
}

static int apply(struct reqid *r)
{
	static const enum sink_action actions[] = { [RANK_PASS] = SINK_BYPASS, [RANK_SA] = SINK_PROTECT, [RANK_TRAP] = SINK_PROTECT, [RANK_DROP] = SINK_DISCARD };
	struct agent *agent = r->agent;
	enum ts_rank rank = rank_of(r);
	struct sink_policy policy = { .reqid = r->id, .action = actions[rank], .priority = r->priority };
	const struct child_sa *user = r->user;
	int err;

	if (!user && !r->trap_conf && !r->blocks) {
		if (r->in_sink)
			sink_policy_delete(agent->sink, r->id);
		r->in_sink = false;
		return 0;
	}
	if (user) {
		fill_selectors(&policy, user->local, user->local_count, user->remote, user->remote_count);
		policy.spi = user->spi_out;
		policy.peer = user->remote_end.ip;
	} else {
		fill_selectors(&policy, r->local, r->local_count, r->remote, r->remote_count);
	}
	if (!policy.priority)
		policy.priority = ts_priority(policy.local, policy.local_count, policy.remote, policy.remote_count, rank);
	err = sink_policy_set(agent->sink, &policy);
	if (err && err != -ENODEV)
		agent_log(agent, AGENT_ERROR, "policy of %s/%s, reqid %u: %s", r->conn, r->name, r->id, sink_error(agent->sink));
	if (!err)
		r->in_sink = true;
	return err;
}

static bool usable(const struct child_sa *child)
{
	return child->has_out && !child->redundant && child->state != CHILD_RETIRED;
}

/* The newest that does not wait; else one that waits, whose time has come; but what is to be deleted only if there is nothing else. */
static struct child_sa *best_of(const struct reqid *r, const struct child_sa *without)
{
	struct child_sa *best = NULL;
	int best_rank = 0;

	for (struct child_sa *c = r->children; c; c = c->next_same) {
		int rank = c->state == CHILD_INSTALLED || c->state == CHILD_REKEYING ? c->waits ? 2 : 3 : 1;

		if (c != without && usable(c) && rank > best_rank) {
			best = c;
			best_rank = rank;
		}
	}
	return best;
}

int reqid_apply(struct reqid *r)
{
	int err = has_rest(r) ? cover_rest(r) : 0; /* before the policy covers less */

	if (!err)
		err = apply(r);
	if (!err && !has_rest(r))
		uncover_rest(r);
	return err;
}

int reqid_use(struct reqid *r, struct child_sa *child)
{
	struct child_sa *before = r->user;
	int err;

	child->waits = false;
	r->user = child;
	err = reqid_apply(r);
	if (err)
		r->user = before;
	else
		r->blocks = false;
	return err;
}

void reqid_unuse(struct reqid *r, struct child_sa *child)
{
	if (r->user != child)
		return;
	r->user = best_of(r, child);
	if (r->user)
		r->user->waits = false;
	reqid_apply(r);
}

void reqid_enter(struct reqid *r, struct child_sa *child)
{
	r->priority = child->child->priority; /* a reload may have changed it */
	child->reqid = r;
	child->next_same = r->children;
	r->children = child;
}

void reqid_leave(struct reqid *r, struct child_sa *child)
{
	struct child_sa **link = &r->children;

	reqid_unuse(r, child);
	while (*link && *link != child)
		link = &(*link)->next_same;
	if (*link)
		*link = child->next_same;
	child->reqid = NULL;
	if (r->children || !r->blocks)
		return;
	r->blocks = false;
	reqid_apply(r);
}

/* ---- all of them --------------------------------------------------------------------------------------------------------------- */

size_t reqids_slots(const struct agent *agent)
{
	return agent->reqids ? agent->reqids->by_id.slot_count : 0;
}

void reqids_slot(struct agent *agent, size_t slot, void (*visit)(struct reqid *r, void *arg), void *arg)
{
	struct hash_node *next;

	for (struct hash_node *node = agent->reqids->by_id.slots[slot]; node; node = next) {
		next = node->next;
		visit(hash_entry(node, struct reqid, by_id), arg);
	}
}

static void reqids_each(struct agent *agent, void (*visit)(struct reqid *r, void *arg), void *arg)
{
	for (size_t i = 0; i < reqids_slots(agent); i++)
		reqids_slot(agent, i, visit, arg);
}

static void lost(struct reqid *r, void *arg)
{
	(void)arg;
	r->blocks |= r->user != NULL;
	r->user = NULL;
	r->in_sink = false;
}

static void block(struct reqid *r, void *arg)
{
	(void)arg;
	if (r->blocks && !r->trap_conf)
		reqid_apply(r);
}

void reqids_block(struct agent *agent)
{
	reqids_each(agent, block, NULL);
}

void reqids_lost(struct agent *agent)
{
	reqids_each(agent, lost, NULL);
}

static void drop(struct reqid *r, void *arg)
{
	(void)arg;
	free_reqid(r);
}

void reqids_free(struct agent *agent)
{
	reqids_each(agent, drop, NULL);
	if (!agent->reqids)
		return;
	hash_free(&agent->reqids->by_id);
	hash_free(&agent->reqids->by_key);
	free(agent->reqids);
	agent->reqids = NULL;
}
