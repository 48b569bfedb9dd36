/* SPDX-License-Identifier: Apache-2.0 */
/* What initiator and responder of a CHILD SA's negotiation share: proposals, selectors, keys. */
#include "core/child_common.h"
#include "core/aead.h"
#include "core/child_sa.h"
#include "core/child_sink.h"
#include "core/nonce.h"
#include "core/reqid.h"
#include "core/ts.h"
#include "crypto/supported.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

struct proposals *child_proposals(const struct ike_sa *sa, const struct conf_child *child)
{
	struct proposals *list = proposals_copy(child->esp_proposals);
	struct sink_caps caps = sa->agent->caps;
	unsigned int usable = 0;

	if (!list)
		return NULL;
	for (unsigned int i = 0; i < list->count; i++) {
		proposal_filter(&list->list[i], child_can_do, &caps);
		usable += !list->list[i].unusable;
	}
	if (usable)
		return list;
	free(list);
	return NULL;
}

void child_selectors(const struct ike_sa *sa, const struct conf_child *child, struct ts_set *local, struct ts_set *remote)
{
	local->count = ts_configured(&sa->agent->caps, &child->local_ts, &sa->local.ip, local->list);
	remote->count = ts_configured(&sa->agent->caps, &child->remote_ts, &sa->remote.ip, remote->list);
}

bool child_transport(const struct ike_sa *sa, const struct conf_child *child)
{
	return child->mode == CONF_TRANSPORT && sa->agent->caps.transport && !sa->nat_local && !sa->nat_remote;
}

const struct conf_child *child_followed(const struct ike_sa *sa, const struct conf_child *child)
{
	const struct conf_child *now = NULL;

	/* One that kept its configuration may have CHILD SAs of the one in force, and those are newer. */
	if (sa->conf == sa->agent->conf && !strcmp(sa->conn->name, child->connection->name))
		now = conf_connection_child(sa->conn, child->name);
	return now && !conf_is_shunt(now) ? now : child;
}

int child_get_spi(struct ike_sa *sa, uint32_t *spi)
{
	return sink_get_spi(sa->agent->sink, &sa->local.ip, spi);
}

void child_put_spi(struct ike_sa *sa, uint32_t spi)
{
	struct sink_sa_id id = { .direction = SINK_IN, .spi = spi, .dst = sa->local.ip };

	sink_sa_delete(sa->agent->sink, &id);
}

/* ---- the CHILD SA ---------------------------------------------------------------------------------------------------------------- */

/* KEYMAT (RFC 7296, 2.17) into keymat, len bytes. */
static int derive(const struct ike_sa *sa, const struct child_agreed *a, uint8_t *keymat, size_t len)
{
	struct kdf_exchange x = { .ni = a->ni, .nr = a->nr };
	uint8_t shared[DH_SHARED_MAX];
	int err = 0;

	if (a->dh) {
		err = dh_derive(a->dh, a->peer_public.data, a->peer_public.len, shared);
		x.shared = (struct part){ .data = shared, .len = dh_shared_len(dh_group(a->dh)) };
	}
	if (!err)
		err = kdf_child(sa->suite.prf, &sa->keys, &x, keymat, len);
	OPENSSL_cleanse(shared, sizeof(shared));
	return err;
}

static void *copy_of(const void *data, size_t len)
{
	void *copy = malloc(len ? len : 1);

	if (copy)
		memcpy(copy, data, len);
	return copy;
}

static int fill(struct child_sa *child, const struct child_agreed *a)
{
	bool i_first = nonce_compare(a->ni.data, a->ni.len, a->nr.data, a->nr.len) <= 0;
	const struct part *least = i_first ? &a->ni : &a->nr;

	child->suite = *a->suite;
	child->mode = a->mode;
	child->esn = a->suite->esn;
	child->initiator = a->initiator;
	child->spi_in = a->spi_in;
	child->spi_out = a->spi_out;
	child->replaces_id = a->replaces_id;
	child->local_count = a->local->count;
	child->remote_count = a->remote->count;
	child->local = copy_of(a->local->list, a->local->count * sizeof(struct ts));
	child->remote = copy_of(a->remote->list, a->remote->count * sizeof(struct ts));
	child->nonce_min = copy_of(least->data, least->len);
	child->nonce_min_len = least->len;
	child_set_endpoints(child);
	if (!child->local || !child->remote || !child->nonce_min)
		return -ENOMEM;
	child->reqid = reqid_get(child->ike->agent, child->child, child->local, child->local_count, child->remote, child->remote_count);
	return child->reqid ? 0 : -ENOMEM;
}

int child_make(struct ike_sa *sa, const struct conf_child *conf_child, const struct child_agreed *a, bool use, struct child_sa **child)
{
	uint8_t keymat[2 * SINK_KEY_MAX];
	struct child_sa *made = NULL;
	enum sink_aead aead;
	int err;

	*child = NULL;
	if (!child_aead(a->suite, &aead))
		return -ENOTSUP;
	err = derive(sa, a, keymat, 2 * aead_key_len(aead));
	if (!err) {
		made = child_new(sa, conf_child->connection->conf, conf_child);
		err = made ? fill(made, a) : -ENOMEM;
	}
	if (!err)
		err = child_install(made, keymat, 2 * aead_key_len(aead), use);
	OPENSSL_cleanse(keymat, sizeof(keymat));
	if (err) {
		child_free(made);
		return err;
	}
	event_emit(sa->agent, &(struct event){ .kind = EVENT_CHILD_MADE, .child = made });
	*child = made;
	return 0;
}
