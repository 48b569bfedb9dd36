/* SPDX-License-Identifier: Apache-2.0 */
/* Lifetimes that end, or near their end: SAs are rekeyed, authenticated anew, or deleted. */
#include "core/due.h"
#include "core/child_delete.h"
#include "core/create_child.h"
#include "core/ike_rekey.h"
#include "core/reauth.h"

void due_ike_rekey(struct agent *agent, const struct event *event)
{
	(void)agent;
	ike_rekey_initiate(event->ike);
}

void due_ike_reauth(struct agent *agent, const struct event *event)
{
	(void)agent;
	ike_reauth_initiate(event->ike);
}

static bool may_rekey(const struct child_sa *child)
{
	return child->state == CHILD_INSTALLED && !child->redundant && child->ike->state == IKE_ESTABLISHED;
}

void due_child_rekey(struct agent *agent, const struct event *event)
{
	struct child_sa *child = event->child;

	(void)agent;
	if (may_rekey(child))
		child_initiate(child->ike, child->child, child);
}

static void life_over(struct child_sa *child)
{
	struct ike_sa *sa = child->ike;

	if (child->state == CHILD_DELETING || child->state == CHILD_RETIRED || sa->state != IKE_ESTABLISHED)
		return;
	ike_log(sa, AGENT_INFO, "%s{%u}: a lifetime is over", child->child->name, child->id);
	if (child->refusals && child->state == CHILD_INSTALLED)
		event_emit(sa->agent, &(struct event){ .kind = EVENT_REKEY_REFUSED, .ike = sa, .child = child, .count = child->refusals, .now = true });
	child_doubt_successor(child); /* the peer, which asked for it, has not deleted this one */
	child_expired_delete(child);
}

void due_child_expires(struct agent *agent, const struct event *event)
{
	struct child_sa *child = event->child;

	if (event->hard) {
		life_over(child);
		return;
	}
	if (may_rekey(child))
		ike_log(child->ike, AGENT_INFO, "%s{%u}: a lifetime nears its end", child->child->name, child->id);
	due_child_rekey(agent, event);
}
