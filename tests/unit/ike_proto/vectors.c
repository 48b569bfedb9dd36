/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vectors.h"

#define LINE_MAX_BYTES 65536

const char *const vector_names[] = { "gcm-psk", "cbc-cert", "defaults-v6", "refusals", NULL };

static uint8_t *from_hex(const char *text, size_t *len)
{
	size_t i, digits = strspn(text, "0123456789abcdef");
	uint8_t *bytes = malloc(digits / 2 ? digits / 2 : 1);
	unsigned int value;

	for (i = 0; bytes && i < digits / 2; i++) {
		sscanf(text + 2 * i, "%2x", &value);
		bytes[i] = (uint8_t)value;
	}
	*len = digits / 2;
	return bytes;
}

bool vectors_load(const char *name, struct vectors *vectors)
{
	static char line[LINE_MAX_BYTES];
	struct vector *vector = NULL;
	unsigned int first;
	char path[256];
	FILE *file;
	int at;

	snprintf(path, sizeof(path), "tests/vectors/ike/%s.hex", name);
	file = fopen(path, "r");
	if (!file)
		return false;
	memset(vectors, 0, sizeof(*vectors));
	while (fgets(line, sizeof(line), file)) {
		if (!strncmp(line, "message ", 8) && vectors->count < VECTORS_MAX) {
			vector = &vectors->list[vectors->count++];
			vector->data = from_hex(line + 8, &vector->len);
		} else if (vector && sscanf(line, "inner %u %n", &first, &at) == 1) {
			vector->sealed = true;
			vector->first = (uint8_t)first;
			vector->inner = from_hex(line + at, &vector->inner_len);
		}
	}
	fclose(file);
	return vectors->count > 0;
}

void vectors_free(struct vectors *vectors)
{
	unsigned int i;

	for (i = 0; i < vectors->count; i++) {
		free(vectors->list[i].data);
		free(vectors->list[i].inner);
	}
}
