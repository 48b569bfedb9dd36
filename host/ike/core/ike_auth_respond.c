/* SPDX-License-Identifier: Apache-2.0 */
/* IKE_AUTH as responder. Nothing of the request is used before its AUTH payload is right, but what the check needs: identities and certificates. */
#include "core/auth_exchange.h"
#include "core/child_answer.h"
#include "core/credentials.h"
#include "core/ike_auth.h"
#include "core/ike_sa.h"
#include "core/offers.h"
#include "core/peer.h"

#include <errno.h>
#include <stdlib.h>

struct request {
	const struct ike_chain *m;
	struct auth_peer peer;
	struct identity asked; /* IDr, or %any */
	bool initial_contact;
	const struct conf_secret *ppk;
};

/* ---- which connection ----------------------------------------------------------------------------------------------------------------------- */

static bool same_method(const struct conf_connection *conn, const struct ike_auth *auth)
{
	return (conn->remote.method == CONF_AUTH_PSK) == (auth->method == IKE_AUTH_SHARED_KEY);
}

/* A list of proposals that was judged for this IKE SA: many connections have the same. */
struct judged {
	const struct proposals *list;
	bool ok;
};

static bool judge(const struct ike_sa *sa, const struct conf_connection *conn)
{
	struct proposals *ours = ike_proposals(conn), *agreed = malloc(sizeof(*agreed));
	struct suite suite;
	bool ok = false;

	if (ours && agreed) {
		agreed->count = 1;
		proposal_from_suite(&sa->suite, 0, 0, &agreed->list[0]);
		ok = proposal_select(ours, agreed, 0, &suite);
	}
	free(ours);
	free(agreed);
	return ok;
}

/* IKE_SA_INIT was agreed on with another connection: would this one have agreed too? */
static bool accepts_suite(const struct ike_sa *sa, const struct conf_connection *conn, struct judged *last)
{
	if (conn->proposals == sa->conn->proposals)
		return true;
	if (conn->proposals != last->list)
		*last = (struct judged){ conn->proposals, judge(sa, conn) };
	return last->ok;
}

/* How well the connection fits the identities, 0: not. An IDr that the initiator asks for is to be ours. */
static unsigned int fit(const struct ike_sa *sa, const struct conn_credentials *cc, const struct request *r, struct judged *last)
{
	const struct conf_connection *conn = cc->conn;
	unsigned int addresses = conn_rank(conn, &sa->local.ip, &sa->remote.ip);
	int remote, local = IDENTITY_MATCH_ANY;

	if (!addresses || !same_method(conn, &r->peer.auth))
		return 0;
	remote = identity_match(&r->peer.id, &cc->remote_id);
	if (!identity_is_any(&r->asked))
		local = identity_match(&r->asked, &cc->local_id);
	if (!remote || !local || !accepts_suite(sa, conn, last))
		return 0;
	return (unsigned int)remote * 10000 + (unsigned int)local * 20 + addresses;
}

/* The best, the first of the configuration among equals. */
static int choose_connection(struct ike_sa *sa, const struct request *r)
{
	const struct conn_credentials *best = NULL;
	struct judged last = { 0 };
	unsigned int best_fit = 0;

	for (const struct conn_credentials *cc = NULL; (cc = credentials_for_peer(sa->credentials, &r->peer.id, cc)) != NULL;) {
		unsigned int f = fit(sa, cc, r, &last);

		if (!f || f < best_fit || (f == best_fit && cc > best))
			continue;
		best_fit = f;
		best = cc;
	}
	if (!best)
		return -EACCES;
	return best->conn == sa->conn ? 0 : ike_sa_set_connection(sa, best->conn);
}

/* ---- the initiator's proof -------------------------------------------------------------------------------------------------------------------- */

/* With the PPK that the initiator names; or without, if it says how and we may (RFC 8784, 3). */
static int prove(struct ike_sa *sa, struct request *r)
{
	struct ike_auth auth = r->peer.auth;
	struct ike_keys keys = sa->keys;
	struct ike_notify notify;
	int err = 0;

	if (sa->peer_ppk && ike_chain_notify(r->m, IKE_N_PPK_IDENTITY, &notify)) {
		if (notify.len > 1 && notify.data[0] == PPK_ID_FIXED)
			r->ppk = credentials_ppk(sa->credentials, notify.data + 1, notify.len - 1);
		if (r->ppk) {
			err = auth_mix(sa, r->ppk, &keys);
		} else if (ike_chain_notify(r->m, IKE_N_NO_PPK_AUTH, &notify)) {
			err = auth_replace_data(&auth, notify.data, notify.len);
		} else {
			ike_log(sa, AGENT_ERROR, "we do not have the PPK of the initiator, and it does not go on without");
			err = -EACCES;
		}
	}
	if (!err && sa->conn->ppk_required && !r->ppk) {
		ike_log(sa, AGENT_ERROR, "a PPK is required, and the initiator uses none that we have");
		err = -EACCES;
	}
	if (!err)
		err = auth_check(sa, &r->peer, &auth, &keys);
	if (!err)
		sa->keys = keys;
	ike_keys_wipe(&keys);
	return err;
}

static int read_asked(const struct ike_chain *m, struct identity *asked, const char **why)
{
	const struct ike_payload *p = ike_chain_find(m, IKE_PL_IDR);
	struct ike_id id;
	int err;

	if (!p)
		return 0;
	err = ike_decode_id(p, &id, why);
	if (err)
		return err;
	*why = "an IDr that cannot be";
	return identity_from_payload(id.type, id.data, id.len, asked) ? -EACCES : 0;
}

/* What the peer has goes as soon as this one is there. */
static bool takes_over(const struct ike_sa *sa, const struct request *r)
{
	return sa->conn->unique == CONF_UNIQUE_REPLACE || (r->initial_contact && sa->conn->unique != CONF_UNIQUE_NEVER);
}

/* 0: the initiator is who it says, and sa->conn, sa->local_id and sa->remote_id are right. */
static int authenticate(struct ike_sa *sa, struct request *r, struct auth_own *own, const char **why)
{
	struct ike_notify notify;
	int err = auth_read_peer(sa, r->m, IKE_PL_IDI, &r->peer, why);

	if (!err)
		err = read_asked(r->m, &r->asked, why);
	if (!err)
		err = auth_take_certreq(sa, r->m);
	if (err)
		return err;
	*why = "no connection for these identities";
	err = choose_connection(sa, r);
	if (err)
		return err;
	*why = "we have nothing to authenticate with";
	if (auth_choose_own(sa, identity_is_any(&r->asked) ? NULL : &r->asked, own))
		return -EACCES;
	*why = "authentication failed";
	err = prove(sa, r);
	if (!err)
		err = identity_copy(&r->peer.id, &sa->remote_id);
	r->initial_contact = ike_chain_notify(r->m, IKE_N_INITIAL_CONTACT, &notify);
	if (!err && sa->conn->unique == CONF_UNIQUE_KEEP && !r->initial_contact && auth_same_peer(sa, NULL)) {
		*why = "there is an IKE SA between these identities already, and it is to be kept";
		return -EACCES;
	}
	if (!err && !takes_over(sa, r) && !peer_may_have_ike(sa)) {
		*why = "the peer has as many IKE SAs as it may";
		return -EACCES;
	}
	if (!err)
		peer_join(sa);
	return err;
}

/* ---- the response -------------------------------------------------------------------------------------------------------------------------------- */

static int put_own(struct ike_sa *sa, const struct request *r, const struct auth_own *own, struct ike_builder *reply)
{
	int err;

	auth_put_id(sa, own, reply);
	err = auth_put_auth(sa, own, &sa->keys, reply);
	if (!err && r->ppk)
		ike_build_notify(reply, IKE_N_PPK_IDENTITY, NULL, 0);
	return err;
}

/* Nothing but the refusal goes out. */
static void refuse(struct ike_sa *sa, int err, const char *why, struct ike_builder *reply)
{
	ike_build_free(reply);
	ike_build_growing(reply, IKE_MESSAGE_MAX);
	ike_build_notify(reply, err == -EBADMSG ? IKE_N_INVALID_SYNTAX : IKE_N_AUTHENTICATION_FAILED, NULL, 0);
	sa->close_after_reply = true;
	sa->cause = CLOSE_FAILED;
	sa->why = why;
}

/* With a CHILD SA or without (RFC 6023), as the connection wants it. */
static int answer_child(struct ike_sa *sa, const struct ike_chain *m, struct ike_builder *reply, const char **why)
{
	bool without = !ike_chain_find(m, IKE_PL_SA) && !ike_chain_find(m, IKE_PL_TSI) && !ike_chain_find(m, IKE_PL_TSR);
	struct child_sa *child = NULL;

	*why = "a CHILD SA in IKE_AUTH, where the connection forbids it";
	if (!without && sa->conn->childless == CONF_CHILDLESS_FORCE)
		return -EBADMSG;
	if (without && sa->conn->childless != CONF_CHILDLESS_NEVER)
		return 0;
	*why = "malformed request for the CHILD SA";
	return child_answer(sa, m, NULL, true, reply, &child) ? -EBADMSG : 0;
}

int auth_request(struct ike_sa *sa, const struct ike_message *m, struct ike_builder *reply)
{
	struct request r = { .m = &m->chain };
	const char *why = "authentication failed";
	struct auth_own own;
	int err = authenticate(sa, &r, &own, &why);

	if (!err)
		err = put_own(sa, &r, &own, reply);
	if (!err) {
		event_emit(sa->agent, &(struct event){ .kind = EVENT_IKE_AUTHENTICATED, .ike = sa });
		err = answer_child(sa, &m->chain, reply, &why);
	}
	auth_peer_clear(&r.peer);
	identity_clear(&r.asked);
	if (err) {
		refuse(sa, err, why, reply);
		return 0;
	}
	ike_sa_established(sa);
	auth_apply_unique(sa, r.initial_contact);
	return 0;
}
