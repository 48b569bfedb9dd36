/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Headers and chains of payloads: recorded messages of strongSwan as they are, cut at each length, changed at each byte; and messages that break
 * each rule. What the payloads of the recordings say is compared with tshark in test_tshark.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ike_rebuild.h"
#include "proto/bytes.h"
#include "proto/message.h"
#include "vectors.h"

static const struct ike_seal_sizes gcm = { 8, 16, 1 }, cbc = { 16, 16, 16 };
static struct ike_chain chain;
static const char *why;

static const struct ike_seal_sizes *sizes_of(const char *name)
{
	return strcmp(name, "cbc-cert") && strcmp(name, "defaults-v6") ? &gcm : &cbc;
}

/* Calls visit for every recorded message. */
static void for_each(void (*visit)(const char *name, const struct vector *vector))
{
	struct vectors vectors;
	unsigned int i, n;

	for (n = 0; vector_names[n]; n++) {
		assert_true(vectors_load(vector_names[n], &vectors));
		for (i = 0; i < vectors.count; i++)
			visit(vector_names[n], &vectors.list[i]);
		vectors_free(&vectors);
	}
}

/* strongSwan's own bytes come out of decoders and builder again. */
static void rebuild_equal(const struct ike_header *header, const uint8_t *data, size_t len)
{
	struct ike_builder b;

	ike_build_growing(&b, IKE_MESSAGE_MAX);
	if (header)
		ike_build_header(&b, header);
	ike_rebuild(&chain, &b);
	assert_int_equal(ike_build_end(&b), 0);
	assert_int_equal(b.len, len);
	if (len)
		assert_memory_equal(b.data, data, len);
	ike_build_free(&b);
}

static void visit_whole(const char *name, const struct vector *vector)
{
	struct ike_header header;
	struct ike_sealed sealed;

	assert_int_equal(ike_message_parse(vector->data, vector->len, &header, &chain, &why), 0);
	assert_int_equal(header.length, vector->len);
	assert_int_equal(chain.unsupported_critical, 0);
	assert_int_equal(ike_sealed_find(vector->data, vector->len, &chain, sizes_of(name), &sealed, &why), vector->sealed ? 0 : -ENOENT);
	if (!vector->sealed) {
		rebuild_equal(&header, vector->data, vector->len);
		return;
	}
	assert_int_equal(sealed.first_inner, vector->first);
	assert_int_equal(sealed.iv_at, sealed.total ? 36 : 32);
	assert_int_equal(sealed.icv_at + sizes_of(name)->icv_len, vector->len);
	assert_true(sealed.text_len > vector->inner_len);
	if (sealed.total)
		return;
	assert_int_equal(ike_chain_parse(vector->first, vector->inner, vector->inner_len, true, &chain, &why), 0);
	rebuild_equal(NULL, vector->inner, vector->inner_len);
}

static void test_recorded(void **unused)
{
	(void)unused;
	for_each(visit_whole);
}

static void test_recorded_summaries(void **unused)
{
	struct vectors vectors;
	struct ike_header header;
	char text[IKE_SUMMARY_LEN];

	(void)unused;
	assert_true(vectors_load("gcm-psk", &vectors));
	ike_message_parse(vectors.list[0].data, vectors.list[0].len, &header, &chain, &why);
	assert_string_equal(ike_summary(&header, &chain, text),
			    "IKE_SA_INIT request 0 [ SA KE No N(NAT_DETECTION_SOURCE_IP) N(NAT_DETECTION_DESTINATION_IP) N(IKEV2_FRAGMENTATION_SUPPORTED) "
			    "N(SIGNATURE_HASH_ALGORITHMS) N(REDIRECT_SUPPORTED) ]");
	ike_chain_parse(vectors.list[3].first, vectors.list[3].inner, vectors.list[3].inner_len, true, &chain, &why);
	assert_string_equal(ike_summary(NULL, &chain, text), "[ IDr AUTH SA TSi TSr ]");
	vectors_free(&vectors);
	assert_true(vectors_load("cbc-cert", &vectors));
	ike_message_parse(vectors.list[3].data, vectors.list[3].len, &header, &chain, &why);
	assert_string_equal(ike_summary(&header, &chain, text), "IKE_AUTH request 1 [ SKF(2/2) ]");
	vectors_free(&vectors);
}

/* Everything that reads a message, in memory of exactly its size: the sanitizers say if anything reads behind it. */
static void read_all(const uint8_t *data, size_t len, const struct ike_seal_sizes *sizes)
{
	char text[IKE_SUMMARY_LEN];
	struct ike_header header;
	struct ike_sealed sealed;
	struct ike_builder b;
	size_t inner;

	why = NULL;
	if (ike_message_parse(data, len, &header, &chain, &why)) {
		assert_non_null(why);
		return;
	}
	ike_summary(&header, &chain, text);
	if (!ike_sealed_find(data, len, &chain, sizes, &sealed, &why))
		ike_sealed_unpad(data + sealed.text_at, sealed.text_len, &inner, &why);
	ike_build_growing(&b, IKE_MESSAGE_MAX);
	ike_rebuild(&chain, &b);
	ike_build_end(&b);
	ike_build_free(&b);
}

static void read_inner(uint8_t first, const uint8_t *data, size_t len)
{
	struct ike_builder b;

	why = NULL;
	if (ike_chain_parse(first, data, len, true, &chain, &why)) {
		assert_non_null(why);
		return;
	}
	ike_build_growing(&b, IKE_MESSAGE_MAX);
	ike_rebuild(&chain, &b);
	ike_build_end(&b);
	ike_build_free(&b);
}

static void visit_truncated(const char *name, const struct vector *vector)
{
	struct ike_header header;
	uint8_t *copy;
	size_t len;

	for (len = 0; len < vector->len; len++) {
		copy = malloc(len ? len : 1);
		memcpy(copy, vector->data, len);
		assert_int_equal(ike_message_parse(copy, len, &header, &chain, &why), -EBADMSG);
		if (len >= IKE_HEADER_LEN) { /* and with a length that says so */
			be32_put(copy + 24, (uint32_t)len);
			assert_true(ike_message_parse(copy, len, &header, &chain, &why) == -EBADMSG);
			read_all(copy, len, sizes_of(name));
		}
		free(copy);
	}
	/* the whole of a fragmented message is a chain, one fragment is none */
	if (ike_chain_parse(vector->first, vector->inner, vector->inner_len, true, &chain, &why))
		return;
	for (len = 0; len < vector->inner_len; len++) {
		copy = malloc(len ? len : 1);
		memcpy(copy, vector->inner, len);
		assert_int_equal(ike_chain_parse(vector->first, copy, len, true, &chain, &why), -EBADMSG);
		free(copy);
	}
}

static void test_truncated(void **unused)
{
	(void)unused;
	for_each(visit_truncated);
}

static void visit_mutated(const char *name, const struct vector *vector)
{
	static const uint8_t flips[] = { 0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff };
	size_t at, i;

	for (at = 0; at < vector->len; at++)
		for (i = 0; i < sizeof(flips); i++) {
			vector->data[at] ^= flips[i];
			read_all(vector->data, vector->len, sizes_of(name));
			vector->data[at] ^= flips[i];
		}
	for (at = 0; at < vector->inner_len; at++)
		for (i = 0; i < sizeof(flips); i++) {
			vector->inner[at] ^= flips[i];
			read_inner(vector->first, vector->inner, vector->inner_len);
			vector->inner[at] ^= flips[i];
		}
}

static void test_mutated(void **unused)
{
	(void)unused;
	for_each(visit_mutated);
}

/* ---- messages of our own making ---------------------------------------------------------------------------------------------- */

static uint8_t message[4096];

/* A header with this first payload; the payloads are the caller's. Returns their place. */
static uint8_t *start(uint8_t first)
{
	memset(message, 0, sizeof(message));
	message[7] = 1;
	message[16] = first;
	message[17] = 0x20;
	message[18] = IKE_INFORMATIONAL;
	return message + IKE_HEADER_LEN;
}

static uint8_t *payload(uint8_t *at, uint8_t next, uint8_t flags, uint16_t len)
{
	at[0] = next;
	at[1] = flags;
	be16_put(at + 2, len);
	return at + len;
}

static int parse(const uint8_t *end)
{
	struct ike_header header;
	size_t len = (size_t)(end - message);

	be32_put(message + 24, (uint32_t)len);
	return ike_message_parse(message, len, &header, &chain, &why);
}

static void test_header(void **unused)
{
	struct ike_header header;

	(void)unused;
	assert_int_equal(parse(start(IKE_PL_NONE)), 0);
	assert_int_equal(chain.count, 0);
	message[17] = 0x2f; /* a minor version is no matter */
	assert_int_equal(ike_header_parse(message, IKE_HEADER_LEN, &header, &why), 0);
	message[17] = 0x30;
	assert_int_equal(ike_header_parse(message, IKE_HEADER_LEN, &header, &why), -EPROTONOSUPPORT);
	assert_int_equal(header.spi_i, 1);
	message[17] = 0x10;
	assert_int_equal(ike_header_parse(message, IKE_HEADER_LEN, &header, &why), -EBADMSG);
	message[17] = 0x20;
	message[27]++;
	assert_int_equal(ike_header_parse(message, IKE_HEADER_LEN, &header, &why), -EBADMSG);
	message[27] -= 2; /* and one byte more than the header says */
	assert_int_equal(ike_header_parse(message, IKE_HEADER_LEN, &header, &why), -EBADMSG);
	message[27]++;
	message[7] = 0;
	assert_int_equal(ike_header_parse(message, IKE_HEADER_LEN, &header, &why), -EBADMSG);
	assert_int_equal(ike_header_parse(message, 0, &header, &why), -EBADMSG);
}

static void test_chain_rules(void **unused)
{
	uint8_t *at;

	(void)unused;
	at = start(IKE_PL_VENDOR);
	assert_int_equal(parse(payload(at, IKE_PL_NONE, 0, 4)), 0); /* empty is allowed */
	assert_int_equal(parse(payload(at, IKE_PL_NONE, 0, 3) + 1), -EBADMSG);
	memcpy(at, "\x2b\0\0\x03\0\0\x08\0\0\0\0\0\0\0\x04", 15); /* three that overlap */
	assert_int_equal(parse(at + 15), -EBADMSG);
	at = start(IKE_PL_VENDOR);
	assert_int_equal(parse(payload(at, IKE_PL_NONE, 0, 0)), -EBADMSG);
	assert_int_equal(parse(payload(at, IKE_PL_NONE, 0, 20) - 1), -EBADMSG);	 /* over the end */
	assert_int_equal(parse(payload(at, IKE_PL_NONE, 0, 20) + 1), -EBADMSG);	 /* more than the chain */
	assert_int_equal(parse(payload(at, IKE_PL_VENDOR, 0, 20)), -EBADMSG);	 /* the next one is missing */
	assert_int_equal(parse(at), -EBADMSG);
	assert_int_equal(parse(payload(payload(at, IKE_PL_VENDOR, 0, 5), IKE_PL_NONE, 0, 4)), 0);
	assert_int_equal(chain.count, 2);
	assert_int_equal(chain.payloads[0].len, 1);
	assert_ptr_equal(chain.payloads[1].body, at + 9);
	/* no payload announced, but bytes */
	at = start(IKE_PL_NONE);
	assert_int_equal(parse(at + 4), -EBADMSG);
}

static void test_chain_limit(void **unused)
{
	uint8_t *at = start(IKE_PL_VENDOR);
	unsigned int i;

	(void)unused;
	for (i = 0; i < IKE_PAYLOADS_MAX - 1; i++)
		at = payload(at, IKE_PL_VENDOR, 0, 4);
	assert_int_equal(parse(payload(at, IKE_PL_NONE, 0, 4)), 0);
	assert_int_equal(chain.count, IKE_PAYLOADS_MAX);
	assert_int_equal(parse(payload(payload(at, IKE_PL_VENDOR, 0, 4), IKE_PL_NONE, 0, 4)), -EBADMSG);
}

static void test_critical(void **unused)
{
	uint8_t *at = start(200);

	(void)unused;
	assert_int_equal(parse(payload(payload(payload(at, 201, 0, 8), 202, 0x80, 8), IKE_PL_NONE, 0x80, 8)), 0);
	assert_int_equal(chain.unsupported_critical, 201);
	assert_int_equal(parse(payload(at, IKE_PL_NONE, 0x7f, 8)), 0);
	assert_int_equal(chain.unsupported_critical, 0);
	/* the bit of a payload that is known does not count */
	at = start(IKE_PL_CP);
	assert_int_equal(parse(payload(payload(at, IKE_PL_EAP, 0x80, 8), IKE_PL_NONE, 0x80, 8)), 0);
	assert_int_equal(chain.unsupported_critical, 0);
	/* IKEv1's */
	at = start(1);
	assert_int_equal(parse(payload(at, IKE_PL_NONE, 0x80, 8)), 0);
	assert_int_equal(chain.unsupported_critical, 1);
}

static void test_sealed(void **unused)
{
	static const uint8_t kinds[] = { IKE_PL_SK, IKE_PL_SKF };
	struct ike_sealed sealed;
	uint8_t *at, *end;
	size_t inner;
	int i;

	(void)unused;
	for (i = 0; i < 2; i++) {
		at = start(IKE_PL_NOTIFY);
		at = payload(at, kinds[i], 0, 8);
		end = payload(at, IKE_PL_IDI, 0, 80); /* the type that follows is inside */
		assert_int_equal(parse(end), 0);
		assert_int_equal(chain.count, 2);
		assert_int_equal(parse(end + 8), -EBADMSG); /* not the last */
		assert_int_equal(ike_chain_parse(kinds[i], at, 80, true, &chain, &why), -EBADMSG); /* inside another */
	}
	/* SKF: numbers */
	be16_put(at + 4, 2);
	be16_put(at + 6, 3);
	assert_int_equal(parse(end), 0);
	assert_int_equal(ike_sealed_find(message, (size_t)(end - message), &chain, &gcm, &sealed, &why), 0);
	assert_int_equal(sealed.fragment, 2);
	assert_int_equal(sealed.total, 3);
	assert_int_equal(sealed.iv_at, 28 + 8 + 8);
	assert_int_equal(sealed.text_len, 80 - 8 - 8 - 16);
	be16_put(at + 4, 4);
	assert_int_equal(ike_sealed_find(message, (size_t)(end - message), &chain, &gcm, &sealed, &why), -EBADMSG);
	be16_put(at + 4, 0);
	assert_int_equal(ike_sealed_find(message, (size_t)(end - message), &chain, &gcm, &sealed, &why), -EBADMSG);
	/* SK: lengths. IV, one byte of text and ICV are the least; CBC wants whole blocks */
	at = start(IKE_PL_SK);
	for (inner = 0; inner < 90; inner++) {
		end = payload(at, IKE_PL_NONE, 0, (uint16_t)(4 + inner));
		assert_int_equal(parse(end), 0);
		assert_int_equal(ike_sealed_find(message, (size_t)(end - message), &chain, &gcm, &sealed, &why), inner > 24 ? 0 : -EBADMSG);
		assert_int_equal(ike_sealed_find(message, (size_t)(end - message), &chain, &cbc, &sealed, &why),
				 inner == 48 || inner == 64 || inner == 80 ? 0 : -EBADMSG);
	}
	assert_int_equal(ike_sealed_find(message, 28, &(struct ike_chain){ 0 }, &gcm, &sealed, &why), -ENOENT);
}

static void test_unpad(void **unused)
{
	uint8_t text[300] = { 0 };
	size_t len;

	(void)unused;
	assert_int_equal(ike_sealed_unpad(text, 0, &len, &why), -EBADMSG);
	assert_int_equal(ike_sealed_unpad(text, 1, &len, &why), 0);
	assert_int_equal(len, 0);
	text[15] = 15;
	assert_int_equal(ike_sealed_unpad(text, 16, &len, &why), 0);
	assert_int_equal(len, 0);
	text[15] = 16;
	assert_int_equal(ike_sealed_unpad(text, 16, &len, &why), -EBADMSG);
	text[299] = 255;
	assert_int_equal(ike_sealed_unpad(text, 300, &len, &why), 0);
	assert_int_equal(len, 44);
}

static void test_find(void **unused)
{
	const struct ike_payload *first, *second;
	struct ike_notify notify;
	uint8_t *at;

	(void)unused;
	at = start(IKE_PL_NOTIFY);
	memcpy(at, "\x2b\0\0\x08\0\0\x40\x06", 8);	/* COOKIE, followed by V */
	memcpy(at + 8, "\x29\0\0\x04", 4);		/* V, followed by N */
	memcpy(at + 12, "\x29\0\0\x07\0\0\0", 7);	/* N, too short */
	memcpy(at + 19, "\x29\0\0\x0a\0\0\0\x11\0\x13", 10); /* INVALID_KE_PAYLOAD 19 */
	memcpy(at + 29, "\0\0\0\x08\0\0\0\x0e", 8);	/* NO_PROPOSAL_CHOSEN */
	assert_int_equal(parse(at + 37), 0);
	assert_int_equal(ike_chain_count(&chain, IKE_PL_NOTIFY), 4);
	assert_int_equal(ike_chain_count(&chain, IKE_PL_SA), 0);
	first = ike_chain_find(&chain, IKE_PL_NOTIFY);
	second = ike_chain_next(&chain, IKE_PL_NOTIFY, first);
	assert_ptr_equal(first, &chain.payloads[0]);
	assert_ptr_equal(second, &chain.payloads[2]);
	assert_null(ike_chain_find(&chain, IKE_PL_SA));
	assert_true(ike_chain_notify(&chain, IKE_N_COOKIE, &notify));
	assert_int_equal(notify.len, 0);
	assert_true(ike_chain_notify(&chain, IKE_N_NO_PROPOSAL_CHOSEN, &notify));
	assert_false(ike_chain_notify(&chain, IKE_N_REKEY_SA, &notify));
	assert_true(ike_chain_error(&chain, &notify));
	assert_int_equal(notify.type, IKE_N_INVALID_KE_PAYLOAD);
	assert_memory_equal(notify.data, "\0\x13", 2);
	/* the least status is no error, the greatest error is one */
	at = start(IKE_PL_NOTIFY);
	memcpy(at, "\0\0\0\x08\0\0\x40\0", 8);
	assert_int_equal(parse(at + 8), 0);
	assert_false(ike_chain_error(&chain, &notify));
	memcpy(at + 6, "\x3f\xff", 2);
	assert_true(ike_chain_error(&chain, &notify));
}

static void test_long_summary(void **unused)
{
	uint8_t *at = start(IKE_PL_NOTIFY);
	char text[IKE_SUMMARY_LEN];
	struct ike_header header = { .exchange = 99, .message_id = UINT32_MAX };
	unsigned int i;

	(void)unused;
	for (i = 0; i < IKE_PAYLOADS_MAX; i++) {
		at[6] = 0x40;
		at[7] = 0x0a; /* ESP_TFC_PADDING_NOT_SUPPORTED */
		at = payload(at, i + 1 < IKE_PAYLOADS_MAX ? IKE_PL_NOTIFY : IKE_PL_NONE, 0, 8);
	}
	assert_int_equal(parse(at), 0);
	assert_int_equal(strlen(ike_summary(&header, &chain, text)), IKE_SUMMARY_LEN - 1);
	assert_memory_equal(text, "99 request 4294967295 [ N(ESP_TFC_PADDING_NOT_SUPPORTED)", 56);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recorded), cmocka_unit_test(test_recorded_summaries), cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_mutated),	 cmocka_unit_test(test_header),		    cmocka_unit_test(test_chain_rules),
		cmocka_unit_test(test_chain_limit), cmocka_unit_test(test_critical),	    cmocka_unit_test(test_sealed),
		cmocka_unit_test(test_unpad),	 cmocka_unit_test(test_find),		    cmocka_unit_test(test_long_summary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
