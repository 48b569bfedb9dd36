/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A card that answers at once, behind a transport of its own: the doorbell's write completes all descriptors up to the new tail before
 * it returns, in the same thread. No packet is touched. Above the transport everything is the card's driver as it is.
 */
#ifndef ESPALIER_BENCH_NULL_CARD_H
#define ESPALIER_BENCH_NULL_CARD_H

/* espalier_open("null", ...) from here on. 0 or -ENOSPC. */
int null_card_register(void);

#endif
