/* SPDX-License-Identifier: Apache-2.0 */
/* See vec.h. */
#include "vec.h"

#include <stdlib.h>
#include <string.h>

void vec_open(struct vec *v, const char *path)
{
	memset(v, 0, sizeof(*v));
	v->file = fopen(path, "r");
	if (!v->file)
		fail_msg("%s is not there", path);
}

void vec_run(struct vec *v, const char *command)
{
	memset(v, 0, sizeof(*v));
	v->file = popen(command, "r");
	v->pipe = true;
	assert_non_null(v->file);
}

static void forget(struct vec *v)
{
	for (; v->count; v->count--) {
		free(v->items[v->count - 1].text);
		free((void *)v->items[v->count - 1].bytes.data);
	}
}

static void add(struct vec *v, char *line)
{
	char *equals = strstr(line, " = ");

	if (!equals)
		return;
	*equals = '\0';
	assert_true(v->count < VEC_ITEMS_MAX);
	memset(&v->items[v->count], 0, sizeof(v->items[0]));
	snprintf(v->items[v->count].name, sizeof(v->items[0].name), "%s", line);
	v->items[v->count++].text = strdup(equals + 3);
}

bool vec_next(struct vec *v)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len = 0;

	forget(v);
	while ((len = getline(&line, &room, v->file)) >= 0) {
		line[strcspn(line, "\r\n")] = '\0';
		if (!line[0] && v->count)
			break;
		if (line[0] != '#' && line[0] != '[')
			add(v, line);
	}
	free(line);
	if (v->count) {
		v->cases++;
		return true;
	}
	assert_int_equal(v->pipe ? pclose(v->file) : fclose(v->file), 0);
	assert_int_not_equal(v->cases, 0);
	return false;
}

static unsigned int find(const struct vec *v, const char *name)
{
	unsigned int i = 0;

	while (i < v->count && strcmp(v->items[i].name, name) != 0)
		i++;
	return i;
}

bool vec_has(const struct vec *v, const char *name)
{
	return find(v, name) < v->count;
}

const char *vec_text(const struct vec *v, const char *name)
{
	unsigned int i = find(v, name);

	if (i == v->count)
		fail_msg("case %u has no %s", v->cases, name);
	return v->items[i].text;
}

unsigned long long vec_number(const struct vec *v, const char *name)
{
	return strtoull(vec_text(v, name), NULL, 0);
}

struct part vec_bytes(struct vec *v, const char *name)
{
	const char *hex = vec_text(v, name);
	struct part *part = &v->items[find(v, name)].bytes;
	uint8_t *bytes;

	if (part->data)
		return *part;
	part->len = strlen(hex) / 2;
	/* exactly as large as it is: reading beyond it is found */
	bytes = malloc(part->len ? part->len : 1);
	assert_non_null(bytes);
	for (size_t i = 0; i < part->len; i++)
		assert_int_equal(sscanf(hex + 2 * i, "%2hhx", &bytes[i]), 1);
	part->data = bytes;
	return *part;
}
