/* SPDX-License-Identifier: Apache-2.0 */
/* Private keys from files. */
#include <errno.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/cert_internal.h"

struct passphrase {
	const char *text; /* NULL: none */
	bool asked;
};

/* libcrypto asks only if the key is encrypted; without this it would ask at the terminal. */
static int give_passphrase(char *buffer, int size, int writing, void *arg)
{
	struct passphrase *p = arg;
	size_t len = p->text ? strlen(p->text) : 0;

	(void)writing;
	p->asked = true;
	if (!p->text || len > (size_t)size)
		return -1;
	memcpy(buffer, p->text, len);
	return (int)len;
}

static EVP_PKEY *decode_one(const uint8_t *data, size_t len, struct passphrase *passphrase)
{
	EVP_PKEY *pkey = NULL;
	OSSL_DECODER_CTX *ctx = OSSL_DECODER_CTX_new_for_pkey(&pkey, NULL, NULL, NULL, EVP_PKEY_KEYPAIR, NULL, NULL);

	if (!ctx || OSSL_DECODER_CTX_set_pem_password_cb(ctx, give_passphrase, passphrase) != 1 || OSSL_DECODER_from_data(ctx, &data, &len) != 1) {
		EVP_PKEY_free(pkey);
		pkey = NULL;
	}
	OSSL_DECODER_CTX_free(ctx);
	ERR_clear_error();
	return pkey;
}

/* Other PEM blocks may stand before the key: "EC PARAMETERS", as openssl ecparam -genkey writes them, or its certificate. */
static EVP_PKEY *decode(const uint8_t *data, size_t len, struct passphrase *passphrase)
{
	static const char begin[] = "-----BEGIN ";
	EVP_PKEY *pkey = decode_one(data, len, passphrase);
	const uint8_t *end = data + len, *block = memmem(data, len, begin, strlen(begin));

	while (!pkey && !passphrase->asked && block) {
		block = memmem(block + 1, (size_t)(end - block) - 1, begin, strlen(begin));
		if (block)
			pkey = decode_one(block, (size_t)(end - block), passphrase);
	}
	return pkey;
}

int privkey_parse(const uint8_t *data, size_t len, const char *passphrase, struct privkey **key, char *error)
{
	struct passphrase p = { passphrase, false };
	EVP_PKEY *pkey = decode(data, len, &p);
	unsigned int bits;
	enum cert_key kind;

	*key = NULL;
	if (!pkey && p.asked)
		return crypto_fail(error, -EACCES, "%s", passphrase ? "The passphrase does not open the private key." :
									  "The private key is encrypted and has no secret.");
	if (!pkey)
		return crypto_fail(error, -EBADMSG, "There is no private key in it.");
	kind = cert_classify(pkey, &bits);
	if (kind == CERT_KEY_OTHER) {
		EVP_PKEY_free(pkey);
		return crypto_fail(error, -ENOTSUP, "A key of its kind or size (%u bits) is not supported: RSA of %d to %d bits, ECDSA P-256, P-384, P-521, "
				   "Ed25519.", bits, CERT_RSA_BITS_MIN, CERT_RSA_BITS_MAX);
	}
	*key = calloc(1, sizeof(**key));
	if (!*key) {
		EVP_PKEY_free(pkey);
		return crypto_fail(error, -ENOMEM, "No memory.");
	}
	**key = (struct privkey){ 1, pkey, kind };
	return 0;
}

int privkey_load(const char *path, const char *passphrase, struct privkey **key, char *error)
{
	char why[CRYPTO_ERROR_LEN];
	uint8_t *data;
	size_t len;
	int ret = cert_read_file(path, &data, &len, error);

	*key = NULL;
	if (ret)
		return ret;
	ret = privkey_parse(data, len, passphrase, key, why);
	OPENSSL_clear_free(data, len);
	return ret ? crypto_fail(error, ret, "%.80s: %.160s", path, why) : 0;
}

struct privkey *privkey_ref(struct privkey *key)
{
	key->refs++;
	return key;
}

void privkey_free(struct privkey *key)
{
	if (!key || --key->refs)
		return;
	EVP_PKEY_free(key->pkey);
	free(key);
}

bool privkey_fits(const struct privkey *key, const struct cert *cert)
{
	const EVP_PKEY *public = X509_get0_pubkey(cert->x509);
	bool fits = public && EVP_PKEY_eq(key->pkey, public) == 1;

	ERR_clear_error();
	return fits;
}
