/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's UDP sockets: port 500 and port 4500 for each address family that the system has, bound to any address, with the local address
 * of each datagram known in both directions (IP_PKTINFO, RFC 3542).
 *
 * On port 4500 IKE and ESP come together (RFC 3948, 2.2): the kernel tells them apart. Two sockets share the port (SO_REUSEPORT) and a classic
 * BPF program chooses: four zero bytes first, the non-ESP marker, is IKE and stays here; the rest is ESP, and its socket is for the gateway
 * (udp_esp_fd). A datagram too short to tell comes here and is counted; so do NAT keepalives.
 *
 * What the network answers (ICMP errors) never ends anything: what cannot be sent is counted and lost.
 */
#ifndef ESPALIER_IKE_UDP_H
#define ESPALIER_IKE_UDP_H

#include "net/addr.h"

#define UDP_ERROR_LEN 256
#define UDP_SOCKETS_MAX 4u
#define UDP_BATCH 32u		    /* datagrams of one socket in a round */
#define UDP_DATAGRAM_MAX 65535u	    /* bytes */

struct udp;

struct udp_options {
	uint16_t port, nat_port; /* 500 and 4500; not equal, not 0 */
	unsigned int wait_ms;	 /* how long to wait for a port in use: a gateway may hold a predecessor's socket for a moment */
	uint32_t mark;		 /* SO_MARK of all that is sent, 0: none. Without the right to set it, none too */
};

struct udp_stats {
	uint64_t received, sent; /* IKE datagrams */
	uint64_t unmarked;	 /* on nat_port, too short for a non-ESP marker */
	uint64_t failed;	 /* not sent */
};

/* data is one IKE message, the non-ESP marker cut off; valid during the call. */
typedef void (*udp_handler)(void *ctx, const struct endpoint *local, const struct endpoint *remote, const uint8_t *data, size_t len);

/* 0, or -EADDRINUSE, -EACCES, ... with one sentence in error (UDP_ERROR_LEN bytes). */
int udp_open(const struct udp_options *options, struct udp **udp, char *error);
void udp_close(struct udp *udp); /* NULL is fine */

/* Descriptors to poll for reading into fds (UDP_SOCKETS_MAX); returns how many. The same for the whole life. */
unsigned int udp_fds(const struct udp *udp, int *fds);
/* The ESP half of nat_port for family 4 or 6, which stays this library's; -1: the system lacks the family. */
int udp_esp_fd(const struct udp *udp, unsigned int family);

/* At most UDP_BATCH datagrams of each socket, for as long as it takes to handle them and no longer. */
void udp_receive(struct udp *udp, udp_handler handler, void *ctx);

/*
 * One IKE message from local (address none: the system chooses) to remote, with the non-ESP marker if local's port is nat_port. 0 or a
 * negative errno value; -EINVAL for a local port that is neither.
 */
int udp_send(struct udp *udp, const struct endpoint *local, const struct endpoint *remote, const uint8_t *data, size_t len);
/* The byte 0xff (RFC 3948, 2.3), from nat_port. */
int udp_keepalive(struct udp *udp, const struct endpoint *local, const struct endpoint *remote);
/* The address from which the system would send to remote. 0 or a negative errno value: no route. */
int udp_source(struct udp *udp, const struct ip_addr *remote, struct ip_addr *local);

void udp_get_stats(const struct udp *udp, struct udp_stats *stats);

#endif
