/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A window of one each way (RFC 7296, 2.1 to 2.3). Our requests leave one after the other, each repeated until its response is there; the
 * peer's are taken in order, and the last response is kept for the peer that missed it. Only what the ICV proves to be the peer's counts.
 */
#include "core/exchanges.h"
#include "core/handshake.h"
#include "core/seal.h"

#include <errno.h>
#include <stdlib.h>

#define ID_REKEY 0xffff0000u /* message IDs are running out */

static void begin_next(struct ike_sa *sa);

static void send_between(struct ike_sa *sa, const struct packets *packets, const struct endpoint *local, const struct endpoint *remote)
{
	for (unsigned int i = 0; i < packets->count; i++) {
		sa->agent->stats.sent++;
		sa->agent->env.send(sa->agent->env.ctx, local, remote, packets->list[i].data, packets->list[i].len);
	}
}

static void send_packets(struct ike_sa *sa, const struct packets *packets)
{
	send_between(sa, packets, &sa->local, &sa->remote);
}

/* ---- requests out -------------------------------------------------------------------------------------------------------------- */

static const char *name_of(const struct exchange *x)
{
	return x->ops->name;
}

static uint64_t wait_after(const struct agent_settings *settings, unsigned int tries)
{
	uint64_t wait = settings->retransmit_ms;

	while (tries--)
		wait = wait * settings->retransmit_percent / 100;
	return wait;
}

static void give_up(struct ike_sa *sa)
{
	struct handshake *hs = sa->handshake;

	if (sa->state == IKE_DELETING || sa->state == IKE_REKEYED)
		ike_sa_close(sa, sa->state == IKE_DELETING ? CLOSE_LOCAL : CLOSE_REPLACED, "the peer did not answer our delete");
	else if (sa->state == IKE_CONNECTING && hs && hs->error)
		ike_sa_close(sa, CLOSE_FAILED, ike_name(IKE_NAMES_NOTIFY, hs->error));
	else
		ike_sa_close(sa, CLOSE_DEAD, "the peer does not answer");
}

/* An unprotected error came: what follows in the next few seconds is likelier than a peer that answers after minutes. */
static uint64_t next_wait(const struct ike_sa *sa)
{
	return sa->handshake && sa->handshake->error ? sa->agent->settings.retransmit_ms : wait_after(&sa->agent->settings, sa->tries);
}

static void retransmit(void *owner)
{
	struct ike_sa *sa = owner;

	if (sa->tries >= sa->agent->settings.retransmit_tries) {
		ike_log(sa, AGENT_INFO, "giving up after %u retransmissions", sa->tries);
		give_up(sa);
		return;
	}
	sa->tries++;
	sa->agent->stats.retransmitted++;
	ike_log(sa, AGENT_INFO, "retransmission %u of request %u, %s", sa->tries, sa->send_id, name_of(sa->queue));
	send_packets(sa, &sa->sent);
	timer_set(&sa->agent->timers, &sa->retransmit, ike_now(sa) + next_wait(sa), retransmit, sa);
}

static void hurry(struct ike_sa *sa)
{
	unsigned int most = sa->agent->settings.retransmit_tries;

	if (sa->tries + 1 < most)
		sa->tries = most - 1;
	timer_set(&sa->agent->timers, &sa->retransmit, ike_now(sa) + next_wait(sa), retransmit, sa);
}

/* Building failed, maybe deep inside somebody's call who goes on to use the SA: it ends with the next timers. */
static void broken(void *owner)
{
	ike_sa_close(owner, CLOSE_FAILED, "a request could not be made");
}

static int build_init(struct ike_sa *sa, struct exchange *x)
{
	struct ike_header header = { .spi_i = sa->spi_i, .version = IKE_VERSION, .exchange = IKE_SA_INIT, .flags = IKE_FLAG_INITIATOR };
	struct ike_builder b;
	int err;

	ike_build_growing(&b, IKE_MESSAGE_MAX);
	ike_build_header(&b, &header);
	err = x->ops->build(sa, x, &b);
	if (!err)
		err = ike_build_end(&b);
	if (!err)
		err = packets_one(&sa->sent, b.data, b.len);
	if (!err)
		err = blob_set(&sa->handshake->sent, b.data, b.len);
	ike_build_free(&b);
	return err;
}

static int build_sealed(struct ike_sa *sa, struct exchange *x)
{
	struct ike_builder b;
	int err;

	ike_build_growing(&b, IKE_MESSAGE_MAX);
	err = x->ops->build(sa, x, &b);
	if (!err)
		err = seal_message(sa, x->ops->type, false, sa->send_id, &b, &sa->sent);
	ike_build_free(&b);
	return err;
}

static void end_exchange(struct ike_sa *sa, struct exchange *x, bool abandoned)
{
	if (abandoned && x->ops->abandon)
		x->ops->abandon(sa, x);
	x->ops->free(x);
}

/* May this exchange begin in this state? Until IKE_AUTH is done, nothing else may. */
static bool may_begin(const struct ike_sa *sa, const struct exchange *x)
{
	if (sa->state == IKE_CONNECTING)
		return x->ops->type == IKE_SA_INIT || x->ops->type == IKE_AUTH;
	return true;
}

static void begin_next(struct ike_sa *sa)
{
	while (sa->queue && !sa->sent.count && !sa->handling && may_begin(sa, sa->queue)) {
		struct exchange *x = sa->queue;
		int err;

		err = x->ops->type == IKE_SA_INIT ? build_init(sa, x) : build_sealed(sa, x);
		if (err == -ECANCELED) {
			sa->queue = x->next;
			x->ops->free(x);
			continue;
		}
		if (err) {
			packets_free(&sa->sent);
			ike_log(sa, AGENT_ERROR, "%s: the request could not be made, error %d", name_of(x), -err);
			timer_set(&sa->agent->timers, &sa->retransmit, ike_now(sa), broken, sa);
			return;
		}
		sa->tries = 0;
		send_packets(sa, &sa->sent);
		timer_set(&sa->agent->timers, &sa->retransmit, ike_now(sa) + wait_after(&sa->agent->settings, 0), retransmit, sa);
	}
}

void ike_queue(struct ike_sa *sa, struct exchange *x)
{
	struct exchange **link = &sa->queue;

	while (*link)
		link = &(*link)->next;
	x->next = NULL;
	*link = x;
	begin_next(sa);
}

void ike_queue_first(struct ike_sa *sa, struct exchange *x)
{
	struct exchange **link = sa->queue && sa->sent.count ? &sa->queue->next : &sa->queue;

	x->next = *link;
	*link = x;
	begin_next(sa);
}

bool ike_sa_busy(const struct ike_sa *sa)
{
	return sa->sent.count != 0;
}

void window_abandon(struct ike_sa *sa)
{
	/* Nothing that an abandoned exchange queues may begin. */
	sa->handling = true;
	timer_clear(&sa->agent->timers, &sa->retransmit);
	while (sa->queue) {
		struct exchange *x = sa->queue;

		sa->queue = x->next;
		end_exchange(sa, x, true);
	}
	packets_free(&sa->sent);
	packets_free(&sa->reply);
	for (unsigned int i = 0; i < 2; i++) {
		struct ike_reassembly **r = i ? &sa->request_fragments : &sa->response_fragments;

		if (*r)
			ike_reassembly_reset(*r);
		free(*r);
		*r = NULL;
	}
}

/* ---- responses in -------------------------------------------------------------------------------------------------------------- */

static const char *reason(const struct ike_sa *sa, const char *otherwise)
{
	if (sa->why)
		return sa->why;
	return sa->cause == CLOSE_FAILED ? otherwise : "deleted";
}

/* A response was handled; the SA is closed, or the next exchange begins. Message IDs never wrap: the SA goes before. */
static void after_response(struct ike_sa *sa, int err)
{
	if (err || sa->send_id == UINT32_MAX) {
		ike_sa_close(sa, sa->cause, err ? reason(sa, "the exchange failed") : "message IDs are used up");
		return;
	}
	if (sa->send_id == ID_REKEY && sa->state == IKE_ESTABLISHED)
		ike_rekey_initiate(sa);
	begin_next(sa);
}

static int response_of(struct ike_sa *sa, struct exchange *x, const struct ike_chain *m)
{
	int err;

	sa->handling = true;
	err = x->ops->response(sa, x, m);
	sa->handling = false;
	return err;
}

static void finish_request(struct ike_sa *sa)
{
	timer_clear(&sa->agent->timers, &sa->retransmit);
	packets_free(&sa->sent);
}

/* Nothing protects it: what it says may be wrong, and a better answer may follow. */
static void init_response(struct ike_sa *sa, const uint8_t *data, size_t len)
{
	struct exchange *x = sa->queue;
	struct ike_header header;
	struct ike_chain chain;
	const char *why;
	uint16_t known;
	int err;

	if (ike_message_parse(data, len, &header, &chain, &why)) {
		sa->agent->stats.malformed++;
		return;
	}
	if (blob_set(&sa->handshake->received, data, len))
		return;
	known = sa->handshake->error;
	err = response_of(sa, x, &chain);
	if (err == -EINPROGRESS) {
		if (!known && sa->handshake->error)
			hurry(sa);
		return;
	}
	finish_request(sa);
	if (err == -EAGAIN) {
		begin_next(sa);
		return;
	}
	sa->queue = x->next;
	end_exchange(sa, x, false);
	sa->send_id++;
	after_response(sa, err);
}

static void sealed_response(struct ike_sa *sa, const struct opened *opened)
{
	struct exchange *x = sa->queue;
	struct ike_chain chain;
	const char *why = NULL;
	int err;

	finish_request(sa);
	sa->queue = x->next;
	sa->send_id++;
	err = ike_chain_parse(opened->first, opened->data, opened->len, true, &chain, &why);
	if (!err && chain.unsupported_critical) {
		why = "unknown critical payload in a response";
		err = -EBADMSG;
	}
	if (err) {
		ike_log(sa, AGENT_ERROR, "%s response: %s", name_of(x), why);
		if (x->ops->type == IKE_AUTH)
			err = auth_refuse(sa, chain.unsupported_critical ? IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD : IKE_N_INVALID_SYNTAX, why);
		end_exchange(sa, x, true);
	} else {
		err = response_of(sa, x, &chain);
		end_exchange(sa, x, false);
	}
	after_response(sa, err);
}

/* Is this the response that we wait for? */
static bool is_expected(const struct ike_sa *sa, const struct ike_header *header)
{
	return sa->queue && sa->sent.count && header->message_id == sa->send_id && header->exchange == sa->queue->ops->type;
}

/* ---- requests in --------------------------------------------------------------------------------------------------------------- */

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

static int answer(struct ike_sa *sa, const struct exchange_rule *rule, const struct opened *opened, struct ike_builder *reply)
{
	struct ike_chain chain;
	const char *why;
	int err = 0;

	if (ike_chain_parse(opened->first, opened->data, opened->len, true, &chain, &why)) {
		refuse_syntax(sa, reply, why);
	} else if (chain.unsupported_critical) {
		refuse_critical(sa, reply, chain.unsupported_critical);
	} else {
		sa->handling = true;
		err = rule->handler(sa, &chain, reply);
		sa->handling = false;
	}
	return err;
}

static void sealed_request(struct ike_sa *sa, const struct ike_header *header, const struct exchange_rule *rule, const struct opened *opened)
{
	struct ike_builder reply;
	int err;

	if (!rule->type)
		ike_log(sa, AGENT_INFO, "request of exchange type %u (%s), which was not negotiated", header->exchange, ike_name(IKE_NAMES_EXCHANGE, header->exchange));
	ike_build_growing(&reply, IKE_MESSAGE_MAX);
	err = answer(sa, rule, opened, &reply);
	packets_free(&sa->reply);
	if (!err)
		err = seal_message(sa, header->exchange, true, header->message_id, &reply, &sa->reply);
	ike_build_free(&reply);
	if (!err)
		send_packets(sa, &sa->reply);
	sa->receive_id++;
	if (err || sa->close_after_reply || sa->receive_id == UINT32_MAX) {
		ike_sa_close(sa, sa->cause, err || sa->close_after_reply ? reason(sa, err ? "a request could not be answered" : NULL) : "message IDs are used up");
		return;
	}
	if (sa->receive_id == ID_REKEY && sa->state == IKE_ESTABLISHED)
		ike_rekey_initiate(sa);
	begin_next(sa);
}

/* ---- datagrams ------------------------------------------------------------------------------------------------------------------- */

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

static void take_request(struct ike_sa *sa, const struct ike_header *header, const struct endpoint *local, const struct endpoint *remote,
			 const uint8_t *data, size_t len)
{
	const struct exchange_rule *rule = exchange_rule(sa, header->exchange);
	bool again = header->message_id + 1 == sa->receive_id && sa->reply.count, bad_icv;
	struct opened opened;
	int whole;

	if (!again && (header->message_id != sa->receive_id || !rule)) {
		sa->agent->stats.out_of_window++;
		ike_log(sa, AGENT_DEBUG, "%s request %u dropped: not now", ike_name(IKE_NAMES_EXCHANGE, header->exchange), header->message_id);
		return;
	}
	whole = seal_open(sa, header, data, len, !again, &opened, &bad_icv);
	if (whole < 0) {
		sa->agent->stats.bad_icv += bad_icv;
		sa->agent->stats.malformed += !bad_icv;
		return;
	}
	if (again) {
		/* Of a request in fragments the first one asks for the response again (RFC 7383, 2.6.1). */
		if (opened.fragment <= 1) {
			/* To where it came from (2.11), though the SA does not follow there: anybody can send it again. */
			sa->agent->stats.retransmitted++;
			send_between(sa, &sa->reply, local, remote);
		}
		seal_opened_free(&opened);
		return;
	}
	sa->last_heard_ms = ike_now(sa);
	if (whole) {
		follow_peer(sa, local, remote);
		sealed_request(sa, header, rule, &opened);
	}
	seal_opened_free(&opened);
}

static void take_response(struct ike_sa *sa, const struct ike_header *header, const struct endpoint *local, const struct endpoint *remote,
			  const uint8_t *data, size_t len)
{
	struct opened opened;
	bool bad_icv;
	int whole;

	if (!is_expected(sa, header)) {
		sa->agent->stats.out_of_window++;
		return;
	}
	if (header->exchange == IKE_SA_INIT) {
		if (endpoint_equal(&sa->remote, remote))
			init_response(sa, data, len);
		return;
	}
	whole = seal_open(sa, header, data, len, true, &opened, &bad_icv);
	if (whole < 0) {
		sa->agent->stats.bad_icv += bad_icv;
		sa->agent->stats.malformed += !bad_icv;
		return;
	}
	sa->last_heard_ms = ike_now(sa);
	if (whole) {
		follow_peer(sa, local, remote);
		sealed_response(sa, &opened);
	}
	seal_opened_free(&opened);
}

void window_receive(struct ike_sa *sa, const struct ike_header *header, const struct endpoint *local, const struct endpoint *remote, const uint8_t *data,
		    size_t len)
{
	if (header->exchange != IKE_SA_INIT && !sa->open) {
		sa->agent->stats.out_of_window++;
		return;
	}
	if (header->flags & IKE_FLAG_RESPONSE)
		take_response(sa, header, local, remote, data, len);
	else
		take_request(sa, header, local, remote, data, len);
}
