/* SPDX-License-Identifier: Apache-2.0 */
/* The recorded conversations of tests/vectors/ike. */
#ifndef TEST_IKE_VECTORS_H
#define TEST_IKE_VECTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VECTORS_MAX 32

struct vector {
	uint8_t *data; /* the message */
	size_t len;
	bool sealed;   /* has an SK or SKF payload: */
	uint8_t first; /* type of its first payload, */
	uint8_t *inner;
	size_t inner_len; /* and its content in clear, allocated with this size so that a sanitizer sees what is read behind it */
};

struct vectors {
	unsigned int count;
	struct vector list[VECTORS_MAX];
};

extern const char *const vector_names[]; /* ends in NULL */

/* False: there is no such file, or it is damaged. */
bool vectors_load(const char *name, struct vectors *vectors);
void vectors_free(struct vectors *vectors);

#endif
