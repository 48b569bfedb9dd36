/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a connection whose IKE SA ended: tried again by keyingtries, brought up again by close_action and dpd_action. */
#include "core/again.h"
#include "core/handshake.h"
#include "core/ike_delete.h"
#include "core/init.h"
#include "core/retry.h"
#include "core/up.h"

#include <errno.h>

/* Begin sa's connection once more, at once. NULL: could not begin. */
static struct ike_sa *begin_again(struct ike_sa *sa, unsigned int attempt)
{
	const struct conf_connection *conn = sa->agent->conf ? conf_find_connection(sa->agent->conf, sa->conn->name) : NULL;
	const struct conf_child *child = conn && sa->handshake->child ? conf_connection_child(conn, sa->handshake->child->name) : NULL;
	struct ike_sa *successor;

	if (!conn || (sa->handshake->child && !child))
		return NULL;
	successor = ike_initiate(sa->agent, conn, child);
	if (successor)
		successor->attempt = attempt;
	return successor;
}

/* What the configuration wants in place of a CHILD SA that ends with its IKE SA. */
static bool wanted_again(const struct conf_child *child, enum close_cause cause)
{
	if (cause == CLOSE_PEER)
		return child->close_action & CONF_ACTION_START;
	if (cause == CLOSE_FAILED)
		return child->start_action & CONF_ACTION_START;
	return cause == CLOSE_DEAD && child->dpd_action & CONF_ACTION_START;
}

static void restart_children(struct ike_sa *sa, enum close_cause cause)
{
	/* A connection that ends as soon as it is there is begun again with pauses, as one that fails. */
	unsigned int attempt = ike_now(sa) - sa->established_ms < RETRY_STABLE_MS ? sa->attempt + 1 : 0;

	for (const struct child_sa *child = sa->children; child; child = child->next)
		if ((child->state == CHILD_INSTALLED || child->state == CHILD_REKEYING) && wanted_again(child->child, cause))
			retry_later(sa->agent, child->child, attempt);
}

/* The first exchanges failed: keyingtries of them, and what the configuration wants up is never given up. */
static struct ike_sa *next_try(struct ike_sa *sa, enum close_cause cause)
{
	unsigned int attempt = sa->attempt + 1;
	struct ike_sa *successor = NULL;
	bool more;

	if (!sa->handshake || sa->agent->stopping || ike_delete_queued(sa) || (cause != CLOSE_DEAD && cause != CLOSE_FAILED))
		return NULL;
	more = !sa->conn->keyingtries || attempt < sa->conn->keyingtries;
	if (more && cause == CLOSE_DEAD)
		successor = begin_again(sa, attempt);
	if (successor) {
		ike_log(sa, AGENT_INFO, "the peer does not answer, trying again (%u/%u)", attempt + 1, sa->conn->keyingtries);
		return successor;
	}
	if (more && sa->handshake->child)
		retry_later(sa->agent, sa->handshake->child, attempt);
	up_again(sa, attempt);
	return NULL;
}

static void end_waiting(struct ike_sa *sa, enum close_cause cause, const char *why)
{
	struct ike_sa *successor = sa->state == IKE_CONNECTING && sa->initiator ? next_try(sa, cause) : NULL;

	if (successor)
		up_move(sa, successor);
	else
		up_ike_failed(sa, cause == CLOSE_DEAD ? -ETIMEDOUT : cause == CLOSE_LOCAL ? -ECANCELED : -ECONNREFUSED, why);
}

void again_ike_ends(struct agent *agent, const struct event *event)
{
	end_waiting(event->ike, event->cause, event->text ? event->text : "the IKE SA was closed");
	if (!agent->stopping)
		restart_children(event->ike, event->cause);
}
