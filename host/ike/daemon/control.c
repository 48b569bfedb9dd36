/* SPDX-License-Identifier: Apache-2.0 */
/* What `espalier ike` asks for, handed to the agent. */
#include "daemon/internal.h"

#include "daemon/listing.h"

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
	json_t *list = listing(d->agent);

	(void)request;
	ctl_finish(call, list, list ? NULL : "out of memory");
}

static void on_reload(void *context, struct ctl_call *call, const struct ctl_request *request)
{
	char error[DAEMON_ERROR_LEN];
	int ret = daemon_reload(context, error);

	(void)request;
	ctl_finish(call, NULL, ret ? error : NULL);
}

static void on_cancel(void *context, struct ctl_call *call)
{
	struct daemon *d = context;

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
