/* SPDX-License-Identifier: Apache-2.0 */
/* The events ERR and REQ of a VFIO device (linux/vfio.h). */
#ifndef ESPALIER_VFIO_EVENTS_H
#define ESPALIER_VFIO_EVENTS_H

#include "vfio.h"

enum vfio_event { VFIO_EVENT_ERR, VFIO_EVENT_REQ, VFIO_EVENTS };

struct vfio_events {
	int epoll_fd;	      /* readable when one came; -1: none */
	int fds[VFIO_EVENTS]; /* -1: the device has no such event */
};

/* Ask for the events that the open device has. */
void vfio_events_open(struct vfio_events *events, const struct vfio_system *sys, int device);
/* Did it come since the last call? */
bool vfio_events_came(const struct vfio_events *events, enum vfio_event event);
/* After the device was closed, or the kernel would signal what is no eventfd any more. */
void vfio_events_close(struct vfio_events *events);

#endif
