/* SPDX-License-Identifier: Apache-2.0 */
/* From text to the tree: tokens, statements, included files. */
#include "conf/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_MAX_LEN 200u

struct reader {
	struct settings *settings;
	const char *p, *end;
	const char *file; /* of settings->files */
	unsigned int line, includes, depth;
};

/* Text of a value as it grows; wiped, for it may be a secret. */
struct text {
	char *data;
	size_t len, size;
};

static int text_put(struct text *text, char c)
{
	if (text->len + 1 >= text->size) {
		size_t size = text->size ? 2 * text->size : 64;
		char *data = malloc(size);

		if (!data)
			return -ENOMEM;
		if (text->len)
			memcpy(data, text->data, text->len);
		if (text->data)
			OPENSSL_cleanse(text->data, text->size);
		free(text->data);
		text->data = data;
		text->size = size;
	}
	text->data[text->len++] = c;
	text->data[text->len] = '\0';
	return 0;
}

static void text_free(struct text *text)
{
	if (text->data)
		OPENSSL_cleanse(text->data, text->size);
	free(text->data);
}

static struct conf_where here(const struct reader *r)
{
	return (struct conf_where){ .file = r->file, .line = r->line };
}

#define FAIL(r, ...) settings_fail((r)->settings->error, here(r), __VA_ARGS__)

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool at(const struct reader *r, char c)
{
	return r->p < r->end && *r->p == c;
}

static void skip_blanks(struct reader *r)
{
	while (r->p < r->end && is_blank(*r->p))
		r->p++;
}

/* Blanks, comments and ends of lines. */
static void skip_lines(struct reader *r)
{
	for (;; r->p++) {
		skip_blanks(r);
		if (at(r, '#'))
			while (r->p < r->end && *r->p != '\n')
				r->p++;
		if (!at(r, '\n'))
			return;
		r->line++;
	}
}

/* A name of a key or section, or with dots of a reference. */
static int read_name(struct reader *r, const char *stop, char name[NAME_MAX_LEN + 1])
{
	const char *start = r->p;
	size_t len;

	while (r->p < r->end && (unsigned char)*r->p > ' ' && *r->p != 0x7f && !strchr(stop, *r->p))
		r->p++;
	len = (size_t)(r->p - start);
	if (len > NAME_MAX_LEN)
		return FAIL(r, "a name of more than %u characters", NAME_MAX_LEN);
	memcpy(name, start, len);
	name[len] = '\0';
	if (len)
		return 0;
	if (r->p < r->end && (unsigned char)*r->p > ' ' && (unsigned char)*r->p < 0x7f)
		return FAIL(r, "unexpected %c where a key or section should begin", *r->p);
	return FAIL(r, "a key or section should begin here");
}

/* Behind the opening quote to behind the closing one. */
static int read_string(struct reader *r, struct text *text)
{
	static const char escapes[][2] = { { 'n', '\n' }, { 'r', '\r' }, { 't', '\t' } };
	struct conf_where start = here(r);
	int ret = 0;

	while (r->p < r->end && *r->p != '"' && !ret) {
		char c = *r->p++;

		if (c == '\n')
			r->line++;
		if (c == '\r') /* as in a value outside quotes */
			continue;
		if (c == '\\' && r->p < r->end) {
			c = *r->p++;
			if (c == '\r' && at(r, '\n'))
				c = *r->p++;
			if (c == '\n') { /* joins lines */
				r->line++;
				continue;
			}
			for (size_t i = 0; i < sizeof(escapes) / sizeof(*escapes); i++)
				if (c == escapes[i][0]) {
					c = escapes[i][1];
					break;
				}
		}
		ret = text_put(text, c);
	}
	if (ret)
		return settings_no_memory(r->settings->error);
	if (!at(r, '"'))
		return settings_fail(r->settings->error, start, "the quoted string that begins here does not end");
	r->p++;
	return 0;
}

/* Behind = to the end of the line, to # or to }. */
static int read_value(struct reader *r, struct text *text)
{
	int ret = text_put(text, '\0');

	text->len = 0;
	for (skip_blanks(r); !ret && r->p < r->end && *r->p != '\n' && *r->p != '#' && *r->p != '}'; skip_blanks(r)) {
		if (text->len)
			ret = text_put(text, ' ');
		if (at(r, '"')) {
			r->p++;
			if (!ret && (ret = read_string(r, text)))
				return ret;
			continue;
		}
		while (!ret && r->p < r->end && !is_blank(*r->p) && !strchr("#}\"\n", *r->p))
			ret = text_put(text, *r->p++);
	}
	return ret ? settings_no_memory(r->settings->error) : 0;
}

static int read_references(struct reader *r, struct settings_section *section)
{
	char path[NAME_MAX_LEN + 1];
	int ret;

	do {
		struct settings_reference *reference;
		char *copy;

		r->p++; /* : or , */
		skip_lines(r);
		ret = read_name(r, ",:{}=\"#", path);
		if (ret)
			return ret;
		if (section->reference_count >= SETTINGS_VALUES_MAX)
			return FAIL(r, "more than %u references in one section", SETTINGS_VALUES_MAX);
		copy = strdup(path);
		if (!copy || settings_grow(&section->references, section->reference_count, sizeof(*section->references))) {
			free(copy);
			return settings_no_memory(r->settings->error);
		}
		reference = &section->references[section->reference_count++];
		*reference = (struct settings_reference){ .path = copy, .where = here(r) };
		skip_lines(r);
	} while (at(r, ','));
	return 0;
}

static int read_statements(struct reader *r, struct settings_section *section, bool nested);

/* Behind the name: references, {, to behind }. */
static int read_section(struct reader *r, struct settings_section *parent, const char *name, struct conf_where where)
{
	struct settings_section *section = settings_add_section(r->settings, parent, name, where);
	int ret = section ? 0 : -EINVAL;

	if (!ret && at(r, ':'))
		ret = read_references(r, section);
	if (ret)
		return ret;
	if (!at(r, '{'))
		return FAIL(r, "expected { after the references of section %.100s", name);
	if (r->depth >= SETTINGS_DEPTH_MAX)
		return FAIL(r, "more than %u sections in each other", SETTINGS_DEPTH_MAX);
	r->p++;
	r->depth++;
	ret = read_statements(r, section, true);
	r->depth--;
	if (ret)
		return ret;
	if (!at(r, '}'))
		return settings_fail(r->settings->error, where, "the section %.100s that begins here does not end", name);
	r->p++;
	return 0;
}

static int read_file(struct settings *settings, struct settings_section *section, const char *path, struct conf_where where, const struct reader *by);

/* The pattern with the directory of this file in front. */
static char *include_path(const struct reader *r, const char *pattern)
{
	const char *slash = strrchr(r->file, '/');
	char *path;

	if (*pattern == '/' || !slash)
		return strdup(pattern);
	if (asprintf(&path, "%.*s%s", (int)(slash - r->file + 1), r->file, pattern) < 0)
		return NULL;
	return path;
}

static int include_files(struct reader *r, struct settings_section *section, const char *pattern)
{
	struct conf_where where = here(r);
	char *path = include_path(r, pattern);
	glob_t found = { 0 };
	int ret;

	if (!path)
		return settings_no_memory(r->settings->error);
	ret = glob(path, 0, NULL, &found);
	if (ret == GLOB_NOMATCH)
		ret = strpbrk(path, "*?[") ? 0 : settings_fail(r->settings->error, where, "%.200s: there is no such file", path);
	else if (ret)
		ret = settings_fail(r->settings->error, where, "%.200s cannot be looked for", path);
	for (size_t i = 0; i < found.gl_pathc && !ret; i++)
		ret = read_file(r->settings, section, found.gl_pathv[i], where, r);
	globfree(&found);
	free(path);
	return ret;
}

/* Behind the word include. */
static int read_include(struct reader *r, struct settings_section *section)
{
	struct text pattern = { 0 };
	int ret = 0;

	if (!r->settings->includes)
		return FAIL(r, "include is not possible here");
	skip_blanks(r);
	if (at(r, '"')) {
		r->p++;
		ret = read_string(r, &pattern);
	} else {
		while (!ret && r->p < r->end && !is_blank(*r->p) && !strchr("#}\"\n", *r->p))
			ret = text_put(&pattern, *r->p++) ? settings_no_memory(r->settings->error) : 0;
	}
	if (!ret && !pattern.len)
		ret = FAIL(r, "include wants the name of a file");
	if (!ret)
		ret = include_files(r, section, pattern.data);
	text_free(&pattern);
	return ret;
}

/* "include" that is no key: a blank and a file name follow. */
static bool is_include(const struct reader *r, const char *name)
{
	const char *p = r->p;

	if (strcmp(name, "include") || p == r->end || !is_blank(*p))
		return false;
	while (p < r->end && is_blank(*p))
		p++;
	return p < r->end && !strchr("=:{\n", *p);
}

static int read_statement(struct reader *r, struct settings_section *section)
{
	struct conf_where where = here(r);
	char name[NAME_MAX_LEN + 1];
	struct text text = { 0 };
	int ret = read_name(r, ".,:{}=\"#", name);

	if (ret)
		return ret;
	if (is_include(r, name))
		return read_include(r, section);
	skip_blanks(r);
	if (!at(r, '='))
		skip_lines(r);
	if (at(r, '{') || at(r, ':'))
		return read_section(r, section, name, where);
	if (!at(r, '='))
		return settings_fail(r->settings->error, where, "expected = or { behind %.100s", name);
	r->p++;
	ret = read_value(r, &text);
	if (!ret)
		ret = settings_set_value(r->settings, section, name, text.data, where);
	text_free(&text);
	return ret;
}

/* To the end, or if nested to }. */
static int read_statements(struct reader *r, struct settings_section *section, bool nested)
{
	int ret = 0;

	for (skip_lines(r); !ret && r->p < r->end; skip_lines(r)) {
		if (at(r, '}'))
			return nested ? 0 : FAIL(r, "} without a section that it could end");
		ret = read_statement(r, section);
	}
	return ret;
}

static int read_text(struct settings *settings, struct settings_section *section, const char *name, const char *text, size_t len,
		     const struct reader *by)
{
	struct reader r = { .settings = settings, .p = text, .end = text + len, .line = 1, .depth = by ? by->depth : 0,
			    .includes = by ? by->includes + 1 : 0 };
	const char *nul;

	if (settings->files.count >= SETTINGS_FILES_MAX)
		return settings_fail(settings->error, (struct conf_where){ .file = name }, "one of more than %u files", SETTINGS_FILES_MAX);
	if (settings_list_add(&settings->files, name))
		return settings_no_memory(settings->error);
	r.file = settings->files.items[settings->files.count - 1];
	if (r.includes > SETTINGS_INCLUDE_MAX)
		return FAIL(&r, "more than %u files that include each other", SETTINGS_INCLUDE_MAX);
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) /* UTF-8's byte order mark */
		r.p += 3;
	nul = memchr(text, 0, len);
	if (nul) {
		for (const char *p = text; p < nul; p++)
			r.line += *p == '\n';
		return FAIL(&r, "this is not text: it has a NUL byte");
	}
	return read_statements(&r, section, false);
}

/* All of fd, which is open; freed and wiped by the caller. */
static int read_all(int fd, char **text, size_t *len, const char **why)
{
	struct stat st;
	size_t size;

	if (fstat(fd, &st))
		return -errno;
	*why = "it is not a regular file";
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	*why = "it is too large for a configuration";
	if (st.st_size > (off_t)SETTINGS_FILE_MAX)
		return -EFBIG;
	*why = NULL;
	size = (size_t)st.st_size;
	*text = malloc(size + 1);
	if (!*text)
		return -ENOMEM;
	while (*len < size) {
		ssize_t n = read(fd, *text + *len, size - *len);

		if (n < 0)
			return -errno;
		if (!n)
			break;
		*len += (size_t)n;
	}
	return 0;
}

static int read_file(struct settings *settings, struct settings_section *section, const char *path, struct conf_where where, const struct reader *by)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const char *why = NULL;
	char *text = NULL;
	size_t len = 0;
	int ret;

	ret = fd < 0 ? -errno : read_all(fd, &text, &len, &why);
	if (ret)
		settings_fail(settings->error, where, "%.200s cannot be read: %s", path, why ? why : strerror(-ret));
	else
		ret = read_text(settings, section, path, text, len, by);
	if (fd >= 0)
		close(fd);
	if (text)
		OPENSSL_cleanse(text, len);
	free(text);
	return ret;
}

int settings_read_file(struct settings *settings, const char *path)
{
	return read_file(settings, &settings->root, path, (struct conf_where){ 0 }, NULL);
}

int settings_read_text(struct settings *settings, const char *name, const char *text, size_t len)
{
	return read_text(settings, &settings->root, name, text, len, NULL);
}
