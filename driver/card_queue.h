/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the driver's queues: card_queue.c makes, waits for and ends them, card_ring.c moves operations through their rings, card_check.c watches them.
 * What all know of a queue.
 */
#ifndef ESPALIER_CARD_QUEUE_H
#define ESPALIER_CARD_QUEUE_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "card_io.h"
#include "ring.h"

#define OPERATION_MS 750u /* the oldest operation may be the oldest for so long: with a check each 250 ms, a stuck card shows within a second */

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

static inline struct card *card_of(const struct card_queue *cq)
{
	return (struct card *)cq->base.dev;
}

static inline int write_reg(struct card_queue *cq, uint32_t reg, uint32_t value)
{
	return card_write(card_of(cq), cq->registers + reg - ESP_REG_QUEUE_SQ_BASE_LO, value);
}

static inline int read_reg(struct card_queue *cq, uint32_t reg, uint32_t *value)
{
	return card_read(card_of(cq), cq->registers + reg - ESP_REG_QUEUE_SQ_BASE_LO, value);
}

static inline int read_control(struct card_queue *cq, uint32_t *value)
{
	return read_reg(cq, ESP_REG_QUEUE_CONTROL, value);
}

static inline unsigned int min(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

static inline uint64_t places_of(const struct card_queue *cq)
{
	return 2ull * cq->base.depth;
}

/* The queue is of no use any more; code and status are for what is in flight and for later calls. base.error says why. */
static inline int fail_queue(struct card_queue *cq, int code, uint8_t status)
{
	if (!cq->failure) {
		cq->failure = code;
		cq->failure_status = status;
	}
	return cq->failure;
}

static inline int queue_lost(struct card_queue *cq)
{
	return fail_queue(cq, -ENODEV, ESPALIER_STATUS_DEVICE_LOST);
}

/* Of the next completion, when the card has written it. */
static inline uint8_t phase_of(const struct card_queue *cq)
{
	return cq->cq_head & cq->cq_size ? 0 : RING_COMPLETION_PHASE;
}

static inline bool has_completion(const struct card_queue *cq)
{
	uint8_t flags = __atomic_load_n(&cq->cq[cq->cq_head & (cq->cq_size - 1)].flags, __ATOMIC_ACQUIRE);

	return (flags & RING_COMPLETION_PHASE) == phase_of(cq);
}

/* ---- card_check.c ---- */
/* Is the card there, does the queue run, and does it get on? 0, or what every call ends in from here on. */
int queue_check(struct card_queue *cq);

/* ---- card_ring.c: calls of espalier.h ---- */
int card_enqueue_burst(struct espalier_queue *queue, struct espalier_op *const *ops, unsigned int count);
int card_dequeue_burst(struct espalier_queue *queue, struct espalier_op **ops, unsigned int count);

/* ---- card_queue.c: calls of espalier.h ---- */
int card_queue_create(struct espalier_dev *dev, unsigned int depth, struct espalier_queue **queue);
void card_queue_destroy(struct espalier_queue *queue);
int card_queue_check(struct espalier_queue *queue);
int card_queue_arm(struct espalier_queue *queue);
int card_queue_moderate(struct espalier_queue *queue, unsigned int count, unsigned int usec);
int card_queue_wait(struct espalier_queue *queue, int timeout_ms);

#endif
