/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What protects a packet: AES-GCM (RFC 4106), ChaCha20-Poly1305 (RFC 7634), both with an implicit IV too (RFC 8750), AES-GMAC (RFC 4543), by OpenSSL.
 * A packet at esp is SPI, sequence number, IV if there is one, text of len bytes, ICV.
 */
#ifndef ESPALIER_SOFT_CIPHER_H
#define ESPALIER_SOFT_CIPHER_H

#include "soft.h"

/* The SA's cipher with its key, by config->direction; NULL: OpenSSL cannot. */
EVP_CIPHER_CTX *soft_cipher_new(const struct soft_dev *soft, const struct espalier_sa_config *config);

/* Write header and IV of number seq, protect the text where it is and put the ICV behind it. The IV is the number: no nonce comes twice while numbers do not. */
bool soft_seal(struct soft_sa *sa, uint64_t seq, uint8_t *esp, uint32_t len);

/* Check the ICV, and put the text to plain. False: it is wrong; what plain holds then is to be wiped. */
bool soft_open_sealed(struct soft_sa *sa, uint64_t seq, const uint8_t *esp, uint32_t len, uint8_t *plain);

#endif
