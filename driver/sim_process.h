/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated card as a process of one's own. */
#ifndef ESPALIER_SIM_PROCESS_H
#define ESPALIER_SIM_PROCESS_H

#include "espalier.h"

struct sim_process;

/* Start an espalier-sim in a new directory and wait until it is ready. socket: ESPALIER_NAME_LEN bytes. */
int sim_process_start(unsigned int timeout_ms, struct sim_process **sim, char *socket, char *error);
/* Stop it and remove the directory. sim may be NULL. */
void sim_process_stop(struct sim_process *sim);

#endif
