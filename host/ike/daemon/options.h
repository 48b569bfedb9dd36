/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of espalier-ike. */
#ifndef ESPALIER_IKE_OPTIONS_H
#define ESPALIER_IKE_OPTIONS_H

#include "core/agent.h"

struct daemon_options {
	const char *config, *sink, *control; /* paths */
	const char *user;		     /* NULL: see privileges_find */
	const char *keylog;		     /* directory, NULL: none */
	uint16_t port, nat_port;
	enum agent_log level;		     /* the least that standard error gets */
	struct agent_settings settings;
};

enum options_result { OPTIONS_RUN, OPTIONS_HELP, OPTIONS_BAD };

/* Strings point into argv. OPTIONS_HELP: help was printed; OPTIONS_BAD: what is wrong went to standard error. */
enum options_result options_parse(int argc, char **argv, struct daemon_options *options);

#endif
