/* SPDX-License-Identifier: Apache-2.0 */
/* A line about a message. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/bytes.h"
#include "proto/message.h"

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
