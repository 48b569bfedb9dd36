/* SPDX-License-Identifier: Apache-2.0 */
/* The system calls of the VFIO transport as a table, so that a test can stand in for the kernel. */
#ifndef ESPALIER_VFIO_H
#define ESPALIER_VFIO_H

#include <sys/types.h>

#include "transport.h"

struct vfio_system {
	int (*open)(const char *path, int flags);
	int (*close)(int fd);
	int (*ioctl)(int fd, unsigned long request, void *argument);
	void *(*mmap)(void *address, size_t len, int protection, int flags, int fd, off_t offset);
	int (*munmap)(void *address, size_t len);
	ssize_t (*pread)(int fd, void *data, size_t len, off_t offset);
	ssize_t (*pwrite)(int fd, const void *data, size_t len, off_t offset);
	ssize_t (*readlink)(const char *path, char *target, size_t size);
};

/* vfio_open with other system calls. */
int vfio_open_with(const struct vfio_system *system, const char *address, unsigned int timeout_ms, struct transport **t, char *error);

#endif
