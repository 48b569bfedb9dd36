/* SPDX-License-Identifier: Apache-2.0 */
/* The public entry points: device names to backends, argument checks, error texts. What a call does is in the backends. */
#include "espalier.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend.h"
#include "card.h"

#define BACKENDS_MAX 8
#define DEFAULT_TIMEOUT_MS 30000u
#define QUEUE_DEPTH_MIN 16u
#define QUEUE_DEPTH_MAX 32768u
#define MODERATION_COUNT_MAX 255u
#define MODERATION_USEC_MAX 16000u

static const struct espalier_backend *backends[BACKENDS_MAX];

int espalier_fail(char *error, int code, const char *format, ...)
{
	va_list args;

	if (error) {
		va_start(args, format);
		vsnprintf(error, ESPALIER_ERROR_LEN, format, args);
		va_end(args);
	}
	return code;
}

int espalier_backend_register(const struct espalier_backend *backend)
{
	for (size_t i = 0; i < BACKENDS_MAX; i++) {
		if (backends[i] == backend)
			return 0;
		if (!backends[i]) {
			backends[i] = backend;
			return 0;
		}
	}
	return -ENOSPC;
}

static const struct espalier_backend *find_backend(const char *name)
{
	size_t len = strcspn(name, ":");

	for (size_t i = 0; i < BACKENDS_MAX && backends[i]; i++)
		if (strlen(backends[i]->name) == len && !strncmp(backends[i]->name, name, len))
			return backends[i];
	return &espalier_card_backend;
}

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
	backend = find_backend(name);
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

static const char *const status_names[] = ESP_STATUS_NAMES;

bool espalier_status_known(unsigned int status)
{
	return status < sizeof(status_names) / sizeof(status_names[0]) && status_names[status];
}

const char *espalier_status_name(unsigned int status)
{
	if (status == ESPALIER_STATUS_DEVICE_LOST)
		return "device_lost";
	return espalier_status_known(status) ? status_names[status] : "unknown";
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

int espalier_sa_check(struct espalier_dev *dev, const struct espalier_sa_config *config, uint32_t max_window)
{
	if (config->direction != ESPALIER_OUTBOUND && config->direction != ESPALIER_INBOUND)
		return espalier_fail(dev->error, -EINVAL, "SA: the direction is neither outbound nor inbound.");
	if (config->key_len != 16 && config->key_len != 24 && config->key_len != 32)
		return espalier_fail(dev->error, -EINVAL, "SA 0x%08x: a key has 16, 24 or 32 bytes, not %u.", config->spi, config->key_len);
	if (config->spi < 256)
		return espalier_fail(dev->error, -EINVAL, "SA 0x%08x: SPIs 0 to 255 are reserved (RFC 4303, 2.1).", config->spi);
	if (!config->esn && config->seq > UINT32_MAX)
		return espalier_fail(dev->error, -EINVAL, "SA 0x%08x: a sequence number above 2^32-1 needs ESN.", config->spi);
	if (config->direction == ESPALIER_INBOUND && config->replay_window > max_window)
		return espalier_fail(dev->error, -EINVAL, "SA 0x%08x: a replay window of %u is more than the device's %u.", config->spi,
				     config->replay_window, max_window);
	return 0;
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

unsigned int espalier_queue_depth(unsigned int wanted)
{
	unsigned int depth = QUEUE_DEPTH_MIN;

	while (depth < wanted && depth < QUEUE_DEPTH_MAX)
		depth *= 2;
	return depth;
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
