/* SPDX-License-Identifier: Apache-2.0 */
/* The device driver against a mock card: bring-up, SAs, rings, and every way in which a card can fail under it. */
#include "mock_card.h"
#include "now.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define OPS 64

struct bench {
	struct mock_card *mock;
	struct card *card;
	struct espalier_dev *dev;
	struct espalier_queue *queue;
	struct espalier_op op[OPS], *in[OPS], *out[OPS];
};

static char error[ESPALIER_ERROR_LEN];

static int attach(struct mock_card *mock, struct card **card)
{
	mock->base.timeout_ms = 50;
	return card_attach(&mock->base, 50, card, error);
}

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	b->mock = mock_new();
	assert_int_equal(attach(b->mock, &b->card), 0);
	b->dev = &b->card->base;
	for (int i = 0; i < OPS; i++) {
		b->op[i] = (struct espalier_op){ .src = 0x1000, .dst = 0x2000, .src_len = (uint16_t)(100 + i), .dst_capacity = 1000, .opcode = 1 };
		b->in[i] = &b->op[i];
	}
	*state = b;
	return 0;
}

static int setup_queue(void **state)
{
	struct bench *b;

	setup(state);
	b = *state;
	assert_int_equal(espalier_queue_create(b->dev, 10, &b->queue), 0); /* becomes 16 */
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;

	espalier_close(b->dev);
	free(b);
	return 0;
}

static void test_bring_up(void **state)
{
	struct bench *b = *state;
	struct espalier_info info;
	struct espalier_stats stats;

	assert_int_equal(b->mock->config[4], 0x06); /* memory space, bus master */
	assert_int_equal(b->mock->resets, 1);
	assert_int_equal(espalier_info(b->dev, &info), 0);
	assert_int_equal(info.lanes, 4);
	assert_int_equal(info.queues, 2);
	assert_int_equal(info.sa_capacity, 8);
	assert_int_equal(info.max_packet, 9600);
	assert_int_equal(info.max_window, 128);
	assert_int_equal(info.link_speed, 3);
	assert_int_equal(info.link_width, 16);
	b->mock->regs[ESP_REG_CYCLES_LO / 4] = 5;
	b->mock->regs[ESP_REG_CYCLES_HI / 4] = 1;
	b->mock->regs[(ESP_REG_STATUS_COUNT_LO + 6 * 8) / 4] = 77;
	assert_int_equal(espalier_stats(b->dev, &stats), 0);
	assert_int_equal(stats.cycles, 0x100000005);
	assert_int_equal(stats.status[6], 77);
}

static void test_bring_up_fails(void **state)
{
	struct card *card;
	struct mock_card *mock;

	(void)state;
	mock = mock_new();
	mock->config[2] = 0;
	assert_int_equal(attach(mock, &card), -ENXIO);
	mock = mock_new();
	mock->regs[ESP_REG_ID / 4] = 1;
	assert_int_equal(attach(mock, &card), -ENXIO);
	mock = mock_new();
	mock->regs[ESP_REG_VERSION / 4] = 2;
	assert_int_equal(attach(mock, &card), -ENXIO);
	assert_non_null(strstr(error, "version 2"));
	mock = mock_new();
	mock->regs[ESP_REG_SA_CAPACITY / 4] = 0;
	assert_int_equal(attach(mock, &card), -ENXIO);
	mock = mock_new();
	mock->regs[ESP_REG_STATUS / 4] = 0;
	assert_int_equal(attach(mock, &card), -ETIMEDOUT);
	assert_non_null(strstr(error, "ready"));
	mock = mock_new();
	mock->dead = true;
	assert_int_equal(attach(mock, &card), -ENODEV);
	mock = mock_new();
	mock->all_ones = true;
	assert_int_equal(attach(mock, &card), -ENODEV);
	mock = mock_new();
	mock->config[0x41] = 0x40; /* a capability list that is a circle */
	assert_int_equal(attach(mock, &card), 0);
	espalier_close(&card->base);
}

/* A card that cannot be reset is emptied by hand. */
static void test_leftovers(void **state)
{
	struct mock_card *mock = mock_new();
	struct card *card;

	(void)state;
	mock->cannot_reset = true;
	mock->sa[0][3] = mock->sa[1][7] = true;
	mock->regs[ESP_REG_SA_OUT_COUNT / 4] = 1;
	assert_int_equal(attach(mock, &card), 0);
	assert_int_equal(mock->deletes, 2);
	espalier_close(&card->base);
}

static void test_sa(void **state)
{
	struct bench *b = *state;
	struct espalier_sa_config config = {
		.spi = 0x1000, .src = ip_from_number(1), .dst = ip_from_number(2), .key_len = 32, .esn = true, .replay_window = 64, .seq = 0x500000006,
	};
	uint16_t sa, index[MOCK_SA_CAPACITY];
	uint64_t seq;

	for (uint8_t i = 0; i < 32; i++)
		config.key[i] = i;
	for (unsigned int i = 0; i < MOCK_SA_CAPACITY; i++) {
		assert_int_equal(espalier_sa_add(b->dev, &config, &index[i]), 0);
		assert_int_equal(index[i], i);
	}
	assert_int_equal(b->mock->last_key[0], 0x03020100);
	assert_int_equal(b->mock->last_key[7], 0x1f1e1d1c);
	assert_int_equal(b->mock->staged_options, 1 << 1 | 2 << 2 | 64 << 8 | 64 << 16);
	assert_int_equal(espalier_sa_add(b->dev, &config, &sa), -ENOSPC);
	assert_int_equal(espalier_sa_query(b->dev, ESPALIER_OUTBOUND, 5, &seq), 0);
	assert_int_equal(seq, 0x500000006);
	b->mock->sa_seq[ESPALIER_OUTBOUND][5]++;
	seq = 0;
	assert_int_equal(espalier_sa_delete_last(b->dev, ESPALIER_OUTBOUND, 5, &seq), 0);
	assert_int_equal(seq, 0x500000007);
	assert_int_equal(espalier_sa_delete(b->dev, ESPALIER_OUTBOUND, 5), -ENOENT);
	assert_int_equal(espalier_sa_delete_last(b->dev, ESPALIER_OUTBOUND, 5, &seq), -ENOENT);
	assert_int_equal(espalier_sa_query(b->dev, ESPALIER_OUTBOUND, 5, &seq), -ENOENT);
	assert_int_equal(espalier_sa_delete(b->dev, ESPALIER_INBOUND, 1), -ENOENT);
	assert_int_equal(espalier_sa_delete(b->dev, ESPALIER_OUTBOUND, 0xffff), -ENOENT);
	assert_int_equal(espalier_sa_add(b->dev, &config, &sa), 0);
	assert_int_equal(sa, 5);
	config.direction = ESPALIER_INBOUND;
	b->mock->sa_result = ESP_SA_RESULT_EXISTS;
	assert_int_equal(espalier_sa_add(b->dev, &config, &sa), -EEXIST);
	b->mock->sa_result = ESP_SA_RESULT_NO_SPACE;
	assert_int_equal(espalier_sa_add(b->dev, &config, &sa), -ENOSPC);
	b->mock->sa_result = ESP_SA_RESULT_INVALID;
	assert_int_equal(espalier_sa_add(b->dev, &config, &sa), -EINVAL);
	assert_int_equal(sa, ESPALIER_SA_NONE);
	b->mock->sa_result = 0;
	config.replay_window = 129;
	assert_int_equal(espalier_sa_add(b->dev, &config, &sa), -EINVAL);
	config.replay_window = 64;
	config.spi = 255;
	assert_int_equal(espalier_sa_add(b->dev, &config, &sa), -EINVAL);

	/* What the card has stored of an SA is damaged: it has no number to go on from, but it can be removed. */
	b->mock->sa_result = ESP_SA_RESULT_FAULT;
	assert_int_equal(espalier_sa_query(b->dev, ESPALIER_OUTBOUND, 6, &seq), -EBADMSG);
	assert_int_equal(espalier_sa_delete_last(b->dev, ESPALIER_OUTBOUND, 6, &seq), -EBADMSG);
	assert_int_equal(espalier_sa_delete(b->dev, ESPALIER_OUTBOUND, 6), -ENOENT);
	assert_int_equal(espalier_sa_delete(b->dev, ESPALIER_OUTBOUND, 7), 0);
	b->mock->sa_result = 0;
}

/* A command that does not end is a lost card, and the staged key is overwritten. */
static void test_sa_hangs(void **state)
{
	struct bench *b = *state;
	struct espalier_sa_config config = {
		.spi = 0x100, .src = ip_from_number(1), .dst = ip_from_number(2), .key_len = 16, .key = { 1, 2, 3, 4 }, .salt = { 9 },
	};
	uint16_t sa;

	b->mock->sa_hangs = true;
	assert_int_equal(espalier_sa_add(b->dev, &config, &sa), -ENODEV);
	assert_non_null(strstr(espalier_error(b->dev), "SA command"));
	for (int i = 0; i < 9; i++)
		assert_int_equal(b->mock->regs[ESP_REG_SA_KEY / 4 + i], 0);
	b->mock->sa_hangs = false;
	assert_int_equal(espalier_sa_add(b->dev, &config, &sa), -ENODEV); /* and stays so */
	assert_non_null(strstr(espalier_error(b->dev), "SA command"));
}

/* Results that there are not, and sequence numbers that fall or do not fit, are a lost card. */
static void test_sa_nonsense(void **state)
{
	static const struct {
		uint32_t result;
		bool esn;
		uint64_t says;
	} cases[] = { { 6, true, 100 }, { 255, true, 100 }, { 0, true, 99 }, { 0, false, 0x100000000 }, { 0, true, 0 } };
	struct espalier_sa_config config = { .spi = 0x1000, .src = ip_from_number(1), .dst = ip_from_number(2), .key_len = 16, .seq = 90 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mock_card *mock = mock_new();
		struct card *card;
		uint64_t seq;
		uint16_t sa;

		config.esn = cases[i].esn;
		assert_int_equal(attach(mock, &card), 0);
		assert_int_equal(espalier_sa_add(&card->base, &config, &sa), 0);
		mock->sa_seq[0][sa] = 100;
		assert_int_equal(espalier_sa_query(&card->base, ESPALIER_OUTBOUND, sa, &seq), 0);
		assert_int_equal(seq, 100);
		mock->sa_seq[0][sa] = cases[i].says;
		mock->sa_result = cases[i].result;
		assert_int_equal(espalier_sa_query(&card->base, ESPALIER_OUTBOUND, sa, &seq), -ENODEV);
		assert_int_equal(seq, 0);
		assert_int_equal(espalier_sa_delete(&card->base, ESPALIER_OUTBOUND, sa), -ENODEV);
		espalier_close(&card->base);
	}
}

static void test_burst(void **state)
{
	struct bench *b = *state;

	assert_int_equal(espalier_enqueue_burst(b->queue, b->in, 20), 16);
	assert_int_equal(b->mock->doorbells, 1);
	assert_int_equal(espalier_enqueue_burst(b->queue, b->in, 1), 0);
	assert_int_equal(espalier_dequeue_burst(b->queue, b->out, OPS), 16);
	for (int i = 0; i < 16; i++) {
		assert_ptr_equal(b->out[i], b->in[i]);
		assert_int_equal(b->out[i]->status, ESP_STATUS_OK);
		assert_int_equal(b->out[i]->out_len, mock_out_len(ESP_OPCODE_ENCAP, (uint16_t)(100 + i)));
	}
	assert_int_equal(espalier_dequeue_burst(b->queue, b->out, OPS), 0);
	assert_int_equal(espalier_queue_in_flight(b->queue), 0);
}

/* Through many wraps of both rings and of the 16-bit indices, in odd pieces; the mock checks that the completion ring has room. */
static void test_wraps(void **state)
{
	struct bench *b = *state;
	unsigned int sent = 0, got = 0;

	b->mock->hold = true;
	srandom(1);
	while (got < 200000) {
		unsigned int want = (unsigned int)random() % 17;
		int n = espalier_enqueue_burst(b->queue, b->in, want);

		assert_true(n >= 0);
		sent += (unsigned int)n;
		mock_process(b->mock, 0, (unsigned int)random() % 17);
		n = espalier_dequeue_burst(b->queue, b->out, 1 + (unsigned int)random() % 16);
		assert_true(n >= 0);
		got += (unsigned int)n;
		assert_int_equal(espalier_queue_in_flight(b->queue), sent - got);
	}
	assert_true(b->mock->cq_writes < got / 4);
}

/* The two directions pass each other. */
static void test_out_of_order(void **state)
{
	struct bench *b = *state;
	uint64_t seen = 0;

	for (int i = 0; i < 16; i++)
		b->op[i].opcode = i & 1 ? ESP_OPCODE_DECAP : ESP_OPCODE_ENCAP;
	b->mock->swap_pairs = true;
	assert_int_equal(espalier_enqueue_burst(b->queue, b->in, 16), 16);
	assert_int_equal(espalier_dequeue_burst(b->queue, b->out, 16), 16);
	for (int i = 0; i < 16; i++) {
		assert_ptr_equal(b->out[i], b->in[i ^ 1]);
		assert_int_equal(b->out[i]->out_len, mock_out_len(b->out[i]->opcode, b->out[i]->src_len));
		seen |= 1ull << (b->out[i] - b->op);
	}
	assert_int_equal(seen, 0xffff);
}

/* One operation stays behind: those of the other direction pass it until a whole depth of them has, and not before. */
static void test_left_behind(void **state)
{
	struct bench *b = *state;
	unsigned int passed = 0;
	int n;

	b->op[0].opcode = ESP_OPCODE_DECAP;
	b->mock->keep_next = true;
	assert_int_equal(espalier_enqueue_burst(b->queue, b->in, 1), 1);
	do {
		n = espalier_enqueue_burst(b->queue, b->in + 1, OPS - 1);
		passed += (unsigned int)n;
		assert_int_equal(espalier_dequeue_burst(b->queue, b->out, OPS), n);
	} while (n);
	assert_true(passed >= 16);
	assert_int_equal(espalier_queue_in_flight(b->queue), 1);
	mock_complete_kept(b->mock, 0);
	assert_int_equal(espalier_dequeue_burst(b->queue, b->out, OPS), 1);
	assert_ptr_equal(b->out[0], b->in[0]);
	assert_int_equal(espalier_enqueue_burst(b->queue, b->in, 20), 16);
	assert_int_equal(espalier_dequeue_burst(b->queue, b->out, OPS), 16);
}

static void test_queues(void **state)
{
	struct bench *b = *state;
	struct espalier_queue *second, *third;

	assert_int_equal(espalier_queue_create(b->dev, 1, &second), 0);
	assert_int_equal(espalier_queue_create(b->dev, 1, &third), -ENOSPC);
	assert_int_equal(espalier_enqueue_burst(second, b->in, 3), 3);
	assert_int_equal(espalier_dequeue_burst(b->queue, b->out, 3), 0);
	assert_int_equal(espalier_dequeue_burst(second, b->out, 3), 3);
	espalier_queue_destroy(second);
	b->mock->refuse_enable = true;
	assert_int_equal(espalier_queue_create(b->dev, 1, &third), -EIO);
	assert_non_null(strstr(espalier_error(b->dev), "bad_address"));
	b->mock->refuse_enable = false;
	assert_int_equal(espalier_queue_create(b->dev, 32768, &third), 0);
}

static void test_interrupt(void **state)
{
	struct bench *b = *state;
	struct pollfd p = { .fd = espalier_queue_fd(b->queue), .events = POLLIN };

	b->mock->hold = true;
	assert_int_equal(espalier_enqueue_burst(b->queue, b->in, 2), 2);
	assert_int_equal(espalier_queue_arm(b->queue), 0);
	assert_int_equal(poll(&p, 1, 0), 0);
	assert_int_equal(espalier_queue_wait(b->queue, 20), -ETIMEDOUT);
	mock_process(b->mock, 0, 1);
	assert_int_equal(poll(&p, 1, 0), 1);
	assert_int_equal(espalier_queue_wait(b->queue, -1), 0);
	assert_int_equal(espalier_dequeue_burst(b->queue, b->out, 5), 1);
	mock_process(b->mock, 0, 1);
	assert_int_equal(espalier_queue_arm(b->queue), 0); /* there already: at once */
	assert_int_equal(poll(&p, 1, 0), 1);
}

static void test_moderation(void **state)
{
	struct bench *b = *state;

	assert_int_equal(espalier_queue_moderate(b->queue, 16, 50), 0);
	assert_int_equal(b->mock->regs[ESP_REG_QUEUE_MODERATION / 4], 16 | 195 << 16); /* 12500 cycles, units of 64 */
	assert_int_equal(espalier_queue_moderate(b->queue, 2, 0), 0);
	assert_int_equal(b->mock->regs[ESP_REG_QUEUE_MODERATION / 4], 2);
	assert_int_equal(espalier_queue_moderate(b->queue, 256, 1), -EINVAL);
	assert_int_equal(espalier_queue_moderate(b->queue, 1, 16001), -EINVAL);
	assert_non_null(strstr(espalier_error(b->dev), "microseconds"));
}

/* What happens to operations in flight when the card goes away: each comes back once, then the calls fail. */
static void check_lost(struct bench *b, unsigned int done, int code, uint8_t status)
{
	unsigned int ok = 0, lost = 0;
	const struct espalier_op *before = b->op - 1;
	int n;

	while ((n = espalier_dequeue_burst(b->queue, b->out, 3)) >= 0) {
		for (int i = 0; i < n; i++) {
			ok += b->out[i]->status == ESP_STATUS_OK;
			lost += b->out[i]->status == status;
			assert_true(b->out[i] > before); /* in order */
			before = b->out[i];
			b->out[i]->status = 0x77;
		}
		if (!n)
			espalier_queue_wait(b->queue, 20);
	}
	assert_int_equal(n, code);
	assert_int_equal(ok, done);
	assert_int_equal(lost, 10 - done);
	assert_int_equal(espalier_queue_in_flight(b->queue), 0);
	assert_int_equal(espalier_enqueue_burst(b->queue, b->in, 1), code);
	assert_int_equal(espalier_queue_wait(b->queue, 20), code);
}

static void test_lost(void **state)
{
	struct bench *b = *state;
	struct espalier_mem mem;
	struct espalier_info info;
	uint16_t sa;
	struct espalier_sa_config config = { .spi = 0x100, .src = ip_from_number(1), .dst = ip_from_number(2), .key_len = 16 };

	assert_int_equal(espalier_enqueue_burst(b->queue, b->in, 7), 7); /* afterwards slots are given out in another order */
	assert_int_equal(espalier_dequeue_burst(b->queue, b->out, 7), 7);
	b->mock->hold = true;
	assert_int_equal(espalier_enqueue_burst(b->queue, b->in, 10), 10);
	mock_process(b->mock, 0, 4);
	b->mock->dead = true;
	check_lost(b, 4, -ENODEV, ESPALIER_STATUS_DEVICE_LOST);
	assert_int_equal(espalier_sa_add(b->dev, &config, &sa), -ENODEV);
	assert_int_equal(espalier_dma_alloc(b->dev, 1, &mem), -ENODEV);
	assert_int_equal(espalier_info(b->dev, &info), 0);
}

static void test_fell_off_the_bus(void **state)
{
	struct bench *b = *state;

	b->mock->hold = true;
	assert_int_equal(espalier_enqueue_burst(b->queue, b->in, 10), 10);
	mock_process(b->mock, 0, 2);
	b->mock->all_ones = true;
	check_lost(b, 2, -ENODEV, ESPALIER_STATUS_DEVICE_LOST);
}

static void test_lost_at_the_doorbell(void **state)
{
	struct bench *b = *state;

	b->mock->dead = true;
	assert_int_equal(espalier_enqueue_burst(b->queue, b->in, 10), 10); /* taken, so they come back */
	check_lost(b, 0, -ENODEV, ESPALIER_STATUS_DEVICE_LOST);
}

static void test_queue_stops(void **state)
{
	struct bench *b = *state;

	b->mock->hold = true;
	assert_int_equal(espalier_enqueue_burst(b->queue, b->in, 10), 10);
	mock_process(b->mock, 0, 7);
	mock_queue_error(b->mock, 0, ESP_STATUS_DMA_ABORTED);
	check_lost(b, 7, -EIO, ESP_STATUS_DMA_ABORTED);
	assert_non_null(strstr(espalier_error(b->dev), "dma_aborted"));
	espalier_queue_destroy(b->queue);
	b->mock->hold = false;
	assert_int_equal(espalier_queue_create(b->dev, 16, &b->queue), 0); /* the card itself is well */
	assert_int_equal(espalier_enqueue_burst(b->queue, b->in, 10), 10);
	assert_int_equal(espalier_dequeue_burst(b->queue, b->out, 10), 10);
}

/* A queue that stopped for no reason that there is: what it had does not come back as done. */
static void test_queue_stops_with_nonsense(void **state)
{
	static const uint8_t says[] = { ESP_STATUS_OK, 99, 0xff };

	(void)state;
	for (size_t i = 0; i < sizeof(says); i++) {
		struct bench *b;

		setup_queue((void **)&b);
		b->mock->hold = true;
		assert_int_equal(espalier_enqueue_burst(b->queue, b->in, 10), 10);
		mock_process(b->mock, 0, 7);
		mock_queue_error(b->mock, 0, says[i]);
		check_lost(b, 7, -EIO, ESPALIER_STATUS_DEVICE_LOST);
		teardown((void **)&b);
	}
}

/* Found by polling alone, without a wait. */
static void test_polling_notices(void **state)
{
	struct bench *b = *state;
	int n = 0;

	b->mock->hold = true;
	assert_int_equal(espalier_enqueue_burst(b->queue, b->in, 10), 10);
	b->mock->dead = true;
	for (int i = 0; i < 10000 && n == 0; i++)
		n = espalier_dequeue_burst(b->queue, b->out, 16);
	assert_int_equal(n, 10);
	assert_int_equal(espalier_dequeue_burst(b->queue, b->out, 16), -ENODEV);
}

static void test_nonsense_cookie(void **state)
{
	struct bench *b = *state;

	b->mock->cookie_xor = 0x20000;
	assert_int_equal(espalier_enqueue_burst(b->queue, b->in, 10), 10);
	check_lost(b, 0, -EIO, ESPALIER_STATUS_DEVICE_LOST);
	assert_non_null(strstr(espalier_error(b->dev), "not in flight"));
}

/* What cannot be true of an operation in flight is not believed, and every operation comes back as lost. */
static void test_nonsense(void **state)
{
	static const struct {
		const char *says;
		uint16_t len_add, sa_xor;
		uint8_t opcode, status;
		bool other_way, swap;
	} cases[] = {
		{ .says = "length", .opcode = ESP_OPCODE_ENCAP, .len_add = 1 },
		{ .says = "length", .opcode = ESP_OPCODE_ENCAP, .len_add = 0xffff },
		{ .says = "length", .opcode = ESP_OPCODE_DECAP, .len_add = 4 },
		{ .says = "length", .opcode = ESP_OPCODE_ENCAP, .status = ESP_STATUS_NO_SA },
		{ .says = "status", .opcode = ESP_OPCODE_ENCAP, .status = 0xff },
		{ .says = "status", .opcode = ESP_OPCODE_DECAP, .status = 99 },
		{ .says = "SA", .opcode = ESP_OPCODE_ENCAP, .sa_xor = 1 },
		{ .says = "SA", .opcode = ESP_OPCODE_DECAP, .sa_xor = MOCK_SA_CAPACITY },
		{ .says = "SA", .opcode = ESP_OPCODE_DECAP, .sa_xor = ESPALIER_SA_NONE },
		{ .says = "other way", .opcode = ESP_OPCODE_ENCAP, .other_way = true },
		{ .says = "other way", .opcode = ESP_OPCODE_DECAP, .other_way = true },
		{ .says = "passed over", .opcode = ESP_OPCODE_ENCAP, .swap = true },
		{ .says = "passed over", .opcode = ESP_OPCODE_DECAP, .swap = true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bench *b;

		setup_queue((void **)&b);
		b->mock->out_len_add = cases[i].len_add;
		b->mock->sa_xor = cases[i].sa_xor;
		b->mock->status = cases[i].status;
		b->mock->other_way = cases[i].other_way;
		b->mock->swap_pairs = cases[i].swap;
		for (int n = 0; n < OPS; n++)
			b->op[n].opcode = cases[i].opcode;
		assert_int_equal(espalier_enqueue_burst(b->queue, b->in, 10), 10);
		if (cases[i].swap) { /* the second came rightly, and the first then could not */
			assert_int_equal(espalier_dequeue_burst(b->queue, b->out, 10), 1);
			assert_ptr_equal(b->out[0], b->in[1]);
			assert_int_equal(espalier_dequeue_burst(b->queue, b->out, 10), 9);
			assert_int_equal(b->out[0]->status, ESPALIER_STATUS_DEVICE_LOST);
			assert_int_equal(espalier_dequeue_burst(b->queue, b->out, 10), -EIO);
		} else {
			check_lost(b, 0, -EIO, ESPALIER_STATUS_DEVICE_LOST);
		}
		assert_non_null(strstr(espalier_error(b->dev), cases[i].says));
		espalier_queue_destroy(b->queue); /* whoever lies is reset before its memory goes */
		assert_int_equal(b->mock->resets_at_unmap, 2);
		teardown((void **)&b);
	}
}

/* Errors that can be are none of the driver's. */
static void test_error_completions(void **state)
{
	struct bench *b = *state;

	b->mock->status = ESP_STATUS_NO_SA;
	b->mock->out_len_add = (uint16_t)-mock_out_len(ESP_OPCODE_ENCAP, 100);
	b->mock->sa_xor = ESPALIER_SA_NONE;
	assert_int_equal(espalier_enqueue_burst(b->queue, b->in, 1), 1);
	assert_int_equal(espalier_dequeue_burst(b->queue, b->out, 1), 1);
	assert_int_equal(b->out[0]->status, ESP_STATUS_NO_SA);
	assert_int_equal(b->out[0]->result_sa, ESPALIER_SA_NONE);
}

/* ---- a card that answers registers and completes nothing ---- */

#define LONG 200     /* looks, a millisecond apart: four times what the limit is here */
#define FOREVER 20000 /* how often until it is said is up to the machine */

static int check_often(struct bench *b, int times)
{
	int ret = 0;

	for (int i = 0; i < times && !ret; i++) {
		ret = espalier_queue_check(b->queue);
		poll(NULL, 0, 1);
	}
	return ret;
}

static void test_completes_nothing(void **state)
{
	struct bench *b = *state;

	b->mock->hold = true;
	assert_int_equal(check_often(b, LONG), 0); /* nothing to do is not stuck */
	assert_int_equal(espalier_enqueue_burst(b->queue, b->in, 10), 10);
	mock_process(b->mock, 0, 3);
	assert_int_equal(check_often(b, LONG), 0); /* what has come and was not taken is not stuck either */
	assert_int_equal(espalier_dequeue_burst(b->queue, b->out, 10), 3);
	assert_int_equal(check_often(b, FOREVER), -ENODEV);
	assert_non_null(strstr(espalier_error(b->dev), "does not complete"));
	assert_int_equal(espalier_dequeue_burst(b->queue, b->out, 10), 7);
	for (int i = 0; i < 7; i++)
		assert_int_equal(b->out[i]->status, ESPALIER_STATUS_DEVICE_LOST);
	assert_int_equal(espalier_dequeue_burst(b->queue, b->out, 10), -ENODEV);
	espalier_queue_destroy(b->queue);
	assert_int_equal(b->mock->resets_at_unmap, 2); /* it might wake up: not into memory that is freed */
	assert_int_equal(b->mock->config[4], 0);
}

/* One direction goes on while the oldest operation of the other hangs. */
static void test_one_direction_hangs(void **state)
{
	struct bench *b = *state;
	int ret = 0;

	b->op[0].opcode = ESP_OPCODE_DECAP;
	b->mock->keep_next = true;
	assert_int_equal(espalier_enqueue_burst(b->queue, b->in, 1), 1);
	for (int i = 0; i < FOREVER && !ret; i++) {
		espalier_enqueue_burst(b->queue, b->in + 1, 1);
		espalier_dequeue_burst(b->queue, b->out, 1);
		ret = espalier_queue_check(b->queue);
		poll(NULL, 0, 1);
	}
	assert_int_equal(ret, -ENODEV);
}

/* Slow by the clock on the wall, and not by its own: a simulated card on a busy machine is not stuck. */
static void test_slow_clock(void **state)
{
	struct bench *b = *state;
	uint64_t end;

	b->dev->timeout_ms = 30000; /* the limit is the driver's own */
	b->mock->regs[ESP_REG_DMA_TIMEOUT / 4] = 250000;
	b->mock->clock_step = 1;
	b->mock->hold = true;
	assert_int_equal(espalier_enqueue_burst(b->queue, b->in, 1), 1);
	for (end = now_ms() + 1500; now_ms() < end; poll(NULL, 0, 10))
		assert_int_equal(espalier_queue_check(b->queue), 0);
	b->mock->clock_step = 600000;
	assert_int_equal(check_often(b, FOREVER), -ENODEV);
}

/* ---- rings go when the card is idle, and not before ---- */

static void arrive(struct mock_card *mock)
{
	if (++mock->tail_reads == 5)
		mock_process(mock, 0, 1); /* the last completion was on its way while CONTROL said idle */
}

static void test_late_completion(void **state)
{
	struct bench *b = *state;

	b->mock->hold = true;
	assert_int_equal(espalier_enqueue_burst(b->queue, b->in, 1), 1);
	b->mock->regs[ESP_REG_QUEUE_CQ_TAIL / 4] = 1; /* counted, and not in memory yet */
	b->mock->on_tail_read = arrive;
	espalier_queue_destroy(b->queue);
	assert_true(b->mock->tail_reads >= 5);
	assert_int_equal(b->mock->resets, 1); /* it became idle: no need for a reset */
	assert_int_equal(espalier_queue_create(b->dev, 10, &b->queue), 0);
}

static void test_never_idle(void **state)
{
	struct bench *b = *state;

	b->mock->never_idle = true;
	espalier_queue_destroy(b->queue);
	assert_int_equal(b->mock->resets_at_unmap, 2);
	assert_int_equal(espalier_queue_create(b->dev, 10, &b->queue), -ENODEV);
	assert_non_null(strstr(espalier_error(b->dev), "idle"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bring_up, setup, teardown),
		cmocka_unit_test(test_bring_up_fails),
		cmocka_unit_test(test_leftovers),
		cmocka_unit_test_setup_teardown(test_sa, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sa_hangs, setup, teardown),
		cmocka_unit_test(test_sa_nonsense),
		cmocka_unit_test_setup_teardown(test_burst, setup_queue, teardown),
		cmocka_unit_test_setup_teardown(test_wraps, setup_queue, teardown),
		cmocka_unit_test_setup_teardown(test_out_of_order, setup_queue, teardown),
		cmocka_unit_test_setup_teardown(test_left_behind, setup_queue, teardown),
		cmocka_unit_test_setup_teardown(test_queues, setup_queue, teardown),
		cmocka_unit_test_setup_teardown(test_moderation, setup_queue, teardown),
		cmocka_unit_test_setup_teardown(test_interrupt, setup_queue, teardown),
		cmocka_unit_test_setup_teardown(test_lost, setup_queue, teardown),
		cmocka_unit_test_setup_teardown(test_fell_off_the_bus, setup_queue, teardown),
		cmocka_unit_test_setup_teardown(test_lost_at_the_doorbell, setup_queue, teardown),
		cmocka_unit_test_setup_teardown(test_queue_stops, setup_queue, teardown),
		cmocka_unit_test(test_queue_stops_with_nonsense),
		cmocka_unit_test_setup_teardown(test_polling_notices, setup_queue, teardown),
		cmocka_unit_test_setup_teardown(test_nonsense_cookie, setup_queue, teardown),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test_setup_teardown(test_error_completions, setup_queue, teardown),
		cmocka_unit_test_setup_teardown(test_completes_nothing, setup_queue, teardown),
		cmocka_unit_test_setup_teardown(test_one_direction_hangs, setup_queue, teardown),
		cmocka_unit_test_setup_teardown(test_slow_clock, setup_queue, teardown),
		cmocka_unit_test_setup_teardown(test_late_completion, setup_queue, teardown),
		cmocka_unit_test_setup_teardown(test_never_idle, setup_queue, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
