/* SPDX-License-Identifier: Apache-2.0 */
/* How this library reports: a negative errno value and, where a caller hands in a buffer, one readable sentence. */
#ifndef ESPALIER_IKE_CRYPTO_FAIL_H
#define ESPALIER_IKE_CRYPTO_FAIL_H

#include <stddef.h>
#include <stdint.h>

#define CRYPTO_ERROR_LEN 256

/* Bytes that somebody else owns. Long inputs are given as an array of them and never copied together. */
struct part {
	const void *data;
	size_t len;
};

/* Writes the sentence into error (CRYPTO_ERROR_LEN bytes, or NULL) and returns code. Never put a secret into it. */
int crypto_fail(char *error, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
