/* SPDX-License-Identifier: Apache-2.0 */
/* Proposal strings: what parses says itself in words that parse to the same, and selects itself. First byte: IKE or ESP. */
#include <stdlib.h>
#include <string.h>

#include "proto/build.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool met)
{
	if (!met)
		abort();
}

static void check(const struct proposals *list, uint8_t protocol)
{
	static struct proposals again;
	char words[PROPOSAL_TEXT_LEN], error[PROPOSAL_ERROR_LEN];
	unsigned int i;

	for (i = 0; i < list->count; i++) {
		again.count = 0;
		demand(!proposals_parse(protocol, proposal_words(&list->list[i], words), &again, error));
		demand(again.count == 1 && again.list[0].count == list->list[i].count);
		demand(!memcmp(again.list[0].transforms, list->list[i].transforms, list->list[i].count * sizeof(struct transform)));
		proposal_print(&list->list[i], words);
	}
}

/* Offered over the wire, everything can be agreed to. */
static void offer(struct proposals *list)
{
	static struct proposals received;
	static uint8_t buffer[65536];
	char text[SUITE_TEXT_LEN];
	struct ike_builder b;
	struct ike_chain chain;
	struct suite suite;
	const char *why;
	unsigned int i;

	for (i = 0; i < list->count; i++) {
		list->list[i].spi_len = list->list[i].protocol == IKE_PROTO_IKE ? 0 : 4;
		list->list[i].spi = 0x12345678;
	}
	ike_build_fixed(&b, buffer, sizeof(buffer));
	ike_build_sa(&b, list, 0);
	demand(!ike_build_end(&b));
	demand(!ike_chain_parse(b.first, b.data, b.len, true, &chain, &why));
	demand(!ike_decode_sa(&chain.payloads[0], &received, &why) && received.count == list->count);
	demand(proposal_select(list, &received, 0, &suite));
	suite_print(&suite, text);
	proposal_from_suite(&suite, list->list[0].spi_len, 0x12345678, &received.list[0]);
	received.count = 1;
	demand(!proposal_check_answer(list, &received, 0, &suite, &why));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct proposals list;
	char text[4096], error[PROPOSAL_ERROR_LEN] = "";
	uint8_t protocol;

	if (!size || size > sizeof(text))
		return 0;
	protocol = data[0] & 1 ? IKE_PROTO_IKE : IKE_PROTO_ESP;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	list.count = 0;
	if (proposals_parse(protocol, text, &list, error)) {
		demand(*error && !list.count);
		return 0;
	}
	demand(list.count);
	check(&list, protocol);
	offer(&list);
	return 0;
}
