/* SPDX-License-Identifier: Apache-2.0 */
/* The whole of a configuration: made, counted, searched, freed. */
#include "conf/conf.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/build.h"

static void free_auth(struct conf_auth *auth)
{
	free(auth->id);
	settings_list_free(&auth->certs);
	settings_list_free(&auth->cacerts);
}

static void free_child(struct conf_child *child)
{
	free(child->name);
	free(child->local_ts.items);
	free(child->remote_ts.items);
	free(child);
}

static void free_connection(struct conf_connection *connection)
{
	for (size_t i = 0; i < connection->child_count; i++)
		free_child(connection->children[i]);
	free(connection->children);
	free(connection->name);
	free(connection->ppk_id);
	free(connection->local_addrs.items);
	free(connection->remote_addrs.items);
	free_auth(&connection->local);
	free_auth(&connection->remote);
	free(connection);
}

static void free_secret(struct conf_secret *secret)
{
	if (secret->bytes)
		OPENSSL_cleanse(secret->bytes, secret->len);
	free(secret->bytes);
	free(secret->name);
	settings_list_free(&secret->ids);
	free(secret);
}

static void free_key_file(struct conf_key_file *file)
{
	free(file->path);
	settings_wipe(file->passphrase);
	free(file);
}

static void free_authority(struct conf_authority *authority)
{
	free(authority->name);
	free(authority->cacert);
	settings_list_free(&authority->crls);
	free(authority);
}

static void free_proposals(struct conf_proposals *proposals)
{
	free(proposals->text);
	free(proposals);
}

#define FREE_ALL(items, count, free_one) \
	do { \
		for (size_t i = 0; i < (count); i++) \
			free_one((items)[i]); \
		free(items); \
	} while (0)

void conf_free(struct conf *conf)
{
	if (!conf || --conf->references)
		return;
	FREE_ALL(conf->connections, conf->connection_count, free_connection);
	free(conf->by_name);
	FREE_ALL(conf->secrets, conf->secret_count, free_secret);
	FREE_ALL(conf->keys, conf->key_count, free_key_file);
	FREE_ALL(conf->authorities, conf->authority_count, free_authority);
	FREE_ALL(conf->proposals, conf->proposals_count, free_proposals);
	settings_list_free(&conf->certs);
	settings_list_free(&conf->cacerts);
	settings_list_free(&conf->crls);
	settings_list_free(&conf->files);
	free(conf->path);
	free(conf);
}

struct conf *conf_ref(struct conf *conf)
{
	conf->references++;
	return conf;
}

/* ---- making --------------------------------------------------------------------------------------------------------------- */

static int build_top(struct loader *loader)
{
	static const char *const names[] = { "connections", "secrets", "authorities", NULL };
	static int (*const builders[])(struct loader *, const struct settings_section *) = { build_connections, build_secrets, build_authorities };
	const struct settings_section *root = &loader->settings.root;
	int ret = 0;

	for (size_t i = 0; i < root->section_count && !ret; i++) {
		const struct settings_section *section = root->sections[i];
		size_t k = 0;

		while (names[k] && strcmp(names[k], section->name))
			k++;
		if (names[k])
			ret = builders[k](loader, section);
		else if (!strcmp(section->name, "pools"))
			ret = settings_fail(loader->error, section->where, "pools of virtual addresses are not supported");
		else if (!section->referenced) /* the others are what references are for */
			ret = keys_unknown_section(loader, section, "the file, and no section refers to it", names);
	}
	return ret ? ret : keys_apply(loader, root, NULL, 0, NULL);
}

static int compare_connections(const void *a, const void *b)
{
	return strcmp((*(struct conf_connection *const *)a)->name, (*(struct conf_connection *const *)b)->name);
}

static int sort_connections(struct loader *loader)
{
	struct conf *conf = loader->conf;
	size_t size = conf->connection_count * sizeof(*conf->by_name);

	if (!size)
		return 0;
	conf->by_name = malloc(size);
	if (!conf->by_name)
		return settings_no_memory(loader->error);
	memcpy(conf->by_name, conf->connections, size);
	qsort(conf->by_name, conf->connection_count, sizeof(*conf->by_name), compare_connections);
	return 0;
}

static int build(struct loader *loader, bool directories)
{
	int ret = settings_inherit(&loader->settings);

	if (!ret)
		ret = build_top(loader);
	if (!ret)
		ret = sort_connections(loader);
	if (!ret && directories)
		ret = build_directories(loader);
	return ret;
}

/* Of text, or of the file itself. */
static struct conf *make(const char *name, bool file, const char *text, size_t len, char *error)
{
	struct conf *conf = calloc(1, sizeof(*conf));
	struct loader loader = { .conf = conf, .error = error, .settings = { .error = error, .includes = file } };
	const char *slash = strrchr(name, '/');
	int ret;

	*error = '\0';
	if (conf) {
		conf->references = 1;
		conf->path = strdup(name);
	}
	loader.directory = strndup(name, slash ? (size_t)(slash - name + 1) : 0);
	if (!conf || !conf->path || !loader.directory) {
		settings_no_memory(error);
		free(loader.directory);
		conf_free(conf);
		return NULL;
	}
	ret = file ? settings_read_file(&loader.settings, name) : settings_read_text(&loader.settings, name, text, len);
	if (!ret)
		ret = build(&loader, file);
	conf->files = loader.settings.files; /* where.file points there */
	memset(&loader.settings.files, 0, sizeof(loader.settings.files));
	settings_free(&loader.settings);
	free(loader.directory);
	if (!ret)
		return conf;
	conf_free(conf);
	return NULL;
}

struct conf *conf_load(const char *path, char error[CONF_ERROR_LEN])
{
	return make(path, true, NULL, 0, error);
}

struct conf *conf_parse(const char *name, const char *text, size_t len, char error[CONF_ERROR_LEN])
{
	return make(name, false, text, len, error);
}

/* ---- searching ------------------------------------------------------------------------------------------------------------ */

const struct ip_addr *conf_single_address(const struct conf_addrs *addrs)
{
	for (size_t i = 0; i < addrs->count; i++)
		if (addrs->items[i].single)
			return &addrs->items[i].range.lo;
	return NULL;
}

static int compare_name(const void *name, const void *connection)
{
	return strcmp(name, (*(struct conf_connection *const *)connection)->name);
}

const struct conf_connection *conf_find_connection(const struct conf *conf, const char *name)
{
	struct conf_connection **found = NULL;

	if (conf->connection_count)
		found = bsearch(name, conf->by_name, conf->connection_count, sizeof(*found), compare_name);
	return found ? *found : NULL;
}

const struct conf_child *conf_connection_child(const struct conf_connection *connection, const char *name)
{
	for (size_t i = 0; i < connection->child_count; i++)
		if (!strcmp(connection->children[i]->name, name))
			return connection->children[i];
	return NULL;
}

const struct conf_child *conf_find_child(const struct conf *conf, const char *name, char error[CONF_ERROR_LEN])
{
	const char *slash = strchr(name, '/'), *child_name = slash ? slash + 1 : name;
	const struct conf_child *found = NULL;

	for (size_t i = 0; i < conf->connection_count; i++) {
		const struct conf_connection *connection = conf->connections[i];
		size_t len = slash ? (size_t)(slash - name) : 0;

		if (slash && (strncmp(connection->name, name, len) || connection->name[len]))
			continue;
		for (size_t k = 0; k < connection->child_count; k++) {
			if (strcmp(connection->children[k]->name, child_name))
				continue;
			if (found) {
				snprintf(error, CONF_ERROR_LEN, "child %.100s is in connections %.100s and %.100s: say which, as CONNECTION/%.100s",
					 name, found->connection->name, connection->name, name);
				return NULL;
			}
			found = connection->children[k];
		}
	}
	if (!found)
		snprintf(error, CONF_ERROR_LEN, "there is no child %.200s in the configuration", name);
	return found;
}
