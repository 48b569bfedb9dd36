/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: how long an IKE SA lives. */
#ifndef ESPALIER_IKE_IKE_LIFE_H
#define ESPALIER_IKE_IKE_LIFE_H

#include "core/sa.h"

/* EVENT_IKE_ESTABLISHED: its times begin (rekey, reauth, DPD, keepalive). */
void ike_life_established(struct agent *agent, const struct event *event);
/* Delete it after a while, unless the peer does. */
void ike_sa_delete_later(struct ike_sa *sa, uint64_t ms);

#endif
