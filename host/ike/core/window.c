/* SPDX-License-Identifier: Apache-2.0 */
#include "core/window.h"
#include "core/handshake.h"
#include "core/seal.h"

#include <errno.h>
#include <stdlib.h>

#define ID_REKEY 0xffff0000u /* message IDs are running out */

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

static void over(struct ike_sa *sa, enum close_cause cause, const char *text)
{
	event_emit(sa->agent, &(struct event){ .kind = EVENT_IKE_UNANSWERED, .ike = sa, .cause = cause, .text = text });
}

static void give_up(struct ike_sa *sa)
{
	struct handshake *hs = sa->handshake;

	if (sa->state == IKE_DELETING || sa->state == IKE_REKEYED)
		over(sa, sa->state == IKE_DELETING ? CLOSE_LOCAL : CLOSE_REPLACED, "the peer did not answer our delete");
	else if (sa->state == IKE_CONNECTING && hs && hs->error)
		over(sa, CLOSE_FAILED, ike_name(IKE_NAMES_NOTIFY, hs->error));
	else
		over(sa, CLOSE_DEAD, "the peer does not answer");
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

void window_hurry(struct ike_sa *sa)
{
	unsigned int most = sa->agent->settings.retransmit_tries;

	if (sa->tries + 1 < most)
		sa->tries = most - 1;
	timer_set(&sa->agent->timers, &sa->retransmit, ike_now(sa) + next_wait(sa), retransmit, sa);
}

/* Building failed, maybe deep inside somebody's call who goes on to use the SA: it ends with the next timers. */
static void broken(void *owner)
{
	over(owner, CLOSE_FAILED, "a request could not be made");
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

void window_end_exchange(struct ike_sa *sa, struct exchange *x, bool abandoned)
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

void window_next(struct ike_sa *sa)
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
	window_next(sa);
}

void ike_queue_first(struct ike_sa *sa, struct exchange *x)
{
	struct exchange **link = sa->queue && sa->sent.count ? &sa->queue->next : &sa->queue;

	x->next = *link;
	*link = x;
	window_next(sa);
}

bool ike_sa_busy(const struct ike_sa *sa)
{
	return sa->sent.count != 0;
}

void exchange_free_bare(struct exchange *x)
{
	free(x);
}

int ike_queue_bare(struct ike_sa *sa, const struct exchange_ops *ops, bool first)
{
	struct exchange *x = calloc(1, sizeof(*x));

	if (!x)
		return -ENOMEM;
	x->ops = ops;
	if (first)
		ike_queue_first(sa, x);
	else
		ike_queue(sa, x);
	return 0;
}

bool window_has(const struct ike_sa *sa, const struct exchange_ops *ops)
{
	for (const struct exchange *x = sa->queue; x; x = x->next)
		if (x->ops == ops)
			return true;
	return false;
}

struct exchange *window_under_way(const struct ike_sa *sa, const struct exchange_ops *ops)
{
	return sa->queue && sa->sent.count && sa->queue->ops == ops ? sa->queue : NULL;
}

void window_answered(struct ike_sa *sa)
{
	timer_clear(&sa->agent->timers, &sa->retransmit);
	packets_free(&sa->sent);
}

struct exchange *window_take(struct ike_sa *sa)
{
	struct exchange *x = sa->queue;

	window_answered(sa);
	sa->queue = x->next;
	sa->send_id++;
	return x;
}

void window_abandon(struct ike_sa *sa)
{
	/* Nothing that an abandoned exchange queues may begin. */
	sa->handling = true;
	timer_clear(&sa->agent->timers, &sa->retransmit);
	while (sa->queue) {
		struct exchange *x = sa->queue;

		sa->queue = x->next;
		window_end_exchange(sa, x, true);
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

/* ---- messages in ------------------------------------------------------------------------------------------------------------------- */

enum window_verdict window_judge(const struct ike_sa *sa, const struct ike_header *header)
{
	/* Nothing but IKE_SA_INIT comes before there are keys. */
	if (header->exchange != IKE_SA_INIT && !sa->open)
		return WINDOW_NOT_NOW;
	if (header->flags & IKE_FLAG_RESPONSE)
		return sa->queue && sa->sent.count && header->message_id == sa->send_id && header->exchange == sa->queue->ops->type ? WINDOW_RESPONSE
																	   : WINDOW_NOT_NOW;
	if (header->message_id + 1 == sa->receive_id && sa->reply.count)
		return WINDOW_AGAIN;
	return header->message_id == sa->receive_id ? WINDOW_REQUEST : WINDOW_NOT_NOW;
}

void window_repeat(struct ike_sa *sa, const struct endpoint *local, const struct endpoint *remote)
{
	sa->agent->stats.retransmitted++;
	send_between(sa, &sa->reply, local, remote);
}

int window_answer(struct ike_sa *sa, const struct ike_header *request, struct ike_builder *response)
{
	int err = 0;

	packets_free(&sa->reply);
	if (response)
		err = seal_message(sa, request->exchange, true, request->message_id, response, &sa->reply);
	if (!err)
		send_packets(sa, &sa->reply);
	sa->receive_id++;
	return err;
}

enum window_ids window_ids(uint32_t next)
{
	if (next == UINT32_MAX)
		return WINDOW_IDS_USED_UP;
	return next == ID_REKEY ? WINDOW_IDS_REKEY : WINDOW_IDS_FINE;
}
