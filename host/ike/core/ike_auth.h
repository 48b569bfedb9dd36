/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: what both sides of IKE_AUTH do (RFC 7296, 2.15 and 2.16): identities, certificates, proofs. auth_exchange.h: the exchange. */
#ifndef ESPALIER_IKE_IKE_AUTH_H
#define ESPALIER_IKE_IKE_AUTH_H

#include "core/credentials.h"
#include "core/handshake.h"

/* What the peer says of itself. Zeroed at first; auth_peer_clear. */
struct auth_peer {
	const struct ike_payload *id_payload;
	struct identity id;
	struct ike_auth auth;
	struct cert_chain chain;
};

/*
 * Read ID, CERT and AUTH payloads; id_type is IKE_PL_IDI or IKE_PL_IDR. 0; -EBADMSG: malformed or missing; -EACCES: no AUTH payload, or a
 * certificate that cannot be; -ENOMEM. *why is a constant.
 */
int auth_read_peer(const struct ike_sa *sa, const struct ike_chain *m, uint8_t id_type, struct auth_peer *peer, const char **why);
void auth_peer_clear(struct auth_peer *peer);
/* The same method with other Authentication Data: NO_PPK_AUTH. 0 or -EBADMSG. */
int auth_replace_data(struct ike_auth *auth, const uint8_t *data, size_t len);

/*
 * The AUTH payload proves the identity, by what sa->conn's remote asks for, with these keys. Logs the outcome. 0 or -EACCES.
 * auth: peer->auth, or that of NO_PPK_AUTH.
 */
int auth_check(struct ike_sa *sa, const struct auth_peer *peer, const struct ike_auth *auth, const struct ike_keys *keys);

/* What we prove our own identity with. */
struct auth_own {
	const struct local_cert *cert; /* NULL: shared key */
};

/* Choose certificate and sa->local_id. asked: the IDr of the initiator, or NULL. 0 or -ENOENT. */
int auth_choose_own(struct ike_sa *sa, const struct identity *asked, struct auth_own *own);
/* IDi or IDr, and CERT payloads as far as they are wanted. */
void auth_put_id(struct ike_sa *sa, const struct auth_own *own, struct ike_builder *b);
int auth_put_auth(struct ike_sa *sa, const struct auth_own *own, const struct ike_keys *keys, struct ike_builder *b);
/* The AUTH payload's method and data, as NO_PPK_AUTH has it. */
int auth_make(struct ike_sa *sa, const struct auth_own *own, const struct ike_keys *keys, struct auth_data *data);

/* CERTREQ with our CAs, where we want a certificate. */
void auth_put_certreq(struct ike_sa *sa, struct ike_builder *b);
/* The peer's CERTREQ. 0 or -ENOMEM. */
int auth_take_certreq(struct ike_sa *sa, const struct ike_chain *m);

#define PPK_ID_FIXED 2u /* type of a PPK_ID, RFC 8784, 5.1 */
/* keys with the PPK mixed in (RFC 8784). */
int auth_mix(const struct ike_sa *sa, const struct conf_secret *ppk, struct ike_keys *mixed);

/* Another IKE SA between the same identities, established: the first, or the one after another; NULL. */
struct ike_sa *auth_same_peer(const struct ike_sa *sa, const struct ike_sa *after);
/* Both sides are authenticated: older SAs between the same identities end as INITIAL_CONTACT or the unique policy say. */
void auth_apply_unique(struct ike_sa *sa, bool initial_contact);

#endif
