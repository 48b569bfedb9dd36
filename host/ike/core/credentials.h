/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the agent: certificates, keys and secrets of a configuration as the crypto library wants them, loaded once; and what of them
 * a connection uses. Counted, as IKE SAs that authenticate hold on to them over a reload.
 */
#ifndef ESPALIER_IKE_CREDENTIALS_H
#define ESPALIER_IKE_CREDENTIALS_H

#include "core/cert_cache.h"
#include "core/state.h"
#include "crypto/auth.h"
#include "crypto/identity.h"

#define LOCAL_CERTS_MAX 8u

/* A certificate of our own that we have the key of, and what a peer needs to get from it to a root. */
struct local_cert {
	struct cert_chain chain; /* chain.certs[0] is it */
	struct privkey *key;
};

/* What a connection authenticates with. */
struct conn_credentials {
	struct hash_node node; /* by the connection's address */
	struct hash_node by_remote; /* by remote_id, if that is one identity that is written in one way */
	struct conn_credentials *next_pattern; /* else: the next of these */
	bool is_pattern;
	const struct conf_connection *conn;
	struct identity local_id;   /* %any: take the certificate's subject, or the address */
	struct identity remote_id;  /* a pattern */
	struct identity ppk_id;	    /* its data is the PPK_ID; %any: none */
	struct local_cert certs[LOCAL_CERTS_MAX];
	unsigned int cert_count;
	uint32_t local_schemes, remote_schemes; /* of AUTH payloads */
	unsigned int rsa_bits, ec_bits;		/* least size of the peer's key */
	struct cert *remote_certs[CERT_CHAIN_MAX]; /* the peer's is one of these */
	unsigned int remote_cert_count;
	struct cert *cas[CERT_CHAIN_MAX];	/* of demand */
	struct trust_demand demand;
};

/* auth values of swanctl.conf as schemes of scheme.h, 0: any, and least sizes. ours: what we sign with, where "rsa" is PKCS#1 v1.5 alone. */
uint32_t auth_rules_schemes(const struct conf_auth_rules *rules, bool ours);
unsigned int auth_rules_min_bits(const struct conf_auth_rules *rules, bool rsa);

struct credentials;

/* 0, or negative with a sentence: a file that cannot be read, an identity that cannot be, no certificate or key for a connection. */
int credentials_load(struct agent *agent, struct conf *conf, struct credentials **credentials, char *error);
struct credentials *credentials_ref(struct credentials *credentials);
void credentials_free(struct credentials *credentials);

/* Of a connection of its conf; NULL: not of this conf. */
const struct conn_credentials *credentials_of(const struct credentials *credentials, const struct conf_connection *conn);
/*
 * Connections whose remote identity may be this one, in any order; those of a lower address stand first in the configuration. after: NULL for the first
 * one. Those of other identities are not walked over, but where they have patterns, %any or DNs, which can be written in several ways.
 */
const struct conn_credentials *credentials_for_peer(const struct credentials *credentials, const struct identity *id, const struct conn_credentials *after);
struct trust *credentials_trust(const struct credentials *credentials);
/* What peers authenticated with while this configuration is in force. */
struct cert_cache *credentials_cert_cache(struct credentials *credentials);
/* Certificates of the configuration that speak for this identity, one after the other (after NULL: the first); for peers that send none. */
struct cert *credentials_cert_for(const struct credentials *credentials, const struct identity *id, struct cert *after);

/* The secret whose ids fit both sides best, as strongSwan chooses; NULL: none. */
const struct conf_secret *credentials_psk(const struct credentials *credentials, const struct identity *local, const struct identity *remote);
const struct conf_secret *credentials_ppk(const struct credentials *credentials, const void *id, size_t len);
bool credentials_has_ppk(const struct credentials *credentials);

#endif
