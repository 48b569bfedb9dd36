/* SPDX-License-Identifier: Apache-2.0 */
/* Traffic selectors as text, in the form of swanctl.conf's local_ts and remote_ts. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/addr.h"

/* Those one filters by; /etc/protocols, which may be missing, for the others. The first name of a number is printed. */
static const struct {
	const char *name;
	uint8_t number;
} protocols[] = {
	{ "icmp", IPPROTO_ICMP }, { "tcp", IPPROTO_TCP },	    { "udp", IPPROTO_UDP },	    { "ipv6-icmp", IPPROTO_ICMPV6 }, { "icmpv6", IPPROTO_ICMPV6 },
	{ "gre", IPPROTO_GRE },	  { "esp", IPPROTO_ESP },	    { "ah", IPPROTO_AH },	    { "sctp", IPPROTO_SCTP },	     { "dccp", IPPROTO_DCCP },
	{ "ipip", IPPROTO_IPIP }, { "udplite", IPPROTO_UDPLITE },
};
#define PROTOCOLS (sizeof(protocols) / sizeof(protocols[0]))

static bool is_icmp(uint8_t proto)
{
	return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
}

/* Digits only, up to max; *end is what follows. */
static bool number(const char *text, unsigned long max, char **end, unsigned long *value)
{
	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*value = strtoul(text, end, 10);
	return !errno && *value <= max;
}

/* A number alone. */
static bool whole_number(const char *text, unsigned long max, unsigned long *value)
{
	char *end;

	return number(text, max, &end, value) && !*end;
}

static int parse_proto(const char *text, uint8_t *proto)
{
	const struct protoent *entry;
	unsigned long value;
	size_t i;

	*proto = 0;
	if (!*text || !strcmp(text, "any"))
		return 0;
	if (whole_number(text, UINT8_MAX, &value)) {
		*proto = (uint8_t)value;
		return 0;
	}
	for (i = 0; i < PROTOCOLS; i++)
		if (!strcmp(text, protocols[i].name)) {
			*proto = protocols[i].number;
			return 0;
		}
	entry = getprotobyname(text);
	if (!entry || entry->p_proto < 0 || entry->p_proto > UINT8_MAX)
		return -EINVAL;
	*proto = (uint8_t)entry->p_proto;
	return 0;
}

/*
 * One end of a range. ICMP: "8" is the type with all its codes, "8(0)" type and code, and 256 and above both in one number, as strongSwan has it.
 */
static bool parse_port_end(const char *text, bool icmp, char **end, uint16_t *lo, uint16_t *hi)
{
	unsigned long value, code;

	if (!number(text, UINT16_MAX, end, &value))
		return false;
	*lo = *hi = (uint16_t)value;
	if (!icmp || value > UINT8_MAX)
		return true;
	*lo = (uint16_t)(value << 8);
	*hi = (uint16_t)(value << 8 | UINT8_MAX);
	if (**end != '(')
		return true;
	if (!number(*end + 1, UINT8_MAX, end, &code) || **end != ')')
		return false;
	*end += 1;
	*lo = *hi = (uint16_t)(value << 8 | code);
	return true;
}

static int parse_ports(const char *text, struct ts *ts)
{
	bool icmp = is_icmp(ts->proto);
	uint16_t unused;
	struct servent *service;
	char *end;

	if (!strcmp(text, "any"))
		return 0;
	if (!strcmp(text, "opaque")) {
		ts->port_lo = UINT16_MAX;
		ts->port_hi = 0;
		return 0;
	}
	if (parse_port_end(text, icmp, &end, &ts->port_lo, &ts->port_hi)) {
		if (*end == '-' && !parse_port_end(end + 1, icmp, &end, &unused, &ts->port_hi))
			return -EINVAL;
		return *end || ts->port_lo > ts->port_hi ? -EINVAL : 0;
	}
	if (icmp || (*text >= '0' && *text <= '9'))
		return -EINVAL;
	service = getservbyname(text, NULL);
	if (!service)
		return -EINVAL;
	ts->port_lo = ts->port_hi = ntohs((uint16_t)service->s_port);
	return 0;
}

/* Behind the '[': "proto/port]". */
static int parse_brackets(char *text, struct ts *ts)
{
	size_t len = strlen(text);
	char *slash;

	if (!len || text[len - 1] != ']')
		return -EINVAL;
	text[len - 1] = '\0';
	slash = strchr(text, '/');
	if (slash)
		*slash = '\0';
	if (parse_proto(text, &ts->proto))
		return -EINVAL;
	return slash ? parse_ports(slash + 1, ts) : 0;
}

/* "10.1.0.0/16", "10.1.0.1", "10.1.0.1-10.1.0.9" */
static int parse_addresses(char *text, struct ts *ts)
{
	char *dash = strchr(text, '-'), *slash = strchr(text, '/');
	struct ip_addr lo, hi;
	unsigned long plen;

	if (dash)
		*dash = '\0';
	else if (slash)
		*slash = '\0';
	if (ip_parse(text, &lo))
		return -EINVAL;
	if (dash) {
		if (ip_parse(dash + 1, &hi) || hi.family != lo.family || ip_compare(&lo, &hi) > 0)
			return -EINVAL;
		*ts = ts_from_prefix(&lo, (unsigned int)ip_len(&lo) * 8);
		ts->hi = hi;
		return 0;
	}
	plen = ip_len(&lo) * 8;
	if (slash && !whole_number(slash + 1, plen, &plen))
		return -EINVAL;
	*ts = ts_from_prefix(&lo, (unsigned int)plen);
	return 0;
}

int ts_parse(const char *text, struct ts *ts)
{
	char copy[TS_TEXT_LEN];
	struct ts result;
	char *bracket;

	if (strlen(text) >= sizeof(copy))
		return -EINVAL;
	strcpy(copy, text);
	bracket = strchr(copy, '[');
	if (bracket)
		*bracket = '\0';
	if (parse_addresses(copy, &result) || (bracket && parse_brackets(bracket + 1, &result)))
		return -EINVAL;
	*ts = result;
	return 0;
}

static void print_proto(uint8_t proto, char *text, size_t size)
{
	size_t i;

	text[0] = '\0';
	if (!proto)
		return;
	for (i = 0; i < PROTOCOLS; i++)
		if (protocols[i].number == proto) {
			snprintf(text, size, "%s", protocols[i].name);
			return;
		}
	snprintf(text, size, "%u", (unsigned int)proto);
}

static void print_ports(const struct ts *ts, char *text, size_t size)
{
	unsigned int lo = ts->port_lo, hi = ts->port_hi;

	text[0] = '\0';
	if (lo == 0 && hi == UINT16_MAX)
		return;
	if (lo == UINT16_MAX && hi == 0)
		snprintf(text, size, "/opaque");
	else if (!is_icmp(ts->proto) && lo == hi)
		snprintf(text, size, "/%u", lo);
	else if (!is_icmp(ts->proto))
		snprintf(text, size, "/%u-%u", lo, hi);
	else if (lo == hi)
		snprintf(text, size, "/%u(%u)", lo >> 8, lo & UINT8_MAX);
	else if ((lo & UINT8_MAX) || (hi & UINT8_MAX) != UINT8_MAX)
		snprintf(text, size, "/%u(%u)-%u(%u)", lo >> 8, lo & UINT8_MAX, hi >> 8, hi & UINT8_MAX);
	else if (lo >> 8 == hi >> 8)
		snprintf(text, size, "/%u", lo >> 8);
	else
		snprintf(text, size, "/%u-%u", lo >> 8, hi >> 8);
}

const char *ts_print(const struct ts *ts, char *text)
{
	char lo[IP_TEXT_LEN], hi[IP_TEXT_LEN], proto[16], ports[32], addresses[2 * IP_TEXT_LEN + 1];
	struct ip_addr base;
	unsigned int plen = ts_to_prefix(ts, &base);
	struct ts prefix = ts_from_prefix(&base, plen);

	ip_print(&ts->lo, lo);
	if (ip_equal(&prefix.lo, &ts->lo) && ip_equal(&prefix.hi, &ts->hi))
		snprintf(addresses, sizeof(addresses), "%s/%u", lo, plen);
	else
		snprintf(addresses, sizeof(addresses), "%s-%s", lo, ip_print(&ts->hi, hi));
	print_proto(ts->proto, proto, sizeof(proto));
	print_ports(ts, ports, sizeof(ports));
	if (*proto || *ports)
		snprintf(text, TS_TEXT_LEN, "%s[%s%s]", addresses, proto, ports);
	else
		snprintf(text, TS_TEXT_LEN, "%s", addresses);
	return text;
}
