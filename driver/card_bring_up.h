/* SPDX-License-Identifier: Apache-2.0 */
/* A card from its reset to its first SA. */
#ifndef ESPALIER_CARD_BRING_UP_H
#define ESPALIER_CARD_BRING_UP_H

#include "card.h"

/* Of a card with an open transport. 0, or negative errno with a text. */
int card_bring_up(struct card *card);

#endif
