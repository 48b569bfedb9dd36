/* SPDX-License-Identifier: Apache-2.0 */
/* espalier-ike, the IKEv2 agent. Exit status 0 after SIGTERM, 1 on an error, 2 for a wrong command line. */
#include "daemon/daemon.h"

int main(int argc, char **argv)
{
	struct daemon_options options;

	switch (options_parse(argc, argv, &options)) {
	case OPTIONS_RUN:
		return daemon_run(&options);
	case OPTIONS_HELP:
		return 0;
	default:
		return 2;
	}
}
