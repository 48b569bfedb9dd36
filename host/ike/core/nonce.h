/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: which of several nonces is the smallest, for collisions (RFC 7296, 2.8.1). */
#ifndef ESPALIER_IKE_NONCE_H
#define ESPALIER_IKE_NONCE_H

#include <stddef.h>
#include <stdint.h>

/* As RFC 7296, 2.8.1, compares nonces: <0, 0, >0. */
int nonce_compare(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len);

#endif
