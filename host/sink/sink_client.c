/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client of the SA sink's socket. One epoll descriptor holds the socket, a timer for the next attempt to connect, and an eventfd that is
 * readable while events are queued here; it is what sink_fd() returns.
 */
#include "sink_client.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "sink_proto.h"

#define RETRY_FIRST_MS 100u
#define RETRY_MS 1000u

struct queued_event {
	struct sink_event event;
	struct queued_event *next;
};

enum client_state {
	CLIENT_DOWN,	/* no connection; the timer runs */
	CLIENT_WELCOME, /* connected, waiting for the server's first message; the timer bounds it */
	CLIENT_UP
};

struct client {
	struct sink sink;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int epoll_fd, timer_fd, event_fd;
	int fd; /* the connection, or -1 */
	enum client_state state;
	uint32_t next_id;
	struct queued_event *first, **last;
	uint8_t in[SINK_MESSAGE_MAX + 1]; /* one more: an oversize message shows */
};

static int fail(struct client *c, int code, const char *text)
{
	snprintf(c->sink.error, sizeof(c->sink.error), "%s", text);
	return code;
}

static int fail_errno(struct client *c, int code, const char *what)
{
	snprintf(c->sink.error, sizeof(c->sink.error), "%.120s: %.100s.", what, strerror(-code));
	return code;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void set_timer(struct client *c, unsigned int ms)
{
	struct itimerspec when = { .it_value = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 } };

	timerfd_settime(c->timer_fd, 0, &when, NULL);
}

/* ---- queue of events ---- */

static void wake(struct client *c)
{
	uint64_t one = 1;

	while (write(c->event_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static void queue_event(struct client *c, const struct sink_event *event)
{
	struct queued_event *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return;
	entry->event = *event;
	*c->last = entry;
	c->last = &entry->next;
	wake(c);
}

static void queue_kind(struct client *c, enum sink_event_kind kind, const char *text)
{
	struct sink_event event = { .kind = kind };

	snprintf(event.text, sizeof(event.text), "%s", text);
	queue_event(c, &event);
}

static bool unqueue_event(struct client *c, struct sink_event *event)
{
	struct queued_event *entry = c->first;
	uint64_t count;

	if (!entry)
		return false;
	*event = entry->event;
	c->first = entry->next;
	free(entry);
	if (!c->first) {
		c->last = &c->first;
		while (read(c->event_fd, &count, sizeof(count)) < 0 && errno == EINTR)
			;
	}
	return true;
}

/* ---- the connection ---- */

static void drop_connection(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd); /* leaves the epoll set with it */
	c->fd = -1;
	c->state = CLIENT_DOWN;
}

/* The gateway is gone, or speaks nonsense: say so once and begin to try again. */
static int lose(struct client *c, const char *why)
{
	bool was_up = c->state == CLIENT_UP;

	drop_connection(c);
	set_timer(c, was_up ? RETRY_FIRST_MS : RETRY_MS);
	if (was_up)
		queue_kind(c, SINK_EVENT_DOWN, why);
	return fail(c, -ENODEV, why);
}

static int start_connect(struct client *c)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct epoll_event interest = { .events = EPOLLIN };

	memcpy(address.sun_path, c->path, sizeof(address.sun_path));
	c->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return fail_errno(c, -errno, "Socket");
	if (connect(c->fd, (struct sockaddr *)&address, sizeof(address)) || epoll_ctl(c->epoll_fd, EPOLL_CTL_ADD, c->fd, &interest)) {
		int code = -errno;

		drop_connection(c);
		return fail_errno(c, code, c->path);
	}
	c->state = CLIENT_WELCOME;
	return 0;
}

/* One message into c->in: its length, 0: none there, -ENODEV: the connection is lost (and dropped). Descriptors it may carry are closed. */
static int receive(struct client *c, struct sink_header *header)
{
	ssize_t len;
	int ret;

	do {
		len = recv(c->fd, c->in, sizeof(c->in), MSG_DONTWAIT);
	} while (len < 0 && errno == EINTR);
	if (len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	if (len <= 0)
		return lose(c, "The gateway has closed the connection.");
	ret = sink_decode_header(c->in, (size_t)len, header);
	if (ret)
		return lose(c, ret == -EPROTO ? "The gateway speaks another version of the protocol." : "The gateway sent a malformed message.");
	return (int)len;
}

/* The server's first message: accepted, or why not. */
static int take_welcome(struct client *c, const struct sink_header *header)
{
	char text[SINK_ERROR_LEN];

	if (header->kind != SINK_WELCOME)
		return lose(c, "The gateway sent something else than its welcome.");
	if (!header->status) {
		c->state = CLIENT_UP;
		return 0;
	}
	sink_decode_text(c->in + SINK_HEADER_LEN, header->body_len, text);
	lose(c, text);
	return header->status;
}

static int wait_readable(struct client *c, uint64_t end)
{
	struct pollfd poll_fd = { .fd = c->fd, .events = POLLIN };
	uint64_t now = now_ms();
	int ready = now >= end ? 0 : poll(&poll_fd, 1, (int)(end - now));

	return ready < 0 && errno != EINTR ? fail_errno(c, -errno, "Waiting for the gateway") : ready == 0 ? fail(c, -ETIMEDOUT, "The gateway does not answer.") : 0;
}

/* An event that came while something else was awaited. Others than events are late answers to calls that timed out: dropped. */
static int take_event(struct client *c, const struct sink_header *header)
{
	struct sink_event event;

	if (header->kind < SINK_EVENT || header->kind >= SINK_WELCOME)
		return 0;
	if (sink_decode_event(header->kind, c->in + SINK_HEADER_LEN, header->body_len, &event))
		return lose(c, "The gateway sent a malformed event.");
	queue_event(c, &event);
	return 0;
}

/* ---- calls ---- */

static int send_message(struct client *c, uint8_t *message, size_t len, int pass_fd, uint64_t end)
{
	struct iovec part = { message, len };
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1 };
	struct pollfd poll_fd = { .fd = c->fd, .events = POLLOUT };

	if (pass_fd >= 0) {
		struct cmsghdr *cmsg;

		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control.room);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &pass_fd, sizeof(int));
	}
	while (sendmsg(c->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
		uint64_t now = now_ms();

		if (errno == EBADF || errno == EINVAL)
			return fail_errno(c, -EINVAL, "The descriptor cannot be handed over");
		if (errno != EINTR && errno != EAGAIN)
			return lose(c, "The gateway has closed the connection.");
		if (now >= end)
			return fail(c, -ETIMEDOUT, "The gateway does not take requests.");
		poll(&poll_fd, 1, (int)(end - now));
	}
	return 0;
}

static int take_reply(struct client *c, const struct sink_header *header, uint16_t kind, struct sink_reply *reply)
{
	if (header->kind != SINK_REPLY + kind)
		return lose(c, "The gateway answered another request.");
	if (header->status) {
		sink_decode_text(c->in + SINK_HEADER_LEN, header->body_len, c->sink.error);
		return header->status;
	}
	if (sink_decode_reply(kind, c->in + SINK_HEADER_LEN, header->body_len, reply))
		return lose(c, "The gateway sent a malformed answer.");
	return 0;
}

/* Send the request and wait for its answer. */
static int call(struct client *c, const struct sink_request *request, int pass_fd, struct sink_reply *reply)
{
	uint64_t end = now_ms() + SINK_TIMEOUT_MS;
	uint8_t message[SINK_MESSAGE_MAX];
	struct sink_header header;
	uint32_t id = ++c->next_id;
	size_t len;
	int ret;

	c->sink.error[0] = '\0';
	if (c->state != CLIENT_UP)
		return fail(c, -ENODEV, "There is no connection to the gateway.");
	len = sink_encode_request(id, request, message);
	ret = send_message(c, message, len, pass_fd, end);
	OPENSSL_cleanse(message, len);
	while (!ret) {
		ret = receive(c, &header);
		if (ret > 0 && header.kind >= SINK_REPLY && header.kind < SINK_EVENT && header.id == id)
			return take_reply(c, &header, request->kind, reply);
		ret = ret > 0 ? take_event(c, &header) : ret ? ret : wait_readable(c, end);
	}
	return ret;
}

static int call_simple(struct sink *sink, const struct sink_request *request)
{
	struct sink_reply reply;

	return call((struct client *)sink, request, -1, &reply);
}

static int client_caps(struct sink *sink, struct sink_caps *caps)
{
	struct sink_request request = { .kind = SINK_REQ_CAPS };
	struct sink_reply reply;
	int ret = call((struct client *)sink, &request, -1, &reply);

	if (!ret)
		*caps = reply.u.caps;
	return ret;
}

static int client_get_spi(struct sink *sink, const struct ip_addr *dst, uint32_t *spi)
{
	struct sink_request request = { .kind = SINK_REQ_GET_SPI, .u.dst = *dst };
	struct sink_reply reply;
	int ret = call((struct client *)sink, &request, -1, &reply);

	if (!ret)
		*spi = reply.u.spi;
	return ret;
}

static int client_sa_add(struct sink *sink, const struct sink_sa *sa)
{
	struct sink_request request = { .kind = SINK_REQ_SA_ADD, .u.sa = *sa };
	int ret;

	if (sa->key_len > SINK_KEY_MAX) {
		ret = fail((struct client *)sink, -EINVAL, "The key is too long.");
		goto out;
	}
	ret = call_simple(sink, &request);
out:
	OPENSSL_cleanse(&request, sizeof(request));
	return ret;
}

static int client_sa_update(struct sink *sink, const struct sink_sa_id *id, const struct endpoint *src, const struct endpoint *dst, bool udp_encap)
{
	struct sink_request request = { .kind = SINK_REQ_SA_UPDATE, .u.update = { *id, *src, *dst, udp_encap } };

	return call_simple(sink, &request);
}

static int call_stats(struct sink *sink, uint16_t kind, const struct sink_sa_id *id, struct sink_sa_stats *stats)
{
	struct sink_request request = { .kind = kind, .u.id = *id };
	struct sink_reply reply;
	int ret = call((struct client *)sink, &request, -1, &reply);

	if (!ret)
		*stats = reply.u.stats;
	return ret;
}

static int client_sa_query(struct sink *sink, const struct sink_sa_id *id, struct sink_sa_stats *stats)
{
	return call_stats(sink, SINK_REQ_SA_QUERY, id, stats);
}

static int client_sa_delete(struct sink *sink, const struct sink_sa_id *id, struct sink_sa_stats *last)
{
	struct sink_request request = { .kind = SINK_REQ_SA_DELETE, .u.id = *id };

	return last ? call_stats(sink, SINK_REQ_SA_DELETE_LAST, id, last) : call_simple(sink, &request);
}

static int client_policy_set(struct sink *sink, const struct sink_policy *policy)
{
	struct sink_request request = { .kind = SINK_REQ_POLICY_SET, .u.policy = *policy };

	if (policy->local_count < 1 || policy->local_count > SINK_TS_MAX || policy->remote_count < 1 || policy->remote_count > SINK_TS_MAX)
		return fail((struct client *)sink, -EINVAL, "A policy has 1 to 16 traffic selectors a side.");
	return call_simple(sink, &request);
}

static int client_policy_delete(struct sink *sink, uint32_t reqid)
{
	struct sink_request request = { .kind = SINK_REQ_POLICY_DELETE, .u.reqid = reqid };

	return call_simple(sink, &request);
}

static int client_flush(struct sink *sink)
{
	struct sink_request request = { .kind = SINK_REQ_FLUSH };

	return call_simple(sink, &request);
}

static int client_sweep(struct sink *sink)
{
	struct sink_request request = { .kind = SINK_REQ_SWEEP };

	return call_simple(sink, &request);
}

/* ---- events ---- */

static int client_fd(struct sink *sink)
{
	return ((struct client *)sink)->epoll_fd;
}

static void try_again(struct client *c)
{
	uint64_t count;

	if (c->state == CLIENT_UP || read(c->timer_fd, &count, sizeof(count)) != sizeof(count))
		return;
	drop_connection(c); /* one that never said welcome */
	start_connect(c);
	set_timer(c, c->state == CLIENT_WELCOME ? SINK_TIMEOUT_MS : RETRY_MS);
}

static void read_socket(struct client *c)
{
	struct sink_header header;

	while (c->fd >= 0 && receive(c, &header) > 0) {
		if (c->state == CLIENT_UP) {
			take_event(c, &header);
		} else if (!take_welcome(c, &header)) {
			set_timer(c, 0);
			queue_kind(c, SINK_EVENT_UP, "");
		}
	}
}

static int client_next_event(struct sink *sink, struct sink_event *event)
{
	struct client *c = (struct client *)sink;

	if (unqueue_event(c, event))
		return 1;
	try_again(c);
	read_socket(c);
	return unqueue_event(c, event);
}

/* ---- open and close ---- */

static void client_close(struct sink *sink)
{
	struct client *c = (struct client *)sink;

	while (c->first) {
		struct queued_event *entry = c->first;

		c->first = entry->next;
		free(entry);
	}
	if (c->fd >= 0)
		close(c->fd);
	if (c->event_fd >= 0)
		close(c->event_fd);
	if (c->timer_fd >= 0)
		close(c->timer_fd);
	if (c->epoll_fd >= 0)
		close(c->epoll_fd);
	free(c);
}

static const struct sink_ops client_ops = {
	.caps = client_caps,
	.get_spi = client_get_spi,
	.sa_add = client_sa_add,
	.sa_update = client_sa_update,
	.sa_query = client_sa_query,
	.sa_delete = client_sa_delete,
	.policy_set = client_policy_set,
	.policy_delete = client_policy_delete,
	.flush = client_flush,
	.sweep = client_sweep,
	.fd = client_fd,
	.next_event = client_next_event,
	.close = client_close,
};

static struct client *new_client(void)
{
	struct client *c = calloc(1, sizeof(*c));
	struct epoll_event interest = { .events = EPOLLIN };

	if (!c)
		return NULL;
	c->sink.ops = &client_ops;
	c->last = &c->first;
	c->fd = -1;
	c->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	c->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	c->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (c->epoll_fd < 0 || c->timer_fd < 0 || c->event_fd < 0 || epoll_ctl(c->epoll_fd, EPOLL_CTL_ADD, c->timer_fd, &interest) ||
	    epoll_ctl(c->epoll_fd, EPOLL_CTL_ADD, c->event_fd, &interest)) {
		client_close(&c->sink);
		return NULL;
	}
	return c;
}

static int first_welcome(struct client *c)
{
	uint64_t end = now_ms() + SINK_TIMEOUT_MS;
	struct sink_header header;
	int ret = 0;

	while (!ret) {
		ret = receive(c, &header);
		if (ret > 0)
			return take_welcome(c, &header);
		if (!ret)
			ret = wait_readable(c, end);
	}
	return ret;
}

int sink_connect(const char *path, struct sink **sink, char *error)
{
	struct client *c;
	int ret;

	*sink = NULL;
	if (strlen(path) >= sizeof(c->path)) {
		snprintf(error, SINK_ERROR_LEN, "The socket's path is too long: %.150s.", path);
		return -ENAMETOOLONG;
	}
	c = new_client();
	if (!c) {
		snprintf(error, SINK_ERROR_LEN, "No descriptors or memory for the connection to the gateway: %s.", strerror(errno));
		return -ENOMEM;
	}
	strcpy(c->path, path);
	ret = start_connect(c);
	if (!ret)
		ret = first_welcome(c);
	if (ret) {
		memcpy(error, c->sink.error, SINK_ERROR_LEN);
		client_close(&c->sink);
		return ret == -ENODEV ? -EPROTO : ret;
	}
	*sink = &c->sink;
	return 0;
}

int sink_give_esp_socket(struct sink *sink, int fd, const struct endpoint *local)
{
	struct sink_request request = { .kind = SINK_REQ_GIVE_ESP_SOCKET, .u.local = *local };
	struct client *c = (struct client *)sink;
	struct sink_reply reply;

	if (sink->ops != &client_ops)
		return -EINVAL;
	return fd < 0 ? fail(c, -EINVAL, "There is no socket to hand over.") : call(c, &request, fd, &reply);
}
