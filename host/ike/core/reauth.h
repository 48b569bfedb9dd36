/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: reauthentication, make before break (RFC 7296, 2.8.3): a new IKE SA with new CHILD SAs, and when they are there the old one is deleted. */
#ifndef ESPALIER_IKE_REAUTH_H
#define ESPALIER_IKE_REAUTH_H

#include "core/sa.h"

/* 0; -EBUSY, -ENOENT, -ECONNREFUSED: it cannot begin. */
int ike_reauth_initiate(struct ike_sa *sa);

/*
 * EVENT_REKEY_REFUSED: a peer that goes on so is asked for a new IKE SA, as reauthentication makes it: its first CHILD SA needs no CREATE_CHILD_SA.
 */
void reauth_rekey_refused(struct agent *agent, const struct event *event);
/* The new one: CHILD SAs as the old one has them, then the old one is deleted. */
void reauth_ike_established(struct agent *agent, const struct event *event);
void reauth_ike_replaced(struct agent *agent, const struct event *event);
void reauth_ike_gone(struct agent *agent, const struct event *event);

#endif
