/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device driver: bring-up, registers, memory and counters of a card behind any transport.
 * Bring-up: identity in configuration space, reset, memory space and bus mastering on, wait for STATUS.ready, identity in BAR 0,
 * leftovers of an earlier user removed, MSI-X vectors to eventfds.
 */
#include "card.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define REGISTER_MAP_VERSION 1u
#define FIRST_IOVA (1ull << 32) /* clear of the x86 interrupt window below 4 GiB, inside every IOMMU's width */
#define ALL_ONES 0xffffffffu	/* what a read of an absent PCIe device returns */

/* PCI configuration space (PCI Express Base 4.0, 7.5) */
#define CFG_ID 0x00u
#define CFG_COMMAND_MEMORY 0x0002u
#define CFG_COMMAND_MASTER 0x0004u

uint64_t card_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int card_transport_error(struct card *card, int code)
{
	memcpy(card->base.error, card->t->error, sizeof(card->base.error));
	if (code == -ENODEV && !card->lost) {
		card->lost = true;
		memcpy(card->lost_why, card->t->error, sizeof(card->lost_why));
	}
	return code;
}

static int is_lost(struct card *card)
{
	if (card->lost)
		return espalier_fail(card->base.error, -ENODEV, "%s", card->lost_why);
	return 0;
}

int card_read(struct card *card, uint32_t offset, uint32_t *value)
{
	uint32_t id;
	int ret = is_lost(card);

	*value = 0;
	if (ret)
		return ret;
	ret = card->t->ops->reg_read(card->t, offset, value);
	if (ret)
		return card_transport_error(card, ret);
	if (*value != ALL_ONES || offset == ESP_REG_ID)
		return 0;
	/* few registers hold all ones; an absent card reads so everywhere */
	ret = card->t->ops->reg_read(card->t, ESP_REG_ID, &id);
	if (ret)
		return card_transport_error(card, ret);
	if (id == ESP_REG_ID_RESET)
		return 0;
	return card_transport_error(card, espalier_fail(card->t->error, -ENODEV, "The card does not answer any more: reads return all ones."));
}

int card_write(struct card *card, uint32_t offset, uint32_t value)
{
	int ret = is_lost(card);

	if (ret)
		return ret;
	ret = card->t->ops->reg_write(card->t, offset, value);
	return ret ? card_transport_error(card, ret) : 0;
}

int card_read64(struct card *card, uint32_t low, uint32_t high, uint64_t *value)
{
	uint32_t l, h = 0;
	int ret = card_read(card, low, &l);

	if (!ret)
		ret = card_read(card, high, &h);
	*value = (uint64_t)h << 32 | l;
	return ret;
}

int card_read_config(struct card *card, uint32_t offset, void *data, uint32_t len)
{
	int ret = card->t->ops->config_read(card->t, offset, data, len);

	return ret ? card_transport_error(card, ret) : 0;
}

static int enable_bus(struct card *card)
{
	uint16_t command;
	int ret = card_read_config(card, CARD_CONFIG_COMMAND, &command, sizeof(command));

	if (ret)
		return ret;
	command |= CFG_COMMAND_MEMORY | CFG_COMMAND_MASTER | CARD_COMMAND_NO_INTX;
	ret = card->t->ops->config_write(card->t, CARD_CONFIG_COMMAND, &command, sizeof(command));
	return ret ? card_transport_error(card, ret) : 0;
}

static int check_ids(struct card *card)
{
	uint16_t ids[2];
	int ret = card_read_config(card, CFG_ID, ids, sizeof(ids));

	if (ret)
		return ret;
	if (ids[0] != ESPALIER_VENDOR_ID || ids[1] != ESPALIER_DEVICE_ID)
		return espalier_fail(card->base.error, -ENXIO, "PCI device %04x:%04x is not an Espalier card (%04x:%04x).", ids[0], ids[1],
				     ESPALIER_VENDOR_ID, ESPALIER_DEVICE_ID);
	return 0;
}

static int wait_ready(struct card *card)
{
	uint64_t end = card_now_ms() + card->base.timeout_ms;
	uint32_t status;
	int ret;

	do {
		ret = card_read(card, ESP_REG_STATUS, &status);
		if (ret)
			return ret;
		if (CARD_FIELD(status, STATUS, READY))
			return 0;
		usleep(100);
	} while (card_now_ms() < end);
	return espalier_fail(card->base.error, -ETIMEDOUT, "The card did not become ready within %u ms.", card->base.timeout_ms);
}

static int read_capabilities(struct card *card)
{
	static const uint32_t registers[] = { ESP_REG_ID, ESP_REG_VERSION, ESP_REG_CAPS, ESP_REG_SA_CAPACITY, ESP_REG_LIMITS, ESP_REG_CLOCK };
	uint32_t v[6];
	int ret;

	for (int i = 0; i < 6; i++) {
		ret = card_read(card, registers[i], &v[i]);
		if (ret)
			return ret;
	}
	if (v[0] != ESP_REG_ID_RESET)
		return espalier_fail(card->base.error, -ENXIO, "Register ID reads 0x%08x: not an Espalier card.", v[0]);
	if (v[1] != REGISTER_MAP_VERSION)
		return espalier_fail(card->base.error, -ENXIO, "The card has register map version %u; this driver knows %u.", v[1],
				     REGISTER_MAP_VERSION);
	card->info.version = v[1];
	card->info.lanes = CARD_FIELD(v[2], CAPS, LANES);
	card->info.queues = CARD_FIELD(v[2], CAPS, QUEUES);
	card->info.algorithms = CARD_FIELD(v[2], CAPS, ALGORITHMS);
	card->info.sa_capacity = v[3];
	card->info.max_packet = CARD_FIELD(v[4], LIMITS, MAX_PACKET);
	card->info.max_window = CARD_FIELD(v[4], LIMITS, MAX_WINDOW);
	card->info.clock_khz = v[5];
	if (card->info.queues > CARD_QUEUES_MAX)
		card->info.queues = CARD_QUEUES_MAX;
	if (!card->info.queues || !card->info.sa_capacity || card->info.sa_capacity > ESPALIER_SA_NONE || !card->info.max_packet)
		return espalier_fail(card->base.error, -ENXIO, "The card's capability registers make no sense.");
	return 0;
}

/* What an earlier user left: running queues, SAs. After a reset there is nothing. */
static int clear_leftovers(struct card *card)
{
	uint32_t out, in;
	int ret = 0;

	for (uint32_t q = 0; !ret && q < card->info.queues; q++)
		ret = card_write(card, ESP_REG_QUEUE_CONTROL + q * ESP_REG_QUEUE_STRIDE, 0);
	if (!ret)
		ret = card_read(card, ESP_REG_SA_OUT_COUNT, &out);
	if (!ret)
		ret = card_read(card, ESP_REG_SA_IN_COUNT, &in);
	if (!ret && (out || in))
		ret = card_sa_clear(card);
	return ret;
}

static int set_interrupts(struct card *card)
{
	int ret;

	for (unsigned int i = 0; i < card->info.queues; i++) {
		card->event_fds[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (card->event_fds[i] < 0)
			return espalier_fail(card->base.error, -errno, "No event descriptor: %s.", strerror(errno));
	}
	ret = card->t->ops->irq_set(card->t, card->event_fds, card->info.queues);
	return ret ? card_transport_error(card, ret) : 0;
}

static int bring_up(struct card *card)
{
	int ret = check_ids(card);

	if (!ret) {
		ret = card->t->ops->reset(card->t);
		ret = ret && ret != -ENOTSUP ? card_transport_error(card, ret) : 0;
	}
	if (!ret)
		ret = enable_bus(card);
	if (!ret)
		ret = card_read_express(card);
	if (!ret)
		ret = wait_ready(card);
	if (!ret)
		ret = read_capabilities(card);
	if (!ret)
		ret = clear_leftovers(card);
	for (int i = 0; !ret && i < 2; i++) {
		card->sa[i] = calloc(card->info.sa_capacity, sizeof(struct card_sa));
		if (!card->sa[i])
			ret = espalier_fail(card->base.error, -ENOMEM, "Out of memory.");
	}
	return ret ? ret : set_interrupts(card);
}

static void card_close(struct espalier_dev *dev)
{
	struct card *card = (struct card *)dev;

	for (unsigned int i = 0; i < CARD_QUEUES_MAX; i++)
		if (card->queues[i])
			card_queue_destroy((struct espalier_queue *)card->queues[i]);
	if (card->sa[1])
		card_stop(card);
	while (card->memory) {
		struct card_mem *entry = card->memory;

		card->memory = entry->next;
		card->t->ops->dma_unmap(card->t, &entry->mem);
		free(entry);
	}
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
	ret = bring_up(new);
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
			ret = vfio_user_connect(socket, options->timeout_ms, &t, error);
	} else if (!strncmp(name, prefix, sizeof(prefix) - 1)) {
		ret = vfio_user_connect(name + sizeof(prefix) - 1, options->timeout_ms, &t, error);
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

	for (uint32_t i = 0; !ret && i < ESPALIER_STATUS_COUNT; i++)
		ret = card_read64(card, ESP_REG_STATUS_COUNT_LO + i * ESP_REG_STATUS_COUNT_STRIDE,
				  ESP_REG_STATUS_COUNT_HI + i * ESP_REG_STATUS_COUNT_STRIDE, &stats->status[i]);
	if (!ret)
		ret = card_read(card, ESP_REG_REG_ERRORS, &stats->register_errors);
	if (!ret)
		ret = card_read(card, ESP_REG_UNEXPECTED_COMPLETIONS, &stats->unexpected_completions);
	return ret;
}

int card_dma_alloc(struct espalier_dev *dev, size_t size, struct espalier_mem *mem)
{
	struct card *card = (struct card *)dev;
	struct card_mem *entry;
	int ret = is_lost(card);

	if (ret)
		return ret;
	entry = calloc(1, sizeof(*entry));
	if (!entry || size > SIZE_MAX - CARD_PAGE) {
		free(entry);
		return espalier_fail(dev->error, -ENOMEM, "No memory for %zu bytes shared with the card.", size);
	}
	entry->mem.size = (size + CARD_PAGE - 1) & ~(size_t)(CARD_PAGE - 1);
	entry->mem.iova = card->next_iova;
	ret = card->t->ops->dma_map(card->t, &entry->mem);
	if (ret) {
		free(entry);
		return card_transport_error(card, ret);
	}
	card->next_iova += entry->mem.size + CARD_PAGE; /* a hole behind each: nothing runs from one into the next */
	entry->next = card->memory;
	card->memory = entry;
	*mem = (struct espalier_mem){ .va = entry->mem.va, .iova = entry->mem.iova, .size = entry->mem.size };
	return 0;
}

void card_dma_free(struct espalier_dev *dev, struct espalier_mem *mem)
{
	struct card *card = (struct card *)dev;

	for (struct card_mem **link = &card->memory; *link; link = &(*link)->next) {
		struct card_mem *entry = *link;

		if (entry->mem.va != mem->va)
			continue;
		*link = entry->next;
		card->t->ops->dma_unmap(card->t, &entry->mem);
		free(entry);
		return;
	}
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
