/* SPDX-License-Identifier: Apache-2.0 */
/* A card that answers registers and does not do its work. */
#ifndef ESPALIER_CARD_HANG_H
#define ESPALIER_CARD_HANG_H

#include <stdbool.h>
#include <stdint.h>

struct card;

/* Something that the card has to do, as seen by card_stuck; all zeros: it has just begun. */
struct card_watch {
	uint64_t since_ms; /* 0: not looked at yet */
	bool counts;	   /* cycles and patience are known */
	uint64_t cycles, patience;
};

/* The card is of no use any more: sets card->lost and the error text. Returns -ENODEV. */
int card_give_up(struct card *card, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Has the card been at it for limit_ms (less if the device's bound is less) and for longer than it may by its own clock? 1: it is stuck; 0; a failed
 * register access. To be called again and again; costs register reads from half of the limit on. */
int card_stuck(struct card *card, struct card_watch *watch, unsigned int limit_ms);

#endif
