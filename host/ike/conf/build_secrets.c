/* SPDX-License-Identifier: Apache-2.0 */
/* secrets { }, authorities { }, and the directories of keys and certificates. */
#include "conf/build.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DIRECTORY_FILES_MAX 4096u

static const struct key secret_keys[] = {
	{ .name = "secret", .type = KEY_SECRET, KEY_AT(conf_secret, bytes), .needed = true },
	{ .name = "id", .type = KEY_IDS, KEY_AT(conf_secret, ids) },
};

static_assert(offsetof(struct conf_secret, len) == offsetof(struct conf_secret, bytes) + sizeof(uint8_t *), "KEY_SECRET has its length behind it");

static const struct key authority_keys[] = {
	{ .name = "cacert", .type = KEY_FILE, KEY_AT(conf_authority, cacert), .text = "x509ca" },
	{ .name = "file", .type = KEY_FILE, KEY_AT(conf_authority, cacert), .text = "x509ca" },
	{ .name = "crl_uris", .type = KEY_URIS, KEY_AT(conf_authority, crls) },
	{ .name = "handle", .type = KEY_ONLY, .text = "" },
	{ .name = "slot", .type = KEY_ONLY, .text = "" },
	{ .name = "module", .type = KEY_ONLY, .text = "" },
	{ .name = "ocsp_uris", .type = KEY_ONLY, .text = "" },
	{ .name = "cert_uri_base", .type = KEY_ONLY, .text = "" },
};

static int no_subsections(struct loader *loader, const struct settings_section *section)
{
	return section->section_count ? keys_unknown_section(loader, section->sections[0], section->name, (const char *const[]){ NULL }) : 0;
}

static int build_shared(struct loader *loader, const struct settings_section *section, enum conf_secret_kind kind)
{
	struct conf_secret *secret = calloc(1, sizeof(*secret));
	struct conf *conf = loader->conf;

	if (!secret || settings_grow(&conf->secrets, conf->secret_count, sizeof(secret))) {
		free(secret);
		return settings_no_memory(loader->error);
	}
	conf->secrets[conf->secret_count++] = secret;
	secret->where = section->where;
	secret->kind = kind;
	secret->name = strdup(section->name);
	if (!secret->name)
		return settings_no_memory(loader->error);
	return keys_apply(loader, section, secret_keys, KEY_COUNT(secret_keys), secret);
}

static int add_key_file(struct loader *loader, struct conf_key_file **added)
{
	struct conf_key_file *file = calloc(1, sizeof(*file));
	struct conf *conf = loader->conf;

	if (!file || settings_grow(&conf->keys, conf->key_count, sizeof(file))) {
		free(file);
		return settings_no_memory(loader->error);
	}
	conf->keys[conf->key_count++] = file;
	*added = file;
	return 0;
}

static int build_key_file(struct loader *loader, const struct settings_section *section, const char *directory)
{
	const struct key keys[] = {
		{ .name = "file", .type = KEY_FILE, KEY_AT(conf_key_file, path), .text = directory, .needed = true },
		{ .name = "secret", .type = KEY_TEXT, KEY_AT(conf_key_file, passphrase) },
	};
	struct conf_key_file *file;
	int ret = add_key_file(loader, &file);

	if (ret)
		return ret;
	file->where = section->where;
	return keys_apply(loader, section, keys, KEY_COUNT(keys), file);
}

/* Sections of secrets, by the beginning of their names. */
static const struct secret_section {
	const char *prefix;
	int kind;		/* enum conf_secret_kind, or of a file, or not supported */
	const char *directory;
} secret_sections[] = {
	{ "ike", CONF_SECRET_IKE, NULL }, { "ppk", CONF_SECRET_PPK, NULL }, { "private", 0, "private" }, { "rsa", 0, "rsa" },
	{ "ecdsa", 0, "ecdsa" },	  { "pkcs8", 0, "pkcs8" },	    { "pkcs12", -1, NULL },	 { "token", -1, NULL },
	{ "eap", -1, NULL },		  { "xauth", -1, NULL },	    { "ntlm", -1, NULL },
};

static int build_secret(struct loader *loader, const struct settings_section *section)
{
	const char *names[KEY_COUNT(secret_sections) + 1] = { NULL };
	int ret = no_subsections(loader, section);

	if (ret)
		return ret;
	for (size_t i = 0; i < KEY_COUNT(secret_sections); i++) {
		const struct secret_section *s = &secret_sections[i];

		names[i] = s->prefix;
		if (strncmp(section->name, s->prefix, strlen(s->prefix)))
			continue;
		if (s->kind < 0)
			return settings_fail(loader->error, section->where, "section %.100s: secrets of kind %s are not supported", section->name,
					     s->prefix);
		return s->directory ? build_key_file(loader, section, s->directory) : build_shared(loader, section, (enum conf_secret_kind)s->kind);
	}
	return keys_unknown_section(loader, section, "secrets", names);
}

int build_secrets(struct loader *loader, const struct settings_section *section)
{
	int ret = keys_apply(loader, section, NULL, 0, NULL);

	for (size_t i = 0; i < section->section_count && !ret; i++)
		ret = build_secret(loader, section->sections[i]);
	return ret;
}

static int build_authority(struct loader *loader, const struct settings_section *section)
{
	struct conf_authority *authority = calloc(1, sizeof(*authority));
	struct conf *conf = loader->conf;
	int ret = no_subsections(loader, section);

	if (!authority || settings_grow(&conf->authorities, conf->authority_count, sizeof(authority))) {
		free(authority);
		return settings_no_memory(loader->error);
	}
	conf->authorities[conf->authority_count++] = authority;
	authority->where = section->where;
	authority->name = strdup(section->name);
	if (!authority->name)
		return settings_no_memory(loader->error);
	if (!ret)
		ret = keys_apply(loader, section, authority_keys, KEY_COUNT(authority_keys), authority);
	if (!ret && !authority->cacert)
		ret = settings_fail(loader->error, section->where, "authority %.100s needs cacert", section->name);
	return ret;
}

int build_authorities(struct loader *loader, const struct settings_section *section)
{
	int ret = keys_apply(loader, section, NULL, 0, NULL);

	for (size_t i = 0; i < section->section_count && !ret; i++)
		ret = build_authority(loader, section->sections[i]);
	return ret;
}

/* ---- directories ---------------------------------------------------------------------------------------------------------- */

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int add_certificate(struct loader *loader, const char *path, void *list)
{
	return settings_list_add(list, path) ? settings_no_memory(loader->error) : 0;
}

/* A key that secrets have named has its entry. */
static int add_private(struct loader *loader, const char *path, void *unused)
{
	struct conf_key_file *file;
	int ret;

	(void)unused;
	for (size_t i = 0; i < loader->conf->key_count; i++)
		if (!strcmp(loader->conf->keys[i]->path, path))
			return 0;
	ret = add_key_file(loader, &file);
	if (ret)
		return ret;
	file->path = strdup(path);
	return file->path ? 0 : settings_no_memory(loader->error);
}

static int add_entry(struct loader *loader, const char *directory, const char *name, int (*add)(struct loader *, const char *, void *), void *list)
{
	char *path = loader_path(loader, directory, name);
	struct stat st;
	int ret = 0;

	if (!path)
		return settings_no_memory(loader->error);
	if (!stat(path, &st) && S_ISREG(st.st_mode))
		ret = add(loader, path, list);
	free(path);
	return ret;
}

static int scan(struct loader *loader, const char *directory, int (*add)(struct loader *, const char *, void *), void *list)
{
	char *path = loader_path(loader, directory, "");
	struct dirent **entries = NULL;
	int n, ret = 0;

	if (!path)
		return settings_no_memory(loader->error);
	n = scandir(path, &entries, visible, alphasort);
	if (n < 0 && errno != ENOENT)
		ret = settings_fail(loader->error, (struct conf_where){ .file = path }, "the directory cannot be read: %s", strerror(errno));
	if (n > (int)DIRECTORY_FILES_MAX)
		ret = settings_fail(loader->error, (struct conf_where){ .file = path }, "more than %u files", DIRECTORY_FILES_MAX);
	for (int i = 0; i < n; i++) {
		if (!ret)
			ret = add_entry(loader, directory, entries[i]->d_name, add, list);
		free(entries[i]);
	}
	free(entries);
	free(path);
	return ret;
}

int build_directories(struct loader *loader)
{
	struct conf *conf = loader->conf;
	int ret = scan(loader, "x509", add_certificate, &conf->certs);

	if (!ret)
		ret = scan(loader, "x509ca", add_certificate, &conf->cacerts);
	if (!ret)
		ret = scan(loader, "x509crl", add_certificate, &conf->crls);
	for (size_t i = 0; i < KEY_COUNT(secret_sections) && !ret; i++)
		if (secret_sections[i].directory)
			ret = scan(loader, secret_sections[i].directory, add_private, NULL);
	return ret;
}
