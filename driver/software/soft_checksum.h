/* SPDX-License-Identifier: Apache-2.0 */
/* The Internet checksum (RFC 1071), what it is of a header and of a datagram, and how it changes (RFC 1624). */
#ifndef ESPALIER_SOFT_CHECKSUM_H
#define ESPALIER_SOFT_CHECKSUM_H

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

/* A sum of 16-bit words, or of 32-bit words of two each, to the field's value; words in any byte order, the value is in the same. */
static inline uint16_t soft_checksum_fold(uint64_t sum)
{
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~((sum & 0xffff) + (sum >> 16));
}

/* Of an IPv4 header of len bytes, a multiple of 4 and at least 20: what belongs into the field, or 0 over a header that has it right. */
static inline uint16_t soft_ipv4_checksum(const uint8_t *header, uint32_t len)
{
	uint32_t word[5];
	uint64_t sum;

	memcpy(word, header, sizeof(word));
	sum = (uint64_t)word[0] + word[1] + word[2] + word[3] + word[4];
	for (uint32_t i = sizeof(word); i < len; i += sizeof(word[0])) {
		memcpy(word, header + i, sizeof(word[0]));
		sum += word[0];
	}
	return ntohs(soft_checksum_fold(sum)); /* the sum of swapped words is the swapped sum (RFC 1071, 2) */
}

/*
 * Of a UDP datagram or TCP segment of len bytes at data behind the IPv4 or IPv6 header at ip, pseudo header included (RFC 768, RFC 8200, 8.1): what belongs
 * into the field if that is 0, or 0 over one that has it right. proto: 6 or 17.
 */
uint16_t soft_upper_checksum(const uint8_t *ip, uint8_t proto, const uint8_t *data, uint32_t len);

/* The checksum at field after a 16-bit word that it covers became new (RFC 1624, equation 3). */
void soft_checksum_change(uint8_t *field, uint32_t old, uint32_t new);

#endif
