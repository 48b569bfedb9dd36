/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: lines in the log about what happened to SAs. */
#ifndef ESPALIER_IKE_JOURNAL_H
#define ESPALIER_IKE_JOURNAL_H

#include "core/events.h"

/* "IKE_SA conn[1] established between A[id]...B[id]": in front of what is said of its first CHILD SA */
void journal_authenticated(struct agent *agent, const struct event *event);
void journal_ike_replaced(struct agent *agent, const struct event *event);
void journal_ike_moved(struct agent *agent, const struct event *event);
void journal_ike_ends(struct agent *agent, const struct event *event);
void journal_child_made(struct agent *agent, const struct event *event);

#endif
