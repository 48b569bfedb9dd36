/* SPDX-License-Identifier: Apache-2.0 */
/* What goes into each kind of payload (RFC 7296, 3.3 to 3.13). */
#include <errno.h>

#include "proto/build.h"
#include "proto/bytes.h"
#include "proto/sa_format.h"
#include "proto/ts_format.h"

/* Refuse values that no message can say. */
static void demand(struct ike_builder *b, bool met)
{
	if (!met && !b->error)
		b->error = -EINVAL;
}

static void transform(struct ike_builder *b, const struct transform *t, bool last)
{
	ike_build_u8(b, last ? LAST : MORE_TRANSFORMS);
	ike_build_u8(b, 0);
	ike_build_u16(b, (uint16_t)(TRANSFORM_HEADER_LEN + (t->key_bits ? ATTRIBUTE_LEN : 0)));
	ike_build_u8(b, t->type);
	ike_build_u8(b, 0);
	ike_build_u16(b, t->id);
	if (t->key_bits) {
		ike_build_u16(b, ATTRIBUTE_SHORT | ATTRIBUTE_KEY_LENGTH);
		ike_build_u16(b, t->key_bits);
	}
}

static bool is_sent(const struct transform *t, unsigned int flags)
{
	return !t->unusable && !((flags & PROPOSAL_IGNORE_KE) && t->type == IKE_TR_KE);
}

static void proposal(struct ike_builder *b, const struct proposal *p, uint8_t number, bool last, unsigned int flags)
{
	unsigned int i, left = 0;
	size_t at = b->len;

	for (i = 0; i < p->count; i++)
		left += is_sent(&p->transforms[i], flags);
	demand(b, left > 0 && left <= UINT8_MAX && (p->spi_len == 0 || p->spi_len == 4 || p->spi_len == 8));
	ike_build_u8(b, last ? LAST : MORE_PROPOSALS);
	ike_build_u8(b, 0);
	ike_build_u16(b, 0);
	ike_build_u8(b, number);
	ike_build_u8(b, p->protocol);
	ike_build_u8(b, p->spi_len);
	ike_build_u8(b, (uint8_t)left);
	if (p->spi_len == 8)
		ike_build_u64(b, p->spi);
	else if (p->spi_len)
		ike_build_u32(b, (uint32_t)p->spi);
	for (i = 0; i < p->count; i++)
		if (is_sent(&p->transforms[i], flags))
			transform(b, &p->transforms[i], --left == 0);
	if (!b->error)
		be16_put(b->data + at + 2, (uint16_t)(b->len - at));
}

void ike_build_sa(struct ike_builder *b, const struct proposals *list, unsigned int flags)
{
	unsigned int i, last = PROPOSALS_MAX;
	uint8_t number = 0;

	for (i = 0; i < list->count; i++)
		if (!list->list[i].unusable)
			last = i;
	demand(b, last < PROPOSALS_MAX);
	ike_build_payload(b, IKE_PL_SA, false);
	for (i = 0; i < list->count; i++) {
		if (list->list[i].unusable)
			continue;
		proposal(b, &list->list[i], ++number, i == last, flags);
	}
}

void ike_build_sa_answer(struct ike_builder *b, const struct proposal *p)
{
	ike_build_payload(b, IKE_PL_SA, false);
	proposal(b, p, p->number, true, 0);
}

void ike_build_ke(struct ike_builder *b, uint16_t method, const uint8_t *data, size_t len)
{
	demand(b, len > 0);
	ike_build_payload(b, IKE_PL_KE, false);
	ike_build_u16(b, method);
	ike_build_u16(b, 0);
	ike_build_bytes(b, data, len);
}

/* ID and AUTH: a byte, three reserved ones, data */
static void typed(struct ike_builder *b, uint8_t payload, uint8_t type)
{
	ike_build_payload(b, payload, false);
	ike_build_u8(b, type);
	ike_build_u8(b, 0);
	ike_build_u16(b, 0);
}

void ike_build_id(struct ike_builder *b, uint8_t type, uint8_t id_type, const uint8_t *data, size_t len)
{
	demand(b, (type == IKE_PL_IDI || type == IKE_PL_IDR) && len > 0);
	typed(b, type, id_type);
	ike_build_bytes(b, data, len);
}

void ike_build_cert(struct ike_builder *b, uint8_t encoding, const uint8_t *data, size_t len)
{
	demand(b, len > 0);
	ike_build_payload(b, IKE_PL_CERT, false);
	ike_build_u8(b, encoding);
	ike_build_bytes(b, data, len);
}

void ike_build_certreq(struct ike_builder *b, uint8_t encoding, const uint8_t *data, size_t len)
{
	ike_build_payload(b, IKE_PL_CERTREQ, false);
	ike_build_u8(b, encoding);
	ike_build_bytes(b, data, len);
}

void ike_build_auth(struct ike_builder *b, uint8_t method, const uint8_t *data, size_t len)
{
	demand(b, len > 0);
	typed(b, IKE_PL_AUTH, method);
	ike_build_bytes(b, data, len);
}

void ike_build_signature(struct ike_builder *b, const uint8_t *algorithm, size_t algorithm_len, const uint8_t *signature, size_t len)
{
	demand(b, algorithm_len > 0 && algorithm_len <= UINT8_MAX && len > 0);
	typed(b, IKE_PL_AUTH, IKE_AUTH_DIGITAL_SIGNATURE);
	ike_build_u8(b, (uint8_t)algorithm_len);
	ike_build_bytes(b, algorithm, algorithm_len);
	ike_build_bytes(b, signature, len);
}

void ike_build_nonce(struct ike_builder *b, const uint8_t *nonce, size_t len)
{
	demand(b, len >= IKE_NONCE_MIN && len <= IKE_NONCE_MAX);
	ike_build_payload(b, IKE_PL_NONCE, false);
	ike_build_bytes(b, nonce, len);
}

void ike_build_notify(struct ike_builder *b, uint16_t type, const void *data, size_t len)
{
	ike_build_payload(b, IKE_PL_NOTIFY, false);
	ike_build_u8(b, IKE_PROTO_NONE);
	ike_build_u8(b, 0);
	ike_build_u16(b, type);
	ike_build_bytes(b, data, len);
}

void ike_build_notify_spi(struct ike_builder *b, uint16_t type, uint8_t protocol, uint32_t spi, const void *data, size_t len)
{
	demand(b, protocol == IKE_PROTO_ESP || protocol == IKE_PROTO_AH);
	ike_build_payload(b, IKE_PL_NOTIFY, false);
	ike_build_u8(b, protocol);
	ike_build_u8(b, sizeof(spi));
	ike_build_u16(b, type);
	ike_build_u32(b, spi);
	ike_build_bytes(b, data, len);
}

void ike_build_delete_ike(struct ike_builder *b)
{
	ike_build_payload(b, IKE_PL_DELETE, false);
	ike_build_u8(b, IKE_PROTO_IKE);
	ike_build_u8(b, 0);
	ike_build_u16(b, 0);
}

void ike_build_delete(struct ike_builder *b, uint8_t protocol, const uint32_t *spis, unsigned int count)
{
	unsigned int i;

	demand(b, (protocol == IKE_PROTO_ESP || protocol == IKE_PROTO_AH) && count > 0 && count <= UINT16_MAX);
	ike_build_payload(b, IKE_PL_DELETE, false);
	ike_build_u8(b, protocol);
	ike_build_u8(b, sizeof(*spis));
	ike_build_u16(b, (uint16_t)count);
	for (i = 0; i < count && !b->error; i++)
		ike_build_u32(b, spis[i]);
}

void ike_build_vendor(struct ike_builder *b, const void *data, size_t len)
{
	ike_build_payload(b, IKE_PL_VENDOR, false);
	ike_build_bytes(b, data, len);
}

static void selector(struct ike_builder *b, const struct ts *ts)
{
	size_t ip = ip_len(&ts->lo);

	demand(b, ip && ts->hi.family == ts->lo.family);
	ike_build_u8(b, ip == 4 ? TS_IPV4_ADDR_RANGE : TS_IPV6_ADDR_RANGE);
	ike_build_u8(b, ts->proto);
	ike_build_u16(b, (uint16_t)(TS_HEADER_LEN + 2 * ip));
	ike_build_u16(b, ts->port_lo);
	ike_build_u16(b, ts->port_hi);
	ike_build_bytes(b, ts->lo.bytes, ip);
	ike_build_bytes(b, ts->hi.bytes, ip);
}

void ike_build_ts(struct ike_builder *b, uint8_t type, const struct ts *ts, unsigned int count)
{
	unsigned int i;

	demand(b, (type == IKE_PL_TSI || type == IKE_PL_TSR) && count > 0 && count <= UINT8_MAX);
	typed(b, type, (uint8_t)count);
	for (i = 0; i < count; i++)
		selector(b, &ts[i]);
}
