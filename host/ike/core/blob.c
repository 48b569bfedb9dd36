/* SPDX-License-Identifier: Apache-2.0 */
#include "core/blob.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int blob_set(struct blob *blob, const void *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	if (!copy)
		return -ENOMEM;
	if (len)
		memcpy(copy, data, len);
	free(blob->data);
	blob->data = copy;
	blob->len = len;
	return 0;
}

void blob_clear(struct blob *blob)
{
	free(blob->data);
	*blob = (struct blob){ 0 };
}
