/* SPDX-License-Identifier: Apache-2.0 */
/* espalier ike: arguments to a request, the answer to text. Exit status 0, or 1 with a sentence. */
#include "ike_command.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "ike/ctl/ctl.h"
#include "states.h"

static const char usage_text[] =
	"Usage: espalier ike [--control PATH] up CHILD|CONNECTION [--timeout SECONDS]\n"
	"       espalier ike [--control PATH] down NAME|#IKE-SA|{CHILD-SA}\n"
	"       espalier ike [--control PATH] list [--json]\n"
	"       espalier ike [--control PATH] rekey NAME|#IKE-SA|{CHILD-SA} [--ike] [--reauth]\n"
	"       espalier ike [--control PATH] reload\n"
	"       espalier ike [--control PATH] log\n"
	"       espalier ike check FILE\n"
	"\n"
	"  NAME: of a connection or a child, CONNECTION/CHILD where a child's name is not the only one; numbers of SAs as list prints them\n"
	"      --control PATH   espalier-ike's control socket (" CTL_DEFAULT_PATH ")\n"
	"      --timeout S      seconds until up gives up waiting; 0: as long as espalier-ike tries (0)\n"
	"      --ike            rekey the IKE SA, not its children\n"
	"      --reauth         make the IKE SA anew, with authentication\n"
	"      --json           the answer as JSON\n";

struct options {
	const char *control;
	struct ctl_request request;
	bool json;
};

static int complain(const char *text)
{
	fprintf(stderr, "espalier: %s\n", text);
	return EXIT_FAILURE;
}

/* A line of log, control characters replaced: peers have a say in it. */
static void print_line(void *context, const char *text)
{
	FILE *out = context;

	for (; *text; text++)
		fputc((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text, out);
	fputc('\n', out);
	fflush(out);
}

static const struct command {
	const char *name;
	enum ctl_command command;
	bool named;
} commands[] = {
	{ "up", CTL_UP, true },	      { "down", CTL_DOWN, true },     { "list", CTL_LIST, false },
	{ "rekey", CTL_REKEY, true }, { "reload", CTL_RELOAD, false }, { "log", CTL_LOG, false },
};

/* The words that are no options: command, and name where it has one. */
static int parse_words(int argc, char **argv, struct options *o)
{
	const struct command *c = NULL;

	for (size_t i = 0; argc && i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(argv[0], commands[i].name))
			c = &commands[i];
	if (!c) {
		fputs(usage_text, stderr);
		return EXIT_FAILURE;
	}
	if (argc != (c->named ? 2 : 1))
		return complain(c->named ? "one name is needed; see espalier ike help" : "too many words; see espalier ike help");
	if (c->named && strlen(argv[1]) >= CTL_NAME_MAX)
		return complain("the name is too long");
	o->request.command = c->command;
	if (c->named)
		strcpy(o->request.name, argv[1]);
	return EXIT_SUCCESS;
}

static int parse(int argc, char **argv, struct options *o)
{
	enum { CONTROL = 256, TIMEOUT, IKE, REAUTH, JSON };
	static const struct option longs[] = {
		{ "control", required_argument, NULL, CONTROL }, { "timeout", required_argument, NULL, TIMEOUT }, { "ike", no_argument, NULL, IKE },
		{ "reauth", no_argument, NULL, REAUTH },	 { "json", no_argument, NULL, JSON },		  { NULL, 0, NULL, 0 },
	};
	uint64_t seconds;
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case CONTROL:
			o->control = optarg;
			break;
		case TIMEOUT:
			if (parse_number(optarg, CTL_TIMEOUT_MAX_S, &seconds))
				return complain("--timeout wants seconds, 0 to 86400");
			o->request.timeout_s = (uint32_t)seconds;
			break;
		case IKE:
			o->request.ike = true;
			break;
		case REAUTH:
			o->request.reauth = true;
			break;
		case JSON:
			o->json = true;
			break;
		default:
			return EXIT_FAILURE;
		}
	}
	return parse_words(argc - optind, argv + optind, o);
}

/* Only what the command has, or the server would refuse it. */
static int check(const struct options *o)
{
	if (o->request.timeout_s && o->request.command != CTL_UP)
		return complain("--timeout belongs to up");
	if ((o->request.ike || o->request.reauth) && o->request.command != CTL_REKEY)
		return complain("--ike and --reauth belong to rekey");
	return EXIT_SUCCESS;
}

static int print_answer(const struct options *o, json_t *answer)
{
	bool ok = json_is_true(json_object_get(answer, "ok"));
	const char *error = json_string_value(json_object_get(answer, "error")), *text = json_string_value(json_object_get(answer, "text"));

	if (o->json) {
		if (o->request.command == CTL_LIST)
			json_object_del(answer, "ok");
		json_dumpf(answer, stdout, JSON_INDENT(2));
		fputc('\n', stdout);
	}
	if (!ok) {
		fputs("espalier: ", stderr);
		print_line(stderr, error ? error : "espalier-ike says no and not why");
		return EXIT_FAILURE;
	}
	if (!o->json && o->request.command == CTL_LIST)
		ike_print_list(stdout, answer);
	else if (!o->json)
		print_line(stdout, text ? text : "done");
	return fflush(stdout) || ferror(stdout) ? complain("the answer cannot be written") : EXIT_SUCCESS;
}

int ike_command(int argc, char **argv)
{
	struct options o = { .control = CTL_DEFAULT_PATH };
	char error[CTL_ERROR_LEN];
	json_t *answer;
	int ret;

	if (argc == 2 && (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		fputs(usage_text, stdout);
		return EXIT_SUCCESS;
	}
	if (argc == 3 && !strcmp(argv[1], "check"))
		return ike_check(argv[2]);
	if (parse(argc, argv, &o) || check(&o))
		return EXIT_FAILURE;
	if (ctl_ask(o.control, &o.request, print_line, o.request.command == CTL_LOG ? stdout : stderr, &answer, error))
		return complain(error);
	ret = print_answer(&o, answer);
	json_decref(answer);
	return ret;
}
