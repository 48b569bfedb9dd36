/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptions of SAs: what may be, what a device must have for it, and that a card which lacks it says so in a sentence. */
#include "mock_card.h"

#include <errno.h>
#include <string.h>

static struct card *card;

static int setup(void **state)
{
	char error[ESPALIER_ERROR_LEN];
	struct mock_card *mock = mock_new();

	mock->base.timeout_ms = 50;
	return card_attach(&mock->base, 50, (struct card **)(*state = &card), error);
}

static int teardown(void **state)
{
	(void)state;
	espalier_close(&card->base);
	return 0;
}

static struct ip_addr v6(uint8_t last)
{
	return (struct ip_addr){ .family = 6, .bytes = { 0x20, 0x01, 0x0d, 0xb8, [15] = last } };
}

static struct espalier_sa_config plain(enum espalier_direction direction)
{
	return (struct espalier_sa_config){
		.direction = direction, .spi = 0x1000, .src = ip_from_number(0xc0000201), .dst = ip_from_number(0xc0000202), .key_len = 16,
	};
}

static int add(const struct espalier_sa_config *config)
{
	uint16_t sa;

	return espalier_sa_add(&card->base, config, &sa);
}

#define OUT(...) { { .direction = ESPALIER_OUTBOUND, __VA_ARGS__ }
#define IN(...) { { .direction = ESPALIER_INBOUND, __VA_ARGS__ }

/* The parts of a case over a plain SA. */
static struct espalier_sa_config merge(const struct espalier_sa_config *part)
{
	struct espalier_sa_config config = *part, base = plain(part->direction);

	config.spi = base.spi;
	config.key_len = part->key_len ? part->key_len : base.key_len;
	config.src = part->src.family ? part->src : part->dst.family ? (struct ip_addr){ 0 } : base.src;
	config.dst = part->dst.family ? part->dst : base.dst;
	return config;
}

/* Every option asks for its feature alone, and a card without it refuses by name. */
static void test_features(void **state)
{
	const struct {
		struct espalier_sa_config part;
		uint32_t feature;
	} cases[] = {
		OUT(.mode = ESPALIER_TRANSPORT), ESPALIER_FEATURE_TRANSPORT },
		OUT(.src = v6(1), .dst = v6(2)), ESPALIER_FEATURE_OUTER_V6 },
		IN(.dst = v6(2)), ESPALIER_FEATURE_OUTER_V6 },
		OUT(.udp_encap = { 4500, 4500 }), ESPALIER_FEATURE_UDP_ENCAP },
		OUT(.algorithm = ESPALIER_AES_GMAC), ESPALIER_FEATURE_GMAC },
		OUT(.algorithm = ESPALIER_CHACHA20_POLY1305, .key_len = 32), ESPALIER_FEATURE_CHACHA },
		OUT(.icv_len = 8), ESPALIER_FEATURE_SHORT_ICV },
		IN(.icv_len = 12), ESPALIER_FEATURE_SHORT_ICV },
		OUT(.implicit_iv = true), ESPALIER_FEATURE_IMPLICIT_IV },
		OUT(.df = ESPALIER_DF_SET), ESPALIER_FEATURE_HEADER_FIELDS },
		OUT(.set_dscp = true), ESPALIER_FEATURE_HEADER_FIELDS },
		IN(.copy_dscp = true), ESPALIER_FEATURE_HEADER_FIELDS },
		OUT(.copy_ttl = true), ESPALIER_FEATURE_HEADER_FIELDS },
		OUT(.decrement_ttl = true), ESPALIER_FEATURE_HEADER_FIELDS },
		OUT(.zero_flow_label = true), ESPALIER_FEATURE_HEADER_FIELDS },
		IN(.ecn = ESPALIER_ECN_NORMAL), ESPALIER_FEATURE_ECN },
		OUT(.ecn = ESPALIER_ECN_NONE), ESPALIER_FEATURE_ECN },
		IN(.check_outer = true), ESPALIER_FEATURE_CHECK_OUTER },
		OUT(.tfc_pad = 1000), ESPALIER_FEATURE_TFC },
		OUT(.mtu = 1400), ESPALIER_FEATURE_MTU },
		OUT(.mss = 1300), ESPALIER_FEATURE_MSS },
		IN(.limits = { .soft_packets = 1 }), ESPALIER_FEATURE_LIMITS },
		IN(.limits = { .hard_bytes = 1 }), ESPALIER_FEATURE_LIMITS },
		OUT(.icv_len = 16, .ttl = 9, .esn = true), 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct espalier_sa_config config = merge(&cases[i].part);
		const char *name = espalier_feature_name((enum espalier_feature)cases[i].feature);

		assert_int_equal(espalier_sa_features(&config), cases[i].feature);
		assert_int_equal(add(&config), cases[i].feature ? -ENOTSUP : 0);
		if (cases[i].feature && !strstr(espalier_error(&card->base), name))
			fail_msg("%zu: %s", i, espalier_error(&card->base));
		assert_int_equal(espalier_sa_check(&card->base, &config, cases[i].feature, 128), 0);
	}
	assert_string_equal(espalier_feature_name((enum espalier_feature)3), "unknown");
}

/* What makes no sense on any device, each with a piece of the reason. */
static void test_refused(void **state)
{
	const struct {
		struct espalier_sa_config part;
		const char *reason;
	} cases[] = {
		OUT(.mode = (enum espalier_mode)7), "mode" },
		OUT(.dst = v6(1)), "one family" },
		OUT(.src = v6(1), .dst = ip_from_number(1)), "one family" },
		IN(.dst = v6(2), .check_outer = true), "source address" },
		OUT(.udp_encap = { 4500, 0 }), "two ports" },
		OUT(.algorithm = (enum espalier_algorithm)9), "algorithm" },
		OUT(.icv_len = 10), "8, 12 or 16" },
		OUT(.icv_len = 12, .algorithm = ESPALIER_AES_GMAC), "4543" },
		OUT(.icv_len = 8, .implicit_iv = true), "8750" },
		OUT(.implicit_iv = true, .algorithm = ESPALIER_AES_GMAC), "8750" },
		OUT(.algorithm = ESPALIER_CHACHA20_POLY1305), "7634" },
		OUT(.algorithm = ESPALIER_CHACHA20_POLY1305, .key_len = 32, .icv_len = 12), "7634" },
		IN(.mtu = 1400), "outbound" },
		IN(.df = ESPALIER_DF_CLEAR), "outbound" },
		OUT(.check_outer = true), "inbound" },
		OUT(.copy_dscp = true), "inbound" },
		OUT(.mode = ESPALIER_TRANSPORT, .copy_ttl = true), "keeps" },
		IN(.mode = ESPALIER_TRANSPORT, .ecn = ESPALIER_ECN_NORMAL), "keeps" },
		OUT(.mode = ESPALIER_TRANSPORT, .tfc_pad = 100), "TFC" },
		OUT(.dscp = 64), "range" },
		OUT(.tfc_pad = UINT16_MAX), "tfc_pad" },
		OUT(.mtu = 50), "fits" },
		IN(.limits = { .hard_bytes = UINT64_MAX }), "2^64" },
	};
	struct espalier_sa_config config = plain(ESPALIER_OUTBOUND);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		config = merge(&cases[i].part);
		assert_int_equal(espalier_sa_check(&card->base, &config, UINT32_MAX, 4096), -EINVAL);
		if (!strstr(espalier_error(&card->base), cases[i].reason))
			fail_msg("%zu: %s", i, espalier_error(&card->base));
	}
	config = plain(ESPALIER_OUTBOUND);
	config.dst.family = 0;
	assert_int_equal(add(&config), -EINVAL);
	assert_non_null(strstr(espalier_error(&card->base), "destination"));
}

/* Sizes: today's format by its own formula, and the largest packet that fits is the largest. */
static void test_sizes(void **state)
{
	(void)state;
	for (unsigned int variant = 0; variant < 64; variant++) {
		struct espalier_sa_config config = plain(ESPALIER_OUTBOUND);

		config.mode = variant & 1 ? ESPALIER_TRANSPORT : ESPALIER_TUNNEL;
		config.dst = variant & 2 ? v6(1) : config.dst;
		config.udp_encap.sport = config.udp_encap.dport = variant & 4 ? 4500 : 0;
		config.icv_len = variant & 8 ? 8 : variant & 16 ? 12 : 0;
		config.implicit_iv = variant & 32;
		for (uint32_t len = 20; len < 300; len++) {
			uint32_t total = espalier_encap_len(&config, len);

			assert_true(total > len && total <= espalier_encap_room(len));
			assert_true(espalier_inner_mtu(&config, total) >= len);
			assert_true(espalier_encap_len(&config, espalier_inner_mtu(&config, total)) <= total);
			assert_true(espalier_encap_len(&config, espalier_inner_mtu(&config, total) + 1) > total);
		}
		if (variant == 0)
			assert_int_equal(espalier_encap_len(&config, 100), espalier_plain_len(100));
	}
	assert_int_equal(espalier_encap_len(&(struct espalier_sa_config){ .dst = ip_from_number(1), .tfc_pad = 1000 }, 20), espalier_plain_len(1000));
	assert_int_equal(espalier_encap_len(&(struct espalier_sa_config){ .dst = ip_from_number(1), .tfc_pad = UINT16_MAX, .mtu = 1400 }, 20), 1400);
	assert_int_equal(espalier_inner_mtu(&(struct espalier_sa_config){ .dst = ip_from_number(1) }, 30), 0);
}

/* A card of today has neither counters by SA nor events. */
static void test_without(void **state)
{
	struct espalier_sa_config config = plain(ESPALIER_OUTBOUND);
	struct espalier_sa_counters counters;
	struct espalier_event event;
	struct espalier_info info;
	uint16_t sa;

	(void)state;
	assert_int_equal(espalier_sa_add(&card->base, &config, &sa), 0);
	assert_int_equal(espalier_sa_counters(&card->base, ESPALIER_OUTBOUND, sa, &counters), -ENOTSUP);
	assert_int_equal(espalier_dequeue_events(&card->base, &event, 1), 0);
	assert_int_equal(espalier_info(&card->base, &info), 0);
	assert_int_equal(info.features, 0);
	assert_int_equal(info.max_esp, espalier_plain_len(info.max_packet));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_features, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sizes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_without, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
