/* SPDX-License-Identifier: Apache-2.0 */
#include "file/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file/path.h"

#define NAMES_MAX 100u

/* A name beside the file's that nobody has. The longest names lose their ends. */
static void make_name(struct replacement *new, unsigned int attempt)
{
	snprintf(new->temporary, sizeof(new->temporary), ".%.200s.%ld-%u", new->name, (long)getpid(), attempt);
}

static int open_named(struct replacement *new, mode_t mode)
{
	for (unsigned int i = 0; i < NAMES_MAX; i++) {
		int fd;

		make_name(new, i);
		fd = openat(new->directory, new->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
		if (fd >= 0)
			return fd;
		if (errno != EEXIST)
			break;
	}
	new->temporary[0] = '\0';
	return -errno;
}

static int open_new(struct replacement *new, mode_t mode)
{
	int fd = openat(new->directory, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, mode);

	if (fd >= 0)
		return fd;
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) /* what file systems and kernels without O_TMPFILE say */
		return -errno;
	return open_named(new, mode);
}

static int open_through(struct replacement *new, const char *path, const struct stat *old)
{
	int fd;

	if (!S_ISFIFO(old->st_mode) && !S_ISCHR(old->st_mode))
		return -EINVAL;
	new->through = true;
	fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int open_beside(struct replacement *new, const char *path, mode_t mode)
{
	char target[PATH_MAX], *slash;
	int ret = path_resolve(path, target);

	if (ret)
		return ret;
	slash = strrchr(target, '/');
	if (strlen(slash + 1) > NAME_MAX)
		return -ENAMETOOLONG;
	strcpy(new->name, slash + 1);
	slash[slash == target] = '\0';
	new->directory = open(target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return new->directory < 0 ? -errno : open_new(new, mode);
}

int replace_begin(struct replacement *new, const char *path, mode_t mode, bool through)
{
	struct stat old;
	bool there = !stat(path, &old);
	int fd, ret;

	*new = (struct replacement){ .directory = -1 };
	if (there && !S_ISREG(old.st_mode))
		fd = through ? open_through(new, path, &old) : -EINVAL;
	else
		fd = open_beside(new, path, mode);
	if (fd < 0) {
		replace_abandon(new);
		return fd;
	}
	if (there && !new->through && (old.st_uid != geteuid() || old.st_gid != getegid()))
		(void)!fchown(fd, old.st_uid, old.st_gid);
	new->file = fdopen(fd, "w");
	if (new->file)
		return 0;
	ret = -errno;
	close(fd);
	replace_abandon(new);
	return ret;
}

static int give_name(struct replacement *new)
{
	char self[64];

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fileno(new->file));
	for (unsigned int i = 0; i < NAMES_MAX; i++) {
		make_name(new, i);
		if (!linkat(AT_FDCWD, self, new->directory, new->temporary, AT_SYMLINK_FOLLOW))
			return 0;
		if (errno != EEXIST)
			break;
	}
	new->temporary[0] = '\0';
	return -errno;
}

int replace_commit(struct replacement *new)
{
	int ret = 0;

	errno = EIO; /* what a stream says that failed earlier */
	if (fflush(new->file) || ferror(new->file))
		ret = -errno;
	if (!ret && !new->through) {
		if (fsync(fileno(new->file)))
			ret = -errno;
		if (!ret && !new->temporary[0])
			ret = give_name(new);
		if (!ret && renameat(new->directory, new->temporary, new->directory, new->name))
			ret = -errno;
		if (!ret) {
			new->temporary[0] = '\0';
			if (fsync(new->directory))
				ret = -errno;
		}
	}
	replace_abandon(new);
	return ret;
}

void replace_abandon(struct replacement *new)
{
	if (new->file)
		fclose(new->file);
	if (new->temporary[0])
		unlinkat(new->directory, new->temporary, 0);
	if (new->directory >= 0)
		close(new->directory);
	*new = (struct replacement){ .directory = -1 };
}
