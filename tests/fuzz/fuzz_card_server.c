/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client of the simulator's vfio-user server: whatever it sends, in whatever pieces and with whatever descriptors, each reply is a whole one, and
 * when it is gone nothing of it is left. The card behind the server is the one in C (tests/lib/hostile_card.h).
 * The input: pieces of a length byte, a byte that says how many descriptors come with it, and the bytes.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../sim/options.h"
#include "../../sim/vfio_user.h"
#include "hostile_card.h"
#include "input.h"

#define FDS_MAX 12u
#define ROUNDS 64 /* of the server: more than an input's messages need */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct vfio_user_server server;
static struct sim_options options;
static struct device dev;
static char path[64];
static int memory = -1; /* what is passed as a descriptor: two pages */

static void start(void)
{
	char error[FILE_ERROR_LEN];

	snprintf(path, sizeof(path), "/tmp/fuzz-card-server-%d", (int)getpid());
	options_defaults(&options);
	demand(!hostile_open());
	device_init(&dev, &options);
	demand(!vfio_user_open(&server, &dev, path, error));
	unlink(path); /* the listener goes by its descriptor from here on */
	memory = memfd_create("fuzz", MFD_CLOEXEC);
	demand(memory >= 0 && !ftruncate(memory, 8192));
}

/* The lowest number that is free: the same again while nothing leaks. */
static int free_descriptor(void)
{
	int fd = dup(memory);

	close(fd);
	return fd;
}

/* A connection that the server takes for its client. */
static int dial(void)
{
	int pair[2];

	demand(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair));
	server.client = pair[0];
	return pair[1];
}

static void send_piece(int fd, const uint8_t *bytes, size_t len, unsigned int fds)
{
	union {
		char room[CMSG_SPACE(FDS_MAX * sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec part = { (void *)(uintptr_t)bytes, len };
	struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1 };

	if (fds) {
		struct cmsghdr *c;

		msg.msg_control = control.room;
		msg.msg_controllen = CMSG_SPACE(fds * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(fds * sizeof(int));
		for (unsigned int i = 0; i < fds; i++)
			memcpy(CMSG_DATA(c) + i * sizeof(int), &memory, sizeof(int));
	}
	(void)!sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Whole replies, one behind the other; the last may be cut off by the socket's end. */
static void read_replies(int fd)
{
	static uint8_t bytes[1 << 16];
	struct vfio_user_header header;
	ssize_t got;

	while ((got = recv(fd, &header, sizeof(header), MSG_DONTWAIT)) == sizeof(header)) {
		demand(header.size >= sizeof(header) && header.size <= VFIO_USER_MAX_MESSAGE);
		demand((header.flags & VFIO_USER_F_TYPE_MASK) == VFIO_USER_F_REPLY);
		demand(header.flags & VFIO_USER_F_ERROR ? header.error && header.error < 4096 && header.size == sizeof(header) : !header.error);
		for (size_t left = header.size - sizeof(header); left;) {
			got = recv(fd, bytes, left < sizeof(bytes) ? left : sizeof(bytes), MSG_DONTWAIT);
			if (got <= 0)
				return;
			left -= (size_t)got;
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t version[] = { 1, 0, VFIO_USER_VERSION, 0, 23, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, '{', '}', 0 };
	struct input input = { data, size };
	int fd, quiet;

	if (memory < 0)
		start();
	quiet = free_descriptor();
	fd = dial();
	if (take_byte(&input) & 1)
		send_piece(fd, version, sizeof(version), 0);
	while (input.left && server.client >= 0) {
		size_t len = take_byte(&input);
		unsigned int fds = take_byte(&input) % (FDS_MAX + 1);

		len = len < input.left ? len : input.left;
		if (len)
			send_piece(fd, input.data, len, fds);
		input.data += len;
		input.left -= len;
		vfio_user_serve(&server);
		read_replies(fd);
	}
	close(fd);
	for (int i = 0; i < ROUNDS && server.client >= 0; i++)
		vfio_user_serve(&server);
	demand(server.client < 0 && !server.fd_count && !server.have && !server.negotiated);
	demand(!dev.memory.count && !dev.violation.raised);
	for (unsigned int i = 0; i < SIM_VECTORS; i++)
		demand(dev.eventfd[i] < 0);
	demand(free_descriptor() == quiet);
	return 0;
}
