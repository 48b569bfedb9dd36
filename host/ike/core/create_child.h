/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: what informational.c, ike_rekey.c and create_child.c ask of each other. */
#ifndef ESPALIER_IKE_CREATE_CHILD_H
#define ESPALIER_IKE_CREATE_CHILD_H

#include "core/child_life.h"

/* A CREATE_CHILD_SA for a CHILD SA, or a delete of one, of ours waits for its response: no time to rekey the IKE SA (RFC 7296, 2.25.2). */
bool create_child_under_way(const struct ike_sa *sa);
bool child_delete_under_way(const struct ike_sa *sa);
/* The peer deletes an SA that we do not know: maybe the response that names it is still to come. */
void create_child_early_delete(struct ike_sa *sa, uint32_t spi_out);
/* What waits for another attempt moves to another IKE SA; or is forgotten. */
void create_child_move(struct ike_sa *from, struct ike_sa *to);
void create_child_forget(struct ike_sa *sa);

/* A request broke the format behind its protection: INVALID_SYNTAX, and the IKE SA ends (RFC 7296, 2.21.3). Returns 0. */
int refuse_malformed(struct ike_sa *sa, struct ike_builder *reply);
/* One error notify; returns 0. */
int refuse_with(struct ike_sa *sa, struct ike_builder *reply, uint16_t notify);

/* ---- informational.c ----------------------------------------------------------------------------------------------------------- */

bool exchange_is_ike_delete(const struct exchange *x);

/* ---- ike_rekey.c --------------------------------------------------------------------------------------------------------------- */

/* The peer deletes sa while we rekey it. True: it had rekeyed it itself, and all is with the SA it made. */
bool ike_rekey_deleted(struct ike_sa *sa);
/* sa goes. */
void ike_rekey_forget(struct ike_sa *sa);

/* ---- reauth.c ------------------------------------------------------------------------------------------------------------------ */

void ike_reauth_move(struct ike_sa *from, struct ike_sa *to);
void ike_reauth_forget(struct ike_sa *sa);

#endif
