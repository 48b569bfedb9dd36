/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: deleting CHILD SAs, as initiator (RFC 7296, 1.4.1). */
#ifndef ESPALIER_IKE_CHILD_DELETE_H
#define ESPALIER_IKE_CHILD_DELETE_H

#include "core/sa.h"

/* Delete a pair. Nothing happens if that is under way, or done. */
void child_delete_initiate(struct child_sa *child);
/* Hard end: delete it with the peer, and begin anew as close_action and traps say. */
void child_expired_delete(struct child_sa *child);
/* Delete an SA that the peer has and we refused. */
void child_delete_spi(struct ike_sa *sa, uint32_t spi);
/* A delete of ours waits for its response: of any CHILD SA, of this one. */
bool child_delete_under_way(const struct ike_sa *sa);
bool child_is_being_deleted(const struct child_sa *child);

#endif
