/* SPDX-License-Identifier: Apache-2.0 */
/* Rekeying of the IKE SA as initiator (RFC 7296, 1.3.2, 2.18), and what happens when both sides do it at once (2.8.2, 2.25.2). */
#include "core/ike_rekey.h"
#include "core/ike_delete.h"
#include "core/ike_sa.h"
#include "core/nonce.h"
#include "core/window.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#define RETRY_MS 10000u	  /* after TEMPORARY_FAILURE and the like; less up to a half */
#define GROUPS_TRIED_MAX 2u

static void rekey_again(void *owner)
{
	struct ike_sa *sa = owner;

	if (sa->state == IKE_ESTABLISHED)
		ike_rekey_initiate(sa);
}

static void try_later(struct ike_sa *sa)
{
	struct agent *agent = sa->agent;

	timer_set(&agent->timers, &sa->rekey, agent_now(agent) + agent_jitter(agent, RETRY_MS, RETRY_MS / 2), rekey_again, sa);
}

static void tell(struct ike_sa *sa, int error, const char *text)
{
	event_emit(sa->agent, &(struct event){ .kind = EVENT_IKE_REKEYED, .id = sa->id, .error = error, .text = text });
}

static int prepare(struct ike_sa *sa, struct ike_rekey *x)
{
	uint16_t group;
	int err;

	x->offered = ike_proposals(sa->conn);
	x->candidate = ike_sa_create(sa->agent, sa->conf, sa->conn, true);
	if (!x->offered || !x->candidate)
		return -ENOMEM;
	group = proposals_have_ke(x->offered, sa->suite.ke) ? sa->suite.ke : proposals_first_ke(x->offered);
	x->nonces.i_len = REKEY_NONCE_LEN;
	err = agent_random(sa->agent, x->nonces.i, REKEY_NONCE_LEN);
	if (!err)
		err = dh_new(group, &x->dh);
	for (unsigned int i = 0; i < x->offered->count; i++) {
		x->offered->list[i].spi_len = 8;
		x->offered->list[i].spi = x->candidate->spi_i;
	}
	return err;
}

static int build(struct ike_sa *sa, struct exchange *exchange, struct ike_builder *b)
{
	struct ike_rekey *x = (struct ike_rekey *)exchange;
	int err = x->candidate ? 0 : sa->state == IKE_ESTABLISHED ? prepare(sa, x) : -ECANCELED;

	if (err) {
		if (err != -ECANCELED)
			try_later(sa);
		tell(sa, err, "it could not begin");
		return -ECANCELED;
	}
	sa->rekeying = x;
	ike_build_sa(b, x->offered, 0);
	ike_build_nonce(b, x->nonces.i, x->nonces.i_len);
	ike_build_ke(b, dh_group(x->dh), dh_public(x->dh), dh_public_len(dh_group(x->dh)));
	return 0;
}

static int take_answer(struct ike_sa *sa, struct ike_rekey *x, const struct ike_chain *m, const char **why)
{
	struct proposals *answer;
	struct suite suite;
	struct ike_ke ke;
	int err = ike_rekey_read_proposals(m, &answer, why);

	if (!err)
		err = proposal_check_answer(x->offered, answer, 0, &suite, why);
	free(answer);
	if (!err)
		err = ike_rekey_read_exchange(m, x->nonces.r, &x->nonces.r_len, &ke, why);
	if (err)
		return err;
	*why = "its keys cannot be";
	if (!suite.spi || suite.ke != dh_group(x->dh) || ke.method != suite.ke)
		return -EBADMSG;
	return ike_rekey_take_keys(x->candidate, sa, x->dh, &suite, &ke, &x->nonces);
}

/* The exchange with the smallest of the four nonces made the SA that has to go; whoever began it deletes it (RFC 7296, 2.8.2). */
static bool lost(const struct ike_rekey *x)
{
	size_t len;
	const uint8_t *ours = ike_rekey_least_nonce(&x->nonces, &len);

	return nonce_compare(ours, len, x->peer_min, x->peer_min_len) < 0;
}

static void settle(struct ike_sa *sa, struct ike_rekey *x)
{
	struct ike_sa *candidate = x->candidate, *theirs = sa->successor;

	x->candidate = NULL;
	if (theirs && lost(x)) {
		ike_log(sa, AGENT_INFO, "the peer rekeyed it too, and its SA stays");
		candidate->state = IKE_REKEYED;
		ike_delete_initiate(candidate);
		ike_peer_won(sa);
		return;
	}
	sa->successor = NULL;
	if (theirs)
		ike_wait_for_delete(theirs);
	ike_take_over(sa, candidate);
	ike_delete_initiate(sa);
}

/* error -EBUSY: not yet, users go on waiting. */
static void failed(struct ike_sa *sa, int error, const char *why)
{
	ike_log(sa, AGENT_INFO, "rekeying of the IKE_SA failed: %s", why);
	if (sa->successor) {
		ike_peer_won(sa);
		return;
	}
	if (sa->state == IKE_ESTABLISHED) {
		try_later(sa);
		sa->refusals++;
		event_emit(sa->agent, &(struct event){ .kind = EVENT_REKEY_REFUSED, .ike = sa, .count = error == -EBUSY ? 0 : sa->refusals });
	}
	if (error != -EBUSY)
		tell(sa, error, why);
}

/* INVALID_KE_PAYLOAD: the same with another group. False: it cannot be. */
static bool again(struct ike_sa *sa, struct ike_rekey *x, const struct ike_notify *notify)
{
	uint16_t group = notify->len == 2 ? (uint16_t)(notify->data[0] << 8 | notify->data[1]) : 0;
	struct ike_rekey *copy;
	struct dh *dh;

	if (!proposals_have_ke(x->offered, group) || group == dh_group(x->dh) || x->groups_tried >= GROUPS_TRIED_MAX || dh_new(group, &dh))
		return false;
	copy = malloc(sizeof(*copy));
	if (!copy) {
		dh_free(dh);
		return false;
	}
	dh_free(x->dh);
	*copy = *x;
	copy->dh = dh;
	copy->groups_tried++;
	x->candidate = NULL;
	x->offered = NULL;
	x->dh = NULL;
	ike_queue_first(sa, &copy->x);
	return true;
}

static int response(struct ike_sa *sa, struct exchange *exchange, const struct ike_message *m)
{
	struct ike_rekey *x = (struct ike_rekey *)exchange;
	struct ike_notify error;
	char name[IKE_NAME_LEN];
	const char *why;
	int err;

	sa->rekeying = NULL;
	if (ike_chain_error(&m->chain, &error)) {
		if (error.type == IKE_N_INVALID_KE_PAYLOAD && !sa->successor && again(sa, x, &error))
			return 0;
		failed(sa, error.type == IKE_N_TEMPORARY_FAILURE ? -EBUSY : -ECONNREFUSED, ike_print_name(IKE_NAMES_NOTIFY, error.type, name));
		return error.type == IKE_N_INVALID_SYNTAX ? -EBADMSG : 0;
	}
	err = take_answer(sa, x, &m->chain, &why);
	if (err)
		failed(sa, err, why);
	else
		settle(sa, x);
	return 0;
}

static void abandon(struct ike_sa *sa, struct exchange *exchange)
{
	(void)exchange;
	sa->rekeying = NULL;
}

static void free_exchange(struct exchange *exchange)
{
	struct ike_rekey *x = (struct ike_rekey *)exchange;

	if (x->candidate)
		ike_sa_close(x->candidate, CLOSE_REPLACED, NULL);
	dh_free(x->dh);
	free(x->offered);
	OPENSSL_cleanse(&x->nonces, sizeof(x->nonces));
	free(x);
}

static const struct exchange_ops rekey_ops = {
	.name = "CREATE_CHILD_SA (rekeying of the IKE SA)",
	.type = IKE_CREATE_CHILD_SA,
	.build = build,
	.response = response,
	.abandon = abandon,
	.free = free_exchange,
};

int ike_rekey_initiate(struct ike_sa *sa)
{
	struct ike_rekey *x;

	if (sa->state != IKE_ESTABLISHED || sa->replaced_by)
		return -EBUSY;
	if (window_has(sa, &rekey_ops))
		return 0;
	x = calloc(1, sizeof(*x));
	if (!x)
		return -ENOMEM;
	x->x.ops = &rekey_ops;
	ike_queue(sa, &x->x);
	return 0;
}
