/* SPDX-License-Identifier: Apache-2.0 */
/* The builder: room, header, generic payload headers, encrypted payloads. What goes into the payloads is in build_payloads.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/build.h"
#include "proto/bytes.h"

#define FIRST_SIZE 512u
#define IN_FIRST SIZE_MAX
#define NOT_OPEN SIZE_MAX
#define CRITICAL 0x80u
#define NEXT_PAYLOAD_AT 16u
#define LENGTH_AT 24u

void ike_build_fixed(struct ike_builder *b, uint8_t *buffer, size_t size)
{
	*b = (struct ike_builder){ .data = buffer, .size = size, .max = size, .next_at = IN_FIRST, .payload_at = NOT_OPEN };
}

void ike_build_growing(struct ike_builder *b, size_t max)
{
	*b = (struct ike_builder){ .max = max, .grows = true, .next_at = IN_FIRST, .payload_at = NOT_OPEN };
}

/* What is built is in clear until it is sealed. */
static void wipe(uint8_t *data, size_t len)
{
	if (data)
		explicit_bzero(data, len);
	free(data);
}

void ike_build_free(struct ike_builder *b)
{
	if (b->grows)
		wipe(b->data, b->len);
	b->data = NULL;
	b->len = b->size = 0;
}

static void fail(struct ike_builder *b, int error)
{
	if (!b->error)
		b->error = error;
}

static bool grow(struct ike_builder *b, size_t size)
{
	size_t doubled = b->size ? 2 * b->size : FIRST_SIZE;
	uint8_t *data;

	if (size < doubled)
		size = doubled < b->max ? doubled : b->max;
	data = malloc(size);
	if (!data) {
		fail(b, -ENOMEM);
		return false;
	}
	if (b->len)
		memcpy(data, b->data, b->len);
	wipe(b->data, b->len);
	b->data = data;
	b->size = size;
	return true;
}

/* Room for len bytes at the end, or NULL and an error. */
static uint8_t *take(struct ike_builder *b, size_t len)
{
	uint8_t *room;

	if (b->error)
		return NULL;
	if (len > b->max - b->len) {
		fail(b, -ENOBUFS);
		return NULL;
	}
	if (len > b->size - b->len && !grow(b, b->len + len))
		return NULL;
	room = b->data + b->len;
	b->len += len;
	return room;
}

void ike_build_bytes(struct ike_builder *b, const void *bytes, size_t len)
{
	uint8_t *room = take(b, len);

	if (room && len)
		memcpy(room, bytes, len);
}

void ike_build_u8(struct ike_builder *b, uint8_t value)
{
	ike_build_bytes(b, &value, 1);
}

void ike_build_u16(struct ike_builder *b, uint16_t value)
{
	uint8_t bytes[2];

	be16_put(bytes, value);
	ike_build_bytes(b, bytes, sizeof(bytes));
}

void ike_build_u32(struct ike_builder *b, uint32_t value)
{
	uint8_t bytes[4];

	be32_put(bytes, value);
	ike_build_bytes(b, bytes, sizeof(bytes));
}

void ike_build_u64(struct ike_builder *b, uint64_t value)
{
	uint8_t bytes[8];

	be64_put(bytes, value);
	ike_build_bytes(b, bytes, sizeof(bytes));
}

void ike_build_header(struct ike_builder *b, const struct ike_header *header)
{
	uint8_t *p = b->len ? NULL : take(b, IKE_HEADER_LEN);

	if (!p) {
		fail(b, -EINVAL);
		return;
	}
	be64_put(p, header->spi_i);
	be64_put(p + 8, header->spi_r);
	p[NEXT_PAYLOAD_AT] = IKE_PL_NONE;
	p[17] = IKE_VERSION;
	p[18] = header->exchange;
	p[19] = header->flags;
	be32_put(p + 20, header->message_id);
	be32_put(p + LENGTH_AT, IKE_HEADER_LEN);
	b->has_header = true;
	b->next_at = NEXT_PAYLOAD_AT;
}

/* The open payload is complete. */
static void close_payload(struct ike_builder *b)
{
	size_t len;

	if (b->error || b->payload_at == NOT_OPEN)
		return;
	len = b->len - b->payload_at;
	if (len > UINT16_MAX) {
		fail(b, -EINVAL);
		return;
	}
	be16_put(b->data + b->payload_at + 2, (uint16_t)len);
	b->payload_at = NOT_OPEN;
}

void ike_build_payload(struct ike_builder *b, uint8_t type, bool critical)
{
	size_t at;
	uint8_t *p;

	close_payload(b);
	if (type == IKE_PL_NONE || b->sealed)
		fail(b, -EINVAL);
	at = b->len;
	p = take(b, IKE_PAYLOAD_HEADER_LEN);
	if (!p)
		return;
	p[0] = IKE_PL_NONE;
	p[1] = critical ? CRITICAL : 0;
	be16_put(p + 2, 0);
	if (b->next_at != IN_FIRST)
		b->data[b->next_at] = type;
	if (!b->first)
		b->first = type;
	b->next_at = b->payload_at = at;
}

int ike_build_end(struct ike_builder *b)
{
	close_payload(b);
	if (!b->error && b->has_header)
		be32_put(b->data + LENGTH_AT, (uint32_t)b->len);
	return b->error;
}

void ike_build_sealed(struct ike_builder *b, uint8_t first_inner, uint16_t fragment, uint16_t total, size_t inner_len,
		      const struct ike_seal_sizes *sizes, struct ike_sealed *where)
{
	size_t padded = (inner_len + sizes->block) / sizes->block * sizes->block;
	uint8_t *p;

	if (!b->has_header || (total && (!fragment || fragment > total)))
		fail(b, -EINVAL);
	ike_build_payload(b, total ? IKE_PL_SKF : IKE_PL_SK, false);
	if (total) {
		ike_build_u16(b, fragment);
		ike_build_u16(b, total);
	}
	*where = (struct ike_sealed){ .first_inner = fragment > 1 ? IKE_PL_NONE : first_inner, .fragment = fragment, .total = total };
	where->iv_at = b->len;
	where->text_at = where->iv_at + sizes->iv_len;
	where->text_len = padded;
	where->icv_at = where->text_at + padded;
	p = take(b, sizes->iv_len + padded + sizes->icv_len);
	if (!p)
		return;
	memset(p, 0, sizes->iv_len + padded + sizes->icv_len);
	b->data[where->icv_at - 1] = (uint8_t)(padded - 1 - inner_len);
	b->data[b->next_at] = where->first_inner;
	b->sealed = true;
}
