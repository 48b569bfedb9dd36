/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket's server: listening, clients, one epoll descriptor for all of it. */
#include "ctl/server_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define ROUNDS_MAX 16 /* of epoll_wait in one run: what is left is reported again */
#define EVENTS_MAX 16

static int watch(const struct ctl_server *server, int fd, void *what)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = what };

	return epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/* ---- opening -------------------------------------------------------------------------------------------------------------- */

static int start(struct ctl_server *server, const char *path, char *error)
{
	int ret;

	server->listener = socket_path_listen(&server->at, path, SOCK_STREAM, CTL_CLIENTS_MAX, error);
	if (server->listener < 0)
		return server->listener;
	server->epoll = epoll_create1(EPOLL_CLOEXEC);
	server->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (server->epoll < 0 || server->timer < 0)
		return -errno;
	ret = watch(server, server->listener, &server->listener);
	return ret ? ret : watch(server, server->timer, &server->timer);
}

int ctl_server_open(const char *path, const struct ctl_handlers *handlers, void *context, struct ctl_server **server, char error[CTL_ERROR_LEN])
{
	struct ctl_server *s = calloc(1, sizeof(*s));
	int ret;

	*server = NULL;
	*error = '\0';
	if (s)
		*s = (struct ctl_server){ .listener = -1, .epoll = -1, .timer = -1, .handlers = handlers, .context = context };
	ret = s ? start(s, path, error) : -ENOMEM;
	if (!ret) {
		*server = s;
		return 0;
	}
	if (!*error)
		snprintf(error, CTL_ERROR_LEN, "the control socket %s cannot be opened: %s", path, strerror(-ret));
	ctl_server_close(s);
	return ret;
}

int ctl_server_fd(const struct ctl_server *server)
{
	return server->epoll;
}

void ctl_server_close(struct ctl_server *server)
{
	if (!server)
		return;
	while (server->clients) {
		struct ctl_client *client = server->clients;

		server->clients = client->next;
		ctl_client_free(client);
	}
	socket_path_remove(&server->at);
	if (server->listener >= 0)
		close(server->listener);
	if (server->timer >= 0)
		close(server->timer);
	if (server->epoll >= 0)
		close(server->epoll);
	free(server);
}

/* ---- running -------------------------------------------------------------------------------------------------------------- */

/* The clock runs while there are clients. */
static void set_timer(const struct ctl_server *server)
{
	time_t seconds = server->count ? CTL_TICK_S : 0;
	struct itimerspec tick = { { seconds, 0 }, { seconds, 0 } };

	timerfd_settime(server->timer, 0, &tick, NULL);
}

static void refuse(int fd)
{
	static const char text[] = "{\"ok\":false,\"error\":\"too many clients\"}\n";

	send(fd, text, sizeof(text) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

static void add_client(struct ctl_server *server, int fd)
{
	struct ctl_client *client = server->count < CTL_CLIENTS_MAX ? calloc(1, sizeof(*client)) : NULL;

	if (!client) {
		refuse(fd);
		return;
	}
	client->server = server;
	client->fd = fd;
	client->events = EPOLLIN;
	if (watch(server, fd, client)) {
		refuse(fd);
		free(client);
		return;
	}
	client->next = server->clients;
	server->clients = client;
	if (!server->count++)
		set_timer(server);
}

static void accept_clients(struct ctl_server *server)
{
	for (unsigned int i = 0; i < CTL_CLIENTS_MAX; i++) {
		int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0)
			return;
		add_client(server, fd);
	}
}

/* Dead clients go when no event of theirs is at hand any more. */
static void sweep(struct ctl_server *server)
{
	struct ctl_client **at = &server->clients;

	while (*at) {
		struct ctl_client *client = *at;

		if (!client->dead) {
			at = &client->next;
			continue;
		}
		*at = client->next;
		if (!--server->count)
			set_timer(server);
		ctl_client_free(client);
		at = &server->clients; /* its handler may have changed the list */
	}
}

void ctl_server_tick(struct ctl_server *server)
{
	for (struct ctl_client *client = server->clients; client; client = client->next)
		ctl_client_tick(client);
}

static void serve(struct ctl_server *server, const struct epoll_event *event)
{
	uint64_t ticks;

	if (event->data.ptr == &server->listener) {
		accept_clients(server);
	} else if (event->data.ptr == &server->timer) {
		if (read(server->timer, &ticks, sizeof(ticks)) == (ssize_t)sizeof(ticks))
			ctl_server_tick(server);
	} else {
		ctl_client_serve(event->data.ptr, event->events);
	}
}

void ctl_server_run(struct ctl_server *server)
{
	for (int round = 0; round < ROUNDS_MAX; round++) {
		struct epoll_event events[EVENTS_MAX];
		int n = epoll_wait(server->epoll, events, EVENTS_MAX, 0);

		if (n <= 0)
			return;
		for (int i = 0; i < n; i++)
			serve(server, &events[i]);
		sweep(server);
	}
}

void ctl_server_log(struct ctl_server *server, const char *text)
{
	for (struct ctl_client *client = server->clients; client; client = client->next)
		if (client->log)
			ctl_client_send(client, ctl_text_object("log", text), CTL_LOG_BACKLOG_MAX);
}
