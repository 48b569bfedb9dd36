/* SPDX-License-Identifier: Apache-2.0 */
/* INFORMATIONAL requests (RFC 7296, 1.4): deletes of IKE and CHILD SAs, errors, and the empty one that asks whether we live. */
#include "core/informational.h"
#include "core/child_delete.h"
#include "core/child_sa.h"
#include "core/create_child.h"
#include "core/ike_rekey.h"
#include "core/refuse.h"
#include "core/retry.h"

#include <errno.h>
#include <stdlib.h>

struct deletes {
	unsigned int count;
	uint32_t *spis; /* ours; room for an answer to each that the message names */
};

static int deletes_begin(const struct ike_chain *m, struct deletes *deleted)
{
	size_t room = 1;

	for (const struct ike_payload *p = ike_chain_find(m, IKE_PL_DELETE); p; p = ike_chain_next(m, IKE_PL_DELETE, p))
		room += p->len / sizeof(*deleted->spis);
	*deleted = (struct deletes){ .spis = malloc(room * sizeof(*deleted->spis)) };
	return deleted->spis ? 0 : -ENOMEM;
}

/* The peer wants it no more; and the configuration? */
static void closed_by_peer(struct ike_sa *sa, struct child_sa *child)
{
	const struct conf_child *conf = child->child;
	struct conf *holder = conf_ref(child->conf);
	uint64_t lived = ike_now(sa) - child->installed_ms;

	ike_log(sa, AGENT_INFO, "CHILD_SA %s{%u} deleted by the peer", conf->name, child->id);
	child_destroy(child, CLOSE_PEER);
	if (conf->close_action & CONF_ACTION_START)
		retry_ended(sa->agent, conf, lived);
	conf_free(holder);
}

static void delete_child(struct ike_sa *sa, uint32_t spi_out, struct deletes *deleted)
{
	struct child_sa *child = child_by_spi(sa, spi_out, false);

	if (!child) {
		create_child_early_delete(sa, spi_out);
		return;
	}
	/* Both sides delete it at once: each names it in its own request alone (RFC 7296, 1.4.1). */
	if (child->state == CHILD_RETIRED || child_is_being_deleted(child))
		return;
	deleted->spis[deleted->count++] = child->spi_in;
	if (child->redundant || child_predecessor(child))
		child_destroy(child, CLOSE_REPLACED);
	else if (child->successor || child->state == CHILD_REKEYED)
		child_retire(child);
	else if (child->state == CHILD_DELETING)
		child_destroy(child, CLOSE_LOCAL);
	else
		closed_by_peer(sa, child);
}

static void delete_ike(struct ike_sa *sa)
{
	sa->close_after_reply = true;
	if (sa->state == IKE_REKEYED || ike_rekey_deleted(sa))
		sa->cause = CLOSE_REPLACED;
	else
		sa->cause = sa->state == IKE_DELETING ? CLOSE_LOCAL : CLOSE_PEER;
	ike_log(sa, AGENT_INFO, "IKE_SA deleted by the peer");
}

static int delete_request(struct ike_sa *sa, const struct ike_payload *payload, struct deletes *deleted)
{
	struct ike_delete request;
	const char *why;
	int err = ike_decode_delete(payload, &request, &why);

	if (err) {
		ike_log(sa, AGENT_ERROR, "delete payload: %s", why);
		return err;
	}
	if (request.protocol == IKE_PROTO_IKE)
		delete_ike(sa);
	for (unsigned int i = 0; request.protocol == IKE_PROTO_ESP && i < request.count; i++)
		delete_child(sa, ike_delete_spi(&request, i), deleted);
	return 0;
}

/* All delete payloads, and their answer. 0; -EBADMSG: malformed; -ENOMEM. */
static int delete_requests(struct ike_sa *sa, const struct ike_chain *m, struct ike_builder *reply)
{
	const struct ike_payload *p = ike_chain_find(m, IKE_PL_DELETE);
	struct deletes deleted;
	int err = p ? deletes_begin(m, &deleted) : 0;

	if (!p || err)
		return err;
	for (; p && !err; p = ike_chain_next(m, IKE_PL_DELETE, p))
		err = delete_request(sa, p, &deleted);
	if (!err && deleted.count)
		ike_build_delete(reply, IKE_PROTO_ESP, deleted.spis, deleted.count);
	free(deleted.spis);
	return err;
}

int informational_request(struct ike_sa *sa, const struct ike_message *m, struct ike_builder *reply)
{
	struct ike_notify error;
	char name[IKE_NAME_LEN];
	int err = delete_requests(sa, &m->chain, reply);

	if (err)
		return err == -ENOMEM ? err : refuse_malformed(sa, reply);
	if (ike_chain_error(&m->chain, &error)) {
		ike_log(sa, AGENT_ERROR, "the peer reports %s", ike_print_name(IKE_NAMES_NOTIFY, error.type, name));
		if (error.type == IKE_N_AUTHENTICATION_FAILED || error.type == IKE_N_INVALID_SYNTAX) {
			sa->close_after_reply = true;
			sa->cause = CLOSE_FAILED;
		}
	}
	return 0;
}
