/* SPDX-License-Identifier: Apache-2.0 */
#include "soft_udp.h"

#include "espalier_regs.h"
#include "soft_bytes.h"
#include "soft_checksum.h"

#define MARKER 4u /* bytes of the non-ESP marker (RFC 3948, 2.2) */
#define TCP_HDR 20u

void soft_put_udp(uint8_t *out, uint16_t sport, uint16_t dport, uint32_t len)
{
	put16(out, sport);
	put16(out + 2, dport);
	put16(out + 4, UDP_HDR + len);
	put16(out + 6, 0);
}

/* A sum of 0 is sent as its other form, as 0 says that there is none. */
static void put_checksum(const uint8_t *packet, uint8_t proto, uint8_t *data, uint32_t len, uint32_t at)
{
	uint16_t sum;

	put16(data + at, 0);
	sum = soft_upper_checksum(packet, proto, data, len);
	put16(data + at, sum || proto != PROTO_UDP ? sum : 0xffff);
}

void soft_finish_udp(uint8_t *packet, uint32_t at, uint32_t total)
{
	if (packet[0] >> 4 == 6)
		put_checksum(packet, PROTO_UDP, packet + at, total - at, 6);
}

bool soft_udp_ports(const uint8_t *packet, const struct soft_ip *ip, struct soft_udp *udp)
{
	if (ip->total - ip->headers < UDP_HDR)
		return false;
	udp->sport = (uint16_t)get16(packet + ip->headers);
	udp->dport = (uint16_t)get16(packet + ip->headers + 2);
	return true;
}

uint8_t soft_check_udp(const uint8_t *packet, const struct soft_ip *ip, struct soft_udp *udp)
{
	const uint8_t *header = packet + ip->headers, *payload = header + UDP_HDR;
	uint32_t len = get16(header + 4), sum = get16(header + 6);

	if (len < UDP_HDR || len > ip->total - ip->headers || (ip->version == 6 && !sum))
		return ESP_STATUS_OUTER_MALFORMED;
	if (sum && soft_upper_checksum(packet, PROTO_UDP, header, len))
		return ESP_STATUS_OUTER_MALFORMED;
	udp->len = len - UDP_HDR;
	if (udp->len == 1 && payload[0] == 0xff)
		return ESP_STATUS_NAT_KEEPALIVE;
	return udp->len >= MARKER && !get32(payload) ? ESP_STATUS_NON_ESP : ESP_STATUS_OK;
}

void soft_mend_upper(uint8_t *packet, const struct soft_ip *ip, uint8_t proto, uint32_t len)
{
	uint8_t *data = packet + ip->headers;

	if (proto == PROTO_TCP && len >= TCP_HDR)
		put_checksum(packet, PROTO_TCP, data, len, 16);
	else if (proto == PROTO_UDP && len >= UDP_HDR && ip->version == 6)
		put_checksum(packet, PROTO_UDP, data, len, 6);
	else if (proto == PROTO_UDP && len >= UDP_HDR)
		put16(data + 6, 0);
}
