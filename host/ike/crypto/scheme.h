/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signature schemes as a set of bits: those of AUTH payloads by RFC 7427 and RFC 8420, and of certificates. SHA-1 is not among them.
 * From an auth value of swanctl.conf: "rsa" is AUTH_RSA_PKCS1 | AUTH_RSA_PSS for a peer's signature, "rsa/pss" AUTH_RSA_PSS, and so on.
 */
#ifndef ESPALIER_IKE_SCHEME_H
#define ESPALIER_IKE_SCHEME_H

#include <stdint.h>

#define AUTH_RSA_PKCS1_SHA256 (1u << 0)
#define AUTH_RSA_PKCS1_SHA384 (1u << 1)
#define AUTH_RSA_PKCS1_SHA512 (1u << 2)
#define AUTH_RSA_PSS_SHA256 (1u << 3)
#define AUTH_RSA_PSS_SHA384 (1u << 4)
#define AUTH_RSA_PSS_SHA512 (1u << 5)
#define AUTH_ECDSA_SHA256 (1u << 6)
#define AUTH_ECDSA_SHA384 (1u << 7)
#define AUTH_ECDSA_SHA512 (1u << 8)
#define AUTH_ED25519 (1u << 9)

#define AUTH_RSA_PKCS1 (AUTH_RSA_PKCS1_SHA256 | AUTH_RSA_PKCS1_SHA384 | AUTH_RSA_PKCS1_SHA512)
#define AUTH_RSA_PSS (AUTH_RSA_PSS_SHA256 | AUTH_RSA_PSS_SHA384 | AUTH_RSA_PSS_SHA512)
#define AUTH_ECDSA (AUTH_ECDSA_SHA256 | AUTH_ECDSA_SHA384 | AUTH_ECDSA_SHA512)
#define AUTH_SHA256 (AUTH_RSA_PKCS1_SHA256 | AUTH_RSA_PSS_SHA256 | AUTH_ECDSA_SHA256)
#define AUTH_SHA384 (AUTH_RSA_PKCS1_SHA384 | AUTH_RSA_PSS_SHA384 | AUTH_ECDSA_SHA384)
#define AUTH_SHA512 (AUTH_RSA_PKCS1_SHA512 | AUTH_RSA_PSS_SHA512 | AUTH_ECDSA_SHA512)
#define AUTH_SCHEMES_ALL (AUTH_RSA_PKCS1 | AUTH_RSA_PSS | AUTH_ECDSA | AUTH_ED25519)

#endif
