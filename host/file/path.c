/* SPDX-License-Identifier: Apache-2.0 */
#include "file/path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINKS_MAX 40 /* as the kernel has it */

/* Cut the name off: path becomes its directory. Returns the name. */
static const char *split(char *path, const char **directory)
{
	char *slash = strrchr(path, '/');

	*directory = !slash ? "." : slash == path ? "/" : path;
	if (!slash)
		return path;
	*slash = '\0';
	return slash + 1;
}

static int resolve_missing(char *path, char *resolved)
{
	char real[PATH_MAX];
	const char *directory, *name = split(path, &directory);

	if (!*name)
		return -ENOENT;
	if (!realpath(directory, real))
		return -errno;
	if ((size_t)snprintf(resolved, PATH_MAX, "%s/%s", strcmp(real, "/") ? real : "", name) >= PATH_MAX)
		return -ENAMETOOLONG;
	return 0;
}

/* path, a link, becomes what it says. */
static int follow(char *path, const char *link)
{
	char next[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int len = *link == '/' || !slash ? 0 : (int)(slash - path) + 1;

	if ((size_t)snprintf(next, sizeof(next), "%.*s%s", len, path, link) >= sizeof(next))
		return -ENAMETOOLONG;
	memcpy(path, next, sizeof(next));
	return 0;
}

int path_resolve(const char *path, char *resolved)
{
	char now[PATH_MAX], link[PATH_MAX];

	if ((size_t)snprintf(now, sizeof(now), "%s", path) >= sizeof(now))
		return -ENAMETOOLONG;
	for (int i = 0; i < LINKS_MAX; i++) {
		ssize_t len;
		int ret;

		if (realpath(now, resolved))
			return 0;
		if (errno != ENOENT)
			return -errno;
		len = readlink(now, link, sizeof(link) - 1);
		if (len < 0)
			return resolve_missing(now, resolved);
		link[len] = '\0';
		ret = follow(now, link);
		if (ret)
			return ret;
	}
	return -ELOOP;
}
