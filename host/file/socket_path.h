/* SPDX-License-Identifier: Apache-2.0 */
/* The file of a server's UNIX socket. */
#ifndef FILE_SOCKET_PATH_H
#define FILE_SOCKET_PATH_H

#include <sys/types.h>

#include "file/path.h"

/* What was made there, so that nothing else is removed. */
struct socket_path {
	char path[108];
	dev_t device;
	ino_t inode; /* 0: nothing was made */
};

/*
 * Make a listening socket of this type (SOCK_STREAM or SOCK_SEQPACKET; not blocking, close on exec) at path, for its owner alone. A socket
 * that a dead server left is replaced, a live server's is left alone (-EADDRINUSE), and so is everything that is no socket (-EEXIST). Two
 * servers that start at once cannot take each other's away. Returns the descriptor, or a negative errno value with a sentence that names
 * path.
 */
int socket_path_listen(struct socket_path *at, const char *path, int type, int backlog, char *error);

/* Remove the file, if it is still the one that was made. Before the descriptor is closed: until then no other file has its inode number. */
void socket_path_remove(struct socket_path *at);

#endif
