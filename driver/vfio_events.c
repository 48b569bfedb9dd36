/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel has to say about a device beside its interrupts: ERR, an error that PCI Express cannot correct (AER), and REQ, the wish to have the
 * device back (unbind, hot unplug), which blocks whoever wants it until the device is closed. An eventfd each, and one epoll descriptor for both.
 * A kernel or device without them is no error.
 */
#include "vfio_events.h"

#include <linux/vfio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const uint32_t indices[VFIO_EVENTS] = { [VFIO_EVENT_ERR] = VFIO_PCI_ERR_IRQ_INDEX, [VFIO_EVENT_REQ] = VFIO_PCI_REQ_IRQ_INDEX };

static bool has_event(const struct vfio_system *sys, int device, uint32_t index)
{
	struct vfio_irq_info info = { .argsz = sizeof(info), .index = index };

	return !sys->ioctl(device, VFIO_DEVICE_GET_IRQ_INFO, &info) && info.count && info.flags & VFIO_IRQ_INFO_EVENTFD;
}

static int set_event(const struct vfio_system *sys, int device, uint32_t index, int fd)
{
	union {
		struct vfio_irq_set set;
		uint8_t bytes[sizeof(struct vfio_irq_set) + sizeof(int)];
	} u = { .set = { .argsz = sizeof(u), .flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, .index = index, .count = 1 } };

	memcpy(u.bytes + sizeof(u.set), &fd, sizeof(fd));
	return sys->ioctl(device, VFIO_DEVICE_SET_IRQS, &u);
}

void vfio_events_open(struct vfio_events *events, const struct vfio_system *sys, int device)
{
	events->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	for (unsigned int i = 0; i < VFIO_EVENTS; i++) {
		struct epoll_event interest = { .events = EPOLLIN };
		int fd = -1;

		if (events->epoll_fd >= 0 && has_event(sys, device, indices[i]))
			fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (fd >= 0 && (epoll_ctl(events->epoll_fd, EPOLL_CTL_ADD, fd, &interest) || set_event(sys, device, indices[i], fd))) {
			close(fd);
			fd = -1;
		}
		events->fds[i] = fd;
	}
}

bool vfio_events_came(const struct vfio_events *events, enum vfio_event event)
{
	uint64_t count;

	return events->fds[event] >= 0 && read(events->fds[event], &count, sizeof(count)) == sizeof(count);
}

void vfio_events_close(struct vfio_events *events)
{
	for (unsigned int i = 0; i < VFIO_EVENTS; i++)
		if (events->fds[i] >= 0)
			close(events->fds[i]);
	if (events->epoll_fd >= 0)
		close(events->epoll_fd);
}
