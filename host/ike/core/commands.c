/* SPDX-License-Identifier: Apache-2.0 */
/* What a user asks for: down and rekey; up.c: up. */
#include "core/commands.h"
#include "core/child_delete.h"
#include "core/create_child.h"
#include "core/ike_delete.h"
#include "core/ike_rekey.h"
#include "core/ike_sa.h"
#include "core/name.h"
#include "core/reauth.h"
#include "core/requests.h"
#include "core/retry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void command_child_gone(struct agent *agent, const struct event *event)
{
	if (!agent->requests)
		return;
	requests_happened(agent, WAIT_CHILD_GONE, event->id, 0, "closed");
	requests_happened(agent, WAIT_CHILD_REKEYED, event->id, event->cause == CLOSE_REPLACED ? 0 : -ECONNRESET,
			  event->cause == CLOSE_REPLACED ? "rekeyed" : "the CHILD SA ended before");
}

void command_child_rekeyed(struct agent *agent, const struct event *event)
{
	requests_happened(agent, WAIT_CHILD_REKEYED, event->id, event->error, event->text);
}

void command_ike_gone(struct agent *agent, const struct event *event)
{
	const struct ike_sa *sa = event->ike;

	if (!agent->requests)
		return;
	requests_happened(agent, WAIT_IKE_GONE, sa->id, 0, "closed");
	requests_happened(agent, WAIT_IKE_REKEYED, sa->id, sa->cause == CLOSE_REPLACED ? 0 : -ECONNRESET,
			  sa->cause == CLOSE_REPLACED ? "rekeyed" : "the IKE SA ended before");
}

void command_ike_rekeyed(struct agent *agent, const struct event *event)
{
	requests_happened(agent, WAIT_IKE_REKEYED, event->id, event->error, event->text);
}

/* ---- names ---------------------------------------------------------------------------------------------------------------------- */

/* What a user's word means: "#3", "{5}", "conn", "child", "conn/child". */
struct target {
	uint32_t ike_id, child_id;
	const char *text;
};

static uint32_t number(const char *text, char last)
{
	char *end_at;
	unsigned long value = strtoul(text, &end_at, 10);

	return end_at != text && *end_at == last && value <= UINT32_MAX ? (uint32_t)value : 0;
}

static struct target parse_target(const char *name)
{
	struct target t = { .text = name };

	if (name[0] == '#')
		t.ike_id = number(name + 1, '\0');
	else if (name[0] == '{')
		t.child_id = number(name + 1, '}');
	return t;
}

static bool ike_fits(const struct ike_sa *sa, const struct target *t)
{
	return t->ike_id ? sa->id == t->ike_id : !strcmp(sa->conn->name, t->text);
}

static bool child_fits(const struct child_sa *child, const struct target *t)
{
	return t->child_id ? child->id == t->child_id : name_means(t->text, child->child->connection->name, child->child->name);
}

/* SAs that are no more, or not yet: candidates of a rekeying. */
static bool is_there(const struct ike_sa *sa)
{
	return sa->state == IKE_ESTABLISHED || sa->state == IKE_DELETING || (sa->state == IKE_CONNECTING && sa->handshake);
}

/* ---- down --------------------------------------------------------------------------------------------------------------------------- */

static bool down_children(struct agent *agent, const struct target *t, struct up_request *r)
{
	bool found = false;

	for (struct ike_sa *sa = agent->sas; sa; sa = sa->next)
		for (struct child_sa *child = sa->children; child; child = child->next) {
			if (!child_fits(child, t) || !is_there(sa) || child->state == CHILD_RETIRED)
				continue;
			found = true;
			request_wait(r, WAIT_CHILD_GONE, child->id);
			if (sa->state == IKE_ESTABLISHED) /* else it goes with its IKE SA */
				child_delete_initiate(child);
		}
	return found;
}

static bool down_ikes(struct agent *agent, const struct target *t, struct up_request *r)
{
	struct ike_sa *next;
	bool found = false;

	for (struct ike_sa *sa = agent->sas; sa; sa = next) {
		next = sa->next;
		if (!is_there(sa) || !ike_fits(sa, t))
			continue;
		/* Anybody can begin one: it is deleted should its peer show who it is, and not waited for. */
		if (sa->state == IKE_CONNECTING && !sa->initiator) {
			found |= t->ike_id != 0;
			ike_delete_initiate(sa);
			continue;
		}
		found = true;
		request_wait(r, WAIT_IKE_GONE, sa->id);
		/* Once IKE_AUTH is out, the peer may have it established: it has to be told, as soon as it answers. */
		if (sa->state == IKE_CONNECTING && !sa->seal)
			ike_sa_close(sa, CLOSE_LOCAL, "closed on request");
		else
			ike_delete_initiate(sa);
	}
	return found;
}

void agent_down(struct agent *agent, const char *name, agent_done done, void *ctx)
{
	struct up_request *r = request_begin(agent, 0, done, ctx);
	struct target t = parse_target(name);
	bool found;

	if (!r)
		return;
	found = (!t.ike_id && down_children(agent, &t, r)) || (!t.child_id && down_ikes(agent, &t, r));
	found = retry_stop(agent, name) || found;
	request_settle(r, found ? 0 : -ENOENT, found ? NULL : "there is no such SA");
}

/* ---- rekey -------------------------------------------------------------------------------------------------------------------------- */

static bool rekey_children(struct agent *agent, const struct target *t, struct up_request *r)
{
	bool found = false;

	for (struct ike_sa *sa = agent->sas; sa; sa = sa->next)
		for (struct child_sa *child = sa->children; child; child = child->next) {
			if (!child_fits(child, t) || sa->state != IKE_ESTABLISHED || child->redundant
			    || (child->state != CHILD_INSTALLED && child->state != CHILD_REKEYING))
				continue;
			found = true;
			request_wait(r, WAIT_CHILD_REKEYED, child->id);
			child_initiate(sa, child->child, child);
		}
	return found;
}

static bool has_child(const struct ike_sa *sa, const struct target *t)
{
	for (const struct child_sa *child = sa->children; child; child = child->next)
		if (child_fits(child, t))
			return true;
	return false;
}

static void rekey_ike(struct ike_sa *sa, bool reauth, struct up_request *r)
{
	struct agent *agent = sa->agent;
	uint32_t id = sa->id;
	int err;

	request_wait(r, WAIT_IKE_REKEYED, id);
	err = reauth ? ike_reauth_initiate(sa) : ike_rekey_initiate(sa);
	if (err)
		requests_happened(agent, WAIT_IKE_REKEYED, id, err, "it could not begin");
}

static bool rekey_ikes(struct agent *agent, const struct target *t, bool reauth, struct up_request *r)
{
	struct ike_sa *next;
	bool found = false;

	for (struct ike_sa *sa = agent->sas; sa; sa = next) {
		next = sa->next;
		if (sa->state != IKE_ESTABLISHED || !(ike_fits(sa, t) || has_child(sa, t)))
			continue;
		found = true;
		rekey_ike(sa, reauth, r);
	}
	return found;
}

void agent_rekey(struct agent *agent, const char *name, bool ike, bool reauth, agent_done done, void *ctx)
{
	struct up_request *r = request_begin(agent, 0, done, ctx);
	struct target t = parse_target(name);
	bool found;

	if (!r)
		return;
	if (ike || reauth || t.ike_id)
		found = rekey_ikes(agent, &t, reauth, r);
	else
		found = rekey_children(agent, &t, r);
	request_settle(r, found ? 0 : -ENOENT, found ? NULL : "there is no such SA");
}
