/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: bytes of our own. */
#ifndef ESPALIER_IKE_BLOB_H
#define ESPALIER_IKE_BLOB_H

#include <stddef.h>
#include <stdint.h>

struct blob {
	uint8_t *data; /* owned */
	size_t len;
};

/* Copies; data may be of another blob. 0 or -ENOMEM, and then the blob is what it was. */
int blob_set(struct blob *blob, const void *data, size_t len);
void blob_clear(struct blob *blob);

#endif
