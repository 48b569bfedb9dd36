/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sink in front of another one: every call goes through, and each event is shown to someone on its way to the agent. The loop hands the ESP
 * sockets to a gateway that came back this way.
 */
#ifndef ESPALIER_IKE_WATCHED_SINK_H
#define ESPALIER_IKE_WATCHED_SINK_H

#include "sink/sink.h"

struct watched_sink {
	struct sink sink; /* for the agent */
	struct sink *behind;
	void (*seen)(void *ctx, const struct sink_event *event);
	void *ctx;
};

/* behind stays the caller's; sink_close(&watched->sink) does nothing. */
void watched_sink_init(struct watched_sink *watched, struct sink *behind, void (*seen)(void *ctx, const struct sink_event *event), void *ctx);

#endif
