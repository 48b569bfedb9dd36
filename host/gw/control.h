/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway as a sink (sink.h): who is its client. */
#ifndef GW_CONTROL_H
#define GW_CONTROL_H

#include "sink/sink_server.h"

extern const struct sink_ops gw_sink_ops;
/* As struct sink_server_config has them; the sink is the gateway. */
int gw_take_socket(struct sink *sink, int fd, const struct endpoint *local);
void gw_client(struct sink *sink, bool present);
void gw_take_control(struct sink *sink);

#endif
