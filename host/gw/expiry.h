/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of SAs, as their packets reach them. */
#ifndef GW_EXPIRY_H
#define GW_EXPIRY_H

#include "gw.h"

/* After packets of an SA were counted: an event for the agent about its limits, if one is due. */
void gw_say_expiry(struct gw *gw, struct gw_sa *sa);

#endif
