/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules and routes that bring the policies' packets to the TUN device, and keep them in when it is gone.
 *
 * Each prefix of a local selector has two tables and a rule for each, by source address: the first table has routes to the TUN device, the second
 * the same prefixes as unreachable. When the TUN device goes, its routes go; when somebody deletes a rule or empties a table, the other one is
 * there until it is repaired. Packets without a source yet (a socket that is not bound) have a pair of their own, with policies only that
 * an address of this host fits, which is then the preferred source. Everything else never comes here.
 *
 *   4300  mark SINK_MARK                    main: ESP, bypassed packets, key management's own
 *   4301  from LOCAL                        table n: remote prefixes to the TUN device; throw for own networks and what is passed in clear
 *   5507  from LOCAL                        table n + 1: the same, unreachable
 *   6713  from LOCAL to OWN                 main without default routes: own networks lie inside a remote selector and are reached as ever;
 *   6714  from LOCAL to OWN                 what of them main does not know is the tunnel's, as the policy says
 *   6715  mark ROUTES_ASK                   table 4305: its only route says "not protected" to the inbound filter (filter.h), which asks this way
 *   6716, 6717  from 0.0.0.0                tables 4303 and 4304: as n and n + 1
 *
 * Between them is room for the groups that rules of many local prefixes stand in (rule_places.h).
 *
 * They all stay when the gateway ends, but for --release; the next one takes them over.
 */
#ifndef GW_ROUTES_H
#define GW_ROUTES_H

#include "netlink.h"
#include "sink/sink.h"

#define ROUTES_UNBOUND 4303u /* tables; each that sends has the one that blocks behind it */
#define ROUTES_REST 4305u
#define ROUTES_OWN 4306u
#define ROUTES_FIRST 43030000u /* of a local prefix, and upwards */
#define ROUTES_ASK 0x40000000u /* a bit of the firewall mark */
#define ROUTES_BUCKETS 4096u
#define ROUTES_RULES 16384u
#define ROUTES_STAGES 2u
#define ROUTES_GROUPS 400u /* of a stage at most */
#define ROUTES_PREFIXES 512u /* of one side of a policy, at most */

struct prefix {
	uint8_t base[4]; /* network order */
	unsigned int plen;
};

/* Why there is a route. */
enum route_use { ROUTE_TUNNEL, ROUTE_OWN, ROUTE_PASS, ROUTE_USES };

struct gw_route {
	struct gw_route *next;
	uint8_t dst[4], plen;
	uint8_t source[4];
	uint32_t table, mtu;
	unsigned int users[ROUTE_USES];
};

struct gw_rule {
	struct gw_rule *next;
	struct nl_rule rule;
	unsigned int users; /* 0: of an earlier gateway */
	bool adopted;	    /* an earlier gateway had it: its table may hold more than what is known here */
};

struct gw_routes {
	int fd; /* netlink */
	int device;
	uint32_t next_table;
	bool adopted; /* there may be routes of an earlier gateway */
	struct ip_addr *addresses; /* of this host */
	unsigned int address_count;
	struct gw_route *buckets[ROUTES_BUCKETS];
	struct gw_rule *rules[ROUTES_RULES];
	unsigned int direct; /* rules of local prefixes that stand in no group (rule_places.h) */
	uint8_t groups_used[ROUTES_STAGES][ROUTES_GROUPS];
};

/* What of a policy is in force, the caller's to keep until routes_remove. */
struct policy_routes {
	uint8_t source[4]; /* preferred; 0.0.0.0: none */
	uint32_t mtu;	   /* the caller's to set; 0: the device's. Where policies share a route, the smallest */
	enum route_use use;
};

/* Fixed rules; rules and routes of an earlier gateway stay. device: index of the TUN device. 0 or negative errno and error (256 bytes). */
int routes_open(struct gw_routes *routes, int device, char *error);
/*
 * Routes of a policy: ROUTE_TUNNEL what is to be protected or dropped, ROUTE_PASS what goes in clear whatever other policies say.
 * 0 or negative errno: the first that failed, all others are tried; -E2BIG: routes_fits says no, nothing was done.
 */
int routes_add(struct gw_routes *routes, const struct sink_policy *policy, enum route_use use, struct policy_routes *in_force);
void routes_remove(struct gw_routes *routes, const struct sink_policy *policy, const struct policy_routes *in_force);
/* in_force->mtu has changed. */
void routes_set_mtu(struct gw_routes *routes, const struct sink_policy *policy, const struct policy_routes *in_force);
/* No more than ROUTES_PREFIXES a side. */
bool routes_fits(const struct sink_policy *policy);
/* An address of this host inside a policy's local selectors, as the source its own packets take; false: none. */
bool routes_source(const struct gw_routes *routes, const struct sink_policy *policy, uint8_t source[4]);
/* Look at the addresses of this host again. */
void routes_read_addresses(struct gw_routes *routes);
/* Rules and routes that nobody uses: those of an earlier gateway. */
void routes_sweep(struct gw_routes *routes);
/* Put everything in force again: somebody may have changed it. Negative errno: something failed. */
int routes_repair(struct gw_routes *routes);
/* One route. 0: it is none of ours. */
bool routes_repair_one(struct gw_routes *routes, const struct nl_route *route);
/* Forget everything; release: all rules and routes go, too, those of an earlier gateway with them. Otherwise what blocks stays. */
void routes_close(struct gw_routes *routes, bool release);

/* The prefixes that make up a range of IPv4 addresses, exactly: calls each with context until it returns nonzero, which is returned. */
int routes_prefixes(uint32_t low, uint32_t high, int (*each)(void *context, uint32_t base, unsigned int plen), void *context);

#endif
