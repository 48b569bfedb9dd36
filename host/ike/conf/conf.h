/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration of the agent: swanctl.conf as a tree of structs. Every key, its default and what differs from strongSwan's: docs/espalier-ike.md.
 *
 * A struct conf is complete and consistent or it is not made: defaults are filled in, times, sizes, addresses and selectors parsed, ranges and
 * contradictions checked. It never changes afterwards. It is counted: reload makes a new one while IKE SAs still hold the old one, and every
 * pointer into it (connection, child, strings) is valid as long as one holds a reference. Not for several threads at once.
 *
 * Files named in it (certificates, keys, CRLs) are not opened here: the paths are absolute or relative to the working directory, ready for open().
 * Identities stay text for crypto/identity.h.
 */
#ifndef ESPALIER_CONF_H
#define ESPALIER_CONF_H

#include "net/addr.h"
#include "proto/proposal.h"
#include "sink/sink.h"

#define CONF_ERROR_LEN 512
#define CONF_RULES_MAX 8u  /* key types in an auth value */
#define CONF_HASHES_MAX 4u /* hash algorithms of a key type in an auth value */
#define CONF_DIGEST_LEN 32u

/* Where something was written, for errors found later. The file's name lives as long as the conf. */
struct conf_where {
	const char *file;
	unsigned int line;
};

/* Values of a comma-separated list; items[0] to items[count - 1]. */
struct conf_list {
	size_t count;
	char **items;
};

/*
 * An address, prefix, range or wildcard. any: %any, %any4, %any6 (range is then all of the family, or both ends have family 0). single: one
 * address, range.lo, which an initiator can send from or to. Protocol and ports of range mean nothing.
 */
struct conf_addr {
	bool any, single;
	struct ts range;
};

struct conf_addrs {
	size_t count; /* at least 1 */
	struct conf_addr *items;
};

/* A traffic selector. dynamic: "dynamic", the outer address; ts has then the protocol and ports, its addresses have family 0. */
struct conf_ts {
	bool dynamic;
	struct ts ts;
};

struct conf_selectors {
	size_t count; /* 1 to SINK_TS_MAX */
	struct conf_ts *items;
};

enum conf_fragmentation { CONF_FRAGMENT_YES, CONF_FRAGMENT_ACCEPT, CONF_FRAGMENT_FORCE, CONF_FRAGMENT_NO };
enum conf_childless { CONF_CHILDLESS_ALLOW, CONF_CHILDLESS_FORCE, CONF_CHILDLESS_NEVER };
enum conf_send_cert { CONF_CERT_IFASKED, CONF_CERT_NEVER, CONF_CERT_ALWAYS };
enum conf_unique { CONF_UNIQUE_NO, CONF_UNIQUE_NEVER, CONF_UNIQUE_KEEP, CONF_UNIQUE_REPLACE };
enum conf_revocation { CONF_REVOCATION_RELAXED, CONF_REVOCATION_IFURI, CONF_REVOCATION_STRICT };
enum conf_auth_method { CONF_AUTH_PUBKEY, CONF_AUTH_PSK };
enum conf_key_type { CONF_KEY_ANY, CONF_KEY_RSA, CONF_KEY_RSA_PSS, CONF_KEY_ECDSA, CONF_KEY_ED25519 };
enum conf_hash { CONF_HASH_SHA256, CONF_HASH_SHA384, CONF_HASH_SHA512, CONF_HASH_IDENTITY };

/* start_action, close_action, dpd_action: "trap|start" is both. */
#define CONF_ACTION_TRAP 1u
#define CONF_ACTION_START 2u

/* mode: pass and drop are policies alone, nothing is negotiated. */
enum conf_mode { CONF_TUNNEL, CONF_TRANSPORT, CONF_PASS, CONF_DROP };

/*
 * One key type of an auth value such as rsa-2048-sha256-sha384; CONF_KEY_ANY ("pubkey") is each of them. Both mean of RSA: PKCS#1 v1.5 to sign,
 * RSASSA-PSS accepted too.
 */
struct conf_auth_rule {
	enum conf_key_type key;
	unsigned int min_bits;	 /* key size at least; 0: any */
	unsigned int hash_count; /* 0: any; CONF_HASH_IDENTITY is that of Ed25519 */
	enum conf_hash hashes[CONF_HASHES_MAX]; /* in order of preference */
};

struct conf_auth_rules {
	unsigned int count; /* 0: no limit */
	struct conf_auth_rule items[CONF_RULES_MAX];
};

/* local and remote of a connection: one authentication round. */
struct conf_auth {
	struct conf_where where;
	enum conf_auth_method method;
	struct conf_auth_rules ike;   /* what may sign the AUTH payload */
	struct conf_auth_rules chain; /* remote: what the chain of certificates must be of */
	char *id;		      /* NULL: not given. Remote: may have wildcards; NULL and "%any" are anybody */
	struct conf_list certs;	      /* paths. Local: candidates. Remote: the peer's is one of these; empty: any that verifies */
	struct conf_list cacerts;     /* remote, paths: the chain must contain one of these; empty: any trusted CA */
	enum conf_revocation revocation; /* remote */
};

/* rekey 0: no limit of this kind; life 0: none. rand: rekey starts at rekey minus a random part of it, 0 to rand. */
struct conf_limits {
	uint64_t rekey, life, rand;
};

struct conf_connection;

struct conf_child {
	struct conf_where where;
	char *name;
	const struct conf_connection *connection; /* that it belongs to */
	struct conf_selectors local_ts, remote_ts;
	const struct proposals *esp_proposals; /* at least one */
	enum conf_mode mode;
	unsigned int start_action, close_action, dpd_action; /* CONF_ACTION_... */
	struct conf_limits time;	    /* seconds */
	struct conf_limits bytes, packets;
	uint32_t replay_window;		    /* packets; 0: no check */
	bool copy_df;
	uint32_t reqid;			    /* 0: the agent chooses */
	uint32_t priority;		    /* of the policy; 0: by the selectors' size */
};

static inline bool conf_is_shunt(const struct conf_child *child)
{
	return child->mode == CONF_PASS || child->mode == CONF_DROP;
}

struct conf_connection {
	struct conf *conf;		    /* that it is part of; no reference */
	struct conf_where where;
	char *name;
	struct conf_addrs local_addrs, remote_addrs;
	uint16_t local_port;		    /* 0: the agent's own */
	uint16_t remote_port;
	const struct proposals *proposals;  /* of the IKE SA; at least one */
	bool encap;			    /* UDP encapsulation even without NAT */
	uint32_t dpd_delay_s;		    /* 0: no checks of liveness */
	enum conf_fragmentation fragmentation;
	enum conf_childless childless;
	bool send_certreq;
	enum conf_send_cert send_cert;
	char *ppk_id;			    /* NULL: no PPK as initiator */
	bool ppk_required;
	uint32_t keyingtries;		    /* sequences of retransmission for the first exchanges; 0: without end */
	enum conf_unique unique;
	uint64_t reauth_time_s, rekey_time_s; /* 0: never */
	uint64_t over_time_s;		    /* closed when this long after the later of both it is still not done */
	uint64_t rand_time_s;		    /* a random part, 0 to this, is taken off both */
	struct conf_auth local, remote;
	/*
	 * SHA-256 over all keys above and their values, but the four times: two connections of one name with equal digests differ in nothing but
	 * these and children. Values written in another way (two orders of a list, say) may count as different.
	 */
	uint8_t digest[CONF_DIGEST_LEN];
	size_t child_count;
	struct conf_child **children;	    /* in the order of the file */
};

/* A connection of shunts alone talks to nobody. */
static inline bool conf_negotiates(const struct conf_connection *conn)
{
	for (size_t i = 0; i < conn->child_count; i++)
		if (!conf_is_shunt(conn->children[i]))
			return true;
	return !conn->child_count;
}

enum conf_secret_kind { CONF_SECRET_IKE, CONF_SECRET_PPK };

/* A preshared key and whom it is for. */
struct conf_secret {
	struct conf_where where;
	enum conf_secret_kind kind;
	char *name;	      /* of the section: ike-one, ppk2 */
	uint8_t *bytes;	      /* the key itself, 0x and 0s decoded; at least 1 byte */
	size_t len;
	struct conf_list ids; /* of either side; empty: anybody. PPK: the PPK_IDs */
};

/* A file of a private key: those of the directories private, rsa, ecdsa, pkcs8 beside the configuration, and those named in secrets. */
struct conf_key_file {
	struct conf_where where; /* of the passphrase's section; file NULL without one */
	char *path;
	char *passphrase;	 /* NULL: none */
};

struct conf_authority {
	struct conf_where where;
	char *name;
	char *cacert;		/* path */
	struct conf_list crls;	/* paths; of its file:// URIs */
};

/* Proposals as they were written, parsed once for all who wrote the same. */
struct conf_proposals {
	uint8_t protocol; /* enum ike_protocol */
	char *text;
	struct proposals list;
};

struct conf {
	unsigned int references;
	char *path;			/* as given to conf_load or conf_parse */
	size_t connection_count;
	struct conf_connection **connections; /* in the order of the file, as the rest */
	struct conf_connection **by_name;     /* the same in order of their names, for conf_find_connection */
	size_t reqid_count;		/* children with a reqid of their own */
	size_t secret_count;
	struct conf_secret **secrets;
	size_t authority_count;
	struct conf_authority **authorities;
	size_t key_count;
	struct conf_key_file **keys;
	struct conf_list certs;	  /* files of the directory x509: intermediate CAs and end entities, for chains; not trusted by being there */
	struct conf_list cacerts; /* files of x509ca: trusted */
	struct conf_list crls;	  /* files of x509crl */
	size_t proposals_count;   /* what connections and children point to */
	struct conf_proposals **proposals;
	struct conf_list files;   /* every configuration file read, for messages */
};

/*
 * Read a file, what it includes, and the names in the directories of certificates and keys beside it. Returns a conf with one reference,
 * or NULL with one sentence in error: "FILE:LINE: what is wrong with which key".
 */
struct conf *conf_load(const char *path, char error[CONF_ERROR_LEN]);
/*
 * The same from text in memory, that need not end with NUL. name stands for the file in errors; relative file names are relative to
 * its directory. "include" is an error, and no directory is read.
 */
struct conf *conf_parse(const char *name, const char *text, size_t len, char error[CONF_ERROR_LEN]);

struct conf *conf_ref(struct conf *conf);
/* Give one reference back; at the last one the tree is freed, its secrets wiped. NULL is fine. */
void conf_free(struct conf *conf);

/* The first that is one address: the one that an initiator sends from or to. NULL: none. */
const struct ip_addr *conf_single_address(const struct conf_addrs *addrs);

/* By name; NULL if there is none. */
const struct conf_connection *conf_find_connection(const struct conf *conf, const char *name);
/* A child of this connection by its own name; NULL: none. */
const struct conf_child *conf_connection_child(const struct conf_connection *connection, const char *name);
/* "connection/child", or "child" where only one connection has it. NULL with one sentence in error. */
const struct conf_child *conf_find_child(const struct conf *conf, const char *name, char error[CONF_ERROR_LEN]);

#endif
