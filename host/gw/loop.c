/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway's event loop: one thread, one epoll set. */
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "file/output.h"
#include "gw.h"
#include "instance.h"

#define TICK_MS 250
#define EVENTS 32
#define ROOM_MIN 8u /* of the card's slots, to take a packet from the TUN device: it may become some fragments */

/* What an event belongs to: upper half of its data; lower half is which one. */
enum source { SOURCE_TUN, SOURCE_WIRE, SOURCE_QUEUE, SOURCE_DEVICE, SOURCE_KEEPER, SOURCE_SERVER, SOURCE_SIGNAL, SOURCE_TIMER, SOURCE_ROUTES, SOURCE_NFT };

uint64_t gw_clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int watch(const struct gw *gw, int operation, int fd, uint32_t events, enum source source, unsigned int which)
{
	struct epoll_event interest = { .events = events, .data.u64 = (uint64_t)source << 32 | which };

	return epoll_ctl(gw->epoll_fd, operation, fd, &interest) ? -errno : 0;
}

void gw_watch_wire(struct gw *gw, const struct wire_socket *socket)
{
	watch(gw, EPOLL_CTL_ADD, socket->fd, gw->wire_wanted ? EPOLLIN : 0, SOURCE_WIRE, (unsigned int)(socket - gw->wire.sockets));
}

static void unwatch_wire(void *context, const struct wire_socket *socket)
{
	watch(context, EPOLL_CTL_DEL, socket->fd, 0, SOURCE_WIRE, 0);
}

void gw_watch_device(struct gw *gw, bool on)
{
	int operation = on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, fd = espalier_device_fd(gw->device.dev);

	for (unsigned int i = 0; i < 2; i++)
		watch(gw, operation, espalier_queue_fd(gw->device.pipes[i].queue), EPOLLIN, SOURCE_QUEUE, i);
	if (fd >= 0)
		watch(gw, operation, fd, EPOLLIN | EPOLLRDHUP, SOURCE_DEVICE, 0);
}

void gw_watch_keeper(struct gw *gw)
{
	watch(gw, EPOLL_CTL_ADD, keeper_fd(gw->keeper), EPOLLIN, SOURCE_KEEPER, 0);
}

/* ---- the card ---- */

/* Push and pull once: how many packets came back; the card may be lost. */
static unsigned int turn(struct gw *gw, unsigned int direction)
{
	struct gw_pipe *pipe = &gw->device.pipes[direction];
	int ret = pipe_push(pipe), got = ret ? ret : pipe_pull(pipe, GW_BATCH);

	if (got < 0) {
		gw_device_lost(gw, espalier_error(gw->device.dev));
		return 0;
	}
	if (got && direction == ESPALIER_OUTBOUND)
		gw_outbound_done(gw, (unsigned int)got);
	else if (got)
		gw_inbound_done(gw, (unsigned int)got);
	return (unsigned int)got;
}

void gw_pump(struct gw *gw)
{
	unsigned int moved;

	do {
		moved = 0;
		for (unsigned int i = 0; gw->device.dev && i < 2; i++)
			moved += turn(gw, i);
	} while (moved && gw->device.dev);
}

static void arm(struct gw *gw)
{
	for (unsigned int i = 0; gw->device.dev && i < 2; i++)
		if (pipe_arm(&gw->device.pipes[i]))
			gw_device_lost(gw, espalier_error(gw->device.dev));
}

/* While the card has no room, packets wait in the kernel. */
static void set_interest(struct gw *gw)
{
	bool tun = !gw->device.dev || pipe_room(&gw->device.pipes[ESPALIER_OUTBOUND]) >= ROOM_MIN;
	bool wire = !gw->device.dev || pipe_room(&gw->device.pipes[ESPALIER_INBOUND]) >= ROOM_MIN;

	if (tun != gw->tun_wanted)
		watch(gw, EPOLL_CTL_MOD, gw->tun.fd, tun ? EPOLLIN : 0, SOURCE_TUN, 0);
	gw->tun_wanted = tun;
	for (unsigned int i = 0; wire != gw->wire_wanted && i < WIRE_SOCKETS; i++)
		if (gw->wire.sockets[i].fd >= 0)
			watch(gw, EPOLL_CTL_MOD, gw->wire.sockets[i].fd, wire ? EPOLLIN : 0, SOURCE_WIRE, i);
	gw->wire_wanted = wire;
}

/* ---- sources ---- */

int gw_tun_changed(struct gw *gw)
{
	char error[ESPALIER_ERROR_LEN];
	int ret = tun_set_up(&gw->tun);

	if (ret) {
		char name[IF_NAMESIZE];

		memcpy(name, gw->tun.name, sizeof(name));
		watch(gw, EPOLL_CTL_DEL, gw->tun.fd, 0, SOURCE_TUN, 0);
		tun_close(&gw->tun);
		ret = tun_open(&gw->tun, name, gw->tun.mtu, error);
		gw->tun_wanted = true;
		if (!ret)
			ret = watch(gw, EPOLL_CTL_ADD, gw->tun.fd, EPOLLIN, SOURCE_TUN, 0);
	}
	gw->routes.device = gw->tun.index;
	if (ret) {
		gw->failure = ret;
		gw->stop = true;
	}
	return ret;
}

static void read_tun(struct gw *gw)
{
	for (unsigned int i = 0; i < GW_BATCH; i++) {
		struct gw_pipe *pipe = &gw->device.pipes[ESPALIER_OUTBOUND];
		bool up = gw->device.dev != NULL;
		uint8_t *memory;
		ssize_t len;

		if (up && pipe_room(pipe) < ROOM_MIN)
			return;
		memory = up ? pipe_src(pipe, pipe_free_slot(pipe, 0)) : gw->scratch;
		len = read(gw->tun.fd, memory, up ? gw->device.info.max_packet : sizeof(gw->scratch));
		if (len < 0 && errno != EAGAIN && errno != EINTR) {
			gw_log(GW_ERROR, "the TUN device is gone: %s", strerror(errno));
			if (!gw_tun_changed(gw))
				routes_repair(&gw->routes);
		}
		if (len <= 0)
			return;
		gw_outbound(gw, memory, (size_t)len);
	}
}

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

	switch ((enum source)(event->data.u64 >> 32)) {
	case SOURCE_TUN:
		read_tun(gw);
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
		watch_read_routes(gw);
		break;
	case SOURCE_NFT:
		watch_read_nft(gw);
		break;
	case SOURCE_TIMER:
		tick(gw);
		break;
	}
	gw_pump(gw);
}

static int loop(struct gw *gw)
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
		arm(gw);
		set_interest(gw);
	}
	return gw->failure;
}

/* ---- start and end ---- */

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
	int ret = watch(gw, EPOLL_CTL_ADD, gw->tun.fd, EPOLLIN, SOURCE_TUN, 0);

	if (!ret)
		ret = watch(gw, EPOLL_CTL_ADD, gw->signal_fd, EPOLLIN, SOURCE_SIGNAL, 0);
	if (!ret)
		ret = watch(gw, EPOLL_CTL_ADD, gw->timer_fd, EPOLLIN, SOURCE_TIMER, 0);
	if (!ret)
		ret = watch(gw, EPOLL_CTL_ADD, sink_server_fd(gw->server), EPOLLIN, SOURCE_SERVER, 0);
	if (!ret)
		ret = watch(gw, EPOLL_CTL_ADD, gw->watch.route_fd, EPOLLIN, SOURCE_ROUTES, 0);
	if (!ret)
		ret = watch(gw, EPOLL_CTL_ADD, gw->watch.nft_fd, EPOLLIN, SOURCE_NFT, 0);
	gw->tun_wanted = gw->wire_wanted = true;
	for (unsigned int i = 0; i < WIRE_SOCKETS; i++)
		if (gw->wire.sockets[i].fd >= 0)
			gw_watch_wire(gw, &gw->wire.sockets[i]);
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
		ret = instance_lock(&gw->lock_fd, error, ESPALIER_ERROR_LEN);
	if (!ret)
		ret = gw_open_device(gw, error);
	if (!ret)
		ret = tun_open(&gw->tun, o->tun, o->mtu ? o->mtu : GW_MTU_DEVICE, error);
	if (!ret)
		ret = routes_open(&gw->routes, gw->tun.index, error);
	if (!ret)
		ret = watch_open(&gw->watch, nl_port(gw->routes.fd), error);
	if (!ret)
		ret = filter_open(&gw->filter, gw->tun.name, error);
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
	close_fd(gw->lock_fd);
	close_fd(gw->bypass_fd);
	close_fd(gw->timer_fd);
	close_fd(gw->signal_fd);
	close_fd(gw->epoll_fd);
}

int gw_run(struct gw *gw, char *error)
{
	int ret, written;
	bool started;

	gw->sink.ops = &gw_sink_ops;
	gw->lock_fd = gw->epoll_fd = gw->signal_fd = gw->timer_fd = gw->bypass_fd = gw->tun.fd = gw->routes.fd = -1;
	gw->watch.route_fd = gw->watch.nft_fd = -1;
	for (unsigned int i = 0; i < WIRE_SOCKETS; i++)
		gw->wire.sockets[i].fd = -1;
	gw->wire.counters = &gw->counters;
	gw->wire.too_big = mtu_too_big;
	gw->wire.closing = unwatch_wire;
	gw->wire.context = gw;
	gw->now_ms = gw->answers_ms = gw_clock_ms();
	spd_init(&gw->spd);
	ret = start(gw, error);
	started = !ret;
	if (started) {
		puts("ready");
		fflush(stdout);
		ret = loop(gw);
		if (ret)
			fail(error, ret, gw->failure ? "The TUN device is gone" : "epoll");
	}
	finish(gw, !ret && gw->options->release);
	if (started && gw->options->stats) {
		written = gw_counters_write(&gw->counters, gw->options->stats);
		if (!ret && written)
			ret = fail(error, written, gw->options->stats);
	}
	return ret;
}
