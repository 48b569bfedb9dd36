/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IP addresses, endpoints and traffic selectors, as key management and the gateway pass them around.
 * Addresses are bytes in network order; ports are numbers in host order.
 */
#ifndef ESPALIER_ADDR_H
#define ESPALIER_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "ip_addr.h"

#define IP_TEXT_LEN 46		/* bytes of an address as text with its NUL */
#define ENDPOINT_TEXT_LEN 56	/* "[2001:db8::1]:4500" with its NUL */
#define TS_TEXT_LEN 160		/* a traffic selector as text with its NUL */

struct endpoint {
	struct ip_addr ip;
	uint16_t port; /* 0: any */
};

/*
 * Traffic selector (RFC 7296, 3.13.1): packets from lo to hi, both included, with this protocol and these ports (ICMP: type in the upper
 * byte, code in the lower). OPAQUE ports are port_lo 65535, port_hi 0; any port is 0 to 65535.
 */
struct ts {
	uint8_t proto; /* 0: any */
	uint16_t port_lo, port_hi;
	struct ip_addr lo, hi; /* of one family */
};

/* Bytes of an address of this family: 4, 16 or 0. */
size_t ip_len(const struct ip_addr *ip);
bool ip_equal(const struct ip_addr *a, const struct ip_addr *b);
/* <0, 0, >0; addresses of one family in network order. */
int ip_compare(const struct ip_addr *a, const struct ip_addr *b);
/* 0.0.0.0, :: or none. */
bool ip_is_any(const struct ip_addr *ip);
/* Numeric text only. 0 or -EINVAL. */
int ip_parse(const char *text, struct ip_addr *ip);
/* Into text (IP_TEXT_LEN bytes); returns text. "%any" for none. */
const char *ip_print(const struct ip_addr *ip, char *text);
/* IPv4 in 4 bytes, network order. */
struct ip_addr ip_from_v4(const uint8_t bytes[4]);

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);
const char *endpoint_print(const struct endpoint *e, char *text); /* ENDPOINT_TEXT_LEN; "192.0.2.1:500" */
/* Returns the length of the filled part of storage, 0 for an address of no family. */
socklen_t endpoint_to_sockaddr(const struct endpoint *e, struct sockaddr_storage *storage);
/* 0 or -EAFNOSUPPORT. A v4-mapped IPv6 address becomes IPv4. */
int endpoint_from_sockaddr(const struct sockaddr *sa, struct endpoint *e);

/* The whole of a prefix, any protocol and port. plen in bits, clipped to the family. */
struct ts ts_from_prefix(const struct ip_addr *ip, unsigned int plen);
/* The smallest prefix that holds the whole selector, for routes: its address in *base, returns its length in bits. */
unsigned int ts_to_prefix(const struct ts *ts, struct ip_addr *base);
/*
 * swanctl.conf form: "10.1.0.0/16", "10.1.0.1-10.1.0.9", each with an optional "[proto/port]" or "[proto]", "[tcp/http]", "[udp/1024-2048]",
 * "[icmp/8]", "[udp/opaque]", "[/53]". 0 or -EINVAL. "dynamic" is for the caller.
 */
int ts_parse(const char *text, struct ts *ts);
const char *ts_print(const struct ts *ts, char *text); /* TS_TEXT_LEN; the form that ts_parse reads, prefix where it is one */
bool ts_equal(const struct ts *a, const struct ts *b);
/* Every packet of inner is one of outer. */
bool ts_contains(const struct ts *outer, const struct ts *inner);
/* What both have (RFC 7296, 2.9); false if that is nothing. */
bool ts_intersect(const struct ts *a, const struct ts *b, struct ts *both);
/* A packet's address, protocol and port (0 proto and ports where the packet has none, has_port false) against the selector. */
bool ts_match(const struct ts *ts, const struct ip_addr *ip, uint8_t proto, bool has_port, uint16_t port);

#endif
