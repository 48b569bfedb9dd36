/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: bringing up CHILD SAs and the IKE SAs that they need: for users (agent_up), for start_action and close_action, for packets. */
#ifndef ESPALIER_IKE_UP_H
#define ESPALIER_IKE_UP_H

#include "core/sa.h"

/* For a packet that met a trap: there may be one already that carries others. child is in agent->conf. */
void up_packet(struct agent *agent, const struct conf_child *child, const struct child_packet *packet);
/* sa could not be established: those of what was to come up on it that have start_action = start are tried again later. */
void up_again(struct ike_sa *sa, unsigned int attempt);
/* Who waits for sa hears why not. */
void up_ike_failed(struct ike_sa *sa, int error, const char *text);
/* The next try: those who wait for old wait for successor; a reauthentication goes on with it. */
void up_move(struct ike_sa *old, struct ike_sa *successor);

/* EVENT_RETRY_DUE: establish a CHILD SA, and its IKE SA if there is none, without a user. Nothing happens if it is there or under way. */
void up_retry(struct agent *agent, const struct event *event);
/* Users that wait for what an SA is to bring. A request is answered once; those without users do nothing. */
void up_ike_established(struct agent *agent, const struct event *event);
void up_child_asked(struct agent *agent, const struct event *event);
void up_ike_refused(struct agent *agent, const struct event *event);
void up_ike_replaced(struct agent *agent, const struct event *event);
void up_ike_gone(struct agent *agent, const struct event *event);

#endif
