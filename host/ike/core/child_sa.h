/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: CHILD SAs in the data plane: found, installed, used, retired, gone. Keys are handed to the sink and wiped by the caller; no struct keeps them. */
#ifndef ESPALIER_IKE_CHILD_SA_H
#define ESPALIER_IKE_CHILD_SA_H

#include "core/sa.h"

/* With a number, and nothing else. NULL: no memory. */
struct child_sa *child_new(struct ike_sa *sa, struct conf *conf, const struct conf_child *conf_child);
/* Of a CHILD SA that was never installed. */
void child_free(struct child_sa *child);
/*
 * Install what was agreed: inbound SA first, then outbound, then the policy with the new SPI. keymat is of the exchange; wiped by the caller.
 * use false: the policy keeps its SA (as responder of a rekey, until the old one is deleted); child_use does the rest. So no key is kept.
 * On an error nothing of it is left in the sink, and child is to be freed by child_free.
 */
int child_install(struct child_sa *child, const uint8_t *keymat, size_t len, bool use);
void child_use(struct child_sa *child);
/*
 * Remove its SAs from the sink at once, and free it. What becomes of the policy (kept with another SA, back to trap as start_action, or for this
 * cause close_action or dpd_action, say, or removed) is found out here. Nothing is begun anew: whoever ends it does that.
 */
void child_destroy(struct child_sa *child, enum close_cause cause);
/* Replaced by another: outbound stops, inbound goes after a while; then child_destroy. */
void child_retire(struct child_sa *child);
/* All SAs in the sink are gone, or are to be taken for gone: on SINK_EVENT_DOWN, and first of all on SINK_EVENT_UP. No call of the sink. */
void children_lost(struct agent *agent);

struct child_sa *child_by_spi(struct ike_sa *sa, uint32_t spi, bool inbound);
struct child_sa *child_by_number(struct ike_sa *sa, uint32_t id);
/* By an SA in the sink; NULL: none. */
struct child_sa *child_by_id(struct agent *agent, const struct sink_sa_id *id);
/* The CHILD SA that the peer made it to replace, if that is still there. */
struct child_sa *child_predecessor(const struct child_sa *child);
/*
 * What carries the same on the same IKE SA, and is in use or will be when this one is destroyed: its predecessor, or another of the same selectors.
 * NULL: none. For one without a successor.
 */
struct child_sa *child_stand_in(const struct child_sa *child);
/* An SA with these selectors carries the packet. */
bool child_carries(const struct child_sa *child, const struct child_packet *packet);

#endif
