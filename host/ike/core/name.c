/* SPDX-License-Identifier: Apache-2.0 */
#include "core/name.h"

#include <string.h>

bool name_means(const char *text, const char *conn, const char *child)
{
	size_t len = strlen(conn);

	return !strcmp(text, child) || (!strncmp(text, conn, len) && text[len] == '/' && !strcmp(text + len + 1, child));
}
