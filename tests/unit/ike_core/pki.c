/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cmocka.h>

#include "pki.h"

#define DAY_S 86400L

void pki_open(struct pki *pki)
{
	snprintf(pki->dir, sizeof(pki->dir), "/tmp/ike-pki-XXXXXX");
	assert_non_null(mkdtemp(pki->dir));
	pki->serial = 0;
}

void pki_close(struct pki *pki)
{
	DIR *dir = opendir(pki->dir);
	struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	assert_int_equal(rmdir(pki->dir), 0);
}

static EVP_PKEY *make_key(const char *kind)
{
	EVP_PKEY *key;

	if (!strncmp(kind, "rsa", 3))
		key = EVP_RSA_gen((unsigned int)atoi(kind + 3));
	else if (!strcmp(kind, "ed25519"))
		key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	else
		key = EVP_EC_gen(!strcmp(kind, "p256") ? "P-256" : !strcmp(kind, "p384") ? "P-384" : "P-521");
	assert_non_null(key);
	return key;
}

static void extend(X509 *x509, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *extension;

	X509V3_set_ctx(&ctx, issuer, x509, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert_non_null(extension);
	assert_int_equal(X509_add_ext(x509, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

static const EVP_MD *md_for(const EVP_PKEY *key)
{
	return EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? NULL : EVP_sha256();
}

static FILE *open_file(const struct pki *pki, const char *name, const char *suffix)
{
	char path[160];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.%s", pki->dir, name, suffix);
	file = fopen(path, "w");
	assert_non_null(file);
	return file;
}

static void save(const struct pki *pki, const char *name, const struct pki_cert *cert)
{
	FILE *file = open_file(pki, name, "crt");

	assert_int_equal(PEM_write_X509(file, cert->x509), 1);
	fclose(file);
	file = open_file(pki, name, "key");
	assert_int_equal(PEM_write_PrivateKey(file, cert->key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(file);
}

void pki_issue(struct pki *pki, const struct pki_cert *issuer, const char *name, const struct pki_request *request, struct pki_cert *cert)
{
	X509 *x = X509_new(), *above = issuer ? issuer->x509 : x;
	EVP_PKEY *signer;
	X509_NAME *subject;

	cert->key = make_key(request->kind);
	cert->x509 = x;
	signer = issuer ? issuer->key : cert->key;
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), ++pki->serial);
	X509_gmtime_adj(X509_getm_notBefore(x), -2 * DAY_S);
	X509_gmtime_adj(X509_getm_notAfter(x), request->expired ? -DAY_S : DAY_S);
	subject = X509_get_subject_name(x);
	X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8, (const unsigned char *)"Espalier tests", -1, -1, 0);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)request->cn, -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(above));
	X509_set_pubkey(x, cert->key);
	extend(x, above, NID_basic_constraints, request->ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
	extend(x, above, NID_key_usage, request->ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
	extend(x, above, NID_subject_key_identifier, "hash");
	if (request->san)
		extend(x, above, NID_subject_alt_name, request->san);
	assert_true(X509_sign(x, signer, md_for(signer)) > 0);
	save(pki, name, cert);
}

void pki_free(struct pki_cert *cert)
{
	X509_free(cert->x509);
	EVP_PKEY_free(cert->key);
}

void pki_crl(struct pki *pki, const struct pki_cert *issuer, const struct pki_cert *revoked, const char *name)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *now = ASN1_TIME_adj(NULL, time(NULL), 0, -60), *then = ASN1_TIME_adj(NULL, time(NULL), 1, 0);
	FILE *file = open_file(pki, name, "crl");

	X509_CRL_set_version(crl, 1);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->x509));
	X509_CRL_set1_lastUpdate(crl, now);
	X509_CRL_set1_nextUpdate(crl, then);
	if (revoked) {
		X509_REVOKED *entry = X509_REVOKED_new();

		X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(revoked->x509));
		X509_REVOKED_set_revocationDate(entry, now);
		assert_int_equal(X509_CRL_add0_revoked(crl, entry), 1);
	}
	assert_true(X509_CRL_sign(crl, issuer->key, md_for(issuer->key)) > 0);
	assert_int_equal(PEM_write_X509_CRL(file, crl), 1);
	fclose(file);
	ASN1_TIME_free(now);
	ASN1_TIME_free(then);
	X509_CRL_free(crl);
}
