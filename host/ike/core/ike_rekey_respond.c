/* SPDX-License-Identifier: Apache-2.0 */
/* Rekeying of the IKE SA as responder (RFC 7296, 1.3.2, 2.18, 2.25.2). */
#include "core/child_delete.h"
#include "core/create_child.h"
#include "core/ike_rekey.h"
#include "core/ike_sa.h"
#include "core/refuse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#define PREDECESSORS_MAX 16u /* old SAs of one peer that still wait, for their delete or for its repetition */

struct rekey_request {
	struct suite suite;
	struct ike_ke ke;
	struct nonces nonces; /* the peer's is i */
};

/* 0, a notify, or negative: malformed. */
static int read_request(const struct ike_sa *sa, const struct ike_chain *m, struct rekey_request *r)
{
	struct proposals *offered = NULL, *ours = NULL;
	const char *why;
	int err = ike_rekey_read_proposals(m, &offered, &why);

	if (!err)
		ike_log_limits(sa, offered);
	if (!err)
		err = ike_rekey_read_exchange(m, r->nonces.i, &r->nonces.i_len, &r->ke, &why);
	if (err) {
		ike_log(sa, AGENT_ERROR, "request to rekey the IKE_SA: %s", why);
	} else {
		ours = ike_proposals(sa->conn);
		if (!ours || !proposal_select(ours, offered, 0, &r->suite) || !r->suite.spi)
			err = IKE_N_NO_PROPOSAL_CHOSEN;
		else if (r->ke.method != r->suite.ke)
			err = IKE_N_INVALID_KE_PAYLOAD;
	}
	free(offered);
	free(ours);
	return err;
}

static int make_candidate(struct ike_sa *sa, struct rekey_request *r, struct dh *dh, struct ike_sa **made)
{
	struct ike_sa *new = ike_sa_create(sa->agent, sa->conf, sa->conn, false);
	int err;

	if (!new)
		return -ENOMEM;
	r->nonces.r_len = REKEY_NONCE_LEN;
	err = agent_random(sa->agent, r->nonces.r, REKEY_NONCE_LEN);
	if (!err)
		err = ike_rekey_take_keys(new, sa, dh, &r->suite, &r->ke, &r->nonces);
	if (err)
		ike_sa_close(new, CLOSE_REPLACED, NULL);
	else
		*made = new;
	return err;
}

static void put_answer(const struct ike_sa *new, const struct rekey_request *r, const struct dh *dh, struct ike_builder *reply)
{
	struct proposal proposal;

	proposal_from_suite(&r->suite, 8, new->spi_r, &proposal);
	ike_build_sa_answer(reply, &proposal);
	ike_build_nonce(reply, r->nonces.r, r->nonces.r_len);
	ike_build_ke(reply, dh_group(dh), dh_public(dh), dh_public_len(dh_group(dh)));
}

static void refuse_group(struct ike_builder *reply, uint16_t group)
{
	uint8_t data[2] = { (uint8_t)(group >> 8), (uint8_t)group };

	ike_build_notify(reply, IKE_N_INVALID_KE_PAYLOAD, data, sizeof(data));
}

static int answer(struct ike_sa *sa, struct rekey_request *r, struct ike_builder *reply)
{
	struct ike_sa *new = NULL;
	struct dh *dh;
	const uint8_t *least;
	int err = dh_new(r->suite.ke, &dh);

	if (err)
		return refuse_with(sa, reply, IKE_N_TEMPORARY_FAILURE);
	err = make_candidate(sa, r, dh, &new);
	if (err) {
		dh_free(dh);
		return err == -EBADMSG ? refuse_malformed(sa, reply) : refuse_with(sa, reply, IKE_N_TEMPORARY_FAILURE);
	}
	put_answer(new, r, dh, reply);
	dh_free(dh);
	if (!sa->rekeying) {
		ike_take_over(sa, new);
		return 0;
	}
	sa->successor = new;
	least = ike_rekey_least_nonce(&r->nonces, &sa->rekeying->peer_min_len);
	memcpy(sa->rekeying->peer_min, least, sa->rekeying->peer_min_len);
	return 0;
}

/* A peer that rekeys again and again, and deletes nothing, has to wait. */
static bool too_often(const struct ike_sa *sa)
{
	unsigned int count = 0;

	while (sa->predecessor && count < PREDECESSORS_MAX) {
		const struct hash_node *node = hash_find(&sa->agent->by_spi, sa->predecessor);

		if (!node)
			break;
		sa = hash_entry(node, const struct ike_sa, by_spi);
		count++;
	}
	return count == PREDECESSORS_MAX;
}

int ike_rekey_request(struct ike_sa *sa, const struct ike_message *m, struct ike_builder *reply)
{
	struct rekey_request request = { 0 };
	int err;

	if (sa->state != IKE_ESTABLISHED || sa->successor || create_child_under_way(sa) || child_delete_under_way(sa) || too_often(sa))
		return refuse_with(sa, reply, IKE_N_TEMPORARY_FAILURE);
	err = read_request(sa, &m->chain, &request);
	if (err < 0) {
		err = refuse_malformed(sa, reply);
	} else if (err == IKE_N_INVALID_KE_PAYLOAD) {
		refuse_group(reply, request.suite.ke);
		err = 0;
	} else {
		err = err ? refuse_with(sa, reply, (uint16_t)err) : answer(sa, &request, reply);
	}
	OPENSSL_cleanse(&request.nonces, sizeof(request.nonces));
	return err;
}
