/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates from files and from peers. */
#include "crypto/cert.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/cert_internal.h"
#include "crypto/dn.h"
#include "crypto/identity.h"
#include "proto/registry.h"

static const char *const curves[] = { "prime256v1", "secp384r1", "secp521r1" };

static bool is_our_curve(const EVP_PKEY *key)
{
	char name[32];

	if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, name, sizeof(name), NULL) != 1)
		return false;
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (strcmp(name, curves[i]) == 0)
			return true;
	return false;
}

enum cert_key cert_classify(const EVP_PKEY *key, unsigned int *bits)
{
	int size = key ? EVP_PKEY_get_bits(key) : 0;

	*bits = size > 0 ? (unsigned int)size : 0;
	switch (key ? EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE) {
	case EVP_PKEY_RSA:
		return size >= CERT_RSA_BITS_MIN && size <= CERT_RSA_BITS_MAX ? CERT_KEY_RSA : CERT_KEY_OTHER;
	case EVP_PKEY_EC:
		return is_our_curve(key) ? CERT_KEY_ECDSA : CERT_KEY_OTHER;
	case EVP_PKEY_ED25519:
		*bits = 256;
		return CERT_KEY_ED25519;
	default:
		return CERT_KEY_OTHER;
	}
}

static bool hash_key(const X509 *x509, uint8_t hash[CERT_REQUEST_HASH_LEN])
{
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &der);
	bool ok = len > 0 && EVP_Digest(der, (size_t)len, hash, NULL, EVP_sha1(), NULL) == 1;

	OPENSSL_free(der);
	return ok;
}

/* Takes x509. NULL: no memory, or nonsense within. */
static struct cert *wrap(X509 *x509)
{
	struct cert *cert = calloc(1, sizeof(*cert));
	int len;

	if (!cert) {
		X509_free(x509);
		return NULL;
	}
	cert->refs = 1;
	cert->x509 = x509;
	len = i2d_X509(x509, &cert->der);
	/* X509_check_purpose reads the extensions now; what it finds is in the flags */
	if (len <= 0 || !hash_key(x509, cert->key_hash) || X509_check_purpose(x509, -1, 0) != 1 || (X509_get_extension_flags(x509) & EXFLAG_INVALID)) {
		cert_free(cert);
		return NULL;
	}
	cert->der_len = (size_t)len;
	cert->kind = cert_classify(X509_get0_pubkey(x509), &cert->bits);
	ERR_clear_error();
	return cert;
}

int cert_parse(const uint8_t *der, size_t len, struct cert **cert, char *error)
{
	const unsigned char *at = der;
	X509 *x509;

	*cert = NULL;
	if (len > CERT_DER_MAX)
		return crypto_fail(error, -E2BIG, "A certificate of %zu bytes is larger than %u bytes.", len, CERT_DER_MAX);
	x509 = d2i_X509(NULL, &at, (long)len);
	if (x509 && at != der + len) {
		X509_free(x509);
		x509 = NULL;
	}
	*cert = x509 ? wrap(x509) : NULL;
	ERR_clear_error();
	return *cert ? 0 : crypto_fail(error, -EBADMSG, "%zu bytes are no X.509 certificate.", len);
}

static int read_all(int fd, uint8_t **data, size_t *len)
{
	struct stat st;
	ssize_t n = 1;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	if (st.st_size > (off_t)CERT_FILE_MAX)
		return -EFBIG;
	*data = OPENSSL_malloc((size_t)st.st_size + 1);
	if (!*data)
		return -ENOMEM;
	while (*len < (size_t)st.st_size && n > 0) {
		n = read(fd, *data + *len, (size_t)st.st_size - *len);
		if (n < 0)
			return -errno;
		*len += (size_t)n;
	}
	return 0;
}

int cert_read_file(const char *path, uint8_t **data, size_t *len, char *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret;

	*data = NULL;
	*len = 0;
	ret = fd < 0 ? -errno : read_all(fd, data, len);
	if (fd >= 0)
		close(fd);
	if (!ret)
		return 0;
	OPENSSL_clear_free(*data, *len);
	*data = NULL;
	return crypto_fail(error, ret, "%.150s: %s.", path, strerror(-ret));
}

bool cert_is_pem(const uint8_t *data, size_t len)
{
	return len && memmem(data, len, "-----BEGIN ", 11) != NULL;
}

/* The certificates of a PEM text up to one that is broken; *why is what was left out behind the first, or NULL. */
static int parse_pem(const uint8_t *data, size_t len, struct cert **certs, unsigned int max, const char **why)
{
	BIO *bio = BIO_new_mem_buf(data, (int)len);
	unsigned int count = 0;
	X509 *x509 = NULL;

	*why = NULL;
	while (bio && (x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL)) && count < max) {
		certs[count] = wrap(x509);
		x509 = NULL;
		if (!certs[count])
			break;
		count++;
	}
	if (x509)
		*why = "there are more certificates in it than are looked at";
	else if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		*why = "there is a broken certificate in it; that and what follows is left out";
	X509_free(x509);
	BIO_free(bio);
	ERR_clear_error();
	return count ? (int)count : -EBADMSG;
}

static int load(const char *path, struct cert **certs, unsigned int max, char *error)
{
	char text[CRYPTO_ERROR_LEN];
	const char *why = NULL;
	uint8_t *data;
	size_t len;
	int ret = cert_read_file(path, &data, &len, error);

	if (ret)
		return ret;
	if (cert_is_pem(data, len)) {
		ret = parse_pem(data, len, certs, max, &why);
		if (ret < 0)
			why = "There is no certificate in it, or a broken one.";
	} else {
		ret = cert_parse(data, len, certs, text);
		if (!ret)
			ret = 1;
		else
			why = text;
	}
	OPENSSL_clear_free(data, len);
	if (error)
		*error = '\0';
	return why ? crypto_fail(error, ret, "%.120s: %.100s", path, why) : ret;
}

int cert_load(const char *path, struct cert **cert, char *error)
{
	int ret;

	*cert = NULL;
	ret = load(path, cert, 1, error);
	return ret < 0 ? ret : 0;
}

int cert_load_all(const char *path, struct cert **certs, unsigned int max, char *error)
{
	return max ? load(path, certs, max, error) : 0;
}

struct cert *cert_ref(struct cert *cert)
{
	cert->refs++;
	return cert;
}

void cert_free(struct cert *cert)
{
	if (!cert || --cert->refs)
		return;
	X509_free(cert->x509);
	OPENSSL_free(cert->der);
	free(cert);
}

const uint8_t *cert_der(const struct cert *cert, size_t *len)
{
	*len = cert->der_len;
	return cert->der;
}

bool cert_equal(const struct cert *a, const struct cert *b)
{
	return a->der_len == b->der_len && memcmp(a->der, b->der, a->der_len) == 0;
}

bool cert_issued_by(const struct cert *cert, const struct cert *issuer)
{
	return X509_check_issued(issuer->x509, cert->x509) == X509_V_OK;
}

bool cert_is_ca(const struct cert *cert)
{
	return X509_check_ca(cert->x509) == 1;
}

enum cert_key cert_key_kind(const struct cert *cert)
{
	return cert->kind;
}

unsigned int cert_key_bits(const struct cert *cert)
{
	return cert->bits;
}

time_t cert_not_after(const struct cert *cert)
{
	struct tm tm;

	return ASN1_TIME_to_tm(X509_get0_notAfter(cert->x509), &tm) == 1 ? timegm(&tm) : 0;
}

const char *cert_print(const struct cert *cert, char *text)
{
	const unsigned char *der;
	size_t len;

	text[0] = '\0';
	if (X509_NAME_get0_der(X509_get_subject_name(cert->x509), &der, &len) == 1)
		dn_print(der, len, text, IDENTITY_TEXT_LEN);
	return text;
}

const uint8_t *cert_key_hash(const struct cert *cert)
{
	return cert->key_hash;
}

void cert_chain_keep(struct cert_chain *chain, struct cert *cert)
{
	for (unsigned int i = 0; i < chain->count; i++)
		if (cert_equal(chain->certs[i], cert))
			return;
	if (chain->count < CERT_CHAIN_MAX)
		chain->certs[chain->count++] = cert_ref(cert);
}

int cert_chain_add(struct cert_chain *chain, uint8_t encoding, const uint8_t *data, size_t len, char *error)
{
	struct cert *cert;
	int ret;

	if (encoding != IKE_CERT_X509_SIGNATURE || chain->count >= CERT_CHAIN_MAX)
		return 0;
	ret = cert_parse(data, len, &cert, error);
	if (ret)
		return ret;
	cert_chain_keep(chain, cert);
	cert_free(cert);
	return 0;
}

void cert_chain_clear(struct cert_chain *chain)
{
	while (chain->count)
		cert_free(chain->certs[--chain->count]);
}
