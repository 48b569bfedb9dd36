/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: a configuration loaded anew, and the SAs made with the one before. */
#ifndef ESPALIER_IKE_FOLLOW_H
#define ESPALIER_IKE_FOLLOW_H

#include "core/events.h"

/*
 * agent->conf is new: established IKE SAs take it in place of the one they were made with, unless more of their connection has changed than
 * children and lifetimes. CHILD SAs, exchanges and users that wait hold references of their own and keep what they have.
 */
void follow_all(struct agent *agent);
/* EVENT_IKE_ESTABLISHED: the same for one that may have been made before a reload. Its conf and conn may be others then. */
void follow_established(struct agent *agent, const struct event *event);

#endif
