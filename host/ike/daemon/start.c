/* SPDX-License-Identifier: Apache-2.0 */
/* From nothing to ready, and back. What needs root comes first, then root is given up, then the outside world is listened to. */
#include "daemon/internal.h"

#include "process/memory_lock.h"
#include "sink/sink_client.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define PORT_WAIT_MS 5000u    /* for a predecessor's gateway to let go of its socket */
#define GATEWAY_WAIT_MS 10000 /* for a gateway that is started at the same time */
#define GATEWAY_RETRY_MS 100

int daemon_give_sockets(struct daemon *d, char *error)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		struct endpoint local = { { family, { 0 } }, d->options->nat_port };
		int fd = udp_esp_fd(d->udp, family);
		int ret = fd < 0 ? 0 : sink_give_esp_socket(d->gateway, fd, &local);

		if (ret) {
			snprintf(error, DAEMON_ERROR_LEN, "gateway: UDP port %u not taken over: %s", local.port, sink_error(d->gateway));
			return ret;
		}
	}
	return 0;
}

/* The agent's turn comes after this. */
static void on_sink_event(void *ctx, const struct sink_event *event)
{
	struct daemon *d = ctx;
	char error[DAEMON_ERROR_LEN];

	if (event->kind == SINK_EVENT_UP && daemon_give_sockets(d, error))
		log_format(&d->log, AGENT_ERROR, "%s", error);
}

static int connect_gateway(struct daemon *d, char *error)
{
	static const struct timespec pause = { 0, GATEWAY_RETRY_MS * 1000000L };
	char why[SINK_ERROR_LEN];
	int ret, waited = 0;

	while ((ret = sink_connect(d->options->sink, &d->gateway, why))) {
		bool later = ret == -ENOENT || ret == -ECONNREFUSED || ret == -EBUSY;

		if (!later || waited >= GATEWAY_WAIT_MS) {
			snprintf(error, DAEMON_ERROR_LEN, "gateway: %s", why);
			return ret;
		}
		if (!waited)
			log_format(&d->log, AGENT_INFO, "waiting for the gateway: %s", why);
		nanosleep(&pause, NULL);
		waited += GATEWAY_RETRY_MS;
	}
	watched_sink_init(&d->sink, d->gateway, on_sink_event, d);
	return 0;
}

static int open_keylog(struct daemon *d, char *error)
{
	int ret;

	if (!d->options->keylog)
		return 0;
	ret = keylog_open(d->options->keylog, &d->keylog, error);
	if (!ret)
		log_format(&d->log, AGENT_ERROR, "WARNING: --keylog writes all keys to %s: whoever reads it reads all traffic. For debugging only.",
			   d->options->keylog);
	return ret;
}

static int open_signals(struct daemon *d, char *error)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	d->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (d->signals >= 0)
		return 0;
	snprintf(error, DAEMON_ERROR_LEN, "signals: %s", strerror(errno));
	return -EMFILE;
}

static int open_udp(struct daemon *d, char *error)
{
	struct udp_options options = { d->options->port, d->options->nat_port, PORT_WAIT_MS, SINK_MARK };

	return udp_open(&options, &d->udp, error);
}

static int open_agent(struct daemon *d, char *error)
{
	int ret;

	daemon_fill_env(d);
	ret = agent_create(&d->env, &d->options->settings, &d->sink.sink, &d->agent, error);
	return ret ? ret : daemon_load(d, error);
}

static int open_control(struct daemon *d, char *error)
{
	int ret = ctl_server_open(d->options->control, &daemon_handlers, d, &d->control, error);

	d->log.server = d->control;
	return ret;
}

static int drop(struct daemon *d, char *error)
{
	int ret = privileges_become(&d->user, 0, error);

	if (!ret)
		ret = privileges_keep(&d->user, 0, error);
	if (ret)
		return ret;
	log_format(&d->log, AGENT_INFO, "running as %s", d->user.name);
	if (access(d->options->config, R_OK))
		log_format(&d->log, AGENT_INFO, "%s cannot read %s: a reload will fail", d->user.name, d->options->config);
	return 0;
}

/* Before there is a key. */
static int harden(struct daemon *d, char *error)
{
	char why[DAEMON_ERROR_LEN];
	int ret = privileges_harden(error);

	if (!ret && memory_lock(why, sizeof(why)))
		log_format(&d->log, AGENT_INFO, "%s", why);
	return ret;
}

int daemon_start(struct daemon *d, char *error)
{
	static const char *const users[] = { "espalier", "nobody", NULL };
	int ret = harden(d, error);

	notify_open(&d->manager);
	if (!ret)
		ret = privileges_find(d->options->user, users, &d->user, error);
	if (!ret)
		ret = open_signals(d, error);
	if (!ret)
		ret = daemon_open_loader(d);
	if (!ret)
		ret = open_keylog(d, error);
	if (!ret)
		ret = open_udp(d, error);
	if (!ret)
		ret = connect_gateway(d, error);
	if (!ret)
		ret = daemon_give_sockets(d, error);
	if (!ret)
		ret = open_agent(d, error);
	if (!ret)
		ret = open_control(d, error);
	if (!ret)
		ret = drop(d, error);
	return ret;
}

void daemon_end(struct daemon *d)
{
	/* Calls under way are cancelled while the agent is there to forget them. */
	d->log.server = NULL;
	ctl_server_close(d->control);
	daemon_close_loader(d);
	agent_destroy(d->agent);
	sink_close(d->gateway);
	udp_close(d->udp);
	keylog_close(d->keylog);
	if (d->signals >= 0)
		close(d->signals);
	notify_close(&d->manager);
}
