/* SPDX-License-Identifier: Apache-2.0 */
/* Other programs change rules, routes, addresses, the TUN device or nftables: what is ours is put back, and logged. */
#ifndef GW_WATCH_H
#define GW_WATCH_H

#include <stdint.h>

struct gw;

struct gw_watch {
	int route_fd, nft_fd; /* events of the kernel */
	bool touched;	      /* somebody's batch of nftables changes has our table in it */
};

/* 0 or negative errno, and error (256 bytes). own_port: nl_port of the socket whose changes are our own. */
int watch_open(struct gw_watch *watch, uint32_t own_port, char *error);
void watch_close(struct gw_watch *watch);
/* Take what has come. */
void watch_read_routes(struct gw *gw);
void watch_read_nft(struct gw *gw);

#endif
