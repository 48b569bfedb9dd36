/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reauthentication, make before break (RFC 7296, 2.8.3): a new IKE SA with new CHILD SAs, and when they are there the old one is deleted.
 */
#include "core/reauth.h"
#include "core/child_sa.h"
#include "core/create_child.h"
#include "core/ike_delete.h"
#include "core/init.h"
#include "core/reqid.h"
#include "core/window.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

void reauth_rekey_refused(struct agent *agent, const struct event *event)
{
	struct ike_sa *sa = event->ike;
	const char *what = event->child ? event->child->child->name : "the IKE_SA";

	(void)agent;
	if (sa->replaced_by || (!event->now && event->count < REFUSALS_MAX))
		return;
	if (conf_single_address(&sa->conn->remote_addrs)) {
		ike_log(sa, AGENT_ERROR, "the peer does not rekey %s: a new IKE_SA is made in its place", what);
		begin(sa, event->child);
	} else if (event->now || event->count == REFUSALS_MAX) {
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
		event_emit(sa->agent, &(struct event){ .kind = EVENT_IKE_REKEYED, .id = sa->replaces->id, .text = "authenticated anew" });
		begin_overlap(sa->replaces);
	}
	return -ECANCELED;
}

static int no_response(struct ike_sa *sa, struct exchange *x, const struct ike_message *m)
{
	(void)sa;
	(void)x;
	(void)m;
	return 0;
}

static const struct exchange_ops end_old_ops = {
	.name = "end of the reauthentication",
	.type = IKE_INFORMATIONAL,
	.build = end_old,
	.response = no_response,
	.free = exchange_free_bare,
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

void reauth_ike_established(struct agent *agent, const struct event *event)
{
	struct ike_sa *sa = event->ike, *old = sa->replaces;

	(void)agent;
	for (const struct child_sa *child = old ? old->children : NULL; child; child = child->next) {
		const struct conf_child *conf = conf_connection_child(sa->conn, child->child->name);

		if (conf && in_use(child) && is_missing(sa, old, child))
			child_initiate_for(sa, conf, &(struct child_packet){ child->reqid->id, child->local[0], child->remote[0], true });
	}
	if (old)
		ike_queue_bare(sa, &end_old_ops, false);
}

/* ---- the end of an SA ---------------------------------------------------------------------------------------------------------------- */

void reauth_ike_replaced(struct agent *agent, const struct event *event)
{
	struct ike_sa *from = event->ike, *to = event->successor;

	(void)agent;
	to->replaced_by = from->replaced_by;
	from->replaced_by = NULL;
	if (!to->replaced_by)
		return;
	to->replaced_by->replaces = to;
	if (to->replaced_by->state == IKE_ESTABLISHED)
		begin_overlap(to);
}

void reauth_ike_gone(struct agent *agent, const struct event *event)
{
	struct ike_sa *sa = event->ike, *old = sa->replaces;

	if (old) {
		old->replaced_by = NULL;
		sa->replaces = NULL;
		event_emit(agent, &(struct event){ .kind = EVENT_IKE_REKEYED, .id = old->id, .error = -ECONNREFUSED,
						   .text = "the new IKE SA was not established" });
		if (old->state == IKE_ESTABLISHED)
			try_later(old);
	}
	if (sa->replaced_by)
		sa->replaced_by->replaces = NULL;
	sa->replaced_by = NULL;
}

