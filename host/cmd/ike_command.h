/* SPDX-License-Identifier: Apache-2.0 */
/* espalier ike: talks to espalier-ike over its control socket. docs/espalier-ike.md */
#ifndef ESPALIER_IKE_COMMAND_H
#define ESPALIER_IKE_COMMAND_H

#include <jansson.h>
#include <stdio.h>

/* The words behind "espalier", "ike" first. Returns the exit status. */
int ike_command(int argc, char **argv);

/* Judge a configuration file, without a daemon. Returns the exit status. */
int ike_check(const char *path);

/* The answer to list as text for people. */
void ike_print_list(FILE *out, const json_t *answer);

#endif
