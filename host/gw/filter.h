/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets that come in clear although a policy protects them are dropped (RFC 4301, 5.2), whatever rp_filter says: an nftables table of our own, early in
 * prerouting. It asks the routing rules for the way back, with the bit ROUTES_ASK in the mark: what would go into the tunnel, or is
 * blocked, may only come out of it. So it needs no list of policies, holds for every policy as soon as it has routes, and as long as they stay.
 *
 * Let through are ESP itself, IKE (sockets with SINK_MARK), ICMP errors about ESP, and what policy lets pass in clear.
 */
#ifndef GW_FILTER_H
#define GW_FILTER_H

#include <stdbool.h>

#define FILTER_TABLE "espalier"

struct nft_ctx;

struct gw_filter {
	struct nft_ctx *nft;
	const char *tun;
	char *exceptions; /* rules, a line each */
};

/* The table, in place of an earlier gateway's. tun: name of the TUN device, in use until filter_close. 0 or negative errno and error (256 bytes). */
int filter_open(struct gw_filter *filter, const char *tun, char *error);
/* These exceptions from now on: nft's syntax, each ending in a verdict (NULL: none). Negative errno: the table is as it was. */
int filter_set(struct gw_filter *filter, const char *exceptions);
/* Put the table in place anew: somebody has changed it. */
int filter_repair(struct gw_filter *filter);
/* release: the table goes. Otherwise it stays. */
void filter_close(struct gw_filter *filter, bool release);

#endif
