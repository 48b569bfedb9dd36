/* SPDX-License-Identifier: Apache-2.0 */
/* What a user asks for: down and rekey; and how requests end. */
#include "core/commands.h"
#include "core/retry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- requests ---------------------------------------------------------------------------------------------------------------- */

enum wait_kind { WAIT_CHILD_GONE, WAIT_CHILD_REKEYED, WAIT_IKE_GONE, WAIT_IKE_REKEYED };

struct waiter {
	struct waiter *next;
	enum wait_kind kind;
	uint32_t id;
};

static void tell(struct up_request *r, int error, const char *text)
{
	agent_done done = r->done;

	r->done = NULL;
	if (done)
		done(r->ctx, error, text);
}

static void too_late(void *owner)
{
	tell(owner, -ETIMEDOUT, "it takes longer than the time given; it goes on");
}

struct up_request *request_begin(struct agent *agent, unsigned int timeout_ms, agent_done done, void *ctx)
{
	struct up_request *r = calloc(1, sizeof(*r));

	if (!r) {
		done(ctx, -ENOMEM, "no memory");
		return NULL;
	}
	r->agent = agent;
	r->done = done;
	r->ctx = ctx;
	r->pending = 1;
	r->next = agent->requests;
	agent->requests = r;
	if (timeout_ms)
		timer_set(&agent->timers, &r->timeout, agent_now(agent) + timeout_ms, too_late, r);
	return r;
}

void request_hold(struct up_request *r)
{
	if (r)
		r->pending++;
}

static void end(struct up_request *r)
{
	struct up_request **link = &r->agent->requests;

	while (*link != r)
		link = &(*link)->next;
	*link = r->next;
	timer_clear(&r->agent->timers, &r->timeout);
	tell(r, r->error, r->text);
	free(r);
}

void request_settle(struct up_request *r, int error, const char *text)
{
	if (!r)
		return;
	if (text && (!r->text[0] || (error && !r->error)))
		snprintf(r->text, sizeof(r->text), "%s", text);
	if (!r->error)
		r->error = error;
	if (!--r->pending)
		end(r);
}

static int wait_for(struct up_request *r, enum wait_kind kind, uint32_t id)
{
	struct waiter *w = malloc(sizeof(*w));

	if (!w)
		return -ENOMEM;
	*w = (struct waiter){ .next = r->waiters, .kind = kind, .id = id };
	r->waiters = w;
	request_hold(r);
	return 0;
}

/* True: it waited for this. */
static bool take_waiter(struct up_request *r, enum wait_kind kind, uint32_t id)
{
	for (struct waiter **link = &r->waiters; *link; link = &(*link)->next) {
		struct waiter *w = *link;

		if (w->kind != kind || w->id != id)
			continue;
		*link = w->next;
		free(w);
		return true;
	}
	return false;
}

static void happened(struct agent *agent, enum wait_kind kind, uint32_t id, int error, const char *text)
{
	struct up_request *next;

	for (struct up_request *r = agent->requests; r; r = next) {
		next = r->next;
		if (take_waiter(r, kind, id))
			request_settle(r, error, text);
	}
}

void command_child_gone(struct agent *agent, uint32_t id, enum close_cause cause)
{
	if (!agent->requests)
		return;
	happened(agent, WAIT_CHILD_GONE, id, 0, "closed");
	happened(agent, WAIT_CHILD_REKEYED, id, cause == CLOSE_REPLACED ? 0 : -ECONNRESET,
		 cause == CLOSE_REPLACED ? "rekeyed" : "the CHILD SA ended before");
}

void command_child_rekeyed(struct agent *agent, uint32_t id, int error, const char *text)
{
	happened(agent, WAIT_CHILD_REKEYED, id, error, text);
}

void command_ike_gone(struct agent *agent, uint32_t id, enum close_cause cause)
{
	if (!agent->requests)
		return;
	happened(agent, WAIT_IKE_GONE, id, 0, "closed");
	happened(agent, WAIT_IKE_REKEYED, id, cause == CLOSE_REPLACED ? 0 : -ECONNRESET,
		 cause == CLOSE_REPLACED ? "rekeyed" : "the IKE SA ended before");
}

void command_ike_rekeyed(struct agent *agent, uint32_t id, int error, const char *text)
{
	happened(agent, WAIT_IKE_REKEYED, id, error, text);
}

void agent_forget(struct agent *agent, void *ctx)
{
	for (struct up_request *r = agent->requests; r; r = r->next)
		if (r->ctx == ctx)
			r->done = NULL;
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

bool command_means(const char *text, const char *conn, const char *child)
{
	size_t len = strlen(conn);

	return !strcmp(text, child) || (!strncmp(text, conn, len) && text[len] == '/' && !strcmp(text + len + 1, child));
}

static bool child_fits(const struct child_sa *child, const struct target *t)
{
	return t->child_id ? child->id == t->child_id : command_means(t->text, child->child->connection->name, child->child->name);
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
			wait_for(r, WAIT_CHILD_GONE, child->id);
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
		wait_for(r, WAIT_IKE_GONE, sa->id);
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
			wait_for(r, WAIT_CHILD_REKEYED, child->id);
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

	wait_for(r, WAIT_IKE_REKEYED, id);
	err = reauth ? ike_reauth_initiate(sa) : ike_rekey_initiate(sa);
	if (err)
		command_ike_rekeyed(agent, id, err, "it could not begin");
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
