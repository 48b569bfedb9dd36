/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routes that bring the policies' packets to the TUN device, in a table of their own that is asked before the main one. Behind each stands an
 * unreachable route of the same prefix with a worse metric: when the gateway is killed the TUN device is gone, and these keep the kernel from sending
 * in clear. They stay until a gateway is told to flush, or ends cleanly.
 *
 * Rules (ip rule), in this order: what carries SINK_MARK goes to the main table: ESP and bypassed packets of the gateway, and key management's own; all else asks our
 * table first. So a peer's own address may lie in a remote selector.
 */
#ifndef GW_ROUTES_H
#define GW_ROUTES_H

#include "netlink.h"
#include "sink/sink.h"

#define ROUTES_TABLE 4303u
#define ROUTES_MARK SINK_MARK
#define ROUTES_BUCKETS 4096u

struct gw_route {
	struct nl_route route;
	unsigned int users; /* policies with this prefix */
	struct gw_route *next;
};

struct gw_routes {
	int fd; /* netlink */
	int device;
	struct gw_route *buckets[ROUTES_BUCKETS];
};

/* Rules; routes of an earlier gateway stay. device: index of the TUN device. 0 or negative errno and error (256 bytes). */
int routes_open(struct gw_routes *routes, int device, char *error);
/* Routes of a policy's remote selectors, if it is not SINK_BYPASS. 0 or negative errno: the first that failed, all others are tried. */
int routes_add(struct gw_routes *routes, const struct sink_policy *policy);
void routes_remove(struct gw_routes *routes, const struct sink_policy *policy);
/* All routes of the table, those of an earlier gateway too. */
void routes_flush(struct gw_routes *routes);
/* A clean end: routes and rules go. Otherwise, with keep: what is unreachable stays so. */
void routes_close(struct gw_routes *routes, bool keep);

/* The prefixes that make up a range of IPv4 addresses, exactly: calls each with context until it returns nonzero, which is returned. */
int routes_prefixes(uint32_t low, uint32_t high, int (*each)(void *context, uint32_t base, unsigned int plen), void *context);

#endif
