/* SPDX-License-Identifier: Apache-2.0 */
/* How a card is made harmless. */
#ifndef ESPALIER_CARD_STOP_H
#define ESPALIER_CARD_STOP_H

#include "card.h"

/* Interrupts off, reset (which zeroes the keys), bus mastering off: from here on nothing reaches memory. Also of a lost card, if it can be. */
void card_stop(struct card *card);

#endif
