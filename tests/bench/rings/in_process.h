/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulated card in this process, as a transport for the driver: the same root complex, hard block and RTL as espalier-sim, but the
 * clock runs only when the caller runs it (and while a register read waits for its answer). So a run has the same cycles on every machine.
 * One at a time; not for threads.
 */
#ifndef ESPALIER_BENCH_IN_PROCESS_H
#define ESPALIER_BENCH_IN_PROCESS_H

#include "sim/sim.h"
#include "transport.h"

/* argv: options of espalier-sim, argv[0] ignored. Prints what is wrong. 0 or a negative errno value. */
int in_process_open(int argc, char **argv, struct transport **t);
/* Runs the card's clock. */
void in_process_run(struct transport *t, unsigned int cycles);
/* Cycles since start. */
uint64_t in_process_now(const struct transport *t);
const struct sim_stats *in_process_stats(const struct transport *t);
/* Whether the card broke a rule of its interfaces; the rule was printed. */
bool in_process_violated(const struct transport *t);

#endif
