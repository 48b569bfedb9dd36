/* SPDX-License-Identifier: Apache-2.0 */
/* Events of the kernel about routes, rules, addresses, links and nftables: what repair.c looks at. */
#ifndef GW_WATCH_H
#define GW_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct gw_watch {
	int route_fd, nft_fd; /* events of the kernel */
	bool touched;	      /* somebody's batch of nftables changes has our table in it */
};

/* 0 or negative errno, and error (256 bytes). own_port: nl_port of the socket whose changes are our own. */
int watch_open(struct gw_watch *watch, uint32_t own_port, char *error);
void watch_close(struct gw_watch *watch);
/* The next bunch of messages of a descriptor: its length; 0: none is waiting; negative errno: some were lost. */
ssize_t watch_next(int fd, void *memory, size_t size);

#endif
