/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For libreswan's pluto by LD_PRELOAD: a kernel that takes every SA and policy (NETLINK_XFRM, linux/xfrm.h) and does no ESP, where the machine's own
 * has none. What key management does is tested with it, not traffic. Each netlink socket of that kind becomes a pair, whose other end a thread answers.
 */
#include <dlfcn.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define FDS 1024
#define MESSAGE_MAX 65536

static bool ours[FDS];

static bool is_ours(int fd)
{
	return fd >= 0 && fd < FDS && ours[fd];
}

/* A request for an SPI, or for an SA, is answered with an SA; all else with "done". */
static void answer(const struct nlmsghdr *request, struct nlmsghdr *reply)
{
	struct xfrm_usersa_info *sa = NLMSG_DATA(reply);
	const struct xfrm_userspi_info *wanted = NLMSG_DATA(request);
	const struct xfrm_usersa_id *id = NLMSG_DATA(request);
	struct nlmsgerr *done = NLMSG_DATA(reply);

	*reply = (struct nlmsghdr){ .nlmsg_type = XFRM_MSG_NEWSA, .nlmsg_len = NLMSG_LENGTH(sizeof(*sa)), .nlmsg_seq = request->nlmsg_seq };
	if (request->nlmsg_type == XFRM_MSG_ALLOCSPI) {
		*sa = wanted->info;
		if (getrandom(&sa->id.spi, sizeof(sa->id.spi), 0) < 0)
			abort();
		sa->id.spi |= 0xff; /* network order: none that is reserved */
	} else if (request->nlmsg_type == XFRM_MSG_GETSA) {
		*sa = (struct xfrm_usersa_info){ .id = { .daddr = id->daddr, .spi = id->spi, .proto = id->proto }, .family = id->family };
	} else {
		reply->nlmsg_type = NLMSG_ERROR;
		reply->nlmsg_len = NLMSG_LENGTH(sizeof(*done));
		*done = (struct nlmsgerr){ .msg = *request };
	}
}

static void *serve(void *arg)
{
	int fd = (int)(intptr_t)arg;
	static _Thread_local union {
		struct nlmsghdr header;
		char bytes[MESSAGE_MAX];
	} request, reply;

	while (recv(fd, &request, sizeof(request), 0) >= (ssize_t)sizeof(request.header)) {
		answer(&request.header, &reply.header);
		send(fd, &reply, reply.header.nlmsg_len, 0);
	}
	close(fd);
	return NULL;
}

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

int socket(int domain, int type, int protocol)
{
	REAL(socket);
	pthread_t thread;
	int pair[2];

	if (domain != AF_NETLINK || protocol != NETLINK_XFRM)
		return real(domain, type, protocol);
	if (socketpair(AF_UNIX, SOCK_DGRAM | (type & (SOCK_CLOEXEC | SOCK_NONBLOCK)), 0, pair))
		return -1;
	if (pair[0] >= FDS || pthread_create(&thread, NULL, serve, (void *)(intptr_t)pair[1]))
		abort();
	pthread_detach(thread);
	ours[pair[0]] = true;
	return pair[0];
}

int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	REAL(bind);

	return is_ours(fd) ? 0 : real(fd, addr, len);
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	REAL(setsockopt);

	return is_ours(fd) ? 0 : real(fd, level, name, value, len);
}

ssize_t sendto(int fd, const void *data, size_t len, int flags, const struct sockaddr *addr, socklen_t addr_len)
{
	REAL(sendto);

	return is_ours(fd) ? real(fd, data, len, flags, NULL, 0) : real(fd, data, len, flags, addr, addr_len);
}

ssize_t recvfrom(int fd, void *data, size_t len, int flags, struct sockaddr *addr, socklen_t *addr_len)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	REAL(recvfrom);
	ssize_t got;

	if (!is_ours(fd))
		return real(fd, data, len, flags, addr, addr_len);
	got = real(fd, data, len, flags, NULL, NULL);
	if (got >= 0 && addr && addr_len && *addr_len >= sizeof(kernel)) {
		memcpy(addr, &kernel, sizeof(kernel));
		*addr_len = sizeof(kernel);
	}
	return got;
}

/* What programs built with FORTIFY call. */
ssize_t __recvfrom_chk(int fd, void *data, size_t len, size_t room, int flags, struct sockaddr *addr, socklen_t *addr_len);
ssize_t __recvfrom_chk(int fd, void *data, size_t len, size_t room, int flags, struct sockaddr *addr, socklen_t *addr_len)
{
	if (len > room)
		abort();
	return recvfrom(fd, data, len, flags, addr, addr_len);
}
