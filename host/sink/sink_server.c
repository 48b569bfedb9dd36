/* SPDX-License-Identifier: Apache-2.0 */
/* The server of the SA sink's socket: one listening socket, one client, a queue of messages its socket had no room for. */
#include "sink_server.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "file/socket_path.h"
#include "sink_proto.h"

#define QUEUE_MAX 4096u
#define STEP_MAX 64 /* requests a step takes before it lets others run */
#define DESCRIPTORS_MAX 8
#define SILENCE_S 10 /* that a client without control may keep others out */

struct message {
	struct message *next;
	size_t len;
	uint8_t data[];
};

struct sink_server {
	struct sink_server_config config;
	struct socket_path at;
	uid_t maker; /* this process may become another user, whose other processes are nobody here */
	int epoll_fd, listen_fd;
	int fd; /* the client, or -1 */
	struct message *first, **last;
	unsigned int queued;
	bool control;		   /* the client has sent a request */
	time_t connected;	   /* CLOCK_MONOTONIC, seconds */
	bool held, waits;	   /* nothing is read; a request waits for its answer */
	struct sink_header waiting; /* which one */
	uint8_t in[SINK_MESSAGE_MAX + 1]; /* one more: an oversize message shows */
	uint8_t out[SINK_MESSAGE_MAX];
	struct sink_request request;
};

static int fail(char *error, int code, const char *path, const char *what)
{
	snprintf(error, SINK_ERROR_LEN, "%.120s: %.100s.", path, what);
	return code;
}

/* ---- sending ---- */

static void drop_client(struct sink_server *server)
{
	if (server->fd < 0)
		return;
	close(server->fd);
	server->fd = -1;
	server->held = server->waits = server->control = false;
	while (server->first) {
		struct message *message = server->first;

		server->first = message->next;
		free(message);
	}
	server->last = &server->first;
	server->queued = 0;
	if (server->config.client)
		server->config.client(server->config.backend, false);
}

static void want_output(struct sink_server *server, bool want)
{
	struct epoll_event interest = { .events = EPOLLIN | (want ? EPOLLOUT : 0), .data.fd = server->fd };

	epoll_ctl(server->epoll_fd, EPOLL_CTL_MOD, server->fd, &interest);
}

/* 1: sent, 0: no room, -1: the client is gone. */
static int try_send(const struct sink_server *server, const uint8_t *data, size_t len)
{
	ssize_t sent;

	do {
		sent = send(server->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (sent < 0 && errno == EINTR);
	return sent >= 0 ? 1 : errno == EAGAIN ? 0 : -1;
}

static void send_message(struct sink_server *server, const uint8_t *data, size_t len)
{
	int sent = server->first ? 0 : try_send(server, data, len);
	struct message *message;

	if (sent > 0)
		return;
	message = sent || server->queued == QUEUE_MAX ? NULL : malloc(sizeof(*message) + len);
	if (!message) {
		drop_client(server);
		return;
	}
	message->next = NULL;
	message->len = len;
	memcpy(message->data, data, len);
	*server->last = message;
	server->last = &message->next;
	server->queued++;
	want_output(server, true);
}

static void send_queued(struct sink_server *server)
{
	while (server->first) {
		struct message *message = server->first;
		int sent = try_send(server, message->data, message->len);

		if (sent < 0)
			drop_client(server);
		if (sent <= 0)
			return;
		server->first = message->next;
		server->queued--;
		free(message);
	}
	server->last = &server->first;
	want_output(server, false);
}

void sink_server_event(struct sink_server *server, const struct sink_event *event)
{
	if (server->fd >= 0)
		send_message(server, server->out, sink_encode_event(event, server->out));
}

/* ---- a new client ---- */

static bool may_connect(const struct sink_server *server, int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len))
		return false;
	return peer.uid == 0 || peer.uid == server->maker || (server->config.user != (uid_t)-1 && peer.uid == server->config.user);
}

static void refuse(struct sink_server *server, int fd, int status, const char *text)
{
	send(fd, server->out, sink_encode_status(0, SINK_WELCOME, status, text, server->out), MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

static time_t seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* Whoever connected and wants nothing keeps nobody out for long. */
static bool is_taken(struct sink_server *server)
{
	if (server->fd >= 0 && !server->control && !server->held && seconds() - server->connected >= SILENCE_S)
		drop_client(server);
	return server->fd >= 0;
}

static void accept_client(struct sink_server *server)
{
	int fd = accept4(server->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct epoll_event interest = { .events = EPOLLIN, .data.fd = fd };

	if (fd < 0)
		return;
	if (!may_connect(server, fd)) {
		refuse(server, fd, -EPERM, "The gateway does not take this user.");
		return;
	}
	if (is_taken(server)) {
		refuse(server, fd, -EBUSY, "Another client has control of the gateway.");
		return;
	}
	if (epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &interest)) {
		close(fd);
		return;
	}
	/* Events of before are none of its business; its first message is the welcome. */
	if (server->config.client)
		server->config.client(server->config.backend, true);
	server->fd = fd;
	server->connected = seconds();
	if (server->held)
		epoll_ctl(server->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	send_message(server, server->out, sink_encode_status(0, SINK_WELCOME, 0, "", server->out));
}

/* ---- requests ---- */

static int serve_socket(struct sink_server *server, struct sink *backend, int *fd)
{
	int given = *fd;

	if (given < 0)
		return fail(backend->error, -EINVAL, "GIVE_ESP_SOCKET", "the message carries no descriptor");
	if (!server->config.esp_socket)
		return fail(backend->error, -ENOTSUP, "GIVE_ESP_SOCKET", "this data plane takes no sockets");
	*fd = -1;
	return server->config.esp_socket(backend, given, &server->request.u.local);
}

static int serve_request(struct sink_server *server, struct sink_reply *reply, int *fd)
{
	struct sink *backend = server->config.backend;
	struct sink_request *q = &server->request;

	switch (q->kind) {
	case SINK_REQ_CAPS:
		return sink_caps(backend, &reply->u.caps);
	case SINK_REQ_GET_SPI:
		return sink_get_spi(backend, &q->u.dst, &reply->u.spi);
	case SINK_REQ_SA_ADD:
		return sink_sa_add(backend, &q->u.sa);
	case SINK_REQ_SA_UPDATE:
		return sink_sa_update(backend, &q->u.update.id, &q->u.update.src, &q->u.update.dst, q->u.update.udp_encap);
	case SINK_REQ_SA_QUERY:
		return sink_sa_query(backend, &q->u.id, &reply->u.stats);
	case SINK_REQ_SA_DELETE:
		return sink_sa_delete(backend, &q->u.id);
	case SINK_REQ_SA_DELETE_LAST:
		return sink_sa_delete_last(backend, &q->u.id, &reply->u.stats);
	case SINK_REQ_POLICY_SET:
		return sink_policy_set(backend, &q->u.policy);
	case SINK_REQ_POLICY_DELETE:
		return sink_policy_delete(backend, q->u.reqid);
	case SINK_REQ_FLUSH:
		return sink_flush(backend);
	case SINK_REQ_SWEEP:
		return sink_sweep(backend);
	default:
		return serve_socket(server, backend, fd);
	}
}

/* The reply to a request: what was asked for, or ret and text. */
static void reply_to(struct sink_server *server, const struct sink_header *header, int ret, const char *text, const struct sink_reply *reply)
{
	size_t len;

	if (ret)
		len = sink_encode_status(header->id, (uint16_t)(SINK_REPLY + header->kind), ret, text, server->out);
	else
		len = sink_encode_reply(header->id, header->kind, reply, server->out);
	send_message(server, server->out, len);
}

static void answer(struct sink_server *server, const struct sink_header *header, int *fd)
{
	struct sink *backend = server->config.backend;
	struct sink_reply reply = { 0 };
	const char *what;
	char text[SINK_ERROR_LEN];
	int ret;

	backend->error[0] = '\0';
	ret = sink_decode_request(header->kind, server->in + SINK_HEADER_LEN, header->body_len, &server->request, &what);
	if (ret) {
		snprintf(text, sizeof(text), "Malformed request: %s.", what);
	} else {
		ret = serve_request(server, &reply, fd);
		memcpy(text, backend->error, sizeof(text));
		OPENSSL_cleanse(&server->request, sizeof(server->request));
	}
	if (server->fd < 0)
		return; /* an event of the backend found the client gone */
	if (ret == SINK_SERVER_LATER) {
		server->waits = true;
		server->waiting = *header;
		sink_server_hold(server);
		return;
	}
	reply_to(server, header, ret, text, &reply);
}

/* The first descriptor that came with a message, or -1; others are closed: no more than one is ever asked for. */
static int take_descriptor(struct msghdr *msg)
{
	int first = -1, fds[DESCRIPTORS_MAX];

	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		size_t len = cmsg->cmsg_len - CMSG_LEN(0);

		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS || len > sizeof(fds))
			continue;
		memcpy(fds, CMSG_DATA(cmsg), len);
		for (size_t i = 0; i < len / sizeof(int); i++) {
			if (first < 0)
				first = fds[i];
			else
				close(fds[i]);
		}
	}
	return first;
}

/* What is wrong with the message's frame is beyond repair: the client is told and disconnected. */
static void reject(struct sink_server *server, const struct sink_header *header, int ret)
{
	send_message(server, server->out, sink_encode_status(header->id, (uint16_t)(SINK_REPLY + (header->kind & 0xffu)), ret,
							     ret == -EPROTO ? "This gateway speaks version 1 of the protocol." :
									      "The message is cut off, too long, or its length field is wrong.", server->out));
	drop_client(server);
}

/* A first request is there, and the backend is ready for it: it may want to be rid of something before, and holds the server. */
static bool take_control(struct sink_server *server)
{
	struct sink_header header;
	ssize_t len = recv(server->fd, server->in, sizeof(server->in), MSG_PEEK | MSG_DONTWAIT);
	bool request = len > 0 && !sink_decode_header(server->in, (size_t)len, &header);

	if (len > 0)
		OPENSSL_cleanse(server->in, (size_t)len);
	if (!request)
		return true; /* read_message sees to it */
	server->control = true;
	if (server->config.control)
		server->config.control(server->config.backend);
	return !server->held && server->fd >= 0;
}

/* One message; false: none is there, or the client is gone. */
static bool read_message(struct sink_server *server)
{
	union {
		char room[CMSG_SPACE(DESCRIPTORS_MAX * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec part = { server->in, sizeof(server->in) };
	struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control.room) };
	struct sink_header header;
	ssize_t len;
	int fd, ret;

	if (!server->control && !take_control(server))
		return false;
	len = recvmsg(server->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	fd = len < 0 ? -1 : take_descriptor(&msg); /* an empty message may carry some too */
	ret = len <= 0 ? 0 : sink_decode_header(server->in, (size_t)len, &header);
	if (len <= 0)
		drop_client(server);
	else if (ret)
		reject(server, &header, ret);
	else
		answer(server, &header, &fd);
	if (len > 0)
		OPENSSL_cleanse(server->in, (size_t)len);
	if (fd >= 0)
		close(fd);
	return server->fd >= 0;
}

void sink_server_hold(struct sink_server *server)
{
	if (!server->held && server->fd >= 0)
		epoll_ctl(server->epoll_fd, EPOLL_CTL_DEL, server->fd, NULL);
	server->held = true;
}

void sink_server_resume(struct sink_server *server, int ret, const char *text, const struct sink_sa_stats *last)
{
	struct sink_reply reply = { .u.stats = *last };
	struct epoll_event interest = { .events = EPOLLIN, .data.fd = server->fd };

	if (!server->held)
		return;
	server->held = false;
	if (server->fd < 0)
		return;
	if (server->first)
		interest.events |= EPOLLOUT;
	epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, server->fd, &interest);
	if (server->waits)
		reply_to(server, &server->waiting, ret, text, &reply);
	server->waits = false;
}

void sink_server_step(struct sink_server *server)
{
	struct epoll_event events[2];
	int ready = epoll_wait(server->epoll_fd, events, 2, 0);

	for (int i = 0; i < ready; i++) {
		if (events[i].data.fd == server->listen_fd) {
			accept_client(server);
			continue;
		}
		if (server->fd >= 0 && events[i].events & EPOLLOUT)
			send_queued(server);
		for (int n = 0; n < STEP_MAX && server->fd >= 0 && !server->held && read_message(server); n++)
			;
	}
}

/* ---- open and close ---- */

static int listen_at(struct sink_server *server, const char *path, char *error)
{
	struct epoll_event interest = { .events = EPOLLIN };
	char text[FILE_ERROR_LEN];

	server->listen_fd = socket_path_listen(&server->at, path, SOCK_SEQPACKET, 4, text);
	if (server->listen_fd < 0) {
		snprintf(error, SINK_ERROR_LEN, "%.250s", text);
		return server->listen_fd;
	}
	interest.data.fd = server->listen_fd;
	if ((server->config.user != (uid_t)-1 && chown(path, server->config.user, (gid_t)-1)) ||
	    epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, server->listen_fd, &interest))
		return fail(error, -errno, path, strerror(errno));
	return 0;
}

int sink_server_open(const struct sink_server_config *config, struct sink_server **server, char *error)
{
	struct sink_server *new = calloc(1, sizeof(*new));
	int ret;

	*server = NULL;
	if (!new)
		return fail(error, -ENOMEM, config->path, strerror(ENOMEM));
	new->config = *config;
	new->config.path = NULL;
	new->maker = geteuid();
	new->last = &new->first;
	new->fd = new->listen_fd = -1;
	new->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (new->epoll_fd < 0)
		ret = fail(error, -errno, config->path, strerror(errno));
	else
		ret = listen_at(new, config->path, error);
	if (ret) {
		sink_server_close(new);
		return ret;
	}
	*server = new;
	return 0;
}

void sink_server_close(struct sink_server *server)
{
	if (!server)
		return;
	drop_client(server);
	if (server->listen_fd >= 0) {
		socket_path_remove(&server->at);
		close(server->listen_fd);
	}
	if (server->epoll_fd >= 0)
		close(server->epoll_fd);
	free(server);
}

int sink_server_fd(const struct sink_server *server)
{
	return server->epoll_fd;
}

bool sink_server_has_client(const struct sink_server *server)
{
	return server->fd >= 0 && server->control;
}
