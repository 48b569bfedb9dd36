/* SPDX-License-Identifier: Apache-2.0 */
/* The card comes and goes. */
#ifndef GW_RECOVER_H
#define GW_RECOVER_H

#include "gw.h"

/* Open the card and watch its queues. 0 or negative errno. */
int gw_open_device(struct gw *gw, char *error);
/* For good. */
void gw_close_device(struct gw *gw);
/* The keeper has opened the card, or not. */
void gw_device_opened(struct gw *gw);
/* GW_CARD_LOST: it is gone, its SAs too, and the agent hears of it. Policies stay and block. Never waits for the card. */
void gw_device_lost(struct gw *gw, const struct gw_event *event);
/* Is it still there, and does it complete its packets? When it is gone: time to try again? Called every 250 ms. */
void gw_check_device(struct gw *gw);

#endif
