/* SPDX-License-Identifier: Apache-2.0 */
/* espalier-gw: options in, gateway run. */
#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "instance.h"
#include "log.h"
#include "process/memory_lock.h"
#include "run.h"
#include "sink/sink_client.h"
#include "software/software.h"

#define GRACE_S 10u

static const char usage[] =
	"usage: espalier-gw -d DEVICE [options]\n"
	"The IPsec gateway: a TUN device on one side, ESP on the other, the card between them; SAs and policies come by the SA sink.\n"
	"  -d, --device DEVICE   sim, vfio-user:PATH, a PCI address, software, software:N (N SAs a direction)\n"
	"  --sink PATH           socket of the SA sink (" SINK_PATH_DEFAULT ")\n"
	"  --sink-user NAME      who besides root may use it (espalier, if there is such a user)\n"
	"  --user NAME           whom to become after start as root (espalier-gw if there is such a user, else nobody)\n"
	"  --tun NAME            TUN device (esp0)\n"
	"  --mtu N               its MTU and that of all its routes, 576 to 9600; without it, what each SA's path carries\n"
	"  --release             at the end nothing blocks any more; without a device: take away what an earlier gateway left, now\n"
	"  --grace SECONDS       how long SAs outlive the connection of key management (10)\n"
	"  --json-stats FILE     counters, written at SIGUSR1 and at the end\n"
	"  --log LEVEL           error, info (the default), debug\n"
	"Says `ready` when it serves; ends at SIGTERM.\n";

static int complain(const char *what, const char *value)
{
	fprintf(stderr, "espalier-gw: %s%s%s\n", what, value ? ": " : "", value ? value : "");
	return EXIT_FAILURE;
}

/* A number from low to high; false: it is none. */
static bool parse_number(const char *text, unsigned long low, unsigned long high, unsigned long *value)
{
	char *end;

	*value = strtoul(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && *value >= low && *value <= high;
}

static bool parse_level(const char *text)
{
	static const char *const names[] = { [GW_ERROR] = "error", [GW_INFO] = "info", [GW_DEBUG] = "debug" };

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(text, names[i])) {
			gw_set_level((enum gw_level)i);
			return true;
		}
	}
	return false;
}

/* (uid_t)-1: there is no such user. */
static uid_t user_id(const char *name)
{
	const struct passwd *entry = getpwnam(name);

	return entry ? entry->pw_uid : (uid_t)-1;
}

static bool parse_option(int c, struct gw_options *o)
{
	unsigned long value = 0;
	bool good = true;

	switch (c) {
	case 'd':
		o->device = optarg;
		break;
	case 's':
		o->sink = optarg;
		break;
	case 'u':
		o->user = user_id(optarg);
		good = o->user != (uid_t)-1;
		break;
	case 'b':
		o->become = optarg;
		break;
	case 't':
		o->tun = optarg;
		break;
	case 'm':
		good = parse_number(optarg, GW_MTU_MIN, GW_MTU_MAX, &value);
		o->mtu = (uint16_t)value;
		break;
	case 'r':
		o->release = true;
		break;
	case 'g':
		good = parse_number(optarg, 0, 86400, &value);
		o->grace_ms = (unsigned int)value * 1000;
		break;
	case 'j':
		o->stats = optarg;
		break;
	case 'l':
		good = parse_level(optarg);
		break;
	default:
		return false;
	}
	if (!good)
		complain("not a good value", optarg);
	return good;
}

static bool parse_options(int argc, char **argv, struct gw_options *o)
{
	static const struct option longs[] = {
		{ "device", required_argument, NULL, 'd' }, { "sink", required_argument, NULL, 's' },
		{ "sink-user", required_argument, NULL, 'u' }, { "user", required_argument, NULL, 'b' }, { "tun", required_argument, NULL, 't' },
		{ "mtu", required_argument, NULL, 'm' }, { "grace", required_argument, NULL, 'g' },
		{ "json-stats", required_argument, NULL, 'j' }, { "log", required_argument, NULL, 'l' }, { "release", no_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' }, { 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "d:h", longs, NULL)) != -1) {
		if (c == 'h') {
			fputs(usage, stdout);
			exit(EXIT_SUCCESS);
		}
		if (!parse_option(c, o))
			return false;
	}
	return optind == argc && (o->device || o->release);
}

/* The socket's own directory, /run/espalier usually; whether it is there shows when the socket is made. */
static void make_directory(const char *path)
{
	char directory[4096];
	char *slash;

	snprintf(directory, sizeof(directory), "%s", path);
	slash = strrchr(directory, '/');
	if (!slash || slash == directory)
		return;
	*slash = '\0';
	mkdir(directory, 0755);
}

/* What an earlier gateway left to block. */
static int release(struct gw *gw, const struct gw_options *options)
{
	char error[256];
	struct instance lock;

	if (instance_lock(&lock, error, sizeof(error)) || routes_open(&gw->routes, 1, error) || filter_open(&gw->filter, options->tun, error))
		return complain(error, NULL);
	routes_close(&gw->routes, true);
	filter_close(&gw->filter, true);
	instance_unlock(&lock);
	return EXIT_SUCCESS;
}

/* No core dumps, no swapping: before there is a key. */
static int harden(char *error)
{
	char why[256];

	if (privileges_harden(error))
		return -EPERM;
	if (memory_lock(why, sizeof(why)))
		gw_log(GW_INFO, "%s", why);
	return 0;
}

int main(int argc, char **argv)
{
	static const char *const users[] = { "espalier-gw", "nobody", NULL };
	static struct gw gw;
	struct gw_options options = { .sink = SINK_PATH_DEFAULT, .tun = "esp0", .user = user_id("espalier"), .grace_ms = GRACE_S * 1000 };
	char error[ESPALIER_ERROR_LEN];

	if (!parse_options(argc, argv, &options)) {
		fputs(usage, stderr);
		return 2;
	}
	if (!options.device)
		return release(&gw, &options);
	notify_open(&gw.manager);
	if (harden(error) || privileges_find(options.become, users, &gw.identity, error))
		return complain(error, NULL);
	make_directory(options.sink);
	if (espalier_software_register())
		return complain("the software reference cannot be registered", NULL);
	gw.options = &options;
	if (gw_run(&gw, error))
		return complain(error, NULL);
	gw_log(GW_INFO, "ended: packets out %llu, in %llu, dropped %llu", (unsigned long long)gw.counters.packets[0],
	       (unsigned long long)gw.counters.packets[1], (unsigned long long)gw_dropped(&gw.counters));
	return EXIT_SUCCESS;
}
