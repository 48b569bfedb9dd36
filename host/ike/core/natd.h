/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: NAT detection (RFC 7296, 2.23). */
#ifndef ESPALIER_IKE_NATD_H
#define ESPALIER_IKE_NATD_H

#include "core/sa.h"

/* Both notifies, for the message that goes from sa->local to sa->remote. */
int natd_put(struct ike_sa *sa, struct ike_builder *b);
/* From the peer's notifies: sa->nat_local, sa->nat_remote. A peer without them has no NAT. */
void natd_check(struct ike_sa *sa, const struct ike_message *m);

#endif
