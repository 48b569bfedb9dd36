/* SPDX-License-Identifier: Apache-2.0 */
#include "file/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(char *error, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
static int fail(char *error, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, FILE_ERROR_LEN, format, args);
	va_end(args);
	return code;
}

/* ---- the same file twice ---- */

static int status(const struct file_use *use, struct stat *st)
{
	if (!strcmp(use->path, "-"))
		return fstat(use->output ? STDOUT_FILENO : STDIN_FILENO, st);
	return stat(use->path, st);
}

/* Two users of a terminal or of /dev/null do not disturb each other. */
static bool same(const struct file_use *a, const struct file_use *b)
{
	char of_a[PATH_MAX], of_b[PATH_MAX];
	struct stat st_a, st_b;
	bool no_a = status(a, &st_a), no_b = status(b, &st_b);

	if (!no_a && !no_b)
		return st_a.st_dev == st_b.st_dev && st_a.st_ino == st_b.st_ino && !S_ISCHR(st_a.st_mode);
	return no_a && no_b && !path_resolve(a->path, of_a) && !path_resolve(b->path, of_b) && !strcmp(of_a, of_b);
}

int files_check(const struct file_use *uses, size_t count, char *error)
{
	for (size_t i = 0; i < count; i++) {
		const struct file_use *a = &uses[i];

		for (size_t k = 0; a->path && a->output && k < count; k++) {
			const struct file_use *b = &uses[k];

			if (k == i || !b->path || (b->output && k > i) || (a->may_be && !strcmp(a->may_be, b->option)))
				continue;
			if (same(a, b))
				return fail(error, -EINVAL, "%s %.150s would overwrite %s %.150s: it is the same file", a->option, a->path,
					    b->option, b->path);
		}
	}
	return 0;
}

/* ---- one output ---- */

static bool is_standard(const struct stat *st, int fd)
{
	struct stat standard;

	return !fstat(fd, &standard) && standard.st_dev == st->st_dev && standard.st_ino == st->st_ino;
}

/* Messages in the middle of a file would spoil it. */
static bool takes_messages(const struct stat *st)
{
	return !S_ISCHR(st->st_mode) && is_standard(st, STDERR_FILENO);
}

static int open_standard(struct output *output, char *error)
{
	output->standard = true;
	output->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	return output->fd < 0 ? fail(error, -errno, "standard output: %s", strerror(errno)) : 0;
}

static int open_path(struct output *output, const char *path, char *error)
{
	int ret = path_resolve(path, output->path);

	if (ret)
		return fail(error, ret, "%.300s: %s", path, strerror(-ret));
	output->fd = open(output->path, O_WRONLY | O_CREAT | O_EXCL | O_NOCTTY | O_CLOEXEC, 0666);
	output->created = output->fd >= 0;
	if (!output->created && errno == EEXIST)
		output->fd = open(output->path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	return output->fd < 0 ? fail(error, -errno, "%.300s: %s", path, strerror(errno)) : 0;
}

int output_open(struct output *output, const char *path, char *error)
{
	bool dash = !strcmp(path, "-");
	struct stat st;

	*output = (struct output){ .fd = -1 };
	if (dash ? fstat(STDOUT_FILENO, &st) : stat(path, &st))
		return dash ? fail(error, -errno, "standard output: %s", strerror(errno)) : open_path(output, path, error);
	if (S_ISDIR(st.st_mode))
		return fail(error, -EISDIR, "%.300s: %s", path, strerror(EISDIR));
	if (S_ISBLK(st.st_mode))
		return fail(error, -EINVAL, "%.300s is a block device; write to a file", path);
	if (takes_messages(&st))
		return fail(error, -EINVAL, "%.300s is standard error, too: messages would be mixed with packets", path);
	if (dash || (is_standard(&st, STDOUT_FILENO) && (!S_ISCHR(st.st_mode) || isatty(STDOUT_FILENO))))
		return open_standard(output, error);
	if (S_ISSOCK(st.st_mode))
		return fail(error, -EINVAL, "%.300s is a socket; write to a file", path);
	return open_path(output, path, error);
}

FILE *output_start(struct output *output)
{
	FILE *file = fdopen(output->fd, "w");
	struct stat st;

	if (!file)
		return NULL;
	if (!output->standard && !fstat(output->fd, &st) && S_ISREG(st.st_mode))
		(void)!ftruncate(output->fd, 0);
	output->fd = -1;
	output->created = false;
	return file;
}

void output_abandon(struct output *output)
{
	if (output->created)
		unlink(output->path);
	if (output->fd >= 0)
		close(output->fd);
	*output = (struct output){ .fd = -1 };
}
