/* SPDX-License-Identifier: Apache-2.0 */
/* Traffic selectors of a CHILD SA: from the configuration, narrowed to what both sides have (RFC 7296, 2.9), ranked. */
#include "core/ts.h"

#include <string.h>

#define PER_RANK 200000u /* strongSwan's ranges */
#define PER_PREFIX_BIT 512u /* two sides of 128 bits leave room for protocol and ports */
#define PER_PROTOCOL 128u
#define PER_PORT 64u

/* Enter one: nothing twice, nothing that another holds. */
static unsigned int enter(struct ts *list, unsigned int count, const struct ts *ts)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < count; i++)
		if (ts_contains(&list[i], ts))
			return count;
	for (unsigned int i = 0; i < count; i++)
		if (!ts_contains(ts, &list[i]))
			list[kept++] = list[i];
	if (kept < SINK_TS_MAX)
		list[kept++] = *ts;
	return kept;
}

bool ts_same(const struct ts *a, unsigned int a_count, const struct ts *b, unsigned int b_count)
{
	if (a_count != b_count)
		return false;
	for (unsigned int i = 0; i < a_count; i++)
		if (!ts_equal(&a[i], &b[i]))
			return false;
	return true;
}

unsigned int ts_narrow(const struct ts *ours, unsigned int our_count, const struct ts *theirs, unsigned int their_count, struct ts *both)
{
	unsigned int count = 0;
	struct ts common;

	for (unsigned int t = 0; t < their_count; t++)
		for (unsigned int o = 0; o < our_count; o++)
			if (ts_intersect(&ours[o], &theirs[t], &common))
				count = enter(both, count, &common);
	return count;
}

static void everything(const struct sink_caps *caps, struct ts *ts)
{
	ts->lo = ts->hi = (struct ip_addr){ .family = caps->inner_v4 ? 4 : 6 };
	memset(ts->hi.bytes, 0xff, ip_len(&ts->hi));
}

unsigned int ts_configured(const struct sink_caps *caps, const struct conf_selectors *selectors, const struct ip_addr *dynamic, struct ts *out)
{
	unsigned int count = 0;

	for (size_t i = 0; i < selectors->count && count < SINK_TS_MAX; i++) {
		struct ts ts = selectors->items[i].ts;

		if (selectors->items[i].dynamic && dynamic)
			ts.lo = ts.hi = *dynamic;
		else if (selectors->items[i].dynamic)
			everything(caps, &ts);
		if ((ts.lo.family == 4 && caps->inner_v4) || (ts.lo.family == 6 && caps->inner_v6))
			out[count++] = ts;
	}
	return count;
}

unsigned int ts_offer(const struct ts *first, unsigned int first_count, const struct ts *ours, unsigned int our_count, struct ts *offer)
{
	unsigned int count = first_count ? ts_narrow(ours, our_count, first, first_count, offer) : 0, before = count;

	for (unsigned int i = 0; i < our_count; i++) {
		bool there = false;

		for (unsigned int k = 0; k < before; k++)
			there |= ts_equal(&offer[k], &ours[i]);
		if (!there)
			offer[count++] = ours[i];
	}
	return count;
}

/* Of the widest selector of a list. */
static uint32_t narrowness(const struct ts *list, unsigned int count)
{
	uint32_t least = UINT32_MAX;

	for (unsigned int i = 0; i < count; i++) {
		const struct ts *ts = &list[i];
		struct ip_addr base;
		uint32_t bits = ts_to_prefix(ts, &base) + (ts->lo.family == 4 ? 96 : 0);
		uint32_t rank = bits * PER_PREFIX_BIT + (ts->proto ? PER_PROTOCOL : 0) + (ts->port_lo || ts->port_hi != 65535 ? PER_PORT : 0);

		if (rank < least)
			least = rank;
	}
	return count ? least : 0;
}

uint32_t ts_priority(const struct ts *local, unsigned int local_count, const struct ts *remote, unsigned int remote_count, enum ts_rank rank)
{
	return rank * PER_RANK - narrowness(local, local_count) - narrowness(remote, remote_count);
}
