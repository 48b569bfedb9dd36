/* SPDX-License-Identifier: Apache-2.0 */
#include "early.h"

#include <stdlib.h>
#include <string.h>

static bool has_room(const struct gw_early *early, uint32_t spi)
{
	unsigned int same = 0;

	for (const struct gw_early_packet *p = early->first; p; p = p->next)
		same += p->spi == spi;
	return early->count < EARLY_PACKETS && same < EARLY_PER_SPI;
}

bool early_hold(struct gw_early *early, const struct wire_message *message, bool udp, uint32_t spi, uint64_t now_ms)
{
	struct gw_early_packet *packet = has_room(early, spi) ? malloc(sizeof(*packet) + message->len) : NULL;

	if (!packet)
		return false;
	*packet = (struct gw_early_packet){ .since_ms = now_ms, .spi = spi, .udp = udp, .tos = message->tos, .from = message->from, .len = message->len };
	memcpy(packet->data, message->memory + WIRE_HEADROOM, message->len);
	if (!early->first)
		early->last = &early->first;
	*early->last = packet;
	early->last = &packet->next;
	early->count++;
	return true;
}

struct gw_early_packet *early_take(struct gw_early *early, bool (*take)(void *ctx, const struct gw_early_packet *packet), void *ctx)
{
	struct gw_early_packet **link = &early->first, *packet;

	while (*link && !take(ctx, *link))
		link = &(*link)->next;
	packet = *link;
	if (!packet)
		return NULL;
	*link = packet->next;
	if (early->last == &packet->next)
		early->last = link;
	early->count--;
	return packet;
}

static bool any(void *ctx, const struct gw_early_packet *packet)
{
	(void)ctx;
	(void)packet;
	return true;
}

void early_free(struct gw_early *early)
{
	struct gw_early_packet *packet;

	while ((packet = early_take(early, any, NULL)))
		free(packet);
}
