/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queues of a card: a submission and a completion ring in shared memory, doorbells once a burst.
 *
 * The descriptor's cookie is the operation's number: a free-running count. A table holds the operations in flight by the low bits of
 * their numbers, so a completion that belongs to nothing is noticed. The table has two places for each operation that may be in flight:
 * one direction can be a whole depth of operations ahead of the other before the next must wait for a place. At most depth operations
 * are in flight, so the submission ring never overflows. The completion ring has the same number of entries at least; its head is told
 * to the card when a quarter was consumed: the card then always has room again.
 *
 * What a completion says is checked before it is believed: the operation is in flight, it is the next of its direction or behind it, status,
 * length and SA are such as it can have. When the card is lost, stops the queue, does not get on with the oldest operation, or writes nonsense,
 * the operations in flight come back with a status that says so.
 *
 * Rings are freed when the card is truly idle: it says so, and each completion that it counts is in memory. Else it is reset before.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "card.h"
#include "ring.h"

#define CQ_LOG2_MAX 15u
#define MODERATION_UNIT 64u	 /* cycles (docs/registers.md) */
#define WAIT_SLICE_MS 100	 /* a stopped queue sends no event: look at it this often while waiting */
#define EMPTY_POLLS_CHECK 4096u /* and after so many empty polls */
#define OPERATION_MS 750u	 /* the oldest operation may be the oldest for so long: with a check each 250 ms, a stuck card shows within a second */

/* Where the members of a completion's second word are: the card writes it whole, and one load takes it whole. */
#define SHIFT1(member) (8 * (offsetof(struct ring_completion, member) - sizeof(uint64_t)))
#define WORD1(member, value) ((uint64_t)(value) << SHIFT1(member))

/* An operation begins as its descriptor does, but for the flags, so it is copied as it is. Elsewhere, too, no byte is swapped. */
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "descriptors are little endian");
static_assert(offsetof(struct espalier_op, src) == offsetof(struct ring_submission, src), "descriptor");
static_assert(offsetof(struct espalier_op, dst) == offsetof(struct ring_submission, dst), "descriptor");
static_assert(offsetof(struct espalier_op, src_len) == offsetof(struct ring_submission, src_len), "descriptor");
static_assert(offsetof(struct espalier_op, dst_capacity) == offsetof(struct ring_submission, dst_capacity), "descriptor");
static_assert(offsetof(struct espalier_op, opcode) == offsetof(struct ring_submission, opcode), "descriptor");
static_assert(offsetof(struct espalier_op, sa) == offsetof(struct ring_submission, sa), "descriptor");

struct card_queue {
	struct espalier_queue base;
	unsigned int index;
	uint32_t registers; /* offset of this queue's registers */
	struct espalier_mem memory;
	struct ring_submission *sq;
	struct ring_completion *cq;
	unsigned int cq_size;
	uint16_t cq_head, cq_told;
	unsigned int empty_polls;
	int failure;	 /* 0 or the code every call ends in, once nothing is in flight */
	uint8_t failure_status; /* of operations that never complete */
	bool given_up;		/* after a failure, when nothing more is taken from the ring */
	uint64_t newest[2];	/* number of the last completed operation, by the direction that the card says */
	uint64_t watched;	/* number of the operation that watch is about */
	struct card_watch watch;
	uint64_t next;		/* number of the next operation; its low 16 bits are the submission ring's tail */
	struct espalier_op **places; /* of operations in flight, by number; NULL: free */
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

static int read_reg(struct card_queue *cq, uint32_t reg, uint32_t *value)
{
	return card_read(card_of(cq), cq->registers + reg - ESP_REG_QUEUE_SQ_BASE_LO, value);
}

static int read_control(struct card_queue *cq, uint32_t *value)
{
	return read_reg(cq, ESP_REG_QUEUE_CONTROL, value);
}

static unsigned int min(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

static uint64_t places_of(const struct card_queue *cq)
{
	return 2ull * cq->base.depth;
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

static int queue_lost(struct card_queue *cq)
{
	return fail_queue(cq, -ENODEV, ESPALIER_STATUS_DEVICE_LOST);
}

/* Both rings are 4 KiB aligned: the submission ring takes whole pages. */
static size_t sq_bytes(unsigned int depth)
{
	return (depth * sizeof(struct ring_submission) + CARD_PAGE - 1) & ~(size_t)(CARD_PAGE - 1);
}

/* Of the next completion, when the card has written it. */
static uint8_t phase_of(const struct card_queue *cq)
{
	return cq->cq_head & cq->cq_size ? 0 : RING_COMPLETION_PHASE;
}

static bool has_completion(const struct card_queue *cq)
{
	uint8_t flags = __atomic_load_n(&cq->cq[cq->cq_head & (cq->cq_size - 1)].flags, __ATOMIC_ACQUIRE);

	return (flags & RING_COMPLETION_PHASE) == phase_of(cq);
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
	espalier_dma_free(cq->base.dev, &cq->memory);
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

/* Submit up to count operations, as far as the ring's end and the first place that is not free. Returns how many. */
static unsigned int submit_run(struct card_queue *cq, struct espalier_op *const *ops, unsigned int count)
{
	uint32_t at = cq->next & (cq->base.depth - 1);
	struct ring_submission *restrict s = &cq->sq[at];
	struct espalier_op **restrict places = &cq->places[cq->next & (places_of(cq) - 1)];
	uint64_t number = cq->next;
	unsigned int n = 0;

	count = min(count, cq->base.depth - at);
	for (; n < count && !places[n]; n++, s++) {
		const struct espalier_op *op = places[n] = ops[n];

		memcpy(s, op, offsetof(struct ring_submission, cookie));
		s->flags = 0;
		s->cookie = number + n;
	}
	cq->next += n;
	return n;
}

int card_enqueue_burst(struct espalier_queue *queue, struct espalier_op *const *ops, unsigned int count)
{
	struct card_queue *cq = (struct card_queue *)queue;
	unsigned int n = 0, got;

	if (cq->failure || card_of(cq)->lost)
		return cq->failure ? cq->failure : queue_lost(cq);
	count = min(count, queue->depth - queue->in_flight);
	do {
		got = submit_run(cq, ops + n, count - n);
		n += got;
	} while (got && n < count);
	if (!n)
		return 0;
	queue->in_flight += n;
	if (write_reg(cq, ESP_REG_QUEUE_SQ_TAIL, (uint16_t)cq->next)) /* the transport orders memory before the doorbell */
		queue_lost(cq); /* taken all the same: the operations come back as lost */
	return (int)n;
}

/* Bytes that an operation without error can have made: all of an outer packet, or what fits into one. */
static bool good_len(const struct espalier_op *op, uint32_t len)
{
	if (op->opcode == ESP_OPCODE_ENCAP)
		return len == espalier_encap_len(op->src_len) && len <= op->dst_capacity;
	return op->opcode == ESP_OPCODE_DECAP && len && espalier_encap_len(len) <= op->src_len && len <= op->dst_capacity;
}

/* What completions are held against: of a queue, and by itself so that the compiler keeps it in registers. */
struct belief {
	struct espalier_op **places;
	uint64_t next, count; /* number of the next operation; places */
	uint64_t newest[2];   /* as in the queue */
	uint32_t sa_capacity;
};

static bool good_sa(const struct belief *belief, const struct espalier_op *op, uint16_t sa, bool ok)
{
	if (sa == ESPALIER_SA_NONE)
		return !ok;
	return op->opcode == ESP_OPCODE_ENCAP ? sa == op->sa : !ok || sa < belief->sa_capacity;
}

/* What is wrong with a completion; NULL: nothing. */
static inline const char *disbelieve(const struct belief *belief, const struct espalier_op *op, uint64_t number, uint64_t word1)
{
	bool decap = word1 & WORD1(flags, RING_COMPLETION_DECAP);
	uint8_t status = (uint8_t)(word1 >> SHIFT1(status));
	uint16_t len = (uint16_t)word1, sa = (uint16_t)(word1 >> SHIFT1(sa));
	uint64_t back = belief->next - 1 - number, newest_back = belief->next - 1 - belief->newest[decap];

	if (back >= belief->count || !op)
		return "which is not in flight";
	if (op->opcode == (decap ? ESP_OPCODE_ENCAP : ESP_OPCODE_DECAP))
		return "which went the other way";
	if (back > newest_back)
		return "which it had passed over";
	if (status != ESP_STATUS_OK && !espalier_status_known(status))
		return "with a status that there is not";
	if (status == ESP_STATUS_OK ? !good_len(op, len) : len != 0)
		return "with a length that it cannot have";
	return good_sa(belief, op, sa, status == ESP_STATUS_OK) ? NULL : "with an SA that it cannot have";
}

static void fail_nonsense(struct card_queue *cq, const char *wrong, uint64_t number, uint64_t word1)
{
	espalier_fail(cq->base.dev->error, -EIO, "The card completed operation 0x%llx, %s (0x%016llx).", (unsigned long long)number, wrong,
		      (unsigned long long)word1);
	fail_queue(cq, -EIO, ESPALIER_STATUS_DEVICE_LOST);
	cq->given_up = true;
}

/* Take up to count completions, as far as the ring's end and the first that is not written yet. Returns how many. */
static unsigned int take_run(struct card_queue *cq, struct espalier_op **ops, unsigned int count)
{
	struct belief belief = {
		cq->places, cq->next, places_of(cq), { cq->newest[0], cq->newest[1] }, card_of(cq)->info.sa_capacity,
	};
	uint32_t at = cq->cq_head & (cq->cq_size - 1);
	const struct ring_completion *restrict c = &cq->cq[at];
	uint64_t not_yet = phase_of(cq) ? 0 : WORD1(flags, RING_COMPLETION_PHASE);
	unsigned int n = 0;

	count = min(count, cq->cq_size - at);
	for (; n < count; n++, c++) {
		uint64_t word1 = __atomic_load_n((const uint64_t *)c + 1, __ATOMIC_ACQUIRE), number = c->cookie;
		struct espalier_op **place = &belief.places[number & (belief.count - 1)], *op = *place;
		const char *wrong;

		if ((word1 & WORD1(flags, RING_COMPLETION_PHASE)) == not_yet)
			break;
		wrong = disbelieve(&belief, op, number, word1);
		if (__builtin_expect(wrong != NULL, false)) {
			fail_nonsense(cq, wrong, number, word1);
			break;
		}
		belief.newest[!!(word1 & WORD1(flags, RING_COMPLETION_DECAP))] = number;
		*place = NULL;
		ops[n] = op;
		op->out_len = (uint16_t)word1;
		op->result_sa = (uint16_t)(word1 >> SHIFT1(sa));
		op->status = (uint8_t)(word1 >> SHIFT1(status));
	}
	cq->newest[0] = belief.newest[0];
	cq->newest[1] = belief.newest[1];
	cq->cq_head = (uint16_t)(cq->cq_head + n);
	return n;
}

/* Take what is complete, at most count, which is at most what is in flight. */
static unsigned int take_completions(struct card_queue *cq, struct espalier_op **ops, unsigned int count)
{
	unsigned int n = 0, got;

	do {
		got = take_run(cq, ops + n, count - n);
		n += got;
	} while (got && n < count && !cq->failure);
	cq->base.in_flight -= n;
	return n;
}

/* Number of the oldest operation in flight; there is one. */
static uint64_t oldest(const struct card_queue *cq)
{
	uint64_t number = cq->next - places_of(cq);

	while (!cq->places[number & (places_of(cq) - 1)])
		number++;
	return number;
}

/* Does the card get on with the oldest operation? */
static int check_progress(struct card_queue *cq)
{
	struct card *card = card_of(cq);
	uint64_t number;
	int ret;

	if (!cq->base.in_flight || has_completion(cq))
		return 0;
	number = oldest(cq);
	if (number != cq->watched || !cq->watch.since_ms) {
		cq->watched = number;
		cq->watch = (struct card_watch){ 0 };
	}
	ret = card_stuck(card, &cq->watch, OPERATION_MS);
	if (ret > 0 && !has_completion(cq)) /* it may have come meanwhile */
		ret = card_give_up(card, "The card answers, but it does not complete its operations on queue %u.", cq->index);
	return ret < 0 ? queue_lost(cq) : 0;
}

/* Is the card there, and does the queue run? A queue that stopped with an error completes what it fetched before it is given up. */
static int check_queue(struct card_queue *cq)
{
	uint32_t control;
	uint8_t status;
	struct card *card = card_of(cq);
	int ret = card->lost ? -ENODEV : card->t->ops->alive(card->t);

	if (ret && !card->lost)
		card_transport_error(card, ret);
	if (!ret)
		ret = read_control(cq, &control);
	if (ret)
		return queue_lost(cq);
	if (!CARD_FIELD(control, QUEUE_CONTROL, ERROR) || CARD_FIELD(control, QUEUE_CONTROL, ACTIVE))
		return check_progress(cq);
	if (has_completion(cq))
		return 0; /* to be taken first */
	espalier_fail(cq->base.dev->error, -EIO, "The card stopped queue %u: %s.", cq->index,
		      espalier_status_name(CARD_FIELD(control, QUEUE_CONTROL, ERROR_STATUS)));
	status = (uint8_t)CARD_FIELD(control, QUEUE_CONTROL, ERROR_STATUS);
	return fail_queue(cq, -EIO, status != ESP_STATUS_OK && espalier_status_known(status) ? status : ESPALIER_STATUS_DEVICE_LOST);
}

/* What a failed queue had in flight, in the order of enqueueing. From here on no completion counts any more. */
static unsigned int take_failed(struct card_queue *cq, struct espalier_op **ops, unsigned int count)
{
	unsigned int n = 0;

	cq->given_up = true;
	for (uint64_t number = cq->next - places_of(cq); n < count && number != cq->next; number++) {
		struct espalier_op **place = &cq->places[number & (places_of(cq) - 1)];

		if (!*place)
			continue;
		ops[n] = *place;
		ops[n]->status = cq->failure_status;
		ops[n]->out_len = 0;
		ops[n++]->result_sa = ESPALIER_SA_NONE;
		*place = NULL;
	}
	cq->base.in_flight -= n;
	return n;
}

int card_dequeue_burst(struct espalier_queue *queue, struct espalier_op **ops, unsigned int count)
{
	struct card_queue *cq = (struct card_queue *)queue;
	unsigned int n = 0;

	if (!cq->given_up)
		n = take_completions(cq, ops, min(count, queue->in_flight));
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

int card_queue_check(struct espalier_queue *queue)
{
	struct card_queue *cq = (struct card_queue *)queue;

	return cq->failure ? cq->failure : check_queue(cq);
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
	uint64_t end = card_now_ms() + (uint64_t)timeout_ms, now, events;
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
