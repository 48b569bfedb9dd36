/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "instance.h"

#define DIRECTORY "/run/espalier"

static int fail(char *error, size_t size, int code, const char *what)
{
	snprintf(error, size, "%s: %s.", what, strerror(-code));
	return code;
}

int instance_lock(int *lock, char *error, size_t size)
{
	char path[64];
	struct stat ns;

	*lock = -1;
	if (stat("/proc/self/ns/net", &ns))
		return fail(error, size, -errno, "/proc/self/ns/net");
	mkdir(DIRECTORY, 0755); /* whether it is there shows next */
	snprintf(path, sizeof(path), DIRECTORY "/gateway-%llu.lock", (unsigned long long)ns.st_ino);
	*lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*lock < 0)
		return fail(error, size, -errno, path);
	if (!flock(*lock, LOCK_EX | LOCK_NB))
		return 0;
	close(*lock);
	*lock = -1;
	snprintf(error, size, "another gateway is running in this network namespace, whose routes and filter are in use.");
	return -EBUSY;
}
