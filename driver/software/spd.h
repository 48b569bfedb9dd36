/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The security policy database of RFC 4301, 4.4.1, as a list that is walked: the software's counterpart of the card's classifier (rtl/spd) and the oracle of its
 * tests. Written from the RFC. Numbers are in host order, addresses bytes in network order. Nothing here allocates, and nothing fails but spd_rule_check.
 */
#ifndef ESPALIER_SPD_H
#define ESPALIER_SPD_H

#include <stdbool.h>
#include <stdint.h>

/* What becomes of a packet; the numbers are the card's (rtl/spd/spd_pkg.sv). */
enum spd_action { SPD_DISCARD, SPD_TO_HOST, SPD_PROTECT, SPD_BYPASS };

enum spd_proto { SPD_PROTO_ANY, SPD_PROTO_IS, SPD_PROTO_OPAQUE };

/* Bits of spd_rule.directions and spd_rule.families. */
#define SPD_OUTBOUND 1u
#define SPD_INBOUND 2u
#define SPD_IPV4 1u
#define SPD_IPV6 2u

struct spd_prefix {
	uint8_t addr[16]; /* IPv4: the first 4 */
	uint8_t len;	  /* bits that count: 0 to 32, to 128 for IPv6; 0 in a rule for both families */
};

/*
 * Both ends are within. 0 to 65535 is ANY, any value or none; 65535 to 0 is OPAQUE, only where there is none (as in RFC 7296, 3.13.1). Any other
 * range needs a value, so that it matches no fragment but the first (RFC 4301, 4.4.1.1).
 */
struct spd_range {
	uint16_t lo, hi;
};

struct spd_act {
	enum spd_action action;
	uint16_t sa; /* with SPD_PROTECT */
};

struct spd_rule {
	uint8_t directions, families; /* a rule for none matches nothing */
	enum spd_proto proto_kind;
	uint8_t proto; /* with SPD_PROTO_IS */
	struct spd_prefix src, dst;
	struct spd_range sport, dport; /* ICMP, ICMPv6: type, code; MH: type, 0 */
	struct spd_act act;
};

/* A packet's values of the selectors. */
struct spd_key {
	bool inbound, v6;
	bool proto_known; /* false: an IPv6 fragment whose header chain goes on in another */
	bool ports_known; /* false: a fragment but the first, a protocol without ports, a header that is not all there */
	uint8_t proto;
	uint8_t src[16], dst[16]; /* IPv4: the first 4, the rest is not looked at */
	uint16_t sport, dport;
};

/* What a lookup found: of the rule with that number, or with rule -1 the default. */
struct spd_verdict {
	int rule;
	struct spd_act act;
};

/* 0, or -EINVAL: a prefix, range or protocol kind that the comments above do not allow. */
int spd_rule_check(const struct spd_rule *rule);

bool spd_rule_matches(const struct spd_rule *rule, const struct spd_key *key);

/* The first of count rules that matches, or defaults[key->inbound]. */
struct spd_verdict spd_lookup(const struct spd_rule *rules, unsigned int count, const struct spd_act defaults[2], const struct spd_key *key);

#endif
