/* SPDX-License-Identifier: Apache-2.0 */
/* Identities from text and from ID payloads. */
#include "crypto/identity.h"

#include <ctype.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "crypto/dn.h"
#include "net/addr.h"
#include "proto/registry.h"

static const struct prefix {
	const char *text;
	uint8_t type;
} prefixes[] = {
	{ "ipv4:", IKE_ID_IPV4_ADDR },
	{ "ipv6:", IKE_ID_IPV6_ADDR },
	{ "fqdn:", IKE_ID_FQDN },
	{ "dns:", IKE_ID_FQDN },
	{ "email:", IKE_ID_RFC822_ADDR },
	{ "rfc822:", IKE_ID_RFC822_ADDR },
	{ "userfqdn:", IKE_ID_RFC822_ADDR },
	{ "asn1dn:", IKE_ID_DER_ASN1_DN },
	{ "keyid:", IKE_ID_KEY_ID },
};

static const char *const any_texts[] = { "", "%any", "%any6", "*", "0.0.0.0", "0::0", "::" };

static int set(struct identity *id, uint8_t type, const void *data, size_t len)
{
	id->data = malloc(len ? len : 1);
	if (!id->data)
		return -ENOMEM;
	memcpy(id->data, data, len);
	id->len = (uint16_t)len;
	id->type = type;
	return 0;
}

/* Names and addresses of people: no control characters, which covers NUL. */
static bool is_text(const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (data[i] < 0x20 || data[i] == 0x7f)
			return false;
	return len != 0;
}

static bool is_email(const uint8_t *data, size_t len)
{
	const uint8_t *at = memchr(data, '@', len);

	return at && at != data && at != data + len - 1;
}

static int parse_text(uint8_t type, const char *text, struct identity *id, char *error)
{
	size_t len = strlen(text);

	if (len > IDENTITY_MAX || !is_text((const uint8_t *)text, len))
		return crypto_fail(error, -EINVAL, "\"%.60s\" is empty, too long or not printable: no identity.", text);
	if (type == IKE_ID_RFC822_ADDR && !is_email((const uint8_t *)text, len))
		return crypto_fail(error, -EINVAL, "\"%.60s\" is no e-mail address.", text);
	return set(id, type, text, len);
}

/* Hexadecimal, with colons or without. */
static int parse_hex(uint8_t type, const char *text, struct identity *id, char *error)
{
	size_t room = strlen(text) / 2 + 1, len = 0;
	uint8_t *bytes = malloc(room);
	int ret;

	if (!bytes)
		return -ENOMEM;
	if (OPENSSL_hexstr2buf_ex(bytes, room, &len, text, ':') != 1 || !len || len > IDENTITY_MAX ||
	    (type == IKE_ID_DER_ASN1_DN && !dn_valid(bytes, len)))
		ret = crypto_fail(error, -EINVAL, "\"#%.60s\" is not hexadecimal, or not an identity of its kind.", text);
	else
		ret = set(id, type, bytes, len);
	free(bytes);
	return ret;
}

static int parse_dn(const char *text, struct identity *id, char *error)
{
	uint8_t *der;
	size_t len;
	int ret = dn_parse(text, &der, &len, error);

	if (!ret)
		ret = len <= IDENTITY_MAX ? set(id, IKE_ID_DER_ASN1_DN, der, len) : crypto_fail(error, -EINVAL, "A distinguished name is too long.");
	OPENSSL_free(der);
	return ret;
}

/* family: 4, 6 or 0 (both). -EINVAL: no address, prefix or range. */
static int parse_ip(const char *text, uint8_t family, struct identity *id)
{
	struct ip_addr ip;
	struct ts ts;
	uint8_t range[32];
	size_t len;

	if (ip_parse(text, &ip) == 0)
		return family && family != ip.family ? -EINVAL : set(id, ip.family == 4 ? IKE_ID_IPV4_ADDR : IKE_ID_IPV6_ADDR, ip.bytes, ip_len(&ip));
	if (!strpbrk(text, "/-") || strchr(text, '[') || ts_parse(text, &ts) || (family && family != ts.lo.family))
		return -EINVAL;
	len = ip_len(&ts.lo);
	memcpy(range, ts.lo.bytes, len);
	memcpy(range + len, ts.hi.bytes, len);
	return set(id, IDENTITY_RANGE, range, 2 * len);
}

static int parse_as(uint8_t type, const char *value, struct identity *id, char *error)
{
	bool hex = value[0] == '#';

	switch (type) {
	case IKE_ID_IPV4_ADDR:
	case IKE_ID_IPV6_ADDR:
		if (parse_ip(value, type == IKE_ID_IPV4_ADDR ? 4 : 6, id) == 0)
			return 0;
		return crypto_fail(error, -EINVAL, "\"%.60s\" is no IPv%c address.", value, type == IKE_ID_IPV4_ADDR ? '4' : '6');
	case IKE_ID_DER_ASN1_DN:
		return hex ? parse_hex(type, value + 1, id, error) : parse_dn(value, id, error);
	case IKE_ID_KEY_ID:
		return hex ? parse_hex(type, value + 1, id, error) : parse_text(type, value, id, error);
	default:
		return parse_text(type, value, id, error);
	}
}

/* What the text looks like. */
static int parse_guess(const char *text, struct identity *id, char *error)
{
	if (text[0] == '@' && text[1] == '#')
		return parse_hex(IKE_ID_KEY_ID, text + 2, id, error);
	if (text[0] == '@' && text[1] == '@')
		return parse_text(IKE_ID_RFC822_ADDR, text + 2, id, error);
	if (text[0] == '@')
		return parse_text(IKE_ID_FQDN, text + 1, id, error);
	if (strchr(text, '='))
		return parse_dn(text, id, error);
	if (strchr(text, '@'))
		return parse_text(IKE_ID_RFC822_ADDR, text, id, error);
	if (parse_ip(text, 0, id) == 0)
		return 0;
	if (strchr(text, ':'))
		return crypto_fail(error, -EINVAL, "\"%.60s\" is no IPv6 address; a name with a colon is written fqdn:NAME or keyid:NAME.", text);
	return parse_text(IKE_ID_FQDN, text, id, error);
}

int identity_parse(const char *text, struct identity *id, char *error)
{
	*id = (struct identity){ 0 };
	text += strspn(text, " \t");
	for (size_t i = 0; i < sizeof(any_texts) / sizeof(any_texts[0]); i++)
		if (strcmp(text, any_texts[i]) == 0)
			return 0;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t len = strlen(prefixes[i].text);

		if (strncasecmp(text, prefixes[i].text, len) == 0)
			return parse_as(prefixes[i].type, text + len, id, error);
	}
	return parse_guess(text, id, error);
}

int identity_from_payload(uint8_t type, const uint8_t *data, size_t len, struct identity *id)
{
	bool ok = len && len <= IDENTITY_MAX;

	*id = (struct identity){ 0 };
	switch (type) {
	case IKE_ID_IPV4_ADDR:
		ok = len == 4;
		break;
	case IKE_ID_IPV6_ADDR:
		ok = len == 16;
		break;
	case IKE_ID_FQDN:
		ok = ok && is_text(data, len) && !memchr(data, '*', len);
		break;
	case IKE_ID_RFC822_ADDR:
		ok = ok && is_text(data, len) && is_email(data, len) && !memchr(data, '*', len);
		break;
	case IKE_ID_DER_ASN1_DN:
		ok = ok && dn_valid(data, len) && !dn_has_wildcard(data, len);
		break;
	case IKE_ID_KEY_ID:
		break;
	default:
		ok = false;
	}
	return ok ? set(id, type, data, len) : -EINVAL;
}

int identity_copy(const struct identity *from, struct identity *to)
{
	*to = (struct identity){ 0 };
	return from->type == IDENTITY_ANY ? 0 : set(to, from->type, from->data, from->len);
}

void identity_clear(struct identity *id)
{
	free(id->data);
	*id = (struct identity){ 0 };
}

bool identity_is_any(const struct identity *id)
{
	return id->type == IDENTITY_ANY;
}

bool identity_is_single(const struct identity *id)
{
	switch (id->type) {
	case IDENTITY_ANY:
	case IDENTITY_RANGE:
		return false;
	case IKE_ID_FQDN:
	case IKE_ID_RFC822_ADDR:
		return !memchr(id->data, '*', id->len);
	case IKE_ID_DER_ASN1_DN:
		return !dn_has_wildcard(id->data, id->len);
	default:
		return true;
	}
}
