// SPDX-License-Identifier: Apache-2.0
// Socket and framing of the vfio-user server; what the requests mean is in vfio_user_requests.c. See vfio_user.h.
#include "vfio_user.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MESSAGES_PER_CALL 32 /* then the card's clock gets its turn */
#define SEND_TIMEOUT_MS 5000 /* a client that does not take its replies is cut off */

static void close_fds(struct vfio_user_server *s)
{
	for (unsigned int i = 0; i < s->fd_count; i++)
		if (s->fds[i] >= 0)
			close(s->fds[i]);
	s->fd_count = 0;
}

int vfio_user_open(struct vfio_user_server *s, struct device *dev, const char *path, char *error)
{
	memset(s, 0, sizeof *s);
	s->dev = dev;
	s->client = -1;
	s->refused = -1;
	s->listener = socket_path_listen(&s->at, path, SOCK_STREAM, 8, error);
	if (s->listener < 0)
		return s->listener;
	s->rx = malloc(VFIO_USER_MAX_MESSAGE);
	s->tx = malloc(VFIO_USER_MAX_MESSAGE);
	if (s->rx && s->tx)
		return 0;
	snprintf(error, FILE_ERROR_LEN, "%.300s: out of memory", path);
	vfio_user_close(s);
	return -ENOMEM;
}

void vfio_user_close(struct vfio_user_server *s)
{
	close_fds(s);
	socket_path_remove(&s->at);
	if (s->client >= 0)
		close(s->client);
	if (s->listener >= 0)
		close(s->listener);
	if (s->refused >= 0)
		close(s->refused);
	s->client = s->listener = s->refused = -1;
	free(s->rx);
	free(s->tx);
	s->rx = s->tx = NULL;
}

void vfio_user_disconnect(struct vfio_user_server *s)
{
	if (s->client < 0)
		return;
	close(s->client);
	s->client = -1;
	close_fds(s);
	s->have = 0;
	s->negotiated = false;
	device_release(s->dev);
}

void vfio_user_accept(struct vfio_user_server *s)
{
	int fd;

	/* A client that has left makes room for this one; its last messages come first. */
	for (int i = 0; s->client >= 0 && i < MESSAGES_PER_CALL; i++) {
		struct pollfd gone = {.fd = s->client, .events = POLLIN};

		if (poll(&gone, 1, 0) != 1 || !(gone.revents & (POLLHUP | POLLERR)))
			break;
		vfio_user_serve(s);
	}
	fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	if (s->client >= 0) {
		if (s->refused >= 0)
			close(s->refused); /* it had its time */
		s->refused = fd;
		return;
	}
	s->client = fd;
	s->dev->stats.clients++;
}

void vfio_user_refuse(struct vfio_user_server *s)
{
	struct vfio_user_header header;
	uint8_t rest[4096];
	ssize_t len = recv(s->refused, &header, sizeof header, MSG_DONTWAIT);

	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (len == sizeof header && !(header.flags & (VFIO_USER_F_TYPE_MASK | VFIO_USER_F_NO_REPLY))) {
		while (recv(s->refused, rest, sizeof rest, MSG_DONTWAIT) > 0) /* a close with unread bytes would look like a crash */
			;
		header.size = sizeof header;
		header.flags = VFIO_USER_F_REPLY | VFIO_USER_F_ERROR;
		header.error = EBUSY;
		send(s->refused, &header, sizeof header, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	close(s->refused);
	s->refused = -1;
}

static void collect_fds(struct vfio_user_server *s, struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t count;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
			if (s->fd_count < VFIO_USER_SERVER_FDS)
				s->fds[s->fd_count++] = fd;
			else
				close(fd);
		}
	}
}

/* Up to want bytes, never into the next message. 1: some came, 0: none now, -1: the client is gone. */
static int receive(struct vfio_user_server *s, size_t want)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(VFIO_USER_SERVER_FDS * sizeof(int))];
	} control;
	struct iovec iov = {.iov_base = s->rx + s->have, .iov_len = want - s->have};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
	ssize_t n = recvmsg(s->client, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	collect_fds(s, &msg);
	if (n == 0 || msg.msg_flags & MSG_CTRUNC)
		return -1;
	s->have += (size_t)n;
	return 1;
}

static int send_all(int fd, const uint8_t *data, size_t len)
{
	while (len) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN) {
			struct pollfd room = {.fd = fd, .events = POLLOUT};

			if (poll(&room, 1, SEND_TIMEOUT_MS) == 0)
				return -ETIMEDOUT;
			continue;
		}
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

/* -1: the connection cannot go on. */
static int answer(struct vfio_user_server *s, const struct vfio_user_header *request)
{
	struct vfio_user_header reply = {.id = request->id, .command = request->command, .flags = VFIO_USER_F_REPLY};
	const uint8_t *body = s->rx + sizeof *request;
	size_t len = 0;
	int ret;

	if ((request->flags & VFIO_USER_F_TYPE_MASK) != VFIO_USER_F_COMMAND)
		return -1;
	ret = vfio_user_handle(s, request->command, body, request->size - sizeof *request, s->fds, s->fd_count, s->tx + sizeof reply, &len);
	close_fds(s);
	if (ret) {
		s->dev->stats.bad_messages++;
		reply.flags |= VFIO_USER_F_ERROR;
		reply.error = (uint32_t)-ret;
		len = 0;
	}
	reply.size = (uint32_t)(sizeof reply + len);
	memcpy(s->tx, &reply, sizeof reply);
	if (!(request->flags & VFIO_USER_F_NO_REPLY) && send_all(s->client, s->tx, reply.size))
		return -1;
	/* Without a version in common nothing else can be understood. */
	return ret && !s->negotiated ? -1 : 0;
}

void vfio_user_serve(struct vfio_user_server *s)
{
	struct vfio_user_header header;
	size_t want;
	int got;

	for (int handled = 0; s->client >= 0 && handled < MESSAGES_PER_CALL && !s->dev->violation.raised;) {
		want = sizeof header;
		if (s->have >= sizeof header) {
			memcpy(&header, s->rx, sizeof header);
			want = header.size;
			if (want < sizeof header || want > VFIO_USER_MAX_MESSAGE) {
				s->dev->stats.bad_messages++;
				vfio_user_disconnect(s);
				return;
			}
		}
		if (s->have < want) {
			got = receive(s, want);
			if (got < 0)
				vfio_user_disconnect(s);
			if (got <= 0)
				return;
			continue;
		}
		handled++;
		s->have = 0;
		if (answer(s, &header)) {
			vfio_user_disconnect(s);
			return;
		}
	}
}
