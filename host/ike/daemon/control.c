/* SPDX-License-Identifier: Apache-2.0 */
/* What `espalier ike` asks for, handed to the agent. */
#include "daemon/internal.h"

#include <stdlib.h>

#define LIST_MS 2u /* of a round */

static void on_done(void *ctx, int error, const char *text)
{
	struct ctl_call *call = ctx;

	if (error)
		ctl_finish(call, NULL, text);
	else
		ctl_finish(call, json_pack("{s:s}", "text", text), NULL);
}

static void on_up(void *context, struct ctl_call *call, const struct ctl_request *request)
{
	struct daemon *d = context;

	agent_up(d->agent, request->name, request->timeout_s * 1000, on_done, call);
}

static void on_down(void *context, struct ctl_call *call, const struct ctl_request *request)
{
	struct daemon *d = context;

	agent_down(d->agent, request->name, on_done, call);
}

static void on_rekey(void *context, struct ctl_call *call, const struct ctl_request *request)
{
	struct daemon *d = context;

	agent_rekey(d->agent, request->name, request->ike, request->reauth, on_done, call);
}

static void on_list(void *context, struct ctl_call *call, const struct ctl_request *request)
{
	struct daemon *d = context;
	struct daemon_list *list = calloc(1, sizeof(*list));

	(void)request;
	if (!list) {
		ctl_finish(call, NULL, "out of memory");
		return;
	}
	list->call = call;
	list->next = d->lists;
	d->lists = list;
}

static struct daemon_list **find_list(struct daemon *d, const struct ctl_call *call)
{
	struct daemon_list **link = &d->lists;

	while (*link && (*link)->call != call)
		link = &(*link)->next;
	return link;
}

/* Of the call, if it is one of those. */
static void forget_list(struct daemon *d, const struct ctl_call *call)
{
	struct daemon_list **link = find_list(d, call), *list = *link;

	if (!list)
		return;
	*link = list->next;
	free(list);
}

bool daemon_is_listing(const struct daemon *d)
{
	for (const struct daemon_list *list = d->lists; list; list = list->next)
		if (!ctl_call_full(list->call))
			return true;
	return false;
}

static void go_on(struct daemon *d, struct daemon_list *list)
{
	struct ctl_call *call = list->call;
	char *text = listing_next(&list->listing, d->agent);
	bool ended = list->listing.ended;

	if (text)
		ctl_call_part(call, text);
	if (!text || ended) {
		forget_list(d, call);
		ctl_finish_parts(call, text);
	}
	free(text);
}

void daemon_go_on_listing(struct daemon *d)
{
	uint64_t end = d->env.now_ms(d->env.ctx) + LIST_MS;

	while (daemon_is_listing(d) && d->env.now_ms(d->env.ctx) < end)
		for (struct daemon_list *list = d->lists, *next; list; list = next) {
			next = list->next;
			if (!ctl_call_full(list->call))
				go_on(d, list);
		}
}

static void on_reload(void *context, struct ctl_call *call, const struct ctl_request *request)
{
	struct daemon_reload *reload = malloc(sizeof(*reload));
	struct daemon *d = context;

	(void)request;
	if (!reload) {
		ctl_finish(call, NULL, "out of memory");
		return;
	}
	*reload = (struct daemon_reload){ d->reloads, call, false };
	d->reloads = reload;
	daemon_reload(d);
}

/* Those that were loaded, or not. */
static void answer_reloads(struct daemon *d, bool loaded, const char *error)
{
	for (struct daemon_reload **link = &d->reloads, *reload; (reload = *link);) {
		if (reload->loaded != loaded) {
			link = &reload->next;
			continue;
		}
		*link = reload->next;
		ctl_finish(reload->call, NULL, error);
		free(reload);
	}
}

void daemon_go_on_reloads(struct daemon *d, int ret, const char *error)
{
	if (ret)
		answer_reloads(d, false, error);
	for (struct daemon_reload *reload = d->reloads; reload; reload = reload->next)
		reload->loaded = true;
}

void daemon_end_reloads(struct daemon *d)
{
	if (!agent_configuring(d->agent))
		answer_reloads(d, true, NULL);
}

/* Of the call, if it is one of those. */
static void forget_reload(struct daemon *d, const struct ctl_call *call)
{
	struct daemon_reload **link = &d->reloads, *reload;

	while (*link && (*link)->call != call)
		link = &(*link)->next;
	reload = *link;
	if (reload)
		*link = reload->next;
	free(reload);
}

static void on_cancel(void *context, struct ctl_call *call)
{
	struct daemon *d = context;

	forget_list(d, call);
	forget_reload(d, call);
	agent_forget(d->agent, call);
}

const struct ctl_handlers daemon_handlers = {
	.up = on_up,
	.down = on_down,
	.list = on_list,
	.rekey = on_rekey,
	.reload = on_reload,
	.cancel = on_cancel,
};
