/* SPDX-License-Identifier: Apache-2.0 */
/* SAs of the gateway: found, limited, numbered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gw/sad.h"

static const struct ip_addr peer_a = { 4, { 192, 0, 2, 1 } }, peer_b = { 4, { 192, 0, 2, 2 } };

static int setup(void **state)
{
	*state = calloc(1, sizeof(struct gw_sad));
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	struct gw_sad *sad = *state;

	while (sad->all)
		sad_remove(sad, sad->all);
	assert_int_equal(sad->count[0] + sad->count[1], 0);
	free(sad);
	return 0;
}

/* Peers may choose the same SPI: outbound the destination tells them apart, inbound there is one. */
static void find(void **state)
{
	const struct sink_sa_id out_a = { SINK_OUT, 5000, peer_a }, out_b = { SINK_OUT, 5000, peer_b }, in = { SINK_IN, 5000, peer_a };
	struct gw_sad *sad = *state;
	struct gw_sa *a = sad_add(sad, &out_a), *b;

	assert_null(sad_find(sad, &out_b));
	assert_null(sad_find(sad, &in));
	b = sad_add(sad, &out_b);
	assert_ptr_equal(sad_find(sad, &out_a), a);
	assert_ptr_equal(sad_find(sad, &out_b), b);
	sad_remove(sad, a);
	assert_null(sad_find(sad, &out_a));
	assert_ptr_equal(sad_find(sad, &out_b), b);
	assert_null(sad_find_spi(sad, 5000));
	a = sad_add(sad, &in);
	a->reserved = true;
	assert_null(sad_find_spi(sad, 5000)); /* an SPI without an SA takes no packets */
	a->reserved = false;
	assert_ptr_equal(sad_find_spi(sad, 5000), a);
	assert_int_equal(sad->count[SINK_OUT], 1);
	assert_int_equal(sad->count[SINK_IN], 1);
}

static void many(void **state)
{
	struct gw_sad *sad = *state;
	struct sink_sa_id id = { SINK_IN, 0, peer_a };

	for (id.spi = 256; id.spi < 20256; id.spi++)
		assert_non_null(sad_add(sad, &id));
	for (id.spi = 256; id.spi < 20256; id.spi += 2)
		sad_remove(sad, sad_find(sad, &id));
	for (id.spi = 256; id.spi < 20256; id.spi++)
		assert_true(!sad_find(sad, &id) == !(id.spi & 1));
}

static void random_spi(void **state)
{
	struct gw_sad *sad = *state;
	uint32_t last = 0, same_half = 0;

	for (int i = 0; i < 2000; i++) {
		struct sink_sa_id id = { SINK_IN, sad_random_spi(sad), peer_a };

		assert_true(id.spi >= SINK_SPI_MIN);
		assert_null(sad_find(sad, &id));
		assert_non_null(sad_add(sad, &id));
		same_half += id.spi >> 31 == last >> 31;
		last = id.spi;
	}
	assert_in_range(same_half, 700, 1300);
}

/* Each limit: soft is said once, hard once, and nothing goes beyond hard. */
static void limits(void **state)
{
	static const struct sink_limits cases[] = {
		{ .soft_packets = 3, .hard_packets = 5 }, { .soft_bytes = 300, .hard_bytes = 500 },
		{ .soft_packets = 3, .hard_bytes = 500 }, { .soft_bytes = 250, .hard_packets = 5 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gw_sa sa = { .limits = cases[i] };

		for (int packet = 1; packet <= 10; packet++) {
			if (!sad_admit(&sa, 100)) {
				assert_true(packet > 5);
				assert_int_equal(sad_expiry(&sa), SAD_FINE);
				continue;
			}
			assert_true(packet <= 5);
			sa.packets++;
			sa.bytes += 100;
			assert_int_equal(sad_expiry(&sa), packet == 3 ? SAD_SOFT : packet == 5 ? SAD_HARD : SAD_FINE);
		}
		assert_true(sa.stopped);
	}
}

/* Packets on their way in the card count for the hard limit already. */
static void limit_in_flight(void **state)
{
	struct gw_sa sa = { .limits = { .hard_packets = 2 } };

	(void)state;
	assert_true(sad_admit(&sa, 1));
	assert_true(sad_admit(&sa, 1));
	assert_false(sad_admit(&sa, 1));
	assert_int_equal(sad_expiry(&sa), SAD_HARD);
	assert_int_equal(sad_expiry(&sa), SAD_FINE);
}

static void sequence_soft(void **state)
{
	struct gw_sa sa = { .seq = 0xbfffffff }, esn = { .seq = 1ull << 40, .esn = true };

	(void)state;
	assert_int_equal(sad_expiry(&sa), SAD_FINE);
	sa.seq++;
	assert_int_equal(sad_expiry(&sa), SAD_SOFT);
	assert_int_equal(sad_expiry(&sa), SAD_FINE);
	assert_int_equal(sad_expiry(&esn), SAD_FINE);
}

static void infer(void **state)
{
	struct gw_sa sa = { .esn = true, .seq = 0xfffffff0 };

	(void)state;
	assert_int_equal(sad_infer_seq(&sa, 0xffffffff), 0xffffffff);
	assert_int_equal(sad_infer_seq(&sa, 3), 0x100000003);
	assert_int_equal(sad_infer_seq(&sa, 0xffffff00), 0xffffff00);
	sa.seq = 0x100000003;
	assert_int_equal(sad_infer_seq(&sa, 0xfffffffe), 0xfffffffe); /* late, of the epoch before */
	assert_int_equal(sad_infer_seq(&sa, 5), 0x100000005);
	sa.seq = 3;
	assert_int_equal(sad_infer_seq(&sa, 0xfffffffe), 0xfffffffe); /* there is no epoch before */
	sa.esn = false;
	sa.seq = 0xfffffff0;
	assert_int_equal(sad_infer_seq(&sa, 3), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(find, setup, teardown), cmocka_unit_test_setup_teardown(many, setup, teardown),
		cmocka_unit_test_setup_teardown(random_spi, setup, teardown), cmocka_unit_test(limits), cmocka_unit_test(limit_in_flight),
		cmocka_unit_test(sequence_soft), cmocka_unit_test(infer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
