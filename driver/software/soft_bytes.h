/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers in network order. */
#ifndef ESPALIER_SOFT_BYTES_H
#define ESPALIER_SOFT_BYTES_H

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

static inline uint32_t get16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return ntohs(v);
}

static inline uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return ntohl(v);
}

static inline void put16(uint8_t *p, uint32_t v)
{
	uint16_t be = htons((uint16_t)v);

	memcpy(p, &be, sizeof(be));
}

static inline void put32(uint8_t *p, uint32_t v)
{
	uint32_t be = htonl(v);

	memcpy(p, &be, sizeof(be));
}

#endif
