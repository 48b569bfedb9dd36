/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: what an IKE SA needs until it is established, and no longer. */
#ifndef ESPALIER_IKE_HANDSHAKE_H
#define ESPALIER_IKE_HANDSHAKE_H

#include "core/child_sa.h"
#include "crypto/cert.h"

#define COOKIE_MAX 64u /* RFC 7296, 2.6 */

struct blob {
	uint8_t *data; /* owned */
	size_t len;
};

struct handshake {
	struct blob sent, received; /* the IKE_SA_INIT messages as on the wire, for AUTH */

	/* as initiator */
	const struct conf_child *child; /* first CHILD SA, in sa->conf */
	struct child_packet packet;	/* for which it is made */
	struct child_negotiation *negotiation;
	struct dh *dh;
	uint16_t group;
	uint8_t cookie[COOKIE_MAX];
	uint8_t cookie_len;
	unsigned int cookies, groups; /* how often the peer asked for one */
	uint16_t error;		      /* an unprotected error of the peer's; we wait for something better until the timer says no */
	bool first_contact;	      /* INITIAL_CONTACT was not ruled out */

	/* as responder */
	struct ike_sa *sa;
	struct ike_sa *older, *newer;	/* half-open ones */
	struct hash_node by_init;
	struct source *source;

	/* both */
	bool has_request;	 /* the peer sent a CERTREQ for X.509 */
	struct blob request;	 /* its hashes */
	const struct conf_secret *ppk; /* initiator: that we offer */
};

/* Copies. 0 or -ENOMEM. */
int blob_set(struct blob *blob, const void *data, size_t len);
void blob_clear(struct blob *blob);

int handshake_begin(struct ike_sa *sa);
/* Frees it with all in it, the nonces and the reference to credentials. */
void handshake_end(struct ike_sa *sa);

/* ---- half_open.c: IKE SAs as responder before IKE_AUTH, bounded in number and time --------------------------------------------- */

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
 * There are as many as there may be: the request is to be left unanswered, and comes again. One that its peer had time enough to go on with is closed
 * to make room.
 */
bool half_open_full(struct agent *agent);
/* Enter sa, whose handshake holds the request. 0 or -ENOMEM. */
int half_open_add(struct ike_sa *sa);
/* It is established, or closed. Nothing happens if it is not in. */
void half_open_remove(struct ike_sa *sa);

/* ---- natd.c: NAT detection (RFC 7296, 2.23) -------------------------------------------------------------------------------------- */

/* Both notifies, for the message that goes from sa->local to sa->remote. */
int natd_put(struct ike_sa *sa, struct ike_builder *b);
/* From the peer's notifies: sa->nat_local, sa->nat_remote. A peer without them has no NAT. */
void natd_check(struct ike_sa *sa, const struct ike_header *header, const struct ike_chain *m);

/* ---- cookie.c: IKE_SA_INIT without state (RFC 7296, 2.6), and how often we answer at all without an SA --------------------------- */

/* The cookie for a request with this nonce; returns its length. */
size_t cookie_make(struct agent *agent, const struct ike_header *header, const struct ip_addr *ip, const uint8_t *nonce, size_t nonce_len,
		   uint8_t cookie[COOKIE_MAX]);
bool cookie_right(struct agent *agent, const struct ike_header *header, const struct ip_addr *ip, const uint8_t *nonce, size_t nonce_len,
		  const uint8_t *cookie, size_t len);
void cookies_free(struct agent *agent);
/* Answer a request with one unprotected notify. limited: not more often than the agent's rate. */
void answer_unprotected(struct agent *agent, const struct ike_header *header, const struct endpoint *local, const struct endpoint *remote,
			uint16_t type, const void *data, size_t len, bool limited);

/* ---- init.c ------------------------------------------------------------------------------------------------------------------------ */

/* An IKE_SA_INIT request. */
void init_request(struct agent *agent, const struct ike_header *header, const struct endpoint *local, const struct endpoint *remote,
		  const uint8_t *data, size_t len);

/* ---- ike_auth.c -------------------------------------------------------------------------------------------------------------------- */

/* As initiator, after IKE_SA_INIT: queues IKE_AUTH. 0 or negative. */
int auth_initiate(struct ike_sa *sa);
/* As initiator: the responder's IKE_AUTH is not good enough. Tells it why, and the IKE SA ends (RFC 7296, 2.21.2). 0 or -ENOMEM. */
int auth_refuse(struct ike_sa *sa, uint16_t notify, const char *why);

#endif
