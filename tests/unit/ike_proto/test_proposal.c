/* SPDX-License-Identifier: Apache-2.0 */
/* Proposals: strings both ways, agreement, and what strongSwan agreed to in the recordings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/message.h"
#include "vectors.h"

static struct proposals ours, theirs;
static char error[PROPOSAL_ERROR_LEN];
static char text[PROPOSAL_TEXT_LEN];
static const char *why;

static void parse(uint8_t protocol, const char *words, struct proposals *list)
{
	unsigned int i;

	list->count = 0;
	if (proposals_parse(protocol, words, list, error))
		fail_msg("%s: %s", words, error);
	for (i = 0; i < list->count; i++) { /* as if offered */
		list->list[i].number = (uint8_t)(i + 1);
		list->list[i].spi_len = protocol == IKE_PROTO_IKE ? 0 : 4;
		list->list[i].spi = protocol == IKE_PROTO_IKE ? 0 : 0xc0000000 + i;
	}
}

static void test_words(void **unused)
{
	static const struct {
		uint8_t protocol;
		const char *in, *out, *names;
	} cases[] = {
		{ IKE_PROTO_IKE, "aes256gcm16-prfsha384-ecp256", "aes256gcm16-prfsha384-ecp256", "IKE:AES_GCM_16-256/PRF_HMAC_SHA2_384/ECP_256" },
		{ IKE_PROTO_IKE, "aes256-sha256-modp2048", "aes256-sha256-modp2048-prfsha256",
		  "IKE:AES_CBC-256/HMAC_SHA2_256_128/MODP_2048/PRF_HMAC_SHA2_256" },
		{ IKE_PROTO_IKE, "aes128gcm16-sha384-x25519", "aes128gcm16-x25519-prfsha384", "IKE:AES_GCM_16-128/CURVE_25519/PRF_HMAC_SHA2_384" },
		{ IKE_PROTO_IKE, "AES128-aes192-SHA2_512-sha256-prfsha384-curve25519-modp8192", "aes128-aes192-sha512-sha256-prfsha384-x25519-modp8192",
		  "IKE:AES_CBC-128/AES_CBC-192/HMAC_SHA2_512_256/HMAC_SHA2_256_128/PRF_HMAC_SHA2_384/CURVE_25519/MODP_8192" },
		{ IKE_PROTO_IKE, "aes256gcm128-aes256gcm-prfsha256-ecp521", "aes256gcm16-prfsha256-ecp521", "IKE:AES_GCM_16-256/PRF_HMAC_SHA2_256/ECP_521" },
		{ IKE_PROTO_ESP, "aes128gcm16-x25519-esn-noesn", "aes128gcm16-x25519-esn-noesn", "ESP:AES_GCM_16-128/CURVE_25519/EXT_SEQ/NO_EXT_SEQ" },
		{ IKE_PROTO_ESP, "chacha20poly1305", "chacha20poly1305-noesn", "ESP:CHACHA20_POLY1305/NO_EXT_SEQ" },
		{ IKE_PROTO_ESP, "aes256gmac-esn", "aes256gmac-esn", "ESP:NULL_AUTH_AES_GMAC-256/EXT_SEQ" },
		{ IKE_PROTO_ESP, "aes128-sha256-ecp384-none", "aes128-sha256-ecp384-none-noesn", "ESP:AES_CBC-128/HMAC_SHA2_256_128/ECP_384/NONE/NO_EXT_SEQ" },
		{ IKE_PROTO_ESP, "aes192gcm16-aes192gcm16", "aes192gcm16-noesn", "ESP:AES_GCM_16-192/NO_EXT_SEQ" },
	};
	size_t i;

	(void)unused;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		parse(cases[i].protocol, cases[i].in, &ours);
		assert_int_equal(ours.count, 1);
		assert_string_equal(proposal_words(&ours.list[0], text), cases[i].out);
		assert_string_equal(proposal_print(&ours.list[0], text), cases[i].names);
	}
}

static void test_lists(void **unused)
{
	char many[2000] = "aes256gcm16-prfsha256-x25519";
	uint16_t i;

	(void)unused;
	parse(IKE_PROTO_IKE, "  aes256gcm16-prfsha384-ecp256 ,\taes256-sha256-modp2048 ", &ours);
	assert_int_equal(ours.count, 2);
	parse(IKE_PROTO_IKE, "default", &ours);
	assert_int_equal(ours.count, 2);
	parse(IKE_PROTO_ESP, "aes256gcm16-ecp256, Default", &ours);
	assert_int_equal(ours.count, 2);
	/* one word after the other: what conf does with a list */
	assert_int_equal(proposals_parse(IKE_PROTO_ESP, "aes128gcm16", &ours, error), 0);
	assert_int_equal(ours.count, 3);
	/* nothing is added by a list with a mistake */
	assert_int_equal(proposals_parse(IKE_PROTO_ESP, "aes128gcm16,aes129gcm16", &ours, error), -EINVAL);
	assert_int_equal(ours.count, 3);
	assert_string_equal(error, "\"aes129gcm16\" is not an algorithm that proposals may name");
	for (i = 1; i < PROPOSALS_MAX; i++)
		strcat(many, ",aes256gcm16-prfsha256-x25519");
	parse(IKE_PROTO_IKE, many, &ours);
	assert_int_equal(ours.count, PROPOSALS_MAX);
	assert_int_equal(proposals_parse(IKE_PROTO_IKE, "default", &ours, error), -ENOSPC);
	assert_int_equal(ours.count, PROPOSALS_MAX);
}

static void test_refused_words(void **unused)
{
	static const struct {
		uint8_t protocol;
		const char *words, *reason; /* a part of it */
	} cases[] = {
		{ IKE_PROTO_IKE, "", "empty" },
		{ IKE_PROTO_IKE, "aes256gcm16-prfsha384-ecp256,", "empty" },
		{ IKE_PROTO_IKE, "aes256gcm16--ecp256", "empty" },
		{ IKE_PROTO_IKE, "-aes256gcm16", "empty" },
		{ IKE_PROTO_IKE, "aes256gcm16-ecp256", "prf" },
		{ IKE_PROTO_IKE, "aes256gcm16-prfsha256", "Diffie-Hellman" },
		{ IKE_PROTO_IKE, "prfsha256-ecp256", "encryption" },
		{ IKE_PROTO_IKE, "aes256-prfsha256-ecp256", "integrity" },
		{ IKE_PROTO_ESP, "aes256", "integrity" },
		{ IKE_PROTO_IKE, "aes256-aes256gcm16-sha256-ecp256", "of their own" },
		{ IKE_PROTO_IKE, "3des-sha256-ecp256", "\"3des\"" },
		{ IKE_PROTO_IKE, "aes256-sha1-ecp256", "\"sha1\"" },
		{ IKE_PROTO_IKE, "aes256-sha256-modp1024", "\"modp1024\"" },
		{ IKE_PROTO_IKE, "aes256-sha256-ecp25", "\"ecp25\"" },
		{ IKE_PROTO_IKE, "aes256-sha256-ecp256x", "\"ecp256x\"" },
		{ IKE_PROTO_IKE, "aes256-sha256-x25519-ke1_mlkem768", "RFC 9370" },
		{ IKE_PROTO_IKE, "aes256-sha256-ecp256-esn", "IKE" },
		{ IKE_PROTO_IKE, "aes256-sha256-none", "IKE" },
		{ IKE_PROTO_IKE, "aes256gmac-prfsha256-ecp256", "IKE" },
		{ IKE_PROTO_ESP, "aes256gcm16-prfsha256", "ESP" },
		{ IKE_PROTO_ESP, "aes256gcm16-default", "whole" },
		{ IKE_PROTO_ESP, "aes256gcm16 -esn", "\"aes256gcm16 \"" },
		{ IKE_PROTO_ESP, "a-very-long-word-is-cut", "\"a\"" },
		{ IKE_PROTO_ESP, "averylongwordaverylongwordaverylongwordaverylongwordaverylongwordaverylongword", "averylongwordaverylongwordaverylongworda\"" },
	};
	size_t i;

	(void)unused;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		ours.count = 0;
		strcpy(error, "");
		if (proposals_parse(cases[i].protocol, cases[i].words, &ours, error) != -EINVAL || !strstr(error, cases[i].reason))
			fail_msg("%s: %s", cases[i].words, error);
	}
}

/* ours, theirs, flags, and the suite; NULL: none */
static const struct {
	uint8_t protocol;
	const char *ours, *theirs;
	unsigned int flags;
	const char *suite;
} agreements[] = {
	{ IKE_PROTO_IKE, "aes256gcm16-prfsha384-ecp256", "aes256gcm16-prfsha384-ecp256", 0, "AES_GCM_16-256/PRF_HMAC_SHA2_384/ECP_256" },
	{ IKE_PROTO_IKE, "aes256-sha256-modp2048", "aes256-sha256-modp2048", 0, "AES_CBC-256/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048" },
	/* order */
	{ IKE_PROTO_IKE, "aes256gcm16-aes128gcm16-prfsha384-prfsha256-ecp256-x25519", "aes128gcm16-aes256gcm16-prfsha256-prfsha384-x25519-ecp256", 0,
	  "AES_GCM_16-256/PRF_HMAC_SHA2_384/ECP_256" },
	{ IKE_PROTO_IKE, "aes256gcm16-aes128gcm16-prfsha384-prfsha256-ecp256-x25519", "aes128gcm16-aes256gcm16-prfsha256-prfsha384-x25519-ecp256",
	  PROPOSAL_PREFER_PEER, "AES_GCM_16-128/PRF_HMAC_SHA2_256/CURVE_25519" },
	{ IKE_PROTO_IKE, "aes256gcm16-prfsha384-ecp256,aes128gcm16-prfsha256-x25519", "aes128gcm16-prfsha256-x25519,aes256gcm16-prfsha384-ecp256", 0,
	  "AES_GCM_16-256/PRF_HMAC_SHA2_384/ECP_256" },
	{ IKE_PROTO_IKE, "aes256gcm16-prfsha384-ecp256,aes128gcm16-prfsha256-x25519", "aes128gcm16-prfsha256-x25519,aes256gcm16-prfsha384-ecp256",
	  PROPOSAL_PREFER_PEER, "AES_GCM_16-128/PRF_HMAC_SHA2_256/CURVE_25519" },
	/* nothing in common, each type alone */
	{ IKE_PROTO_IKE, "aes256gcm16-prfsha384-ecp256", "aes128gcm16-prfsha384-ecp256", 0, NULL },
	{ IKE_PROTO_IKE, "aes256gcm16-prfsha384-ecp256", "aes256gcm16-prfsha256-ecp256", 0, NULL },
	{ IKE_PROTO_IKE, "aes256gcm16-prfsha384-ecp256", "aes256gcm16-prfsha384-x25519", 0, NULL },
	{ IKE_PROTO_IKE, "aes256-sha256-prfsha256-ecp256", "aes256-sha384-prfsha256-ecp256", 0, NULL },
	{ IKE_PROTO_IKE, "aes256gcm16-prfsha256-ecp256", "aes256-sha256-prfsha256-ecp256", 0, NULL },
	/* parts of two proposals do not make one */
	{ IKE_PROTO_IKE, "aes256gcm16-prfsha384-ecp256", "aes256gcm16-prfsha256-ecp256,aes128gcm16-prfsha384-ecp256", 0, NULL },
	/* ESN */
	{ IKE_PROTO_ESP, "aes128gcm16-esn-noesn", "aes128gcm16-noesn-esn", 0, "AES_GCM_16-128/EXT_SEQ" },
	{ IKE_PROTO_ESP, "aes128gcm16-esn-noesn", "aes128gcm16-noesn-esn", PROPOSAL_PREFER_PEER, "AES_GCM_16-128" },
	{ IKE_PROTO_ESP, "aes128gcm16-esn", "aes128gcm16-noesn", 0, NULL },
	{ IKE_PROTO_ESP, "aes128gcm16-esn-noesn", "aes128gcm16", 0, "AES_GCM_16-128" },
	/* Diffie-Hellman of CHILD SAs */
	{ IKE_PROTO_ESP, "aes128gcm16-x25519", "aes128gcm16-x25519-ecp256", 0, "AES_GCM_16-128/CURVE_25519" },
	{ IKE_PROTO_ESP, "aes128gcm16-x25519", "aes128gcm16", 0, NULL },
	{ IKE_PROTO_ESP, "aes128gcm16", "aes128gcm16-x25519", 0, NULL },
	{ IKE_PROTO_ESP, "aes128gcm16-x25519-none", "aes128gcm16", 0, "AES_GCM_16-128" },
	{ IKE_PROTO_ESP, "aes128gcm16", "aes128gcm16-x25519-none", 0, "AES_GCM_16-128" },
	{ IKE_PROTO_ESP, "aes128gcm16-x25519", "aes128gcm16-ecp256", PROPOSAL_IGNORE_KE, "AES_GCM_16-128" },
	{ IKE_PROTO_ESP, "aes128gcm16-x25519", "aes128gcm16", PROPOSAL_IGNORE_KE, "AES_GCM_16-128" },
	/* other algorithms */
	{ IKE_PROTO_ESP, "chacha20poly1305", "aes128gcm16,chacha20poly1305", 0, "CHACHA20_POLY1305" },
	{ IKE_PROTO_ESP, "aes256gmac", "aes256gmac", 0, "NULL_AUTH_AES_GMAC-256" },
	{ IKE_PROTO_ESP, "aes256-sha512", "aes256gcm16,aes256-sha256-sha512", 0, "AES_CBC-256/HMAC_SHA2_512_256" },
};

static void test_agreements(void **unused)
{
	char suite_text[SUITE_TEXT_LEN];
	struct suite suite;
	bool found;
	size_t i;

	(void)unused;
	for (i = 0; i < sizeof(agreements) / sizeof(*agreements); i++) {
		parse(agreements[i].protocol, agreements[i].ours, &ours);
		parse(agreements[i].protocol, agreements[i].theirs, &theirs);
		found = proposal_select(&ours, &theirs, agreements[i].flags, &suite);
		if (found != (agreements[i].suite != NULL))
			fail_msg("%s and %s: %d", agreements[i].ours, agreements[i].theirs, found);
		if (!found)
			continue;
		assert_string_equal(suite_print(&suite, suite_text), agreements[i].suite);
		/* the answer is one that the peer takes */
		assert_true(suite.number >= 1 && suite.number <= theirs.count);
		assert_int_equal(suite.spi, theirs.list[suite.number - 1].spi);
		proposal_from_suite(&suite, theirs.list[0].spi_len, 0xc1c1c1c1, &ours.list[0]);
		ours.count = 1;
		if (proposal_check_answer(&theirs, &ours, agreements[i].flags, &suite, &why))
			fail_msg("%s and %s: %s", agreements[i].ours, agreements[i].theirs, why);
	}
}

static struct proposal one(uint8_t protocol, const char *words)
{
	static struct proposals list;

	parse(protocol, words, &list);
	return list.list[0];
}

static void append(struct proposal *proposal, uint8_t type, uint16_t id, uint16_t bits)
{
	proposal->transforms[proposal->count++] = (struct transform){ .type = type, .id = id, .key_bits = bits };
}

/* What no proposal string can say, but a peer can. */
static void test_odd_offers(void **unused)
{
	struct suite suite;
	unsigned int i;

	(void)unused;
	/* an AEAD with INTEG beside it; with NONE, or none of it, it is good (RFC 5282, 8; RFC 7296, 3.3) */
	parse(IKE_PROTO_ESP, "aes128gcm16", &ours);
	parse(IKE_PROTO_ESP, "aes128gcm16", &theirs);
	append(&theirs.list[0], IKE_TR_INTEG, IKE_INTEG_HMAC_SHA2_256_128, 0);
	assert_false(proposal_select(&ours, &theirs, 0, &suite));
	append(&theirs.list[0], IKE_TR_INTEG, IKE_INTEG_NONE, 0);
	assert_true(proposal_select(&ours, &theirs, PROPOSAL_PREFER_PEER, &suite) && suite.integ == IKE_INTEG_NONE);
	/* a list of ciphers of both kinds: the second is taken with its INTEG */
	parse(IKE_PROTO_ESP, "aes128-sha256", &ours);
	theirs.list[0] = one(IKE_PROTO_ESP, "aes128gcm16");
	append(&theirs.list[0], IKE_TR_ENCR, IKE_ENCR_AES_CBC, 128);
	append(&theirs.list[0], IKE_TR_INTEG, IKE_INTEG_HMAC_SHA2_256_128, 0);
	assert_true(proposal_select(&ours, &theirs, PROPOSAL_PREFER_PEER, &suite) && suite.encr == IKE_ENCR_AES_CBC && suite.integ == 12);
	/* CBC with INTEG NONE alone is no protection */
	theirs.list[0] = one(IKE_PROTO_ESP, "aes128-sha256");
	for (i = 0; i < theirs.list[0].count; i++)
		if (theirs.list[0].transforms[i].type == IKE_TR_INTEG)
			theirs.list[0].transforms[i].id = IKE_INTEG_NONE;
	ours.list[0] = theirs.list[0];
	assert_false(proposal_select(&ours, &theirs, 0, &suite));
	/* key length missing, or where there should be none */
	parse(IKE_PROTO_ESP, "aes128gcm16,chacha20poly1305", &ours);
	parse(IKE_PROTO_ESP, "aes128gcm16", &theirs);
	theirs.list[0].transforms[0].key_bits = 0;
	assert_false(proposal_select(&ours, &theirs, 0, &suite));
	parse(IKE_PROTO_ESP, "chacha20poly1305", &theirs);
	theirs.list[0].transforms[0].key_bits = 256;
	assert_false(proposal_select(&ours, &theirs, 0, &suite));
	theirs.list[0].transforms[0].key_bits = 0;
	assert_true(proposal_select(&ours, &theirs, 0, &suite) && suite.encr_bits == 256);
	theirs.list[0].transforms[0].unusable = true;
	assert_false(proposal_select(&ours, &theirs, 0, &suite));
	theirs.list[0].transforms[0].unusable = false;
	theirs.list[0].unusable = true;
	assert_false(proposal_select(&ours, &theirs, 0, &suite));
	theirs.list[0].unusable = false;
	ours.list[0].unusable = ours.list[1].unusable = true;
	assert_false(proposal_select(&ours, &theirs, 0, &suite));
	ours.list[0].unusable = ours.list[1].unusable = false;
	/* reserved SPIs */
	theirs.list[0].spi = 255;
	assert_false(proposal_select(&ours, &theirs, 0, &suite));
	theirs.list[0].spi = 256;
	assert_true(proposal_select(&ours, &theirs, 0, &suite) && suite.spi == 256);
	/* AH; ESP without a word on ESN; PRF in ESP, ESN in IKE */
	theirs.list[0].protocol = IKE_PROTO_AH;
	assert_false(proposal_select(&ours, &theirs, 0, &suite));
	parse(IKE_PROTO_ESP, "aes128gcm16", &theirs);
	theirs.list[0].count--;
	assert_false(proposal_select(&ours, &theirs, 0, &suite));
	parse(IKE_PROTO_ESP, "aes128gcm16", &theirs);
	append(&theirs.list[0], IKE_TR_PRF, IKE_PRF_HMAC_SHA2_256, 0);
	assert_false(proposal_select(&ours, &theirs, 0, &suite));
	/* an IKE SA without Diffie-Hellman */
	parse(IKE_PROTO_IKE, "aes128gcm16-prfsha256-x25519", &ours);
	ours.list[0].count--;
	parse(IKE_PROTO_IKE, "aes128gcm16-prfsha256-x25519", &theirs);
	theirs.list[0].count--;
	assert_false(proposal_select(&ours, &theirs, 0, &suite));
	append(&theirs.list[0], IKE_TR_KE, IKE_KE_NONE, 0);
	assert_false(proposal_select(&ours, &theirs, 0, &suite));
	parse(IKE_PROTO_IKE, "default", &ours);
	parse(IKE_PROTO_IKE, "default", &theirs);
	assert_true(proposal_select(&ours, &theirs, 0, &suite));
	for (i = 0; i < theirs.count; i++)
		append(&theirs.list[i], IKE_TR_ESN, IKE_ESN_NO, 0);
	assert_false(proposal_select(&ours, &theirs, 0, &suite));
}

static void test_answers(void **unused)
{
	struct suite suite;

	(void)unused;
	parse(IKE_PROTO_ESP, "aes256gcm16-ecp256-esn-noesn,aes128gcm16-esn-noesn", &ours);
	parse(IKE_PROTO_ESP, "aes128gcm16-esn", &theirs);
	theirs.list[0].number = 2;
	assert_int_equal(proposal_check_answer(&ours, &theirs, 0, &suite, &why), 0);
	assert_true(suite.esn && suite.encr_bits == 128);
	theirs.list[0].number = 1; /* what proposal 2 offered */
	assert_int_equal(proposal_check_answer(&ours, &theirs, 0, &suite, &why), -EBADMSG);
	theirs.list[0].number = 3;
	assert_int_equal(proposal_check_answer(&ours, &theirs, 0, &suite, &why), -EBADMSG);
	theirs.list[0].number = 0;
	assert_int_equal(proposal_check_answer(&ours, &theirs, 0, &suite, &why), -EBADMSG);
	/* our first one was not sent: numbers are of those that were */
	theirs.list[0].number = 1;
	ours.list[0].unusable = true;
	assert_int_equal(proposal_check_answer(&ours, &theirs, 0, &suite, &why), 0);
	/* two proposals, none, two transforms of a type */
	theirs.count = 0;
	assert_int_equal(proposal_check_answer(&ours, &theirs, 0, &suite, &why), -EBADMSG);
	parse(IKE_PROTO_ESP, "aes128gcm16-esn,aes128gcm16-noesn", &theirs);
	assert_int_equal(proposal_check_answer(&ours, &theirs, 0, &suite, &why), -EBADMSG);
	parse(IKE_PROTO_ESP, "aes128gcm16-esn-noesn", &theirs);
	assert_int_equal(proposal_check_answer(&ours, &theirs, 0, &suite, &why), -EBADMSG);
	/* a group where there is no KE payload */
	ours.list[0].unusable = false;
	parse(IKE_PROTO_ESP, "aes256gcm16-ecp256-esn", &theirs);
	assert_int_equal(proposal_check_answer(&ours, &theirs, 0, &suite, &why), 0);
	assert_int_equal(suite.ke, IKE_KE_ECP_256);
	assert_int_equal(proposal_check_answer(&ours, &theirs, PROPOSAL_IGNORE_KE, &suite, &why), -EBADMSG);
	/* something that we did not offer */
	parse(IKE_PROTO_ESP, "aes192gcm16-ecp256-esn", &theirs);
	assert_int_equal(proposal_check_answer(&ours, &theirs, 0, &suite, &why), -EBADMSG);
}

static bool keep_128(const struct transform *transform, void *arg)
{
	return transform->type != IKE_TR_ENCR || transform->key_bits == *(uint16_t *)arg;
}

static void test_tools(void **unused)
{
	uint16_t bits = 128;

	(void)unused;
	parse(IKE_PROTO_IKE, "aes256gcm16-aes128gcm16-prfsha256-x25519-ecp256,aes256-sha256-ecp384", &ours);
	assert_int_equal(proposals_first_ke(&ours), IKE_KE_CURVE_25519);
	assert_true(proposals_have_ke(&ours, IKE_KE_ECP_384) && proposals_have_ke(&ours, IKE_KE_ECP_256) && !proposals_have_ke(&ours, IKE_KE_MODP_2048));
	assert_true(proposal_has(&ours.list[0], IKE_TR_ENCR, IKE_ENCR_AES_GCM_16, 0) && proposal_has(&ours.list[0], IKE_TR_ENCR, 20, 256));
	assert_false(proposal_has(&ours.list[0], IKE_TR_ENCR, 20, 192) || proposal_has(&ours.list[1], IKE_TR_ENCR, 20, 0));
	proposal_filter(&ours.list[0], keep_128, &bits);
	proposal_filter(&ours.list[1], keep_128, &bits);
	assert_string_equal(proposal_words(&ours.list[0], text), "aes128gcm16-prfsha256-x25519-ecp256");
	assert_false(ours.list[0].unusable);
	assert_true(ours.list[1].unusable);
	assert_false(proposals_have_ke(&ours, IKE_KE_ECP_384));
	ours.list[0].unusable = true;
	assert_int_equal(proposals_first_ke(&ours), IKE_KE_NONE);
}

static void test_long_text(void **unused)
{
	struct proposal proposal = { .protocol = IKE_PROTO_IKE, .count = PROPOSAL_TRANSFORMS_MAX };
	unsigned int i;

	(void)unused;
	for (i = 0; i < PROPOSAL_TRANSFORMS_MAX; i++)
		proposal.transforms[i] = (struct transform){ .type = (uint8_t)(i % 5 + 1), .id = (uint16_t)(60000 + i), .key_bits = 65535 };
	assert_int_equal(strlen(proposal_print(&proposal, text)), PROPOSAL_TEXT_LEN - 1);
	assert_string_equal(text + PROPOSAL_TEXT_LEN - 4, "...");
	assert_memory_equal(text, "IKE:ENCR(60000)-65535/PRF(60001)-65535/INTEG(60002)-65535/KE(60003)-65535/ESN(60004)-65535/", 91);
	assert_int_equal(strlen(proposal_words(&proposal, text)), PROPOSAL_TEXT_LEN - 1);
}

/* ---- strongSwan ---------------------------------------------------------------------------------------------------------------- */

static bool sa_of(const struct vector *vector, bool inner, struct proposals *list)
{
	static struct ike_chain chain;
	const struct ike_payload *payload;
	struct ike_header header;

	if (inner ? ike_chain_parse(vector->first, vector->inner, vector->inner_len, true, &chain, &why) :
		    ike_message_parse(vector->data, vector->len, &header, &chain, &why))
		return false;
	payload = ike_chain_find(&chain, IKE_PL_SA);
	return payload && !ike_decode_sa(payload, list, &why);
}

/* Request and response of one exchange: we would have agreed to the same, and take strongSwan's answer. */
static void exchange(const char *name, unsigned int request, bool inner, unsigned int flags, const char *expected)
{
	char suite_text[SUITE_TEXT_LEN];
	struct vectors vectors;
	struct suite suite;

	assert_true(vectors_load(name, &vectors));
	assert_true(sa_of(&vectors.list[request], inner, &ours));
	assert_true(proposal_select(&ours, &ours, flags, &suite));
	assert_string_equal(suite_print(&suite, suite_text), expected);
	assert_true(sa_of(&vectors.list[request + 1], inner, &theirs));
	assert_int_equal(proposal_check_answer(&ours, &theirs, flags, &suite, &why), 0);
	assert_string_equal(suite_print(&suite, suite_text), expected);
	vectors_free(&vectors);
}

static void test_recorded(void **unused)
{
	(void)unused;
	exchange("gcm-psk", 0, false, 0, "AES_GCM_16-256/PRF_HMAC_SHA2_384/ECP_256");
	exchange("gcm-psk", 2, true, PROPOSAL_IGNORE_KE, "AES_GCM_16-256");
	exchange("gcm-psk", 8, true, 0, "AES_GCM_16-256/CURVE_25519");	/* rekeying with Diffie-Hellman */
	exchange("gcm-psk", 12, true, 0, "AES_GCM_16-256/PRF_HMAC_SHA2_384/ECP_256");
	exchange("cbc-cert", 0, false, 0, "AES_CBC-128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/ECP_384");
}

/* strongSwan's default offer, and ours from the same words: what the two have in common. */
static void test_recorded_default(void **unused)
{
	char suite_text[SUITE_TEXT_LEN];
	struct vectors vectors;
	struct suite suite;

	(void)unused;
	assert_true(vectors_load("defaults-v6", &vectors));
	assert_true(sa_of(&vectors.list[0], false, &theirs));
	parse(IKE_PROTO_IKE, "default", &ours);
	assert_true(proposal_select(&ours, &theirs, 0, &suite));
	assert_string_equal(suite_print(&suite, suite_text), "AES_GCM_16-256/PRF_HMAC_SHA2_256/CURVE_25519");
	assert_true(sa_of(&vectors.list[2], true, &theirs));
	parse(IKE_PROTO_ESP, "default", &ours);
	assert_true(proposal_select(&ours, &theirs, PROPOSAL_IGNORE_KE, &suite));
	assert_string_equal(suite_print(&suite, suite_text), "AES_GCM_16-256");
	vectors_free(&vectors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),	   cmocka_unit_test(test_lists),   cmocka_unit_test(test_refused_words), cmocka_unit_test(test_agreements),
		cmocka_unit_test(test_odd_offers), cmocka_unit_test(test_answers), cmocka_unit_test(test_tools),	  cmocka_unit_test(test_long_text),
		cmocka_unit_test(test_recorded),   cmocka_unit_test(test_recorded_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
