/* SPDX-License-Identifier: Apache-2.0 */
/* Policies of a file of states (RFC 4301, 4.4.1): which state protects a packet, and what may come out of one. */
#ifndef ESPALIER_POLICIES_H
#define ESPALIER_POLICIES_H

#include "states.h"

enum policy_verdict {
	POLICY_PASS,	 /* by a state; or there are no policies for this direction */
	POLICY_NONE,	 /* none takes the packet: it is dropped (RFC 4301, 4.4.1) */
	POLICY_BLOCK,	 /* action block */
	POLICY_MISMATCH, /* inbound: the state is not what the policy wants (RFC 4301, 5.2) */
	POLICY_NO_STATE, /* outbound: there is no state as the policy wants it */
};

/* Outbound: the state for a packet in *state. With policies: that of the first in order of priority, and lines, that takes it; without: the first whose selector does. */
enum policy_verdict policies_outbound(struct states *states, const uint8_t *packet, size_t len, struct state **state);

/* Inbound: a packet that came out of a state. */
enum policy_verdict policies_inbound(const struct states *states, const uint8_t *packet, size_t len, const struct state *state);

const char *policy_verdict_name(enum policy_verdict verdict);

#endif
