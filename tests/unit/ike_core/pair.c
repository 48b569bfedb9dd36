/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pair.h"

#define TEXT_MAX 8192

struct text {
	char *at;
	size_t left;
};

static void put(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(t->at, t->left, format, args);
	va_end(args);
	assert_true(n >= 0 && (size_t)n < t->left);
	t->at += n;
	t->left -= (size_t)n;
}

/* Does the section have this key already? Then no default. */
static bool has_key(const char *more, const char *prefix, const char *key)
{
	char wanted[128];

	snprintf(wanted, sizeof(wanted), "%s%s =", prefix, key);
	return strstr(more, wanted) != NULL;
}

static void put_lines(struct text *t, const char *more, const char *prefix, bool plain)
{
	char copy[TEXT_MAX], *save = NULL;
	size_t len = strlen(prefix);

	snprintf(copy, sizeof(copy), "%s", more);
	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		bool other = !strncmp(line, "conn:", 5) || !strncmp(line, "child ", 6) || !strncmp(line, "file:", 5);

		if (plain ? !other : !strncmp(line, prefix, len))
			put(t, "%s\n", plain ? line : line + len);
	}
}

static void put_default(struct text *t, const char *more, const char *prefix, const char *key, const char *value)
{
	if (!has_key(more, prefix, key))
		put(t, "%s = %s\n", key, value);
}

/* Sections of further children, each once. */
static void put_children(struct text *t, const char *more)
{
	for (const char *at = strstr(more, "child "); at; at = strstr(at + 1, "child ")) {
		const char *end = strchr(at, ':');
		char prefix[64], name[64];
		const char *first;

		assert_non_null(end);
		snprintf(prefix, sizeof(prefix), "%.*s", (int)(end + 1 - at), at);
		snprintf(name, sizeof(name), "%.*s", (int)(end - at - 6), at + 6);
		first = strstr(more, prefix);
		if (first != at)
			continue;
		put(t, "%s {\n", name);
		put_default(t, more, prefix, "esp_proposals", "aes256gcm16-x25519");
		put_default(t, more, prefix, "rekey_time", "0");
		put_default(t, more, prefix, "life_time", "0");
		put_lines(t, more, prefix, false);
		put(t, "}\n");
	}
}

void pair_text(char *text, size_t size, bool is_a, const char *more)
{
	struct text t = { .at = text, .left = size };

	put(&t, "connections {\ngw {\n");
	put_default(&t, more, "conn:", "local_addrs", is_a ? "192.0.2.1" : "192.0.2.2");
	put_default(&t, more, "conn:", "remote_addrs", is_a ? "192.0.2.2" : "192.0.2.1");
	put_default(&t, more, "conn:", "proposals", "aes256gcm16-prfsha256-x25519");
	put_default(&t, more, "conn:", "rekey_time", "0");
	put_default(&t, more, "conn:", "reauth_time", "0");
	put_lines(&t, more, "conn:", false);
	put(&t, "local {\nauth = psk\nid = %s.example.org\n}\nremote {\nauth = psk\nid = %s.example.org\n}\n", is_a ? "a" : "b", is_a ? "b" : "a");
	put(&t, "children {\nnet {\n");
	put_default(&t, more, "\n", "local_ts", is_a ? "10.1.0.0/16" : "10.2.0.0/16");
	put_default(&t, more, "\n", "remote_ts", is_a ? "10.2.0.0/16" : "10.1.0.0/16");
	put_default(&t, more, "\n", "esp_proposals", "aes256gcm16-x25519");
	put_default(&t, more, "\n", "rekey_time", "0");
	put_default(&t, more, "\n", "life_time", "0");
	put_lines(&t, more, "", true);
	put(&t, "}\n");
	put_children(&t, more);
	put(&t, "}\n}\n}\nsecrets {\nike-1 {\nsecret = \"a secret of both\"\n}\n}\n");
	put_lines(&t, more, "file:", false);
}

void pair_create(struct pair *p, uint64_t seed)
{
	p->w = world_new(seed);
	p->a = world_add(p->w, "a", "192.0.2.1 2001:db8::1");
	p->b = world_add(p->w, "b", "192.0.2.2 2001:db8::2");
}

void pair_configure(struct pair *p, const char *more_a, const char *more_b)
{
	char text[TEXT_MAX], with_newline[TEXT_MAX];

	snprintf(with_newline, sizeof(with_newline), "\n%s\n", more_a);
	pair_text(text, sizeof(text), true, with_newline);
	node_configure(p->a, text);
	snprintf(with_newline, sizeof(with_newline), "\n%s\n", more_b);
	pair_text(text, sizeof(text), false, with_newline);
	node_configure(p->b, text);
}

void pair_open(struct pair *p, uint64_t seed, const char *more_a, const char *more_b)
{
	pair_create(p, seed);
	pair_configure(p, more_a, more_b);
}

void pair_close(struct pair *p)
{
	world_free(p->w);
}
