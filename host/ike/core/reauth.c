/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reauthentication, make before break (RFC 7296, 2.8.3): a new IKE SA with new CHILD SAs, and when they are there the old one is deleted.
 * And what has to be forgotten when an IKE SA goes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/commands.h"
#include "core/create_child.h"
#include "core/reqid.h"

#define REFUSALS_MAX 3u /* of a rekeying; then a new IKE SA is made */
#define RETRY_MS 30000u /* after an attempt that failed; less up to a half */

static bool in_use(const struct child_sa *child)
{
	return (child->state == CHILD_INSTALLED || child->state == CHILD_REKEYING) && !child->redundant;
}

static void try_again(void *owner)
{
	struct ike_sa *sa = owner;

	if (sa->state == IKE_ESTABLISHED)
		ike_reauth_initiate(sa);
}

static void try_later(struct ike_sa *sa)
{
	struct agent *agent = sa->agent;

	timer_set(&agent->timers, &sa->reauth, agent_now(agent) + agent_jitter(agent, RETRY_MS, RETRY_MS / 2), try_again, sa);
}

/* wanted: the CHILD SA that IKE_AUTH is to make; NULL: one that is in use. */
static int begin(struct ike_sa *sa, const struct child_sa *wanted)
{
	const struct conf_connection *conn = sa->agent->conf ? conf_find_connection(sa->agent->conf, sa->conn->name) : NULL;
	const struct conf_child *first = NULL;
	struct ike_sa *new;

	if (sa->replaced_by)
		return 0;
	if (sa->state != IKE_ESTABLISHED || sa->agent->stopping)
		return -EBUSY;
	if (!conn)
		return -ENOENT;
	if (wanted)
		first = conf_connection_child(conn, wanted->child->name);
	for (const struct child_sa *child = sa->children; child && !first; child = child->next)
		if (in_use(child))
			first = conf_connection_child(conn, child->child->name);
	ike_log(sa, AGENT_INFO, "reauthentication begins");
	new = ike_initiate(sa->agent, conn, first);
	if (!new) {
		try_later(sa);
		return -ECONNREFUSED;
	}
	new->replaces = sa;
	sa->replaced_by = new;
	return 0;
}

int ike_reauth_initiate(struct ike_sa *sa)
{
	return begin(sa, NULL);
}

void ike_rekey_refused(struct ike_sa *sa, const struct child_sa *child, unsigned int refusals, bool now)
{
	const char *what = child ? child->child->name : "the IKE_SA";

	if (sa->replaced_by || (!now && refusals < REFUSALS_MAX))
		return;
	if (conf_single_address(&sa->conn->remote_addrs)) {
		ike_log(sa, AGENT_ERROR, "the peer does not rekey %s: a new IKE_SA is made in its place", what);
		begin(sa, child);
	} else if (now || refusals == REFUSALS_MAX) {
		ike_log(sa, AGENT_ERROR, "the peer does not rekey %s, and remote_addrs has no address for a new IKE_SA: it ends with its lifetime", what);
	}
}

/* ---- the new one is there ------------------------------------------------------------------------------------------------------ */

static void overlap_over(void *owner)
{
	struct ike_sa *old = owner;

	if (old->replaced_by)
		old->replaced_by->replaces = NULL;
	old->replaced_by = NULL;
	if (old->state == IKE_ESTABLISHED)
		ike_delete_initiate(old);
}

/* What is under way by the old SAs still arrives: with an IKE SA go all its CHILD SAs, at both ends. */
static void begin_overlap(struct ike_sa *old)
{
	struct agent *agent = old->agent;

	if (timer_set(&agent->timers, &old->reauth, agent_now(agent) + agent->settings.retire_ms, overlap_over, old))
		overlap_over(old);
}

/* Behind all CREATE_CHILD_SA in the queue: their time has passed, the old SA's too. No message of its own. */
static int end_old(struct ike_sa *sa, struct exchange *x, struct ike_builder *b)
{
	(void)x;
	(void)b;
	if (sa->replaces) {
		command_ike_rekeyed(sa->agent, sa->replaces->id, 0, "authenticated anew");
		begin_overlap(sa->replaces);
	}
	return -ECANCELED;
}

static int no_response(struct ike_sa *sa, struct exchange *x, const struct ike_chain *m)
{
	(void)sa;
	(void)x;
	(void)m;
	return 0;
}

static void free_exchange(struct exchange *x)
{
	free(x);
}

static const struct exchange_ops end_old_ops = {
	.name = "end of the reauthentication",
	.type = IKE_INFORMATIONAL,
	.build = end_old,
	.response = no_response,
	.free = free_exchange,
};

static unsigned int count_named(const struct child_sa *list, const struct child_sa *end, const char *name)
{
	unsigned int count = 0;

	for (; list && list != end; list = list->next)
		count += in_use(list) && !strcmp(list->child->name, name);
	return count;
}

/* With a peer that narrows there may be several of a name. */
static bool is_missing(const struct ike_sa *new, const struct ike_sa *old, const struct child_sa *child)
{
	const char *name = child->child->name;
	struct child_packet what = { .local = child->local[0], .remote = child->remote[0] };

	if (count_named(old->children, NULL, name) < 2)
		return !count_named(new->children, NULL, name);
	for (const struct child_sa *c = new->children; c; c = c->next)
		if (in_use(c) && !strcmp(c->child->name, name) && child_carries(c, &what))
			return false;
	for (const struct child_sa *c = old->children; c != child; c = c->next)
		if (in_use(c) && !strcmp(c->child->name, name) && c->reqid == child->reqid)
			return false;
	return true;
}

void ike_reauth_established(struct ike_sa *sa)
{
	struct exchange *x = calloc(1, sizeof(*x));
	struct ike_sa *old = sa->replaces;

	for (const struct child_sa *child = old->children; child; child = child->next) {
		const struct conf_child *conf = conf_connection_child(sa->conn, child->child->name);

		if (conf && in_use(child) && is_missing(sa, old, child))
			child_initiate_for(sa, conf, &(struct child_packet){ child->reqid->id, child->local[0], child->remote[0], true });
	}
	if (!x)
		return;
	x->ops = &end_old_ops;
	ike_queue(sa, x);
}

/* ---- the end of an SA ---------------------------------------------------------------------------------------------------------------- */

void ike_reauth_move(struct ike_sa *from, struct ike_sa *to)
{
	to->replaced_by = from->replaced_by;
	from->replaced_by = NULL;
	if (!to->replaced_by)
		return;
	to->replaced_by->replaces = to;
	if (to->replaced_by->state == IKE_ESTABLISHED)
		begin_overlap(to);
}

void ike_reauth_forget(struct ike_sa *sa)
{
	struct ike_sa *old = sa->replaces;

	if (old) {
		old->replaced_by = NULL;
		sa->replaces = NULL;
		command_ike_rekeyed(old->agent, old->id, -ECONNREFUSED, "the new IKE SA was not established");
		if (old->state == IKE_ESTABLISHED)
			try_later(old);
	}
	if (sa->replaced_by)
		sa->replaced_by->replaces = NULL;
	sa->replaced_by = NULL;
}

void ike_sa_forget(struct ike_sa *sa)
{
	ike_rekey_forget(sa);
	ike_reauth_forget(sa);
	create_child_forget(sa);
	up_ike_failed(sa, -ECONNABORTED, "the IKE SA was closed");
	command_ike_gone(sa->agent, sa->id, sa->cause);
}
