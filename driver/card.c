/* SPDX-License-Identifier: Apache-2.0 */
/* The device driver as a backend: a card behind any transport, from open to close, what it is, and its counters. */
#include "card.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "card_bring_up.h"
#include "card_io.h"
#include "card_memory.h"
#include "card_queue.h"
#include "card_sa.h"
#include "card_stop.h"
#include "sim_process.h"

#define FIRST_IOVA (1ull << 32) /* clear of the x86 interrupt window below 4 GiB, inside every IOMMU's width */

static void card_close(struct espalier_dev *dev)
{
	struct card *card = (struct card *)dev;

	for (unsigned int i = 0; i < CARD_QUEUES_MAX; i++)
		if (card->queues[i])
			card_queue_destroy((struct espalier_queue *)card->queues[i]);
	if (card->sa[1])
		card_stop(card);
	card_dma_free_all(card);
	card->t->ops->close(card->t);
	for (unsigned int i = 0; i < CARD_QUEUES_MAX; i++)
		if (card->event_fds[i] >= 0)
			close(card->event_fds[i]);
	sim_process_stop(card->sim);
	free(card->sa[0]);
	free(card->sa[1]);
	free(card);
}

int card_attach(struct transport *t, unsigned int timeout_ms, struct card **card, char *error)
{
	struct card *new = calloc(1, sizeof(*new));
	int ret;

	*card = NULL;
	if (!new) {
		t->ops->close(t);
		return espalier_fail(error, -ENOMEM, "Out of memory.");
	}
	new->base.backend = &espalier_card_backend;
	new->base.timeout_ms = timeout_ms;
	new->t = t;
	new->next_iova = FIRST_IOVA;
	for (unsigned int i = 0; i < CARD_QUEUES_MAX; i++)
		new->event_fds[i] = -1;
	ret = card_bring_up(new);
	if (ret) {
		espalier_fail(error, ret, "%s", new->base.error);
		card_close(&new->base);
		return ret;
	}
	*card = new;
	return 0;
}

static int card_open(const char *name, const struct espalier_open_options *options, struct espalier_dev **dev, char *error)
{
	static const char prefix[] = "vfio-user:";
	struct sim_process *sim = NULL;
	struct transport *t = NULL;
	struct card *card = NULL;
	char socket[ESPALIER_NAME_LEN];
	int ret;

	if (!strcmp(name, "sim")) {
		ret = sim_process_start(options->timeout_ms, &sim, socket, error);
		if (!ret)
			ret = vfio_user_connect(socket, options, &t, error);
	} else if (!strncmp(name, prefix, sizeof(prefix) - 1)) {
		ret = vfio_user_connect(name + sizeof(prefix) - 1, options, &t, error);
	} else {
		ret = vfio_open(name, options->timeout_ms, &t, error);
	}
	if (!ret)
		ret = card_attach(t, options->timeout_ms, &card, error);
	if (ret) {
		sim_process_stop(sim);
		return ret;
	}
	card->sim = sim;
	*dev = &card->base;
	return 0;
}

static int card_device_fd(const struct espalier_dev *dev)
{
	const struct card *card = (const struct card *)dev;

	return card->t->ops->hangup_fd(card->t);
}

static int card_info(struct espalier_dev *dev, struct espalier_info *info)
{
	struct card *card = (struct card *)dev;

	*info = card->info;
	snprintf(info->name, sizeof(info->name), "%s", dev->name);
	snprintf(info->transport, sizeof(info->transport), "%s", card->t->ops->name);
	snprintf(info->location, sizeof(info->location), "%s", card->t->location);
	info->simulated = card->t->simulated;
	return 0;
}

static int card_cycles(struct espalier_dev *dev, uint64_t *cycles)
{
	return card_read64((struct card *)dev, ESP_REG_CYCLES_LO, ESP_REG_CYCLES_HI, cycles);
}

static int card_stats(struct espalier_dev *dev, struct espalier_stats *stats)
{
	struct card *card = (struct card *)dev;
	int ret = card_cycles(dev, &stats->cycles);

	for (uint32_t i = 0; !ret && i < ESP_REG_STATUS_COUNT_COUNT_MAX; i++)
		ret = card_read64(card, ESP_REG_STATUS_COUNT_LO + i * ESP_REG_STATUS_COUNT_STRIDE,
				  ESP_REG_STATUS_COUNT_HI + i * ESP_REG_STATUS_COUNT_STRIDE, &stats->status[i]);
	if (!ret)
		ret = card_read(card, ESP_REG_REG_ERRORS, &stats->register_errors);
	if (!ret)
		ret = card_read(card, ESP_REG_UNEXPECTED_COMPLETIONS, &stats->unexpected_completions);
	return ret;
}

const struct espalier_backend espalier_card_backend = {
	.name = "card",
	.open = card_open,
	.close = card_close,
	.device_fd = card_device_fd,
	.info = card_info,
	.stats = card_stats,
	.cycles = card_cycles,
	.dma_alloc = card_dma_alloc,
	.dma_free = card_dma_free,
	.sa_add = card_sa_add,
	.sa_delete = card_sa_delete,
	.sa_query = card_sa_query,
	.queue_create = card_queue_create,
	.queue_destroy = card_queue_destroy,
	.enqueue_burst = card_enqueue_burst,
	.dequeue_burst = card_dequeue_burst,
	.queue_check = card_queue_check,
	.queue_arm = card_queue_arm,
	.queue_moderate = card_queue_moderate,
	.queue_wait = card_queue_wait,
};
