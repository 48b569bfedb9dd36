/* SPDX-License-Identifier: Apache-2.0 */
/* The few rtnetlink requests the gateway makes: IPv4 routes and rules (rtnetlink(7)). Each waits for the kernel's answer, which is at once. */
#ifndef GW_NETLINK_H
#define GW_NETLINK_H

#include <stdbool.h>
#include <stdint.h>

struct nl_route {
	uint8_t dst[4]; /* network order */
	unsigned int plen;
	uint32_t table, metric;
	bool unreachable; /* instead of a device */
	int device;	  /* interface index */
	uint8_t source[4]; /* preferred source; 0.0.0.0: none */
};

struct nl_rule {
	uint32_t priority, table;
	uint32_t mark; /* 0: any */
};

/* A socket, or negative errno. */
int nl_open(void);
/* 0 or negative errno. Adding replaces; deleting what is not there is -ESRCH or -ENOENT. */
int nl_route(int fd, bool add, const struct nl_route *route);
int nl_rule(int fd, bool add, const struct nl_rule *rule);
/*
 * The MTU that routes and interfaces are configured with from here to an address (4 or 16 bytes, network order): not what ICMP errors
 * taught the kernel, which anyone can forge. 0: no route.
 */
uint16_t nl_path_mtu(bool v6, const uint8_t *dst, uint32_t mark);
/* Delete every IPv4 route of a table. */
int nl_flush_table(int fd, uint32_t table);

#endif
