/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes and prefixes: what fits into a path, and routes that cover a range exactly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "gw/mtu.h"
#include "seed.h"

/* The largest inner packet fills the path and a longer one does not fit, by the driver's own length of an ESP packet. */
static void inner_mtu(void **state)
{
	(void)state;
	for (unsigned int path = GW_MTU_MIN6; path < 9000; path++) {
		for (unsigned int kind = 0; kind < 4; kind++) {
			struct gw_sa sa = { .path_mtu = (uint16_t)path, .udp_encap = kind & 1, .dst.ip.family = kind & 2 ? 6 : 4 };
			unsigned int outer = (kind & 2 ? 40 : 20) + (kind & 1 ? 8 : 0), mtu = mtu_inner(&sa);

			assert_true(outer + espalier_plain_len(mtu) - 20 <= path);
			assert_true(outer + espalier_plain_len(mtu + 1) - 20 > path);
		}
	}
}

/* Figures of strongSwan's libipsec and Linux for Ethernet: 1438 through UDP, 1446 without. */
static void known_mtus(void **state)
{
	struct gw_sa sa = { .path_mtu = 1500, .udp_encap = true, .dst.ip.family = 4 };

	(void)state;
	assert_int_equal(mtu_inner(&sa), GW_MTU_START);
	sa.udp_encap = false;
	assert_int_equal(mtu_inner(&sa), 1446);
}

struct cover {
	uint64_t next;
	unsigned int count;
};

static int take(void *context, uint32_t base, unsigned int plen)
{
	struct cover *cover = context;

	assert_int_equal(base, cover->next);
	assert_true(plen <= 32);
	assert_int_equal(plen ? base & ((1ull << (32 - plen)) - 1) : base, 0); /* aligned */
	cover->next += 1ull << (32 - plen);
	cover->count++;
	return 0;
}

static unsigned int cover(uint32_t low, uint32_t high)
{
	struct cover c = { .next = low };

	assert_int_equal(routes_prefixes(low, high, take, &c), 0);
	assert_int_equal(c.next, (uint64_t)high + 1);
	return c.count;
}

static void prefixes(void **state)
{
	(void)state;
	assert_int_equal(cover(0, UINT32_MAX), 1);
	assert_int_equal(cover(0x0a010000, 0x0a01ffff), 1);
	assert_int_equal(cover(0x0a010001, 0x0a010001), 1);
	assert_int_equal(cover(0x0a010001, 0x0a010009), 4); /* 1, 2-3, 4-7, 8-9 */
	assert_int_equal(cover(1, UINT32_MAX - 1), 62);
	srand(test_seed());
	for (int i = 0; i < 1000; i++) {
		uint32_t a = (uint32_t)rand() * 2u, b = (uint32_t)rand() * 2u;

		cover(a < b ? a : b, a < b ? b : a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(inner_mtu), cmocka_unit_test(known_mtus), cmocka_unit_test(prefixes) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
