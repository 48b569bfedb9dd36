/* SPDX-License-Identifier: Apache-2.0 */
/* Negotiation of a CHILD SA as responder, in IKE_AUTH (RFC 7296, 1.2) and CREATE_CHILD_SA (1.3.1, 1.3.3). */
#include "core/child_answer.h"
#include "core/child_common.h"
#include "core/peer.h"
#include "core/ts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What the request says. */
struct request {
	struct proposals *offered; /* owned */
	struct ike_ts_list tsi, tsr;
	bool has_ke, transport;
	struct ike_ke ke;
	struct part nonce;
};

/* What we answer. */
struct answer {
	uint16_t error;	      /* a notify, or 0 */
	uint16_t group;	      /* with INVALID_KE_PAYLOAD */
	const struct conf_child *child;
	struct suite suite;
	struct ts_set local, remote;
	enum sink_mode mode;
	struct dh *dh;
	uint8_t nonce[CHILD_NONCE_LEN];
};

static int read_request(const struct ike_chain *m, bool in_auth, struct request *r, const char **why)
{
	const struct ike_payload *sa = ike_chain_find(m, IKE_PL_SA), *tsi = ike_chain_find(m, IKE_PL_TSI), *tsr = ike_chain_find(m, IKE_PL_TSR);
	const struct ike_payload *nonce = ike_chain_find(m, IKE_PL_NONCE), *ke = ike_chain_find(m, IKE_PL_KE);
	struct ike_notify notify;
	int err;

	*why = "SA, traffic selectors or nonce are missing";
	if (!sa || !tsi || !tsr || (!nonce && !in_auth))
		return -EBADMSG;
	r->offered = malloc(sizeof(*r->offered));
	if (!r->offered)
		return -ENOMEM;
	err = ike_decode_sa(sa, r->offered, why);
	if (!err)
		err = ike_decode_ts(tsi, &r->tsi, why);
	if (!err)
		err = ike_decode_ts(tsr, &r->tsr, why);
	if (!err && !in_auth) {
		err = ike_decode_nonce(nonce, why);
		r->nonce = (struct part){ .data = nonce->body, .len = nonce->len };
	}
	if (!err && ke && !in_auth) {
		err = ike_decode_ke(ke, &r->ke, why);
		r->has_ke = true;
	}
	r->transport = ike_chain_notify(m, IKE_N_USE_TRANSPORT_MODE, &notify);
	return err;
}

static bool narrow(const struct ike_sa *sa, const struct conf_child *child, const struct request *r, struct ts_set *local, struct ts_set *remote)
{
	struct ts_set ours, theirs;

	child_selectors(sa, child, &ours, &theirs);
	local->count = ts_narrow(ours.list, ours.count, r->tsr.ts, r->tsr.count, local->list);
	remote->count = ts_narrow(theirs.list, theirs.count, r->tsi.ts, r->tsi.count, remote->list);
	return local->count && remote->count;
}

static bool holds_all(const struct ts_set *set, const struct ike_ts_list *list)
{
	for (unsigned int i = 0; i < list->count; i++) {
		bool held = false;

		for (unsigned int s = 0; s < set->count; s++)
			held |= ts_contains(&set->list[s], &list->ts[i]);
		if (!held)
			return false;
	}
	return true;
}

/* Of a rekeying, that of the old one; else the configured CHILD SA that allows all that is asked for; else the first that allows a part. */
static bool choose_child(const struct ike_sa *sa, const struct child_sa *old, const struct request *r, struct answer *a)
{
	struct ts_set local, remote;

	if (old) {
		a->child = child_followed(sa, old->child);
		return narrow(sa, a->child, r, &a->local, &a->remote);
	}
	for (size_t i = 0; i < sa->conn->child_count; i++) {
		const struct conf_child *child = sa->conn->children[i];
		bool all;

		if (conf_is_shunt(child) || !narrow(sa, child, r, &local, &remote))
			continue;
		all = holds_all(&local, &r->tsr) && holds_all(&remote, &r->tsi);
		if (a->child && !all)
			continue;
		a->child = child;
		a->local = local;
		a->remote = remote;
		if (all)
			break;
	}
	return a->child != NULL;
}

static bool keep_group(const struct transform *transform, void *arg)
{
	return transform->type != IKE_TR_KE || transform->id == *(const uint16_t *)arg;
}

static bool choose_suite(const struct ike_sa *sa, const struct request *r, bool in_auth, struct answer *a)
{
	struct proposals *ours = child_proposals(sa, a->child);
	char have[PROPOSALS_TEXT_LEN], offered[PROPOSALS_TEXT_LEN];
	bool chosen = ours && proposal_select(ours, r->offered, in_auth ? PROPOSAL_IGNORE_KE : 0, &a->suite);
	struct suite other;

	/* With the group of the KE payload, if that is possible, it saves a round trip. */
	if (chosen && r->has_ke && a->suite.ke != r->ke.method && a->suite.ke != IKE_KE_NONE) {
		for (unsigned int i = 0; i < ours->count; i++)
			proposal_filter(&ours->list[i], keep_group, (void *)&r->ke.method);
		if (proposal_select(ours, r->offered, 0, &other))
			a->suite = other;
	}
	if (!chosen)
		ike_log(sa, AGENT_ERROR, "CHILD_SA %s: no proposal in common%s; the peer offers: %s; here: %s", a->child->name, in_auth ? ", groups left out" : "",
			proposals_words(r->offered, offered), ours ? proposals_words(ours, have) : "nothing that the data plane can do");
	free(ours);
	return chosen && a->suite.spi >= SINK_SPI_MIN;
}

/* The peer may insist on what is not agreed to, and then only it knows why no CHILD SA comes up. */
static void log_declined(const struct ike_sa *sa, const struct conf_child *child)
{
	const char *why = "there is a NAT";

	if (child->mode != CONF_TRANSPORT)
		why = "its mode is tunnel here";
	else if (!sa->agent->caps.transport)
		why = "the data plane has no transport mode";
	ike_log(sa, AGENT_INFO, "the peer asks for transport mode for %s and gets tunnel mode: %s", child->name, why);
}

/* 0 or the error to answer with. */
static uint16_t decide(struct ike_sa *sa, const struct child_sa *old, const struct request *r, bool in_auth, struct answer *a)
{
	unsigned int count = 0;

	for (const struct child_sa *c = sa->children; c; c = c->next)
		count++;
	/* Those that a rekeying replaces are the peer's to delete: one that never does has twice as many. */
	if (count >= sa->agent->settings.children_max * (old ? 2u : 1u))
		return IKE_N_NO_ADDITIONAL_SAS;
	if (!old && !peer_may_have_child(sa))
		return IKE_N_NO_ADDITIONAL_SAS;
	if (!sa->agent->caps.aeads)
		return IKE_N_TEMPORARY_FAILURE;
	if (!choose_child(sa, old, r, a))
		return IKE_N_TS_UNACCEPTABLE;
	if (!choose_suite(sa, r, in_auth, a))
		return IKE_N_NO_PROPOSAL_CHOSEN;
	if (!in_auth && a->suite.ke != IKE_KE_NONE) {
		if (!r->has_ke || r->ke.method != a->suite.ke) {
			a->group = a->suite.ke;
			return IKE_N_INVALID_KE_PAYLOAD;
		}
		if (dh_new(a->suite.ke, &a->dh))
			return IKE_N_TEMPORARY_FAILURE;
	}
	if (agent_random(sa->agent, a->nonce, sizeof(a->nonce)))
		return IKE_N_TEMPORARY_FAILURE;
	a->mode = r->transport && child_transport(sa, a->child) ? SINK_TRANSPORT : SINK_TUNNEL;
	if (r->transport && a->mode == SINK_TUNNEL && !old)
		log_declined(sa, a->child);
	return 0;
}

/* 0, a notify, or negative: malformed. */
static int install(struct ike_sa *sa, struct child_sa *old, const struct request *r, bool in_auth, const struct answer *a, struct child_sa **child)
{
	struct child_agreed agreed = { .suite = &a->suite, .local = &a->local, .remote = &a->remote, .mode = a->mode,
		.spi_out = (uint32_t)a->suite.spi, .ni = r->nonce, .nr = { .data = a->nonce, .len = sizeof(a->nonce) }, .dh = a->dh, .replaces_id = old ? old->id : 0 };
	int err;

	if (in_auth) {
		agreed.ni = (struct part){ .data = sa->nonces->i, .len = sa->nonces->i_len };
		agreed.nr = (struct part){ .data = sa->nonces->r, .len = sa->nonces->r_len };
	}
	if (a->dh)
		agreed.peer_public = (struct part){ .data = r->ke.data, .len = r->ke.len };
	err = child_get_spi(sa, &agreed.spi_in);
	if (!err) {
		/* Replacing one, the peer is not ready for the new before it deletes the old (RFC 7296, 2.8). */
		err = child_make(sa, a->child, &agreed, !old || !old->has_out, child);
		if (err)
			child_put_spi(sa, agreed.spi_in);
	}
	if (err == -EBADMSG)
		return err;
	return err ? err == -ENOSPC ? IKE_N_NO_ADDITIONAL_SAS : IKE_N_TEMPORARY_FAILURE : 0;
}

static void put_answer(const struct ike_sa *sa, const struct child_sa *child, const struct answer *a, bool in_auth, struct ike_builder *reply)
{
	struct proposal proposal;

	proposal_from_suite(&a->suite, 4, child->spi_in, &proposal);
	if (a->mode == SINK_TRANSPORT)
		ike_build_notify(reply, IKE_N_USE_TRANSPORT_MODE, NULL, 0);
	if (!sa->agent->caps.tfc_padding)
		ike_build_notify(reply, IKE_N_ESP_TFC_PADDING_NOT_SUPPORTED, NULL, 0);
	ike_build_sa_answer(reply, &proposal);
	if (!in_auth)
		ike_build_nonce(reply, a->nonce, sizeof(a->nonce));
	if (a->dh)
		ike_build_ke(reply, dh_group(a->dh), dh_public(a->dh), dh_public_len(dh_group(a->dh)));
	ike_build_ts(reply, IKE_PL_TSI, child->remote, child->remote_count);
	ike_build_ts(reply, IKE_PL_TSR, child->local, child->local_count);
}

static void put_error(const struct ike_sa *sa, uint16_t error, uint16_t group, struct ike_builder *reply)
{
	uint8_t data[2] = { (uint8_t)(group >> 8), (uint8_t)group };

	ike_log(sa, error == IKE_N_INVALID_KE_PAYLOAD ? AGENT_INFO : AGENT_ERROR, "a CHILD_SA is refused: %s", ike_name(IKE_NAMES_NOTIFY, error));
	ike_build_notify(reply, error, data, error == IKE_N_INVALID_KE_PAYLOAD ? sizeof(data) : 0);
}

int child_answer(struct ike_sa *sa, const struct ike_chain *m, struct child_sa *old, bool in_auth, struct ike_builder *reply, struct child_sa **child)
{
	struct request request = { 0 };
	struct answer answer = { 0 };
	struct ike_notify notify;
	const char *why;
	int err;

	*child = NULL;
	err = read_request(m, in_auth, &request, &why);
	if (err) {
		ike_log(sa, AGENT_ERROR, "request for a CHILD_SA: %s", why);
		goto out;
	}
	ike_log_limits(sa, request.offered);
	sa->peer_no_tfc |= ike_chain_notify(m, IKE_N_ESP_TFC_PADDING_NOT_SUPPORTED, &notify);
	answer.error = decide(sa, old, &request, in_auth, &answer);
	if (!answer.error) {
		err = install(sa, old, &request, in_auth, &answer, child);
		if (err < 0)
			goto out;
		answer.error = (uint16_t)err;
		err = 0;
	}
	if (answer.error)
		put_error(sa, answer.error, answer.group, reply);
	else
		put_answer(sa, *child, &answer, in_auth, reply);
out:
	free(request.offered);
	dh_free(answer.dh);
	return err;
}
