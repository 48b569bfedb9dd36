/* SPDX-License-Identifier: Apache-2.0 */
/* Packets that wait for an SA of their policy. */
#ifndef GW_HELD_H
#define GW_HELD_H

#include "gw.h"

/* GW_POLICY_SET: if it has an SA now, what is held for it, and by others that share selectors with it, is looked at again. */
void gw_release_held(struct gw *gw, const struct gw_event *event);
/* Drop packets that were held too long. */
void gw_expire_held(struct gw *gw);

#endif
