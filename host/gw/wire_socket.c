/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets of the wire: how they are opened and set. */
#include "wire.h"

#include <errno.h>
#include <linux/in6.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BUFFER_BYTES (4 << 20)
#define ERROR_LEN 256

static int fail(char *error, int code, const char *what)
{
	snprintf(error, ERROR_LEN, "%s: %s.", what, strerror(-code));
	return code;
}

static bool set_int(int fd, int level, int option, int value)
{
	return !setsockopt(fd, level, option, &value, sizeof(value));
}

/* DF by packet starts as 0; the interface's MTU alone bounds what is sent: the gateway keeps path MTUs itself. */
static bool set_options(int fd, int family, uint32_t mark)
{
	bool good = set_int(fd, SOL_SOCKET, SO_MARK, (int)mark);

	if (!set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES))
		set_int(fd, SOL_SOCKET, SO_RCVBUF, BUFFER_BYTES);
	if (!set_int(fd, SOL_SOCKET, SO_SNDBUFFORCE, BUFFER_BYTES))
		set_int(fd, SOL_SOCKET, SO_SNDBUF, BUFFER_BYTES);
	if (family == AF_INET)
		return good && set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT) && set_int(fd, IPPROTO_IP, IP_RECVTOS, 1) &&
		       set_int(fd, IPPROTO_IP, IP_RECVERR, 1);
	return good && set_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE) && set_int(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1) &&
	       set_int(fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
}

static int open_raw(struct wire_socket *socket_, int family, uint32_t mark, char *error)
{
	int fd = socket(family, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ESP);

	socket_->family = family;
	if (fd < 0)
		return fail(error, -errno, "Raw socket for ESP");
	if (!set_options(fd, family, mark)) {
		int code = -errno;

		close(fd);
		return fail(error, code, "Options of the raw socket for ESP");
	}
	socket_->fd = fd;
	return 0;
}

int wire_open(struct gw_wire *wire, uint32_t mark, char *error)
{
	int ret;

	for (unsigned int i = 0; i < WIRE_SOCKETS; i++)
		wire->sockets[i] = (struct wire_socket){ .fd = -1, .udp = i >= 2 };
	ret = open_raw(&wire->sockets[0], AF_INET, mark, error);
	if (ret)
		return ret;
	ret = open_raw(&wire->sockets[1], AF_INET6, mark, error);
	return ret == -EAFNOSUPPORT ? 0 : ret;
}

static void close_socket(struct gw_wire *wire, struct wire_socket *socket_)
{
	if (wire->out == socket_)
		wire_flush(wire);
	if (socket_->fd >= 0) {
		wire->closing(wire->context, socket_);
		close(socket_->fd);
	}
	socket_->fd = -1;
}

void wire_close(struct gw_wire *wire)
{
	for (unsigned int i = 0; i < WIRE_SOCKETS; i++)
		close_socket(wire, &wire->sockets[i]);
}

void wire_close_udp(struct gw_wire *wire)
{
	for (unsigned int i = 2; i < WIRE_SOCKETS; i++)
		close_socket(wire, &wire->sockets[i]);
}

bool wire_has_raw(const struct gw_wire *wire, uint8_t family)
{
	return wire->sockets[family == 6].fd >= 0;
}

/* Its family, if it is a UDP socket; 0: it is something else. */
static int udp_family(int fd)
{
	int domain = 0, protocol = 0;
	socklen_t len = sizeof(int);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) || getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len))
		return 0;
	return protocol == IPPROTO_UDP && (domain == AF_INET || domain == AF_INET6) ? domain : 0;
}

int wire_add_udp(struct gw_wire *wire, int fd, const struct endpoint *local, uint32_t mark, struct wire_socket **added, char *error)
{
	struct wire_socket *place = NULL;
	int family = udp_family(fd), code = -ENOSPC;

	if (!family || !local->port || (local->ip.family && (local->ip.family == 6) != (family == AF_INET6))) {
		code = -EINVAL;
		goto refuse;
	}
	for (unsigned int i = WIRE_SOCKETS - 1; i >= 2; i--) {
		struct wire_socket *s = &wire->sockets[i];
		bool same = s->fd >= 0 && s->family == family && endpoint_equal(&s->local, local);

		if (same || (s->fd < 0 && !(place && place->fd >= 0)))
			place = s;
	}
	if (!place)
		goto refuse;
	if (!set_options(fd, family, mark)) {
		code = -errno;
		goto refuse;
	}
	close_socket(wire, place);
	*place = (struct wire_socket){ .fd = fd, .family = family, .udp = true, .local = *local };
	*added = place;
	return 0;
refuse:
	close(fd);
	return fail(error, code, "The socket for ESP in UDP");
}
