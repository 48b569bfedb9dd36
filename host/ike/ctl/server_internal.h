/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket's server, inside: server.c has the sockets, server_client.c one client. */
#ifndef ESPALIER_CTL_SERVER_INTERNAL_H
#define ESPALIER_CTL_SERVER_INTERNAL_H

#include "ctl/ctl.h"
#include "file/socket_path.h"

#define CTL_LOG_BACKLOG_MAX (1u << 20) /* bytes of log a client may leave unread */
#define CTL_FULL (256u << 10) /* bytes of an answer in parts that wait to be read */
#define CTL_TICK_S 5u
#define CTL_IDLE_TICKS 4u /* a client that has half a line, or does not read what waits for it, for as many ticks is dropped */

struct ctl_client;

struct ctl_call {
	struct ctl_client *client;
};

struct ctl_client {
	struct ctl_server *server;
	struct ctl_client *next;
	int fd;
	uint32_t events;	/* what epoll waits for */
	bool log;		/* has asked for the log: no more requests */
	bool ended;		/* will send nothing more */
	bool dead;		/* to be closed by the next sweep */
	struct ctl_call *call;	/* under way */
	unsigned int idle;	/* ticks without progress */
	char in[CTL_REQUEST_MAX + 1];
	size_t in_len;
	char *out;		/* not yet written: out[sent] to out[out_len - 1] */
	size_t out_len, sent, out_size;
};

struct ctl_server {
	int listener, epoll, timer;
	struct socket_path at;
	const struct ctl_handlers *handlers;
	void *context;
	struct ctl_client *clients;
	unsigned int count;
};

/* The client is served: what epoll has said of it. */
void ctl_client_serve(struct ctl_client *client, uint32_t events);
/* One line to the client, whose unsent bytes stay below limit. Takes over the reference. Without memory the client is dropped. */
void ctl_client_send(struct ctl_client *client, json_t *object, size_t limit);
/* A tick has passed. */
void ctl_client_tick(struct ctl_client *client);
/* End its call and free it. */
void ctl_client_free(struct ctl_client *client);
/* An object with one text in it, whatever bytes that has. */
json_t *ctl_text_object(const char *key, const char *text);
/* Ticks come from a timer; tests make their own. */
void ctl_server_tick(struct ctl_server *server);

#endif
