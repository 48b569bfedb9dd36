/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gw.h"
#include "rules.h"

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

/* The next bunch of messages: its length; 0: none is waiting; negative errno: some were lost. */
static ssize_t next(int fd, void *memory, size_t size)
{
	ssize_t got;

	do
		got = recv(fd, memory, size, 0);
	while (got < 0 && errno == EINTR);
	return got >= 0 ? got : errno == EAGAIN ? 0 : -errno;
}

/* ---- rtnetlink ---- */

/* What a bunch of messages is about. */
struct found {
	bool rules, routes, link, addresses, everything;
};

static void take_link(struct gw *gw, const struct nlmsghdr *message, struct found *found)
{
	const struct ifinfomsg *info = NLMSG_DATA(message);

	int len = (int)NLMSG_PAYLOAD(message, sizeof(*info));

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*info)) || info->ifi_index != gw->tun.index)
		return;
	found->link |= message->nlmsg_type == RTM_DELLINK || !(info->ifi_flags & IFF_UP);
	for (const struct rtattr *a = IFLA_RTA(info); RTA_OK(a, len); a = RTA_NEXT(a, len))
		if (a->rta_type == IFLA_MTU && RTA_PAYLOAD(a) == sizeof(uint32_t))
			found->link |= *(const uint32_t *)RTA_DATA(a) != gw->tun.mtu;
}

static void take(struct gw *gw, const struct nlmsghdr *message, struct found *found)
{
	struct nl_route route;
	struct nl_rule rule;

	switch (message->nlmsg_type) {
	case RTM_NEWADDR:
	case RTM_DELADDR:
		found->addresses = true;
		break;
	case RTM_DELRULE:
		found->rules |= nl_read_rule(message, &rule);
		break;
	case RTM_NEWROUTE: /* in place of ours, perhaps */
	case RTM_DELROUTE:
		if (nl_read_route(message, &route))
			found->routes |= routes_repair_one(&gw->routes, &route);
		break;
	default:
		take_link(gw, message, found);
		break;
	}
}

static void repair(struct gw *gw, const struct found *found)
{
	int ret = 0;

	if (found->link)
		ret = gw_tun_changed(gw);
	if (!ret && (found->link || found->everything))
		ret = routes_repair(&gw->routes);
	else if (!ret && found->rules)
		ret = rules_repair(&gw->routes);
	if (found->addresses || found->everything)
		gw_addresses_changed(gw);
	if (found->rules || found->routes || found->link)
		gw_log(GW_ERROR, "somebody changed our %s: put back", found->link ? "TUN device" : found->rules ? "routing rules" : "routes");
	if (ret)
		gw_log(GW_ERROR, "routes could not be put back: %s", strerror(-ret));
}

void watch_read_routes(struct gw *gw)
{
	_Alignas(struct nlmsghdr) uint8_t memory[16384];
	struct found found = { 0 };
	ssize_t got;

	while ((got = next(gw->watch.route_fd, memory, sizeof(memory)))) {
		int len = (int)got;

		found.everything |= got < 0;
		for (const struct nlmsghdr *m = (const void *)memory; NLMSG_OK(m, len); m = NLMSG_NEXT(m, len))
			take(gw, m, &found);
	}
	repair(gw, &found);
}

/* ---- nftables ---- */

/* An attribute of a message by its type; NULL: it has none, or not so long. */
static const void *attribute(const struct nlmsghdr *message, unsigned int type, size_t least)
{
	const uint8_t *at = (const uint8_t *)NLMSG_DATA(message) + NLMSG_ALIGN(sizeof(struct nfgenmsg));
	const uint8_t *end = (const uint8_t *)message + message->nlmsg_len;

	while (at + NLA_HDRLEN <= end) {
		const struct nlattr *a = (const void *)at;

		if (a->nla_len < NLA_HDRLEN || at + a->nla_len > end)
			return NULL;
		if ((a->nla_type & NLA_TYPE_MASK) == type)
			return a->nla_len >= NLA_HDRLEN + least ? at + NLA_HDRLEN : NULL;
		at += NLA_ALIGN(a->nla_len);
	}
	return NULL;
}

/* All kinds of things begin with the name of their table. A batch ends with the name of the program that made it. */
static bool take_nft(struct gw_watch *watch, const struct nlmsghdr *message)
{
	char own[16] = "";
	const char *value;
	bool by_others;

	if ((message->nlmsg_type & 0xff) != NFT_MSG_NEWGEN) {
		value = attribute(message, NFTA_TABLE_NAME, sizeof(FILTER_TABLE));
		watch->touched |= value && !memcmp(value, FILTER_TABLE, sizeof(FILTER_TABLE));
		return false;
	}
	prctl(PR_GET_NAME, own);
	value = attribute(message, NFTA_GEN_PROC_NAME, strlen(own) + 1);
	by_others = watch->touched && (!value || strcmp(value, own) != 0);
	watch->touched = false;
	return by_others;
}

void watch_read_nft(struct gw *gw)
{
	_Alignas(struct nlmsghdr) uint8_t memory[16384];
	bool changed = false;
	ssize_t got;

	while ((got = next(gw->watch.nft_fd, memory, sizeof(memory)))) {
		int len = (int)got;

		changed |= got < 0;
		for (const struct nlmsghdr *m = (const void *)memory; NLMSG_OK(m, len); m = NLMSG_NEXT(m, len))
			changed |= take_nft(&gw->watch, m);
	}
	if (changed && !filter_repair(&gw->filter))
		gw_log(GW_ERROR, "somebody changed our nftables table: put back");
}
