/* SPDX-License-Identifier: Apache-2.0 */
/* Each payload's decoder: values of good ones, and every way to be bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/bytes.h"
#include "proto/message.h"

static const char *why;

static int decode(const struct ike_payload *payload)
{
	static struct proposals sa;
	static struct ike_ts_list ts;
	struct ike_notify notify;
	struct ike_delete del;
	struct ike_cert cert;
	struct ike_auth auth;
	struct ike_ke ke;
	struct ike_id id;

	why = NULL;
	switch (payload->type) {
	case IKE_PL_SA:
		return ike_decode_sa(payload, &sa, &why);
	case IKE_PL_KE:
		return ike_decode_ke(payload, &ke, &why);
	case IKE_PL_IDI:
		return ike_decode_id(payload, &id, &why);
	case IKE_PL_CERT:
		return ike_decode_cert(payload, &cert, &why);
	case IKE_PL_CERTREQ:
		return ike_decode_certreq(payload, &cert, &why);
	case IKE_PL_AUTH:
		return ike_decode_auth(payload, &auth, &why);
	case IKE_PL_NONCE:
		return ike_decode_nonce(payload, &why);
	case IKE_PL_NOTIFY:
		return ike_decode_notify(payload, &notify, &why);
	case IKE_PL_DELETE:
		return ike_decode_delete(payload, &del, &why);
	default:
		return ike_decode_ts(payload, &ts, &why);
	}
}

/* Hex with blanks into exactly as much memory. */
static uint8_t *unhex(const char *text, size_t *len)
{
	uint8_t *bytes = malloc(strlen(text) / 2 + 1);
	unsigned int value;

	*len = 0;
	for (; *text; text += *text == ' ' ? 1 : 2)
		if (*text != ' ' && sscanf(text, "%2x", &value) == 1)
			bytes[(*len)++] = (uint8_t)value;
	return realloc(bytes, *len ? *len : 1);
}

#define TS4 "07 06 0010 0050 0051 0a000001 0a000009"
#define TS6 "08 00 0028 0000 ffff 20010db8000000000000000000000000 20010db8000000000000000000000001"
#define ESN "00 00 0008 05 00 0000"
#define GCM(last) last " 00 000c 01 00 0014 800e 0080"

static const struct {
	uint8_t type;
	bool good;
	const char *hex;
} cases[] = {
	{ IKE_PL_KE, true, "001f 0000 01" },
	{ IKE_PL_KE, false, "001f 0000" },
	{ IKE_PL_KE, false, "" },
	{ IKE_PL_IDI, true, "02 000000 61" },
	{ IKE_PL_IDI, true, "01 000000 c0000201" },
	{ IKE_PL_IDI, true, "05 000000 20010db8000000000000000000000001" },
	{ IKE_PL_IDI, true, "0b 000000 0000" },	    /* a key id may hold any bytes */
	{ IKE_PL_IDI, false, "02 000000" },
	{ IKE_PL_IDI, false, "02 0000" },
	{ IKE_PL_IDI, false, "01 000000 c00002" },
	{ IKE_PL_IDI, false, "01 000000 c000020100" },
	{ IKE_PL_IDI, false, "05 000000 c0000201" },
	{ IKE_PL_IDI, false, "02 000000 610062" },  /* a.\0b: two readers may see two names */
	{ IKE_PL_IDI, false, "03 000000 614000" },
	{ IKE_PL_CERT, true, "04 30" },
	{ IKE_PL_CERT, false, "04" },
	{ IKE_PL_CERT, false, "" },
	{ IKE_PL_CERTREQ, true, "04" },
	{ IKE_PL_CERTREQ, true, "04 0000000000000000000000000000000000000000" },
	{ IKE_PL_CERTREQ, true, "0c 00" },
	{ IKE_PL_CERTREQ, false, "04 00000000000000000000000000000000000000" },
	{ IKE_PL_CERTREQ, false, "" },
	{ IKE_PL_AUTH, true, "02 000000 00" },
	{ IKE_PL_AUTH, false, "02 000000" },
	{ IKE_PL_AUTH, false, "02" },
	{ IKE_PL_AUTH, true, "0e 000000 02 3000 55" },
	{ IKE_PL_AUTH, false, "0e 000000 02 3000" },	 /* no signature */
	{ IKE_PL_AUTH, false, "0e 000000 ff 3000 55" },	 /* the identifier runs over the end */
	{ IKE_PL_AUTH, false, "0e 000000 00 55" },
	{ IKE_PL_NOTIFY, true, "00 00 4000" },
	{ IKE_PL_NOTIFY, true, "03 00 4000" },		 /* a protocol without an SPI is ignored */
	{ IKE_PL_NOTIFY, true, "01 00 0007 2d" },
	{ IKE_PL_NOTIFY, true, "03 04 4009 01020304" },
	{ IKE_PL_NOTIFY, true, "02 04 4009 01020304 05" },
	{ IKE_PL_NOTIFY, false, "00 00 40" },
	{ IKE_PL_NOTIFY, false, "03 04 4009 010203" },
	{ IKE_PL_NOTIFY, false, "03 08 4009 0102030405060708" },
	{ IKE_PL_NOTIFY, false, "03 ff 4009 0102030405060708" },
	{ IKE_PL_NOTIFY, false, "01 08 0004 0102030405060708" },
	{ IKE_PL_NOTIFY, false, "00 04 4009 01020304" },
	{ IKE_PL_DELETE, true, "01 00 0000" },
	{ IKE_PL_DELETE, true, "03 04 0002 01020304 05060708" },
	{ IKE_PL_DELETE, true, "02 04 0001 01020304" },
	{ IKE_PL_DELETE, true, "03 04 0000" },
	{ IKE_PL_DELETE, false, "01 08 0001 0102030405060708" },
	{ IKE_PL_DELETE, false, "01 00 0001" },
	{ IKE_PL_DELETE, false, "01 08 0000" },
	{ IKE_PL_DELETE, false, "01 00 0000 00" },
	{ IKE_PL_DELETE, false, "03 04 0003 01020304 05060708" },
	{ IKE_PL_DELETE, false, "03 04 0001 01020304 05060708" },
	{ IKE_PL_DELETE, false, "03 04 ffff 01020304" },
	{ IKE_PL_DELETE, false, "03 00 ffff" },
	{ IKE_PL_DELETE, false, "03 08 0001 0102030405060708" },
	{ IKE_PL_DELETE, false, "00 00 0000" },
	{ IKE_PL_DELETE, false, "04 04 0001 01020304" },
	{ IKE_PL_DELETE, false, "01 00 00" },
	{ IKE_PL_TSI, true, "01 000000" TS4 },
	{ IKE_PL_TSI, true, "02 000000" TS6 TS4 },
	{ IKE_PL_TSI, true, "00 000000" },
	{ IKE_PL_TSI, true, "01 000000 09 00 0008 0000 ffff" }, /* Fibre Channel, or what else: left out */
	{ IKE_PL_TSI, false, "01 0000" },
	{ IKE_PL_TSI, false, "02 000000" TS4 },
	{ IKE_PL_TSI, false, "01 000000" TS4 TS4 },
	{ IKE_PL_TSI, false, "01 000000" TS4 "00" },
	{ IKE_PL_TSI, false, "01 000000 07 06 0010 0050 0051 0a000001 0a0000" },
	{ IKE_PL_TSI, false, "01 000000 07 06 000f 0050 0051 0a000001 0a0000" },
	{ IKE_PL_TSI, false, "01 000000 08 06 0010 0050 0051 0a000001 0a000009" },
	{ IKE_PL_TSI, false, "01 000000 07 06 0000 0050 0051 0a000001 0a000009" },
	{ IKE_PL_TSI, false, "01 000000 09 00 0007 0000 ff" },
	{ IKE_PL_TSI, false, "02 000000 09 00 0004 09 00 0008 0000 ffff" },
	{ IKE_PL_TSI, false, "01 000000 07 06 0012 0050 0051 0a000001 0a000009 0000" },
	{ IKE_PL_TSI, false, "01 000000 07 06 0010 0050 0051 0a000009 0a000001" },  /* last address below the first */
	{ IKE_PL_TSI, false, "01 000000 07 06 0010 0051 0050 0a000001 0a000009" },  /* ports too */
	{ IKE_PL_TSI, true, "01 000000 07 06 0010 ffff 0000 0a000001 0a000009" },   /* but for OPAQUE */
	{ IKE_PL_SA, true, "00 00 0020 01 03 04 02 01020304" GCM("03") ESN },
	{ IKE_PL_SA, true, "02 00 0020 01 03 04 02 01020304" GCM("03") ESN "00 00 0020 02 03 04 02 01020304" GCM("03") ESN },
	{ IKE_PL_SA, true, "00 00 001c 01 01 08 01 0102030405060708" GCM("00") },
	{ IKE_PL_SA, true, "00 00 0014 01 01 00 01" GCM("00") },
	{ IKE_PL_SA, true, "00 00 0010 01 01 00 01 00 00 0008 63 00 0001" },	    /* unknown kind of transform: unusable, not malformed */
	{ IKE_PL_SA, false, "" },
	{ IKE_PL_SA, false, "00 00 0008 01 03 00" },
	{ IKE_PL_SA, false, "00 00 0021 01 03 04 02 01020304" GCM("03") ESN },	    /* longer than the payload */
	{ IKE_PL_SA, false, "00 00 001f 01 03 04 02 01020304" GCM("03") ESN },	    /* bytes behind the last */
	{ IKE_PL_SA, false, "00 00 0007 01 03 04 02 01020304" GCM("03") ESN },
	{ IKE_PL_SA, false, "00 00 0000 01 03 04 02 01020304" GCM("03") ESN },
	{ IKE_PL_SA, false, "02 00 0020 01 03 04 02 01020304" GCM("03") ESN },	    /* "more" behind the last */
	{ IKE_PL_SA, false, "00 00 0020 00 03 04 02 01020304" GCM("03") ESN },	    /* number 0 */
	{ IKE_PL_SA, false, "02 00 0020 01 03 04 02 01020304" GCM("03") ESN "00 00 0020 01 03 04 02 01020304" GCM("03") ESN },
	{ IKE_PL_SA, false, "02 00 0020 01 03 04 02 01020304" GCM("03") ESN "00 00 0020 03 03 04 02 01020304" GCM("03") ESN },
	{ IKE_PL_SA, false, "00 00 0020 01 03 04 03 01020304" GCM("03") ESN },	    /* counts more than it holds */
	{ IKE_PL_SA, false, "00 00 0020 01 03 04 01 01020304" GCM("00") ESN },	    /* fewer */
	{ IKE_PL_SA, false, "00 00 000c 01 03 04 00 01020304" },		    /* none */
	{ IKE_PL_SA, false, "00 00 0020 01 03 04 02 01020304" GCM("00") ESN },	    /* "last" too early */
	{ IKE_PL_SA, false, "00 00 0020 01 03 04 02 01020304" GCM("03") "03 00 0008 05 00 0000" },
	{ IKE_PL_SA, false, "00 00 001c 01 03 00 02" GCM("03") ESN },		    /* ESP without an SPI */
	{ IKE_PL_SA, false, "00 00 0018 01 01 04 01 01020304" GCM("00") },	    /* IKE with one of 4 bytes */
	{ IKE_PL_SA, false, "00 00 0020 01 04 04 02 01020304" GCM("03") ESN },	    /* IPCOMP or what else */
	{ IKE_PL_SA, false, "00 00 0008 01 03 04 01" },				    /* the SPI runs over the end */
	{ IKE_PL_SA, false, "00 00 0008 01 01 08 01" },
	{ IKE_PL_SA, false, "00 00 0014 01 01 00 01 00 00 0007 01 00 0014 800e 0080" },
	{ IKE_PL_SA, false, "00 00 0014 01 01 00 01 00 00 000d 01 00 0014 800e 0080" },
	{ IKE_PL_SA, false, "00 00 0012 01 01 00 01 00 00 000a 01 00 0014 800e" },	    /* half an attribute */
	{ IKE_PL_SA, false, "00 00 0014 01 01 00 01 00 00 000c 01 00 0014 000e 0001" },	    /* a long one over the end */
};

static void test_cases(void **unused)
{
	struct ike_payload payload = { 0 };
	uint8_t *bytes;
	size_t i;
	int ret;

	(void)unused;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		bytes = unhex(cases[i].hex, &payload.len);
		payload.type = cases[i].type;
		payload.body = bytes;
		ret = decode(&payload);
		if (ret != (cases[i].good ? 0 : -EBADMSG) || (ret && !why))
			fail_msg("%s %s: %d, %s", ike_name(IKE_NAMES_PAYLOAD, cases[i].type), cases[i].hex, ret, why ? why : "no reason");
		free(bytes);
	}
}

static void test_nonce(void **unused)
{
	uint8_t bytes[300] = { 0 };
	struct ike_payload payload = { .type = IKE_PL_NONCE, .body = bytes };

	(void)unused;
	for (payload.len = 0; payload.len < sizeof(bytes); payload.len++)
		assert_int_equal(decode(&payload), payload.len >= 16 && payload.len <= 256 ? 0 : -EBADMSG);
}

static struct ike_payload from_hex(uint8_t type, const char *hex)
{
	struct ike_payload payload = { .type = type };

	payload.body = unhex(hex, &payload.len);
	return payload;
}

static void test_sa_attributes(void **unused)
{
	static const struct {
		const char *attributes; /* of an ENCR transform */
		bool usable;
		uint16_t bits;
	} attributes[] = {
		{ "", true, 0 },
		{ "800e0100", true, 256 },
		{ "800e0000", false, 0 },	  /* a key of no bits is not "no attribute" */
		{ "800e0100 800e0080", false, 256 }, /* twice */
		{ "800f0100", false, 0 },
		{ "000e0002 0100", false, 0 },	  /* long form of the key length */
		{ "000e0000", false, 0 },
		{ "00630003 010203 800e0100", false, 256 },
	};
	static struct proposals list;
	struct ike_payload payload;
	uint8_t *bytes;
	char hex[200];
	size_t i, len;

	(void)unused;
	for (i = 0; i < sizeof(attributes) / sizeof(*attributes); i++) {
		bytes = unhex(attributes[i].attributes, &len);
		free(bytes);
		snprintf(hex, sizeof(hex), "00 00 %04x 01 01 00 01 00 00 %04x 01 00 000c %s", 16 + (unsigned int)len, 8 + (unsigned int)len,
			 attributes[i].attributes);
		payload = from_hex(IKE_PL_SA, hex);
		assert_int_equal(ike_decode_sa(&payload, &list, &why), 0);
		assert_int_equal(list.list[0].transforms[0].unusable, !attributes[i].usable);
		assert_int_equal(list.list[0].transforms[0].key_bits, attributes[i].bits);
		assert_false(list.list[0].unusable);
		free((void *)payload.body);
	}
	payload = from_hex(IKE_PL_SA, "00 00 0010 01 01 00 01 00 00 0008 06 00 0001"); /* ADDKE1, RFC 9370 */
	assert_int_equal(ike_decode_sa(&payload, &list, &why), 0);
	assert_true(list.list[0].unusable);
	free((void *)payload.body);
}

/* n proposals of t transforms each */
static struct ike_payload big_sa(unsigned int n, unsigned int t)
{
	size_t size = 8 + 8 * (size_t)t;
	uint8_t *bytes = calloc(n, size), *p = bytes;
	unsigned int i, j;

	for (i = 0; i < n; i++) {
		p[0] = i + 1 < n ? 2 : 0;
		be16_put(p + 2, (uint16_t)size);
		p[4] = (uint8_t)(i + 1);
		p[5] = IKE_PROTO_IKE;
		p[7] = (uint8_t)t;
		p += 8;
		for (j = 0; j < t; j++, p += 8) {
			p[0] = j + 1 < t ? 3 : 0;
			be16_put(p + 2, 8);
			p[4] = IKE_TR_KE;
			be16_put(p + 6, (uint16_t)(j + 1));
		}
	}
	return (struct ike_payload){ .type = IKE_PL_SA, .body = bytes, .len = n * size };
}

static void test_sa_limits(void **unused)
{
	static struct proposals list;
	struct ike_payload payload = big_sa(PROPOSALS_MAX + 1, PROPOSAL_TRANSFORMS_MAX);

	(void)unused;
	assert_int_equal(ike_decode_sa(&payload, &list, &why), 0);
	assert_int_equal(list.count, PROPOSALS_MAX);
	assert_int_equal(list.list[PROPOSALS_MAX - 1].count, PROPOSAL_TRANSFORMS_MAX);
	assert_false(list.list[PROPOSALS_MAX - 1].unusable);
	free((void *)payload.body);

	payload = big_sa(255, 30);
	assert_int_equal(ike_decode_sa(&payload, &list, &why), 0);
	((uint8_t *)payload.body)[payload.len - 248 + 4] = 7; /* what is left out is checked all the same */
	assert_int_equal(ike_decode_sa(&payload, &list, &why), -EBADMSG);
	free((void *)payload.body);
	payload = big_sa(256, 30); /* the number comes round to 0 */
	assert_int_equal(ike_decode_sa(&payload, &list, &why), -EBADMSG);
	free((void *)payload.body);

	payload = big_sa(1, 255);
	assert_int_equal(ike_decode_sa(&payload, &list, &why), 0);
	assert_true(list.list[0].unusable);
	free((void *)payload.body);
}

static void test_values(void **unused)
{
	struct ike_payload payload = from_hex(IKE_PL_NOTIFY, "03 04 4009 c1c2c3c4 aabb");
	struct ike_notify notify;
	struct ike_delete del;
	struct ike_auth auth;

	(void)unused;
	assert_int_equal(ike_decode_notify(&payload, &notify, &why), 0);
	assert_true(notify.type == IKE_N_REKEY_SA && notify.protocol == IKE_PROTO_ESP && notify.has_spi && notify.spi == 0xc1c2c3c4);
	assert_true(notify.len == 2 && notify.data[0] == 0xaa);
	free((void *)payload.body);
	payload = from_hex(IKE_PL_NOTIFY, "03 00 4009 c1c2c3c4");
	assert_int_equal(ike_decode_notify(&payload, &notify, &why), 0);
	assert_true(notify.protocol == 0 && !notify.has_spi && notify.len == 4);
	free((void *)payload.body);
	payload = from_hex(IKE_PL_DELETE, "03 04 0002 c1c2c3c4 00000100");
	assert_int_equal(ike_decode_delete(&payload, &del, &why), 0);
	assert_true(del.count == 2 && ike_delete_spi(&del, 0) == 0xc1c2c3c4 && ike_delete_spi(&del, 1) == 256);
	free((void *)payload.body);
	payload = from_hex(IKE_PL_AUTH, "0e 000000 03 300102 5566");
	assert_int_equal(ike_decode_auth(&payload, &auth, &why), 0);
	assert_true(auth.algorithm_len == 3 && auth.algorithm[0] == 0x30 && auth.len == 2 && auth.data[0] == 0x55);
	free((void *)payload.body);
}

static void test_ts_limit(void **unused)
{
	static const uint8_t one[] = { 7, 0, 0, 16, 0, 0, 0xff, 0xff, 10, 0, 0, 0, 10, 0, 0, 255 };
	uint8_t bytes[4 + 255 * sizeof(one)] = { 255 };
	struct ike_payload payload = { .type = IKE_PL_TSR, .body = bytes, .len = sizeof(bytes) };
	struct ike_ts_list list;
	unsigned int i;

	(void)unused;
	for (i = 0; i < 255; i++)
		memcpy(bytes + 4 + i * sizeof(one), one, sizeof(one));
	assert_int_equal(ike_decode_ts(&payload, &list, &why), 0);
	assert_int_equal(list.count, IKE_TS_MAX);
	bytes[sizeof(bytes) - 16 + 3] = 17; /* the last one */
	assert_int_equal(ike_decode_ts(&payload, &list, &why), -EBADMSG);
}

static void test_names(void **unused)
{
	unsigned int i, n;

	(void)unused;
	assert_string_equal(ike_name(IKE_NAMES_EXCHANGE, 36), "CREATE_CHILD_SA");
	assert_string_equal(ike_name(IKE_NAMES_NOTIFY, 16384), "INITIAL_CONTACT");
	assert_string_equal(ike_name(IKE_NAMES_NOTIFY, 24), "AUTHENTICATION_FAILED");
	assert_string_equal(ike_name(IKE_NAMES_PAYLOAD, 45), "TSr");
	assert_string_equal(ike_name(IKE_NAMES_KE, 31), "CURVE_25519");
	assert_string_equal(ike_name(IKE_NAMES_ENCR, 20), "AES_GCM_16");
	assert_string_equal(ike_name(IKE_NAMES_INTEG, 12), "HMAC_SHA2_256_128");
	assert_string_equal(ike_name(IKE_NAMES_PRF, 6), "PRF_HMAC_SHA2_384");
	assert_string_equal(ike_name(IKE_NAMES_AUTH, 14), "DIGITAL_SIGNATURE");
	for (n = 0; n < IKE_NAMES_COUNT; n++)
		for (i = 0; i < 70000; i += i < 300 ? 1 : 97)
			assert_non_null(ike_name((enum ike_registry)n, i));
	assert_string_equal(ike_name(IKE_NAMES_ESN, 2), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),  cmocka_unit_test(test_nonce),	cmocka_unit_test(test_sa_attributes), cmocka_unit_test(test_sa_limits),
		cmocka_unit_test(test_values), cmocka_unit_test(test_ts_limit), cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
