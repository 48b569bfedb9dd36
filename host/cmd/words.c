/* SPDX-License-Identifier: Apache-2.0 */
/* Words of a line in iproute2's syntax: numbers and addresses, and what is wrong with them. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "states.h"

int parse_fail(char *reason, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reason, STATES_ERROR_LEN, format, args);
	va_end(args);
	return -EINVAL;
}

const char *words_peek(const struct words *words)
{
	return words->next < words->count ? words->list[words->next] : NULL;
}

const char *words_take(struct words *words)
{
	return words->next < words->count ? words->list[words->next++] : NULL;
}

const char *words_value(struct words *words, const char *option, char *reason)
{
	const char *value = words_take(words);

	if (!value)
		parse_fail(reason, "the value of %s is missing", option);
	return value;
}

int parse_number(const char *word, uint64_t max, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(word, &end, 0);
	return !*word || *word == '-' || *end || errno || *value > max ? -EINVAL : 0;
}

int parse_option_number(struct words *words, const char *option, uint64_t max, uint64_t *value, char *reason)
{
	const char *word = words_value(words, option, reason);

	if (!word)
		return -EINVAL;
	if (parse_number(word, max, value))
		return parse_fail(reason, "%s %s is not a number up to %llu", option, word, (unsigned long long)max);
	return 0;
}

/* ip completes 10.1 to 10.1.0.0 */
static int parse_ipv4(const char *word, size_t len, uint32_t *addr)
{
	char text[64], *p = text, *end;

	if (len == 0 || len >= sizeof(text))
		return -EINVAL;
	memcpy(text, word, len);
	text[len] = '\0';
	*addr = 0;
	for (int shift = 24; shift >= 0; shift -= 8) {
		unsigned long part;

		if (*p < '0' || *p > '9')
			return -EINVAL;
		part = strtoul(p, &end, 0);
		if (part > 255 || end == p)
			return -EINVAL;
		*addr |= (uint32_t)part << shift;
		if (!*end)
			return 0;
		if (*end != '.')
			return -EINVAL;
		p = end + 1;
	}
	return -EINVAL;
}

/* Bits of a prefix: a number, or an IPv4 netmask, as ip takes it: ones, then zeros. */
static int parse_prefix_len(const char *word, struct prefix *prefix)
{
	uint64_t bits;
	uint32_t mask;

	if (!parse_number(word, prefix->ip.family == 4 ? 32 : 128, &bits)) {
		prefix->plen = (unsigned int)bits;
		return 0;
	}
	if (prefix->ip.family != 4 || !strchr(word, '.') || parse_ipv4(word, strlen(word), &mask) || (~mask & (~mask + 1)))
		return -EINVAL;
	prefix->plen = (unsigned int)__builtin_popcount(mask);
	return 0;
}

static int parse_address(const char *word, size_t len, struct prefix *prefix)
{
	char text[INET6_ADDRSTRLEN];
	uint32_t number;

	if (memchr(word, ':', len)) {
		prefix->ip.family = 6;
		prefix->plen = 128;
		if (len >= sizeof(text))
			return -EINVAL;
		memcpy(text, word, len);
		text[len] = '\0';
		return inet_pton(AF_INET6, text, prefix->ip.bytes) == 1 ? 0 : -EINVAL;
	}
	if (parse_ipv4(word, len, &number))
		return -EINVAL;
	prefix->ip = ip_from_number(number);
	prefix->plen = 32;
	return 0;
}

int parse_prefix(const char *word, struct prefix *prefix, char *reason)
{
	const char *slash = strchr(word, '/');

	*prefix = (struct prefix){ 0 };
	if (!strcmp(word, "any") || !strcmp(word, "all") || !strcmp(word, "default"))
		return 0;
	if (parse_address(word, slash ? (size_t)(slash - word) : strlen(word), prefix) || (slash && parse_prefix_len(slash + 1, prefix)))
		return parse_fail(reason, "%s is not an IP address or prefix", word);
	return 0;
}
