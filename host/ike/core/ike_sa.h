/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: an IKE SA from its SPI to its end: tables, keys. */
#ifndef ESPALIER_IKE_IKE_SA_H
#define ESPALIER_IKE_IKE_SA_H

#include "core/sa.h"

/* A new SA in the agent's tables with an SPI of its own. NULL: no memory, or too many. */
struct ike_sa *ike_sa_create(struct agent *agent, struct conf *conf, const struct conf_connection *conn, bool initiator);
/*
 * Remove an SA at once: abandons its exchanges, deletes its CHILD SAs from the sink, wipes keys, frees it. why: for people, or NULL. What
 * close_action, dpd_action, keyingtries ask for is begun by listeners. sa is gone afterwards.
 */
void ike_sa_close(struct ike_sa *sa, enum close_cause cause, const char *why);
/* Keys are there and both sides authenticated: what follows is listeners' (EVENT_IKE_ESTABLISHED). */
void ike_sa_established(struct ike_sa *sa);
/*
 * Derive keys from the shared secret, nonces, sa's suite and SPIs, and make its ciphers; tells the key log. old: the SA that this one
 * replaces, NULL for IKE_SA_INIT.
 */
int ike_sa_derive(struct ike_sa *sa, const uint8_t *secret, size_t secret_len, const struct nonces *nonces, const struct ike_sa *old);
/* What a rekeying keeps: endpoints and NAT, identities, what the peer can do. CHILD SAs and waiting users are moved by ike_rekey.c. 0 or -ENOMEM. */
int ike_sa_inherit(struct ike_sa *sa, const struct ike_sa *old);
/* Another connection of sa->conf is the right one, as identities show. 0 or -ENOMEM. */
int ike_sa_set_connection(struct ike_sa *sa, const struct conf_connection *conn);
/* Set the peer's SPI of an SA of ours. */
void ike_sa_set_peer_spi(struct ike_sa *sa, uint64_t spi);
/* IKE proposals of the connection less what the library cannot do, for the caller to free. NULL: no memory. */
struct proposals *ike_proposals(const struct conf_connection *conn);
/* Of this name, the newest first: for (sa = ike_sa_by_name(agent, name); sa; sa = ike_sa_next_by_name(sa)). */
struct ike_sa *ike_sa_by_name(const struct agent *agent, const char *name);
struct ike_sa *ike_sa_next_by_name(const struct ike_sa *sa);
/* An authenticated message came from another address or port of a peer behind a NAT: IKE and ESP follow it (RFC 7296, 2.23). */
void ike_sa_peer_moved(struct ike_sa *sa, const struct endpoint *remote);
/* EVENT_IKE_UNANSWERED */
void ike_sa_unanswered(struct agent *agent, const struct event *event);

#endif
