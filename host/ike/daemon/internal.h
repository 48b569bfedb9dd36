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

#include <pthread.h>

#define DAEMON_ERROR_LEN 1024

/* An answer to `list` that is not whole yet. */
struct daemon_list {
	struct daemon_list *next;
	struct ctl_call *call;
	struct listing listing;
};

/* A `reload` that is under way: the file is being read, or was, and the policies are not all there yet. */
struct daemon_reload {
	struct daemon_reload *next;
	struct ctl_call *call;
	bool loaded;
};

/* Who reads the configuration again: load.c. */
struct daemon_loader {
	const char *path;
	pthread_t thread;
	bool running, threaded, again; /* again: the file is to be read once more when it has been */
	int fd;			       /* readable when it has been */
	struct conf *conf;	       /* NULL: error says why */
	char error[DAEMON_ERROR_LEN];
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
	struct daemon_reload *reloads;
	struct daemon_loader loader;
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
/* Read the configuration and set its policies. 0 or a negative errno value with a sentence. */
int daemon_load(struct daemon *d, char *error);
/*
 * Read it again, beside all else. When loader.fd is readable, daemon_loaded hands it to the agent: false if it has to be read once more; else *ret is 0 or a
 * negative errno value with a sentence, and the old one then stays.
 */
int daemon_open_loader(struct daemon *d);
void daemon_reload(struct daemon *d);
bool daemon_loaded(struct daemon *d, int *ret, char error[DAEMON_ERROR_LEN]);
void daemon_close_loader(struct daemon *d);

/* ---- control.c ---- */
/* Go on with the answers to `list`, for some milliseconds. */
void daemon_go_on_listing(struct daemon *d);
/* Is there one whose client reads? */
bool daemon_is_listing(const struct daemon *d);
/* The file was read again, ret and error as of daemon_loaded: `reload` has failed, or is answered when the agent has done all of it. */
void daemon_go_on_reloads(struct daemon *d, int ret, const char *error);
void daemon_end_reloads(struct daemon *d);
extern const struct ctl_handlers daemon_handlers; /* context: struct daemon */

#endif
