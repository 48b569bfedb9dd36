/* SPDX-License-Identifier: Apache-2.0 */
#include "core/credentials.h"
#include "core/cert_cache.h"
#include "core/identity_key.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_CERTS_MAX 8u /* certificates of one PEM file */

struct cert_list {
	struct cert **items;
	size_t count;
};

struct secret {
	const struct conf_secret *conf;
	struct identity *ids;
};

struct credentials {
	unsigned int references;
	struct agent *agent; /* while loading, for its log */
	struct conf *conf;   /* a reference */
	struct trust *trust;
	struct cert_list certs; /* all, CAs too */
	struct cert_cache cache;
	struct privkey **keys;
	size_t key_count;
	struct secret *secrets;
	size_t secret_count;
	struct conn_credentials *conns;
	size_t conn_count;
	struct hash by_conn, by_remote;
	struct conn_credentials *patterns;
};

static int say(char *error, int err, const char *format, ...) __attribute__((format(printf, 3, 4)));
static int say(char *error, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, AGENT_ERROR_LEN, format, args);
	va_end(args);
	return err;
}

/* ---- certificates and keys ----------------------------------------------------------------------------------------------------------- */

/* Each is kept once; takes the reference. */
static struct cert *keep(struct credentials *c, struct cert *cert)
{
	struct cert **items;

	for (size_t i = 0; i < c->certs.count; i++) {
		if (cert_equal(c->certs.items[i], cert)) {
			cert_free(cert);
			return c->certs.items[i];
		}
	}
	items = realloc(c->certs.items, (c->certs.count + 1) * sizeof(*items));
	if (!items) {
		cert_free(cert);
		return NULL;
	}
	c->certs.items = items;
	items[c->certs.count++] = cert;
	return cert;
}

/* All certificates of a file; *first is the first of it, borrowed. Returns how many. */
static int load_file(struct credentials *c, const char *path, struct cert **first, char *error)
{
	struct cert *certs[FILE_CERTS_MAX];
	char why[CRYPTO_ERROR_LEN];
	int n = cert_load_all(path, certs, FILE_CERTS_MAX, why);

	if (n <= 0)
		return say(error, n ? n : -EBADMSG, "%s: %s", path, n ? why : "no certificate in it");
	if (*why)
		agent_log(c->agent, AGENT_ERROR, "%s", why);
	*first = NULL;
	for (int i = 0; i < n; i++) {
		struct cert *kept = keep(c, certs[i]);

		if (!kept)
			return say(error, -ENOMEM, "no memory");
		if (!*first)
			*first = kept;
	}
	return n;
}

static int load_ca(struct credentials *c, const char *path, struct cert **ca, char *error)
{
	char why[CRYPTO_ERROR_LEN];
	int count = load_file(c, path, ca, error), err;

	if (count < 0)
		return count;
	/* As strongSwan has it. More than one would be more trust than the same file gives there. */
	if (count > 1)
		agent_log(c->agent, AGENT_INFO, "%s: the first of its %d certificates is trusted, the others are for chains; a CA is a file", path, count);
	err = trust_add_ca(c->trust, *ca, why);
	return err ? say(error, err, "%s: %s", path, why) : 0;
}

static int load_crl(struct credentials *c, const char *path, char *error)
{
	char why[CRYPTO_ERROR_LEN];
	int err = trust_add_crl(c->trust, path, why);

	return err ? say(error, err, "%s: %s", path, why) : 0;
}

static int load_key(struct credentials *c, const struct conf_key_file *file, char *error)
{
	struct privkey **keys = realloc(c->keys, (c->key_count + 1) * sizeof(*keys));
	char why[CRYPTO_ERROR_LEN];
	int err;

	if (!keys)
		return say(error, -ENOMEM, "no memory");
	c->keys = keys;
	err = privkey_load(file->path, file->passphrase, &keys[c->key_count], why);
	if (err)
		return say(error, err, "%s: %s", file->path, why);
	c->key_count++;
	return 0;
}

/* A file that merely lies in a directory does not stop the agent. */
static void skip(struct credentials *c, const char *error)
{
	agent_log(c->agent, AGENT_ERROR, "left out: %s", error);
}

static int load_all(struct credentials *c, char *error)
{
	const struct conf *conf = c->conf;
	struct cert *cert;
	int err;

	for (size_t i = 0; i < conf->certs.count; i++)
		if (load_file(c, conf->certs.items[i], &cert, error) < 0)
			skip(c, error);
	for (size_t i = 0; i < conf->cacerts.count; i++)
		if (load_ca(c, conf->cacerts.items[i], &cert, error))
			skip(c, error);
	for (size_t i = 0; i < conf->crls.count; i++)
		if (load_crl(c, conf->crls.items[i], error))
			skip(c, error);
	for (size_t i = 0; i < conf->key_count; i++) {
		err = load_key(c, conf->keys[i], error);
		if (err && conf->keys[i]->where.file)
			return err;
		if (err)
			skip(c, error);
	}
	for (size_t i = 0; i < conf->authority_count; i++) {
		const struct conf_authority *authority = conf->authorities[i];

		err = authority->cacert ? load_ca(c, authority->cacert, &cert, error) : 0;
		for (size_t k = 0; !err && k < authority->crls.count; k++)
			err = load_crl(c, authority->crls.items[k], error);
		if (err)
			return err;
	}
	return 0;
}

/* ---- our own certificates -------------------------------------------------------------------------------------------------------------- */

static struct privkey *key_for(const struct credentials *c, const struct cert *cert)
{
	for (size_t i = 0; i < c->key_count; i++)
		if (privkey_fits(c->keys[i], cert))
			return c->keys[i];
	return NULL;
}

static struct cert *issuer_of(const struct credentials *c, const struct cert *cert)
{
	for (size_t i = 0; i < c->certs.count; i++)
		if (cert_is_ca(c->certs.items[i]) && cert_issued_by(cert, c->certs.items[i]))
			return c->certs.items[i];
	return NULL;
}

/* It and the intermediates above it; a root is what the peer has. */
static void build_chain(const struct credentials *c, struct cert *cert, struct cert_chain *chain)
{
	while (cert && chain->count < CERT_CHAIN_MAX && (!chain->count || !cert_issued_by(cert, cert))) {
		for (unsigned int i = 0; i < chain->count; i++)
			if (chain->certs[i] == cert)
				return;
		chain->certs[chain->count++] = cert_ref(cert);
		cert = issuer_of(c, cert);
	}
}

static void add_local(const struct credentials *c, struct conn_credentials *cc, struct cert *cert)
{
	struct privkey *key = key_for(c, cert);

	if (!key || cc->cert_count >= LOCAL_CERTS_MAX)
		return;
	build_chain(c, cert, &cc->certs[cc->cert_count].chain);
	cc->certs[cc->cert_count++].key = privkey_ref(key);
}

static int find_local(struct credentials *c, struct conn_credentials *cc, char *error)
{
	const struct conf_auth *local = &cc->conn->local;
	struct cert *cert;

	for (size_t i = 0; i < local->certs.count; i++) {
		int err = load_file(c, local->certs.items[i], &cert, error);

		if (err < 0)
			return err;
		add_local(c, cc, cert);
	}
	for (size_t i = 0; !local->certs.count && i < c->certs.count; i++)
		if (identity_is_any(&cc->local_id) ? !cert_is_ca(c->certs.items[i]) : identity_in_cert(&cc->local_id, c->certs.items[i]))
			add_local(c, cc, c->certs.items[i]);
	if (!cc->cert_count && conf_negotiates(cc->conn))
		return say(error, -ENOENT, "%s:%u: connection %s: no certificate with a private key for local", local->where.file, local->where.line,
			   cc->conn->name);
	return 0;
}

/* ---- connections ------------------------------------------------------------------------------------------------------------------------- */

static int parse_id(const struct conf_auth *auth, const char *text, struct identity *id, char *error)
{
	char why[CRYPTO_ERROR_LEN];
	int err = text ? identity_parse(text, id, why) : 0;

	return err ? say(error, err, "%s:%u: id = %.100s: %s", auth->where.file, auth->where.line, text, why) : 0;
}

static int prepare_remote(struct credentials *c, struct conn_credentials *cc, char *error)
{
	static const enum trust_revocation revocations[] = {
		[CONF_REVOCATION_RELAXED] = TRUST_RELAXED, [CONF_REVOCATION_IFURI] = TRUST_IFURI, [CONF_REVOCATION_STRICT] = TRUST_STRICT,
	};
	const struct conf_auth *remote = &cc->conn->remote;
	int err;

	if (remote->certs.count > CERT_CHAIN_MAX || remote->cacerts.count > CERT_CHAIN_MAX)
		return say(error, -E2BIG, "%s:%u: more than %u certificates for remote", remote->where.file, remote->where.line, CERT_CHAIN_MAX);
	for (size_t i = 0; i < remote->certs.count; i++, cc->remote_cert_count++) {
		err = load_file(c, remote->certs.items[i], &cc->remote_certs[i], error);
		if (err < 0)
			return err;
	}
	for (size_t i = 0; i < remote->cacerts.count; i++) {
		err = load_ca(c, remote->cacerts.items[i], &cc->cas[i], error);
		if (err)
			return err;
	}
	cc->remote_schemes = auth_rules_schemes(&remote->ike, false);
	cc->rsa_bits = auth_rules_min_bits(&remote->ike, true);
	cc->ec_bits = auth_rules_min_bits(&remote->ike, false);
	cc->demand = (struct trust_demand){
		.revocation = revocations[remote->revocation], .cas = cc->cas, .ca_count = (unsigned int)remote->cacerts.count,
		.schemes = auth_rules_schemes(&remote->chain, false), .rsa_bits = auth_rules_min_bits(&remote->chain, true),
		.ec_bits = auth_rules_min_bits(&remote->chain, false),
	};
	return 0;
}

static int index_remote(struct credentials *c, struct conn_credentials *cc)
{
	cc->is_pattern = !identity_is_single(&cc->remote_id) || cc->remote_id.type == IKE_ID_DER_ASN1_DN;
	if (!cc->is_pattern)
		return hash_insert(&c->by_remote, &cc->by_remote, ike_peer_key(&cc->remote_id));
	cc->next_pattern = c->patterns;
	c->patterns = cc;
	return 0;
}

static int prepare(struct credentials *c, struct conn_credentials *cc, const struct conf_connection *conn, char *error)
{
	int err;

	cc->conn = conn;
	err = parse_id(&conn->local, conn->local.id, &cc->local_id, error);
	if (!err)
		err = parse_id(&conn->remote, conn->remote.id, &cc->remote_id, error);
	if (!err)
		err = parse_id(&conn->local, conn->ppk_id, &cc->ppk_id, error);
	if (err)
		return err;
	if (!identity_is_any(&cc->local_id) && !identity_is_single(&cc->local_id))
		return say(error, -EINVAL, "%s:%u: local.id must be one identity, without wildcards", conn->local.where.file, conn->local.where.line);
	err = prepare_remote(c, cc, error);
	if (err)
		return err;
	cc->local_schemes = auth_rules_schemes(&conn->local.ike, true);
	if (conn->local.method == CONF_AUTH_PUBKEY)
		err = find_local(c, cc, error);
	if (!err && (hash_insert(&c->by_conn, &cc->node, (uintptr_t)conn) || index_remote(c, cc)))
		err = say(error, -ENOMEM, "no memory");
	return err;
}

static int prepare_connections(struct credentials *c, char *error)
{
	c->conns = calloc(c->conf->connection_count + 1, sizeof(*c->conns));
	if (!c->conns)
		return say(error, -ENOMEM, "no memory");
	for (size_t i = 0; i < c->conf->connection_count; i++) {
		int err;

		c->conn_count++;
		err = prepare(c, &c->conns[i], c->conf->connections[i], error);
		if (err)
			return err;
	}
	return 0;
}

static int prepare_secrets(struct credentials *c, char *error)
{
	c->secrets = calloc(c->conf->secret_count + 1, sizeof(*c->secrets));
	if (!c->secrets)
		return say(error, -ENOMEM, "no memory");
	for (size_t i = 0; i < c->conf->secret_count; i++) {
		const struct conf_secret *conf = c->conf->secrets[i];
		struct secret *secret = &c->secrets[i];
		char why[CRYPTO_ERROR_LEN];

		secret->conf = conf;
		secret->ids = calloc(conf->ids.count + 1, sizeof(*secret->ids));
		c->secret_count++;
		if (!secret->ids)
			return say(error, -ENOMEM, "no memory");
		for (size_t k = 0; k < conf->ids.count; k++)
			if (identity_parse(conf->ids.items[k], &secret->ids[k], why))
				return say(error, -EINVAL, "%s:%u: secret %s: id = %.100s: %s", conf->where.file, conf->where.line, conf->name,
					   conf->ids.items[k], why);
	}
	return 0;
}

int credentials_load(struct agent *agent, struct conf *conf, struct credentials **credentials, char *error)
{
	struct credentials *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return say(error, -ENOMEM, "no memory");
	c->references = 1;
	c->agent = agent;
	c->conf = conf_ref(conf);
	err = trust_new(&c->trust);
	if (err)
		say(error, err, "no store for certificates");
	if (!err)
		err = load_all(c, error);
	if (!err)
		err = prepare_secrets(c, error);
	if (!err)
		err = prepare_connections(c, error);
	if (err) {
		credentials_free(c);
		return err;
	}
	*credentials = c;
	return 0;
}

struct credentials *credentials_ref(struct credentials *credentials)
{
	if (credentials)
		credentials->references++;
	return credentials;
}

static void free_conn(struct conn_credentials *cc)
{
	identity_clear(&cc->local_id);
	identity_clear(&cc->remote_id);
	identity_clear(&cc->ppk_id);
	for (unsigned int i = 0; i < cc->cert_count; i++) {
		cert_chain_clear(&cc->certs[i].chain);
		privkey_free(cc->certs[i].key);
	}
}

void credentials_free(struct credentials *c)
{
	if (!c || --c->references)
		return;
	for (size_t i = 0; i < c->conn_count; i++)
		free_conn(&c->conns[i]);
	free(c->conns);
	hash_free(&c->by_conn);
	hash_free(&c->by_remote);
	for (size_t i = 0; i < c->secret_count; i++) {
		for (size_t k = 0; c->secrets[i].ids && k < c->secrets[i].conf->ids.count; k++)
			identity_clear(&c->secrets[i].ids[k]);
		free(c->secrets[i].ids);
	}
	free(c->secrets);
	for (size_t i = 0; i < c->key_count; i++)
		privkey_free(c->keys[i]);
	free(c->keys);
	for (size_t i = 0; i < c->certs.count; i++)
		cert_free(c->certs.items[i]);
	free(c->certs.items);
	cert_cache_clear(&c->cache);
	trust_free(c->trust);
	conf_free(c->conf);
	free(c);
}

/* ---- lookups --------------------------------------------------------------------------------------------------------------------------- */

const struct conn_credentials *credentials_of(const struct credentials *c, const struct conf_connection *conn)
{
	struct hash_node *node = c ? hash_find(&c->by_conn, (uintptr_t)conn) : NULL;

	return node ? hash_entry(node, struct conn_credentials, node) : NULL;
}

const struct conn_credentials *credentials_for_peer(const struct credentials *c, const struct identity *id, const struct conn_credentials *after)
{
	struct hash_node *node;

	if (after && after->is_pattern)
		return after->next_pattern;
	node = after ? hash_next(&after->by_remote) : hash_find(&c->by_remote, ike_peer_key(id));
	return node ? hash_entry(node, struct conn_credentials, by_remote) : c->patterns;
}

struct cert_cache *credentials_cert_cache(struct credentials *c)
{
	return &c->cache;
}

struct trust *credentials_trust(const struct credentials *c)
{
	return c->trust;
}

struct cert *credentials_cert_for(const struct credentials *c, const struct identity *id, struct cert *after)
{
	size_t i = 0;

	while (after && i < c->certs.count && c->certs.items[i++] != after)
		;
	for (; i < c->certs.count; i++)
		if (!cert_is_ca(c->certs.items[i]) && identity_in_cert(id, c->certs.items[i]))
			return c->certs.items[i];
	return NULL;
}

/*
 * How well a secret is the one between two identities; 0: it is not. One that names identities must name the peer, or nobody but us: else
 * a peer could use its own secret to say that it is another.
 */
static int psk_rank(const struct secret *secret, const struct identity *local, const struct identity *remote)
{
	int best_local = 0, best_remote = 0;
	bool only_ours = true;

	if (secret->conf->kind != CONF_SECRET_IKE)
		return 0;
	for (size_t i = 0; i < secret->conf->ids.count; i++) {
		int l = identity_match(local, &secret->ids[i]), r = identity_match(remote, &secret->ids[i]);

		only_ours = only_ours && l;
		best_local = l > best_local ? l : best_local;
		best_remote = r > best_remote ? r : best_remote;
	}
	if (!best_remote && !only_ours)
		return 0;
	return 1 + best_remote * (IDENTITY_MATCH_EXACT + 1) + best_local;
}

const struct conf_secret *credentials_psk(const struct credentials *c, const struct identity *local, const struct identity *remote)
{
	const struct conf_secret *found = NULL;
	int best = 0;

	for (size_t i = 0; i < c->secret_count; i++) {
		int rank = psk_rank(&c->secrets[i], local, remote);

		if (rank <= best)
			continue;
		best = rank;
		found = c->secrets[i].conf;
	}
	return found;
}

static bool ppk_fits(const struct secret *secret, const void *id, size_t len)
{
	if (secret->conf->kind != CONF_SECRET_PPK)
		return false;
	for (size_t i = 0; i < secret->conf->ids.count; i++)
		if (identity_is_any(&secret->ids[i]) || (secret->ids[i].len == len && !memcmp(secret->ids[i].data, id, len)))
			return true;
	return !secret->conf->ids.count;
}

const struct conf_secret *credentials_ppk(const struct credentials *c, const void *id, size_t len)
{
	for (size_t i = 0; i < c->secret_count; i++)
		if (ppk_fits(&c->secrets[i], id, len))
			return c->secrets[i].conf;
	return NULL;
}

bool credentials_has_ppk(const struct credentials *c)
{
	for (size_t i = 0; i < c->secret_count; i++)
		if (c->secrets[i].conf->kind == CONF_SECRET_PPK)
			return true;
	return false;
}
