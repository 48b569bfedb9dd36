/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: requests that are answered with an error. */
#ifndef ESPALIER_IKE_REFUSE_H
#define ESPALIER_IKE_REFUSE_H

#include "core/sa.h"

/* A request broke the format behind its protection: INVALID_SYNTAX, and the IKE SA ends (RFC 7296, 2.21.3). Returns 0. */
int refuse_malformed(struct ike_sa *sa, struct ike_builder *reply);
/* One error notify; returns 0. */
int refuse_with(struct ike_sa *sa, struct ike_builder *reply, uint16_t notify);

#endif
