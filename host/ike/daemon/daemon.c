/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/internal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define STOP_MS 3000u /* for peers to answer the last deletes */
#define FDS_MAX (UDP_SOCKETS_MAX + 4u)

static void on_datagram(void *ctx, const struct endpoint *local, const struct endpoint *remote, const uint8_t *data, size_t len)
{
	struct daemon *d = ctx;

	agent_receive(d->agent, local, remote, data, len);
}

/* Once politely, twice at once. */
static void stop(struct daemon *d)
{
	uint64_t now = d->env.now_ms(d);

	if (d->stopping) {
		d->stop_at_ms = now;
		return;
	}
	log_format(&d->log, AGENT_INFO, "ending: deleting all SAs");
	notify_stopping(&d->manager);
	d->stopping = true;
	d->stop_at_ms = now + STOP_MS;
	agent_stop(d->agent);
}

static void read_signals(struct daemon *d)
{
	struct signalfd_siginfo info;

	while (read(d->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			daemon_reload(d);
		else
			stop(d);
	}
}

static void take_configuration(struct daemon *d)
{
	char error[DAEMON_ERROR_LEN];
	int ret;

	if (daemon_loaded(d, &ret, error))
		daemon_go_on_reloads(d, ret, error);
}

static bool over(const struct daemon *d)
{
	return d->stopping && (agent_stopped(d->agent) || d->env.now_ms(d->env.ctx) >= d->stop_at_ms);
}

/* Milliseconds for poll: until the agent or the service manager is due, and while stopping no longer than it may take. */
static int wait_ms(struct daemon *d, int64_t due)
{
	uint64_t now = d->env.now_ms(d->env.ctx);
	int64_t alive = notify_alive(&d->manager, now);

	if (alive >= 0 && (due < 0 || due > alive))
		due = alive;
	if (d->stopping) {
		int64_t left = d->stop_at_ms > now ? (int64_t)(d->stop_at_ms - now) : 0;

		due = due < 0 || due > left ? left : due;
	}
	if (daemon_is_listing(d))
		return 0;
	return due < 0 ? -1 : due > INT32_MAX ? INT32_MAX : (int)due;
}

/*
 * Each round handles at most a batch of each socket, then timers, events of the data plane, signals and control get their turn, however much
 * the network sends.
 */
static int serve(struct daemon *d)
{
	while (!over(d)) {
		int64_t due = agent_run(d->agent);
		struct pollfd polls[FDS_MAX];
		int fds[UDP_SOCKETS_MAX];
		unsigned int sockets = udp_fds(d->udp, fds), count = 0, ready = 0;

		daemon_end_reloads(d);
		if (over(d))
			break;
		for (; count < sockets; count++)
			polls[count] = (struct pollfd){ fds[count], POLLIN, 0 };
		polls[count++] = (struct pollfd){ d->signals, POLLIN, 0 };
		polls[count++] = (struct pollfd){ ctl_server_fd(d->control), POLLIN, 0 };
		polls[count++] = (struct pollfd){ sink_fd(d->gateway), POLLIN, 0 };
		polls[count++] = (struct pollfd){ d->loader.fd, POLLIN, 0 };
		if (poll(polls, count, wait_ms(d, due)) < 0 && errno != EINTR)
			return -errno;
		for (unsigned int i = 0; i < sockets; i++)
			ready |= (unsigned int)polls[i].revents;
		if (ready)
			udp_receive(d->udp, on_datagram, d);
		if (polls[sockets].revents)
			read_signals(d);
		if (polls[sockets + 1].revents)
			ctl_server_run(d->control);
		if (polls[sockets + 3].revents)
			take_configuration(d);
		daemon_go_on_listing(d);
	}
	return 0;
}

int daemon_run(const struct daemon_options *options)
{
	struct daemon d = { .options = options, .log = { options->level, NULL }, .signals = -1, .manager.fd = -1, .loader.fd = -1 };
	char error[DAEMON_ERROR_LEN] = "";
	int ret = daemon_start(&d, error);

	if (ret) {
		log_line(&d.log, AGENT_ERROR, "", *error ? error : strerror(-ret));
	} else {
		puts("ready");
		fflush(stdout);
		notify_ready(&d.manager, d.env.now_ms(d.env.ctx));
		ret = serve(&d);
		if (ret)
			log_line(&d.log, AGENT_ERROR, "", strerror(-ret));
	}
	daemon_end(&d);
	return ret ? 1 : 0;
}
