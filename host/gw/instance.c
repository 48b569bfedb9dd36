/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "instance.h"

#define DIRECTORY "/run/espalier"

static int fail(char *error, size_t size, int code, const char *what)
{
	snprintf(error, size, "%s: %s.", what, strerror(-code));
	return code;
}

static int busy(char *error, size_t size)
{
	snprintf(error, size, "another gateway is running in this network namespace, whose routes and filter are in use.");
	return -EBUSY;
}

static int lock_file(struct instance *lock, char *error, size_t size)
{
	char path[64];
	struct stat ns;

	if (stat("/proc/self/ns/net", &ns))
		return fail(error, size, -errno, "/proc/self/ns/net");
	mkdir(DIRECTORY, 0755); /* whether it is there shows next */
	snprintf(path, sizeof(path), DIRECTORY "/gateway-%llu.lock", (unsigned long long)ns.st_ino);
	lock->file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (lock->file < 0)
		return fail(error, size, -errno, path);
	return flock(lock->file, LOCK_EX | LOCK_NB) ? busy(error, size) : 0;
}

/* Is the one who listens by the name root, or who we are? */
static bool is_gateway(const struct sockaddr_un *name)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct ucred peer = { 0 };
	socklen_t len = sizeof(peer);
	bool found = fd >= 0 && !connect(fd, (const struct sockaddr *)name, sizeof(*name)) && !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) &&
		     (!peer.uid || peer.uid == geteuid());

	if (fd >= 0)
		close(fd);
	return found;
}

static int lock_name(struct instance *lock, char *error, size_t size)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "\0espalier-gw" }; /* all of sun_path is the name */

	lock->name = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (lock->name < 0)
		return fail(error, size, -errno, "socket");
	if (bind(lock->name, (struct sockaddr *)&name, sizeof(name)))
		return is_gateway(&name) ? busy(error, size) : 0;
	return listen(lock->name, SOMAXCONN) ? fail(error, size, -errno, "listen") : 0;
}

int instance_lock(struct instance *lock, char *error, size_t size)
{
	int ret;

	*lock = INSTANCE_NONE;
	ret = lock_file(lock, error, size);
	if (!ret)
		ret = lock_name(lock, error, size);
	if (ret)
		instance_unlock(lock);
	return ret;
}

void instance_unlock(struct instance *lock)
{
	if (lock->file >= 0)
		close(lock->file);
	if (lock->name >= 0)
		close(lock->name);
	*lock = INSTANCE_NONE;
}
