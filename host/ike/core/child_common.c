/* SPDX-License-Identifier: Apache-2.0 */
/* What initiator and responder of a CHILD SA's negotiation share: proposals, selectors, keys. */
#include "core/child_common.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "core/reqid.h"
#include "crypto/supported.h"

static const struct aead_info {
	uint16_t encr, bits;
	uint8_t key_len; /* with the salt of 4 bytes */
} aeads[SINK_AEAD_COUNT] = {
	[SINK_AES_GCM_16_128] = { IKE_ENCR_AES_GCM_16, 128, 20 },
	[SINK_AES_GCM_16_192] = { IKE_ENCR_AES_GCM_16, 192, 28 },
	[SINK_AES_GCM_16_256] = { IKE_ENCR_AES_GCM_16, 256, 36 },
	[SINK_CHACHA20_POLY1305] = { IKE_ENCR_CHACHA20_POLY1305, 256, 36 },
	[SINK_AES_GMAC_128] = { IKE_ENCR_NULL_AUTH_AES_GMAC, 128, 20 },
	[SINK_AES_GMAC_192] = { IKE_ENCR_NULL_AUTH_AES_GMAC, 192, 28 },
	[SINK_AES_GMAC_256] = { IKE_ENCR_NULL_AUTH_AES_GMAC, 256, 36 },
};

/* bits 0: an algorithm without a Key Length attribute. */
static bool find_aead(uint16_t encr, uint16_t bits, enum sink_aead *aead)
{
	for (unsigned int i = 0; i < SINK_AEAD_COUNT; i++)
		if (aeads[i].encr == encr && (aeads[i].bits == bits || (!bits && encr == IKE_ENCR_CHACHA20_POLY1305))) {
			*aead = (enum sink_aead)i;
			return true;
		}
	return false;
}

bool child_aead(const struct suite *suite, enum sink_aead *aead)
{
	return find_aead(suite->encr, suite->encr_bits, aead);
}

size_t aead_key_len(enum sink_aead aead)
{
	return aeads[aead].key_len;
}

int nonce_compare(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return order ? order : (a_len > b_len) - (a_len < b_len);
}

/* ---- what we offer or accept --------------------------------------------------------------------------------------------------- */

bool child_can_do(const struct transform *transform, void *arg)
{
	const struct sink_caps *caps = arg;
	enum sink_aead aead;

	switch (transform->type) {
	case IKE_TR_ENCR:
		return find_aead(transform->id, transform->key_bits, &aead) && caps->aeads & 1u << aead;
	case IKE_TR_ESN:
		return transform->id == IKE_ESN_YES ? caps->esn : caps->no_esn;
	case IKE_TR_KE:
		return transform->id == IKE_KE_NONE || crypto_supports(transform);
	default:
		return transform->id == IKE_INTEG_NONE;
	}
}

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

static void log_made(const struct child_sa *child)
{
	char local[TS_TEXT_LEN], remote[TS_TEXT_LEN], suite[SUITE_TEXT_LEN];

	ike_log(child->ike, AGENT_INFO, "CHILD_SA %s{%u} established, SPIs 0x%08x in, 0x%08x out, %s === %s, %s%s", child->child->name, child->id,
		child->spi_in, child->spi_out, ts_print(&child->local[0], local), ts_print(&child->remote[0], remote),
		suite_print(&child->suite, suite), child->mode == SINK_TRANSPORT ? ", transport mode" : "");
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
	log_made(made);
	*child = made;
	return 0;
}
