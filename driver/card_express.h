/* SPDX-License-Identifier: Apache-2.0 */
/* The PCI Express link of a card. */
#ifndef ESPALIER_CARD_EXPRESS_H
#define ESPALIER_CARD_EXPRESS_H

#include "card.h"

/* info.link_*. */
int card_read_express(struct card *card);

#endif
