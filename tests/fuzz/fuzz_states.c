/* SPDX-License-Identifier: Apache-2.0 */
/* Files of states: what parses is written, and reads back as the same states. */
#include <stdlib.h>
#include <string.h>

#include "cmd/states.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool met)
{
	if (!met)
		abort();
}

static void compare(const struct states *one, const struct states *two)
{
	demand(one->count == two->count && one->policy_count == two->policy_count);
	for (size_t i = 0; i < one->policy_count; i++) {
		const struct policy *a = &one->policies[i], *b = &two->policies[i];

		demand(a->out == b->out && a->block == b->block && a->priority == b->priority && a->tmpl == b->tmpl && a->spi == b->spi && a->reqid == b->reqid &&
		       a->mode == b->mode && !memcmp(&a->selector, &b->selector, sizeof(a->selector)) && !memcmp(&a->src, &b->src, sizeof(a->src)) &&
		       !memcmp(&a->dst, &b->dst, sizeof(a->dst)));
	}
	for (size_t i = 0; i < one->count; i++) {
		const struct state *a = &one->list[i], *b = &two->list[i];

		demand(!memcmp(&a->config, &b->config, sizeof(a->config)) && !memcmp(&a->selector, &b->selector, sizeof(a->selector)));
		demand(a->seq == b->seq && a->oseq == b->oseq && a->inbound == b->inbound && a->outbound == b->outbound && states_same_key(a, b));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[STATES_ERROR_LEN], *text = NULL;
	struct states states, again;
	size_t len = 0;
	FILE *file;

	if (states_parse("f", (const char *)data, size, &states, error)) {
		demand(*error && !states.list && !states.count);
		return 0;
	}
	file = open_memstream(&text, &len);
	demand(file);
	states_write(file, &states);
	demand(!fclose(file) && !states_parse("f", text, len, &again, error));
	compare(&states, &again);
	states_free(&states);
	states_free(&again);
	free(text);
	return 0;
}
