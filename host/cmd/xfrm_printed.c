/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `ip xfrm state` and `ip xfrm policy` print (iproute2 6.1 to 6.15, with and without -s), as the words of `xfrm state add` and `xfrm policy add` that make it. A line
 * says by its first word what it is. What is in parentheses repeats a value in another form or names its unit; times, bitmaps and what the kernel has counted are left out.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "states.h"

#define LINE_WORDS_MAX 64

/* The words of one line. */
struct line {
	char *words[LINE_WORDS_MAX];
	int count;
};

bool xfrm_is_printed(const char *line, size_t len)
{
	return len > 4 && !memcmp(line, "src ", 4);
}

/* What has a meaning of its own in a file of states is in no word that ip prints. */
static int put(struct words *out, const char *word, char *reason)
{
	if (strpbrk(word, "#'\"\\"))
		return parse_fail(reason, "a word with a quote, # or \\ is not what ip xfrm state prints"); /* it may be a key */
	if (out->count == STATES_WORDS_MAX)
		return parse_fail(reason, "more than %d words", STATES_WORDS_MAX);
	out->list[out->count++] = (char *)(uintptr_t)word; /* only read */
	return 0;
}

/* Split at blanks; a comma behind a word is none of it. What is in parentheses as a whole ("(160 bits)") is no word, but for a limit, whose value and unit it may be. */
static int split(char *text, struct line *line, char *reason)
{
	static const char blank[] = " \t\r";
	bool limit = false;

	line->count = 0;
	for (char *p = text + strspn(text, blank); *p; p += strspn(p, blank)) {
		char *word = p;

		p += strcspn(p, *word == '(' && !limit ? ")" : blank);
		if (*p)
			*p++ = '\0';
		if (*word && word[strlen(word) - 1] == ',')
			word[strlen(word) - 1] = '\0';
		limit = limit || !strcmp(word, "limit:");
		if (*word == '(' && !limit)
			continue;
		if (line->count == LINE_WORDS_MAX)
			return parse_fail(reason, "a line of more than %d words", LINE_WORDS_MAX);
		line->words[line->count++] = word;
	}
	return 0;
}

/* All words as they are; cut: without what is glued to them in parentheses, as in 0x00001000(4096). */
static int copy(const struct line *line, bool cut, struct words *out, char *reason)
{
	int ret = 0;

	for (int i = 0; !ret && i < line->count; i++) {
		if (cut)
			line->words[i][strcspn(line->words[i], "(")] = '\0';
		ret = put(out, strcmp(line->words[i], "extra_flag") ? line->words[i] : "extra-flag", reason);
	}
	return ret;
}

/*
 * replay-window N [seq S] [flag NAME...] [extra_flag NAME...]: with -s there are flag words without a name, and ip 6.1 puts no blank in front of extra_flag.
 */
static int copy_flags(struct line *line, struct words *out, char *reason)
{
	static char extra_flag[] = "extra_flag";
	struct line kept = { .count = 0 };

	for (int i = 0; i < line->count && kept.count + 1 < LINE_WORDS_MAX; i++) {
		char *word = line->words[i], *glued = strstr(word, extra_flag);
		bool list = !strcmp(word, "flag") || glued == word;

		if (list && (i + 1 == line->count || !strcmp(line->words[i + 1], extra_flag)))
			continue;
		if (glued && glued != word)
			*glued = '\0';
		kept.words[kept.count++] = word;
		if (glued && glued != word)
			kept.words[kept.count++] = extra_flag;
	}
	return copy(&kept, false, out, reason);
}

/* sel ... [uid 0], which is nobody's in particular. */
static int copy_selector(struct line *line, struct words *out, char *reason)
{
	if (line->count > 2 && !strcmp(line->words[line->count - 2], "uid") && !strcmp(line->words[line->count - 1], "0"))
		line->count -= 2;
	return copy(line, false, out, reason);
}

/* Pairs of a name and a value, of which those in the table go out under the option's name. */
static int copy_pairs(const struct line *line, int from, const char *const (*table)[2], struct words *out, char *reason)
{
	for (int i = from; i + 1 < line->count; i += 2)
		for (int k = 0; table[k][0]; k++)
			if (!strcmp(line->words[i], table[k][0]) && (put(out, table[k][1], reason) || put(out, line->words[i + 1], reason)))
				return -EINVAL;
	return 0;
}

static const char *const policy_words[][2] = { { "dir", "dir" }, { "action", "action" }, { "priority", "priority" }, { "ptype", "ptype" }, { "level", "level" }, { NULL, NULL } };

static const char *const replay[][2] = {
	{ "seq-hi", "replay-seq-hi" }, { "seq", "replay-seq" }, { "oseq-hi", "replay-oseq-hi" }, { "oseq", "replay-oseq" },
	{ "replay_window", "replay-window" }, { NULL, NULL },
};

/* dir out action block index 1 priority 5 ptype main share any flag (0x0); level required share any. Flags are names without values, at the end. */
static int copy_policy(struct line *line, struct words *out, char *reason)
{
	for (int i = 0; i < line->count; i++)
		line->words[i][strcspn(line->words[i], "(")] = '\0';
	return copy_pairs(line, 0, policy_words, out, reason);
}

/* encap type espinudp sport 4500 dport 4500 addr 0.0.0.0 */
static int copy_encap(const struct line *line, struct words *out, char *reason)
{
	static const int taken[] = { 0, 2, 4, 6, 8 };

	if (line->count != 9)
		return parse_fail(reason, "encap: not as ip xfrm state prints it");
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		if (put(out, line->words[taken[i]], reason))
			return -EINVAL;
	return 0;
}

/* crypto offload parameters: dev eth0 dir out [mode packet] */
static int copy_offload(const struct line *line, struct words *out, char *reason)
{
	int ret = put(out, "offload", reason);

	for (int i = 3; !ret && i < line->count && strcmp(line->words[i], "mode"); i++)
		ret = put(out, line->words[i], reason);
	return ret;
}

/* limit: soft (INF)(bytes) hard 1000(bytes) */
static int copy_limits(const struct line *line, struct words *out, char *reason)
{
	static const char *const names[2][2] = { { "byte-soft", "byte-hard" }, { "packet-soft", "packet-hard" } };

	for (int i = 1; i + 1 < line->count; i += 2) {
		char *value = line->words[i + 1];
		bool packets = strstr(value, "(packets)"), hard = !strcmp(line->words[i], "hard");

		if (!packets && !strstr(value, "(bytes)"))
			return parse_fail(reason, "limit: not as ip xfrm state prints it");
		if (*value == '(') /* (INF) */
			continue;
		value[strcspn(value, "(")] = '\0';
		if (put(out, "limit", reason) || put(out, names[packets][hard], reason) || put(out, value, reason))
			return -EINVAL;
	}
	return 0;
}

static bool is_left_out(const char *word)
{
	static const char *const names[] = { "lastused", "lifetime", "expire", "add", "use", "stats:", "enc-mask" };
	size_t hex = strspn(word, "0123456789abcdef");

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(word, names[i]))
			return true;
	return (hex == 8 && !word[8]) || (isdigit((unsigned char)*word) && strchr(word, '(')); /* of a bitmap; lifetime current */
}

static int take_line(struct line *line, bool policy, struct words *out, char *reason)
{
	const char *first = line->words[0];

	if (is_left_out(first))
		return 0;
	if (policy && (!strcmp(first, "dir") || !strcmp(first, "level")))
		return copy_policy(line, out, reason);
	if (!strcmp(first, "proto"))
		return copy(line, true, out, reason);
	if (!strcmp(first, "replay-window"))
		return copy_flags(line, out, reason);
	if (!strcmp(first, "sel") || (policy && !strcmp(first, "src")))
		return copy_selector(line, out, reason);
	if (!strcmp(first, "anti-replay")) /* [esn] context: */
		return copy_pairs(line, 2, replay, out, reason);
	if (!strcmp(first, "seq-hi") || !strcmp(first, "replay_window"))
		return copy_pairs(line, 0, replay, out, reason);
	if (!strcmp(first, "encap"))
		return copy_encap(line, out, reason);
	if (!strcmp(first, "crypto"))
		return copy_offload(line, out, reason);
	if (!strcmp(first, "limit:"))
		return copy_limits(line, out, reason);
	if (!strcmp(first, "aead") && line->count > 2 && !strncmp(line->words[2], "<<", 2))
		return parse_fail(reason, "the keys are hidden (ip xfrm state without nokeys shows them)");
	return copy(line, false, out, reason); /* as it would be given */
}

/* The second line of a policy begins with its direction. */
static bool is_policy(const char *text)
{
	const char *second = strchr(text, '\n');

	return second && !strncmp(second + strspn(second, "\n \t"), "dir ", 4);
}

int xfrm_from_printed(char *text, struct words *words, char *reason)
{
	bool policy = is_policy(text);
	int ret = put(words, "xfrm", reason);
	struct line line;

	if (!ret)
		ret = put(words, policy ? "policy" : "state", reason);
	if (!ret)
		ret = put(words, "add", reason);
	for (char *next = text; !ret && next;) {
		char *end = strchr(next, '\n');

		if (end)
			*end++ = '\0';
		ret = split(next, &line, reason);
		if (!ret && line.count && !strcmp(line.words[0], "stats:"))
			return 0;
		if (!ret && line.count)
			ret = take_line(&line, policy, words, reason);
		next = end;
	}
	return ret;
}
