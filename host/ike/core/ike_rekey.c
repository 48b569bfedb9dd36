/* SPDX-License-Identifier: Apache-2.0 */
/* Rekeying of the IKE SA (RFC 7296, 1.3.2, 2.18), and what happens when both sides do it at once (2.8.2, 2.25.2). */
#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "core/commands.h"
#include "core/create_child.h"

#define RETRY_MS 10000u	  /* after TEMPORARY_FAILURE and the like; less up to a half */
#define GUARD_MS 200000u  /* an SA whose delete is the peer's goes by itself after this: longer than the peer repeats its delete */
#define NONCE_LEN 32u
#define GROUPS_TRIED_MAX 2u
#define PREDECESSORS_MAX 16u /* old SAs of one peer that still wait, for their delete or for its repetition */

/* Our rekey of an IKE SA. */
struct ike_rekey {
	struct exchange x;
	struct ike_sa *candidate; /* the new SA, until it is in place or given up */
	struct dh *dh;
	struct nonces nonces;	  /* ours is i */
	struct proposals *offered;
	unsigned int groups_tried;
	uint8_t peer_min[IKE_NONCE_MAX]; /* of the peer's exchange that made sa->successor: the smaller nonce */
	size_t peer_min_len;
};

static const struct exchange_ops rekey_ops;

/* ---- a new SA in place of the old one ------------------------------------------------------------------------------------------- */

static void never_deleted(void *owner)
{
	ike_sa_close(owner, CLOSE_REPLACED, "replaced, and never deleted by the peer");
}

/* The peer is to delete it. */
static void wait_for_delete(struct ike_sa *sa)
{
	sa->state = IKE_REKEYED;
	timer_clear(&sa->agent->timers, &sa->rekey);
	timer_clear(&sa->agent->timers, &sa->reauth);
	timer_set(&sa->agent->timers, &sa->expire, ike_now(sa) + GUARD_MS, never_deleted, sa);
}

static void move_children(struct ike_sa *from, struct ike_sa *to)
{
	struct child_sa **end = &to->children;

	while (*end)
		end = &(*end)->next;
	*end = from->children;
	from->children = NULL;
	for (struct child_sa *child = *end; child; child = child->next)
		child->ike = to;
}

/* What has not begun begins on the new SA; but the delete of the old one is its own. */
static void move_queue(struct ike_sa *from, struct ike_sa *to)
{
	struct exchange **link = from->sent.count && from->queue ? &from->queue->next : &from->queue;

	while (*link) {
		struct exchange *x = *link;

		if (exchange_is_ike_delete(x)) {
			link = &x->next;
			continue;
		}
		*link = x->next;
		ike_queue(to, x);
	}
}

static void take_over(struct ike_sa *old, struct ike_sa *new)
{
	struct timers *timers = &old->agent->timers;
	bool deleting = old->state == IKE_DELETING;

	ike_log(old, AGENT_INFO, "IKE_SA rekeyed, now %s", new->label);
	new->predecessor = ike_sa_own_spi(old);
	wait_for_delete(old);
	/* Who the peer is was last proved for the old one. */
	if (old->reauth.fire && old->reauth.deadline_ms > ike_now(old))
		timer_set(timers, &new->reauth, old->reauth.deadline_ms, old->reauth.fire, new);
	move_children(old, new);
	create_child_move(old, new);
	up_move(old, new);
	ike_reauth_move(old, new);
	ike_sa_established(new);
	move_queue(old, new);
	command_ike_rekeyed(old->agent, old->id, 0, "rekeyed");
	if (deleting)
		ike_delete_initiate(new);
}

/* The SA that the peer's rekey made stays; ours, if there is one, does not. */
static void peer_won(struct ike_sa *sa)
{
	struct ike_sa *successor = sa->successor;

	sa->successor = NULL;
	take_over(sa, successor);
}

bool ike_rekey_deleted(struct ike_sa *sa)
{
	if (!sa->successor)
		return false;
	peer_won(sa);
	return true;
}

void ike_rekey_forget(struct ike_sa *sa)
{
	struct ike_sa *successor = sa->successor;

	sa->successor = NULL;
	if (successor)
		ike_sa_close(successor, CLOSE_REPLACED, NULL);
}

/* ---- as initiator -------------------------------------------------------------------------------------------------------------- */

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

static int prepare(struct ike_sa *sa, struct ike_rekey *x)
{
	uint16_t group;
	int err;

	x->offered = ike_proposals(sa->conn);
	x->candidate = ike_sa_create(sa->agent, sa->conf, sa->conn, true);
	if (!x->offered || !x->candidate)
		return -ENOMEM;
	group = proposals_have_ke(x->offered, sa->suite.ke) ? sa->suite.ke : proposals_first_ke(x->offered);
	x->nonces.i_len = NONCE_LEN;
	err = agent_random(sa->agent, x->nonces.i, NONCE_LEN);
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
		command_ike_rekeyed(sa->agent, sa->id, err, "it could not begin");
		return -ECANCELED;
	}
	sa->rekeying = x;
	ike_build_sa(b, x->offered, 0);
	ike_build_nonce(b, x->nonces.i, x->nonces.i_len);
	ike_build_ke(b, dh_group(x->dh), dh_public(x->dh), dh_public_len(dh_group(x->dh)));
	return 0;
}

/* The payloads of a request or response into the new SA: suite is chosen, nonces has ours already. 0 or negative with a sentence. */
static int take_keys(struct ike_sa *sa, const struct ike_sa *old, struct dh *dh, const struct suite *suite, const struct ike_ke *ke,
		     const struct nonces *nonces)
{
	uint8_t secret[DH_SHARED_MAX];
	int err = dh_derive(dh, ke->data, ke->len, secret);

	sa->suite = *suite;
	ike_sa_set_peer_spi(sa, suite->spi);
	if (!err)
		err = ike_sa_inherit(sa, old);
	if (!err)
		err = ike_sa_derive(sa, secret, dh_shared_len(dh_group(dh)), nonces, old);
	OPENSSL_cleanse(secret, sizeof(secret));
	return err;
}

/* Nonce and KE of the peer. */
static int read_exchange(const struct ike_chain *m, uint8_t nonce[IKE_NONCE_MAX], uint16_t *nonce_len, struct ike_ke *ke, const char **why)
{
	const struct ike_payload *n = ike_chain_find(m, IKE_PL_NONCE), *k = ike_chain_find(m, IKE_PL_KE);
	int err;

	*why = "nonce or KE is missing";
	if (!n || !k)
		return -EBADMSG;
	err = ike_decode_nonce(n, why);
	if (!err)
		err = ike_decode_ke(k, ke, why);
	if (!err) {
		memcpy(nonce, n->body, n->len);
		*nonce_len = (uint16_t)n->len;
	}
	return err;
}

static int read_proposals(const struct ike_chain *m, struct proposals **list, const char **why)
{
	const struct ike_payload *payload = ike_chain_find(m, IKE_PL_SA);
	int err;

	*list = NULL;
	*why = "no SA payload";
	if (!payload)
		return -EBADMSG;
	*list = calloc(1, sizeof(**list));
	if (!*list)
		return -ENOMEM;
	err = ike_decode_sa(payload, *list, why);
	if (err) {
		free(*list);
		*list = NULL;
	}
	return err;
}

static int take_answer(struct ike_sa *sa, struct ike_rekey *x, const struct ike_chain *m, const char **why)
{
	struct proposals *answer;
	struct suite suite;
	struct ike_ke ke;
	int err = read_proposals(m, &answer, why);

	if (!err)
		err = proposal_check_answer(x->offered, answer, 0, &suite, why);
	free(answer);
	if (!err)
		err = read_exchange(m, x->nonces.r, &x->nonces.r_len, &ke, why);
	if (err)
		return err;
	*why = "its keys cannot be";
	if (!suite.spi || suite.ke != dh_group(x->dh) || ke.method != suite.ke)
		return -EBADMSG;
	return take_keys(x->candidate, sa, x->dh, &suite, &ke, &x->nonces);
}

static const uint8_t *least_nonce(const struct nonces *n, size_t *len)
{
	bool i_first = nonce_compare(n->i, n->i_len, n->r, n->r_len) <= 0;

	*len = i_first ? n->i_len : n->r_len;
	return i_first ? n->i : n->r;
}

/* The exchange with the smallest of the four nonces made the SA that has to go; whoever began it deletes it (RFC 7296, 2.8.2). */
static bool lost(const struct ike_rekey *x)
{
	size_t len;
	const uint8_t *ours = least_nonce(&x->nonces, &len);

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
		peer_won(sa);
		return;
	}
	sa->successor = NULL;
	if (theirs)
		wait_for_delete(theirs);
	take_over(sa, candidate);
	ike_delete_initiate(sa);
}

/* error -EBUSY: not yet, users go on waiting. */
static void failed(struct ike_sa *sa, int error, const char *why)
{
	ike_log(sa, AGENT_INFO, "rekeying of the IKE_SA failed: %s", why);
	if (sa->successor) {
		peer_won(sa);
		return;
	}
	if (sa->state == IKE_ESTABLISHED)
		try_later(sa);
	if (error != -EBUSY)
		command_ike_rekeyed(sa->agent, sa->id, error, why);
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

static int response(struct ike_sa *sa, struct exchange *exchange, const struct ike_chain *m)
{
	struct ike_rekey *x = (struct ike_rekey *)exchange;
	struct ike_notify error;
	const char *why;
	int err;

	sa->rekeying = NULL;
	if (ike_chain_error(m, &error)) {
		if (error.type == IKE_N_INVALID_KE_PAYLOAD && !sa->successor && again(sa, x, &error))
			return 0;
		failed(sa, error.type == IKE_N_TEMPORARY_FAILURE ? -EBUSY : -ECONNREFUSED, ike_name(IKE_NAMES_NOTIFY, error.type));
		return error.type == IKE_N_INVALID_SYNTAX ? -EBADMSG : 0;
	}
	err = take_answer(sa, x, m, &why);
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
	for (const struct exchange *queued = sa->queue; queued; queued = queued->next)
		if (queued->ops == &rekey_ops)
			return 0;
	x = calloc(1, sizeof(*x));
	if (!x)
		return -ENOMEM;
	x->x.ops = &rekey_ops;
	ike_queue(sa, &x->x);
	return 0;
}

/* ---- as responder -------------------------------------------------------------------------------------------------------------- */

struct rekey_request {
	struct suite suite;
	struct ike_ke ke;
	struct nonces nonces; /* the peer's is i */
};

/* 0, a notify, or negative: malformed. */
static int read_request(const struct ike_sa *sa, const struct ike_chain *m, struct rekey_request *r)
{
	struct proposals *offered = NULL, *ours = NULL;
	const char *why;
	int err = read_proposals(m, &offered, &why);

	if (!err)
		err = read_exchange(m, r->nonces.i, &r->nonces.i_len, &r->ke, &why);
	if (err) {
		ike_log(sa, AGENT_ERROR, "request to rekey the IKE_SA: %s", why);
	} else {
		ours = ike_proposals(sa->conn);
		if (!ours || !proposal_select(ours, offered, 0, &r->suite) || !r->suite.spi)
			err = IKE_N_NO_PROPOSAL_CHOSEN;
		else if (r->ke.method != r->suite.ke)
			err = IKE_N_INVALID_KE_PAYLOAD;
	}
	free(offered);
	free(ours);
	return err;
}

static int make_candidate(struct ike_sa *sa, struct rekey_request *r, struct dh *dh, struct ike_sa **made)
{
	struct ike_sa *new = ike_sa_create(sa->agent, sa->conf, sa->conn, false);
	int err;

	if (!new)
		return -ENOMEM;
	r->nonces.r_len = NONCE_LEN;
	err = agent_random(sa->agent, r->nonces.r, NONCE_LEN);
	if (!err)
		err = take_keys(new, sa, dh, &r->suite, &r->ke, &r->nonces);
	if (err)
		ike_sa_close(new, CLOSE_REPLACED, NULL);
	else
		*made = new;
	return err;
}

static void put_answer(const struct ike_sa *new, const struct rekey_request *r, const struct dh *dh, struct ike_builder *reply)
{
	struct proposal proposal;

	proposal_from_suite(&r->suite, 8, new->spi_r, &proposal);
	ike_build_sa_answer(reply, &proposal);
	ike_build_nonce(reply, r->nonces.r, r->nonces.r_len);
	ike_build_ke(reply, dh_group(dh), dh_public(dh), dh_public_len(dh_group(dh)));
}

static void refuse_group(struct ike_builder *reply, uint16_t group)
{
	uint8_t data[2] = { (uint8_t)(group >> 8), (uint8_t)group };

	ike_build_notify(reply, IKE_N_INVALID_KE_PAYLOAD, data, sizeof(data));
}

static int answer(struct ike_sa *sa, struct rekey_request *r, struct ike_builder *reply)
{
	struct ike_sa *new = NULL;
	struct dh *dh;
	const uint8_t *least;
	int err = dh_new(r->suite.ke, &dh);

	if (err)
		return refuse_with(sa, reply, IKE_N_TEMPORARY_FAILURE);
	err = make_candidate(sa, r, dh, &new);
	if (err) {
		dh_free(dh);
		return err == -EBADMSG ? refuse_malformed(sa, reply) : refuse_with(sa, reply, IKE_N_TEMPORARY_FAILURE);
	}
	put_answer(new, r, dh, reply);
	dh_free(dh);
	if (!sa->rekeying) {
		take_over(sa, new);
		return 0;
	}
	sa->successor = new;
	least = least_nonce(&r->nonces, &sa->rekeying->peer_min_len);
	memcpy(sa->rekeying->peer_min, least, sa->rekeying->peer_min_len);
	return 0;
}

/* A peer that rekeys again and again, and deletes nothing, has to wait. */
static bool too_often(const struct ike_sa *sa)
{
	unsigned int count = 0;

	while (sa->predecessor && count < PREDECESSORS_MAX) {
		const struct hash_node *node = hash_find(&sa->agent->by_spi, sa->predecessor);

		if (!node)
			break;
		sa = hash_entry(node, const struct ike_sa, by_spi);
		count++;
	}
	return count == PREDECESSORS_MAX;
}

int ike_rekey_request(struct ike_sa *sa, const struct ike_chain *m, struct ike_builder *reply)
{
	struct rekey_request request = { 0 };
	int err;

	if (sa->state != IKE_ESTABLISHED || sa->successor || create_child_under_way(sa) || child_delete_under_way(sa) || too_often(sa))
		return refuse_with(sa, reply, IKE_N_TEMPORARY_FAILURE);
	err = read_request(sa, m, &request);
	if (err < 0) {
		err = refuse_malformed(sa, reply);
	} else if (err == IKE_N_INVALID_KE_PAYLOAD) {
		refuse_group(reply, request.suite.ke);
		err = 0;
	} else {
		err = err ? refuse_with(sa, reply, (uint16_t)err) : answer(sa, &request, reply);
	}
	OPENSSL_cleanse(&request.nonces, sizeof(request.nonces));
	return err;
}
