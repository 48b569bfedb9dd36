/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/udp_internal.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RETRY_MS 100u
#define RECEIVE_BUFFER (4 << 20) /* bytes: some thousand initiations at once */

static const char *family_name(unsigned int family)
{
	return family == 4 ? "IPv4" : "IPv6";
}

static int set_int(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) ? -errno : 0;
}

/* Of the two sockets of the port, in the order in which they were bound: 0 is IKE, 1 is ESP. A load behind the end of the datagram returns 0. */
static int attach_split(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, 1),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof(program)) ? -errno : 0;
}

static int bind_any(int fd, unsigned int family, uint16_t port)
{
	struct endpoint any = { { (uint8_t)family, { 0 } }, port };
	struct sockaddr_storage address;
	socklen_t len = endpoint_to_sockaddr(&any, &address);

	return bind(fd, (struct sockaddr *)&address, len) ? -errno : 0;
}

static int open_plain(unsigned int family, uint32_t mark)
{
	int fd = socket(family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (family == 6)
		ret = set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (!ret && mark) {
		ret = set_int(fd, SOL_SOCKET, SO_MARK, (int)mark);
		if (ret == -EPERM)
			ret = 0;
	}
	if (ret) {
		close(fd);
		return ret;
	}
	return fd;
}

/* A bound socket or a negative errno value. */
static int open_bound(unsigned int family, uint16_t port, uint32_t mark, bool share)
{
	int fd = open_plain(family, mark);
	int ret;

	if (fd < 0)
		return fd;
	ret = share ? set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1) : 0;
	if (!ret)
		ret = bind_any(fd, family, port);
	if (!ret)
		ret = family == 4 ? set_int(fd, IPPROTO_IP, IP_PKTINFO, 1) : set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	if (ret) {
		close(fd);
		return ret;
	}
	/* Beyond net.core.rmem_max only with CAP_NET_ADMIN; less than asked for is no error. */
	if (set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER))
		set_int(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER);
	return fd;
}

/* Until nobody else has the port, or the time is over. */
static int wait_free(unsigned int family, uint16_t port, unsigned int *wait_ms)
{
	static const struct timespec pause = { 0, RETRY_MS * 1000000L };

	for (;;) {
		int fd = open_bound(family, port, 0, false);

		if (fd >= 0) {
			close(fd);
			return 0;
		}
		if (fd != -EADDRINUSE || *wait_ms < RETRY_MS)
			return fd;
		nanosleep(&pause, NULL);
		*wait_ms -= RETRY_MS;
	}
}

static int complain(char *error, unsigned int family, uint16_t port, int ret)
{
	if (ret == -EADDRINUSE)
		snprintf(error, UDP_ERROR_LEN, "UDP port %u (%s) is in use: another IKE daemon runs, or its gateway still holds the port", port,
			 family_name(family));
	else
		snprintf(error, UDP_ERROR_LEN, "UDP port %u (%s): %s", port, family_name(family), strerror(-ret));
	return ret;
}

/*
 * The IKE socket of a port and, on nat_port, its ESP twin. The probe before it is what tells of another daemon: among sockets with
 * SO_REUSEPORT of one user, bind succeeds always, and the kernel would deal the datagrams out to both.
 */
static int bind_port(struct udp *udp, unsigned int family, const struct udp_options *options, bool nat, unsigned int *wait_ms, char *error)
{
	uint16_t port = nat ? options->nat_port : options->port;
	int ret = wait_free(family, port, wait_ms);
	int fd, *esp = &udp->esp[family == 6];

	if (ret)
		return complain(error, family, port, ret);
	fd = open_bound(family, port, options->mark, nat);
	if (fd < 0)
		return complain(error, family, port, fd);
	udp->sockets[udp->count++] = (struct udp_socket){ fd, (uint8_t)family, port, nat };
	if (!nat)
		return 0;
	ret = attach_split(fd);
	if (ret)
		return complain(error, family, port, ret);
	*esp = open_bound(family, port, options->mark, true);
	return *esp < 0 ? complain(error, family, port, *esp) : 0;
}

int udp_bind_all(struct udp *udp, const struct udp_options *options, char *error)
{
	unsigned int wait_ms = options->wait_ms;

	for (unsigned int family = 4; family <= 6; family += 2) {
		int *route = &udp->route[family == 6];
		int ret;

		*route = open_plain(family, options->mark);
		if (family == 6 && *route == -EAFNOSUPPORT)
			continue;
		if (*route < 0)
			return complain(error, family, options->port, *route);
		ret = bind_port(udp, family, options, false, &wait_ms, error);
		if (!ret)
			ret = bind_port(udp, family, options, true, &wait_ms, error);
		if (ret)
			return ret;
	}
	return 0;
}
