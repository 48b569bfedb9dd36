/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: CREATE_CHILD_SA for CHILD SAs, new or rekeyed (RFC 7296, 1.3.1, 1.3.3). */
#ifndef ESPALIER_IKE_CREATE_CHILD_H
#define ESPALIER_IKE_CREATE_CHILD_H

#include "core/sa.h"

/* child and reqid of a new CHILD SA, or old: rekey that one. 0 or negative: it does not begin. */
int child_initiate(struct ike_sa *sa, const struct conf_child *child, struct child_sa *old);
/* A new one for this packet. */
int child_initiate_for(struct ike_sa *sa, const struct conf_child *child, const struct child_packet *packet);
/* As responder: exchanges.h. */
int create_child_request(struct ike_sa *sa, const struct ike_message *m, struct ike_builder *reply);

/* One of ours waits for its response: no time to rekey the IKE SA (RFC 7296, 2.25.2). */
bool create_child_under_way(const struct ike_sa *sa);
/* The peer deletes an SA that we do not know: maybe the response that names it is still to come. */
void create_child_early_delete(struct ike_sa *sa, uint32_t spi_out);
/* What waits for another attempt moves to another IKE SA. */
void create_child_move(struct ike_sa *from, struct ike_sa *to);
/* EVENT_IKE_GONE: what waits is forgotten. */
void create_child_ike_gone(struct agent *agent, const struct event *event);

/*
 * The peer should have deleted old by now, or asks again to rekey it, so it may not have what took its place: that one is rekeyed at once, and the
 * peer's answer shows (CHILD_SA_NOT_FOUND: RFC 7296, 2.25.1).
 */
void child_doubt_successor(struct child_sa *old);

#endif
