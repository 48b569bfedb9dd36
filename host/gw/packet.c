/* SPDX-License-Identifier: Apache-2.0 */
#include "packet.h"

#include <netinet/in.h>
#include <string.h>

#define OPTION_END 0u
#define OPTION_NOP 1u
#define OPTION_COPIED 0x80u
#define ICMP_HEADER 8u
#define ICMP_UNREACHABLE 3u
#define ICMP_NEED_FRAGMENT 4u

uint16_t packet_checksum(const uint8_t *data, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += get_be16(data + i);
	if (len & 1)
		sum += (uint32_t)data[len - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void parse_ports(const uint8_t *ip, struct packet *packet)
{
	const uint8_t *data = ip + packet->header_len;
	size_t len = packet->len - packet->header_len;

	if (packet->later)
		return;
	switch (packet->proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
	case IPPROTO_UDPLITE:
		packet->has_port = len >= 4;
		break;
	case IPPROTO_ICMP:
		packet->has_port = len >= 2;
		break;
	}
	if (!packet->has_port)
		return;
	packet->src_port = (uint16_t)get_be16(data);
	packet->dst_port = packet->proto == IPPROTO_ICMP ? packet->src_port : (uint16_t)get_be16(data + 2);
}

bool packet_parse(const uint8_t *ip, size_t len, struct packet *packet)
{
	*packet = (struct packet){ 0 };
	if (len < IPV4_HEADER || ip[0] >> 4 != 4)
		return false;
	packet->header_len = (uint16_t)((ip[0] & 0xf) * 4);
	packet->len = (uint16_t)get_be16(ip + 2);
	if (packet->header_len < IPV4_HEADER || packet->header_len > packet->len || packet->len > len)
		return false;
	packet->tos = ip[1];
	packet->id = (uint16_t)get_be16(ip + 4);
	packet->df = get_be16(ip + 6) & IPV4_DF;
	packet->later = get_be16(ip + 6) & IPV4_OFFSET;
	packet->first = get_be16(ip + 6) & IPV4_MF && !packet->later;
	packet->proto = ip[9];
	packet->src = ip_from_v4(ip + 12);
	packet->dst = ip_from_v4(ip + 16);
	parse_ports(ip, packet);
	return true;
}

/* The header of a fragment behind the first: only options with the copied flag (RFC 791, 3.1). Its length. */
static size_t later_header(const uint8_t *ip, size_t header_len, uint8_t *out)
{
	size_t to = IPV4_HEADER, at = IPV4_HEADER;

	memcpy(out, ip, IPV4_HEADER);
	while (at < header_len && ip[at] != OPTION_END) {
		size_t len = ip[at] == OPTION_NOP ? 1 : at + 1 < header_len ? ip[at + 1] : 0;

		if (len < 1 || (ip[at] != OPTION_NOP && len < 2) || at + len > header_len)
			break; /* nonsense: nothing behind it can be read */
		if (ip[at] & OPTION_COPIED) {
			memcpy(out + to, ip + at, len);
			to += len;
		}
		at += len;
	}
	while (to % 4)
		out[to++] = OPTION_END;
	out[0] = (uint8_t)(0x40 | to / 4);
	return to;
}

size_t packet_fragment(const uint8_t *ip, const struct packet *packet, uint16_t mtu, size_t *at, uint8_t *out)
{
	size_t payload = packet->len - packet->header_len, header_len = packet->header_len, len;
	uint32_t flags = get_be16(ip + 6), offset = (flags & IPV4_OFFSET) + (uint32_t)(*at / 8);
	uint8_t header[IPV4_HEADER_MAX];
	bool last;

	if (*at >= payload || offset > IPV4_OFFSET)
		return 0;
	if (*at)
		header_len = later_header(ip, packet->header_len, header);
	else
		memcpy(header, ip, header_len);
	if (mtu < header_len + 8)
		return 0;
	len = payload - *at;
	last = header_len + len <= mtu;
	if (!last)
		len = (mtu - header_len) & ~(size_t)7;
	memcpy(out, header, header_len);
	memcpy(out + header_len, ip + packet->header_len + *at, len);
	put_be16(out + 2, (uint32_t)(header_len + len));
	put_be16(out + 6, (flags & IPV4_DF) | (last ? flags & IPV4_MF : IPV4_MF) | offset);
	put_be16(out + 10, 0);
	put_be16(out + 10, packet_checksum(out, header_len));
	*at += len;
	return header_len + len;
}

static bool may_answer(const uint8_t *ip, const struct packet *packet)
{
	uint8_t first = packet->src.bytes[0];

	if (get_be16(ip + 6) & IPV4_OFFSET)
		return false;
	if (first == 0 || first == 127 || first >= 224 || packet->dst.bytes[0] >= 224)
		return false;
	if (packet->proto != IPPROTO_ICMP)
		return true;
	if (!packet->has_port)
		return false;
	switch (packet->src_port >> 8) { /* answers to queries and queries, no errors */
	case 0: case 8: case 13: case 14: case 15: case 16: case 17: case 18:
		return true;
	}
	return false;
}

size_t packet_too_big(const uint8_t *ip, const struct packet *packet, uint16_t mtu, uint8_t *out)
{
	size_t quoted = packet->len, len;

	if (!may_answer(ip, packet))
		return 0;
	if (quoted > ICMP_ANSWER_MAX - IPV4_HEADER - ICMP_HEADER)
		quoted = ICMP_ANSWER_MAX - IPV4_HEADER - ICMP_HEADER;
	len = IPV4_HEADER + ICMP_HEADER + quoted;
	memset(out, 0, IPV4_HEADER + ICMP_HEADER);
	out[0] = 0x45;
	out[1] = 0xc0; /* internetwork control (RFC 1812, 4.3.2.5) */
	put_be16(out + 2, (uint32_t)len);
	out[8] = 64;
	out[9] = IPPROTO_ICMP;
	memcpy(out + 12, packet->dst.bytes, 4);
	memcpy(out + 16, packet->src.bytes, 4);
	put_be16(out + 10, packet_checksum(out, IPV4_HEADER));
	out[20] = ICMP_UNREACHABLE;
	out[21] = ICMP_NEED_FRAGMENT;
	put_be16(out + 26, mtu);
	memcpy(out + 28, ip, quoted);
	put_be16(out + 22, packet_checksum(out + IPV4_HEADER, ICMP_HEADER + quoted));
	return len;
}
