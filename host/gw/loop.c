/* SPDX-License-Identifier: Apache-2.0 */
#include "loop.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "bypass.h"
#include "clock.h"
#include "held.h"
#include "inbound.h"
#include "log.h"
#include "mtu.h"
#include "outbound.h"
#include "poll.h"
#include "pump.h"
#include "recover.h"
#include "removal.h"
#include "repair.h"

#define EVENTS 32

static void read_signal(struct gw *gw)
{
	struct signalfd_siginfo info;
	int ret;

	if (read(gw->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo != SIGUSR1) {
		gw->stop = true;
		return;
	}
	gw_log(GW_INFO, "packets out %llu, in %llu, dropped %llu", (unsigned long long)gw->counters.packets[0],
	       (unsigned long long)gw->counters.packets[1], (unsigned long long)gw_dropped(&gw->counters));
	ret = gw->options->stats ? gw_counters_write(&gw->counters, gw->options->stats) : 0;
	if (ret)
		gw_log(GW_ERROR, "%s: %s", gw->options->stats, strerror(-ret));
}

static void tick(struct gw *gw)
{
	uint64_t count;

	(void)!read(gw->timer_fd, &count, sizeof(count));
	notify_alive(&gw->manager, gw->now_ms);
	gw_expire_held(gw);
	gw_expire_early(gw);
	gw_check_device(gw);
	mtu_refresh(gw);
	if (gw->agent_gone_ms && gw->now_ms - gw->agent_gone_ms >= gw->options->grace_ms) {
		gw->agent_gone_ms = 0;
		if (gw->sad.all)
			gw_log(GW_INFO, "key management did not come back: its SAs are deleted, its policies block");
		gw_delete_sas(gw);
	}
}

static void read_wire(struct gw *gw, unsigned int which, uint32_t events)
{
	const struct wire_socket *socket = &gw->wire.sockets[which];

	if (socket->fd >= 0 && events & EPOLLERR)
		wire_errors(&gw->wire, socket);
	if (socket->fd >= 0 && events & EPOLLIN)
		gw_inbound_read(gw, socket);
}

static void serve(struct gw *gw, const struct epoll_event *event)
{
	unsigned int which = (unsigned int)event->data.u64;

	switch ((enum poll_source)(event->data.u64 >> 32)) {
	case SOURCE_TUN:
		gw_outbound_read(gw);
		break;
	case SOURCE_WIRE:
		read_wire(gw, which, event->events);
		break;
	case SOURCE_QUEUE:
		if (gw->device.dev)
			pipe_disarm(&gw->device.pipes[which]);
		break;
	case SOURCE_DEVICE:
		gw->device_check_ms = 0;
		gw_check_device(gw);
		break;
	case SOURCE_KEEPER:
		gw_device_opened(gw);
		break;
	case SOURCE_SERVER:
		sink_server_step(gw->server);
		break;
	case SOURCE_SIGNAL:
		read_signal(gw);
		break;
	case SOURCE_ROUTES:
		repair_read_routes(gw);
		break;
	case SOURCE_NFT:
		repair_read_nft(gw);
		break;
	case SOURCE_TIMER:
		tick(gw);
		break;
	}
	gw_pump(gw);
}

int gw_loop(struct gw *gw)
{
	struct epoll_event events[EVENTS];

	while (!gw->stop) {
		int ready = epoll_wait(gw->epoll_fd, events, EVENTS, gw_may_bury(gw) ? 0 : -1);

		if (ready < 0 && errno != EINTR)
			return -errno;
		gw->now_ms = gw_clock_ms();
		for (int i = 0; i < ready; i++)
			serve(gw, &events[i]);
		gw_bury(gw);
		bypass_update(gw);
		gw_arm(gw);
		poll_set_interest(gw);
	}
	return gw->failure;
}
