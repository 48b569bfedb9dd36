/* SPDX-License-Identifier: Apache-2.0 */
/* What policy lets pass in clear. */
#ifndef GW_BYPASS_H
#define GW_BYPASS_H

#include "gw.h"

/* GW_POLICIES_CHANGED: routes of those that pass in clear; the filter's exceptions are stale. */
void bypass_settle(struct gw *gw, const struct gw_event *event);
/* The filter's exceptions, if they are stale. */
void bypass_update(struct gw *gw);

#endif
