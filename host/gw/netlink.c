/* SPDX-License-Identifier: Apache-2.0 */
#include "netlink.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct request {
	struct nlmsghdr header;
	union {
		struct rtmsg route;
		struct fib_rule_hdr rule;
	} u;
	uint8_t attributes[256];
};

static void put(struct request *request, uint16_t type, const void *data, size_t len)
{
	struct rtattr *attribute = (struct rtattr *)(void *)((uint8_t *)request + NLMSG_ALIGN(request->header.nlmsg_len));

	attribute->rta_type = type;
	attribute->rta_len = (uint16_t)RTA_LENGTH(len);
	memcpy(RTA_DATA(attribute), data, len);
	request->header.nlmsg_len = NLMSG_ALIGN(request->header.nlmsg_len) + RTA_ALIGN(attribute->rta_len);
}

static void put_u32(struct request *request, uint16_t type, uint32_t value)
{
	put(request, type, &value, sizeof(value));
}

int nl_open(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	return fd < 0 ? -errno : fd;
}

uint32_t nl_port(int fd)
{
	struct sockaddr_nl name = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof(name);

	return getsockname(fd, (struct sockaddr *)&name, &len) ? 0 : name.nl_pid;
}

/* Send and take the acknowledgement. */
static int transact(int fd, struct request *request)
{
	_Alignas(struct nlmsghdr) uint8_t answer[1024];
	const struct nlmsghdr *header = (const struct nlmsghdr *)(const void *)answer;
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	const struct nlmsgerr *error;
	ssize_t len;

	request->header.nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	if (sendto(fd, request, request->header.nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return -errno;
	do {
		len = recv(fd, answer, sizeof(answer), 0);
	} while (len < 0 && errno == EINTR);
	if (len < 0)
		return -errno;
	if ((size_t)len < NLMSG_LENGTH(sizeof(*error)) || header->nlmsg_type != NLMSG_ERROR)
		return -EPROTO;
	error = NLMSG_DATA(header);
	return error->error;
}

static bool is_set(const uint8_t ip[4])
{
	return ip[0] | ip[1] | ip[2] | ip[3];
}

static void put_mtu(struct request *request, uint32_t mtu)
{
	struct {
		struct rtattr header;
		uint32_t mtu;
	} metric = { { .rta_len = RTA_LENGTH(sizeof(mtu)), .rta_type = RTAX_MTU }, mtu };

	put(request, RTA_METRICS, &metric, sizeof(metric));
}

int nl_route(int fd, bool add, const struct nl_route *route)
{
	static const unsigned char types[] = { [NL_DEVICE] = RTN_UNICAST, [NL_UNREACHABLE] = RTN_UNREACHABLE, [NL_THROW] = RTN_THROW };
	struct request request = {
		.header = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg)), .nlmsg_type = add ? RTM_NEWROUTE : RTM_DELROUTE },
		.u.route = { .rtm_family = AF_INET, .rtm_dst_len = (unsigned char)route->plen, .rtm_protocol = NL_PROTOCOL,
			     .rtm_scope = route->kind == NL_DEVICE ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE, .rtm_type = types[route->kind] },
	};

	if (add)
		request.header.nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE;
	else
		request.u.route.rtm_scope = RT_SCOPE_NOWHERE; /* any */
	put_u32(&request, RTA_TABLE, route->table);
	put_u32(&request, RTA_PRIORITY, route->metric);
	put(&request, RTA_DST, route->dst, 4);
	if (add && route->kind == NL_DEVICE)
		put_u32(&request, RTA_OIF, (uint32_t)route->device);
	if (add && is_set(route->source))
		put(&request, RTA_PREFSRC, route->source, 4);
	if (add && route->mtu)
		put_mtu(&request, route->mtu);
	return transact(fd, &request);
}

int nl_rule(int fd, bool add, const struct nl_rule *rule)
{
	static const uint8_t protocol = NL_PROTOCOL;
	struct request request = {
		.header = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct fib_rule_hdr)), .nlmsg_type = add ? RTM_NEWRULE : RTM_DELRULE },
		.u.rule = { .family = AF_INET, .action = rule->target ? FR_ACT_GOTO : rule->nop ? FR_ACT_NOP : FR_ACT_TO_TBL, .src_len = (uint8_t)rule->src_plen, .dst_len = (uint8_t)rule->dst_plen },
	};

	if (add)
		request.header.nlmsg_flags = (uint16_t)(NLM_F_CREATE | (rule->fresh ? 0 : NLM_F_EXCL));
	put_u32(&request, FRA_PRIORITY, rule->priority);
	if (rule->table)
		put_u32(&request, FRA_TABLE, rule->table);
	if (rule->target)
		put_u32(&request, FRA_GOTO, rule->target);
	put(&request, FRA_PROTOCOL, &protocol, 1);
	if (rule->src_plen)
		put(&request, FRA_SRC, rule->src, 4);
	if (rule->dst_plen)
		put(&request, FRA_DST, rule->dst, 4);
	if (rule->mark) {
		put_u32(&request, FRA_FWMARK, rule->mark);
		put_u32(&request, FRA_FWMASK, rule->mark_mask);
	}
	if (rule->no_default)
		put_u32(&request, FRA_SUPPRESS_PREFIXLEN, 0);
	return transact(fd, &request);
}

static uint32_t get_u32(const struct rtattr *a)
{
	uint32_t value = 0;

	if (RTA_PAYLOAD(a) == sizeof(value))
		memcpy(&value, RTA_DATA(a), sizeof(value));
	return value;
}

static uint32_t interface_mtu(uint32_t index)
{
	struct ifreq ifr = { .ifr_mtu = 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return 0;
	if (!if_indextoname(index, ifr.ifr_name) || ioctl(fd, SIOCGIFMTU, &ifr))
		ifr.ifr_mtu = 0;
	close(fd);
	return (uint32_t)ifr.ifr_mtu;
}

/* Interface and, if the route has one, MTU of a route; of several next hops the first. */
static void read_route(const struct nlmsghdr *message, uint32_t *device, uint32_t *mtu)
{
	const struct rtmsg *rtm = NLMSG_DATA(message);
	int len = (int)RTM_PAYLOAD(message), metrics;

	for (const struct rtattr *a = RTM_RTA(rtm); RTA_OK(a, len); a = RTA_NEXT(a, len)) {
		if (a->rta_type == RTA_OIF)
			*device = get_u32(a);
		if (a->rta_type == RTA_MULTIPATH && RTA_PAYLOAD(a) >= sizeof(struct rtnexthop))
			*device = (uint32_t)((const struct rtnexthop *)RTA_DATA(a))->rtnh_ifindex;
		if (a->rta_type != RTA_METRICS)
			continue;
		metrics = (int)RTA_PAYLOAD(a);
		for (const struct rtattr *m = RTA_DATA(a); RTA_OK(m, metrics); m = RTA_NEXT(m, metrics))
			if (m->rta_type == RTAX_MTU)
				*mtu = get_u32(m);
	}
}

uint16_t nl_path_mtu(bool v6, const uint8_t *dst, uint32_t mark)
{
	_Alignas(struct nlmsghdr) uint8_t answer[4096];
	const struct nlmsghdr *header = (const struct nlmsghdr *)(const void *)answer;
	struct request request = {
		.header = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg)), .nlmsg_type = RTM_GETROUTE, .nlmsg_flags = NLM_F_REQUEST },
		.u.route = { .rtm_family = v6 ? AF_INET6 : AF_INET, .rtm_dst_len = v6 ? 128 : 32, .rtm_flags = RTM_F_FIB_MATCH },
	};
	uint32_t device = 0, mtu = 0, link;
	int fd = nl_open();
	ssize_t len = -1;

	if (fd < 0)
		return 0;
	put(&request, RTA_DST, dst, v6 ? 16 : 4);
	put_u32(&request, RTA_MARK, mark);
	if (send(fd, &request, request.header.nlmsg_len, 0) > 0)
		len = recv(fd, answer, sizeof(answer), 0);
	close(fd);
	if (len < 0 || !NLMSG_OK(header, (size_t)len) || header->nlmsg_type != RTM_NEWROUTE)
		return 0;
	read_route(header, &device, &mtu);
	link = device ? interface_mtu(device) : 0;
	if (link && (!mtu || link < mtu))
		mtu = link;
	return mtu > UINT16_MAX ? UINT16_MAX : (uint16_t)mtu;
}
