/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Anti-replay of the software reference through whole packets, against a model that keeps the set of accepted numbers: RFC 4303, 3.4.3
 * and appendix A2, with the edges of A2.1's two cases.
 */
#include <stdlib.h>
#include <string.h>

#include "soft_fixture.h"

static uint8_t receive(struct fixture *f, const struct espalier_sa_config *config, uint64_t seq)
{
	uint8_t body[128], packet[256];
	uint32_t len = fixture_seal(config, 0, seq, body, fixture_inner(40, 0, body), packet);

	return fixture_run(f, ESP_OPCODE_DECAP, 0, packet, len);
}

static uint16_t add(struct fixture *f, struct espalier_sa_config *config)
{
	uint16_t sa;

	assert_int_equal(espalier_sa_add(f->dev, config, &sa), 0);
	return sa;
}

static void test_window(void **state)
{
	struct fixture *f = *state;
	struct espalier_sa_config config = fixture_config(ESPALIER_INBOUND, 16);

	add(f, &config);
	assert_int_equal(receive(f, &config, 0), ESP_STATUS_REPLAY_OLD);
	assert_int_equal(receive(f, &config, 100), ESP_STATUS_OK);
	assert_int_equal(receive(f, &config, 100), ESP_STATUS_REPLAY_DUPLICATE);
	assert_int_equal(receive(f, &config, 36), ESP_STATUS_REPLAY_OLD);
	assert_int_equal(receive(f, &config, 37), ESP_STATUS_OK);
	assert_int_equal(receive(f, &config, 37), ESP_STATUS_REPLAY_DUPLICATE);
	assert_int_equal(receive(f, &config, 101), ESP_STATUS_OK);
	assert_int_equal(receive(f, &config, 37), ESP_STATUS_REPLAY_OLD);
	assert_int_equal(receive(f, &config, 38), ESP_STATUS_OK);
	assert_int_equal(receive(f, &config, 0xffffffff), ESP_STATUS_OK);
	assert_int_equal(receive(f, &config, 102), ESP_STATUS_REPLAY_OLD);
	assert_int_equal(receive(f, &config, 0xfffffffe), ESP_STATUS_OK);
}

/* All numbers up to the starting one count as seen; with 0 nothing was received yet. */
static void test_start(void **state)
{
	struct fixture *f = *state;
	struct espalier_sa_config config = fixture_config(ESPALIER_INBOUND, 16);
	uint16_t sa;
	uint64_t top;

	config.seq = 50;
	sa = add(f, &config);
	assert_int_equal(receive(f, &config, 50), ESP_STATUS_REPLAY_DUPLICATE);
	assert_int_equal(receive(f, &config, 1), ESP_STATUS_REPLAY_DUPLICATE);
	assert_int_equal(receive(f, &config, 52), ESP_STATUS_OK);
	assert_int_equal(receive(f, &config, 51), ESP_STATUS_OK);
	assert_int_equal(espalier_sa_query(f->dev, ESPALIER_INBOUND, sa, &top), 0);
	assert_int_equal(top, 52);
}

/* A bad ICV moves nothing. */
static void test_icv_first(void **state)
{
	struct fixture *f = *state;
	struct espalier_sa_config config = fixture_config(ESPALIER_INBOUND, 16);
	uint8_t body[128], packet[256];
	uint32_t len = fixture_seal(&config, 0, 1000, body, fixture_inner(40, 0, body), packet);
	uint16_t sa = add(f, &config);
	uint64_t top;

	packet[len - 1] ^= 1;
	assert_int_equal(fixture_run(f, ESP_OPCODE_DECAP, 0, packet, len), ESP_STATUS_ICV_MISMATCH);
	assert_int_equal(espalier_sa_query(f->dev, ESPALIER_INBOUND, sa, &top), 0);
	assert_int_equal(top, 0);
	assert_int_equal(receive(f, &config, 1), ESP_STATUS_OK);
}

static void test_no_window(void **state)
{
	struct fixture *f = *state;
	struct espalier_sa_config config = fixture_config(ESPALIER_INBOUND, 16);

	config.replay_window = 0;
	add(f, &config);
	assert_int_equal(receive(f, &config, 7), ESP_STATUS_OK);
	assert_int_equal(receive(f, &config, 7), ESP_STATUS_OK);
	assert_int_equal(receive(f, &config, 1), ESP_STATUS_OK);
}

/* RFC 4303, A2.1, cases A and B at 2^32, and the number before the first. */
static void test_esn_edges(void **state)
{
	struct fixture *f = *state;
	struct espalier_sa_config config = fixture_config(ESPALIER_INBOUND, 32);

	config.esn = true;
	add(f, &config);
	assert_int_equal(receive(f, &config, 0xffffffffull), ESP_STATUS_REPLAY_OLD); /* taken for one before 0 */
	assert_int_equal(receive(f, &config, 0xf0000000ull), ESP_STATUS_OK);
	assert_int_equal(receive(f, &config, 0xfffffff0ull), ESP_STATUS_OK);
	assert_int_equal(receive(f, &config, 0x100000000ull), ESP_STATUS_OK); /* case A: below the window is the next block */
	assert_int_equal(receive(f, &config, 0xffffffffull), ESP_STATUS_OK);  /* case B: above the bottom is the block before */
	assert_int_equal(receive(f, &config, 0xfffffff0ull), ESP_STATUS_REPLAY_DUPLICATE);
	assert_int_equal(receive(f, &config, 0x100000040ull), ESP_STATUS_OK);
	assert_int_equal(receive(f, &config, 0x100000001ull), ESP_STATUS_OK); /* window's bottom, case A again */
	assert_int_equal(receive(f, &config, 0x200000000ull), ESP_STATUS_OK);
	/* too old for the window: its low half means a number in the next block, whose ICV does not fit */
	assert_int_equal(receive(f, &config, 0x100000041ull), ESP_STATUS_ICV_MISMATCH);
	assert_int_equal(receive(f, &config, 0x300000000ull), ESP_STATUS_REPLAY_DUPLICATE);
}

/* Random walks beside the model; numbers never stray so far that the inference may go wrong. */
static void walk(struct fixture *f, uint32_t window, bool esn, uint64_t start, unsigned int seed)
{
	struct espalier_sa_config config = fixture_config(ESPALIER_INBOUND, 16);
	uint64_t top = start, seen[4096];
	unsigned int count = 0;
	uint16_t sa;

	config.replay_window = (uint16_t)window;
	config.esn = esn;
	config.seq = start;
	sa = add(f, &config);
	srandom(seed);
	for (int i = 0; i < 600; i++) {
		int64_t step = random() % 8 ? random() % (2 * (int)window) - (int)window : random() % 1000;
		uint64_t seq = top + (uint64_t)step, limit = esn ? UINT64_MAX : UINT32_MAX;
		uint8_t want = ESP_STATUS_OK, got;

		if (seq == 0 || seq > limit || (step < 0 && (uint64_t)-step >= top) || (esn && step <= -(int64_t)window))
			continue;
		if (seq <= top && top - seq >= window)
			want = ESP_STATUS_REPLAY_OLD;
		else if (seq <= start)
			want = ESP_STATUS_REPLAY_DUPLICATE;
		for (unsigned int j = 0; !want && j < count; j++)
			if (seen[j] == seq)
				want = ESP_STATUS_REPLAY_DUPLICATE;
		got = receive(f, &config, seq);
		assert_int_equal(got, want);
		if (!want) {
			seen[count++] = seq;
			top = seq > top ? seq : top;
		}
	}
	assert_true(count > 40);
	assert_int_equal(espalier_sa_delete(f->dev, ESPALIER_INBOUND, sa), 0);
}

static void test_walks(void **state)
{
	static const uint32_t windows[] = { 1, 2, 31, 32, 63, 64, 65, 127, 128 };
	static const uint64_t starts[] = { 0, 1, 127, 128, 5000 };
	struct fixture *f = *state;

	for (size_t w = 0; w < sizeof(windows) / sizeof(windows[0]); w++) {
		for (size_t s = 0; s < sizeof(starts) / sizeof(starts[0]); s++) {
			walk(f, windows[w], false, starts[s], (unsigned int)(w * 16 + s));
			walk(f, windows[w], true, starts[s] + 0x1fffff000ull, (unsigned int)(w * 16 + s));
			walk(f, windows[w], true, starts[s] + 0xffffff00ull, (unsigned int)(w * 16 + s));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_window, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_start, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_icv_first, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_no_window, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_esn_edges, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_walks, fixture_open, fixture_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
