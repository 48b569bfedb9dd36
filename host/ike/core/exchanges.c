/* SPDX-License-Identifier: Apache-2.0 */
/* Which exchanges a peer may begin, and when (RFC 7296, 1.2 to 1.5; of IKE_SA_INIT there is no SA yet: init_respond.c). */
#include "core/exchanges.h"
#include "core/auth_exchange.h"
#include "core/create_child.h"
#include "core/ike_rekey.h"
#include "core/informational.h"
#include "core/refuse.h"

#define IN(state) (1u << (state))
/* Both sides have shown who they are. What a rekeying made is not in use before the rekeying is over: IKE_CONNECTING, nothing may be asked of it. */
#define AUTHENTICATED (IN(IKE_ESTABLISHED) | IN(IKE_REKEYED) | IN(IKE_DELETING))

static bool is_ike_rekey(const struct ike_payload *sa)
{
	const unsigned int protocol_at = 5; /* of the first proposal (RFC 7296, 3.3.1) */

	return sa->len > protocol_at && sa->body[protocol_at] == IKE_PROTO_IKE;
}

/* One exchange for three things: a CHILD SA, new or rekeyed, and the IKE SA rekeyed. */
static int create_child_sa_request(struct ike_sa *sa, const struct ike_message *m, struct ike_builder *reply)
{
	const struct ike_payload *payload = ike_chain_find(&m->chain, IKE_PL_SA);

	if (!payload)
		return refuse_malformed(sa, reply);
	return is_ike_rekey(payload) ? ike_rekey_request(sa, m, reply) : create_child_request(sa, m, reply);
}

/*
 * Of what extension it may be: nothing of it was negotiated. It has its answer, or the peer would ask again until it takes us for dead. Not
 * INVALID_SYNTAX, at which peers drop the IKE SA (2.21.3).
 */
static int unknown_request(struct ike_sa *sa, const struct ike_message *m, struct ike_builder *reply)
{
	(void)m;
	ike_log(sa, AGENT_INFO, "request answered with %s", ike_name(IKE_NAMES_NOTIFY, IKE_N_STATE_NOT_FOUND));
	ike_build_notify(reply, IKE_N_STATE_NOT_FOUND, NULL, 0);
	return 0;
}

static const struct exchange_rule rules[] = {
	{ IKE_SA_INIT, 0, NULL },
	{ IKE_AUTH, IN(IKE_CONNECTING), auth_request },
	{ IKE_CREATE_CHILD_SA, AUTHENTICATED, create_child_sa_request },
	{ IKE_INFORMATIONAL, AUTHENTICATED, informational_request },
};

static const struct exchange_rule unknown = { 0, AUTHENTICATED, unknown_request };

const struct exchange_rule *exchange_rule(const struct ike_sa *sa, uint8_t type)
{
	const struct exchange_rule *rule = &unknown;

	for (unsigned int i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].type == type)
			rule = &rules[i];
	if (!(rule->states & IN(sa->state)))
		return NULL;
	/* Only a responder is asked to authenticate, and once. */
	if (sa->state == IKE_CONNECTING && (sa->initiator || !sa->handshake))
		return NULL;
	return rule;
}
