/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line `xfrm state add ID [OPTION...]` in the syntax of iproute2 6.15 (ip-xfrm(8)), and what of it an Espalier device can honour: ESP in tunnel and transport
 * mode. reqid, seq and nat-keepalive-interval are for key managers and change nothing here, nor does offload. Everything else is an error.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "states.h"

#define WINDOW_MAX 4096u /* XFRMA_REPLAY_ESN_MAX: what ip accepts */

/* One part of the ID. */
static int parse_id_word(struct words *words, struct state *state, bool *spi_given, char *reason)
{
	const char *option = words_take(words);
	struct prefix prefix;
	const char *value;
	uint64_t spi;

	if (!strcmp(option, "spi")) {
		if (parse_option_number(words, "spi", UINT32_MAX, &spi, reason))
			return -EINVAL;
		state->config.spi = (uint32_t)spi;
		*spi_given = true;
		return 0;
	}
	value = words_value(words, option, reason);
	if (!value)
		return -EINVAL;
	if (!strcmp(option, "proto"))
		return strcmp(value, "esp") ? parse_fail(reason, "proto %s is not supported, only esp", value) : 0;
	if (parse_prefix(value, &prefix, reason))
		return -EINVAL;
	if (prefix.plen != (prefix.ip.family == 6 ? 128 : 32))
		return parse_fail(reason, "%s %s: an end of an SA is one address", option, value);
	*(*option == 's' ? &state->config.src : &state->config.dst) = prefix.ip;
	return 0;
}

static bool is_id_word(const char *word)
{
	return word && (!strcmp(word, "src") || !strcmp(word, "dst") || !strcmp(word, "proto") || !strcmp(word, "spi"));
}

/* [src A] [dst A] [proto P] [spi N], which ip wants to stand together */
static int parse_id(struct words *words, struct state *state, bool *spi_given, char *reason)
{
	int ret = 0;

	if (!is_id_word(words_peek(words)))
		return parse_fail(reason, "%s is not supported", words_peek(words));
	while (!ret && is_id_word(words_peek(words)))
		ret = parse_id_word(words, state, spi_given, reason);
	return ret;
}

/* ip takes any beginning of tunnel and transport; t is transport */
static int parse_mode(struct words *words, struct state *state, bool *given, char *reason)
{
	const char *word = words_value(words, "mode", reason);

	if (!word)
		return -EINVAL;
	*given = true;
	if (*word && !strncmp(word, "transport", strlen(word)))
		state->config.mode = ESPALIER_TRANSPORT;
	else if (*word && !strncmp(word, "tunnel", strlen(word)))
		state->config.mode = ESPALIER_TUNNEL;
	else
		return parse_fail(reason, "mode %s is not supported, only tunnel and transport", word);
	return 0;
}

struct parsed {
	bool id, spi, aead, mode, any_family;
	uint64_t window, seq, seq_hi, oseq, oseq_hi, tfcpad, reqid, ignored;
};

/* 1: the word is none of them. */
static int parse_numbers(struct words *words, const char *word, struct parsed *got, char *reason)
{
	const struct {
		const char *name;
		uint64_t *value;
	} numbers[] = {
		{ "replay-window", &got->window },    { "replay-seq", &got->seq },	 { "replay-seq-hi", &got->seq_hi },
		{ "replay-oseq", &got->oseq },	      { "replay-oseq-hi", &got->oseq_hi }, { "tfcpad", &got->tfcpad },
		{ "reqid", &got->reqid },	      { "seq", &got->ignored },		 { "nat-keepalive-interval", &got->ignored },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (!strcmp(word, numbers[i].name))
			return parse_option_number(words, word, UINT32_MAX, numbers[i].value, reason);
	return 1;
}

static int parse_option(struct words *words, struct state *state, struct parsed *got, char *reason)
{
	const char *word = words_take(words);
	int ret = parse_numbers(words, word, got, reason);

	if (ret <= 0)
		return ret;
	if (!strcmp(word, "mode"))
		return parse_mode(words, state, &got->mode, reason);
	if (!strcmp(word, "flag"))
		return xfrm_parse_flags(words, state, &got->any_family, reason);
	if (!strcmp(word, "extra-flag"))
		return xfrm_parse_extra_flags(words, &state->config, reason);
	if (!strcmp(word, "sel"))
		return selector_parse(words, &state->selector, reason);
	if (!strcmp(word, "limit"))
		return xfrm_parse_limit(words, &state->config.limits, reason);
	if (!strcmp(word, "encap"))
		return xfrm_parse_encap(words, &state->config, reason);
	if (!strcmp(word, "offload"))
		return xfrm_parse_offload(words, reason);
	if (!strcmp(word, "dir"))
		return xfrm_parse_dir(words, state, reason);
	if (!strcmp(word, "aead")) {
		if (got->aead)
			return parse_fail(reason, "aead is given twice");
		got->aead = true;
		return xfrm_parse_aead(words, &state->config, reason);
	}
	if (xfrm_why_refused(word))
		return parse_fail(reason, "%s", xfrm_why_refused(word));
	if (got->id)
		return parse_fail(reason, "%s is not supported here", word);
	words->next--;
	got->id = true;
	return parse_id(words, state, &got->spi, reason);
}

/* Linux' af-unspec: a selector of all addresses is one of both families. */
static void widen(struct prefix *prefix)
{
	if (!prefix->plen)
		prefix->ip.family = 0;
}

static int check(const struct parsed *got, struct state *state, char *reason)
{
	struct espalier_sa_config *config = &state->config;

	if (!config->src.family || !config->dst.family)
		return parse_fail(reason, "the SA's %s address is missing", config->src.family ? "dst" : "src");
	if (config->src.family != config->dst.family)
		return parse_fail(reason, "src and dst are not of one family");
	if (!got->spi || !config->spi)
		return parse_fail(reason, "spi is missing or 0");
	if (!got->aead)
		return parse_fail(reason, "aead is missing, rfc4106(gcm(aes)) for example");
	if (!got->mode)
		return parse_fail(reason, "mode tunnel or mode transport is missing");
	if (got->window > WINDOW_MAX)
		return parse_fail(reason, "replay-window %llu is above %u", (unsigned long long)got->window, WINDOW_MAX);
	if (config->esn && !got->window && state->inbound && state->outbound)
		return parse_fail(reason, "flag esn needs a replay-window");
	if (!config->esn && (got->seq_hi || got->oseq_hi))
		return parse_fail(reason, "replay-seq-hi and replay-oseq-hi need flag esn");
	if (got->tfcpad > ESPALIER_MAX_PACKET || (got->tfcpad && config->mode == ESPALIER_TRANSPORT))
		return parse_fail(reason, "tfcpad is for tunnel mode (RFC 4303, 2.7), up to %u", ESPALIER_MAX_PACKET);
	if (config->mode == ESPALIER_TRANSPORT && (config->df || config->ecn || config->set_dscp || config->copy_dscp))
		return parse_fail(reason, "noecn, decap-dscp, nopmtudisc and dont-encap-dscp are for tunnel mode");
	config->replay_window = (uint16_t)got->window;
	config->tfc_pad = (uint16_t)got->tfcpad;
	state->reqid = (uint32_t)got->reqid;
	state->seq = got->seq_hi << 32 | got->seq;
	state->oseq = got->oseq_hi << 32 | got->oseq;
	if (got->any_family) {
		widen(&state->selector.src);
		widen(&state->selector.dst);
	}
	return 0;
}

static bool abbreviates(const char *word, const char *full)
{
	return word && *word && !strncmp(word, full, strlen(word));
}

int xfrm_parse_kind(struct words *words, bool *policy, char *reason)
{
	const char *object = words_take(words), *kind = words_take(words), *command = words_take(words);

	*policy = kind && !abbreviates(kind, "state") && abbreviates(kind, "policy");
	if (!abbreviates(object, "xfrm") || !(*policy || abbreviates(kind, "state") || abbreviates(kind, "sa")) || !abbreviates(command, "add"))
		return parse_fail(reason, "only lines that begin with xfrm state add or xfrm policy add are supported");
	return 0;
}

int xfrm_parse_line(struct words *words, struct state *state, char *reason)
{
	struct parsed got = { 0 };
	int ret;

	state->inbound = state->outbound = true;
	while (words_peek(words)) {
		ret = parse_option(words, state, &got, reason);
		if (ret)
			return ret;
	}
	return check(&got, state, reason);
}
