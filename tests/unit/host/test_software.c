/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The software reference: statuses, fields and bytes, against scapy (packets made at test time), draft-mcgrew-gcm-test-01, and packets
 * sealed in this test. Replay has a test of its own (test_replay.c).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "soft_fixture.h"

#define LINE_MAX_BYTES 80000

static size_t unhex(const char *text, uint8_t *bytes)
{
	size_t n = 0;
	unsigned int byte;

	while (sscanf(text + 2 * n, "%2x", &byte) == 1)
		bytes[n++] = (uint8_t)byte;
	return n;
}

/* Both directions of every scapy packet. */
static void test_scapy(void **state)
{
	struct fixture *f = *state;
	static char line[LINE_MAX_BYTES], key[65], salt[9], inner_text[LINE_MAX_BYTES], outer_text[LINE_MAX_BYTES];
	static uint8_t inner[16384], outer[16384];
	unsigned long long seq;
	unsigned int spi, esn, count = 0;
	uint64_t reached;
	FILE *vectors = popen("/usr/bin/python3 tests/unit/host/esp_vectors.py 400 2", "r");

	assert_non_null(vectors);
	while (fgets(line, sizeof(line), vectors)) {
		struct espalier_sa_config config = { .src = ip_from_number(0xc0000201), .dst = ip_from_number(FIX_DST), .replay_window = 64 };
		uint32_t inner_len, outer_len;
		uint16_t sa;

		assert_int_equal(sscanf(line, "%x %64s %8s %u %llx %s %s", &spi, key, salt, &esn, &seq, inner_text, outer_text), 7);
		config.spi = spi;
		config.esn = esn;
		config.key_len = (uint8_t)unhex(key, config.key);
		unhex(salt, config.salt);
		inner_len = (uint32_t)unhex(inner_text, inner);
		outer_len = (uint32_t)unhex(outer_text, outer);
		config.seq = seq - 1;

		assert_int_equal(espalier_sa_add(f->dev, &config, &sa), 0);
		assert_int_equal(fixture_run(f, ESP_OPCODE_ENCAP, sa, inner, inner_len), ESP_STATUS_OK);
		assert_int_equal(f->op.out_len, outer_len);
		assert_int_equal(f->op.result_sa, sa);
		assert_memory_equal(f->dst.va, outer, outer_len);
		assert_int_equal(espalier_sa_query(f->dev, ESPALIER_OUTBOUND, sa, &reached), 0);
		assert_int_equal(reached, seq);
		reached = 0;
		assert_int_equal(espalier_sa_delete_last(f->dev, ESPALIER_OUTBOUND, sa, &reached), 0);
		assert_int_equal(reached, seq);

		config.direction = ESPALIER_INBOUND;
		assert_int_equal(espalier_sa_add(f->dev, &config, &sa), 0);
		assert_int_equal(fixture_run(f, ESP_OPCODE_DECAP, 0, outer, outer_len), ESP_STATUS_OK);
		assert_int_equal(f->op.out_len, inner_len);
		assert_int_equal(f->op.result_sa, sa);
		assert_memory_equal(f->dst.va, inner, inner_len);
		assert_int_equal(fixture_run(f, ESP_OPCODE_DECAP, 0, outer, outer_len), ESP_STATUS_REPLAY_DUPLICATE);
		assert_int_equal(espalier_sa_delete(f->dev, ESPALIER_INBOUND, sa), 0);
		assert_int_equal(fixture_run(f, ESP_OPCODE_DECAP, 0, outer, outer_len), ESP_STATUS_NO_SA);
		count++;
	}
	assert_int_equal(pclose(vectors), 0);
	assert_int_equal(count, 400);
}

/* draft-mcgrew-gcm-test-01, 4: an ESN packet with AES-128 and one with AES-192. Their next header is 1, so that in tunnel mode a packet
 * whose ICV is right ends in BAD_NEXT_HEADER; one changed bit ends in ICV_MISMATCH. */
static void test_mcgrew(void **state)
{
	static const struct {
		const char *key, *salt, *esp;
		bool esn;
		uint64_t last;
	} cases[] = {
		{ "4c80cdefbb5d10da906ac73c3613a634", "2e443b68",
		  "00004321000000004956ed7e3b244cfefecf537e729d5b07dc30df528dd22b768d1b98736696a6fd348509fa13ceac34cfa2436f14a3f3cf"
		  "65925bf1f4a13c5d15b21e1884f5ff6247aeabb786b93bce61bc17d768fd9732459018148f6cbe722fd04796562dfdb4",
		  true, 0x87654320ffffffff },
		{ "feffe9928665731c6d6a8f9467308308feffe9928665731c", "cafebabe",
		  "0000a5f80000000afacedbaddecaf888a5b1f8066029aea40e598b8122de02420938b3ab33f828e687b8858b5bfbdbd0315b27452144cc77"
		  "95457b9652037f5318027b5b4cd7a636",
		  false, 9 },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct espalier_sa_config config = { .direction = ESPALIER_INBOUND, .dst = ip_from_number(FIX_DST), .replay_window = 64 };
		uint8_t packet[256] = { 0x45 };
		uint32_t len = 20 + (uint32_t)unhex(cases[i].esp, packet + 20);
		uint16_t sa;

		packet[3] = (uint8_t)len;
		packet[9] = 50;
		packet[16] = 192;
		packet[18] = 2;
		packet[19] = 2;
		fixture_checksum(packet);
		config.key_len = (uint8_t)unhex(cases[i].key, config.key);
		unhex(cases[i].salt, config.salt);
		config.spi = (uint32_t)packet[20] << 24 | (uint32_t)packet[21] << 16 | (uint32_t)packet[22] << 8 | packet[23];
		config.esn = cases[i].esn;
		config.seq = cases[i].last;
		assert_int_equal(espalier_sa_add(f->dev, &config, &sa), 0);
		packet[len - 1] ^= 1;
		assert_int_equal(fixture_run(f, ESP_OPCODE_DECAP, 0, packet, len), ESP_STATUS_ICV_MISMATCH);
		packet[len - 1] ^= 1;
		assert_int_equal(fixture_run(f, ESP_OPCODE_DECAP, 0, packet, len), ESP_STATUS_BAD_NEXT_HEADER);
		assert_true(fixture_dst_untouched(f));
	}
}

static void test_descriptors(void **state)
{
	struct fixture *f = *state;
	uint64_t src = f->src.iova, dst = f->dst.iova;
	const struct {
		struct espalier_op op;
		uint8_t status;
	} cases[] = {
		{ { .src = src, .dst = dst, .src_len = 64, .dst_capacity = 200, .opcode = 0 }, ESP_STATUS_BAD_OPCODE },
		{ { .src = src, .dst = dst, .src_len = 64, .dst_capacity = 200, .opcode = 3 }, ESP_STATUS_BAD_OPCODE },
		{ { .src = src, .dst = dst, .src_len = 64, .dst_capacity = 200, .opcode = ESP_OPCODE_DECAP, .sa = 1 }, ESP_STATUS_BAD_OPCODE },
		{ { .src = 0, .dst = dst, .src_len = 64, .dst_capacity = 200, .opcode = ESP_OPCODE_ENCAP }, ESP_STATUS_BAD_ADDRESS },
		{ { .src = src, .dst = 0, .src_len = 64, .dst_capacity = 200, .opcode = ESP_OPCODE_ENCAP }, ESP_STATUS_BAD_ADDRESS },
		{ { .src = UINT64_MAX - 62, .dst = dst, .src_len = 64, .dst_capacity = 200, .opcode = ESP_OPCODE_DECAP }, ESP_STATUS_BAD_ADDRESS },
		{ { .src = UINT64_MAX - 63, .dst = dst, .src_len = 64, .dst_capacity = 200, .opcode = ESP_OPCODE_DECAP }, ESP_STATUS_DMA_UNSUPPORTED },
		{ { .src = src, .dst = dst + 32, .src_len = 64, .dst_capacity = 200, .opcode = ESP_OPCODE_DECAP }, ESP_STATUS_BAD_ALIGNMENT },
		{ { .src = src, .dst = dst, .src_len = 0, .dst_capacity = 200, .opcode = ESP_OPCODE_DECAP }, ESP_STATUS_BAD_LENGTH },
		{ { .src = src, .dst = dst, .src_len = 9685, .dst_capacity = 9999, .opcode = ESP_OPCODE_DECAP }, ESP_STATUS_BAD_LENGTH },
		{ { .src = src, .dst = dst, .src_len = 64, .dst_capacity = 63, .opcode = ESP_OPCODE_DECAP }, ESP_STATUS_BUFFER_TOO_SMALL },
		{ { .src = src, .dst = dst, .src_len = 64, .dst_capacity = 119, .opcode = ESP_OPCODE_ENCAP }, ESP_STATUS_BUFFER_TOO_SMALL },
		{ { .src = src, .dst = dst, .src_len = 64, .dst_capacity = 120, .opcode = ESP_OPCODE_ENCAP, .sa = 5 }, ESP_STATUS_NO_SA },
		{ { .src = src, .dst = dst, .src_len = 64, .dst_capacity = 120, .opcode = ESP_OPCODE_ENCAP, .sa = 4096 }, ESP_STATUS_NO_SA },
		{ { .src = src, .dst = dst, .src_len = 64, .dst_capacity = 64, .opcode = ESP_OPCODE_DECAP }, ESP_STATUS_OUTER_MALFORMED },
		{ { .src = src + f->src.size - 32, .dst = dst, .src_len = 64, .dst_capacity = 64, .opcode = ESP_OPCODE_DECAP }, ESP_STATUS_DMA_UNSUPPORTED },
	};
	struct espalier_stats stats;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct espalier_op op = cases[i].op, *p = &op;

		op.cookie = i;
		assert_int_equal(espalier_enqueue_burst(f->queue, &p, 1), 1);
		assert_int_equal(espalier_dequeue_burst(f->queue, &p, 1), 1);
		assert_int_equal(p->cookie, i);
		assert_int_equal(op.status, cases[i].status);
		assert_int_equal(op.out_len, 0);
		assert_int_equal(op.result_sa, ESPALIER_SA_NONE);
	}
	assert_int_equal(espalier_stats(f->dev, &stats), 0);
	assert_int_equal(stats.status[ESP_STATUS_BAD_OPCODE], 3);
	assert_int_equal(stats.status[ESP_STATUS_BAD_ADDRESS], 3);
}

static void test_encap_checks(void **state)
{
	struct fixture *f = *state;
	struct espalier_sa_config config = fixture_config(ESPALIER_OUTBOUND, 16);
	uint8_t packet[128];
	uint16_t sa;
	uint64_t seq;

	config.seq = UINT32_MAX - 1;
	assert_int_equal(espalier_sa_add(f->dev, &config, &sa), 0);
	fixture_inner(100, 0, packet);
	packet[0] = 0x65;
	assert_int_equal(fixture_run(f, ESP_OPCODE_ENCAP, sa, packet, 100), ESP_STATUS_INNER_MALFORMED);
	packet[0] = 0x44;
	assert_int_equal(fixture_run(f, ESP_OPCODE_ENCAP, sa, packet, 100), ESP_STATUS_INNER_MALFORMED);
	packet[0] = 0x45;
	assert_int_equal(fixture_run(f, ESP_OPCODE_ENCAP, sa, packet, 99), ESP_STATUS_INNER_MALFORMED);
	assert_int_equal(f->op.result_sa, sa);
	assert_true(fixture_dst_untouched(f));
	assert_int_equal(espalier_sa_query(f->dev, ESPALIER_OUTBOUND, sa, &seq), 0);
	assert_int_equal(seq, UINT32_MAX - 1); /* nothing was used up */
	assert_int_equal(fixture_run(f, ESP_OPCODE_ENCAP, sa, packet, 100), ESP_STATUS_OK);
	assert_int_equal(fixture_run(f, ESP_OPCODE_ENCAP, sa, packet, 100), ESP_STATUS_SEQ_EXHAUSTED);
	assert_true(fixture_dst_untouched(f));
	config.esn = true;
	config.seq = UINT64_MAX - 1;
	assert_int_equal(espalier_sa_add(f->dev, &config, &sa), 0);
	assert_int_equal(fixture_run(f, ESP_OPCODE_ENCAP, sa, packet, 100), ESP_STATUS_OK);
	assert_int_equal(fixture_run(f, ESP_OPCODE_ENCAP, sa, packet, 100), ESP_STATUS_SEQ_EXHAUSTED);
}

/* Faults of the outer packet, found before any key is used. */
static void test_decap_outer(void **state)
{
	struct fixture *f = *state;
	struct espalier_sa_config config = fixture_config(ESPALIER_INBOUND, 32);
	uint8_t body[256], good[512], packet[512];
	uint32_t len = fixture_seal(&config, 0, 1, body, fixture_inner(100, 0, body), good);
	const struct {
		int at;
		uint8_t value;
		bool fix;
		uint8_t status;
	} cases[] = {
		{ 0, 0x65, true, ESP_STATUS_OUTER_MALFORMED }, { 0, 0x46, true, ESP_STATUS_OUTER_MALFORMED },
		{ 3, 255, true, ESP_STATUS_OUTER_MALFORMED },  { 3, 19, true, ESP_STATUS_OUTER_MALFORMED },
		{ 8, 63, false, ESP_STATUS_OUTER_MALFORMED },  { 9, 17, true, ESP_STATUS_NOT_ESP },
		{ 6, 0x20, true, ESP_STATUS_FRAGMENT },	       { 7, 1, true, ESP_STATUS_FRAGMENT },
		{ 3, 55, true, ESP_STATUS_ESP_TRUNCATED },     { 3, 57, true, ESP_STATUS_ESP_TRUNCATED },
		{ 3, 56, true, ESP_STATUS_ICV_MISMATCH },      { 19, 3, true, ESP_STATUS_NO_SA },
		{ 23, 1, false, ESP_STATUS_NO_SA },	       { 6, 0x40, true, ESP_STATUS_OK },
	};
	uint16_t sa;

	assert_int_equal(espalier_sa_add(f->dev, &config, &sa), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memcpy(packet, good, len);
		packet[cases[i].at] = cases[i].value;
		if (cases[i].fix)
			fixture_checksum(packet);
		assert_int_equal(fixture_run(f, ESP_OPCODE_DECAP, 0, packet, len), cases[i].status);
		assert_int_equal(fixture_dst_untouched(f), cases[i].status != ESP_STATUS_OK);
	}
	for (uint32_t cut = 1; cut < len; cut++)
		assert_int_equal(fixture_run(f, ESP_OPCODE_DECAP, 0, good, cut), ESP_STATUS_OUTER_MALFORMED);
	memcpy(packet, good, len);
	len = fixture_seal(&config, 0, 2, body, fixture_inner(100, 0, body), packet);
	memset(packet + len, 0xee, 20); /* Ethernet padding behind the packet */
	assert_int_equal(fixture_run(f, ESP_OPCODE_DECAP, 0, packet, len + 20), ESP_STATUS_OK);
	assert_int_equal(f->op.out_len, 100);
}

/* Every bit of the protected part changed: no plaintext, and the good packet still passes. */
static void test_tampered(void **state)
{
	struct fixture *f = *state;
	struct espalier_sa_config config = fixture_config(ESPALIER_INBOUND, 24);
	uint8_t body[128], packet[256];
	uint32_t len = fixture_seal(&config, 0, 7, body, fixture_inner(61, 0, body), packet);
	uint16_t sa;

	assert_int_equal(espalier_sa_add(f->dev, &config, &sa), 0);
	for (uint32_t at = 24; at < len; at++) {
		packet[at] ^= 0x10;
		assert_int_equal(fixture_run(f, ESP_OPCODE_DECAP, 0, packet, len), ESP_STATUS_ICV_MISMATCH);
		assert_int_equal(f->op.result_sa, sa);
		assert_true(fixture_dst_untouched(f));
		packet[at] ^= 0x10;
	}
	assert_int_equal(fixture_run(f, ESP_OPCODE_DECAP, 0, packet, len), ESP_STATUS_OK);
}

static void test_decap_inner(void **state)
{
	struct fixture *f = *state;
	struct espalier_sa_config config = fixture_config(ESPALIER_INBOUND, 16);
	uint8_t body[600], packet[700];
	uint64_t seq = 1;
	uint32_t n;
	uint16_t sa;
	const struct {
		int at; /* negative: from the end */
		uint8_t value, status;
	} cases[] = {
		{ -2, 255, ESP_STATUS_BAD_PADDING },   { -2, 3, ESP_STATUS_BAD_PADDING }, { -3, 9, ESP_STATUS_BAD_PADDING },
		{ -1, 41, ESP_STATUS_BAD_NEXT_HEADER }, { -1, 59, ESP_STATUS_DUMMY },	   { 0, 0x65, ESP_STATUS_INNER_MALFORMED },
		{ 0, 0x44, ESP_STATUS_INNER_MALFORMED }, { 3, 102, ESP_STATUS_INNER_MALFORMED }, { 3, 19, ESP_STATUS_INNER_MALFORMED },
		{ 3, 101, ESP_STATUS_OK },
	};

	assert_int_equal(espalier_sa_add(f->dev, &config, &sa), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		n = fixture_inner(101, 0, body); /* one byte of padding */
		body[cases[i].at < 0 ? (int)n + cases[i].at : cases[i].at] = cases[i].value;
		n = fixture_seal(&config, 0, seq++, body, n, packet);
		assert_int_equal(fixture_run(f, ESP_OPCODE_DECAP, 0, packet, n), cases[i].status);
		assert_int_equal(fixture_dst_untouched(f), cases[i].status != ESP_STATUS_OK);
		/* the ICV was right, so the number is used */
		assert_int_equal(fixture_run(f, ESP_OPCODE_DECAP, 0, packet, n), ESP_STATUS_REPLAY_DUPLICATE);
	}
	/* traffic flow padding behind the inner packet (RFC 4303, 2.7) and 255 bytes of ESP padding */
	fixture_inner(60, 0, body);
	memset(body + 60, 0, 43);
	for (int i = 0; i < 255; i++)
		body[103 + i] = (uint8_t)(i + 1);
	body[358] = 255;
	body[359] = 4;
	n = fixture_seal(&config, 0, seq++, body, 360, packet);
	assert_int_equal(fixture_run(f, ESP_OPCODE_DECAP, 0, packet, n), ESP_STATUS_OK);
	assert_int_equal(f->op.out_len, 60);
	assert_memory_equal(f->dst.va, body, 60);
}

/* RFC 6040, 4.2 */
static void test_ecn(void **state)
{
	struct fixture *f = *state;
	struct espalier_sa_config config = fixture_config(ESPALIER_INBOUND, 16);
	uint8_t body[128], packet[256], sum[2];
	uint64_t seq = 1;
	uint16_t sa;

	assert_int_equal(espalier_sa_add(f->dev, &config, &sa), 0);
	for (uint8_t outer = 0; outer < 4; outer++) {
		for (uint8_t inner = 0; inner < 4; inner++) {
			uint32_t n = fixture_inner(80, (uint8_t)(0xb8 | inner), body);
			const uint8_t *out = f->dst.va;

			n = fixture_seal(&config, outer, seq++, body, n, packet);
			if (outer == 3 && inner == 0) {
				assert_int_equal(fixture_run(f, ESP_OPCODE_DECAP, 0, packet, n), ESP_STATUS_ECN_INVALID);
				assert_true(fixture_dst_untouched(f));
				continue;
			}
			assert_int_equal(fixture_run(f, ESP_OPCODE_DECAP, 0, packet, n), ESP_STATUS_OK);
			assert_int_equal(out[1], 0xb8 | (outer == 3 ? 3 : inner));
			memcpy(sum, out + 10, 2);
			fixture_checksum(f->dst.va);
			assert_memory_equal(sum, out + 10, 2);
			assert_memory_equal(out + 20, body + 20, 60);
		}
	}
}

static void test_sa_table(void **state)
{
	struct fixture *f = *state;
	struct espalier_sa_config config = fixture_config(ESPALIER_INBOUND, 16);
	uint16_t sa, first;
	uint64_t seq;

	config.key_len = 17;
	assert_int_equal(espalier_sa_add(f->dev, &config, &sa), -EINVAL);
	assert_non_null(strstr(espalier_error(f->dev), "16, 24 or 32"));
	config.key_len = 16;
	config.replay_window = 4097;
	assert_int_equal(espalier_sa_add(f->dev, &config, &sa), -EINVAL);
	config.replay_window = 4096;
	config.seq = 1ull << 32;
	assert_int_equal(espalier_sa_add(f->dev, &config, &sa), -EINVAL);
	config.seq = 5;
	assert_int_equal(espalier_sa_add(f->dev, &config, &first), 0);
	assert_int_equal(espalier_sa_add(f->dev, &config, &sa), -EEXIST);
	for (uint32_t i = 1; i < 4096; i++) {
		config.spi = FIX_SPI + i;
		assert_int_equal(espalier_sa_add(f->dev, &config, &sa), 0);
	}
	config.spi = 0x100;
	assert_int_equal(espalier_sa_add(f->dev, &config, &sa), -ENOSPC);
	assert_int_equal(espalier_sa_delete(f->dev, ESPALIER_OUTBOUND, first), -ENOENT);
	assert_int_equal(espalier_sa_query(f->dev, ESPALIER_INBOUND, first, &seq), 0);
	assert_int_equal(seq, 5);
	assert_int_equal(espalier_sa_delete(f->dev, ESPALIER_INBOUND, first), 0);
	assert_int_equal(espalier_sa_query(f->dev, ESPALIER_INBOUND, first, &seq), -ENOENT);
	assert_int_equal(espalier_sa_add(f->dev, &config, &sa), 0);
	assert_int_equal(sa, first);
}

static void test_queue(void **state)
{
	struct fixture *f = *state;
	struct espalier_op ops[20] = { 0 }, *p[20], *back[20];

	for (int i = 0; i < 20; i++)
		p[i] = &ops[i];
	assert_int_equal(espalier_enqueue_burst(f->queue, p, 20), 16);
	assert_int_equal(espalier_queue_in_flight(f->queue), 16);
	assert_int_equal(espalier_dequeue_burst(f->queue, back, 5), 5);
	assert_int_equal(espalier_enqueue_burst(f->queue, p + 16, 4), 4);
	assert_int_equal(espalier_dequeue_burst(f->queue, back + 5, 20), 15);
	assert_memory_equal(p, back, sizeof(p));
	assert_int_equal(espalier_dequeue_burst(f->queue, back, 20), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_scapy, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_mcgrew, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_descriptors, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_encap_checks, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_decap_outer, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_tampered, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_decap_inner, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_ecn, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_sa_table, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_queue, fixture_open, fixture_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
