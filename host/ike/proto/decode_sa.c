/* SPDX-License-Identifier: Apache-2.0 */
/* SA payloads (RFC 7296, 3.3): proposals, their transforms, the transforms' attributes. */
#include <errno.h>
#include <string.h>

#include "proto/bytes.h"
#include "proto/message.h"
#include "proto/sa_format.h"

static int bad(const char **why, const char *text)
{
	*why = text;
	return -EBADMSG;
}

static int decode_attributes(const uint8_t *p, size_t len, struct transform *transform, const char **why)
{
	uint16_t type;
	size_t attribute_len;

	while (len) {
		if (len < ATTRIBUTE_LEN)
			return bad(why, "a transform attribute runs over the end of its transform");
		type = be16_get(p);
		attribute_len = type & ATTRIBUTE_SHORT ? ATTRIBUTE_LEN : ATTRIBUTE_LEN + be16_get(p + 2);
		if (attribute_len > len)
			return bad(why, "a transform attribute runs over the end of its transform");
		if (type == (ATTRIBUTE_SHORT | ATTRIBUTE_KEY_LENGTH) && !transform->key_bits && be16_get(p + 2))
			transform->key_bits = be16_get(p + 2);
		else
			transform->unusable = true;
		p += attribute_len;
		len -= attribute_len;
	}
	return 0;
}

static bool is_known_type(uint8_t type)
{
	return type >= IKE_TR_ENCR && type <= IKE_TR_ESN;
}

/* The count transforms that fill p. */
static int decode_transforms(const uint8_t *p, size_t len, unsigned int count, struct proposal *proposal, bool *crowded, const char **why)
{
	struct transform transform;
	size_t transform_len;
	int ret;

	for (; count; count--) {
		if (len < TRANSFORM_HEADER_LEN)
			return bad(why, "a proposal holds fewer transforms than it counts");
		transform_len = be16_get(p + 2);
		if (transform_len < TRANSFORM_HEADER_LEN || transform_len > len)
			return bad(why, "a transform runs over the end of its proposal");
		if (p[0] != (count > 1 ? MORE_TRANSFORMS : LAST))
			return bad(why, "a transform's \"last\" field does not fit the count of transforms");
		transform = (struct transform){ .type = p[4], .id = be16_get(p + 6) };
		ret = decode_attributes(p + TRANSFORM_HEADER_LEN, transform_len - TRANSFORM_HEADER_LEN, &transform, why);
		if (ret)
			return ret;
		if (proposal->count == PROPOSAL_TRANSFORMS_MAX)
			proposal->unusable = *crowded = true;
		else if (!is_known_type(transform.type))
			proposal->unusable = true;
		else
			proposal->transforms[proposal->count++] = transform;
		p += transform_len;
		len -= transform_len;
	}
	return len ? bad(why, "a proposal holds more than the transforms it counts") : 0;
}

/* 0: fits */
static int check_spi(const struct proposal *proposal, const char **why)
{
	switch (proposal->protocol) {
	case IKE_PROTO_IKE:
		return proposal->spi_len && proposal->spi_len != 8 ? bad(why, "an IKE proposal's SPI has neither 0 nor 8 bytes") : 0;
	case IKE_PROTO_AH:
	case IKE_PROTO_ESP:
		return proposal->spi_len != 4 ? bad(why, "an ESP or AH proposal's SPI does not have 4 bytes") : 0;
	default:
		return bad(why, "a proposal is not for IKE, ESP or AH");
	}
}

static int decode_proposal(const uint8_t *p, size_t len, struct proposal *proposal, bool *crowded, const char **why)
{
	size_t at;
	int ret;

	proposal->number = p[4];
	proposal->protocol = p[5];
	proposal->spi_len = p[6];
	proposal->spi = 0;
	proposal->unusable = false;
	proposal->count = 0;
	ret = check_spi(proposal, why);
	if (ret)
		return ret;
	at = PROPOSAL_HEADER_LEN + proposal->spi_len;
	if (at > len)
		return bad(why, "a proposal's SPI runs over its end");
	if (proposal->spi_len)
		proposal->spi = proposal->spi_len == 8 ? be64_get(p + PROPOSAL_HEADER_LEN) : be32_get(p + PROPOSAL_HEADER_LEN);
	if (!p[7])
		return bad(why, "a proposal has no transform");
	return decode_transforms(p + at, len - at, p[7], proposal, crowded, why);
}

int ike_decode_sa(const struct ike_payload *payload, struct proposals *list, const char **why)
{
	const uint8_t *p = payload->body;
	size_t len = payload->len, proposal_len;
	struct proposal surplus, *proposal;
	uint8_t number = 0;
	bool crowded;
	int ret;

	list->count = list->surplus = list->crowded = 0;
	while (len) {
		if (len < PROPOSAL_HEADER_LEN)
			return bad(why, "a proposal runs over the end of its SA payload");
		proposal_len = be16_get(p + 2);
		if (proposal_len < PROPOSAL_HEADER_LEN || proposal_len > len)
			return bad(why, "a proposal runs over the end of its SA payload");
		if (p[0] != (proposal_len < len ? MORE_PROPOSALS : LAST))
			return bad(why, "a proposal's \"last\" field does not fit the SA payload's length");
		if (!p[4] || (number && p[4] != number + 1))
			return bad(why, "the proposals' numbers do not ascend by one");
		number = p[4];
		proposal = list->count < PROPOSALS_MAX ? &list->list[list->count] : &surplus;
		crowded = false;
		ret = decode_proposal(p, proposal_len, proposal, &crowded, why);
		if (ret)
			return ret;
		list->crowded += crowded;
		if (proposal != &surplus)
			list->count++;
		else
			list->surplus++;
		p += proposal_len;
		len -= proposal_len;
	}
	return list->count ? 0 : bad(why, "an SA payload has no proposal");
}
