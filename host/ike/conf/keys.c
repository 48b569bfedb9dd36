/* SPDX-License-Identifier: Apache-2.0 */
/* From a section's values, by its table of keys, to a struct. */
#include "conf/keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conf/value.h"

#define NEAREST_LEN 64u

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Levenshtein; both at most NEAREST_LEN long. */
static size_t distance(const char *a, const char *b)
{
	size_t row[NEAREST_LEN + 1], len = strlen(b);

	for (size_t j = 0; j <= len; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < len; j++) {
			size_t replaced = diagonal + (a[i] != b[j]);

			diagonal = row[j + 1];
			row[j + 1] = min_size(replaced, min_size(row[j], row[j + 1]) + 1);
		}
	}
	return row[len];
}

const char *keys_nearest(const char *name, const char *const *names, size_t count)
{
	size_t best = strlen(name) / 3 + 1;
	const char *found = NULL;

	if (strlen(name) > NEAREST_LEN)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t d = distance(name, names[i]);

		if (d <= best && (!found || d < best)) {
			best = d;
			found = names[i];
		}
	}
	return found;
}

int keys_unknown_section(struct loader *loader, const struct settings_section *section, const char *parent, const char *const *names)
{
	size_t count = 0;
	const char *near;

	while (names[count])
		count++;
	near = keys_nearest(section->name, names, count);
	return settings_fail(loader->error, section->where, "unknown section %.100s in %.100s%s%s%s", section->name, parent,
			     near ? ", did you mean " : "", near ? near : "", near ? "?" : "");
}

char *loader_path(const struct loader *loader, const char *directory, const char *file)
{
	char *path;

	if (*file == '/')
		return strdup(file);
	if (asprintf(&path, "%s%s/%s", loader->directory, directory, file) < 0)
		return NULL;
	return path;
}

/* ---- one value ------------------------------------------------------------------------------------------------------------ */

static int store_number(const struct key *key, uint64_t number, void *to)
{
	uint16_t half = (uint16_t)number;
	uint32_t word = (uint32_t)number;

	if (number < key->min || number > key->max)
		return -ERANGE;
	switch (key->size) {
	case 2:
		memcpy(to, &half, 2);
		break;
	case 4:
		memcpy(to, &word, 4);
		break;
	case 8:
		memcpy(to, &number, 8);
		break;
	}
	return 0;
}

/* Which of the words, separated by blanks, in capitals or not; -1: none. */
static int word_index(const char *words, const char *text)
{
	size_t len = strlen(text);

	for (int i = 0; *words; i++) {
		size_t word = strcspn(words, " ");

		if (word == len && !strncasecmp(words, text, len))
			return i;
		words += word + (words[word] == ' ');
	}
	return -1;
}

static int set_word(const struct key *key, const char *text, void *to)
{
	unsigned int value;
	int index = word_index(key->text, text);

	if (index < 0)
		return -EINVAL;
	value = (unsigned int)index; /* an enum has its size */
	if (key->type == KEY_WORD)
		memcpy(to, &value, sizeof(value));
	return 0;
}

static int set_text(char *text, char **to)
{
	if (!text)
		return -ENOMEM;
	if (*to) { /* two keys for one thing, and both are given */
		free(text);
		return -EEXIST;
	}
	*to = text;
	return 0;
}

static int set_files(const struct loader *loader, const struct key *key, const char *text, struct conf_list *to)
{
	struct conf_list names = { 0 };
	int ret = value_list(text, &names);

	for (size_t i = 0; i < names.count && !ret; i++) {
		char *path = loader_path(loader, key->text, names.items[i]);

		ret = path ? settings_list_add(to, path) : -ENOMEM;
		free(path);
	}
	settings_list_free(&names);
	return ret;
}

static int set_uris(const char *text, struct conf_list *to)
{
	static const char scheme[] = "file://";
	struct conf_list uris = { 0 };
	int ret = value_list(text, &uris);

	for (size_t i = 0; i < uris.count && !ret; i++) {
		const char *path = uris.items[i] + strlen(scheme);

		ret = strncmp(uris.items[i], scheme, strlen(scheme)) || *path != '/' ? -EINVAL : settings_list_add(to, path);
	}
	settings_list_free(&uris);
	return ret;
}

/* why: PROPOSAL_ERROR_LEN bytes. */
static int set_proposals(struct loader *loader, uint8_t protocol, const char *text, const struct proposals **to, char *why)
{
	struct conf *conf = loader->conf;
	struct conf_proposals *new;
	int ret;

	for (size_t i = 0; i < conf->proposals_count; i++)
		if (conf->proposals[i]->protocol == protocol && !strcmp(conf->proposals[i]->text, text)) {
			*to = &conf->proposals[i]->list;
			return 0;
		}
	new = calloc(1, sizeof(*new));
	if (!new || settings_grow(&conf->proposals, conf->proposals_count, sizeof(new))) {
		free(new);
		return -ENOMEM;
	}
	conf->proposals[conf->proposals_count++] = new;
	new->protocol = protocol;
	new->text = strdup(text);
	if (!new->text)
		return -ENOMEM;
	ret = proposals_parse(protocol, text, &new->list, why);
	if (!ret && !new->list.count)
		ret = -EINVAL;
	*to = &new->list;
	return ret;
}

static int set_counted(const struct key *key, const char *text, void *to)
{
	static int (*const parsers[])(const char *text, uint64_t *out) = {
		[KEY_NUMBER] = value_number, [KEY_TIME] = value_time, [KEY_BYTES] = value_bytes,
	};
	uint64_t number;
	int ret = parsers[key->type](key->text && !strcmp(text, key->text) ? key->standard : text, &number);

	return ret ? ret : store_number(key, number, to);
}

static int store(struct loader *loader, const struct key *key, const char *text, void *to, char *why)
{
	switch (key->type) {
	case KEY_BOOL:
		return value_bool(text, to);
	case KEY_NUMBER:
	case KEY_TIME:
	case KEY_BYTES:
		return set_counted(key, text, to);
	case KEY_WORD:
	case KEY_ONLY:
		return set_word(key, text, to);
	case KEY_ACTION:
		return value_action(text, to);
	case KEY_TEXT:
		return set_text(strdup(text), to);
	case KEY_SECRET:
		return value_secret(text, to, (size_t *)((char *)to + sizeof(uint8_t *)));
	case KEY_FILE:
		return set_text(loader_path(loader, key->text, text), to);
	case KEY_FILES:
		return set_files(loader, key, text, to);
	case KEY_URIS:
		return set_uris(text, to);
	case KEY_IDS:
		return settings_list_add(to, text);
	case KEY_ADDRS:
		return value_addrs(text, to);
	case KEY_SELECTORS:
		return value_selectors(text, to);
	case KEY_IKE:
		return set_proposals(loader, IKE_PROTO_IKE, text, to, why);
	case KEY_ESP:
		return set_proposals(loader, IKE_PROTO_ESP, text, to, why);
	case KEY_AUTH:
		return value_auth(text, to);
	}
	return -EINVAL;
}

/* ---- digest --------------------------------------------------------------------------------------------------------------- */

int keys_digest_begin(struct loader *loader)
{
	const char *directory = loader->directory; /* of relative names */

	loader->digest = EVP_MD_CTX_new();
	if (loader->digest && EVP_DigestInit_ex(loader->digest, EVP_sha256(), NULL)
	    && EVP_DigestUpdate(loader->digest, directory, strlen(directory) + 1))
		return 0;
	return settings_no_memory(loader->error);
}

int keys_digest_end(struct loader *loader, uint8_t digest[CONF_DIGEST_LEN])
{
	bool made = loader->digest && EVP_DigestFinal_ex(loader->digest, digest, NULL);

	EVP_MD_CTX_free(loader->digest);
	loader->digest = NULL;
	return made ? 0 : settings_no_memory(loader->error);
}

/* Of a fixed size and without pointers: the same value however it is written. */
static bool is_plain(enum key_type type)
{
	return type == KEY_BOOL || type == KEY_NUMBER || type == KEY_TIME || type == KEY_BYTES || type == KEY_WORD || type == KEY_ACTION;
}

static int add_to_digest(struct loader *loader, const struct key *key, const char *text, const void *stored)
{
	size_t len = is_plain(key->type) ? key->size : strlen(text);
	bool added;

	if (!loader->digest || key->apart || key->type == KEY_ONLY)
		return 0;
	added = EVP_DigestUpdate(loader->digest, key->name, strlen(key->name) + 1) && EVP_DigestUpdate(loader->digest, &len, sizeof(len))
		&& EVP_DigestUpdate(loader->digest, is_plain(key->type) ? stored : text, len);
	return added ? 0 : -ENOMEM;
}

static int set(struct loader *loader, const struct key *key, const char *text, void *object, char *why)
{
	void *to = (char *)object + key->offset;
	int ret = store(loader, key, text, to, why);

	return ret ? ret : add_to_digest(loader, key, text, to);
}

/* ---- errors --------------------------------------------------------------------------------------------------------------- */

static const char *wants(const struct key *key)
{
	static const char *const texts[] = {
		[KEY_BOOL] = "yes or no is wanted",
		[KEY_NUMBER] = "a number is wanted",
		[KEY_TIME] = "a time is wanted: seconds, or a number with s, m, h or d",
		[KEY_BYTES] = "a number is wanted, with k, m or g or without",
		[KEY_ACTION] = "none (clear), trap (route), start (restart) or trap|start is wanted",
		[KEY_URIS] = "file:///PATH is wanted; CRLs are not fetched from elsewhere",
		[KEY_ADDRS] = "addresses, prefixes, ranges or %any are wanted; names are not looked up",
		[KEY_SELECTORS] = "traffic selectors are wanted: dynamic, a prefix or a range, with [protocol/port] or without, at most 16",
		[KEY_AUTH] = "psk or pubkey is wanted, or key types, sizes and hashes as in rsa/pss-2048-sha256 or ike:ecdsa-sha384",
	};

	return key->type < KEY_COUNT(texts) && texts[key->type] ? texts[key->type] : "this is not possible";
}

static int fail_only(struct loader *loader, const struct key *key, const struct settings_value *value)
{
	if (!*key->text)
		return settings_fail(loader->error, value->where, "%s is not supported", key->name);
	return settings_fail(loader->error, value->where, "%s = %.100s is not supported, only: %s", key->name, value->text, key->text);
}

static int fail_value(struct loader *loader, const struct key *key, const struct settings_value *value, int code, const char *why)
{
	if (code == -ENOMEM)
		return settings_no_memory(loader->error);
	if (code == -EEXIST)
		return settings_fail(loader->error, value->where, "%s says again what another key has said", key->name);
	switch (key->type) {
	case KEY_ONLY:
		return fail_only(loader, key, value);
	case KEY_SECRET: /* never shown */
		return settings_fail(loader->error, value->where, "%s: text, 0x and pairs of hexadecimal digits, or 0s and Base64 is wanted",
				     key->name);
	case KEY_WORD:
		return settings_fail(loader->error, value->where, "%s = %.100s: one of these is wanted: %s", key->name, value->text, key->text);
	case KEY_NUMBER:
	case KEY_TIME:
	case KEY_BYTES:
		if (code == -ERANGE)
			return settings_fail(loader->error, value->where, "%s = %.100s is out of range, %llu to %llu", key->name, value->text,
					     (unsigned long long)key->min, (unsigned long long)key->max);
		break;
	default:
		break;
	}
	return settings_fail(loader->error, value->where, "%s = %.100s: %s", key->name, value->text, *why ? why : wants(key));
}

static int fail_unknown(struct loader *loader, const struct settings_section *section, const struct settings_value *value, const struct key *keys,
			size_t count)
{
	const char *names[64], *near;

	if (count > KEY_COUNT(names))
		count = KEY_COUNT(names);
	for (size_t i = 0; i < count; i++)
		names[i] = keys[i].name;
	near = keys_nearest(value->key, names, count);
	if (!section->name)
		return settings_fail(loader->error, value->where, "unknown key %.100s: it is in no section", value->key);
	return settings_fail(loader->error, value->where, "unknown key %.100s in section %.100s%s%s%s", value->key, section->name,
			     near ? ", did you mean " : "", near ? near : "", near ? "?" : "");
}

/* ---- all values of a section ---------------------------------------------------------------------------------------------- */

static bool is_key(const struct key *key, const struct settings_value *value)
{
	if (key->type == KEY_IDS)
		return !strncmp(value->key, key->name, strlen(key->name));
	return !strcmp(value->key, key->name);
}

static int apply_standard(struct loader *loader, const struct settings_section *section, const struct key *key, void *object)
{
	char why[PROPOSAL_ERROR_LEN] = "";
	int ret;

	if (key->needed)
		return settings_fail(loader->error, section->where, "section %.100s needs %s", section->name, key->name);
	if (!key->standard)
		return 0;
	ret = set(loader, key, key->standard, object, why);
	return ret == -ENOMEM ? settings_no_memory(loader->error)
			      : ret ? settings_fail(loader->error, section->where, "%s: %s", key->name, *why ? why : wants(key)) : 0;
}

static int apply_key(struct loader *loader, const struct settings_section *section, const struct key *key, void *object)
{
	bool given = false;

	for (size_t i = 0; i < section->value_count; i++) {
		const struct settings_value *value = &section->values[i];
		char why[PROPOSAL_ERROR_LEN] = "";
		int ret;

		if (!is_key(key, value) || !*value->text)
			continue;
		given = true;
		ret = set(loader, key, value->text, object, why);
		if (ret)
			return fail_value(loader, key, value, ret, why);
	}
	return given ? 0 : apply_standard(loader, section, key, object);
}

static int check_known(struct loader *loader, const struct settings_section *section, const struct key *keys, size_t count)
{
	for (size_t i = 0; i < section->value_count; i++) {
		bool known = false;

		for (size_t k = 0; k < count && !known; k++)
			known = is_key(&keys[k], &section->values[i]);
		if (!known)
			return fail_unknown(loader, section, &section->values[i], keys, count);
	}
	return 0;
}

int keys_apply(struct loader *loader, const struct settings_section *section, const struct key *keys, size_t count, void *object)
{
	int ret = check_known(loader, section, keys, count);

	if (!ret && loader->digest && !EVP_DigestUpdate(loader->digest, section->name, strlen(section->name) + 1))
		ret = settings_no_memory(loader->error);
	for (size_t i = 0; i < count && !ret; i++)
		ret = apply_key(loader, section, &keys[i], object);
	return ret;
}
