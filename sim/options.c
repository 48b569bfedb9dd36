// SPDX-License-Identifier: Apache-2.0
// The command line of espalier-sim: every value is checked, a bad one ends with a sentence that names it.
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum option_id {
	OPT_DIR = 256,
	OPT_TRACE,
	OPT_STATS,
	OPT_LINK,
	OPT_SPEED,
	OPT_WIDTH,
	OPT_LATENCY,
	OPT_MPS,
	OPT_MRRS,
	OPT_RCB,
	OPT_CREDITS,
	OPT_COMPLETION_BUFFER,
	OPT_SPLIT,
	OPT_REORDER,
	OPT_STALL,
	OPT_FAULT,
	OPT_SEED,
	OPT_BAR,
	OPT_LOST_CYCLES,
	OPT_EXIT_WITH_CLIENT,
	OPT_PARENT_DEATH,
	OPT_REMOVE_DIR,
	OPT_HELP,
};

static const struct option long_options[] = {
	{"dir", required_argument, NULL, OPT_DIR},
	{"trace", required_argument, NULL, OPT_TRACE},
	{"stats", required_argument, NULL, OPT_STATS},
	{"link", required_argument, NULL, OPT_LINK},
	{"speed", required_argument, NULL, OPT_SPEED},
	{"width", required_argument, NULL, OPT_WIDTH},
	{"latency", required_argument, NULL, OPT_LATENCY},
	{"mps", required_argument, NULL, OPT_MPS},
	{"mrrs", required_argument, NULL, OPT_MRRS},
	{"rcb", required_argument, NULL, OPT_RCB},
	{"credits", required_argument, NULL, OPT_CREDITS},
	{"completion-buffer", required_argument, NULL, OPT_COMPLETION_BUFFER},
	{"split", no_argument, NULL, OPT_SPLIT},
	{"reorder", no_argument, NULL, OPT_REORDER},
	{"stall", required_argument, NULL, OPT_STALL},
	{"fault", required_argument, NULL, OPT_FAULT},
	{"seed", required_argument, NULL, OPT_SEED},
	{"bar", required_argument, NULL, OPT_BAR},
	{"lost-cycles", required_argument, NULL, OPT_LOST_CYCLES},
	{"exit-with-client", no_argument, NULL, OPT_EXIT_WITH_CLIENT},
	{"parent-death", no_argument, NULL, OPT_PARENT_DEATH},
	{"remove-dir", no_argument, NULL, OPT_REMOVE_DIR},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

static const char help[] =
	"Usage: espalier-sim [OPTION]...\n"
	"The Espalier card, simulated from its RTL, behind a vfio-user socket. Prints \"ready\" when a client may connect.\n"
	"\n"
	"  --dir DIR            creates DIR/vfio-user.sock and DIR/sysfs (lspci -O sysfs.path=DIR/sysfs);\n"
	"                       default $XDG_RUNTIME_DIR/espalier/sim0, else /run/espalier/sim0\n"
	"  --trace FILE.fst     waveform of the whole run; espalier-sim-trace only\n"
	"  --stats FILE.json    counters, written at the end\n"
	"  --link genGxW        link speed and width, such as gen3x16 (the default); or --speed 1..5 and --width 1|2|4|8|16\n"
	"  --latency NS         of a read of host memory beside the bytes' time on the link, 0 to 100000; default 500;\n"
	"                       up to 200 of it on the wire\n"
	"  --mps BYTES          largest payload: 128, 256, 512 (default), 1024\n"
	"  --mrrs BYTES         largest read request: 128 to 4096; default 512\n"
	"  --rcb BYTES          read completion boundary: 64 (default) or 128\n"
	"  --credits PH,PD,NPH  flow control credits of the host: posted headers, posted data (16 bytes each), read requests;\n"
	"                       default 128,1024,128; at most 256,4096,256, at least 1,64,1\n"
	"  --completion-buffer HEADERS,BYTES  of the hard block; the card must not ask for more; default 128,32768\n"
	"  --split              split completions at random boundaries\n"
	"  --reorder            completions of different reads overtake each other\n"
	"  --stall PERCENT      cycles in which the hard block is not ready, or waits before a packet; 0 to 95\n"
	"  --fault KIND[:OPT,..] ur ca poisoned lost timeout late malformed linkdown nocredits, on reads of the card; repeatable;\n"
	"                       nth=N count=N prob=P addr=LO-HI delay=NS what=count|address|attr|nodata|tag\n"
	"  --seed N             of everything random; default 1\n"
	"  --bar ADDRESS        where the firmware put BAR 0; above 4 GiB requests have 64-bit addresses; default 0xf0000000\n"
	"  --lost-cycles N      cycles it stays awake for the card's timeout after a lost completion; default 400000\n"
	"  --exit-with-client   end when the first client leaves\n"
	"  --parent-death       end when the starting process ends\n"
	"  --remove-dir         remove DIR at the end, if nothing else is in it\n"
	"\n"
	"Exit status: 0 ended by a signal or the client, 1 usage or system error, 3 the card broke a rule of its interfaces.\n";

static int bad(const char *what, const char *text)
{
	fprintf(stderr, "espalier-sim: bad value for %s: '%s'\n", what, text);
	return -EINVAL;
}

static int number(const char *what, const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	char *end;

	errno = 0;
	if (*text < '0' || *text > '9')
		return bad(what, text);
	*value = strtoull(text, &end, 0);
	if (errno || *end || *value < min || *value > max)
		return bad(what, text);
	return 0;
}

static int number_to(const char *what, const char *text, uint64_t min, uint64_t max, unsigned int *value)
{
	uint64_t wide;
	int ret = number(what, text, min, max, &wide);

	if (ret == 0)
		*value = (unsigned int)wide;
	return ret;
}

static int power_of_two(const char *what, const char *text, uint64_t min, uint64_t max, unsigned int *value)
{
	int ret = number_to(what, text, min, max, value);

	return ret == 0 && *value & (*value - 1) ? bad(what, text) : ret;
}

static int parse_link(const char *text, struct sim_options *opt)
{
	unsigned int speed, width;
	char rest;

	if (sscanf(text, "gen%1ux%2u%c", &speed, &width, &rest) != 2 || speed < 1 || speed > 5 || width < 1 || width > 16 ||
	    (width & (width - 1)))
		return bad("--link", text);
	opt->speed = speed;
	opt->width = width;
	return 0;
}

static int parse_credits(const char *text, struct sim_options *opt)
{
	char rest;

	if (sscanf(text, "%4u,%4u,%4u%c", &opt->posted_headers, &opt->posted_data, &opt->nonposted_headers, &rest) != 3 ||
	    opt->posted_headers < 1 || opt->posted_headers > SIM_MAX_CREDITS || opt->posted_data < 64 || opt->posted_data > 4096 ||
	    opt->nonposted_headers < 1 || opt->nonposted_headers > SIM_MAX_CREDITS)
		return bad("--credits", text);
	return 0;
}

static int parse_completion_buffer(const char *text, struct sim_options *opt)
{
	char rest;

	if (sscanf(text, "%5u,%7u%c", &opt->completion_headers, &opt->completion_bytes, &rest) != 2 || opt->completion_headers < 1 ||
	    opt->completion_bytes < 4096)
		return bad("--completion-buffer", text);
	return 0;
}

static int parse_fault(const char *text, struct sim_options *opt)
{
	char err[256];

	if (opt->fault_count == SIM_MAX_FAULTS) {
		fprintf(stderr, "espalier-sim: more than %d faults\n", SIM_MAX_FAULTS);
		return -EINVAL;
	}
	if (fault_parse(text, &opt->faults[opt->fault_count], err, sizeof err)) {
		fprintf(stderr, "espalier-sim: %s\n", err);
		return -EINVAL;
	}
	opt->fault_count++;
	return 0;
}

static int parse_bar(const char *text, struct sim_options *opt)
{
	int ret = number("--bar", text, SIM_BAR_SIZE, UINT64_MAX - SIM_BAR_SIZE, &opt->bar);

	return ret == 0 && opt->bar % SIM_BAR_SIZE ? bad("--bar", text) : ret;
}

static int parse_dir(const char *text, struct sim_options *opt)
{
	if (strlen(text) >= sizeof opt->dir || *text == '\0')
		return bad("--dir", text);
	strcpy(opt->dir, text);
	return 0;
}

static int parse_one(int id, const char *arg, struct sim_options *opt)
{
	switch (id) {
	case OPT_DIR:
		return parse_dir(arg, opt);
	case OPT_TRACE:
		opt->trace = arg;
		return 0;
	case OPT_STATS:
		opt->stats = arg;
		return 0;
	case OPT_LINK:
		return parse_link(arg, opt);
	case OPT_SPEED:
		return number_to("--speed", arg, 1, 5, &opt->speed);
	case OPT_WIDTH:
		return power_of_two("--width", arg, 1, 16, &opt->width);
	case OPT_LATENCY:
		return number_to("--latency", arg, 0, 100000, &opt->latency);
	case OPT_MPS:
		return power_of_two("--mps", arg, 128, 1024, &opt->mps);
	case OPT_MRRS:
		return power_of_two("--mrrs", arg, 128, 4096, &opt->mrrs);
	case OPT_RCB:
		return power_of_two("--rcb", arg, 64, 128, &opt->rcb);
	case OPT_CREDITS:
		return parse_credits(arg, opt);
	case OPT_COMPLETION_BUFFER:
		return parse_completion_buffer(arg, opt);
	case OPT_SPLIT:
		opt->split = true;
		return 0;
	case OPT_REORDER:
		opt->reorder = true;
		return 0;
	case OPT_STALL:
		return number_to("--stall", arg, 0, 95, &opt->stall);
	case OPT_FAULT:
		return parse_fault(arg, opt);
	case OPT_SEED:
		return number("--seed", arg, 0, UINT64_MAX, &opt->seed);
	case OPT_BAR:
		return parse_bar(arg, opt);
	case OPT_LOST_CYCLES:
		return number("--lost-cycles", arg, 0, UINT32_MAX, &opt->lost_cycles);
	case OPT_EXIT_WITH_CLIENT:
		opt->exit_with_client = true;
		return 0;
	case OPT_PARENT_DEATH:
		opt->parent_death = true;
		return 0;
	case OPT_REMOVE_DIR:
		opt->remove_dir = true;
		return 0;
	default:
		return -EINVAL;
	}
}

void options_defaults(struct sim_options *opt)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");

	memset(opt, 0, sizeof *opt);
	/* A runtime directory that does not fit leaves an empty dir, which options_parse refuses unless --dir replaces it. */
	if (snprintf(opt->dir, sizeof opt->dir, "%s/espalier/sim0", runtime && *runtime ? runtime : "/run") >= (int)sizeof opt->dir)
		opt->dir[0] = '\0';
	opt->speed = 3;
	opt->width = 16;
	opt->latency = 500;
	opt->mps = 512;
	opt->mrrs = 512;
	opt->rcb = 64;
	opt->posted_headers = 128;
	opt->posted_data = 1024;
	opt->nonposted_headers = 128;
	opt->completion_headers = 128;
	opt->completion_bytes = 32768;
	opt->seed = 1;
	opt->bar = 0xf0000000;
	opt->lost_cycles = 400000;
}

int options_parse(int argc, char **argv, struct sim_options *opt)
{
	int id, ret;

	while ((id = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (id == OPT_HELP) {
			fputs(help, stdout);
			return 1;
		}
		ret = parse_one(id, optarg, opt);
		if (ret)
			return ret;
	}
	if (optind < argc) {
		fprintf(stderr, "espalier-sim: unexpected argument '%s'\n", argv[optind]);
		return -EINVAL;
	}
	return opt->dir[0] ? 0 : bad("XDG_RUNTIME_DIR", "too long");
}
