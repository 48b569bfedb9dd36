/* SPDX-License-Identifier: Apache-2.0 */
/* Packets before their SA: what comes out is what went in, in order and by choice, and there is an end to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gw/early.h"

static bool put(struct gw_early *early, uint32_t spi, uint8_t number, size_t len, uint64_t now_ms)
{
	uint8_t memory[WIRE_HEADROOM + 1500];
	struct wire_message message = { .memory = memory, .len = len, .tos = number };

	memset(memory, number, sizeof(memory));
	return early_hold(early, &message, number & 1, spi, now_ms);
}

static bool of_spi(void *ctx, const struct gw_early_packet *packet)
{
	return packet->spi == *(uint32_t *)ctx;
}

static void test_order(void **state)
{
	struct gw_early early = { 0 };
	struct gw_early_packet *packet;
	uint32_t spi;

	(void)state;
	for (unsigned int i = 0; i < 60; i++)
		assert_true(put(&early, 1000 + i % 3, (uint8_t)i, i + 8, 100 + i));
	for (unsigned int k = 3; k-- > 0;)
		for (unsigned int i = k; i < 60; i += 3) {
			spi = 1000 + k;
			packet = early_take(&early, of_spi, &spi);
			assert_non_null(packet);
			assert_int_equal(packet->tos, i);
			assert_int_equal(packet->udp, i & 1);
			assert_int_equal(packet->len, i + 8);
			assert_int_equal(packet->since_ms, 100 + i);
			assert_int_equal(packet->data[0], i);
			assert_int_equal(packet->data[packet->len - 1], i);
			free(packet);
			/* One more at the end, in between. */
			if (!k)
				continue;
			assert_true(put(&early, 5, 77, 20, 0));
			spi = 5;
			free(early_take(&early, of_spi, &spi));
		}
	assert_int_equal(early.count, 0);
	assert_null(early_take(&early, of_spi, &spi));
	assert_true(put(&early, 5, 1, 20, 0));
	early_free(&early);
	assert_int_equal(early.count, 0);
}

static void test_bounds(void **state)
{
	struct gw_early early = { 0 };
	unsigned int held = 0;
	uint32_t spi = 3;

	(void)state;
	for (unsigned int i = 0; i < 2 * EARLY_PER_SPI; i++)
		held += put(&early, 3, 1, 100, 0);
	assert_int_equal(held, EARLY_PER_SPI);
	for (unsigned int i = 0; i < 2 * EARLY_PACKETS; i++)
		held += put(&early, 1000 + i, 1, 100, 0);
	assert_int_equal(held, EARLY_PACKETS);
	free(early_take(&early, of_spi, &spi));
	assert_true(put(&early, 3, 1, 100, 0));
	assert_false(put(&early, 4, 1, 100, 0));
	early_free(&early);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_order), cmocka_unit_test(test_bounds) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
