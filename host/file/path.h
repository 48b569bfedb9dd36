/* SPDX-License-Identifier: Apache-2.0 */
/* Where a path leads. */
#ifndef FILE_PATH_H
#define FILE_PATH_H

#include <limits.h>

#define FILE_ERROR_LEN 512 /* bytes of an error text with its NUL; all of host/file */

/*
 * The absolute path behind all links, PATH_MAX bytes; also of a file that is not there yet, and of a link to such a one. Its directory
 * must be there. 0 or a negative errno value.
 */
int path_resolve(const char *path, char *resolved);

#endif
