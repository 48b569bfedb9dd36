/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the library: what libcrypto implements, fetched once. Fetching by name costs more than a short HMAC.
 * Everything here is shared between threads and never freed.
 */
#ifndef ESPALIER_IKE_ALG_H
#define ESPALIER_IKE_ALG_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>

enum alg_hash { ALG_SHA256, ALG_SHA384, ALG_SHA512, ALG_SHA1, ALG_HASHES };

/* NULL: libcrypto has it not. */
const EVP_MD *alg_md(enum alg_hash hash);
const char *alg_md_name(enum alg_hash hash);
/* A context of HMAC with this hash and without a key, to be freed by the caller: EVP_MAC_init gives the key. */
EVP_MAC_CTX *alg_hmac(enum alg_hash hash);

/* AES-GCM or AES-CBC with a key of 128, 192 or 256 bits; NULL: libcrypto has it not. */
const EVP_CIPHER *alg_aes(bool gcm, unsigned int key_bits);

#endif
