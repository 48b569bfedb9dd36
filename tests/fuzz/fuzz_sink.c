/* SPDX-License-Identifier: Apache-2.0 */
/* A message of the SA sink, as either side gets it: refused, or a request that is written again as the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "sink/sink_proto.h"

#define NUMBER_LEN 8u /* of an SA */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool met)
{
	if (!met)
		abort();
}

static void request(const struct sink_header *header, const uint8_t *data, size_t size)
{
	uint8_t again[SINK_MESSAGE_MAX];
	struct sink_request request;
	const char *what;
	size_t len;

	if (sink_decode_request(header->kind, data + SINK_HEADER_LEN, header->body_len, &request, &what)) {
		demand(*what);
		return;
	}
	len = sink_encode_request(header->id, &request, again);
	if (request.kind == SINK_REQ_SA_ADD && size == len + NUMBER_LEN) { /* a number of 0 is written or left out */
		demand(!request.u.sa.seq);
		memset(again + len, 0, NUMBER_LEN);
		len += NUMBER_LEN;
	}
	demand(len == size && !memcmp(again + SINK_HEADER_LEN, data + SINK_HEADER_LEN, header->body_len));
}

static void event(const struct sink_header *header, const uint8_t *data)
{
	uint8_t out[SINK_MESSAGE_MAX];
	struct sink_event event, again;
	size_t len;

	if (sink_decode_event(header->kind, data + SINK_HEADER_LEN, header->body_len, &event))
		return;
	len = sink_encode_event(&event, out);
	demand(!sink_decode_event(header->kind, out + SINK_HEADER_LEN, len - SINK_HEADER_LEN, &again));
	demand(!strcmp(event.text, again.text) && event.kind == again.kind && event.reqid == again.reqid);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sink_header header;
	struct sink_reply reply;
	char text[SINK_ERROR_LEN];

	if (sink_decode_header(data, size, &header))
		return 0;
	if (header.kind < SINK_REPLY) {
		request(&header, data, size);
	} else if (header.kind < SINK_EVENT && header.status) {
		sink_decode_text(data + SINK_HEADER_LEN, header.body_len, text);
		demand(strlen(text) < SINK_ERROR_LEN);
	} else if (header.kind < SINK_EVENT) {
		sink_decode_reply((uint16_t)(header.kind - SINK_REPLY), data + SINK_HEADER_LEN, header.body_len, &reply);
	} else {
		event(&header, data);
	}
	return 0;
}
