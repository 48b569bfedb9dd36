/* SPDX-License-Identifier: Apache-2.0 */
/* CREATE_CHILD_SA for CHILD SAs, new or rekeyed (RFC 7296, 1.3.1, 1.3.3), and what happens when both sides do it at once (2.8.1, 2.25.1). */
#include "core/create_child.h"
#include "core/child_answer.h"
#include "core/child_common.h"
#include "core/child_delete.h"
#include "core/child_life.h"
#include "core/child_negotiation.h"
#include "core/child_sa.h"
#include "core/refuse.h"
#include "core/window.h"

#include <errno.h>
#include <stdlib.h>

#define RETRY_MS 10000u	   /* after TEMPORARY_FAILURE, less up to a half */
#define RETRIES_MAX 12u	   /* of a new CHILD SA; a rekeying is retried until the SA ends */
#define EARLY_DELETES_MAX 8u

struct create_child {
	struct exchange x;
	struct conf *conf; /* a reference */
	const struct conf_child *child;
	uint32_t old_id;   /* of the CHILD SA to be rekeyed; 0: a new one */
	struct child_packet packet;
	unsigned int retries;
	struct child_negotiation *negotiation;
};

struct delayed {
	struct delayed *next;
	struct ike_sa *sa;
	struct timer timer;
	struct conf *conf; /* a reference */
	const struct conf_child *child;
	struct child_packet packet;
	unsigned int retries;
};

struct early_delete {
	unsigned int count;
	uint32_t spis[EARLY_DELETES_MAX];
};

static const struct exchange_ops create_child_ops;

static struct create_child *under_way(const struct ike_sa *sa)
{
	return (struct create_child *)window_under_way(sa, &create_child_ops);
}

bool create_child_under_way(const struct ike_sa *sa)
{
	return under_way(sa) != NULL;
}

/* ---- the peer's delete that overtakes a response ------------------------------------------------------------------------------- */

void create_child_early_delete(struct ike_sa *sa, uint32_t spi_out)
{
	if (!create_child_under_way(sa))
		return;
	if (!sa->early)
		sa->early = calloc(1, sizeof(*sa->early));
	if (sa->early && sa->early->count < EARLY_DELETES_MAX)
		sa->early->spis[sa->early->count++] = spi_out;
}

static bool deleted_early(const struct ike_sa *sa, uint32_t spi_out)
{
	for (unsigned int i = 0; sa->early && i < sa->early->count; i++)
		if (sa->early->spis[i] == spi_out)
			return true;
	return false;
}

static void forget_early(struct ike_sa *sa)
{
	free(sa->early);
	sa->early = NULL;
}

/* ---- another attempt of a new CHILD SA, later ---------------------------------------------------------------------------------- */

static int initiate(struct ike_sa *sa, struct conf *conf, const struct conf_child *child, uint32_t old_id, const struct child_packet *packet,
		    unsigned int retries);

static void unlink_delayed(struct delayed *d)
{
	struct delayed **link = &d->sa->delayed;

	while (*link != d)
		link = &(*link)->next;
	*link = d->next;
}

static void free_delayed(struct delayed *d)
{
	timer_clear(&d->sa->agent->timers, &d->timer);
	conf_free(d->conf);
	free(d);
}

static void asked(struct ike_sa *sa, const struct conf_child *child, int error, const char *text)
{
	event_emit(sa->agent, &(struct event){ .kind = EVENT_CHILD_ASKED, .ike = sa, .conf = child, .error = error, .text = text });
}

static void rekeyed(struct ike_sa *sa, uint32_t id, int error, const char *text)
{
	event_emit(sa->agent, &(struct event){ .kind = EVENT_CHILD_REKEYED, .id = id, .error = error, .text = text });
}

static void delay_over(void *owner)
{
	struct delayed *d = owner;

	unlink_delayed(d);
	if (initiate(d->sa, d->conf, d->child, 0, &d->packet, d->retries))
		asked(d->sa, d->child, -ENOMEM, "no memory");
	free_delayed(d);
}

static bool delay(struct ike_sa *sa, const struct create_child *x)
{
	struct agent *agent = sa->agent;
	struct delayed *d = x->retries < RETRIES_MAX ? calloc(1, sizeof(*d)) : NULL;

	if (!d)
		return false;
	d->sa = sa;
	d->conf = conf_ref(x->conf);
	d->child = x->child;
	d->packet = x->packet;
	d->retries = x->retries + 1;
	d->next = sa->delayed;
	sa->delayed = d;
	timer_set(&agent->timers, &d->timer, agent_now(agent) + agent_jitter(agent, RETRY_MS, RETRY_MS / 2), delay_over, d);
	return true;
}

void create_child_move(struct ike_sa *from, struct ike_sa *to)
{
	while (from->delayed) {
		struct delayed *d = from->delayed;

		from->delayed = d->next;
		d->sa = to;
		d->next = to->delayed;
		to->delayed = d;
	}
}

void create_child_ike_gone(struct agent *agent, const struct event *event)
{
	struct ike_sa *sa = event->ike;

	(void)agent;
	while (sa->delayed) {
		struct delayed *d = sa->delayed;

		sa->delayed = d->next;
		free_delayed(d);
	}
	forget_early(sa);
}

/* ---- as initiator ---------------------------------------------------------------------------------------------------------------- */

/* The CHILD SA that the exchange is to rekey, if that is still to be done. */
static struct child_sa *old_of(struct ike_sa *sa, const struct create_child *x)
{
	struct child_sa *old = x->old_id ? child_by_number(sa, x->old_id) : NULL;

	return old && old->state == CHILD_REKEYING ? old : NULL;
}

/* The same after its rekeying has failed and left it as it was. */
static struct child_sa *old_before(struct ike_sa *sa, const struct create_child *x)
{
	struct child_sa *old = child_by_number(sa, x->old_id);

	return old && old->state == CHILD_INSTALLED ? old : NULL;
}

/* The old one stays; or its successor, if the peer has rekeyed it meanwhile. error -EBUSY: not yet, users go on waiting. */
static void rekey_failed(struct ike_sa *sa, const struct create_child *x, int error, const char *why)
{
	struct child_sa *old = old_of(sa, x);

	if (!old)
		return;
	if (old->successor) {
		old->state = CHILD_REKEYED;
		rekeyed(sa, old->id, 0, "the peer rekeyed it");
		return;
	}
	old->state = CHILD_INSTALLED;
	child_rekey_later(old);
	if (error != -EBUSY)
		rekeyed(sa, old->id, error, why);
}

static int build(struct ike_sa *sa, struct exchange *exchange, struct ike_builder *b)
{
	struct create_child *x = (struct create_child *)exchange;
	struct child_sa *old = old_of(sa, x);
	int err;

	if (sa->state != IKE_ESTABLISHED || (x->old_id && !old))
		return -ECANCELED;
	if (!x->negotiation) {
		err = child_negotiation_begin(sa, x->child, old, false, &x->packet, &x->negotiation);
		if (err) {
			rekey_failed(sa, x, err, "it could not begin");
			if (!x->old_id)
				asked(sa, x->child, err, "the data plane does not allow it");
			return -ECANCELED;
		}
	}
	return child_put_request(x->negotiation, b);
}

static void succeeded(struct ike_sa *sa, const struct create_child *x, struct child_sa *child)
{
	struct child_sa *old = old_of(sa, x);

	if (deleted_early(sa, child->spi_out)) {
		rekey_failed(sa, x, -ECONNRESET, "the peer deleted the new one");
		child_destroy(child, CLOSE_PEER);
		if (!x->old_id)
			asked(sa, x->child, -ECONNRESET, "the peer deleted it");
		return;
	}
	if (!x->old_id) {
		event_emit(sa->agent, &(struct event){ .kind = EVENT_CHILD_ASKED, .ike = sa, .conf = x->child, .text = "established", .packet = &x->packet,
						       .child = child });
		return;
	}
	if (old) {
		old->state = CHILD_REKEYED;
		child_no_rekey(old);
	}
	rekeyed(sa, x->old_id, 0, "rekeyed");
	if (child->redundant) {
		ike_log(sa, AGENT_INFO, "%s{%u}: the peer rekeyed it too, and its SA stays", child->child->name, child->id);
		child_delete_initiate(child);
	} else if (old) {
		old->successor = NULL;
		child_delete_initiate(old);
	}
}

/*
 * The peer has not got it: it goes without a word, and what takes its place is made from scratch (RFC 7296, 2.25.1), unless it is there. What is there
 * is rekeyed at once: near its end perhaps, and whether the peer has that one shows.
 */
static void not_found(struct ike_sa *sa, const struct create_child *x, struct child_sa *old)
{
	struct child_sa *other;

	if (old->successor) {
		rekeyed(sa, old->id, 0, "the peer rekeyed it");
		child_retire(old);
		return;
	}
	other = child_stand_in(old);
	ike_log(sa, AGENT_INFO, "%s{%u}: the peer has it no more", old->child->name, old->id);
	rekeyed(sa, old->id, 0, other ? "another is in its place" : "made anew");
	child_destroy(old, CLOSE_REPLACED);
	if (other)
		child_initiate(sa, other->child, other);
	else
		initiate(sa, x->conf, x->child, 0, &x->packet, 0);
}

static void failed(struct ike_sa *sa, const struct create_child *x, int error, uint16_t notify)
{
	char name[IKE_NAME_LEN];
	const char *why = notify ? ike_print_name(IKE_NAMES_NOTIFY, notify, name) : "the peer's answer is not acceptable";
	struct child_sa *old = old_of(sa, x);

	if (!x->old_id) {
		if (notify == IKE_N_TEMPORARY_FAILURE && delay(sa, x))
			return;
		event_emit(sa->agent, &(struct event){ .kind = EVENT_CHILD_ASKED, .ike = sa, .conf = x->child, .error = error, .text = why, .packet = &x->packet });
		return;
	}
	if (old && notify == IKE_N_CHILD_SA_NOT_FOUND) {
		not_found(sa, x, old);
		return;
	}
	rekey_failed(sa, x, notify == IKE_N_TEMPORARY_FAILURE ? -EBUSY : error, why);
	old = old_before(sa, x);
	if (old) {
		old->refusals++;
		event_emit(sa->agent, &(struct event){ .kind = EVENT_REKEY_REFUSED, .ike = sa, .child = old,
						       .count = notify == IKE_N_TEMPORARY_FAILURE ? 0 : old->refusals });
	}
}

/* The same once more, as the peer wants it. */
static int again(struct ike_sa *sa, struct create_child *x)
{
	struct create_child *copy = malloc(sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	*copy = *x;
	conf_ref(copy->conf);
	x->negotiation = NULL;
	ike_queue_first(sa, &copy->x);
	return 0;
}

static int response(struct ike_sa *sa, struct exchange *exchange, const struct ike_message *m)
{
	struct create_child *x = (struct create_child *)exchange;
	struct child_sa *child;
	uint16_t notify;
	int err = child_take_response(x->negotiation, &m->chain, &child, &notify);

	if (err == -EAGAIN)
		return again(sa, x);
	if (!err)
		succeeded(sa, x, child);
	else
		failed(sa, x, err, notify);
	forget_early(sa);
	return notify == IKE_N_INVALID_SYNTAX ? -EBADMSG : 0;
}

static void free_exchange(struct exchange *exchange)
{
	struct create_child *x = (struct create_child *)exchange;

	child_negotiation_free(x->negotiation);
	conf_free(x->conf);
	free(x);
}

static const struct exchange_ops create_child_ops = {
	.name = "CREATE_CHILD_SA",
	.type = IKE_CREATE_CHILD_SA,
	.build = build,
	.response = response,
	.free = free_exchange,
};

static int initiate(struct ike_sa *sa, struct conf *conf, const struct conf_child *child, uint32_t old_id, const struct child_packet *packet,
		    unsigned int retries)
{
	struct create_child *x = calloc(1, sizeof(*x));

	if (!x)
		return -ENOMEM;
	x->x.ops = &create_child_ops;
	x->conf = conf_ref(conf);
	x->child = child;
	x->old_id = old_id;
	x->retries = retries;
	if (packet)
		x->packet = *packet;
	ike_queue(sa, &x->x);
	return 0;
}

int child_initiate_for(struct ike_sa *sa, const struct conf_child *child, const struct child_packet *packet)
{
	return initiate(sa, child->connection->conf, child, 0, packet, 0);
}

int child_initiate(struct ike_sa *sa, const struct conf_child *child, struct child_sa *old)
{
	int err;

	if (!old)
		return child_initiate_for(sa, child, NULL);
	if (old->state != CHILD_INSTALLED)
		return -EBUSY;
	old->state = CHILD_REKEYING;
	timer_clear(&sa->agent->timers, &old->rekey);
	child = child_followed(sa, child);
	err = initiate(sa, child->connection->conf, child, old->id, NULL, 0);
	if (err) {
		old->state = CHILD_INSTALLED;
		child_rekey_later(old);
	}
	return err;
}

/* ---- as responder ------------------------------------------------------------------------------------------------------------------ */

/* May the peer rekey it now? 0 or a notify. */
static uint16_t may_rekey(struct ike_sa *sa, const struct child_sa *old)
{
	/* It may be one that our outstanding request makes: the peer knows it already. */
	if (!old || old->state == CHILD_RETIRED)
		return create_child_under_way(sa) ? IKE_N_TEMPORARY_FAILURE : IKE_N_CHILD_SA_NOT_FOUND;
	if (old->state == CHILD_DELETING || old->state == CHILD_REKEYED || old->redundant || old->successor)
		return IKE_N_TEMPORARY_FAILURE;
	return 0;
}

/* The peer made new in place of old. If our own rekeying of it is under way too, the nonces decide when its response is there. */
static void replaced_by_peer(struct ike_sa *sa, struct child_sa *old, struct child_sa *new)
{
	const struct create_child *ours = under_way(sa);

	old->successor = new;
	child_no_rekey(old);
	if (!ours || ours->old_id != old->id)
		old->state = CHILD_REKEYED;
}

void child_doubt_successor(struct child_sa *old)
{
	struct child_sa *new = old->successor;

	if (old->state == CHILD_REKEYED && new && new->state == CHILD_INSTALLED && !new->redundant && new->ike->state == IKE_ESTABLISHED)
		child_initiate(new->ike, new->child, new);
}

int create_child_request(struct ike_sa *sa, const struct ike_message *m, struct ike_builder *reply)
{
	struct child_sa *old = NULL, *child;
	struct ike_notify notify;
	uint16_t error;

	if (sa->state != IKE_ESTABLISHED || sa->rekeying)
		return refuse_with(sa, reply, IKE_N_TEMPORARY_FAILURE);
	if (ike_chain_notify(&m->chain, IKE_N_REKEY_SA, &notify)) {
		old = notify.has_spi && notify.protocol == IKE_PROTO_ESP ? child_by_spi(sa, notify.spi, false) : NULL;
		error = may_rekey(sa, old);
		if (error == IKE_N_CHILD_SA_NOT_FOUND && notify.has_spi) {
			ike_build_notify_spi(reply, error, notify.protocol, notify.spi, NULL, 0);
			return 0;
		}
		if (error) {
			if (old)
				child_doubt_successor(old);
			return refuse_with(sa, reply, error);
		}
	}
	if (child_answer(sa, &m->chain, old, false, reply, &child))
		return refuse_malformed(sa, reply);
	if (child && old)
		replaced_by_peer(sa, old, child);
	return 0;
}
