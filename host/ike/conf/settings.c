/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of sections and values, and what references add to it. */
#include "conf/settings.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int settings_fail(char *error, struct conf_where where, const char *format, ...)
{
	va_list args;
	int n = 0;

	if (where.file)
		n = snprintf(error, CONF_ERROR_LEN, where.line ? "%.200s:%u: " : "%.200s: ", where.file, where.line);
	va_start(args, format);
	vsnprintf(error + n, CONF_ERROR_LEN - (size_t)n, format, args);
	va_end(args);
	return -EINVAL;
}

int settings_no_memory(char *error)
{
	snprintf(error, CONF_ERROR_LEN, "out of memory while reading the configuration");
	return -ENOMEM;
}

int settings_grow(void *items, size_t count, size_t size)
{
	void *old, *new;

	if (count & (count - 1)) /* room is always a power of two */
		return 0;
	memcpy(&old, items, sizeof(old));
	new = realloc(old, (count ? 2 * count : 1) * size);
	if (!new)
		return -ENOMEM;
	memcpy(items, &new, sizeof(new));
	return 0;
}

int settings_list_add(struct conf_list *list, const char *text)
{
	char *copy = strdup(text);

	if (!copy || settings_grow(&list->items, list->count, sizeof(*list->items))) {
		free(copy);
		return -ENOMEM;
	}
	list->items[list->count++] = copy;
	return 0;
}

void settings_list_free(struct conf_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	memset(list, 0, sizeof(*list));
}

void settings_wipe(char *text)
{
	if (text)
		OPENSSL_cleanse(text, strlen(text));
	free(text);
}

static void section_clear(struct settings_section *section)
{
	for (size_t i = 0; i < section->value_count; i++) {
		free(section->values[i].key);
		settings_wipe(section->values[i].text);
	}
	for (size_t i = 0; i < section->reference_count; i++)
		free(section->references[i].path);
	for (size_t i = 0; i < section->section_count; i++) {
		section_clear(section->sections[i]);
		free(section->sections[i]);
	}
	free(section->values);
	free(section->references);
	free(section->sections);
	free(section->hashes);
	free(section->name);
}

void settings_free(struct settings *settings)
{
	section_clear(&settings->root);
	memset(&settings->root, 0, sizeof(settings->root));
	settings_list_free(&settings->files);
}

struct settings_value *settings_find_value(const struct settings_section *section, const char *key)
{
	for (size_t i = 0; i < section->value_count; i++)
		if (!strcmp(section->values[i].key, key))
			return &section->values[i];
	return NULL;
}

/* FNV-1a */
static uint32_t hash_name(const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	return hash;
}

struct settings_section *settings_find_section(const struct settings_section *section, const char *name)
{
	uint32_t hash = hash_name(name);

	for (size_t i = 0; i < section->section_count; i++)
		if (section->hashes[i] == hash && !strcmp(section->sections[i]->name, name))
			return section->sections[i];
	return NULL;
}

static int count_node(struct settings *settings, struct conf_where where)
{
	if (settings->nodes >= SETTINGS_NODES_MAX)
		return settings_fail(settings->error, where, "the configuration is too large");
	settings->nodes++;
	return 0;
}

struct settings_section *settings_add_section(struct settings *settings, struct settings_section *section, const char *name, struct conf_where where)
{
	struct settings_section *new = settings_find_section(section, name);

	if (new)
		return new;
	if (section->section_count >= SETTINGS_SECTIONS_MAX) {
		settings_fail(settings->error, where, "more than %u sections in one", SETTINGS_SECTIONS_MAX);
		return NULL;
	}
	if (count_node(settings, where))
		return NULL;
	new = calloc(1, sizeof(*new));
	if (new)
		new->name = strdup(name);
	if (!new || !new->name || settings_grow(&section->sections, section->section_count, sizeof(*section->sections)) ||
	    settings_grow(&section->hashes, section->section_count, sizeof(*section->hashes))) {
		if (new)
			free(new->name);
		free(new);
		settings_no_memory(settings->error);
		return NULL;
	}
	new->where = where;
	section->hashes[section->section_count] = hash_name(name);
	section->sections[section->section_count++] = new;
	return new;
}

int settings_set_value(struct settings *settings, struct settings_section *section, const char *key, const char *text, struct conf_where where)
{
	struct settings_value *value = settings_find_value(section, key);
	char *copy;

	if (!value && section->value_count >= SETTINGS_VALUES_MAX)
		return settings_fail(settings->error, where, "more than %u keys in one section", SETTINGS_VALUES_MAX);
	if (!value && count_node(settings, where))
		return -EINVAL;
	copy = strdup(text);
	if (!copy)
		return settings_no_memory(settings->error);
	if (!value) {
		char *name = strdup(key);

		if (!name || settings_grow(&section->values, section->value_count, sizeof(*section->values))) {
			free(name);
			settings_wipe(copy);
			return settings_no_memory(settings->error);
		}
		value = &section->values[section->value_count++];
		*value = (struct settings_value){ .key = name };
	}
	settings_wipe(value->text);
	value->text = copy;
	value->where = where;
	return 0;
}

/* ---- references ----------------------------------------------------------------------------------------------------------- */

/* What from has and to has not. Each step counts, or merging what is there already over and over would have no bound. */
static int merge(struct settings *settings, struct settings_section *to, const struct settings_section *from)
{
	int ret = 0;

	for (size_t i = 0; i < from->value_count && !ret; i++) {
		const struct settings_value *value = &from->values[i];

		ret = count_node(settings, value->where);
		if (!ret && !settings_find_value(to, value->key))
			ret = settings_set_value(settings, to, value->key, value->text, value->where);
	}
	for (size_t i = 0; i < from->section_count && !ret; i++) {
		struct settings_section *sub = settings_add_section(settings, to, from->sections[i]->name, from->sections[i]->where);

		ret = sub ? count_node(settings, sub->where) : -EINVAL;
		if (!ret)
			ret = merge(settings, sub, from->sections[i]);
	}
	return ret;
}

static int inherit(struct settings *settings, struct settings_section *section);
static int complete(struct settings *settings, struct settings_section *section);

/* The section that a path names, complete; sections on the way are given their references first, it may be among them. */
static struct settings_section *follow(struct settings *settings, const struct settings_reference *reference)
{
	struct settings_section *section = &settings->root;
	const char *path = reference->path;

	while (*path) {
		size_t len = strcspn(path, ".");
		char name[256];

		snprintf(name, sizeof(name), "%.*s", (int)len, path);
		if (inherit(settings, section))
			return NULL;
		section = settings_find_section(section, name);
		if (!section) {
			settings_fail(settings->error, reference->where, "there is no section %.100s", reference->path);
			return NULL;
		}
		section->referenced = true;
		path += len + (path[len] == '.');
	}
	return complete(settings, section) ? NULL : section;
}

static int complete(struct settings *settings, struct settings_section *section)
{
	int ret;

	if (section->complete)
		return 0;
	if (section->completing || section->inheriting)
		return settings_fail(settings->error, section->where, "section %.100s refers to itself", section->name);
	if (settings->nested >= SETTINGS_NESTED_MAX)
		return settings_fail(settings->error, section->where, "references are nested too deeply");
	settings->nested++;
	section->completing = true;
	ret = inherit(settings, section);
	for (size_t i = 0; i < section->section_count && !ret; i++)
		ret = complete(settings, section->sections[i]);
	section->completing = false;
	settings->nested--;
	section->complete = !ret;
	return ret;
}

static int inherit(struct settings *settings, struct settings_section *section)
{
	int ret = 0;

	if (section->inherited)
		return 0;
	section->inherited = section->inheriting = true;
	for (size_t i = 0; i < section->reference_count && !ret; i++) {
		const struct settings_section *from = follow(settings, &section->references[i]);

		ret = from ? 0 : -EINVAL;
		if (!ret)
			ret = merge(settings, section, from);
	}
	section->inheriting = false;
	return ret;
}

int settings_inherit(struct settings *settings)
{
	return complete(settings, &settings->root);
}
