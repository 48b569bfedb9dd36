/* SPDX-License-Identifier: Apache-2.0 */
/* An IP address of either family, the one type for it in driver and host. */
#ifndef ESPALIER_IP_ADDR_H
#define ESPALIER_IP_ADDR_H

#include <stdint.h>

struct ip_addr {
	uint8_t family;	   /* 4, 6, or 0: none */
	uint8_t bytes[16]; /* network order; the first 4 or 16 count, the rest is 0 */
};

/* An IPv4 address from and to a number: 192.0.2.1 is 0xc0000201. */
static inline struct ip_addr ip_from_number(uint32_t number)
{
	return (struct ip_addr){
		.family = 4, .bytes = { (uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number },
	};
}

static inline uint32_t ip_to_number(const struct ip_addr *ip)
{
	return (uint32_t)ip->bytes[0] << 24 | (uint32_t)ip->bytes[1] << 16 | (uint32_t)ip->bytes[2] << 8 | ip->bytes[3];
}

#endif
