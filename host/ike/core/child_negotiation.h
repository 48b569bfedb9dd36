/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: a CHILD SA negotiated as initiator, in IKE_AUTH (RFC 7296, 1.2) and CREATE_CHILD_SA (1.3.1, 1.3.3); child_answer.h: as responder. */
#ifndef ESPALIER_IKE_CHILD_NEGOTIATION_H
#define ESPALIER_IKE_CHILD_NEGOTIATION_H

#include "core/sa.h"

struct child_negotiation;

/*
 * As initiator. old: the CHILD SA to be rekeyed, or NULL. Allocates the SPI. in_auth: no KE, proposals without groups. packet: NULL, or for which
 * packet, whose addresses then stand in front (RFC 7296, 2.9).
 * 0, or negative: no proposal that the data plane can do, no SPI.
 */
int child_negotiation_begin(struct ike_sa *sa, const struct conf_child *child, struct child_sa *old, bool in_auth, const struct child_packet *packet,
			    struct child_negotiation **n);
/* SA, (Ni, KE: CREATE_CHILD_SA only), TSi, TSr and notifies. */
int child_put_request(struct child_negotiation *n, struct ike_builder *b);
/*
 * The response's payloads. nonces: those of IKE_SA_INIT for in_auth, else NULL. 0: *child is installed. -EAGAIN: the peer wants
 * another group (INVALID_KE_PAYLOAD) or a single pair of addresses (SINGLE_PAIR_REQUIRED): the negotiation is set for it, send again; after IKE_AUTH,
 * which there is only one of, begin a new one. Other: refused, *notify is the peer's error or 0, the reason is logged.
 */
int child_take_response(struct child_negotiation *n, const struct ike_chain *m, struct child_sa **child, uint16_t *notify);
/* Gives back the SPI unless a CHILD SA came of it; wipes. n may be NULL. */
void child_negotiation_free(struct child_negotiation *n);

#endif
