/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: what users' commands wait for has happened. */
#ifndef ESPALIER_IKE_COMMANDS_H
#define ESPALIER_IKE_COMMANDS_H

#include "core/events.h"

/* The cause says whether the end is what was wanted. */
void command_child_gone(struct agent *agent, const struct event *event);
void command_child_rekeyed(struct agent *agent, const struct event *event);
void command_ike_gone(struct agent *agent, const struct event *event);
void command_ike_rekeyed(struct agent *agent, const struct event *event);

#endif
