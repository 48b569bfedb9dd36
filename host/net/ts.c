/* SPDX-License-Identifier: Apache-2.0 */
/* Traffic selectors: prefixes, what one holds of another, and the match of a packet (RFC 7296, 2.9 and 3.13.1; RFC 4301, 4.4.1.1). */
#include <string.h>

#include "net/addr.h"

static bool ports_any(const struct ts *ts)
{
	return ts->port_lo == 0 && ts->port_hi == UINT16_MAX;
}

/* Packets whose ports cannot be seen. */
static bool ports_opaque(const struct ts *ts)
{
	return ts->port_lo == UINT16_MAX && ts->port_hi == 0;
}

struct ts ts_from_prefix(const struct ip_addr *ip, unsigned int plen)
{
	struct ts ts = { .port_hi = UINT16_MAX, .lo = *ip, .hi = *ip };
	unsigned int bit, bits = (unsigned int)ip_len(ip) * 8;

	for (bit = plen; bit < bits; bit++) {
		uint8_t mask = (uint8_t)(0x80 >> (bit % 8));

		ts.lo.bytes[bit / 8] &= (uint8_t)~mask;
		ts.hi.bytes[bit / 8] |= mask;
	}
	return ts;
}

unsigned int ts_to_prefix(const struct ts *ts, struct ip_addr *base)
{
	unsigned int plen, bits = (unsigned int)ip_len(&ts->lo) * 8;
	struct ts prefix;

	for (plen = 0; plen < bits; plen++)
		if ((ts->lo.bytes[plen / 8] ^ ts->hi.bytes[plen / 8]) & (0x80 >> (plen % 8)))
			break;
	prefix = ts_from_prefix(&ts->lo, plen);
	*base = prefix.lo;
	return plen;
}

bool ts_equal(const struct ts *a, const struct ts *b)
{
	return a->proto == b->proto && a->port_lo == b->port_lo && a->port_hi == b->port_hi && ip_equal(&a->lo, &b->lo) && ip_equal(&a->hi, &b->hi);
}

static bool ports_contain(const struct ts *outer, const struct ts *inner)
{
	if (ports_any(outer))
		return true;
	if (ports_opaque(outer) || ports_opaque(inner))
		return ports_opaque(outer) && ports_opaque(inner);
	return outer->port_lo <= inner->port_lo && inner->port_hi <= outer->port_hi;
}

bool ts_contains(const struct ts *outer, const struct ts *inner)
{
	if (outer->lo.family != inner->lo.family || (outer->proto && outer->proto != inner->proto))
		return false;
	return ports_contain(outer, inner) && ip_compare(&outer->lo, &inner->lo) <= 0 && ip_compare(&inner->hi, &outer->hi) <= 0;
}

static bool ports_intersect(const struct ts *a, const struct ts *b, struct ts *both)
{
	const struct ts *narrow = ports_contain(a, b) ? b : ports_contain(b, a) ? a : NULL;

	if (narrow) {
		both->port_lo = narrow->port_lo;
		both->port_hi = narrow->port_hi;
		return true;
	}
	if (ports_opaque(a) || ports_opaque(b))
		return false;
	both->port_lo = a->port_lo > b->port_lo ? a->port_lo : b->port_lo;
	both->port_hi = a->port_hi < b->port_hi ? a->port_hi : b->port_hi;
	return both->port_lo <= both->port_hi;
}

bool ts_intersect(const struct ts *a, const struct ts *b, struct ts *both)
{
	struct ts result = { 0 };

	if (a->lo.family != b->lo.family || (a->proto && b->proto && a->proto != b->proto) || !ports_intersect(a, b, &result))
		return false;
	result.proto = a->proto ? a->proto : b->proto;
	result.lo = ip_compare(&a->lo, &b->lo) > 0 ? a->lo : b->lo;
	result.hi = ip_compare(&a->hi, &b->hi) < 0 ? a->hi : b->hi;
	if (ip_compare(&result.lo, &result.hi) > 0)
		return false;
	*both = result;
	return true;
}

bool ts_match(const struct ts *ts, const struct ip_addr *ip, uint8_t proto, bool has_port, uint16_t port)
{
	if (ip->family != ts->lo.family || (ts->proto && ts->proto != proto))
		return false;
	if (ip_compare(&ts->lo, ip) > 0 || ip_compare(ip, &ts->hi) > 0)
		return false;
	if (ports_any(ts))
		return true;
	return has_port ? ts->port_lo <= port && port <= ts->port_hi : ports_opaque(ts);
}
