/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options of a state in iproute2's syntax, one function each, and those that are refused with their reason. What changes nothing here is taken and said so in
 * docs/ip-xfrm-states.md.
 */
#include <errno.h>
#include <string.h>

#include "states.h"

/* <linux/xfrm.h> */
#define FLAG_NOECN 0x01u
#define FLAG_DECAP_DSCP 0x02u
#define FLAG_NOPMTUDISC 0x04u
#define FLAG_WILDRECV 0x08u
#define FLAG_ICMP 0x10u
#define FLAG_AF_UNSPEC 0x20u
#define FLAG_ALIGN4 0x40u
#define FLAG_ESN 0x80u
#define EXTRA_DONT_ENCAP_DSCP 0x01u
#define EXTRA_OSEQ_MAY_WRAP 0x02u

struct flag {
	const char *name;
	unsigned int bit;
};

static const struct flag flags[] = {
	{ "noecn", FLAG_NOECN }, { "decap-dscp", FLAG_DECAP_DSCP }, { "nopmtudisc", FLAG_NOPMTUDISC }, { "wildrecv", FLAG_WILDRECV },
	{ "icmp", FLAG_ICMP }, { "af-unspec", FLAG_AF_UNSPEC }, { "align4", FLAG_ALIGN4 }, { "esn", FLAG_ESN }, { NULL, 0 },
};

static const struct flag extra_flags[] = { { "dont-encap-dscp", EXTRA_DONT_ENCAP_DSCP }, { "oseq-may-wrap", EXTRA_OSEQ_MAY_WRAP }, { NULL, 0 } };

static unsigned int find_flag(const struct flag *table, const char *word)
{
	while (table->name && strcmp(table->name, word))
		table++;
	return table->bit;
}

/* A number in hexadecimal, or names up to the first word that is none. */
static int take_flags(struct words *words, const char *option, const struct flag *table, unsigned int *bits, char *reason)
{
	const char *word = words_value(words, option, reason);
	uint64_t number;

	*bits = 0;
	if (!word)
		return -EINVAL;
	if (!strncmp(word, "0x", 2)) {
		if (parse_number(word, UINT8_MAX, &number))
			return parse_fail(reason, "%s %s is unknown", option, word);
		*bits = (unsigned int)number;
		return 0;
	}
	for (words->next--; words_peek(words) && find_flag(table, words_peek(words)); words_take(words))
		*bits |= find_flag(table, words_peek(words));
	return *bits ? 0 : parse_fail(reason, "%s %s is unknown", option, word);
}

int xfrm_parse_flags(struct words *words, struct state *state, bool *any_family, char *reason)
{
	unsigned int bits;
	int ret = take_flags(words, "flag", flags, &bits, reason);

	if (ret)
		return ret;
	if (bits & FLAG_WILDRECV)
		return parse_fail(reason, "flag wildrecv is not supported: an SA has one destination");
	if (bits & FLAG_ESN)
		state->config.esn = true;
	if (bits & FLAG_NOECN)
		state->config.ecn = ESPALIER_ECN_NONE;
	if (bits & FLAG_DECAP_DSCP)
		state->config.copy_dscp = true;
	if (bits & FLAG_NOPMTUDISC)
		state->config.df = ESPALIER_DF_CLEAR;
	if (bits & FLAG_AF_UNSPEC)
		*any_family = true;
	return 0;
}

int xfrm_parse_extra_flags(struct words *words, struct espalier_sa_config *config, char *reason)
{
	unsigned int bits;
	int ret = take_flags(words, "extra-flag", extra_flags, &bits, reason);

	if (ret)
		return ret;
	if (bits & ~EXTRA_DONT_ENCAP_DSCP)
		return parse_fail(reason, bits & EXTRA_OSEQ_MAY_WRAP ? "extra-flag oseq-may-wrap is refused: a sequence number that comes twice is a nonce that comes twice"
								     : "extra-flag 0x%x is unknown", bits);
	config->set_dscp = true; /* 0 */
	return 0;
}

/* LIMIT behind the word limit: a name and a number; all ones are no limit. Seconds are taken without effect. */
int xfrm_parse_limit(struct words *words, struct espalier_limits *limits, char *reason)
{
	static const char *const seconds[] = { "time-soft", "time-hard", "time-use-soft", "time-use-hard" };
	const struct {
		const char *name;
		uint64_t *value;
	} counts[] = {
		{ "byte-soft", &limits->soft_bytes }, { "byte-hard", &limits->hard_bytes }, { "packet-soft", &limits->soft_packets },
		{ "packet-hard", &limits->hard_packets },
	};
	const char *word = words_value(words, "limit", reason);
	uint64_t ignored;

	if (!word)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++)
		if (!strcmp(word, seconds[i]))
			return parse_option_number(words, word, UINT64_MAX, &ignored, reason);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		int ret;

		if (strcmp(word, counts[i].name))
			continue;
		ret = parse_option_number(words, word, UINT64_MAX, counts[i].value, reason);
		if (!ret && *counts[i].value == UINT64_MAX)
			*counts[i].value = 0;
		else if (!ret && !*counts[i].value)
			ret = parse_fail(reason, "limit %s 0 would let nothing pass", word);
		return ret;
	}
	return parse_fail(reason, "limit %s is unknown", word);
}

/* TYPE SPORT DPORT OADDR; the address is the one before the NAT, which nothing is done with. */
int xfrm_parse_encap(struct words *words, struct espalier_sa_config *config, char *reason)
{
	const char *type = words_value(words, "encap", reason), *address;
	uint64_t sport, dport;
	struct prefix prefix;

	if (!type)
		return -EINVAL;
	if (strcmp(type, "espinudp"))
		return parse_fail(reason, "encap %s is not supported, only espinudp", type);
	if (parse_option_number(words, "encap espinudp", UINT16_MAX, &sport, reason) || parse_option_number(words, "encap espinudp", UINT16_MAX, &dport, reason))
		return -EINVAL;
	if (!sport || !dport)
		return parse_fail(reason, "encap espinudp needs two ports above 0");
	address = words_value(words, "encap", reason);
	if (!address || parse_prefix(address, &prefix, reason))
		return -EINVAL;
	config->udp_encap.sport = (uint16_t)sport;
	config->udp_encap.dport = (uint16_t)dport;
	return 0;
}

/* [crypto|packet] dev DEV [dir DIR] */
int xfrm_parse_offload(struct words *words, char *reason)
{
	const char *word = words_peek(words);

	if (word && (!strcmp(word, "crypto") || !strcmp(word, "packet")))
		words_take(words);
	for (const char *const *part = (const char *const[]){ "dev", "dir", NULL }; *part; part++) {
		word = words_peek(words);
		if (!word || strcmp(word, *part))
			continue;
		words_take(words);
		word = words_value(words, "offload", reason);
		if (!word)
			return -EINVAL;
		if (strpbrk(word, "#'\"\\"))
			return parse_fail(reason, "offload %s %s is no name", *part, word);
	}
	return 0;
}

int xfrm_parse_dir(struct words *words, struct state *state, char *reason)
{
	const char *word = words_value(words, "dir", reason);

	if (!word)
		return -EINVAL;
	state->inbound = !strcmp(word, "in");
	state->outbound = !strcmp(word, "out");
	return state->inbound || state->outbound ? 0 : parse_fail(reason, "dir %s is neither in nor out", word);
}

const char *xfrm_why_refused(const char *option)
{
	static const char *const reasons[][2] = {
		{ "output-mark", "output-mark is refused: marks are for the kernel's routing, which packets do not pass here" },
		{ "mark", "mark is refused: packets of a capture have none" },
		{ "if_id", "if_id is refused: there are no xfrm interfaces here" },
		{ "enc", "enc is not supported, only aead" },
		{ "auth", "auth is not supported, only aead" },
		{ "auth-trunc", "auth-trunc is not supported, only aead" },
		{ "comp", "comp is not supported, only aead" },
		{ "coa", "coa is not supported: there is no route optimization" },
		{ "ctx", "ctx is not supported: there are no security labels" },
		{ "iptfs-opts", "iptfs-opts is not supported" },
		{ "pcpu-num", "pcpu-num is refused: there is one device for all processors" },
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (!strcmp(option, reasons[i][0]))
			return reasons[i][1];
	return NULL;
}
