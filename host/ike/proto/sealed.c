/* SPDX-License-Identifier: Apache-2.0 */
/* Where initialization vector, ciphertext and ICV lie in SK and SKF (RFC 7296, 3.14; RFC 7383, 2.5). */
#include <errno.h>

#include "proto/bytes.h"
#include "proto/message.h"

#define FRAGMENT_HEADER_LEN 4u

static int bad(const char **why, const char *text)
{
	*why = text;
	return -EBADMSG;
}

int ike_sealed_find(const uint8_t *data, size_t len, const struct ike_chain *chain, const struct ike_seal_sizes *sizes, struct ike_sealed *sealed,
		    const char **why)
{
	const struct ike_payload *payload = chain->count ? &chain->payloads[chain->count - 1] : NULL;
	bool fragment = payload && payload->type == IKE_PL_SKF;

	if (!fragment && !(payload && payload->type == IKE_PL_SK)) {
		*why = "the message is not encrypted";
		return -ENOENT;
	}
	*sealed = (struct ike_sealed){ .first_inner = payload->next, .iv_at = (size_t)(payload->body - data) };
	if (fragment) {
		if (payload->len < FRAGMENT_HEADER_LEN)
			return bad(why, "a fragment is too short for its number");
		sealed->fragment = be16_get(payload->body);
		sealed->total = be16_get(payload->body + 2);
		sealed->iv_at += FRAGMENT_HEADER_LEN;
		if (!sealed->fragment || sealed->fragment > sealed->total)
			return bad(why, "a fragment's number is not between 1 and the total");
	}
	if (len - sealed->iv_at < (size_t)sizes->iv_len + sizes->icv_len)
		return bad(why, "the encrypted payload is too short for its IV and ICV");
	sealed->text_at = sealed->iv_at + sizes->iv_len;
	sealed->icv_at = len - sizes->icv_len;
	sealed->text_len = sealed->icv_at - sealed->text_at;
	if (!sealed->text_len || sealed->text_len % sizes->block)
		return bad(why, "the ciphertext is empty or no multiple of the cipher's block");
	return 0;
}

int ike_sealed_unpad(const uint8_t *text, size_t text_len, size_t *len, const char **why)
{
	if (!text_len || (size_t)text[text_len - 1] + 1 > text_len)
		return bad(why, "the padding is longer than the encrypted payload");
	*len = text_len - 1 - text[text_len - 1];
	return 0;
}
