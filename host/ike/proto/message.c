/* SPDX-License-Identifier: Apache-2.0 */
/* IKE header, chain of payloads, and a line about them (RFC 7296, 3.1 and 3.2). */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

__attribute__((format(printf, 3, 4))) static void add(char *text, size_t *len, const char *format, ...)
{
	size_t room = IKE_SUMMARY_LEN - *len;
	va_list args;
	int ret;

	va_start(args, format);
	ret = vsnprintf(text + *len, room, format, args);
	va_end(args);
	*len += (size_t)ret < room ? (size_t)ret : room - 1;
}

static void add_number(char *text, size_t *len, enum ike_registry registry, unsigned int number)
{
	const char *name = ike_name(registry, number);

	if (!strcmp(name, "unknown"))
		add(text, len, "%u", number);
	else
		add(text, len, "%s", name);
}

static void add_payload(char *text, size_t *len, const struct ike_payload *payload)
{
	struct ike_notify notify;
	const char *why;

	if (payload->type == IKE_PL_NOTIFY && !ike_decode_notify(payload, &notify, &why)) {
		add(text, len, " N(");
		add_number(text, len, IKE_NAMES_NOTIFY, notify.type);
		add(text, len, ")");
		return;
	}
	add(text, len, " ");
	add_number(text, len, IKE_NAMES_PAYLOAD, payload->type);
	if (payload->type == IKE_PL_SKF && payload->len >= 4)
		add(text, len, "(%u/%u)", (unsigned int)be16_get(payload->body), (unsigned int)be16_get(payload->body + 2));
}

const char *ike_summary(const struct ike_header *header, const struct ike_chain *chain, char text[IKE_SUMMARY_LEN])
{
	size_t len = 0;
	unsigned int i;

	if (header) {
		add_number(text, &len, IKE_NAMES_EXCHANGE, header->exchange);
		add(text, &len, " %s %" PRIu32 " ", header->flags & IKE_FLAG_RESPONSE ? "response" : "request", header->message_id);
	}
	add(text, &len, "[");
	for (i = 0; i < chain->count; i++)
		add_payload(text, &len, &chain->payloads[i]);
	add(text, &len, " ]");
	return text;
}
