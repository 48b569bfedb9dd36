/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the agent: the connections of a configuration as a request of IKE_SA_INIT sees them, by addresses and proposals alone. Connections that are
 * the same in both are one, and equal lists of proposals are judged once for a request, so that thousands of connections cost a stranger's datagram
 * hardly more than one.
 */
#ifndef ESPALIER_IKE_OFFERS_H
#define ESPALIER_IKE_OFFERS_H

#include "conf/conf.h"

struct offers;

/* conf must outlive it. 0 or -ENOMEM. */
int offers_build(const struct conf *conf, struct offers **offers);
/* NULL is fine. */
void offers_free(struct offers *offers);

/*
 * The connection whose addresses fit best, the first of the configuration among equals, that agrees to one of the offered proposals; one with the
 * KE method of the request if there is. 0; -ENOENT: no connection between these addresses; -ENOKEY: none agrees.
 */
int offers_choose(struct offers *offers, const struct ip_addr *local, const struct ip_addr *remote, const struct proposals *offered, uint16_t ke,
		  const struct conf_connection **conn, struct suite *suite);

/* How well the addresses of conn fit, 0: not. The remote address counts first: one address before a range before any. */
unsigned int conn_rank(const struct conf_connection *conn, const struct ip_addr *local, const struct ip_addr *remote);

#endif
