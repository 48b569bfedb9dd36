/* SPDX-License-Identifier: Apache-2.0 */
/* A new IKE SA in place of an old one, whoever rekeyed it; and the payloads that both sides of a rekeying read. */
#include "core/create_child.h"
#include "core/ike_delete.h"
#include "core/ike_rekey.h"
#include "core/ike_sa.h"
#include "core/nonce.h"
#include "core/window.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#define GUARD_MS 200000u /* an SA whose delete is the peer's goes by itself after this: longer than the peer repeats its delete */

/* ---- a new SA in place of the old one ------------------------------------------------------------------------------------------- */

static void never_deleted(void *owner)
{
	ike_sa_close(owner, CLOSE_REPLACED, "replaced, and never deleted by the peer");
}

void ike_wait_for_delete(struct ike_sa *sa)
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

void ike_take_over(struct ike_sa *old, struct ike_sa *new)
{
	struct timers *timers = &old->agent->timers;
	bool deleting = old->state == IKE_DELETING;

	new->predecessor = ike_sa_own_spi(old);
	ike_wait_for_delete(old);
	/* Who the peer is was last proved for the old one. */
	if (old->reauth.fire && old->reauth.deadline_ms > ike_now(old))
		timer_set(timers, &new->reauth, old->reauth.deadline_ms, old->reauth.fire, new);
	move_children(old, new);
	create_child_move(old, new);
	event_emit(old->agent, &(struct event){ .kind = EVENT_IKE_REPLACED, .ike = old, .successor = new });
	ike_sa_established(new);
	move_queue(old, new);
	event_emit(old->agent, &(struct event){ .kind = EVENT_IKE_REKEYED, .id = old->id, .text = "rekeyed" });
	if (deleting)
		ike_delete_initiate(new);
}

void ike_peer_won(struct ike_sa *sa)
{
	struct ike_sa *successor = sa->successor;

	sa->successor = NULL;
	ike_take_over(sa, successor);
}

bool ike_rekey_deleted(struct ike_sa *sa)
{
	if (!sa->successor)
		return false;
	ike_peer_won(sa);
	return true;
}

void ike_rekey_ike_gone(struct agent *agent, const struct event *event)
{
	struct ike_sa *successor = event->ike->successor;

	(void)agent;
	event->ike->successor = NULL;
	if (successor)
		ike_sa_close(successor, CLOSE_REPLACED, NULL);
}

/* ---- payloads ---------------------------------------------------------------------------------------------------------------- */

int ike_rekey_read_proposals(const struct ike_chain *m, struct proposals **list, const char **why)
{
	const struct ike_payload *payload = ike_chain_find(m, IKE_PL_SA);
	int err;

	*list = NULL;
	*why = "no SA payload";
	if (!payload)
		return -EBADMSG;
	*list = malloc(sizeof(**list));
	if (!*list)
		return -ENOMEM;
	err = ike_decode_sa(payload, *list, why);
	if (err) {
		free(*list);
		*list = NULL;
	}
	return err;
}

int ike_rekey_read_exchange(const struct ike_chain *m, uint8_t nonce[IKE_NONCE_MAX], uint16_t *nonce_len, struct ike_ke *ke, const char **why)
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

int ike_rekey_take_keys(struct ike_sa *sa, const struct ike_sa *old, struct dh *dh, const struct suite *suite, const struct ike_ke *ke,
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

const uint8_t *ike_rekey_least_nonce(const struct nonces *n, size_t *len)
{
	bool i_first = nonce_compare(n->i, n->i_len, n->r, n->r_len) <= 0;

	*len = i_first ? n->i_len : n->r_len;
	return i_first ? n->i : n->r;
}
