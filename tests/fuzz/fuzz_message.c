/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message from the network: header, chain, places in SK and SKF, every payload's decoder, the line for the log. What parses is written again,
 * parses again, and is then written the same. If the first byte is not that of a message (see below), the input is a chain as it comes out of
 * decryption: 0, type of the first payload, payloads.
 */
#include <stdlib.h>
#include <string.h>

#include "ike_rebuild.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t written[2][IKE_MESSAGE_MAX];

static void demand(bool met)
{
	if (!met)
		abort();
}

static void selects(const struct ike_chain *chain)
{
	static struct proposals ours[2], theirs;
	char error[PROPOSAL_ERROR_LEN], text[PROPOSAL_TEXT_LEN];
	const struct ike_payload *payload = ike_chain_find(chain, IKE_PL_SA);
	struct suite suite;
	const char *why;
	unsigned int i;

	if (!ours[0].count)
		demand(!proposals_parse(IKE_PROTO_IKE, "default", &ours[0], error) && !proposals_parse(IKE_PROTO_ESP, "default", &ours[1], error));
	if (!payload || ike_decode_sa(payload, &theirs, &why))
		return;
	for (i = 0; i < theirs.count; i++) {
		proposal_print(&theirs.list[i], text);
		proposal_words(&theirs.list[i], text);
	}
	for (i = 0; i < 4; i++) {
		if (proposal_select(&ours[i / 2], &theirs, i % 2 ? PROPOSAL_PREFER_PEER : PROPOSAL_IGNORE_KE, &suite))
			suite_print(&suite, text);
		proposal_check_answer(&ours[i / 2], &theirs, i % 2 ? PROPOSAL_IGNORE_KE : 0, &suite, &why);
	}
}

static void look(const struct ike_header *header, const struct ike_chain *chain)
{
	char text[IKE_SUMMARY_LEN];
	struct ike_notify notify;

	ike_summary(header, chain, text);
	ike_chain_notify(chain, IKE_N_COOKIE, &notify);
	ike_chain_error(chain, &notify);
	ike_chain_count(chain, IKE_PL_CERT);
	selects(chain);
}

/* 0: cannot be written, it would be longer than a message may be */
static size_t rebuild(const struct ike_header *header, const struct ike_chain *chain, uint8_t *out)
{
	struct ike_builder b;

	ike_build_fixed(&b, out, IKE_MESSAGE_MAX);
	if (header)
		ike_build_header(&b, header);
	ike_rebuild(chain, &b);
	return ike_build_end(&b) ? 0 : b.len;
}

static void whole_message(const uint8_t *data, size_t size)
{
	static const struct ike_seal_sizes sizes[] = { { 8, 16, 1 }, { 16, 16, 16 }, { 16, 32, 16 } };
	static struct ike_chain chain, again;
	struct ike_header header, header_again;
	struct ike_sealed sealed;
	const char *why = NULL;
	size_t len, i;

	if (ike_message_parse(data, size, &header, &chain, &why)) {
		demand(why && *why);
		return;
	}
	look(&header, &chain);
	for (i = 0; i < 3; i++)
		if (!ike_sealed_find(data, size, &chain, &sizes[i], &sealed, &why)) {
			demand(sealed.iv_at + sizes[i].iv_len == sealed.text_at && sealed.text_at + sealed.text_len == sealed.icv_at);
			demand(sealed.icv_at + sizes[i].icv_len == size && sealed.text_len);
			ike_sealed_unpad(data + sealed.text_at, sealed.text_len, &len, &why);
		}
	/* An SK payload's next field is not for the builder to keep. */
	if (ike_chain_find(&chain, IKE_PL_SK) || ike_chain_find(&chain, IKE_PL_SKF))
		return;
	len = rebuild(&header, &chain, written[0]);
	if (!len)
		return;
	demand(!ike_message_parse(written[0], len, &header_again, &again, &why));
	demand(again.count == chain.count && header_again.spi_i == header.spi_i && header_again.message_id == header.message_id);
	for (i = 0; i < chain.count; i++)
		demand(again.payloads[i].type == chain.payloads[i].type);
	demand(rebuild(&header_again, &again, written[1]) == len && !memcmp(written[0], written[1], len));
}

static void inner_chain(uint8_t first, const uint8_t *data, size_t size)
{
	static struct ike_chain chain, again;
	const char *why = NULL;
	size_t len;

	if (ike_chain_parse(first, data, size, true, &chain, &why)) {
		demand(why && *why);
		return;
	}
	look(NULL, &chain);
	len = rebuild(NULL, &chain, written[0]);
	if (!len)
		return;
	demand(!ike_chain_parse(first, written[0], len, true, &again, &why));
	demand(again.count == chain.count);
	demand(rebuild(NULL, &again, written[1]) == len && !memcmp(written[0], written[1], len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size >= 2 && !data[0])
		inner_chain(data[1], data + 2, size - 2);
	else if (size)
		whole_message(data + 1, size - 1);
	return 0;
}
