/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line `xfrm policy add SELECTOR dir DIR [OPTION...] [tmpl ...]` in the syntax of iproute2 (ip-xfrm(8)). A policy that lets packets pass without a state is refused:
 * nothing goes in clear here.
 */
#include <errno.h>
#include <string.h>

#include "states.h"

static int parse_dir(struct words *words, struct policy *policy, bool *given, char *reason)
{
	const char *word = words_value(words, "dir", reason);

	if (!word)
		return -EINVAL;
	policy->out = !strcmp(word, "out");
	*given = policy->out || !strcmp(word, "in") || !strcmp(word, "fwd");
	return *given ? 0 : parse_fail(reason, "dir %s is none of in, out and fwd", word);
}

static int parse_action(struct words *words, struct policy *policy, char *reason)
{
	const char *word = words_value(words, "action", reason);

	if (!word)
		return -EINVAL;
	policy->block = !strcmp(word, "block");
	return policy->block || !strcmp(word, "allow") ? 0 : parse_fail(reason, "action %s is neither allow nor block", word);
}

static int parse_end(struct words *words, const char *option, struct ip_addr *ip, char *reason)
{
	const char *word = words_value(words, option, reason);
	struct prefix prefix;

	if (!word || parse_prefix(word, &prefix, reason))
		return -EINVAL;
	*ip = prefix.ip;
	return 0;
}

/* Of a template: 1 if the word is none of it. */
static int parse_tmpl_word(struct words *words, struct policy *policy, char *reason)
{
	const char *word = words_peek(words), *value;
	uint64_t number;

	if (!strcmp(word, "src") || !strcmp(word, "dst")) {
		words_take(words);
		return parse_end(words, word, *word == 's' ? &policy->src : &policy->dst, reason);
	}
	if (!strcmp(word, "spi") || !strcmp(word, "reqid")) {
		words_take(words);
		if (parse_option_number(words, word, UINT32_MAX, &number, reason))
			return -EINVAL;
		*(*word == 's' ? &policy->spi : &policy->reqid) = (uint32_t)number;
		return 0;
	}
	if (strcmp(word, "proto") && strcmp(word, "mode") && strcmp(word, "level"))
		return 1;
	words_take(words);
	value = words_value(words, word, reason);
	if (!value)
		return -EINVAL;
	if (*word == 'm')
		policy->mode = !strcmp(value, "transport") ? ESPALIER_TRANSPORT : ESPALIER_TUNNEL;
	if (!strcmp(value, *word == 'p' ? "esp" : *word == 'l' ? "required" : policy->mode == ESPALIER_TRANSPORT ? "transport" : "tunnel"))
		return 0;
	return parse_fail(reason, "tmpl %s %s is not supported", word, value);
}

static int parse_tmpl(struct words *words, struct policy *policy, char *reason)
{
	int ret = 0;

	if (policy->tmpl)
		return parse_fail(reason, "more than one tmpl is not supported");
	policy->tmpl = true;
	policy->mode = ESPALIER_TRANSPORT; /* ip's, if there is no mode */
	while (!ret && words_peek(words))
		ret = parse_tmpl_word(words, policy, reason);
	return ret < 0 ? ret : 0;
}

static int parse_option(struct words *words, struct policy *policy, bool *dir, char *reason)
{
	const char *word = words_take(words);
	struct espalier_limits ignored;
	uint64_t number;

	if (!strcmp(word, "dir"))
		return parse_dir(words, policy, dir, reason);
	if (!strcmp(word, "action"))
		return parse_action(words, policy, reason);
	if (!strcmp(word, "tmpl"))
		return parse_tmpl(words, policy, reason);
	if (!strcmp(word, "limit"))
		return xfrm_parse_limit(words, &ignored, reason);
	if (!strcmp(word, "index"))
		return parse_option_number(words, word, UINT32_MAX, &number, reason);
	if (!strcmp(word, "ptype")) {
		word = words_value(words, "ptype", reason);
		return !word ? -EINVAL : !strcmp(word, "main") ? 0 : parse_fail(reason, "ptype %s is not supported", word);
	}
	if (strcmp(word, "priority"))
		return xfrm_why_refused(word) ? parse_fail(reason, "%s", xfrm_why_refused(word)) : parse_fail(reason, "%s is not supported in a policy", word);
	if (parse_option_number(words, word, UINT32_MAX, &number, reason))
		return -EINVAL;
	policy->priority = (uint32_t)number;
	return 0;
}

int xfrm_parse_policy(struct words *words, struct policy *policy, char *reason)
{
	const char *word = words_peek(words);
	bool dir = false;
	int ret = 0;

	if (word && (!strcmp(word, "src") || !strcmp(word, "dst") || !strcmp(word, "proto")))
		ret = selector_parse(words, &policy->selector, reason);
	while (!ret && words_peek(words))
		ret = parse_option(words, policy, &dir, reason);
	if (ret)
		return ret;
	if (!dir)
		return parse_fail(reason, "dir is missing");
	return policy->block || policy->tmpl ? 0 : parse_fail(reason, "a policy without tmpl would let packets pass in clear: that is not supported");
}
