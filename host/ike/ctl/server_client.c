/* SPDX-License-Identifier: Apache-2.0 */
/* One client of the control socket: lines in, calls to the handlers, lines out. One request at a time; the next is read when it is answered. */
#include "ctl/server_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Closed by the next sweep; nothing more is read or written, and the hangup brings the sweep about. */
static void kill_client(struct ctl_client *client)
{
	client->dead = true;
	shutdown(client->fd, SHUT_RDWR);
}

static bool has_output(const struct ctl_client *client)
{
	return client->sent < client->out_len;
}

static bool has_line(const struct ctl_client *client)
{
	return memchr(client->in, '\n', client->in_len);
}

/* What to wait for: to write, which also brings on the next line that is already here, or to read. A hangup is always reported. */
static void update_events(struct ctl_client *client)
{
	struct epoll_event event = { .data.ptr = client };

	if (has_output(client))
		event.events = EPOLLOUT;
	else if (!client->call && !client->log)
		event.events = client->ended || has_line(client) ? EPOLLOUT : EPOLLIN;
	if (event.events == client->events || client->dead)
		return;
	client->events = event.events;
	if (epoll_ctl(client->server->epoll, EPOLL_CTL_MOD, client->fd, &event))
		kill_client(client);
}

/* ---- out ------------------------------------------------------------------------------------------------------------------ */

static void write_out(struct ctl_client *client)
{
	while (has_output(client)) {
		ssize_t n = send(client->fd, client->out + client->sent, client->out_len - client->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			kill_client(client);
			return;
		}
		client->sent += (size_t)n;
		client->idle = 0;
	}
	free(client->out);
	client->out = NULL;
	client->out_len = client->sent = client->out_size = 0;
}

static int append(struct ctl_client *client, const char *data, size_t len)
{
	if (!len)
		return 0;
	if (client->sent) {
		memmove(client->out, client->out + client->sent, client->out_len - client->sent);
		client->out_len -= client->sent;
		client->sent = 0;
	}
	if (client->out_len + len > client->out_size) {
		size_t size = 2 * client->out_size > client->out_len + len ? 2 * client->out_size : client->out_len + len;
		char *out = realloc(client->out, size);

		if (!out)
			return -ENOMEM;
		client->out = out;
		client->out_size = size;
	}
	memcpy(client->out + client->out_len, data, len);
	client->out_len += len;
	return 0;
}

static void send_text(struct ctl_client *client, const char *text, const char *end, size_t limit)
{
	size_t len = strlen(text);

	if (client->dead)
		return;
	if (len + client->out_len - client->sent >= limit || append(client, text, len) || append(client, end, strlen(end))) {
		kill_client(client);
		return;
	}
	write_out(client);
	update_events(client);
}

void ctl_client_send(struct ctl_client *client, json_t *object, size_t limit)
{
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

	if (text)
		send_text(client, text, "\n", limit);
	else
		kill_client(client);
	free(text);
	json_decref(object);
}

json_t *ctl_text_object(const char *key, const char *text)
{
	size_t len = strlen(text);
	json_t *string = NULL;
	char *copy;

	while (len && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	copy = strndup(text, len);
	if (copy)
		string = json_string(copy);
	if (copy && !string) { /* not UTF-8: a name that a peer made up, say */
		for (char *p = copy; *p; p++)
			if ((unsigned char)*p >= 0x80)
				*p = '?';
		string = json_string(copy);
	}
	free(copy);
	return string ? json_pack("{s:o}", key, string) : NULL;
}

/* ---- calls ---------------------------------------------------------------------------------------------------------------- */

void ctl_call_log(struct ctl_call *call, const char *text)
{
	ctl_client_send(call->client, ctl_text_object("log", text), CTL_LOG_BACKLOG_MAX);
}

static json_t *answer_of(json_t *result, const char *error)
{
	json_t *answer = error ? ctl_text_object("error", error) : json_object();

	if (answer && json_object_set_new(answer, "ok", json_boolean(!error))) {
		json_decref(answer);
		answer = NULL;
	}
	if (answer && result && json_object_update_missing(answer, result)) {
		json_decref(answer);
		answer = NULL;
	}
	json_decref(result);
	return answer;
}

static struct ctl_client *end_call(struct ctl_call *call)
{
	struct ctl_client *client = call->client;

	client->call = NULL;
	free(call);
	client->idle = 0;
	return client;
}

void ctl_finish(struct ctl_call *call, json_t *result, const char *error)
{
	ctl_client_send(end_call(call), answer_of(result, error), CTL_BACKLOG_MAX);
}

void ctl_call_part(struct ctl_call *call, const char *text)
{
	send_text(call->client, text, "", CTL_BACKLOG_MAX);
}

bool ctl_call_full(const struct ctl_call *call)
{
	return call->client->out_len - call->client->sent >= CTL_FULL;
}

void ctl_finish_parts(struct ctl_call *call, bool whole)
{
	struct ctl_client *client = end_call(call);

	if (whole)
		send_text(client, "", "\n", CTL_BACKLOG_MAX);
	else
		kill_client(client);
}

static void call_handler(struct ctl_client *client, const struct ctl_request *request)
{
	const struct ctl_handlers *h = client->server->handlers;
	void (*const handlers[CTL_COMMAND_COUNT])(void *, struct ctl_call *, const struct ctl_request *) = {
		[CTL_UP] = h->up, [CTL_DOWN] = h->down, [CTL_LIST] = h->list, [CTL_REKEY] = h->rekey, [CTL_RELOAD] = h->reload,
	};
	struct ctl_call *call;

	if (request->command == CTL_LOG) {
		client->log = true;
		return;
	}
	call = calloc(1, sizeof(*call));
	if (!call) {
		kill_client(client);
		return;
	}
	call->client = client;
	client->call = call;
	handlers[request->command](client->server->context, call, request);
}

/* ---- in ------------------------------------------------------------------------------------------------------------------- */

static void serve_line(struct ctl_client *client, const char *line, size_t len)
{
	struct ctl_request request;
	char error[CTL_ERROR_LEN];

	if (ctl_request_parse(line, len, &request, error))
		ctl_client_send(client, answer_of(NULL, error), CTL_BACKLOG_MAX);
	else
		call_handler(client, &request);
}

static bool is_busy(const struct ctl_client *client)
{
	return client->dead || client->call || client->log || has_output(client);
}

/* The whole lines that are there, until one is under way. */
static void serve_lines(struct ctl_client *client)
{
	while (!is_busy(client) && has_line(client)) {
		const char *end = memchr(client->in, '\n', client->in_len);
		char line[CTL_REQUEST_MAX + 1];
		size_t len = (size_t)(end - client->in), used = len + 1;

		memcpy(line, client->in, len);
		client->in_len -= used;
		memmove(client->in, client->in + used, client->in_len);
		if (len && line[len - 1] == '\r')
			len--;
		if (len)
			serve_line(client, line, len);
	}
	if (!is_busy(client) && client->in_len > CTL_REQUEST_MAX) {
		ctl_client_send(client, answer_of(NULL, "the line is too long"), CTL_BACKLOG_MAX);
		kill_client(client);
	}
	if (!is_busy(client) && client->ended)
		kill_client(client);
}

static void read_in(struct ctl_client *client)
{
	ssize_t n = recv(client->fd, client->in + client->in_len, sizeof(client->in) - client->in_len, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0)
		kill_client(client);
	if (n == 0)
		client->ended = true;
	if (n > 0) {
		client->in_len += (size_t)n;
		client->idle = 0;
	}
}

void ctl_client_serve(struct ctl_client *client, uint32_t events)
{
	if (client->dead)
		return;
	if (events & EPOLLOUT)
		write_out(client);
	if (events & EPOLLIN)
		read_in(client);
	serve_lines(client);
	if (events & (EPOLLHUP | EPOLLERR) && !(events & EPOLLIN))
		kill_client(client);
	update_events(client);
}

void ctl_client_tick(struct ctl_client *client)
{
	bool waits_for_us = !has_output(client) && (client->call || client->log);

	if (client->dead || waits_for_us || (!has_output(client) && !client->in_len)) {
		client->idle = 0;
		return;
	}
	if (++client->idle >= CTL_IDLE_TICKS)
		kill_client(client);
}

void ctl_client_free(struct ctl_client *client)
{
	const struct ctl_server *server = client->server;
	struct ctl_call *call = client->call;

	client->call = NULL;
	if (call)
		server->handlers->cancel(server->context, call);
	free(call);
	close(client->fd);
	free(client->out);
	free(client);
}
