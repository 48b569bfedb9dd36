/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network side of the gateway: ESP itself (protocol 50) over IPv4 and IPv6 by raw sockets, and ESP in UDP (RFC 3948) by sockets that key
 * management hands over. Packets go out and come in by batches; the kernel builds and checks the outer headers.
 */
#ifndef GW_WIRE_H
#define GW_WIRE_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "counters.h"
#include "net/addr.h"
#include "sad.h"

#define WIRE_BATCH 64u
#define WIRE_UDP_MAX 16u
#define WIRE_SOCKETS (2u + WIRE_UDP_MAX)
#define WIRE_HEADROOM 20u /* bytes in front of received ESP, where the card's IPv4 header goes */

struct wire_socket {
	int fd; /* -1: none */
	int family; /* AF_INET, AF_INET6 */
	bool udp;
	bool df; /* as the socket is set at the moment */
	struct endpoint local; /* UDP */
};

/* One packet to be received: memory of room bytes; the ESP packet is put to memory + WIRE_HEADROOM. */
struct wire_message {
	uint8_t *memory;
	size_t room;
	size_t len; /* result: ESP bytes; UDP: of the datagram */
	bool truncated;
	uint8_t tos; /* outer TOS or traffic class */
	struct endpoint from; /* port 0 without UDP */
};

struct gw_wire {
	struct wire_socket sockets[WIRE_SOCKETS]; /* raw IPv4, raw IPv6, UDP */
	struct gw_counters *counters;
	/* a packet of sa did not fit: into the interface (mtu 0: ask for the interface's), or through the network, as an ICMP error says */
	void (*too_big)(void *context, const struct ip_addr *dst, uint32_t spi, uint32_t mtu);
	/* a socket is about to be closed: another process may have it, too, so that it does not leave an epoll set by itself */
	void (*closing)(void *context, const struct wire_socket *socket);
	void *context;
	struct wire_socket *out; /* of the batch that waits */
	unsigned int out_count;
	struct mmsghdr out_messages[WIRE_BATCH];
	struct iovec out_parts[WIRE_BATCH];
	struct sockaddr_storage out_names[WIRE_BATCH];
	struct {
		_Alignas(struct cmsghdr) uint8_t room[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct in6_pktinfo))];
	} out_control[WIRE_BATCH];
};

/* Raw sockets with this firewall mark. IPv6 may be missing (no kernel support), IPv4 not. error: 256 bytes. */
int wire_open(struct gw_wire *wire, uint32_t mark, char *error);
void wire_close(struct gw_wire *wire);
/* A UDP socket, the wire's from here on, also on failure. *added: its place. -EINVAL, -ENOSPC. error: 256 bytes. */
int wire_add_udp(struct gw_wire *wire, int fd, const struct endpoint *local, uint32_t mark, struct wire_socket **added, char *error);
void wire_close_udp(struct gw_wire *wire);
bool wire_has_raw(const struct gw_wire *wire, uint8_t family); /* 4 or 6 */

/*
 * Send len bytes of ESP by the outbound SA's addresses. Queued: data must stay until wire_flush. df: of the outer IPv4 header.
 * false: there is no socket for it.
 */
bool wire_send(struct gw_wire *wire, const struct gw_sa *sa, const uint8_t *data, size_t len, uint8_t tos, bool df);
void wire_flush(struct gw_wire *wire);

/* Receive at most count (WIRE_BATCH) messages without waiting; how many. */
unsigned int wire_receive(struct gw_wire *wire, const struct wire_socket *socket, struct wire_message *messages, unsigned int count);
/* Take the ICMP errors that came to a socket; too_big hears of those that speak of MTU. */
void wire_errors(struct gw_wire *wire, const struct wire_socket *socket);

#endif
