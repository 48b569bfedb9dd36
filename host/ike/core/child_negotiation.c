/* SPDX-License-Identifier: Apache-2.0 */
/* Negotiation of a CHILD SA as initiator, in IKE_AUTH (RFC 7296, 1.2) and CREATE_CHILD_SA (1.3.1, 1.3.3). */
#include "core/child_negotiation.h"
#include "core/child_common.h"
#include "core/child_delete.h"
#include "core/child_life.h"
#include "core/nonce.h"
#include "core/ts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define GROUPS_TRIED_MAX 2u /* INVALID_KE_PAYLOAD, again and again, is no answer */

struct child_negotiation {
	struct ike_sa *sa;
	struct conf *conf; /* a reference */
	const struct conf_child *child;
	uint32_t old_id;
	uint32_t old_spi_in;
	bool in_auth, transport;
	bool has_pair;	   /* the first selectors are those that count: of the packet, or the only ones of the CHILD SA that is rekeyed */
	uint32_t spi;	   /* ours; 0: none, or it belongs to the CHILD SA now */
	uint32_t sink_losses;
	uint8_t nonce[CHILD_NONCE_LEN];
	struct dh *dh;
	unsigned int groups_tried;
	struct proposals *offered;
	struct ts_offer {
		unsigned int count;
		struct ts list[2 * SINK_TS_MAX];
	} local, remote;
};

/* The IKE SA's own group is the one that the peer is known to have; but none, if that is preferred. */
static uint16_t first_group(const struct child_negotiation *n)
{
	uint16_t first = proposals_first_ke(n->offered), of_ike = n->sa->suite.ke;

	return first != IKE_KE_NONE && proposals_have_ke(n->offered, of_ike) ? of_ike : first;
}

static int choose_group(struct child_negotiation *n, uint16_t group)
{
	dh_free(n->dh);
	n->dh = NULL;
	if (n->in_auth || group == IKE_KE_NONE)
		return 0;
	return dh_new(group, &n->dh);
}

/* Of one side, for a packet: its addresses, with the protocol and ports of the selector that holds it; then that one, or all. */
static bool offer_packet(const struct ts *packet, bool alone, const struct ts_set *ours, struct ts_offer *offer)
{
	struct ts host = { .lo = packet->lo, .hi = packet->hi, .port_hi = 65535 }, first;

	for (unsigned int i = 0; i < ours->count; i++)
		if (ts_contains(&ours->list[i], packet) && ts_intersect(&ours->list[i], &host, &first)) {
			offer->count = ts_offer(&first, 1, alone ? &ours->list[i] : ours->list, alone ? 1 : ours->count, offer->list);
			return true;
		}
	return false;
}

static bool is_host(const struct ts *ts)
{
	return ip_equal(&ts->lo, &ts->hi);
}

/* One pair of addresses and nothing else. False: that is what was offered, or there is none that counts more than others. */
static bool offer_pair(struct child_negotiation *n)
{
	if (!n->has_pair || (n->local.count == 1 && n->remote.count == 1) || !is_host(&n->local.list[0]) || !is_host(&n->remote.list[0]))
		return false;
	n->local.count = n->remote.count = 1;
	return true;
}

/* First what a peer that narrows is to take: the selectors of the SA that is rekeyed, or the packet that wants out (RFC 7296, 2.9). */
static void choose_selectors(struct child_negotiation *n, const struct child_sa *old, const struct child_packet *packet)
{
	struct ts_set local, remote;

	child_selectors(n->sa, n->child, &local, &remote);
	n->has_pair = !old && packet && packet->reqid && offer_packet(&packet->local, packet->alone, &local, &n->local)
		      && offer_packet(&packet->remote, packet->alone, &remote, &n->remote);
	if (!n->has_pair) {
		n->local.count = ts_offer(old ? old->local : NULL, old ? old->local_count : 0, local.list, local.count, n->local.list);
		n->remote.count = ts_offer(old ? old->remote : NULL, old ? old->remote_count : 0, remote.list, remote.count, n->remote.list);
		n->has_pair = old && old->local_count == 1 && old->remote_count == 1;
	}
	if (n->sa->peer_pairs)
		offer_pair(n);
}

static int prepare(struct child_negotiation *n, const struct child_sa *old, const struct child_packet *packet)
{
	struct ike_sa *sa = n->sa;
	int err;

	n->offered = child_proposals(sa, n->child);
	choose_selectors(n, old, packet);
	if (!n->offered || !n->local.count || !n->remote.count) {
		if (agent_has_data_plane(sa->agent))
			ike_log(sa, AGENT_ERROR, "%s: the data plane can do none of its %s", n->child->name, n->offered ? "selectors" : "proposals");
		else
			ike_log(sa, AGENT_ERROR, "%s: there is no data plane", n->child->name);
		return -ENOTSUP;
	}
	err = agent_random(sa->agent, n->nonce, sizeof(n->nonce));
	if (!err)
		err = choose_group(n, first_group(n));
	if (!err)
		err = child_get_spi(sa, &n->spi);
	if (err)
		return err;
	for (unsigned int i = 0; i < n->offered->count; i++) {
		n->offered->list[i].spi_len = 4;
		n->offered->list[i].spi = n->spi;
	}
	return 0;
}

int child_negotiation_begin(struct ike_sa *sa, const struct conf_child *child, struct child_sa *old, bool in_auth, const struct child_packet *packet,
			    struct child_negotiation **n)
{
	struct child_negotiation *made = calloc(1, sizeof(*made));
	int err;

	*n = NULL;
	if (!made)
		return -ENOMEM;
	made->sa = sa;
	made->child = child;
	made->conf = conf_ref(child->connection->conf);
	made->in_auth = in_auth;
	made->transport = child_transport(sa, child);
	made->sink_losses = sa->agent->sink_losses;
	if (old) {
		made->old_id = old->id;
		made->old_spi_in = old->spi_in;
	}
	err = prepare(made, old, packet);
	if (err)
		child_negotiation_free(made);
	else
		*n = made;
	return err;
}

void child_negotiation_free(struct child_negotiation *n)
{
	if (!n)
		return;
	if (n->spi && n->sink_losses == n->sa->agent->sink_losses)
		child_put_spi(n->sa, n->spi);
	dh_free(n->dh);
	free(n->offered);
	conf_free(n->conf);
	free(n);
}

int child_put_request(struct child_negotiation *n, struct ike_builder *b)
{
	if (n->old_id)
		ike_build_notify_spi(b, IKE_N_REKEY_SA, IKE_PROTO_ESP, n->old_spi_in, NULL, 0);
	if (n->transport)
		ike_build_notify(b, IKE_N_USE_TRANSPORT_MODE, NULL, 0);
	if (!n->sa->agent->caps.tfc_padding)
		ike_build_notify(b, IKE_N_ESP_TFC_PADDING_NOT_SUPPORTED, NULL, 0);
	ike_build_sa(b, n->offered, n->in_auth ? PROPOSAL_IGNORE_KE : 0);
	if (!n->in_auth)
		ike_build_nonce(b, n->nonce, sizeof(n->nonce));
	if (n->dh)
		ike_build_ke(b, dh_group(n->dh), dh_public(n->dh), dh_public_len(dh_group(n->dh)));
	ike_build_ts(b, IKE_PL_TSI, n->local.list, n->local.count);
	ike_build_ts(b, IKE_PL_TSR, n->remote.list, n->remote.count);
	return 0;
}

/* ---- the response ------------------------------------------------------------------------------------------------------------ */

static int refuse(struct child_negotiation *n, int err, const char *why)
{
	ike_log(n->sa, AGENT_ERROR, "CHILD_SA %s: the peer's answer is refused: %s", n->child->name, why);
	return err;
}

/* INVALID_KE_PAYLOAD: with which group it should be. */
static int other_group(struct child_negotiation *n, const struct ike_notify *notify)
{
	uint16_t group;

	if (notify->len != 2 || n->in_auth)
		return refuse(n, -EBADMSG, "INVALID_KE_PAYLOAD without a group");
	group = (uint16_t)(notify->data[0] << 8 | notify->data[1]);
	if (!proposals_have_ke(n->offered, group) || (n->dh && dh_group(n->dh) == group) || ++n->groups_tried > GROUPS_TRIED_MAX)
		return refuse(n, -EBADMSG, "INVALID_KE_PAYLOAD with a group that cannot be");
	ike_log(n->sa, AGENT_INFO, "CHILD_SA %s: the peer wants %s", n->child->name, ike_name(IKE_NAMES_KE, group));
	return choose_group(n, group) ? -EIO : -EAGAIN;
}

static void say_offered(const struct child_negotiation *n)
{
	bool no_group = !n->in_auth && proposals_first_ke(n->offered) == IKE_KE_NONE;
	char offered[PROPOSALS_TEXT_LEN];

	ike_log(n->sa, AGENT_ERROR, "CHILD_SA %s: the peer refuses it: NO_PROPOSAL_CHOSEN; %s: %s%s", n->child->name,
		n->in_auth ? "offered, groups left out" : "offered", proposals_words(n->offered, offered),
		no_group ? "; a peer that insists on PFS wants a Diffie-Hellman group in esp_proposals" : "");
}

/* The peer wants an SA for each pair of addresses (RFC 7296, 2.9): that of the packet is asked for; and from then on at once. */
static int single_pair(struct child_negotiation *n)
{
	n->sa->peer_pairs = true;
	if (!offer_pair(n)) {
		ike_log(n->sa, AGENT_ERROR, "CHILD_SA %s: the peer refuses it: SINGLE_PAIR_REQUIRED; %s", n->child->name,
			n->has_pair ? "a pair was asked for" : "it has one SA a pair of addresses, which packets ask for: start_action = trap");
		return -ECONNREFUSED;
	}
	ike_log(n->sa, AGENT_INFO, "CHILD_SA %s: the peer wants a single pair of addresses", n->child->name);
	return -EAGAIN;
}

static int take_error(struct child_negotiation *n, const struct ike_notify *error, uint16_t *notify)
{
	char name[IKE_NAME_LEN];

	*notify = error->type;
	if (error->type == IKE_N_INVALID_KE_PAYLOAD)
		return other_group(n, error);
	if (error->type == IKE_N_SINGLE_PAIR_REQUIRED)
		return single_pair(n);
	if (error->type == IKE_N_NO_PROPOSAL_CHOSEN)
		say_offered(n);
	else
		ike_log(n->sa, error->type == IKE_N_TEMPORARY_FAILURE ? AGENT_INFO : AGENT_ERROR, "CHILD_SA %s: the peer refuses it: %s", n->child->name,
			ike_print_name(IKE_NAMES_NOTIFY, error->type, name));
	return -ECONNREFUSED;
}

static int take_suite(struct child_negotiation *n, const struct ike_chain *m, struct suite *suite, const char **why)
{
	const struct ike_payload *payload = ike_chain_find(m, IKE_PL_SA);
	struct proposals *answer;
	int err;

	*why = "no SA payload";
	if (!payload)
		return -EBADMSG;
	answer = malloc(sizeof(*answer));
	if (!answer)
		return -ENOMEM;
	err = ike_decode_sa(payload, answer, why);
	if (!err)
		err = proposal_check_answer(n->offered, answer, n->in_auth ? PROPOSAL_IGNORE_KE : 0, suite, why);
	free(answer);
	if (!err && suite->spi < SINK_SPI_MIN) {
		*why = "a reserved SPI";
		err = -EBADMSG;
	}
	return err;
}

static int take_key_exchange(struct child_negotiation *n, const struct ike_chain *m, const struct suite *suite, struct child_agreed *a,
			     const char **why)
{
	const struct ike_payload *payload = ike_chain_find(m, IKE_PL_KE);
	struct ike_ke ke;
	int err;

	if (n->in_auth || suite->ke == IKE_KE_NONE)
		return 0;
	*why = "no KE payload, or of another group";
	if (!payload || !n->dh || dh_group(n->dh) != suite->ke)
		return -EBADMSG;
	err = ike_decode_ke(payload, &ke, why);
	if (!err && ke.method != suite->ke)
		err = -EBADMSG;
	a->dh = n->dh;
	a->peer_public = (struct part){ .data = ke.data, .len = ke.len };
	return err;
}

static int take_nonces(struct child_negotiation *n, const struct ike_chain *m, struct child_agreed *a, const char **why)
{
	const struct ike_payload *payload = ike_chain_find(m, IKE_PL_NONCE);

	if (n->in_auth) {
		a->ni = (struct part){ .data = n->sa->nonces->i, .len = n->sa->nonces->i_len };
		a->nr = (struct part){ .data = n->sa->nonces->r, .len = n->sa->nonces->r_len };
		return 0;
	}
	*why = "no nonce";
	if (!payload)
		return -EBADMSG;
	a->ni = (struct part){ .data = n->nonce, .len = sizeof(n->nonce) };
	a->nr = (struct part){ .data = payload->body, .len = payload->len };
	return ike_decode_nonce(payload, why);
}

/* The peer may narrow what we offered, and do nothing else to it (RFC 7296, 2.9). */
static int take_selectors(const struct ike_chain *m, uint8_t type, const struct ts_offer *offered, struct ts_set *set, const char **why)
{
	const struct ike_payload *payload = ike_chain_find(m, type);
	struct ike_ts_list list;
	int err;

	*why = "no traffic selectors";
	if (!payload)
		return -EBADMSG;
	err = ike_decode_ts(payload, &list, why);
	if (err)
		return err;
	*why = "traffic selectors beyond those offered";
	for (unsigned int i = 0; i < list.count; i++) {
		bool inside = false;

		for (unsigned int o = 0; o < offered->count; o++)
			inside |= ts_contains(&offered->list[o], &list.ts[i]);
		if (!inside)
			return -EBADMSG;
	}
	set->count = ts_narrow(offered->list, offered->count, list.ts, list.count, set->list);
	return set->count ? 0 : -EBADMSG;
}

/* The peer's SA that rekeys the same: it is there, and its exchange has no nonce as small as the smallest of ours (RFC 7296, 2.8.1). */
static bool lost_collision(const struct child_negotiation *n, const struct child_agreed *a, struct child_sa **winner)
{
	const struct part *least = nonce_compare(a->ni.data, a->ni.len, a->nr.data, a->nr.len) <= 0 ? &a->ni : &a->nr;

	for (struct child_sa *c = n->old_id ? n->sa->children : NULL; c; c = c->next)
		if (c->replaces_id == n->old_id && !c->initiator) {
			*winner = c;
			return nonce_compare(least->data, least->len, c->nonce_min, c->nonce_min_len) < 0;
		}
	return false;
}

static int install(struct child_negotiation *n, const struct child_agreed *a, struct child_sa **child)
{
	struct child_sa *other = NULL;
	bool lost = lost_collision(n, a, &other);
	int err;

	if (n->sink_losses != n->sa->agent->sink_losses) {
		n->spi = 0;
		return -ENODEV;
	}
	err = child_make(n->sa, n->child, a, !lost, child);
	if (err)
		return err;
	n->spi = 0;
	(*child)->redundant = lost;
	if (other && !lost) {
		other->redundant = true;
		child_no_rekey(other);
	}
	return 0;
}

int child_take_response(struct child_negotiation *n, const struct ike_chain *m, struct child_sa **child, uint16_t *notify)
{
	struct child_agreed a = { .initiator = true, .spi_in = n->spi, .replaces_id = n->old_id };
	struct ts_set local, remote;
	struct ike_notify found;
	struct suite suite;
	const char *why = "";
	int err;

	*child = NULL;
	*notify = 0;
	if (ike_chain_error(m, &found))
		return take_error(n, &found, notify);
	err = take_suite(n, m, &suite, &why);
	if (!err)
		err = take_key_exchange(n, m, &suite, &a, &why);
	if (!err)
		err = take_nonces(n, m, &a, &why);
	if (!err)
		err = take_selectors(m, IKE_PL_TSI, &n->local, &local, &why);
	if (!err)
		err = take_selectors(m, IKE_PL_TSR, &n->remote, &remote, &why);
	if (!err && ike_chain_notify(m, IKE_N_USE_TRANSPORT_MODE, &found)) {
		a.mode = SINK_TRANSPORT;
		why = "transport mode, which we did not ask for";
		err = n->transport ? 0 : -EBADMSG;
	}
	if (!err) {
		n->sa->peer_no_tfc |= ike_chain_notify(m, IKE_N_ESP_TFC_PADDING_NOT_SUPPORTED, &found);
		a.suite = &suite;
		a.spi_out = (uint32_t)suite.spi;
		a.local = &local;
		a.remote = &remote;
		why = "it could not be installed";
		err = install(n, &a, child);
	}
	if (!err)
		return 0;
	/* The peer has it all the same. */
	child_delete_spi(n->sa, a.spi_in);
	return refuse(n, err, why);
}
