/* SPDX-License-Identifier: Apache-2.0 */
/* The command espalier: list and info of cards, captures through a card. Exit status 0 or, on any error, 1. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "process/no_core.h"
#include "file/output.h"
#include "ike_command.h"
#include "report.h"
#include "software/software.h"

#define LIST_MAX 256

static const char usage_text[] =
	"Usage: espalier list [--json]\n"
	"       espalier info [-d DEV] [--json]\n"
	"       espalier encap|decap [-d DEV] -x STATES -r IN.pcap -w OUT.pcap [--json] [--save-states FILE] [--timeout SECONDS]\n"
	"       espalier ike up|down|list|rekey|reload|log ...      the IKEv2 agent's; see espalier ike help\n"
	"\n"
	"  -d, --device DEV     sim (default: a simulated card of its own), vfio-user:SOCKET, software, or a PCI address\n"
	"  -x, --states STATES  SAs: lines as `ip -batch` takes them, xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x1000\n"
	"                       mode tunnel aead 'rfc4106(gcm(aes))' 0x<key and salt> 128 replay-window 64 [flag esn] [sel src A/P dst B/P],\n"
	"                       policies, or what `ip xfrm state` and `ip xfrm policy` print\n"
	"  -r, --read IN        capture to read, pcap or pcapng: raw IP, IPv4 or Ethernet\n"
	"  -w, --write OUT      capture to write, - for standard output\n"
	"      --save-states F  keep the sequence numbers in F, ahead of their use; F may be STATES\n"
	"      --timeout S      seconds until a device that does not answer is an error (30)\n"
	"      --json           counters as JSON\n"
	"\n"
	"Never encapsulate twice with one key from the same sequence number: AES-GCM then loses its secrecy and its integrity.\n"
	"With static keys, always use --save-states, and go on from the file that it wrote.\n";

struct options {
	const char *command, *device, *states, *in, *out, *save;
	unsigned int timeout_s;
	bool json;
};

static volatile sig_atomic_t stop;

static int complain(const char *text)
{
	fprintf(stderr, "espalier: %s\n", text);
	return EXIT_FAILURE;
}

static bool parse_options(int argc, char **argv, struct options *o)
{
	enum { JSON = 256, SAVE, TIMEOUT };
	static const struct option longs[] = {
		{ "device", required_argument, NULL, 'd' }, { "states", required_argument, NULL, 'x' },
		{ "read", required_argument, NULL, 'r' },   { "write", required_argument, NULL, 'w' },
		{ "json", no_argument, NULL, JSON },	    { "save-states", required_argument, NULL, SAVE },
		{ "timeout", required_argument, NULL, TIMEOUT }, { NULL, 0, NULL, 0 },
	};
	uint64_t seconds;
	int c;

	while ((c = getopt_long(argc, argv, "d:x:r:w:", longs, NULL)) != -1) {
		switch (c) {
		case 'd':
			o->device = optarg;
			break;
		case 'x':
			o->states = optarg;
			break;
		case 'r':
			o->in = optarg;
			break;
		case 'w':
			o->out = optarg;
			break;
		case JSON:
			o->json = true;
			break;
		case SAVE:
			o->save = optarg;
			break;
		case TIMEOUT:
			if (parse_number(optarg, 86400, &seconds) || !seconds) {
				complain("--timeout wants seconds, 1 to 86400");
				return false;
			}
			o->timeout_s = (unsigned int)seconds;
			break;
		default:
			return false;
		}
	}
	if (optind < argc)
		fprintf(stderr, "espalier: unexpected argument %s\n", argv[optind]);
	return optind == argc;
}

static int open_device(const struct options *o, struct espalier_dev **dev, char *error)
{
	struct espalier_open_options open_options = { .timeout_ms = o->timeout_s * 1000 };

	return espalier_open(o->device, &open_options, dev, error);
}

static int cmd_list(const struct options *o)
{
	static struct espalier_listed list[LIST_MAX];
	char error[ESPALIER_ERROR_LEN];
	int n = espalier_list(list, LIST_MAX, error);

	if (n < 0)
		return complain(error);
	return report_list(stdout, list, n < LIST_MAX ? (size_t)n : LIST_MAX, o->json) ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int cmd_info(const struct options *o)
{
	struct espalier_info info;
	struct espalier_dev *dev;
	char error[ESPALIER_ERROR_LEN];
	int ret = EXIT_SUCCESS;

	if (open_device(o, &dev, error))
		return complain(error);
	if (espalier_info(dev, &info))
		ret = complain(espalier_error(dev));
	else if (report_info(stdout, &info, o->json))
		ret = EXIT_FAILURE;
	espalier_close(dev);
	return ret;
}

/* What a run has open. */
struct opened {
	struct states states;
	struct output output;
	struct run run;
};

/* The order matters: nothing is changed before every file has been found good and the device has taken the states. */
static int prepare(const struct options *o, struct opened *opened, char *error)
{
	const struct file_use uses[] = {
		{ .option = "-x", .path = o->states },
		{ .option = "-r", .path = o->in },
		{ .option = "-w", .path = o->out, .output = true },
		{ .option = "--save-states", .path = o->save, .output = true, .may_be = "-x" },
	};
	struct run *run = &opened->run;
	int ret = files_check(uses, sizeof(uses) / sizeof(uses[0]), error);

	if (!ret && o->save)
		ret = reserve_open(o->save, &run->reserve, error);
	if (!ret)
		ret = states_load(o->states, run->states, error);
	if (!ret && o->save)
		ret = reserve_merge(run->reserve, run->states, error);
	if (!ret)
		ret = capture_open_in(o->in, &run->in, error);
	if (!ret)
		ret = output_open(&opened->output, o->out, error);
	if (!ret)
		ret = open_device(o, &run->dev, error);
	if (!ret)
		ret = run_install(run, error);
	if (!ret)
		ret = run_cover(run, error);
	return ret ? ret : capture_open_out(&opened->output, o->out, run->in, &run->out, error);
}

static int run_opened(const struct options *o, struct opened *opened)
{
	struct run *run = &opened->run;
	char error[RUN_ERROR_LEN];
	int ret = EXIT_SUCCESS;

	if (prepare(o, opened, error))
		return complain(error);
	if (run_capture(run, error))
		ret = complain(error);
	if (capture_close_out(run->out, error))
		ret = complain(error);
	run->out = NULL;
	if (report_run(opened->output.standard ? stderr : stdout, run, o->json))
		ret = complain("the report could not be written");
	if (!run->decap && !run->reserve && run->counters.packets_out)
		fprintf(stderr, "espalier: the sequence numbers used are saved nowhere: with other packets, %s must not be used again "
				"(--save-states would keep them)\n", o->states);
	return ret;
}

/* A signal that comes just before a call that waits would be missed: it comes again. */
static void on_signal(int number)
{
	(void)number;
	stop = 1;
	alarm(1);
}

/* What ends a process makes the run end in order; a reader of the output that went away, or its full disk, is an error of write(). */
static void catch_signals(void)
{
	static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM, SIGXCPU };
	struct sigaction action = { .sa_handler = on_signal };

	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
		sigaction(ending[i], &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

static int cmd_run(const struct options *o, bool decap)
{
	static struct opened opened;
	struct run *run = &opened.run;
	char error[RUN_ERROR_LEN];
	int ret;

	if (!o->states || !o->in || !o->out)
		return complain("-x STATES, -r IN and -w OUT are needed; see espalier help");
	if (no_core())
		return complain("core dumps, which would have keys in them, cannot be turned off");
	opened = (struct opened){ .output.fd = -1, .run = { .decap = decap, .states = &opened.states, .stop = &stop } };
	catch_signals();
	ret = run_opened(o, &opened);
	capture_close_out(run->out, error);
	capture_close_in(run->in);
	output_abandon(&opened.output);
	espalier_close(run->dev);
	reserve_close(run->reserve);
	states_free(&opened.states);
	return ret;
}

int main(int argc, char **argv)
{
	struct options o = { .device = "sim", .timeout_s = 30 };

	if (argc < 2 || !strcmp(argv[1], "help") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		fputs(usage_text, argc < 2 ? stderr : stdout);
		return argc < 2 ? EXIT_FAILURE : EXIT_SUCCESS;
	}
	if (!strcmp(argv[1], "ike"))
		return ike_command(argc - 1, argv + 1);
	if (espalier_software_register())
		return complain("no room for the software reference");
	o.command = argv[1];
	if (!parse_options(argc - 1, argv + 1, &o))
		return EXIT_FAILURE;
	if (!strcmp(o.command, "list"))
		return cmd_list(&o);
	if (!strcmp(o.command, "info"))
		return cmd_info(&o);
	if (!strcmp(o.command, "encap"))
		return cmd_run(&o, false);
	if (!strcmp(o.command, "decap"))
		return cmd_run(&o, true);
	return complain("unknown command; see espalier help");
}
