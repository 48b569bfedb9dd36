/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of IP headers that ESP copies, sets or changes: outer headers of tunnels, congestion marks, TTL (RFC 4301, 5.1.2; RFC 6040). */
#ifndef ESPALIER_SOFT_FIELDS_H
#define ESPALIER_SOFT_FIELDS_H

#include "espalier_sa.h"
#include "soft_parse.h"

/* The outer header of a tunnel at out, IPv4 or IPv6 as the SA's addresses. total: bytes of the whole outer packet. proto: ESP or UDP. */
void soft_put_outer(uint8_t *out, const struct espalier_sa_config *config, const struct soft_ip *inner, uint32_t total, uint8_t proto, uint64_t seq);

/* A packet's own headers in front of ESP, of ip->headers bytes at out: what is behind them becomes proto, the whole packet total bytes. */
void soft_patch_headers(uint8_t *out, const struct soft_ip *ip, uint8_t proto, uint32_t total);

/* TTL or hop limit of the packet at p one less, checksum mended. */
void soft_decrement_ttl(uint8_t *p, const struct soft_ip *ip);

/* Does anything of an outer TOS go to an inner header? Without a mark on it and copy_dscp nothing does, whatever the SA says of marks. */
static inline bool soft_merges_tos(const struct espalier_sa_config *config, uint8_t outer)
{
	return (outer & 3) || config->copy_dscp;
}

/* What of the outer TOS (outer) goes to the packet at p on decapsulation: marks and, if the SA says so, DSCP. ESP_STATUS_OK or ECN_INVALID. */
uint8_t soft_merge_tos(uint8_t *p, const struct soft_ip *inner, const struct espalier_sa_config *config, uint8_t outer);

#endif
