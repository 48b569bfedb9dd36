/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a hostile card writes into completion rings and registers, against the driver. Whatever it is: an operation belongs to the queue from enqueue
 * to dequeue, comes back once, with results that it can have, and all come back when the card is given up.
 * The input is a program for card and user: a byte says what, those behind it with what.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "input.h"
#include "ring.h"

#define OPS 64u
#define DEPTH 16u
#define COMPLETIONS (2 * DEPTH) /* entries of the ring that the driver makes for this depth */
#define MAPS 4u
#define CAPACITY 8u
#define STEPS 400u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct hostile {
	struct transport base;
	struct transport_mem *maps[MAPS];
	uint32_t regs[0x8000 / 4];
	struct input *input;
	bool stopped; /* reset: it writes no more */
};

static struct espalier_op ops[OPS];
static bool with_queue[OPS];
static uint16_t tail; /* of the completion ring, as a card that keeps to the rules counts */

/* ---- the card ---- */

static int config_read(struct transport *t, uint32_t offset, void *data, uint32_t len)
{
	static const uint8_t config[8] = { 0xee, 0x10, 0xb0, 0xe5 };

	(void)t;
	memset(data, 0, len);
	if (offset + len <= sizeof(config))
		memcpy(data, config + offset, len);
	return 0;
}

static int config_write(struct transport *t, uint32_t offset, const void *data, uint32_t len)
{
	(void)t, (void)offset, (void)data, (void)len;
	return 0;
}

static int reg_read(struct transport *t, uint32_t offset, uint32_t *value)
{
	*value = ((struct hostile *)t)->regs[offset / 4];
	return 0;
}

static int reg_write(struct transport *t, uint32_t offset, uint32_t value)
{
	((struct hostile *)t)->regs[offset / 4] = value;
	return 0;
}

static int dma_map(struct transport *t, struct transport_mem *mem)
{
	struct hostile *card = (struct hostile *)t;

	for (unsigned int i = 0; i < MAPS; i++) {
		if (card->maps[i])
			continue;
		mem->va = calloc(1, mem->size);
		card->maps[i] = mem;
		return 0;
	}
	return espalier_fail(t->error, -ENOMEM, "No memory.");
}

static void dma_unmap(struct transport *t, struct transport_mem *mem)
{
	struct hostile *card = (struct hostile *)t;

	for (unsigned int i = 0; i < MAPS; i++)
		if (card->maps[i] == mem)
			card->maps[i] = NULL;
	free(mem->va);
}

static int irq_set(struct transport *t, const int *eventfds, unsigned int count)
{
	(void)t, (void)eventfds, (void)count;
	return 0;
}

static int reset(struct transport *t)
{
	((struct hostile *)t)->stopped = true;
	return 0;
}

static int alive(struct transport *t)
{
	(void)t;
	return 0;
}

static int hangup_fd(const struct transport *t)
{
	(void)t;
	return -1;
}

static void close_card(struct transport *t)
{
	struct hostile *card = (struct hostile *)t;

	for (unsigned int i = 0; i < MAPS; i++)
		demand(!card->maps[i]);
	free(card);
}

static const struct transport_ops hostile_ops = {
	"hostile", config_read, config_write, reg_read, reg_write, dma_map, dma_unmap, irq_set, reset, alive, hangup_fd, close_card,
};

static struct ring_completion *ring(struct hostile *card)
{
	uint64_t base = (uint64_t)card->regs[ESP_REG_QUEUE_CQ_BASE_HI / 4] << 32 | card->regs[ESP_REG_QUEUE_CQ_BASE_LO / 4];

	for (unsigned int i = 0; i < MAPS; i++)
		if (card->maps[i] && base - card->maps[i]->iova < card->maps[i]->size)
			return (struct ring_completion *)(void *)((uint8_t *)card->maps[i]->va + (base - card->maps[i]->iova));
	return NULL;
}

/* Bytes as they come, anywhere in the ring. */
static void scribble(struct hostile *card)
{
	struct ring_completion *c = ring(card);

	if (c)
		take(card->input, &c[take_byte(card->input) % COMPLETIONS], sizeof(*c));
}

/* A completion as it should be, of one of the last operations, and perhaps one bit of it wrong. */
static void complete(struct hostile *card, uint64_t next)
{
	struct ring_completion *cq = ring(card), c = { .status = ESP_STATUS_OK };
	uint64_t number = next - 1 - take_byte(card->input) % (2 * DEPTH);
	uint8_t spoil = take_byte(card->input);
	const struct espalier_op *op = &ops[0];

	if (!cq)
		return;
	for (unsigned int i = 0; i < OPS; i++)
		if (with_queue[i] && ops[i].cookie == number)
			op = &ops[i];
	c.cookie = number;
	c.sa = op->sa;
	c.out_len = (uint16_t)(op->opcode == ESP_OPCODE_ENCAP ? espalier_plain_len(op->src_len) : op->src_len - 57u);
	c.flags = (uint8_t)((tail & COMPLETIONS ? 0 : RING_COMPLETION_PHASE) | (op->opcode == ESP_OPCODE_DECAP ? RING_COMPLETION_DECAP : 0));
	if (spoil & 0x80)
		((uint8_t *)&c)[(spoil >> 3) % sizeof(c)] ^= (uint8_t)(1u << (spoil & 7));
	cq[tail++ % COMPLETIONS] = c;
	card->regs[ESP_REG_QUEUE_CQ_TAIL / 4] = tail;
}

/* ---- its user ---- */

static unsigned int enqueue(struct espalier_queue *queue, struct input *input, uint64_t *next)
{
	struct espalier_op *given[OPS];
	unsigned int want = take_byte(input) % (DEPTH + 1), n = 0;
	int got;

	for (unsigned int i = 0; i < OPS && n < want; i++) {
		if (with_queue[i])
			continue;
		ops[i] = (struct espalier_op){ .src = 64, .dst = 64, .src_len = (uint16_t)(60 + take_byte(input)), .dst_capacity = (uint16_t)(8 * take_byte(input)),
					       .opcode = (uint8_t)(1 + take_byte(input) % 3), .sa = take_byte(input) % CAPACITY };
		given[n++] = &ops[i];
	}
	got = espalier_enqueue_burst(queue, given, n);
	for (int i = 0; i < got; i++) {
		with_queue[given[i] - ops] = true;
		given[i]->cookie = (*next)++;
	}
	return got > 0 ? (unsigned int)got : 0;
}

static int dequeue(struct espalier_queue *queue, unsigned int count)
{
	struct espalier_op *got[OPS];
	int n = espalier_dequeue_burst(queue, got, count);

	for (int i = 0; i < n; i++) {
		const struct espalier_op *op = got[i];

		demand(op >= ops && op < ops + OPS && with_queue[op - ops]);
		demand(op->status == ESPALIER_STATUS_DEVICE_LOST || espalier_status_known(op->status));
		demand(op->status == ESP_STATUS_OK ? op->out_len && op->out_len <= op->dst_capacity : !op->out_len);
		with_queue[op - ops] = false;
	}
	return n;
}

static unsigned int count_with_queue(void)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < OPS; i++)
		count += with_queue[i];
	return count;
}

static void use(struct card *card, struct hostile *hostile, struct espalier_queue *queue, struct input *input)
{
	uint64_t next = 0;
	uint32_t offset;
	int ret;

	for (unsigned int step = 0; step < STEPS && input->left; step++) {
		demand(espalier_queue_in_flight(queue) == count_with_queue());
		switch (take_byte(input) % 6) {
		case 0:
			enqueue(queue, input, &next);
			break;
		case 1:
			dequeue(queue, take_byte(input) % OPS);
			break;
		case 2:
			scribble(hostile);
			break;
		case 3:
			offset = ESP_REG_QUEUE_SQ_BASE_LO + take_byte(input) % ESP_REG_QUEUE_STRIDE / 4 * 4;
			if (offset > ESP_REG_QUEUE_CQ_BASE_HI) /* where the rings are the driver knows */
				take(input, &hostile->regs[offset / 4], 4);
			break;
		case 4:
			espalier_queue_check(queue);
			break;
		default:
			complete(hostile, next);
			break;
		}
	}
	/* In the end it is caught, or given up: all that it has comes back. */
	card_give_up(card, "The end.");
	while ((ret = dequeue(queue, OPS)) > 0)
		;
	demand(ret < 0 && !count_with_queue() && !espalier_queue_in_flight(queue));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	struct hostile *hostile = calloc(1, sizeof(*hostile));
	struct espalier_queue *queue;
	char error[ESPALIER_ERROR_LEN];
	struct card *card;

	hostile->base.ops = &hostile_ops;
	hostile->input = &input;
	hostile->regs[ESP_REG_ID / 4] = ESP_REG_ID_RESET;
	hostile->regs[ESP_REG_VERSION / 4] = 1;
	hostile->regs[ESP_REG_CAPS / 4] = 4 | 1 << ESP_REG_CAPS_QUEUES_LSB;
	hostile->regs[ESP_REG_SA_CAPACITY / 4] = CAPACITY;
	hostile->regs[ESP_REG_LIMITS / 4] = 9600;
	hostile->regs[ESP_REG_STATUS / 4] = 1;
	memset(with_queue, 0, sizeof(with_queue));
	tail = 0;
	demand(!card_attach(&hostile->base, 1, &card, error));
	demand(!espalier_queue_create(&card->base, DEPTH, &queue));
	use(card, hostile, queue, &input);
	if (size & 1)
		espalier_queue_destroy(queue);
	espalier_close(&card->base);
	return 0;
}
