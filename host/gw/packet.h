/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 packets in memory: what the policies look at, fragments, and ICMP answers. Pure functions; no packet is trusted. */
#ifndef GW_PACKET_H
#define GW_PACKET_H

#include "net/addr.h"

#define IPV4_HEADER 20u
#define IPV4_HEADER_MAX 60u
#define IPV4_DF 0x4000u
#define IPV4_MF 0x2000u
#define IPV4_OFFSET 0x1fffu
#define ICMP_ANSWER_MAX 576u /* bytes an ICMP error has at most (RFC 1812, 4.3.2.3) */

struct packet {
	struct ip_addr src, dst;
	uint8_t proto, tos;
	bool has_port; /* not of fragments behind the first, nor of protocols without */
	uint16_t src_port, dst_port; /* ICMP: type << 8 | code in both (RFC 4301, 4.4.1.1) */
	uint16_t len, header_len;
	uint16_t id;		     /* what the fragments of a packet have in common */
	bool df, first, later;	     /* the first of several fragments; one behind it */
};

static inline uint32_t get_be16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static inline uint32_t get_be32(const uint8_t *p)
{
	return get_be16(p) << 16 | get_be16(p + 2);
}

static inline uint64_t get_be64(const uint8_t *p)
{
	return (uint64_t)get_be32(p) << 32 | get_be32(p + 4);
}

static inline void put_be16(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static inline void put_be32(uint8_t *p, uint32_t value)
{
	put_be16(p, value >> 16);
	put_be16(p + 2, value);
}

/* Internet checksum (RFC 1071) as it belongs into the field, which is 0 meanwhile. */
uint16_t packet_checksum(const uint8_t *data, size_t len);

/* Is ip a whole IPv4 packet, no longer than len? *packet then says what is in it. */
bool packet_parse(const uint8_t *ip, size_t len, struct packet *packet);

/*
 * Fragment (RFC 791, 2.3): the piece of a packet without DF that begins *at bytes behind its header, at most mtu bytes long, goes to out
 * (mtu bytes). Returns its length and moves *at; 0: that was the last one, or mtu has no room for 8 bytes. Begin with *at = 0.
 */
size_t packet_fragment(const uint8_t *ip, const struct packet *packet, uint16_t mtu, size_t *at, uint8_t *out);

/*
 * ICMP "fragmentation needed" (RFC 792, RFC 1191) for a packet that was too big: into out (ICMP_ANSWER_MAX bytes), from the packet's
 * destination to its source, so that it passes reverse path filters on the way it came. Returns its length, 0: none may be sent
 * (RFC 1812, 4.3.2.7).
 */
size_t packet_too_big(const uint8_t *ip, const struct packet *packet, uint16_t mtu, uint8_t *out);

#endif
