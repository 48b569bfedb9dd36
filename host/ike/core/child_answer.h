/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: a CHILD SA negotiated as responder, in IKE_AUTH (RFC 7296, 1.2) and CREATE_CHILD_SA (1.3.1, 1.3.3). */
#ifndef ESPALIER_IKE_CHILD_ANSWER_H
#define ESPALIER_IKE_CHILD_ANSWER_H

#include "core/sa.h"

/*
 * As responder: read SA, TSi, TSr ... of m, choose, install, and write the answer's payloads; or write one error notify (then *child is NULL).
 * old: the CHILD SA that the request rekeys, or NULL. 0, or negative: malformed.
 */
int child_answer(struct ike_sa *sa, const struct ike_chain *m, struct child_sa *old, bool in_auth, struct ike_builder *reply,
		 struct child_sa **child);

#endif
