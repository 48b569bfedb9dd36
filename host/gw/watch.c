/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "watch.h"

#define TABLE_COMPAT 252u /* what an old field says of tables above 255 */

/* ---- which events come at all: a router with a full table must not wake us with each of its routes ---- */

#define LOAD16(offset) BPF_STMT(BPF_LD | BPF_H | BPF_ABS, (offset))
#define LOAD8(offset) BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (offset))
#define IF(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (yes), (no))
#define TAKE BPF_STMT(BPF_RET | BPF_K, UINT32_MAX)
#define LEAVE BPF_STMT(BPF_RET | BPF_K, 0)
#define TYPE offsetof(struct nlmsghdr, nlmsg_type)

/* BPF loads in network order, what netlink writes in the host's. */
static uint32_t as_loaded16(uint16_t value)
{
	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? value : __builtin_bswap16(value);
}

static uint32_t as_loaded32(uint32_t value)
{
	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? value : __builtin_bswap32(value);
}

static int attach(int fd, struct sock_filter *code, size_t count)
{
	struct sock_fprog program = { .len = (unsigned short)count, .filter = code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) ? -errno : 0;
}

/* Not our own changes; of routes those in tables that may be ours. */
static int filter_routes(int fd, uint32_t own_port)
{
	const uint32_t rtm = NLMSG_HDRLEN;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_pid)),
		IF(as_loaded32(own_port), 6, 0),
		LOAD16(TYPE),
		IF(as_loaded16(RTM_NEWROUTE), 1, 0),
		IF(as_loaded16(RTM_DELROUTE), 0, 2),
		LOAD8(rtm + offsetof(struct rtmsg, rtm_table)),
		IF(TABLE_COMPAT, 0, 1),
		TAKE,
		LEAVE,
	};

	return attach(fd, code, sizeof(code) / sizeof(code[0]));
}

/* What is taken away, and the ends of batches. */
static int filter_nft(int fd)
{
	const uint16_t subsystem = NFNL_SUBSYS_NFTABLES << 8;
	struct sock_filter code[] = {
		LOAD16(TYPE),
		IF(as_loaded16(subsystem | NFT_MSG_DELTABLE), 3, 0),
		IF(as_loaded16(subsystem | NFT_MSG_DELCHAIN), 2, 0),
		IF(as_loaded16(subsystem | NFT_MSG_DELRULE), 1, 0),
		IF(as_loaded16(subsystem | NFT_MSG_NEWGEN), 0, 1),
		TAKE,
		LEAVE,
	};

	return attach(fd, code, sizeof(code) / sizeof(code[0]));
}

static int open_events(int protocol, uint32_t groups)
{
	struct sockaddr_nl name = { .nl_family = AF_NETLINK, .nl_groups = groups };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol), ret;

	if (fd < 0)
		return -errno;
	if (!bind(fd, (struct sockaddr *)&name, sizeof(name)))
		return fd;
	ret = -errno;
	close(fd);
	return ret;
}

int watch_open(struct gw_watch *watch, uint32_t own_port, char *error)
{
	int ret;

	watch->nft_fd = -1;
	ret = watch->route_fd = open_events(NETLINK_ROUTE, RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV4_RULE);
	if (ret >= 0)
		ret = filter_routes(watch->route_fd, own_port);
	if (!ret)
		ret = watch->nft_fd = open_events(NETLINK_NETFILTER, 1u << (NFNLGRP_NFTABLES - 1));
	if (ret >= 0)
		ret = filter_nft(watch->nft_fd);
	if (ret)
		snprintf(error, 256, "Events of routes and nftables: %s.", strerror(-ret));
	return ret;
}

void watch_close(struct gw_watch *watch)
{
	if (watch->route_fd >= 0)
		close(watch->route_fd);
	if (watch->nft_fd >= 0)
		close(watch->nft_fd);
	watch->route_fd = watch->nft_fd = -1;
}

ssize_t watch_next(int fd, void *memory, size_t size)
{
	ssize_t got;

	do
		got = recv(fd, memory, size, 0);
	while (got < 0 && errno == EINTR);
	return got >= 0 ? got : errno == EAGAIN ? 0 : -errno;
}
