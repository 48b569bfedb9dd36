/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: what an IKE SA needs until it is established, and no longer. */
#ifndef ESPALIER_IKE_HANDSHAKE_H
#define ESPALIER_IKE_HANDSHAKE_H

#include "core/blob.h"
#include "core/cookie.h"
#include "core/sa.h"
#include "crypto/cert.h"

struct handshake {
	struct blob sent, received; /* the IKE_SA_INIT messages as on the wire, for AUTH */

	/* as initiator */
	const struct conf_child *child; /* first CHILD SA, in sa->conf */
	struct child_packet packet;	/* for which it is made */
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

int handshake_begin(struct ike_sa *sa);
/* Frees it with all in it, the nonces and the reference to credentials; half_open_remove comes first. */
void handshake_end(struct ike_sa *sa);

#endif
