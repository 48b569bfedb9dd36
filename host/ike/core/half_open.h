/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: IKE SAs as responder before IKE_AUTH, bounded in number and time. An address stands for its /64 where it is one of IPv6. */
#ifndef ESPALIER_IKE_HALF_OPEN_H
#define ESPALIER_IKE_HALF_OPEN_H

#include "core/sa.h"

/* A retransmitted IKE_SA_INIT request: the SA that was made for these very bytes, or NULL. */
struct ike_sa *half_open_find(struct agent *agent, uint64_t spi_i, const struct endpoint *remote, const uint8_t *data, size_t len);
/*
 * The next request from this address must bring a cookie: there are many half-open SAs and requests refused within a second, or half as many half-open
 * ones of this address as it may have, which somebody else may have begun in its name.
 */
bool half_open_wants_cookie(const struct agent *agent, const struct ip_addr *ip);
/* A request was refused: its work counts as a half-open SA does, for up to a second. */
void half_open_count_refused(struct agent *agent);
/* This address has as many as it may. */
bool half_open_blocked(const struct agent *agent, const struct ip_addr *ip);
/*
 * Is there room for one more? HALF_OPEN_FULL: the request is to be left unanswered, and comes again. HALF_OPEN_EVICT: when *oldest, whose peer had time
 * enough to go on with it, is closed.
 */
enum half_open_room { HALF_OPEN_ROOM, HALF_OPEN_EVICT, HALF_OPEN_FULL };
enum half_open_room half_open_room(const struct agent *agent, struct ike_sa **oldest);
/* Enter sa, whose handshake holds the request; expired(sa) is called when its time is over. 0 or -ENOMEM. */
int half_open_add(struct ike_sa *sa, void (*expired)(void *sa));
/* It is established, or closed. Nothing happens if it is not in. */
void half_open_remove(struct ike_sa *sa);

#endif
