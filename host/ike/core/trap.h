/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the agent: policies without an SA: traffic that wants out by one begins the negotiation (RFC 4301, 4.4.1; strongSwan's start_action = trap).
 * What they begin is acquire.c's.
 */
#ifndef ESPALIER_IKE_TRAP_H
#define ESPALIER_IKE_TRAP_H

#include "core/sa.h"

/*
 * Install shunts (mode = pass and drop) and what start_action = trap asks for, or start if that blocks; remove what an earlier configuration
 * asked for. 0, or the first error: the rest is there.
 */
int trap_install(struct agent *agent, struct conf *conf);
/* The peer has no SA for this packet of a trap: it is not asked again for a while. */
void trap_refused(struct agent *agent, const struct child_packet *packet);
void trap_free(struct agent *agent);
/* EVENT_CHILD_ENDS: what close_action or dpd_action wants trapped or blocked is, before the SA goes. */
void trap_child_ends(struct agent *agent, const struct event *event);

#endif
