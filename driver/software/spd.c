/* SPDX-License-Identifier: Apache-2.0 */
#include "spd.h"

#include <errno.h>
#include <string.h>

#define PORT_MAX 65535u

static bool is_any(const struct spd_range *range)
{
	return range->lo == 0 && range->hi == PORT_MAX;
}

static bool is_opaque(const struct spd_range *range)
{
	return range->lo == PORT_MAX && range->hi == 0;
}

static bool range_valid(const struct spd_range *range)
{
	return range->lo <= range->hi || is_opaque(range);
}

static bool len_valid(const struct spd_prefix *prefix, unsigned int families)
{
	if (families == (SPD_IPV4 | SPD_IPV6))
		return prefix->len == 0;
	return prefix->len <= (families == SPD_IPV4 ? 32 : 128);
}

int spd_rule_check(const struct spd_rule *rule)
{
	bool valid = rule->directions <= (SPD_OUTBOUND | SPD_INBOUND) && rule->families <= (SPD_IPV4 | SPD_IPV6) && rule->proto_kind <= SPD_PROTO_OPAQUE &&
		     rule->act.action <= SPD_BYPASS && len_valid(&rule->src, rule->families) && len_valid(&rule->dst, rule->families) &&
		     range_valid(&rule->sport) && range_valid(&rule->dport);

	return valid ? 0 : -EINVAL;
}

static bool prefix_holds(const struct spd_prefix *prefix, const uint8_t addr[16])
{
	unsigned int bytes = prefix->len / 8, bits = prefix->len % 8;

	if (memcmp(prefix->addr, addr, bytes) != 0)
		return false;
	return bits == 0 || (prefix->addr[bytes] ^ addr[bytes]) >> (8 - bits) == 0;
}

static bool range_holds(const struct spd_range *range, bool known, uint16_t value)
{
	if (is_any(range))
		return true;
	if (is_opaque(range))
		return !known;
	return known && value >= range->lo && value <= range->hi;
}

static bool proto_holds(const struct spd_rule *rule, const struct spd_key *key)
{
	switch (rule->proto_kind) {
	case SPD_PROTO_ANY:
		return true;
	case SPD_PROTO_IS:
		return key->proto_known && key->proto == rule->proto;
	default:
		return !key->proto_known;
	}
}

bool spd_rule_matches(const struct spd_rule *rule, const struct spd_key *key)
{
	return rule->directions & (key->inbound ? SPD_INBOUND : SPD_OUTBOUND) && rule->families & (key->v6 ? SPD_IPV6 : SPD_IPV4) && proto_holds(rule, key) &&
	       range_holds(&rule->sport, key->ports_known, key->sport) && range_holds(&rule->dport, key->ports_known, key->dport) &&
	       prefix_holds(&rule->src, key->src) && prefix_holds(&rule->dst, key->dst);
}

struct spd_verdict spd_lookup(const struct spd_rule *rules, unsigned int count, const struct spd_act defaults[2], const struct spd_key *key)
{
	for (unsigned int i = 0; i < count; i++)
		if (spd_rule_matches(&rules[i], key))
			return (struct spd_verdict){ (int)i, rules[i].act };
	return (struct spd_verdict){ -1, defaults[key->inbound] };
}
