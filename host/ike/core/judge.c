/* SPDX-License-Identifier: Apache-2.0 */
/* What a configuration asks for and does not get: said when it is loaded, not when a peer comes. */
#include "core/judge.h"
#include "core/aead.h"
#include "core/credentials.h"
#include "core/state.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

/* Where a remark belongs to. */
struct judged {
	const struct agent *agent;
	const struct sink_caps *caps;
	const struct credentials *credentials;
	unsigned int remarks;
};

__attribute__((format(printf, 3, 4))) static void say(struct judged *j, const struct conf_where *where, const char *format, ...)
{
	char text[AGENT_ERROR_LEN];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	agent_log(j->agent, AGENT_ERROR, "%s:%u: %s", where->file, where->line, text);
	j->remarks++;
}

/* ---- children ---------------------------------------------------------------------------------------------------------------- */

static const char *text_of(const struct conf *conf, const struct proposals *list)
{
	for (size_t i = 0; i < conf->proposals_count; i++)
		if (&conf->proposals[i]->list == list)
			return conf->proposals[i]->text;
	return "";
}

static void lacks(struct judged *j, const struct conf_child *child, const struct proposal *proposal)
{
	struct proposal left = { 0 }, could = *proposal;
	char words[PROPOSAL_TEXT_LEN];

	for (unsigned int i = 0; i < proposal->count; i++)
		if (!child_can_do(&proposal->transforms[i], (void *)j->caps))
			left.transforms[left.count++] = proposal->transforms[i];
	if (!left.count)
		return;
	proposal_filter(&could, child_can_do, (void *)j->caps);
	say(j, &child->where, "child %.64s: the data plane has no %.128s%s", child->name, proposal_words(&left, words),
	    could.unusable ? ", and nothing of that proposal is left to offer" : "; it is not offered");
}

static void judge_proposals(struct judged *j, const struct conf_child *child)
{
	struct proposal could;
	bool any = false;

	for (unsigned int i = 0; i < child->esp_proposals->count; i++) {
		could = child->esp_proposals->list[i];
		proposal_filter(&could, child_can_do, (void *)j->caps);
		any |= !could.unusable;
	}
	/* The default names what not every data plane has, for those that have it. */
	for (unsigned int i = 0; i < child->esp_proposals->count && strcasecmp(text_of(child->connection->conf, child->esp_proposals), "default"); i++)
		lacks(j, child, &child->esp_proposals->list[i]);
	if (!any)
		say(j, &child->where, "child %.64s can never come up: no ESP proposal is left", child->name);
}

static void judge_selectors(struct judged *j, const struct conf_child *child, const char *key, const struct conf_selectors *selectors)
{
	char text[TS_TEXT_LEN];
	size_t left = selectors->count;

	for (size_t i = 0; i < selectors->count; i++) {
		uint8_t family = selectors->items[i].ts.lo.family;

		if ((family != 4 || j->caps->inner_v4) && (family != 6 || j->caps->inner_v6))
			continue;
		say(j, &child->where, "child %.64s: %s = %s: the data plane carries no IPv%u, it is left out", child->name, key,
		    ts_print(&selectors->items[i].ts, text), family);
		left--;
	}
	if (!left)
		say(j, &child->where, "child %.64s %s: nothing of %s is left", child->name, conf_is_shunt(child) ? "does nothing" : "can never come up", key);
}

static void judge_child(struct judged *j, const struct conf_child *child)
{
	bool calls = (child->start_action | child->close_action | child->dpd_action) != 0;

	judge_selectors(j, child, "local_ts", &child->local_ts);
	judge_selectors(j, child, "remote_ts", &child->remote_ts);
	if (conf_is_shunt(child) && !(child->start_action & CONF_ACTION_TRAP))
		say(j, &child->where, "child %.64s does nothing: mode = %s is put in force by start_action = trap alone", child->name,
		    child->mode == CONF_PASS ? "pass" : "drop");
	if (conf_is_shunt(child))
		return;
	judge_proposals(j, child);
	if (child->mode == CONF_TRANSPORT && !j->caps->transport)
		say(j, &child->where, "child %.64s: the data plane has no transport mode: it will be tunnel mode", child->name);
	if (child->replay_window > j->caps->max_window)
		say(j, &child->where, "child %.64s: replay_window = %u: the data plane has %u", child->name, child->replay_window, j->caps->max_window);
	if (calls && !conf_single_address(&child->connection->remote_addrs))
		say(j, &child->where, "child %.64s: nothing can be begun from here, remote_addrs has no single address", child->name);
}

/* ---- authentication ---------------------------------------------------------------------------------------------------------- */

static uint32_t schemes_of(const struct cert *cert)
{
	switch (cert_key_kind(cert)) {
	case CERT_KEY_RSA:
		return AUTH_RSA_PKCS1 | AUTH_RSA_PSS;
	case CERT_KEY_ECDSA:
		return AUTH_ECDSA;
	case CERT_KEY_ED25519:
		return AUTH_ED25519;
	case CERT_KEY_OTHER:
		break;
	}
	return 0;
}

static void judge_local(struct judged *j, const struct conn_credentials *cc)
{
	const struct conf_connection *conn = cc->conn;
	unsigned int can = 0;

	for (unsigned int i = 0; i < cc->cert_count; i++)
		can += !cc->local_schemes || schemes_of(cc->certs[i].chain.certs[0]) & cc->local_schemes;
	if (conn->local.method == CONF_AUTH_PUBKEY && !can)
		say(j, &conn->local.where, "connection %.64s: none of its private keys makes the signatures that auth asks for", conn->name);
}

static void judge_remote(struct judged *j, const struct conn_credentials *cc)
{
	const struct conf_connection *conn = cc->conn;
	bool psk = conn->remote.method == CONF_AUTH_PSK || conn->local.method == CONF_AUTH_PSK;
	char local[IDENTITY_TEXT_LEN], remote[IDENTITY_TEXT_LEN];
	uint8_t request[CERT_REQUEST_HASH_LEN];

	if (psk && identity_is_single(&cc->local_id) && identity_is_single(&cc->remote_id) && !credentials_psk(j->credentials, &cc->local_id, &cc->remote_id))
		say(j, &conn->where, "connection %.64s: no secret is for %.128s and %.128s", conn->name, identity_print(&cc->local_id, local),
		    identity_print(&cc->remote_id, remote));
	if (conn->remote.method == CONF_AUTH_PUBKEY && !cc->remote_cert_count && !trust_request(credentials_trust(j->credentials), request, sizeof(request)))
		say(j, &conn->remote.where, "connection %.64s: there is no CA and no certificate of the peer, so nobody can be authenticated", conn->name);
	if (!identity_is_any(&cc->ppk_id) && !credentials_ppk(j->credentials, cc->ppk_id.data, cc->ppk_id.len))
		say(j, &conn->where, "connection %.64s: no ppk secret has the id %.128s", conn->name, conn->ppk_id);
}

/* ---- all of it ---------------------------------------------------------------------------------------------------------------- */

unsigned int judge(const struct agent *agent, const struct sink_caps *caps, const struct conf *conf, const struct credentials *credentials)
{
	struct judged j = { .agent = agent, .caps = caps, .credentials = credentials };

	for (size_t i = 0; i < conf->connection_count; i++) {
		const struct conf_connection *conn = conf->connections[i];
		const struct conn_credentials *cc = credentials_of(credentials, conn);

		if (cc && conf_negotiates(conn)) {
			judge_local(&j, cc);
			judge_remote(&j, cc);
		}
		for (size_t k = 0; k < conn->child_count; k++)
			judge_child(&j, conn->children[k]);
	}
	return j.remarks;
}

int agent_check(const char *path, const struct sink_caps *caps, agent_log_line log, void *ctx, char *error)
{
	struct agent agent = { .env = { .ctx = ctx, .log = log } };
	struct credentials *credentials;
	struct conf *conf = conf_load(path, error);
	int ret;

	if (!conf)
		return -EINVAL;
	ret = credentials_load(&agent, conf, &credentials, error);
	if (!ret) {
		ret = (int)judge(&agent, caps, conf, credentials);
		credentials_free(credentials);
	}
	conf_free(conf);
	return ret;
}
