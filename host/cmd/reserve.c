/* SPDX-License-Identifier: Apache-2.0 */
#include "reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file/path.h"
#include "file/replace.h"

struct reserve {
	char path[PATH_MAX];   /* as given, for errors */
	char target[PATH_MAX]; /* behind all links */
	int lock;	       /* the file that stands at target, locked */
	bool created, written;
};

static int fail(char *error, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
static int fail(char *error, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, STATES_ERROR_LEN, format, args);
	va_end(args);
	return code;
}

static bool stands(const struct reserve *r, int fd)
{
	struct stat open, there;

	return !fstat(fd, &open) && !stat(r->target, &there) && open.st_dev == there.st_dev && open.st_ino == there.st_ino;
}

/* The lock is on a file, and the file may be replaced before the lock is had: then the next one. 1: once more. */
static int lock_once(struct reserve *r, char *error)
{
	struct stat locked, there;

	if (!stat(r->target, &there) && !S_ISREG(there.st_mode))
		return fail(error, -EINVAL, "%.300s is no regular file: sequence numbers cannot be kept in it", r->path);
	r->lock = open(r->target, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	r->created = r->lock >= 0;
	if (!r->created && errno == EEXIST) {
		r->lock = open(r->target, O_RDWR | O_CLOEXEC);
		if (r->lock < 0 && errno == ENOENT)
			return 1;
	}
	if (r->lock < 0)
		return fail(error, -errno, "%.300s: %s", r->path, strerror(errno));
	if (flock(r->lock, LOCK_EX | LOCK_NB))
		return errno == EWOULDBLOCK ? fail(error, -EBUSY, "%.300s is in use by another run", r->path)
					    : fail(error, -errno, "%.300s: %s", r->path, strerror(errno));
	if (fstat(r->lock, &locked))
		return fail(error, -errno, "%.300s: %s", r->path, strerror(errno));
	if (!stands(r, r->lock)) {
		close(r->lock);
		r->lock = -1;
		return 1;
	}
	if (locked.st_nlink > 1)
		return fail(error, -EMLINK, "%.300s has other names (hard links): they would keep old sequence numbers", r->path);
	return 0;
}

int reserve_open(const char *path, struct reserve **reserve, char *error)
{
	struct reserve *r = calloc(1, sizeof(*r));
	struct stat st;
	int ret;

	*reserve = NULL;
	if (!r)
		return fail(error, -ENOMEM, "%.300s: out of memory", path);
	r->lock = -1;
	snprintf(r->path, sizeof(r->path), "%s", path);
	if (!stat(path, &st) && !S_ISREG(st.st_mode))
		ret = fail(error, -EINVAL, "%.300s is no regular file: sequence numbers cannot be kept in it", path);
	else if ((ret = path_resolve(path, r->target)) != 0)
		fail(error, ret, "%.300s: %s", path, strerror(-ret));
	while (!ret && (ret = lock_once(r, error)) == 1)
		ret = 0;
	if (ret) {
		reserve_close(r);
		return ret;
	}
	*reserve = r;
	return 0;
}

int reserve_merge(struct reserve *r, struct states *states, char *error)
{
	struct states old;
	int ret = states_load(r->target, &old, error);

	for (size_t i = 0; !ret && i < old.count; i++) {
		const struct state *kept = &old.list[i];
		bool found = false;

		for (size_t k = 0; k < states->count; k++) {
			struct state *state = &states->list[k];

			if (!states_same_key(state, kept))
				continue;
			if (state->oseq < kept->oseq)
				state->oseq = kept->oseq;
			if (state->config.spi != kept->config.spi || memcmp(&state->config.dst, &kept->config.dst, sizeof(kept->config.dst)))
				continue;
			found = true;
			if (state->seq < kept->seq)
				state->seq = kept->seq;
		}
		if (!found)
			ret = fail(error, -EINVAL, "%.300s: the state of line %u is not among those to save; it would be lost", r->path, kept->line);
	}
	states_free(&old);
	return ret;
}

/* A number space that ends is covered to its end. */
static uint64_t ahead(const struct state *state, uint32_t count)
{
	uint64_t limit = state->config.esn ? UINT64_MAX : UINT32_MAX;

	return state->reached < limit - count ? state->reached + count : limit;
}

/*
 * The new file is locked before it is seen, the old one until then: at no time can another run take the path. The new one may stand
 * although its directory could not be written to disk.
 */
static int save(struct reserve *r, const struct states *states, char *error)
{
	struct replacement new;
	int lock = -1, ret = replace_begin(&new, r->target, 0600, false);

	if (ret)
		return fail(error, ret, "%.300s: %s", r->path, strerror(-ret));
	setvbuf(new.file, NULL, _IONBF, 0); /* whose memory would keep the keys */
	ret = states_write(new.file, states);
	lock = ret ? -1 : fcntl(fileno(new.file), F_DUPFD_CLOEXEC, 3);
	if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB)) {
		ret = ret ? ret : -errno;
		replace_abandon(&new);
	} else {
		ret = replace_commit(&new);
	}
	if (lock >= 0 && stands(r, lock)) {
		close(r->lock);
		r->lock = lock;
	} else if (lock >= 0) {
		close(lock);
	}
	if (ret)
		return fail(error, ret, "%.300s: %s", r->path, strerror(-ret));
	r->written = true;
	return 0;
}

int reserve_ahead(struct reserve *r, struct states *states, bool inbound, char *error)
{
	for (size_t i = 0; i < states->count; i++) {
		struct state *state = &states->list[i];

		if (!inbound)
			state->oseq = ahead(state, RESERVE_OUTBOUND);
		else if (state->used && state->config.replay_window)
			state->seq = ahead(state, RESERVE_INBOUND);
	}
	return save(r, states, error);
}

int reserve_exact(struct reserve *r, struct states *states, bool inbound, char *error)
{
	if (!r->written)
		return 0;
	for (size_t i = 0; i < states->count; i++)
		*(inbound ? &states->list[i].seq : &states->list[i].oseq) = states->list[i].reached;
	return save(r, states, error);
}

void reserve_close(struct reserve *r)
{
	if (!r)
		return;
	if (r->created && !r->written)
		unlink(r->target);
	if (r->lock >= 0)
		close(r->lock);
	free(r);
}
