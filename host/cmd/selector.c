/* SPDX-License-Identifier: Apache-2.0 */
/* Traffic selectors of a state: iproute2's `sel`, and the match against an inner packet, as Linux' xfrm does it. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

#include "ip_headers.h"
#include "states.h"

#define PROTO_DCCP 33

static bool has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP || proto == PROTO_DCCP;
}

static bool is_icmp(uint8_t proto)
{
	return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
}

static int parse_proto(const char *word, struct selector *selector, char *reason)
{
	struct protoent *entry;
	uint64_t value;

	if (!strcmp(word, "any")) {
		selector->proto = 0;
		return 0;
	}
	entry = getprotobyname(word);
	if (entry)
		value = (uint64_t)entry->p_proto;
	else if (parse_number(word, UINT8_MAX, &value))
		return parse_fail(reason, "sel proto %s is unknown", word);
	selector->proto = (uint8_t)value;
	return 0;
}

/* sport, dport, type, code: type and code take the places of the ports */
static int parse_port(const char *option, const char *word, struct selector *selector, char *reason)
{
	bool icmp = option[0] == 't' || option[0] == 'c';
	bool first = option[0] == 's' || option[0] == 't';
	uint64_t value;

	if (parse_number(word, icmp ? UINT8_MAX : UINT16_MAX, &value))
		return parse_fail(reason, "sel %s %s is not a number in range", option, word);
	if (icmp ? !is_icmp(selector->proto) : !has_ports(selector->proto))
		return parse_fail(reason, "sel %s does not go with this proto", option);
	if (first) {
		selector->sport = (uint16_t)value;
		selector->has_sport = icmp || value; /* port 0 is any port */
	} else {
		selector->dport = (uint16_t)value;
		selector->has_dport = icmp || value;
	}
	return 0;
}

int selector_parse(struct words *words, struct selector *selector, char *reason)
{
	const char *option, *value;
	int taken = 0, ret;

	for (; (option = words_peek(words)) != NULL; taken++) {
		if (!strcmp(option, "dev") || !strcmp(option, "key"))
			return parse_fail(reason, "sel %s is not supported", option);
		if (strcmp(option, "src") && strcmp(option, "dst") && strcmp(option, "proto") && strcmp(option, "sport") &&
		    strcmp(option, "dport") && strcmp(option, "type") && strcmp(option, "code"))
			break;
		words_take(words);
		value = words_value(words, option, reason);
		if (!value)
			return -EINVAL;
		if (!strcmp(option, "src"))
			ret = parse_prefix(value, &selector->src, reason);
		else if (!strcmp(option, "dst"))
			ret = parse_prefix(value, &selector->dst, reason);
		else if (!strcmp(option, "proto"))
			ret = parse_proto(value, selector, reason);
		else
			ret = parse_port(option, value, selector, reason);
		if (ret)
			return ret;
	}
	return taken ? 0 : parse_fail(reason, "sel %s is not a selector", option ? option : "(end of line)");
}

static bool prefix_match(const struct prefix *prefix, const struct ip_addr *ip)
{
	unsigned int whole = prefix->plen / 8, rest = prefix->plen % 8;

	if (!prefix->ip.family)
		return true;
	if (prefix->ip.family != ip->family || memcmp(prefix->ip.bytes, ip->bytes, whole))
		return false;
	return !rest || (prefix->ip.bytes[whole] ^ ip->bytes[whole]) >> (8 - rest) == 0;
}

bool selector_match(const struct selector *selector, const uint8_t *packet, size_t len)
{
	struct ip_headers headers;
	const uint8_t *upper;
	unsigned int sport, dport;

	if (!selector->src.ip.family && !selector->dst.ip.family && !selector->proto)
		return true;
	if (!ip_headers_parse(packet, len, &headers) || !prefix_match(&selector->src, &headers.src) || !prefix_match(&selector->dst, &headers.dst))
		return false;
	if (!selector->proto)
		return true;
	if (headers.proto != selector->proto)
		return false;
	if (!selector->has_sport && !selector->has_dport)
		return true;
	if (headers.fragment || len < headers.len + 4) /* fragments have no ports */
		return false;
	upper = packet + headers.len;
	sport = is_icmp(selector->proto) ? upper[0] : (unsigned int)upper[0] << 8 | upper[1];
	dport = is_icmp(selector->proto) ? upper[1] : (unsigned int)upper[2] << 8 | upper[3];
	return (!selector->has_sport || sport == selector->sport) && (!selector->has_dport || dport == selector->dport);
}
