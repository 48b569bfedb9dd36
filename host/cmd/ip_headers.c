/* SPDX-License-Identifier: Apache-2.0 */
#include "ip_headers.h"

#include <netinet/in.h>
#include <string.h>

#define IPV4_HEADER 20u
#define IPV6_HEADER 40u
#define UDP_HEADER 8u
#define ESP_HEADER 8u

static struct ip_addr address(uint8_t family, const uint8_t *bytes)
{
	struct ip_addr ip = { .family = family };

	memcpy(ip.bytes, bytes, family == 4 ? 4 : 16);
	return ip;
}

static bool parse_v4(const uint8_t *p, size_t len, struct ip_headers *headers)
{
	*headers = (struct ip_headers){
		.src = address(4, p + 12), .dst = address(4, p + 16), .proto = p[9], .fragment = p[6] & 0x3f || p[7], .len = (p[0] & 0xfu) * 4u,
	};
	return headers->len >= IPV4_HEADER && headers->len <= len;
}

static bool is_passed(uint8_t proto)
{
	return proto == IPPROTO_HOPOPTS || proto == IPPROTO_ROUTING || proto == IPPROTO_DSTOPTS;
}

bool ip_headers_parse(const uint8_t *packet, size_t len, struct ip_headers *headers)
{
	if (len >= IPV4_HEADER && packet[0] >> 4 == 4)
		return parse_v4(packet, len, headers);
	if (len < IPV6_HEADER || packet[0] >> 4 != 6)
		return false;
	*headers = (struct ip_headers){ .src = address(6, packet + 8), .dst = address(6, packet + 24), .proto = packet[6], .len = IPV6_HEADER };
	while (is_passed(headers->proto)) {
		size_t size;

		if (headers->len + 2 > len)
			return false;
		size = (packet[headers->len + 1] + 1u) * 8u;
		if (headers->len + size > len)
			return false;
		headers->proto = packet[headers->len];
		headers->len += size;
	}
	if (headers->proto == IPPROTO_FRAGMENT && headers->len < len) {
		headers->fragment = true;
		headers->proto = packet[headers->len];
	}
	return true;
}

const uint8_t *ip_headers_esp(const uint8_t *packet, size_t len)
{
	struct ip_headers headers;

	if (!ip_headers_parse(packet, len, &headers) || headers.fragment)
		return NULL;
	if (headers.proto == IPPROTO_UDP)
		headers.len += UDP_HEADER;
	else if (headers.proto != IPPROTO_ESP)
		return NULL;
	return headers.len + ESP_HEADER <= len ? packet + headers.len : NULL;
}
