/* SPDX-License-Identifier: Apache-2.0 */
/* IKE_AUTH as initiator. */
#include "core/auth_exchange.h"
#include "core/child_negotiation.h"
#include "core/create_child.h"
#include "core/credentials.h"
#include "core/handshake.h"
#include "core/ike_auth.h"
#include "core/ike_sa.h"
#include "core/peer.h"
#include "core/window.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct auth_exchange {
	struct exchange x;
	struct child_negotiation *negotiation; /* of the first CHILD SA; NULL: childless */
};

static void asked(struct ike_sa *sa, const struct conf_child *child, int error, const char *text)
{
	event_emit(sa->agent, &(struct event){ .kind = EVENT_CHILD_ASKED, .ike = sa, .conf = child, .error = error, .text = text });
}

/* ---- request ------------------------------------------------------------------------------------------------------------------------------ */

static bool uses_ppk(const struct ike_sa *sa)
{
	return sa->handshake->ppk && sa->peer_ppk;
}

/* PPK_IDENTITY, and what proves our identity to a responder that does not have the PPK. */
static int put_ppk(struct ike_sa *sa, const struct auth_own *own, struct ike_builder *b)
{
	const struct conn_credentials *cc = credentials_of(sa->credentials, sa->conn);
	uint8_t id[1 + IDENTITY_MAX] = { PPK_ID_FIXED };
	struct auth_data data;
	int err;

	memcpy(id + 1, cc->ppk_id.data, cc->ppk_id.len);
	ike_build_notify(b, IKE_N_PPK_IDENTITY, id, 1u + cc->ppk_id.len);
	if (sa->conn->ppk_required)
		return 0;
	err = auth_make(sa, own, &sa->keys, &data);
	if (!err)
		ike_build_notify(b, IKE_N_NO_PPK_AUTH, data.data, data.len);
	return err;
}

static int put_auth(struct ike_sa *sa, const struct auth_own *own, struct ike_builder *b)
{
	struct ike_keys keys = sa->keys;
	int err = uses_ppk(sa) ? auth_mix(sa, sa->handshake->ppk, &keys) : 0;

	if (!err)
		err = auth_put_auth(sa, own, &keys, b);
	ike_keys_wipe(&keys);
	return err;
}

static int put_child(struct ike_sa *sa, struct auth_exchange *x, struct ike_builder *b)
{
	struct handshake *hs = sa->handshake;
	int err;

	if (sa->conn->childless == CONF_CHILDLESS_FORCE && !sa->peer_childless) {
		sa->why = "the peer does not support IKE SAs without a CHILD SA";
		return -ENOTSUP;
	}
	if (sa->conn->childless == CONF_CHILDLESS_FORCE)
		return 0;
	if (!hs->child) {
		sa->why = "the connection has no child";
		return -ENOENT;
	}
	err = child_negotiation_begin(sa, hs->child, NULL, true, &hs->packet, &x->negotiation);
	if (!err)
		err = child_put_request(x->negotiation, b);
	if (err)
		asked(sa, hs->child, err, "the data plane has no SPI, or nothing to offer");
	return err;
}

/* The peer may have come first meanwhile. */
static bool is_alone(const struct ike_sa *sa)
{
	return ike_sa_by_name(sa->agent, sa->conn->name) == sa && !ike_sa_next_by_name(sa);
}

static int build(struct ike_sa *sa, struct exchange *x, struct ike_builder *b)
{
	const struct conn_credentials *cc = credentials_of(sa->credentials, sa->conn);
	struct auth_own own;
	int err;

	if (sa->conn->ppk_required && !uses_ppk(sa)) {
		ike_log(sa, AGENT_ERROR, "a PPK is required, and %s", sa->peer_ppk ? "we have none" : "the peer does not support it");
		return -EACCES;
	}
	err = auth_choose_own(sa, NULL, &own);
	if (err)
		return err;
	auth_put_id(sa, &own, b);
	if (sa->handshake->first_contact && is_alone(sa) && sa->conn->unique != CONF_UNIQUE_NEVER)
		ike_build_notify(b, IKE_N_INITIAL_CONTACT, NULL, 0);
	auth_put_certreq(sa, b);
	if (identity_is_single(&cc->remote_id))
		ike_build_id(b, IKE_PL_IDR, cc->remote_id.type, cc->remote_id.data, cc->remote_id.len);
	err = put_auth(sa, &own, b);
	if (!err && uses_ppk(sa))
		err = put_ppk(sa, &own, b);
	return err ? err : put_child(sa, (struct auth_exchange *)x, b);
}

/* ---- we do not accept the responder: tell it, and be done (RFC 7296, 2.21.2) -------------------------------------------------------------- */

struct refusal {
	struct exchange x;
	uint16_t notify;
};

static int build_refusal(struct ike_sa *sa, struct exchange *x, struct ike_builder *b)
{
	uint16_t notify = ((struct refusal *)x)->notify;

	(void)sa;
	ike_build_notify(b, notify, NULL, 0);
	/* AUTHENTICATION_FAILED says that the IKE SA is no more. */
	if (notify != IKE_N_AUTHENTICATION_FAILED)
		ike_build_delete_ike(b);
	return 0;
}

static int refusal_heard(struct ike_sa *sa, struct exchange *x, const struct ike_message *m)
{
	(void)sa;
	(void)x;
	(void)m;
	return -EACCES;
}

static const struct exchange_ops refusal_ops = {
	.name = "INFORMATIONAL, authentication failed", .type = IKE_INFORMATIONAL, .build = build_refusal, .response = refusal_heard,
	.free = exchange_free_bare,
};

/* Tells it why, and the IKE SA ends (RFC 7296, 2.21.2). 0 or -ENOMEM. */
static int refuse(struct ike_sa *sa, uint16_t notify, const char *why)
{
	struct refusal *refusal = calloc(1, sizeof(*refusal));

	sa->why = why;
	if (!refusal)
		return -ENOMEM;
	refusal->x.ops = &refusal_ops;
	refusal->notify = notify;
	sa->agent->stats.failed++;
	sa->state = IKE_DELETING;
	event_emit(sa->agent, &(struct event){ .kind = EVENT_IKE_REFUSED, .ike = sa, .error = -EACCES, .text = why });
	ike_queue_first(sa, &refusal->x);
	return 0;
}

/* ---- response ------------------------------------------------------------------------------------------------------------------------------- */

/* The keys that the responder went on with (RFC 8784, 3). */
static int final_keys(struct ike_sa *sa, const struct ike_chain *m, struct ike_keys *keys)
{
	struct ike_notify notify;

	if (uses_ppk(sa) && ike_chain_notify(m, IKE_N_PPK_IDENTITY, &notify)) {
		ike_log(sa, AGENT_DEBUG, "with a postquantum preshared key");
		return auth_mix(sa, sa->handshake->ppk, keys);
	}
	*keys = sa->keys;
	if (!sa->conn->ppk_required)
		return 0;
	ike_log(sa, AGENT_ERROR, "a PPK is required, and the peer did not use it");
	return -EACCES;
}

static int prove(struct ike_sa *sa, const struct ike_chain *m, struct auth_peer *peer)
{
	const struct conn_credentials *cc = credentials_of(sa->credentials, sa->conn);
	char text[IDENTITY_TEXT_LEN];
	struct ike_keys keys;
	int err;

	if (!identity_match(&peer->id, &cc->remote_id)) {
		ike_log(sa, AGENT_ERROR, "the peer is '%.200s', not the one we want", identity_print(&peer->id, text));
		return -EACCES;
	}
	err = final_keys(sa, m, &keys);
	if (!err)
		err = auth_check(sa, peer, &peer->auth, &keys);
	if (!err)
		sa->keys = keys;
	ike_keys_wipe(&keys);
	return err;
}

static void take_child(struct ike_sa *sa, struct auth_exchange *x, const struct ike_chain *m)
{
	struct handshake *hs = sa->handshake;
	const struct conf_child *conf = hs->child;
	struct conf *holder = conf_ref(sa->conf); /* once established, sa may follow another */
	struct child_packet packet = hs->packet;
	struct event event = { .kind = EVENT_CHILD_ASKED, .ike = sa, .conf = conf, .packet = &packet, .text = "established" };
	uint16_t notify = 0;

	if (!x->negotiation) { /* childless: it follows in an exchange of its own; those that a reauthentication brings, by that */
		ike_sa_established(sa);
		if (conf && !sa->replaces && child_initiate_for(sa, conf, &packet))
			asked(sa, conf, -ENOMEM, "no memory");
		goto out;
	}
	event.error = child_take_response(x->negotiation, m, &event.child, &notify);
	if (event.error)
		event.text = notify ? ike_name(IKE_NAMES_NOTIFY, notify) : "the CHILD SA could not be set up";
	child_negotiation_free(x->negotiation);
	x->negotiation = NULL;
	ike_sa_established(sa);
	if (event.error != -EAGAIN || child_initiate_for(sa, conf, &packet))
		event_emit(sa->agent, &event);
out:
	conf_free(holder);
}

static int response(struct ike_sa *sa, struct exchange *x, const struct ike_message *message)
{
	const struct ike_chain *m = &message->chain;
	struct auth_peer peer = { 0 };
	struct ike_notify notify;
	char name[IKE_NAME_LEN];
	const char *why = NULL;
	bool initial_contact;
	int err;

	if (!ike_chain_find(m, IKE_PL_AUTH) && ike_chain_error(m, &notify)) {
		sa->why = ike_name(IKE_NAMES_NOTIFY, notify.type);
		ike_log(sa, AGENT_ERROR, "the peer refuses: %s%s", ike_print_name(IKE_NAMES_NOTIFY, notify.type, name),
			notify.type == IKE_N_AUTHENTICATION_FAILED ? ": its log says why, this side it does not tell" : "");
		return -EACCES;
	}
	err = auth_read_peer(sa, m, IKE_PL_IDR, &peer, &why);
	if (err)
		ike_log(sa, AGENT_ERROR, "IKE_AUTH response: %s", why);
	else
		err = prove(sa, m, &peer);
	if (!err)
		err = identity_copy(&peer.id, &sa->remote_id);
	if (!err)
		peer_join(sa);
	auth_peer_clear(&peer);
	if (err == -ENOMEM)
		return err;
	if (err)
		return refuse(sa, err == -EBADMSG ? IKE_N_INVALID_SYNTAX : IKE_N_AUTHENTICATION_FAILED, why ? why : "authentication of the peer failed");
	initial_contact = ike_chain_notify(m, IKE_N_INITIAL_CONTACT, &notify);
	event_emit(sa->agent, &(struct event){ .kind = EVENT_IKE_AUTHENTICATED, .ike = sa });
	take_child(sa, (struct auth_exchange *)x, m);
	auth_apply_unique(sa, initial_contact);
	return 0;
}

static void free_auth(struct exchange *x)
{
	child_negotiation_free(((struct auth_exchange *)x)->negotiation);
	free(x);
}

static const struct exchange_ops auth_ops = {
	.name = "IKE_AUTH", .type = IKE_AUTH, .build = build, .response = response, .malformed = refuse, .free = free_auth,
};

int auth_initiate(struct ike_sa *sa)
{
	struct auth_exchange *x = calloc(1, sizeof(*x));

	if (!x)
		return -ENOMEM;
	x->x.ops = &auth_ops;
	ike_queue_first(sa, &x->x);
	return 0;
}
