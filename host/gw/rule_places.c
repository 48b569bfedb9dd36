/* SPDX-License-Identifier: Apache-2.0 */
#include "rule_places.h"

#include <assert.h>
#include <string.h>

#include "packet.h"

/* From the base: entry, the goto behind the entries, and for each group its members and the goto behind them. */
static const struct {
	unsigned int plen, entry, groups;
} stages[RULES_STAGES] = { { 24, 1, 400 }, { 16, 803, 200 } };

#define END(entry, groups) ((entry) + 2 + 2 * (groups))
static_assert(END(1, 400) == 803 && END(803, 200) + 1 == RULES_TREE, "stages follow each other");

static uint32_t end_of(unsigned int stage)
{
	return END(stages[stage].entry, stages[stage].groups);
}

unsigned int places_groups(unsigned int stage)
{
	return stages[stage].groups;
}

bool places_fits(unsigned int stage, const struct prefix *local, struct prefix *common)
{
	if (local->plen <= stages[stage].plen)
		return false;
	*common = (struct prefix){ .plen = stages[stage].plen };
	memcpy(common->base, local->base, common->plen / 8);
	return true;
}

uint32_t places_offset(const struct rule_group *group)
{
	return stages[group->stage].entry + 2 + 2 * group->index;
}

struct nl_rule places_entry(uint32_t base, const struct rule_group *group)
{
	struct nl_rule rule = { .priority = base + stages[group->stage].entry, .src_plen = group->common.plen, .target = base + places_offset(group) };

	memcpy(rule.src, group->common.base, 4);
	return rule;
}

bool places_group_of(uint32_t base, const struct nl_rule *entry, struct rule_group *group)
{
	for (unsigned int s = 0; s < RULES_STAGES; s++) {
		uint32_t first = base + stages[s].entry + 2;

		if (entry->priority != base + stages[s].entry || entry->src_plen != stages[s].plen || entry->target < first ||
		    entry->target >= base + end_of(s) || (entry->target - first) % 2)
			continue;
		*group = (struct rule_group){ .stage = s, .index = (entry->target - first) / 2, .common = { .plen = entry->src_plen } };
		memcpy(group->common.base, entry->src, 4);
		return true;
	}
	return false;
}

void places_frame(uint32_t base, const struct rule_group *group, struct nl_rule frame[PLACES_FRAME])
{
	uint32_t end = base + end_of(group->stage);

	frame[0] = (struct nl_rule){ .priority = end, .nop = true };
	frame[1] = (struct nl_rule){ .priority = base + stages[group->stage].entry + 1, .target = end };
	frame[2] = (struct nl_rule){ .priority = base + places_offset(group) + 1, .target = end };
}
