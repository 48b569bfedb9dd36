/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operations through the rings of a queue: a submission and a completion ring in shared memory, doorbells once a burst.
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
 */
#include "card_queue.h"

#define EMPTY_POLLS_CHECK 4096u /* look at the card after so many empty polls */

/* Where the members of a completion's second word are: the card writes it whole, and one load takes it whole. */
#define SHIFT1(member) (8 * (offsetof(struct ring_completion, member) - sizeof(uint64_t)))
#define WORD1(member, value) ((uint64_t)(value) << SHIFT1(member))

/* The same of an operation's third word. */
#define OP_SHIFT(member) (8 * (offsetof(struct espalier_op, member) - offsetof(struct espalier_op, src_len)))

/* A completion's length and SA stand in an operation as they do there. */
static_assert(offsetof(struct ring_completion, out_len) == 8 && offsetof(struct ring_completion, sa) == 10 &&
		      offsetof(struct espalier_op, result_sa) == offsetof(struct espalier_op, out_len) + 2, "result");
static_assert(offsetof(struct espalier_op, sa) - offsetof(struct espalier_op, src_len) == 6, "operation");

/* An operation begins as its descriptor does, but for the flags, so it is copied as it is. Elsewhere, too, no byte is swapped. */
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "descriptors are little endian");
static_assert(offsetof(struct espalier_op, src) == offsetof(struct ring_submission, src), "descriptor");
static_assert(offsetof(struct espalier_op, dst) == offsetof(struct ring_submission, dst), "descriptor");
static_assert(offsetof(struct espalier_op, src_len) == offsetof(struct ring_submission, src_len), "descriptor");
static_assert(offsetof(struct espalier_op, dst_capacity) == offsetof(struct ring_submission, dst_capacity), "descriptor");
static_assert(offsetof(struct espalier_op, opcode) == offsetof(struct ring_submission, opcode), "descriptor");
static_assert(offsetof(struct espalier_op, sa) == offsetof(struct ring_submission, sa), "descriptor");

static inline uint64_t min64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
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
		return len == espalier_plain_len(op->src_len) && len <= op->dst_capacity;
	return op->opcode == ESP_OPCODE_DECAP && len && espalier_plain_len(len) <= op->src_len && len <= op->dst_capacity;
}

static bool good_sa(const struct card_queue *cq, const struct espalier_op *op, uint16_t sa, bool ok)
{
	if (sa == ESPALIER_SA_NONE)
		return !ok;
	return op->opcode == ESP_OPCODE_ENCAP ? sa == op->sa : !ok || sa < card_of(cq)->info.sa_capacity;
}

/* How far behind the newest operation a completion may be: of those in flight, and by direction the last one that completed. */
struct order {
	uint64_t encap, decap;
};

/* What is wrong with a completion; NULL: nothing. back: how far behind the newest operation it is. */
static __attribute__((noinline)) const char *disbelieve(const struct card_queue *cq, const struct espalier_op *op, uint64_t back, uint64_t word1,
							 struct order order)
{
	bool decap = word1 & WORD1(flags, RING_COMPLETION_DECAP);
	uint8_t status = (uint8_t)(word1 >> SHIFT1(status));
	uint16_t len = (uint16_t)word1, sa = (uint16_t)(word1 >> SHIFT1(sa));

	if (back >= places_of(cq) || !op)
		return "which is not in flight";
	if (op->opcode == (decap ? ESP_OPCODE_ENCAP : ESP_OPCODE_DECAP))
		return "which went the other way";
	if (back > (decap ? order.decap : order.encap))
		return "which it had passed over";
	if (status != ESP_STATUS_OK && !espalier_status_known(status))
		return "with a status that there is not";
	if (status == ESP_STATUS_OK ? !good_len(op, len) : len != 0)
		return "with a length that it cannot have";
	return good_sa(cq, op, sa, status == ESP_STATUS_OK) ? NULL : "with an SA that it cannot have";
}

/* An operation as one word: its lengths, opcode and SA, as submitted. */
static inline uint64_t word_of(const struct espalier_op *op)
{
	uint64_t word;

	memcpy(&word, &op->src_len, sizeof(word));
	return word;
}

/*
 * Most completions are of packets without error, which disbelieve need not see. There is but one that such a packet's encapsulation can have: direction,
 * status, length and SA are compared as one word. word: of the operation.
 */
static inline bool is_good_encap(uint64_t word, uint64_t word1)
{
	const uint64_t mask = WORD1(out_len, UINT16_MAX) | WORD1(sa, UINT16_MAX) | WORD1(status, UINT8_MAX) | WORD1(flags, RING_COMPLETION_DECAP);
	uint64_t len = espalier_plain_len((uint16_t)word), expected = len | word >> OP_SHIFT(sa) << SHIFT1(sa);
	bool encap = (uint8_t)(word >> OP_SHIFT(opcode)) == ESP_OPCODE_ENCAP, fits = len <= (uint16_t)(word >> OP_SHIFT(dst_capacity));

	return !((word1 ^ expected) & mask) & encap & fits;
}

static inline bool is_good_decap(uint64_t word, uint64_t word1, uint32_t sa_capacity)
{
	const uint64_t mask = WORD1(status, UINT8_MAX) | WORD1(flags, RING_COMPLETION_DECAP);
	uint16_t len = (uint16_t)word1;
	bool decap = (uint8_t)(word >> OP_SHIFT(opcode)) == ESP_OPCODE_DECAP && (word1 & mask) == WORD1(flags, RING_COMPLETION_DECAP);

	return decap & (len != 0) & (espalier_plain_len(len) <= (uint16_t)word) & (len <= (uint16_t)(word >> OP_SHIFT(dst_capacity))) &
	       ((uint16_t)(word1 >> SHIFT1(sa)) < sa_capacity);
}

static_assert(ESP_STATUS_OK == 0, "it is no bit of what is expected");

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
	const uint64_t last = cq->next - 1, mask = places_of(cq) - 1, not_yet = phase_of(cq) ? 0 : WORD1(flags, RING_COMPLETION_PHASE);
	const uint32_t at = cq->cq_head & (cq->cq_size - 1), sa_capacity = card_of(cq)->info.sa_capacity;
	const struct ring_completion *restrict c = &cq->cq[at];
	struct espalier_op **const places = cq->places;
	struct order order = { min64(last - cq->newest[0], mask), min64(last - cq->newest[1], mask) };
	unsigned int n = 0;

	count = min(count, cq->cq_size - at);
	for (; n < count; n++, c++) {
		uint64_t word1 = __atomic_load_n((const uint64_t *)c + 1, __ATOMIC_ACQUIRE), number = c->cookie, back = last - number;
		struct espalier_op **place = &places[number & mask], *op = *place;

		if ((word1 & WORD1(flags, RING_COMPLETION_PHASE)) == not_yet)
			break;
		if (op && is_good_encap(word_of(op), word1) && back <= order.encap) {
			order.encap = back;
		} else if (op && is_good_decap(word_of(op), word1, sa_capacity) && back <= order.decap) {
			order.decap = back;
		} else {
			const char *wrong = disbelieve(cq, op, back, word1, order);

			if (wrong) {
				fail_nonsense(cq, wrong, number, word1);
				break;
			}
			*(word1 & WORD1(flags, RING_COMPLETION_DECAP) ? &order.decap : &order.encap) = back;
		}
		*place = NULL;
		ops[n] = op;
		memcpy(&op->out_len, &word1, sizeof(op->out_len) + sizeof(op->result_sa));
		op->status = (uint8_t)(word1 >> SHIFT1(status));
	}
	cq->newest[0] = last - order.encap;
	cq->newest[1] = last - order.decap;
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
		queue_check(cq);
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
