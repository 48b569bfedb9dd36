/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bring-up: identity in configuration space, reset, memory space and bus mastering on, wait for STATUS.ready, identity in BAR 0,
 * leftovers of an earlier user removed, MSI-X vectors to eventfds.
 */
#include "card_bring_up.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "card_express.h"
#include "card_io.h"
#include "card_sa.h"
#include "now.h"

#define REGISTER_MAP_VERSION 1u

/* PCI configuration space (PCI Express Base 4.0, 7.5) */
#define CFG_ID 0x00u
#define CFG_COMMAND_MEMORY 0x0002u
#define CFG_COMMAND_MASTER 0x0004u

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
	uint64_t end = now_ms() + card->base.timeout_ms;
	uint32_t status;
	int ret;

	do {
		ret = card_read(card, ESP_REG_STATUS, &status);
		if (ret)
			return ret;
		if (CARD_FIELD(status, STATUS, READY))
			return 0;
		usleep(100);
	} while (now_ms() < end);
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
	card->info.max_esp = espalier_plain_len(card->info.max_packet);
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

int card_bring_up(struct card *card)
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
