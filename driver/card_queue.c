/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queues of a card: a submission and a completion ring in shared memory, doorbells once a burst.
 *
 * Each operation in flight has a slot; the descriptor's cookie is the slot and a generation count, so that a completion that belongs to
 * nothing is noticed. At most depth operations are in flight, so the submission ring never overflows. The completion ring has the
 * same number of entries at least; its head is told to the card when a quarter was consumed: the card then always has room again.
 *
 * When the card is lost, stops the queue, or writes nonsense, the operations in flight come back with a status that says so.
 */
#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "card.h"
#include "ring.h"

#define CQ_LOG2_MAX 15u
#define WAIT_SLICE_MS 100	 /* a stopped queue sends no event: look at it this often while waiting */
#define EMPTY_POLLS_CHECK 4096u /* and after so many empty polls */

struct slot {
	struct espalier_op *op; /* NULL: free */
	uint32_t generation;
	uint32_t order; /* of enqueueing, free-running */
};

struct card_queue {
	struct espalier_queue base;
	unsigned int index;
	uint32_t registers; /* offset of this queue's registers */
	struct espalier_mem memory;
	struct ring_submission *sq;
	struct ring_completion *cq;
	unsigned int cq_size;
	uint16_t sq_tail, cq_head, cq_told;
	unsigned int empty_polls;
	int failure;	 /* 0 or the code every call ends in, once nothing is in flight */
	uint8_t failure_status; /* of operations that never complete */
	bool given_up;		/* after a failure, when nothing more is taken from the ring */
	uint32_t enqueued; /* free-running */
	unsigned int free_count;
	uint16_t *free_slots; /* stack; behind it, when given up: the slots in flight, oldest first */
	struct slot *slots;
};

static struct card *card_of(const struct card_queue *cq)
{
	return (struct card *)cq->base.dev;
}

static unsigned int log2_of(unsigned int power)
{
	return (unsigned int)__builtin_ctz(power);
}

static int write_reg(struct card_queue *cq, uint32_t reg, uint32_t value)
{
	return card_write(card_of(cq), cq->registers + reg - ESP_REG_QUEUE_SQ_BASE_LO, value);
}

static int read_control(struct card_queue *cq, uint32_t *value)
{
	return card_read(card_of(cq), cq->registers + ESP_REG_QUEUE_CONTROL - ESP_REG_QUEUE_SQ_BASE_LO, value);
}

static int compare_order(const void *a, const void *b, void *slots)
{
	const struct slot *s = slots;

	return (int32_t)(s[*(const uint16_t *)a].order - s[*(const uint16_t *)b].order) < 0 ? -1 : 1;
}

/* The queue is of no use any more; code and status are for what is in flight and for later calls. base.error says why. */
static int fail_queue(struct card_queue *cq, int code, uint8_t status)
{
	if (!cq->failure) {
		cq->failure = code;
		cq->failure_status = status;
	}
	return cq->failure;
}

/* From here on no completion counts any more: what is in flight is handed back as failed, oldest first. */
static void give_up(struct card_queue *cq)
{
	unsigned int n = cq->free_count;

	if (cq->given_up)
		return;
	cq->given_up = true;
	for (unsigned int slot = 0; slot < cq->base.depth; slot++)
		if (cq->slots[slot].op)
			cq->free_slots[n++] = (uint16_t)slot;
	qsort_r(cq->free_slots + cq->free_count, n - cq->free_count, sizeof(*cq->free_slots), compare_order, cq->slots);
}

static int queue_lost(struct card_queue *cq)
{
	return fail_queue(cq, -ENODEV, ESPALIER_STATUS_DEVICE_LOST);
}

/* Both rings are 4 KiB aligned: the submission ring takes whole pages. */
static size_t sq_bytes(unsigned int depth)
{
	return (depth * sizeof(struct ring_submission) + CARD_PAGE - 1) & ~(size_t)(CARD_PAGE - 1);
}

static bool has_completion(const struct card_queue *cq)
{
	uint8_t flags = __atomic_load_n(&cq->cq[cq->cq_head & (cq->cq_size - 1)].flags, __ATOMIC_ACQUIRE);

	return (flags & RING_COMPLETION_PHASE) == !(cq->cq_head / cq->cq_size & 1);
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
	cq->slots = calloc(depth, sizeof(*cq->slots));
	cq->free_slots = calloc(depth, sizeof(*cq->free_slots));
	if (!cq->slots || !cq->free_slots) {
		free(cq->slots);
		free(cq->free_slots);
		free(cq);
		return NULL;
	}
	for (unsigned int i = 0; i < depth; i++)
		cq->free_slots[i] = (uint16_t)(depth - 1 - i);
	cq->free_count = depth;
	return cq;
}

static void free_queue(struct card_queue *cq)
{
	espalier_dma_free(cq->base.dev, &cq->memory);
	free(cq->slots);
	free(cq->free_slots);
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
	ret = espalier_dma_alloc(dev, sq_bytes(depth) + cq->cq_size * sizeof(*cq->cq), &cq->memory);
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

/* Stop fetching and wait until the card has completed what it fetched. Afterwards the memory is unmapped, which ends the card's access
 * also when it did not stop. */
void card_queue_destroy(struct espalier_queue *queue)
{
	struct card_queue *cq = (struct card_queue *)queue;
	struct card *card = card_of(cq);
	uint64_t end = card_now_ms() + card->base.timeout_ms;
	uint32_t control;
	int ret = write_reg(cq, ESP_REG_QUEUE_CONTROL, 0);

	while (!ret) {
		ret = read_control(cq, &control);
		if (ret || !CARD_FIELD(control, QUEUE_CONTROL, ACTIVE) || card_now_ms() >= end)
			break;
		/* completions may wait for room in the ring */
		for (struct espalier_op *op; card_dequeue_burst(queue, &op, 1) == 1;)
			;
		usleep(100);
	}
	card->queues[cq->index] = NULL;
	free_queue(cq);
}

int card_enqueue_burst(struct espalier_queue *queue, struct espalier_op *const *ops, unsigned int count)
{
	struct card_queue *cq = (struct card_queue *)queue;
	unsigned int n = 0;

	if (cq->failure || card_of(cq)->lost)
		return cq->failure ? cq->failure : queue_lost(cq);
	for (; n < count && cq->free_count; n++) {
		uint16_t slot = cq->free_slots[--cq->free_count];
		struct ring_submission *s = &cq->sq[(uint16_t)(cq->sq_tail + n) & (queue->depth - 1)];
		struct espalier_op *op = ops[n];

		cq->slots[slot].op = op;
		cq->slots[slot].generation++;
		cq->slots[slot].order = cq->enqueued++;
		s->src = htole64(op->src);
		s->dst = htole64(op->dst);
		s->src_len = htole16(op->src_len);
		s->dst_capacity = htole16(op->dst_capacity);
		s->opcode = op->opcode;
		s->flags = 0;
		s->sa = htole16(op->sa);
		s->cookie = htole64((uint64_t)cq->slots[slot].generation << 16 | slot);
	}
	if (!n)
		return 0;
	cq->sq_tail = (uint16_t)(cq->sq_tail + n);
	queue->in_flight += n;
	if (write_reg(cq, ESP_REG_QUEUE_SQ_TAIL, cq->sq_tail)) /* the transport orders memory before the doorbell */
		queue_lost(cq); /* taken all the same: the operations come back as lost */
	return (int)n;
}

static struct espalier_op *release_slot(struct card_queue *cq, uint16_t slot)
{
	struct espalier_op *op = cq->slots[slot].op;

	cq->slots[slot].op = NULL;
	cq->free_slots[cq->free_count++] = slot;
	cq->base.in_flight--;
	return op;
}

/* NULL: the ring is empty, or the card wrote nonsense (cq->failure is set then). */
static struct espalier_op *take_completion(struct card_queue *cq)
{
	const struct ring_completion *c = &cq->cq[cq->cq_head & (cq->cq_size - 1)];
	struct espalier_op *op;
	uint64_t cookie;
	uint16_t slot;

	if (!has_completion(cq))
		return NULL;
	cookie = le64toh(c->cookie);
	slot = (uint16_t)cookie;
	if (slot >= cq->base.depth || !cq->slots[slot].op || cookie >> 16 != cq->slots[slot].generation ||
	    le16toh(c->out_len) > cq->slots[slot].op->dst_capacity) {
		espalier_fail(cq->base.dev->error, -EIO, "The card completed an operation that is not in flight (cookie 0x%llx).",
			      (unsigned long long)cookie);
		fail_queue(cq, -EIO, ESPALIER_STATUS_DEVICE_LOST);
		give_up(cq);
		return NULL;
	}
	op = release_slot(cq, slot);
	op->status = c->status;
	op->out_len = le16toh(c->out_len);
	op->result_sa = le16toh(c->sa);
	cq->cq_head++;
	return op;
}

/* Is the card there, and does the queue run? A queue that stopped with an error completes what it fetched before it is given up. */
static int check_queue(struct card_queue *cq)
{
	uint32_t control;
	struct card *card = card_of(cq);
	int ret = card->lost ? -ENODEV : card->t->ops->alive(card->t);

	if (ret && !card->lost)
		card_transport_error(card, ret);
	if (!ret)
		ret = read_control(cq, &control);
	if (ret)
		return queue_lost(cq);
	if (!CARD_FIELD(control, QUEUE_CONTROL, ERROR) || CARD_FIELD(control, QUEUE_CONTROL, ACTIVE))
		return 0;
	if (has_completion(cq))
		return 0; /* to be taken first */
	espalier_fail(cq->base.dev->error, -EIO, "The card stopped queue %u: %s.", cq->index,
		      espalier_status_name(CARD_FIELD(control, QUEUE_CONTROL, ERROR_STATUS)));
	return fail_queue(cq, -EIO, (uint8_t)CARD_FIELD(control, QUEUE_CONTROL, ERROR_STATUS));
}

/* What a failed queue had in flight, in the order of enqueueing. */
static unsigned int take_failed(struct card_queue *cq, struct espalier_op **ops, unsigned int count)
{
	unsigned int n = 0;

	give_up(cq);
	for (; n < count && cq->base.in_flight; n++) {
		ops[n] = release_slot(cq, cq->free_slots[cq->free_count]); /* which puts it on the stack, right there */
		ops[n]->status = cq->failure_status;
		ops[n]->out_len = 0;
		ops[n]->result_sa = ESPALIER_SA_NONE;
	}
	return n;
}

int card_dequeue_burst(struct espalier_queue *queue, struct espalier_op **ops, unsigned int count)
{
	struct card_queue *cq = (struct card_queue *)queue;
	unsigned int n = 0;

	while (n < count && !cq->given_up && queue->in_flight) {
		ops[n] = take_completion(cq);
		if (!ops[n])
			break;
		n++;
	}
	if (!n && !cq->failure && queue->in_flight && ++cq->empty_polls % EMPTY_POLLS_CHECK == 0)
		check_queue(cq);
	if (!cq->failure && (uint16_t)(cq->cq_head - cq->cq_told) >= cq->cq_size / 4) {
		cq->cq_told = cq->cq_head;
		if (write_reg(cq, ESP_REG_QUEUE_CQ_HEAD, cq->cq_head))
			queue_lost(cq);
	}
	if (!n && (cq->failure || card_of(cq)->lost)) {
		if (!cq->failure)
			queue_lost(cq);
		n = take_failed(cq, ops, count);
		if (!n && !queue->in_flight)
			return cq->failure;
	}
	return (int)n;
}

int card_queue_arm(struct espalier_queue *queue)
{
	struct card_queue *cq = (struct card_queue *)queue;

	if (cq->failure)
		return cq->failure;
	cq->cq_told = cq->cq_head;
	return write_reg(cq, ESP_REG_QUEUE_CQ_HEAD, cq->cq_head | 1u << ESP_REG_QUEUE_CQ_HEAD_ARM_LSB) ? queue_lost(cq) : 0;
}

int card_queue_wait(struct espalier_queue *queue, int timeout_ms)
{
	struct card_queue *cq = (struct card_queue *)queue;
	struct card *card = card_of(cq);
	uint64_t end = card_now_ms() + (uint64_t)timeout_ms, now, events;
	struct pollfd fds[2] = { { .fd = queue->event_fd, .events = POLLIN }, { .fd = card->t->ops->hangup_fd(card->t), .events = POLLRDHUP } };
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
		now = card_now_ms();
		if (now >= end)
			return espalier_fail(queue->dev->error, -ETIMEDOUT, "No operation was completed within %d ms.", timeout_ms);
		ready = poll(fds, 2, end - now < WAIT_SLICE_MS ? (int)(end - now) : WAIT_SLICE_MS);
		if (ready < 0 && errno == EINTR)
			return espalier_fail(queue->dev->error, -EINTR, "Interrupted.");
		if (ready <= 0 || fds[1].revents) {
			ret = check_queue(cq);
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
