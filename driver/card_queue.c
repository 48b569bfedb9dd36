/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queues of a card: how they begin, are waited for, and end. Their rings are in card_ring.c.
 *
 * Rings are freed when the card is truly idle: it says so, and each completion that it counts is in memory. Else it is reset before.
 */
#include <poll.h>
#include <unistd.h>

#include "card_memory.h"
#include "card_queue.h"
#include "card_stop.h"
#include "now.h"

#define CQ_LOG2_MAX 15u
#define MODERATION_UNIT 64u	 /* cycles (docs/registers.md) */
#define WAIT_SLICE_MS 100	 /* a stopped queue sends no event: look at it this often while waiting */

static unsigned int log2_of(unsigned int power)
{
	return (unsigned int)__builtin_ctz(power);
}

/* Both rings are 4 KiB aligned: the submission ring takes whole pages. */
static size_t sq_bytes(unsigned int depth)
{
	return (depth * sizeof(struct ring_submission) + CARD_PAGE - 1) & ~(size_t)(CARD_PAGE - 1);
}

static int program(struct card_queue *cq)
{
	uint64_t sq = cq->memory.iova, completions = sq + sq_bytes(cq->base.depth);
	uint32_t sizes = log2_of(cq->base.depth) << ESP_REG_QUEUE_SIZES_SQ_LOG2_LSB | log2_of(cq->cq_size) << ESP_REG_QUEUE_SIZES_CQ_LOG2_LSB;
	const struct {
		uint32_t reg, value;
	} writes[] = {
		{ ESP_REG_QUEUE_SQ_BASE_LO, (uint32_t)sq },
		{ ESP_REG_QUEUE_SQ_BASE_HI, (uint32_t)(sq >> 32) },
		{ ESP_REG_QUEUE_CQ_BASE_LO, (uint32_t)completions },
		{ ESP_REG_QUEUE_CQ_BASE_HI, (uint32_t)(completions >> 32) },
		{ ESP_REG_QUEUE_SIZES, sizes },
		{ ESP_REG_QUEUE_VECTOR, cq->index },
		{ ESP_REG_QUEUE_MODERATION, 0 },
		{ ESP_REG_QUEUE_CONTROL, 1u << ESP_REG_QUEUE_CONTROL_ENABLE_LSB },
	};
	uint32_t control;
	int ret = 0;

	for (size_t i = 0; !ret && i < sizeof(writes) / sizeof(writes[0]); i++)
		ret = write_reg(cq, writes[i].reg, writes[i].value);
	if (!ret)
		ret = read_control(cq, &control);
	if (ret)
		return ret;
	if (CARD_FIELD(control, QUEUE_CONTROL, ERROR))
		return espalier_fail(cq->base.dev->error, -EIO, "The card refused to start queue %u: %s.", cq->index,
				     espalier_status_name(CARD_FIELD(control, QUEUE_CONTROL, ERROR_STATUS)));
	return 0;
}

static struct card_queue *new_queue(struct card *card, unsigned int depth)
{
	struct card_queue *cq = calloc(1, sizeof(*cq));

	if (!cq)
		return NULL;
	cq->base.dev = &card->base;
	cq->base.depth = depth;
	cq->cq_size = log2_of(depth) < CQ_LOG2_MAX ? 2 * depth : depth;
	cq->places = calloc(places_of(cq), sizeof(struct espalier_op *));
	if (!cq->places) {
		free(cq);
		return NULL;
	}
	return cq;
}

static void free_queue(struct card_queue *cq)
{
	card_dma_free(cq->base.dev, &cq->memory);
	free(cq->places);
	free(cq);
}

int card_queue_create(struct espalier_dev *dev, unsigned int depth, struct espalier_queue **queue)
{
	struct card *card = (struct card *)dev;
	struct card_queue *cq;
	unsigned int index = 0;
	int ret;

	while (index < card->info.queues && card->queues[index])
		index++;
	if (index == card->info.queues)
		return espalier_fail(dev->error, -ENOSPC, "All %u queues of the card are in use.", card->info.queues);
	cq = new_queue(card, depth);
	if (!cq)
		return espalier_fail(dev->error, -ENOMEM, "Out of memory.");
	cq->index = index;
	cq->registers = ESP_REG_QUEUE_SQ_BASE_LO + index * ESP_REG_QUEUE_STRIDE;
	cq->base.event_fd = card->event_fds[index];
	ret = card_dma_alloc(dev, sq_bytes(depth) + cq->cq_size * sizeof(*cq->cq), &cq->memory);
	if (ret)
		goto fail;
	cq->sq = cq->memory.va;
	cq->cq = (struct ring_completion *)((uint8_t *)cq->memory.va + sq_bytes(depth));
	ret = program(cq);
	if (ret)
		goto fail;
	card->queues[index] = cq;
	*queue = &cq->base;
	return 0;
fail:
	free_queue(cq);
	return ret;
}

int card_queue_check(struct espalier_queue *queue)
{
	struct card_queue *cq = (struct card_queue *)queue;

	return cq->failure ? cq->failure : queue_check(cq);
}

/* Stop fetching, and wait until the card has completed what it fetched and all of that is in memory. Not 0: it is not idle. */
static int wait_idle(struct card_queue *cq)
{
	struct card *card = card_of(cq);
	struct card_watch watch = { 0 };
	uint32_t control, tail;
	struct espalier_op *op;
	uint16_t head;
	int ret = write_reg(cq, ESP_REG_QUEUE_CONTROL, 0);

	while (!ret) {
		ret = read_control(cq, &control);
		if (!ret)
			ret = read_reg(cq, ESP_REG_QUEUE_CQ_TAIL, &tail);
		if (ret)
			break;
		head = cq->cq_head;
		while (card_dequeue_burst(&cq->base, &op, 1) == 1) /* completions may wait for room in the ring */
			;
		if (!CARD_FIELD(control, QUEUE_CONTROL, ACTIVE) && cq->cq_head == CARD_FIELD(tail, QUEUE_CQ_TAIL, TAIL))
			return 0;
		if (cq->cq_head != head)
			watch = (struct card_watch){ 0 };
		ret = card_stuck(card, &watch, OPERATION_MS);
		usleep(100);
	}
	return ret;
}

void card_queue_destroy(struct espalier_queue *queue)
{
	struct card_queue *cq = (struct card_queue *)queue;
	struct card *card = card_of(cq);

	/* A card whose completions made no sense is not asked. */
	if (card->lost || (cq->failure && cq->failure_status == ESPALIER_STATUS_DEVICE_LOST) || wait_idle(cq)) {
		if (!card->lost)
			card_give_up(card, "The card did not become idle and was reset.");
		card_stop(card);
	}
	card->queues[cq->index] = NULL;
	free_queue(cq);
}

int card_queue_arm(struct espalier_queue *queue)
{
	struct card_queue *cq = (struct card_queue *)queue;

	if (cq->failure)
		return cq->failure;
	cq->cq_told = cq->cq_head;
	return write_reg(cq, ESP_REG_QUEUE_CQ_HEAD, cq->cq_head | 1u << ESP_REG_QUEUE_CQ_HEAD_ARM_LSB) ? queue_lost(cq) : 0;
}

int card_queue_moderate(struct espalier_queue *queue, unsigned int count, unsigned int usec)
{
	struct card_queue *cq = (struct card_queue *)queue;
	uint64_t units = (uint64_t)usec * card_of(cq)->info.clock_khz / 1000 / MODERATION_UNIT;

	if (cq->failure)
		return cq->failure;
	if (usec && !units)
		units = 1;
	if (units > UINT16_MAX)
		units = UINT16_MAX;
	return write_reg(cq, ESP_REG_QUEUE_MODERATION, count << ESP_REG_QUEUE_MODERATION_COUNT_LSB | (uint32_t)units << ESP_REG_QUEUE_MODERATION_TIME_LSB) ?
		       queue_lost(cq) : 0;
}

int card_queue_wait(struct espalier_queue *queue, int timeout_ms)
{
	struct card_queue *cq = (struct card_queue *)queue;
	struct card *card = card_of(cq);
	uint64_t end = now_ms() + (uint64_t)timeout_ms, now, events;
	struct pollfd fds[2] = { { .fd = queue->event_fd, .events = POLLIN }, { .fd = card->t->ops->hangup_fd(card->t), .events = POLLIN | POLLRDHUP } };
	int ret, ready;

	if (cq->failure)
		return cq->failure;
	while (read(queue->event_fd, &events, sizeof(events)) > 0) /* an event of an earlier arm */
		;
	if (has_completion(cq))
		return 0;
	ret = card_queue_arm(queue);
	if (ret)
		return ret;
	while (!has_completion(cq)) {
		now = now_ms();
		if (now >= end)
			return espalier_fail(queue->dev->error, -ETIMEDOUT, "No operation was completed within %d ms.", timeout_ms);
		ready = poll(fds, 2, end - now < WAIT_SLICE_MS ? (int)(end - now) : WAIT_SLICE_MS);
		if (ready < 0 && errno == EINTR)
			return espalier_fail(queue->dev->error, -EINTR, "Interrupted.");
		if (ready <= 0 || fds[1].revents) {
			ret = queue_check(cq);
			if (ret)
				return ret;
		}
		if (fds[0].revents & POLLIN && read(queue->event_fd, &events, sizeof(events)) > 0 && !has_completion(cq)) {
			ret = card_queue_arm(queue); /* an event that came for nothing */
			if (ret)
				return ret;
		}
	}
	return 0;
}
