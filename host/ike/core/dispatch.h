/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: a message, judged by the window of its IKE SA, opened, and handled by the exchange it belongs to. */
#ifndef ESPALIER_IKE_DISPATCH_H
#define ESPALIER_IKE_DISPATCH_H

#include "core/sa.h"

/* Requests, responses, fragments, retransmissions. sa may be gone afterwards. */
void dispatch_message(struct ike_sa *sa, const struct ike_message *m, const struct endpoint *local, const struct endpoint *remote);

#endif
