/* SPDX-License-Identifier: Apache-2.0 */
/* IKE header and chain of payloads (RFC 7296, 3.1 and 3.2). */
#include <errno.h>

#include "proto/bytes.h"
#include "proto/message.h"

#define MAJOR 2u
#define CRITICAL 0x80u

static int bad(const char **why, const char *text)
{
	*why = text;
	return -EBADMSG;
}

int ike_header_parse(const uint8_t *data, size_t len, struct ike_header *header, const char **why)
{
	if (len < IKE_HEADER_LEN)
		return bad(why, "the message is shorter than an IKE header");
	*header = (struct ike_header){
		.spi_i = be64_get(data),
		.spi_r = be64_get(data + 8),
		.next_payload = data[16],
		.version = data[17],
		.exchange = data[18],
		.flags = data[19],
		.message_id = be32_get(data + 20),
		.length = be32_get(data + 24),
	};
	if (header->version >> 4 > MAJOR) {
		*why = "the major version is above 2";
		return -EPROTONOSUPPORT;
	}
	if (header->version >> 4 < MAJOR)
		return bad(why, "the major version is below 2");
	if (header->length != len)
		return bad(why, "the length in the IKE header is not that of the message");
	if (len > IKE_MESSAGE_MAX)
		return bad(why, "the message is longer than 65535 bytes");
	if (!header->spi_i)
		return bad(why, "the initiator's SPI is zero");
	return 0;
}

static bool is_known(uint8_t type)
{
	return (type >= IKE_PL_SA && type <= IKE_PL_EAP) || type == IKE_PL_SKF;
}

static bool is_sealed(uint8_t type)
{
	return type == IKE_PL_SK || type == IKE_PL_SKF;
}

int ike_chain_parse(uint8_t first, const uint8_t *data, size_t len, bool inner, struct ike_chain *chain, const char **why)
{
	uint8_t type = first;
	struct ike_payload *payload;
	size_t at = 0, payload_len;

	chain->count = 0;
	chain->unsupported_critical = 0;
	while (type != IKE_PL_NONE) {
		if (len - at < IKE_PAYLOAD_HEADER_LEN)
			return bad(why, "a payload header runs over the end of the message");
		payload_len = be16_get(data + at + 2);
		if (payload_len < IKE_PAYLOAD_HEADER_LEN)
			return bad(why, "a payload is shorter than its header");
		if (payload_len > len - at)
			return bad(why, "a payload runs over the end of the message");
		if (chain->count == IKE_PAYLOADS_MAX)
			return bad(why, "the message has more than 256 payloads");
		payload = &chain->payloads[chain->count++];
		payload->type = type;
		payload->next = data[at];
		payload->critical = data[at + 1] & CRITICAL;
		payload->body = data + at + IKE_PAYLOAD_HEADER_LEN;
		payload->len = payload_len - IKE_PAYLOAD_HEADER_LEN;
		at += payload_len;
		if (!is_known(type) && payload->critical && !chain->unsupported_critical)
			chain->unsupported_critical = type;
		if (is_sealed(type)) {
			if (inner)
				return bad(why, "an encrypted payload is inside another");
			if (at != len)
				return bad(why, "the encrypted payload is not the last one");
			return 0;
		}
		type = payload->next;
	}
	return at == len ? 0 : bad(why, "there are bytes behind the last payload");
}

int ike_message_parse(const uint8_t *data, size_t len, struct ike_header *header, struct ike_chain *chain, const char **why)
{
	int ret = ike_header_parse(data, len, header, why);

	if (ret)
		return ret;
	return ike_chain_parse(header->next_payload, data + IKE_HEADER_LEN, len - IKE_HEADER_LEN, false, chain, why);
}

const struct ike_payload *ike_chain_next(const struct ike_chain *chain, uint8_t type, const struct ike_payload *after)
{
	const struct ike_payload *end = chain->payloads + chain->count, *payload;

	for (payload = after ? after + 1 : chain->payloads; payload < end; payload++)
		if (payload->type == type)
			return payload;
	return NULL;
}

const struct ike_payload *ike_chain_find(const struct ike_chain *chain, uint8_t type)
{
	return ike_chain_next(chain, type, NULL);
}

unsigned int ike_chain_count(const struct ike_chain *chain, uint8_t type)
{
	const struct ike_payload *payload = NULL;
	unsigned int count = 0;

	while ((payload = ike_chain_next(chain, type, payload)) != NULL)
		count++;
	return count;
}
