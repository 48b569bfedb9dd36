/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: what becomes of a connection whose IKE SA ended. */
#ifndef ESPALIER_IKE_AGAIN_H
#define ESPALIER_IKE_AGAIN_H

#include "core/events.h"

/* EVENT_IKE_ENDS: tried again by keyingtries, brought up again by close_action and dpd_action; users who wait go on waiting, or hear why not. */
void again_ike_ends(struct agent *agent, const struct event *event);

#endif
