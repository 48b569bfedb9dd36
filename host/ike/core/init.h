/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: what initiator and responder of IKE_SA_INIT have in common. init.c, init_respond.c. */
#ifndef ESPALIER_IKE_INIT_H
#define ESPALIER_IKE_INIT_H

#include "core/handshake.h"

#define PEER_PORT 500u
#define PEER_NAT_PORT 4500u

struct init_payloads {
	const struct ike_payload *sa;
	struct ike_ke ke;
	const uint8_t *nonce;
	size_t nonce_len;
};

/* A new IKE SA as initiator, with a first CHILD SA (child NULL: the first of conn). NULL: could not begin, the reason is logged. */
struct ike_sa *ike_initiate(struct agent *agent, const struct conf_connection *conn, const struct conf_child *child);

/* One of each there, and well formed. 0, or -EBADMSG. */
int init_read(const struct ike_chain *m, struct init_payloads *in, const char **why);
/* Our nonce, into sa->nonces. */
int init_nonce(struct ike_sa *sa);
/* NAT detection is to say that there is a NAT: the configuration wants UDP encapsulation, or the data plane can do nothing else. */
bool init_fakes_nat(const struct ike_sa *sa);
/* NAT detection, fragmentation, signature hashes, USE_PPK. */
int init_put_notifies(struct ike_sa *sa, struct ike_builder *b, bool ppk);
/* The peer's, but for NAT detection. */
void init_take_notifies(struct ike_sa *sa, const struct ike_chain *m);
/* The IKE SA's keys. 0; -EBADMSG: the peer's value must be refused. */
int init_derive(struct ike_sa *sa, struct dh *dh, const struct ike_ke *peer);

#endif
