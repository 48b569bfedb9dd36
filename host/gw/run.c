/* SPDX-License-Identifier: Apache-2.0 */
#include "run.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "bypass.h"
#include "clock.h"
#include "control.h"
#include "file/output.h"
#include "held.h"
#include "inbound.h"
#include "instance.h"
#include "loop.h"
#include "mtu.h"
#include "poll.h"
#include "recover.h"
#include "removal.h"
#include "repair.h"
#include "rights.h"

#define TICK_MS 250

/* Who hears of what happens, in this order. */
static const struct gw_listener listeners[] = {
	{ GW_CARD_LOST, gw_device_lost },
	{ GW_SA_ADDED, mtu_learn },
	{ GW_SA_ADDED, gw_release_early },
	{ GW_SA_MOVED, mtu_learn },
	{ GW_SA_GONE, mtu_forget },
	{ GW_POLICIES_CHANGED, bypass_settle },
	{ GW_POLICY_SET, gw_release_held },
	{ GW_POLICY_SET, gw_release_early },
	{ GW_TUN_GONE, repair_tun_gone },
};

static int fail(char *error, int code, const char *what)
{
	snprintf(error, ESPALIER_ERROR_LEN, "%s: %s.", what, strerror(-code));
	return code;
}

static int open_descriptors(struct gw *gw, char *error)
{
	struct itimerspec every = { .it_interval.tv_nsec = TICK_MS * 1000000, .it_value.tv_nsec = TICK_MS * 1000000 };
	uint32_t mark = SINK_MARK;
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGUSR1);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	gw->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	gw->signal_fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
	gw->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	gw->bypass_fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	if (gw->epoll_fd < 0 || gw->signal_fd < 0 || gw->timer_fd < 0 || gw->bypass_fd < 0 || timerfd_settime(gw->timer_fd, 0, &every, NULL) ||
	    setsockopt(gw->bypass_fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)))
		return fail(error, -errno, "Descriptors and raw sockets");
	return 0;
}

static int watch_all(struct gw *gw, char *error)
{
	int ret = poll_add_tun(gw);

	if (!ret)
		ret = poll_add(gw, gw->signal_fd, SOURCE_SIGNAL);
	if (!ret)
		ret = poll_add(gw, gw->timer_fd, SOURCE_TIMER);
	if (!ret)
		ret = poll_add(gw, sink_server_fd(gw->server), SOURCE_SERVER);
	if (!ret)
		ret = poll_add(gw, gw->watch.route_fd, SOURCE_ROUTES);
	if (!ret)
		ret = poll_add(gw, gw->watch.nft_fd, SOURCE_NFT);
	gw->wire_wanted = true;
	for (unsigned int i = 0; i < WIRE_SOCKETS; i++)
		if (gw->wire.sockets[i].fd >= 0)
			poll_add_wire(gw, &gw->wire.sockets[i]);
	return ret ? fail(error, ret, "epoll") : 0;
}

static int check_files(const struct gw_options *o, char *error)
{
	const struct file_use uses[] = {
		{ .option = "--sink", .path = o->sink, .output = true },
		{ .option = "--json-stats", .path = o->stats, .output = true },
	};
	int ret = files_check(uses, 2, error);

	if (ret || !o->stats)
		return ret;
	ret = gw_counters_check(o->stats);
	return ret ? fail(error, ret, o->stats) : 0;
}

static int start(struct gw *gw, char *error)
{
	const struct gw_options *o = gw->options;
	struct sink_server_config config = { .path = o->sink, .user = o->user, .backend = &gw->sink, .esp_socket = gw_take_socket,
					     .client = gw_client, .control = gw_take_control };
	int ret = check_files(o, error);

	if (!ret)
		ret = open_descriptors(gw, error);
	if (!ret)
		ret = wire_open(&gw->wire, SINK_MARK, error);
	if (!ret)
		ret = sink_server_open(&config, &gw->server, error); /* before what is global: it finds out whether a gateway is running */
	if (!ret)
		ret = instance_lock(&gw->lock, error, ESPALIER_ERROR_LEN);
	if (!ret)
		ret = rights_start(gw, error);
	if (!ret)
		ret = gw_open_device(gw, error);
	if (!ret)
		ret = tun_open(&gw->tun, o->tun, o->mtu ? o->mtu : GW_MTU_MAX, error);
	if (!ret)
		ret = routes_open(&gw->routes, gw->tun.index, error);
	if (!ret)
		ret = watch_open(&gw->watch, nl_port(gw->routes.fd), error);
	if (!ret)
		ret = filter_open(&gw->filter, gw->tun.name, error);
	if (!ret)
		ret = rights_serve(gw, error);
	return ret ? ret : watch_all(gw, error);
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void finish(struct gw *gw, bool release)
{
	sink_server_close(gw->server);
	gw->server = NULL;
	gw_delete_sas(gw);
	gw_finish_removals(gw);
	watch_close(&gw->watch);
	routes_close(&gw->routes, release);
	filter_close(&gw->filter, release);
	gw_close_device(gw);
	while (gw->sad.dying)
		sad_remove(&gw->sad, gw->sad.dying);
	spd_free(&gw->spd);
	early_free(&gw->early);
	wire_close(&gw->wire);
	tun_close(&gw->tun);
	instance_unlock(&gw->lock);
	close_fd(gw->bypass_fd);
	close_fd(gw->timer_fd);
	close_fd(gw->signal_fd);
	close_fd(gw->epoll_fd);
}

void gw_init(struct gw *gw)
{
	gw->listeners = listeners;
	gw->listener_count = sizeof(listeners) / sizeof(listeners[0]);
	gw->sink.ops = &gw_sink_ops;
	gw->lock = INSTANCE_NONE;
	gw->epoll_fd = gw->signal_fd = gw->timer_fd = gw->bypass_fd = gw->tun.fd = gw->routes.fd = -1;
	gw->watch.route_fd = gw->watch.nft_fd = -1;
	for (unsigned int i = 0; i < WIRE_SOCKETS; i++)
		gw->wire.sockets[i].fd = -1;
	gw->wire.counters = &gw->counters;
	gw->wire.too_big = mtu_too_big;
	gw->wire.closing = poll_remove_wire;
	gw->wire.context = gw;
	gw->now_ms = gw->answers_ms = gw_clock_ms();
	spd_init(&gw->spd);
}

int gw_run(struct gw *gw, char *error)
{
	int ret, written;
	bool started;

	gw_init(gw);
	ret = start(gw, error);
	started = !ret;
	if (started) {
		puts("ready");
		fflush(stdout);
		notify_ready(&gw->manager, gw_clock_ms());
		ret = gw_loop(gw);
		if (ret)
			fail(error, ret, gw->failure ? "The TUN device is gone" : "epoll");
	}
	notify_stopping(&gw->manager);
	finish(gw, !ret && gw->options->release);
	if (started && gw->options->stats) {
		written = gw_counters_write(&gw->counters, gw->options->stats);
		if (!ret && written)
			ret = fail(error, written, gw->options->stats);
	}
	return ret;
}
