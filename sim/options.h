/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of espalier-sim. */
#ifndef SIM_OPTIONS_H
#define SIM_OPTIONS_H

#include "sim.h"

/* 0: go on. 1: --help was printed, end with success. -EINVAL: a sentence is on stderr. Strings point into argv. */
int options_parse(int argc, char **argv, struct sim_options *opt);
void options_defaults(struct sim_options *opt);

#endif
