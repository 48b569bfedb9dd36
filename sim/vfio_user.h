/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vfio-user server: one UNIX stream socket, one client at a time (another's first request is answered with EBUSY), reconnecting allowed.
 * A client that leaves, or breaks the framing, costs the card a reset. Requests that are understood but wrong are answered with an errno.
 * No DMA message is ever sent: memory is reached through the descriptors of DMA_MAP alone, so a reply never waits for the client.
 * Source: vfio-user protocol specification (QEMU, docs/interop/vfio-user.rst).
 */
#ifndef SIM_VFIO_USER_H
#define SIM_VFIO_USER_H

#include "device.h"
#include "file/socket_path.h"
#include "vfio_user_proto.h"

#define VFIO_USER_SERVER_FDS 8u /* descriptors a message may carry */
#define VFIO_USER_MAX_MESSAGE (sizeof(struct vfio_user_header) + sizeof(struct vfio_user_region_access) + VFIO_USER_DEFAULT_MAX_DATA_XFER)

struct vfio_user_server {
	struct device *dev;
	int listener;
	struct socket_path at;
	int client;	   /* -1: none */
	int refused;	   /* came while there is a client, and has not said anything yet; -1: none */
	bool negotiated;   /* VERSION was exchanged */
	size_t have;	   /* bytes of the message in rx */
	unsigned int fd_count;
	int fds[VFIO_USER_SERVER_FDS];
	uint8_t *rx;
	uint8_t *tx;
};

/* Listens on path; see socket_path_listen(). 0, or a negative errno with a sentence (FILE_ERROR_LEN bytes). */
int vfio_user_open(struct vfio_user_server *s, struct device *dev, const char *path, char *error);
void vfio_user_close(struct vfio_user_server *s);
/* The listener is readable. */
void vfio_user_accept(struct vfio_user_server *s);
/* The connection that is to be refused is readable. */
void vfio_user_refuse(struct vfio_user_server *s);
/* The client is readable: handles what has come, up to a limit a call. */
void vfio_user_serve(struct vfio_user_server *s);
void vfio_user_disconnect(struct vfio_user_server *s);

/*
 * One request: body of len bytes; the reply's body goes to reply (room for VFIO_USER_MAX_MESSAGE), its length to *reply_len.
 * Descriptors that it keeps are set to -1 in fds. 0, or a negative errno for the error reply.
 */
int vfio_user_handle(struct vfio_user_server *s, unsigned int command, const uint8_t *body, size_t len, int *fds, unsigned int fd_count,
		     uint8_t *reply, size_t *reply_len);

#endif
