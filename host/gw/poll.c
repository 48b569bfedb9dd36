/* SPDX-License-Identifier: Apache-2.0 */
#include "poll.h"

#include <errno.h>

static int watch(const struct gw *gw, int operation, int fd, uint32_t events, enum poll_source source, unsigned int which)
{
	struct epoll_event interest = { .events = events, .data.u64 = (uint64_t)source << 32 | which };

	return epoll_ctl(gw->epoll_fd, operation, fd, &interest) ? -errno : 0;
}

int poll_add(const struct gw *gw, int fd, enum poll_source source)
{
	return watch(gw, EPOLL_CTL_ADD, fd, EPOLLIN, source, 0);
}

int poll_add_tun(struct gw *gw)
{
	gw->tun_wanted = true;
	return poll_add(gw, gw->tun.fd, SOURCE_TUN);
}

void poll_remove_tun(struct gw *gw)
{
	watch(gw, EPOLL_CTL_DEL, gw->tun.fd, 0, SOURCE_TUN, 0);
}

void poll_add_wire(struct gw *gw, const struct wire_socket *socket)
{
	watch(gw, EPOLL_CTL_ADD, socket->fd, gw->wire_wanted ? EPOLLIN : 0, SOURCE_WIRE, (unsigned int)(socket - gw->wire.sockets));
}

void poll_remove_wire(void *context, const struct wire_socket *socket)
{
	watch(context, EPOLL_CTL_DEL, socket->fd, 0, SOURCE_WIRE, 0);
}

void poll_watch_device(struct gw *gw, bool on)
{
	int operation = on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, fd = espalier_device_fd(gw->device.dev);

	for (unsigned int i = 0; i < 2; i++)
		watch(gw, operation, espalier_queue_fd(gw->device.pipes[i].queue), EPOLLIN, SOURCE_QUEUE, i);
	if (fd >= 0)
		watch(gw, operation, fd, EPOLLIN | EPOLLRDHUP, SOURCE_DEVICE, 0);
}

void poll_add_keeper(struct gw *gw)
{
	poll_add(gw, keeper_fd(gw->keeper), SOURCE_KEEPER);
}

void poll_set_interest(struct gw *gw)
{
	bool tun = !gw->device.dev || pipe_room(&gw->device.pipes[ESPALIER_OUTBOUND]) >= PIPE_ROOM_MIN;
	bool wire = !gw->device.dev || pipe_room(&gw->device.pipes[ESPALIER_INBOUND]) >= PIPE_ROOM_MIN;

	if (tun != gw->tun_wanted)
		watch(gw, EPOLL_CTL_MOD, gw->tun.fd, tun ? EPOLLIN : 0, SOURCE_TUN, 0);
	gw->tun_wanted = tun;
	for (unsigned int i = 0; wire != gw->wire_wanted && i < WIRE_SOCKETS; i++)
		if (gw->wire.sockets[i].fd >= 0)
			watch(gw, EPOLL_CTL_MOD, gw->wire.sockets[i].fd, wire ? EPOLLIN : 0, SOURCE_WIRE, i);
	gw->wire_wanted = wire;
}
