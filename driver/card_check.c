/* SPDX-License-Identifier: Apache-2.0 */
/* Is a queue of use: the card there, running, and getting on with the oldest operation? */
#include "card_queue.h"

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
int queue_check(struct card_queue *cq)
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
