/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The STATES file: lines, comments, continuations and words as iproute2's batch mode has them.
 *   # to the end of the line is a comment, also inside quotes. A \ right before the line's end joins the next line without a blank.
 *   A word that begins with ' or " ends at the next such quote. At most 99 words a line.
 * A line that begins with `src` is the first of a state or policy as ip prints it; the lines behind it that begin with a blank belong to it.
 * Buffers that held key text are wiped.
 */
#include "states.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX (64u << 20) /* bytes; far above 4096 states */

struct buffer {
	char *data;
	size_t len, size;
};

static void buffer_free(struct buffer *buf)
{
	if (buf->data)
		OPENSSL_cleanse(buf->data, buf->size);
	free(buf->data);
	memset(buf, 0, sizeof(*buf));
}

/* Like realloc, but no copy of the old text stays behind. */
static int buffer_reserve(struct buffer *buf, size_t size)
{
	char *data;

	if (size <= buf->size)
		return 0;
	if (size < 2 * buf->size)
		size = 2 * buf->size;
	data = malloc(size);
	if (!data)
		return -ENOMEM;
	if (buf->len)
		memcpy(data, buf->data, buf->len);
	if (buf->data)
		OPENSSL_cleanse(buf->data, buf->size);
	free(buf->data);
	buf->data = data;
	buf->size = size;
	return 0;
}

static int buffer_append(struct buffer *buf, const char *text, size_t len)
{
	int ret = buffer_reserve(buf, buf->len + len + 1);

	if (ret)
		return ret;
	memcpy(buf->data + buf->len, text, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
	return 0;
}

static int fail(char *error, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
static int fail(char *error, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, STATES_ERROR_LEN, format, args);
	va_end(args);
	return code;
}

/* One logical line into line, comments cut and continuations joined. *text moves on, *number counts lines. */
static int next_line(const char **text, const char *end, unsigned int *number, struct buffer *line, char *reason)
{
	bool more = true;
	int ret;

	line->len = 0;
	while (more) {
		const char *newline, *comment;
		size_t len;

		if (*text == end)
			return parse_fail(reason, "the line after a trailing \\ is missing");
		newline = memchr(*text, '\n', (size_t)(end - *text));
		len = (size_t)((newline ? newline : end) - *text);
		comment = memchr(*text, '#', len);
		if (newline && len && (*text)[len - 1] == '\r') /* an editor's on Windows */
			len--;
		more = newline && !comment && len && (*text)[len - 1] == '\\';
		ret = buffer_append(line, *text, comment ? (size_t)(comment - *text) : more ? len - 1 : len);
		if (ret)
			return parse_fail(reason, "out of memory");
		*text = newline ? newline + 1 : end;
		++*number;
	}
	if (memchr(line->data, '\0', line->len))
		return parse_fail(reason, "a NUL byte");
	return 0;
}

static int split_words(char *line, char **list, int *count, char *reason)
{
	static const char blank[] = " \t\r\n";
	char *p = line + strspn(line, blank);

	*count = 0;
	while (*p) {
		if (*count == STATES_WORDS_MAX)
			return parse_fail(reason, "more than %d words", STATES_WORDS_MAX);
		if (*p == '\'' || *p == '"') {
			char quote = *p++;

			list[(*count)++] = p;
			p = strchr(p, quote);
			if (!p)
				return parse_fail(reason, "a quote that does not end");
		} else {
			list[(*count)++] = p;
			p += strcspn(p, blank);
			if (!*p)
				break;
		}
		*p++ = '\0';
		p += strspn(p, blank);
	}
	return 0;
}

static bool is_sequence_option(const char *word)
{
	return !strcmp(word, "replay-seq") || !strcmp(word, "replay-seq-hi") || !strcmp(word, "replay-oseq") || !strcmp(word, "replay-oseq-hi");
}

/* The words of a line joined again, quoted where needed, without the options that states_write writes anew. */
static char *join_words(char *const *list, int count)
{
	struct buffer text = { 0 };

	for (int i = 0; i < count; i++) {
		const char *quote = !*list[i] || strpbrk(list[i], " \t\r\n\"") ? "'" : list[i][0] == '\'' || strchr(list[i], '\'') ? "\"" : "";

		if (is_sequence_option(list[i])) {
			i++;
			continue;
		}
		if (buffer_append(&text, text.len ? " " : "", text.len ? 1 : 0) || buffer_append(&text, quote, strlen(quote)) ||
		    buffer_append(&text, list[i], strlen(list[i])) || buffer_append(&text, quote, strlen(quote))) {
			buffer_free(&text);
			return NULL;
		}
	}
	return text.data;
}

static bool same_id(const struct state *a, const struct state *b)
{
	return a->config.spi == b->config.spi && !memcmp(&a->config.dst, &b->config.dst, sizeof(a->config.dst));
}

static int append(struct states *states, const struct state *state, char *reason)
{
	struct state *list;

	for (size_t i = 0; i < states->count; i++)
		if (same_id(&states->list[i], state))
			return parse_fail(reason, "SPI 0x%08x for this destination is already in line %u", state->config.spi, states->list[i].line);
	if (!(states->count & (states->count - 1))) { /* the list is full at every power of two */
		list = calloc(states->count ? 2 * states->count : 1, sizeof(*list));
		if (!list)
			return parse_fail(reason, "out of memory");
		if (states->count) {
			memcpy(list, states->list, states->count * sizeof(*list));
			OPENSSL_cleanse(states->list, states->count * sizeof(*list));
		}
		free(states->list);
		states->list = list;
	}
	states->list[states->count++] = *state;
	return 0;
}

/* The lines of a printed state, up to the first that does not begin with a blank. */
static int next_printed(const char **text, const char *end, unsigned int *number, struct buffer *lines, char *reason)
{
	lines->len = 0;
	do {
		const char *newline = memchr(*text, '\n', (size_t)(end - *text));

		if (buffer_append(lines, *text, (size_t)((newline ? newline + 1 : end) - *text)))
			return parse_fail(reason, "out of memory");
		*text = newline ? newline + 1 : end;
		++*number;
	} while (*text != end && (**text == ' ' || **text == '\t'));
	return memchr(lines->data, '\0', lines->len) ? parse_fail(reason, "a NUL byte") : 0;
}

static void wipe_words(char *words)
{
	if (words)
		OPENSSL_cleanse(words, strlen(words));
	free(words);
}

static int parse_state(struct words *words, unsigned int number, struct states *states, char *reason)
{
	struct state state = { .line = number };
	int ret = xfrm_parse_line(words, &state, reason);

	if (!ret) {
		state.words = join_words(words->list, words->count);
		ret = state.words ? append(states, &state, reason) : parse_fail(reason, "out of memory");
	}
	if (ret)
		wipe_words(state.words);
	OPENSSL_cleanse(&state, sizeof(state));
	return ret;
}

static int parse_policy(struct words *words, unsigned int number, struct states *states, char *reason)
{
	struct policy policy = { .line = number }, *list;
	int ret = xfrm_parse_policy(words, &policy, reason);

	if (ret)
		return ret;
	list = realloc(states->policies, (states->policy_count + 1) * sizeof(*list));
	if (list)
		states->policies = list;
	policy.words = list ? join_words(words->list, words->count) : NULL;
	if (!policy.words)
		return parse_fail(reason, "out of memory");
	states->policies[states->policy_count++] = policy;
	return 0;
}

static int parse_words(struct words *words, unsigned int number, struct states *states, char *reason)
{
	bool policy;
	int ret = xfrm_parse_kind(words, &policy, reason);

	if (ret)
		return ret;
	return policy ? parse_policy(words, number, states, reason) : parse_state(words, number, states, reason);
}

/* A logical line, or a printed state or policy. */
static int parse_next(const char **text, const char *end, unsigned int *number, struct buffer *line, struct states *states, char *reason)
{
	bool printed = xfrm_is_printed(*text, (size_t)(end - *text));
	unsigned int first = *number + 1;
	char *list[STATES_WORDS_MAX];
	struct words words = { list, 0, 0 };
	int ret = printed ? next_printed(text, end, number, line, reason) : next_line(text, end, number, line, reason);

	if (!ret)
		ret = printed ? xfrm_from_printed(line->data, &words, reason) : split_words(line->data, list, &words.count, reason);
	return ret || !words.count ? ret : parse_words(&words, first, states, reason);
}

int states_parse(const char *name, const char *text, size_t len, struct states *states, char *error)
{
	static const char byte_order_mark[3] = "\xef\xbb\xbf"; /* UTF-8's */
	const char *end = text + len;
	struct buffer line = { 0 };
	char reason[STATES_ERROR_LEN] = "";
	unsigned int number = 0, first = 1;
	int ret = 0;

	memset(states, 0, sizeof(*states));
	error[0] = '\0';
	if (len >= sizeof(byte_order_mark) && !memcmp(text, byte_order_mark, sizeof(byte_order_mark)))
		text += sizeof(byte_order_mark);
	while (!ret && text != end) {
		first = number + 1;
		ret = parse_next(&text, end, &number, &line, states, reason);
	}
	buffer_free(&line);
	if (ret) {
		states_free(states);
		return fail(error, ret, "%s:%u: %.500s", name, first, reason);
	}
	return 0;
}

int states_load(const char *path, struct states *states, char *error)
{
	struct buffer text = { 0 };
	ssize_t got = 0;
	int ret = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	memset(states, 0, sizeof(*states));
	if (fd < 0)
		return fail(error, -errno, "%s: %s", path, strerror(errno));
	do {
		if (text.len >= FILE_MAX || buffer_reserve(&text, text.len + 65536)) {
			ret = fail(error, -EFBIG, "%s: too large for a file of states", path);
			break;
		}
		got = read(fd, text.data + text.len, 65536);
		if (got > 0)
			text.len += (size_t)got;
	} while (got > 0 || (got < 0 && errno == EINTR));
	if (!ret && got < 0)
		ret = fail(error, -errno, "%s: %s", path, strerror(errno));
	if (!ret)
		ret = states_parse(path, text.data, text.len, states, error);
	buffer_free(&text);
	close(fd);
	return ret;
}

static bool write_state(FILE *file, const struct state *s)
{
	/* printf would have a copy of the words, also for a stream without a buffer. */
	if (fputs(s->words, file) < 0 || fprintf(file, " replay-seq 0x%x replay-oseq 0x%x", (unsigned int)s->seq, (unsigned int)s->oseq) < 0)
		return false;
	if (s->config.esn && fprintf(file, " replay-seq-hi 0x%x replay-oseq-hi 0x%x", (unsigned int)(s->seq >> 32), (unsigned int)(s->oseq >> 32)) < 0)
		return false;
	return fputc('\n', file) != EOF;
}

int states_write(FILE *file, const struct states *states)
{
	bool good = fputs("# Written by espalier: sequence numbers stand where the last run left them.\n", file) >= 0;

	for (size_t i = 0; good && i < states->count; i++)
		good = write_state(file, &states->list[i]);
	for (size_t i = 0; good && i < states->policy_count; i++)
		good = fputs(states->policies[i].words, file) >= 0 && fputc('\n', file) != EOF;
	return good ? 0 : -errno;
}

bool states_same_key(const struct state *a, const struct state *b)
{
	const struct espalier_sa_config *x = &a->config, *y = &b->config;

	return x->key_len == y->key_len && !CRYPTO_memcmp(x->key, y->key, x->key_len) && !CRYPTO_memcmp(x->salt, y->salt, sizeof(x->salt));
}

void states_free(struct states *states)
{
	for (size_t i = 0; i < states->count; i++)
		wipe_words(states->list[i].words);
	for (size_t i = 0; i < states->policy_count; i++)
		wipe_words(states->policies[i].words);
	free(states->policies);
	if (states->list)
		OPENSSL_cleanse(states->list, states->count * sizeof(*states->list));
	free(states->list);
	memset(states, 0, sizeof(*states));
}
