/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PCI Express capability (PCI Express Base 4.0, 7.5.3): the link, and the time that a read of host memory may take. The card keeps that time itself, so
 * the driver tells it what the system set in Device Control 2. A card without the capability is no error.
 */
#include "card.h"

#define CFG_STATUS 0x06u
#define CFG_STATUS_CAPS 0x0010u
#define CFG_CAPS 0x34u
#define CFG_CAPS_MAX 48 /* capabilities that fit: a longer list is a loop */
#define CAP_EXPRESS 0x10u
#define EXPRESS_FLAGS 0x02u
#define EXPRESS_LINK_STATUS 0x12u
#define EXPRESS_CONTROL2 0x28u
#define CONTROL2_VALUE 0x000fu
#define CONTROL2_DISABLE 0x0010u

/* *at: where it is, 0 if there is none. */
static int find_express(struct card *card, uint8_t *at)
{
	uint16_t status, head;
	uint8_t next = 0;
	int ret = card_read_config(card, CFG_STATUS, &status, sizeof(status));

	*at = 0;
	if (ret || !(status & CFG_STATUS_CAPS))
		return ret;
	ret = card_read_config(card, CFG_CAPS, &next, sizeof(next));
	for (int i = 0; !ret && i < CFG_CAPS_MAX && (next &= 0xfc) != 0; i++) {
		ret = card_read_config(card, next, &head, sizeof(head));
		if (!ret && (head & 0xff) == CAP_EXPRESS) {
			*at = next;
			return 0;
		}
		next = (uint8_t)(head >> 8);
	}
	return ret;
}

int card_read_express(struct card *card)
{
	uint16_t link, flags;
	uint8_t at;
	int ret = find_express(card, &at);

	if (ret || !at)
		return ret;
	ret = card_read_config(card, at + EXPRESS_LINK_STATUS, &link, sizeof(link));
	if (!ret)
		ret = card_read_config(card, at + EXPRESS_FLAGS, &flags, sizeof(flags));
	if (ret)
		return ret;
	card->info.link_speed = link & 0xf;
	card->info.link_width = link >> 4 & 0x3f;
	if ((flags & 0xf) < 2 || at + EXPRESS_CONTROL2 > 0xff) /* the first version of the capability has no second half */
		return 0;
	return card_read_config(card, at + EXPRESS_CONTROL2, &card->control2, sizeof(card->control2));
}

int card_set_read_timeout(struct card *card)
{
	/* The upper end of each range, microseconds; 0: the card's own, or a reserved value. */
	static const uint32_t longest[CONTROL2_VALUE + 1] = {
		[0x1] = 100, [0x2] = 10000, [0x5] = 55000, [0x6] = 210000, [0x9] = 900000, [0xa] = 3500000, [0xd] = 13000000, [0xe] = 64000000,
	};
	uint64_t cycles = (uint64_t)longest[card->control2 & CONTROL2_VALUE] * card->info.clock_khz / 1000;

	if (card->control2 & CONTROL2_DISABLE)
		cycles = UINT32_MAX;
	if (!cycles)
		return 0;
	return card_write(card, ESP_REG_DMA_TIMEOUT, cycles < UINT32_MAX ? (uint32_t)cycles : UINT32_MAX);
}
