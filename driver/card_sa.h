/* SPDX-License-Identifier: Apache-2.0 */
/* SAs of a card: calls of espalier.h, and one more. */
#ifndef ESPALIER_CARD_SA_H
#define ESPALIER_CARD_SA_H

#include "card.h"

int card_sa_add(struct espalier_dev *dev, const struct espalier_sa_config *config, uint16_t *sa);
int card_sa_delete(struct espalier_dev *dev, enum espalier_direction direction, uint16_t sa, uint64_t *last);
int card_sa_query(struct espalier_dev *dev, enum espalier_direction direction, uint16_t sa, uint64_t *seq);
/* Delete whatever SAs the card has, known or not. */
int card_sa_clear(struct card *card);

#endif
