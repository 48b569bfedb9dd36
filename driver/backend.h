/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a backend implements: the card behind its transports (card.c), the software reference (driver/software), a mock in a test.
 * A backend embeds struct espalier_dev and struct espalier_queue as first members. Functions behave as espalier.h says of the
 * call of the same name; arguments were checked for NULL, counts are at most ESPALIER_BURST_MAX.
 */
#ifndef ESPALIER_BACKEND_H
#define ESPALIER_BACKEND_H

#include <stdarg.h>

#include "espalier.h"

struct espalier_backend {
	const char *name; /* the device name, up to a colon */
	int (*open)(const char *name, const struct espalier_open_options *options, struct espalier_dev **dev, char *error);
	void (*close)(struct espalier_dev *dev);
	int (*device_fd)(const struct espalier_dev *dev); /* NULL: none */
	int (*info)(struct espalier_dev *dev, struct espalier_info *info);
	int (*stats)(struct espalier_dev *dev, struct espalier_stats *stats);
	int (*cycles)(struct espalier_dev *dev, uint64_t *cycles);
	int (*dma_alloc)(struct espalier_dev *dev, size_t size, struct espalier_mem *mem);
	void (*dma_free)(struct espalier_dev *dev, struct espalier_mem *mem);
	int (*sa_add)(struct espalier_dev *dev, const struct espalier_sa_config *config, uint16_t *sa);
	int (*sa_delete)(struct espalier_dev *dev, enum espalier_direction direction, uint16_t sa, uint64_t *last); /* last: NULL or the final number */
	int (*sa_query)(struct espalier_dev *dev, enum espalier_direction direction, uint16_t sa, uint64_t *seq);
	int (*sa_counters)(struct espalier_dev *dev, enum espalier_direction direction, uint16_t sa, struct espalier_sa_counters *counters); /* NULL: none */
	int (*dequeue_events)(struct espalier_dev *dev, struct espalier_event *events, unsigned int count); /* NULL: none */
	int (*queue_create)(struct espalier_dev *dev, unsigned int depth, struct espalier_queue **queue);
	void (*queue_destroy)(struct espalier_queue *queue);
	int (*enqueue_burst)(struct espalier_queue *queue, struct espalier_op *const *ops, unsigned int count);
	int (*dequeue_burst)(struct espalier_queue *queue, struct espalier_op **ops, unsigned int count);
	int (*queue_check)(struct espalier_queue *queue); /* NULL: nothing to be found */
	int (*queue_arm)(struct espalier_queue *queue);
	int (*queue_moderate)(struct espalier_queue *queue, unsigned int count, unsigned int usec); /* NULL: no interrupts */
	int (*queue_wait)(struct espalier_queue *queue, int timeout_ms);
};

struct espalier_dev {
	const struct espalier_backend *backend;
	unsigned int timeout_ms;
	char name[ESPALIER_NAME_LEN];
	char error[ESPALIER_ERROR_LEN];
};

struct espalier_queue {
	struct espalier_dev *dev;
	int event_fd;
	unsigned int in_flight;
	unsigned int depth;
};

/* Make a backend known to espalier_open, before the first open. backend stays in use. -ENOSPC. */
int espalier_backend_register(const struct espalier_backend *backend);
/* Of a device name; NULL: none is registered for it. */
const struct espalier_backend *espalier_backend_find(const char *name);

/* The rules every backend has for an SA before it touches the device (sa_check.c): -EINVAL, or -ENOTSUP for what features lacks, with a text. */
int espalier_sa_check(struct espalier_dev *dev, const struct espalier_sa_config *config, uint32_t features, uint32_t max_window);

/* Is it a status that a card may give? */
bool espalier_status_known(unsigned int status);

/* Ring size for a wanted depth: the power of two not below it, 16 to 32768. */
unsigned int espalier_queue_depth(unsigned int wanted);

/* Write a text to error (may be NULL, ESPALIER_ERROR_LEN bytes) and return code, a negative errno value. */
int espalier_fail(char *error, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
