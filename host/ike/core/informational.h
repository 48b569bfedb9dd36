/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: INFORMATIONAL, as responder (RFC 7296, 1.4). */
#ifndef ESPALIER_IKE_INFORMATIONAL_H
#define ESPALIER_IKE_INFORMATIONAL_H

#include "core/sa.h"

int informational_request(struct ike_sa *sa, const struct ike_message *m, struct ike_builder *reply);

#endif
