/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file whose content is replaced as a whole: whoever reads it sees the old or the new one, also after a power loss. Links are followed:
 * the file that they name gets the new content. The new file stands beside the old one without a name until it is complete, where the file
 * system can do that; so a process that is killed leaves nothing behind.
 */
#ifndef FILE_REPLACE_H
#define FILE_REPLACE_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

struct replacement {
	FILE *file; /* to write to */
	int directory;
	char name[NAME_MAX + 1];      /* in directory */
	char temporary[NAME_MAX + 1]; /* "": the new file has no name yet */
	bool through; /* no regular file stands there: a FIFO or a character device, written as it is */
};

/*
 * Begin. mode: of the new file (the process' mask applies). An owner who is somebody else stays the owner where that is allowed.
 * through: a FIFO (which somebody must be reading) or a character device is written to; without, and of every other kind, -EINVAL.
 * 0 or a negative errno value.
 */
int replace_begin(struct replacement *new, const char *path, mode_t mode, bool through);

/*
 * Everything on disk, then under its name: 0 or a negative errno value. Ends the replacement either way. After an error the old file
 * stands, or, where only the directory could not be written to disk, the new one.
 */
int replace_commit(struct replacement *new);

/* The old file stays as it was. */
void replace_abandon(struct replacement *new);

#endif
