/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a daemon tells its service manager, by the protocol of sd_notify(3) and sd_watchdog_enabled(3): datagrams to the UNIX socket that
 * NOTIFY_SOCKET names, and a sign of life in time if WATCHDOG_USEC asks for it. Without a manager nothing is sent.
 */
#ifndef PROCESS_NOTIFY_H
#define PROCESS_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

struct notify {
	int fd;		      /* -1: nobody wants to know */
	uint64_t watchdog_ms; /* between signs of life, half of what the manager waits; 0: none */
	uint64_t next_ms;     /* when the next is due */
};

/* While the environment is the manager's and its socket can be reached; children inherit neither. */
void notify_open(struct notify *notify);
void notify_ready(struct notify *notify, uint64_t now_ms);
void notify_stopping(struct notify *notify);
/* Send a sign of life if one is due. Milliseconds until the next is, or -1: there is none. Times are CLOCK_MONOTONIC's. */
int64_t notify_alive(struct notify *notify, uint64_t now_ms);
void notify_close(struct notify *notify);

#endif
