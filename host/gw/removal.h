/* SPDX-License-Identifier: Apache-2.0 */
/* SAs and policies that go. */
#ifndef GW_REMOVAL_H
#define GW_REMOVAL_H

#include "gw.h"

/* An SA is deleted: its policy has none any more, no packet finds it, and gw_bury does the rest. */
void gw_remove_sa(struct gw *gw, struct gw_sa *sa);
/* All of them; the agent's next requests wait until the card is rid of them. */
void gw_delete_sas(struct gw *gw);
/* Some policies: 0, or SINK_SERVER_LATER. */
int gw_remove_policies(struct gw *gw, enum gw_policies which);
/* Is anything of that still to be done? The agent is not read from then. */
bool gw_removing(const struct gw *gw);
/*
 * Take dying SAs out of the card whose packets are back, and then policies, for some milliseconds; when nothing is left, go on with the agent.
 * 0, or what the card said of the last that failed.
 */
int gw_bury(struct gw *gw);
/* Is there something that needs no packet back? */
bool gw_may_bury(const struct gw *gw);
/* At the end: wait for all of it. */
void gw_finish_removals(struct gw *gw);

#endif
