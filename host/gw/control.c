/* SPDX-License-Identifier: Apache-2.0 */
#include "control.h"

#include "clock.h"
#include "gw.h"
#include "log.h"
#include "poll.h"
#include "removal.h"
#include "sink_policies.h"
#include "sink_sas.h"

int gw_take_socket(struct sink *sink, int fd, const struct endpoint *local)
{
	struct gw *gw = (struct gw *)sink;
	struct wire_socket *added;
	int ret = wire_add_udp(&gw->wire, fd, local, SINK_MARK, &added, sink->error);

	if (!ret)
		poll_add_wire(gw, added);
	return ret;
}

static void ask_again(struct gw *gw)
{
	for (unsigned int i = 0; i < gw->spd.count; i++)
		gw->spd.order[i]->acquire_ms = 0;
}

void gw_client(struct sink *sink, bool present)
{
	struct gw *gw = (struct gw *)sink;

	if (present || !gw->has_agent)
		return;
	gw_log(GW_INFO, "key management is gone");
	gw->has_agent = false;
	gw->agent_gone_ms = gw_clock_ms();
	wire_close_udp(&gw->wire);
	ask_again(gw);
}

void gw_take_control(struct sink *sink)
{
	struct gw *gw = (struct gw *)sink;

	gw_log(GW_INFO, "key management is there");
	gw->has_agent = true;
	gw->agent_gone_ms = 0;
	/* Whoever comes knows of no SA, or takes those it made for gone. Policies block until it sets them. */
	gw_delete_sas(gw);
	spd_make_stale(&gw->spd);
	ask_again(gw);
}

const struct sink_ops gw_sink_ops = {
	.caps = gw_caps,
	.get_spi = gw_get_spi,
	.sa_add = gw_sa_add,
	.sa_update = gw_sa_update,
	.sa_query = gw_sa_query,
	.sa_delete = gw_sa_delete,
	.policy_set = gw_policy_set,
	.policy_delete = gw_policy_delete,
	.flush = gw_flush,
	.sweep = gw_sweep,
};
