/* SPDX-License-Identifier: Apache-2.0 */
/* IKE_SA_INIT as responder. Cheap checks first; nothing is kept and nothing is computed for a peer that has to bring a cookie. */
#include "core/init_respond.h"
#include "core/credentials.h"
#include "core/half_open.h"
#include "core/handshake.h"
#include "core/ike_auth.h"
#include "core/ike_sa.h"
#include "core/init.h"
#include "core/natd.h"
#include "core/offers.h"
#include "core/unprotected.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct init_in {
	struct agent *agent;
	const struct ike_message *m;
	const struct endpoint *local, *remote;
	struct init_payloads payloads;
	const struct conf_connection *conn;
	struct suite suite;
};

/* Strangers do not fill the log: a line a second, of those that no answer goes with. */
static bool may_log(struct agent *agent)
{
	if (agent_now(agent) < agent->log_allowed_ms)
		return false;
	agent->log_allowed_ms = agent_now(agent) + 1000;
	return true;
}

static void refuse(const struct init_in *in, uint16_t type, const void *data, size_t len, const char *why)
{
	/* Who asks with another group goes on with ours: no noise of others may stop this. */
	bool limited = type != IKE_N_INVALID_KE_PAYLOAD, loud = limited && agent_now(in->agent) >= in->agent->notify_allowed_ms;
	char remote[ENDPOINT_TEXT_LEN];

	half_open_count_refused(in->agent);
	/* Strangers do not fill the log either. */
	agent_log(in->agent, loud ? AGENT_INFO : AGENT_DEBUG, "IKE_SA_INIT from %s refused: %s", endpoint_print(in->remote, remote), why);
	answer_unprotected(in->agent, &in->m->header, in->local, in->remote, type, data, len, limited);
}

/* ---- cookies --------------------------------------------------------------------------------------------------------------------- */

static void ask_for_cookie(const struct init_in *in)
{
	uint8_t cookie[COOKIE_MAX];
	size_t len = cookie_make(in->agent, &in->m->header, &in->remote->ip, in->payloads.nonce, in->payloads.nonce_len, cookie);

	if (!len)
		return;
	in->agent->stats.cookies_sent++;
	answer_unprotected(in->agent, &in->m->header, in->local, in->remote, IKE_N_COOKIE, cookie, len, false);
}

/* The address is the sender's own, or there is no need to know. */
static bool has_way_back(const struct init_in *in)
{
	struct ike_notify notify;

	if (!half_open_wants_cookie(in->agent, &in->remote->ip))
		return true;
	if (ike_chain_notify(&in->m->chain, IKE_N_COOKIE, &notify)) {
		if (cookie_right(in->agent, &in->m->header, &in->remote->ip, in->payloads.nonce, in->payloads.nonce_len, notify.data, notify.len))
			return true;
		in->agent->stats.cookies_bad++;
	}
	ask_for_cookie(in);
	return false;
}

/* ---- connection and proposal ------------------------------------------------------------------------------------------------------- */

/* What to say; in full only if it goes into the log. */
static const char *in_common(const struct init_in *in, const struct proposals *offered, char text[PROPOSALS_TEXT_LEN + 64])
{
	char words[PROPOSALS_TEXT_LEN];

	if (!may_log(in->agent))
		return "no proposal in common";
	snprintf(text, PROPOSALS_TEXT_LEN + 64, "no proposal in common; the peer offers: %s", proposals_words(offered, words));
	return text;
}

static bool agree(struct init_in *in)
{
	struct proposals *offered = malloc(sizeof(*offered));
	const char *why = "no memory";
	int err = offered ? ike_decode_sa(in->payloads.sa, offered, &why) : -ENOMEM;
	char limits[PROPOSALS_LIMITS_LEN], remote[ENDPOINT_TEXT_LEN], text[PROPOSALS_TEXT_LEN + 64];
	const char *passed;
	uint8_t group[2];

	if (err) {
		free(offered);
		refuse(in, IKE_N_INVALID_SYNTAX, NULL, 0, why);
		return false;
	}
	passed = proposals_limits(offered, limits);
	if (passed && may_log(in->agent))
		agent_log(in->agent, AGENT_INFO, "IKE_SA_INIT from %s: %s", endpoint_print(in->remote, remote), passed);
	err = offers_choose(in->agent->offers, &in->local->ip, &in->remote->ip, offered, in->payloads.ke.method, &in->conn, &in->suite);
	if (err)
		refuse(in, IKE_N_NO_PROPOSAL_CHOSEN, NULL, 0, err == -ENOENT ? "no connection between these addresses" : in_common(in, offered, text));
	free(offered);
	if (err)
		return false;
	if (in->suite.ke == in->payloads.ke.method)
		return true;
	group[0] = (uint8_t)(in->suite.ke >> 8);
	group[1] = (uint8_t)in->suite.ke;
	refuse(in, IKE_N_INVALID_KE_PAYLOAD, group, sizeof(group), "KE payload of another group");
	return false;
}

/* ---- the new SA -------------------------------------------------------------------------------------------------------------------- */

static int build_response(struct ike_sa *sa, const struct dh *dh, struct ike_builder *b)
{
	struct ike_header header = {
		.spi_i = sa->spi_i, .spi_r = sa->spi_r, .version = IKE_VERSION, .exchange = IKE_SA_INIT, .flags = IKE_FLAG_RESPONSE,
	};
	struct proposal answer;
	int err;

	proposal_from_suite(&sa->suite, 0, 0, &answer);
	ike_build_header(b, &header);
	ike_build_sa_answer(b, &answer);
	ike_build_ke(b, sa->suite.ke, dh_public(dh), dh_public_len(sa->suite.ke));
	ike_build_nonce(b, sa->nonces->r, sa->nonces->r_len);
	err = init_put_notifies(sa, b, sa->peer_ppk);
	if (err)
		return err;
	if (sa->conn->childless != CONF_CHILDLESS_NEVER)
		ike_build_notify(b, IKE_N_CHILDLESS_IKEV2_SUPPORTED, NULL, 0);
	auth_put_certreq(sa, b);
	return ike_build_end(b);
}

static void half_open_expired(void *owner)
{
	struct ike_sa *sa = owner;

	sa->agent->stats.half_open_dropped++;
	ike_log(sa, AGENT_DEBUG, "the initiator did not go on");
	ike_sa_close(sa, CLOSE_FAILED, NULL);
}

static int fill(struct ike_sa *sa, const struct init_in *in, struct ike_builder *b)
{
	struct dh *dh = NULL;
	int err = handshake_begin(sa);

	if (!err)
		err = init_nonce(sa);
	if (err)
		return err;
	sa->nonces->i_len = (uint16_t)in->payloads.nonce_len;
	memcpy(sa->nonces->i, in->payloads.nonce, in->payloads.nonce_len);
	sa->nat_fake = init_fakes_nat(sa);
	natd_check(sa, in->m);
	init_take_notifies(sa, &in->m->chain);
	sa->peer_ppk = sa->peer_ppk && credentials_has_ppk(sa->credentials);
	err = blob_set(&sa->handshake->received, in->m->data, in->m->len);
	if (!err)
		err = half_open_add(sa, half_open_expired);
	if (!err)
		err = dh_new(sa->suite.ke, &dh);
	if (!err)
		err = init_derive(sa, dh, &in->payloads.ke);
	if (!err)
		err = build_response(sa, dh, b);
	dh_free(dh);
	if (!err)
		err = blob_set(&sa->handshake->sent, b->data, b->len);
	return err;
}

/* A public value that must be refused has cost as much as a good one: it counts as half-open, without keys and without an answer, for its time. */
static void keep_refused(struct ike_sa *sa)
{
	sa->agent->stats.malformed++;
	ike_log(sa, AGENT_DEBUG, "the peer's public value must be refused");
}

static void begin(const struct init_in *in)
{
	struct ike_sa *sa = ike_sa_create(in->agent, in->agent->conf, in->conn, false);
	struct ike_builder b;
	int err;

	if (!sa)
		return;
	ike_sa_set_peer_spi(sa, in->m->header.spi_i);
	sa->local = *in->local;
	sa->remote = *in->remote;
	sa->suite = in->suite;
	sa->receive_id = 1;
	ike_build_growing(&b, IKE_MESSAGE_MAX);
	err = fill(sa, in, &b);
	if (err == -EBADMSG) {
		keep_refused(sa);
	} else if (err) {
		ike_sa_close(sa, CLOSE_LOCAL, "could not be begun");
	} else {
		in->agent->stats.sent++;
		in->agent->env.send(in->agent->env.ctx, in->local, in->remote, b.data, b.len);
	}
	ike_build_free(&b);
}

static bool read_request(struct init_in *in)
{
	const char *why;

	if (in->m->chain.unsupported_critical) {
		refuse(in, IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD, &in->m->chain.unsupported_critical, 1, "unknown critical payload");
		return false;
	}
	if (init_read(&in->m->chain, &in->payloads, &why)) {
		in->agent->stats.malformed++;
		refuse(in, IKE_N_INVALID_SYNTAX, NULL, 0, why);
		return false;
	}
	return true;
}

static void repeat(struct agent *agent, const struct ike_sa *sa, const struct init_in *in)
{
	const struct blob *sent = &sa->handshake->sent;

	if (!sent->len)
		return;
	agent->stats.retransmitted++;
	agent->env.send(agent->env.ctx, in->local, in->remote, sent->data, sent->len);
}

static bool has_room(struct agent *agent, const struct ip_addr *ip)
{
	struct ike_sa *oldest;

	if (half_open_blocked(agent, ip))
		return false;
	switch (half_open_room(agent, &oldest)) {
	case HALF_OPEN_FULL:
		return false;
	case HALF_OPEN_EVICT:
		agent->stats.half_open_dropped++;
		ike_sa_close(oldest, CLOSE_LOCAL, NULL);
		break;
	case HALF_OPEN_ROOM:
		break;
	}
	return true;
}

void init_malformed(struct agent *agent, const struct endpoint *remote, const char *why)
{
	char text[ENDPOINT_TEXT_LEN];

	if (!agent->stopping && agent->conf && may_log(agent))
		agent_log(agent, AGENT_INFO, "IKE_SA_INIT from %s dropped: %s", endpoint_print(remote, text), why);
}

void init_request(struct agent *agent, const struct ike_message *m, const struct endpoint *local, const struct endpoint *remote)
{
	struct init_in in = { .agent = agent, .m = m, .local = local, .remote = remote };
	struct ike_sa *sa = half_open_find(agent, m->header.spi_i, remote, m->data, m->len);

	if (sa) {
		repeat(agent, sa, &in);
		return;
	}
	if (agent->stopping || !agent->conf || !read_request(&in) || !has_way_back(&in))
		return;
	if (!has_room(agent, &remote->ip)) {
		agent->stats.half_open_dropped++;
		return;
	}
	if (agree(&in))
		begin(&in);
}
