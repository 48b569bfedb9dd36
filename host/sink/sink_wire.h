/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing fields of sink messages in network order, with the bounds checked once per read. Inside host/sink. */
#ifndef ESPALIER_SINK_WIRE_H
#define ESPALIER_SINK_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Once bad, a reader gives zeros and stays bad. */
struct wire_reader {
	const uint8_t *at, *end;
	bool bad;
};

static inline uint64_t wire_get(struct wire_reader *r, unsigned int bytes)
{
	uint64_t value = 0;

	if (r->bad || (size_t)(r->end - r->at) < bytes) {
		r->bad = true;
		return 0;
	}
	while (bytes--)
		value = value << 8 | *r->at++;
	return value;
}

static inline void wire_get_bytes(struct wire_reader *r, void *out, size_t len)
{
	if (r->bad || (size_t)(r->end - r->at) < len) {
		r->bad = true;
		memset(out, 0, len);
		return;
	}
	memcpy(out, r->at, len);
	r->at += len;
}

/* Reserved bytes: must be zero. */
static inline void wire_get_zero(struct wire_reader *r, unsigned int bytes)
{
	if (wire_get(r, bytes))
		r->bad = true;
}

/* A byte that is 0 or 1. */
static inline bool wire_get_flag(struct wire_reader *r)
{
	uint64_t value = wire_get(r, 1);

	if (value > 1)
		r->bad = true;
	return value == 1;
}

/* A byte below limit. */
static inline unsigned int wire_get_enum(struct wire_reader *r, unsigned int limit)
{
	uint64_t value = wire_get(r, 1);

	if (value >= limit)
		r->bad = true;
	return r->bad ? 0 : (unsigned int)value;
}

static inline void wire_put(uint8_t **at, uint64_t value, unsigned int bytes)
{
	while (bytes--)
		*(*at)++ = (uint8_t)(value >> (8 * bytes));
}

static inline void wire_put_bytes(uint8_t **at, const void *data, size_t len)
{
	memcpy(*at, data, len);
	*at += len;
}

#endif
