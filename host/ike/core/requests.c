/* SPDX-License-Identifier: Apache-2.0 */
/* Users' requests: what each waits for, and how it ends. */
#include "core/requests.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

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

int request_wait(struct up_request *r, enum wait_kind kind, uint32_t id)
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

void requests_happened(struct agent *agent, enum wait_kind kind, uint32_t id, int error, const char *text)
{
	struct up_request *next;

	for (struct up_request *r = agent->requests; r; r = next) {
		next = r->next;
		if (take_waiter(r, kind, id))
			request_settle(r, error, text);
	}
}

void agent_forget(struct agent *agent, void *ctx)
{
	for (struct up_request *r = agent->requests; r; r = r->next)
		if (r->ctx == ctx)
			r->done = NULL;
}
