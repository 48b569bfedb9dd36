/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates for tests, made by OpenSSL: PEM files in a directory of their own. Errors fail the running test. */
#ifndef ESPALIER_TEST_PKI_H
#define ESPALIER_TEST_PKI_H

#include <stdbool.h>

#include <openssl/x509.h>

struct pki {
	char dir[64];
	long serial;
};

struct pki_cert {
	X509 *x509;
	EVP_PKEY *key;
};

struct pki_request {
	const char *kind; /* "rsa2048", "rsa3072", "p256", "p384", "p521", "ed25519" */
	const char *cn;
	const char *san;  /* as in openssl.cnf: "DNS:a.example.org, email:x@y"; NULL: none */
	bool ca;
	bool expired;
};

void pki_open(struct pki *pki);
/* Removes the directory with its files. */
void pki_close(struct pki *pki);
/* issuer NULL: self-signed. Written as dir/NAME.crt and dir/NAME.key. */
void pki_issue(struct pki *pki, const struct pki_cert *issuer, const char *name, const struct pki_request *request, struct pki_cert *cert);
void pki_free(struct pki_cert *cert);
/* A CRL of the issuer that revokes one certificate (NULL: none), as dir/NAME.crl. */
void pki_crl(struct pki *pki, const struct pki_cert *issuer, const struct pki_cert *revoked, const char *name);

#endif
