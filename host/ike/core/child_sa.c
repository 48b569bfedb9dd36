/* SPDX-License-Identifier: Apache-2.0 */
/* CHILD SAs in the data plane: installed, used, retired, gone. */
#include "core/child_sa.h"
#include "core/aead.h"
#include "core/child_life.h"
#include "core/child_sink.h"
#include "core/peer.h"
#include "core/reqid.h"
#include "core/ts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#define PEER_READY_MAX_MS 2000u
#define PEER_READY_MS 300u

static uint64_t child_key(enum sink_direction direction, uint32_t spi)
{
	return (uint64_t)direction << 32 | spi;
}

/* ---- finding ---------------------------------------------------------------------------------------------------------------- */

/* The CHILD SAs of an IKE SA that was rekeyed are its successor's; what the peer still says of them on the old one counts. */
static bool is_of(const struct child_sa *child, const struct ike_sa *sa)
{
	return child->ike == sa || (sa->state == IKE_REKEYED && child->ike->predecessor == ike_sa_own_spi(sa));
}

struct child_sa *child_by_spi(struct ike_sa *sa, uint32_t spi, bool inbound)
{
	struct hash_node *node = hash_find(&sa->agent->children, child_key(inbound ? SINK_IN : SINK_OUT, spi));

	for (; node; node = hash_next(node)) {
		struct child_sa *child = inbound ? hash_entry(node, struct child_sa, by_in) : hash_entry(node, struct child_sa, by_out);

		if (is_of(child, sa))
			return child;
	}
	return NULL;
}

struct child_sa *child_by_id(struct agent *agent, const struct sink_sa_id *id)
{
	struct hash_node *node = hash_find(&agent->children, child_key(id->direction, id->spi));

	for (; node; node = hash_next(node)) {
		bool in = id->direction == SINK_IN;
		struct child_sa *child = in ? hash_entry(node, struct child_sa, by_in) : hash_entry(node, struct child_sa, by_out);
		const struct endpoint *dst = in ? &child->local_end : &child->remote_end;

		if (ip_equal(&dst->ip, &id->dst))
			return child;
	}
	return NULL;
}

struct child_sa *child_by_number(struct ike_sa *sa, uint32_t id)
{
	struct child_sa *child = sa->children;

	while (child && child->id != id)
		child = child->next;
	return child;
}

/* ---- life --------------------------------------------------------------------------------------------------------------------- */

struct child_sa *child_new(struct ike_sa *sa, struct conf *conf, const struct conf_child *conf_child)
{
	struct child_sa *child = calloc(1, sizeof(*child));

	if (!child)
		return NULL;
	child->ike = sa;
	child->conf = conf_ref(conf);
	child->child = conf_child;
	child->id = ++sa->agent->last_child_id;
	return child;
}

void child_free(struct child_sa *child)
{
	if (!child)
		return;
	conf_free(child->conf);
	free(child->local);
	free(child->remote);
	free(child->nonce_min);
	free(child);
}

static int enter(struct child_sa *child)
{
	struct agent *agent = child->ike->agent;

	if (hash_insert(&agent->children, &child->by_in, child_key(SINK_IN, child->spi_in)))
		return -ENOMEM;
	if (hash_insert(&agent->children, &child->by_out, child_key(SINK_OUT, child->spi_out))) {
		hash_remove(&agent->children, &child->by_in);
		return -ENOMEM;
	}
	child->next = child->ike->children;
	child->ike->children = child;
	agent->stats.child_sas++;
	peer_add_child(child);
	return 0;
}

static void leave(struct child_sa *child)
{
	struct agent *agent = child->ike->agent;
	struct child_sa **link = &child->ike->children;

	hash_remove(&agent->children, &child->by_in);
	hash_remove(&agent->children, &child->by_out);
	while (*link != child)
		link = &(*link)->next;
	*link = child->next;
	agent->stats.child_sas--;
	peer_remove_child(child);
}

static int use_later(struct child_sa *child);

/* The peer, slow or busy, is ready when a packet came by its new SA; where only this end sends, none does. */
static void peer_may_be_ready(void *owner)
{
	struct child_sa *child = owner;

	if (child_heard_ms(child) || agent_now(child->ike->agent) >= child->installed_ms + PEER_READY_MAX_MS || use_later(child))
		child_use(child);
}

/*
 * The peer, whose request made this SA, installs it only after the response: until then another one of the same reqid carries the traffic
 * (reauthentication, RFC 7296, 2.8.3). If that goes first, this one is in use at once.
 */
static int use_later(struct child_sa *child)
{
	struct agent *agent = child->ike->agent;

	child->waits = true;
	return timer_set(&agent->timers, &child->retire, agent_now(agent) + PEER_READY_MS, peer_may_be_ready, child);
}

int child_install(struct child_sa *child, const uint8_t *keymat, size_t len, bool use)
{
	struct agent *agent = child->ike->agent;
	uint8_t key_len = (uint8_t)(len / 2);
	const uint8_t *in = child->initiator ? keymat + key_len : keymat, *out = child->initiator ? keymat : keymat + key_len;
	struct reqid *r = child->reqid;
	enum sink_aead aead;
	int err = child_aead(&child->suite, &aead) ? enter(child) : -ENOTSUP;

	if (err)
		return err;
	reqid_enter(r, child);
	child->waits = !use;
	child_set_limits(child);
	err = child_sink_add(child, SINK_IN, aead, in, key_len);
	child->has_in = !err;
	if (!err) {
		err = child_sink_add(child, SINK_OUT, aead, out, key_len);
		child->has_out = !err;
	}
	if (!err && use)
		err = r->user && !child->initiator ? use_later(child) : reqid_use(r, child);
	if (err) {
		reqid_leave(r, child);
		child_sink_remove(child, SINK_OUT);
		child_sink_remove(child, SINK_IN);
		leave(child);
		reqid_release(r);
		return err;
	}
	child->installed_ms = agent_now(agent);
	child_start_timers(child);
	return 0;
}

void child_use(struct child_sa *child)
{
	if (child->waits && child->has_out && !child->redundant)
		reqid_use(child->reqid, child);
}

struct child_sa *child_predecessor(const struct child_sa *child)
{
	for (struct child_sa *c = child->replaces_id ? child->ike->children : NULL; c; c = c->next)
		if (c->successor == child)
			return c;
	return NULL;
}

static bool is_equal(const struct child_sa *a, const struct child_sa *b)
{
	return a->reqid == b->reqid && ts_same(a->local, a->local_count, b->local, b->local_count)
	       && ts_same(a->remote, a->remote_count, b->remote, b->remote_count);
}

struct child_sa *child_stand_in(const struct child_sa *child)
{
	struct child_sa *old = child_predecessor(child);

	if (old && old->state == CHILD_REKEYED)
		return old;
	for (struct child_sa *c = child->ike->children; c; c = c->next)
		if (c != child && (c->state == CHILD_INSTALLED || c->state == CHILD_REKEYING) && !c->redundant && !c->successor && is_equal(c, child))
			return c;
	return NULL;
}

/* What the peer made to replace another goes before that: the other one is what it was. */
static void back_to_predecessor(struct child_sa *child)
{
	struct child_sa *old = child_predecessor(child);

	if (!old)
		return;
	old->successor = child->successor;
	if (old->successor || old->state != CHILD_REKEYED)
		return;
	old->state = CHILD_INSTALLED;
	child_start_rekey(old);
}

void child_destroy(struct child_sa *child, enum close_cause cause)
{
	struct agent *agent = child->ike->agent;
	struct reqid *r = child->reqid;

	ike_log(child->ike, AGENT_DEBUG, "%s{%u} is gone", child->child->name, child->id);
	child_stop_timers(child);
	if (child->successor)
		child_use(child->successor);
	event_emit(agent, &(struct event){ .kind = EVENT_CHILD_ENDS, .child = child, .cause = cause });
	reqid_leave(r, child);
	child_sink_remove(child, SINK_OUT);
	child_sink_remove(child, SINK_IN);
	reqid_release(r);
	back_to_predecessor(child);
	leave(child);
	event_emit(agent, &(struct event){ .kind = EVENT_CHILD_GONE, .id = child->id, .cause = cause });
	child_free(child);
}

static void retired(void *owner)
{
	child_destroy(owner, CLOSE_REPLACED);
}

void child_retire(struct child_sa *child)
{
	struct agent *agent = child->ike->agent;
	struct child_sa *before = child_predecessor(child);

	child_stop_timers(child);
	child->state = CHILD_RETIRED;
	if (before)
		before->successor = child->successor;
	if (child->successor)
		child_use(child->successor);
	child->successor = NULL; /* whose own deletion is not a return to this one any more */
	reqid_unuse(child->reqid, child);
	child_sink_remove(child, SINK_OUT);
	event_emit(agent, &(struct event){ .kind = EVENT_CHILD_GONE, .id = child->id, .cause = CLOSE_REPLACED });
	if (!child->has_in || timer_set(&agent->timers, &child->retire, agent_now(agent) + agent->settings.retire_ms, retired, child))
		retired(child);
}

void children_lost(struct agent *agent)
{
	reqids_lost(agent);
	agent->sink_losses++;
	for (struct ike_sa *sa = agent->sas; sa; sa = sa->next)
		for (struct child_sa *child = sa->children; child; child = child->next)
			child->has_in = child->has_out = false;
}

bool child_carries(const struct child_sa *child, const struct child_packet *packet)
{
	bool local = false, remote = false;

	for (unsigned int i = 0; i < child->local_count; i++)
		local |= ts_contains(&child->local[i], &packet->local);
	for (unsigned int i = 0; i < child->remote_count; i++)
		remote |= ts_contains(&child->remote[i], &packet->remote);
	return local && remote;
}
