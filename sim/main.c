// SPDX-License-Identifier: Apache-2.0
// espalier-sim: the simulated card as a process. One thread, one poll loop: messages, then a few cycles of the clock, and sleep when
// nothing moves.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "card.h"
#include "device.h"
#include "file/output.h"
#include "options.h"
#include "stats.h"
#include "sysfs.h"
#include "vfio_user.h"

#define CYCLES_PER_POLL 8 /* the client waits this long at most; a poll costs far less than the cycles */
#define EXIT_RULE_BROKEN 3

struct app {
	struct sim_options opt;
	struct device dev;
	struct vfio_user_server server;
	struct sysfs sysfs;
	int lock;
	int signals;
};

static int complain(const char *what, const char *path, int err)
{
	fprintf(stderr, "espalier-sim: cannot %s %s: %s\n", what, path, strerror(-err));
	return err;
}

static int make_dirs(const char *dir)
{
	char path[256];

	snprintf(path, sizeof path, "%s", dir);
	for (char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
		if (slash)
			*slash = '\0';
		if (mkdir(path, 0755) && errno != EEXIST)
			return complain("create", path, -errno);
		if (!slash)
			return 0;
		*slash = '/';
	}
}

/* Two simulators in one directory would take each other's socket away. */
static int take_dir(struct app *app)
{
	char path[300];

	snprintf(path, sizeof path, "%s/lock", app->opt.dir);
	app->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (app->lock < 0)
		return complain("open", path, -errno);
	if (flock(app->lock, LOCK_EX | LOCK_NB)) {
		fprintf(stderr, "espalier-sim: another simulator runs in %s\n", app->opt.dir);
		return -EBUSY;
	}
	return 0;
}

/* Before the card's model is made: threads that it may start inherit the mask. */
static int catch_signals(struct app *app)
{
	pid_t parent = getppid();
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	app->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (app->signals < 0)
		return -errno;
	if (!app->opt.parent_death)
		return 0;
	/* The parent may have gone before the kernel was asked to tell. */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) || getppid() != parent)
		return -ESRCH;
	return 0;
}

static void publish(struct app *app)
{
	if (!app->dev.config.dirty)
		return;
	app->dev.config.dirty = false;
	sysfs_update(&app->sysfs, &app->dev.config);
}

static void loop(struct app *app)
{
	struct vfio_user_server *server = &app->server;

	while (!app->dev.violation.raised) {
		struct pollfd fds[4] = {
			{.fd = app->signals, .events = POLLIN},
			{.fd = server->client, .events = POLLIN},
			{.fd = server->listener, .events = POLLIN},
			{.fd = server->refused, .events = POLLIN},
		};

		publish(app);
		if (poll(fds, 4, device_busy(&app->dev) ? 0 : -1) < 0 && errno != EINTR)
			return;
		if (fds[0].revents)
			return;
		if (fds[1].revents)
			vfio_user_serve(server);
		if (fds[3].revents)
			vfio_user_refuse(server);
		if (fds[2].revents)
			vfio_user_accept(server);
		if (app->opt.exit_with_client && app->dev.stats.clients && server->client < 0)
			return;
		if (device_busy(&app->dev))
			device_run(&app->dev, CYCLES_PER_POLL);
	}
}

/* Before the card's model opens its waveform. The counters are written at the end; that they can be shows now. */
static int check_files(const struct app *app)
{
	const struct file_use uses[] = {
		{.option = "--trace", .path = app->opt.trace, .output = true},
		{.option = "--stats", .path = app->opt.stats, .output = true},
	};
	struct output stats = {.fd = -1};
	char error[FILE_ERROR_LEN];
	int ret = files_check(uses, sizeof uses / sizeof uses[0], error);

	if (ret == 0 && app->opt.stats)
		ret = output_open(&stats, app->opt.stats, error);
	output_abandon(&stats);
	if (ret)
		fprintf(stderr, "espalier-sim: %s\n", error);
	return ret;
}

static int write_stats(struct app *app)
{
	char error[FILE_ERROR_LEN];
	struct output output;
	FILE *file;
	int ret = output_open(&output, app->opt.stats, error);

	if (ret)
		return complain("write", app->opt.stats, ret);
	file = output_start(&output);
	output_abandon(&output);
	ret = file ? stats_write(file, &app->dev) : -ENOMEM;
	return ret ? complain("write", app->opt.stats, ret) : 0;
}

static int start(struct app *app)
{
	char socket[300], error[FILE_ERROR_LEN];
	int ret = make_dirs(app->opt.dir);

	if (ret == 0)
		ret = take_dir(app);
	if (ret)
		return ret;
	ret = sysfs_publish(&app->sysfs, app->opt.dir, &app->dev.config, &app->opt);
	if (ret)
		return complain("publish", app->sysfs.root, ret);
	snprintf(socket, sizeof socket, "%s/vfio-user.sock", app->opt.dir);
	ret = vfio_user_open(&app->server, &app->dev, socket, error);
	if (ret)
		fprintf(stderr, "espalier-sim: %s\n", error);
	return ret;
}

static void stop(struct app *app)
{
	char path[300];

	vfio_user_close(&app->server);
	if (app->sysfs.root[0])
		sysfs_remove(&app->sysfs);
	if (app->signals >= 0)
		close(app->signals);
	if (app->lock < 0)
		return;
	snprintf(path, sizeof path, "%s/lock", app->opt.dir);
	unlink(path);
	close(app->lock);
	if (app->opt.remove_dir)
		rmdir(app->opt.dir);
}

int main(int argc, char **argv)
{
	static struct app app;
	int ret;

	app.lock = app.signals = -1;
	app.server.client = app.server.listener = app.server.refused = -1;
	options_defaults(&app.opt);
	ret = options_parse(argc, argv, &app.opt);
	if (ret)
		return ret < 0;
	ret = catch_signals(&app);
	if (ret == 0)
		ret = host_memory_guard();
	if (ret) {
		complain("set up", "signals", ret);
		return 1;
	}
	if (check_files(&app))
		return 1;
	card_open(app.opt.trace);
	device_init(&app.dev, &app.opt);
	ret = start(&app);
	if (ret == 0) {
		puts("ready");
		fflush(stdout);
		loop(&app);
	}
	/* A simulator that could not take the directory leaves it alone. */
	if (ret != -EBUSY)
		stop(&app);
	if (ret == 0 && app.opt.stats)
		ret = write_stats(&app);
	device_close(&app.dev);
	card_close();
	if (app.dev.violation.raised)
		return EXIT_RULE_BROKEN;
	return ret ? 1 : 0;
}
