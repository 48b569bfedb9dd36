/* SPDX-License-Identifier: Apache-2.0 */
/* An IKE SA from its SPI to its end: tables, keys, timers. */
#include "core/ike_sa.h"
#include "core/child_sa.h"
#include "core/child_sink.h"
#include "core/half_open.h"
#include "core/handshake.h"
#include "core/identity_key.h"
#include "core/peer.h"
#include "core/seal.h"
#include "core/window.h"
#include "crypto/supported.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#define LINGER_MS 30000u /* how long the last response can be asked for again */

/* ---- tables -------------------------------------------------------------------------------------------------------------------- */

static uint64_t name_key(const char *name)
{
	return hash_bytes(name, strlen(name), HASH_BASIS);
}

static struct ike_sa *named(struct hash_node *node, const char *name)
{
	for (; node; node = hash_next(node)) {
		struct ike_sa *sa = hash_entry(node, struct ike_sa, by_name);

		if (!strcmp(sa->conn->name, name))
			return sa;
	}
	return NULL;
}

struct ike_sa *ike_sa_by_name(const struct agent *agent, const char *name)
{
	return named(hash_find(&agent->by_name, name_key(name)), name);
}

struct ike_sa *ike_sa_next_by_name(const struct ike_sa *sa)
{
	return named(hash_next(&sa->by_name), sa->conn->name);
}

static void set_label(struct ike_sa *sa)
{
	snprintf(sa->label, sizeof(sa->label), "%.64s[%u]", sa->conn->name, sa->id);
}

static int new_spi(struct agent *agent, uint64_t *spi)
{
	do {
		int err = agent_random(agent, spi, sizeof(*spi));

		if (err)
			return err;
	} while (!*spi || hash_find(&agent->by_spi, *spi));
	return 0;
}

static int enter(struct ike_sa *sa)
{
	struct agent *agent = sa->agent;
	uint64_t spi;
	int err = new_spi(agent, &spi);

	if (err)
		return err;
	if (sa->initiator)
		sa->spi_i = spi;
	else
		sa->spi_r = spi;
	err = hash_insert(&agent->by_spi, &sa->by_spi, spi);
	if (err)
		return err;
	err = hash_insert(&agent->by_name, &sa->by_name, name_key(sa->conn->name));
	if (err) {
		hash_remove(&agent->by_spi, &sa->by_spi);
		return err;
	}
	sa->next = agent->sas;
	if (sa->next)
		sa->next->prev = sa;
	agent->sas = sa;
	agent->stats.ike_sas++;
	return 0;
}

struct ike_sa *ike_sa_create(struct agent *agent, struct conf *conf, const struct conf_connection *conn, bool initiator)
{
	struct ike_sa *sa = calloc(1, sizeof(*sa));

	if (!sa)
		return NULL;
	sa->agent = agent;
	sa->conf = conf_ref(conf);
	sa->conn = conn;
	sa->initiator = initiator;
	sa->cause = CLOSE_FAILED;
	sa->created_ms = ike_now(sa);
	sa->id = ++agent->last_ike_id;
	set_label(sa);
	if (enter(sa)) {
		conf_free(sa->conf);
		free(sa);
		return NULL;
	}
	return sa;
}

void ike_sa_set_peer_spi(struct ike_sa *sa, uint64_t spi)
{
	if (sa->initiator)
		sa->spi_r = spi;
	else
		sa->spi_i = spi;
}

int ike_sa_set_connection(struct ike_sa *sa, const struct conf_connection *conn)
{
	hash_remove(&sa->agent->by_name, &sa->by_name);
	sa->conn = conn;
	set_label(sa);
	return hash_insert(&sa->agent->by_name, &sa->by_name, name_key(conn->name));
}

int ike_sa_inherit(struct ike_sa *sa, const struct ike_sa *old)
{
	sa->local = old->local;
	sa->remote = old->remote;
	sa->nat_local = old->nat_local;
	sa->nat_remote = old->nat_remote;
	sa->nat_fake = old->nat_fake;
	sa->peer_fragments = old->peer_fragments;
	sa->peer_no_tfc = old->peer_no_tfc;
	sa->peer_pairs = old->peer_pairs;
	sa->peer_hashes = old->peer_hashes;
	sa->last_heard_ms = old->last_heard_ms;
	if (identity_copy(&old->local_id, &sa->local_id) || identity_copy(&old->remote_id, &sa->remote_id))
		return -ENOMEM;
	return 0;
}

/* ---- keys ---------------------------------------------------------------------------------------------------------------------- */

static void tell_keylog(const struct ike_sa *sa)
{
	const struct agent_env *env = &sa->agent->env;
	const struct ike_keys *keys = &sa->keys;
	struct agent_ike_secrets secrets = {
		.spi_i = sa->spi_i, .spi_r = sa->spi_r, .encr = sa->suite.encr, .encr_bits = sa->suite.encr_bits, .integ = sa->suite.integ,
		.sk_ei = keys->ei, .sk_er = keys->er, .sk_ai = keys->ai, .sk_ar = keys->ar, .encr_len = keys->encr_len, .integ_len = keys->integ_len,
	};

	if (env->keylog_ike)
		env->keylog_ike(env->ctx, &secrets);
}

int ike_sa_derive(struct ike_sa *sa, const uint8_t *secret, size_t secret_len, const struct nonces *nonces, const struct ike_sa *old)
{
	struct kdf_exchange x = {
		.shared = { secret, secret_len }, .ni = { nonces->i, nonces->i_len }, .nr = { nonces->r, nonces->r_len }, .spi_i = sa->spi_i, .spi_r = sa->spi_r,
	};
	struct ike_keys *k = &sa->keys;
	int err;

	err = old ? kdf_ike_rekey(&sa->suite, old->suite.prf, &old->keys, &x, k) : kdf_ike(&sa->suite, &x, k);
	if (!err)
		err = cipher_new(&sa->suite, sa->initiator ? k->ei : k->er, sa->initiator ? k->ai : k->ar, &sa->seal);
	if (!err)
		err = cipher_new(&sa->suite, sa->initiator ? k->er : k->ei, sa->initiator ? k->ar : k->ai, &sa->open);
	if (!err)
		tell_keylog(sa);
	/* The ciphers have them now. */
	OPENSSL_cleanse(k->ei, sizeof(k->ei));
	OPENSSL_cleanse(k->er, sizeof(k->er));
	OPENSSL_cleanse(k->ai, sizeof(k->ai));
	OPENSSL_cleanse(k->ar, sizeof(k->ar));
	return err;
}

static bool keep_supported(const struct transform *transform, void *arg)
{
	(void)arg;
	return crypto_supports(transform);
}

struct proposals *ike_proposals(const struct conf_connection *conn)
{
	struct proposals *list = proposals_copy(conn->proposals);

	for (unsigned int i = 0; list && i < list->count; i++)
		proposal_filter(&list->list[i], keep_supported, NULL);
	return list;
}

/* ---- established ----------------------------------------------------------------------------------------------------------------- */

void ike_sa_established(struct ike_sa *sa)
{
	sa->state = IKE_ESTABLISHED;
	sa->established_ms = ike_now(sa);
	sa->last_heard_ms = sa->established_ms;
	sa->agent->stats.established++;
	half_open_remove(sa);
	handshake_end(sa);
	hash_insert(&sa->agent->by_peer, &sa->by_peer, ike_peer_key(&sa->remote_id));
	peer_join(sa);
	event_emit(sa->agent, &(struct event){ .kind = EVENT_IKE_ESTABLISHED, .ike = sa });
}

void ike_sa_peer_moved(struct ike_sa *sa, const struct endpoint *remote)
{
	const struct endpoint from = sa->remote;

	if (endpoint_equal(&from, remote))
		return;
	sa->remote = *remote;
	event_emit(sa->agent, &(struct event){ .kind = EVENT_IKE_MOVED, .ike = sa, .from = &from });
	for (struct child_sa *child = sa->children; child; child = child->next)
		child_update_endpoints(child);
}

/* ---- end ------------------------------------------------------------------------------------------------------------------------- */

static void clear_timers(struct ike_sa *sa)
{
	struct timer *timers[] = { &sa->retransmit, &sa->dpd, &sa->keepalive, &sa->rekey, &sa->reauth, &sa->expire };

	for (unsigned int i = 0; i < sizeof(timers) / sizeof(timers[0]); i++)
		timer_clear(&sa->agent->timers, timers[i]);
}

/* Tables and other SAs forget it. */
static void leave(struct ike_sa *sa)
{
	struct agent *agent = sa->agent;

	hash_remove(&agent->by_spi, &sa->by_spi);
	half_open_remove(sa);
	if (sa->prev)
		sa->prev->next = sa->next;
	else
		agent->sas = sa->next;
	if (sa->next)
		sa->next->prev = sa->prev;
	agent->stats.ike_sas--;
}

static void release(void *owner)
{
	struct ike_sa *sa = owner;

	leave(sa);
	clear_timers(sa);
	handshake_end(sa);
	packets_free(&sa->reply);
	cipher_free(sa->seal);
	cipher_free(sa->open);
	ike_keys_wipe(&sa->keys);
	identity_clear(&sa->local_id);
	identity_clear(&sa->remote_id);
	conf_free(sa->conf);
	OPENSSL_cleanse(sa, sizeof(*sa));
	free(sa);
}

void ike_sa_close(struct ike_sa *sa, enum close_cause cause, const char *why)
{
	bool answers = sa->close_after_reply && sa->reply.count;
	struct packets reply = sa->reply;

	if (sa->state == IKE_CLOSED) {
		release(sa);
		return;
	}
	if (sa->state == IKE_CONNECTING && (cause == CLOSE_FAILED || cause == CLOSE_DEAD))
		sa->agent->stats.failed++;
	sa->cause = cause;
	clear_timers(sa);
	hash_remove(&sa->agent->by_name, &sa->by_name);
	hash_remove(&sa->agent->by_peer, &sa->by_peer);
	peer_leave(sa);
	event_emit(sa->agent, &(struct event){ .kind = EVENT_IKE_ENDS, .ike = sa, .cause = cause, .text = why });
	sa->state = IKE_CLOSED;
	sa->reply = (struct packets){ 0 };
	window_abandon(sa);
	while (sa->children)
		child_destroy(sa->children, cause);
	event_emit(sa->agent, &(struct event){ .kind = EVENT_IKE_GONE, .ike = sa });
	if (answers && !sa->agent->stopping && !timer_set(&sa->agent->timers, &sa->expire, ike_now(sa) + LINGER_MS, release, sa)) {
		sa->reply = reply;
		return;
	}
	packets_free(&reply);
	release(sa);
}

void ike_sa_unanswered(struct agent *agent, const struct event *event)
{
	(void)agent;
	ike_sa_close(event->ike, event->cause, event->text);
}
