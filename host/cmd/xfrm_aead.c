/* SPDX-License-Identifier: Apache-2.0 */
/* `aead NAME KEY ICV` of a state: the algorithms, and keys in iproute2's form. */
#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

#include "states.h"

#define SALT_LEN 4

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* 0x and hexadecimal digits (an odd count gets a zero in front), or else the characters themselves. Returns bytes or -EINVAL. */
static int parse_keymat(const char *word, uint8_t *bytes, size_t max, char *reason)
{
	size_t len = strlen(word), n = 0;

	if (len <= 2 || strncmp(word, "0x", 2)) {
		if (len > max)
			return parse_fail(reason, "key and salt of %zu bytes are too long", len);
		memcpy(bytes, word, len);
		return (int)len;
	}
	word += 2;
	len -= 2;
	if ((len + 1) / 2 > max)
		return parse_fail(reason, "key and salt of %zu bytes are too long", (len + 1) / 2);
	for (size_t i = 0; i < len; n++) {
		int high = len % 2 && i == 0 ? 0 : hex_digit(word[i++]), low = hex_digit(word[i++]);

		if (high < 0 || low < 0)
			return parse_fail(reason, "the key is not hexadecimal");
		bytes[n] = (uint8_t)(high << 4 | low);
	}
	return (int)n;
}

static int take_key(const char *word, struct espalier_sa_config *config, char *reason)
{
	uint8_t bytes[sizeof(config->key) + SALT_LEN];
	int ret = 0, len = parse_keymat(word, bytes, sizeof(bytes), reason);

	if (len < 0) {
		ret = len;
	} else if (config->algorithm == ESPALIER_CHACHA20_POLY1305 && len != 36) {
		ret = parse_fail(reason, "key and salt of ChaCha20-Poly1305 have 36 bytes, not %d", len);
	} else if (len != 20 && len != 28 && len != 36) {
		ret = parse_fail(reason, "key and salt have 20, 28 or 36 bytes (AES-128, -192, -256), not %d", len);
	} else {
		config->key_len = (uint8_t)(len - SALT_LEN);
		memcpy(config->key, bytes, config->key_len);
		memcpy(config->salt, bytes + config->key_len, SALT_LEN);
	}
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return ret;
}

int xfrm_parse_aead(struct words *words, struct espalier_sa_config *config, char *reason)
{
	const char *name = words_value(words, "aead", reason), *key;
	uint64_t icv;

	if (!name)
		return -EINVAL;
	if (!strcmp(name, "rfc4106(gcm(aes))"))
		config->algorithm = ESPALIER_AES_GCM;
	else if (!strcmp(name, "rfc4543(gcm(aes))"))
		config->algorithm = ESPALIER_AES_GMAC;
	else if (!strcmp(name, "rfc7539esp(chacha20,poly1305)"))
		config->algorithm = ESPALIER_CHACHA20_POLY1305;
	else
		return parse_fail(reason, "aead %s is not supported, only rfc4106(gcm(aes)), rfc4543(gcm(aes)) and rfc7539esp(chacha20,poly1305)", name);
	key = words_value(words, "aead", reason);
	if (!key || parse_option_number(words, "the ICV length", UINT32_MAX, &icv, reason))
		return -EINVAL;
	if (icv != 128 && (config->algorithm != ESPALIER_AES_GCM || (icv != 64 && icv != 96)))
		return parse_fail(reason, "an ICV of %llu bits is not supported, only %s", (unsigned long long)icv,
				  config->algorithm != ESPALIER_AES_GCM ? "128" : "64, 96 and 128");
	config->icv_len = (uint8_t)(icv / 8);
	return take_key(key, config, reason);
}
