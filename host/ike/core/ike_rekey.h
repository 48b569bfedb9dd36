/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: what the files of an IKE SA's rekeying share: ike_rekey.c (initiator), ike_rekey_respond.c, ike_takeover.c. */
#ifndef ESPALIER_IKE_REKEY_H
#define ESPALIER_IKE_REKEY_H

#include "core/sa.h"

#define REKEY_NONCE_LEN 32u

/* Our rekey of an IKE SA; sa->rekeying while it is under way. */
struct ike_rekey {
	struct exchange x;
	struct ike_sa *candidate; /* the new SA, until it is in place or given up */
	struct dh *dh;
	struct nonces nonces;	  /* ours is i */
	struct proposals *offered;
	unsigned int groups_tried;
	uint8_t peer_min[IKE_NONCE_MAX]; /* of the peer's exchange that made sa->successor: the smaller nonce */
	size_t peer_min_len;
};

/* Our rekeying begins, or will. 0; -EBUSY: this is not the time; -ENOMEM. */
int ike_rekey_initiate(struct ike_sa *sa);
/* As responder: exchanges.h. */
int ike_rekey_request(struct ike_sa *sa, const struct ike_message *m, struct ike_builder *reply);

/* ---- ike_takeover.c ------------------------------------------------------------------------------------------------------------ */

/* The peer is to delete it; if it does not, it goes by itself. */
void ike_wait_for_delete(struct ike_sa *sa);
/* new, which has its keys, is established in place of old: CHILD SAs, queued exchanges, users. old waits for its delete. */
void ike_take_over(struct ike_sa *old, struct ike_sa *new);
/* The SA that the peer's rekey made stays; ours, if there is one, does not. */
void ike_peer_won(struct ike_sa *sa);

/* The peer deletes sa while we rekey it. True: it had rekeyed it itself, and all is with the SA it made. */
bool ike_rekey_deleted(struct ike_sa *sa);
/* EVENT_IKE_GONE: nor is there what the peer's rekeying would have put in its place. */
void ike_rekey_ike_gone(struct agent *agent, const struct event *event);

/* Payloads of both directions. 0 or negative with a sentence. */
int ike_rekey_read_proposals(const struct ike_chain *m, struct proposals **list, const char **why);
int ike_rekey_read_exchange(const struct ike_chain *m, uint8_t nonce[IKE_NONCE_MAX], uint16_t *nonce_len, struct ike_ke *ke, const char **why);
/* Keys of the new SA sa; -EBADMSG: a public value that must be refused. */
int ike_rekey_take_keys(struct ike_sa *sa, const struct ike_sa *old, struct dh *dh, const struct suite *suite, const struct ike_ke *ke,
			const struct nonces *nonces);
/* The smaller one, as RFC 7296, 2.8.2, compares them. */
const uint8_t *ike_rekey_least_nonce(const struct nonces *n, size_t *len);

#endif
