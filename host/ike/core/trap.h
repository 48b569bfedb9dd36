/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the agent: policies without an SA: traffic that wants out by one begins the negotiation (RFC 4301, 4.4.1; strongSwan's start_action = trap).
 * What they begin is acquire.c's.
 */
#ifndef ESPALIER_IKE_TRAP_H
#define ESPALIER_IKE_TRAP_H

#include "core/sa.h"

/*
 * Install shunts (mode = pass and drop) and what start_action = trap asks for, or start if that blocks, of the configuration in force; remove what an earlier
 * one asked for. trap_begin resolves to, trap_go_on does it, as much as fits into some milliseconds: whoever asks the agent something is not to wait for
 * thousands of policies. When agent->traps.part is TRAPS_DONE all is there, but where traps.err is not 0: the first error.
 */
void trap_begin(struct agent *agent);
void trap_go_on(struct agent *agent);
/* The peer has no SA for this packet of a trap: it is not asked again for a while. */
void trap_refused(struct agent *agent, const struct child_packet *packet);
void trap_free(struct agent *agent);
/* EVENT_CHILD_ENDS: what close_action or dpd_action of the configuration in force wants trapped or blocked is, before the SA goes. */
void trap_child_ends(struct agent *agent, const struct event *event);

#endif
