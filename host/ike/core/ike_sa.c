/* SPDX-License-Identifier: Apache-2.0 */
/* An IKE SA from its SPI to its end: tables, keys, timers. */
#include "core/ike_sa.h"
#include "core/child_sa.h"
#include "core/credentials.h"
#include "core/handshake.h"
#include "core/peer.h"
#include "core/retry.h"
#include "core/seal.h"
#include "crypto/supported.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#define LINGER_MS 30000u /* how long the last response can be asked for again */

/* ---- log ----------------------------------------------------------------------------------------------------------------------- */

void ike_log(const struct ike_sa *sa, enum agent_log level, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	sa->agent->env.log(sa->agent->env.ctx, level, sa->label, text);
}

void ike_log_limits(const struct ike_sa *sa, const struct proposals *offered)
{
	char text[PROPOSALS_LIMITS_LEN];

	if (proposals_limits(offered, text))
		ike_log(sa, AGENT_INFO, "%s", text);
}

uint64_t ike_now(const struct ike_sa *sa)
{
	return agent_now(sa->agent);
}

void ike_sa_log_established(const struct ike_sa *sa)
{
	char local[IP_TEXT_LEN], remote[IP_TEXT_LEN], local_id[IDENTITY_TEXT_LEN], remote_id[IDENTITY_TEXT_LEN];

	ike_log(sa, AGENT_INFO, "IKE_SA %s established between %s[%.200s]...%s[%.200s]", sa->label, ip_print(&sa->local.ip, local),
		identity_print(&sa->local_id, local_id), ip_print(&sa->remote.ip, remote), identity_print(&sa->remote_id, remote_id));
}

/* ---- tables -------------------------------------------------------------------------------------------------------------------- */

static uint64_t name_key(const char *name)
{
	return hash_bytes(name, strlen(name), HASH_BASIS);
}

/*
 * Identities that are equal have equal keys: case does not count, nor, for the strings of a DN, what is no letter or digit. (A DN that says
 * the same with other lengths is missed: nobody sends it in two ways.)
 */
uint64_t ike_peer_key(const struct identity *id)
{
	uint64_t key = hash_bytes(&id->type, 1, HASH_BASIS);

	for (size_t i = 0; i < id->len; i++) {
		uint8_t c = (uint8_t)tolower(id->data[i]);

		if (id->type != IKE_ID_DER_ASN1_DN || isalnum(c))
			key = hash_bytes(&c, 1, key);
	}
	return key;
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

static void set(struct ike_sa *sa, struct timer *timer, uint64_t in_ms, void (*fire)(void *owner))
{
	timer_set(&sa->agent->timers, timer, ike_now(sa) + in_ms, fire, sa);
}

static void rekey_due(void *owner)
{
	struct ike_sa *sa = owner;

	if (sa->state == IKE_ESTABLISHED)
		ike_rekey_initiate(sa);
}

static void reauth_due(void *owner)
{
	struct ike_sa *sa = owner;

	if (sa->state == IKE_ESTABLISHED)
		ike_reauth_initiate(sa);
}

static void too_old(void *owner)
{
	struct ike_sa *sa = owner;

	if (sa->state != IKE_ESTABLISHED)
		return;
	ike_log(sa, AGENT_INFO, "its time is over");
	if (sa->refusals)
		ike_rekey_refused(sa, NULL, sa->refusals, true);
	ike_delete_initiate(sa);
}

void ike_sa_delete_later(struct ike_sa *sa, uint64_t ms)
{
	set(sa, &sa->expire, ms, too_old);
}

/* How long nothing has come from the peer; its ESP is as good as its IKE messages (RFC 7296, 2.4). Asks the sink only if it is as long as enough. */
static uint64_t silence_ms(const struct ike_sa *sa, uint64_t enough)
{
	uint64_t now = ike_now(sa), silence = now - sa->last_heard_ms;

	for (const struct child_sa *child = sa->children; child && silence >= enough; child = child->next) {
		uint64_t heard = child_heard_ms(child), since = heard < now ? now - heard : 0;

		if (since < silence)
			silence = since;
	}
	return silence;
}

/* Silence for as long as dpd_delay: ask. A request under way asks as well. */
static void dpd_due(void *owner)
{
	struct ike_sa *sa = owner;
	uint64_t delay = sa->conn->dpd_delay_s * 1000ull, silence;

	if (sa->state != IKE_ESTABLISHED)
		return;
	silence = silence_ms(sa, delay);
	set(sa, &sa->dpd, silence < delay ? delay - silence : delay, dpd_due);
	if (silence >= delay && !ike_sa_busy(sa))
		dpd_initiate(sa);
}

static void keepalive_due(void *owner)
{
	struct ike_sa *sa = owner;

	sa->agent->env.keepalive(sa->agent->env.ctx, &sa->local, &sa->remote);
	set(sa, &sa->keepalive, sa->agent->settings.keepalive_ms, keepalive_due);
}

static void start_lifetimes(struct ike_sa *sa)
{
	const struct conf_connection *conn = sa->conn;
	uint64_t last = conn->rekey_time_s > conn->reauth_time_s ? conn->rekey_time_s : conn->reauth_time_s;
	uint64_t rand_ms = conn->rand_time_s * 1000;

	if (conn->rekey_time_s)
		set(sa, &sa->rekey, agent_jitter(sa->agent, conn->rekey_time_s * 1000, rand_ms), rekey_due);
	/* A rekeying proves nobody's identity: the time of the first SA goes on (RFC 7296, 2.8.3). */
	if (conn->reauth_time_s && !sa->reauth.at)
		set(sa, &sa->reauth, agent_jitter(sa->agent, conn->reauth_time_s * 1000, rand_ms), reauth_due);
	timer_clear(&sa->agent->timers, &sa->expire);
	if (last)
		set(sa, &sa->expire, (last + conn->over_time_s) * 1000, too_old);
}

void ike_sa_established(struct ike_sa *sa)
{
	sa->state = IKE_ESTABLISHED;
	sa->established_ms = ike_now(sa);
	sa->last_heard_ms = sa->established_ms;
	sa->agent->stats.established++;
	half_open_remove(sa);
	handshake_end(sa);
	follow_established(sa);
	hash_insert(&sa->agent->by_peer, &sa->by_peer, ike_peer_key(&sa->remote_id));
	peer_join(sa);
	start_lifetimes(sa);
	if (sa->conn->dpd_delay_s)
		set(sa, &sa->dpd, sa->conn->dpd_delay_s * 1000ull, dpd_due);
	if (sa->nat_local && sa->agent->settings.keepalive_ms)
		set(sa, &sa->keepalive, sa->agent->settings.keepalive_ms, keepalive_due);
	up_ike_established(sa);
	if (sa->replaces)
		ike_reauth_established(sa);
}

void ike_sa_peer_moved(struct ike_sa *sa, const struct endpoint *remote)
{
	char from[ENDPOINT_TEXT_LEN], to[ENDPOINT_TEXT_LEN];

	if (endpoint_equal(&sa->remote, remote))
		return;
	ike_log(sa, AGENT_INFO, "the peer moved from %s to %s", endpoint_print(&sa->remote, from), endpoint_print(remote, to));
	sa->remote = *remote;
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

/* What the configuration wants in place of a CHILD SA that ends with its IKE SA. */
static bool wanted_again(const struct conf_child *child, enum close_cause cause)
{
	if (cause == CLOSE_PEER)
		return child->close_action & CONF_ACTION_START;
	if (cause == CLOSE_FAILED)
		return child->start_action & CONF_ACTION_START;
	return cause == CLOSE_DEAD && child->dpd_action & CONF_ACTION_START;
}

static void restart_children(struct ike_sa *sa, enum close_cause cause)
{
	/* A connection that ends as soon as it is there is begun again with pauses, as one that fails. */
	unsigned int attempt = ike_now(sa) - sa->established_ms < RETRY_STABLE_MS ? sa->attempt + 1 : 0;

	for (const struct child_sa *child = sa->children; child; child = child->next)
		if ((child->state == CHILD_INSTALLED || child->state == CHILD_REKEYING) && wanted_again(child->child, cause))
			retry_later(sa->agent, child->child, attempt);
}

/* The first exchanges failed: keyingtries of them, and what the configuration wants up is never given up. */
static struct ike_sa *next_try(struct ike_sa *sa, enum close_cause cause)
{
	unsigned int attempt = sa->attempt + 1;
	struct ike_sa *successor = NULL;
	bool more;

	if (!sa->handshake || sa->agent->stopping || ike_delete_queued(sa) || (cause != CLOSE_DEAD && cause != CLOSE_FAILED))
		return NULL;
	more = !sa->conn->keyingtries || attempt < sa->conn->keyingtries;
	if (more && cause == CLOSE_DEAD)
		successor = ike_retry(sa, attempt);
	if (successor) {
		ike_log(sa, AGENT_INFO, "the peer does not answer, trying again (%u/%u)", attempt + 1, sa->conn->keyingtries);
		return successor;
	}
	if (more && sa->handshake->child)
		retry_later(sa->agent, sa->handshake->child, attempt);
	up_again(sa, attempt);
	return NULL;
}

static void end_waiting(struct ike_sa *sa, enum close_cause cause, const char *why)
{
	struct ike_sa *successor = sa->state == IKE_CONNECTING && sa->initiator ? next_try(sa, cause) : NULL;

	if (successor)
		up_move(sa, successor);
	else
		up_ike_failed(sa, cause == CLOSE_DEAD ? -ETIMEDOUT : cause == CLOSE_LOCAL ? -ECANCELED : -ECONNREFUSED, why);
}

void ike_sa_close(struct ike_sa *sa, enum close_cause cause, const char *why)
{
	bool answers = sa->close_after_reply && sa->reply.count;
	struct packets reply = sa->reply;

	if (sa->state == IKE_CLOSED) {
		release(sa);
		return;
	}
	if (why)
		ike_log(sa, cause == CLOSE_FAILED ? AGENT_ERROR : AGENT_INFO, "IKE_SA %s closed: %s", sa->label, why);
	if (sa->state == IKE_CONNECTING && (cause == CLOSE_FAILED || cause == CLOSE_DEAD))
		sa->agent->stats.failed++;
	sa->cause = cause;
	clear_timers(sa);
	hash_remove(&sa->agent->by_name, &sa->by_name);
	hash_remove(&sa->agent->by_peer, &sa->by_peer);
	peer_leave(sa);
	end_waiting(sa, cause, why ? why : "the IKE SA was closed");
	if (!sa->agent->stopping)
		restart_children(sa, cause);
	sa->state = IKE_CLOSED;
	sa->reply = (struct packets){ 0 };
	window_abandon(sa);
	while (sa->children)
		child_destroy(sa->children, cause);
	ike_sa_forget(sa);
	if (answers && !sa->agent->stopping) {
		sa->reply = reply;
		set(sa, &sa->expire, LINGER_MS, release);
		return;
	}
	packets_free(&reply);
	release(sa);
}
