/* SPDX-License-Identifier: Apache-2.0 */
/* INFORMATIONAL exchanges (RFC 7296, 1.4): deletes of IKE and CHILD SAs, and the empty one that asks whether the peer lives. */
#include <errno.h>
#include <stdlib.h>

#include "core/commands.h"
#include "core/create_child.h"

/* ---- CHILD SAs, as initiator -------------------------------------------------------------------------------------------------- */

struct child_delete {
	struct exchange x;
	uint32_t id;	/* of the CHILD SA, or 0: */
	uint32_t spi;	/* one of ours that never became a CHILD SA */
	bool replaced;	/* by a rekeying: its inbound SA stays a while */
	bool renew;	/* it came to its end: close_action and traps begin anew */
};

static int build_child_delete(struct ike_sa *sa, struct exchange *exchange, struct ike_builder *b)
{
	struct child_delete *x = (struct child_delete *)exchange;
	struct child_sa *child = x->id ? child_by_number(sa, x->id) : NULL;

	if (sa->state != IKE_ESTABLISHED || (x->id && (!child || child->state != CHILD_DELETING)))
		return -ECANCELED;
	ike_build_delete(b, IKE_PROTO_ESP, child ? &child->spi_in : &x->spi, 1);
	return 0;
}

static int child_deleted(struct ike_sa *sa, struct exchange *exchange, const struct ike_chain *m)
{
	struct child_delete *x = (struct child_delete *)exchange;
	struct child_sa *child = x->id ? child_by_number(sa, x->id) : NULL;
	const struct conf_child *conf;
	struct conf *holder;
	uint64_t lived;

	(void)m;
	if (!child)
		return 0;
	if (x->replaced) {
		child_retire(child);
		return 0;
	}
	conf = child->child;
	holder = conf_ref(child->conf);
	lived = ike_now(sa) - child->installed_ms;
	child_destroy(child, CLOSE_LOCAL);
	if (x->renew && conf->close_action & CONF_ACTION_START)
		up_start_again(sa->agent, conf, lived);
	conf_free(holder);
	return 0;
}

static void free_exchange(struct exchange *x)
{
	free(x);
}

static const struct exchange_ops child_delete_ops = {
	.name = "INFORMATIONAL (delete of a CHILD SA)",
	.type = IKE_INFORMATIONAL,
	.build = build_child_delete,
	.response = child_deleted,
	.free = free_exchange,
};

static const struct child_delete *under_way(const struct ike_sa *sa)
{
	return sa->queue && sa->sent.count && sa->queue->ops == &child_delete_ops ? (const struct child_delete *)sa->queue : NULL;
}

bool child_delete_under_way(const struct ike_sa *sa)
{
	return under_way(sa) != NULL;
}

static void queue_child_delete(struct ike_sa *sa, struct child_delete values)
{
	struct child_delete *x = malloc(sizeof(*x));

	if (!x)
		return;
	*x = values;
	x->x.ops = &child_delete_ops;
	ike_queue_first(sa, &x->x);
}

static void begin_child_delete(struct child_sa *child, bool renew)
{
	struct child_delete values = { .id = child->id, .replaced = child->state == CHILD_REKEYED, .renew = renew };

	if (child->state == CHILD_DELETING || child->state == CHILD_RETIRED)
		return;
	child->state = CHILD_DELETING;
	child_no_rekey(child);
	queue_child_delete(child->ike, values);
}

void child_delete_initiate(struct child_sa *child)
{
	begin_child_delete(child, false);
}

void child_expired_delete(struct child_sa *child)
{
	begin_child_delete(child, true);
}

void child_delete_spi(struct ike_sa *sa, uint32_t spi)
{
	queue_child_delete(sa, (struct child_delete){ .spi = spi });
}

/* ---- the IKE SA, as initiator --------------------------------------------------------------------------------------------------- */

static int build_ike_delete(struct ike_sa *sa, struct exchange *x, struct ike_builder *b)
{
	(void)x;
	if (sa->state == IKE_ESTABLISHED)
		sa->state = IKE_DELETING;
	ike_build_delete_ike(b);
	return 0;
}

static int ike_deleted(struct ike_sa *sa, struct exchange *x, const struct ike_chain *m)
{
	(void)x;
	(void)m;
	sa->cause = sa->state == IKE_REKEYED ? CLOSE_REPLACED : CLOSE_LOCAL;
	sa->why = "deleted";
	return -ECANCELED;
}

static const struct exchange_ops ike_delete_ops = {
	.name = "INFORMATIONAL (delete of the IKE SA)",
	.type = IKE_INFORMATIONAL,
	.build = build_ike_delete,
	.response = ike_deleted,
	.free = free_exchange,
};

bool exchange_is_ike_delete(const struct exchange *x)
{
	return x->ops == &ike_delete_ops;
}

static bool queued(const struct ike_sa *sa, const struct exchange_ops *ops)
{
	for (const struct exchange *x = sa->queue; x; x = x->next)
		if (x->ops == ops)
			return true;
	return false;
}

static void queue_simple(struct ike_sa *sa, const struct exchange_ops *ops, bool first)
{
	struct exchange *x = calloc(1, sizeof(*x));

	if (!x)
		return;
	x->ops = ops;
	if (first)
		ike_queue_first(sa, x);
	else
		ike_queue(sa, x);
}

bool ike_delete_queued(const struct ike_sa *sa)
{
	return queued(sa, &ike_delete_ops);
}

void ike_delete_initiate(struct ike_sa *sa)
{
	if (queued(sa, &ike_delete_ops))
		return;
	if (sa->state == IKE_ESTABLISHED)
		sa->state = IKE_DELETING;
	queue_simple(sa, &ike_delete_ops, true);
}

/* ---- is the peer alive ------------------------------------------------------------------------------------------------------------ */

static int build_nothing(struct ike_sa *sa, struct exchange *x, struct ike_builder *b)
{
	(void)sa;
	(void)x;
	(void)b;
	return 0;
}

static int alive(struct ike_sa *sa, struct exchange *x, const struct ike_chain *m)
{
	(void)sa;
	(void)x;
	(void)m;
	return 0;
}

static const struct exchange_ops dpd_ops = {
	.name = "INFORMATIONAL (is the peer alive)",
	.type = IKE_INFORMATIONAL,
	.build = build_nothing,
	.response = alive,
	.free = free_exchange,
};

void dpd_initiate(struct ike_sa *sa)
{
	if (!sa->queue) /* any other request asks the same */
		queue_simple(sa, &dpd_ops, false);
}

/* ---- as responder --------------------------------------------------------------------------------------------------------------- */

struct deletes {
	unsigned int count;
	uint32_t *spis; /* ours; room for those of all CHILD SAs of the IKE SA */
};

static int deletes_begin(const struct ike_sa *sa, struct deletes *deleted)
{
	size_t room = 1;

	for (const struct child_sa *child = sa->children; child; child = child->next)
		room++;
	*deleted = (struct deletes){ .spis = malloc(room * sizeof(*deleted->spis)) };
	return deleted->spis ? 0 : -ENOMEM;
}

/* The peer wants it no more; and the configuration? */
static void closed_by_peer(struct ike_sa *sa, struct child_sa *child)
{
	const struct conf_child *conf = child->child;
	struct conf *holder = conf_ref(child->conf);
	uint64_t lived = ike_now(sa) - child->installed_ms;

	ike_log(sa, AGENT_INFO, "CHILD_SA %s{%u} deleted by the peer", conf->name, child->id);
	child_destroy(child, CLOSE_PEER);
	if (conf->close_action & CONF_ACTION_START)
		up_start_again(sa->agent, conf, lived);
	conf_free(holder);
}

static void delete_child(struct ike_sa *sa, uint32_t spi_out, struct deletes *deleted)
{
	struct child_sa *child = child_by_spi(sa, spi_out, false);
	const struct child_delete *ours = under_way(sa);

	if (!child) {
		create_child_early_delete(sa, spi_out);
		return;
	}
	/* Both sides delete it at once: each names it in its own request alone (RFC 7296, 1.4.1). */
	if (child->state == CHILD_RETIRED || (ours && ours->id == child->id))
		return;
	deleted->spis[deleted->count++] = child->spi_in;
	if (child->redundant || child_predecessor(child))
		child_destroy(child, CLOSE_REPLACED);
	else if (child->successor || child->state == CHILD_REKEYED)
		child_retire(child);
	else if (child->state == CHILD_DELETING)
		child_destroy(child, CLOSE_LOCAL);
	else
		closed_by_peer(sa, child);
}

static void delete_ike(struct ike_sa *sa)
{
	sa->close_after_reply = true;
	if (sa->state == IKE_REKEYED || ike_rekey_deleted(sa))
		sa->cause = CLOSE_REPLACED;
	else
		sa->cause = sa->state == IKE_DELETING ? CLOSE_LOCAL : CLOSE_PEER;
	ike_log(sa, AGENT_INFO, "IKE_SA deleted by the peer");
}

static int delete_request(struct ike_sa *sa, const struct ike_payload *payload, struct deletes *deleted)
{
	struct ike_delete request;
	const char *why;
	int err = ike_decode_delete(payload, &request, &why);

	if (err) {
		ike_log(sa, AGENT_ERROR, "delete payload: %s", why);
		return err;
	}
	if (request.protocol == IKE_PROTO_IKE)
		delete_ike(sa);
	for (unsigned int i = 0; request.protocol == IKE_PROTO_ESP && i < request.count; i++)
		delete_child(sa, ike_delete_spi(&request, i), deleted);
	return 0;
}

/* All delete payloads, and their answer. 0; -EBADMSG: malformed; -ENOMEM. */
static int delete_requests(struct ike_sa *sa, const struct ike_chain *m, struct ike_builder *reply)
{
	const struct ike_payload *p = ike_chain_find(m, IKE_PL_DELETE);
	struct deletes deleted;
	int err = p ? deletes_begin(sa, &deleted) : 0;

	if (!p || err)
		return err;
	for (; p && !err; p = ike_chain_next(m, IKE_PL_DELETE, p))
		err = delete_request(sa, p, &deleted);
	if (!err && deleted.count)
		ike_build_delete(reply, IKE_PROTO_ESP, deleted.spis, deleted.count);
	free(deleted.spis);
	return err;
}

int informational_request(struct ike_sa *sa, const struct ike_chain *m, struct ike_builder *reply)
{
	struct ike_notify error;
	char name[IKE_NAME_LEN];
	int err = delete_requests(sa, m, reply);

	if (err)
		return err == -ENOMEM ? err : refuse_malformed(sa, reply);
	if (ike_chain_error(m, &error)) {
		ike_log(sa, AGENT_ERROR, "the peer reports %s", ike_print_name(IKE_NAMES_NOTIFY, error.type, name));
		if (error.type == IKE_N_AUTHENTICATION_FAILED || error.type == IKE_N_INVALID_SYNTAX) {
			sa->close_after_reply = true;
			sa->cause = CLOSE_FAILED;
		}
	}
	return 0;
}
