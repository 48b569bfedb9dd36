/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device "sim": an espalier-sim of one's own. It is started in a fresh directory with --dir, says "ready" on its standard output,
 * and is stopped at close; the directory goes with it. The process dies with its starter, also when that is killed, and then removes
 * the directory itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend.h"
#include "now.h"
#include "sim_process.h"

#define ARGS_MAX 64
#define STOP_TIMEOUT_MS 5000u
#define SOCKET_NAME "vfio-user.sock"

struct sim_process {
	pid_t pid;
	int out; /* its standard output, kept open so that it may go on printing */
	char dir[PATH_MAX];
};

static int find_program(char *path, size_t size, char *error)
{
	const char *set = getenv("ESPALIER_SIM");
	ssize_t len;
	char *slash;

	if (set && *set) {
		if ((size_t)snprintf(path, size, "%s", set) >= size)
			return espalier_fail(error, -ENAMETOOLONG, "ESPALIER_SIM is too long.");
	} else {
		len = readlink("/proc/self/exe", path, size - 1);
		if (len < 0)
			return espalier_fail(error, -errno, "/proc/self/exe: %s.", strerror(errno));
		path[len] = '\0';
		slash = strrchr(path, '/');
		if (!slash || (size_t)(slash - path) + sizeof("/espalier-sim") > size)
			return espalier_fail(error, -ENAMETOOLONG, "The path of this program is too long.");
		strcpy(slash, "/espalier-sim");
	}
	if (access(path, X_OK))
		return espalier_fail(error, -errno, "The simulated card %s cannot be started: %s (ESPALIER_SIM names another).", path,
				     strerror(errno));
	return 0;
}

static int make_dir(struct sim_process *sim, char *error)
{
	static const char *const variables[] = { "XDG_RUNTIME_DIR", "TMPDIR" };
	const char *base = "/tmp";

	/* a socket's path is short: the first place that leaves room for it */
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		const char *value = getenv(variables[i]);

		if (value && *value == '/' && strlen(value) < 60 && !access(value, W_OK)) {
			base = value;
			break;
		}
	}
	snprintf(sim->dir, sizeof(sim->dir), "%s/espalier-XXXXXX", base);
	if (mkdtemp(sim->dir))
		return 0;
	espalier_fail(error, -errno, "%s: %s.", sim->dir, strerror(errno));
	sim->dir[0] = '\0';
	return -errno;
}

static int split_args(char *text, char **args, int count, char *error)
{
	char *save = NULL;

	for (char *word = strtok_r(text, " \t\n", &save); word; word = strtok_r(NULL, " \t\n", &save)) {
		if (count == ARGS_MAX - 1)
			return espalier_fail(error, -E2BIG, "ESPALIER_SIM_ARGS has too many words.");
		args[count++] = word;
	}
	args[count] = NULL;
	return 0;
}

/* Only async-signal-safe calls: the starter may have threads. */
static void run_child(const char *program, char *const *args, int out, pid_t parent)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpgid(0, 0); /* an interrupt at the terminal is for the starter, which then stops the card in order */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() == parent && dup2(out, STDOUT_FILENO) >= 0)
		execv(program, args);
	_exit(127);
}

static int spawn(struct sim_process *sim, const char *program, char *const *args, char *error)
{
	pid_t parent = getpid();
	int pipes[2];

	if (pipe2(pipes, O_CLOEXEC))
		return espalier_fail(error, -errno, "No pipe: %s.", strerror(errno));
	sim->pid = fork();
	if (sim->pid == 0)
		run_child(program, args, pipes[1], parent);
	close(pipes[1]);
	sim->out = pipes[0];
	if (sim->pid < 0)
		return espalier_fail(error, -errno, "No process for the simulated card: %s.", strerror(errno));
	return 0;
}

/* Read lines until one says ready. */
static int wait_ready(struct sim_process *sim, unsigned int timeout_ms, char *error)
{
	uint64_t end = now_ms() + timeout_ms, now;
	struct pollfd p = { .fd = sim->out, .events = POLLIN };
	char line[256];
	size_t len = 0;
	int status;

	for (;;) {
		ssize_t got;
		char *newline;

		now = now_ms();
		if (now >= end || poll(&p, 1, (int)(end - now)) == 0)
			return espalier_fail(error, -ETIMEDOUT, "The simulated card was not ready within %u ms.", timeout_ms);
		got = read(sim->out, line + len, 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			if (waitpid(sim->pid, &status, 0) == sim->pid)
				sim->pid = -1;
			return espalier_fail(error, -EIO, "The simulated card ended before it was ready.");
		}
		newline = memchr(line, '\n', len + 1);
		len = newline || len + 2 >= sizeof(line) ? 0 : len + 1;
		if (newline && !strncmp(line, "ready", 5))
			return 0;
	}
}

int sim_process_start(unsigned int timeout_ms, struct sim_process **sim, char *socket, char *error)
{
	const char *extra = getenv("ESPALIER_SIM_ARGS");
	char program[PATH_MAX], text[4096], dir[] = "--dir", remove_dir[] = "--remove-dir", *args[ARGS_MAX] = { program, remove_dir, dir, NULL };
	struct sim_process *new = calloc(1, sizeof(*new));
	int ret;

	*sim = NULL;
	if (!new)
		return espalier_fail(error, -ENOMEM, "Out of memory.");
	new->pid = -1;
	new->out = -1;
	ret = find_program(program, sizeof(program), error);
	if (ret)
		goto fail;
	if ((size_t)snprintf(text, sizeof(text), "%s", extra ? extra : "") >= sizeof(text)) {
		ret = espalier_fail(error, -E2BIG, "ESPALIER_SIM_ARGS is too long.");
		goto fail;
	}
	ret = make_dir(new, error);
	if (ret)
		goto fail;
	args[3] = new->dir;
	ret = split_args(text, args, 4, error);
	if (!ret)
		ret = spawn(new, program, args, error);
	if (!ret)
		ret = wait_ready(new, timeout_ms, error);
	if (ret)
		goto fail;
	snprintf(socket, ESPALIER_NAME_LEN, "%.200s/" SOCKET_NAME, new->dir);
	*sim = new;
	return 0;
fail:
	sim_process_stop(new);
	return ret;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	remove(path);
	return 0;
}

static void stop(pid_t pid)
{
	uint64_t end = now_ms() + STOP_TIMEOUT_MS;

	kill(pid, SIGTERM);
	while (waitpid(pid, NULL, WNOHANG) == 0) {
		if (now_ms() >= end) {
			kill(pid, SIGKILL);
			waitpid(pid, NULL, 0);
			return;
		}
		usleep(1000);
	}
}

void sim_process_stop(struct sim_process *sim)
{
	if (!sim)
		return;
	if (sim->pid > 0)
		stop(sim->pid);
	if (sim->out >= 0)
		close(sim->out);
	if (sim->dir[0])
		nftw(sim->dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	free(sim);
}
