/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the library: what cert.h hides. */
#ifndef ESPALIER_IKE_CERT_INTERNAL_H
#define ESPALIER_IKE_CERT_INTERNAL_H

#include <openssl/x509.h>

#include "crypto/cert.h"

#define CERT_FILE_MAX (1u << 22) /* bytes of a file of certificates, keys or CRLs that is read */

struct cert {
	unsigned int refs;
	X509 *x509;
	uint8_t *der;
	size_t der_len;
	enum cert_key kind;
	unsigned int bits;
	uint8_t key_hash[CERT_REQUEST_HASH_LEN];
};

struct privkey {
	unsigned int refs;
	EVP_PKEY *pkey;
	enum cert_key kind;
};

/* Kind and size of a key; CERT_KEY_OTHER: one that is not used. key may be NULL. */
enum cert_key cert_classify(const EVP_PKEY *key, unsigned int *bits);
/* The whole file in *data, to be freed with OPENSSL_clear_free. Negative errno. */
int cert_read_file(const char *path, uint8_t **data, size_t *len, char *error);
/* PEM's first line is in it. */
bool cert_is_pem(const uint8_t *data, size_t len);

#endif
