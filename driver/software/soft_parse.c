/* SPDX-License-Identifier: Apache-2.0 */
#include "soft_parse.h"

#include "espalier_regs.h"
#include "soft_bytes.h"
#include "soft_checksum.h"

#define DF 0x4000u
#define FRAGMENT_BITS 0x3fffu /* MF and offset */

static void read_v4(const uint8_t *p, struct soft_ip *ip)
{
	uint32_t flags = get16(p + 6);

	*ip = (struct soft_ip){
		.version = 4, .tos = p[1], .ttl = p[8], .proto = p[9], .df = flags & DF, .fragment = flags & FRAGMENT_BITS, .total = get16(p + 2),
		.headers = (p[0] & 0xfu) * 4, .next_at = 9,
	};
}

static void read_v6(const uint8_t *p, struct soft_ip *ip)
{
	*ip = (struct soft_ip){
		.version = 6, .tos = (uint8_t)(get16(p) >> 4), .ttl = p[7], .proto = p[6], .df = true, .total = IPV6_HDR + get16(p + 4),
		.headers = IPV6_HDR, .flow = get32(p) & 0xfffff, .next_at = 6,
	};
}

bool soft_parse_inner(const uint8_t *p, uint32_t len, struct soft_ip *ip)
{
	if (len >= IPV4_HDR && p[0] >> 4 == 4) {
		read_v4(p, ip);
		return ip->headers >= IPV4_HDR && ip->headers <= len && ip->total == len;
	}
	if (len < IPV6_HDR || p[0] >> 4 != 6)
		return false;
	read_v6(p, ip);
	return ip->total == len;
}

static bool is_extension(uint8_t proto)
{
	return proto == PROTO_HOP_BY_HOP || proto == PROTO_ROUTING || proto == PROTO_DESTINATION;
}

/* Along the extension headers. Each of them is passed, or, in_front, only those behind which ESP belongs. */
static uint8_t walk(const uint8_t *p, struct soft_ip *ip, bool in_front, uint8_t malformed)
{
	uint32_t at = IPV6_HDR, next_at = 6;
	uint8_t proto = p[6];

	while (is_extension(proto)) {
		uint32_t size;

		if (at + 8 > ip->total)
			return malformed;
		size = (p[at + 1] + 1u) * 8;
		if (at + size > ip->total || (proto == PROTO_HOP_BY_HOP && at != IPV6_HDR))
			return malformed;
		if (at + size > SOFT_HEADERS_MAX)
			return ESP_STATUS_UNSUPPORTED;
		if (proto == PROTO_ROUTING && p[at + 3])
			ip->routed = true;
		next_at = at;
		at += size;
		if (proto != PROTO_DESTINATION || !in_front) {
			ip->headers = at;
			ip->next_at = next_at;
			ip->proto = p[next_at];
		}
		proto = p[next_at];
	}
	ip->fragment = proto == PROTO_FRAGMENT;
	return ESP_STATUS_OK;
}

uint8_t soft_parse_place(const uint8_t *p, struct soft_ip *ip)
{
	uint8_t status = ip->version == 6 ? walk(p, ip, true, ESP_STATUS_INNER_MALFORMED) : ESP_STATUS_OK;

	return status ? status : ip->fragment ? ESP_STATUS_FRAGMENT : ESP_STATUS_OK;
}

uint8_t soft_parse_outer(const uint8_t *p, uint32_t len, struct soft_ip *ip)
{
	if (len >= IPV4_HDR && p[0] >> 4 == 4) {
		read_v4(p, ip);
		if (ip->headers < IPV4_HDR || ip->total > len || ip->total < ip->headers || soft_ipv4_checksum(p, ip->headers))
			return ESP_STATUS_OUTER_MALFORMED;
		return ESP_STATUS_OK;
	}
	if (len < IPV6_HDR || p[0] >> 4 != 6)
		return ESP_STATUS_OUTER_MALFORMED;
	read_v6(p, ip);
	if (ip->total > len || ip->total == IPV6_HDR) /* a payload of 0 is none, or a jumbogram's */
		return ESP_STATUS_OUTER_MALFORMED;
	return walk(p, ip, false, ESP_STATUS_OUTER_MALFORMED);
}
