/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where rules stand. The kernel looks at rules one after the other, so a rule for each of thousands of local prefixes would cost each packet of the host a
 * walk over all of them. The first RULES_DIRECT stand directly; others stand in groups of what they have in common, their first 24 or 16 bits, and a packet
 * comes to a group by a goto (ip-rule(8)), past all other groups:
 *
 *   base             direct: from LOCAL
 *   stage            from GROUP goto the group; behind them: goto the next stage
 *     group          from LOCAL ...; goto the next stage
 *     group ...
 *   next stage       of 16 bits, built in the same way
 *   end
 *
 * There are two such trees, by two bases: one that sends, one behind it that blocks, each with its own gotos, so that no single rule that somebody deletes
 * lets a packet out. A goto whose target is missing is passed over by the kernel, which then looks at all groups. Where there is no group left, a prefix
 * stands directly.
 */
#ifndef GW_RULE_PLACES_H
#define GW_RULE_PLACES_H

#include "netlink.h"
#include "routes.h"

#define RULES_DIRECT 64u
#define RULES_STAGES 2u
#define RULES_TREE 1206u /* priorities of a tree */

#define PRIORITY_MARK 4300u
#define PRIORITY_SEND 4301u
#define PRIORITY_BLOCK (PRIORITY_SEND + RULES_TREE)
#define PRIORITY_OWN (PRIORITY_BLOCK + RULES_TREE) /* and the next one */
#define PRIORITY_ASK (PRIORITY_OWN + 2)
#define PRIORITY_UNBOUND (PRIORITY_ASK + 1) /* and the next one */

/* A group: its stage, its number there, and what its members have in common. */
struct rule_group {
	unsigned int stage, index;
	struct prefix common;
};

/* How many groups a stage has. */
unsigned int places_groups(unsigned int stage);
/* May this prefix stand in a group of the stage? Then *common is what it has in common with others there. */
bool places_fits(unsigned int stage, const struct prefix *local, struct prefix *common);
/* From the base of a tree to the members of a group. */
uint32_t places_offset(const struct rule_group *group);
/* The rule that leads to a group. */
struct nl_rule places_entry(uint32_t base, const struct rule_group *group);
/* The group that such a rule leads to; false: it is no such rule. */
bool places_group_of(uint32_t base, const struct nl_rule *entry, struct rule_group *group);
/* What has to stand before the entry: the stage's end, the goto of who is in none of its groups, the goto at the end of the group. */
#define PLACES_FRAME 3u
void places_frame(uint32_t base, const struct rule_group *group, struct nl_rule frame[PLACES_FRAME]);

#endif
