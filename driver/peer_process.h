/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process at the other end of a UNIX socket, as /proc shows it: one that is slow, because it has much to compute or the machine is busy, from one that
 * does nothing about what waits in its socket: it is stopped, frozen, dead, or waits for something else.
 */
#ifndef ESPALIER_PEER_PROCESS_H
#define ESPALIER_PEER_PROCESS_H

#include <stdbool.h>

struct peer_process {
	int pid; /* 0: not known, or this very process: it is never idle */
	bool seen;
	unsigned long long ticks; /* of processor time, when it was looked at */
};

/* Of a connected socket. */
void peer_process_find(struct peer_process *peer, int fd);
/* The wait begins. */
void peer_process_begin(struct peer_process *peer);
/* It is stopped or gone; or it sleeps, and has not run since the look before. */
bool peer_process_idle(struct peer_process *peer);

#endif
