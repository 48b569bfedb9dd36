/* SPDX-License-Identifier: Apache-2.0 */
/* IKE_SA_INIT (RFC 7296, 1.2), as initiator. Nothing protects the answers: what may be forged is noted, and a better one waited for (2.21.1). */
#include "core/init.h"
#include "core/auth_exchange.h"
#include "core/credentials.h"
#include "core/handshake.h"
#include "core/ike_auth.h"
#include "core/ike_sa.h"
#include "core/natd.h"
#include "core/window.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#define NONCE_LEN 32u
#define COOKIES_MAX 4u /* that we follow, of one peer */
#define GROUPS_MAX 2u

/* ---- what both sides send ---------------------------------------------------------------------------------------------------------- */

int init_nonce(struct ike_sa *sa)
{
	uint8_t *nonce = sa->initiator ? sa->nonces->i : sa->nonces->r;
	uint16_t *len = sa->initiator ? &sa->nonces->i_len : &sa->nonces->r_len;

	*len = NONCE_LEN;
	return agent_random(sa->agent, nonce, NONCE_LEN);
}

bool init_fakes_nat(const struct ike_sa *sa)
{
	return sa->conn->encap || (!sa->agent->caps.raw_esp && sa->agent->caps.udp_encap);
}

int init_put_notifies(struct ike_sa *sa, struct ike_builder *b, bool ppk)
{
	uint8_t hashes[AUTH_HASHES_DATA_MAX];
	int err = natd_put(sa, b);

	if (err)
		return err;
	if (sa->conn->fragmentation != CONF_FRAGMENT_NO)
		ike_build_notify(b, IKE_N_IKEV2_FRAGMENTATION_SUPPORTED, NULL, 0);
	ike_build_notify(b, IKE_N_SIGNATURE_HASH_ALGORITHMS, hashes, auth_hashes_write(AUTH_HASHES_ALL, hashes));
	if (ppk)
		ike_build_notify(b, IKE_N_USE_PPK, NULL, 0);
	return 0;
}

void init_take_notifies(struct ike_sa *sa, const struct ike_chain *m)
{
	struct ike_notify notify;

	sa->peer_fragments = sa->conn->fragmentation != CONF_FRAGMENT_NO && ike_chain_notify(m, IKE_N_IKEV2_FRAGMENTATION_SUPPORTED, &notify);
	sa->peer_ppk = ike_chain_notify(m, IKE_N_USE_PPK, &notify);
	sa->peer_childless = ike_chain_notify(m, IKE_N_CHILDLESS_IKEV2_SUPPORTED, &notify);
	if (ike_chain_notify(m, IKE_N_SIGNATURE_HASH_ALGORITHMS, &notify))
		sa->peer_hashes = auth_hashes_parse(notify.data, notify.len);
}

int init_read(const struct ike_chain *m, struct init_payloads *in, const char **why)
{
	const struct ike_payload *nonce = ike_chain_find(m, IKE_PL_NONCE), *ke = ike_chain_find(m, IKE_PL_KE);
	int err;

	in->sa = ike_chain_find(m, IKE_PL_SA);
	if (!in->sa || !ke || !nonce || ike_chain_count(m, IKE_PL_SA) > 1 || ike_chain_count(m, IKE_PL_KE) > 1 || ike_chain_count(m, IKE_PL_NONCE) > 1) {
		*why = "SA, KE and Nonce payload are wanted, one of each";
		return -EBADMSG;
	}
	err = ike_decode_nonce(nonce, why);
	if (!err)
		err = ike_decode_ke(ke, &in->ke, why);
	in->nonce = nonce->body;
	in->nonce_len = nonce->len;
	return err;
}

int init_derive(struct ike_sa *sa, struct dh *dh, const struct ike_ke *peer)
{
	uint8_t secret[DH_SHARED_MAX];
	int err = dh_derive(dh, peer->data, peer->len, secret);

	if (!err)
		err = ike_sa_derive(sa, secret, dh_shared_len(dh_group(dh)), sa->nonces, NULL);
	OPENSSL_cleanse(secret, sizeof(secret));
	return err;
}

/* ---- initiator: the request -------------------------------------------------------------------------------------------------------- */

static const struct conf_secret *own_ppk(const struct ike_sa *sa)
{
	const struct conn_credentials *cc = credentials_of(sa->credentials, sa->conn);

	return cc && !identity_is_any(&cc->ppk_id) ? credentials_ppk(sa->credentials, cc->ppk_id.data, cc->ppk_id.len) : NULL;
}

static int build_request(struct ike_sa *sa, struct exchange *x, struct ike_builder *b)
{
	struct handshake *hs = sa->handshake;
	struct proposals *ours;

	(void)x;
	if (hs->cookie_len)
		ike_build_notify(b, IKE_N_COOKIE, hs->cookie, hs->cookie_len);
	ours = ike_proposals(sa->conn);
	if (!ours)
		return -ENOMEM;
	ike_build_sa(b, ours, 0);
	free(ours);
	ike_build_ke(b, hs->group, dh_public(hs->dh), dh_public_len(hs->group));
	ike_build_nonce(b, sa->nonces->i, sa->nonces->i_len);
	return init_put_notifies(sa, b, hs->ppk != NULL);
}

static int choose_group(struct ike_sa *sa, uint16_t group)
{
	struct handshake *hs = sa->handshake;

	dh_free(hs->dh);
	hs->dh = NULL;
	hs->group = group;
	return dh_new(group, &hs->dh);
}

/* ---- initiator: the response --------------------------------------------------------------------------------------------------------- */

static int take_cookie(struct ike_sa *sa, const struct ike_notify *notify)
{
	struct handshake *hs = sa->handshake;

	if (!notify->len || notify->len > COOKIE_MAX || hs->cookies >= COOKIES_MAX)
		return -EINPROGRESS;
	hs->cookies++;
	memcpy(hs->cookie, notify->data, notify->len);
	hs->cookie_len = (uint8_t)notify->len;
	ike_log(sa, AGENT_INFO, "the peer asks for a cookie");
	return -EAGAIN;
}

/* Another group, but only one that we proposed: nobody can talk us into a weaker one. */
static int take_group(struct ike_sa *sa, const struct ike_notify *notify)
{
	struct handshake *hs = sa->handshake;
	struct proposals *ours;
	uint16_t group;
	bool proposed;

	if (notify->len != 2 || hs->groups >= GROUPS_MAX)
		return -EINPROGRESS;
	group = (uint16_t)(notify->data[0] << 8 | notify->data[1]);
	ours = ike_proposals(sa->conn);
	proposed = ours && proposals_have_ke(ours, group);
	free(ours);
	if (!proposed || group == hs->group) {
		ike_log(sa, AGENT_INFO, "the peer asks for group %s, which we did not propose", ike_name(IKE_NAMES_KE, group));
		return -EINPROGRESS;
	}
	hs->groups++;
	ike_log(sa, AGENT_INFO, "the peer wants %s instead of %s", ike_name(IKE_NAMES_KE, group), ike_name(IKE_NAMES_KE, hs->group));
	return choose_group(sa, group) ? -EIO : -EAGAIN;
}

static int take_error(struct ike_sa *sa, const struct ike_notify *notify)
{
	struct proposals *ours = notify->type == IKE_N_NO_PROPOSAL_CHOSEN ? ike_proposals(sa->conn) : NULL;
	char name[IKE_NAME_LEN], offered[PROPOSALS_TEXT_LEN];

	ike_log(sa, AGENT_INFO, "the peer, or somebody in its name, says %s%s%s", ike_print_name(IKE_NAMES_NOTIFY, notify->type, name),
		ours ? "; offered: " : "", ours ? proposals_words(ours, offered) : "");
	free(ours);
	sa->handshake->error = notify->type;
	return -EINPROGRESS;
}

static int check_suite(struct ike_sa *sa, const struct init_payloads *in, const char **why)
{
	struct proposals *lists = malloc(sizeof(*lists)), *ours = ike_proposals(sa->conn);
	int err = lists && ours ? ike_decode_sa(in->sa, lists, why) : -ENOMEM;

	if (!err)
		err = proposal_check_answer(ours, lists, 0, &sa->suite, why);
	if (!err && (sa->suite.ke != sa->handshake->group || in->ke.method != sa->handshake->group)) {
		*why = "the peer answers with another group than we sent";
		err = -EBADMSG;
	}
	free(lists);
	free(ours);
	return err;
}

/* Off to port 4500, where a NAT expects IKE and ESP together (RFC 7296, 2.23). */
static void float_port(struct ike_sa *sa)
{
	if (!ike_sa_udp_encap(sa))
		return;
	sa->local.port = sa->agent->env.nat_port;
	if (sa->remote.port == PEER_PORT)
		sa->remote.port = PEER_NAT_PORT;
}

static int accept_response(struct ike_sa *sa, const struct ike_message *m, const struct init_payloads *in, const char **why)
{
	struct handshake *hs = sa->handshake;
	char text[SUITE_TEXT_LEN];
	int err = check_suite(sa, in, why);

	if (err)
		return err;
	ike_sa_set_peer_spi(sa, m->header.spi_r);
	sa->nonces->r_len = (uint16_t)in->nonce_len;
	memcpy(sa->nonces->r, in->nonce, in->nonce_len);
	*why = "the peer's public value, or the key derivation";
	err = init_derive(sa, hs->dh, &in->ke);
	if (err)
		return err;
	dh_free(hs->dh);
	hs->dh = NULL;
	init_take_notifies(sa, &m->chain);
	natd_check(sa, m);
	float_port(sa);
	ike_log(sa, AGENT_DEBUG, "selected %s", suite_print(&sa->suite, text));
	return auth_take_certreq(sa, &m->chain);
}

/* *why: why the response was not good enough, or NULL. */
static int judge(struct ike_sa *sa, const struct ike_message *m, const char **why)
{
	struct init_payloads in;
	struct ike_notify notify;
	int err;

	if (m->chain.unsupported_critical) {
		*why = "unknown critical payload";
		return -EBADMSG;
	}
	if (!ike_chain_find(&m->chain, IKE_PL_SA)) {
		if (ike_chain_notify(&m->chain, IKE_N_COOKIE, &notify))
			return take_cookie(sa, &notify);
		if (ike_chain_notify(&m->chain, IKE_N_INVALID_KE_PAYLOAD, &notify))
			return take_group(sa, &notify);
		if (ike_chain_error(&m->chain, &notify))
			return take_error(sa, &notify);
	}
	err = init_read(&m->chain, &in, why);
	if (!err && !m->header.spi_r) {
		*why = "the responder's SPI is 0";
		err = -EBADMSG;
	}
	return err ? err : accept_response(sa, m, &in, why);
}

static int take_response(struct ike_sa *sa, struct exchange *x, const struct ike_message *m)
{
	const char *why = NULL;
	int err;

	(void)x;
	err = judge(sa, m, &why);
	if (!err)
		return auth_initiate(sa);
	if (err == -EAGAIN || err == -EINPROGRESS)
		return err;
	/* A forgery must not end the attempt; of half a derivation nothing stays. */
	ike_log(sa, AGENT_INFO, "IKE_SA_INIT response ignored: %s", why);
	cipher_free(sa->seal);
	cipher_free(sa->open);
	sa->seal = sa->open = NULL;
	ike_keys_wipe(&sa->keys);
	ike_sa_set_peer_spi(sa, 0);
	return sa->handshake->dh ? -EINPROGRESS : err;
}

/* ---- initiator: begin ------------------------------------------------------------------------------------------------------------ */

static const struct exchange_ops init_ops = {
	.name = "IKE_SA_INIT", .type = IKE_SA_INIT, .build = build_request, .response = take_response, .free = exchange_free_bare,
};

static int choose_endpoints(struct ike_sa *sa)
{
	const struct ip_addr *local = conf_single_address(&sa->conn->local_addrs), *remote = conf_single_address(&sa->conn->remote_addrs);
	const struct agent_env *env = &sa->agent->env;

	if (!remote) {
		ike_log(sa, AGENT_ERROR, "remote_addrs has no address to begin with");
		return -EDESTADDRREQ;
	}
	sa->remote = (struct endpoint){ .ip = *remote, .port = sa->conn->remote_port };
	sa->local.port = sa->conn->local_port ? sa->conn->local_port : env->port;
	if (local && local->family == sa->remote.ip.family) {
		sa->local.ip = *local;
		return 0;
	}
	if (env->source(env->ctx, &sa->remote.ip, &sa->local.ip)) {
		ike_log(sa, AGENT_ERROR, "no way to the peer's address");
		return -EHOSTUNREACH;
	}
	return 0;
}

/* The first that is negotiated; NULL: none is. */
static const struct conf_child *first_child(const struct conf_connection *conn)
{
	for (size_t i = 0; i < conn->child_count; i++)
		if (!conf_is_shunt(conn->children[i]))
			return conn->children[i];
	return NULL;
}

static int prepare(struct ike_sa *sa, const struct conf_child *child)
{
	struct proposals *ours = ike_proposals(sa->conn);
	uint16_t group = ours ? proposals_first_ke(ours) : IKE_KE_NONE;
	char remote[ENDPOINT_TEXT_LEN];
	int err;

	free(ours);
	if (group == IKE_KE_NONE) {
		ike_log(sa, AGENT_ERROR, "no proposal that can be offered");
		return -ENOTSUP;
	}
	err = choose_endpoints(sa);
	if (!err)
		err = handshake_begin(sa);
	if (!err)
		err = init_nonce(sa);
	if (!err)
		err = choose_group(sa, group);
	if (err)
		return err;
	sa->handshake->child = child ? child : first_child(sa->conn);
	sa->handshake->ppk = own_ppk(sa);
	sa->handshake->first_contact = ike_sa_by_name(sa->agent, sa->conn->name) == sa && !ike_sa_next_by_name(sa);
	sa->nat_fake = init_fakes_nat(sa);
	ike_log(sa, AGENT_INFO, "initiating IKE_SA %s to %s", sa->label, endpoint_print(&sa->remote, remote));
	return 0;
}

struct ike_sa *ike_initiate(struct agent *agent, const struct conf_connection *conn, const struct conf_child *child)
{
	struct ike_sa *sa = ike_sa_create(agent, agent->conf, conn, true);

	if (!sa)
		return NULL;
	if (!prepare(sa, child) && !ike_queue_bare(sa, &init_ops, false))
		return sa;
	ike_sa_close(sa, CLOSE_LOCAL, "could not be initiated");
	return NULL;
}
