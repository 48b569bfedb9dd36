/* SPDX-License-Identifier: Apache-2.0 */
/* AES and GHASH arithmetic on single blocks, as gcm_dpi.c needs it: with the processor's instructions where it has them, else in plain C. */
#ifndef SIM_DPI_CIPHER_H
#define SIM_DPI_CIPHER_H

#include <stdbool.h>
#include <stdint.h>

#define CIPHER_KEYS 15 /* of AES-256; shorter keys have fewer */

struct cipher {
	/* E_K of count blocks (at most 4); keys: rounds + 1 round keys. */
	void (*encrypt)(const uint8_t *const *keys, unsigned int rounds, uint8_t (*blocks)[16], unsigned int count);
	/* x[0] h[0] + ... in GF(2^128) as GHASH has it (NIST SP 800-38D, 6.3), count products (at most 4). */
	void (*multiply)(const uint8_t (*x)[16], const uint8_t *const *h, unsigned int count, uint8_t *sum);
};

extern const struct cipher cipher_portable;
/* NULL: this processor has no instructions for it. */
const struct cipher *cipher_x86(void);

#endif
