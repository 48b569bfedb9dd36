/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reassembly of fragments, and cutting into them. The input is a list of fragments: message id, number, total, first type, length (1 byte each),
 * content. Its first byte chooses sizes for a message of the whole input, which is cut, shuffled and joined again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/fragment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool met)
{
	if (!met)
		abort();
}

static void reassemble(const uint8_t *data, size_t size)
{
	struct ike_reassembly r = { 0 };
	struct ike_sealed fragment = { 0 };
	uint8_t *joined, first;
	const char *why;
	size_t len;
	int ret;

	while (size >= 5) {
		len = data[4] <= size - 5 ? data[4] : size - 5;
		fragment = (struct ike_sealed){ .fragment = data[1], .total = (uint16_t)(data[2] == 255 ? 300 : data[2]), .first_inner = data[3] };
		why = NULL;
		ret = ike_reassembly_add(&r, data[0], &fragment, data + 5, len, &why);
		demand(ret >= 0 || (why && *why));
		demand(r.have <= r.total && r.total <= IKE_FRAGMENTS_MAX && r.bytes <= IKE_REASSEMBLY_MAX);
		if (ret == 1) {
			demand(!ike_reassembly_join(&r, &joined, &len, &first) && first && !r.total);
			free(joined);
		}
		len = data[4] <= size - 5 ? data[4] : size - 5;
		data += 5 + len;
		size -= 5 + len;
	}
	ike_reassembly_reset(&r);
}

static void cut_and_join(const uint8_t *data, size_t size, uint8_t choice)
{
	static const struct ike_seal_sizes kinds[] = { { 8, 16, 1 }, { 16, 16, 16 }, { 16, 32, 16 }, { 8, 12, 4 } };
	const struct ike_seal_sizes *sizes = &kinds[choice % 4];
	struct ike_reassembly r = { 0 };
	struct ike_sealed fragment = { 0 };
	struct ike_fragmentation plan;
	size_t max = 40u + choice, at, len;
	uint8_t *joined, first;
	const char *why = NULL;
	unsigned int i;
	int ret = 0;

	if (ike_fragment_plan(size, max, sizes, &plan, &why)) {
		demand(why && *why);
		return;
	}
	demand(plan.total >= 1 && plan.total <= IKE_FRAGMENTS_MAX && plan.total * plan.chunk >= size);
	demand(plan.total == 1 || (plan.total - 1u) * plan.chunk < size);
	for (i = 0; i < plan.total; i++) {
		fragment.total = plan.total;
		fragment.fragment = (uint16_t)((i * 3 + choice) % plan.total + 1);
		if (plan.total % 3 == 0) /* the step would not reach all of them */
			fragment.fragment = (uint16_t)(plan.total - i);
		fragment.first_inner = fragment.fragment == 1 ? IKE_PL_SA : IKE_PL_NONE;
		at = (fragment.fragment - 1u) * plan.chunk;
		len = size - at < plan.chunk ? size - at : plan.chunk;
		demand(IKE_HEADER_LEN + 8 + sizes->iv_len + (len + sizes->block) / sizes->block * sizes->block + sizes->icv_len <= max + (plan.total == 1) * 4);
		ret = ike_reassembly_add(&r, 1, &fragment, data + at, len, &why);
		demand(ret == (i + 1 == plan.total));
		demand(i + 1 == plan.total || ike_reassembly_add(&r, 1, &fragment, data + at, len, &why) == -EALREADY);
	}
	demand(!ike_reassembly_join(&r, &joined, &len, &first) && first == IKE_PL_SA && len == size && !memcmp(joined, data, len));
	free(joined);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	reassemble(data + 1, size - 1);
	if (size <= IKE_REASSEMBLY_MAX)
		cut_and_join(data, size, data[0]);
	return 0;
}
