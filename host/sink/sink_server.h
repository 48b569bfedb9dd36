/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's side of the SA sink's socket (docs/sa-sink.md): takes requests of one client at a time to a struct sink and sends events.
 * The backend's calls run inside sink_server_step; its fd and next_event are not used: events are handed over by sink_server_event.
 * Only root, the user that this process was when it made the socket, and one more user that the configuration names may connect; a second client is told -EBUSY, unless the first has
 * said nothing for ten seconds: then it has to go.
 * Keys are wiped from every buffer as soon as the backend has had them. Nothing here exits, prints or blocks.
 */
#ifndef ESPALIER_SINK_SERVER_H
#define ESPALIER_SINK_SERVER_H

#include <errno.h>
#include <sys/types.h>

#include "sink/sink.h"

struct sink_server;

struct sink_server_config {
	const char *path; /* of the socket, mode 0600; a dead server's socket there is replaced, a living one's is not */
	uid_t user;	  /* who may connect besides root and the one who makes it, and owns the socket; (uid_t)-1: nobody */
	struct sink *backend;
	/* May be NULL: fd of SINK_GIVE_ESP_SOCKET, the callee's from here on whatever it returns. 0 or negative errno, error as in sink_error. */
	int (*esp_socket)(struct sink *backend, int fd, const struct endpoint *local);
	/* May be NULL: a client has come (true) or is gone (false). */
	void (*client)(struct sink *backend, bool present);
	/* May be NULL: the client sends its first request, which is served next: it takes control. One that merely connects does not. */
	void (*control)(struct sink *backend);
};

/* -EADDRINUSE: a server lives at this path. error: SINK_ERROR_LEN bytes. The configuration is copied, its path too. */
int sink_server_open(const struct sink_server_config *config, struct sink_server **server, char *error);

/* Close and remove the socket. Calls client(false) if there is one. server may be NULL. */
void sink_server_close(struct sink_server *server);

/* To poll for reading. */
int sink_server_fd(const struct sink_server *server);

/* Accept, answer requests, send queued events, as far as it goes without waiting. */
void sink_server_step(struct sink_server *server);

/*
 * Send an event to the client, or queue it while its socket is full (then sink_server_fd wakes up). Without a client it is dropped.
 * A client that leaves 4096 events unread is disconnected.
 */
void sink_server_event(struct sink_server *server, const struct sink_event *event);

/*
 * A backend that needs longer returns SINK_SERVER_LATER from sa_delete, flush or sweep, and calls sink_server_resume when it knows. Meanwhile nothing more is
 * read from the client, neither requests nor that it is gone. sink_server_hold does the same without a request, also for a client that is yet to come.
 */
#define SINK_SERVER_LATER (-EINPROGRESS)
void sink_server_hold(struct sink_server *server);
/* Read on; ret and text answer the request that waits, if one does, and last, if it wants to know that. Nothing if the server is not held. */
void sink_server_resume(struct sink_server *server, int ret, const char *text, const struct sink_sa_stats *last);

/* One that has control. */
bool sink_server_has_client(const struct sink_server *server);

#endif
