/* SPDX-License-Identifier: Apache-2.0 */
/* Cutting messages into fragments and joining them (RFC 7383, 2.5 and 2.6). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/build.h"
#include "proto/fragment.h"

static const struct ike_seal_sizes gcm = { 8, 16, 1 }, cbc = { 16, 16, 16 };
static const char *why;

static int add(struct ike_reassembly *r, uint32_t id, uint16_t number, uint16_t total, uint8_t first, const char *text)
{
	struct ike_sealed fragment = { .fragment = number, .total = total, .first_inner = first };

	return ike_reassembly_add(r, id, &fragment, (const uint8_t *)text, strlen(text), &why);
}

static void joins_to(struct ike_reassembly *r, uint8_t first, const char *text)
{
	uint8_t *data, type;
	size_t len;

	assert_int_equal(ike_reassembly_join(r, &data, &len, &type), 0);
	assert_int_equal(type, first);
	assert_int_equal(len, strlen(text));
	assert_memory_equal(data, text, len);
	assert_int_equal(r->total, 0);
	free(data);
}

static void test_room(void **unused)
{
	(void)unused;
	assert_int_equal(ike_message_room(1280, true, true), 1228);
	assert_int_equal(ike_message_room(1500, false, false), 1472);
	assert_int_equal(ike_message_room(576, false, true), 544);
	assert_int_equal(ike_message_room(28, false, false), 0);
	assert_int_equal(ike_message_room(0, true, true), 0);
}

/* strongSwan's own limit of 576 bytes gave messages of 532 bytes with AES-CBC: the first fragments of cbc-cert. */
static void test_plan_values(void **unused)
{
	struct ike_fragmentation plan;

	(void)unused;
	assert_int_equal(ike_fragment_plan(800, ike_message_room(576, false, true), &cbc, &plan, &why), 0);
	assert_int_equal(plan.total, 2);
	assert_int_equal(plan.chunk, 463); /* 28 + 8 + 16 + 464 + 16 = 532 of 544 bytes; a block more is too many */
	assert_int_equal(ike_fragment_plan(0, 544, &cbc, &plan, &why), 0);
	assert_int_equal(plan.total, 1);
	assert_int_equal(ike_fragment_plan(479, 544, &cbc, &plan, &why), 0);
	assert_int_equal(plan.total, 1);
	assert_int_equal(ike_fragment_plan(480, 544, &cbc, &plan, &why), 0);
	assert_int_equal(plan.total, 2);
	assert_int_equal(ike_fragment_plan(65000, 1228, &gcm, &plan, &why), 0);
	assert_int_equal(plan.total, 56);
	assert_int_equal(ike_fragment_plan(65000, 300, &gcm, &plan, &why), -EMSGSIZE);
	assert_int_equal(ike_fragment_plan(1, 10, &gcm, &plan, &why), -EMSGSIZE);
	assert_int_equal(ike_fragment_plan(0, 56, &gcm, &plan, &why), -EMSGSIZE);
	assert_int_equal(ike_fragment_plan(0, 57, &gcm, &plan, &why), 0);
	assert_int_equal(ike_fragment_plan(0, 79, &cbc, &plan, &why), -EMSGSIZE);
	assert_int_equal(ike_fragment_plan(0, 80, &cbc, &plan, &why), 0);
}

/* Every size: no message is longer than asked, and none could hold a byte more. */
static void test_plan_sizes(void **unused)
{
	static uint8_t buffer[2048];
	const struct ike_seal_sizes *kinds[] = { &gcm, &cbc };
	struct ike_fragmentation plan;
	struct ike_sealed where;
	struct ike_builder b;
	size_t max, len, i;

	(void)unused;
	for (i = 0; i < 2; i++)
		for (max = 50; max < 700; max += 3)
			for (len = 0; len < 1500; len += 11) {
				if (ike_fragment_plan(len, max, kinds[i], &plan, &why))
					continue;
				ike_build_fixed(&b, buffer, sizeof(buffer));
				ike_build_header(&b, &(struct ike_header){ .spi_i = 1 });
				ike_build_sealed(&b, IKE_PL_SA, plan.total > 1, plan.total > 1 ? plan.total : 0, plan.chunk, kinds[i], &where);
				assert_int_equal(ike_build_end(&b), 0);
				assert_true(b.len <= max);
				if (plan.total > 1)
					assert_true(b.len + kinds[i]->block > max && plan.chunk < len && (plan.total - 1) * plan.chunk < len);
			}
}

static void test_orders(void **unused)
{
	static const uint8_t orders[][3] = { { 1, 2, 3 }, { 1, 3, 2 }, { 2, 1, 3 }, { 2, 3, 1 }, { 3, 1, 2 }, { 3, 2, 1 } };
	static const char *const texts[] = { "", "one", "", "three" };
	struct ike_reassembly r = { 0 };
	size_t i, j;

	(void)unused;
	for (i = 0; i < 6; i++) {
		for (j = 0; j < 3; j++) {
			uint8_t n = orders[i][j];

			assert_int_equal(add(&r, 5, n, 3, n == 1 ? IKE_PL_IDI : 0, texts[n]), j == 2);
			assert_int_equal(add(&r, 5, n, 3, n == 1 ? IKE_PL_IDI : 0, "again"), -EALREADY);
		}
		joins_to(&r, IKE_PL_IDI, "onethree");
	}
	assert_int_equal(add(&r, 6, 1, 1, IKE_PL_SA, "alone"), 1);
	joins_to(&r, IKE_PL_SA, "alone");
}

static void test_numbers(void **unused)
{
	struct ike_reassembly r = { 0 };
	uint8_t *data, first;
	size_t len;

	(void)unused;
	assert_int_equal(add(&r, 1, 0, 2, 0, "x"), -EBADMSG);
	assert_int_equal(add(&r, 1, 3, 2, 0, "x"), -EBADMSG);
	assert_int_equal(add(&r, 1, 1, 0, 33, "x"), -EBADMSG);
	assert_int_equal(add(&r, 1, 1, IKE_FRAGMENTS_MAX + 1, 33, "x"), -EBADMSG);
	assert_int_equal(add(&r, 1, 65535, 65535, 0, "x"), -EBADMSG);
	assert_int_equal(add(&r, 1, 1, 2, 0, "x"), -EBADMSG);  /* the first must say what it begins with */
	assert_int_equal(add(&r, 1, 2, 2, 33, "x"), -EBADMSG); /* and no other may */
	assert_int_equal(r.total, 0);
	assert_int_equal(add(&r, 1, 2, 2, 0, "x"), 0);
	assert_int_equal(ike_reassembly_join(&r, &data, &len, &first), -EINVAL);
	ike_reassembly_reset(&r);
	ike_reassembly_reset(&r);
	assert_int_equal(ike_reassembly_join(&r, &data, &len, &first), -EINVAL);
}

/* RFC 7383, 2.6: a peer that goes to smaller fragments begins with a greater total. */
static void test_total_changes(void **unused)
{
	struct ike_reassembly r = { 0 };

	(void)unused;
	assert_int_equal(add(&r, 1, 1, 2, 33, "abcd"), 0);
	assert_int_equal(add(&r, 1, 3, 3, 0, "f"), 0);
	assert_int_equal(add(&r, 1, 2, 2, 0, "ef"), -EALREADY); /* late, of the first attempt */
	assert_int_equal(add(&r, 1, 1, 2, 33, "abcd"), -EALREADY);
	assert_int_equal(add(&r, 1, 1, 3, 33, "abc"), 0);
	assert_int_equal(add(&r, 1, 2, 3, 0, "de"), 1);
	joins_to(&r, 33, "abcdef");
	/* another message starts over, too */
	assert_int_equal(add(&r, 2, 1, 2, 33, "old"), 0);
	assert_int_equal(add(&r, 3, 2, 2, 0, "new"), 0);
	assert_int_equal(add(&r, 3, 1, 2, 34, "very "), 1);
	joins_to(&r, 34, "very new");
	assert_int_equal(add(&r, 4, 1, 3, 33, "old"), 0);
	assert_int_equal(add(&r, 5, 1, 2, 33, "the same number, "), 0);
	assert_int_equal(add(&r, 5, 2, 2, 0, "fewer of them"), 1);
	joins_to(&r, 33, "the same number, fewer of them");
}

static void test_bytes(void **unused)
{
	static uint8_t text[16384];
	struct ike_reassembly r = { 0 };
	struct ike_sealed fragment = { .total = 5 };

	(void)unused;
	for (fragment.fragment = 2; fragment.fragment <= 4; fragment.fragment++)
		assert_int_equal(ike_reassembly_add(&r, 1, &fragment, text, sizeof(text), &why), 0);
	fragment.fragment = 5;
	assert_int_equal(ike_reassembly_add(&r, 1, &fragment, text, sizeof(text), &why), -EMSGSIZE);
	assert_int_equal(r.total, 0);
	for (fragment.fragment = 2; fragment.fragment <= 4; fragment.fragment++)
		assert_int_equal(ike_reassembly_add(&r, 1, &fragment, text, sizeof(text), &why), 0);
	fragment.fragment = 5;
	assert_int_equal(ike_reassembly_add(&r, 1, &fragment, text, sizeof(text) - 1, &why), 0);
	assert_int_equal(r.bytes, IKE_REASSEMBLY_MAX);
	ike_reassembly_reset(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_room),	cmocka_unit_test(test_plan_values),   cmocka_unit_test(test_plan_sizes), cmocka_unit_test(test_orders),
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_total_changes), cmocka_unit_test(test_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
