/* SPDX-License-Identifier: Apache-2.0 */
/* The builder: room, errors that stick, encrypted payloads. What it writes is read by tshark and scapy in test_tshark.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/build.h"

static const struct ike_header header = { .spi_i = 1, .spi_r = 2, .exchange = IKE_INFORMATIONAL, .message_id = 7 };
static const char *why;

static void write_some(struct ike_builder *b)
{
	static const uint8_t nonce[32] = { 1, 2, 3 };

	ike_build_header(b, &header);
	ike_build_nonce(b, nonce, sizeof(nonce));
	ike_build_notify(b, IKE_N_COOKIE, "cookie", 6);
	ike_build_delete_ike(b);
}

/* The same bytes into a buffer of each size, or -ENOBUFS and nothing behind the buffer. */
static void test_every_size(void **unused)
{
	uint8_t whole[200], *buffer;
	struct ike_builder b, grown;
	size_t size;

	(void)unused;
	ike_build_fixed(&b, whole, sizeof(whole));
	write_some(&b);
	assert_int_equal(ike_build_end(&b), 0);
	assert_int_equal(b.len, 28 + 36 + 14 + 8);
	for (size = 0; size < b.len + 10; size++) {
		buffer = malloc(size ? size : 1);
		ike_build_fixed(&grown, buffer, size);
		write_some(&grown);
		assert_int_equal(ike_build_end(&grown), size < b.len ? -ENOBUFS : 0);
		if (size >= b.len)
			assert_memory_equal(buffer, whole, b.len);
		free(buffer);
		ike_build_growing(&grown, size);
		write_some(&grown);
		assert_int_equal(ike_build_end(&grown), size < b.len ? -ENOBUFS : 0);
		if (size >= b.len)
			assert_memory_equal(grown.data, whole, b.len);
		ike_build_free(&grown);
	}
}

static void test_growing(void **unused)
{
	static struct ike_chain chain;
	static uint8_t blob[60000];
	struct ike_builder b;
	unsigned int i;

	(void)unused;
	ike_build_growing(&b, IKE_MESSAGE_MAX);
	for (i = 0; i < 60; i++)
		ike_build_vendor(&b, blob, 1000 + i);
	assert_int_equal(ike_build_end(&b), 0);
	assert_int_equal(b.first, IKE_PL_VENDOR);
	assert_int_equal(ike_chain_parse(b.first, b.data, b.len, true, &chain, &why), 0);
	assert_int_equal(chain.count, 60);
	ike_build_vendor(&b, blob, sizeof(blob));
	assert_int_equal(ike_build_end(&b), -ENOBUFS);
	ike_build_free(&b);
	/* one payload cannot be longer than its length field */
	ike_build_growing(&b, 1 << 20);
	ike_build_vendor(&b, blob, sizeof(blob));
	ike_build_bytes(&b, blob, 5531);
	assert_int_equal(ike_build_end(&b), 0);
	ike_build_vendor(&b, blob, sizeof(blob));
	ike_build_bytes(&b, blob, 5532);
	assert_int_equal(ike_build_end(&b), -EINVAL);
	ike_build_free(&b);
}

static void test_nothing(void **unused)
{
	struct ike_builder b;
	struct ike_header parsed;
	struct ike_chain chain;
	uint8_t buffer[28];

	(void)unused;
	ike_build_growing(&b, 100);
	assert_int_equal(ike_build_end(&b), 0);
	assert_int_equal(b.len, 0);
	assert_int_equal(b.first, IKE_PL_NONE);
	ike_build_free(&b);
	ike_build_fixed(&b, buffer, sizeof(buffer));
	ike_build_header(&b, &header);
	assert_int_equal(ike_build_end(&b), 0);
	assert_int_equal(ike_message_parse(buffer, 28, &parsed, &chain, &why), 0);
	assert_true(parsed.spi_i == 1 && parsed.spi_r == 2 && parsed.message_id == 7 && parsed.version == 0x20 && chain.count == 0);
}

/* Values that no message can say. */
static void refused(void (*write)(struct ike_builder *b))
{
	struct ike_builder b;

	ike_build_growing(&b, IKE_MESSAGE_MAX);
	write(&b);
	assert_int_equal(ike_build_end(&b), -EINVAL);
	ike_build_notify(&b, IKE_N_COOKIE, NULL, 0); /* it sticks */
	assert_int_equal(ike_build_end(&b), -EINVAL);
	ike_build_free(&b);
}

static uint8_t some[300];
static struct proposals none;
static const struct ike_seal_sizes gcm = { 8, 16, 1 };
static struct ike_sealed where;

static void short_nonce(struct ike_builder *b) { ike_build_nonce(b, some, 15); }
static void long_nonce(struct ike_builder *b) { ike_build_nonce(b, some, 257); }
static void no_algorithm(struct ike_builder *b) { ike_build_signature(b, some, 0, some, 64); }
static void long_algorithm(struct ike_builder *b) { ike_build_signature(b, some, 256, some, 64); }
static void no_selectors(struct ike_builder *b) { ike_build_ts(b, IKE_PL_TSI, NULL, 0); }
static void wrong_id(struct ike_builder *b) { ike_build_id(b, IKE_PL_SA, IKE_ID_FQDN, some, 3); }
static void empty_id(struct ike_builder *b) { ike_build_id(b, IKE_PL_IDI, IKE_ID_FQDN, some, 0); }
static void delete_nothing(struct ike_builder *b) { ike_build_delete(b, IKE_PROTO_ESP, NULL, 0); }
static void ike_spi(struct ike_builder *b) { ike_build_notify_spi(b, IKE_N_REKEY_SA, IKE_PROTO_IKE, 1, NULL, 0); }
static void no_proposal(struct ike_builder *b) { ike_build_sa(b, &none, 0); }
static void empty_proposal(struct ike_builder *b) { ike_build_sa_answer(b, &none.list[0]); }
static void no_type(struct ike_builder *b) { ike_build_payload(b, IKE_PL_NONE, false); }
static void sealed_without_header(struct ike_builder *b) { ike_build_sealed(b, IKE_PL_NONE, 0, 0, 0, &gcm, &where); }
static void late_header(struct ike_builder *b)
{
	ike_build_vendor(b, some, 3);
	ike_build_header(b, &header);
}
static void behind_sealed(struct ike_builder *b)
{
	ike_build_header(b, &header);
	ike_build_sealed(b, IKE_PL_NONE, 0, 0, 0, &gcm, &where);
	ike_build_vendor(b, some, 3);
}
static void wrong_fragment(struct ike_builder *b)
{
	ike_build_header(b, &header);
	ike_build_sealed(b, IKE_PL_NONE, 3, 2, 0, &gcm, &where);
}
static void mixed_selector(struct ike_builder *b)
{
	struct ts ts = { .lo.family = 4, .hi.family = 6 };

	ike_build_ts(b, IKE_PL_TSI, &ts, 1);
}

static void test_refused(void **unused)
{
	static void (*const writes[])(struct ike_builder *b) = {
		short_nonce, long_nonce, no_algorithm, long_algorithm, no_selectors, wrong_id, empty_id, delete_nothing, ike_spi, no_proposal,
		empty_proposal, no_type, sealed_without_header, late_header, behind_sealed, wrong_fragment, mixed_selector,
	};
	size_t i;

	(void)unused;
	for (i = 0; i < sizeof(writes) / sizeof(*writes); i++)
		refused(writes[i]);
}

/* Where the builder says that things lie is where the reader finds them, and padding comes off. */
static void sealed(const struct ike_seal_sizes *sizes, size_t inner_len, uint16_t fragment, uint16_t total)
{
	static struct ike_chain chain;
	static uint8_t buffer[1024];
	struct ike_header parsed;
	struct ike_sealed found;
	struct ike_builder b;
	size_t i, len;

	ike_build_fixed(&b, buffer, sizeof(buffer));
	ike_build_header(&b, &header);
	ike_build_sealed(&b, IKE_PL_IDI, fragment, total, inner_len, sizes, &where);
	assert_int_equal(ike_build_end(&b), 0);
	assert_int_equal(ike_message_parse(b.data, b.len, &parsed, &chain, &why), 0);
	assert_int_equal(ike_sealed_find(b.data, b.len, &chain, sizes, &found, &why), 0);
	assert_memory_equal(&found, &where, sizeof(found));
	assert_int_equal(found.first_inner, fragment > 1 ? IKE_PL_NONE : IKE_PL_IDI);
	assert_int_equal(ike_sealed_unpad(b.data + where.text_at, where.text_len, &len, &why), 0);
	assert_int_equal(len, inner_len);
	assert_true(where.text_len > inner_len && where.text_len <= inner_len + sizes->block && where.text_len % sizes->block == 0);
	for (i = where.iv_at; i < b.len; i++)
		if (i != where.icv_at - 1)
			assert_int_equal(b.data[i], 0);
}

static void test_sealed(void **unused)
{
	static const struct ike_seal_sizes kinds[] = { { 8, 16, 1 }, { 16, 16, 16 }, { 16, 24, 16 }, { 16, 32, 16 } };
	size_t len, i;

	(void)unused;
	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		for (len = 0; len < 300; len++) {
			where = (struct ike_sealed){ 0 };
			sealed(&kinds[i], len, 0, 0);
			sealed(&kinds[i], len, 1, 3);
			sealed(&kinds[i], len, 3, 3);
		}
}

static void test_proposals_left_out(void **unused)
{
	static struct proposals ours, received;
	char error[PROPOSAL_ERROR_LEN];
	static struct ike_chain chain;
	struct ike_builder b;
	unsigned int i;

	(void)unused;
	assert_int_equal(proposals_parse(IKE_PROTO_ESP, "aes128gcm16-ecp256,aes256gcm16-ecp384,aes256-sha256", &ours, error), 0);
	for (i = 0; i < 3; i++) {
		ours.list[i].spi_len = 4;
		ours.list[i].spi = 0x10000000 + i;
	}
	ours.list[0].unusable = true;
	ike_build_growing(&b, 1000);
	ike_build_sa(&b, &ours, PROPOSAL_IGNORE_KE);
	assert_int_equal(ike_build_end(&b), 0);
	assert_int_equal(ike_chain_parse(b.first, b.data, b.len, true, &chain, &why), 0);
	assert_int_equal(ike_decode_sa(&chain.payloads[0], &received, &why), 0);
	assert_int_equal(received.count, 2);
	assert_true(received.list[0].number == 1 && received.list[1].number == 2 && received.list[0].spi == 0x10000001);
	assert_false(proposals_have_ke(&received, IKE_KE_ECP_384));
	ike_build_free(&b);
	ours.list[1].unusable = ours.list[2].unusable = true;
	ike_build_growing(&b, 1000);
	ike_build_sa(&b, &ours, 0);
	assert_int_equal(ike_build_end(&b), -EINVAL);
	ike_build_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_size), cmocka_unit_test(test_growing), cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_refused),	   cmocka_unit_test(test_sealed),  cmocka_unit_test(test_proposals_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
