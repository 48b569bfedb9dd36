/* SPDX-License-Identifier: Apache-2.0 */
/* Registers and configuration space of a card, and how it is noticed that it is gone. */
#ifndef ESPALIER_CARD_IO_H
#define ESPALIER_CARD_IO_H

#include "card.h"

/* Registers. A failure is noted in card->base.error; -ENODEV sets card->lost. */
int card_read(struct card *card, uint32_t offset, uint32_t *value);
int card_write(struct card *card, uint32_t offset, uint32_t value);
/* A 64-bit counter: the high half belongs to the last low half that was read. */
int card_read64(struct card *card, uint32_t low, uint32_t high, uint64_t *value);
/* Configuration space. */
int card_read_config(struct card *card, uint32_t offset, void *data, uint32_t len);

/* -ENODEV with the text if the card is lost, else 0. */
int card_is_lost(struct card *card);
/* Take over a transport's error text and notice a lost card. Returns code. */
int card_transport_error(struct card *card, int code);

#endif
