/* SPDX-License-Identifier: Apache-2.0 */
#include "core/credentials.h"

static uint32_t of_key(enum conf_key_type key, bool ours)
{
	switch (key) {
	case CONF_KEY_RSA:
		return ours ? AUTH_RSA_PKCS1 : AUTH_RSA_PKCS1 | AUTH_RSA_PSS;
	case CONF_KEY_RSA_PSS:
		return AUTH_RSA_PSS;
	case CONF_KEY_ECDSA:
		return AUTH_ECDSA;
	case CONF_KEY_ED25519:
		return AUTH_ED25519;
	case CONF_KEY_ANY:
		break;
	}
	return ours ? AUTH_SCHEMES_ALL & ~AUTH_RSA_PSS : AUTH_SCHEMES_ALL;
}

static uint32_t of_hash(enum conf_hash hash)
{
	switch (hash) {
	case CONF_HASH_SHA256:
		return AUTH_SHA256;
	case CONF_HASH_SHA384:
		return AUTH_SHA384;
	case CONF_HASH_SHA512:
		return AUTH_SHA512;
	case CONF_HASH_IDENTITY:
		return AUTH_ED25519;
	}
	return 0;
}

static uint32_t of_rule(const struct conf_auth_rule *rule, bool ours)
{
	uint32_t hashes = 0;

	for (unsigned int i = 0; i < rule->hash_count; i++)
		hashes |= of_hash(rule->hashes[i]);
	return of_key(rule->key, ours) & (rule->hash_count ? hashes : AUTH_SCHEMES_ALL);
}

uint32_t auth_rules_schemes(const struct conf_auth_rules *rules, bool ours)
{
	uint32_t schemes = 0;

	for (unsigned int i = 0; i < rules->count; i++)
		schemes |= of_rule(&rules->items[i], ours);
	return schemes;
}

unsigned int auth_rules_min_bits(const struct conf_auth_rules *rules, bool rsa)
{
	unsigned int least = 0;
	bool first = true;

	for (unsigned int i = 0; i < rules->count; i++) {
		const struct conf_auth_rule *rule = &rules->items[i];

		if (!(of_rule(rule, false) & (rsa ? AUTH_RSA_PKCS1 | AUTH_RSA_PSS : AUTH_ECDSA)))
			continue;
		if (first || rule->min_bits < least)
			least = rule->min_bits;
		first = false;
	}
	return least;
}
