/* SPDX-License-Identifier: Apache-2.0 */
/* Bringing up CHILD SAs and the IKE SAs that they need: for users, for start_action and close_action, for traps. */
#include "core/up.h"
#include "core/child_sa.h"
#include "core/create_child.h"
#include "core/handshake.h"
#include "core/ike_sa.h"
#include "core/init.h"
#include "core/requests.h"
#include "core/retry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One CHILD SA that is to come up on an IKE SA. In its list waiting. */
struct up_target {
	struct up_target *next;
	struct up_request *request; /* NULL: nobody waits */
	struct conf *conf;	    /* a reference */
	const struct conf_child *child;
	struct child_packet packet; /* for which it is made */
	unsigned int attempt;	    /* so many failed before */
	bool begun;		    /* in IKE_AUTH, or its CREATE_CHILD_SA is queued */
};

static bool same_child(const struct conf_child *a, const struct conf_child *b)
{
	return !strcmp(a->name, b->name) && !strcmp(a->connection->name, b->connection->name);
}

static struct up_target *find_target(struct ike_sa *sa, const struct conf_child *child)
{
	struct up_target *t = sa->waiting;

	while (t && !same_child(t->child, child))
		t = t->next;
	return t;
}

static void free_target(struct up_target *t)
{
	conf_free(t->conf);
	free(t);
}

/* What is wanted up, and why. */
struct wanted {
	const struct conf_child *child;
	struct up_request *request; /* or NULL */
	struct child_packet packet;
	unsigned int attempt;
};

static void add_target(struct ike_sa *sa, const struct wanted *w, bool begun)
{
	struct up_target *t;

	if (!w->request && find_target(sa, w->child))
		return;
	t = calloc(1, sizeof(*t));
	if (!t) {
		request_settle(w->request, -ENOMEM, "no memory");
		return;
	}
	t->request = w->request;
	t->conf = conf_ref(w->child->connection->conf);
	t->child = w->child;
	t->packet = w->packet;
	t->attempt = w->attempt;
	t->begun = begun;
	t->next = sa->waiting;
	sa->waiting = t;
}

/* Of a packet: it has an SA. */
static bool is_up(const struct ike_sa *sa, const struct wanted *w)
{
	for (const struct child_sa *c = sa->children; c; c = c->next)
		if ((c->state == CHILD_INSTALLED || c->state == CHILD_REKEYING) && !c->redundant && same_child(c->child, w->child)
		    && (!w->packet.reqid || child_carries(c, &w->packet)))
			return true;
	return false;
}

/* What start_action wants, as the configuration of now has it: again after a pause. */
static void try_later(struct agent *agent, const struct conf_child *child, unsigned int attempt)
{
	const struct conf_connection *conn = agent->conf ? conf_find_connection(agent->conf, child->connection->name) : NULL;

	child = conn ? conf_connection_child(conn, child->name) : NULL;
	if (child && child->start_action & CONF_ACTION_START && !agent->stopping)
		retry_later(agent, child, attempt);
}

static void child_done(struct ike_sa *sa, const struct conf_child *child, int error, const char *text)
{
	struct up_target **link = &sa->waiting;

	while (*link) {
		struct up_target *t = *link;

		if (!t->begun || !same_child(t->child, child)) {
			link = &t->next;
			continue;
		}
		*link = t->next;
		request_settle(t->request, error, text);
		if (error)
			try_later(sa->agent, t->child, t->attempt + 1);
		free_target(t);
		link = &sa->waiting;
	}
}

/* On an IKE SA that is there. */
static void begin_child(struct ike_sa *sa, const struct wanted *w)
{
	const struct wanted any = { .child = w->child };
	struct child_packet packet = w->packet;
	bool begun = find_target(sa, w->child) != NULL;

	packet.alone = is_up(sa, &any);
	add_target(sa, w, true);
	if (!begun && child_initiate_for(sa, w->child, &packet))
		child_done(sa, w->child, -ENOMEM, "no memory");
}

static const struct conf_child *first_child(const struct ike_sa *sa)
{
	return sa->handshake ? sa->handshake->child : NULL;
}

static void bring_up(struct agent *agent, const struct wanted *w)
{
	const struct conf_connection *conn = w->child->connection;
	struct ike_sa *established = NULL, *connecting = NULL, *sa;

	request_hold(w->request);
	for (sa = ike_sa_by_name(agent, conn->name); sa; sa = ike_sa_next_by_name(sa)) {
		if (sa->state == IKE_ESTABLISHED && is_up(sa, w)) {
			request_settle(w->request, 0, "it was there already");
			return;
		}
		if (sa->state == IKE_ESTABLISHED && !established)
			established = sa;
		if (sa->state == IKE_CONNECTING && sa->handshake && sa->initiator && !sa->replaces)
			connecting = sa;
	}
	if (established) {
		begin_child(established, w);
		return;
	}
	if (connecting) {
		add_target(connecting, w, first_child(connecting) && same_child(first_child(connecting), w->child));
		return;
	}
	sa = ike_initiate(agent, conn, w->child);
	if (sa) {
		sa->attempt = w->attempt;
		sa->handshake->packet = w->packet;
		add_target(sa, w, true);
		return;
	}
	request_settle(w->request, -ECONNREFUSED, "the connection could not be begun: the log says why");
	try_later(agent, w->child, w->attempt + 1);
}

static void up_child(struct agent *agent, const struct conf_child *child, struct up_request *request)
{
	bring_up(agent, &(struct wanted){ .child = child, .request = request });
}

void up_retry(struct agent *agent, const struct event *event)
{
	if (!agent->stopping)
		bring_up(agent, &(struct wanted){ .child = event->conf, .attempt = event->count });
}

void up_packet(struct agent *agent, const struct conf_child *child, const struct child_packet *packet)
{
	if (!agent->stopping)
		bring_up(agent, &(struct wanted){ .child = child, .packet = *packet });
}

/* ---- what comes of it --------------------------------------------------------------------------------------------------------- */

void up_ike_established(struct agent *agent, const struct event *event)
{
	struct ike_sa *sa = event->ike;
	struct up_target *next;

	(void)agent;
	for (struct up_target *t = sa->waiting; t; t = next) {
		next = t->next;
		if (t->begun)
			continue;
		t->begun = true;
		if (child_initiate_for(sa, t->child, &t->packet))
			ike_log(sa, AGENT_ERROR, "%s: no memory", t->child->name);
	}
}

void up_child_asked(struct agent *agent, const struct event *event)
{
	(void)agent;
	child_done(event->ike, event->conf, event->error, event->text);
}

void up_ike_failed(struct ike_sa *sa, int error, const char *text)
{
	while (sa->waiting) {
		struct up_target *t = sa->waiting;

		sa->waiting = t->next;
		request_settle(t->request, error, text);
		free_target(t);
	}
}

void up_again(struct ike_sa *sa, unsigned int attempt)
{
	for (const struct up_target *t = sa->waiting; t; t = t->next)
		try_later(sa->agent, t->child, attempt);
}

void up_move(struct ike_sa *old, struct ike_sa *successor)
{
	const struct conf_child *first = first_child(successor);

	while (old->waiting) {
		struct up_target *t = old->waiting;

		old->waiting = t->next;
		if (successor->handshake)
			t->begun = first && same_child(first, t->child);
		t->next = successor->waiting;
		successor->waiting = t;
	}
	if (old->replaces) {
		successor->replaces = old->replaces;
		successor->replaces->replaced_by = successor;
		old->replaces = NULL;
	}
}

void up_ike_replaced(struct agent *agent, const struct event *event)
{
	(void)agent;
	up_move(event->ike, event->successor);
}

void up_ike_refused(struct agent *agent, const struct event *event)
{
	(void)agent;
	up_ike_failed(event->ike, event->error, event->text);
}

void up_ike_gone(struct agent *agent, const struct event *event)
{
	(void)agent;
	up_ike_failed(event->ike, -ECONNABORTED, "the IKE SA was closed");
}

/* ---- the command ------------------------------------------------------------------------------------------------------------------ */

void agent_up(struct agent *agent, const char *name, unsigned int timeout_ms, agent_done done, void *ctx)
{
	const struct conf_child *child;
	const struct conf_connection *conn;
	char error[CONF_ERROR_LEN];
	struct up_request *r;

	if (!agent->conf || agent->stopping) {
		done(ctx, -ESHUTDOWN, agent->stopping ? "the agent is stopping" : "there is no configuration");
		return;
	}
	child = conf_find_child(agent->conf, name, error);
	conn = child ? NULL : conf_find_connection(agent->conf, name);
	if (!child && (!conn || !conn->child_count)) {
		done(ctx, -ENOENT, error);
		return;
	}
	if (child && conf_is_shunt(child)) {
		done(ctx, -EINVAL, "it is a policy without an SA (mode = pass or drop): there is nothing to bring up");
		return;
	}
	r = request_begin(agent, timeout_ms, done, ctx);
	if (!r)
		return;
	if (child)
		up_child(agent, child, r);
	for (size_t i = 0; !child && i < conn->child_count; i++)
		if (!conf_is_shunt(conn->children[i]))
			up_child(agent, conn->children[i], r);
	request_settle(r, 0, NULL);
}
