/* SPDX-License-Identifier: Apache-2.0 */
/* IKE fragments: sizes to cut to, and reassembly (RFC 7383, 2.5 and 2.6). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/fragment.h"

#define IPV4_HEADER_LEN 20u
#define IPV6_HEADER_LEN 40u
#define UDP_HEADER_LEN 8u
#define NON_ESP_MARKER_LEN 4u
#define FRAGMENT_HEADER_LEN 4u

struct ike_fragment_part {
	uint8_t *data; /* NULL: not here yet */
	size_t len;
};

size_t ike_message_room(size_t ip_bytes, bool v6, bool marker)
{
	size_t headers = (v6 ? IPV6_HEADER_LEN : IPV4_HEADER_LEN) + UDP_HEADER_LEN + (marker ? NON_ESP_MARKER_LEN : 0);

	return ip_bytes > headers ? ip_bytes - headers : 0;
}

/* Bytes of text: payloads, padding and the pad length byte. */
static size_t text_len(size_t inner_len, unsigned int block)
{
	return (inner_len + block) / block * block;
}

int ike_fragment_plan(size_t inner_len, size_t message_max, const struct ike_seal_sizes *sizes, struct ike_fragmentation *plan, const char **why)
{
	size_t overhead = IKE_HEADER_LEN + IKE_PAYLOAD_HEADER_LEN + sizes->iv_len + sizes->icv_len;
	size_t text, chunk;

	if (message_max > IKE_MESSAGE_MAX)
		message_max = IKE_MESSAGE_MAX;
	if (overhead + text_len(inner_len, sizes->block) <= message_max) {
		*plan = (struct ike_fragmentation){ .total = 1, .chunk = inner_len };
		return 0;
	}
	overhead += FRAGMENT_HEADER_LEN;
	text = message_max > overhead ? (message_max - overhead) / sizes->block * sizes->block : 0;
	chunk = text ? text - 1 : 0;
	if (!chunk || inner_len > IKE_FRAGMENTS_MAX * chunk) {
		*why = "the message does not fit into 255 fragments of this size";
		return -EMSGSIZE;
	}
	*plan = (struct ike_fragmentation){ .total = (uint16_t)((inner_len + chunk - 1) / chunk), .chunk = chunk };
	return 0;
}

void ike_reassembly_reset(struct ike_reassembly *r)
{
	unsigned int i;

	for (i = 0; i < r->total; i++) {
		if (r->parts[i].data)
			explicit_bzero(r->parts[i].data, r->parts[i].len);
		free(r->parts[i].data);
	}
	free(r->parts);
	*r = (struct ike_reassembly){ 0 };
}

int ike_reassembly_check(const struct ike_reassembly *r, uint32_t message_id, const struct ike_sealed *fragment, const char **why)
{
	if (!fragment->fragment || fragment->fragment > fragment->total || fragment->total > IKE_FRAGMENTS_MAX) {
		*why = "a fragment's number or total is out of range";
		return -EBADMSG;
	}
	if ((fragment->fragment == 1) != (fragment->first_inner != IKE_PL_NONE)) {
		*why = "the type of the first payload is not in the first fragment, or in another";
		return -EBADMSG;
	}
	if (!r->total || r->message_id != message_id)
		return 0;
	if (fragment->total < r->total) {
		*why = "the peer has begun to send smaller fragments";
		return -EALREADY;
	}
	if (fragment->total == r->total && r->parts[fragment->fragment - 1].data) {
		*why = "this fragment is here already";
		return -EALREADY;
	}
	return 0;
}

static int begin(struct ike_reassembly *r, uint32_t message_id, uint16_t total)
{
	ike_reassembly_reset(r);
	r->parts = calloc(total, sizeof(*r->parts));
	if (!r->parts)
		return -ENOMEM;
	r->message_id = message_id;
	r->total = total;
	return 0;
}

int ike_reassembly_add(struct ike_reassembly *r, uint32_t message_id, const struct ike_sealed *fragment, const uint8_t *text, size_t len,
		       const char **why)
{
	int ret = ike_reassembly_check(r, message_id, fragment, why);
	struct ike_fragment_part *part;

	if (ret)
		return ret;
	if (r->total != fragment->total || r->message_id != message_id) {
		*why = "no memory for fragments";
		ret = begin(r, message_id, fragment->total);
		if (ret)
			return ret;
	}
	if (len > IKE_REASSEMBLY_MAX - r->bytes) {
		ike_reassembly_reset(r);
		*why = "the fragments are longer than 65535 bytes together";
		return -EMSGSIZE;
	}
	part = &r->parts[fragment->fragment - 1];
	part->data = malloc(len + 1); /* one more: an empty fragment is here too */
	if (!part->data) {
		*why = "no memory for a fragment";
		return -ENOMEM;
	}
	memcpy(part->data, text, len);
	part->len = len;
	r->bytes += len;
	r->have++;
	if (fragment->fragment == 1)
		r->first_inner = fragment->first_inner;
	return r->have == r->total;
}

int ike_reassembly_join(struct ike_reassembly *r, uint8_t **data, size_t *len, uint8_t *first_inner)
{
	uint8_t *joined;
	size_t at = 0;
	unsigned int i;

	if (!r->total || r->have != r->total)
		return -EINVAL;
	joined = malloc(r->bytes + 1);
	if (!joined)
		return -ENOMEM;
	for (i = 0; i < r->total; i++) {
		memcpy(joined + at, r->parts[i].data, r->parts[i].len);
		at += r->parts[i].len;
	}
	*data = joined;
	*len = at;
	*first_inner = r->first_inner;
	ike_reassembly_reset(r);
	return 0;
}
