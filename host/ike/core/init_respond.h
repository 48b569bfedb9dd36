/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: IKE_SA_INIT as responder. */
#ifndef ESPALIER_IKE_INIT_RESPOND_H
#define ESPALIER_IKE_INIT_RESPOND_H

#include "core/state.h"
#include "proto/message.h"

/* An IKE_SA_INIT request. */
void init_request(struct agent *agent, const struct ike_message *m, const struct endpoint *local, const struct endpoint *remote);
/* A datagram that would be one, and cannot be read: a line in the log, now and then. */
void init_malformed(struct agent *agent, const struct endpoint *remote, const char *why);

#endif
