/* SPDX-License-Identifier: Apache-2.0 */
/* Identities: text as strongSwan reads it, ID payloads, equality and patterns. DER of names is written out by hand. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "crypto/identity.h"
#include "proto/registry.h"
#include "vec.h"

#define C_CH "310b3009060355040613024348"	      /* SET { SEQUENCE { 2.5.4.6, PrintableString CH } } */
#define O_X "310a3008060355040a0c0178"		      /* O, UTF8String x */
#define O_X_PRINTABLE "310a3008060355040a130178"
#define CN_MOON "310d300b06035504030c046d6f6f6e"
#define CN_MOON_PRINTABLE "310d300b060355040313046d6f6f6e"
#define DN_UTF8 "3028" C_CH O_X CN_MOON
#define DN_PRINTABLE "3028" C_CH O_X_PRINTABLE CN_MOON_PRINTABLE

static struct identity parse(const char *text)
{
	char error[CRYPTO_ERROR_LEN];
	struct identity id;

	if (identity_parse(text, &id, error))
		fail_msg("%s: %s", text, error);
	return id;
}

static void hex(const struct identity *id, char *text)
{
	text[0] = '\0';
	for (size_t i = 0; i < id->len; i++)
		sprintf(text + 2 * i, "%02x", id->data[i]);
}

/* text, type, data in hexadecimal, how it is printed (NULL: as it was) */
static const struct {
	const char *text;
	uint8_t type;
	const char *data, *printed;
} good[] = {
	{ "192.0.2.1", IKE_ID_IPV4_ADDR, "c0000201", NULL },
	{ "ipv4:192.0.2.1", IKE_ID_IPV4_ADDR, "c0000201", "192.0.2.1" },
	{ "2001:db8::1", IKE_ID_IPV6_ADDR, "20010db8000000000000000000000001", NULL },
	{ "ipv6:2001:DB8::1", IKE_ID_IPV6_ADDR, "20010db8000000000000000000000001", "2001:db8::1" },
	{ "gw.x", IKE_ID_FQDN, "67772e78", NULL },
	{ "@gw.x", IKE_ID_FQDN, "67772e78", "gw.x" },
	{ "fqdn:gw.x", IKE_ID_FQDN, "67772e78", "gw.x" },
	{ "DNS:gw.x", IKE_ID_FQDN, "67772e78", "gw.x" },
	{ "@1.2.3.4", IKE_ID_FQDN, "312e322e332e34", "fqdn:1.2.3.4" },
	{ "fqdn:a@b", IKE_ID_FQDN, "614062", "fqdn:a@b" },
	{ "fqdn:a=b", IKE_ID_FQDN, "613d62", "fqdn:a=b" },
	{ "me@x.y", IKE_ID_RFC822_ADDR, "6d6540782e79", NULL },
	{ "@@me@x.y", IKE_ID_RFC822_ADDR, "6d6540782e79", "me@x.y" },
	{ "email:me@x.y", IKE_ID_RFC822_ADDR, "6d6540782e79", "me@x.y" },
	{ "rfc822:me@x.y", IKE_ID_RFC822_ADDR, "6d6540782e79", "me@x.y" },
	{ "userfqdn:me@x.y", IKE_ID_RFC822_ADDR, "6d6540782e79", "me@x.y" },
	{ "email:m=e@x.y", IKE_ID_RFC822_ADDR, "6d3d6540782e79", "email:m=e@x.y" },
	{ "@#0a1B", IKE_ID_KEY_ID, "0a1b", "@#0a1b" },
	{ "@#0a:1b", IKE_ID_KEY_ID, "0a1b", "@#0a1b" },
	{ "keyid:me", IKE_ID_KEY_ID, "6d65", "@#6d65" },
	{ "keyid:#0a1b", IKE_ID_KEY_ID, "0a1b", "@#0a1b" },
	{ "C=CH, O=x, CN=moon", IKE_ID_DER_ASN1_DN, DN_PRINTABLE, NULL },
	{ "c=CH,o=x,cn=moon", IKE_ID_DER_ASN1_DN, DN_PRINTABLE, "C=CH, O=x, CN=moon" },
	{ "/C=CH/O=x/CN=moon", IKE_ID_DER_ASN1_DN, DN_PRINTABLE, "C=CH, O=x, CN=moon" },
	{ "asn1dn:C=CH, O=x ,CN= moon ", IKE_ID_DER_ASN1_DN, DN_PRINTABLE, "C=CH, O=x, CN=moon" },
	{ "asn1dn:#" DN_UTF8, IKE_ID_DER_ASN1_DN, DN_UTF8, "C=CH, O=x, CN=moon" },
	{ "2.5.4.10=x", IKE_ID_DER_ASN1_DN, "300c" O_X_PRINTABLE, "O=x" },
	{ "O=a\\,b\\\\c", IKE_ID_DER_ASN1_DN, "30103" "10e300c060355040a0c05612c625c63", NULL },
	{ "O=a/b", IKE_ID_DER_ASN1_DN, "300e310c300a060355040a1303612f62", NULL },
	{ "E=a@b", IKE_ID_DER_ASN1_DN, "3014311230100" "6092a864886f70d0109011603614062", NULL },
	{ "emailAddress=a@b", IKE_ID_DER_ASN1_DN, "3014311230100" "6092a864886f70d0109011603614062", "E=a@b" },
	{ "1.2.3.4=x", IKE_ID_DER_ASN1_DN, "300c310a300806032a0304130178", NULL },
	{ "CN=*", IKE_ID_DER_ASN1_DN, "300c310a300806035504030c012a", NULL },
	{ "C=*", IKE_ID_DER_ASN1_DN, "300c310a300806035504060c012a", NULL },
	{ "*.x.org", IKE_ID_FQDN, "2a2e782e6f7267", NULL },
	{ "*@x.org", IKE_ID_RFC822_ADDR, "2a40782e6f7267", NULL },
	{ "192.0.2.0/24", IDENTITY_RANGE, "c0000200c00002ff", "192.0.2.0-192.0.2.255" },
	{ "192.0.2.3-192.0.2.7", IDENTITY_RANGE, "c0000203c0000207", NULL },
	{ "2001:db8::/127", IDENTITY_RANGE, "20010db800000000000000000000000020010db8000000000000000000000001", "2001:db8::-2001:db8::1" },
	{ "gw-1.x", IKE_ID_FQDN, "67772d312e78", NULL },
	{ "", IDENTITY_ANY, "", "%any" },
	{ "%any", IDENTITY_ANY, "", NULL },
	{ "%any6", IDENTITY_ANY, "", "%any" },
	{ "*", IDENTITY_ANY, "", "%any" },
	{ "0.0.0.0", IDENTITY_ANY, "", "%any" },
	{ "::", IDENTITY_ANY, "", "%any" },
	{ "  gw.x", IKE_ID_FQDN, "67772e78", "gw.x" },
};

static void test_parse(void **state)
{
	char data[2 * IDENTITY_MAX + 1], text[IDENTITY_TEXT_LEN];
	struct identity id, copy;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		id = parse(good[i].text);
		hex(&id, data);
		if (id.type != good[i].type || strcasecmp(data, good[i].data) != 0)
			fail_msg("%s: type %u, %s", good[i].text, id.type, data);
		if (strcmp(identity_print(&id, text), good[i].printed ? good[i].printed : good[i].text) != 0)
			fail_msg("%s is printed as %s", good[i].text, text);
		/* what is printed is read as the same */
		copy = parse(text);
		assert_true(identity_equal(&id, &copy));
		identity_clear(&copy);
		assert_int_equal(identity_copy(&id, &copy), 0);
		assert_true(identity_equal(&id, &copy));
		assert_int_equal(identity_is_any(&id), good[i].type == IDENTITY_ANY);
		assert_int_equal(identity_is_single(&id), good[i].type != IDENTITY_ANY && good[i].type != IDENTITY_RANGE && !strchr(good[i].text, '*'));
		identity_clear(&copy);
		identity_clear(&id);
		assert_true(identity_is_any(&id));
	}
}

static void test_bad_text(void **state)
{
	static const char *const bad[] = {
		"@", "@@", "@#", "@#0", "@#xyz", "@@nobody", "email:", "email:nobody", "email:@x", "email:x@", "fqdn:", "keyid:", "keyid:#", "ipv4:", "ipv4:x",
		"ipv4:2001:db8::1", "ipv6:192.0.2.1", "ipv6:1::2::3", "a:b", "C=", "=x", "C=CH, O", "C=CH, O=", "C=CH,, O=x", "XYZ=x", "9.9.9=x", "asn1dn:",
		"asn1dn:moon", "asn1dn:#00", "asn1dn:#3000ff", "gw\x01x", "gw\x7fx", "O=\xff", "ipv4:192.0.2.0/33",
	};
	char error[CRYPTO_ERROR_LEN], *huge = malloc(5000);
	struct identity id;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		error[0] = '\0';
		if (identity_parse(bad[i], &id, error) != -EINVAL)
			fail_msg("%s: accepted", bad[i]);
		assert_true(error[0] != '\0' && error[strlen(error) - 1] == '.');
		assert_true(identity_is_any(&id) && !id.data);
		assert_int_equal(identity_parse(bad[i], &id, NULL), -EINVAL);
	}
	memset(huge, 'x', 4999);
	huge[4999] = '\0';
	assert_int_equal(identity_parse(huge, &id, error), -EINVAL);
	memcpy(huge, "CN=", 3);
	assert_int_equal(identity_parse(huge, &id, error), -EINVAL);
	memcpy(huge, "@#", 2);
	memset(huge + 2, 'a', 4996);
	huge[4998] = '\0';
	assert_int_equal(identity_parse(huge, &id, error), -EINVAL);
	free(huge);
}

static void test_payload(void **state)
{
	static const uint8_t dn[] = { 0x30, 0x0c, 0x31, 0x0a, 0x30, 0x08, 0x06, 0x03, 0x55, 0x04, 0x0a, 0x0c, 0x01, 0x78, 0 };
	static const uint8_t wild_dn[] = { 0x30, 0x0c, 0x31, 0x0a, 0x30, 0x08, 0x06, 0x03, 0x55, 0x04, 0x0a, 0x0c, 0x01, '*' };
	static uint8_t big[IDENTITY_MAX + 1];
	const struct {
		uint8_t type;
		const void *data;
		size_t len;
		int ret;
	} cases[] = {
		{ IKE_ID_IPV4_ADDR, "\1\2\3\4", 4, 0 },	 { IKE_ID_IPV4_ADDR, "\1\2\3", 3, -EINVAL },   { IKE_ID_IPV4_ADDR, big, 16, -EINVAL },
		{ IKE_ID_IPV6_ADDR, big, 16, 0 },	 { IKE_ID_IPV6_ADDR, big, 4, -EINVAL },	       { IKE_ID_FQDN, "gw", 2, 0 },
		{ IKE_ID_FQDN, "", 0, -EINVAL },	 { IKE_ID_FQDN, "gw\0x", 4, -EINVAL },	       { IKE_ID_FQDN, "gw\n", 3, -EINVAL },
		{ IKE_ID_FQDN, "*.x", 3, -EINVAL },	 { IKE_ID_FQDN, "gw\0", 3, -EINVAL },	       { IKE_ID_RFC822_ADDR, "a@b", 3, 0 },
		{ IKE_ID_RFC822_ADDR, "ab", 2, -EINVAL }, { IKE_ID_RFC822_ADDR, "@b", 2, -EINVAL },    { IKE_ID_RFC822_ADDR, "a@", 2, -EINVAL },
		{ IKE_ID_RFC822_ADDR, "*@b", 3, -EINVAL }, { IKE_ID_DER_ASN1_DN, dn, 14, 0 },	       { IKE_ID_DER_ASN1_DN, dn, 15, -EINVAL },
		{ IKE_ID_DER_ASN1_DN, dn, 13, -EINVAL }, { IKE_ID_DER_ASN1_DN, wild_dn, 14, -EINVAL }, { IKE_ID_DER_ASN1_DN, "", 0, -EINVAL },
		{ IKE_ID_DER_ASN1_GN, dn, 14, -EINVAL }, { IKE_ID_KEY_ID, "\0*\n", 3, 0 },	       { IKE_ID_KEY_ID, "", 0, -EINVAL },
		{ IKE_ID_KEY_ID, big, IDENTITY_MAX, 0 }, { IKE_ID_KEY_ID, big, IDENTITY_MAX + 1, -EINVAL }, { 0, "x", 1, -EINVAL },
		{ IDENTITY_RANGE, big, 8, -EINVAL },	 { 255, "x", 1, -EINVAL },
	};
	char text[IDENTITY_TEXT_LEN];
	struct identity id;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t *copy = malloc(cases[i].len ? cases[i].len : 1);

		memcpy(copy, cases[i].data, cases[i].len);
		if (identity_from_payload(cases[i].type, copy, cases[i].len, &id) != cases[i].ret)
			fail_msg("payload %zu", i);
		if (!cases[i].ret) {
			assert_int_equal(id.len, cases[i].len);
			assert_memory_equal(id.data, cases[i].data, id.len);
			assert_true(strlen(identity_print(&id, text)) < IDENTITY_TEXT_LEN);
		}
		identity_clear(&id);
		free(copy);
	}
}

static void test_equal(void **state)
{
	static const struct {
		const char *a, *b;
		bool equal;
	} cases[] = {
		{ "gw.x", "GW.X", true },
		{ "gw.x", "gw.xx", false },
		{ "me@x.y", "me@X.Y", true },
		{ "me@x.y", "Me@x.y", false },
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "fqdn:192.0.2.1", false },
		{ "me@x.y", "fqdn:me@x.y", false },
		{ "keyid:A", "keyid:a", false },
		{ "C=CH, O=x, CN=moon", "asn1dn:#" DN_UTF8, true },
		{ "C=ch, O=X, CN=Moon", "asn1dn:#" DN_UTF8, true },
		{ "CN=a  b", "CN=a b", true },
		{ "CN=ab", "CN=a b", false },
		{ "C=CH, O=x", "O=x, C=CH", false },
		{ "C=CH, O=x", "C=CH, OU=x", false },
		{ "C=CH, O=x", "C=CH, O=x, CN=y", false },
		{ "%any", "*", true },
		{ "%any", "gw.x", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct identity a = parse(cases[i].a), b = parse(cases[i].b);

		if (identity_equal(&a, &b) != cases[i].equal || identity_equal(&b, &a) != cases[i].equal)
			fail_msg("%s and %s", cases[i].a, cases[i].b);
		identity_clear(&a);
		identity_clear(&b);
	}
}

static int match(const char *text, const char *with)
{
	struct identity id = parse(text), pattern = parse(with);
	int quality = identity_match(&id, &pattern);

	identity_clear(&id);
	identity_clear(&pattern);
	return quality;
}

static void test_match(void **state)
{
	static const struct {
		const char *id, *pattern;
		bool fits;
	} cases[] = {
		{ "gw.x.org", "*.x.org", true },	{ "a.b.x.org", "*.x.org", true },	{ "GW.X.ORG", "*.x.org", true },
		{ "x.org", "*.x.org", false },		{ ".x.org", "*.x.org", false },		{ "gwx.org", "*.x.org", false },
		{ "gw.x.org.evil", "*.x.org", false },	{ "me@x.org", "*.x.org", false },	{ "me@x.org", "*@x.org", true },
		{ "me@X.org", "*@x.org", true },	{ "me@y.x.org", "*@x.org", false },	{ "a@b@x.org", "*@x.org", true },
		{ "fqdn:a@x.org", "*@x.org", false },	{ "192.0.2.7", "192.0.2.0/24", true },	{ "192.0.3.7", "192.0.2.0/24", false },
		{ "192.0.2.7", "192.0.2.7-192.0.2.9", true }, { "192.0.2.6", "192.0.2.7-192.0.2.9", false }, { "2001:db8::7", "192.0.2.0/24", false },
		{ "2001:db8::7", "2001:db8::/32", true }, { "gw.x", "192.0.2.0/24", false },	{ "C=CH, O=x, CN=moon", "C=CH, O=x, CN=*", true },
		{ "C=CH, O=x, CN=moon", "C=*, O=*, CN=*", true }, { "C=CH, O=x, CN=moon", "C=CH, O=*", false }, { "C=CH, O=x, CN=moon", "C=CH, CN=*, O=x", false },
		{ "C=CH, O=x, CN=moon", "C=CH, O=y, CN=*", false }, { "C=CH, O=X, CN=moon", "C=CH, O=x, CN=*", true }, { "keyid:a", "%any", true },
		{ "gw.x", "*x", false },		{ "gw.x", "g*.x", false },		{ "*.x.org", "*.x.org", false },
		{ "CN=*", "CN=*", false },		{ "192.0.2.0/24", "192.0.2.0/24", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if ((match(cases[i].id, cases[i].pattern) > 0) != cases[i].fits)
			fail_msg("%s by %s: %d", cases[i].id, cases[i].pattern, match(cases[i].id, cases[i].pattern));
	/* the closer, the better */
	assert_int_equal(match("gw.x.org", "%any"), IDENTITY_MATCH_ANY);
	assert_int_equal(match("gw.x.org", "GW.x.org"), IDENTITY_MATCH_EXACT);
	assert_true(match("gw.x.org", "*.org") > IDENTITY_MATCH_ANY);
	assert_true(match("gw.x.org", "*.x.org") > match("gw.x.org", "*.org"));
	assert_true(match("gw.x.org", "*.x.org") < IDENTITY_MATCH_EXACT);
	assert_true(match("C=CH, O=x, CN=moon", "C=CH, O=x, CN=*") > match("C=CH, O=x, CN=moon", "C=CH, O=*, CN=*"));
	assert_true(match("C=CH, O=x, CN=moon", "C=CH, O=x, CN=*") < IDENTITY_MATCH_EXACT);
	assert_true(match("192.0.2.7", "192.0.2.0/24") < match("192.0.2.7", "192.0.2.7"));
}

/* Names of all lengths, and names that would break a terminal or a line of the log. */
static void test_print(void **state)
{
	static const uint8_t escape[] = { 0x30, 0x0e, 0x31, 0x0c, 0x30, 0x0a, 0x06, 0x03, 0x55, 0x04, 0x0a, 0x0c, 0x03, 0x1b, '\n', 0 };
	uint8_t data[IDENTITY_MAX];
	char text[IDENTITY_TEXT_LEN + 1];
	struct identity id;

	(void)state;
	memset(data, 'x', sizeof(data));
	for (size_t len = 1; len <= sizeof(data); len += len < 600 ? 1 : 333) {
		for (uint8_t type = IKE_ID_FQDN; type <= IKE_ID_KEY_ID; type += 9) {
			text[IDENTITY_TEXT_LEN] = 0x55;
			assert_int_equal(identity_from_payload(type, data, len, &id), 0);
			identity_print(&id, text);
			assert_int_equal(text[IDENTITY_TEXT_LEN], 0x55);
			assert_true(strlen(text) < IDENTITY_TEXT_LEN);
			if (len > IDENTITY_TEXT_LEN)
				assert_string_equal(text + strlen(text) - 3, "...");
			identity_clear(&id);
		}
	}
	assert_int_equal(identity_from_payload(IKE_ID_DER_ASN1_DN, escape, sizeof(escape), &id), 0);
	assert_string_equal(identity_print(&id, text), "O=???");
	identity_clear(&id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse), cmocka_unit_test(test_bad_text), cmocka_unit_test(test_payload),
		cmocka_unit_test(test_equal), cmocka_unit_test(test_match),    cmocka_unit_test(test_print),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
