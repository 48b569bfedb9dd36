/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon's files share: the loop's state. */
#ifndef ESPALIER_IKE_DAEMON_INTERNAL_H
#define ESPALIER_IKE_DAEMON_INTERNAL_H

#include "ctl/ctl.h"
#include "daemon/daemon.h"
#include "daemon/keylog.h"
#include "daemon/listing.h"
#include "daemon/log.h"
#include "daemon/udp.h"
#include "daemon/watched_sink.h"
#include "process/notify.h"
#include "process/privileges.h"

#define DAEMON_ERROR_LEN 1024

/* An answer to `list` that is not whole yet. */
struct daemon_list {
	struct daemon_list *next;
	struct ctl_call *call;
	struct listing listing;
};

struct daemon {
	const struct daemon_options *options;
	struct privileges user;
	struct notify manager;
	struct log log;
	struct udp *udp;
	struct keylog *keylog;
	struct sink *gateway;
	struct watched_sink sink;
	struct agent_env env;
	struct agent *agent;
	struct ctl_server *control;
	struct daemon_list *lists;
	int signals; /* signalfd */
	bool stopping;
	uint64_t stop_at_ms; /* when stopping: wait for peers no longer */
};

/* Everything up to ready, and the end of it; a daemon that did not start entirely is fine for the latter. */
int daemon_start(struct daemon *d, char *error);
void daemon_end(struct daemon *d);

/* What the agent gets from the world. */
void daemon_fill_env(struct daemon *d);
/* Give the gateway the ESP halves of port 4500. 0 or a negative errno value with a sentence. */
int daemon_give_sockets(struct daemon *d, char *error);
/* Read the configuration. 0 or a negative errno value with a sentence. */
int daemon_load(struct daemon *d, char *error);
/* Read it again. 0 or a negative errno value with a sentence; the old one then stays. */
int daemon_reload(struct daemon *d, char *error);

/* ---- control.c ---- */
/* Go on with the answers to `list`, for some milliseconds. */
void daemon_go_on_listing(struct daemon *d);
/* Is there one whose client reads? */
bool daemon_is_listing(const struct daemon *d);
extern const struct ctl_handlers daemon_handlers; /* context: struct daemon */

#endif
