/* SPDX-License-Identifier: Apache-2.0 */
#include "policies.h"

#include <string.h>

#include "ip_headers.h"

static bool has_policies(const struct states *states, bool out)
{
	for (size_t i = 0; i < states->policy_count; i++)
		if (states->policies[i].out == out)
			return true;
	return false;
}

/* The first in order of priority, NULL: none. */
static const struct policy *find_policy(const struct states *states, bool out, const uint8_t *packet, size_t len)
{
	const struct policy *best = NULL;

	for (size_t i = 0; i < states->policy_count; i++) {
		const struct policy *policy = &states->policies[i];

		if (policy->out == out && (!best || policy->priority < best->priority) && selector_match(&policy->selector, packet, len))
			best = policy;
	}
	return best;
}

static bool same_end(const struct ip_addr *wanted, const struct ip_addr *end)
{
	return !wanted->family || !memcmp(wanted, end, sizeof(*end));
}

/* Is this state as the policy's template wants it? In transport mode the ends are the packet's; ip prints 0.0.0.0 or :: then, and Linux compares none. */
static bool fits(const struct policy *policy, const struct state *state)
{
	bool ends = policy->mode == ESPALIER_TRANSPORT || (same_end(&policy->src, &state->config.src) && same_end(&policy->dst, &state->config.dst));

	return policy->mode == state->config.mode && ends &&
	       (!policy->reqid || policy->reqid == state->reqid) && (!policy->spi || policy->spi == state->config.spi);
}

/* In transport mode an SA is for the packets between its ends. */
static bool is_between(const struct state *state, const uint8_t *ip, size_t len)
{
	const struct espalier_sa_config *config = &state->config;
	struct ip_headers headers;

	if (config->mode != ESPALIER_TRANSPORT)
		return true;
	return ip_headers_parse(ip, len, &headers) && !memcmp(&headers.src, &config->src, sizeof(headers.src)) &&
	       !memcmp(&headers.dst, &config->dst, sizeof(headers.dst));
}

enum policy_verdict policies_outbound(struct states *states, const uint8_t *packet, size_t len, struct state **state)
{
	const struct policy *policy = find_policy(states, true, packet, len);

	*state = NULL;
	if (!policy && has_policies(states, true))
		return POLICY_NONE;
	if (policy && policy->block)
		return POLICY_BLOCK;
	for (size_t i = 0; i < states->count && !*state; i++) {
		struct state *s = &states->list[i];

		if (s->outbound && (!policy || fits(policy, s)) && is_between(s, packet, len) && selector_match(&s->selector, packet, len))
			*state = s;
	}
	return *state ? POLICY_PASS : POLICY_NO_STATE;
}

enum policy_verdict policies_inbound(const struct states *states, const uint8_t *packet, size_t len, const struct state *state)
{
	const struct policy *policy = find_policy(states, false, packet, len);

	if (!has_policies(states, false))
		return POLICY_PASS;
	if (!policy)
		return POLICY_NONE;
	if (policy->block)
		return POLICY_BLOCK;
	return fits(policy, state) ? POLICY_PASS : POLICY_MISMATCH;
}

const char *policy_verdict_name(enum policy_verdict verdict)
{
	static const char *const names[] = {
		[POLICY_PASS] = "pass", [POLICY_NONE] = "no_policy", [POLICY_BLOCK] = "policy_block", [POLICY_MISMATCH] = "policy_mismatch",
		[POLICY_NO_STATE] = "no_state",
	};

	return names[verdict];
}
