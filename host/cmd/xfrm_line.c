/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line `xfrm state add ID [OPTION...]` in the syntax of iproute2 6.1 (ip-xfrm(8)), and what of it an Espalier card can honour:
 * ESP in tunnel mode between IPv4 addresses, aead rfc4106(gcm(aes)) with a 128-bit ICV, replay-window, flag esn, the replay-seq
 * options and selectors. reqid and seq are names for key managers and change nothing. Everything else is an error.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "states.h"

#define SALT_LEN 4
#define ICV_BITS 128
#define FLAG_AF_UNSPEC 0x20u /* XFRM_STATE_AF_UNSPEC: selectors of any family; ours say theirs */
#define FLAG_ESN 0x80u	     /* XFRM_STATE_ESN */
#define WINDOW_MAX 4096u     /* XFRMA_REPLAY_ESN_MAX: what ip accepts */

static int number_option(struct words *words, const char *option, uint64_t max, uint64_t *value, char *reason)
{
	const char *word = words_value(words, option, reason);

	if (!word)
		return -EINVAL;
	if (parse_number(word, max, value))
		return parse_fail(reason, "%s %s is not a number up to %llu", option, word, (unsigned long long)max);
	return 0;
}

/* [src A] [dst A] [proto P] [spi N], which ip wants to stand together */
static int parse_id(struct words *words, struct state *state, bool *spi_given, char *reason)
{
	const char *word;
	uint32_t mask;
	uint64_t spi;
	int taken = 0;

	for (; (word = words_peek(words)) != NULL; taken++) {
		if (!strcmp(word, "src") || !strcmp(word, "dst")) {
			const char *option = words_take(words), *value = words_value(words, option, reason);

			if (!value || parse_prefix(value, *option == 's' ? &state->src : &state->dst, &mask, reason))
				return -EINVAL;
			if (mask != UINT32_MAX)
				return parse_fail(reason, "%s %s: a tunnel end is one address", option, value);
		} else if (!strcmp(word, "proto")) {
			const char *value;

			words_take(words);
			value = words_value(words, "proto", reason);
			if (!value)
				return -EINVAL;
			if (strcmp(value, "esp"))
				return parse_fail(reason, "proto %s is not supported, only esp", value);
		} else if (!strcmp(word, "spi")) {
			words_take(words);
			if (number_option(words, "spi", UINT32_MAX, &spi, reason))
				return -EINVAL;
			state->spi = (uint32_t)spi;
			*spi_given = true;
		} else {
			break;
		}
	}
	if (!taken)
		return parse_fail(reason, "%s is not supported", word);
	return 0;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* 0x and hexadecimal digits (an odd count gets a zero in front), or else the characters themselves. Returns bytes or -EINVAL. */
static int parse_keymat(const char *word, uint8_t *bytes, size_t max, char *reason)
{
	size_t len = strlen(word), n = 0;

	if (len <= 2 || strncmp(word, "0x", 2)) {
		if (len > max)
			return parse_fail(reason, "key and salt of %zu bytes are too long", len);
		memcpy(bytes, word, len);
		return (int)len;
	}
	word += 2;
	len -= 2;
	if ((len + 1) / 2 > max)
		return parse_fail(reason, "key and salt of %zu bytes are too long", (len + 1) / 2);
	for (size_t i = 0; i < len; n++) {
		int high = len % 2 && i == 0 ? 0 : hex_digit(word[i++]), low = hex_digit(word[i++]);

		if (high < 0 || low < 0)
			return parse_fail(reason, "the key is not hexadecimal");
		bytes[n] = (uint8_t)(high << 4 | low);
	}
	return (int)n;
}

static int parse_aead(struct words *words, struct state *state, char *reason)
{
	uint8_t bytes[sizeof(state->key) + SALT_LEN];
	const char *name = words_value(words, "aead", reason), *key;
	uint64_t icv;
	int len, ret = -EINVAL;

	if (!name)
		return -EINVAL;
	if (strcmp(name, "rfc4106(gcm(aes))"))
		return parse_fail(reason, "aead %s is not supported, only rfc4106(gcm(aes))", name);
	key = words_value(words, "aead", reason);
	if (!key || number_option(words, "the ICV length", UINT32_MAX, &icv, reason))
		return -EINVAL;
	if (icv != ICV_BITS)
		return parse_fail(reason, "an ICV of %llu bits is not supported, only %d", (unsigned long long)icv, ICV_BITS);
	len = parse_keymat(key, bytes, sizeof(bytes), reason);
	if (len < 0)
		goto out;
	if (len != 20 && len != 28 && len != 36) {
		parse_fail(reason, "key and salt have 20, 28 or 36 bytes (AES-128, -192, -256), not %d", len);
		goto out;
	}
	state->key_len = (uint8_t)(len - SALT_LEN);
	memcpy(state->key, bytes, state->key_len);
	memcpy(state->salt, bytes + state->key_len, SALT_LEN);
	ret = 0;
out:
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return ret;
}

static int parse_flags(struct words *words, struct state *state, char *reason)
{
	static const char *const refused[] = { "noecn", "decap-dscp", "nopmtudisc", "wildrecv", "icmp", "align4" };
	const char *word = words_value(words, "flag", reason);
	uint64_t bits;
	int taken = 0;

	if (!word)
		return -EINVAL;
	if (!strncmp(word, "0x", 2)) {
		if (parse_number(word, UINT8_MAX, &bits) || (bits & ~(uint64_t)(FLAG_ESN | FLAG_AF_UNSPEC)))
			return parse_fail(reason, "flag %s is not supported, only esn (0x80)", word);
		state->esn = bits & FLAG_ESN;
		return 0;
	}
	words->next--;
	for (; (word = words_peek(words)) != NULL; taken++) {
		for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
			if (!strcmp(word, refused[i]))
				return parse_fail(reason, "flag %s is not supported", word);
		if (!strcmp(word, "esn"))
			state->esn = true;
		else if (strcmp(word, "af-unspec"))
			break;
		words_take(words);
	}
	return taken ? 0 : parse_fail(reason, "flag %s is unknown", word);
}

/* ip takes any beginning of tunnel but t, which is transport */
static int parse_mode(struct words *words, bool *tunnel, char *reason)
{
	const char *word = words_value(words, "mode", reason);

	if (!word)
		return -EINVAL;
	*tunnel = strlen(word) > 1 && !strncmp(word, "tunnel", strlen(word));
	return *tunnel ? 0 : parse_fail(reason, "mode %s is not supported, only tunnel", word);
}

struct parsed {
	bool id, spi, aead, tunnel;
	uint64_t window, seq, seq_hi, oseq, oseq_hi, ignored;
};

static int parse_option(struct words *words, struct state *state, struct parsed *got, char *reason)
{
	const struct {
		const char *name;
		uint64_t *value;
	} numbers[] = {
		{ "replay-window", &got->window },    { "replay-seq", &got->seq },	 { "replay-seq-hi", &got->seq_hi },
		{ "replay-oseq", &got->oseq },	      { "replay-oseq-hi", &got->oseq_hi }, { "reqid", &got->ignored },
		{ "seq", &got->ignored },
	};
	const char *word = words_take(words);

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (!strcmp(word, numbers[i].name))
			return number_option(words, word, UINT32_MAX, numbers[i].value, reason);
	if (!strcmp(word, "mode"))
		return parse_mode(words, &got->tunnel, reason);
	if (!strcmp(word, "flag"))
		return parse_flags(words, state, reason);
	if (!strcmp(word, "sel"))
		return selector_parse(words, &state->selector, reason);
	if (!strcmp(word, "aead")) {
		if (got->aead)
			return parse_fail(reason, "aead is given twice");
		got->aead = true;
		return parse_aead(words, state, reason);
	}
	if (got->id)
		return parse_fail(reason, "%s is not supported here", word);
	words->next--;
	got->id = true;
	return parse_id(words, state, &got->spi, reason);
}

static int check(const struct parsed *got, struct state *state, char *reason)
{
	if (!state->src || !state->dst)
		return parse_fail(reason, "the tunnel's %s address is missing", state->src ? "dst" : "src");
	if (!got->spi || !state->spi)
		return parse_fail(reason, "spi is missing or 0");
	if (!got->aead)
		return parse_fail(reason, "aead rfc4106(gcm(aes)) is missing");
	if (!got->tunnel)
		return parse_fail(reason, "mode tunnel is missing");
	if (got->window > WINDOW_MAX)
		return parse_fail(reason, "replay-window %llu is above %u", (unsigned long long)got->window, WINDOW_MAX);
	if (state->esn && !got->window)
		return parse_fail(reason, "flag esn needs a replay-window");
	if (!state->esn && (got->seq_hi || got->oseq_hi))
		return parse_fail(reason, "replay-seq-hi and replay-oseq-hi need flag esn");
	state->replay_window = (uint32_t)got->window;
	state->seq = got->seq_hi << 32 | got->seq;
	state->oseq = got->oseq_hi << 32 | got->oseq;
	return 0;
}

static bool abbreviates(const char *word, const char *full)
{
	return word && *word && !strncmp(word, full, strlen(word));
}

int xfrm_parse_line(struct words *words, struct state *state, char *reason)
{
	struct parsed got = { 0 };
	const char *object = words_take(words), *kind = words_take(words), *command = words_take(words);
	int ret;

	if (!abbreviates(object, "xfrm") || !(abbreviates(kind, "state") || abbreviates(kind, "sa")) || !abbreviates(command, "add"))
		return parse_fail(reason, "only lines that begin with xfrm state add are supported");
	while (words_peek(words)) {
		ret = parse_option(words, state, &got, reason);
		if (ret)
			return ret;
	}
	return check(&got, state, reason);
}
