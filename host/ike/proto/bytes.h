/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers in network order at any address. */
#ifndef ESPALIER_IKE_BYTES_H
#define ESPALIER_IKE_BYTES_H

#include <stdint.h>

static inline uint16_t be16_get(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t be32_get(const uint8_t *p)
{
	return (uint32_t)be16_get(p) << 16 | be16_get(p + 2);
}

static inline uint64_t be64_get(const uint8_t *p)
{
	return (uint64_t)be32_get(p) << 32 | be32_get(p + 4);
}

static inline void be16_put(uint8_t *p, uint16_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static inline void be32_put(uint8_t *p, uint32_t value)
{
	be16_put(p, (uint16_t)(value >> 16));
	be16_put(p + 2, (uint16_t)value);
}

static inline void be64_put(uint8_t *p, uint64_t value)
{
	be32_put(p, (uint32_t)(value >> 32));
	be32_put(p + 4, (uint32_t)value);
}

#endif
