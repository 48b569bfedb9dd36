/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IP headers of both families: what is in front of ESP, or of where it belongs (RFC 4303, 3.1.1; RFC 8200, 4). Lengths are checked before anything is read.
 */
#ifndef ESPALIER_SOFT_PARSE_H
#define ESPALIER_SOFT_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#define SOFT_HEADERS_MAX 128u /* bytes of IP headers in front of ESP or UDP; packets with more are for the host */
#define IPV4_HDR 20u
#define IPV6_HDR 40u
#define UDP_HDR 8u

#define PROTO_HOP_BY_HOP 0u
#define PROTO_IPV4 4u
#define PROTO_TCP 6u
#define PROTO_UDP 17u
#define PROTO_IPV6 41u
#define PROTO_ROUTING 43u
#define PROTO_FRAGMENT 44u
#define PROTO_ESP 50u
#define PROTO_NONE 59u
#define PROTO_DESTINATION 60u

struct soft_ip {
	uint8_t version;  /* 4, 6 */
	uint8_t tos;	  /* TOS or traffic class */
	uint8_t ttl;	  /* or hop limit */
	uint8_t proto;	  /* of what is behind the headers */
	bool df;	  /* IPv6: true */
	bool fragment;	  /* IPv4: MF or an offset; IPv6: a fragment header */
	bool routed;	  /* IPv6: a routing header that is not at its end */
	uint32_t total;	  /* bytes by the header */
	uint32_t headers; /* bytes in front of ESP, or of its place */
	uint32_t flow;	  /* IPv6: the flow label */
	uint32_t next_at; /* offset of the byte that names what is behind the headers */
};

/* A packet of len bytes that is wholly protected: version and lengths; total is len. headers, next_at and proto are of the first header alone. */
bool soft_parse_inner(const uint8_t *p, uint32_t len, struct soft_ip *ip);

/*
 * Behind soft_parse_inner: where ESP belongs in transport mode. Destination options stay in front only if a routing header follows them.
 * ESP_STATUS_OK, INNER_MALFORMED, FRAGMENT, UNSUPPORTED.
 */
uint8_t soft_parse_place(const uint8_t *p, struct soft_ip *ip);

/* A received packet, up to the first header that is none of IP: OK, OUTER_MALFORMED, UNSUPPORTED. Bytes may stand behind it. Of an IPv6 fragment, no more than that. */
uint8_t soft_parse_outer(const uint8_t *p, uint32_t len, struct soft_ip *ip);

#endif
