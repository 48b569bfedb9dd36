/* SPDX-License-Identifier: Apache-2.0 */
/* Packets through the card, and what comes back on its way. */
#ifndef GW_PUMP_H
#define GW_PUMP_H

#include "gw.h"

/* Hand filled slots to the card, take results back and send them on, until nothing moves. The card may be down afterwards. */
void gw_pump(struct gw *gw);
/* Ask for events of what is under way. The card may be down afterwards. */
void gw_arm(struct gw *gw);

#endif
