/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The value of auth. "psk", or words joined by '-': a key type (pubkey, rsa, rsa/pss, ecdsa, ed25519), each with a least key size in bits and
 * hash algorithms behind it: "rsa-2048-sha256-ecdsa-256-sha256-sha384". A key type with "ike:" in front is a rule for the AUTH payload alone; where
 * there is none of these, the rules are for both that and the chain of certificates. "identity" is the hash of Ed25519 (RFC 8420).
 */
#include "conf/value.h"

#include <errno.h>
#include <string.h>

struct word {
	const char *text;
	int value;
};

static const struct word key_words[] = {
	{ "pubkey", CONF_KEY_ANY },   { "rsa", CONF_KEY_RSA },	       { "rsa/pss", CONF_KEY_RSA_PSS },
	{ "ecdsa", CONF_KEY_ECDSA },  { "ed25519", CONF_KEY_ED25519 }, { NULL, 0 },
};

static const struct word hash_words[] = {
	{ "sha256", CONF_HASH_SHA256 }, { "sha384", CONF_HASH_SHA384 }, { "sha512", CONF_HASH_SHA512 },
	{ "identity", CONF_HASH_IDENTITY }, { NULL, 0 },
};

static const struct word *find(const struct word *words, const char *text)
{
	for (; words->text; words++)
		if (!strcmp(words->text, text))
			return words;
	return NULL;
}

static int add_hash(struct conf_auth_rule *rule, enum conf_hash hash)
{
	bool identity = hash == CONF_HASH_IDENTITY;

	for (unsigned int i = 0; i < rule->hash_count; i++)
		if (rule->hashes[i] == hash)
			return -EINVAL;
	if (rule->key != CONF_KEY_ANY && identity != (rule->key == CONF_KEY_ED25519))
		return -EINVAL;
	rule->hashes[rule->hash_count++] = hash; /* there are fewer than CONF_HASHES_MAX different ones */
	return 0;
}

/* One word. *rule: the key type before it, changes. */
static int add_word(struct conf_auth *auth, const char *text, struct conf_auth_rule **rule)
{
	bool ike = !strncmp(text, "ike:", 4);
	struct conf_auth_rules *rules = ike ? &auth->ike : &auth->chain;
	const struct word *word = find(key_words, ike ? text + 4 : text);
	uint64_t bits;

	if (ike && !word)
		return -EINVAL;
	if (word) {
		if (rules->count >= CONF_RULES_MAX)
			return -ERANGE;
		*rule = &rules->items[rules->count++];
		**rule = (struct conf_auth_rule){ .key = (enum conf_key_type)word->value };
		return 0;
	}
	if (!*rule)
		return -EINVAL;
	word = find(hash_words, text);
	if (word)
		return add_hash(*rule, (enum conf_hash)word->value);
	if ((*rule)->key == CONF_KEY_ED25519 || (*rule)->key == CONF_KEY_ANY)
		return -EINVAL;
	if (value_number(text, &bits) || !bits || bits > 16384 || (*rule)->min_bits)
		return -EINVAL;
	(*rule)->min_bits = (unsigned int)bits;
	return 0;
}

/* Of a single "pubkey" nothing is asked. */
static void drop_empty(struct conf_auth_rules *rules)
{
	if (rules->count == 1 && rules->items[0].key == CONF_KEY_ANY && !rules->items[0].hash_count)
		memset(rules, 0, sizeof(*rules));
}

int value_auth(const char *text, struct conf_auth *auth)
{
	struct conf_auth_rule *rule = NULL;
	char copy[256], *rest = copy, *word;
	int ret = 0;

	memset(&auth->ike, 0, sizeof(auth->ike));
	memset(&auth->chain, 0, sizeof(auth->chain));
	if (!strcmp(text, "psk")) {
		auth->method = CONF_AUTH_PSK;
		return 0;
	}
	if (strlen(text) >= sizeof(copy))
		return -EINVAL;
	strcpy(copy, text);
	auth->method = CONF_AUTH_PUBKEY;
	while (!ret && (word = strsep(&rest, "-")))
		ret = add_word(auth, word, &rule);
	if (!auth->ike.count)
		auth->ike = auth->chain;
	drop_empty(&auth->chain);
	drop_empty(&auth->ike);
	return ret;
}
