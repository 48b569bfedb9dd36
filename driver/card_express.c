/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PCI Express capability (PCI Express Base 4.0, 7.5.3): the link. A card without the capability is no error.
 */
#include "card_express.h"
#include "card_io.h"

#define CFG_STATUS 0x06u
#define CFG_STATUS_CAPS 0x0010u
#define CFG_CAPS 0x34u
#define CFG_CAPS_MAX 48 /* capabilities that fit: a longer list is a loop */
#define CAP_EXPRESS 0x10u
#define EXPRESS_LINK_STATUS 0x12u

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
	uint16_t link;
	uint8_t at;
	int ret = find_express(card, &at);

	if (ret || !at)
		return ret;
	ret = card_read_config(card, at + EXPRESS_LINK_STATUS, &link, sizeof(link));
	if (ret)
		return ret;
	card->info.link_speed = link & 0xf;
	card->info.link_width = link >> 4 & 0x3f;
	return 0;
}
