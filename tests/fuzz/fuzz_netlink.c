/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes on the gateway's netlink sockets: acknowledgements, routes, dumps. Behind what was received lies nothing that may be read.
 * The input: a byte that says what was asked, then answers: two bytes of length, and the bytes. System calls are wrapped by the linker.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sanitizer/asan_interface.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include "gw/netlink.h"
#include "input.h"

#define PORT 4711u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int __wrap_socket(int domain, int type, int protocol);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len);
ssize_t __wrap_send(int fd, const void *data, size_t len, int flags);
ssize_t __wrap_sendto(int fd, const void *data, size_t len, int flags, const struct sockaddr *to, socklen_t to_len);
ssize_t __wrap_recv(int fd, void *data, size_t len, int flags);

static struct input answers;

int __wrap_socket(int domain, int type, int protocol)
{
	(void)domain, (void)type, (void)protocol;
	return open("/dev/null", O_RDWR | O_CLOEXEC);
}

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	(void)fd, (void)level, (void)name, (void)value, (void)len;
	return 0;
}

ssize_t __wrap_send(int fd, const void *data, size_t len, int flags)
{
	(void)fd, (void)data, (void)flags;
	return (ssize_t)len;
}

ssize_t __wrap_sendto(int fd, const void *data, size_t len, int flags, const struct sockaddr *to, socklen_t to_len)
{
	(void)to, (void)to_len;
	return __wrap_send(fd, data, len, flags);
}

ssize_t __wrap_recv(int fd, void *data, size_t len, int flags)
{
	uint8_t size[2];
	size_t n;

	(void)fd, (void)flags;
	ASAN_UNPOISON_MEMORY_REGION(data, len);
	if (!answers.left) {
		errno = ENOBUFS;
		return -1;
	}
	take(&answers, size, sizeof(size));
	n = (size_t)(size[0] << 8 | size[1]);
	n = n < answers.left ? n : answers.left;
	n = n < len ? n : len;
	take(&answers, data, n);
	ASAN_POISON_MEMORY_REGION((uint8_t *)data + n, len - n);
	return (ssize_t)n;
}

static void check_rule(void *context, const struct nl_rule *rule)
{
	(void)context;
	demand(rule->src_plen <= 32 && rule->dst_plen <= 32);
}

static void check_route(void *context, const struct nl_route *route)
{
	(void)context;
	demand(route->plen <= 32 && route->kind <= NL_THROW);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t dst[16] = { 192, 0, 2, 1 };
	const struct nl_route route = { .dst = { 10 }, .plen = 8, .table = 4303, .source = { 10, 1 }, .mtu = 1400 };
	const struct nl_rule rule = { .priority = 43030000, .table = 4303, .mark = 1, .mark_mask = 1, .src = { 10 }, .src_plen = 8, .dst_plen = 8 };
	uint8_t what;

	answers = (struct input){ data, size };
	what = take_byte(&answers);
	switch (what % 5) {
	case 0:
		nl_route(0, what & 0x80, &route);
		break;
	case 1:
		nl_rule(0, what & 0x80, &rule);
		break;
	case 2:
		nl_path_mtu(what & 0x80, dst, 0);
		break;
	case 3:
		nl_rules(check_rule, NULL);
		break;
	default:
		nl_routes(4303, check_route, NULL);
		break;
	}
	return 0;
}
