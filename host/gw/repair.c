/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/prctl.h>

#include "log.h"
#include "policies.h"
#include "poll.h"
#include "repair.h"
#include "rules.h"

/* ---- the TUN device ---- */

/* Up again, or another one. Negative errno: that is not possible, and the gateway ends. */
static int repair_tun(struct gw *gw)
{
	char error[ESPALIER_ERROR_LEN];
	int ret = tun_set_up(&gw->tun);

	if (ret) {
		char name[IF_NAMESIZE];

		memcpy(name, gw->tun.name, sizeof(name));
		poll_remove_tun(gw);
		tun_close(&gw->tun);
		ret = tun_open(&gw->tun, name, gw->tun.mtu, error);
		if (!ret)
			ret = poll_add_tun(gw);
	}
	gw->routes.device = gw->tun.index;
	if (ret) {
		gw->failure = ret;
		gw->stop = true;
	}
	return ret;
}

void repair_tun_gone(struct gw *gw, const struct gw_event *event)
{
	(void)event;
	if (!repair_tun(gw))
		routes_repair(&gw->routes);
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
		if (nl_read_rule(message, &rule)) {
			found->rules = true;
			rules_repair_one(&gw->routes, &rule);
		}
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
		ret = repair_tun(gw);
	if (!ret && (found->link || found->everything))
		ret = routes_repair(&gw->routes);
	if (found->addresses || found->everything)
		policies_addresses_changed(gw);
	if (found->rules || found->routes || found->link)
		gw_log(GW_ERROR, "somebody changed our %s: put back", found->link ? "TUN device" : found->rules ? "routing rules" : "routes");
	if (ret)
		gw_log(GW_ERROR, "routes could not be put back: %s", strerror(-ret));
}

void repair_read_routes(struct gw *gw)
{
	_Alignas(struct nlmsghdr) uint8_t memory[16384];
	struct found found = { 0 };
	ssize_t got;

	while ((got = watch_next(gw->watch.route_fd, memory, sizeof(memory)))) {
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

void repair_read_nft(struct gw *gw)
{
	_Alignas(struct nlmsghdr) uint8_t memory[16384];
	bool changed = false;
	ssize_t got;

	while ((got = watch_next(gw->watch.nft_fd, memory, sizeof(memory)))) {
		int len = (int)got;

		changed |= got < 0;
		for (const struct nlmsghdr *m = (const void *)memory; NLMSG_OK(m, len); m = NLMSG_NEXT(m, len))
			changed |= take_nft(&gw->watch, m);
	}
	if (changed && !filter_repair(&gw->filter))
		gw_log(GW_ERROR, "somebody changed our nftables table: put back");
}
