/* SPDX-License-Identifier: Apache-2.0 */
/* The log of the daemon: lines to standard error and to whoever listens by `espalier ike log`. */
#ifndef ESPALIER_IKE_LOG_H
#define ESPALIER_IKE_LOG_H

#include "core/agent.h"

struct ctl_server;

struct log {
	enum agent_log level;	 /* the least that is logged */
	struct ctl_server *server; /* NULL: standard error alone */
};

/* "2026-01-31 12:00:00.123 info conn[3]: text"; what is not printable in text becomes "?". sa may be "". */
void log_line(struct log *log, enum agent_log level, const char *sa, const char *text);
void log_format(struct log *log, enum agent_log level, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
