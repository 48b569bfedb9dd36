/* SPDX-License-Identifier: Apache-2.0 */
/* The few rtnetlink requests the gateway makes: IPv4 routes and rules (rtnetlink(7)). Each waits for the kernel's answer, which is at once. */
#ifndef GW_NETLINK_H
#define GW_NETLINK_H

#include <stdbool.h>
#include <stdint.h>

#define NL_PROTOCOL 43u /* of our routes and rules, for people who look at them: one of the numbers nobody has */

enum nl_kind {
	NL_DEVICE,
	NL_UNREACHABLE,
	NL_THROW, /* on to the next rule */
};

struct nl_route {
	uint8_t dst[4]; /* network order */
	unsigned int plen;
	uint32_t table, metric;
	enum nl_kind kind;
	int device;	   /* NL_DEVICE: interface index */
	uint8_t source[4]; /* preferred source; 0.0.0.0: none */
	uint32_t mtu;	   /* 0: the device's */
};

struct nl_rule {
	uint32_t priority, table;
	uint32_t target;		   /* above 0: goto the rules of this priority, instead of a table */
	bool nop;			   /* a place to go to: nothing is done */
	uint32_t mark, mark_mask;	   /* 0: any */
	uint8_t src[4], dst[4];		   /* network order */
	unsigned int src_plen, dst_plen;   /* 0: any */
	bool no_default;		   /* default routes of the table do not count */
	bool fresh;			   /* to be added: it is not there, and need not be looked for */
};

/* A socket, or negative errno. */
int nl_open(void);
/* The port id that the kernel knows a socket by. */
uint32_t nl_port(int fd);
/* 0 or negative errno. Adding a route replaces one, adding a rule that is there is -EEXIST; deleting what is not there is -ESRCH or -ENOENT. */
int nl_route(int fd, bool add, const struct nl_route *route);
int nl_rule(int fd, bool add, const struct nl_rule *rule);
/*
 * The MTU that routes and interfaces are configured with from here to an address (4 or 16 bytes, network order): not what ICMP errors
 * taught the kernel, which anyone can forge. 0: no route.
 */
uint16_t nl_path_mtu(bool v6, const uint8_t *dst, uint32_t mark);

/* ---- netlink_dump.c: what is there; the kernel sends nothing else, however much of it there is ---- */

/* Each IPv4 rule with NL_PROTOCOL. 0, or negative errno. */
int nl_rules(void (*each)(void *context, const struct nl_rule *rule), void *context);
/* Each IPv4 route of a table. */
int nl_routes(uint32_t table, void (*each)(void *context, const struct nl_route *route), void *context);
/* What a message of a dump or an event describes; false: it is none of these, or not ours to name (another family, other actions). */
struct nlmsghdr;
bool nl_read_rule(const struct nlmsghdr *message, struct nl_rule *rule);
bool nl_read_route(const struct nlmsghdr *message, struct nl_route *route);

#endif
