/* SPDX-License-Identifier: Apache-2.0 */
#include "card_stop.h"

#include <errno.h>

#include "card_sa.h"

void card_stop(struct card *card)
{
	uint16_t command = CARD_COMMAND_NO_INTX;

	if (card->stopped)
		return;
	card->stopped = true;
	card->t->ops->irq_set(card->t, NULL, 0);
	if (card->t->ops->reset(card->t) == -ENOTSUP && !card->lost) /* a reset zeroes the keys as well */
		card_sa_clear(card);
	card->t->ops->config_write(card->t, CARD_CONFIG_COMMAND, &command, sizeof(command));
}
