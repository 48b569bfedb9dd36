/* SPDX-License-Identifier: Apache-2.0 */
/* What udp.c and udp_open.c share. */
#ifndef ESPALIER_IKE_UDP_INTERNAL_H
#define ESPALIER_IKE_UDP_INTERNAL_H

#include "daemon/udp.h"

struct udp_batch;

struct udp_socket {
	int fd;
	uint8_t family; /* 4 or 6 */
	uint16_t port;
	bool nat;
};

struct udp {
	struct udp_socket sockets[UDP_SOCKETS_MAX];
	unsigned int count;
	int esp[2];   /* IPv4, IPv6; -1: none */
	int route[2]; /* for udp_source: never sends */
	struct udp_batch *batch;
	struct udp_stats stats;
};

/* Fills sockets, esp and route; on failure what is open so far stays for udp_close. */
int udp_bind_all(struct udp *udp, const struct udp_options *options, char *error);

#endif
