/* SPDX-License-Identifier: Apache-2.0 */
/* Values: words, numbers with units, lists, addresses, selectors, secrets. */
#include "conf/value.h"

#include <ctype.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conf/settings.h"

int value_bool(const char *text, bool *out)
{
	static const char *const words[] = { "no", "yes", "false", "true", "disabled", "enabled", "0", "1" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strcasecmp(text, words[i])) {
			*out = i % 2;
			return 0;
		}
	return -EINVAL;
}

/* *end behind the digits. */
static int digits(const char *text, uint64_t *out, const char **end)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	char *stop;

	if (!isdigit((unsigned char)text[0]) || (hex && !isxdigit((unsigned char)text[2])))
		return -EINVAL;
	errno = 0;
	*out = strtoull(text, &stop, hex ? 16 : 10);
	*end = stop;
	return errno == ERANGE ? -ERANGE : 0;
}

int value_number(const char *text, uint64_t *out)
{
	const char *end;
	int ret = digits(text, out, &end);

	return ret ? ret : *end ? -EINVAL : 0;
}

struct unit {
	char letter;
	uint64_t factor;
};

static int with_unit(const char *text, const struct unit *units, size_t count, uint64_t *out)
{
	const char *end;
	int ret = digits(text, out, &end);

	if (ret)
		return ret;
	while (*end == ' ')
		end++;
	if (!*end)
		return 0;
	for (size_t i = 0; i < count; i++)
		if (tolower((unsigned char)*end) == units[i].letter && !end[1])
			return __builtin_mul_overflow(*out, units[i].factor, out) ? -ERANGE : 0;
	return -EINVAL;
}

int value_time(const char *text, uint64_t *seconds)
{
	static const struct unit units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };

	return with_unit(text, units, 4, seconds);
}

int value_bytes(const char *text, uint64_t *bytes)
{
	static const struct unit units[] = { { 'k', 1u << 10 }, { 'm', 1u << 20 }, { 'g', 1u << 30 } };

	return with_unit(text, units, 3, bytes);
}

int value_list(const char *text, struct conf_list *list)
{
	char *copy = strdup(text), *rest = copy, *item;
	int ret = copy ? 0 : -ENOMEM;

	while (!ret && (item = strsep(&rest, ","))) {
		char *end = item + strlen(item);

		while (*item == ' ' || *item == '\t')
			item++;
		while (end > item && (end[-1] == ' ' || end[-1] == '\t'))
			*--end = '\0';
		if (*item)
			ret = settings_list_add(list, item);
	}
	free(copy);
	return ret;
}

/* A range as ts_parse reads it, without protocol and ports. */
static int parse_range(const char *text, struct ts *range)
{
	return strchr(text, '[') ? -EINVAL : ts_parse(text, range);
}

static int parse_addr(const char *text, struct conf_addr *addr)
{
	static const char *const anys[][2] = {
		{ "%any", NULL }, { "%any4", "0.0.0.0/0" }, { "%any6", "::/0" }, { "0.0.0.0", "0.0.0.0/0" }, { "::", "::/0" },
	};
	int ret;

	for (size_t i = 0; i < sizeof(anys) / sizeof(*anys); i++)
		if (!strcmp(text, anys[i][0])) {
			addr->any = true;
			return anys[i][1] ? parse_range(anys[i][1], &addr->range) : 0;
		}
	ret = parse_range(text, &addr->range);
	addr->single = !ret && !strpbrk(text, "/-") && ip_equal(&addr->range.lo, &addr->range.hi);
	return ret;
}

int value_addrs(const char *text, struct conf_addrs *addrs)
{
	struct conf_list list = { 0 };
	int ret = value_list(text, &list);

	for (size_t i = 0; i < list.count && !ret; i++) {
		struct conf_addr addr = { 0 };

		ret = parse_addr(list.items[i], &addr);
		if (!ret)
			ret = settings_grow(&addrs->items, addrs->count, sizeof(addr));
		if (!ret)
			addrs->items[addrs->count++] = addr;
	}
	if (!ret && !addrs->count)
		ret = -EINVAL;
	settings_list_free(&list);
	return ret;
}

static int parse_selector(const char *text, struct conf_ts *selector)
{
	static const char word[] = "dynamic", any[] = "0.0.0.0/0";
	const char *behind = text + strlen(word);
	char as_prefix[TS_TEXT_LEN];
	int ret;

	if (strncmp(text, word, strlen(word)) || (*behind && *behind != '['))
		return ts_parse(text, &selector->ts);
	if (strlen(any) + strlen(behind) >= sizeof(as_prefix))
		return -EINVAL;
	strcat(strcpy(as_prefix, any), behind);
	ret = ts_parse(as_prefix, &selector->ts);
	selector->dynamic = true;
	selector->ts.lo = selector->ts.hi = (struct ip_addr){ 0 };
	return ret;
}

int value_selectors(const char *text, struct conf_selectors *selectors)
{
	struct conf_list list = { 0 };
	int ret = value_list(text, &list);

	if (!ret && list.count > SINK_TS_MAX)
		ret = -ERANGE;
	for (size_t i = 0; i < list.count && !ret; i++) {
		struct conf_ts selector = { 0 };

		ret = parse_selector(list.items[i], &selector);
		if (!ret)
			ret = settings_grow(&selectors->items, selectors->count, sizeof(selector));
		if (!ret)
			selectors->items[selectors->count++] = selector;
	}
	if (!ret && !selectors->count)
		ret = -EINVAL;
	settings_list_free(&list);
	return ret;
}

static int from_hex(const char *text, uint8_t *bytes, size_t *len)
{
	*len = strlen(text) / 2;
	if (strlen(text) % 2)
		return -EINVAL;
	for (size_t i = 0; i < *len; i++) {
		int high = OPENSSL_hexchar2int((unsigned char)text[2 * i]), low = OPENSSL_hexchar2int((unsigned char)text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

static int from_base64(const char *text, uint8_t *bytes, size_t *len)
{
	size_t length = strlen(text), padding = 0;
	int n;

	if (length % 4 || strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") != length)
		return -EINVAL;
	while (padding < length && text[length - 1 - padding] == '=')
		padding++;
	if (padding > 2 || strcspn(text, "=") != length - padding)
		return -EINVAL;
	n = EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)length);
	if (n < (int)padding)
		return -EINVAL;
	*len = (size_t)n - padding;
	return 0;
}

int value_secret(const char *text, uint8_t **bytes, size_t *len)
{
	size_t size = strlen(text) + 1;
	int ret = 0;

	*bytes = malloc(size);
	if (!*bytes)
		return -ENOMEM;
	*len = 0;
	if (!strncasecmp(text, "0x", 2)) {
		ret = from_hex(text + 2, *bytes, len);
	} else if (!strncasecmp(text, "0s", 2)) {
		ret = from_base64(text + 2, *bytes, len);
	} else {
		*len = size - 1;
		memcpy(*bytes, text, *len);
	}
	if (!ret && *len)
		return 0;
	OPENSSL_cleanse(*bytes, size);
	free(*bytes);
	*bytes = NULL;
	*len = 0;
	return -EINVAL;
}

static int one_action(const char *text, size_t len, bool alone, unsigned int *action)
{
	static const struct {
		const char *word;
		unsigned int action;
		bool alone; /* an old word, which strongSwan does not take in a list */
	} actions[] = {
		{ "none", 0, false }, { "trap", CONF_ACTION_TRAP, false }, { "start", CONF_ACTION_START, false },
		{ "clear", 0, true }, { "route", CONF_ACTION_TRAP, true }, { "restart", CONF_ACTION_START, true },
	};

	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++)
		if (strlen(actions[i].word) == len && !strncasecmp(text, actions[i].word, len) && (alone || !actions[i].alone)) {
			*action |= actions[i].action;
			return 0;
		}
	return -EINVAL;
}

int value_action(const char *text, unsigned int *action)
{
	const char *bar, *end;
	bool alone = !strchr(text, '|');

	for (*action = 0;; text = bar + 1) {
		bar = strchr(text, '|');
		end = bar ? bar : text + strlen(text);
		while (*text == ' ')
			text++;
		while (end > text && end[-1] == ' ')
			end--;
		if (one_action(text, end > text ? (size_t)(end - text) : 0, alone, action))
			return -EINVAL;
		if (!bar)
			return 0;
	}
}
