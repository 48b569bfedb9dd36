/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/options.h"

#include "ctl/ctl.h"
#include "daemon/settings.h"
#include "sink/sink_client.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage_text[] =
	"Usage: espalier-ike [OPTION]...\n"
	"The IKEv2 agent of espalier-gw: negotiates SAs with peers and hands them to the gateway. Stays in the foreground; ends on SIGTERM,\n"
	"reads its configuration again on SIGHUP.\n"
	"\n"
	"      --config FILE      configuration, swanctl.conf syntax (/etc/espalier/swanctl.conf)\n"
	"      --sink PATH        socket of the gateway (" SINK_PATH_DEFAULT ")\n"
	"      --control PATH     socket for the command espalier ike (" CTL_DEFAULT_PATH ")\n"
	"      --user USER        whom to become after start as root (espalier if there is such a user, else nobody)\n"
	"      --port PORT        UDP port of IKE (500)\n"
	"      --nat-port PORT    UDP port of IKE and ESP behind NAT (4500)\n"
	"      --log LEVEL        error, info (default) or debug\n"
	"      --keylog DIR       for debugging: write all keys there, as Wireshark's ikev2_decryption_table and esp_sa\n"
	"      --set NAME=VALUE   one of the limits and times below, may be repeated\n"
	"      --help\n"
	"\n"
	"Limits and times, named as in strongswan.conf:\n";

static bool parse_port(const char *text, uint16_t *port)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (!*text || *end || *text == '-' || !value || value > UINT16_MAX)
		return false;
	*port = (uint16_t)value;
	return true;
}

static bool parse_level(const char *text, enum agent_log *level)
{
	static const char *const names[] = { "error", "info", "debug" };

	for (int i = 0; i < 3; i++) {
		if (!strcmp(text, names[i])) {
			*level = (enum agent_log)i;
			return true;
		}
	}
	return false;
}

static enum options_result bad(const char *name, const char *value)
{
	fprintf(stderr, "espalier-ike: --%s %s: not a value for it\n", name, value);
	return OPTIONS_BAD;
}

enum options_result options_parse(int argc, char **argv, struct daemon_options *o)
{
	enum { CONFIG = 256, SINK, CONTROL, USER, PORT, NAT_PORT, LOG, KEYLOG, SET, HELP };
	static const struct option longs[] = {
		{ "config", required_argument, NULL, CONFIG }, { "sink", required_argument, NULL, SINK },
		{ "control", required_argument, NULL, CONTROL }, { "user", required_argument, NULL, USER },
		{ "port", required_argument, NULL, PORT },	 { "nat-port", required_argument, NULL, NAT_PORT },
		{ "log", required_argument, NULL, LOG },	 { "keylog", required_argument, NULL, KEYLOG },
		{ "set", required_argument, NULL, SET },	 { "help", no_argument, NULL, HELP },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	*o = (struct daemon_options){ .config = "/etc/espalier/swanctl.conf", .sink = SINK_PATH_DEFAULT, .control = CTL_DEFAULT_PATH,
				      .port = 500, .nat_port = 4500, .level = AGENT_INFO };
	agent_default_settings(&o->settings);
	while ((option = getopt_long(argc, argv, "", longs, NULL)) >= 0) {
		switch (option) {
		case CONFIG: o->config = optarg; break;
		case SINK: o->sink = optarg; break;
		case CONTROL: o->control = optarg; break;
		case USER: o->user = optarg; break;
		case KEYLOG: o->keylog = optarg; break;
		case PORT:
			if (!parse_port(optarg, &o->port))
				return bad("port", optarg);
			break;
		case NAT_PORT:
			if (!parse_port(optarg, &o->nat_port))
				return bad("nat-port", optarg);
			break;
		case LOG:
			if (!parse_level(optarg, &o->level))
				return bad("log", optarg);
			break;
		case SET:
			if (!settings_set(&o->settings, optarg))
				return bad("set", optarg);
			break;
		case HELP:
			fputs(usage_text, stdout);
			settings_help(stdout);
			return OPTIONS_HELP;
		default:
			return OPTIONS_BAD;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "espalier-ike: %s: takes options only; --help lists them\n", argv[optind]);
		return OPTIONS_BAD;
	}
	return OPTIONS_RUN;
}
