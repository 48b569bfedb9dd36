/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A card that answers registers and does not do its work: when to call it stuck.
 *
 * Time alone does not tell a stuck card from one that is simulated on a busy machine. So a card is stuck when the limit has passed and its own
 * clock has gone further than its slowest step may take: twice its read timeout (a descriptor, then the packet) and a margin. A clock that
 * stands still, and the bound of every wait, end the patience too.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "card_io.h"
#include "now.h"

#define MARGIN_CYCLES 65536u

int card_give_up(struct card *card, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(card->base.error, sizeof(card->base.error), format, args);
	va_end(args);
	if (!card->lost) {
		card->lost = true;
		memcpy(card->lost_why, card->base.error, sizeof(card->lost_why));
	}
	return -ENODEV;
}

/* What the card's clock says now, from half of the limit on; the first time also how far it may go. */
static int look_at_clock(struct card *card, struct card_watch *watch)
{
	uint32_t read_timeout;
	int ret = card_read64(card, ESP_REG_CYCLES_LO, ESP_REG_CYCLES_HI, &watch->cycles);

	if (!ret)
		ret = card_read(card, ESP_REG_DMA_TIMEOUT, &read_timeout);
	if (ret)
		return ret;
	watch->patience = 2 * (uint64_t)read_timeout + MARGIN_CYCLES;
	watch->counts = true;
	return 0;
}

int card_stuck(struct card *card, struct card_watch *watch, unsigned int limit_ms)
{
	uint64_t now = now_ms(), age, cycles;
	int ret;

	if (limit_ms > card->base.timeout_ms)
		limit_ms = card->base.timeout_ms;
	if (!watch->since_ms) {
		*watch = (struct card_watch){ .since_ms = now };
		return 0;
	}
	age = now - watch->since_ms;
	if (age < limit_ms / 2)
		return 0;
	if (!watch->counts)
		return look_at_clock(card, watch);
	if (age < limit_ms)
		return 0;
	ret = card_read64(card, ESP_REG_CYCLES_LO, ESP_REG_CYCLES_HI, &cycles);
	if (ret)
		return ret;
	return cycles - watch->cycles >= watch->patience || cycles == watch->cycles || age >= card->base.timeout_ms;
}
