/* SPDX-License-Identifier: Apache-2.0 */
/* espalier-ike's event loop: the agent with real sockets, a clock, the gateway's sink, a control socket and signals. */
#ifndef ESPALIER_IKE_DAEMON_H
#define ESPALIER_IKE_DAEMON_H

#include "daemon/options.h"

/*
 * Start, print "ready" on standard output, serve until SIGTERM or SIGINT, delete all SAs and end. Log and errors go to standard error.
 * Returns the exit status: 0 after a signal, 1 if it could not start or serve on.
 */
int daemon_run(const struct daemon_options *options);

#endif
