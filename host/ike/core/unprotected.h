/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: answers without an IKE SA, and how many. */
#ifndef ESPALIER_IKE_UNPROTECTED_H
#define ESPALIER_IKE_UNPROTECTED_H

#include "core/state.h"
#include "proto/message.h"

/* Answer a request with one unprotected notify. limited: not more often than the agent's rate. */
void answer_unprotected(struct agent *agent, const struct ike_header *header, const struct endpoint *local, const struct endpoint *remote,
			uint16_t type, const void *data, size_t len, bool limited);

#endif
