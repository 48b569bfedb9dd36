/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: deleting an IKE SA, as initiator (RFC 7296, 1.4.1). */
#ifndef ESPALIER_IKE_IKE_DELETE_H
#define ESPALIER_IKE_IKE_DELETE_H

#include "core/sa.h"

/* When IKE_AUTH is done, if it is under way. Nothing happens if it is queued already. */
void ike_delete_initiate(struct ike_sa *sa);
/* Whatever becomes of it, it is not wanted any more. */
bool ike_delete_queued(const struct ike_sa *sa);
bool exchange_is_ike_delete(const struct exchange *x);

#endif
