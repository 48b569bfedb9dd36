/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X.509 (RFC 5280, as RFC 4945 has it for IKE): certificates and private keys from files, certificates of a peer, trust.
 * "Hash and URL" (RFC 7296, 3.6) is not supported: nothing is fetched from anywhere. OCSP neither.
 */
#ifndef ESPALIER_IKE_CERT_H
#define ESPALIER_IKE_CERT_H

#include <stdbool.h>
#include <time.h>

#include "crypto/fail.h"
#include "crypto/scheme.h"

#define CERT_DER_MAX 16384u	   /* bytes of a certificate that is accepted */
#define CERT_CHAIN_MAX 8u	   /* certificates of a peer that are looked at */
#define CERT_REQUEST_HASH_LEN 20u  /* SHA-1 of a CA's SubjectPublicKeyInfo */
#define CERT_RSA_BITS_MIN 2048
#define CERT_RSA_BITS_MAX 8192
#define CERT_EC_BITS_MIN 256

struct cert;	/* counted references */
struct privkey; /* counted references */
struct trust;

/* -------- certificates -------- */

/* One certificate as DER. -EBADMSG: not one, or bytes behind it; -E2BIG. */
int cert_parse(const uint8_t *der, size_t len, struct cert **cert, char *error);
/* The first certificate of a PEM file, or DER. Negative errno of the file, -EBADMSG. */
int cert_load(const char *path, struct cert **cert, char *error);
/*
 * All of a PEM file, at most max, into certs. Returns how many, or negative errno. What stands behind the first may be broken, or too much: it is
 * left out, and error then says so; else error is "".
 */
int cert_load_all(const char *path, struct cert **certs, unsigned int max, char *error);
struct cert *cert_ref(struct cert *cert);
void cert_free(struct cert *cert); /* NULL is allowed */

const uint8_t *cert_der(const struct cert *cert, size_t *len);
bool cert_equal(const struct cert *a, const struct cert *b);
/* May sign certificates: CA basic constraint. */
bool cert_is_ca(const struct cert *cert);
/* By names and key identifiers; the signature is not looked at. */
bool cert_issued_by(const struct cert *cert, const struct cert *issuer);
/*
 * Kind and size of the public key, for rules such as "rsa-3072"; Ed25519 has 256 bits. OTHER is what cannot be used: other algorithms, other
 * curves than P-256, P-384 and P-521, sizes out of the limits above.
 */
enum cert_key { CERT_KEY_OTHER, CERT_KEY_RSA, CERT_KEY_ECDSA, CERT_KEY_ED25519 };
enum cert_key cert_key_kind(const struct cert *cert);
unsigned int cert_key_bits(const struct cert *cert);
/* notAfter as seconds since 1970. */
time_t cert_not_after(const struct cert *cert);
/* Subject as text (IDENTITY_TEXT_LEN bytes of identity.h), for log lines. */
const char *cert_print(const struct cert *cert, char *text);
/* SHA-1 of SubjectPublicKeyInfo. */
const uint8_t *cert_key_hash(const struct cert *cert);

/* -------- private keys -------- */

/* PEM or DER; PKCS#8, PKCS#1, SEC 1; of a PEM file the first block that is one. passphrase may be NULL: an encrypted key is then -EACCES, as with a wrong one. -ENOTSUP: type or size. */
int privkey_load(const char *path, const char *passphrase, struct privkey **key, char *error);
int privkey_parse(const uint8_t *data, size_t len, const char *passphrase, struct privkey **key, char *error);
struct privkey *privkey_ref(struct privkey *key);
void privkey_free(struct privkey *key);
bool privkey_fits(const struct privkey *key, const struct cert *cert);

/* -------- the certificates of a peer -------- */

/* CERT payloads in their order: the first is that of the AUTH payload, others help to build the path. {0} is empty. */
struct cert_chain {
	unsigned int count;
	struct cert *certs[CERT_CHAIN_MAX];
};

/*
 * One CERT payload. Encodings other than X.509 are skipped without error (0, nothing added), so are more than CERT_CHAIN_MAX and repeated ones.
 * -EBADMSG, -E2BIG: what calls itself X.509 and is not acceptable.
 */
int cert_chain_add(struct cert_chain *chain, uint8_t encoding, const uint8_t *data, size_t len, char *error);
/* One that is read already, by the same rules; chain takes a reference of its own. */
void cert_chain_keep(struct cert_chain *chain, struct cert *cert);
void cert_chain_clear(struct cert_chain *chain);

/* -------- trust -------- */

/*
 * strongSwan's revocation: a CRL is used if there is one / must be there for certificates that name a CRL or an OCSP responder / must be there for
 * each certificate but the trusted CA. A revoked certificate fails in all three, also if the CRL that says so has expired.
 */
enum trust_revocation { TRUST_RELAXED, TRUST_IFURI, TRUST_STRICT };

int trust_new(struct trust **trust);
void trust_free(struct trust *trust);
/* A trusted CA, root or not. The reference stays the caller's. -EINVAL: no CA. */
int trust_add_ca(struct trust *trust, struct cert *ca, char *error);
/* CRLs of a file, PEM (several) or DER (one). Their signatures are checked when they are used. */
int trust_add_crl(struct trust *trust, const char *path, char *error);
int trust_add_crl_der(struct trust *trust, const uint8_t *der, size_t len, char *error);
/* For tests: the time of all checks; 0: now. */
void trust_set_time(struct trust *trust, time_t when);

/*
 * chain->certs[0] leads over the others and the trusted CAs to a trusted CA: signatures (SHA-2 or Ed25519; keys of the least size), validity,
 * basic constraints, key usage (digitalSignature or nonRepudiation, if the extension is there), extended key usage (if it is there: any,
 * serverAuth, clientAuth, ipsecIKE or the other ipsec ones, iKEIntermediate),
 * name constraints, critical extensions, revocation. required_ca: NULL, or a CA that must be part of the path.
 * demand: what this connection asks for beyond that; NULL: nothing, TRUST_RELAXED.
 * 0; -EACCES: not trusted, with the reason; -EINVAL: empty chain; -EIO.
 */
struct trust_demand {
	enum trust_revocation revocation;
	struct cert *const *cas; /* the path must contain one of these; ca_count 0: no matter */
	unsigned int ca_count;
	uint32_t schemes;	 /* of the signatures in the path (scheme.h), 0: any */
	unsigned int rsa_bits, ec_bits; /* least size of each key in the path, 0: CERT_..._MIN */
};
int trust_verify(struct trust *trust, const struct cert_chain *chain, const struct trust_demand *demand, char *error);
/* The same for a certificate that the configuration names: valid now, acceptable key, no path needed. */
int trust_verify_pinned(struct trust *trust, const struct cert *cert, char *error);

/* Data of a CERTREQ: hashes of the trusted CAs, one behind the other; returns its length in bytes (at most room), a multiple of 20. */
size_t trust_request(const struct trust *trust, uint8_t *out, size_t room);
/*
 * A received CERTREQ (encoding X.509) is answered by this certificate: a CA on its path, through intermediates of chain and the trusted CAs,
 * is asked for. An empty request asks for none in particular: true.
 */
bool trust_answers_request(const struct trust *trust, const struct cert_chain *chain, const uint8_t *hashes, size_t len);

#endif
