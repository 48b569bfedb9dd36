/* SPDX-License-Identifier: Apache-2.0 */
/* Distinguished names. */
#include "crypto/dn.h"

#include <ctype.h>
#include <errno.h>
#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define VALUE_MAX 256u
#define WORD_MAX 64u

/* Names of attributes as strongSwan has them; the first of a kind is the one that is printed. */
static const struct attribute {
	const char *name;
	int nid;
} attributes[] = {
	{ "C", NID_countryName },
	{ "ST", NID_stateOrProvinceName },
	{ "L", NID_localityName },
	{ "O", NID_organizationName },
	{ "OU", NID_organizationalUnitName },
	{ "CN", NID_commonName },
	{ "DC", NID_domainComponent },
	{ "E", NID_pkcs9_emailAddress },
	{ "Email", NID_pkcs9_emailAddress },
	{ "emailAddress", NID_pkcs9_emailAddress },
	{ "SN", NID_serialNumber },
	{ "serialNumber", NID_serialNumber },
	{ "S", NID_surname },
	{ "G", NID_givenName },
	{ "I", NID_initials },
	{ "N", NID_name },
	{ "T", NID_title },
	{ "D", NID_description },
	{ "UID", NID_userId },
	{ "dnQualifier", NID_dnQualifier },
	{ "pseudonym", NID_pseudonym },
	{ "UN", NID_pkcs9_unstructuredName },
	{ "unstructuredName", NID_pkcs9_unstructuredName },
};
#define ATTRIBUTES (sizeof(attributes) / sizeof(attributes[0]))

static ASN1_OBJECT *object_of(const char *name)
{
	for (size_t i = 0; i < ATTRIBUTES; i++)
		if (strcasecmp(attributes[i].name, name) == 0)
			return OBJ_nid2obj(attributes[i].nid);
	return isdigit((unsigned char)name[0]) ? OBJ_txt2obj(name, 1) : NULL;
}

/* One word up to a character of ends, trimmed, backslashes taken away; NULL: too long. *end is where it stopped. */
static const char *take_word(const char *at, const char *ends, char *word, size_t room, const char **end)
{
	size_t len = 0, keep = 0;

	while (*at == ' ' || *at == '\t')
		at++;
	for (; *at && !strchr(ends, *at); at++) {
		bool escaped = *at == '\\' && at[1];

		if (escaped)
			at++;
		if (len + 1 >= room)
			return NULL;
		word[len++] = *at;
		if (escaped || (*at != ' ' && *at != '\t'))
			keep = len;
	}
	word[keep] = '\0';
	*end = at;
	return word;
}

static int add_entry(X509_NAME *name, ASN1_OBJECT *object, const char *value)
{
	int nid = OBJ_obj2nid(object);
	bool ia5 = nid == NID_pkcs9_emailAddress || nid == NID_domainComponent;
	int type = ia5 ? V_ASN1_IA5STRING : MBSTRING_UTF8;

	/* A wildcard would not pass the limits of its attribute. Else like strongSwan: the plain string type where it can hold the value. */
	if (strcmp(value, "*") == 0)
		type = V_ASN1_UTF8STRING;
	else if (!ia5 && ASN1_PRINTABLE_type((const unsigned char *)value, -1) == V_ASN1_PRINTABLESTRING)
		type = V_ASN1_PRINTABLESTRING;
	return X509_NAME_add_entry_by_OBJ(name, object, type, (const unsigned char *)value, -1, -1, 0) == 1;
}

static int parse_entries(const char *text, X509_NAME *name, char *error)
{
	const char *separators = text[strspn(text, " \t")] == '/' ? "/" : ",";
	char word[WORD_MAX], value[VALUE_MAX];
	const char *at = text + strspn(text, " \t/");

	while (*at) {
		ASN1_OBJECT *object;
		int ok;

		if (!take_word(at, "=,/", word, sizeof(word), &at) || *at != '=')
			return crypto_fail(error, -EINVAL, "A distinguished name is a list of ATTRIBUTE=VALUE; \"%.60s\" is not.", text);
		if (!take_word(at + 1, separators, value, sizeof(value), &at))
			return crypto_fail(error, -EINVAL, "The value of %s in a distinguished name is longer than %u bytes.", word, VALUE_MAX - 1);
		object = object_of(word);
		if (!object)
			return crypto_fail(error, -EINVAL, "A distinguished name has no attribute \"%s\".", word);
		ok = value[0] && add_entry(name, object, value);
		ASN1_OBJECT_free(object);
		if (!ok)
			return crypto_fail(error, -EINVAL, "\"%.60s\" is no value for %s in a distinguished name.", value, word);
		if (*at)
			at += 1 + strspn(at + 1, " \t");
	}
	return X509_NAME_entry_count(name) ? 0 : crypto_fail(error, -EINVAL, "A distinguished name is empty.");
}

int dn_parse(const char *text, uint8_t **der, size_t *len, char *error)
{
	X509_NAME *name = X509_NAME_new();
	int ret = name ? parse_entries(text, name, error) : -ENOMEM, n;

	*der = NULL;
	*len = 0;
	if (!ret) {
		n = i2d_X509_NAME(name, der);
		if (n <= 0)
			ret = -ENOMEM;
		else
			*len = (size_t)n;
	}
	X509_NAME_free(name);
	ERR_clear_error();
	return ret;
}

static X509_NAME *decode(const uint8_t *der, size_t len)
{
	const unsigned char *at = der;
	X509_NAME *name = d2i_X509_NAME(NULL, &at, (long)len);

	if (name && at == der + len)
		return name;
	X509_NAME_free(name);
	ERR_clear_error();
	return NULL;
}

bool dn_valid(const uint8_t *der, size_t len)
{
	X509_NAME *name = decode(der, len);
	bool valid = name && X509_NAME_entry_count(name) > 0;

	X509_NAME_free(name);
	return valid;
}

static const char *name_of(const ASN1_OBJECT *object, char *dotted, size_t room)
{
	int nid = OBJ_obj2nid(object);

	for (size_t i = 0; nid != NID_undef && i < ATTRIBUTES; i++)
		if (attributes[i].nid == nid)
			return attributes[i].name;
	OBJ_obj2txt(dotted, (int)room, object, 1);
	return dotted;
}

struct writer {
	char *text;
	size_t len, room;
	bool cut;
};

static void put(struct writer *w, const char *bytes, size_t len, bool escape)
{
	for (size_t i = 0; i < len && !w->cut; i++) {
		char c = bytes[i];
		bool special = escape && (c == ',' || c == '\\' || c == '+');
		size_t need = special ? 2 : 1;

		if (w->len + need >= w->room) {
			w->cut = true;
			break;
		}
		if (special)
			w->text[w->len++] = '\\';
		w->text[w->len++] = (unsigned char)c < 0x20 || c == 0x7f ? '?' : c;
	}
}

static void put_value(struct writer *w, const ASN1_STRING *value)
{
	unsigned char *utf8 = NULL;
	int len = ASN1_STRING_to_UTF8(&utf8, value);

	if (len >= 0)
		put(w, (const char *)utf8, (size_t)len, true);
	else
		put(w, "?", 1, false);
	OPENSSL_free(utf8);
}

void dn_print(const uint8_t *der, size_t len, char *text, size_t room)
{
	X509_NAME *name = decode(der, len);
	struct writer w = { text, 0, room, false };
	char dotted[WORD_MAX];
	int set = -1;

	for (int i = 0; name && i < X509_NAME_entry_count(name); i++) {
		const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
		const char *word = name_of(X509_NAME_ENTRY_get_object(entry), dotted, sizeof(dotted));

		if (i)
			put(&w, X509_NAME_ENTRY_set(entry) == set ? "+" : ", ", X509_NAME_ENTRY_set(entry) == set ? 1 : 2, false);
		set = X509_NAME_ENTRY_set(entry);
		put(&w, word, strlen(word), false);
		put(&w, "=", 1, false);
		put_value(&w, X509_NAME_ENTRY_get_data(entry));
	}
	text[w.len] = '\0';
	if (w.cut && room > 4)
		memcpy(text + room - 4, "...", 4);
	X509_NAME_free(name);
	ERR_clear_error();
}

bool dn_equal(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	X509_NAME *x, *y;
	bool equal;

	if (a_len == b_len && memcmp(a, b, a_len) == 0)
		return true;
	x = decode(a, a_len);
	y = decode(b, b_len);
	equal = x && y && X509_NAME_cmp(x, y) == 0;
	X509_NAME_free(x);
	X509_NAME_free(y);
	return equal;
}

static bool is_wild(const X509_NAME_ENTRY *entry)
{
	const ASN1_STRING *value = X509_NAME_ENTRY_get_data(entry);

	return ASN1_STRING_length(value) == 1 && ASN1_STRING_get0_data(value)[0] == '*';
}

bool dn_has_wildcard(const uint8_t *der, size_t len)
{
	X509_NAME *name = decode(der, len);
	bool wild = false;

	for (int i = 0; name && !wild && i < X509_NAME_entry_count(name); i++)
		wild = is_wild(X509_NAME_get_entry(name, i));
	X509_NAME_free(name);
	return wild;
}

/* One attribute of each, compared as names of one attribute. */
static bool entry_equal(const X509_NAME_ENTRY *a, const X509_NAME_ENTRY *b)
{
	X509_NAME *x = X509_NAME_new(), *y = X509_NAME_new();
	bool equal = x && y && X509_NAME_add_entry(x, a, -1, 0) == 1 && X509_NAME_add_entry(y, b, -1, 0) == 1 && X509_NAME_cmp(x, y) == 0;

	X509_NAME_free(x);
	X509_NAME_free(y);
	return equal;
}

static int match_entries(const X509_NAME *name, const X509_NAME *pattern)
{
	int count = X509_NAME_entry_count(name), wild = 0;

	if (count != X509_NAME_entry_count(pattern))
		return -1;
	for (int i = 0; i < count; i++) {
		const X509_NAME_ENTRY *a = X509_NAME_get_entry(name, i), *b = X509_NAME_get_entry(pattern, i);

		if (OBJ_cmp(X509_NAME_ENTRY_get_object(a), X509_NAME_ENTRY_get_object(b)) != 0 || X509_NAME_ENTRY_set(a) != X509_NAME_ENTRY_set(b))
			return -1;
		if (is_wild(b))
			wild++;
		else if (!entry_equal(a, b))
			return -1;
	}
	return wild;
}

int dn_match(const uint8_t *der, size_t len, const uint8_t *pattern, size_t pattern_len)
{
	X509_NAME *x = decode(der, len), *y = decode(pattern, pattern_len);
	int wild = x && y ? match_entries(x, y) : -1;

	X509_NAME_free(x);
	X509_NAME_free(y);
	return wild;
}
