/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: IKE_AUTH (RFC 7296, 1.2). ike_auth_initiate.c, ike_auth_respond.c; what both share: ike_auth.h. */
#ifndef ESPALIER_IKE_AUTH_EXCHANGE_H
#define ESPALIER_IKE_AUTH_EXCHANGE_H

#include "core/sa.h"

/* As initiator, after IKE_SA_INIT: queues IKE_AUTH. 0 or negative. */
int auth_initiate(struct ike_sa *sa);
/* As responder: exchanges.h. */
int auth_request(struct ike_sa *sa, const struct ike_message *m, struct ike_builder *reply);

#endif
