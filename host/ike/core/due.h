/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: lifetimes that end, or near their end. */
#ifndef ESPALIER_IKE_DUE_H
#define ESPALIER_IKE_DUE_H

#include "core/events.h"

void due_ike_rekey(struct agent *agent, const struct event *event);
void due_ike_reauth(struct agent *agent, const struct event *event);
void due_child_rekey(struct agent *agent, const struct event *event);
void due_child_expires(struct agent *agent, const struct event *event);

#endif
