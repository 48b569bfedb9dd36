/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that a program writes. First all of them are looked at together, with those it reads: no two may be the same file. Then each
 * is opened, which shows that it can be written, and only when the work begins is what stood in it given up.
 */
#ifndef FILE_OUTPUT_H
#define FILE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "file/path.h"

/* A file of the command line. */
struct file_use {
	const char *option; /* for errors: "-w" */
	const char *path;   /* NULL: not given. "-": standard input or output */
	bool output;
	const char *may_be; /* the option of an input that an output replaces on purpose; NULL: none */
};

/* 0, or -EINVAL with error naming both: an output that is an input or another output, by whatever name. Nothing is touched. */
int files_check(const struct file_use *uses, size_t count, char *error);

struct output {
	int fd;
	bool standard; /* standard output: by "-", or as the file behind it */
	bool created;
	char path[PATH_MAX];
};

/*
 * Open to write later: links are followed, FIFOs and character devices written through, other kinds refused. What stands there stays.
 * 0, or a negative errno value with a sentence that names the file.
 */
int output_open(struct output *output, const char *path, char *error);

/* From here on the old content is gone. NULL: out of memory; output is then as it was. The stream takes the descriptor over. */
FILE *output_start(struct output *output);

/* An output that was opened and not started: a file that is there only because of it is removed. */
void output_abandon(struct output *output);

#endif
