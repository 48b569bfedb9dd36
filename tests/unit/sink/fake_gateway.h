/* SPDX-License-Identifier: Apache-2.0 */
/* A gateway for tests of the sink's socket: sink_server in a thread, behind it a sink that notes what it was asked. */
#ifndef FAKE_GATEWAY_H
#define FAKE_GATEWAY_H

#include "sink/sink_server.h"

struct fake_gateway {
	struct sink sink; /* first: it is a sink */
	/* set before a call: what it returns */
	int ret;
	const char *error;
	struct sink_caps caps;
	struct sink_sa_stats stats;
	uint32_t spi;
	bool stall; /* take requests, but answer too late */
	bool hold;  /* a client that comes is not read from */
	/* noted by a call */
	unsigned int calls;
	const char *name;
	struct sink_sa sa;
	struct sink_sa_id id;
	struct sink_policy policy;
	struct endpoint src, dst;
	struct ip_addr ip;
	uint32_t reqid;
	bool udp_encap;
	int esp_fd;
	int clients; /* came less went */
	unsigned int controls; /* how many took control */
	bool hold_control;     /* one that takes control is not read from */
};

/* Serve at path until fake_stop; the process has one. */
void fake_start(struct fake_gateway *gateway, const char *path);
void fake_stop(void);
/* From the server's thread, soon. */
void fake_event(const struct sink_event *event);
/* sink_server_resume, from the server's thread, soon; the text is gateway->error. */
void fake_resume(int ret);
/* Forget results and notes. */
void fake_reset(struct fake_gateway *gateway);

#endif
