/* SPDX-License-Identifier: Apache-2.0 */
/* ESP in UDP (RFC 3948), both families. */
#ifndef ESPALIER_SOFT_UDP_H
#define ESPALIER_SOFT_UDP_H

#include <stdint.h>

#include "soft_parse.h"

#define SOFT_NAT_T_PORT 4500u

struct soft_udp {
	uint16_t sport, dport;
	uint32_t len; /* bytes of the payload; it stands behind the header */
};

/* The header at out, checksum 0. len: bytes of ESP behind it. */
void soft_put_udp(uint8_t *out, uint16_t sport, uint16_t dport, uint32_t len);

/* The checksum of a whole packet of total bytes with its UDP header at at: none over IPv4 (RFC 3948, 2.1), over IPv6 it must be there (RFC 8200, 8.1). */
void soft_finish_udp(uint8_t *packet, uint32_t at, uint32_t total);

/* Ports of the datagram behind the headers of a received packet; false: there is no room for a UDP header. */
bool soft_udp_ports(const uint8_t *packet, const struct soft_ip *ip, struct soft_udp *udp);

/*
 * Length and checksum, which is checked if there is one, as every receiver does (RFC 1122, 4.1.3.4), and must be there over IPv6; then what it carries.
 * ESP_STATUS_OK: ESP; NON_ESP, NAT_KEEPALIVE, OUTER_MALFORMED.
 */
uint8_t soft_check_udp(const uint8_t *packet, const struct soft_ip *ip, struct soft_udp *udp);

/*
 * Transport mode through a NAT: addresses changed under the checksum of what was protected (RFC 3948, 3.1.2). Of TCP, and of UDP over IPv6, it is made anew;
 * UDP over IPv4 has none afterwards. len: bytes behind the headers of the packet.
 */
void soft_mend_upper(uint8_t *packet, const struct soft_ip *ip, uint8_t proto, uint32_t len);

#endif
