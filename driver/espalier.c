/* SPDX-License-Identifier: Apache-2.0 */
/* The public entry points: device names to backends, argument checks. What a call does is in the backends. */
#include "espalier.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend.h"
#include "card.h"

#define DEFAULT_TIMEOUT_MS 30000u
#define MODERATION_COUNT_MAX 255u
#define MODERATION_USEC_MAX 16000u

int espalier_open(const char *name, const struct espalier_open_options *options, struct espalier_dev **dev, char *error)
{
	struct espalier_open_options opt = { 0 };
	const struct espalier_backend *backend;
	int ret;

	*dev = NULL;
	if (error)
		error[0] = '\0';
	if (!name || !*name || strlen(name) >= ESPALIER_NAME_LEN)
		return espalier_fail(error, -EINVAL, "A device name has 1 to %d characters.", ESPALIER_NAME_LEN - 1);
	if (options)
		opt = *options;
	if (!opt.timeout_ms)
		opt.timeout_ms = DEFAULT_TIMEOUT_MS;
	backend = espalier_backend_find(name);
	if (!backend)
		backend = &espalier_card_backend;
	ret = backend->open(name, &opt, dev, error);
	if (ret)
		return ret;
	(*dev)->backend = backend;
	(*dev)->timeout_ms = opt.timeout_ms;
	snprintf((*dev)->name, sizeof((*dev)->name), "%s", name);
	return 0;
}

void espalier_close(struct espalier_dev *dev)
{
	if (dev)
		dev->backend->close(dev);
}

int espalier_device_fd(const struct espalier_dev *dev)
{
	return dev->backend->device_fd ? dev->backend->device_fd(dev) : -1;
}

const char *espalier_error(const struct espalier_dev *dev)
{
	return dev->error;
}

int espalier_info(struct espalier_dev *dev, struct espalier_info *info)
{
	memset(info, 0, sizeof(*info));
	snprintf(info->name, sizeof(info->name), "%s", dev->name);
	return dev->backend->info(dev, info);
}

int espalier_stats(struct espalier_dev *dev, struct espalier_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	return dev->backend->stats(dev, stats);
}

int espalier_cycles(struct espalier_dev *dev, uint64_t *cycles)
{
	*cycles = 0;
	return dev->backend->cycles(dev, cycles);
}

int espalier_dma_alloc(struct espalier_dev *dev, size_t size, struct espalier_mem *mem)
{
	memset(mem, 0, sizeof(*mem));
	if (!size)
		return espalier_fail(dev->error, -EINVAL, "DMA memory of 0 bytes was asked for.");
	return dev->backend->dma_alloc(dev, size, mem);
}

void espalier_dma_free(struct espalier_dev *dev, struct espalier_mem *mem)
{
	if (!mem->va)
		return;
	dev->backend->dma_free(dev, mem);
	memset(mem, 0, sizeof(*mem));
}

int espalier_sa_add(struct espalier_dev *dev, const struct espalier_sa_config *config, uint16_t *sa)
{
	*sa = ESPALIER_SA_NONE;
	return dev->backend->sa_add(dev, config, sa);
}

int espalier_sa_delete(struct espalier_dev *dev, enum espalier_direction direction, uint16_t sa)
{
	return dev->backend->sa_delete(dev, direction, sa, NULL);
}

int espalier_sa_delete_last(struct espalier_dev *dev, enum espalier_direction direction, uint16_t sa, uint64_t *last)
{
	*last = 0;
	return dev->backend->sa_delete(dev, direction, sa, last);
}

int espalier_sa_query(struct espalier_dev *dev, enum espalier_direction direction, uint16_t sa, uint64_t *seq)
{
	*seq = 0;
	return dev->backend->sa_query(dev, direction, sa, seq);
}

int espalier_sa_counters(struct espalier_dev *dev, enum espalier_direction direction, uint16_t sa, struct espalier_sa_counters *counters)
{
	memset(counters, 0, sizeof(*counters));
	if (!dev->backend->sa_counters)
		return espalier_fail(dev->error, -ENOTSUP, "This device does not count by SA.");
	return dev->backend->sa_counters(dev, direction, sa, counters);
}

int espalier_dequeue_events(struct espalier_dev *dev, struct espalier_event *events, unsigned int count)
{
	return dev->backend->dequeue_events ? dev->backend->dequeue_events(dev, events, count) : 0;
}

int espalier_queue_create(struct espalier_dev *dev, unsigned int depth, struct espalier_queue **queue)
{
	*queue = NULL;
	return dev->backend->queue_create(dev, espalier_queue_depth(depth), queue);
}

void espalier_queue_destroy(struct espalier_queue *queue)
{
	if (queue)
		queue->dev->backend->queue_destroy(queue);
}

int espalier_enqueue_burst(struct espalier_queue *queue, struct espalier_op *const *ops, unsigned int count)
{
	if (count > ESPALIER_BURST_MAX)
		count = ESPALIER_BURST_MAX;
	return queue->dev->backend->enqueue_burst(queue, ops, count);
}

int espalier_dequeue_burst(struct espalier_queue *queue, struct espalier_op **ops, unsigned int count)
{
	if (count > ESPALIER_BURST_MAX)
		count = ESPALIER_BURST_MAX;
	return queue->dev->backend->dequeue_burst(queue, ops, count);
}

unsigned int espalier_queue_in_flight(const struct espalier_queue *queue)
{
	return queue->in_flight;
}

int espalier_queue_fd(const struct espalier_queue *queue)
{
	return queue->event_fd;
}

int espalier_queue_check(struct espalier_queue *queue)
{
	return queue->dev->backend->queue_check ? queue->dev->backend->queue_check(queue) : 0;
}

int espalier_queue_arm(struct espalier_queue *queue)
{
	return queue->dev->backend->queue_arm(queue);
}

int espalier_queue_moderate(struct espalier_queue *queue, unsigned int count, unsigned int usec)
{
	if (count > MODERATION_COUNT_MAX || usec > MODERATION_USEC_MAX)
		return espalier_fail(queue->dev->error, -EINVAL, "Interrupt moderation: at most %u operations and %u microseconds.",
				     MODERATION_COUNT_MAX, MODERATION_USEC_MAX);
	return queue->dev->backend->queue_moderate ? queue->dev->backend->queue_moderate(queue, count, usec) : 0;
}

int espalier_queue_wait(struct espalier_queue *queue, int timeout_ms)
{
	return queue->dev->backend->queue_wait(queue, timeout_ms < 0 ? (int)queue->dev->timeout_ms : timeout_ms);
}
