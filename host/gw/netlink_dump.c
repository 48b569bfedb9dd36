/* SPDX-License-Identifier: Apache-2.0 */
/* Rules and routes as the kernel has them. */
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netlink.h"

struct dump {
	bool rules;
	void (*rule)(void *context, const struct nl_rule *rule);
	void (*route)(void *context, const struct nl_route *route);
	void *context;
};

static uint32_t get_u32(const struct rtattr *a)
{
	uint32_t value = 0;

	if (RTA_PAYLOAD(a) == sizeof(value))
		memcpy(&value, RTA_DATA(a), sizeof(value));
	return value;
}

static void get_ip(const struct rtattr *a, uint8_t ip[4])
{
	if (RTA_PAYLOAD(a) == 4)
		memcpy(ip, RTA_DATA(a), 4);
}

static void read_rule_attribute(const struct rtattr *a, struct nl_rule *rule, uint8_t *protocol)
{
	switch (a->rta_type) {
	case FRA_PRIORITY:
		rule->priority = get_u32(a);
		break;
	case FRA_TABLE:
		rule->table = get_u32(a);
		break;
	case FRA_GOTO:
		rule->target = get_u32(a);
		break;
	case FRA_SRC:
		get_ip(a, rule->src);
		break;
	case FRA_DST:
		get_ip(a, rule->dst);
		break;
	case FRA_FWMARK:
		rule->mark = get_u32(a);
		break;
	case FRA_FWMASK:
		rule->mark_mask = get_u32(a);
		break;
	case FRA_SUPPRESS_PREFIXLEN:
		rule->no_default = get_u32(a) == 0;
		break;
	case FRA_PROTOCOL:
		if (RTA_PAYLOAD(a) == 1)
			*protocol = *(const uint8_t *)RTA_DATA(a);
		break;
	default:
		break;
	}
}

bool nl_read_rule(const struct nlmsghdr *message, struct nl_rule *rule)
{
	const struct fib_rule_hdr *header = NLMSG_DATA(message);
	int len = (int)NLMSG_PAYLOAD(message, sizeof(*header));
	uint8_t protocol = 0;

	if ((message->nlmsg_type != RTM_NEWRULE && message->nlmsg_type != RTM_DELRULE) || message->nlmsg_len < NLMSG_LENGTH(sizeof(*header)) ||
	    header->family != AF_INET || header->src_len > 32 || header->dst_len > 32 ||
	    (header->action != FR_ACT_TO_TBL && header->action != FR_ACT_GOTO && header->action != FR_ACT_NOP))
		return false;
	*rule = (struct nl_rule){ .table = header->table, .src_plen = header->src_len, .dst_plen = header->dst_len };
	for (const struct rtattr *a = (const void *)((const uint8_t *)header + NLMSG_ALIGN(sizeof(*header))); RTA_OK(a, len); a = RTA_NEXT(a, len))
		read_rule_attribute(a, rule, &protocol);
	if (header->action != FR_ACT_TO_TBL)
		rule->table = 0;
	if (header->action != FR_ACT_GOTO)
		rule->target = 0;
	rule->nop = header->action == FR_ACT_NOP;
	if (!rule->mark)
		rule->mark_mask = 0;
	return protocol == NL_PROTOCOL;
}

static bool read_kind(unsigned char type, enum nl_kind *kind)
{
	*kind = type == RTN_UNREACHABLE ? NL_UNREACHABLE : type == RTN_THROW ? NL_THROW : NL_DEVICE;
	return *kind != NL_DEVICE || type == RTN_UNICAST;
}

bool nl_read_route(const struct nlmsghdr *message, struct nl_route *route)
{
	const struct rtmsg *rtm = NLMSG_DATA(message);
	int len = (int)RTM_PAYLOAD(message);

	if ((message->nlmsg_type != RTM_NEWROUTE && message->nlmsg_type != RTM_DELROUTE) || message->nlmsg_len < NLMSG_LENGTH(sizeof(*rtm)) ||
	    rtm->rtm_family != AF_INET || rtm->rtm_dst_len > 32 || rtm->rtm_flags & RTM_F_CLONED)
		return false;
	*route = (struct nl_route){ .plen = rtm->rtm_dst_len, .table = rtm->rtm_table };
	if (!read_kind(rtm->rtm_type, &route->kind))
		return false;
	for (const struct rtattr *a = RTM_RTA(rtm); RTA_OK(a, len); a = RTA_NEXT(a, len)) {
		if (a->rta_type == RTA_TABLE)
			route->table = get_u32(a);
		else if (a->rta_type == RTA_DST)
			get_ip(a, route->dst);
		else if (a->rta_type == RTA_PRIORITY)
			route->metric = get_u32(a);
		else if (a->rta_type == RTA_OIF)
			route->device = (int)get_u32(a);
	}
	return true;
}

static void take(const struct dump *dump, const struct nlmsghdr *message)
{
	struct nl_rule rule;
	struct nl_route route;

	if (dump->rules && nl_read_rule(message, &rule))
		dump->rule(dump->context, &rule);
	else if (!dump->rules && nl_read_route(message, &route))
		dump->route(dump->context, &route);
}

/* 1: more is to come, 0: the end, or negative errno. */
static int read_some(int fd, const struct dump *dump)
{
	_Alignas(struct nlmsghdr) uint8_t answer[32768];
	ssize_t got = recv(fd, answer, sizeof(answer), 0);
	int len = (int)got;

	if (got < 0)
		return errno == EINTR ? 1 : -errno;
	for (const struct nlmsghdr *m = (const void *)answer; NLMSG_OK(m, len); m = NLMSG_NEXT(m, len)) {
		if (m->nlmsg_type == NLMSG_DONE)
			return 0;
		if (m->nlmsg_type == NLMSG_ERROR) /* no such table: nothing is in it */
			return m->nlmsg_len >= NLMSG_LENGTH(sizeof(struct nlmsgerr)) && ((const struct nlmsgerr *)NLMSG_DATA(m))->error == -ENOENT ? 0 : -EPROTO;
		take(dump, m);
	}
	return 1;
}

static int run(const struct dump *dump, const void *request, size_t len)
{
	int fd = nl_open(), on = 1, ret;

	if (fd < 0)
		return fd;
	/* The kernel picks what is asked for, instead of sending all routes of all tables. */
	ret = setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on)) || send(fd, request, len, 0) < 0 ? -errno : 1;
	while (ret > 0)
		ret = read_some(fd, dump);
	close(fd);
	return ret;
}

int nl_rules(void (*each)(void *context, const struct nl_rule *rule), void *context)
{
	struct {
		struct nlmsghdr header;
		struct fib_rule_hdr rule;
	} request = { { .nlmsg_len = sizeof(request), .nlmsg_type = RTM_GETRULE, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP }, { .family = AF_INET } };
	struct dump dump = { .rules = true, .rule = each, .context = context };

	return run(&dump, &request, sizeof(request));
}

int nl_routes(uint32_t table, void (*each)(void *context, const struct nl_route *route), void *context)
{
	struct {
		struct nlmsghdr header;
		struct rtmsg route;
		struct rtattr attribute;
		uint32_t table;
	} request = { { .nlmsg_len = sizeof(request), .nlmsg_type = RTM_GETROUTE, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP }, { .rtm_family = AF_INET },
		      { .rta_len = RTA_LENGTH(sizeof(uint32_t)), .rta_type = RTA_TABLE }, table };
	struct dump dump = { .route = each, .context = context };

	return run(&dump, &request, sizeof(request));
}
