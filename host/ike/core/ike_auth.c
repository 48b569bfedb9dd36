/* SPDX-License-Identifier: Apache-2.0 */
#include "core/ike_auth.h"
#include "core/cert_cache.h"
#include "core/credentials.h"
#include "core/handshake.h"
#include "core/identity_key.h"
#include "core/ike_delete.h"
#include "core/ike_life.h"
#include "core/ike_sa.h"

#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>

#define ID_HEADER_LEN 4u
#define CERTREQ_CAS_MAX 64u
#define REAUTH_MS 10000u /* time for a peer that reauthenticates to delete its old IKE SA itself */

/* ---- what the peer says ------------------------------------------------------------------------------------------------------------- */

/* One that is known is not read again. */
static int read_cert(const struct ike_sa *sa, const struct ike_cert *cert, struct cert_chain *chain)
{
	struct cert *known = cert_cache_find(credentials_cert_cache(sa->credentials), cert->data, cert->len);

	if (!known || cert->encoding != IKE_CERT_X509_SIGNATURE)
		return cert_chain_add(chain, cert->encoding, cert->data, cert->len, NULL);
	cert_chain_keep(chain, known);
	return 0;
}

static int read_certs(const struct ike_sa *sa, const struct ike_chain *m, struct cert_chain *chain, const char **why)
{
	for (const struct ike_payload *p = ike_chain_find(m, IKE_PL_CERT); p; p = ike_chain_next(m, IKE_PL_CERT, p)) {
		struct ike_cert cert;
		int err = ike_decode_cert(p, &cert, why);

		if (err)
			return err;
		if (read_cert(sa, &cert, chain)) {
			*why = "a certificate that cannot be read";
			return -EACCES;
		}
	}
	return 0;
}

int auth_read_peer(const struct ike_sa *sa, const struct ike_chain *m, uint8_t id_type, struct auth_peer *peer, const char **why)
{
	const struct ike_payload *auth = ike_chain_find(m, IKE_PL_AUTH);
	char name[IKE_NAME_LEN];
	struct ike_id id;
	int err;

	peer->id_payload = ike_chain_find(m, id_type);
	if (!peer->id_payload || ike_chain_count(m, id_type) > 1 || ike_chain_count(m, IKE_PL_AUTH) > 1) {
		*why = "one payload of the identity is wanted, and one AUTH";
		return -EBADMSG;
	}
	err = ike_decode_id(peer->id_payload, &id, why);
	if (err)
		return err;
	if (identity_from_payload(id.type, id.data, id.len, &peer->id)) {
		ike_log(sa, AGENT_ERROR, "the peer's identity is %s of %zu bytes", ike_print_name(IKE_NAMES_ID, id.type, name), id.len);
		*why = "an identity of an unknown type, or that cannot be";
		return -EACCES;
	}
	/* Without AUTH it asks for EAP (2.16), which we do not have. */
	if (!auth) {
		*why = "no AUTH payload: EAP is not supported";
		return -EACCES;
	}
	err = ike_decode_auth(auth, &peer->auth, why);
	return err ? err : read_certs(sa, m, &peer->chain, why);
}

int auth_replace_data(struct ike_auth *auth, const uint8_t *data, size_t len)
{
	size_t algorithm_len = 0;

	if (auth->method == IKE_AUTH_DIGITAL_SIGNATURE) {
		algorithm_len = len ? data[0] : 0;
		if (!algorithm_len || len <= 1 + algorithm_len)
			return -EBADMSG;
		auth->algorithm = data + 1;
		auth->algorithm_len = algorithm_len++;
	}
	if (len <= algorithm_len)
		return -EBADMSG;
	auth->data = data + algorithm_len;
	auth->len = len - algorithm_len;
	return 0;
}

void auth_peer_clear(struct auth_peer *peer)
{
	identity_clear(&peer->id);
	cert_chain_clear(&peer->chain);
}

/* ---- what is signed ------------------------------------------------------------------------------------------------------------------ */

/* by_initiator: the initiator's octets. Its message is ours or the peer's. */
static void octets_of(const struct ike_sa *sa, bool by_initiator, const struct ike_keys *keys, struct part id, struct auth_octets *octets)
{
	const struct blob *message = by_initiator == sa->initiator ? &sa->handshake->sent : &sa->handshake->received;
	const struct nonces *n = sa->nonces;

	*octets = (struct auth_octets){
		.message = { message->data, message->len },
		.nonce = by_initiator ? (struct part){ n->r, n->r_len } : (struct part){ n->i, n->i_len },
		.prf = sa->suite.prf,
		.sk_p = { by_initiator ? keys->pi : keys->pr, keys->prf_len },
		.id = id,
	};
}

int auth_mix(const struct ike_sa *sa, const struct conf_secret *ppk, struct ike_keys *mixed)
{
	*mixed = sa->keys;
	return kdf_ppk(sa->suite.prf, ppk->bytes, ppk->len, mixed);
}

/* ---- the peer's proof ------------------------------------------------------------------------------------------------------------------ */

static int check_psk(struct ike_sa *sa, const struct auth_peer *peer, const struct ike_auth *auth, const struct auth_octets *octets, char *error)
{
	const struct conf_secret *secret;
	char name[IKE_NAME_LEN];

	if (auth->method != IKE_AUTH_SHARED_KEY)
		return crypto_fail(error, -EACCES, "it authenticates by %s, and we want a shared key",
				   ike_print_name(IKE_NAMES_AUTH, auth->method, name));
	secret = credentials_psk(sa->credentials, &sa->local_id, &peer->id);
	if (!secret)
		return crypto_fail(error, -EACCES, "no shared key for these identities");
	if (auth_psk_check(octets, &(struct part){ secret->bytes, secret->len }, auth->data, auth->len))
		return crypto_fail(error, -EACCES, "the shared keys differ");
	return 0;
}

static bool strong_enough(const struct conn_credentials *cc, const struct cert *cert)
{
	unsigned int bits = cert_key_bits(cert);

	return cert_key_kind(cert) == CERT_KEY_RSA ? bits >= cc->rsa_bits : bits >= cc->ec_bits;
}

static bool is_pinned(const struct conn_credentials *cc, const struct cert *cert)
{
	for (unsigned int i = 0; i < cc->remote_cert_count; i++)
		if (cert_equal(cc->remote_certs[i], cert))
			return true;
	return false;
}

/* chain->certs[0] is trusted, and it speaks for the identity. */
static int check_trust(struct ike_sa *sa, const struct conn_credentials *cc, const struct identity *id, const struct cert_chain *chain, char *error)
{
	struct trust *trust = credentials_trust(sa->credentials);
	const struct cert *cert = chain->certs[0];

	if (!identity_in_cert(id, cert))
		return crypto_fail(error, -EACCES, "its certificate is not for that identity");
	if (!strong_enough(cc, cert))
		return crypto_fail(error, -EACCES, "its key is shorter than the configuration asks for");
	if (cc->remote_cert_count)
		return is_pinned(cc, cert) ? trust_verify_pinned(trust, cert, error)
					   : crypto_fail(error, -EACCES, "its certificate is not the configured one");
	return trust_verify(trust, chain, &cc->demand, error);
}

static int check_cert(struct ike_sa *sa, const struct conn_credentials *cc, const struct auth_peer *peer, const struct cert_chain *chain,
		      const struct ike_auth *auth, const struct auth_octets *octets, char *error)
{
	int err = auth_verify(octets, chain->certs[0], auth, cc->remote_schemes, error);

	return err ? err : check_trust(sa, cc, &peer->id, chain, error);
}

/* A peer that sends no certificate may use one that we have. */
static int check_known_certs(struct ike_sa *sa, const struct conn_credentials *cc, const struct auth_peer *peer, const struct ike_auth *auth,
			     const struct auth_octets *octets, char *error)
{
	int err = crypto_fail(error, -EACCES, "it sent no certificate, and we have none for that identity");

	for (struct cert *cert = credentials_cert_for(sa->credentials, &peer->id, NULL); cert;
	     cert = credentials_cert_for(sa->credentials, &peer->id, cert)) {
		struct cert_chain chain = { .count = 1, .certs = { cert } };

		err = check_cert(sa, cc, peer, &chain, auth, octets, error);
		if (!err)
			return 0;
	}
	return err;
}

static int check_pubkey(struct ike_sa *sa, const struct auth_peer *peer, const struct ike_auth *auth, const struct auth_octets *octets, char *error)
{
	const struct conn_credentials *cc = credentials_of(sa->credentials, sa->conn);

	if (auth->method == IKE_AUTH_SHARED_KEY)
		return crypto_fail(error, -EACCES, "it authenticates by a shared key, and we want a signature");
	if (!peer->chain.count)
		return check_known_certs(sa, cc, peer, auth, octets, error);
	return check_cert(sa, cc, peer, &peer->chain, auth, octets, error);
}

int auth_check(struct ike_sa *sa, const struct auth_peer *peer, const struct ike_auth *auth, const struct ike_keys *keys)
{
	const struct part id = { peer->id_payload->body, peer->id_payload->len };
	char error[CRYPTO_ERROR_LEN] = "", text[IDENTITY_TEXT_LEN];
	struct auth_octets octets;
	int err;

	octets_of(sa, !sa->initiator, keys, id, &octets);
	if (sa->conn->remote.method == CONF_AUTH_PSK)
		err = check_psk(sa, peer, auth, &octets, error);
	else
		err = check_pubkey(sa, peer, auth, &octets, error);
	identity_print(&peer->id, text);
	if (err) {
		ike_log(sa, AGENT_ERROR, "authentication of '%.200s' failed: %s", text, error);
		return -EACCES;
	}
	cert_cache_put(credentials_cert_cache(sa->credentials), &peer->chain);
	ike_log(sa, AGENT_INFO, "authentication of '%.200s' with %s successful", text,
		auth->method == IKE_AUTH_SHARED_KEY ? "pre-shared key" : auth_scheme_name(auth));
	return 0;
}

/* ---- our own proof ----------------------------------------------------------------------------------------------------------------------- */

/* The better: one that the peer's CERTREQ asks for, one that speaks for the identity. */
static unsigned int cert_rank(const struct ike_sa *sa, const struct local_cert *lc, const struct identity *id)
{
	const struct handshake *hs = sa->handshake;
	unsigned int rank = 1;

	if (hs->has_request && trust_answers_request(credentials_trust(sa->credentials), &lc->chain, hs->request.data, hs->request.len))
		rank += 2;
	if (id && !identity_is_any(id) && identity_in_cert(id, lc->chain.certs[0]))
		rank += 4;
	return rank;
}

static const struct local_cert *choose_cert(const struct ike_sa *sa, const struct conn_credentials *cc, const struct identity *id)
{
	const struct local_cert *best = NULL;
	unsigned int best_rank = 0;

	for (unsigned int i = 0; i < cc->cert_count; i++) {
		unsigned int rank = cert_rank(sa, &cc->certs[i], id);

		if (rank <= best_rank)
			continue;
		best_rank = rank;
		best = &cc->certs[i];
	}
	return best;
}

static int address_identity(const struct ip_addr *ip, struct identity *id)
{
	return identity_from_payload(ip->family == 6 ? IKE_ID_IPV6_ADDR : IKE_ID_IPV4_ADDR, ip->bytes, ip_len(ip), id);
}

static int choose_id(struct ike_sa *sa, const struct conn_credentials *cc, const struct identity *asked, const struct auth_own *own)
{
	identity_clear(&sa->local_id);
	if (!identity_is_any(&cc->local_id))
		return identity_copy(&cc->local_id, &sa->local_id);
	if (asked && (!own->cert || identity_in_cert(asked, own->cert->chain.certs[0])))
		return identity_copy(asked, &sa->local_id);
	if (own->cert)
		return identity_from_cert(own->cert->chain.certs[0], &sa->local_id);
	return address_identity(&sa->local.ip, &sa->local_id);
}

int auth_choose_own(struct ike_sa *sa, const struct identity *asked, struct auth_own *own)
{
	const struct conn_credentials *cc = credentials_of(sa->credentials, sa->conn);
	const struct identity *id;

	own->cert = NULL;
	if (!cc)
		return -ENOENT;
	id = identity_is_any(&cc->local_id) ? asked : &cc->local_id;
	if (sa->conn->local.method == CONF_AUTH_PUBKEY) {
		own->cert = choose_cert(sa, cc, id);
		if (!own->cert)
			return -ENOENT;
	}
	return choose_id(sa, cc, asked, own);
}

void auth_put_certreq(struct ike_sa *sa, struct ike_builder *b)
{
	uint8_t hashes[CERT_REQUEST_HASH_LEN * CERTREQ_CAS_MAX];
	size_t len;

	if (sa->conn->remote.method != CONF_AUTH_PUBKEY || !sa->conn->send_certreq)
		return;
	len = trust_request(credentials_trust(sa->credentials), hashes, sizeof(hashes));
	if (len)
		ike_build_certreq(b, IKE_CERT_X509_SIGNATURE, hashes, len);
}

int auth_take_certreq(struct ike_sa *sa, const struct ike_chain *m)
{
	struct handshake *hs = sa->handshake;
	const char *why;

	for (const struct ike_payload *p = ike_chain_find(m, IKE_PL_CERTREQ); p; p = ike_chain_next(m, IKE_PL_CERTREQ, p)) {
		struct ike_cert request;

		if (ike_decode_certreq(p, &request, &why) || request.encoding != IKE_CERT_X509_SIGNATURE)
			continue;
		hs->has_request = true;
		return blob_set(&hs->request, request.data, request.len);
	}
	return 0;
}

static bool sends_certs(const struct ike_sa *sa)
{
	return sa->conn->send_cert == CONF_CERT_ALWAYS || (sa->conn->send_cert == CONF_CERT_IFASKED && sa->handshake->has_request);
}

void auth_put_id(struct ike_sa *sa, const struct auth_own *own, struct ike_builder *b)
{
	ike_build_id(b, sa->initiator ? IKE_PL_IDI : IKE_PL_IDR, sa->local_id.type, sa->local_id.data, sa->local_id.len);
	if (!own->cert || !sends_certs(sa))
		return;
	for (unsigned int i = 0; i < own->cert->chain.count; i++) {
		size_t len;
		const uint8_t *der = cert_der(own->cert->chain.certs[i], &len);

		ike_build_cert(b, IKE_CERT_X509_SIGNATURE, der, len);
	}
}

int auth_make(struct ike_sa *sa, const struct auth_own *own, const struct ike_keys *keys, struct auth_data *data)
{
	const struct conn_credentials *cc = credentials_of(sa->credentials, sa->conn);
	uint8_t id[ID_HEADER_LEN + IDENTITY_MAX] = { sa->local_id.type };
	char error[CRYPTO_ERROR_LEN] = "no shared key for these identities";
	struct auth_octets octets;
	int err = -EACCES;

	memcpy(id + ID_HEADER_LEN, sa->local_id.data, sa->local_id.len);
	octets_of(sa, sa->initiator, keys, (struct part){ id, ID_HEADER_LEN + sa->local_id.len }, &octets);
	if (own->cert) {
		err = auth_sign(&octets, own->cert->key, sa->peer_hashes, cc->local_schemes, data, error);
	} else {
		/* Before the responder names itself, the configured identity stands for it. */
		const struct identity *remote = identity_is_any(&sa->remote_id) ? &cc->remote_id : &sa->remote_id;
		const struct conf_secret *secret = credentials_psk(sa->credentials, &sa->local_id, remote);

		if (secret)
			err = auth_psk_make(&octets, &(struct part){ secret->bytes, secret->len }, data);
	}
	if (err)
		ike_log(sa, AGENT_ERROR, "our own authentication cannot be made: %s", error);
	return err;
}

int auth_put_auth(struct ike_sa *sa, const struct auth_own *own, const struct ike_keys *keys, struct ike_builder *b)
{
	struct auth_data data;
	int err = auth_make(sa, own, keys, &data);

	if (!err)
		ike_build_auth(b, data.method, data.data, data.len);
	return err;
}

/* ---- several IKE SAs with one peer ------------------------------------------------------------------------------------------------------- */

struct ike_sa *auth_same_peer(const struct ike_sa *sa, const struct ike_sa *after)
{
	struct hash_node *node = after ? hash_next(&after->by_peer) : hash_find(&sa->agent->by_peer, ike_peer_key(&sa->remote_id));

	for (; node; node = hash_next(node)) {
		struct ike_sa *other = hash_entry(node, struct ike_sa, by_peer);

		if (other != sa && other->state == IKE_ESTABLISHED && identity_equal(&other->remote_id, &sa->remote_id) &&
		    identity_equal(&other->local_id, &sa->local_id))
			return other;
	}
	return NULL;
}

void auth_apply_unique(struct ike_sa *sa, bool initial_contact)
{
	bool forget = initial_contact && sa->conn->unique != CONF_UNIQUE_NEVER;
	struct ike_sa *other, *next;

	/* A peer may have thousands. */
	if (!forget && sa->conn->unique != CONF_UNIQUE_REPLACE)
		return;
	for (other = auth_same_peer(sa, NULL); other; other = next) {
		next = auth_same_peer(sa, other);
		if (other == sa->replaces)
			continue;
		/* One that came up while this one was under way is no relic: both sides began at once. */
		if (forget && other->established_ms < sa->created_ms)
			ike_sa_close(other, CLOSE_REPLACED, "the peer has a new beginning, and knows nothing of this one");
		else if (sa->conn->unique == CONF_UNIQUE_REPLACE && ip_equal(&other->remote.ip, &sa->remote.ip))
			ike_sa_delete_later(other, REAUTH_MS);
		else if (sa->conn->unique == CONF_UNIQUE_REPLACE)
			ike_delete_initiate(other);
	}
}
