/* SPDX-License-Identifier: Apache-2.0 */
#include "file/socket_path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int fail(char *error, int code, const char *path, const char *why)
{
	snprintf(error, FILE_ERROR_LEN, "%.300s: %s", path, why);
	return code;
}

/* Held from the look at the path until the new server listens. */
static int lock_directory(const char *path)
{
	char directory[PATH_MAX], *slash;
	int fd;

	if ((size_t)snprintf(directory, sizeof(directory), "%s", path) >= sizeof(directory))
		return -ENAMETOOLONG;
	slash = strrchr(directory, '/');
	if (slash)
		slash[slash == directory] = '\0';
	fd = open(slash ? directory : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (flock(fd, LOCK_EX))
		if (errno != EINTR) {
			int ret = -errno;

			close(fd);
			return ret;
		}
	return fd;
}

/* Who lives there is asked with a socket of a type that it cannot be of, so that no server sees a client (EPROTOTYPE). */
static int clear(const struct sockaddr_un *address, char *error)
{
	const char *path = address->sun_path;
	struct stat st;
	int fd, ret;

	if (lstat(path, &st))
		return errno == ENOENT ? 0 : fail(error, -errno, path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return fail(error, -EEXIST, path, "is there and is not a socket");
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail(error, -errno, path, strerror(errno));
	ret = connect(fd, (const struct sockaddr *)address, sizeof(*address)) ? errno : 0;
	close(fd);
	if (ret != ECONNREFUSED) /* also EACCES: of somebody else */
		return fail(error, -EADDRINUSE, path, "in use by another server");
	return unlink(path) ? fail(error, -errno, path, strerror(errno)) : 0;
}

/* The file has the mode of the socket it comes from: at no time can others open it. */
static int make(struct socket_path *at, const struct sockaddr_un *address, int type, int backlog)
{
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), ret;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (!fchmod(fd, 0600) && !bind(fd, (const struct sockaddr *)address, sizeof(*address)) && !lstat(at->path, &st)) {
		at->device = st.st_dev;
		at->inode = st.st_ino;
		if (!listen(fd, backlog))
			return fd;
	}
	ret = -errno;
	close(fd);
	socket_path_remove(at);
	return ret;
}

int socket_path_listen(struct socket_path *at, const char *path, int type, int backlog, char *error)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int lock, ret;

	*at = (struct socket_path){ .inode = 0 };
	if (!*path || strlen(path) >= sizeof(address.sun_path))
		return fail(error, -ENAMETOOLONG, path, "too long for a socket, or empty");
	strcpy(address.sun_path, path);
	strcpy(at->path, path);
	lock = lock_directory(path);
	if (lock < 0)
		return fail(error, lock, path, strerror(-lock));
	ret = clear(&address, error);
	if (!ret) {
		ret = make(at, &address, type, backlog);
		if (ret < 0)
			fail(error, ret, path, strerror(-ret));
	}
	close(lock);
	return ret;
}

void socket_path_remove(struct socket_path *at)
{
	struct stat st;

	if (at->inode && !lstat(at->path, &st) && st.st_dev == at->device && st.st_ino == at->inode)
		unlink(at->path);
	at->inode = 0;
}
