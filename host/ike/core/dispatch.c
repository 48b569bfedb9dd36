/* SPDX-License-Identifier: Apache-2.0 */
#include "core/dispatch.h"
#include "core/exchanges.h"
#include "core/handshake.h"
#include "core/ike_rekey.h"
#include "core/ike_sa.h"
#include "core/seal.h"
#include "core/window.h"

#include <errno.h>

/* ---- responses ------------------------------------------------------------------------------------------------------------------- */

static const char *reason(const struct ike_sa *sa, const char *otherwise)
{
	if (sa->why)
		return sa->why;
	return sa->cause == CLOSE_FAILED ? otherwise : "deleted";
}

/* What follows a message that was handled and left the SA as it is. */
static void go_on(struct ike_sa *sa, uint32_t next_id)
{
	if (window_ids(next_id) == WINDOW_IDS_REKEY && sa->state == IKE_ESTABLISHED)
		ike_rekey_initiate(sa);
	window_next(sa);
}

/* A response was handled; the SA is closed, or the next exchange begins. */
static void after_response(struct ike_sa *sa, int err)
{
	if (err)
		ike_sa_close(sa, sa->cause, reason(sa, "the exchange failed"));
	else if (window_ids(sa->send_id) == WINDOW_IDS_USED_UP)
		ike_sa_close(sa, sa->cause, "message IDs are used up");
	else
		go_on(sa, sa->send_id);
}

static int response_of(struct ike_sa *sa, struct exchange *x, const struct ike_message *m)
{
	int err;

	sa->handling = true;
	err = x->ops->response(sa, x, m);
	sa->handling = false;
	return err;
}

/* Nothing protects it: what it says may be wrong, and a better answer may follow. */
static void init_response(struct ike_sa *sa, const struct ike_message *m)
{
	struct handshake *hs = sa->handshake;
	uint16_t known = hs->error;
	struct exchange *x;
	int err;

	if (blob_set(&hs->received, m->data, m->len))
		return;
	err = response_of(sa, sa->queue, m);
	if (err == -EINPROGRESS) {
		if (!known && hs->error)
			window_hurry(sa);
		return;
	}
	if (err == -EAGAIN) {
		window_answered(sa);
		window_next(sa);
		return;
	}
	x = window_take(sa);
	window_end_exchange(sa, x, false);
	after_response(sa, err);
}

static int malformed_response(struct ike_sa *sa, const struct exchange *x, uint16_t notify, const char *why)
{
	ike_log(sa, AGENT_ERROR, "%s response: %s", x->ops->name, why);
	return x->ops->malformed ? x->ops->malformed(sa, notify, why) : -EBADMSG;
}

/* The payloads of a message that was protected. 0 or -EBADMSG. */
static int read_inner(const struct ike_message *outer, const struct opened *opened, struct ike_message *m, const char **why)
{
	m->header = outer->header;
	m->data = outer->data;
	m->len = outer->len;
	return ike_chain_parse(opened->first, opened->data, opened->len, true, &m->chain, why);
}

static void sealed_response(struct ike_sa *sa, const struct ike_message *outer, const struct opened *opened)
{
	struct exchange *x = window_take(sa);
	struct ike_message m;
	const char *why;
	bool bad = true;
	int err;

	if (read_inner(outer, opened, &m, &why)) {
		err = malformed_response(sa, x, IKE_N_INVALID_SYNTAX, why);
	} else if (m.chain.unsupported_critical) {
		err = malformed_response(sa, x, IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD, "unknown critical payload in a response");
	} else {
		bad = false;
		err = response_of(sa, x, &m);
	}
	window_end_exchange(sa, x, bad);
	after_response(sa, err);
}

/* ---- requests ---------------------------------------------------------------------------------------------------------------------- */

/* Badly formed inside its protection: both sides give the SA up (RFC 7296, 2.21.3). */
static void refuse_syntax(struct ike_sa *sa, struct ike_builder *reply, const char *why)
{
	ike_log(sa, AGENT_ERROR, "malformed request: %s", why);
	sa->agent->stats.malformed++;
	ike_build_notify(reply, IKE_N_INVALID_SYNTAX, NULL, 0);
	sa->close_after_reply = true;
	sa->cause = CLOSE_FAILED;
}

static void refuse_critical(struct ike_sa *sa, struct ike_builder *reply, uint8_t type)
{
	ike_log(sa, AGENT_INFO, "request refused: unknown critical payload %u", type);
	ike_build_notify(reply, IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD, &type, 1);
	/* Of IKE_AUTH there is only one (2.21.2). */
	if (sa->state == IKE_CONNECTING)
		sa->close_after_reply = true;
}

static int handle(struct ike_sa *sa, const struct exchange_rule *rule, const struct ike_message *outer, const struct opened *opened, struct ike_builder *reply)
{
	struct ike_message m;
	const char *why;
	int err = 0;

	if (read_inner(outer, opened, &m, &why)) {
		refuse_syntax(sa, reply, why);
	} else if (m.chain.unsupported_critical) {
		refuse_critical(sa, reply, m.chain.unsupported_critical);
	} else {
		sa->handling = true;
		err = rule->handler(sa, &m, reply);
		sa->handling = false;
	}
	return err;
}

static void sealed_request(struct ike_sa *sa, const struct exchange_rule *rule, const struct ike_message *outer, const struct opened *opened)
{
	uint8_t type = outer->header.exchange;
	struct ike_builder reply;
	int err, unsent;

	if (!rule->type)
		ike_log(sa, AGENT_INFO, "request of exchange type %u (%s), which was not negotiated", type, ike_name(IKE_NAMES_EXCHANGE, type));
	ike_build_growing(&reply, IKE_MESSAGE_MAX);
	err = handle(sa, rule, outer, opened, &reply);
	unsent = window_answer(sa, &outer->header, err ? NULL : &reply);
	ike_build_free(&reply);
	if (err || unsent)
		ike_sa_close(sa, sa->cause, reason(sa, "a request could not be answered"));
	else if (sa->close_after_reply)
		ike_sa_close(sa, sa->cause, reason(sa, NULL));
	else if (window_ids(sa->receive_id) == WINDOW_IDS_USED_UP)
		ike_sa_close(sa, sa->cause, "message IDs are used up");
	else
		go_on(sa, sa->receive_id);
}

/* ---- messages --------------------------------------------------------------------------------------------------------------------- */

/*
 * The peer behind a NAT may get another address or port (RFC 7296, 2.23); until IKE_AUTH is done it moves to port 4500. Replies go where
 * the request came from in any case.
 */
static void follow_peer(struct ike_sa *sa, const struct endpoint *local, const struct endpoint *remote)
{
	if (endpoint_equal(&sa->remote, remote) && endpoint_equal(&sa->local, local))
		return;
	if (sa->state == IKE_CONNECTING && !sa->initiator) {
		sa->local = *local;
		sa->remote = *remote;
	} else if (sa->nat_remote && !sa->nat_local && ip_equal(&sa->local.ip, &local->ip)) {
		ike_sa_peer_moved(sa, remote);
	}
}

/* False: it is not the peer's. True: it is, if only a part. */
static bool is_proved(struct ike_sa *sa, enum seal_verdict verdict, const struct opened *opened)
{
	if (verdict == SEAL_WHOLE || verdict == SEAL_PART)
		return true;
	sa->agent->stats.bad_icv += verdict == SEAL_BAD_ICV;
	sa->agent->stats.malformed += verdict != SEAL_BAD_ICV;
	ike_log(sa, AGENT_DEBUG, "message dropped: %s", opened->why);
	return false;
}

static void not_now(struct ike_sa *sa, const struct ike_header *header)
{
	sa->agent->stats.out_of_window++;
	if (!(header->flags & IKE_FLAG_RESPONSE))
		ike_log(sa, AGENT_DEBUG, "%s request %u dropped: not now", ike_name(IKE_NAMES_EXCHANGE, header->exchange), header->message_id);
}

static void take_again(struct ike_sa *sa, const struct ike_message *m, const struct endpoint *local, const struct endpoint *remote)
{
	struct opened opened;

	/* Of a request in fragments the first one asks for the response again (RFC 7383, 2.6.1). */
	if (is_proved(sa, seal_open(sa, m, false, &opened), &opened) && opened.fragment <= 1)
		/* To where it came from (2.11), though the SA does not follow there: anybody can send it again. */
		window_repeat(sa, local, remote);
	seal_opened_free(&opened);
}

/* rule: of a request; NULL: a response. */
static void take_sealed(struct ike_sa *sa, const struct exchange_rule *rule, const struct ike_message *m, const struct endpoint *local,
			const struct endpoint *remote)
{
	struct opened opened;
	enum seal_verdict verdict = seal_open(sa, m, true, &opened);

	if (is_proved(sa, verdict, &opened))
		sa->last_heard_ms = ike_now(sa);
	if (verdict == SEAL_WHOLE) {
		follow_peer(sa, local, remote);
		if (rule)
			sealed_request(sa, rule, m, &opened);
		else
			sealed_response(sa, m, &opened);
	}
	seal_opened_free(&opened);
}

static void take_request(struct ike_sa *sa, const struct ike_message *m, const struct endpoint *local, const struct endpoint *remote)
{
	const struct exchange_rule *rule = exchange_rule(sa, m->header.exchange);

	if (rule)
		take_sealed(sa, rule, m, local, remote);
	else
		not_now(sa, &m->header);
}

static void take_response(struct ike_sa *sa, const struct ike_message *m, const struct endpoint *local, const struct endpoint *remote)
{
	if (m->header.exchange != IKE_SA_INIT)
		take_sealed(sa, NULL, m, local, remote);
	else if (endpoint_equal(&sa->remote, remote))
		init_response(sa, m);
}

void dispatch_message(struct ike_sa *sa, const struct ike_message *m, const struct endpoint *local, const struct endpoint *remote)
{
	switch (window_judge(sa, &m->header)) {
	case WINDOW_NOT_NOW:
		not_now(sa, &m->header);
		break;
	case WINDOW_AGAIN:
		take_again(sa, m, local, remote);
		break;
	case WINDOW_REQUEST:
		take_request(sa, m, local, remote);
		break;
	case WINDOW_RESPONSE:
		take_response(sa, m, local, remote);
		break;
	}
}
