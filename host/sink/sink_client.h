/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SA sink behind the gateway's socket (protocol: docs/sa-sink.md). sink_connect gives a struct sink as sink.h describes it.
 *
 * Calls wait for the gateway, at most SINK_TIMEOUT_MS each (-ETIMEDOUT). Events that arrive meanwhile are queued, in order.
 * When the gateway goes away, calls return -ENODEV and one SINK_EVENT_DOWN is queued; its SAs and sockets are then gone. The client tries to
 * connect again (0.1 s after that, later every second) whenever sink_next_event is called because sink_fd() is readable, and queues
 * SINK_EVENT_UP when it could. A DOWN and UP of the card alone come from the gateway in the same form. So: poll sink_fd() for reading and
 * call sink_next_event until it returns 0; nothing else is needed. sink_fd() stays the same descriptor over the sink's life.
 * One thread at a time.
 */
#ifndef ESPALIER_SINK_CLIENT_H
#define ESPALIER_SINK_CLIENT_H

#include "sink/sink.h"

#define SINK_PATH_DEFAULT "/run/espalier/sink.sock"
#define SINK_TIMEOUT_MS 5000

/*
 * Connect to the gateway's socket. On failure *sink is NULL and error (SINK_ERROR_LEN bytes) says why: -ENOENT or -ECONNREFUSED: no gateway
 * there; -EBUSY: another client has control; -EACCES, -EPERM: not for this user; -EPROTO: it speaks another version; -ETIMEDOUT.
 * A new client finds what an earlier one left: set the policies, then sink_sweep; or begin with sink_flush. sink_close closes.
 */
int sink_connect(const char *path, struct sink **sink, char *error);

/*
 * Hand a UDP socket to the gateway: ESP in UDP (RFC 3948) is received from it and sent by it, for SAs whose local end (src of outbound ones)
 * is local, or has local's port if local's address is "any". The gateway gets a duplicate: the caller closes its own fd when it likes.
 * A socket for the same local endpoint replaces the earlier one. The gateway closes all of them when the connection ends.
 * sink must be one of sink_connect. 0, -EINVAL (no UDP socket), -ENOSPC (16 sockets are there already), -ENODEV, -ETIMEDOUT.
 */
int sink_give_esp_socket(struct sink *sink, int fd, const struct endpoint *local);

#endif
