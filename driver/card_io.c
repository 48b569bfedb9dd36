/* SPDX-License-Identifier: Apache-2.0 */
#include "card_io.h"

#include <errno.h>
#include <string.h>

#define ALL_ONES 0xffffffffu /* what a read of an absent PCIe device returns */

int card_transport_error(struct card *card, int code)
{
	memcpy(card->base.error, card->t->error, sizeof(card->base.error));
	if (code == -ENODEV && !card->lost) {
		card->lost = true;
		memcpy(card->lost_why, card->t->error, sizeof(card->lost_why));
	}
	return code;
}

int card_is_lost(struct card *card)
{
	if (card->lost)
		return espalier_fail(card->base.error, -ENODEV, "%s", card->lost_why);
	return 0;
}

int card_read(struct card *card, uint32_t offset, uint32_t *value)
{
	uint32_t id;
	int ret = card_is_lost(card);

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
	int ret = card_is_lost(card);

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
